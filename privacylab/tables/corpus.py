"""The corpus: a folder of Parquet tables, each with a schema, and a manifest."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.parquet as parquet

from privacylab import files
from privacylab.tables import croissant
from privacylab.tables import manifest as manifests
from privacylab.tables.manifest import FORMAT, MANIFEST, CorpusError
from privacylab.tables.schema import ALL_TABLES, CATEGORIES, TABLES, check

PART_ROWS = 1 << 17
"""Rows of a row group of Parquet."""

SELDOM_TWICE = ("content_id", "same_as", "source", "terms", "text")
"""Columns whose values hardly repeat: a dictionary for them takes time and space."""


def write_table(path: Path, name: str, rows: pd.DataFrame) -> None:
    """Writes one table as Parquet, checked and sorted: the same rows in any order give the same bytes.

    Args:
        path: The file.
        name: A key of `ALL_TABLES`.
        rows: The rows, as for `check`.
    """
    spec = ALL_TABLES[name]
    encodings = {column: encoding for column in spec.columns if (encoding := _encoding(name, column))}
    table = arrow.Table.from_pandas(check(name, rows), schema=spec.arrow_schema(), preserve_index=False)
    table = table.replace_schema_metadata(None)
    with parquet.ParquetWriter(
        path,
        table.schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[column for column in spec.columns if column not in encodings],
        column_encoding=encodings,
        dictionary_pagesize_limit=64 << 20,
        data_page_size=8 << 20,
        write_statistics=False,
    ) as file:
        for start in range(0, max(table.num_rows, 1), PART_ROWS):
            file.write_table(table.slice(start, PART_ROWS).combine_chunks())


def _encoding(name: str, column: str) -> str | None:
    """How Parquet writes a column; None for a dictionary, which pays where values repeat."""
    if ALL_TABLES[name].key == (column,):
        return "DELTA_BYTE_ARRAY"  # sorted, each once: the difference to the previous one
    if ALL_TABLES[name].columns[column].kind in ("count", "integer", "date"):
        return "DELTA_BINARY_PACKED"
    return "DELTA_LENGTH_BYTE_ARRAY" if column in SELDOM_TWICE else None


def read_table(path: Path, name: str, *, columns: list[str] | None = None) -> pd.DataFrame:
    """Reads one table into pandas with the types of its schema (dates as ``datetime64[ms]``).

    Raises:
        ValueError: The table has no such column.
    """
    specs = ALL_TABLES[name].columns
    # `parquet.read_table` is for folders of files: it imports and starts more than one file needs.
    with parquet.ParquetFile(path) as file:
        there = file.schema_arrow.names
        lost = [column for column in columns or () if column in specs and column not in there]
        if lost:
            raise ValueError(
                f"{path} lacks column {', '.join(lost)}: make the corpus again with privacylab build --force"
            )
        unknown = [column for column in (there if columns is None else columns) if column not in specs]
        if unknown:
            raise ValueError(f"table {name} has no column {', '.join(unknown)}: it has {', '.join(specs)}")
        names = there if columns is None else columns
        frame: pd.DataFrame = file.read(columns=names).to_pandas(date_as_object=False)
    return frame.astype({column: specs[column].dtype for column in names if specs[column].kind != "list"})


def sha256(path: Path) -> str:
    """The sha256 of a file, as hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Corpus:
    """A folder of tables. Open one with `Corpus.open`; make one with ``privacylab build``.

    Each table is a method that returns a new pandas frame, sorted by its key:
    ``corpus.policies()``, ``corpus.segments(columns=["segment_id", "terms"])``.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    def open(cls, path: str | Path) -> "Corpus":
        """Opens a corpus folder.

        Raises:
            CorpusError: No manifest, a damaged one, another format, or a table is missing: the message says what to do.
        """
        folder = Path(path)
        manifest = manifests.read(folder)
        missing = [name for name in TABLES if not (folder / f"{name}.parquet").is_file()]
        if missing:
            raise CorpusError(f"{folder} lacks {', '.join(missing)}: make it again with privacylab build --force")
        return cls(folder, manifest)

    def table(self, name: str, *, columns: list[str] | None = None) -> pd.DataFrame:
        """Any table by its name.

        Raises:
            CorpusError: The table is not there, or damaged.
            ValueError: As `read_table`.
        """
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise CorpusError(f"{self.path} has no table {name}: run the notebook or command that writes it")
        try:
            return read_table(path, name, columns=columns)
        except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"{path} is damaged ({str(error).splitlines()[0]}): make the corpus again") from None

    def versions(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """The ledger: a row for each dated version in the sources."""
        return self.table("versions", columns=columns)

    def policies(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """A row for each kept version."""
        return self.table("policies", columns=columns)

    def services(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """A row for each service: region, industry, and the ground for each."""
        return self.table("services", columns=columns)

    def segments(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """A row for each distinct (heading, text)."""
        return self.table("segments", columns=columns)

    def occurrences(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """Where each segment is in each policy."""
        return self.table("occurrences", columns=columns)

    def scores(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """The probability of each clause category, in percent, for each segment."""
        return self.table("scores", columns=columns)

    def mentions(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """Mentions of legal frameworks with their stance."""
        return self.table("mentions", columns=columns)

    def cues(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """Rights, legal bases, retention periods and other named things."""
        return self.table("cues", columns=columns)

    def topics(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """The topic of each segment (-1: none)."""
        return self.table("topics", columns=columns)

    def topic_terms(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """The terms of each topic, by rank."""
        return self.table("topic_terms", columns=columns)

    def thresholds(self) -> dict[str, int]:
        """The percent that a score must reach for its category to be assigned.

        Raises:
            CorpusError: The manifest lacks one.
        """
        if faults := manifests.missing(self.manifest, sources=False):
            raise CorpusError(f"{self.path}: {'; '.join(faults)}: make it again with privacylab build --force")
        return {name: int(value) for name, value in self.manifest["parameters"]["thresholds"].items()}

    def labels(self) -> pd.DataFrame:
        """The long form of `scores`: only scores that reach their category's threshold.

        Returns:
            ``segment_id``, ``category``, ``score`` (percent), sorted by segment and category order.
        """
        scores = self.scores()
        values = scores[list(CATEGORIES)].to_numpy()
        limits = np.array([self.thresholds()[name] for name in CATEGORIES])
        row, column = np.nonzero(values >= limits)
        return pd.DataFrame(
            {
                "segment_id": scores["segment_id"].to_numpy()[row],
                "category": pd.Categorical.from_codes(column.tolist(), categories=pd.Index(CATEGORIES)),
                "score": values[row, column],
            }
        )

    def has_text(self) -> bool:
        """Whether the segments have text (not so in the embedded panel)."""
        return bool(self.manifest["parameters"]["text"])


def write(
    folder: Path, frames: Mapping[str, pd.DataFrame], manifest: Mapping[str, Any], *, within: Path | None = None
) -> Corpus:
    """Writes a corpus elsewhere and swaps it in: the folder is always complete, old or new.

    Args:
        folder: The corpus's folder; replaced if it exists.
        frames: The rows of each of `TABLES`.
        manifest: ``parameters``, ``versions`` and anything else about how it was made; hashes and counts are added.
        within: A folder on the same disk to write it in first; the parent of ``folder`` if None.

    Returns:
        The corpus, opened.

    Raises:
        CorpusError: The folder has something that would be lost.
        ValueError: A frame does not fit its schema; nothing was changed.
        OSError: The disk is full or may not be written; nothing was changed.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(folder, check=check_replaceable, within=within) as staging:
        staging.mkdir()
        paths = {name: staging / f"{name}.parquet" for name in TABLES}
        for name, path in paths.items():
            write_table(path, name, frames[name])
        described = {
            "format": FORMAT,
            **manifest,
            "counts": {name: parquet.read_metadata(path).num_rows for name, path in paths.items()},
            "sha256": {name: sha256(path) for name, path in paths.items()},
        }
        for file, content in ((MANIFEST, described), (croissant.FILE, croissant.describe(staging, described))):
            text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
            (staging / file).write_text(text, encoding="utf-8")
    return Corpus.open(folder)


