"""Shares corrected for the measured errors of the classifier and the rules."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacylab.findings import intervals
from privacylab.findings.intervals import SEED, Floats

Row = dict[str, Any]

NEEDED = 10
"""The services with a true label, and with a false one, that sensitivity and specificity need."""
RESAMPLES = 4000
"""Draws of shares and gold together."""


def rogan_gladen(share: npt.ArrayLike, *, sensitivity: npt.ArrayLike, specificity: npt.ArrayLike) -> Floats:
    """The true share behind an apparent one, cut to 0..1; null if the finder is no better than chance.

    Args:
        share: Share of policies with the feature as found, 0 to 1.
        sensitivity: Share found among the policies that have it.
        specificity: Share not found among those that do not.

    Note:
        Cutting to 0..1 biases an estimate near the ends; read it with its interval.

    References:
        Rogan, W. J. & Gladen, B. (1978). Estimating prevalence from the results of a screening test. AJE 107, 71-76.

    >>> float(rogan_gladen(0.3, sensitivity=0.8, specificity=0.9).round(4))
    0.2857
    """
    false = 1 - np.asarray(specificity, dtype=float)
    power = np.asarray(sensitivity, dtype=float) - false
    return np.asarray(np.clip((np.asarray(share) - false) / np.where(power > 0, power, np.nan), 0, 1))


class _Counts(NamedTuple):
    """A cell's gold: weighted hits, misses, false alarms and correct rejections; the number of services.

    The weights are scaled to the effective number of owners (Kish 1965): uneven weights, and several services of one
    owner, count less.
    """

    hits: float
    misses: float
    alarms: float
    rejections: float
    n: int
    n_true: int
    n_false: int

    @property
    def sensitivity(self) -> float:
        return self.hits / (self.hits + self.misses) if self.n_true else np.nan

    @property
    def specificity(self) -> float:
        return self.rejections / (self.rejections + self.alarms) if self.n_false else np.nan


def _counted(gold: pd.DataFrame) -> _Counts:
    predicted, truth = gold["predicted"].to_numpy(dtype=bool), gold["truth"].to_numpy(dtype=bool)
    owners = gold["owner" if "owner" in gold else "service"].to_numpy()
    by_owner = gold["weight"].groupby(owners).sum().to_numpy(dtype=float)
    scale = by_owner.sum() / (by_owner**2).sum() if len(gold) else 0.0
    weight = scale * gold["weight"].to_numpy(dtype=float)
    return _Counts(
        hits=weight[predicted & truth].sum(),
        misses=weight[~predicted & truth].sum(),
        alarms=weight[predicted & ~truth].sum(),
        rejections=weight[~predicted & ~truth].sum(),
        n=gold["service"].nunique(),
        n_true=gold.loc[truth, "service"].nunique(),
        n_false=gold.loc[~truth, "service"].nunique(),
    )


def error_rates(gold: pd.DataFrame, *, by: str | None = "era") -> pd.DataFrame:
    """How often the program finds what a policy has, and how often it correctly finds nothing.

    Args:
        gold: From `findings.policy_gold` (for the generous reading: ``gold.assign(truth=gold["generous"])``).
        by: The column of cells; None: all together.

    Returns:
        The cell, ``feature``, ``n`` (services read), ``n_true``, ``sensitivity``, ``sensitivity_low``,
        ``sensitivity_high``, ``n_false``, ``specificity``, ``specificity_low``, ``specificity_high`` (Wilson's
        intervals with the effective numbers). A rate without services is null, with n 0. No rows without gold.
    """
    _check(gold, by)
    keys = ["feature"] if by is None else [by, "feature"]
    rows = []
    for cell, part in gold.groupby(keys, sort=False):
        counts = _counted(part)
        found = intervals.wilson(counts.hits, counts.hits + counts.misses)
        silent = intervals.wilson(counts.rejections, counts.rejections + counts.alarms)
        row = (*cell, counts.n, counts.n_true, counts.sensitivity, *found, counts.n_false, counts.specificity, *silent)
        rows.append(row)
    sensitivity, specificity = _names("sensitivity"), _names("specificity")
    columns = [*keys, "n", "n_true", *sensitivity, "n_false", *specificity]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys([*sensitivity, *specificity], float))


def _names(name: str) -> tuple[str, str, str]:
    return name, f"{name}_low", f"{name}_high"


def _estimate(name: str, value: float | Floats, draws: Floats) -> Row:
    return dict(zip(_names(name), (value, *intervals.percentiles(draws)), strict=True))


def share_draws(yes: npt.ArrayLike, no: npt.ArrayLike, rng: np.random.Generator, resamples: int = RESAMPLES) -> Floats:
    """Draws of a share from its Jeffreys posterior; shape (*shape of the counts, resamples)."""
    a, b = np.asarray(yes, dtype=float)[..., None] + 0.5, np.asarray(no, dtype=float)[..., None] + 0.5
    return np.asarray(rng.beta(a, b, (*a.shape[:-1], resamples)), dtype=np.float64)


def rogan_gladen_draws(apparent: Floats, counts: Sequence[npt.ArrayLike], rng: np.random.Generator) -> Floats:
    """Draws of the true share behind an apparent one, by `rogan_gladen`, with the noise of shares and gold.

    Args:
        apparent: Draws of the share as found, from `share_draws`.
        counts: The gold: hits, misses, false alarms, correct rejections (each with the shape of the shares).
        rng: The generator.

    Returns:
        The same number; null where a draw of sensitivity + specificity is not above 1.
    """
    hits, misses, alarms, rejections = counts
    resamples = apparent.shape[-1]
    sensitivity = share_draws(hits, misses, rng, resamples)
    specificity = share_draws(rejections, alarms, rng, resamples)
    return rogan_gladen(apparent, sensitivity=sensitivity, specificity=specificity)


def ppi_draws(apparent: Floats, counts: Sequence[npt.ArrayLike], rng: np.random.Generator) -> Floats:
    """Draws of the true share by prediction-powered inference, for a feature that is found or not.

    The best-tuned prediction-powered mean of a yes-or-no prediction is the double-sampling estimator: the share found,
    times the share of those that have it, plus the same for those not found. Its three shares are drawn from their
    Jeffreys posteriors, so that errors remain possible even if the gold shows none.

    Args:
        apparent: As in `rogan_gladen_draws`, as is the generator.
        counts: The gold, which must be a random sample of the same services.
        rng: The generator.

    References:
        Tenenbein, A. (1970). A double sampling scheme for estimating from binomial data with misclassifications.
        JASA 65, 1350-1361. Angelopoulos, A. N. et al. (2023), PPI++, arXiv 2311.01453.
    """
    hits, misses, alarms, rejections = counts
    resamples = apparent.shape[-1]
    given, omitted = share_draws(hits, alarms, rng, resamples), share_draws(misses, rejections, rng, resamples)
    return apparent * given + (1 - apparent) * omitted


def _double_sampled(share: float, counts: _Counts) -> float:
    found, not_found = counts.hits + counts.alarms, counts.misses + counts.rejections
    # If the gold has no policy of one kind, nothing is known about it: half, and the draws spread over 0 to 1.
    given = counts.hits / found if found else 0.5
    omitted = counts.misses / not_found if not_found else 0.5
    return share * given + (1 - share) * omitted


def _lacking(counts: _Counts) -> str | None:
    """Why a cell's gold cannot give sensitivity and specificity; None if it can."""
    for what, services in (("have", counts.n_true), ("lack", counts.n_false)):
        if services < NEEDED:
            return f"{services} services that {what} it were read, {NEEDED} are needed"
    if counts.sensitivity + counts.specificity <= 1.1:
        # Below this the correction multiplies every error by ten.
        return f"sensitivity {counts.sensitivity:.2f} and specificity {counts.specificity:.2f} are too low"
    return None


