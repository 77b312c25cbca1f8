"""Which policy speaks for a service in an era, a half-year, on a day."""

import datetime as dt
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from privacylab import eras
from privacylab.tables import schema

MONTHS_IN_FORCE = 18
"""A policy counts as in force for this long after its date: the archives record changes, not absences."""

UNKNOWN = "unknown"
By = Literal["era", "sub_era", "year", "half_year", "half_year_in_force"]
_BY = ("era", "sub_era", "year", "half_year", "half_year_in_force")


def in_force(
    policies: pd.DataFrame,
    date: dt.date | str,
    *,
    months: int = MONTHS_IN_FORCE,
    document: str | None = "main",
) -> pd.DataFrame:
    """The policy that each service has in force on a date: its latest version up to it, unless that is too old.

    Args:
        policies: The table; undated policies never are in force.
        date: A date or ``YYYY-MM-DD``.
        months: How old the version may be.
        document: Which document; None: the latest of each.

    Returns:
        Rows of ``policies``, one a service (and document), sorted by them; empty if none is in force.

    Raises:
        ValueError: ``policy_id`` repeats, ``months`` is below 1, or the date is none.
    """
    if months < 1:
        raise ValueError(f"months {months} must be 1 or more")
    day = pd.Timestamp(eras.as_date(date))
    rows = _documents(policies, document)
    rows = rows[(rows["date"] <= day) & (rows["date"] >= day - pd.DateOffset(months=months))]
    return _last(rows, ["service", "document"])


def _documents(policies: pd.DataFrame, document: str | None) -> pd.DataFrame:
    if policies["policy_id"].duplicated().any():
        repeated = policies.loc[policies["policy_id"].duplicated(), "policy_id"].iloc[0]
        raise ValueError(f"policy_id {repeated!r} stands more than once in policies: drop the repeated rows first")
    rows = policies[policies["date"].notna()]
    return rows if document is None else rows[rows["document"] == document]


