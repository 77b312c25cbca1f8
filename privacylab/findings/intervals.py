"""Intervals and corrections that every finding uses: Wilson, the bootstrap over services, Benjamini-Hochberg."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

Floats = npt.NDArray[np.float64]

LEVEL = 0.95
"""The confidence level of every interval."""

RESAMPLES = 2000
"""Bootstrap resamples of services."""

SEED = 0
"""For everything that is drawn at random."""

NO_SERVICE = "none: no service"
"""What the column ``interval`` says where a cell is empty: its value, low and high are null."""


class TooFewError(ValueError):
    """The data are sound, but too few for what is asked; the message says of what. The report shows that sentence."""


def z_score(level: float = LEVEL) -> float:
    """The two-sided normal quantile of a confidence level.

    Raises:
        ValueError: The level is not between 0 and 1.

    >>> round(z_score(), 3)
    1.96
    """
    if not 0 < level < 1:
        raise ValueError(f"level {level!r} must lie between 0 and 1, for example 0.95")
    return float(stats.norm.ppf(0.5 + level / 2))


def wilson(count: npt.ArrayLike, n: npt.ArrayLike, *, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Wilson's score interval of a share.

    Args:
        count: Observations that have the feature; may be fractional (weighted).
        n: Observations in all, of the same shape.
        level: Confidence level.

    Returns:
        Low and high, 0 to 1; null where n is 0.

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
    z = z_score(level)
    size = np.where(total > 0, total, np.nan)
    share = hits / size
    centre = share + z**2 / (2 * size)
    half = z * np.sqrt(share * (1 - share) / size + z**2 / (4 * size**2))
    scale = 1 + z**2 / size
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


def resampled_services(n: int, *, resamples: int = RESAMPLES, seed: int = SEED) -> npt.NDArray[np.float32]:
    """How often each of n services is drawn in each bootstrap resample (with replacement, n draws).

    Returns:
        Counts, shape (resamples, n); each row sums to n.

    Raises:
        ValueError: ``resamples`` is below 1.
    """
    if resamples < 1:
        raise ValueError(f"resamples {resamples} must be 1 or more")
    if n == 0:
        return np.zeros((resamples, 0), dtype=np.float32)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(n, size=(resamples, n)) + n * np.arange(resamples)[:, None]
    # Counting the draws in one go is ten times as fast as multinomial().
    return np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n).astype(np.float32)


def medians(values: Floats, weights: npt.NDArray[np.float32]) -> Floats:
    """The median of each bootstrap resample, from how often each value was drawn: no need to build the resamples.

    Args:
        values: Shape (n,).
        weights: From `resampled_services`, shape (resamples, n), or those of its columns that have a value. Null
            where a resample draws none.
    """
    if not len(values):
        return np.full(len(weights), np.nan)
    order = np.argsort(values, kind="stable")
    drawn = np.cumsum(weights[:, order], axis=1)
    n = drawn[:, -1:]
    lower, upper = (np.argmax(drawn >= rank, axis=1) for rank in ((n + 1) // 2, n // 2 + 1))
    ordered = values[order]
    return np.where(n[:, 0] > 0, (ordered[lower] + ordered[upper]) / 2, np.nan)


def averages(values: Floats, weights: npt.NDArray[np.float32], statistic: str) -> Floats:
    """The ``median`` or ``mean`` of each bootstrap resample, as `medians`; for means ``values`` may have columns."""
    if statistic == "median":
        return medians(values, weights)
    total = weights.sum(axis=1)
    return np.asarray(((weights @ values).T / np.where(total > 0, total, np.nan)).T)


def percentiles(replicates: npt.NDArray[Any], *, level: float = LEVEL) -> tuple[Floats, Floats]:
    """The percentile interval of bootstrap replicates along their first axis; undefined replicates are left out."""
    values = np.asarray(replicates, dtype=float)
    table = pd.DataFrame(values.reshape(len(values), -1))
    low, high = table.quantile([(1 - level) / 2, (1 + level) / 2]).to_numpy().reshape(2, *values.shape[1:])
    return low, high
