"""What workers do: some services, or a batch of segments, into a folder of Arrow files that is whole or not there.

A part is written under another name and renamed, so that a killed build finds only whole ones and goes on after them.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

import numpy as np
import numpy.typing as npt
import pyarrow as arrow
import pyarrow.feather as feather

from privacylab import sources
from privacylab.build import annotate, versions
from privacylab.dates import Region
from privacylab.sources import Entry, services
from privacylab.text.segments import Segment

ANNOTATE_BATCH = 5_000  # segments
ID = arrow.uint64()
"""A segment's number."""


class Task(NamedTuple):
    """Some services to be read by one worker, with what their bytes are read from."""

    number: int
    services: tuple[tuple[str, tuple[tuple[Entry, str], ...]], ...]
    sources: Mapping[str, sources.Source]
    scratch: Path
    every: str


# --- Stage 1: read --------------------------------------------------------------------------------------------------


def read(task: Task) -> None:
    """Reads some services: a folder of their ledger, their policies and their distinct segments."""
    part = task.scratch / f"read-{task.number:05d}"
    if part.is_dir():
        return
    contents = versions.reader(task.sources)
    ledger: list[dict[str, Any]] = []
    policies: list[dict[str, Any]] = []
    segments: dict[int, Segment] = {}
    for service, listed in task.services:
        found = versions.read(service, listed, contents=contents, every=task.every, region=_regions().get(service))
        ledger += found.versions
        policies += found.policies
        segments |= found.segments
    ids = sorted(segments)
    distinct = arrow.table(
        {
            "segment_id": arrow.array(ids, ID),
            "heading": arrow.array([segments[number].heading for number in ids], arrow.string()),
            "text": arrow.array([segments[number].text for number in ids], arrow.string()),
        }
    )
    _write_part(part, {"versions": _rows(ledger), "policies": _rows(policies), "segments": distinct})


def _rows(rows: Sequence[dict[str, Any]]) -> arrow.Table:
    """Rows as Arrow; a column without any value keeps no type, which concatenation then settles."""
    if not rows:
        return arrow.table({})
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    typed = {
        name: arrow.array(values, arrow.list_(ID)) if name == "segment_ids" else arrow.array(values)
        for name, values in columns.items()
    }
    return arrow.table(typed)


def _write_part(part: Path, frames: Mapping[str, arrow.Table]) -> None:
    staging = part.with_name(f".{part.name}.{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    for name, frame in frames.items():
        feather.write_feather(frame, staging / f"{name}.arrow", compression="zstd")
    staging.rename(part)


@cache
def _regions() -> dict[str, Region]:
    known = {fact.domain: fact.region for fact in services.facts().values()}
    return {domain: cast(Region, region) for domain, region in known.items() if region in get_args(Region)}


# --- Stage 2: annotate ----------------------------------------------------------------------------------------------


class Batch(NamedTuple):
    """Segments of one part to be annotated: their rows in it, and which of them in full (the others for mentions)."""

    source: Path
    part: Path
    rows: npt.NDArray[np.int64]
    in_full: npt.NDArray[np.bool_]
    text: bool


def batches(read: Sequence[Path], scratch: Path, *, text: bool, skip: npt.NDArray[np.uint64]) -> list[Batch]:
    """Batches of distinct segments, each annotated with the first part that has it; in full where a policy holds it.

    Args:
        read: Folders that `read` wrote.
        scratch: Where the batches' own folders shall stand.
        text: Whether segments keep their text.
        skip: Segments that are annotated already.
    """
    ids = [
        feather.read_table(part / "segments.arrow", columns=["segment_id"])["segment_id"].to_numpy() for part in read
    ]
    policies = [feather.read_table(part / "policies.arrow") for part in read]
    lists = [rows["segment_ids"].combine_chunks().flatten().to_numpy() for rows in policies if rows.num_rows]
    numbers, wanted = _joined(ids), _joined(lists)
    is_new = np.zeros(len(numbers), dtype=bool)
    is_new[np.unique(numbers, return_index=True)[1]] = True
    is_new &= ~np.isin(numbers, skip)
    in_full = np.isin(numbers, wanted)
    found = []
    for part, (first, end) in zip(read, pairwise(np.cumsum([0, *map(len, ids)])), strict=True):
        rows, full = np.flatnonzero(is_new[first:end]), in_full[first:end]
        for start in range(0, len(rows), ANNOTATE_BATCH):
            some = rows[start : start + ANNOTATE_BATCH]
            name = f"annotate-{part.name.removeprefix('read-')}-{start}"
            found.append(Batch(part, scratch / name, some, full[some], text))
    return found


def _joined(arrays: Sequence[npt.NDArray[np.uint64]]) -> npt.NDArray[np.uint64]:
    return np.concatenate([*arrays, np.array([], dtype=np.uint64)])


def annotated(batch: Batch) -> None:
    """Annotates a batch: a folder of the tables that hang on segments, and of the claims of those without a policy."""
    if batch.part.is_dir():
        return
    rows = feather.read_table(batch.source / "segments.arrow").take(batch.rows).to_pydict()
    full: dict[int, Segment] = {}
    claiming: dict[int, Segment] = {}
    for in_full, number, heading, line in zip(batch.in_full, *rows.values(), strict=True):
        (full if in_full else claiming)[number] = Segment(heading, line)
    frames = annotate.tables(full, text=batch.text) if full else {}
    frames["claims"] = annotate.mentions(claiming)
    _write_part(
        batch.part, {name: arrow.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()}
    )
