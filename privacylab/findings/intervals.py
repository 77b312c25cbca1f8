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
"""For everything that is drawn at random."""

NO_SERVICE = "none: no service"
"""What the column ``interval`` says where a cell is empty: its value, low and high are null."""


class TooFewError(ValueError):
    """The data are sound, but too few for what is asked; the message says of what. The report shows that sentence."""


def wilson(count: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Wilson's score interval of a share.

    Args:
        count: Observations that have the feature; may be fractional (weighted).
        n: Observations in all, of the same shape.

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


def resampled_services(n: int, *, resamples: int = RESAMPLES) -> npt.NDArray[np.float32]:
    """How often each of n services is drawn in each bootstrap resample (with replacement, n draws).

    Returns:
        Counts, shape (resamples, n); each row sums to n.
    """
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(max(n, 1), size=(resamples, n)) + n * np.arange(resamples)[:, None]
    # Counting the draws in one go is ten times as fast as multinomial().
    return np.bincount(drawn.ravel(), minlength=resamples * n).reshape(resamples, n).astype(np.float32)


def data_and_resamples(n: int, *, resamples: int) -> Floats:
    """`resampled_services` below the data themselves (each service once); shape (1 + resamples, n)."""
    return np.vstack([np.ones(n), resampled_services(n, resamples=resamples)])


def averages(values: Floats, weights: npt.NDArray[np.float32], statistic: str) -> Floats:
    """The ``median`` or ``mean`` of each bootstrap resample, from how often each value was drawn.

    Args:
        values: Shape (n,); for means it may have columns.
        weights: From `resampled_services`, shape (resamples, n), or those of its columns that have a value. Null
            where a resample draws none.
        statistic: Which of the two.
    """
    n = weights.sum(axis=1)
    if statistic == "mean":
        return np.asarray(((weights @ values).T / np.where(n > 0, n, np.nan)).T)
    order = np.argsort(values, kind="stable")
    drawn, ordered = np.cumsum(weights[:, order], axis=1), values[order]
    lower, upper = (np.argmax(drawn >= rank[:, None], axis=1) for rank in ((n + 1) // 2, n // 2 + 1))
    return np.where(n > 0, (ordered[lower] + ordered[upper]) / 2, np.nan)


def average_interval(values: Floats, statistic: str) -> tuple[Floats, Floats]:
    """The bootstrap interval of the median or mean over services: a value (or a row) for each."""
    return percentiles(averages(values, resampled_services(len(values)), statistic))


def percentiles(replicates: npt.NDArray[Any]) -> tuple[Floats, Floats]:
    """The percentile interval of bootstrap replicates along their first axis; undefined replicates are left out."""
    values = np.asarray(replicates, dtype=float)
    table = pd.DataFrame(values.reshape(len(values), -1))
    low, high = table.quantile([(1 - LEVEL) / 2, (1 + LEVEL) / 2]).to_numpy().reshape(2, *values.shape[1:])
    return low, high
