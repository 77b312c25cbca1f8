"""The date that a name, or a cell of a table, gives."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from privacylab import paths
from privacylab.dates.formats import MONTH
from privacylab.sources.entries import END, FIRST


class NameDate(NamedTuple):
    """A date as it stands in a name.

    Attributes:
        written: As it stands there.
        value: ``YYYY-MM-DD``, or ``YYYY-MM`` or ``YYYY`` where it says no more; None if it cannot be read.
        fault: Why it cannot be read.
        rest: The name without it.
        has_time: Whether it says the minute as well.
    """

    written: str
    value: str | None
    fault: str | None
    rest: str
    has_time: bool = False

    @property
    def precision(self) -> str:
        """``day``, ``month`` or ``year``."""
        return {4: "year", 7: "month"}.get(len(self.value or ""), "day")


_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_DASH = r"\-\u2010-\u2015\u2212"
_SEP = rf"\s?[{_DASH}_./\s年月]\s?"
_GAP = rf"[{_DASH}_.,/\s]{{0,3}}"
_Y = r"(?P<y>(?:19|20)\d\d)"
_D = r"(?P<d>\d\d?)(?:st|nd|rd|th)?"
_N = rf"(?P<n>{MONTH})"
_CLOCK = (
    r"(?P<t>[T\s_@-]{0,3}(?:at\s)?(?:[01]?\d|2[0-3])[-:.h_]?[0-5]\d(?:[-:.m_]?[0-5]\d(?:[.,_-]?\d{3,6})?)?(?!\d)"
    r"(?:\s?[ap]m(?![a-z]))?)?(?:\s?(?:Z|UTC|GMT)(?![a-z])|[+-]\d\d:?\d\d(?!\d))?(?:(?:id|if|im|js|cs|fw|mp|oe)_)?(?!\d)"
)
# Groups: y, m, d; n a month's name; a and b the numbers of which one is the month; c a day or a year of two digits; t a
# time of the day.
_FORMS: tuple[tuple[int, str], ...] = (
    (0, rf"(?<!\d){_Y}(?P<m>\d\d)(?P<d>\d\d){_CLOCK}"),  # 20180525, 20180525101112
    (0, rf"(?<!\d){_Y}(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])(?!\d)"),  # 2018052510
    (0, rf"(?<!\d){_Y}{_SEP}(?P<m>\d\d?){_SEP}(?P<d>\d\d?)日?(?!\d){_CLOCK}"),  # 2018-5-2, 2018-05-25T10-11-12Z
    (0, rf"(?<!\d){_Y}{_SEP}(?P<m>\d\d)(?P<d>\d\d){_CLOCK}"),  # 2018-0525
    (0, rf"(?<!\d)(?P<a>\d\d?){_SEP}(?P<b>\d\d?){_SEP}{_Y}(?!\d){_CLOCK}"),  # 25-05-2018
    (0, rf"(?<!\d)(?P<a>\d\d)(?P<b>\d\d){_Y}(?!\d)"),  # 25052018
    (0, rf"(?<!\d){_D}{_GAP}(?:of{_GAP})?{_N}{_GAP}{_Y}(?!\d){_CLOCK}"),  # 25 May 2018
    (0, rf"(?<![a-z]){_N}{_GAP}{_D}(?!\d){_GAP}{_Y}(?!\d){_CLOCK}"),  # May 25, 2018
    (0, rf"(?<!\d){_Y}{_GAP}{_N}{_GAP}{_D}(?!\d){_CLOCK}"),  # 2018 May 25
    (2, rf"(?<!\d){_D}{_GAP}{_N}{_GAP}(?P<c>\d\d)(?!\d)"),  # 25-May-18
    (2, rf"(?<![a-z]){_N}{_GAP}{_Y}(?!\d)"),  # May 2018
    (2, rf"(?<!\d){_Y}{_GAP}{_N}(?!{_GAP}\d)"),  # 2018 May
    (2, rf"(?<!\d){_Y}{_SEP}(?P<m>\d\d?)(?!\d|{_SEP}\d)"),  # 2018-05
    (2, rf"(?<!\d)(?<!\d[{_DASH}_./])(?P<m>\d\d?){_SEP}{_Y}(?!\d)"),  # 05-2018
    (2, rf"(?<!\d){_Y}(?P<m>0[1-9]|1[0-2])(?!\d)"),  # 201805
    (3, r"(?<![\d.v])(?P<a>\d\d?)(?P<s>[-./_])(?P<b>\d\d?)(?P=s)(?P<c>\d\d)(?![\d.])"),  # 25.5.18
    (4, rf"(?<![a-z])[QH][1-4]{_GAP}{_Y}(?!\d)|(?<!\d)(?P<y2>(?:19|20)\d\d){_GAP}[QH][1-4](?![\da-z])"),  # 2018-Q2
    (4, rf"(?:(?<![\da-z])|(?<=policy)|(?<=privacy)|(?<=terms)){_Y}(?!\d)"),  # 2018
)
"""The forms, each with how much it says: what says more is believed before what says less."""
_PATTERNS = tuple((rank, re.compile(pattern, re.IGNORECASE)) for rank, pattern in _FORMS)
_NUMBERS = tuple(pattern for _, pattern in _PATTERNS if "b" in pattern.groupindex)
_MONTHS_OF_A_YEAR = 12
_PIVOT = 90
"""A year of two digits from here on is of the last century."""
_LAST_TRUSTED = 2049
"""A lone number above it is no year."""

_EDGES = " -_.,+~@#()[]{}\u2010\u2011\u2012\u2013\u2014\u2015"


@cache
def _before() -> re.Pattern[str]:
    words = "|".join(map(re.escape, paths.rules("layouts")["before_date"]))
    return re.compile(rf"(?:(?:^|(?<=[-_.,(\[\s]))(?:{words})[-_.,:\s]*)+$", re.IGNORECASE)


_COUNTER = re.compile(r"^[-_.\s]{0,2}\(?\d{1,2}\)?$")
"""Behind a date: the second of a day, a download's "(1)"."""
_COPIES = re.compile(r"\s?\(\d{1,2}\)$|[\s-]+copy(?:\s\d)?$", re.IGNORECASE)


