"""The first page: a few findings in plain words, the timeline, and the services in the corpus.

Every number is computed here from the corpus; a sentence with too few services is left out.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from privacylab import eras, findings, paths
from privacylab.plots import labels
from privacylab.plots.style import FEW
from privacylab.tables import Corpus

PLANNED = 14
"""Tests that the analysis plan names (C1 to C10 with their parts): p times them bounds its q from above."""

CERTAINTY = {
    "planned, and holds": "the test was planned before the numbers were known; the change is beyond chance over all "
    "that was planned, and stays so when the program's errors are taken out",
    "holds when corrected": "not planned; the interval excludes no change, and still does when the program's errors, "
    "measured against policies that were read whole, are taken out",
    "as the program found it": "the program's errors are not taken out, or might change the number",
    "may be chance": "the interval includes no change",
}
"""How sure a finding is, and what that means, the surest first."""


class Finding(NamedTuple):
    """A finding of the first page; ``cell`` is where a notebook shows it, ``<stem>.html#cell-<id>``."""

    sentence: str
    number: str
    certainty: str
    cell: str


class Bar(NamedTuple):
    """A row of the timeline; ``of``: where it holds; ``left`` and ``width`` in percent of the axis."""

    name: str
    when: str
    of: str
    left: float
    width: float


class Timeline(NamedTuple):
    """The years to mark, each with its place in percent of the axis; and the bars, by group."""

    years: list[tuple[int, float]]
    groups: dict[str, list[Bar]]


_Span = tuple[str, dt.date | None, dt.date | None, str]
"""A name, the first day, the day on which it ended (None where there is none), and where it holds."""


class _Asked(NamedTuple):
    """A change in the same services, and its sentence."""

    sentence: str
    feature: str
    before: str
    after: str
    cell: str
    region: str | None = None
    planned: bool = False


_ASKED = (
    _Asked(
        "Of 100 American services, {before} named legitimate interests as their legal ground for using data at the "
        "start of 2018 and {after} a year later. The GDPR came in between.",
        *("cue:basis_legitimate_interests", "2018-01-01", "2019-01-01", "3-eras.html#cell-law-4"),
        region="us",
    ),
    _Asked(
        "Of 100 services, {before} said how long they keep data in their last policy of the two years before the GDPR "
        "and {after} in their newest policy since.",
        *("category:Data Retention", "privacy_shield", "gdpr", "1-clauses.html#cell-plan-5"),
        planned=True,
    ),
    _Asked(
        "Of 100 services, {before} spoke of Do Not Track, a browser's signal, in the middle of 2013 and {after} two "
        "years later. California required it from the start of 2014.",
        *("cue:do_not_track", "2013-06-30", "2015-06-30", "1-clauses.html#cell-plan-5"),
        planned=True,
    ),
    _Asked(
        "Of 100 American services, {before} offered a way to opt out of the sale of data in the middle of 2019 and "
        "{after} a year later. California's CCPA came in between.",
        *("cue:sale_of_data=opt-out", "2019-07-01", "2020-07-01", "3-eras.html#cell-law-4"),
        region="us",
    ),
)


def told(corpus: Corpus, *, has_plan: bool = True) -> list[Finding]:
    """The findings for which the corpus has an effective number of `FEW` services, in the order of the page.

    Args:
        corpus: The corpus.
        has_plan: Whether the analysis plan was made for it; else nothing holds by the plan.
    """
    services, versions = corpus.services(), corpus.versions()
    policies = findings.with_owners(corpus.policies(), services)
    features = findings.with_sums(findings.features(corpus))
    gold = _gold(corpus, features)
    regions = policies["service"].map(services.set_index("service")["region"])
    names = [era.id for era in eras.eras()]
    result = []
    for asked in _ASKED:
        if asked.before in names and names[-2:] != [asked.before, asked.after]:
            continue  # with an era of one's own in between, the sentence is not true
        group = policies if asked.region is None else policies[regions == asked.region]
        change = findings.paired(group, features, before=asked.before, after=asked.after, columns=[asked.feature])
        if change["n_effective"].iloc[0] >= FEW:
            plan = asked._replace(planned=asked.planned and has_plan)
            result.append(_finding(plan, _corrected(change, gold, asked)))
    return [*result, *_survival(findings.spells(versions, "safe_harbor", at=eras.eve("schrems_i"), policies=policies))]


def about(corpus: Corpus) -> str:
    """What the policies of the embedded panel are, and how they are read."""
    policies = corpus.policies(columns=["service", "collection"])
    n_services, n_archives = policies["service"].nunique(), policies["collection"].nunique()
    return (
        f"It has {len(policies):,} policies of {n_services:,} websites and apps, here called services, kept by "
        f"{n_archives} public archives. A program reads them. Its errors are measured against policies that were read "
        "whole."
    )


def _gold(corpus: Corpus, features: pd.DataFrame) -> pd.DataFrame | None:
    """The readers' labels for this corpus; None without a checkout."""
    try:
        folder = paths.gold()
    except FileNotFoundError:
        return None
    return findings.policy_gold(findings.policy_labels(folder), features, corpus.occurrences())