def _last(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    # policy_id breaks ties, so that the order of the caller's rows never decides.
    ordered = rows.sort_values([*keys, "date", "policy_id"])
    return ordered.drop_duplicates(keys, keep="last").reset_index(drop=True)


def cells(dates: pd.Series, *, by: str, shift: int = 0) -> pd.Series:
    """The cell of each date, as an ordered category that also knows the cells in which nothing falls.

    Args:
        dates: Dates, none null.
        by: ``era``, ``sub_era``, ``year`` or ``half_year``.
        shift: Months by which the borders of eras are moved (later if positive).

    Raises:
        ValueError: ``by`` is none of these, or years and half-years were to be shifted.
    """
    if by in ("era", "sub_era"):
        parts = eras.eras() if by == "era" else eras.parts()
        starts = [pd.Timestamp(part.start) + pd.DateOffset(months=shift) for part in parts if part.start]
        codes = np.searchsorted(np.array(starts, dtype="datetime64[ms]"), dates.to_numpy("datetime64[ms]"), "right")
        names = [part.id for part in parts]
    elif by in ("year", "half_year") and not shift:
        period = dates.dt.year * 2 + (dates.dt.month > 6) if by == "half_year" else dates.dt.year
        span = range(int(period.min()), int(period.max()) + 1) if len(period) else range(0)
        names = [f"{i // 2}-H{i % 2 + 1}" if by == "half_year" else str(i) for i in span]
        codes = (period - span.start).to_numpy(dtype=int)
    else:
        raise ValueError(f"by {by!r} with shift {shift}: by must be one of {', '.join(_BY)}; only eras can be shifted")
    return pd.Series(pd.Categorical.from_codes(codes.tolist(), pd.Index(names), ordered=True), index=dates.index)


def observations(
    policies: pd.DataFrame,
    *,
    by: By = "era",
    services: pd.DataFrame | None = None,
    months: int = MONTHS_IN_FORCE,
    pick: Literal["last", "random"] = "last",
    shift: int = 0,
    document: str | None = "main",
    seed: int = 0,
) -> pd.DataFrame:
    """One policy a service for each cell of a comparison.

    Args:
        policies: The table, in any order; undated policies are left out.
        by: ``era``, ``sub_era``, ``year`` and ``half_year`` take a service's versions dated within the cell;
            ``half_year_in_force`` what it has in force at the half-year's end (at the last date of the data in
            the last one): column ``half_year``.
        services: The table, to add ``region`` and ``industry`` (``unknown`` where null).
        months: How old a policy in force may be (``half_year_in_force`` only).
        pick: The last version within the cell, or a random one (to see whether the choice matters).
        shift: Months by which the borders of eras are moved (to see whether they matter).
        document: Which document; None: all of them, several a service.
        seed: For ``pick="random"``.

    Returns:
        ``policy_id``, ``service``, ``collection``, ``date``, the cell as an ordered category, and what
        ``services`` adds; sorted by cell and service.

    Raises:
        ValueError: An option is none of the above, or ``policy_id`` repeats.
    """
    if by not in _BY or pick not in ("last", "random"):
        raise ValueError(f"by {by!r} must be one of {', '.join(_BY)}, and pick {pick!r} last or random")
    rows = _documents(policies, document)
    column = "half_year" if by == "half_year_in_force" else by
    rows = rows.assign(**{column: cells(rows["date"], by=column, shift=shift)})
    if by == "half_year_in_force":
        rows = _each_half_year(rows, months=months, document=document)
    else:
        if pick == "random":
            # Shuffled once from a fixed order; the first of each cell is then a random one.
            shuffled = rows.sort_values("policy_id").sample(frac=1, random_state=seed)
            rows = shuffled.drop_duplicates([column, "service", "document"])
        rows = _last(rows, [column, "service", "document"])
    found = rows[["policy_id", "service", "collection", "date", column]]
    if services is not None:
        known = services.set_index("service").reindex(found["service"])
        regions = pd.Categorical(known["region"].fillna(UNKNOWN), [*schema.REGIONS, UNKNOWN])
        found = found.assign(region=regions, industry=known["industry"].fillna(UNKNOWN).to_numpy())
    return found


def _each_half_year(rows: pd.DataFrame, *, months: int, document: str | None) -> pd.DataFrame:
    names = list(rows["half_year"].cat.categories)
    ends = [f"{name[:4]}-06-30" if name.endswith("1") else f"{name[:4]}-12-31" for name in names]
    last = rows["date"].max()
    days = [min(pd.Timestamp(end), last) for end in ends]
    held = in_force_on(rows.drop(columns="half_year"), days, months=months, document=document)
    codes = pd.Index(days).get_indexer(pd.Index(held["day"]))
    cell = pd.Categorical.from_codes(codes.tolist(), pd.Index(names), ordered=True)
    return held.assign(half_year=cell)


def in_force_on(
    policies: pd.DataFrame,
    days: Sequence[pd.Timestamp],
    *,
    months: int = MONTHS_IN_FORCE,
    document: str | None = "main",
) -> pd.DataFrame:
    """`in_force` on many days at once.

    Returns:
        Rows of ``policies`` with the ``day`` on which they are in force, sorted by day, service and document.
    """
    keys = ["service", "document"]
    rows = _last(_documents(policies, document), [*keys, "date"]).sort_values(["date", "policy_id"])
    if rows.empty or not len(days):
        return rows.iloc[:0].assign(day=rows["date"].iloc[:0])
    dtype = policies["date"].dtype
    calendar = pd.DataFrame({"day": pd.Series(sorted(set(days))).astype(dtype)})
    calendar["oldest"] = (calendar["day"] - pd.DateOffset(months=months)).astype(dtype)
    grid = rows[keys].drop_duplicates().sort_values(keys).merge(calendar, how="cross").sort_values("day", kind="stable")
    held = pd.merge_asof(grid, rows, left_on="day", right_on="date", by=keys, direction="backward")
    held = held[held["date"].notna() & (held["date"] >= held["oldest"])]
    return held.drop(columns="oldest").reset_index(drop=True)