def bare(name: str) -> str:
    """A name without what stands at its edges, and without the marks of a copy."""
    return _COPIES.sub("", name).strip(_EDGES)


def in_name(name: str, *, day_first: bool | None = None) -> NameDate | None:
    """The date in a name: the fullest, and of those the first that can be read.

    Args:
        name: A name without suffix.
        day_first: Whether other names beside it show that the day stands before the month.

    >>> in_name("acme 29 May 2018").value, in_name("acme-20180525").rest, in_name("acme-2018").value
    ('2018-05-29', 'acme', '2018')
    """
    if not any(character.isdigit() for character in name):
        return None
    best: tuple[tuple[int, bool, int], NameDate] | None = None
    for rank, pattern in _PATTERNS:
        if best and best[0][:2] < (rank, False):
            break  # no form that says less is believed
        for match in pattern.finditer(name):
            date = _read(match, rank, day_first)
            if date is None:
                continue
            key = (rank + (rank >= _WEAK and date.value is None), date.value is None, match.start())
            if best is None or key < best[0]:
                best = key, date
    return best[1] if best else None


_WEAK = 3
"""From this rank on, what cannot be read may be no date at all."""


def _read(match: re.Match[str], rank: int, day_first: bool | None) -> NameDate | None:
    part = {name: value for name, value in match.groupdict().items() if value}
    written, rest = match[0].strip(_EDGES), _rest(match)
    readings = list(_readings(part))
    days = list(dict.fromkeys(reading for reading in readings if _is_day(reading)))
    if len(days) == 2 and day_first is not None and "a" in part:
        days = [days[1] if day_first else days[0]]
    if len(days) == 1:
        value = "-".join(f"{number:02d}" for number in days[0] if number)
        return NameDate(written, value, None, rest, "t" in part)
    if not days and (rank == _WEAK or (rank > _WEAK and not END_YEAR <= readings[0][0] <= _LAST_TRUSTED)):
        return None  # a number as any other
    if days:
        fault = f"{written!r} may be {' or '.join('-'.join(f'{n:02d}' for n in day) for day in days)}"
    else:
        fault = f"{written!r} is no day from {FIRST_YEAR} to {END_YEAR - 1}"
    return NameDate(written, None, fault, rest)


