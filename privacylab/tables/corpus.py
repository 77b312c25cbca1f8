"""The corpus: a folder of Parquet tables with a schema each, and a manifest."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.compute as compute
import pyarrow.parquet as parquet

from privacylab.tables import schema
from privacylab.tables.schema import ALL_TABLES, CATEGORIES, TABLES, check

FORMAT = 1
"""Raised when a table changes its columns: an older corpus is then refused with the way to rebuild it."""

MANIFEST = "manifest.json"

N_WRITERS = 2
"""Tables that are written at a time."""

PART_ROWS = 1 << 17
"""Rows that are checked and written at a time."""

SELDOM_TWICE = ("content_id", "same_as", "source", "terms", "text")
"""Columns whose values hardly repeat: to keep them in a dictionary takes time and room."""


class CorpusError(ValueError):
    """A folder is no corpus, or not a whole one; the message says what to do."""


Rows = pd.DataFrame | Iterator[pd.DataFrame]
"""The rows of a table, as `check` takes them; or frames of them, whose keys follow each other."""


def write_table(path: Path, name: str, rows: Rows, *, kept: arrow.Table | None = None) -> None:
    """Writes one table as Parquet, checked: the same rows give the same bytes, however they come.

    Args:
        path: The file.
        name: A key of `ALL_TABLES`.
        rows: The rows.
        kept: More rows, which an earlier call has checked and sorted; none begins its key as one of ``rows`` does.
    """
    table = ALL_TABLES[name]
    encodings = {column: found for column in table.columns if (found := _encoding(name, column))}
    parts = _checked(name, iter([rows]) if isinstance(rows, pd.DataFrame) else rows)
    if kept is not None and kept.num_rows:
        parts = iter([_merged(name, kept, arrow.concat_tables(parts))])
    with parquet.ParquetWriter(
        path,
        table.arrow_schema(),
        compression="zstd",
        compression_level=1,
        use_dictionary=[column for column in table.columns if column not in encodings],
        column_encoding=encodings,
        dictionary_pagesize_limit=64 << 20,
        data_page_size=8 << 20,
        write_statistics=False,
    ) as file:
        for part in _cut(parts):
            file.write_table(part)


def _encoding(name: str, column: str) -> str | None:
    """How Parquet writes a column; None for by a dictionary, which pays where values repeat."""
    if ALL_TABLES[name].key == (column,):
        return "DELTA_BYTE_ARRAY"  # sorted, each once: what it adds to the one before
    if ALL_TABLES[name].columns[column].kind in ("count", "integer", "date"):
        return "DELTA_BINARY_PACKED"
    return "DELTA_LENGTH_BYTE_ARRAY" if column in SELDOM_TWICE else None


def _checked(name: str, frames: Iterator[pd.DataFrame]) -> Iterator[arrow.Table]:
    """The rows as `check` gives them, in parts of at most `PART_ROWS`, so that no more is held twice."""
    table = ALL_TABLES[name]
    last: tuple[Any, ...] | None = None
    for frame in frames:
        keys = schema.keys(name, frame)
        _check_unique(name, arrow.Table.from_pandas(keys, preserve_index=False))
        if len(keys):
            first = tuple(keys.iloc[0])
            if last is not None and first <= last:
                raise ValueError(f"table {name}: a frame begins with {first} after one that ends with {last}")
            last = tuple(keys.iloc[-1])
        for start in range(0, max(len(keys), 1), PART_ROWS):
            rows = check(name, frame.take(keys.index[start : start + PART_ROWS].to_numpy()))
            part = arrow.Table.from_pandas(rows, schema=table.arrow_schema(), preserve_index=False)
            yield part.replace_schema_metadata(None)


def _cut(parts: Iterable[arrow.Table]) -> Iterator[arrow.Table]:
    """The same rows in parts of exactly `PART_ROWS`, each in one piece, for how rows are cut shows in the bytes."""
    held: list[arrow.Table] = []
    for part in parts:
        held.append(part)
        while sum(one.num_rows for one in held) >= PART_ROWS:
            rows = arrow.concat_tables(held)
            yield rows.slice(0, PART_ROWS).combine_chunks()
            held = [rows.slice(PART_ROWS)]
    yield arrow.concat_tables(held).combine_chunks()


def _merged(name: str, kept: arrow.Table, rows: arrow.Table) -> arrow.Table:
    """Checked rows and more checked rows, sorted by their key, of which no first column stands in both."""
    first = ALL_TABLES[name].key[0]
    _refuse_twice(name, rows.filter(compute.is_in(rows[first], value_set=kept[first])))
    kept = kept.cast(rows.schema)
    # Few rows go between many: these are cut there, which copies and compares far less than sorting does.
    places, starts = np.unique(compute.search_sorted(kept[first], rows[first]).to_numpy(), return_index=True)
    pieces = [kept[: places[0]] if len(places) else kept]
    for (start, end), (place, following) in zip(
        pairwise([*starts, rows.num_rows]), pairwise([*places, kept.num_rows]), strict=True
    ):
        pieces += [rows[start:end], kept[place:following]]
    return arrow.concat_tables(pieces).combine_chunks()


def _check_unique(name: str, rows: arrow.Table) -> None:
    """Refuses sorted rows of which two have the same key."""
    key = list(ALL_TABLES[name].key)
    last, following = rows.select(key)[:-1], rows.select(key)[1:]
    _refuse_twice(name, last.filter(reduce(compute.and_, [compute.equal(last[one], following[one]) for one in key])))


def _refuse_twice(name: str, rows: arrow.Table) -> None:
    """Refuses a key that stands twice: that of the first of these rows."""
    key = list(ALL_TABLES[name].key)
    if rows.num_rows:
        twice = ", ".join(map(str, rows.select(key)[:1].to_pylist()[0].values()))
        raise ValueError(f"table {name}, column {' and '.join(key)}: unique fails for {twice}")


def read_arrow(path: Path, *, columns: list[str] | None = None) -> arrow.Table:
    """Reads one table as Arrow has it."""
    # `parquet.read_table` is made for folders of files: it imports and starts what a file does not need.
    with parquet.ParquetFile(path) as file:
        return file.read(columns=columns)


def read_table(path: Path, name: str, *, columns: list[str] | None = None) -> pd.DataFrame:
    """Reads one table into pandas with the types of its schema (dates as ``datetime64[ms]``).

    Raises:
        ValueError: A column is none of the table's.
    """
    known = ALL_TABLES[name].columns
    unknown = [column for column in columns or () if column not in known]
    if not unknown:
        frame: pd.DataFrame = read_arrow(path, columns=columns).to_pandas(date_as_object=False)
        unknown = [str(column) for column in frame.columns if column not in known]
    if unknown:
        raise ValueError(f"table {name} has no column {', '.join(unknown)}: it has {', '.join(known)}")
    specs = {str(column): known[str(column)] for column in frame.columns}
    return frame.astype({column: spec.dtype for column, spec in specs.items() if spec.kind != "list"})


Values: TypeAlias = Iterable[str] | arrow.Array


def where(table: arrow.Table, column: str, among: Values) -> arrow.Table:
    """The rows of a table with one of some values in a column of text."""
    return table.filter(_is_in(table, column, among))


def without(table: arrow.Table, column: str, among: Values) -> arrow.Table:
    """The rows of a table with none of some values in a column of text; the table itself if there are none."""
    mask = _is_in(table, column, among)
    return table.filter(compute.invert(mask)) if compute.any(mask).as_py() else table


def _is_in(table: arrow.Table, column: str, among: Values) -> arrow.ChunkedArray:
    values = among if isinstance(among, (arrow.Array, arrow.ChunkedArray)) else arrow.array(among, arrow.string())
    return compute.is_in(table[column], value_set=values)


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
            CorpusError: No manifest, another format, or a table is missing: the message says how to rebuild it.
        """
        folder = Path(path)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CorpusError(
                f"{folder} is no corpus (no {MANIFEST}): make one with privacylab build SOURCE --out DIR"
            ) from None
        except ValueError:
            raise CorpusError(
                f"{folder / MANIFEST} is damaged: make the corpus again with privacylab build --force"
            ) from None
        found = manifest.get("format") if isinstance(manifest, dict) else None
        if found != FORMAT:
            raise CorpusError(
                f"{folder} has format {found}, this version reads {FORMAT}: make it again with privacylab build --force"
            )
        missing = [name for name in TABLES if not (folder / f"{name}.parquet").is_file()]
        if missing:
            raise CorpusError(f"{folder} lacks {', '.join(missing)}: make it again with privacylab build --force")
        return cls(folder, manifest)

    def table(self, name: str, *, columns: list[str] | None = None) -> pd.DataFrame:
        """Any table by its name.

        Raises:
            CorpusError: The table is not there, or damaged.
        """
        path = self.path / f"{name}.parquet"
        if not path.is_file():
            raise CorpusError(f"{self.path} has no table {name}: run the notebook or command that writes it")
        try:
            return read_table(path, name, columns=columns)
        except (arrow.ArrowException, OSError) as error:
            raise CorpusError(f"{path} is damaged ({str(error).splitlines()[0]}): make the corpus again") from None

    def versions(self, *, columns: list[str] | None = None) -> pd.DataFrame:
        """The ledger: a row for each dated version that the sources hold."""
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
        """Which segment stands where in which policy."""
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
        """The percent that a score must reach for its category to be assigned."""
        return {name: int(value) for name, value in self.manifest["parameters"]["thresholds"].items()}

    def labels(self) -> pd.DataFrame:
        """The long form of `scores`: only what reaches its category's threshold.

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
        """Whether the segments' text is there (it is not in the embedded panel)."""
        return bool(self.manifest["parameters"]["text"])


