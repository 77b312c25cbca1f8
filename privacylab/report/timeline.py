"""The timeline of the first page: eras with their policies, laws and judgments, on one axis of time."""

import datetime as dt
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from privacylab import eras
from privacylab.plots import labels
from privacylab.tables import Corpus

_LETTER = 0.7
"""The width of a letter in percent of the axis, on the narrowest page that shows the marks' names."""


class Bar(NamedTuple):
    """An era; ``n``: its policies, None without a corpus; ``left`` and ``width`` in percent of the axis."""

    name: str
    when: str
    about: str
    n: int | None
    left: float
    width: float


class Mark(NamedTuple):
    """A legal date that figures mark; ``row``: names in one row, counted from 0, do not collide."""

    name: str
    year: int
    left: float
    row: int


class Law(NamedTuple):
    """A law or judgment that begins no era; ``of``: where it holds."""

    name: str
    when: str
    of: str
    about: str


class Timeline(NamedTuple):
    """The years to mark, each with its place in percent of the axis; the eras; legal dates; other laws."""

    years: list[tuple[int, float]]
    eras: list[Bar]
    marks: list[Mark]
    laws: list[Law]


def timeline(corpus: Corpus | None) -> Timeline:
    """The eras, the legal dates, and how many policies of a corpus each era has."""
    policies = corpus.policies(columns=["date", "era"]) if corpus else None
    dates = pd.Series(dtype="datetime64[ns]") if policies is None else policies["date"].dropna()
    days = [*_starts(), *(event.date for event in eras.events())]
    days += [day.date() for day in (dates.min(), dates.max()) if len(dates)]
    first, last = dt.date(min(days).year - 1, 1, 1), dt.date(max(days).year + 1, 1, 1)

    def place(day: dt.date) -> float:
        return round(100 * ((day - first) / (last - first)), 2)

    years = [(year, place(dt.date(year, 1, 1))) for year in range(first.year, last.year) if year % 5 == 0]
    years = [(year, left) for year, left in years if left < 94]  # a label needs some room to its right
    counts = None if policies is None else policies["era"].astype(str).value_counts()
    bars = []
    for era, end in _spans():
        left, right = place(era.start or first), place(end or last)
        n = None if counts is None else int(counts.get(era.id, 0))
        bars.append(Bar(era.name, _when(era.start, end), era.about, n, left, round(right - left, 2)))
    return Timeline(years, bars, _marks({event: place(event.date) for event in eras.events()}), _laws())


def _starts() -> list[dt.date]:
    return [era.start for era in eras.eras() if era.start]


def _spans() -> list[tuple[eras.Era, dt.date | None]]:
    """Each era with the day on which it ends; the last has none."""
    parts = eras.eras()
    return [*((era, then.start) for era, then in pairwise(parts)), (parts[-1], None)]


def _when(start: dt.date | None, end: dt.date | None) -> str:
    return f"{start:%Y} to {end:%Y}" if start and end else f"since {start:%Y}" if start else f"until {end:%Y}"


def _marks(places: dict[eras.Event, float]) -> list[Mark]:
    """The legal dates, each in the first row where its name has room."""
    ends: list[float] = []
    marks = []
    for event, left in places.items():
        row = next((i for i, end in enumerate(ends) if end <= left), len(ends))
        ends[row : row + 1] = [left + _LETTER * len(f"{event.date.year} {event.name}  ")]
        marks.append(Mark(event.name, event.date.year, left, row))
    return marks


def _laws() -> list[Law]:
    """The laws, and the judgments that are none, which begin no era: those are told with the era."""
    begun = {*_starts(), *(law.start for law in eras.regimes())}
    rows = [(law.start, labels.readable(law.id), law.of, law.about) for law in eras.regimes()]
    rows = [row for row in rows if row[0] not in _starts()]
    rows += [(event.date, event.name, "", event.about) for event in eras.events() if event.date not in begun]
    return [Law(name, f"{start:%Y}", of, about) for start, name, of, about in sorted(rows)]
