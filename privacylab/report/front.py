"""The first page: what the corpus is, a few findings in plain words, and the services.

Every number is computed here from the corpus; a sentence with too few services is left out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pandas as pd

from privacylab import eras, findings, paths
from privacylab.plots import labels
from privacylab.plots.style import FEW
from privacylab.tables import Corpus

PLANNED = 14
"""Tests that the analysis plan names (C1 to C10 with their parts): p times them bounds its q from above."""


class Certainty(NamedTuple):
    """How sure a finding is, in dots and words; ``why`` in a few words, ``meaning`` in full."""

    dots: str
    why: str
    meaning: str


CERTAINTY = {
    "very sure": Certainty(
        "●●●",
        "planned before the numbers were known, and holds with the program's errors taken out",
        "The test was planned before anyone saw the numbers. The change is beyond chance, over all tests that were "
        "planned, and stays so when the program's errors are taken out.",
    ),
    "fairly sure": Certainty(
        "●●○",
        "not planned; holds with the program's errors taken out",
        "Not planned before the numbers were known. The 95% interval excludes no change, and still does when the "
        "program's errors, measured against policies that were read from end to end, are taken out.",
    ),
    "less sure": Certainty(
        "●○○",
        "as the program found it, its errors not taken out",
        "The program's errors are not taken out, or might change the number.",
    ),
    "may be chance": Certainty("○○○", "no change is possible, too", "The 95% interval includes no change."),
}
"""How sure a finding can be, the surest first."""


class Finding(NamedTuple):
    """A finding of the first page.

    ``cell`` is where a notebook shows it, ``<stem>.html#cell-<id>``; ``value`` the change of ``what``, or the share
    that is left of a claim.
    """

    sentence: str
    number: str
    certainty: str
    cell: str
    value: float
    what: str = ""


class _Asked(NamedTuple):
    """A change in the same services: its sentence, and what services say more often if it is above 0."""

    sentence: str
    what: str
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
        "which of its legal grounds they rely on",
        *("cue:basis_legitimate_interests", "2018-01-01", "2019-01-01", "3-eras.html#cell-law-4"),
        region="us",
    ),
    _Asked(
        "Of 100 services, {before} said how long they keep data in their last policy of the two years before the GDPR "
        "and {after} in their newest policy since.",
        "how long they keep data",
        *("category:Data Retention", "privacy_shield", "gdpr", "1-clauses.html#cell-plan-5"),
        planned=True,
    ),
    _Asked(
        "Of 100 services, {before} spoke of Do Not Track, a browser's signal, in the middle of 2013 and {after} two "
        "years later. California required it from the start of 2014.",
        "whether they heed Do Not Track",
        *("cue:do_not_track", "2013-06-30", "2015-06-30", "1-clauses.html#cell-plan-5"),
        planned=True,
    ),
    _Asked(
        "Of 100 American services, {before} offered a way to opt out of the sale of data in the middle of 2019 and "
        "{after} a year later. California's CCPA came in between.",
        "how to opt out of the sale of data",
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


def in_short(corpus: Corpus, told: Sequence[Finding]) -> list[tuple[str, str]]:
    """What the embedded panel is, what was found in it, and how sure that is: each with its head."""
    policies = corpus.policies(columns=["service", "date"])
    regions = corpus.services().set_index("service")["region"].reindex(policies["service"].unique())
    american, european = (regions.isin(some).mean() for some in (["us"], ["eu", "uk"]))
    held = (
        f"{len(policies):,} privacy policies of {len(regions):,} websites and apps (here: services), from "
        f"{policies['date'].min():%Y} to {policies['date'].max():%Y}. Of 100 services, {100 * american:.0f} are "
        f"American, {100 * european:.0f} European, the others from elsewhere or unknown. A program reads the policies; "
        "here they are compared before and after new laws."
    )
    short = [("The data", held)]
    changes = [finding for finding in told if finding.what]
    if changes:
        risen = f"{sum(change.value > 0 for change in changes)} of {len(changes)} comparisons"
        most = max(changes, key=lambda change: change.value)
        names = "".join(_outlived(finding) for finding in told if not finding.what)
        found = (
            f"After a new law, more services said what the law asks for, in {risen}; most of all {most.what} "
            f"({100 * most.value:.0f} more of 100).{names}"
        )
        counts = Counter(finding.certainty for finding in told)
        sure = ", ".join(f"{counts[name]} {name} ({CERTAINTY[name].dots})" for name in CERTAINTY if counts[name])
        short += [("What changed", found), ("How sure", f"Of the {len(told)} findings below: {sure}. {_DOUBTS}")]
    return short


_DOUBTS = (
    "The program's errors were measured on policies that were read from end to end. The services are those that "
    "archives chose, no random sample of the web."
)


def _outlived(finding: Finding) -> str:
    left = f"{100 * finding.value:.0f} still did a year later"
    return f" Names outlive their law: of 100 services that claimed Safe Harbor when it ended, {left}."


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
    shares = {side: f"{100 * row[side]:.0f}" if row[side] else "none" for side in ("before", "after")}
    sides = " to ".join(f"{100 * row[side]:.1f}%" for side in ("before", "after"))
    number = f"From {sides} of the same {row['n']:,} services: {_points(row, 'value', '95% interval ')}."
    if pd.notna(row["best"]):
        number += f" With the program's errors taken out: {_points(row, 'best')}."
    certainty = _certainty(row, planned=asked.planned)
    return Finding(asked.sentence.format(**shares), number, certainty, asked.cell, float(row["value"]), asked.what)


def _points(row: pd.Series, column: str, interval: str = "") -> str:
    bounds = labels.bounds(row, column, unit="points")
    return f"{labels.quantity(row[column], 'points')} points ({interval}{bounds})"


def _certainty(row: pd.Series, *, planned: bool) -> str:
    is_one_sided = row["low"] * row["high"] > 0
    if not is_one_sided:
        return "may be chance"
    # A null end, without gold, makes this false.
    holds = min(row["best_low"] * row["value"], row["best_high"] * row["value"]) > 0
    if holds and planned and row["p"] * PLANNED < 0.05:
        return "very sure"
    return "fairly sure" if holds else "less sure"


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
        number = f"{labels.quantity(row['value'])} (95% interval {labels.bounds(row)}) of {row['n']:,.0f} services."
        yield Finding(sentence, number, "less sure", "3-eras.html#cell-c20b", float(row["value"]))


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
