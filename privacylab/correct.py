"""Shares corrected for the error of what found the feature, at the unit of the claim: the policy.

Errors per segment do not carry over (one false positive in a hundred segments makes half of the long policies false
positives), so sensitivity and specificity here are a policy's, from hand-labelled policies (the gold).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacylab import uncertainty

Floats = npt.NDArray[np.float64]

NO_GOLD = "not corrected: no gold"
ROGAN_GLADEN = "rogan_gladen"


class Estimate(NamedTuple):
    """A number with its interval; ``n`` is the number of gold labels behind it."""

    n: int
    value: float
    low: float
    high: float


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


def ppi_mean(
    predicted: npt.ArrayLike,
    *,
    gold_predicted: npt.ArrayLike,
    gold_truth: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    tuned: bool = False,
    level: float = 0.95,
) -> Estimate:
    """The mean of a truth that is known for few, from predictions for many (prediction-powered inference).

    Args:
        predicted: A prediction for each service without gold (mean over its policies).
        gold_predicted: The same for each service with gold.
        gold_truth: Its truth.
        weights: Sampling weights of the gold (1 / probability of being drawn); None: equal.
        tuned: Weigh the predictions by how well they follow the truth (PPI++), never worse than the gold alone.
        level: Confidence level.

    Returns:
        The estimate; not cut to 0..1, so that its interval stays honest.

    Raises:
        ValueError: Lengths differ, or there are fewer than two of either.

    References:
        Angelopoulos, A. N. et al. (2023). Prediction-powered inference. Science 382, 669-674. PPI++: arXiv 2311.01453.
    """
    many, few, truth = (np.asarray(values, dtype=float) for values in (predicted, gold_predicted, gold_truth))
    if len(few) != len(truth) or min(len(many), len(few)) < 2:
        raise ValueError(f"needs two or more of each: {len(many)} predictions, gold {len(few)} and {len(truth)}")
    weight = np.ones(len(few)) if weights is None else np.asarray(weights, dtype=float)
    weight = weight / weight.sum()
    power = 1.0
    if tuned:
        covariance = np.cov(few, truth, aweights=weight)
        spread = np.var(np.concatenate([many, few]), ddof=1)
        power = float(np.clip(covariance[0, 1] / ((1 + len(few) / len(many)) * spread), 0, 1)) if spread else 0.0
    rest = truth - power * few
    rectifier = float(weight @ rest)
    value = power * float(many.mean()) + rectifier
    # A weighted mean's variance: the sum of squared weighted residuals, with the small-sample factor n / (n - 1).
    noise = float(weight**2 @ (rest - rectifier) ** 2) * len(few) / (len(few) - 1)
    half = uncertainty.z_score(level) * float(np.sqrt(power**2 * many.var(ddof=1) / len(many) + noise))
    return Estimate(len(few), value, value - half, value + half)


def corrected(
    shares: pd.DataFrame,
    *,
    gold: pd.DataFrame | None = None,
    by: str | None = None,
    needed: int = 10,
    level: float = 0.95,
    resamples: int = 4000,
    seed: int = 0,
) -> pd.DataFrame:
    """The shares with their correction beside them, or the reason why there is none.

    Args:
        shares: From `measure.share`.
        gold: A row for each hand-labelled policy and feature: ``service``, ``feature``, ``predicted``, ``truth``
            (both boolean), ``weight`` (1 / probability of being drawn), and the column ``by`` if it is given.
        by: The column of cells that have a gold of their own (errors differ by era); None: one gold for all.
        needed: Services with a true, and services with a false label that a correction must rest on.
        level: Confidence level.
        resamples: Replicates of shares and gold together.
        seed: For the replicates.

    Returns:
        ``shares`` with ``corrected``, ``corrected_low``, ``corrected_high`` (null where not corrected), ``n_gold``
        (labelled services) and ``correction``: ``rogan_gladen``, or ``not corrected: `` and why.

    Raises:
        ValueError: A column of the gold is missing, holds nulls, or a weight is not positive.

    Note:
        Each replicate draws the share anew from its n services, and sensitivity and specificity from the gold's
        services (resampled with their weights). A share or rate of exactly 0 or 1 would never vary when resampled;
        those are drawn from their Jeffreys posterior instead.
    """
    if gold is not None:
        _check(gold, by)
    # A generator for each row: what is asked beside it changes no row's interval.
    rows = [
        _correct_row(row, gold, by, needed, level, resamples, np.random.default_rng(seed))
        for row in shares.to_dict("records")
    ]
    columns = ["corrected", "corrected_low", "corrected_high", "n_gold", "correction"]
    return pd.concat([shares, pd.DataFrame(rows, columns=columns, index=shares.index)], axis=1)


def _check(gold: pd.DataFrame, by: str | None) -> None:
    for column in ("service", "feature", "predicted", "truth", "weight", *([by] if by else [])):
        if column not in gold or gold[column].isna().any():
            raise ValueError(f"the gold needs a column {column!r} without nulls; it has {', '.join(gold.columns)}")
    if (gold["weight"] <= 0).any():
        raise ValueError("a weight of the gold is not positive: it is 1 / probability of being drawn")


def _correct_row(
    row: Mapping[Any, Any],
    gold: pd.DataFrame | None,
    by: str | None,
    needed: int,
    level: float,
    resamples: int,
    rng: np.random.Generator,
) -> tuple[float, float, float, int, str]:
    null = (np.nan, np.nan, np.nan)
    if gold is None:
        return (*null, 0, NO_GOLD)
    mine = gold[gold["feature"] == row["feature"]]
    if by is not None:
        mine = mine[mine[by].astype(str) == str(row[by])]
    n_gold = int(mine["service"].nunique())
    if n_gold == 0:
        return (*null, 0, NO_GOLD)
    if row["n"] == 0:
        return (*null, n_gold, "not corrected: no service")
    truth = mine["truth"].astype(bool)
    for kind, labelled in (("true", mine[truth]), ("false", mine[~truth])):
        found = labelled["service"].nunique()
        if found < needed:
            return (*null, n_gold, f"not corrected: gold has {found} services with a {kind} label, needs {needed}")
    sensitivity, se = _rate(mine[truth], True, resamples, rng)
    specificity, sp = _rate(mine[~truth], False, resamples, rng)
    if sensitivity + specificity <= 1.1:
        # Below that the correction multiplies every error by ten.
        return (
            *null,
            n_gold,
            f"not corrected: sensitivity {sensitivity:.2f} and specificity {specificity:.2f} are too low",
        )
    value = float(rogan_gladen(row["value"], sensitivity=sensitivity, specificity=specificity))
    apparent = _beta_or_binomial(row["value"], row["n"], resamples, rng)
    power = se + sp - 1
    replicates = np.where(power > 0, np.clip((apparent + sp - 1) / np.where(power > 0, power, 1), 0, 1), np.nan)
    low, high = uncertainty.percentiles(replicates, level=level)
    return value, float(low), float(high), n_gold, ROGAN_GLADEN


def _rate(labelled: pd.DataFrame, wanted: bool, resamples: int, rng: np.random.Generator) -> tuple[float, Floats]:
    """The weighted share predicted as wanted, and its replicates over the gold's services."""
    hit = (labelled["predicted"].astype(bool) == wanted) * labelled["weight"]
    sums = pd.DataFrame({"hit": hit, "weight": labelled["weight"]}).groupby(labelled["service"], sort=True).sum()
    hits, weight = sums["hit"].to_numpy(float), sums["weight"].to_numpy(float)
    value, n = float(hits.sum() / weight.sum()), len(sums)
    if value in (0.0, 1.0):
        effective = float(weight.sum() ** 2 / (weight**2).sum())
        return value, rng.beta(value * effective + 0.5, (1 - value) * effective + 0.5, resamples)
    drawn = uncertainty.resampled_services(n, resamples=resamples, seed=int(rng.integers(2**31)))
    return value, np.asarray((drawn @ hits) / (drawn @ weight), dtype=np.float64)


def _beta_or_binomial(value: float, n: int, resamples: int, rng: np.random.Generator) -> Floats:
    if value in (0.0, 1.0):
        return np.asarray(rng.beta(value * n + 0.5, (1 - value) * n + 0.5, resamples))
    return np.asarray(rng.binomial(n, value, resamples) / n)
