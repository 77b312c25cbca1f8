"""Shares corrected for the measured error of the rules that found them."""

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacylab.findings import intervals, sampling
from privacylab.tables.schema import CATEGORIES, CODES

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
        features: From `findings.features`.

    Returns:
        A row for each policy and category: ``policy_id``, ``service``, ``era`` (the panel's), ``stratum`` (of the
        draw), ``feature`` (``category:<name>``), ``predicted``, ``truth`` (strict: a segment plainly has it),
        ``generous`` (also in passing), ``weight``. Without rows if nothing is labelled or none of it is in the corpus.

    Note:
        In a stratum every service was equally likely to be drawn. An era of two strata weighs them by the services
        that speak for the era in each, as `findings.share_by_era` counts them.
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
    speaking = sampling.observations(policies, by="era")
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
    low, high = intervals.wilson(missed, there, level=level)
    value = np.divide(missed, there, out=np.full(len(CODES), np.nan), where=there > 0)
    named = {"feature": [f"category:{name}" for name in CATEGORIES], "n": there, "count": missed}
    return pd.DataFrame({**named, "value": value, "low": low, "high": high})


Floats = npt.NDArray[np.float64]

NO_GOLD = "not corrected: no gold"
BOTH = "rogan_gladen and ppi"
NEEDED = 10
"""Services with a true, and services with a false label that sensitivity and specificity must rest on."""


def rogan_gladen(share: npt.ArrayLike, *, sensitivity: npt.ArrayLike, specificity: npt.ArrayLike) -> Floats:
    """The true share behind an apparent one, cut to 0..1.

    Args:
        share: Share of policies in which the feature was found, 0 to 1.
        sensitivity: Share found among the policies that have it.
        specificity: Share not found among those that do not.

    Raises:
        ValueError: Sensitivity and specificity do not add up to more than 1: the finder is no better than chance.

    Note:
        Cutting to 0..1 biases an estimate near the ends; read it with its interval.

    References:
        Rogan, W. J. & Gladen, B. (1978). Estimating prevalence from the results of a screening test. AJE 107, 71-76.

    >>> float(rogan_gladen(0.3, sensitivity=0.8, specificity=0.9).round(4))
    0.2857
    """
    found, se, sp = (np.asarray(value, dtype=float) for value in (share, sensitivity, specificity))
    if np.any(se + sp <= 1):
        raise ValueError(
            "sensitivity + specificity must be above 1: a finder no better than chance cannot be corrected"
        )
    return np.asarray(np.clip((found + sp - 1) / (se + sp - 1), 0, 1), dtype=np.float64)


class _Counts(NamedTuple):
    """A cell's gold: weighted policies found and there, missed, false alarms, rightly not found; services behind them.

    The weights are scaled to the effective number of services (Kish 1965): uneven weights, and services that were
    read twice, count for less.
    """

    hits: float
    misses: float
    alarms: float
    rejections: float
    n: int
    n_true: int
    n_false: int


def _counted(gold: pd.DataFrame) -> _Counts:
    found, there = gold["predicted"].to_numpy(dtype=bool), gold["truth"].to_numpy(dtype=bool)
    weight = gold["weight"].to_numpy(dtype=float)
    services = gold["weight"].groupby(gold["service"].to_numpy()).sum().to_numpy(dtype=float)
    scale = services.sum() / (services**2).sum() if len(services) else 0.0
    parts = (found & there, ~found & there, found & ~there, ~found & ~there)
    hits, misses, alarms, rejections = (float(scale * weight[part].sum()) for part in parts)
    n, n_true, n_false = (int(gold.loc[part, "service"].nunique()) for part in (there | True, there, ~there))
    return _Counts(hits, misses, alarms, rejections, n, n_true, n_false)


