"""The date that a name, or a cell of a table, gives."""

import contextlib
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from privacylab.dates.formats import MONTH
from privacylab.sources.entries import END, FIRST, Entry
from privacylab.sources.patterns import pattern


class NameDate(NamedTuple):
    """A date as it stands in a name.

    Attributes:
        written: As it stands there.
        value: ``YYYY-MM-DD``, or ``YYYY-MM`` or ``YYYY`` where it says no more; None if it cannot be read.
        fault: Why it cannot be read.
        rest: The name without it.
        has_time: Whether it says the minute as well.
        moment: Seconds since 1970, of its first day where it says no second.
    """

    written: str
    value: str | None
    fault: str | None = None
    rest: str = ""
    has_time: bool = False
    moment: int | None = None

    def of(self, entry: Entry, basis: str, *, where: str = "", place: str = "") -> Entry:
        """An entry with this date; with the reason, and where it may be mended, if it cannot be read."""
        if self.value is None:
            detail = f"{where}{self.fault}; write YYYY-MM-DD{place}"
            return entry._replace(moment=None, date_basis="none", reason="bad_date", detail=detail)
        precision = {4: "year", 7: "month"}.get(len(self.value), "day")
        return entry._replace(moment=self.moment, date_basis=basis, precision=precision)


# --- Forms ----------------------------------------------------------------------------------------------------------

_DASH = r"\-\u2010-\u2015\u2212"
_GAP = rf"[{_DASH}_./,\s年月]{{0,3}}(?:of[{_DASH}_.\s])?"
_YEAR = r"(?<!\d)(?P<y>(?:19|20)\d\d)"
_WORD_OR_NUMBER = rf"(?:\d\d?(?!\d)(?:st|nd|rd|th|日)?|(?<![a-z]){MONTH})"
_TIME = (
    r"(?P<time>[T\s_@-]{0,3}(?:at\s)?(?:[01]?\d|2[0-3])[-:.h_]?[0-5]\d(?:[-:.m_]?[0-5]\d(?:[.,_-]?\d{3,6})?)?(?!\d)"
    r"(?:\s?[ap]m(?![a-z]))?|(?<=\d{8})(?:[01]\d|2[0-3])(?!\d))?"
    r"(?:\s?(?:Z|UTC|GMT)(?![a-z])|[+-]\d\d:?\d\d(?!\d))?(?:(?:id|if|im|js|cs|fw|mp|oe)_)?(?!\d)"
)
# Groups: y, m, d in this order; a and b, of which one is the month, before y; time.
_DAYS = (
    rf"{_YEAR}[{_DASH}_./]?(?P<m>\d\d)(?P<d>\d\d){_TIME}",  # 20180525, 2018052510, 2018-0525
    rf"{_YEAR}{_GAP}(?P<m>{_WORD_OR_NUMBER}){_GAP}(?P<d>\d\d?日?)(?!\d){_TIME}",  # 2018-5-2, 2018 May 25
    rf"(?<!\d)(?P<a>{_WORD_OR_NUMBER}){_GAP}(?P<b>{_WORD_OR_NUMBER}){_GAP}{_YEAR}(?!\d){_TIME}",  # 25-05-2018
    r"(?<!\d)(?P<a>\d\d)(?P<b>\d\d)(?P<y>(?:19|20)\d\d)(?!\d)",  # 25052018
)
_MONTHS = (
    rf"(?<!\d)(?P<a>\d\d?){_GAP}(?P<b>{MONTH}){_GAP}(?P<y>\d\d)(?!\d)",  # 25-May-18
    rf"(?<!\d)(?<!\d[{_DASH}_./])(?P<m>{_WORD_OR_NUMBER}){_GAP}{_YEAR}(?!\d)",  # May 2018, 05-2018
    rf"{_YEAR}{_GAP}(?P<m>{_WORD_OR_NUMBER})(?!{_GAP}\d)",  # 2018-05, 2018 May
    rf"{_YEAR}(?P<m>0[1-9]|1[0-2])(?!\d)",  # 201805
)
# Other numbers look the same: what cannot be read may be no date at all.
_SHORT = (r"(?<![\d.v])(?P<a>\d\d?)(?P<gap>[-./_])(?P<b>\d\d?)(?P=gap)(?P<y>\d\d)(?![\d.])",)  # 25.5.18
_YEARS = (
    rf"(?<![a-z])[QH][1-4]{_GAP}{_YEAR}(?!\d)",
    rf"{_YEAR}{_GAP}[QH][1-4](?![\da-z])",  # 2018-Q2
    r"(?:(?<![\da-z])|(?<=policy)|(?<=privacy)|(?<=terms))(?P<y>(?:19|20)\d\d)(?!\d)",
)
_FORMS = tuple(
    tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns) for patterns in (_DAYS, _MONTHS, _SHORT, _YEARS)
)
"""The forms: those that say more before those that say less."""
_SURE = 2
"""So many of them are dates even if the calendar has no such day."""
_DAY_AND_MONTH = re.compile(rf"(?<![\d.v])(\d\d?)[{_DASH}_./\s](\d\d?)[{_DASH}_./\s](?:(?:19|20)\d\d|\d\d)(?!\d)")
_MOST_MONTHS = 12
_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_PIVOT = 90
"""A year of two digits from here on is of the last century."""
_LAST_YEAR = 2049
"""A lone number above it is no year."""
FIRST_YEAR, END_YEAR = (dt.datetime.fromtimestamp(seconds, dt.UTC).year for seconds in (FIRST, END))

_EDGES = " -_.,+~@#()[]{}\u2010\u2011\u2012\u2013\u2014\u2015"
_COUNTER = re.compile(r"^[-_.\s]{0,2}\(?\d{1,2}\)?$")
"""Behind a date: the second of a day, a download's "(1)"."""
_COPIES = re.compile(r"\s?\(\d{1,2}\)$|[\s-]+copy(?:\s\d)?$", re.IGNORECASE)


