"""Shares, lengths and readability over services, each with n and an interval.

The functions take observations (`findings.observations`: one policy a service and cell) and what the policies hold
(`findings.features`, `findings.amounts`). Services weigh the same, and every interval is clustered by service.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from privacylab.findings import intervals
from privacylab.findings.features import choose
from privacylab.findings.intervals import NO_SERVICE
from privacylab.findings.sampling import MONTHS_IN_FORCE, By, cells, in_force, observations

Floats = npt.NDArray[np.float64]


class _Cells(NamedTuple):
    """The cells of a comparison: their keys in order, and for each the rows (of the observations) in it.

    No cell: no key, and one empty list of rows, so that results keep their columns.
    """

    keys: pd.DataFrame
    rows: list[npt.NDArray[np.intp]]


def _split(observed: pd.DataFrame, by: str | Sequence[str] | None) -> _Cells:
    columns = [] if by is None else [by] if isinstance(by, str) else list(by)
    for column in ("policy_id", "service", *columns):
        if column not in observed:
            raise ValueError(f"observations have no column {column!r}; they have {', '.join(observed.columns)}")
        if observed[column].isna().any():
            raise ValueError(f"column {column!r} of the observations holds nulls: leave those rows out or name them")
    if observed.duplicated(["policy_id", *columns]).any():
        raise ValueError(f"the same policy stands more than once in one cell of {columns}: drop the repeated rows")
    if not columns:
        return _Cells(pd.DataFrame(index=[0]), [np.arange(len(observed))])
    # Categories keep the cells in which nothing falls; plain columns know only what is there.
    values = [observed[column].astype("category") for column in columns]
    names = [series.cat.categories for series in values]
    shape = tuple(len(name) for name in names)
    codes = np.ravel_multi_index([series.cat.codes.to_numpy(dtype=np.intp) for series in values], shape)
    keys = pd.MultiIndex.from_product(names, names=columns).to_frame(index=False)
    for column, series in zip(columns, values, strict=True):
        keys[column] = pd.Categorical(keys[column], series.cat.categories, ordered=series.cat.ordered)
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(keys) + 1))
    return _Cells(keys, [order[bounds[i] : bounds[i + 1]] for i in range(len(keys))] or [order])


def _by_service(
    observed: pd.DataFrame, values: pd.DataFrame, columns: list[str], rows: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.float64], bool]:
    """The services' means, shape (services, columns) in the order of service names, and whether each has one row."""
    service, policy = observed["service"].iloc[rows], observed["policy_id"].iloc[rows]
    places = values.index.get_indexer(pd.Index(policy))
    if (places < 0).any():
        raise ValueError(f"policy {policy.iloc[int(np.argmin(places))]!r} of the observations is not in the features")
    held = values[columns].to_numpy(dtype=float)[places]
    names, codes = np.unique(service.to_numpy(dtype=object).astype(str), return_inverse=True)
    if len(names) == len(codes):
        return held[np.argsort(codes)], True
    grouping = sparse.coo_array((np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(len(names), len(codes)))
    return (grouping @ held) / np.bincount(codes)[:, None], False


def share(
    observed: pd.DataFrame,
    features: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = "era",
    columns: Iterable[str] | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """The share of services whose policy has a feature, for each cell.

    Args:
        observed: From `findings.observations`, in any order.
        features: From `findings.features`.
        by: The column or columns whose values are the cells (``["era", "region"]``); None: all rows in one.
        columns: Which features; None: all.
        level: Confidence level.
        resamples: Bootstrap resamples of services.
        seed: For the bootstrap.

    Returns:
        A row for each cell and feature, in the cells' order, empty cells too: the cell, ``feature``, ``n`` (services),
        ``count`` (services that have it; a service with several policies counts in part), ``value``, ``low``,
        ``high`` (0 to 1), ``interval`` (how it was made).

    Raises:
        ValueError: A column is missing or holds nulls, a policy stands twice in a cell or is not in ``features``.

    Note:
        Where each service has one policy in the cell, services are independent draws and Wilson's interval holds;
        else services are resampled. A resampled share of 0 or 1 would have no width: there Wilson's stands in.
    """
    wanted, found = choose(features, columns), []
    layout = _split(observed, by)
    for rows in layout.rows:
        held, single = _by_service(observed, _known(features, wanted), wanted, rows)
        n, count = len(held), held.sum(axis=0)
        value = count / n if n else np.full(len(wanted), np.nan)
        low, high = intervals.wilson(count, np.full(len(wanted), n), level=level)
        made = np.full(len(wanted), "wilson" if n else NO_SERVICE, dtype=object)
        spread = (count > 0) & (count < n)
        if not single and spread.any():
            weights = intervals.resampled_services(n, resamples=resamples, seed=seed)
            low[spread], high[spread] = intervals.percentiles(weights @ held[:, spread] / n, level=level)
            made[spread] = "bootstrap"
        columns_of = {"feature": wanted, "n": n, "count": count, "value": value, "low": low, "high": high}
        found.append(pd.DataFrame({**columns_of, "interval": made}))
    return _labelled(layout.keys, found)


def _known(features: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    if features[columns].isna().any(axis=None):
        raise ValueError("the features hold nulls: a feature is there or not; leave out the policies without it")
    return features


def _labelled(keys: pd.DataFrame, found: list[pd.DataFrame]) -> pd.DataFrame:
    if not len(keys):  # no cell at all, as where no policy is dated
        found = [part.iloc[:0] for part in found]
    repeated = keys.loc[keys.index.repeat([len(part) for part in found])].reset_index(drop=True)
    return pd.concat([repeated, pd.concat(found, ignore_index=True)], axis=1)


def share_difference(
    observed: pd.DataFrame,
    features: pd.DataFrame,
    *,
    before: str,
    after: str,
    by: str = "era",
    columns: Iterable[str] | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """The difference of two cells' shares, as the cross-sections stand: other services, or other practice.

    Services are resampled over both cells together, so that those in both are not taken for independent.
    `findings.paired` shows the part that is change of practice.

    Returns:
        ``feature``, ``n_before``, ``n_after``, ``n_both``, ``n`` (services in either), ``before``, ``after``,
        ``value`` (after - before), ``low``, ``high``; null where a cell has no service.

    Raises:
        ValueError: A cell is none of the values of ``by``; else as `share`.
    """
    wanted, layout = choose(features, columns), _split(observed, by)
    names = [str(key) for key in layout.keys[by]]
    for cell in (before, after):
        if cell not in names:
            raise ValueError(f"{by} {cell!r} is none of the observations' cells: {', '.join(names)}")
    parts = [_weighed(observed, features, wanted, layout.rows[names.index(cell)]) for cell in (before, after)]
    union = parts[0].index.union(parts[1].index)
    weights = intervals.resampled_services(len(union), resamples=resamples, seed=seed)
    replicates, values = [], []
    for part in parts:
        drawn = weights[:, union.get_indexer(part.index)]
        with np.errstate(invalid="ignore"):
            replicates.append(drawn @ part.to_numpy() / drawn.sum(axis=1, keepdims=True))
        values.append(part.mean().to_numpy())
    low, high = intervals.percentiles(replicates[1] - replicates[0], level=level)
    sizes = {"n_before": len(parts[0]), "n_after": len(parts[1]), "n": len(union)}
    sizes["n_both"] = sizes["n_before"] + sizes["n_after"] - len(union)
    shares = {"before": values[0], "after": values[1], "value": values[1] - values[0], "low": low, "high": high}
    return pd.DataFrame({"feature": wanted, **sizes, **shares})


def _weighed(
    observed: pd.DataFrame, features: pd.DataFrame, columns: list[str], rows: npt.NDArray[np.intp]
) -> pd.DataFrame:
    held, _ = _by_service(observed, _known(features, columns), columns, rows)
    return pd.DataFrame(held, index=sorted(observed["service"].iloc[rows].astype(str).unique()), columns=columns)


def average(
    observed: pd.DataFrame,
    amounts: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = "era",
    columns: Iterable[str] | None = None,
    statistics: Sequence[str] = ("median", "mean"),
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Median and mean of an amount over services, for each cell, with a bootstrap interval over services.

    Args:
        observed: From `findings.observations`.
        amounts: From `findings.amounts`, or any numeric frame with index ``policy_id``; nulls are left out.
        by: As in `share`.
        columns: Which amounts; None: all.
        statistics: ``median``, ``mean`` or both.
        level: Confidence level.
        resamples: Bootstrap resamples of services.
        seed: For the bootstrap.

    Returns:
        The cell, ``amount``, ``statistic``, ``n``, ``value``, ``low``, ``high``, ``interval``; empty cells too.
        One service alone has a value but no interval.

    Raises:
        ValueError: A statistic is none of the two; else as `share`.
    """
    if not statistics or set(statistics) - {"median", "mean"}:
        raise ValueError(f"statistics {statistics!r} must be median, mean or both")
    wanted, layout, found = choose(amounts, columns), _split(observed, by), []
    for rows in layout.rows:
        held, _ = _by_service(observed, amounts, wanted, rows)
        found.append(
            pd.DataFrame(
                {"amount": name, "statistic": statistic, **_average(amount, statistic, level, resamples, seed)}
                for name, amount in zip(wanted, held.T, strict=True)
                for statistic in statistics
            )
        )
    return _labelled(layout.keys, found)


def _average(amount: Floats, statistic: str, level: float, resamples: int, seed: int) -> dict[str, Any]:
    values = amount[~np.isnan(amount)]
    n = len(values)
    null = {"n": n, "value": np.nan, "low": np.nan, "high": np.nan}
    if n == 0:
        return {**null, "interval": NO_SERVICE}
    value = float(np.median(values) if statistic == "median" else values.mean())
    if n == 1:
        return {**null, "value": value, "interval": "none: one service"}
    weights = intervals.resampled_services(n, resamples=resamples, seed=seed)
    replicates = intervals.medians(values, weights) if statistic == "median" else weights @ values / n
    low, high = intervals.percentiles(replicates, level=level)
    return {"n": n, "value": value, "low": float(low), "high": float(high), "interval": "bootstrap"}


def sensitivity(
    policies: pd.DataFrame,
    features: pd.DataFrame,
    *,
    versions: pd.DataFrame | None = None,
    before: str = "privacy_shield",
    after: str = "gdpr",
    days: tuple[str, str] = ("2018-05-24", "2019-12-31"),
    columns: Iterable[str] | None = None,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """How the difference of two eras depends on choices that could have been made otherwise.

    Args:
        policies: The table.
        features: From `findings.features`.
        versions: The ledger, for the variant without screening; None: without that variant.
        before: An era.
        after: A later one.
        days: The dates that the variants by months in force compare.
        columns: Which features; None: all.
        level: Confidence level.
        seed: For the random version and the intervals.

    Returns:
        `share_difference` for each ``variant``: ``as planned`` (last version of each era); borders moved by three and
        six months; a random one of the versions kept (one a half-year and sub-era) instead of the last; ``screening
        off``; in force on the two ``days`` (instead of eras) for up to 6, 12, 18 and 36 months.

    Note:
        Screening off, as far as the tables allow it: a random one of all dated versions speaks for a service, flips,
        repeated and same-day texts among them, where a kept policy holds the same text. Rejected pages have no
        annotations and cannot be let in.
    """
    variants: dict[str, tuple[pd.DataFrame, str, str]] = {"as planned": (observations(policies), before, after)}
    for months in (-6, -3, 3, 6):
        name = f"borders {abs(months)} months {'later' if months > 0 else 'earlier'}"
        variants[name] = (observations(policies, shift=months), before, after)
    variants["a random version"] = (observations(policies, pick="random", seed=seed), before, after)
    if versions is not None:
        variants["screening off"] = (_unscreened(versions, policies, seed=seed), before, after)
    for months in (6, 12, 18, 36):
        held = pd.concat([in_force(policies, day, months=months).assign(era=day) for day in days])
        variants[f"in force up to {months} months"] = (held.assign(era=pd.Categorical(held["era"], days)), *days)
    wanted = choose(features, columns)
    found = [
        share_difference(rows, features, before=first, after=last, columns=wanted, level=level, seed=seed).assign(
            variant=name
        )
        for name, (rows, first, last) in variants.items()
    ]
    together = pd.concat(found, ignore_index=True)
    return together[["variant", *[column for column in together if column != "variant"]]]


def _unscreened(versions: pd.DataFrame, policies: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """A random version of each service and era that was not rejected, under the kept policy that has its text."""
    place = pd.Index(versions["version_id"])
    text = np.where(
        versions["same_as"].notna(), place.get_indexer(pd.Index(versions["same_as"])), np.arange(len(place))
    )
    # A version repeats one that may repeat another: follow to the first of its text.
    while (text[text] != text).any():
        text = text[text]
    kept = pd.Series(policies["policy_id"].to_numpy(), index=text[place.get_indexer(pd.Index(policies["version_id"]))])
    rows = versions.assign(policy_id=kept[~kept.index.duplicated()].reindex(text).to_numpy())
    rows = rows[rows["policy_id"].notna() & rows["date"].notna() & (rows["document"] == "main")]
    rows = rows[rows["status"] != "rejected"].assign(era=lambda frame: cells(frame["date"], by="era"))
    shuffled = rows.sort_values("version_id").sample(frac=1, random_state=seed)
    return shuffled.drop_duplicates(["era", "service"])[["policy_id", "service", "era"]]


def share_by_era(
    policies: pd.DataFrame,
    features: pd.DataFrame,
    *,
    columns: Iterable[str] | None = None,
    sub_eras: bool = False,
    level: float = 0.95,
) -> pd.DataFrame:
    """`share` of the last policy of each service in each era (or sub-era)."""
    by: By = "sub_era" if sub_eras else "era"
    return share(observations(policies, by=by), features, by=by, columns=columns, level=level)


def share_by_half_year(
    policies: pd.DataFrame,
    features: pd.DataFrame,
    *,
    columns: Iterable[str] | None = None,
    months: int = MONTHS_IN_FORCE,
    level: float = 0.95,
) -> pd.DataFrame:
    """`share` of the policies in force at each half-year's end."""
    chosen = observations(policies, by="half_year_in_force", months=months)
    return share(chosen, features, by="half_year", columns=columns, level=level)


def length_by_half_year(
    policies: pd.DataFrame,
    amounts: pd.DataFrame,
    *,
    column: str = "n_words",
    statistic: str = "median",
    months: int = MONTHS_IN_FORCE,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """`average` of one amount over the policies in force at each half-year's end."""
    chosen = observations(policies, by="half_year_in_force", months=months)
    return average(
        chosen,
        amounts,
        by="half_year",
        columns=[column],
        statistics=[statistic],
        level=level,
        resamples=resamples,
        seed=seed,
    )
