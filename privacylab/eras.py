"""Legal regimes (they may overlap), eras (a partition of time), and the events that divide them.

The calendar is data: ``rules/eras.toml``, each date with its source.
"""

import datetime as dt
from functools import cache
from typing import NamedTuple

import pandas as pd

from privacylab import paths

UNDATED = "undated"
FIRST_CRAWL = "2012-10-01"
"""The first crawl of ToSBack2; the texts from before it are the published archives of some twenty companies."""
NEW_CRAWLER = "2017-08-13"
"""The first crawl of ToSBack2 by a scripted browser, which reads what a page's scripts write."""
LAST_CRAWL = "2020-11-26"
"""The last crawl of ToSBack2; other archives continue, with other services."""


class Regime(NamedTuple):
    """A legal regime: in force from ``start`` up to, not including, ``end`` (None: still); ``of``: where it holds.

    ``about`` says in a few words what it is, as in `Era` and `Event`; '' if the rules do not.
    """

    id: str
    start: dt.date
    end: dt.date | None
    of: str
    about: str = ""


class Era(NamedTuple):
    """An era or sub-era: begins on ``start`` (None: at the beginning of time), ends where the next begins."""

    id: str
    name: str
    start: dt.date | None
    about: str = ""


class Event(NamedTuple):
    """A date at which findings are tested."""

    id: str
    name: str
    date: dt.date
    about: str = ""


class Deadline(NamedTuple):
    """A day by which policies had to drop or change the name of a framework."""

    name: str
    date: dt.date


@cache
def eras() -> tuple[Era, ...]:
    """The eras in order; the first has no start."""
    blocks = paths.rules("eras")["era"]
    eras = (Era(block["id"], block["name"], block.get("from"), block.get("about", "")) for block in blocks)
    return tuple(sorted(eras, key=lambda era: era.start or dt.date.min))


@cache
def sub_eras() -> tuple[Era, ...]:
    """The parts of one era (`of` in the rules), in order."""
    return tuple(Era(block["id"], block["name"], block["from"]) for block in paths.rules("eras")["sub_era"])


@cache
def parts() -> tuple[Era, ...]:
    """The eras in order, with sub-eras instead of the era that has them."""
    whole = {block["of"] for block in paths.rules("eras")["sub_era"]}
    return tuple(part for era in eras() for part in (sub_eras() if era.id in whole else (era,)))


@cache
def regimes() -> tuple[Regime, ...]:
    """All legal regimes, by their first day."""
    blocks = paths.rules("eras")["regime"]
    regimes = [Regime(b["id"], b["from"], b.get("until"), b.get("of", ""), b.get("about", "")) for b in blocks]
    return tuple(sorted(regimes, key=lambda regime: (regime.start, regime.id)))


@cache
def events() -> tuple[Event, ...]:
    """The dates at which findings are tested and which figures mark, in order."""
    blocks = paths.rules("eras")["event"]
    events = (Event(block["id"], block["name"], block["date"], block.get("about", "")) for block in blocks)
    return tuple(sorted(events, key=lambda event: event.date))


@cache
def deadlines(framework: str) -> tuple[Deadline, ...]:
    """The deadlines of a framework, in order."""
    blocks = [block for block in paths.rules("eras")["deadline"] if block["of"] == framework]
    return tuple(sorted((Deadline(b["name"], b["date"]) for b in blocks), key=lambda deadline: deadline.date))


def event(id: str) -> Event:
    """The event of an id.

    Raises:
        ValueError: There is none.
    """
    known = {each.id: each for each in events()}
    if id not in known:
        raise ValueError(f"event {id!r} must be one of {', '.join(known)} (rules/eras.toml)")
    return known[id]


def eve(id: str) -> str:
    """The day before an event.

    >>> eve("gdpr")
    '2018-05-24'
    """
    return str(event(id).date - dt.timedelta(days=1))


