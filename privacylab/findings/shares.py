"""Shares, lengths and readability over services, each with n and an interval.

The functions take observations (`findings.observations`: one policy per service and cell) and the policies' features or
amounts (`findings.features`, `findings.amounts`). Services have equal weight, and every interval is clustered by
service, and by owner if the observations have it (`findings.with_owners`).
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from privacylab import eras
from privacylab.findings import intervals, sampling
from privacylab.findings.features import Columns, choose
from privacylab.findings.intervals import NO_SERVICE, SEED, Floats
from privacylab.findings.sampling import MONTHS_IN_FORCE, in_force, observations, owners_of


def two_sides(
    before: pd.DataFrame | pd.Series, after: pd.DataFrame | pd.Series, statistic: str, *, owners: pd.Series
) -> list[Floats]:
    """The bootstrap resamples of the averages before and after: owners are drawn over both together.

    So services on both sides (the index) are not treated as independent, nor those of one owner.

    Returns:
        Each side's averages, shape (resamples, columns).
    """
    services = before.index.union(after.index).sort_values()
    weights = intervals.resampled_services(len(services), owners=owners[services])
    return [
        intervals.averages(side.to_numpy(dtype=float), weights[:, services.get_indexer(side.index)], statistic)
        for side in (before, after)
    ]


class _Cells(NamedTuple):
    """The cells of a comparison in order, empty ones too.

    ``keys``: a row for each. ``services``: the means of each cell's services, index the sorted services; without cells
    one empty frame, so that results keep their columns. ``repeated``: whether a service has several policies.
    ``owners``: the owner of each service.
    """

    keys: pd.DataFrame
    services: list[pd.DataFrame]
    repeated: list[bool]
    owners: pd.Series

    def label(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows after their cells; equally many for each cell, in the order of the cells."""
        each = len(rows) // len(self.services)
        keys = self.keys.loc[self.keys.index.repeat(each)].reset_index(drop=True)
        return pd.concat([keys, rows.iloc[: len(keys)]], axis=1)


def _cells(observed: pd.DataFrame, values: pd.DataFrame, by: str | Sequence[str] | None, columns: list[str]) -> _Cells:
    names = [] if by is None else [by] if isinstance(by, str) else list(by)
    _check(observed, values, names)
    # Categories keep empty cells; plain columns have only what occurs.
    whole = pd.Categorical(np.zeros(len(observed), dtype=int), [0])
    cell_of = observed.assign(whole=whole)[names or ["whole"]].astype("category")
    keys = cell_of.groupby(list(cell_of), observed=False).size().reset_index()
    rows = values.loc[observed["policy_id"], columns].astype(float).set_axis(observed["service"].astype(str))
    # An index, because pandas takes as many arrays as there are rows for one key.
    groups = rows.groupby([pd.Index(cell_of[name].array) for name in cell_of], observed=False)
    parts = [part for _, part in groups] or [rows]
    services = [part.groupby(level=0).mean() for part in parts]
    repeated = [len(means) < len(part) for means, part in zip(services, parts, strict=True)]
    return _Cells(keys[names], services, repeated, owners_of(observed))


def _check(observed: pd.DataFrame, values: pd.DataFrame, names: list[str]) -> None:
    for column in ("policy_id", "service", *names):
        if column not in observed:
            raise ValueError(f"observations have no column {column!r}; they have {', '.join(observed.columns)}")
        if observed[column].isna().any():
            raise ValueError(f"column {column!r} of the observations has nulls: leave those rows out or name them")
    if observed.duplicated(["policy_id", *names]).any():
        raise ValueError(f"the same policy occurs more than once in one cell of {names}: drop the repeated rows")
    # get_indexer, for isin builds its table anew each time.
    policies = pd.Index(observed["policy_id"])
    missing = policies[values.index.get_indexer(policies) < 0]
    if len(missing):
        raise ValueError(f"policy {missing[0]!r} of the observations is not in the features")


