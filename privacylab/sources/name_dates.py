"""The date in a name or in a cell of a table."""

import contextlib
import datetime as dt
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from privacylab.dates.formats import MONTH, Reading, named_dates
from privacylab.sources.entries import END, FIRST, Entry
from privacylab.sources.patterns import pattern


class NameDate(NamedTuple):
    """A date in a name.

    Attributes:
        written: Its text.
        value: ``YYYY-MM-DD``, or ``YYYY-MM`` or ``YYYY`` if it says no more; None if it cannot be read.
        fault: Why it cannot be read.
        rest: The name without it.
        has_time: Whether it also gives the minute.
        moment: Seconds since 1970; those of its first day if it gives no second.
    """

    written: str
    value: str | None
    fault: str | None = None
    rest: str = ""
    has_time: bool = False
    moment: int | None = None

    def of(self, entry: Entry, basis: str, *, where: str = "", place: str = "") -> Entry:
        """An entry with this date, or with the reason why it cannot be read, and where to correct it."""
        if self.value is None:
            detail = f"{where}{self.fault}; write YYYY-MM-DD{place}"
            return entry._replace(moment=None, date_basis="none", reason="bad_date", detail=detail)
        precision = {4: "year", 7: "month"}.get(len(self.value), "day")
        return entry._replace(moment=self.moment, date_basis=basis, precision=precision)


# --- Names ----------------------------------------------------------------------------------------------------------

