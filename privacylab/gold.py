"""Policies labelled by reading, beside what the program finds in them: what `correct` corrects with.

``corpus/gold/clause_policies.csv`` holds references and labels, no text; ``corpus/gold/clause_sample.py`` drew them.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from privacylab import observe, uncertainty
from privacylab.schemas import CATEGORIES

CODES = "FTCARSPDIO"
"""The letters of a label, in the order of the categories: a capital says plainly there, a small one in passing."""

FIELDS = ("collection", "source", "era", "service", "stratum", "weight", "scores", "label")
STRATA = (
    ("safe_harbor", "safe_harbor", "2000-07-26", "2015-10-06"),
    ("privacy_shield", "privacy_shield", "2016-07-12", "2018-05-25"),
    ("gdpr_to_2020", "gdpr", "2018-05-25", "2021-01-01"),
    ("gdpr_from_2021", "gdpr", "2021-01-01", "9999-12-31"),
)
"""What the column ``era`` of the labels says, the era that it is part of, its first day and the day after its last."""


def policy_labels(folder: Path) -> pd.DataFrame:
    """The labels of policies read by people, ``clause_policies.csv`` of a folder: a row for each segment that was read.

    Returns:
        The file's columns, all as text (an empty label: not read yet); no rows where there is no file.

    Raises:
        ValueError: A column is missing, a label holds another letter, or an era is none of `STRATA`.
    """
    path = folder / "clause_policies.csv"
    if not path.exists():
        return pd.DataFrame(columns=list(FIELDS), dtype=str)
    labels = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [column for column in FIELDS if column not in labels]
    if missing:
        raise ValueError(f"{path.name} lacks the columns {', '.join(missing)}; it has {', '.join(labels.columns)}")
    strata = [stratum for stratum, *_ in STRATA]
    known = {"label": labels["label"].str.fullmatch(f"[{CODES}{CODES.lower()}]*|N"), "era": labels["era"].isin(strata)}
    for column, allowed in (("label", f"letters of {CODES}, capital or small, or N"), ("era", ", ".join(strata))):
        if not known[column].all():
            value = labels.loc[~known[column], column].iloc[0]
            raise ValueError(f"{path.name}: column {column!r} holds {value!r}; allowed are {allowed}")
    return labels


def _read(labels: pd.DataFrame) -> pd.DataFrame:
    """A row for each policy whose drawn segments were all read: its truth for each code, strict and generous."""
    keys = ["collection", "source", "era", "service", "stratum"]
    seen = {
        **{code: labels["label"].str.contains(code, regex=False) for code in CODES},
        **{code.lower(): labels["label"].str.contains(code, regex=False, case=False) for code in CODES},
        "read": labels["label"] != "",
    }
    grouped = labels[[*keys, "weight"]].assign(**seen).groupby(keys, sort=True)
    found = grouped[list(seen)].any().drop(columns="read").assign(weight=grouped["weight"].first().astype(float))
    return found[grouped["read"].all()].reset_index()


def policy_gold(labels: pd.DataFrame, policies: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """What the program finds in the policies that were read, beside what is there.

    Args:
        labels: From `policy_labels`. Policies with a segment that is not read yet are left out (`counts` counts).
        policies: The table; a policy of it with the same collection and source gives the prediction.
        features: From `observe.features`.

    Returns:
        A row for each policy and category: ``policy_id``, ``service``, ``era`` (the panel's), ``stratum`` (of the
        draw), ``feature`` (``category:<name>``), ``predicted``, ``truth`` (strict: a segment plainly has it),
        ``generous`` (also in passing), ``weight``. Without rows if nothing is labelled or none of it is in the corpus.

    Note:
        In a stratum every service was equally likely to be drawn. An era of two strata weighs them by the services
        that speak for the era in each, as `measure.share_by_era` counts them.
    """
    read = _read(labels).merge(
        policies.sort_values("policy_id").drop_duplicates(["collection", "source"])[
            ["policy_id", "collection", "source"]
        ],
        on=["collection", "source"],
    )
    # In the order of the strata, so that tables come out in the order of time.
    order = [stratum for stratum, *_ in STRATA]
    read = read.sort_values(["era", "service"], key=lambda c: c.map(order.index) if c.name == "era" else c)
    if read.empty:
        columns = ["policy_id", "service", "era", "stratum", "feature", "predicted", "truth", "generous", "weight"]
        return pd.DataFrame(columns=columns)
    speaking = observe.observations(policies, by="era")
    named = read["era"].map({stratum: era for stratum, era, *_ in STRATA})
    sizes = {
        stratum: int(speaking["date"].between(first, after, inclusive="left").sum())
        for stratum, _, first, after in STRATA
    }
    weight = read["weight"] * read["era"].map(sizes) / read.groupby("era")["weight"].transform("sum")
    found = [
        pd.DataFrame(
            {
                "policy_id": read["policy_id"],
                "service": read["service"],
                "era": named,
                "stratum": read["era"],
                "feature": f"category:{name}",
                "predicted": features.loc[read["policy_id"], f"category:{name}"].to_numpy(dtype=bool),
                "truth": read[code],
                "generous": read[code.lower()],
                "weight": weight,
            }
        )
        for code, name in zip(CODES, CATEGORIES, strict=True)
    ]
    return pd.concat(found, ignore_index=True)


def counts(labels: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    """How much of the gold there is: each stratum's policies drawn, read to the end, and found in the corpus.

    Returns:
        ``stratum``, ``drawn``, ``read``, ``n`` (read and in the corpus), ``segments`` and ``not_read`` (segments
        without a label); a row a stratum, with zeros where nothing was drawn.
    """
    read = _read(labels)
    known = pd.MultiIndex.from_frame(policies[["collection", "source"]])
    here = pd.MultiIndex.from_frame(read[["collection", "source"]]).isin(known)
    found = {
        "drawn": labels.drop_duplicates(["era", "collection", "source"])["era"].value_counts(),
        "read": read["era"].value_counts(),
        "n": read.loc[here, "era"].value_counts(),
        "segments": labels["era"].value_counts(),
        "not_read": labels.loc[labels["label"] == "", "era"].value_counts(),
    }
    strata = pd.Index([stratum for stratum, *_ in STRATA], name="stratum")
    return pd.DataFrame({name: count.reindex(strata, fill_value=0) for name, count in found.items()}).reset_index()


def missed_by_highest(labels: pd.DataFrame, *, highest: int = 5, level: float = 0.95) -> pd.DataFrame:
    """What is missed where only the segments that score highest were read: from the policies that were read whole.

    Args:
        labels: From `policy_labels`.
        highest: Segments read in each category.
        level: Confidence level.

    Returns:
        For each category: ``feature``, ``n`` (policies read whole that plainly have it), ``count`` (those where no
        segment among the highest of any category does), ``value`` (their share), ``low``, ``high`` (Wilson).
    """
    whole = labels[labels["stratum"] == "whole"]
    scores = np.array([text.split() for text in whole["scores"]], dtype=int).reshape(len(whole), len(CODES))
    ranks = (
        pd.DataFrame(-scores, index=whole.index).groupby([whole["collection"], whole["source"]]).rank(method="first")
    )
    some = _read(whole[(ranks <= highest).any(axis=1)])
    every = _read(whole).set_index(["collection", "source"])
    some = some.set_index(["collection", "source"]).reindex(every.index)
    there = np.array([int(every[code].sum()) for code in CODES])
    missed = np.array([int((every[code] & ~some[code].astype(bool)).sum()) for code in CODES])
    low, high = uncertainty.wilson(missed, there, level=level)
    value = np.divide(missed, there, out=np.full(len(CODES), np.nan), where=there > 0)
    named = {"feature": [f"category:{name}" for name in CATEGORIES], "n": there, "count": missed}
    return pd.DataFrame({**named, "value": value, "low": low, "high": high})
