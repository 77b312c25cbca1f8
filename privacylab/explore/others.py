"""What other policies of an era have and the program did not find in one, and how often it finds such things."""

from pathlib import Path

import pandas as pd

from privacylab import eras, findings
from privacylab.explore.policy import Profile
from privacylab.findings.gold import PERIOD
from privacylab.plots.style import FEW
from privacylab.tables import Corpus

RECALL = Path(__file__).with_name("recall.csv")
"""The result of `recall` for the embedded panel and its gold; ``make notebooks`` renews it."""

MOSTLY = 0.5
"""The share of an era's services from which its policies "mostly" have something."""


def not_found(policy: Profile, shares: pd.DataFrame) -> pd.DataFrame:
    """What policies of the same era mostly have (at least `MOSTLY` of them) and the program did not find in this one.

    Args:
        policy: The profile.
        shares: `era_shares` of a corpus.

    Returns:
        ``feature``, ``n``, ``value``, ``low``, ``high``, ``recall`` and ``n_read`` (from `recall`; null if not
        measured), the most common first. Things not found may be there: of 100 policies that have a thing, the program
        finds it in 100 x recall.

    Raises:
        ValueError: The policy states no date, or the corpus has too few services of its era.
    """
    if policy.era == eras.UNDATED:
        raise ValueError("it states no date, so there is no era to compare it with")
    rows = shares[(shares["era"] == policy.era) & (shares["n"] >= FEW)]
    if rows.empty:
        raise ValueError(f"the corpus has fewer than {FEW} services of the era {policy.era}")
    rows = rows[(rows["value"] >= MOSTLY) & ~rows["feature"].isin(policy.features())]
    ordered = rows.sort_values(["value", "feature"], ascending=[False, True], ignore_index=True)
    return ordered[["feature", "n", "value", "low", "high"]].merge(pd.read_csv(RECALL), on="feature", how="left")


def era_shares(corpus: Corpus) -> pd.DataFrame:
    """`findings.share_by_era` for the features of `not_found`: categories, frameworks and cues without their values."""
    features = findings.features(corpus)
    columns = [
        name
        for name in map(str, features)
        if name.startswith(("category:", "framework:", "cue:")) and "=" not in name and name != "category:Other"
    ]
    return findings.share_by_era(corpus.policies(), features, columns=columns)


def recall(corpus: Corpus, folder: Path) -> pd.DataFrame:
    """How often the program finds what a policy has, measured on the policies that were read; `RECALL` keeps it.

    Args:
        corpus: The panel.
        folder: Of the gold.

    Returns:
        ``feature``, ``recall`` (0 to 1, two digits), ``n_read`` (policies that have it). A cue that was read only by
        value is found if any value is.
    """
    features = findings.features(corpus)
    gold = findings.policy_gold(findings.policy_labels(folder), features, corpus.occurrences())
    bare = gold["feature"].replace(PERIOD, "cue:retention_period").str.partition("=")[0]
    keys = ["policy_id", "service", "owner", "era", "feature", "weight"]
    gold = gold.assign(feature=bare).groupby(keys, sort=False, as_index=False)[["predicted", "truth", "generous"]].any()
    rates = findings.error_rates(gold, by=None).rename(columns={"sensitivity": "recall", "n_true": "n_read"})
    rates = rates[rates["feature"].str.match("category:|framework:|cue:(?!any )") & (rates["n_read"] > 0)]
    return rates[["feature", "recall", "n_read"]].round(2)
