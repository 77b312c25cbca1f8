"""The labels of policies read by people, beside what the program finds in the same policies."""

from pathlib import Path

import numpy as np
import pandas as pd

from privacylab.findings import intervals, sampling
from privacylab.tables.schema import CATEGORIES, CODES

FIELDS = ("collection", "source", "era", "service", "stratum", "weight", "scores", "label")
"""The columns of ``clause_policies.csv``. Its ``era`` is a stratum, and its ``stratum`` how a policy was read."""
HIGHEST = 5
"""Segments that are read in each category where a policy is not read whole."""
_GOLD = ("policy_id", "service", "era", "stratum", "feature", "predicted", "truth", "generous", "weight")


STRATA = {
    "safe_harbor": ("safe_harbor", "2000-07-26", "2015-10-06"),
    "privacy_shield": ("privacy_shield", "2016-07-12", "2018-05-25"),
    "gdpr_to_2020": ("gdpr", "2018-05-25", "2021-01-01"),
    "gdpr_from_2021": ("gdpr", "2021-01-01", "9999-12-31"),
}
"""The era that each stratum is part of, its first day and the day after its last."""


def policy_labels(folder: Path) -> pd.DataFrame:
    """The labels of policies read by people, ``clause_policies.csv`` of a folder: a row for each segment that was read.

    Returns:
        The file's columns, all as text: ``collection``, ``source``, ``stratum`` (the file's ``era``: one of `STRATA`),
        ``service``, ``reading`` (the file's ``stratum``: ``whole``, or ``highest`` where only the segments that score
        highest were read), ``weight``, ``scores``, ``label`` (empty: not read yet); no rows where there is no file.

    Raises:
        ValueError: A column is missing, a label holds another letter, or an era is none of `STRATA`.
    """
    path = folder / "clause_policies.csv"
    labels = pd.DataFrame(columns=list(FIELDS), dtype=str)
    if path.exists():
        labels = pd.read_csv(path, dtype=str, keep_default_na=False)
    missing = [column for column in FIELDS if column not in labels]
    if missing:
        raise ValueError(f"{path.name} lacks the columns {', '.join(missing)}; it has {', '.join(labels.columns)}")
    for column, pattern, allowed in (
        ("label", f"[{CODES}{CODES.lower()}]*|N", f"letters of {CODES}, capital or small, or N"),
        ("era", "|".join(STRATA), ", ".join(STRATA)),
    ):
        wrong = labels.loc[~labels[column].str.fullmatch(pattern), column]
        if len(wrong):
            raise ValueError(f"{path.name}: column {column!r} holds {wrong.iloc[0]!r}; allowed are {allowed}")
    return labels.rename(columns={"era": "stratum", "stratum": "reading"})


def _read(labels: pd.DataFrame) -> pd.DataFrame:
    """A row for each policy whose drawn segments were all read: its truth for each code, strict and generous."""
    keys = ["collection", "source", "stratum", "service", "reading"]
    segments = labels[[*keys, "weight"]].assign(read=labels["label"] != "")
    for code in CODES:
        segments[code] = labels["label"].str.contains(code, regex=False)
        segments[code.lower()] = labels["label"].str.contains(code, regex=False, case=False)
    policies = segments.groupby(keys, sort=True)
    truth = policies[[*CODES, *CODES.lower()]].any().assign(weight=policies["weight"].first().astype(float))
    return truth[policies["read"].all()].reset_index()


def policy_gold(labels: pd.DataFrame, policies: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """What the program finds in the policies that were read, beside what is there.

    Args:
        labels: From `policy_labels`. Policies with a segment that is not read yet are left out (`counts` counts).
        policies: The table; a policy of it with the same collection and source gives the prediction.
        features: From `findings.features`.

    Returns:
        A row for each policy and category: ``policy_id``, ``service``, ``era`` (the panel's), ``stratum`` (of the
        draw), ``feature`` (``category:<name>``), ``predicted``, ``truth`` (strict: a segment plainly has it),
        ``generous`` (also in passing), ``weight``. Without rows if nothing is labelled or none of it is in the corpus.

    Note:
        In a stratum every service was equally likely to be drawn. An era of two strata weighs them by the services
        that speak for the era in each, as `findings.share_by_era` counts them.
    """
    keys = ["collection", "source"]
    named = policies.sort_values("policy_id").drop_duplicates(keys)[["policy_id", *keys]]
    read = _read(labels).merge(named, on=keys)
    if read.empty:
        return pd.DataFrame(columns=list(_GOLD))
    # In the order of the strata, so that tables come out in the order of time.
    read["place"] = read["stratum"].map(list(STRATA).index)
    read = read.sort_values(["place", "service"])
    dates = sampling.observations(policies, by="era")["date"]
    sizes = {name: dates.between(first, after, inclusive="left").sum() for name, (_, first, after) in STRATA.items()}
    read["weight"] *= read["stratum"].map(sizes) / read.groupby("stratum")["weight"].transform("sum")
    read["era"] = [STRATA[name][0] for name in read["stratum"]]
    frames = []
    for code, name in zip(CODES, CATEGORIES, strict=True):
        feature = f"category:{name}"
        predicted = features.loc[read["policy_id"], feature].to_numpy(dtype=bool)
        truths = {"truth": read[code], "generous": read[code.lower()]}
        frames.append(read.assign(feature=feature, predicted=predicted, **truths)[list(_GOLD)])
    return pd.concat(frames, ignore_index=True)


def counts(labels: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    """How much of the gold there is: each stratum's policies drawn, read to the end, and found in the corpus.

    Returns:
        ``stratum``, ``drawn``, ``read``, ``n`` (read and in the corpus), ``segments`` and ``not_read`` (segments
        without a label); a row a stratum, with zeros where nothing was drawn.
    """
    keys = ["collection", "source"]
    read = _read(labels)
    rows = {
        "drawn": labels.drop_duplicates(["stratum", *keys]),
        "read": read,
        "n": read.merge(policies[keys].drop_duplicates(), on=keys),
        "segments": labels,
        "not_read": labels[labels["label"] == ""],
    }
    sizes = {name: frame["stratum"].value_counts().reindex(list(STRATA), fill_value=0) for name, frame in rows.items()}
    return pd.DataFrame(sizes).rename_axis("stratum").reset_index()


def missed_by_highest(labels: pd.DataFrame) -> pd.DataFrame:
    """What is missed where only the segments that score highest were read: from the policies that were read whole.

    Args:
        labels: From `policy_labels`.

    Returns:
        For each category: ``feature``, ``n`` (policies read whole that plainly have it), ``count`` (those where no
        segment among the `HIGHEST` of any category does), ``value`` (their share), ``low``, ``high`` (Wilson).
    """
    keys, codes = ["collection", "source"], list(CODES)
    whole = labels[labels["reading"] == "whole"]
    scores = np.array([text.split() for text in whole["scores"]], dtype=int).reshape(len(whole), len(codes))
    ranks = pd.DataFrame(-scores, whole.index).groupby([whole[key] for key in keys]).rank(method="first")
    every = _read(whole).set_index(keys)[codes]
    highest = _read(whole[(ranks <= HIGHEST).any(axis=1)]).set_index(keys)[codes].reindex(every.index)
    n, missed = every.sum().to_numpy(), (every & ~highest.astype(bool)).sum().to_numpy()
    low, high = intervals.wilson(missed, n)
    share = missed / np.where(n > 0, n, np.nan)
    features = [f"category:{name}" for name in CATEGORIES]
    return pd.DataFrame({"feature": features, "n": n, "count": missed, "value": share, "low": low, "high": high})
