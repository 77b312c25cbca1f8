"""Tables with one policy per row: CSV, TSV, JSON, JSON lines, Parquet, Arrow, SQLite -> pages."""

import codecs
import contextlib
import csv
import datetime as dt
import io
import itertools
import json
import re
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pyarrow as arrow
from pyarrow import ipc, parquet

from privacylab import paths
from privacylab.sources import name_dates
from privacylab.sources.entries import content_id
from privacylab.sources.kinds import DAMAGE, HEAD, MAX_UNPACKED, Kind
from privacylab.sources.pages import NO_TEXTS, Page, Reader, Reading, place_of, why

SAMPLE = 50
"""Rows that show which column is which."""

BATCH = 50
"""Rows that are read from a table of columns at a time."""

PIECE = 1_000_000
"""Characters of a long array that are read at a time."""

MAX_COLUMNS = 100

_RULES = paths.rules("kinds")

Row = Mapping[str, Any]

_DAMAGE = (*DAMAGE, csv.Error, sqlite3.Error, arrow.ArrowException)


class TableError(ValueError):
    """A table that cannot be read, or not to its end; the message is part of a sentence for the ledger."""

    reason = "unreadable"


class NoTextsError(TableError):
    """A table without a column of texts."""

    reason = NO_TEXTS


def reader(rows_of: Callable[[IO[bytes], Reading], Iterator[Row]]) -> Reader:
    """A reader of containers from one of rows: one page per row, one for the rows without text, one for errors."""

    def pages(file: IO[bytes], kind: Kind, reading: Reading) -> Iterator[Page]:
        damage: list[Exception] = []
        rows = _up_to_damage(rows_of(file, reading), damage)
        sample = list(itertools.islice(rows, SAMPLE))
        try:
            columns = _columns(sample, reading) if sample else {}
        except TableError as error:
            yield Page(reason=error.reason, detail=f"{kind.name}: {error}")
            return
        n_rows = n_empty = 0
        is_nameless = len(sample) > 1 and not columns["service"]
        for n_rows, row in enumerate(itertools.chain(sample, rows), 1):
            if text := _bytes(row.get(columns["text"])):
                page = _page(row, columns)
                page = page._replace(place=str(n_rows), content=reading.store.keep(text))
                yield page._replace(service=f"{reading.name}-{n_rows}") if is_nameless else page
            else:
                n_empty += 1
        if is_nameless:
            reading.notes.append(
                f"{kind.name} names no services, so each row counts as one: name them with --service-column"
            )
        for failure in damage:
            where = f", after row {n_rows:,}" if n_rows else ""
            detail = f"{kind.name}: {why(failure)}{where}"
            yield Page(reason=getattr(failure, "reason", "unreadable"), detail=detail)
        if not n_rows and not damage:
            yield Page(reason=NO_TEXTS, detail=f"{kind.name} without rows")
        if n_empty:
            detail = f"{kind.name}: {n_empty:,} of its {n_rows:,} rows have no text"
            yield Page(reason="empty", detail=detail)

    return pages


def _up_to_damage(rows: Iterator[Row], damage: list[Exception]) -> Iterator[Row]:
    try:
        yield from rows
    except _DAMAGE as error:
        damage.append(error)


# --- Columns --------------------------------------------------------------------------------------------------------


def _words(name: object) -> list[str]:
    return re.findall(r"[A-Z]?[a-z\d]+|[A-Z]+", str(name))


def _usual(names: Sequence[str], part: str) -> list[str]:
    """The columns with a usual name for a part of a policy, the likeliest first."""
    usual = _RULES["columns"][part]["names"]
    joined = {name: "".join(_words(name)).lower() for name in names}
    likely = [name for name in names if joined[name] in usual]
    return sorted(likely, key=lambda name: usual.index(joined[name]))


def candidates(names: Sequence[str], part: str) -> list[str]:
    """The columns that may contain a part of a policy, the likeliest first."""
    ends = _RULES["columns"][part]["ends"]
    likely = [name for name in names if "".join(_words(name)[-1:]).lower() in ends]
    return [*_usual(names, part), *likely]


def is_table(head: bytes) -> bool:
    """Whether a text begins with column heads for texts and for dates or services."""
    cells = re.split(r"[,;\t|]", head.partition(b"\n")[0].decode("utf-8", "replace"))
    texts, dates, services = (set(_usual(cells, part)) for part in ("text", "date", "service"))
    return len(cells) < MAX_COLUMNS and bool(texts) and bool((dates | services) - texts)


