"""The rows of tables, one after the other: CSV, JSON, Parquet, Arrow, SQLite."""

import contextlib
import csv
import io
import itertools
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from pyarrow import ipc, parquet

from privacylab import paths
from privacylab.sources.containers import NO_TEXTS, Reading
from privacylab.sources.entries import content_id
from privacylab.sources.kinds import HEAD, MAX_UNPACKED

BATCH = 50
"""Rows that are taken out of a table of columns at a time."""

Row = Mapping[str, Any]


class TableError(ValueError):
    """A table that cannot be read, or not to its end; the message is part of a sentence for the ledger."""

    def __init__(self, message: str, reason: str = "unreadable") -> None:
        super().__init__(message)
        self.reason = reason


def candidates(names: Sequence[str], column: str) -> list[str]:
    """The columns that may be the one of a kind, the likeliest first."""
    rules = paths.rules("kinds")["columns"][column]
    words = {name: re.findall(r"[A-Z]?[a-z\d]+|[A-Z]+", str(name)) for name in names}
    joined = {name: "".join(parts).lower() for name, parts in words.items()}
    exact = sorted(
        (name for name in names if joined[name] in rules["names"]), key=lambda name: rules["names"].index(joined[name])
    )
    ends = [name for name in names if words[name] and words[name][-1].lower() in rules["ends"]]
    return list(dict.fromkeys((*exact, *ends)))


# --- CSV ------------------------------------------------------------------------------------------------------------


def _decoded(file: IO[bytes]) -> io.TextIOWrapper:
    """A file as text, in the encoding that its mark or its first bytes show; whoever opened the file closes it."""
    head = file.read(HEAD)
    file.seek(0)
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        head[: len(head) - 4].decode(encoding)
    except UnicodeDecodeError as error:
        encoding = encoding if error.start > len(head) - 8 else "cp1252"
    return _Text(file, encoding, errors="replace", newline="")


class _Text(io.TextIOWrapper):
    """Text over a file that stays open."""

    def __del__(self) -> None:
        with contextlib.suppress(ValueError):
            self.detach()


def csv_rows(file: IO[bytes], _: Reading) -> Iterator[Row]:
    """The rows of a table of cells, whatever parts them."""
    csv.field_size_limit(MAX_UNPACKED)  # a policy is longer than what csv takes by itself
    text = _decoded(file)
    head = text.readline(HEAD)
    if head.lower().startswith("sep="):  # Excel's own
        head = text.readline(HEAD)
    delimiter = max(",\t;|", key=head.count)
    rows = csv.reader(itertools.chain([head], text), delimiter=delimiter)
    names = [name.strip() for name in next(rows, [])]
    for cells in rows:
        if cells:
            yield dict(zip(names, cells, strict=False))


# --- JSON -----------------------------------------------------------------------------------------------------------


def json_rows(file: IO[bytes], _: Reading) -> Iterator[Row]:
    """The objects of an array, or of lines; in one object as pandas and others nest them."""
    text = _decoded(file)
    head = text.read(HEAD)
    text.seek(0)
    if head.lstrip("\ufeff \t\r\n").startswith("["):
        yield from _array(text)
        return
    n_bad = 0
    for number, line in enumerate(iter(lambda: text.readline(MAX_UNPACKED), "")):
        try:
            row = json.loads(line) if line.strip() else {}
        except ValueError:
            if number == 0:
                text.seek(0)
                yield from _nested(json.loads(text.read(MAX_UNPACKED)))
                return
            row = None
        if number == 0 and isinstance(row, dict) and any(isinstance(value, dict | list) for value in row.values()):
            following = text.readline(MAX_UNPACKED)
            if not following.strip():
                yield from _nested(row)
                return
            yield row
            row = json.loads(following)
        if isinstance(row, dict):
            if row:
                yield row
        else:
            n_bad += 1
    if n_bad:
        raise TableError(f"{n_bad:,} of its lines are no JSON")


def _array(text: io.TextIOBase) -> Iterator[Row]:
    """The objects of an array, which need not fit into the memory."""
    decoder, held, position = json.JSONDecoder(), "", 0
    is_begun = False
    while True:
        match = _BETWEEN.match(held, position)
        position = match.end() if match else position
        if position < len(held):
            if not is_begun:
                position, is_begun = position + 1, True
                continue
            if held[position] == "]":
                return
            with contextlib.suppress(json.JSONDecodeError):
                value, position = decoder.raw_decode(held, position)
                if isinstance(value, dict):
                    yield value
                continue
        more = text.read(max(1_000_000, len(held) - position))
        if not more or len(held) > MAX_UNPACKED:
            raise TableError("it ends within an object: copy it here again")
        held, position = held[position:] + more, 0