def _complete(features: pd.DataFrame, columns: Columns) -> list[str]:
    wanted = choose(features, columns)
    if features[wanted].isna().any(axis=None):
        raise ValueError("the features have nulls: a feature is there or not; leave out the policies without it")
    return wanted


def share(
    observed: pd.DataFrame,
    features: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = "era",
    columns: Columns = None,
) -> pd.DataFrame:
    """The share of services whose policy has a feature, for each cell.

    Args:
        observed: From `findings.observations`, in any order.
        features: From `findings.features`.
        by: The column or columns whose values are the cells (``["era", "region"]``); None: all rows in one cell.
        columns: Which features; None: all.

    Returns:
        A row for each cell and feature, in the cells' order, empty cells too: the cell, ``feature``, ``n`` (services),
        ``n_effective`` (`intervals.effective_number`), ``count`` (services that have it; a service with several
        policies may count in part), ``value``, ``low``, ``high`` (0 to 1), ``interval`` (how it was made).

    Raises:
        ValueError: A column is missing or has nulls, a policy occurs twice in a cell or is not in ``features``.

    Note:
        If each service has one policy in the cell the interval is Wilson's, with the effective number of services; else
        owners are resampled. A resampled share of 0 or 1 would have no width, so it gets Wilson's.
    """
    layout = _cells(observed, features, by, _complete(features, columns))
    shares = [
        _share(services, layout.owners[services.index], is_repeated)
        for services, is_repeated in zip(layout.services, layout.repeated, strict=True)
    ]
    return layout.label(pd.concat(shares, ignore_index=True))


def _share(services: pd.DataFrame, owners: pd.Series, is_repeated: bool) -> pd.DataFrame:
    """`share` of one cell, from the means of its services."""
    n, count = len(services), services.sum()
    number, low, high = intervals.wilson_of(services.to_numpy(), owners)
    share = {"n": n, "n_effective": number, "count": count, "value": count / (n or np.nan), "low": low, "high": high}
    rows = pd.DataFrame({**share, "interval": "wilson" if n else NO_SERVICE})
    if is_repeated:
        spread = (count > 0) & (count < n)
        ends = intervals.average_interval(services.loc[:, spread].to_numpy(), "mean", owners=owners)
        rows.loc[spread, ["low", "high"]] = np.transpose(ends)
        rows.loc[spread, "interval"] = "bootstrap"
    return rows.rename_axis("feature").reset_index()


def share_on(policies: pd.DataFrame, features: pd.DataFrame, *, date: dt.date | str, columns: Columns) -> pd.DataFrame:
    """The share of the services in force on a date whose policy has a feature: `share` of `findings.in_force`."""
    return share(in_force(policies, date), features, by=None, columns=columns)


def share_difference(
    observed: pd.DataFrame,
    features: pd.DataFrame,
    *,
    before: str,
    after: str,
    by: str = "era",
    columns: Columns = None,
) -> pd.DataFrame:
    """The difference of two cells' shares in the cross-sections: other services, or other practice.

    Owners are resampled over both cells together, so that services in both are not treated as independent.
    `findings.paired` shows the part that is change of practice.

    Returns:
        ``feature``, ``n_before``, ``n_after``, ``n`` (services in either), ``n_both``, ``before``, ``after``,
        ``value`` (after - before), ``low``, ``high``; null if a cell has no service.

    Raises:
        ValueError: A cell is not one of the values of ``by``; else as `share`.
    """
    wanted = _complete(features, columns)
    layout = _cells(observed, features, by, wanted)
    services = dict(zip(layout.keys[by].astype(str), layout.services, strict=False))
    for cell in (before, after):
        if cell not in services:
            raise ValueError(f"{by} {cell!r} must be one of the observations' cells: {', '.join(services)}")
    old, new = services[before], services[after]
    first, last = two_sides(old, new, "mean", owners=layout.owners)
    low, high = intervals.percentiles(last - first)
    n_both = old.index.isin(new.index).sum()
    sizes = {"n_before": len(old), "n_after": len(new), "n": len(old) + len(new) - n_both, "n_both": n_both}
    shares = {"before": old.mean(), "after": new.mean(), "value": new.mean() - old.mean(), "low": low, "high": high}
    return pd.DataFrame({**sizes, **shares}).rename_axis("feature").reset_index()