def _columns(sample: Sequence[Row], reading: Reading) -> dict[str, Any]:
    """The column of each part of a policy; None if there is none."""
    names = list(dict.fromkeys(name for row in sample for name in row))
    shown = ", ".join(names[:12]) or "none"
    columns: dict[str, Any] = {}
    for part in _RULES["columns"]:
        asked = getattr(reading.columns, part, None)
        if asked is not None and asked not in names:
            raise TableError(f"it has no column {asked!r} but {shown}: name another with --{part}-column")
        likely = [name for name in candidates(names, part) if name not in columns.values()]
        if part == "text":
            long = _RULES["limits"]["text"]
            likely.sort(key=lambda name: all(len(_bytes(row.get(name))) < long for row in sample))
        columns[part] = asked or next(iter(likely), None)
    if columns["text"] is None:
        raise NoTextsError(f"no column of texts among {shown}: name it with --text-column")
    return columns


def _bytes(value: object) -> bytes:
    """A cell as the bytes of a page; empty if the cell says that there is none."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        value = "\n\n".join(map(str, value))
    is_text = isinstance(value, str) and not name_dates.is_empty(value)
    return str(value).encode("utf-8", "replace") if is_text else b""


def _page(row: Row, columns: Mapping[str, Any]) -> Page:
    """The page of a row."""
    cells: dict[str, str] = {}
    for part, column in columns.items():
        value = row.get(column) if part != "text" else None
        text = value.isoformat() if isinstance(value, dt.date) else str(value).strip()
        cells[part] = "" if name_dates.is_empty(text) else re.sub(r"^(\d+)\.0$", r"\1", text)
    service, date = cells["service"], cells["date"]
    if "/" in service or ":" in service:
        service = place_of(service)[0] or service
    if cells["month"].isdigit() and re.fullmatch(r"\d{4}", date):
        date = f"{date}-{cells['month']:0>2}"
    is_stated = re.search(r"effective|updated|revis", columns["date"] or "", re.I)
    basis = "effective" if is_stated else "snapshot"
    return Page("", "", service or None, cells["document"], date or None, basis)


# --- CSV ------------------------------------------------------------------------------------------------------------


def encoding_of(head: bytes) -> str:
    """UTF-8, UTF-16 as spreadsheets call Unicode, or the code page of Western Windows."""
    encoding = json.detect_encoding(head)
    if not encoding.startswith("utf-8"):
        return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


class _Text(io.TextIOWrapper):
    """A file as text; the caller closes the file."""

    def __init__(self, file: IO[bytes]) -> None:
        encoding = encoding_of(file.read(HEAD))
        file.seek(0)
        super().__init__(file, encoding, errors="replace", newline="")

    def __del__(self) -> None:
        with contextlib.suppress(ValueError):
            self.detach()


def cells_of(lines: Iterator[str]) -> tuple[list[str], Iterator[list[str]]]:
    """The heads of the columns of a CSV, and the cells of its rows, with any separator."""
    csv.field_size_limit(MAX_UNPACKED)  # a policy is longer than csv's default limit
    head = next(lines, "")
    stated = re.match(r'"?sep=(.)', head, re.IGNORECASE)  # Excel's own
    if stated:
        head = next(lines, "")
    delimiter = stated[1] if stated else max(",;\t|", key=head.count)
    rows = csv.reader(itertools.chain([head], lines), delimiter=delimiter, skipinitialspace=True)
    return [name.strip() for name in next(rows, [])], (cells for cells in rows if cells)


def csv_rows(file: IO[bytes], _: Reading) -> Iterator[Row]:
    """The rows of a table of cells."""
    text = _Text(file)
    names, rows = cells_of(iter(lambda: text.readline(MAX_UNPACKED), ""))
    yield from (dict(zip(names, cells, strict=False)) for cells in rows)


# --- JSON -----------------------------------------------------------------------------------------------------------


def json_rows(file: IO[bytes], _: Reading) -> Iterator[Row]:
    """The objects of an array or of lines, with nested values; or those nested in one object."""
    for row in _objects(file):
        within = [each for each in row.values() if isinstance(each, dict)]
        if within:
            row = {name: value for each in (*within, row) for name, value in each.items()}
        yield row


def _objects(file: IO[bytes]) -> Iterator[Row]:
    text = _Text(file)
    first = text.readline(MAX_UNPACKED)
    if first.lstrip().startswith("["):
        yield from _array(first, text)
        return
    second = text.readline(MAX_UNPACKED)
    if not second.strip() or _object(first) is None:
        yield from _nested(json.loads(first + second + text.read(MAX_UNPACKED)))
        return
    n_bad = 0
    for line in itertools.chain([first, second], iter(lambda: text.readline(MAX_UNPACKED), "")):
        row = _object(line)
        if row:
            yield row
        n_bad += row is None and bool(line.strip())
    if n_bad:
        raise TableError(f"{n_bad:,} of its lines are not JSON")


def _object(line: str) -> Row | None:
    with contextlib.suppress(ValueError):
        row = json.loads(line)
        return row if isinstance(row, dict) else None
    return None


def _array(buffer: str, text: io.TextIOBase) -> Iterator[Row]:
    """The objects of an array, which need not fit into memory."""
    decoder, begins = json.JSONDecoder(), re.compile(r"[\s,\[]*(?=\{)")
    while True:
        position = 0
        with contextlib.suppress(json.JSONDecodeError):  # the next object is incomplete
            while match := begins.match(buffer, position):
                value, position = decoder.raw_decode(buffer, match.end())
                yield value
        buffer = buffer[position:]
        more = text.read(max(PIECE, len(buffer)))
        if not more or len(buffer) > MAX_UNPACKED:
            break
        buffer += more
    if not re.fullmatch(r"[\s,\[\]]*\]\s*", buffer):
        raise TableError("it ends within an object, or has none: copy it here again")


def _nested(value: Any) -> Iterator[Row]:  # noqa: ANN401 (whatever JSON holds)
    """The rows in one object: a list in it, columns as pandas stores them, or one object per service."""
    if not isinstance(value, dict):
        raise NoTextsError("it has no objects")
    if {"columns", "data"} <= value.keys():
        yield from (dict(zip(value["columns"], cells, strict=False)) for cells in value["data"])
        return
    lists = [each for each in value.values() if isinstance(each, list)]
    tables = [each for each in lists if each and isinstance(each[0], dict)]
    objects = {key: each for key, each in value.items() if isinstance(each, dict)}
    if tables:
        yield from max(tables, key=len)
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
    for batch in parquet.ParquetFile(file, pre_buffer=False, buffer_size=PIECE).iter_batches(batch_size=BATCH):
        yield from batch.to_pylist()


def arrow_rows(file: IO[bytes], _: Reading) -> Iterator[Row]:
    """The rows of an Arrow file, a batch at a time."""
    batches = ipc.open_file(file)
    for number in range(batches.num_record_batches):
        yield from batches.get_batch(number).to_pylist()


def sqlite_rows(file: IO[bytes], reading: Reading) -> Iterator[Row]:
    """The rows of the table with the texts; other tables are joined to them by their ids."""
    place = copy = reading.scratch / f"copy-{content_id(reading.name.encode('utf-8', 'replace'))}.sqlite"
    if type(file) is io.BufferedReader:
        place = Path(str(file.name))
    else:
        with copy.open("wb") as target:
            shutil.copyfileobj(file, target)
    address = f"{place.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(address, uri=True)) as database:
            database.text_factory = lambda data: data.decode("utf-8", "replace")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_UNPACKED)
            database.execute("PRAGMA trusted_schema=OFF")
            cursor = database.execute(_query(database, reading))
            names = [column[0] for column in cursor.description]
            for cells in cursor:
                yield dict(zip(reversed(names), reversed(cells), strict=True))  # the first of two equal names counts
    finally:
        copy.unlink(missing_ok=True)


def _query(database: sqlite3.Connection, reading: Reading) -> str:
    columns: dict[str, list[str]] = defaultdict(list)
    for name, column in database.execute(_COLUMNS):
        columns[name].append(column)
    asked = reading.columns.text
    texts = [name for name, own in columns.items() if asked in own]
    if not asked:
        texts = [name for name, own in columns.items() if candidates(own, "text")]
    if not texts:
        raise NoTextsError("no table with a column of texts: name the column with --text-column")
    table = max(texts, key=lambda name: "polic" in name.lower())
    links = {
        name: [
            (column, other)
            for column in columns[name]
            for other in columns
            if column in (f"{other}_id", f"{other.removesuffix('s')}_id") and "id" in columns[other] and other != name
        ]
        for name in columns
    }
    base = next((name for name in columns if table in dict(links[name]).values()), table)
    query = f"SELECT * FROM {_quoted(base)}"
    for column, other in links[base]:
        query += f" LEFT JOIN {_quoted(other)} ON {_quoted(other)}.id = {_quoted(base)}.{_quoted(column)}"
    return query


_COLUMNS = """
SELECT own.name, columns.name FROM sqlite_master AS own, pragma_table_info(own.name) AS columns
WHERE own.type = 'table' AND own.sql NOT LIKE 'CREATE VIRTUAL%'
"""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