def corrected(shares: pd.DataFrame, *, gold: pd.DataFrame, by: str | None = None) -> pd.DataFrame:
    """The shares with their corrections, or the reason why there is none.

    Args:
        shares: From `findings.share`; its ``n_effective`` says how exact a share is.
        gold: From `findings.policy_gold`, or a row for each labelled policy and feature: ``service``, ``feature``,
            ``predicted``, ``truth`` (both boolean), ``weight`` (1 / probability of being drawn), and ``by``; with
            ``owner``, owners are counted once.
        by: The column of cells with separate golds (errors differ by era); None: one gold for all.

    Returns:
        ``shares`` with ``corrected``, ``corrected_low``, ``corrected_high`` (prediction-powered, see `ppi_draws`; from
        twice `NEEDED` services on), ``rogan_gladen``, ``rogan_gladen_low``, ``rogan_gladen_high`` (from `NEEDED`
        services of either label on), ``n_gold`` (labelled services) and ``correction``: ``prediction-powered and
        Rogan-Gladen``, ``prediction-powered only: `` and why, ``not corrected: `` and why.

    Raises:
        ValueError: A column of the gold is missing or has nulls, or a weight is not positive.

    Note:
        The prediction-powered share needs a gold drawn at random from the services counted, and uses it best; Rogan and
        Gladen's needs only equal errors. If the two disagree beyond their intervals, the gold is not a fair sample.
        `benchmarks/interval_coverage.py` shows how often the intervals hold.
    """
    _check(gold, by)
    rows = [_correct(row, _counted(_cell(gold, row["feature"], by, row.get(by)))) for row in shares.to_dict("records")]
    return _beside(shares, rows, "corrected", "rogan_gladen")


