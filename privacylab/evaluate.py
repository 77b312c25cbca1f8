"""The reading wing against labels made by hand: OPP-115's for clauses, ``corpus/gold`` for the rest.

Gold labels are references (archive, path and blob, offsets), so scoring them needs the archives.
"""

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from privacylab import clauses, dates, eras, frameworks, paths, sources, tables, uncertainty
from privacylab.tables import CATEGORIES

ARCHIVE_NAMES: Mapping[str, tuple[str, ...]] = {
    "tosback2": ("tosback2", "tosback2.git", "tosback2.bundle"),
    "ota": ("ota", "ota-contrib.git", "ota-contrib.bundle"),
    "through-time": ("through-time", "through-time.zip"),
}
"""What an archive may be called in the folder of archives, as ``fetch`` or a download leaves it."""


def clauses_on(path: Path) -> pd.DataFrame:
    """Precision, recall and F1 of the clause model on labelled segments.

    Args:
        path: A JSON Lines file: ``policy``, ``text``, ``label`` (a list of categories).

    Returns:
        ``category`` (and ``micro``, ``macro``), ``support``, ``precision``, ``recall``, ``f1``, each 0 to 1.

    Raises:
        ValueError: A line lacks a field or holds a label that is no category.
    """
    rows = [_segment(line, path, number) for number, line in enumerate(path.read_text("utf-8").splitlines(), 1) if line]
    predicted = clauses.load().labels([text for text, _ in rows])
    truth = np.array([[name in labels for name in CATEGORIES] for _, labels in rows])
    given = np.array([[name in labels for name in CATEGORIES] for labels in predicted])
    counts = np.array([(truth & given).sum(0), (~truth & given).sum(0), (truth & ~given).sum(0)])
    scores = [_scores(name, *column) for name, column in zip(CATEGORIES, counts.T, strict=True)]
    macro = {"category": "macro", "support": int(truth.sum())}
    macro |= {key: float(np.mean([row[key] for row in scores])) for key in ("precision", "recall", "f1")}
    return pd.DataFrame([*scores, _scores("micro", *counts.sum(1)), macro]).round(3)


def was_trained_on(path: Path) -> bool:
    """Whether the shipped model learnt from this very file: its scores there say nothing."""
    card = json.loads((paths.MODELS / "clauses.json").read_text("utf-8"))
    return tables.sha256(path) in card["data_sha256"].values()


def _segment(line: str, path: Path, number: int) -> tuple[str, set[str]]:
    try:
        row = json.loads(line)
        text, labels = row["text"], set(row["label"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}, line {number}: needs policy, text and label ({error!r})") from None
    unknown = labels - set(CATEGORIES)
    if unknown:
        raise ValueError(f"{path}, line {number}: label {sorted(unknown)[0]!r} is none of {', '.join(CATEGORIES)}")
    return text, labels


def _scores(name: str, hits: int, false: int, missed: int) -> dict[str, Any]:
    precision = hits / (hits + false) if hits + false else 0.0
    recall = hits / (hits + missed) if hits + missed else 0.0
    f1 = 2 * hits / (2 * hits + false + missed) if hits + false + missed else 0.0
    return {"category": name, "support": int(hits + missed), "precision": precision, "recall": recall, "f1": f1}


def gold(folder: Path, *, archives: Path | None = None) -> list[pd.DataFrame]:
    """Scores against the hand-made labels: a frame each for dates and for mentions of frameworks.

    Args:
        folder: The labels, as in ``corpus/gold``.
        archives: The folder that holds the archives under one of `ARCHIVE_NAMES`.

    Returns:
        Frames with ``measure``, ``half`` (``tune`` was seen while the rules were written, ``held`` was not), ``era``,
        ``n``, ``right``, ``share``, ``low``, ``high`` (Wilson).

    Raises:
        ValueError: The archives are not there: the labels hold no text.
    """
    if archives is None or not archives.is_dir():
        raise ValueError(
            "gold labels are references into the archives: give --archives FOLDER (privacylab fetch makes it)"
        )
    labels = {
        name: pd.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False) for name in ("dates", "mentions")
    }
    wanted = pd.concat([frame[["collection", "source"]] for frame in labels.values()]).drop_duplicates()
    texts = _texts(wanted.itertuples(index=False, name=None), archives)
    return [_dates(labels["dates"], texts), _mentions(labels["mentions"], texts)]