_BETWEEN = re.compile(r"[\s,]*")


def _nested(value: Any) -> Iterator[Row]:  # noqa: ANN401 (whatever JSON holds)
    """The rows in one object: a list in it, columns as pandas stores them, or an object a service."""
    if not isinstance(value, dict):
        raise TableError("it holds no objects", NO_TEXTS)
    if {"columns", "data"} <= value.keys():
        yield from (dict(zip(value["columns"], cells, strict=False)) for cells in value["data"])
        return
    lists = [each for each in value.values() if isinstance(each, list) and each and isinstance(each[0], dict)]
    objects = {key: each for key, each in value.items() if isinstance(each, dict)}
    if lists:
        yield from max(lists, key=len)
    elif objects and candidates(list(objects), "text"):
        for key in next(iter(objects.values())):
            yield {name: column.get(key) for name, column in objects.items()}
    elif len(objects) == len(value):
        yield from ({"service": key, **each} for key, each in objects.items())
    else:
        yield value


# --- Parquet, Arrow, SQLite -----------------------------------------------------------------------------------------


def parquet_rows(file: IO[bytes], _: Reading) -> Iterator[Row]:
    """The rows of a Parquet file, some at a time."""
    for batch in parquet.ParquetFile(file, pre_buffer=False, buffer_size=1_000_000).iter_batches(batch_size=BATCH):
        yield from batch.to_pylist()


def arrow_rows(file: IO[bytes], _: Reading) -> Iterator[Row]:
    """The rows of an Arrow file, a batch at a time."""
    batches = ipc.open_file(file)
    for number in range(batches.num_record_batches):
        yield from batches.get_batch(number).to_pylist()


def sqlite_rows(file: IO[bytes], reading: Reading) -> Iterator[Row]:
    """The rows of the table with the texts; what other tables say of them is joined to them by their ids."""
    copy = reading.scratch / f"copy-{content_id(reading.name.encode('utf-8', 'replace'))}.sqlite"
    place = Path(str(getattr(file, "name", "")))
    if not isinstance(file, io.BufferedReader) or not place.is_file():
        with copy.open("wb") as target:
            shutil.copyfileobj(file, target)
        place = copy
    try:
        with contextlib.closing(
            sqlite3.connect(f"{place.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as database:
            database.text_factory = lambda data: data.decode("utf-8", "replace")
            database.execute("PRAGMA trusted_schema=OFF")
            cursor = database.execute(_query(database, reading))
            names = [column[0] for column in cursor.description]
            for cells in cursor:
                yield dict(zip(reversed(names), reversed(cells), strict=True))  # of two names the first counts
    finally:
        copy.unlink(missing_ok=True)


def _query(database: sqlite3.Connection, reading: Reading) -> str:
    tables = {
        name: [row[1] for row in database.execute(f"PRAGMA table_info({_quoted(name)})")]
        for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        )
    }
    own = reading.columns.text
    texts = {
        name: [own] if own in columns else [] if own else candidates(columns, "text")
        for name, columns in tables.items()
    }
    # The table whose name speaks of policies, of those with texts.
    table = max((name for name in texts if texts[name]), key=lambda name: "polic" in name.lower(), default=None)
    if table is None:
        raise TableError("no table with a column of texts: name the column with --text-column", NO_TEXTS)
    link = f"{table.removesuffix('s')}_id"
    base = next((name for name, columns in tables.items() if link in columns), table)
    joined = f"{_quoted(base)}"
    if base != table:
        joined += f" LEFT JOIN {_quoted(table)} ON {_quoted(table)}.id = {_quoted(base)}.{_quoted(link)}"
    for column in tables[base]:
        other = next((name for name in tables if column in (f"{name}_id", f"{name.removesuffix('s')}_id")), base)
        if other not in (base, table) and "id" in tables[other]:
            joined += f" LEFT JOIN {_quoted(other)} ON {_quoted(other)}.id = {_quoted(base)}.{_quoted(column)}"
    return f"SELECT * FROM {joined}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