def _check(gold: pd.DataFrame, by: str | None) -> None:
    for column in ("service", "feature", "predicted", "truth", "weight", *([by] if by else [])):
        if column not in gold or gold[column].isna().any():
            raise ValueError(f"the gold needs a column {column!r} without nulls; it has {', '.join(gold.columns)}")
    if (gold["weight"] <= 0).any():
        raise ValueError("a weight of the gold is not positive: it is 1 / probability of being drawn")


def _cell(gold: pd.DataFrame, feature: str, by: str | None, cell: object) -> pd.DataFrame:
    rows = gold[gold["feature"] == feature]
    return rows if by is None else rows[rows[by].astype(str) == str(cell)]


def _beside(frame: pd.DataFrame, rows: list[Row], *estimates: str) -> pd.DataFrame:
    columns = [column for name in estimates for column in _names(name)]
    corrections = pd.DataFrame(rows, columns=[*columns, "n_gold", "correction"], index=frame.index)
    return pd.concat([frame, corrections.astype(dict.fromkeys(columns, float))], axis=1)


def _correct(row: Mapping[Hashable, Any], counts: _Counts) -> Row:
    n, needed = counts.n, 2 * NEEDED
    if n < needed or row["n"] == 0:
        why = "no gold" if not n else "no service" if row["n"] == 0 else f"gold has {n} services, needs {needed}"
        return {"n_gold": n, "correction": f"not corrected: {why}"}
    # A generator for each row, so that other rows do not change its interval.
    rng = np.random.default_rng(SEED)
    share, number = row["value"], row.get("n_effective", row["n"])
    yes, no = share * number, (1 - share) * number
    draws = ppi_draws(share_draws(yes, no, rng), counts[:4], rng)
    estimates = {"n_gold": n, **_estimate("corrected", _double_sampled(share, counts), draws)}
    if lacking := _lacking(counts):
        return {**estimates, "correction": f"prediction-powered only: {lacking}"}
    value = rogan_gladen(share, sensitivity=counts.sensitivity, specificity=counts.specificity)
    draws = rogan_gladen_draws(share_draws(yes, no, rng), counts[:4], rng)
    return {**estimates, **_estimate("rogan_gladen", value, draws), "correction": "prediction-powered and Rogan-Gladen"}


def as_corrected(shares: pd.DataFrame) -> pd.DataFrame:
    """The shares or changes, corrected where possible.

    Args:
        shares: From `corrected` or `corrected_change`.

    Returns:
        ``shares`` with ``corrected`` and its interval as ``value``, ``low`` and ``high`` where there is one; ``found``,
        the values before; ``is_corrected``.
    """
    known = shares["corrected"].notna()
    better = {name: f"corrected_{name}" for name in ("low", "high")} | {"value": "corrected"}
    values = {raw: shares[new].where(known, shares[raw].astype(float)) for raw, new in better.items()}
    return shares.assign(found=shares["value"], is_corrected=known, **values)


def may_be_off(shares: pd.DataFrame, *, gold: pd.DataFrame) -> pd.DataFrame:
    """Uncorrected shares, and how far they may be off: the true shares that are possible.

    Args:
        shares: From `findings.share`, of any cells.
        gold: From `findings.policy_gold`, all eras together.

    Returns:
        ``shares`` with ``true_low`` and ``true_high``: the true shares (`rogan_gladen`) with sensitivity and
        specificity at the ends of their intervals that move them most. Null if the gold has fewer than `NEEDED`
        services of either label, or the classifier or rule may be no better than chance.

    Note:
        These are limits for a level, not an interval: two intervals are rarely both at their ends. A change between two
        cells is off by less if the program errs equally in both.
    """
    rates = error_rates(gold, by=None).set_index("feature")
    rates = rates[(rates[["n_true", "n_false"]] >= NEEDED).all(axis=1)].reindex(shares["feature"])
    true = {}
    for end, hits, rejections in (("true_low", "high", "low"), ("true_high", "low", "high")):
        sensitivity, specificity = rates[f"sensitivity_{hits}"], rates[f"specificity_{rejections}"]
        true[end] = rogan_gladen(shares["value"].astype(float), sensitivity=sensitivity, specificity=specificity)
    return shares.assign(**true)


