"""The corpus: a folder of Parquet tables, each with a schema, and a manifest."""

import json
import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
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
from privacylab.tables.storage import Keep, parts_of, place_of, read_table, sha256, write_table

Part = Callable[[], pd.DataFrame]
"""Gives some rows of a table: a range of its keys."""

Rows = pd.DataFrame | Sequence[Part]
"""The rows of a table in one piece, or in parts that follow each other."""


class Corpus:
    """A folder of tables. Open one with `Corpus.open`; make one with ``privacylab build``.

    Each table is a method that returns a new pandas frame, sorted by its key:
    ``corpus.policies()``, ``corpus.segments(columns=["segment_id", "terms"])``.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any], *, kept: Mapping[str, Collection[str]] = {}) -> None:
        self.path = path
        self.manifest = manifest
        self._kept = kept

    @classmethod
    def open(cls, path: str | Path) -> "Corpus":
        """Opens a corpus folder.

        Raises:
            CorpusError: No manifest, a damaged one, another format, or a table is missing: the message says what to do.
        """
        folder = Path(path)
        manifest = manifests.read(folder)
        missing = [name for name in TABLES if place_of(folder, name) is None]
        if missing:
            raise CorpusError(f"{folder} lacks {', '.join(missing)}: make it again with privacylab build --force")
        return cls(folder, manifest)

    def table(self, name: str, *, columns: list[str] | None = None) -> pd.DataFrame:
        """Any table by its name.

        Raises:
            CorpusError: The table is not there, or damaged.
            ValueError: As `read_table`.
        """
        path = place_of(self.path, name)
        if path is None:
            raise CorpusError(f"{self.path} has no table {name}: run the notebook or command that writes it")
        try:
            return read_table(path, name, columns=columns, keep=self._keep(name))
        except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"{path} is damaged ({str(error).splitlines()[0]}): make the corpus again") from None

    def _keep(self, name: str) -> Keep | None:
        """Which rows of a table belong to a sample."""
        return next((kept for kept in self._kept.items() if kept[0] in ALL_TABLES[name].columns), None)

    def sample(self, n: int, *, seed: int = 0) -> "Corpus":
        """A corpus of some owners, drawn alike whatever order they stand in: all rows of their services.

        Args:
            n: How many owners; a service without one counts as its own.
            seed: Of the draw.

        Returns:
            A view: its tables are read from the same folder. Its manifest has ``sample`` and the counts of the rows,
            and no hashes.

        Raises:
            ValueError: There are not so many owners.
        """
        services = self.services()
        owners = services["owner"].fillna(services["service"])
        names = np.sort(owners.unique().astype(str))
        if not 1 <= n <= len(names):
            raise ValueError(f"n {n} must be from 1 to {len(names)}, the number of owners")
        drawn = np.random.default_rng(seed).choice(names, n, replace=False)
        manifest = {key: value for key, value in self.manifest.items() if key != "sha256"}
        kept: dict[str, Collection[str]] = {"service": frozenset(services.loc[owners.isin(drawn), "service"])}
        sample = Corpus(self.path, manifest, kept=kept)
        for table, column in (("policies", "policy_id"), ("occurrences", "segment_id")):
            kept[column] = frozenset(sample.table(table, columns=[column])[column])
        manifest["counts"] = {name: len(sample.table(name, columns=table.key[:1])) for name, table in TABLES.items()}
        manifest["sample"] = {"owners": n, "of": len(names), "seed": seed}
        return sample

    def save(self, folder: str | Path) -> "Corpus":
        """Writes the corpus into another folder, as `write`: of a sample, the report and the notebooks can read that.

        Returns:
            The new corpus, opened. A version that repeats one outside a sample no longer names it in ``same_as``.
        """
        frames = {name: self.table(name) for name in TABLES}
        same_as, ids = frames["versions"]["same_as"], frames["versions"]["version_id"]
        frames["versions"] = frames["versions"].assign(same_as=same_as.where(same_as.isin(ids)))
        about = {key: value for key, value in self.manifest.items() if key not in ("counts", "format", "sha256")}
        return write(Path(folder), frames, about)

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
        ids = scores["segment_id"].to_numpy()[row]
        category = pd.Categorical.from_codes(column.tolist(), categories=pd.Index(CATEGORIES))
        return pd.DataFrame({"segment_id": ids, "category": category, "score": values[row, column]})

    def has_text(self) -> bool:
        """Whether the segments have text (not so in the embedded panel)."""
        return bool(self.manifest["parameters"]["text"])


def write(
    folder: Path, frames: Mapping[str, Rows], manifest: Mapping[str, Any], *, within: Path | None = None
) -> Corpus:
    """Writes a corpus elsewhere and swaps it in: the folder is always complete, old or new.

    Args:
        folder: The corpus's folder; replaced if it exists.
        frames: The rows of each of `TABLES`; of several parts each becomes a file in a folder.
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
        paths = {name: _written(staging, name, frames[name]) for name in TABLES}
        parts = {name: map(parquet.read_metadata, parts_of(path)) for name, path in paths.items()}
        counts = {name: sum(part.num_rows for part in own) for name, own in parts.items()}
        digests = {name: sha256(path) for name, path in paths.items()}
        described = {"format": FORMAT, **manifest, "counts": counts, "sha256": digests}
        for file, content in ((MANIFEST, described), (croissant.FILE, croissant.describe(staging, described))):
            text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
            (staging / file).write_text(text, encoding="utf-8")
    return Corpus.open(folder)


def _written(folder: Path, name: str, rows: Rows) -> Path:
    """Writes a table into a folder: one file, or a folder with a file a part."""
    path, pieces = folder / f"{name}.parquet", [lambda: rows] if isinstance(rows, pd.DataFrame) else rows
    if len(pieces) > 1:
        path = folder / name
        path.mkdir()
    for number, piece in enumerate(pieces):
        write_table(path / f"part-{number:04}.parquet" if path.is_dir() else path, name, piece())
    return path


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
    foreign = []
    for path in sorted(folder.iterdir()):
        if path.name in TABLES and path.is_dir() and not path.is_symlink():
            parts = (part.name for part in path.iterdir())
            foreign += [f"{path.name}/{part}" for part in parts if not _PART.fullmatch(part)]
        elif path.name not in own or not path.is_file():
            foreign.append(path.name)
    if foreign:
        names = ", ".join(foreign[:3]) + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else "")
        raise CorpusError(f"{folder} holds {names}, which would be lost: move that away, or name another --out")


def _is_corpus(folder: Path) -> bool:
    """Whether a folder holds a corpus, perhaps a damaged one."""
    manifest, versions = folder / MANIFEST, place_of(folder, "versions")
    if not manifest.is_file():
        return False
    with suppress(ValueError, RecursionError):
        known = json.loads(manifest.read_bytes())
        if isinstance(known, dict):
            return "format" in known and any(place_of(folder, name) for name in TABLES)
    if versions is None:
        return False
    with suppress(OSError), parts_of(versions)[0].open("rb") as file:
        return file.read(4) == b"PAR1"
    return False


_PART = re.compile(r"part-\d{4,}\.parquet")

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
        path = place_of(folder, name) or folder / name
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
            if len(lost := values[~values.isin(frames[target][TABLES[target].key[0]])]):
                faults.append(f"{name}.{column}: {len(lost)} values are not in {target}, as {lost.iloc[0]}")
    return faults
