"""Services in time: event studies and interrupted time series at legal dates, and the dates on which nothing happened.

Every estimate compares services with themselves and clusters its errors by service. A service in another collection is
a series of its own, with a fixed effect of its own: archives cut pages differently, and that is no change of text.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.regression.linear_model import OLS

from privacylab import eras
from privacylab.findings import intervals
from privacylab.findings.change import equivalence
from privacylab.findings.sampling import MONTHS_IN_FORCE, in_force_on

Floats = npt.NDArray[np.float64]


def panel(
    policies: pd.DataFrame,
    *,
    every: Literal["half_year", "month"] = "half_year",
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
) -> pd.DataFrame:
    """Each service's policy in force at the end of each half-year or month.

    Args:
        policies: The table.
        every: The periods. The embedded panel holds a policy a half-year; months fit a corpus with ``--every all``.
        months: How old a policy in force may be.
        document: Which document.

    Returns:
        ``service``, ``collection``, ``period`` (counted from 0 for the first of the data), ``end`` (its last day),
        ``policy_id``; sorted by service and period. A service is missing where nothing is in force, and after the
        period in which the collection of its policy ended: a dead archive no longer shows that nothing changed. Empty
        if no period ends between the first date and the last.

    Raises:
        ValueError: ``every`` is neither.
    """
    if every not in ("half_year", "month"):
        raise ValueError(f"every {every!r} must be half_year or month")
    ends = _ends(policies["date"].dropna(), every)
    if ends.empty:
        none = pd.DataFrame({"period": pd.Series(dtype=int), "end": policies["date"].iloc[:0]})
        return none.reindex(columns=["service", "collection", "period", "end", "policy_id"])
    closing = policies.groupby("collection")["date"].max()
    held = in_force_on(policies, list(ends), months=months, document=document)
    found = held[["service", "collection", "day", "policy_id"]].rename(columns={"day": "end"})
    found.insert(2, "period", pd.Index(ends).get_indexer(pd.Index(found["end"])))
    ended = pd.Series(np.searchsorted(ends, closing.to_numpy()), index=closing.index)
    found = found[found["period"] <= found["collection"].map(ended)]
    return found.sort_values(["service", "period"], ignore_index=True)


def _ends(dates: pd.Series, every: str) -> pd.DatetimeIndex:
    """The last days of the periods that end between the first and the last date, the last one's month included."""
    if dates.empty:
        return pd.DatetimeIndex([])
    first, last = dates.min(), dates.max()
    ends = pd.date_range(first, last + pd.DateOffset(months=6), freq="ME")
    if every == "half_year":
        ends = ends[ends.month % 6 == 0]
    return pd.DatetimeIndex(ends[ends <= last + pd.offsets.MonthEnd(0)])


class _Window(NamedTuple):
    """The panel's rows around an event, with periods counted from it (0: the first that ends on or after it)."""

    rows: pd.DataFrame
    period: npt.NDArray[np.int64]
    outcome: Floats
    series: npt.NDArray[np.intp]
    service: npt.NDArray[np.intp]
    treated: npt.NDArray[np.bool_] | None