def error_rates(gold: pd.DataFrame, *, by: str | None = "era", level: float = 0.95) -> pd.DataFrame:
    """How often the program finds what a policy has, and how often it is silent where a policy has it not.

    Args:
        gold: From `findings.policy_gold` (for the generous reading: ``gold.assign(truth=gold["generous"])``).
        by: The column of cells; None: all together.
        level: Confidence level.

    Returns:
        The cell, ``feature``, ``n`` (services read), ``n_true``, ``sensitivity``, ``sensitivity_low``,
        ``sensitivity_high``, ``n_false``, ``specificity``, ``specificity_low``, ``specificity_high`` (Wilson's
        intervals with the effective numbers). A rate of no service is null, and its n is 0. No rows without gold.
    """
    _check(gold, by)
    rows: list[dict[Hashable, Any]] = []
    for key, part in gold.groupby([*([by] if by else []), "feature"], sort=False):
        counts = _counted(part)
        row: dict[Hashable, Any] = dict(zip([*([by] if by else []), "feature"], key, strict=True))
        rates = (("sensitivity", counts.hits, counts.misses, counts.n_true),
                 ("specificity", counts.rejections, counts.alarms, counts.n_false))  # fmt: skip
        row["n"] = counts.n
        for name, right, wrong, services in rates:
            low, high = intervals.wilson(right, right + wrong, level=level)
            row["n_true" if name == "sensitivity" else "n_false"] = services
            row[name] = right / (right + wrong) if services else np.nan
            row[f"{name}_low"], row[f"{name}_high"] = float(low), float(high)
        rows.append(row)
    rates_of = [f"{name}{end}" for name in ("sensitivity", "specificity") for end in ("", "_low", "_high")]
    columns = [*([by] if by else []), "feature", "n", "n_true", *rates_of[:3], "n_false", *rates_of[3:]]
    return pd.DataFrame(rows, columns=columns)


def _beta(yes: npt.ArrayLike, no: npt.ArrayLike, resamples: int, rng: np.random.Generator) -> Floats:
    """Draws of a share from its Jeffreys posterior; shape (*shape of the counts, resamples)."""
    a, b = np.asarray(yes, dtype=float)[..., None] + 0.5, np.asarray(no, dtype=float)[..., None] + 0.5
    return np.asarray(rng.beta(a, b, (*a.shape[:-1], resamples)), dtype=np.float64)