def _corrected(change: pd.DataFrame, gold: pd.DataFrame | None, asked: _Asked) -> pd.Series:
    """The change with ``best``: by each era's own gold, or assuming equal errors; null if neither is possible."""
    if gold is None:
        return change.iloc[0].reindex([*change.columns, "best", "best_low", "best_high"])
    if asked.before in {era.id for era in eras.eras()}:
        change = findings.corrected_change(change, gold=gold, before=asked.before, after=asked.after)
    else:
        change = findings.corrected_change(change, gold=gold.assign(era="all"), before="all", after="all")
    ends = ("", "_low", "_high")
    return change.assign(
        **{f"best{end}": change[f"corrected{end}"].fillna(change[f"alike{end}"]) for end in ends}
    ).iloc[0]


def _finding(asked: _Asked, row: pd.Series) -> Finding:
    shares = {side: f"{100 * row[side]:.0f}" for side in ("before", "after")}
    sides = " to ".join(f"{100 * row[side]:.1f}%" for side in ("before", "after"))
    number = f"{sides}: {_points(row)} in the same {row['n']:,} services"
    if pd.notna(row["best"]):
        number += f"; with the program's errors taken out {_points(row, 'best')}"
    return Finding(asked.sentence.format(**shares), number, _certainty(row, planned=asked.planned), asked.cell)


def _points(row: pd.Series, column: str = "value") -> str:
    points = labels.bounds(row, column, unit="points")
    return f"{labels.quantity(row[column], 'points')} points (95% interval {points})"


def _certainty(row: pd.Series, *, planned: bool) -> str:
    is_one_sided = row["low"] * row["high"] > 0
    if not is_one_sided:
        return "may be chance"
    # A null end, without gold, makes this false.
    holds = min(row["best_low"] * row["value"], row["best_high"] * row["value"]) > 0
    if holds and planned and row["p"] * PLANNED < 0.05:
        return "planned, and holds"
    return "holds when corrected" if holds else "as the program found it"


def _survival(spells: pd.DataFrame) -> Iterator[Finding]:
    """How many claims of Safe Harbor remained a year after the judgment that ended it."""
    if spells["owner"].nunique() < FEW:
        return
    curve = findings.claim_survival(spells, step=5)
    for _, row in curve[curve["days"] == 365].iterrows():
        sentence = (
            "Of 100 services that claimed EU-US Safe Harbor when the EU's Court of Justice ended it, "
            f"{100 * row['value']:.0f} still claimed it a year later."
        )
        number = f"{labels.quantity(row['value'])} (95% interval {labels.bounds(row)}) of {row['n']:,.0f} services"
        yield Finding(sentence, number, "as the program found it", "3-eras.html#cell-c20b")


def services(corpus: Corpus) -> pd.DataFrame:
    """A row for each service with a policy: its facts, and its policies from the first to the last day."""
    policies = corpus.policies(columns=["service", "date"])
    spoken = policies.groupby("service")["date"].agg(["size", "min", "max"])
    table = corpus.services().set_index("service").join(spoken, how="inner").sort_index()
    shown = {
        "Region": table["region"].map(labels.readable, na_action="ignore"),
        "Industry": table["industry"].map(labels.readable, na_action="ignore"),
        "Policies": table["size"],
        "First": table["min"].dt.strftime("%Y-%m-%d"),
        "Last": table["max"].dt.strftime("%Y-%m-%d"),
    }
    return pd.DataFrame(shown).rename_axis(index=None, columns="Service")


def timeline(corpus: Corpus | None) -> Timeline:
    """The eras, the laws and decisions, and the corpus on one axis of time."""
    dates = corpus.policies(columns=["date"])["date"].dropna() if corpus else pd.Series(dtype="datetime64[ns]")
    parts = eras.eras()
    groups: dict[str, list[_Span]] = {
        "Eras, by which policies are compared": [
            *((era.name, era.start, then.start, "") for era, then in pairwise(parts)),
            (*parts[-1][1:], None, ""),
        ],
        "When each law or decision was in force": [
            (labels.readable(law.id), law.start, law.end, law.of) for law in eras.regimes()
        ],
    }
    if len(dates):
        groups["The policies"] = [("Policies read", dates.min().date(), dates.max().date(), "")]
    days = [day for spans in groups.values() for span in spans for day in span[1:3] if day]
    first, last = dt.date(min(days).year, 1, 1), dt.date(max(days).year + 1, 1, 1)

    def place(day: dt.date) -> float:
        return round(100 * ((day - first) / (last - first)), 2)

    def bar(name: str, start: dt.date | None, end: dt.date | None, of: str) -> Bar:
        left, right = place(start or first), place(end or last)
        return Bar(name, _when(start, end), of, left, round(right - left, 2))

    years = [(year, place(dt.date(year, 1, 1))) for year in range(first.year, last.year) if year % 5 == 0]
    years = [(year, left) for year, left in years if left < 94]  # a label needs some room to its right
    return Timeline(years, {group: [bar(*span) for span in spans] for group, spans in groups.items()})


def _when(start: dt.date | None, end: dt.date | None) -> str:
    return f"{start} to {end}" if start and end else f"since {start}" if start else f"until {end}"