def write(
    folder: Path,
    frames: Mapping[str, Rows],
    manifest: Mapping[str, Any],
    *,
    kept: Mapping[str, arrow.Table] | None = None,
    staging: Path | None = None,
) -> Corpus:
    """Writes a corpus elsewhere and swaps it in: at every moment the folder is whole, old or new.

    Args:
        folder: Where the corpus shall stand; replaced if it is there.
        frames: The rows of each of `TABLES`.
        manifest: ``parameters``, ``versions`` and what else tells how it was made; hashes and counts are added.
        kept: More rows for each table, from a corpus that was written before and is not checked again.
        staging: Where it is written first, on the same disk: a folder that is not there. One beside ``folder`` if None.

    Returns:
        The corpus, opened.

    Raises:
        CorpusError: The folder holds something that would be lost.
        ValueError: A frame does not fit its schema; nothing was changed.
        OSError: The disk is full or may not be written; nothing was changed.
    """
    restore(folder)
    check_replaceable(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = staging or Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    made.mkdir(exist_ok=staging is None)
    made.chmod(0o755)

    def write_one(name: str) -> None:
        write_table(made / f"{name}.parquet", name, frames[name], kept=kept[name] if kept else None)

    schema.load()  # two threads that import pandera at once wait for each other
    try:
        # Compression leaves the other core free; the table that takes longest comes first.
        names = sorted(TABLES, key=lambda name: name != "segments")
        with ThreadPoolExecutor(N_WRITERS) as pool:
            list(pool.map(write_one, names))
        described = {
            "format": FORMAT,
            **manifest,
            "counts": {name: parquet.read_metadata(made / f"{name}.parquet").num_rows for name in TABLES},
            "sha256": {name: sha256(made / f"{name}.parquet") for name in TABLES},
        }
        text = json.dumps(described, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        (made / MANIFEST).write_text(text, encoding="utf-8")
        swap(made, folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return Corpus.open(folder)


def check_replaceable(folder: Path) -> None:
    """Whether a corpus may take a folder's place: it is not there, or empty, or holds a corpus and nothing else.

    Raises:
        CorpusError: It holds something that would be lost.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir() or (any(folder.iterdir()) and not _is_corpus(folder)):
        raise CorpusError(f"{folder} is there and is no corpus, so it is not replaced: name another --out")
    own = {MANIFEST, *(f"{name}.parquet" for name in TABLES)} | _NOBODYS
    foreign = sorted(path.name for path in folder.iterdir() if path.name not in own or not path.is_file())
    if foreign:
        names = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
        raise CorpusError(f"{folder} holds {names}, which would be lost: move that away, or name another --out")


def _is_corpus(folder: Path) -> bool:
    """Whether a folder holds a corpus, perhaps a damaged one."""
    manifest, versions = folder / MANIFEST, folder / "versions.parquet"
    if not manifest.is_file() or not versions.is_file():
        return False
    try:
        known = json.loads(manifest.read_bytes())
    except (ValueError, RecursionError):
        with versions.open("rb") as file:
            return file.read(4) == b"PAR1"
    return isinstance(known, dict) and "format" in known


_NOBODYS = frozenset((".DS_Store", "Thumbs.db", "desktop.ini"))
"""What file managers leave in a folder that somebody looked at."""


def swap(staging: Path, folder: Path) -> None:
    """Puts a finished folder in the place of another, which is kept until the new one stands."""
    for path in staging.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    check_replaceable(folder)
    if not folder.exists():
        staging.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.old")
    if os.path.lexists(old):  # a killed build left it
        _remove(old)
    folder.rename(old)
    try:
        staging.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    _remove(old)


def _remove(folder: Path) -> None:
    """Deletes a corpus, after a look whether somebody has laid something into it."""
    check_replaceable(folder)
    # What tells that it is a corpus goes last, so that whoever finds the rest of it knows what it was.
    for path in sorted(folder.iterdir(), key=lambda path: path.name in (MANIFEST, "versions.parquet")):
        path.unlink()
    folder.rmdir()


def restore(folder: Path) -> None:
    """Puts a corpus back that a build was replacing when it was killed between its two renames."""
    old = folder.with_name(f".{folder.name}.old")
    if _is_corpus(old) and not os.path.lexists(folder):
        old.rename(folder)


def verify(folder: Path) -> list[str]:
    """What is wrong with a corpus: hashes, counts, schemas, keys that point nowhere.

    Args:
        folder: A corpus folder.

    Returns:
        A sentence for each fault; empty if the corpus is whole.

    Raises:
        CorpusError: The folder is no corpus at all.
    """
    corpus = Corpus.open(folder)
    faults = []
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
