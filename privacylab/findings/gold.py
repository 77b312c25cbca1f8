"""The policies that were read from end to end, and what the program finds in them."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score

from privacylab import eras, paths
from privacylab.findings import intervals
from privacylab.tables.schema import CATEGORIES, CODES

POLICIES, SEGMENTS = "policies_read.csv", "segments_read.csv"
POLICY_FIELDS = (
    *("policy_id", "collection", "source", "service", "owner", "era"),
    *("weight", "part", "readers", "n_segments", "page"),
)
SEGMENT_FIELDS = ("policy_id", "position", "segment_id", "label", "cues", "second_label", "second_cues")

CODES_READ = CODES.removesuffix("O")
"""The letters of the categories that readers looked for; ``Other`` was not among them."""
PERIOD, ANY_BASIS = "cue:a period in numbers", "cue:any legal basis"
_CATEGORIES = {code: f"category:{name}" for code, name in zip(CODES, CATEGORIES, strict=True) if code in CODES_READ}
_CUES, _FRAMEWORKS = (paths.rules("readers")[kind] for kind in ("cues", "frameworks"))
_STANCES = ("claims", "withdrawn", "named")
WORDS = (*_CUES, *(f"{name}_{stance}" for name in _FRAMEWORKS for stance in _STANCES))
"""The words that a reader may use for a segment besides the letters of categories."""
_SAYS = {
    **{f"cue:{cue}": {word} for word, cue in _CUES.items()},
    ANY_BASIS: {word for word, cue in _CUES.items() if cue.startswith("basis_")},
    **{f"claims:{framework}": {f"{name}_claims"} for name, framework in _FRAMEWORKS.items()},
    **{f"framework:{framework}": {f"{name}_{s}" for s in _STANCES} for name, framework in _FRAMEWORKS.items()},
}
"""The words with the same meaning as a feature of a policy: any of them in any segment."""
FEATURES_READ = (*_CATEGORIES.values(), *_SAYS)
"""Every feature that readers looked for."""


class Reading(NamedTuple):
    """What was read: one row per policy (`POLICY_FIELDS`), and one per segment (`SEGMENT_FIELDS`)."""

    policies: pd.DataFrame
    segments: pd.DataFrame


def policy_labels(folder: Path) -> Reading:
    """The policies that were read (``policies_read.csv`` in a folder) and their segments (``segments_read.csv``).

    Returns:
        For each policy the reference (``collection``, ``source``, ``policy_id``), ``service``, ``owner``, ``era``,
        ``weight`` (1 / probability of being drawn), ``part`` (``tune``: rules may be fitted to it; ``score``: only for
        scores), ``readers`` (1 or 2), ``n_segments`` and ``page`` (``policy``, ``not``, empty: not read). For each
        segment its place and id in the panel, the letters and `WORDS` (``cues``) of the first reader, and those of the
        second (``second_label`` is empty if there was none). Both without rows if there are no files.

    Raises:
        ValueError: A column is missing, or a value is not allowed.
    """
    policies, segments = _table(folder / POLICIES, POLICY_FIELDS), _table(folder / SEGMENTS, SEGMENT_FIELDS)
    letters, word = f"[{CODES_READ}{CODES_READ.lower()}]+|N", "|".join(WORDS)
    names = [era.id for era in eras.eras()]
    whole, words = (r"\d+", "whole numbers"), (f"(({word}) ?)*", ", ".join(WORDS))
    allowed = {
        "era": ("|".join(names), ", ".join(names)),
        "part": ("tune|score", "tune, score"),
        "page": ("policy|not|", "policy, not, or nothing"),
        "weight": (r"\d+(\.\d+)?", "numbers above 0"),
        "label": (letters, f"letters of {CODES_READ}, capital or small, or N"),
        "second_label": (f"({letters})?", f"letters of {CODES_READ}, or N, or nothing"),
        **{"n_segments": whole, "position": whole, "cues": words, "second_cues": words},
    }
    for name, rows in ((POLICIES, policies), (SEGMENTS, segments)):
        for column in rows.columns.intersection(list(allowed)):
            pattern, values = allowed[column]
            wrong = rows.loc[~rows[column].str.fullmatch(pattern), column]
            if len(wrong):
                raise ValueError(f"{name}: column {column!r} holds {wrong.iloc[0]!r}; allowed are {values}")
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
    """The labels whose segment is no longer where it was read: the panel was rebuilt, or is another one.

    Args:
        reading: From `policy_labels`.
        occurrences: The table.

    Returns:
        Rows of ``reading.segments``.
    """
    keys = ["policy_id", "position", "segment_id"]
    here = occurrences.loc[occurrences["policy_id"].isin(reading.policies["policy_id"]), keys]
    return reading.segments.merge(here, on=keys, how="left_anti").reset_index(drop=True)


def counts(reading: Reading, occurrences: pd.DataFrame) -> pd.DataFrame:
    """How much was read, by era.

    Returns:
        ``era``, ``drawn`` (policies), ``unread`` (of them, those with a segment that was not read), ``no_policy``
        (read, but an error page or the like), ``gone`` (with a segment that is no longer in the panel),
        ``n`` (the rest: the gold), ``twice`` (of these, read by two), ``segments`` (of the gold); a row for each era in
        which a policy was drawn, in order of time.
    """
    frame = _states(reading, occurrences)
    table = frame.assign(drawn=1, twice=frame["n"] & (frame["readers"] == 2), segments=frame["n_segments"] * frame["n"])
    table = table.groupby("era")[["drawn", "unread", "no_policy", "gone", "n", "twice", "segments"]].sum().astype(int)
    order = [era.id for era in eras.eras() if era.id in table.index]
    return table.loc[order].rename_axis("era").reset_index()


def _states(reading: Reading, occurrences: pd.DataFrame) -> pd.DataFrame:
    """The policies with the first reason why each is not gold; ``n``: there is none."""
    policies = reading.policies
    places = reading.segments.groupby("policy_id")["position"].nunique()
    n_read = places.reindex(policies["policy_id"], fill_value=0).to_numpy()
    is_unread = (policies["page"] == "") | (n_read < policies["n_segments"])
    is_gone = policies["policy_id"].isin(gone(reading, occurrences)["policy_id"])
    names = ["unread", "no_policy", "gone"]
    state = np.select([is_unread, policies["page"] == "not", is_gone], names, "n")
    return policies.assign(**{name: state == name for name in [*names, "n"]})


def _truth(segments: pd.DataFrame, who: str = "") -> pd.DataFrame:
    """One row per policy, one column per feature: strict, and ``generous <feature>`` (touched in passing)."""
    label, policy = segments[f"{who}label"], segments["policy_id"]
    columns: dict[str, pd.Series] = {}
    for code, feature in _CATEGORIES.items():
        columns[feature] = label.str.contains(code, regex=False)
        columns[f"generous {feature}"] = label.str.contains(code, regex=False, case=False)
    has_word = segments[f"{who}cues"].str.get_dummies(sep=" ").astype(bool)
    for feature, words in _SAYS.items():
        columns[feature] = columns[f"generous {feature}"] = has_word[has_word.columns.intersection(list(words))].any(
            axis=1
        )
    return pd.DataFrame(columns).groupby(policy).any()


def with_sums(features: pd.DataFrame) -> pd.DataFrame:
    """The features, and the sums of features that readers looked for: any legal basis, any period."""
    periods = features.filter(regex="^cue:retention_period=P").any(axis=1)
    bases = features.filter(regex="^cue:basis_[a-z_]+$").any(axis=1)
    return features.assign(**{PERIOD: periods, ANY_BASIS: bases})


def policy_gold(
    reading: Reading, features: pd.DataFrame, occurrences: pd.DataFrame, *, part: str | None = "score"
) -> pd.DataFrame:
    """What the program finds in the policies that were read, and what is there.

    Args:
        reading: From `policy_labels`.
        features: From `findings.features`.
        occurrences: The table: a policy without one of its segments no longer counts.
        part: ``score``, ``tune``, or None: both. Policies to which rules were fitted say nothing about their errors.

    Returns:
        A row for each policy and feature: ``policy_id``, ``service``, ``owner``, ``era``, ``feature`` (of
        `FEATURES_READ`), ``predicted``, ``truth`` (strict: a segment clearly has it), ``generous`` (also in passing;
        for cues as ``truth``), ``weight``. Without rows if nothing was read or none of it is in the corpus.
    """
    policies = _states(reading, occurrences)
    read = policies[policies["n"] & ((policies["part"] == part) if part else True)]
    read = read[read["policy_id"].isin(features.index)].sort_values(["era", "service"])
    names, truth = list(FEATURES_READ), _truth(reading.segments).reindex(read["policy_id"])
    predicted = with_sums(features).loc[read["policy_id"], names]
    sides = {"predicted": predicted, "truth": truth[names], "generous": truth[[f"generous {name}" for name in names]]}
    rows = pd.DataFrame({"feature": names}).merge(read, how="cross")
    rows = rows.assign(**{name: side.to_numpy(dtype=bool).ravel("F") for name, side in sides.items()})
    return rows[["policy_id", "service", "owner", "era", "feature", *sides, "weight"]]


def agreement(reading: Reading) -> pd.DataFrame:
    """How often two readers agree on a policy: the ceiling for any program that is compared with one of them.

    Args:
        reading: From `policy_labels`; policies count if both readers read every segment.

    Returns:
        For each of `FEATURES_READ`: ``feature``, ``n`` (policies read by two), ``first``, ``second`` (those that have
        it by each), ``agreed``, ``value`` (share agreed), ``low``, ``high`` (Wilson), ``kappa`` (Cohen's; null if both
        say the same of every policy, or nothing was read twice).

    References:
        Cohen, J. (1960). A coefficient of agreement for nominal scales. Educ. Psychol. Meas. 20, 37-46.
    """
    once = reading.segments.loc[reading.segments["second_label"] == "", "policy_id"]
    twice = reading.segments[~reading.segments["policy_id"].isin(once)]
    first, second = (_truth(twice, who)[list(FEATURES_READ)] for who in ("", "second_"))
    agreed, varied = first == second, (first | second).any() & ~(first & second).all()
    table = pd.DataFrame({"n": len(first), "first": first.sum(), "second": second.sum(), "agreed": agreed.sum()})
    table["value"] = agreed.mean()
    table["low"], table["high"] = intervals.wilson(table["agreed"], table["n"])
    table["kappa"] = [
        cohen_kappa_score(first[name], second[name]) if varied[name] else np.nan for name in FEATURES_READ
    ]
    return table.rename_axis("feature").reset_index()
