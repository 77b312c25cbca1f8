"""Labelled segments for training clause categories: OPP-115's, and segments of the archives.

The archives' segments are stored as references (`corpus/gold/clause_training.csv`); their texts come from the archives.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from privacylab import normalize, sources, tables
from privacylab.clauses import model
from privacylab.tables.schema import CODES

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

FILES = ("train.jsonl", "valid.jsonl")
READ = "clause_training.csv"
IN_PASSING = 0.5
"""The value of a small letter: a category that the segment only touches."""
SHINGLE = 5
"""Words in a run, for comparing two segments."""
SAME_SHARE = 0.5
"""Segments that share more than this part of the shorter one's runs count as the same text."""


class Version(NamedTuple):
    """The text behind a label: its bytes, their kind, and the day of the version (ISO; empty: unknown)."""

    data: bytes
    media_type: str | None
    day: str

    @property
    def text(self) -> str:
        """The text to which the labels' offsets refer."""
        return self.data.decode("utf-8", errors="replace")

    def passage(self, row: Mapping[Any, str]) -> str:
        """The labelled characters of the text: ``start`` to ``end``."""
        return self.text[int(row["start"]) : int(row["end"])]

    def plain(self, row: Mapping[Any, str]) -> str:
        """The passage without its mark-up, as the program reads it."""
        blocks = normalize.blocks(self.passage(row), media_type=self.media_type)
        return "\n".join(block.text for block in blocks)


class Labelled(NamedTuple):
    """Labelled segments: cleaned texts, label matrix of shape (n, 10), policy of each, sha256 of each file read."""

    texts: list[str]
    labels: BoolArray
    policies: npt.NDArray[np.str_]
    files: dict[str, str]


class Read(NamedTuple):
    """Segments read for this project: cleaned texts, and marks from 0 to 1, shape (n, 10); sha256 of the file."""

    texts: list[str]
    marks: FloatArray
    files: dict[str, str]


NOTHING = Read([], np.zeros((0, len(CODES))), {})
"""No read segments: training uses only OPP-115."""


def segments(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines `{"policy", "text", "label": [...]}`.

    Raises:
        ValueError: if a line lacks text or label, or a label is not one of the ten categories; says which line.
    """
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line:
            continue
        try:
            row = json.loads(line)
            _, unknown = row["text"], sorted(set(row["label"]) - set(model.CATEGORIES))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path}, line {number}: needs policy, text and label ({error!r})") from None
        if unknown:
            raise ValueError(f"{path}, line {number}: label {unknown[0]!r}: use one of {', '.join(model.CATEGORIES)}")
        yield row


def opp115(folder: Path, files: Sequence[str] = FILES) -> Labelled:
    """OPP-115 segments as JSON lines `{"policy", "text", "label": [...]}`.

    Raises:
        ValueError: if a file is missing, or a label is not one of the ten categories.
    """
    texts, labels, policies, hashes = [], [], [], {}
    for name in files:
        path = folder / name
        if not path.is_file():
            raise ValueError(f"{path} is missing: --opp115 takes a folder with {' and '.join(FILES)}")
        hashes[name] = tables.sha256(path)
        for row in segments(path):
            texts.append(model.cleaned(model.with_heading(row["text"], None)))
            labels.append([category in row["label"] for category in model.CATEGORIES])
            policies.append(row["policy"])
    return Labelled(texts, np.array(labels), np.array(policies), hashes)


def read_segments(path: Path, archives: Path) -> Read:
    """The segments listed in `path`, under their headings.

    Args:
        path: table with the columns collection, source, start, end (characters), heading and label.
        archives: folder with the archives, named as in `sources.ARCHIVES`.

    Raises:
        ValueError: if a file or a text is missing, or a label has a letter that is not in `CODES` or N.
    """
    if not path.is_file():
        raise ValueError(f"{path} is missing: it comes with a checkout of the project (corpus/gold)")
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    by_source = versions(rows, archives)
    texts = []
    for row in rows.to_dict("records"):
        text = by_source[row["collection"], row["source"]].plain(row)
        texts.append(model.cleaned(model.with_heading(text, row["heading"] or None)))
    return Read(texts, marks(rows["label"], path), {path.name: tables.sha256(path)})


def marks(labels: Iterable[str], path: Path) -> FloatArray:
    """A reader's letters as numbers, shape (n, 10): 1 for a capital, IN_PASSING for a small letter.

    Args:
        labels: the letters of each segment.
        path: their table, for the error.

    Example:
        >>> marks(["Ft"], Path("x.csv"))[0, :3].tolist()
        [1.0, 0.5, 0.0]
    """
    rows = []
    for label in labels:
        if not label or set(label.upper()) - set(CODES) - {"N"}:
            raise ValueError(f"{path}: label {label!r}; allowed: letters of {CODES} in either case, or N")
        rows.append([1.0 if code in label else IN_PASSING if code.lower() in label else 0.0 for code in CODES])
    return np.array(rows)


def versions(rows: pd.DataFrame, archives: Path) -> dict[tuple[str, str], Version]:
    """The versions that labels refer to.

    Args:
        rows: the labels, with the columns collection and source.
        archives: folder with the archives, named as in `sources.ARCHIVES`.

    Raises:
        ValueError: if an archive or a text is missing.
    """
    result = {}
    with tempfile.TemporaryDirectory() as scratch:
        for collection in sorted(set(rows["collection"])):
            names = set(rows.loc[rows["collection"] == collection, "source"])
            archive = sources.open_source(sources.archive(collection, archives), scratch=Path(scratch))
            # A source that is only a path is in an archive of files, below its own folder.
            entries = {}
            for entry in reversed(archive.entries()):
                entries[entry.source] = entry
                if "@" not in entry.source:
                    entries[entry.source.partition("/")[2]] = entry
            if missing := sorted(names - entries.keys()):
                raise ValueError(f"{collection}: {missing[0]} is not in the archive")
            texts = {
                key: (data, why) for key, data, why in archive.contents(sorted({entries[n].content for n in names}))
            }
            for name in sorted(names):
                entry = entries[name]
                data, why = texts[entry.content]
                if data is None:
                    raise ValueError(f"{collection}: {name} cannot be read ({why})")
                day = dt.datetime.fromtimestamp(entry.moment, dt.UTC).date().isoformat() if entry.moment else ""
                result[collection, name] = Version(data, entry.media_type, day)
    return result


def _shingles(text: str) -> set[str]:
    words = model.words_of(text)
    return {" ".join(words[i : i + SHINGLE]) for i in range(max(1, len(words) - SHINGLE + 1))}


def repeats(texts: Sequence[str], of: Sequence[str]) -> BoolArray:
    """Which texts nearly equal which of `of`, so that none held out is learnt from; shape (n_texts, n_of)."""
    counter = CountVectorizer(analyzer=_shingles, binary=True).fit([*texts, *of])
    runs, others = counter.transform(texts), counter.transform(of)
    shorter = np.minimum.outer(runs.getnnz(axis=1), others.getnnz(axis=1))
    return np.asarray((runs @ others.T).toarray() > SAME_SHARE * shorter)