def average(
    observed: pd.DataFrame,
    amounts: pd.DataFrame,
    *,
    by: str | Sequence[str] | None = "era",
    columns: Columns = None,
    statistics: Sequence[str] = ("median", "mean"),
) -> pd.DataFrame:
    """Median and mean of an amount over services, for each cell, with a bootstrap interval over services.

    Args:
        observed: From `findings.observations`.
        amounts: From `findings.amounts`, or any numeric frame with index ``policy_id``; nulls are left out.
        by: As in `share`.
        columns: Which amounts; None: all.
        statistics: ``median``, ``mean`` or both.

    Returns:
        The cell, ``amount``, ``statistic``, ``n``, ``value``, ``low``, ``high``, ``interval``; empty cells too.
        A single service has a value but no interval.

    Raises:
        ValueError: A statistic is not one of the two; else as `share`.
    """
    if not statistics or set(statistics) - {"median", "mean"}:
        raise ValueError(f"statistics {statistics!r} must be median, mean or both")
    wanted = choose(amounts, columns)
    layout = _cells(observed, amounts, by, wanted)
    rows = [
        {"amount": name, "statistic": statistic, **_average(services[name].dropna(), statistic, layout.owners)}
        for services in layout.services
        for name in wanted
        for statistic in statistics
    ]
    return layout.label(pd.DataFrame(rows))


def _average(values: "pd.Series[float]", statistic: str, owners: pd.Series) -> dict[str, Any]:
    n = len(values)
    row: dict[str, Any] = {"n": n, "value": values.agg(statistic), "low": np.nan, "high": np.nan}
    if n < 2:
        return {**row, "interval": "none: one service" if n else NO_SERVICE}
    low, high = intervals.average_interval(np.asarray(values, dtype=float), statistic, owners=owners[values.index])
    return {**row, "low": low, "high": high, "interval": "bootstrap"}


BEFORE, AFTER = "privacy_shield", "gdpr"
"""The eras that `sensitivity` compares."""

DAYS = {BEFORE: "2018-05-24", AFTER: "2019-12-31"}
"""The days for these eras when policies in force are compared."""


def sensitivity(
    policies: pd.DataFrame, features: pd.DataFrame, *, versions: pd.DataFrame, columns: Columns = None
) -> pd.DataFrame:
    """How the difference of two eras, `BEFORE` and `AFTER`, depends on our choices.

    Args:
        policies: The table.
        features: From `findings.features`.
        versions: The ledger, for the variant without screening.
        columns: Which features; None: all.

    Returns:
        `share_difference` for each ``variant``: ``as planned`` (last version of each era); borders moved by three and
        six months; a random one of the versions kept (one a half-year and sub-era) instead of the last; ``screening
        off``; without the services whose texts a new crawler changed (`changed_by_the_crawler`); in force on the two
        `DAYS` (instead of eras) for up to 12, 18 and 36 months.

    Note:
        "Screening off" goes as far as the tables allow: a random one of all dated versions counts for a service,
        including flips, repeated and same-day texts, if a kept policy has the same text. Rejected pages have no
        annotations and stay out.
    """
    variants = {"as planned": observations(policies)}
    for months in (-6, -3, 3, 6):
        variant = f"borders {abs(months)} months {'later' if months > 0 else 'earlier'}"
        variants[variant] = observations(policies, shift=months)
    variants["a random version"] = observations(policies, pick="random")
    variants["screening off"] = _unscreened(versions, policies)
    changed = policies["service"].isin(changed_by_the_crawler(versions))
    variants["without services that a new crawler changed"] = observations(policies[~changed])
    for months in (12, 18, MONTHS_IN_FORCE):
        sides = [in_force(policies, day, months=months).assign(era=era) for era, day in DAYS.items()]
        both = pd.CategoricalDtype([*DAYS])  # also where nothing is in force on a side
        variants[f"in force up to {months} months"] = pd.concat(sides).astype({"era": both})
    differences = {
        variant: share_difference(observed, features, before=BEFORE, after=AFTER, columns=columns)
        for variant, observed in variants.items()
    }
    return pd.concat(differences, names=["variant"]).reset_index("variant").reset_index(drop=True)


