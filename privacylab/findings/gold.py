"""The policies that were read from end to end, beside what the program finds in them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from privacylab import eras
from privacylab.findings import intervals
from privacylab.tables.schema import CATEGORIES, CODES

POLICIES, SEGMENTS = "policies_read.csv", "segments_read.csv"
POLICY_FIELDS = (
    "policy_id",
    "collection",
    "source",
    "service",
    "owner",
    "era",
    "weight",
    "part",
    "readers",
    "n_segments",
    "page",
)
SEGMENT_FIELDS = ("policy_id", "position", "segment_id", "label", "cues", "second_label", "second_cues")

CODES_READ = CODES.removesuffix("O")
"""The letters of the categories that were read for; ``Other`` was not."""
CUES_READ = {
    "access": "cue:right_access",
    "rectification": "cue:right_rectification",
    "erasure": "cue:right_erasure",
    "li": "cue:basis_legitimate_interests",
    "consent": "cue:basis_consent",
    "contract": "cue:basis_contract",
    "obligation": "cue:basis_legal_obligation",
    "period": "cue:a period in numbers",
    "necessary": "cue:retention_period=as-long-as-necessary",
    "transfer": "cue:business_transfer",
    "nosale": "cue:sale_of_data=does-not-sell",
    "sells": "cue:sale_of_data=sells",
}
"""What a reader wrote for a cue, and the feature of a policy that says the same."""
ANY_BASIS = "cue:any legal basis"
_FEATURES = {code: f"category:{name}" for code, name in zip(CODES, CATEGORIES, strict=True) if code in CODES_READ}
FEATURES_READ = (*_FEATURES.values(), *CUES_READ.values(), ANY_BASIS)
"""Every feature that policies were read for."""


class Reading(NamedTuple):
    """What was read: a row a policy (`POLICY_FIELDS`), and a row a segment (`SEGMENT_FIELDS`)."""

    policies: pd.DataFrame
    segments: pd.DataFrame


def policy_labels(folder: Path) -> Reading:
    """The policies of a folder that were read, ``policies_read.csv``, and their segments, ``segments_read.csv``.

    Returns:
        Of each policy the reference (``collection``, ``source``, ``policy_id``), ``service``, ``owner``, ``era``,
        ``weight`` (1 / probability of being drawn), ``part`` (``tune``: rules may be fitted to it; ``score``: it is
        only scored), ``readers`` (1 or 2), ``n_segments`` and ``page`` (``policy``, ``not``, empty: not read). Of each
        segment its place and id in the panel, the letters and cues of the first reader, and those of the second
        (``second_label`` is empty where there was none). Both without rows where there are no files.

    Raises:
        ValueError: A column is missing, or a value is none of those allowed.
    """
    policies, segments = _table(folder / POLICIES, POLICY_FIELDS), _table(folder / SEGMENTS, SEGMENT_FIELDS)
    letters, cue = f"[{CODES_READ}{CODES_READ.lower()}]+|N", "|".join(CUES_READ)
    names = [era.id for era in eras.eras()]
    for name, frame, column, pattern, allowed in (
        (POLICIES, policies, "era", "|".join(names), ", ".join(names)),
        (POLICIES, policies, "part", "tune|score", "tune, score"),
        (POLICIES, policies, "page", "policy|not|", "policy, not, or nothing"),
        (POLICIES, policies, "weight", r"\d+(\.\d+)?", "numbers above 0"),
        (POLICIES, policies, "n_segments", r"\d+", "whole numbers"),
        (SEGMENTS, segments, "position", r"\d+", "whole numbers"),
        (SEGMENTS, segments, "label", letters, f"letters of {CODES_READ}, capital or small, or N"),
        (SEGMENTS, segments, "second_label", f"({letters})?", f"letters of {CODES_READ}, or N, or nothing"),
        (SEGMENTS, segments, "cues", f"(({cue}) ?)*", ", ".join(CUES_READ)),
        (SEGMENTS, segments, "second_cues", f"(({cue}) ?)*", ", ".join(CUES_READ)),
    ):
        wrong = frame.loc[~frame[column].str.fullmatch(pattern), column]
        if len(wrong):
            raise ValueError(f"{name}: column {column!r} holds {wrong.iloc[0]!r}; allowed are {allowed}")
    policies = policies.astype({"weight": float, "readers": int, "n_segments": int})
    return Reading(policies, segments.astype({"position": int}))


def _table(path: Path, fields: tuple[str, ...]) -> pd.DataFrame:
    if not path.exists():
        return pd.DataFrame(columns=list(fields), dtype=str)
    rows = pd.read_csv(path, dtype=str, keep_default_na=False)
    if missing := [field for field in fields if field not in rows]:
        raise ValueError(f"{path.name} lacks the columns {', '.join(missing)}; it has {', '.join(rows.columns)}")
    return rows[list(fields)]


def gone(reading: Reading, occurrences: pd.DataFrame) -> pd.DataFrame:
    """The labels whose segment is no longer where it was read: the panel was built anew, or is another.

    Args:
        reading: From `policy_labels`.
        occurrences: The table.

    Returns:
        Rows of ``reading.segments``.
    """
    keys = ["policy_id", "position", "segment_id"]
    here = occurrences.loc[occurrences["policy_id"].isin(reading.policies["policy_id"]), keys]
    merged = reading.segments.merge(here, on=keys, how="left", indicator="found")
    return merged.loc[merged.pop("found") == "left_only"].reset_index(drop=True)


def counts(reading: Reading, occurrences: pd.DataFrame) -> pd.DataFrame:
    """How much was read, by era.

    Returns:
        ``era``, ``drawn`` (policies), ``unread`` (of them, those with a segment that was not read), ``no_policy``
        (read, and found to be an error page or the like), ``gone`` (with a segment that is no longer in the panel),
        ``n`` (what is left: the gold), ``twice`` (of these, read by two), ``segments`` (of the gold); a row for each
        era in which a policy was drawn, in the order of time.
    """
    frame = _states(reading, occurrences)
    table = frame.assign(drawn=1, twice=frame["n"] & (frame["readers"] == 2), segments=frame["n_segments"] * frame["n"])
    table = table.groupby("era")[["drawn", "unread", "no_policy", "gone", "n", "twice", "segments"]].sum().astype(int)
    order = [era.id for era in eras.eras() if era.id in table.index]
    return table.loc[order].rename_axis("era").reset_index()


def _states(reading: Reading, occurrences: pd.DataFrame) -> pd.DataFrame:
    """The policies with what keeps each from being gold, the first reason alone; ``n``: nothing does."""
    policies = reading.policies
    places = reading.segments.groupby("policy_id")["position"].nunique()
    n_read = places.reindex(policies["policy_id"], fill_value=0).to_numpy()
    is_unread = (policies["page"] == "") | (n_read < policies["n_segments"])
    is_none = ~is_unread & (policies["page"] == "not")
    is_gone = ~is_unread & ~is_none & policies["policy_id"].isin(gone(reading, occurrences)["policy_id"])
    rest = ~(is_unread | is_none | is_gone)
    return policies.assign(unread=is_unread, no_policy=is_none, gone=is_gone, n=rest)


def _truth(segments: pd.DataFrame, label: str, cues: str) -> pd.DataFrame:
    """A row a policy, a column a feature, strict, and ``generous <feature>``: touched in passing is enough."""
    columns: dict[str, pd.Series] = {}
    for code, feature in _FEATURES.items():
        columns[feature] = segments[label].str.contains(code, regex=False)
        columns[f"generous {feature}"] = segments[label].str.contains(code, regex=False, case=False)
    for cue, feature in CUES_READ.items():
        columns[feature] = segments[cues].str.contains(rf"\b{cue}\b")
    columns[ANY_BASIS] = pd.concat([columns[feature] for feature in _bases()], axis=1).any(axis=1)
    return pd.DataFrame(columns).groupby(segments["policy_id"]).any()


def _bases() -> list[str]:
    return [feature for feature in CUES_READ.values() if ":basis_" in feature]


def with_sums(features: pd.DataFrame) -> pd.DataFrame:
    """The features, and those that readers were asked for and that are sums of others: any legal basis, any period."""
    periods = features.filter(regex="^cue:retention_period=P").any(axis=1)
    bases = features.filter(regex="^cue:basis_[a-z_]+$").any(axis=1)
    return features.assign(**{CUES_READ["period"]: periods, ANY_BASIS: bases})


def policy_gold(
    reading: Reading, features: pd.DataFrame, occurrences: pd.DataFrame, *, part: str | None = "score"
) -> pd.DataFrame:
    """What the program finds in the policies that were read, beside what is there.

    Args:
        reading: From `policy_labels`.
        features: From `findings.features`.
        occurrences: The table: a policy of which a segment has gone is none any more.
        part: ``score``, ``tune``, or None: both. What rules were fitted to says nothing about their errors.

    Returns:
        A row for each policy and feature: ``policy_id``, ``service``, ``owner``, ``era``, ``feature`` (of
        `FEATURES_READ`), ``predicted``, ``truth`` (strict: a segment plainly has it), ``generous`` (also in passing; of
        cues as ``truth``), ``weight``. Without rows if nothing was read or none of it is in the corpus.
    """
    policies = _states(reading, occurrences)
    read = policies[policies["n"] & ((policies["part"] == part) if part else True)]
    read = read[read["policy_id"].isin(features.index)].sort_values(["era", "service"])
    found, ids = with_sums(features).loc[read["policy_id"]], read["policy_id"].to_numpy()
    truth = _truth(reading.segments, "label", "cues").reindex(ids)
    columns = ["policy_id", "service", "owner", "era", "feature", "predicted", "truth", "generous", "weight"]
    frames = [pd.DataFrame(columns=columns)] if read.empty else []
    for feature in FEATURES_READ if len(read) else ():
        generous = truth.get(f"generous {feature}", truth[feature])
        labelled = {"predicted": found[feature], "truth": truth[feature], "generous": generous}
        values = {name: column.to_numpy(dtype=bool) for name, column in labelled.items()}
        frames.append(read.assign(feature=feature, **values)[columns])
    return pd.concat(frames, ignore_index=True)


def agreement(reading: Reading) -> pd.DataFrame:
    """How often two readers say the same of a policy: the ceiling for any program that is held against one of them.

    Args:
        reading: From `policy_labels`; policies of which both readers read every segment count.

    Returns:
        For each of `FEATURES_READ`: ``feature``, ``n`` (policies read by two), ``first``, ``second`` (those that have
        it by each), ``agreed``, ``value`` (share agreed), ``low``, ``high`` (Wilson), ``kappa`` (Cohen's; null where
        both say the same of every policy, or nothing was read twice).

    References:
        Cohen, J. (1960). A coefficient of agreement for nominal scales. Educ. Psychol. Meas. 20, 37-46.
    """
    once = reading.segments.loc[reading.segments["second_label"] == "", "policy_id"]
    twice = reading.segments[~reading.segments["policy_id"].isin(once)]
    first, second = (_truth(twice, f"{who}label", f"{who}cues") for who in ("", "second_"))
    rows = []
    for feature in FEATURES_READ:
        one, other = first[feature], second[feature]
        varied = len(set(one) | set(other)) > 1
        kappa = float(cohen_kappa_score(one, other)) if varied else np.nan
        rows.append((feature, len(one), int(one.sum()), int(other.sum()), int((one == other).sum()), kappa))
    table = pd.DataFrame(rows, columns=["feature", "n", "first", "second", "agreed", "kappa"])
    table["value"] = table["agreed"] / table["n"].where(table["n"] > 0)
    table["low"], table["high"] = intervals.wilson(table["agreed"], table["n"])
    return table[["feature", "n", "first", "second", "agreed", "value", "low", "high", "kappa"]]
