"""Tables with a policy a row: CSV, TSV, JSON, JSON lines, Parquet, Arrow, SQLite -> pages."""

import csv
import datetime as dt
import itertools
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, NamedTuple

import pyarrow as arrow

from privacylab import paths
from privacylab.sources import rows
from privacylab.sources.containers import NO_TEXTS, Page, Reading, place_of
from privacylab.sources.kinds import Kind
from privacylab.sources.rows import Row

SAMPLE = 50
"""Rows from which it is told which column is which."""

_DAMAGE = (OSError, EOFError, ValueError, csv.Error, sqlite3.Error, arrow.ArrowException)


def _table(read: Callable[[IO[bytes], Reading], Iterator[Row]]) -> Callable[[IO[bytes], Kind, Reading], Iterator[Page]]:
    """A reader of containers from one of rows: a page a row; one for the rows without text, one for what is wrong."""

    def pages(file: IO[bytes], kind: Kind, reading: Reading) -> Iterator[Page]:
        n_rows = n_empty = 0
        try:
            following, sample, failure = _sampled(read(file, reading))
            chosen = _columns(sample, reading) if sample else None
            for row in itertools.chain(sample, following):
                n_rows += 1
                text = _text(row.get(chosen.text)) if chosen else b""
                if text and chosen:
                    is_alone = chosen.service is None and len(sample) > 1
                    yield _page(row, chosen, f"{reading.name}-{n_rows}" if is_alone else None, n_rows)._replace(
                        content=reading.store(text)
                    )
                else:
                    n_empty += 1
            if failure:
                raise failure
            if chosen and chosen.service is None and len(sample) > 1:
                reading.note(f"{kind.name} names no services, so each row is one: name them with --service-column")
        except _DAMAGE as error:
            where = f", behind row {n_rows:,}" if n_rows else ""
            detail = f"{kind.name}: {str(error).strip().partition(chr(10))[0] or type(error).__name__}{where}"
            yield Page(reason=getattr(error, "reason", "unreadable"), detail=detail)
        else:
            if not n_rows:
                yield Page(reason=NO_TEXTS, detail=f"{kind.name} without rows")
        if n_empty:
            yield Page(reason="empty", detail=f"{kind.name}: {n_empty:,} of its {n_rows:,} rows hold no text")

    return pages


def _sampled(following: Iterator[Row]) -> tuple[Iterator[Row], list[Row], Exception | None]:
    """The rows behind the first, the first, and what ended them."""
    sample: list[Row] = []
    try:
        for row in itertools.islice(following, SAMPLE):
            sample.append(row)
    except _DAMAGE as error:
        return iter(()), sample, error
    return following, sample, None


# --- Columns --------------------------------------------------------------------------------------------------------


class _Chosen(NamedTuple):
    """The columns of a table that say something here; None: it has no such column."""

    text: str
    date: str | None
    service: str | None
    document: str | None
    month: str | None


def _columns(sample: Sequence[Row], reading: Reading) -> _Chosen:
    names = list(dict.fromkeys(name for row in sample for name in row))
    shown = ", ".join(names[:12]) or "none"
    for option, name in reading.columns._asdict().items():
        if name is not None and name not in names:
            raise rows.TableError(f"it has no column {name!r} but {shown}: name another with --{option}-column")
    texts = rows.candidates(names, "text")
    text = reading.columns.text or next((name for name in texts if _is_long(sample, name)), next(iter(texts), None))
    if text is None:
        raise rows.TableError(f"no column of texts among {shown}: name it with --text-column", NO_TEXTS)
    others = [name for name in names if name != text]
    date = reading.columns.date or next(iter(rows.candidates(others, "date")), None)
    others = [name for name in others if name != date]
    service = reading.columns.service or next(iter(rows.candidates(others, "service")), None)
    others = [name for name in others if name != service]
    document = next(iter(rows.candidates(others, "document")), None)
    return _Chosen(text, date, service, document, next(iter(rows.candidates(others, "month")), None))


def _is_long(sample: Sequence[Row], name: str) -> bool:
    limit: int = paths.rules("kinds")["limits"]["text"]
    return any(len(_text(row.get(name))) >= limit for row in sample)


def _text(value: object) -> bytes:
    """A cell as the bytes of a page; empty where it says that there is none."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, list):
        value = "\n\n".join(map(str, value))
    if not isinstance(value, str) or value.strip().lower() in _NONE:
        return b""
    return value.encode("utf-8", "replace")


_NONE = frozenset(("", "nan", "none", "null", "na", "n/a", "nat"))


def _plain(value: object) -> str | None:
    """A cell as one short text."""
    text = value.isoformat() if isinstance(value, dt.date) else "" if value is None else str(value).strip()
    return None if text.lower() in _NONE else re.sub(r"^(\d+)\.0$", r"\1", text)


def _page(row: Row, chosen: _Chosen, own: str | None, number: int) -> Page:
    service = _plain(row.get(chosen.service)) if chosen.service else own
    if service and ("/" in service or ":" in service):
        service = place_of(service)[0] or service
    date = _plain(row.get(chosen.date)) if chosen.date else None
    month = _plain(row.get(chosen.month)) if chosen.month else None
    if date and month and month.isdigit() and re.fullmatch(r"\d{4}", date):
        date = f"{date}-{month:0>2}"
    is_stated = re.search(r"effective|updated|revis", chosen.date or "", re.I)
    document = (_plain(row.get(chosen.document)) if chosen.document else None) or ""
    return Page(str(number), "", service, document, date, "effective" if is_stated else "snapshot")


READERS: Mapping[str, Callable[[IO[bytes], Kind, Reading], Iterable[Page]]] = {
    "text/csv": _table(rows.csv_rows),
    "text/tab-separated-values": _table(rows.csv_rows),
    "application/json": _table(rows.json_rows),
    "application/vnd.apache.parquet": _table(rows.parquet_rows),
    "application/vnd.apache.arrow.file": _table(rows.arrow_rows),
    "application/vnd.sqlite3": _table(rows.sqlite_rows),
}
"""What reads which container."""
