"""Which policy counts for a service in an era, in a half-year or on a day."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import pandas as pd

from privacylab import eras
from privacylab.findings.intervals import SEED, TooFewError
from privacylab.tables import schema

MONTHS_IN_FORCE = 36
"""No text counts longer after its date, however long its series continues."""
MONTHS_UNSEEN = 12
"""A text counts this long after the last sighting of its series.

ToSBack2 looked every day and recorded only changes: silence is an unchanged text or a lost site. Up to about a year a
silent series is as likely to continue as to be over (`findings.sighted_again`; notebook 0 shows it). Most of those that
never returned were lost rather than unchanged: they were empty pages on 2020-10-13, when everything unreadable was
recorded.
"""


def in_force(policies: pd.DataFrame, date: dt.date | str, *, months: int = MONTHS_IN_FORCE) -> pd.DataFrame:
    """The main policy that each service has in force on a date.

    A series is one collection's versions of one service's main policy. A policy is in force from its date until a later
    one of its series is dated, at most `months`, and not longer than `MONTHS_UNSEEN` after the last sighting of the
    series: the latest ``last_seen`` of its policies, which counts near duplicates. If several collections have
    policies, the last dated one counts. A series depends only on its own rows: other services in the frame do not
    matter, but missing rows of the service do, so do not filter policies by date before this.

    Args:
        policies: The table; undated policies are never in force.
        date: A date or ``YYYY-MM-DD``.
        months: How old a policy may be.

    Returns:
        Rows of ``policies``, one per service, sorted by service; empty if none is in force.

    Raises:
        ValueError: ``policy_id`` repeats, ``months`` is below 1, or the date is invalid.
    """
    return in_force_on(policies, [pd.Timestamp(eras.as_date(date))], months=months).drop(columns="day")


def in_force_on(
    policies: pd.DataFrame,
    days: Sequence[pd.Timestamp],
    *,
    months: int = MONTHS_IN_FORCE,
    living: bool = False,
) -> pd.DataFrame:
    """`in_force` on many days at once.

    Args:
        policies: As in `in_force`.
        days: The days.
        months: As in `in_force`.
        living: Only policies of active collections: up to the end of the half-year in which the collection's last
            policy is dated. A dead archive no longer shows that nothing changed.

    Returns:
        Rows of ``policies`` with the ``day`` on which they are in force, sorted by day and service.
    """
    if months < 1:
        raise ValueError(f"months {months} must be 1 or more")
    # Only what decides is sorted and filtered, which takes half the time. policy_id breaks ties, so that the order of
    # the caller's rows never decides.
    deciding = policies[["policy_id", "service", "document", "collection", "date", "last_seen"]]
    rows = _dated(deciding.assign(place=range(len(policies)))).sort_values(["service", "date", "policy_id"])
    sighted = rows[["date", "last_seen"]].max(axis=1)
    last_sighted = sighted.groupby([rows["service"], rows["collection"]]).transform("max")
    until = last_sighted + pd.DateOffset(months=MONTHS_UNSEEN)
    if living:
        closing = rows.groupby("collection")["date"].transform("max") + pd.offsets.HalfYearEnd(0)
        until = until.clip(upper=closing)
    by_day = [rows[["service", "place"]].iloc[:0].assign(day=rows["date"].iloc[:0])]
    for day in sorted(set(days)):
        carried = rows["date"].between(day - pd.DateOffset(months=months), day) & (until >= day)
        speaking = rows.loc[carried, ["service", "place"]].drop_duplicates("service", keep="last")
        by_day.append(speaking.assign(day=day))
    chosen = pd.concat(by_day).astype({"day": policies["date"].dtype})
    return policies.iloc[chosen["place"]].reset_index(drop=True).assign(day=chosen["day"].to_numpy())


def _dated(policies: pd.DataFrame) -> pd.DataFrame:
    repeated = policies.loc[policies["policy_id"].duplicated(), "policy_id"]
    if len(repeated):
        raise ValueError(f"policy_id {repeated.iloc[0]!r} occurs more than once in policies: drop the repeated rows")
    return policies[policies["date"].notna() & (policies["document"] == "main")]


def enough_on(policies: pd.DataFrame, days: Sequence[dt.date | str], *, services: int = 20) -> pd.DataFrame:
    """The policies, if enough services have one in force on each of the days.

    Raises:
        TooFewError: There are fewer on one of them.
    """
    for day in days:
        n = len(in_force(policies, day))
        if n < services:
            raise TooFewError(f"{n} services have a policy in force on {day}, needs {services}")
    return policies


def with_owners(policies: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """The policies with the ``owner`` of their service, which then clusters every interval.

    Args:
        policies: The table.
        services: The table; a service without a known owner is its own.
    """
    owner = policies["service"].map(services.set_index("service")["owner"])
    return policies.assign(owner=owner.fillna(policies["service"]))


def owners_of(rows: pd.DataFrame) -> pd.Series:
    """The owner of each service of some rows, index ``service``: by `with_owners`, else each service is its own."""
    first = rows.drop_duplicates("service").set_index("service")
    return first["owner"] if "owner" in first else pd.Series(first.index, first.index)


def cells(dates: pd.Series, *, by: str, shift: int = 0) -> pd.Series:
    """The cell of each date, as an ordered category that includes empty cells.

    Args:
        dates: Dates, none null.
        by: ``era``, ``sub_era`` or ``half_year``.
        shift: Months by which the borders of eras are moved (later if positive).

    Raises:
        ValueError: ``by`` is not one of these, or half-years would be shifted.
    """
    if by in ("era", "sub_era"):
        parts = eras.eras() if by == "era" else eras.parts()
        starts = [pd.Timestamp(part.start) + pd.DateOffset(months=shift) for part in parts if part.start]
        borders = [pd.Timestamp.min, *starts, pd.Timestamp.max]
        return pd.cut(dates, borders, right=False, labels=[part.id for part in parts]).rename(None)
    if by != "half_year" or shift:
        raise ValueError(f"by {by!r} must be era, sub_era or half_year; shift {shift} must be 0 except for eras")
    names = eras.half_years(dates.min(), dates.max()) if len(dates) else []
    cell_of = {day: eras.half_year(day) for day in dates.unique()}
    return pd.Series(pd.Categorical(dates.map(cell_of), names, ordered=True), index=dates.index)


def observations(
    policies: pd.DataFrame,
    *,
    by: str = "era",
    services: pd.DataFrame | None = None,
    pick: Literal["last", "random"] = "last",
    shift: int = 0,
    months: int = MONTHS_IN_FORCE,
    since: dt.date | str | None = None,
) -> pd.DataFrame:
    """One main policy per service for each cell of a comparison.

    Args:
        policies: The table, in any order; undated policies are left out.
        by: ``era`` and ``sub_era`` take a service's versions dated within the cell; ``half_year_in_force`` the one in
            force at the half-year's end (in the last one, at the last date of the data), from active collections
            (`in_force_on`): column ``half_year``.
        services: The table, to add ``region`` and ``industry`` (``unknown`` where null).
        pick: The last version within the cell, or a random one (to see whether the choice matters).
        shift: Months by which the borders of eras are moved (to see whether they matter).
        months: As in `in_force`.
        since: Only half-years from that of this date on; older policies may be in force in them.

    Returns:
        ``policy_id``, ``service``, ``collection``, ``date``, the cell as an ordered category, ``owner`` if the policies
        have one (`with_owners`), and what ``services`` adds; sorted by cell and service.

    Raises:
        ValueError: An option is not one of the above, or ``policy_id`` repeats.
    """
    if by not in ("era", "sub_era", "half_year_in_force") or pick not in ("last", "random"):
        raise ValueError(f"by {by!r} must be one of era, sub_era, half_year_in_force, and pick {pick!r} last or random")
    rows, column = _dated(policies), by.removesuffix("_in_force")
    cell = cells(rows["date"], by=column, shift=shift)
    if column == "half_year":
        names, last = cell.cat.categories, rows["date"].max()
        if since is not None:
            names = names[names >= eras.half_year(eras.as_date(since))]
        days = {min(pd.Timestamp(eras.half_year_end(name)), last): name for name in names}
        rows = in_force_on(rows, list(days), months=months, living=True)
        rows["half_year"] = pd.Categorical(rows["day"].map(days), names, ordered=True)
    else:
        rows = rows.assign(**{column: cell})
        if pick == "random":
            # Shuffled once from a fixed order; the first of each cell is then a random one.
            shuffled = rows.sort_values("policy_id").sample(frac=1, random_state=SEED)
            rows = shuffled.drop_duplicates([column, "service"])
        rows = rows.sort_values([column, "service", "date", "policy_id"])
        rows = rows.drop_duplicates([column, "service"], keep="last", ignore_index=True)
    rows = rows[["policy_id", "service", "collection", "date", column, *({"owner"} & set(rows))]]
    if services is None:
        return rows
    facts = services.set_index("service").reindex(rows["service"])
    regions = pd.Categorical(facts["region"].fillna("unknown"), [*schema.REGIONS, "unknown"])
    return rows.assign(region=regions, industry=facts["industry"].fillna("unknown").to_numpy())


def largest_archive(rows: pd.DataFrame, by: str) -> pd.Series:
    """The collection with most services in each period; ties by name.

    Args:
        rows: ``service``, ``collection`` and the period.
        by: The period's column.

    Returns:
        Collections, with the periods that have a row as index.
    """
    sizes = rows.groupby([by, "collection"], observed=True)["service"].nunique().reset_index()
    sizes = sizes.sort_values(["service", "collection"], ascending=[False, True]).drop_duplicates(by)
    return sizes.set_index(by)["collection"].sort_index()