def _readings(part: dict[str, str]) -> Iterator[tuple[int, int, int]]:
    """The days that the parts of a date may mean, month before day first; 0 for what they do not say."""
    if "c" in part and "a" in part:
        a, b, c = int(part["a"]), int(part["b"]), int(part["c"])
        yield _century(c), a, b
        yield _century(c), b, a
        if part["s"] in "-_" and len(part["a"]) == 2:  # slashes and dots never part a year that stands first
            yield _century(a), b, c
    elif "a" in part:
        yield int(part["y"]), int(part["a"]), int(part["b"])
        yield int(part["y"]), int(part["b"]), int(part["a"])
    else:
        year = _century(int(part["c"])) if "c" in part else int(part.get("y") or part["y2"])
        month = _MONTHS.index(part["n"][:3].lower()) + 1 if "n" in part else int(part.get("m", 0))
        yield year, month or -("m" in part), int(part.get("d", 0)) or -("d" in part)


def _century(year: int) -> int:
    return year + (1900 if year >= _PIVOT else 2000)


FIRST_YEAR, END_YEAR = (dt.datetime.fromtimestamp(seconds, dt.UTC).year for seconds in (FIRST, END))


def _is_day(reading: tuple[int, int, int]) -> bool:
    year, month, day = reading
    try:
        return FIRST_YEAR <= dt.date(year, month or 1, day or 1).year < END_YEAR
    except ValueError:
        return False


def _rest(match: re.Match[str]) -> str:
    before, after = match.string[: match.start()], match.string[match.end() :]
    before = bare(_before().sub("", before))
    after = "" if _COUNTER.match(after) else bare(after)
    return f"{before} {after}".strip()


def shows_day_first(names: Iterable[str]) -> bool | None:
    """Whether names or cells that can be read one way only put the day before the month; None if they do not agree.

    >>> shows_day_first(["3/4/2018", "25/4/2018"]), shows_day_first(["3/4/2018"])
    (True, None)
    """
    numbers = [
        (int(match["a"]), int(match["b"])) for name in names for form in _NUMBERS for match in form.finditer(name)
    ]
    shown = {a > _MONTHS_OF_A_YEAR for a, b in numbers if (a > _MONTHS_OF_A_YEAR) != (b > _MONTHS_OF_A_YEAR)}
    return shown.pop() if len(shown) == 1 else None


_EMPTY = frozenset(("", "-", "--", "?", "n/a", "na", "nan", "nat", "none", "null", "unknown", "#n/a", "undated"))
_SERIAL = re.compile(r"(\d{5})(?:[.,]\d+)?")
_EPOCH = re.compile(r"(?:^|(?<=[-_.\s]))(1\d{9})(?:\d{3})?$")
_SERIAL_START = dt.date(1899, 12, 30)
"""The day before the first of spreadsheets' calendars, which count a day too many in 1900."""


def is_empty(cell: str) -> bool:
    """Whether a cell says that there is nothing."""
    return cell.strip().lower() in _EMPTY


def in_cell(cell: str, *, day_first: bool | None) -> NameDate | None:
    """The date in a cell of a table, which holds nothing else; None for an empty cell."""
    if is_empty(cell):
        return None
    serial = _SERIAL.fullmatch(cell)
    if serial:
        day = _SERIAL_START + dt.timedelta(days=int(serial[1]))
        if FIRST_YEAR <= day.year < END_YEAR:
            return NameDate(cell, day.isoformat(), None, "")
    date = in_name(cell, day_first=day_first)
    if date and not date.rest:
        return date
    return NameDate(cell, None, f"{cell!r} is no date", "")


def in_seconds(name: str) -> NameDate | None:
    """The day of a name that ends in seconds or milliseconds since 1970, as tools write them."""
    match = _EPOCH.search(name)
    if not match:
        return None
    day = dt.datetime.fromtimestamp(int(match[1]), dt.UTC).date()
    return NameDate(match[0], day.isoformat(), None, bare(name[: match.start()]), True) if day.year < END_YEAR else None
