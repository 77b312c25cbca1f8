"""What the first page says: a few findings in plain words, the timeline, and who is in the corpus.

Every number is computed here from the corpus; a sentence for which there are too few services is left out.
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
    "holds by the plan": "planned before the numbers were known; the interval lies on one side of no change as found "
    "and when corrected for the program's errors, and chance is ruled out over all that was planned",
    "corrected": "not planned; the interval lies on one side of no change as found and when corrected for the "
    "program's errors, measured against policies that people read",
    "as found": "as the program found it; its errors might change the number",
    "may be chance": "the interval holds no change at all",
}
"""How sure a finding is, and what that means, the surest first."""


class Finding(NamedTuple):
    """A finding of the first page; ``cell`` is where a notebook shows it, ``<stem>.html#cell-<id>``."""

    sentence: str
    number: str
    certainty: str
    cell: str


class Bar(NamedTuple):
    """A row of the timeline; ``left`` and ``width`` in percent of the axis."""

    name: str
    when: str
    left: float
    width: float


class Timeline(NamedTuple):
    """The years to mark, each with its place in percent of the axis; and the bars, by group."""

    years: list[tuple[int, float]]
    groups: dict[str, list[Bar]]


_Span = tuple[str, dt.date | None, dt.date | None]
"""A name, the first day, and the day on which it ended: None where there is none."""


class _Asked(NamedTuple):
    """A change in the same services, and the sentence that tells it."""

    sentence: str
    feature: str
    before: str
    after: str
    cell: str
    region: str | None = None
    planned: bool = False


_ASKED = (
    _Asked(
        "Of 100 American services, {before} named legitimate interests as a ground for using data at the start of "
        "2018 and {after} a year later, with the GDPR in between.",
        *("cue:basis_legitimate_interests", "2018-01-01", "2019-01-01", "3-eras.html#cell-law-4"),
        region="us",
    ),
    _Asked(
        "Of 100 services, {before} said how long they keep data in their last policy of the Privacy Shield era and "
        "{after} in their last under the GDPR.",
        *("category:Data Retention", "privacy_shield", "gdpr", "1-clauses.html#cell-plan-5"),
        planned=True,
    ),
    _Asked(
        "Of 100 services, {before} spoke of Do Not Track in the middle of 2013 and {after} two years later, with "
        "California's law on it in between.",
        *("cue:do_not_track", "2013-06-30", "2015-06-30", "1-clauses.html#cell-plan-5"),
        planned=True,
    ),
    _Asked(
        "Of 100 American services, {before} told of a way to opt out of the sale of data in the middle of 2019 and "
        "{after} a year later, with the CCPA in between.",
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
    result = []
    for asked in _ASKED:
        group = policies if asked.region is None else policies[regions == asked.region]
        change = findings.paired(group, features, before=asked.before, after=asked.after, columns=[asked.feature])
        if change["n_effective"].iloc[0] >= FEW:
            plan = asked._replace(planned=asked.planned and has_plan)
            result.append(_finding(plan, _corrected(change, gold, asked)))
    return [*result, *_survival(findings.spells(versions, "safe_harbor", at=eras.eve("schrems_i"), policies=policies))]


def _gold(corpus: Corpus, features: pd.DataFrame) -> pd.DataFrame | None:
    """The labels of people that are of this corpus; None without a checkout."""
    try:
        folder = paths.gold()
    except FileNotFoundError:
        return None
    return findings.policy_gold(findings.policy_labels(folder), features, corpus.occurrences())


def _corrected(change: pd.DataFrame, gold: pd.DataFrame | None, asked: _Asked) -> pd.Series:
    """The change with ``best``: by each era's own gold, or as if the errors were alike; null where neither can be."""
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
    number = f"{_points(row)} in the same {row['n']:,} services"
    if pd.notna(row["best"]):
        number += f"; corrected {_points(row, 'best')}"
    return Finding(asked.sentence.format(**shares), number, _certainty(row, planned=asked.planned), asked.cell)


def _points(row: pd.Series, column: str = "value") -> str:
    return f"{labels.quantity(row[column], 'points')} points ({labels.bounds(row, column, unit='points')})"


def _certainty(row: pd.Series, *, planned: bool) -> str:
    is_one_sided = row["low"] * row["high"] > 0
    if not is_one_sided:
        return "may be chance"
    # A null end, for want of gold, makes this false.
    holds = min(row["best_low"] * row["value"], row["best_high"] * row["value"]) > 0
    if holds and planned and row["p"] * PLANNED < 0.05:
        return "holds by the plan"
    return "corrected" if holds else "as found"


def _survival(spells: pd.DataFrame) -> Iterator[Finding]:
    """How many claims of Safe Harbor stood a year after the judgment that ended it."""
    if spells["owner"].nunique() < FEW:
        return
    curve = findings.claim_survival(spells, step=5)
    for _, row in curve[curve["days"] == 365].iterrows():
        sentence = (
            "Of 100 services that claimed Safe Harbor when the Court of Justice ended it, "
            f"{100 * row['value']:.0f} still claimed it a year later."
        )
        number = f"{labels.quantity(row['value'])} ({labels.bounds(row)}) of {row['n']:,.0f} services"
        yield Finding(sentence, number, "as found", "3-eras.html#cell-c20b")


def services(corpus: Corpus) -> pd.DataFrame:
    """A row for each service with a policy: what is known of it, and its policies from the first to the last day."""
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
        "Eras": [(era.name, era.start, then.start) for era, then in pairwise(parts)] + [(*parts[-1][1:], None)],
        "Laws and decisions in force": [(labels.readable(law.id), law.start, law.end) for law in eras.regimes()],
    }
    if len(dates):
        groups["This corpus"] = [("Policies", dates.min().date(), dates.max().date())]
    days = [day for spans in groups.values() for span in spans for day in span[1:] if day]
    first, last = dt.date(min(days).year, 1, 1), dt.date(max(days).year + 1, 1, 1)

    def place(day: dt.date) -> float:
        return round(100 * ((day - first) / (last - first)), 2)

    def bar(name: str, start: dt.date | None, end: dt.date | None) -> Bar:
        left, right = place(start or first), place(end or last)
        return Bar(name, _when(start, end), left, round(right - left, 2))

    years = [(year, place(dt.date(year, 1, 1))) for year in range(first.year, last.year) if year % 5 == 0]
    years = [(year, left) for year, left in years if left < 94]  # a label needs some room to its right
    return Timeline(years, {group: [bar(*span) for span in spans] for group, spans in groups.items()})


def _when(start: dt.date | None, end: dt.date | None) -> str:
    return f"{start} to {end}" if start and end else f"since {start}" if start else f"until {end}"