def _codes(rows: pd.DataFrame) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Whose fixed effect (service and collection) and whose cluster (service) each row is."""
    return tuple(
        rows.groupby(keys, sort=True).ngroup().to_numpy(dtype=np.intp)
        for keys in (["service", "collection"], "service")
    )  # type: ignore[return-value]


def _window(
    panel: pd.DataFrame,
    outcome: pd.Series,
    event: dt.date | str,
    before: int,
    after: int,
    treated: Collection[str] | None,
) -> _Window:
    if before < 1 or after < 0:
        raise ValueError(f"before ({before}) must be 1 or more and after ({after}) 0 or more periods")
    if panel.duplicated(["service", "period"]).any():
        raise ValueError("a service stands twice in one period of the panel: give one policy a service and period")
    day, ends = pd.Timestamp(eras.as_date(event)), panel.groupby("period")["end"].first()
    if ends.empty or day <= ends.iloc[0] or day > ends.iloc[-1]:
        panel, zero = panel.iloc[:0], 0  # the event lies outside the data: no service has two sides of it
    else:
        zero = int(ends.index[ends >= day][0])
    rows = panel[panel["period"].between(zero - before, zero + after)]
    places = outcome.index.get_indexer(pd.Index(rows["policy_id"]))
    if (places < 0).any():
        raise ValueError("a policy of the panel is not in the outcome: give it for all policies")
    values = outcome.to_numpy(dtype=float)[places]
    rows, values = rows[np.isfinite(values)], values[np.isfinite(values)]
    # A series seen on one side only says nothing of a change at the event; it would only lend its trend.
    sides = (rows["period"] < zero).groupby([rows["service"], rows["collection"]]).transform("mean")
    both = sides.between(0, 1, inclusive="neither").to_numpy()
    rows, values = rows[both], values[both]
    group = None if treated is None else rows["service"].isin(list(treated)).to_numpy()
    return _Window(rows, rows["period"].to_numpy() - zero, values, *_codes(rows), group)


def _sizes(window: _Window) -> dict[str, int]:
    """The services behind an estimate; with treated ones, those among them."""
    sizes = {"n": int(window.rows["service"].nunique())}
    if window.treated is not None:
        sizes["n_treated"] = int(window.rows.loc[window.treated, "service"].nunique())
    return sizes


def _within(values: Floats, series: npt.NDArray[np.intp]) -> Floats:
    """Each column less its mean in the series: the same estimates as with a dummy for every series."""
    sizes = np.bincount(series)
    means = np.column_stack([np.bincount(series, column) for column in values.T]) / sizes[:, None]
    return np.asarray(values - means[series], dtype=np.float64)


_ESTIMATE = ["value", "low", "high", "p"]


def _fit(
    outcome: Floats,
    codes: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]],
    design: Floats,
    *,
    report: int,
    level: float,
    margin: float | None = None,
) -> pd.DataFrame:
    """The first ``report`` coefficients, with errors clustered by service and Student's t on (services - 1)."""
    columns = [*_ESTIMATE, *([] if margin is None else ["p_equivalence"])]
    found = np.full((report, len(columns)), np.nan)
    series, service = codes
    services = len(np.unique(service))
    x, y = (
        (_within(design, series), _within(outcome[:, None], series)[:, 0]) if services > 1 else (design[:, :0], outcome)
    )
    used = np.flatnonzero((np.abs(x) > 1e-12).any(axis=0))
    # A term that the others determine (an empty period, one group only) has no estimate.
    if not len(used) or np.linalg.matrix_rank(x[:, used]) < len(used):
        return pd.DataFrame(found, columns=columns)
    options = {"groups": service, "use_correction": True, "df_correction": True}
    fit = OLS(y, x[:, used]).fit(cov_type="cluster", cov_kwds=options, use_t=True)
    variances = np.diag(fit.cov_params())
    with np.errstate(invalid="ignore"):
        limits, p = fit.conf_int(1 - level), fit.pvalues
    for place, column in enumerate(used[used < report]):
        found[column, 0] = fit.params[place]
        # An outcome that never moves, or moves in too few services, has no error: the value then stands alone.
        if variances[place] > 1e-24:
            found[column, 1:4] = [*limits[place], p[place]]
            if margin is not None:
                error = float(np.sqrt(variances[place]))
                found[column, 4] = equivalence(fit.params[place], error, margin=margin, df=services - 1).p
    return pd.DataFrame(found, columns=columns)


def _periods(window: _Window, before: int, after: int) -> tuple[list[int], Floats]:
    """The periods around an event but the one before it, and a dummy for each."""
    periods = [period for period in range(-before, after + 1) if period != -1]
    return periods, np.column_stack([window.period == period for period in periods]).astype(float)


