"""What workers do: some services, or a batch of segments, into a folder of Arrow files that is whole or not there.

A part is written under another name and renamed, so that a killed build finds only whole ones and goes on after them.
"""

import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args

import numpy as np
import pyarrow as arrow
import pyarrow.feather as feather

from privacylab import annotate, history, sources
from privacylab.dates import Region
from privacylab.segment import Segment
from privacylab.sources import Entry

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
    contents = history.reader(task.sources)
    versions: list[dict[str, Any]] = []
    policies: list[dict[str, Any]] = []
    segments: dict[int, Segment] = {}
    for service, listed in task.services:
        found = history.read(service, listed, contents=contents, every=task.every, region=_regions().get(service))
        versions += found.versions
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
    _write_part(part, {"versions": _rows(versions), "policies": _rows(policies), "segments": distinct})


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
    known = {fact.domain: fact.region for fact in sources.facts().values()}
    return {domain: cast(Region, region) for domain, region in known.items() if region in get_args(Region)}


# --- Stage 2: annotate ----------------------------------------------------------------------------------------------


def batches(
    read: Sequence[Path], scratch: Path, *, text: bool, skip: Collection[int]
) -> list[tuple[Path, Path, bool, bool]]:
    """Batches of distinct segments, in files: those of policies to be annotated in full, the others for mentions."""
    policies = [feather.read_table(part / "policies.arrow") for part in read]
    lists = [rows["segment_ids"].combine_chunks().flatten().to_numpy() for rows in policies if rows.num_rows]
    wanted = np.unique(np.concatenate(lists)) if lists else np.array([], dtype=np.uint64)
    writer = {True: _BatchWriter(scratch, "full"), False: _BatchWriter(scratch, "claims")}
    seen = set(skip)
    for part in read:
        rows = feather.read_table(part / "segments.arrow")
        numbers = rows["segment_id"].to_numpy()
        is_new = np.array([number not in seen for number in numbers.tolist()], dtype=bool)
        is_wanted = np.isin(numbers, wanted)
        seen.update(numbers[is_new].tolist())
        for full in (True, False):
            writer[full].add(rows.filter(arrow.array(is_new & (is_wanted == full))))
    full_paths, claims_paths = writer[True].close(), writer[False].close()
    jobs = [(path, True) for path in full_paths] + [(path, False) for path in claims_paths]
    return [(path, scratch / f"annotate-{path.stem}", full, text) for path, full in jobs]


class _BatchWriter:
    """Collects segments and writes them to files of `ANNOTATE_BATCH`."""

    def __init__(self, scratch: Path, name: str) -> None:
        self._scratch, self._name = scratch, name
        self._rows: list[arrow.Table] = []
        self._n_rows = 0
        self._paths: list[Path] = []

    def add(self, rows: arrow.Table) -> None:
        self._rows.append(rows)
        self._n_rows += rows.num_rows
        while self._n_rows >= ANNOTATE_BATCH:
            self._flush()

    def close(self) -> list[Path]:
        if self._n_rows:
            self._flush()
        return self._paths

    def _flush(self) -> None:
        path = self._scratch / f"{self._name}-{len(self._paths):05d}.arrow"
        rows = arrow.concat_tables(self._rows)
        feather.write_feather(rows.slice(0, ANNOTATE_BATCH), path, compression="lz4")
        self._paths.append(path)
        self._rows = [rows.slice(ANNOTATE_BATCH)]
        self._n_rows = self._rows[0].num_rows


def annotated(batch: Path, part: Path, full: bool, text: bool) -> None:
    """Annotates a batch of segments: a folder of the tables that hang on them, or of their mentions alone."""
    if part.is_dir():
        return
    rows = feather.read_table(batch).to_pydict()
    found = {
        number: Segment(heading, line)
        for number, heading, line in zip(rows["segment_id"], rows["heading"], rows["text"], strict=True)
    }
    frames = annotate.tables(found, text=text) if full else {"claims": annotate.mentions(found)}
    _write_part(part, {name: arrow.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()})