def as_date(value: dt.date | str) -> dt.date:
    """A calendar date from a date, a timestamp or an ISO string (``YYYY``, ``YYYY-MM``: its first day).

    Raises:
        ValueError: The string is not such a date.

    >>> as_date("2018-05")
    datetime.date(2018, 5, 1)
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(first_day(value)[:10])
    except ValueError:
        raise ValueError(f"date {value!r} is not YYYY-MM-DD, YYYY-MM or YYYY") from None


def first_day(date: str) -> str:
    """A full ISO date: a year or a month alone means its first day.

    >>> first_day("2018"), first_day("2018-05"), first_day("2018-05-25T10:00")
    ('2018-01-01', '2018-05-01', '2018-05-25T10:00')
    """
    return date + "-01-01"[len(date) - 4 :] if len(date) in (4, 7) else date


def era(date: dt.date | str | None) -> str:
    """The era of a date; ``undated`` for None or NaT.

    >>> era("2015-10-06"), era("2015-10-05"), era(None)
    ('gap', 'safe_harbor', 'undated')
    """
    return _part(date, eras())


def sub_era(date: dt.date | str | None) -> str:
    """The sub-era of a date where its era has parts, else its era.

    >>> sub_era("2020-07-16"), sub_era("2017-01-01")
    ('gdpr_no_transfer_framework', 'privacy_shield')
    """
    return _part(date, parts())


def _part(date: dt.date | str | None, parts: tuple[Era, ...]) -> str:
    if date is None or pd.isna(date):
        return UNDATED
    day = as_date(date)
    return next(part.id for part in reversed(parts) if part.start is None or part.start <= day)


def in_force(date: dt.date | str) -> tuple[str, ...]:
    """The regimes in force on a date, by their first day.

    >>> in_force("2019-06-01")
    ('coppa', 'privacy_shield', 'gdpr')
    """
    day = as_date(date)
    return tuple(regime.id for regime in regimes() if regime.start <= day and (regime.end is None or day < regime.end))


def half_year(date: dt.date | str) -> str:
    """The half-year of a date.

    >>> half_year("2018-05-25"), half_year("2018-07-01")
    ('2018-H1', '2018-H2')
    """
    day = as_date(date)
    return f"{day.year}-H{1 + day.month // 7}"


def half_year_before(date: dt.date | str) -> str:
    """The last half-year that was over on a date.

    >>> half_year_before("2015-10-06"), half_year_before("2018-05-25")
    ('2015-H1', '2017-H2')
    """
    day = as_date(date)
    return f"{day.year}-H1" if day.month > 6 else f"{day.year - 1}-H2"


def landmarks(last: dt.date) -> list[str]:
    """Half-years for a table: the first that was crawled in full, the last before each event, the last of a full year.

    Args:
        last: The day of the newest version; NaT if there is none: then nothing is cut off.

    >>> landmarks(dt.date(2020, 3, 1))
    ['2013-H1', '2015-H1', '2016-H1', '2017-H2', '2019-H2']
    """
    first = half_year(as_date(FIRST_CRAWL) + dt.timedelta(days=184))
    halves = sorted({first, *(half_year_before(event.date) for event in events())})
    if pd.isna(last):
        return halves
    end = f"{last.year - 1}-H2"
    return [*(half for half in halves if half < end), end]


def half_years(first: dt.date | str, last: dt.date | str) -> list[str]:
    """All half-years from that of the first date to that of the last.

    >>> half_years("2018-05-25", "2019-01-01")
    ['2018-H1', '2018-H2', '2019-H1']
    """
    begin, end = half_year(first), half_year(last)
    names = [f"{year}-H{half}" for year in range(int(begin[:4]), int(end[:4]) + 1) for half in (1, 2)]
    return [name for name in names if begin <= name <= end]


def half_year_end(half_year: str) -> dt.date:
    """The last day of a half-year.

    >>> half_year_end("2018-H1")
    datetime.date(2018, 6, 30)
    """
    return dt.date.fromisoformat(half_year.replace("H1", "06-30").replace("H2", "12-31"))