_YEAR = r"(?:19|20)\d\d"
_PLAIN = tuple(
    (re.compile(unusual), plain)
    for unusual, plain in (
        ("[\u2010-\u2015\u2212]", "-"),
        (r"(?<=\d)_(?=\d)", "-"),
        ("_", " "),
        (r"(?<=[^\W\d])[-.]+(?=\d+\D+\d)", " "),  # kites-25.5.2018
        (rf"([^\W\d]\d+)[-.](?={_YEAR}$)", r"\1, "),  # route66-2018
        (rf"(?<!\d)({_YEAR})[-.]?(\d\d)(\d\d)(?!\d)", r"\1-\2-\3"),  # 20180525, 2018-0525
        (rf"(?<!\d)({_YEAR})(\d\d)(\d\d)((?:[01]\d|2[0-3])\d{{0,10}})(?!\d)", r"\1-\2-\3T\4"),  # 20180525101112
        (rf"(?<!\d)(\d\d)(\d\d)({_YEAR})(?!\d)", r"\1-\2-\3"),  # 25052018
        (rf"(?<!\d)({_YEAR})(0[1-9]|1[0-2])(?!\d)", r"\1-\2"),  # 201805
        (rf"(?<!\d[-.]\d)(?<!\d[-.]\d\d)(?<=\d)[-.](?={_YEAR}[-.]\d\d?[-.]\d\d?(?!\d))", " "),  # 7-2018-05-25
        (rf"(?i:(?<![^\W_])(\d\d?)({MONTH})(\d\d)(?!\d))", r"\1 \2 \3"),  # 25may18
        (rf"(?i:(?<![^\W_])({MONTH})(\d\d?)({_YEAR}))(?!\d)", r"\1 \2 \3"),  # may252018
        (rf"(?i:({_YEAR})[-.\s]({MONTH})(?![-.\s]?\d))", r"\2 \1"),  # 2018-may
    )
)
"""Turns a name into text in which `named_dates` finds its date."""
_TIME = re.compile(
    r"[T\s@-]{0,3}(?:at\s)?(?:[01]?\d|2[0-3])(?:[-:.h]?[0-5]\d(?:[-:.m]?[0-5]\d(?:[.,-]?\d{3,6})?)?|(?<=T\d\d))(?![-.:]?\d)"
    r"(?:\s?[ap]m(?![a-z]))?(?:\s?(?:Z|UTC|GMT)(?![a-z])|[+-]\d\d:?\d\d(?!\d))?(?:(?:id|if|im|js|cs|fw|mp|oe)\b)?",
    re.IGNORECASE,
)
_LIKE_A_DATE = re.compile(
    rf"(?<!\d)(?:{_YEAR}[-./\s]\d\d?(?:[-./\s]\d\d?)?|\d\d?[-./\s]\d\d?[-./\s]{_YEAR}|\d{{4}}-\d\d-\d\d"
    rf"|\d\d?[-./\s]?(?:{MONTH})[-./\s]?{_YEAR}|{_YEAR}[-./\s]?(?:{MONTH})[-./\s]?\d\d?)(?!\d)"
    rf"|(?<![^\W\d_])(?:{MONTH})[-./\s]?\d\d?,?[-./\s]{_YEAR}(?!\d)",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(\d\d)-(\d\d?)-(\d\d)")
"""Either end of it may be the year."""
_BEFORE_A_YEAR = re.compile(r"(?:^|[\W_]|policy|privacy|terms)$", re.IGNORECASE)

_YEARS = " to ".join(f"{dt.datetime.fromtimestamp(end, dt.UTC):%Y}" for end in (FIRST, END - 1))

_EDGES = " -_.,+~@#()[]{}\u2010\u2011\u2012\u2013\u2014\u2015"
_COUNTER = re.compile(r"^[-_.\s]{0,2}(?:\(?\d{1,2}\)?|[QH][1-4])$", re.IGNORECASE)
"""After a date: the second of a day, a download's "(1)", a part of the year."""
_COPIES = re.compile(r"\s?\(\d{1,2}\)$|[\s-]+copy(?:\s\d)?$", re.IGNORECASE)


def bare(name: str) -> str:
    """A name without punctuation at its edges and without the marks of a copy."""
    return _COPIES.sub("", name).strip(_EDGES)


@lru_cache(maxsize=10_000)
def in_name(name: str, *, day_first: bool | None = None) -> NameDate | None:
    """The most precise date in a name, of equals the first.

    Args:
        name: A name without suffix.
        day_first: Whether other names beside it put the day before the month.

    >>> in_name("acme 29 May 2018").value, in_name("acme-20180525").rest, in_name("acme-2018").value
    ('2018-05-29', 'acme', '2018')
    """
    if not re.search(r"\d\d", name):
        return None
    text = name
    for unusual, plain in _PLAIN:
        text = unusual.sub(plain, text)
    dates = [
        (date.start, date.end, date.readings)
        for date in named_dates(text)
        if date.form != "year" or _BEFORE_A_YEAR.search(text[: date.start])
    ]
    dates = dates or [(*match.span(), ()) for match in _LIKE_A_DATE.finditer(text)]
    if not dates:
        return None
    start, end, readings = max(dates, key=lambda date: max(map(len, map(str, date[2])), default=0))
    if short := _SHORT.fullmatch(text, start, end):
        readings = (*readings, Reading(2000 + int(short[1]), int(short[2]), int(short[3])))
    days = {str(each): moment for each in readings if (moment := _first_day(each)) is not None}
    if len(days) == 2 and day_first is not None:
        del days[list(days)[0 if day_first else 1]]
    time = _TIME.match(text, end)
    end = time.end() if time else end
    before, after = pattern("before_date").sub("", text[:start]), _COUNTER.sub("", text[end:])
    rest = f"{bare(before)} {bare(after)}".strip()
    written = text[start:end].strip(_EDGES)
    if len(days) == 1:
        ((value, moment),) = days.items()
        return NameDate(written, value, None, rest, time is not None, moment)
    fault = f"may be {' or '.join(days)}" if days else f"is not a day from {_YEARS}"
    return NameDate(written, None, f"{(written if written in name else name)!r} {fault}", rest)


def _first_day(reading: Reading) -> int | None:
    """Seconds since 1970 of the first day of a date; None if it is outside the web's years."""
    with contextlib.suppress(ValueError):
        moment = int(dt.datetime.combine(reading.first_day, dt.time(), dt.UTC).timestamp())
        return moment if FIRST <= moment < END else None
    return None


_DAY_AND_MONTH = re.compile(
    rf"(?<![\d.v])(\d\d?)[-\u2010-\u2015\u2212_./\s](\d\d?)[-\u2010-\u2015\u2212_./\s](?:{_YEAR}|\d\d)(?!\d)"
)
_MOST_MONTHS = 12


def shows_day_first(names: Iterable[str]) -> bool | None:
    """Whether unambiguous names or cells put the day before the month; None if they do not agree.

    >>> shows_day_first(["3/4/2018", "25/4/2018"]), shows_day_first(["3/4/2018"])
    (True, None)
    """
    numbers = ((int(a), int(b)) for name in names for a, b in _DAY_AND_MONTH.findall(name))
    shown = {a > _MOST_MONTHS for a, b in numbers if (a > _MOST_MONTHS) != (b > _MOST_MONTHS)}
    return shown.pop() if len(shown) == 1 else None


# --- Cells ----------------------------------------------------------------------------------------------------------

_EMPTY = frozenset(("", "-", "--", "?", "n/a", "na", "nan", "nat", "none", "null", "unknown", "#n/a", "undated"))
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_SERIAL_START = dt.date(1899, 12, 30)
"""The day before the first of spreadsheets' calendars, which count one day too many in 1900."""
_INSTANT = re.compile(r"\d{14}(?=\d{0,6}$)|\d{4}-\d\d-\d\d[T ]\S+$")
_EPOCH = re.compile(r"(?:^|(?<=[-_.\s]))(1\d{9})(?:\d{3})?$")


def is_empty(cell: str) -> bool:
    """Whether a cell is empty or says so."""
    return cell.strip().lower() in _EMPTY


def in_cell(cell: str, *, day_first: bool | None = None) -> NameDate | None:
    """The date in a cell of a table, or in a header, with nothing else in it; None for an empty cell."""
    cell = cell.strip()
    if is_empty(cell):
        return None
    if match := _INSTANT.match(cell):
        with contextlib.suppress(ValueError):
            instant = dt.datetime.fromisoformat(re.sub(r"^(\d{8})(\d{6})$", r"\1T\2", match[0]))
            moment = int(instant.replace(tzinfo=instant.tzinfo or dt.UTC).timestamp())
            if FIRST <= moment < END:
                return NameDate(cell, instant.date().isoformat(), has_time=True, moment=moment)
    if serial := _SERIAL.fullmatch(cell):
        cell = (_SERIAL_START + dt.timedelta(days=int(serial[1]))).isoformat()
    date = in_seconds(cell) or in_name(cell, day_first=day_first)
    if date and (not date.rest or len(date.value or "") == len("2019-03-20")):
        return date
    return NameDate(cell, None, f"{cell!r} is not a date")


def in_seconds(name: str) -> NameDate | None:
    """The day of a name that ends in seconds or milliseconds since 1970, as some tools write."""
    match = _EPOCH.search(name)
    if not match:
        return None
    day = dt.datetime.fromtimestamp(int(match[1]), dt.UTC)
    moment = _first_day(Reading(day.year, day.month, day.day))
    rest = bare(name[: match.start()])
    date = NameDate(match[0], day.date().isoformat(), None, rest, True, moment)
    return None if moment is None else date
