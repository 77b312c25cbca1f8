"""When policies change their text."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacylab.findings import intervals
from privacylab.findings.sampling import MONTHS_IN_FORCE


class _Watch(NamedTuple):
    """Which services were watched in which month, and which of them changed their text; shape (services, months).

    ``last_seen``: the place of the month in which each service was seen last.
    """

    months: pd.PeriodIndex
    at_risk: npt.NDArray[np.bool_]
    changed: npt.NDArray[np.bool_]
    last_seen: npt.NDArray[np.intp]


def _watched(versions: pd.DataFrame, months: int, document: str) -> _Watch:
    rows = versions[versions["date"].notna() & (versions["status"] != "rejected") & (versions["document"] == document)]
    ends = (rows["date"].min(), rows["date"].max())
    calendar = pd.period_range(*ends, freq="M") if len(rows) else pd.PeriodIndex([], freq="M")
    services = pd.Index(sorted(rows["service"].unique()))
    place = services.get_indexer(pd.Index(rows["service"]))
    month = calendar.get_indexer(pd.PeriodIndex(rows["date"].dt.to_period("M")))
    closing = rows.groupby("collection")["date"].max().dt.to_period("M")
    until = calendar.get_indexer(pd.PeriodIndex(closing.reindex(rows["collection"])))
    at_risk = np.zeros((len(services), len(calendar)), dtype=bool)
    # A sighting keeps a service under watch from the next month on, while it counts as in force and its archive lives.
    for service, first, last in zip(place, month + 1, np.minimum(month + months, until), strict=True):
        at_risk[service, first : last + 1] = True
    new = (rows["status"].isin(["kept", "sampled_out"]) & rows["same_as"].isna()).to_numpy()
    first_seen = rows.groupby("service")["date"].transform("min").to_numpy() == rows["date"].to_numpy()
    changed = np.zeros_like(at_risk)
    changed[place[new & ~first_seen], month[new & ~first_seen]] = True
    last_seen = pd.Series(month).groupby(place).max().to_numpy()
    return _Watch(calendar, at_risk, changed & at_risk, last_seen)


def change_by_month(
    versions: pd.DataFrame, *, months: int = MONTHS_IN_FORCE, document: str = "main", level: float = 0.95
) -> pd.DataFrame:
    """The share of watched services whose text changed in each month.

    A change is a version that is kept or only sampled out; near duplicates (cosmetic changes), flips and repeats are
    none. A service is watched in a month if it was seen in the ``months`` months before, and its archive was alive.

    Returns:
        ``month`` (``YYYY-MM``, from the first to the last), ``n`` (watched), ``count``, ``value``, ``low``, ``high``
        (Wilson: one observation a service and month), ``interval``; n=0 and nulls where nothing was watched. No row if
        no version is dated.
    """
    watch = _watched(versions, months, document)
    n, count = watch.at_risk.sum(axis=0), watch.changed.sum(axis=0)
    low, high = intervals.wilson(count, n, level=level)
    share = {"value": np.where(n > 0, count / np.maximum(n, 1), np.nan), "low": low, "high": high}
    interval = np.where(n > 0, "wilson", intervals.NO_SERVICE)
    return pd.DataFrame({"month": watch.months.astype(str), "n": n, "count": count, **share, "interval": interval})


def change_within(
    versions: pd.DataFrame,
    *,
    first: str,
    last: str,
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
    level: float = 0.95,
) -> pd.DataFrame:
    """The share of services whose text changed at least once within some months.

    An archive writes down changes. A watched service that it never saw again may have stayed as it was or have left:
    the interval allows for both, after Manski's bounds. Below, none of these changed; above, they are left out.

    Args:
        versions: The table.
        first: The first month, ``YYYY-MM``.
        last: The last month.
        months: As in `change_by_month`.
        document: Which document.
        level: Confidence level.

    Returns:
        One row: ``first``, ``last``, ``n`` (services watched in all of these months), ``n_seen`` (those seen in them or
        later), ``count`` (changed), ``value`` (of those seen), ``low`` (Wilson's lower end, of all watched), ``high``
        (Wilson's upper end, of those seen); null shares if none was seen, or a month lies outside the data.

    Raises:
        ValueError: The last month lies before the first.

    References:
        Manski, C. F. (1990). Nonparametric bounds on treatment effects. American Economic Review 80, 319-323.
    """
    watch = _watched(versions, months, document)
    names = list(watch.months.astype(str))
    if last < first:
        raise ValueError(f"last month {last!r} lies before the first, {first!r}")
    inside = first in names and last in names
    part = slice(names.index(first), names.index(last) + 1) if inside else slice(0, 0)
    watched = watch.at_risk[:, part].all(axis=1) & inside
    seen = watched & (watch.last_seen >= part.start)
    n, n_seen, count = int(watched.sum()), int(seen.sum()), int(watch.changed[seen, part].any(axis=1).sum())
    low, high = intervals.wilson(np.array([count, count]), np.array([n, n_seen]), level=level)
    shares = {"value": count / n_seen if n_seen else np.nan, "low": low[0], "high": high[1]}
    return pd.DataFrame([{"first": first, "last": last, "n": n, "n_seen": n_seen, "count": count, **shares}])


def change_excess(
    versions: pd.DataFrame,
    *,
    at: Sequence[str],
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """How much likelier a change was in some months than in the same calendar months of the other years.

    Args:
        versions: The table.
        at: Months ``YYYY-MM``.
        months: As in `change_by_month`.
        document: Which document.
        level: Confidence level.
        resamples: Bootstrap resamples of services.
        seed: For the bootstrap.

    Returns:
        ``month``, ``n`` (watched in it), ``share``, ``others`` (share in the other years), ``value`` (their ratio),
        ``low``, ``high``; null where either has no service or the others no change, as in months outside the data.
    """
    watch = _watched(versions, months, document)
    names = list(watch.months.astype(str))
    services = len(watch.at_risk)
    drawn = intervals.resampled_services(services, resamples=resamples, seed=seed).astype(float)
    weights = np.vstack([np.ones((1, services)), drawn])
    rows = []
    for month in at:
        here = np.array([name == month for name in names], dtype=bool)
        there = np.array([name[5:] == month[5:] for name in names], dtype=bool) & ~here
        with np.errstate(invalid="ignore", divide="ignore"):
            share, others = (
                (weights @ watch.changed[:, part].sum(axis=1)) / (weights @ watch.at_risk[:, part].sum(axis=1))
                for part in (here, there)
            )
            ratio = np.where(others > 0, share / others, np.nan)
        low, high = intervals.percentiles(ratio[1:], level=level)
        sizes = {"month": month, "n": int(watch.at_risk[:, here].sum()), "share": share[0], "others": others[0]}
        rows.append({**sizes, "value": ratio[0], "low": float(low), "high": float(high)})
    return pd.DataFrame(rows)
