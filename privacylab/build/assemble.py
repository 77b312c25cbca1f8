"""Parts of services -> the tables of a corpus, in one piece each, or in ranges of their keys where they are long."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pyarrow as arrow
from pyarrow import compute, ipc

from privacylab import tables
from privacylab.build import workers
from privacylab.build.workers import BuildError, Listed
from privacylab.sources.services import Fact
from privacylab.tables import schema

ROWS = 300_000
"""Rows of a table that are put together at a time, about: with its text a row takes some 5 kB while it is written."""

PARTS_AT_ONCE = 500


def assemble(
    paths: Sequence[Path], listed: Mapping[str, Listed], facts: Mapping[str, Fact], *, n_rows: Mapping[str, int]
) -> tuple[dict[str, tables.Rows], int]:
    """The rows of each of `schema.TABLES`, and the number of versions among them.

    Args:
        paths: The part of each service.
        listed: The versions of each service.
        facts: The facts about services.
        n_rows: How many rows the parts have of each table. Above `ROWS` segments a table comes in ranges of its key of
            about so many rows, which are read from files beside the parts when they are asked for.
    """
    rows = [
        {"service": service, "names": sorted({entry.name for entry, _ in versions})}
        | (facts[service]._asdict() if service in facts else {})
        for service, versions in listed.items()
    ]
    services = {"services": pd.DataFrame(rows, columns=list(schema.TABLES["services"].columns))}
    if n_rows["segments"] > ROWS:
        return {**services, **_in_ranges(paths, listed, n_rows)}, n_rows["versions"]
    joined = _joined(paths)
    frames = {name: _frame(_rows(joined, name), name) for name in schema.TABLES if name != "services"}
    return {**services, **frames}, len(frames["versions"])


def _joined(paths: Sequence[Path]) -> arrow.Table:
    parts = [workers.read_part(path) for path in paths]
    if any(part is None for part in parts):
        damaged = paths[parts.index(None)]
        raise BuildError(f"{damaged} is gone or damaged: give --resume to read its service again")
    return arrow.concat_tables(parts)


def _rows(parts: arrow.Table, name: str) -> arrow.Table:
    batches = [arrow.RecordBatch.from_struct_array(rows.flatten()) for rows in parts[name].chunks]
    return arrow.Table.from_batches(batches, schema.TABLES[name].arrow_schema())


def _frame(rows: arrow.Table, name: str) -> pd.DataFrame:
    """The rows of a table; a segment of several services is in the part of each, but here only once."""
    frame: pd.DataFrame = rows.to_pandas(date_as_object=False)
    key = schema.TABLES[name].key
    return frame.drop_duplicates(key) if key[0] == "segment_id" else frame


# --- Long tables ----------------------------------------------------------------------------------------------------


def _in_ranges(
    paths: Sequence[Path], listed: Mapping[str, Listed], n_rows: Mapping[str, int]
) -> dict[str, list[tables.Part]]:
    """Deals the rows of all parts out to a file for each table and range of its key."""
    borders = {name: [*_borders(name, -(-n // ROWS), listed)] for name, n in n_rows.items()}
    files = {
        name: [paths[0].with_name(f"{name}-{number:016x}.rows") for number in range(len(own) + 1)]
        for name, own in borders.items()
    }
    with ExitStack() as stack:
        packed = ipc.IpcWriteOptions(compression="zstd")
        writers = {
            path: stack.enter_context(ipc.new_stream(path, schema.TABLES[name].arrow_schema(), options=packed))
            for name, own in files.items()
            for path in own
        }
        for start in range(0, len(paths), PARTS_AT_ONCE):
            joined = _joined(paths[start : start + PARTS_AT_ONCE])
            for name, own in files.items():
                for path, some in zip(own, _parted(_rows(joined, name), borders[name]), strict=True):
                    writers[path].write_table(some)
    return {name: [functools.partial(_read, path, name) for path in own] for name, own in files.items()}


def _borders(name: str, n: int, listed: Mapping[str, Listed]) -> Iterator[str]:
    """The keys at which the second to the last of ``n`` ranges begin: ids are hashes, or begin with a service."""
    names = [service for service, versions in listed.items() for _ in versions]
    of_segments = schema.TABLES[name].key[0] == "segment_id"
    for number in range(1, n):
        yield f"{(number << 64) // n:016x}" if of_segments else names[number * len(names) // n]


def _parted(rows: arrow.Table, borders: Sequence[str]) -> Iterator[arrow.Table]:
    """The rows below the first border, those from there to the second, and so on."""
    for border in borders:
        is_below = compute.less(rows.column(0), border)
        yield rows.filter(is_below)
        rows = rows.filter(compute.invert(is_below))
    yield rows


def _read(path: Path, name: str) -> pd.DataFrame:
    with ipc.open_stream(path) as rows:
        return _frame(rows.read_all(), name)