def rogan_gladen_draws(
    found: npt.ArrayLike,
    n: npt.ArrayLike,
    counts: Sequence[npt.ArrayLike],
    *,
    resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """Draws of the true share behind an apparent one, by `rogan_gladen`, the shares' and the gold's noise together.

    Args:
        found: Services in which the feature was found.
        n: Services in all.
        counts: The gold: found and there, missed, false alarms, rightly not found (each of the shape of ``found``).
        resamples: How many draws.
        rng: The generator.

    Returns:
        Shape (*shape of found, resamples); null where a draw of sensitivity + specificity is not above 1.
    """
    hits, misses, alarms, rejections = (np.asarray(count, dtype=float) for count in counts)
    apparent = _beta(found, np.asarray(n) - np.asarray(found), resamples, rng)
    sensitivity, specificity = _beta(hits, misses, resamples, rng), _beta(rejections, alarms, resamples, rng)
    power = sensitivity + specificity - 1
    true = (apparent + specificity - 1) / np.where(power > 0, power, np.nan)
    return np.asarray(np.clip(true, 0, 1), dtype=np.float64)


def ppi_draws(
    found: npt.ArrayLike,
    n: npt.ArrayLike,
    counts: Sequence[npt.ArrayLike],
    *,
    resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """Draws of the true share by prediction-powered inference, for a feature that is found or not.

    The best-tuned prediction-powered mean of a yes-or-no prediction is the double-sampling estimator: the share found,
    times the share of those that have it, plus the same for those not found. Its three shares are drawn from their
    Jeffreys posteriors, so that a gold without an error still leaves one possible.

    Args:
        found: As in `rogan_gladen_draws`, and the other arguments too.
        n: Services in all.
        counts: The gold, which must be a random sample of the same services.
        resamples: How many draws.
        rng: The generator.

    References:
        Tenenbein, A. (1970). A double sampling scheme for estimating from binomial data with misclassifications.
        JASA 65, 1350-1361. Angelopoulos, A. N. et al. (2023), PPI++, arXiv 2311.01453.
    """
    hits, misses, alarms, rejections = (np.asarray(count, dtype=float) for count in counts)
    apparent = _beta(found, np.asarray(n) - np.asarray(found), resamples, rng)
    given, omitted = _beta(hits, alarms, resamples, rng), _beta(misses, rejections, resamples, rng)
    return np.asarray(apparent * given + (1 - apparent) * omitted, dtype=np.float64)


def _double_sampled(share: float, counts: _Counts) -> float:
    # Where the gold holds no policy of one kind, nothing is known about it: half, and the draws spread over 0 to 1.
    given, omitted = (
        yes / (yes + no) if yes + no > 0 else 0.5
        for yes, no in ((counts.hits, counts.alarms), (counts.misses, counts.rejections))
    )
    return share * given + (1 - share) * omitted


def _lacking(counts: _Counts, needed: int) -> str | None:
    """Why sensitivity and specificity cannot be had from the gold of a cell; None where they can."""
    for kind, services in (("true", counts.n_true), ("false", counts.n_false)):
        if services < needed:
            return f"{services} services with a {kind} label, needs {needed}"
    sensitivity = counts.hits / (counts.hits + counts.misses)
    specificity = counts.rejections / (counts.rejections + counts.alarms)
    if sensitivity + specificity <= 1.1:
        # Below that the correction multiplies every error by ten.
        return f"sensitivity {sensitivity:.2f} and specificity {specificity:.2f} are too low"
    return None


def corrected(
    shares: pd.DataFrame,
    *,
    gold: pd.DataFrame | None = None,
    by: str | None = None,
    needed: int = NEEDED,
    level: float = 0.95,
    resamples: int = 4000,
    seed: int = 0,
) -> pd.DataFrame:
    """The shares with their corrections beside them, or the reason why there is none.

    Args:
        shares: From `findings.share`.
        gold: From `findings.policy_gold`, or a row for each labelled policy and feature: ``service``, ``feature``,
            ``predicted``, ``truth`` (both boolean), ``weight`` (1 / probability of being drawn), and ``by``.
        by: The column of cells that have a gold of their own (errors differ by era); None: one gold for all.
        needed: Services with a true, and services with a false label that Rogan and Gladen's correction must rest on;
            twice as many in all for the other.
        level: Confidence level.
        resamples: Draws of shares and gold together.
        seed: For the draws.

    Returns:
        ``shares`` with ``corrected``, ``corrected_low``, ``corrected_high`` (prediction-powered, see `ppi_draws`),
        ``rogan_gladen``, ``rogan_gladen_low``, ``rogan_gladen_high`` (null where not possible), ``n_gold`` (labelled
        services) and ``correction``: ``rogan_gladen and ppi``, ``ppi only: `` and why, ``not corrected: `` and why.

    Raises:
        ValueError: A column of the gold is missing, holds nulls, or a weight is not positive.

    Note:
        The prediction-powered share needs a gold drawn at random from the services counted, and makes the most of it;
        Rogan and Gladen's needs only that the errors are the same. Where the two disagree beyond their intervals, the
        gold is no fair sample. `benchmarks/interval_coverage.py` shows how often the intervals hold.
    """
    if gold is not None:
        _check(gold, by)
    # A generator for each row: what is asked beside it changes no row's interval.
    rows = [
        _correct_row(
            row,
            None if gold is None else _mine(gold, row["feature"], by, row.get(by)),
            needed,
            level,
            resamples,
            seed,
        )
        for row in shares.to_dict("records")
    ]
    ends = ("", "_low", "_high")
    columns = [f"{name}{end}" for name in ("corrected", "rogan_gladen") for end in ends] + ["n_gold", "correction"]
    return pd.concat([shares, pd.DataFrame(rows, columns=columns, index=shares.index)], axis=1)


def _check(gold: pd.DataFrame, by: str | None) -> None:
    for column in ("service", "feature", "predicted", "truth", "weight", *([by] if by else [])):
        if column not in gold or gold[column].isna().any():
            raise ValueError(f"the gold needs a column {column!r} without nulls; it has {', '.join(gold.columns)}")
    if (gold["weight"] <= 0).any():
        raise ValueError("a weight of the gold is not positive: it is 1 / probability of being drawn")


def _mine(gold: pd.DataFrame, feature: str, by: str | None, cell: object) -> pd.DataFrame:
    mine = gold[gold["feature"] == feature]
    return mine if by is None else mine[mine[by].astype(str) == str(cell)]


def _correct_row(
    row: Mapping[Any, Any], gold: pd.DataFrame | None, needed: int, level: float, resamples: int, seed: int
) -> tuple[Any, ...]:
    null = (np.nan, np.nan, np.nan)
    if gold is None or gold.empty:
        return (*null, *null, 0, NO_GOLD)
    counts = _counted(gold)
    if row["n"] == 0:
        return (*null, *null, counts.n, "not corrected: no service")
    if counts.n < 2 * needed:
        return (*null, *null, counts.n, f"not corrected: gold has {counts.n} services, needs {2 * needed}")
    rng = np.random.default_rng(seed)
    share, sample = float(row["value"]), (row["value"] * row["n"], row["n"], counts[:4])
    low, high = intervals.percentiles(ppi_draws(*sample, resamples=resamples, rng=rng), level=level)
    powered = (_double_sampled(share, counts), float(low), float(high))
    lacking = _lacking(counts, needed)
    if lacking:
        return (
            *powered,
            *null,
            counts.n,
            f"ppi only: {lacking}",
        )
    low, high = intervals.percentiles(rogan_gladen_draws(*sample, resamples=resamples, rng=rng), level=level)
    rates = {
        "sensitivity": counts.hits / (counts.hits + counts.misses),
        "specificity": counts.rejections / (counts.rejections + counts.alarms),
    }
    return (*powered, float(rogan_gladen(share, **rates)), float(low), float(high), counts.n, BOTH)


def corrected_change(
    changes: pd.DataFrame,
    *,
    gold: pd.DataFrame,
    before: str,
    after: str,
    by: str = "era",
    needed: int = NEEDED,
    level: float = 0.95,
    resamples: int = 4000,
    seed: int = 0,
) -> pd.DataFrame:
    """The change of a share between two cells, corrected in two ways, from each of which something may be learnt.

    Args:
        changes: From `findings.paired` (its ``gained`` and ``lost`` keep both sides of a service together) or
            `findings.share_difference` (both cells are then drawn as if independent, which is on the wide side).
        gold: As in `corrected`; for a panel of services only those services' gold, since others may be less, or more,
            often right where the program is.
        before: The cell of the gold for the shares before.
        after: The cell for those after.
        by: The gold's column of cells.
        needed: As in `corrected`, for each cell.
        level: Confidence level.
        resamples: Draws.
        seed: For the draws.

    Returns:
        ``changes`` with ``corrected``, ``corrected_low``, ``corrected_high``: each side corrected by the gold of its
        own cell; ``alike``, ``alike_low``, ``alike_high``: for a program that errs alike on both sides, so that
        every change shrinks by sensitivity + specificity - 1 (from both cells' gold); ``n_gold``; ``correction``.

    Note:
        The first supposes nothing and is wide: the gold's noise enters twice. The second is narrow, and right only
        where `error_rates` of both cells agree.
    """
    _check(gold, by)
    rows = []
    for row in changes.to_dict("records"):
        sides = [
            _counted(gold[(gold["feature"] == row["feature"]) & (gold[by].astype(str) == c)]) for c in (before, after)
        ]
        rows.append(_correct_change(row, sides, needed, level, resamples, seed))
    ends = ("", "_low", "_high")
    columns = [f"{name}{end}" for name in ("corrected", "alike") for end in ends] + ["n_gold", "correction"]
    return pd.concat([changes, pd.DataFrame(rows, columns=columns, index=changes.index)], axis=1)


def _correct_change(
    row: Mapping[Any, Any], sides: list[_Counts], needed: int, level: float, resamples: int, seed: int
) -> tuple[Any, ...]:
    null, n_gold = (np.nan, np.nan, np.nan), sum(side.n for side in sides)
    if n_gold == 0:
        return (*null, *null, 0, NO_GOLD)
    if min(side.n for side in sides) < 2 * needed:
        least = min(side.n for side in sides)
        return (*null, *null, n_gold, f"not corrected: gold has {least} services on one side, needs {2 * needed}")
    rng = np.random.default_rng(seed)
    apparent = _both_sides(row, resamples, rng)
    values, drawn = [], []
    for name, side, share in zip(("before", "after"), sides, apparent, strict=True):
        given, omitted = (
            _beta(yes, no, resamples, rng) for yes, no in ((side.hits, side.alarms), (side.misses, side.rejections))
        )
        values.append(_double_sampled(float(row[name]), side))
        drawn.append(share * given + (1 - share) * omitted)
    low, high = intervals.percentiles(drawn[1] - drawn[0], level=level)
    own = (values[1] - values[0], float(low), float(high))
    pooled = _Counts(*(sum(each) for each in zip(*sides, strict=True)))
    lacking = _lacking(pooled, needed)
    if lacking:
        return (*own, *null, n_gold, f"own errors only: {lacking}")
    power = pooled.hits / (pooled.hits + pooled.misses) - pooled.alarms / (pooled.alarms + pooled.rejections)
    draws = _beta(pooled.hits, pooled.misses, resamples, rng) - _beta(pooled.alarms, pooled.rejections, resamples, rng)
    shrunk = (apparent[1] - apparent[0]) / np.where(draws > 0, draws, np.nan)
    low, high = intervals.percentiles(shrunk, level=level)
    return (*own, float(row["value"]) / power, float(low), float(high), n_gold, "own errors, and errors alike")


def _both_sides(row: Mapping[Any, Any], resamples: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draws of the apparent shares before and after."""
    if "gained" in row:
        shares = rng.dirichlet([row[name] + 0.5 for name in ("gained", "lost", "kept", "neither")], resamples)
        return shares[:, 1] + shares[:, 2], shares[:, 0] + shares[:, 2]
    sides = ((row["before"], row["n_before"]), (row["after"], row["n_after"]))
    first, last = (_beta(share * n, (1 - share) * n, resamples, rng) for share, n in sides)
    return first, last
