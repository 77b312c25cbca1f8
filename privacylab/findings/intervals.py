"""Intervals and corrections that every finding uses: Wilson, the bootstrap over services, Benjamini-Hochberg."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
"""The confidence level of every interval."""

Z = float(stats.norm.ppf(0.5 + LEVEL / 2))
"""The two-sided normal quantile of that level."""

RESAMPLES = 2000
"""Bootstrap resamples of services."""

SEED = 0
"""The seed of all random draws."""

NO_SERVICE = "none: no service"
"""The column ``interval`` of an empty cell, whose value, low and high are null."""


class TooFewError(ValueError):
    """The data are sound, but too few for the question; the message says which. The report shows that sentence."""


def wilson(count: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Wilson's score interval of a share.

    Args:
        count: Observations that have the feature; may be fractional (weighted).
        n: Observations in all, of the same shape.

    Returns:
        Low and high, 0 to 1; null if n is 0.

    Raises:
        ValueError: A count is negative or above its n.

    References:
        Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22, 209-212.

    >>> low, high = wilson(1, 10)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0179, 0.4042)
    """
    hits, total = np.asarray(count, dtype=float), np.asarray(n, dtype=float)
    if np.any(hits < 0) or np.any(hits > total):
        raise ValueError("count must lie between 0 and n")
    size = np.where(total > 0, total, np.nan)
    share = hits / size
    centre = share + Z**2 / (2 * size)
    half = Z * np.sqrt(share * (1 - share) / size + Z**2 / (4 * size**2))
    scale = 1 + Z**2 / size
    # At the ends the formula gives exactly 0 and 1; rounding must not step outside.
    return np.clip((centre - half) / scale, 0.0, 1.0), np.clip((centre + half) / scale, 0.0, 1.0)


def benjamini_hochberg(p: npt.ArrayLike) -> Floats:
    """False-discovery-adjusted p-values (q); nulls stay null and do not count as tests.

    References:
        Benjamini, Y. & Hochberg, Y. (1995). Controlling the false discovery rate. JRSS B 57, 289-300.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    adjusted = np.array(p, dtype=float)
    tested = ~np.isnan(adjusted)
    adjusted[tested] = stats.false_discovery_control(adjusted[tested])
    return adjusted


def effective_number(values: Floats, owners: npt.ArrayLike) -> Floats:
    """How many independent services would give the mean as exactly as these do, whose owners have several of them.

    Args:
        values: Shape (services, columns), 0 to 1.
        owners: The owner of each.

    Returns:
        A number for each column, at most that of the services: the variance of the mean if services are independent,
        over its variance if owners are. If all values are equal there is no variance: then all services of an owner
        count as one.

    References:
        Kish, L. (1965). Survey Sampling. Korn, E. L. & Graubard, B. I. (1998). Confidence intervals for proportions
        with small expected number of positive counts estimated from survey data. Survey Methodology 24, 193-201.

    >>> effective_number(np.array([[1.0], [1.0], [0.0], [0.0]]), ["a", "a", "b", "b"]).tolist()
    [2.0]
    """
    n = len(values)
    away = values - values.sum(axis=0) / max(n, 1)
    of_owner = pd.DataFrame(away).groupby(np.asarray(owners))
    alike = n**2 / max((of_owner.size() ** 2).sum(), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        number = n * (away**2).sum(axis=0) / (of_owner.sum().to_numpy() ** 2).sum(axis=0)
    return np.asarray(np.where(np.isnan(number), alike, np.clip(number, 1, n)), dtype=np.float64)


def wilson_of(values: Floats, owners: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """The `effective_number` of each column of services' values, 0 to 1, and Wilson's low and high with it."""
    number = effective_number(values, owners)
    return number, *wilson(values.sum(axis=0) / max(len(values), 1) * number, number)


def resampled_services(
    n: int, *, resamples: int = RESAMPLES, owners: npt.ArrayLike | None = None
) -> npt.NDArray[np.float32]:
    """How often each of n services is drawn in each bootstrap resample (with replacement).

    Args:
        n: Services.
        resamples: How many.
        owners: The owner of each service: owners are then drawn, each with all its services.

    Returns:
        Counts, shape (resamples, n); each row sums to n if no owner has several services.
    """
    if owners is not None:
        codes, names = pd.factorize(np.asarray(owners))
        return resampled_services(len(names), resamples=resamples)[:, codes]
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(max(n, 1), size=(resamples, n)) + n * np.arange(resamples)[:, None]
    # Counting the draws at once is ten times as fast as multinomial().
    return np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n).astype(np.float32)


def averages(values: Floats, weights: npt.NDArray[np.float32], statistic: str) -> Floats:
    """The ``median`` or ``mean`` of each bootstrap resample, from how often each value was drawn.

    Args:
        values: Shape (n,); for means it may have columns.
        weights: From `resampled_services`, shape (resamples, n), or those of its columns that have a value. Null if a
            resample draws none.
        statistic: Which of the two.
    """
    n = weights.sum(axis=1)
    if statistic == "mean":
        return np.asarray(((weights @ values).T / np.where(n > 0, n, np.nan)).T)
    order = np.argsort(values, kind="stable")
    drawn, ordered = np.cumsum(weights[:, order], axis=1), values[order]
    lower, upper = (np.argmax(drawn >= rank[:, None], axis=1) for rank in ((n + 1) // 2, n // 2 + 1))
    return np.where(n > 0, (ordered[lower] + ordered[upper]) / 2, np.nan)


def average_interval(values: Floats, statistic: str, *, owners: npt.ArrayLike | None = None) -> tuple[Floats, Floats]:
    """The bootstrap interval of the median or mean over services: a value (or a row) for each."""
    return percentiles(averages(values, resampled_services(len(values), owners=owners), statistic))


def percentiles(replicates: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """The percentile interval of bootstrap replicates along their first axis; undefined replicates are left out."""
    values = np.asarray(replicates, dtype=float)
    table = pd.DataFrame(values.reshape(len(values), -1))
    low, high = table.quantile([(1 - LEVEL) / 2, (1 + LEVEL) / 2]).to_numpy().reshape(2, *values.shape[1:])
    return low, high