def _texts(wanted: Iterable[tuple[str, str]], archives: Path) -> dict[tuple[str, str], str]:
    """The raw text behind each (collection, source)."""
    by_collection: dict[str, list[str]] = {}
    for collection, source in wanted:
        by_collection.setdefault(collection, []).append(source)
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for collection, listed in by_collection.items():
            opened = sources.open_source(_archive(collection, archives), scratch=Path(scratch))
            keys = [entry.source for entry in opened.entries()]
            asked: dict[str, list[str]] = {}
            for source in listed:
                asked.setdefault(source.rpartition("@")[2] if "@" in source else _inside(source, keys), []).append(
                    source
                )
            for key, data, detail in opened.contents(list(asked)):
                if data is None:
                    raise ValueError(f"{collection}: {asked[key][0]} is not in the archive ({detail})")
                text = data.decode("utf-8", errors="replace")
                found.update({(collection, source): text for source in asked[key]})
    return found


def _inside(source: str, keys: Iterable[str]) -> str:
    return next((key for key in keys if key == source or key.endswith(f"/{source}")), source)


def _archive(collection: str, archives: Path) -> Path:
    for name in ARCHIVE_NAMES.get(collection, ()):
        if (archives / name).exists():
            return archives / name
    raise ValueError(f"{archives} holds no {collection}: expected {' or '.join(ARCHIVE_NAMES.get(collection, ()))}")


def _dates(labels: pd.DataFrame, texts: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    rows: list[tuple[str, str, str, bool]] = []
    columns = ["collection", "source", "snapshot", "label", "half"]
    for collection, source, snapshot, label, half in labels[columns].itertuples(index=False, name=None):
        stated = dates.effective_date(texts[collection, source], snapshot=snapshot or None)
        value = stated.value if stated else ""
        measure = "date, dated policies" if label else "date, undated policies"
        rows.append((measure, half, eras.era(snapshot or label or None), value == label))
    return _shares(rows)


def _mentions(labels: pd.DataFrame, texts: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """A labelled phrase is met by the mention that overlaps it."""
    rows: list[tuple[str, str, str, bool]] = []
    found: dict[tuple[str, str], list[frameworks.Mention]] = {}
    columns = ["collection", "source", "start", "end", "framework", "stance", "second", "half"]
    for collection, source, start, end, framework, stance, second, half in labels[columns].itertuples(
        index=False, name=None
    ):
        key = (collection, source)
        if key not in found:
            found[key] = frameworks.mentions(texts[key])
        hit = next((m for m in found[key] if m.start < int(end) and int(start) < m.end), None)
        measure = "framework, namesakes" if framework == "none" else "framework, mentions"
        rows.append((measure, half, "all", (hit.framework if hit else "none") == framework))
        if framework != "none" and hit and hit.framework == framework:
            rows.append(("stance, first reading", half, "all", hit.stance == stance))
            rows.append(("stance, either reading", half, "all", hit.stance in (stance, second)))
    return _shares(rows)


def _shares(rows: list[tuple[str, str, str, bool]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["measure", "half", "era", "right"])
    every = frame.assign(era="all")
    counted = pd.concat([every, frame[frame["era"] != "all"]]).groupby(["measure", "half", "era"])["right"]
    table = counted.agg(n="size", right="sum").reset_index()
    low, high = uncertainty.wilson(table["right"].to_numpy(), table["n"].to_numpy())
    return table.assign(share=table["right"] / table["n"], low=low, high=high).round(3)