def check_replaceable(folder: Path) -> None:
    """Checks that a corpus may replace a folder: it is missing, empty, or has a corpus and nothing else.

    Raises:
        CorpusError: It has something that would be lost.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not _is_corpus(folder)):
        raise CorpusError(f"{folder} exists and is not a corpus, so it is not replaced: name another --out")
    own = {MANIFEST, croissant.FILE, *(f"{name}.parquet" for name in TABLES)} | _NOBODYS
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in own or not path.is_file())
    if foreign:
        names = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
        raise CorpusError(f"{folder} holds {names}, which would be lost: move that away, or name another --out")


def _is_corpus(folder: Path) -> bool:
    """Whether a folder holds a corpus, perhaps a damaged one."""
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return False
    try:
        known = json.loads(manifest.read_bytes())
    except (ValueError, RecursionError):
        known = None
    if isinstance(known, dict):
        return "format" in known and any((folder / f"{name}.parquet").is_file() for name in TABLES)
    try:
        with (folder / "versions.parquet").open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:
        return False


_NOBODYS = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))
"""What file managers leave in a folder."""


def restore(folder: Path) -> None:
    """Restores a corpus that a build was replacing when it was killed between its two renames."""
    if _is_corpus(files.set_aside(folder)):
        files.restore(folder)


def verify(folder: Path) -> list[str]:
    """The faults of a corpus: hashes, counts, schemas, keys that point nowhere.

    Args:
        folder: A corpus folder.

    Returns:
        A sentence for each fault; empty if the corpus is intact.

    Raises:
        CorpusError: The folder is not a corpus.
    """
    corpus = Corpus.open(folder)
    faults = manifests.missing(corpus.manifest)
    frames = {}
    for name in TABLES:
        path = folder / f"{name}.parquet"
        if sha256(path) != corpus.manifest.get("sha256", {}).get(name):
            faults.append(f"{path.name}: its sha256 is not the manifest's")
        try:
            frames[name] = check(name, corpus.table(name))
        except ValueError as error:
            faults.append(f"{path.name}: {error}")
            continue
        counted = corpus.manifest.get("counts", {}).get(name)
        if len(frames[name]) != counted:
            faults.append(f"{path.name}: {len(frames[name])} rows, the manifest says {counted}")
    return faults + _dangling(frames)


_REFERENCES = (
    ("policies", "version_id", "versions"),
    ("policies", "service", "services"),
    ("versions", "service", "services"),
    ("versions", "same_as", "versions"),
    ("occurrences", "policy_id", "policies"),
    ("occurrences", "segment_id", "segments"),
    ("scores", "segment_id", "segments"),
    ("mentions", "segment_id", "segments"),
    ("cues", "segment_id", "segments"),
)


def _dangling(frames: Mapping[str, pd.DataFrame]) -> list[str]:
    faults = []
    for name, column, target in _REFERENCES:
        if name in frames and target in frames:
            values = frames[name][column].dropna()
            lost = values[~values.isin(frames[target][TABLES[target].key[0]])]
            if len(lost):
                faults.append(f"{name}.{column}: {len(lost)} values are not in {target}, as {lost.iloc[0]}")
    return faults