def event_study(
    panel: pd.DataFrame,
    outcome: pd.Series,
    *,
    event: dt.date | str,
    before: int = 6,
    after: int = 6,
    treated: Collection[str] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The outcome in each period around an event, against the period before it, within services.

    Service fixed effects; errors clustered by service. With ``treated`` (say the EU's services) also period effects:
    the rows are then the difference of that group from the others (difference in differences).

    Args:
        panel: From `panel`.
        outcome: A column of `findings.features` or `findings.amounts`: index ``policy_id``.
        event: The date.
        before: Periods before it.
        after: Periods after it, beside that of the event.
        treated: The services of the group that the event concerns; None: all.
        level: Confidence level.

    Returns:
        ``period`` (0: the first that ends on or after the event; -1 is the reference, 0 by definition), ``n`` (services
        seen in it, of those seen on both sides of the event), ``value``, ``low``, ``high`` (null where it cannot be
        told), ``p``.

    Raises:
        ValueError: A service stands twice in a period, or a policy is not in the outcome.

    Note:
        An event outside the panel has n=0 and nulls.
    """
    window = _window(panel, outcome, event, before, after, treated)
    periods, dummies = _periods(window, before, after)
    if window.treated is not None:
        dummies = np.hstack([dummies * window.treated[:, None], dummies])
    found = _fit(window.outcome, (window.series, window.service), dummies, report=len(periods), level=level)
    found.insert(0, "n", [int((window.period == period).sum()) for period in periods])
    found.insert(0, "period", periods)
    before_it = int((window.period == -1).sum())
    reference = {"period": -1, "n": before_it, **dict.fromkeys(("value", "low", "high"), 0.0 if before_it else np.nan)}
    return pd.concat([found, pd.DataFrame([reference])]).sort_values("period", ignore_index=True)


def interrupted(
    panel: pd.DataFrame,
    outcome: pd.Series,
    *,
    event: dt.date | str,
    before: int = 6,
    after: int = 6,
    treated: Collection[str] | None = None,
    margin: float | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """An interrupted time series: the trend, the step at the event, and the change of the trend after it.

    The step is the jump in the event's own period over what the trend before it foretells. Service fixed effects;
    errors clustered by service. With ``treated``, period effects too, and the rows are the group's difference.

    Args:
        panel: From `panel`.
        outcome: As in `event_study`.
        event: The date.
        before: Periods before it.
        after: Periods after it, beside that of the event.
        treated: As in `event_study`.
        margin: The smallest effect that would matter, in units of the outcome, to test that there is none.
        level: Confidence level.

    Returns:
        ``term`` (``trend``, ``step``, ``trend_change``; trends a period), ``n`` (services seen on both sides),
        ``n_treated`` where there are, ``value``, ``low``, ``high``, ``p``, and ``p_equivalence`` with a margin.

    Raises:
        ValueError: As `event_study`.
    """
    window = _window(panel, outcome, event, before, after, treated)
    time, post = window.period.astype(float), (window.period >= 0).astype(float)
    design = np.column_stack([time, post, time * post])
    if window.treated is not None:
        _, dummies = _periods(window, before, after)
        design = np.hstack([design * window.treated[:, None], dummies])
    found = _fit(window.outcome, (window.series, window.service), design, report=3, level=level, margin=margin)
    sizes = pd.DataFrame({"term": ["trend", "step", "trend_change"], **_sizes(window)})
    return pd.concat([sizes, found], axis=1)


def steps(
    panel: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    events: Iterable[eras.Event] | None = None,
    before: int = 4,
    after: int = 1,
    treated: Collection[str] | None = None,
    minimum: int = 20,
    level: float = 0.95,
) -> pd.DataFrame:
    """The step of `interrupted` for several outcomes at several dates.

    Args:
        panel: From `panel`.
        outcomes: Columns of `findings.features` and `findings.amounts`: index ``policy_id``.
        events: The dates; None: `eras.events`.
        before: Periods before each date.
        after: Periods after it, beside that of the event.
        treated: As in `event_study`.
        minimum: Services that must be seen on both sides of a date, and treated services where there are.
        level: Confidence level.

    Returns:
        ``event`` (its name), ``date``, ``outcome``, ``n``, ``n_treated`` where there are, ``value``, ``low``, ``high``,
        ``p``, ``q`` (Benjamini-Hochberg over all rows). Where the date lies outside the panel or services are too few:
        an explicit row with its n and nulls.
    """
    columns = list(outcomes.columns)
    sides = ["n"] if treated is None else ["n", "n_treated"]
    rows = []
    for event in eras.events() if events is None else events:
        named = {"event": event.name, "date": pd.Timestamp(event.date)}
        inside = len(panel) and panel["end"].min() < named["date"] <= panel["end"].max()
        for column in columns:
            row: dict[str, Any] = {**named, "outcome": column, **dict.fromkeys(sides, 0)}
            if inside:
                options: dict[str, Any] = {"event": event.date, "before": before, "after": after, "level": level}
                step = interrupted(panel, outcomes[column], **options, treated=treated).iloc[1]
                row |= {name: int(step[name]) for name in sides}
                if min(row[name] for name in sides) >= minimum:
                    row |= {name: float(step[name]) for name in _ESTIMATE}
            rows.append(row)
    found = pd.DataFrame(rows, columns=["event", "date", "outcome", *sides, *_ESTIMATE]).astype({"p": float})
    return found.assign(q=intervals.benjamini_hochberg(found["p"]))


def trend(panel: pd.DataFrame, outcomes: pd.DataFrame, *, years: float = 1.0, level: float = 0.95) -> pd.DataFrame:
    """The straight trend of outcomes within services.

    Args:
        panel: From `panel`, all of it or the part of interest.
        outcomes: As in `steps`.
        years: The years that the change is told for; beyond those of the data it is an extrapolation.
        level: Confidence level.

    Returns:
        ``outcome``, ``n`` (services seen in two periods or more), ``value`` (change over the years), ``low``, ``high``,
        ``p``; null with fewer than two services.
    """
    found = []
    for column in outcomes.columns:
        rows = panel[outcomes[column].reindex(panel["policy_id"]).notna().to_numpy()]
        rows = rows[rows.groupby(["service", "collection"])["period"].transform("size") > 1]
        days = (rows["end"] - pd.Timestamp("2000-01-01")).dt.days.to_numpy(dtype=float)
        values = outcomes[column].reindex(rows["policy_id"]).to_numpy(dtype=float)
        fit = _fit(values, _codes(rows), days[:, None] / (365.25 * years), report=1, level=level)
        found.append({"outcome": column, "n": rows["service"].nunique(), **fit.iloc[0].to_dict()})
    return pd.DataFrame(found)


def placebo(
    panel: pd.DataFrame,
    outcome: pd.Series,
    *,
    events: Iterable[dt.date | str] | None = None,
    before: int = 4,
    after: int = 1,
    apart: int = 1,
    minimum: int = 20,
    treated: Collection[str] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """The step of `interrupted` at the legal dates and, to compare, at the end of every other period.

    Args:
        panel: From `panel`.
        outcome: As in `event_study`.
        events: The true dates; None: `eras.events`. Those without whole windows in the panel are left out.
        before: Periods before each date.
        after: Periods after it.
        apart: Periods within so many of a true event's are no placebo.
        minimum: Services that must be seen on both sides of a date; dates with fewer are left out.
        treated: As in `event_study`.
        level: Confidence level.

    Returns:
        ``date``, ``kind`` (``event`` or ``placebo``), ``n``, ``n_treated`` where there are, ``value``, ``low``,
        ``high``, ``p``, ``reaches`` (how many other true events lie in the window), ``rank_p`` (events only: how rare a
        step as clear as that is among the placebo dates), sorted by date.

    Note:
        Steps at placebo dates whose windows reach true events carry part of those events: they make the rank cautious.
    """
    dates = [event.date for event in eras.events()] if events is None else [eras.as_date(event) for event in events]
    ends = panel.groupby("period")["end"].first()
    inside = ends.iloc[before : len(ends) - after]
    real = {
        int(ends.index[ends >= pd.Timestamp(date)][0]): date for date in dates if (ends >= pd.Timestamp(date)).any()
    }
    tried = [(ends[period], "event", date) for period, date in real.items() if period in inside.index]
    far = [period for period in inside.index if all(abs(period - other) > apart for other in real)]
    tried += [(ends[period], "placebo", ends[period].date()) for period in far]
    rows = []
    for end, kind, date in tried:
        fit = interrupted(panel, outcome, event=end.date(), before=before, after=after, treated=treated, level=level)
        step = fit.iloc[1].drop("term")
        if min(step.reindex(["n", "n_treated"]).dropna()) >= minimum:
            zero = int(ends.index[ends == end][0])
            reaches = sum(zero - before <= other <= zero + after and other != zero for other in real)
            rows.append({"date": pd.Timestamp(date), "kind": kind, **step.to_dict(), "reaches": reaches})
    columns = ["date", "kind", "n", *([] if treated is None else ["n_treated"]), *_ESTIMATE, "reaches"]
    found = pd.DataFrame(rows, columns=columns).sort_values(["date", "kind"], ignore_index=True)
    # By p and not by size: steps at dates with few services are large and mean little.
    others = found.loc[found["kind"] == "placebo", "p"].dropna().to_numpy(dtype=float)
    ranks = [(1 + int((others <= p).sum())) / (1 + len(others)) for p in found["p"]]
    return found.assign(rank_p=pd.Series(ranks, dtype=float).where(found["kind"] == "event"))
