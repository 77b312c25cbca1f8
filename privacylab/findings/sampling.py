"""Which policy speaks for a service in an era, a half-year, on a day."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import pandas as pd

from privacylab import eras
from privacylab.findings.intervals import SEED
from privacylab.tables import schema

MONTHS_IN_FORCE = 18
"""A policy counts as in force for this long after its date: the archives record changes, not absences."""


def in_force(policies: pd.DataFrame, date: dt.date | str, *, months: int = MONTHS_IN_FORCE) -> pd.DataFrame:
    """The main policy that each service has in force on a date: its latest version up to it, unless that is too old.

    Args:
        policies: The table; undated policies never are in force.
        date: A date or ``YYYY-MM-DD``.
        months: How old the version may be.

    Returns:
        Rows of ``policies``, one a service, sorted by service; empty if none is in force.

    Raises:
        ValueError: ``policy_id`` repeats, ``months`` is below 1, or the date is none.
    """
    return in_force_on(policies, [pd.Timestamp(eras.as_date(date))], months=months).drop(columns="day")


def in_force_on(policies: pd.DataFrame, days: Sequence[pd.Timestamp], *, months: int = MONTHS_IN_FORCE) -> pd.DataFrame:
    """`in_force` on many days at once.

    Returns:
        Rows of ``policies`` with the ``day`` on which they are in force, sorted by day and service.
    """
    if months < 1:
        raise ValueError(f"months {months} must be 1 or more")
    # policy_id breaks ties, so that the order of the caller's rows never decides.
    rows = _dated(policies).sort_values(["service", "date", "policy_id"])
    held = [rows.iloc[:0].assign(day=rows["date"].iloc[:0])]
    for day in sorted(set(days)):
        young = rows[rows["date"].between(day - pd.DateOffset(months=months), day)]
        held.append(young.drop_duplicates("service", keep="last").assign(day=day))
    return pd.concat(held, ignore_index=True).astype({"day": policies["date"].dtype})


def _dated(policies: pd.DataFrame) -> pd.DataFrame:
    repeated = policies.loc[policies["policy_id"].duplicated(), "policy_id"]
    if len(repeated):
        raise ValueError(f"policy_id {repeated.iloc[0]!r} occurs more than once in policies: drop the repeated rows")
    return policies[policies["date"].notna() & (policies["document"] == "main")]


def cells(dates: pd.Series, *, by: str, shift: int = 0) -> pd.Series:
    """The cell of each date, as an ordered category that also knows the cells in which nothing falls.

    Args:
        dates: Dates, none null.
        by: ``era``, ``sub_era``, ``year`` or ``half_year``.
        shift: Months by which the borders of eras are moved (later if positive).

    Raises:
        ValueError: ``by`` is none of these, or half-years and years were to be shifted.
    """
    if by in ("era", "sub_era"):
        parts = eras.eras() if by == "era" else eras.parts()
        starts = [pd.Timestamp(part.start) + pd.DateOffset(months=shift) for part in parts if part.start]
        borders = [pd.Timestamp.min, *starts, pd.Timestamp.max]
        return pd.cut(dates, borders, right=False, labels=[part.id for part in parts]).rename(None)
    if by not in ("year", "half_year") or shift:
        raise ValueError(f"by {by!r} must be era, sub_era, year or half_year; shift {shift} must be 0 but for eras")
    length = 4 if by == "year" else 7  # of 2018-H1: a year is the beginning of its half-years
    half_years = eras.half_years(dates.min(), dates.max()) if len(dates) else []
    names = list(dict.fromkeys(name[:length] for name in half_years))
    cell_of = {day: eras.half_year(day)[:length] for day in dates.unique()}
    return pd.Series(pd.Categorical(dates.map(cell_of), names, ordered=True), index=dates.index)


def observations(
    policies: pd.DataFrame,
    *,
    by: str = "era",
    services: pd.DataFrame | None = None,
    pick: Literal["last", "random"] = "last",
    shift: int = 0,
) -> pd.DataFrame:
    """One main policy a service for each cell of a comparison.

    Args:
        policies: The table, in any order; undated policies are left out.
        by: ``era`` and ``sub_era`` take a service's versions dated within the cell; ``half_year_in_force`` what it has
            in force at the half-year's end (at the last date of the data in the last one): column ``half_year``.
        services: The table, to add ``region`` and ``industry`` (``unknown`` where null).
        pick: The last version within the cell, or a random one (to see whether the choice matters).
        shift: Months by which the borders of eras are moved (to see whether they matter).

    Returns:
        ``policy_id``, ``service``, ``collection``, ``date``, the cell as an ordered category, and what
        ``services`` adds; sorted by cell and service.

    Raises:
        ValueError: An option is none of the above, or ``policy_id`` repeats.
    """
    if by not in ("era", "sub_era", "half_year_in_force") or pick not in ("last", "random"):
        raise ValueError(f"by {by!r} must be one of era, sub_era, half_year_in_force, and pick {pick!r} last or random")
    rows, column = _dated(policies), by.removesuffix("_in_force")
    cell = cells(rows["date"], by=column, shift=shift)
    if column == "half_year":
        names, last = cell.cat.categories, rows["date"].max()
        days = {min(pd.Timestamp(eras.half_year_end(name)), last): name for name in names}
        rows = in_force_on(rows, list(days))
        rows["half_year"] = pd.Categorical(rows["day"].map(days), names, ordered=True)
    else:
        rows = rows.assign(**{column: cell})
        if pick == "random":
            # Shuffled once from a fixed order; the first of each cell is then a random one.
            shuffled = rows.sort_values("policy_id").sample(frac=1, random_state=SEED)
            rows = shuffled.drop_duplicates([column, "service"])
        rows = rows.sort_values([column, "service", "date", "policy_id"])
        rows = rows.drop_duplicates([column, "service"], keep="last", ignore_index=True)
    rows = rows[["policy_id", "service", "collection", "date", column]]
    if services is None:
        return rows
    facts = services.set_index("service").reindex(rows["service"])
    regions = pd.Categorical(facts["region"].fillna("unknown"), [*schema.REGIONS, "unknown"])
    return rows.assign(region=regions, industry=facts["industry"].fillna("unknown").to_numpy())