def bare(name: str) -> str:
    """A name without what stands at its edges, and without the marks of a copy."""
    return _COPIES.sub("", name).strip(_EDGES)


# --- Reading --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=10_000)
def in_name(name: str, *, day_first: bool | None = None) -> NameDate | None:
    """The date in a name: the fullest, and of those the first that can be read.

    Args:
        name: A name without suffix.
        day_first: Whether other names beside it show that the day stands before the month.

    >>> in_name("acme 29 May 2018").value, in_name("acme-20180525").rest, in_name("acme-2018").value
    ('2018-05-29', 'acme', '2018')
    """
    if not re.search(r"\d\d", name):
        return None
    fault: NameDate | None = None
    for rank, patterns in enumerate(_FORMS):
        matches = sorted((match for each in patterns for match in each.finditer(name)), key=re.Match.start)
        for match in matches:
            date = _read(match, day_first, is_sure=rank < _SURE)
            if date and date.value:
                return date
            fault = fault or date
        if fault and rank < _SURE:
            return fault
    return fault


def _read(match: re.Match[str], day_first: bool | None, *, is_sure: bool) -> NameDate | None:
    written = match[0].strip(_EDGES)
    before, after = match.string[: match.start()], match.string[match.end() :]
    rest = f"{bare(pattern('before_date').sub('', before))} {'' if _COUNTER.match(after) else bare(after)}".strip()
    part = {name: value for name, value in match.groupdict().items() if value}
    readings = list(_readings(part))
    days = {"-".join(f"{number:02d}" for number in each): day for each in readings if (day := _first_day(each))}
    if len(days) == 2 and day_first is not None:
        del days[list(days)[0 if day_first else 1]]
    if len(days) == 1:
        ((value, day),) = days.items()
        return NameDate(written, value, None, rest, "time" in part, day)
    is_number = not days and not is_sure and not ("gap" not in part and END_YEAR <= readings[0][0] <= _LAST_YEAR)
    if is_number:
        return None
    fault = f"may be {' or '.join(days)}" if days else f"is no day from {FIRST_YEAR} to {END_YEAR - 1}"
    return NameDate(written, None, f"{written!r} {fault}", rest)


def _readings(part: dict[str, str]) -> Iterator[tuple[int, ...]]:
    """The days, months or years that the parts of a date may mean, month before day first."""
    year = _year(part["y"])
    if "a" not in part:
        yield year, *(_number(part[name]) for name in ("m", "d") if name in part)
        return
    a, b = _number(part["a"]), _number(part["b"])
    if part["b"][0].isdigit():
        yield year, a, b
    if part["a"][0].isdigit():
        yield year, b, a
    if part.get("gap") in ("-", "_") and len(part["a"]) == 2:  # slashes and dots never part a year that stands first
        yield _year(part["a"]), b, int(part["y"])


def _number(part: str) -> int:
    digits = re.match(r"\d+", part)
    return int(digits[0]) if digits else _NAMES.index(part[:3].lower()) + 1


def _year(digits: str) -> int:
    return int(digits) + (0 if len(digits) > 2 else 1900 if int(digits) >= _PIVOT else 2000)


def _first_day(reading: tuple[int, ...]) -> int | None:
    """Seconds since 1970 of the day, or of the first one of a month or year; None if it is none of the web's days."""
    with contextlib.suppress(ValueError):
        year, month, day = (*reading, 1, 1)[:3]
        moment = int(dt.datetime(year, month, day, tzinfo=dt.UTC).timestamp())
        return moment if FIRST <= moment < END else None
    return None


def shows_day_first(names: Iterable[str]) -> bool | None:
    """Whether names or cells that can be read one way only put the day before the month; None if they do not agree.

    >>> shows_day_first(["3/4/2018", "25/4/2018"]), shows_day_first(["3/4/2018"])
    (True, None)
    """
    numbers = ((int(a), int(b)) for name in names for a, b in _DAY_AND_MONTH.findall(name))
    shown = {a > _MOST_MONTHS for a, b in numbers if (a > _MOST_MONTHS) != (b > _MOST_MONTHS)}
    return shown.pop() if len(shown) == 1 else None


_EMPTY = frozenset(("", "-", "--", "?", "n/a", "na", "nan", "nat", "none", "null", "unknown", "#n/a", "undated"))
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_SERIAL_START = dt.date(1899, 12, 30)
"""The day before the first of spreadsheets' calendars, which count a day too many in 1900."""
_INSTANT = re.compile(r"\d{14}(?=\d{0,6}$)|\d{4}-\d\d-\d\d[T ]\S+$")
_EPOCH = re.compile(r"(?:^|(?<=[-_.\s]))(1\d{9})(?:\d{3})?$")


def is_empty(cell: str) -> bool:
    """Whether a cell says that there is nothing."""
    return cell.strip().lower() in _EMPTY


def in_cell(cell: str, *, day_first: bool | None = None) -> NameDate | None:
    """The date in a cell of a table, or in a header, which holds nothing else; None for an empty cell."""
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
    return NameDate(cell, None, f"{cell!r} is no date")


def in_seconds(name: str) -> NameDate | None:
    """The day of a name that ends in seconds or milliseconds since 1970, as tools write them."""
    match = _EPOCH.search(name)
    if not match:
        return None
    day = dt.datetime.fromtimestamp(int(match[1]), dt.UTC)
    moment = _first_day((day.year, day.month, day.day))
    rest = bare(name[: match.start()])
    return None if moment is None else NameDate(match[0], day.date().isoformat(), None, rest, True, moment)
