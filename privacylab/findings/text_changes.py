"""When policies change their text."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacylab.findings import intervals
from privacylab.findings.sampling import MONTHS_IN_FORCE, MONTHS_UNSEEN, largest_archive

RESAMPLES = 1000
"""Bootstrap resamples of owners."""


class _Watch(NamedTuple):
    """Which services were watched in which month, and which of them changed their text; shape (services, months).

    ``services``: their names. ``months``: ``YYYY-MM``. ``last_seen``: the number of the month in which each service was
    last seen. ``archives``: for each month the collection with most services in it, or before it.
    """

    services: pd.Index
    months: "pd.Index[str]"
    at_risk: npt.NDArray[np.bool_]
    changed: npt.NDArray[np.bool_]
    last_seen: npt.NDArray[np.intp]
    archives: list[str]


def _watch(versions: pd.DataFrame) -> _Watch:
    rows = versions[versions["date"].notna() & (versions["status"] != "rejected") & (versions["document"] == "main")]
    calendar = pd.PeriodIndex([], freq="M")
    if len(rows):
        calendar = pd.period_range(rows["date"].min(), rows["date"].max(), freq="M")
    service = rows.groupby("service").ngroup().to_numpy()
    month = calendar.get_indexer(pd.PeriodIndex(rows["date"], freq="M"))
    closing, last = (
        calendar.get_indexer(pd.PeriodIndex(rows.groupby(series)["date"].transform("max"), freq="M"))
        for series in ("collection", ["service", "collection"])
    )
    until = np.minimum.reduce([month + MONTHS_IN_FORCE, last + MONTHS_UNSEEN, closing])
    at_risk = np.zeros((rows["service"].nunique(), len(calendar)), dtype=bool)
    # A sighting makes a service watched from the next month on, while it counts as in force and its archive is active.
    for place, first, last in zip(service, month + 1, until, strict=True):
        at_risk[place, first : last + 1] = True
    new = rows["status"].isin(["kept", "sampled_out"]) & rows["same_as"].isna()
    new &= rows["date"] > rows.groupby("service")["date"].transform("min")
    changed = np.zeros_like(at_risk)
    changed[service[new], month[new]] = True
    last_seen = pd.Series(month).groupby(service).max().to_numpy()
    archives = largest_archive(rows.assign(month=month), "month").reindex(range(len(calendar))).ffill()
    services = pd.Index(rows["service"].sort_values().unique(), name="service")
    return _Watch(services, calendar.astype("str"), at_risk, changed & at_risk, last_seen, list(archives))


def _owners_of(services: pd.Index, owners: pd.Series | None) -> npt.NDArray[np.object_]:
    own = services.to_series()
    return (own if owners is None else owners.reindex(services).fillna(own)).to_numpy(dtype=object)


def change_by_month(versions: pd.DataFrame, *, owners: pd.Series | None = None) -> pd.DataFrame:
    """The share of watched services whose text changed in each month.

    A change is a version that is kept or only sampled out; near duplicates (cosmetic changes), flips and repeats do not
    count. A service is watched in a month if a text of it is in force (`findings.in_force`) and its archive was active.

    Args:
        versions: The table.
        owners: The owner of each service; None: each is its own.

    Returns:
        ``month`` (``YYYY-MM``, from the first to the last), ``n`` (watched), ``count``, ``value``, ``low``, ``high``
        (Wilson, with the number of `intervals.effective_number`), ``interval``, ``archive`` (the collection with most
        services); n=0 and nulls if nothing was watched. No row if no version is dated.
    """
    watch = _watch(versions)
    n, count = watch.at_risk.sum(axis=0), watch.changed.sum(axis=0)
    owner = _owners_of(watch.services, owners)
    ends = [
        [end[0] for end in intervals.wilson_of(changed[there, None].astype(float), owner[there])[1:]]
        for changed, there in zip(watch.changed.T, watch.at_risk.T, strict=True)
    ]
    rows = pd.DataFrame({"month": watch.months, "n": n, "count": count, "value": count / np.where(n > 0, n, np.nan)})
    rows[["low", "high"]] = np.reshape(ends, (-1, 2))
    return rows.assign(interval=np.where(n > 0, "wilson", intervals.NO_SERVICE), archive=watch.archives)


def changed_within(versions: pd.DataFrame, *, first: str, last: str) -> pd.DataFrame:
    """Which services changed their text at least once within some months.

    Args:
        versions: The table.
        first: The first month, ``YYYY-MM``.
        last: The last month.

    Returns:
        ``seen`` (in these months or later) and ``changed``, index the services watched in all of these months; empty if
        a month is outside the data.

    Raises:
        ValueError: The last month is before the first.
    """
    if last < first:
        raise ValueError(f"last month {last!r} lies before the first, {first!r}")
    watch = _watch(versions)
    within = (watch.months >= first) & (watch.months <= last)
    seen = watch.last_seen >= (watch.months < first).sum()
    changed = seen & watch.changed[:, within].any(axis=1)
    frame = pd.DataFrame({"seen": seen, "changed": changed}, watch.services)
    watched = frame.iloc[np.flatnonzero(watch.at_risk[:, within].all(axis=1))]
    return watched if {first, last} <= set(watch.months) else watched.iloc[:0]


def change_within(versions: pd.DataFrame, *, first: str, last: str, owners: pd.Series | None = None) -> pd.DataFrame:
    """The share of services whose text changed at least once within some months.

    An archive records changes. A watched service that it never saw again may be unchanged or may have left: the
    interval allows for both, after Manski's bounds. The lower end assumes that none of these changed; the upper end
    leaves them out.

    Args:
        versions: The table.
        first: The first month, ``YYYY-MM``.
        last: The last month.
        owners: The owner of each service; None: each is its own.

    Returns:
        One row: ``first``, ``last``, ``n`` (services watched in all of these months), ``n_seen`` (those seen in them or
        later), ``count`` (changed), ``value`` (of those seen), ``low`` (Wilson's lower end, of all watched), ``high``
        (Wilson's upper end, of those seen), with the effective numbers (`intervals.effective_number`); null shares if
        none was seen, or a month is outside the data.

    References:
        Manski, C. F. (1990). Nonparametric bounds on treatment effects. American Economic Review 80, 319-323.
    """
    watched = changed_within(versions, first=first, last=last)
    seen = watched[watched["seen"]]
    (_, low, _), (_, _, high) = (
        intervals.wilson_of(rows[["changed"]].to_numpy(dtype=float), _owners_of(rows.index, owners))
        for rows in (watched, seen)
    )
    sizes = {"n": len(watched), "n_seen": len(seen), "count": watched["changed"].sum()}
    share = {"value": seen["changed"].mean(), "low": low, "high": high}
    return pd.DataFrame({"first": first, "last": last, **sizes, **share})


def change_excess(versions: pd.DataFrame, *, at: Sequence[str], owners: pd.Series | None = None) -> pd.DataFrame:
    """How much likelier a change was in some months than in the same calendar months of other years.

    Args:
        versions: The table.
        at: Months ``YYYY-MM``.
        owners: The owner of each service, to cluster the interval; None: each is its own.

    Returns:
        ``month``, ``n`` (watched in it), ``share``, ``others`` (share in the other years), ``value`` (their ratio),
        ``low``, ``high``; null if either has no service or the others have no change, as in months outside the data.
    """
    watch = _watch(versions)
    n, owner = len(watch.services), _owners_of(watch.services, owners)
    # The data themselves, and below them their resamples.
    weights = np.vstack([np.ones(n), intervals.resampled_services(n, resamples=RESAMPLES, owners=owner)])
    rows = []
    for month in at:
        here = watch.months == month
        there = (watch.months.str[5:] == month[5:]) & ~here
        with np.errstate(invalid="ignore", divide="ignore"):
            share, others = (
                (weights @ watch.changed[:, part].sum(axis=1)) / (weights @ watch.at_risk[:, part].sum(axis=1))
                for part in (here, there)
            )
            ratio = np.where(others > 0, share / others, np.nan)
        low, high = intervals.percentiles(ratio[1:])
        shares = {"share": share[0], "others": others[0], "value": ratio[0], "low": float(low), "high": float(high)}
        rows.append({"month": month, "n": watch.at_risk[:, here].sum(), **shares})
    return pd.DataFrame(rows)