def changed_by_the_crawler(versions: pd.DataFrame) -> list[str]:
    """The services with a new text from ToSBack2 within a week of `eras.NEW_CRAWLER`, sorted.

    From that day a scripted browser read the pages, which shows what a script writes: a text that is new just then may
    be the old one, read in full.
    """
    first = pd.Timestamp(eras.NEW_CRAWLER)
    week = versions["date"].between(first, first + pd.Timedelta(days=6))
    new = versions["status"].isin(["kept", "sampled_out"]) & (versions["collection"] == "tosback2")
    return sorted(versions.loc[week & new, "service"].unique())


def _unscreened(versions: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    """A random version of each service and era that was not rejected, under the kept policy that has its text."""
    rows = versions.set_index("version_id", drop=False)
    text = rows["version_id"]
    # A version repeats one that may repeat another: follow to the first of its text.
    while (earlier := text.map(rows["same_as"])).notna().any():
        text = earlier.fillna(text)
    kept = policies.set_index(policies["version_id"].map(text))["policy_id"]
    rows = rows.assign(policy_id=text.map(kept[~kept.index.duplicated()]))
    rows = rows[rows["policy_id"].notna() & rows["date"].notna() & (rows["document"] == "main")]
    rows = rows[rows["status"] != "rejected"]
    rows = rows.assign(era=sampling.cells(rows["date"], by="era"))
    shuffled = rows.reset_index(drop=True).sort_values("version_id").sample(frac=1, random_state=SEED)
    chosen = shuffled.drop_duplicates(["era", "service"])[["policy_id", "service", "era"]]
    return chosen.assign(owner=chosen["service"].map(owners_of(policies)))


def share_by_era(policies: pd.DataFrame, features: pd.DataFrame, *, columns: Columns = None) -> pd.DataFrame:
    """`share` of the last policy of each service in each era."""
    return share(observations(policies), features, columns=columns)


def share_by_half_year(
    policies: pd.DataFrame,
    features: pd.DataFrame,
    *,
    columns: Columns = None,
    since: dt.date | str | None = None,
    months: int = MONTHS_IN_FORCE,
) -> pd.DataFrame:
    """`share` of the policies in force at each half-year's end.

    Args:
        policies: The whole table: a filter by date would drop policies that are in force later.
        features: From `findings.features`.
        columns: Which features; None: all.
        since: As in `findings.observations`.
        months: As in `findings.in_force`.

    Returns:
        `share`, ``archive`` (the collection that most policies of the half-year come from: a line that crosses from one
        to another compares different services) and ``day`` (on which the policies are in force: the last of the
        half-year or of the data).
    """
    observed = observations(policies, by="half_year_in_force", since=since, months=months)
    return _placed(share(observed, features, by="half_year", columns=columns), observed, policies)


def length_by_half_year(policies: pd.DataFrame, amounts: pd.DataFrame) -> pd.DataFrame:
    """`average`: the median number of words of the policies in force at each half-year's end; the rest as above."""
    observed = observations(policies, by="half_year_in_force")
    lengths = average(observed, amounts, by="half_year", columns=["n_words"], statistics=["median"])
    return _placed(lengths, observed, policies)


def _placed(rows: pd.DataFrame, observed: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    names, last = rows["half_year"].astype(str), policies.loc[policies["document"] == "main", "date"].max()
    ends = pd.to_datetime(names.map(eras.half_year_end)).clip(upper=last)
    archives = sampling.largest_archive(observed, "half_year")
    return rows.assign(archive=archives.reindex(names).to_numpy(), day=ends)