def corrected_change(changes: pd.DataFrame, *, gold: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """The change of a share between two eras, corrected in two ways.

    Args:
        changes: From `findings.paired`, `findings.both_ways` (``gained`` and ``lost`` keep both sides of a service
            together) or `findings.share_difference` (both eras are then drawn as if independent, which gives wide
            intervals).
        gold: As in `corrected`, with ``era``; for a panel of services its services' gold if there is enough (if not,
            the program's errors in them are assumed to be the same as in all).
        before: The era of the gold for the shares before.
        after: The era for those after; the same to use one gold for both sides.

    Returns:
        ``changes`` with ``corrected``, ``corrected_low``, ``corrected_high``: each side corrected by the gold of its
        own era (null if that is one); ``alike``, ``alike_low``, ``alike_high``: for a program with equal errors on both
        sides, so that every change shrinks by sensitivity + specificity - 1 (from both eras' gold); ``n_gold``;
        ``correction``.

    Note:
        The first assumes nothing and is wide: the gold's noise enters twice. The second is narrow, and right only if
        the `error_rates` of both eras agree.
    """
    _check(gold, "era")
    rows = []
    for row in changes.to_dict("records"):
        sides = [_counted(_cell(gold, row["feature"], "era", era)) for era in (before, after)]
        rows.append(_correct_alike(row, sides[0]) if before == after else _correct_change(row, *sides))
    return _beside(changes, rows, "corrected", "alike")


def _correct_change(row: Mapping[Hashable, Any], before: _Counts, after: _Counts) -> Row:
    sums: list[Any] = [sum(pair) for pair in zip(before, after, strict=True)]
    pooled, least = _Counts(*sums), min(before.n, after.n)
    if least < 2 * NEEDED:
        why = f"gold has {least} services on one side, needs {2 * NEEDED}" if pooled.n else "no gold"
        return {"n_gold": pooled.n, "correction": f"not corrected: {why}"}
    rng = np.random.default_rng(SEED)
    first, last = _both_sides(row, rng)
    value = _double_sampled(row["after"], after) - _double_sampled(row["before"], before)
    own_first, own_last = ppi_draws(first, before[:4], rng), ppi_draws(last, after[:4], rng)
    estimates = _estimate("corrected", value, own_last - own_first)
    alike = _correct_alike(row, pooled)
    ground = alike["correction"].removeprefix("not corrected: ")
    link = ", and " if "alike" in alike else " only: "
    return {**estimates, **alike, "correction": f"own errors{link}{ground}"}


def _correct_alike(row: Mapping[Hashable, Any], pooled: _Counts) -> Row:
    if lacking := _lacking(pooled) if pooled.n else "no gold":
        return {"n_gold": pooled.n, "correction": f"not corrected: {lacking}"}
    rng = np.random.default_rng(SEED)
    first, last = _both_sides(row, rng)
    power = share_draws(pooled.hits, pooled.misses, rng) - share_draws(pooled.alarms, pooled.rejections, rng)
    value = row["value"] / (pooled.sensitivity + pooled.specificity - 1)
    alike = _estimate("alike", value, (last - first) / np.where(power > 0, power, np.nan))
    return {"n_gold": pooled.n, **alike, "correction": "errors alike"}


def _both_sides(row: Mapping[Hashable, Any], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Draws of the apparent shares before and after."""
    if pd.notna(row.get("gained")):
        counted = np.array([row[name] for name in ("gained", "lost", "kept", "neither")], dtype=float)
        counts = counted * row.get("n_effective", counted.sum()) / max(counted.sum(), 1) + 0.5
        gained, lost, kept, _ = rng.dirichlet(counts, RESAMPLES).T
        return lost + kept, gained + kept
    first, last = (
        share_draws(row[side] * row[f"n_{side}"], (1 - row[side]) * row[f"n_{side}"], rng)
        for side in ("before", "after")
    )
    return first, last
