"""The tables that people put beside policies, as spreadsheets write them: metadata.csv and services.csv."""

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath
from posixpath import normpath
from typing import NamedTuple
from urllib.parse import unquote

from privacylab.sources import name_dates, tables
from privacylab.sources.entries import SourceError
from privacylab.sources.name_dates import NameDate
from privacylab.tables.schema import REGIONS

FACTS = ("region", "industry", "owner")


class Row(NamedTuple):
    """A row of a metadata.csv about a file; ``where`` names the row for people."""

    where: str
    path: str
    service: str
    date: NameDate | None


def metadata(name: str, data: bytes, notes: list[str]) -> Iterator[Row]:
    """The rows of a metadata.csv: a service, a date and a path each, of which service and date may be empty.

    Args:
        name: Its path.
        data: Its bytes.
        notes: Sentences for the builder are added here. Raises:
        SourceError: It cannot be read, or lacks a column.
    """
    rows = list(_rows(name, data, ("service", "date", "path"), notes))
    day_first = name_dates.shows_day_first(row["date"] for _, row in rows)
    for where, row in rows:
        date = name_dates.in_cell(row["date"], day_first=day_first)
        yield Row(where, row["path"], "" if name_dates.is_empty(row["service"]) else row["service"], date)


def facts(name: str, data: bytes, notes: list[str]) -> dict[str, dict[str, str | None]]:
    """Region, industry and owner of services, by the names of a services.csv.

    Raises:
        SourceError: It cannot be read, lacks the column of services, or has an unknown region.
    """
    known: dict[str, dict[str, str | None]] = {}
    for where, row in _rows(name, data, ("service",), notes):
        region = row.get("region", "").lower()
        if region and region not in REGIONS:
            raise SourceError(f"{where}: region {region!r} must be one of {', '.join(REGIONS)}, or empty")
        if not row["service"]:
            raise SourceError(f"{where} has no service: write its name there, or remove the row")
        known[row["service"]] = {key: row.get(key) or None for key in FACTS} | {"region": region or None}
    return known


def _rows(name: str, data: bytes, needed: Iterable[str], notes: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows that are not empty, each with its place; the names of columns in lower case."""
    encoding = tables.encoding_of(data)
    if encoding == "cp1252":
        notes.append(f"{name} is not in UTF-8: it was read as Windows-1252, as spreadsheets write it in Western Europe")
    try:
        heads, rows = tables.cells_of(io.StringIO(data.decode(encoding), newline=""))
        columns = [head.lower() for head in heads]
        if not set(needed) <= set(columns):
            has = ", ".join(columns) or "none"
            raise SourceError(f"{name} needs the columns {','.join(needed)}; it has {has}: rename them")
        for number, cells in enumerate(rows, 1):
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield f"{name}, row {number}", dict.fromkeys(columns, "") | dict(zip(columns, stripped, strict=False))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{name} is not in UTF-8, or no CSV ({error}): save it again as CSV in UTF-8") from None


class Paths:
    """The files of a source, as tables may name them: in any case, with backslashes, from the root of a disk."""

    def __init__(self, known: Collection[str]) -> None:
        n_alike = Counter(map(_folded, known))
        self._known = {_folded(path): path for path in known if n_alike[_folded(path)] == 1}
        self._known |= {path: path for path in known}

    def named(self, path: str, beside: str) -> str:
        """The file that a table in the folder ``beside`` names; if there is none, its expected path."""
        path = path.replace("\\", "/")
        wanted = PurePosixPath(beside, path).as_posix()
        choices = [wanted, normpath(wanted), path, unquote(wanted)]
        if re.match(r"/|[A-Za-z]:|\w+://", path):
            parts = [part for part in unquote(path).split("/") if part]
            choices += [PurePosixPath(beside, *parts[at:]).as_posix() for at in range(len(parts))]
        known = (self._known.get(choice) or self._known.get(_folded(choice)) for choice in choices)
        return next(filter(None, known), wanted)


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", path).casefold()
