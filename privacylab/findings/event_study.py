"""Services in time: event studies and interrupted time series at legal dates, and the dates on which nothing happened.

Every estimate compares services with themselves and clusters its errors by service. A service in another collection is
a series of its own, with a fixed effect of its own: archives cut pages differently, and that is no change of text.
"""

import datetime as dt
from collections.abc import Collection, Hashable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.regression.linear_model import OLS

from privacylab import eras
from privacylab.findings import intervals
from privacylab.findings.change import equivalence
from privacylab.findings.sampling import in_force_on

BEFORE, AFTER = 4, 1
"""The half-years before a date, and those after its own, from which `steps` and `placebo` estimate a step."""
MINIMUM = 20
"""The services that must be seen on both sides of a date for a step to be told."""
_SERIES = ["service", "collection"]
_ESTIMATE = ["value", "low", "high", "p"]


def panel(policies: pd.DataFrame) -> pd.DataFrame:
    """Each service's policy in force at the end of each half-year.

    Args:
        policies: The table.

    Returns:
        ``service``, ``collection``, ``period`` (counted from 0 for the first of the data), ``end`` (its last day),
        ``policy_id``; sorted by service and period. A service is missing where nothing is in force, and after the
        period in which the collection of its policy ended: a dead archive no longer shows that nothing changed. Empty
        if no half-year ends between the first month of the data and the last.
    """
    dates = policies["date"].dropna()
    ends = pd.DatetimeIndex([])
    if len(dates):
        ends = pd.date_range(dates.min(), dates.max() + pd.offsets.MonthEnd(0), freq="ME")
        ends = ends[ends.month % 6 == 0]
    rows = in_force_on(policies, list(ends), living=True).rename(columns={"day": "end"})
    rows["period"] = ends.get_indexer(pd.Index(rows["end"]))
    rows = rows.sort_values(["service", "period"], ignore_index=True)
    return rows[["service", "collection", "period", "end", "policy_id"]]


def _around(panel: pd.DataFrame, outcome: pd.Series, event: dt.date | str, before: int, after: int) -> pd.DataFrame:
    """The panel's rows around an event with their ``outcome``; ``period`` 0 is the first that ends on or after it."""
    if before < 1 or after < 0:
        raise ValueError(f"before ({before}) must be 1 or more and after ({after}) 0 or more periods")
    if panel.duplicated(["service", "period"]).any():
        raise ValueError("a service stands twice in one period of the panel: give one policy a service and period")
    day, ends = pd.Timestamp(eras.as_date(event)), panel.groupby("period")["end"].first()
    if ends.empty or day <= ends.iloc[0] or day > ends.iloc[-1]:
        rows = panel.iloc[:0]  # the event lies outside the data: no service has two sides of it
    else:
        rows = panel.assign(period=panel["period"] - ends.index[ends >= day][0])
    rows = rows[rows["period"].between(-before, after)]
    places = outcome.index.get_indexer(pd.Index(rows["policy_id"]))
    if (places < 0).any():
        raise ValueError("a policy of the panel is not in the outcome: give it for all policies")
    rows = rows.assign(outcome=outcome.to_numpy(dtype=float)[places])
    rows = rows[np.isfinite(rows["outcome"])]
    # A series seen on one side only says nothing of a change at the event; it would only lend its trend.
    periods = rows.groupby(_SERIES)["period"]
    both_sides: pd.DataFrame = rows[(periods.transform("min") < 0) & (periods.transform("max") >= 0)]
    return both_sides


def _fit(rows: pd.DataFrame, terms: pd.DataFrame, *, margin: float | None = None) -> pd.DataFrame:
    """Regresses ``outcome`` on the terms and a fixed effect for each series.

    Returns:
        For each term `_ESTIMATE`, and ``p_equivalence`` with a margin: errors clustered by service, Student's t on
        (services - 1). Null where the terms determine each other (an empty period, one group only).
    """
    columns = [*_ESTIMATE, *([] if margin is None else ["p_equivalence"])]
    estimates = pd.DataFrame(np.nan, index=terms.columns, columns=columns)
    # Less its mean in the series: the same estimates as with a dummy for every series.
    values = pd.concat([rows["outcome"], terms.astype(float)], axis=1)
    values -= values.groupby([rows[name] for name in _SERIES]).transform("mean")
    terms = values[terms.columns]
    terms = terms.loc[:, (terms.abs() > 1e-12).any()]
    services = rows["service"].nunique()
    if services < 2 or terms.empty or np.linalg.matrix_rank(terms) < terms.shape[1]:
        return estimates
    clusters = {"groups": rows["service"].factorize()[0], "use_correction": True, "df_correction": True}
    fit = OLS(values["outcome"], terms).fit(cov_type="cluster", cov_kwds=clusters, use_t=True)
    estimates["value"] = fit.params
    # An outcome that never moves, or moves in too few services, has no error: the value then stands alone.
    with np.errstate(invalid="ignore"):
        errors = fit.bse[fit.bse > 1e-12]
        intervals_and_p = fit.conf_int().assign(p=fit.pvalues).loc[errors.index]
    estimates.loc[errors.index, _ESTIMATE[1:]] = intervals_and_p.to_numpy()
    if margin is not None:
        tests = equivalence(fit.params[errors.index], errors, margin=margin, df=services - 1)
        estimates.loc[errors.index, "p_equivalence"] = tests
    return estimates


def _periods(rows: pd.DataFrame, before: int, after: int) -> pd.DataFrame:
    """A dummy for each period around an event but the one before it, which is the reference."""
    return pd.DataFrame({period: rows["period"] == period for period in range(-before, after + 1) if period != -1})


def _treated(rows: pd.DataFrame, terms: pd.DataFrame, periods: pd.DataFrame, treated: Collection[str]) -> pd.DataFrame:
    """The terms of the treated services alone, beside the period effects that all services share."""
    group = rows["service"].isin(list(treated))
    return pd.concat([terms.mul(group, axis=0), periods.add_prefix("all ")], axis=1)


def event_study(
    panel: pd.DataFrame,
    outcome: pd.Series,
    *,
    event: dt.date | str,
    before: int = 6,
    after: int = 6,
    treated: Collection[str] | None = None,
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

    Returns:
        ``period`` (0: the first that ends on or after the event; -1 is the reference, 0 by definition), ``n`` (services
        seen in it, of those seen on both sides of the event), ``value``, ``low``, ``high`` (null where there are too
        few services), ``p``.

    Raises:
        ValueError: A service stands twice in a period, or a policy is not in the outcome.

    Note:
        An event outside the panel has n=0 and nulls.
    """
    rows = _around(panel, outcome, event, before, after)
    terms = _periods(rows, before, after)
    if treated is not None:
        terms = _treated(rows, terms, terms, treated)
    estimates = _fit(rows, terms).reindex(range(-before, after + 1))
    n = rows["period"].value_counts().reindex(estimates.index, fill_value=0)
    if n[-1]:
        estimates.loc[-1, ["value", "low", "high"]] = 0.0
    estimates.insert(0, "n", n)
    return estimates.rename_axis("period").reset_index()


def interrupted(
    panel: pd.DataFrame,
    outcome: pd.Series,
    *,
    event: dt.date | str,
    before: int = 6,
    after: int = 6,
    treated: Collection[str] | None = None,
    margin: float | None = None,
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

    Returns:
        ``term`` (``trend``, ``step``, ``trend_change``; trends a period), ``n`` (services seen on both sides),
        ``n_treated`` where there are, ``value``, ``low``, ``high``, ``p``, and ``p_equivalence`` with a margin.

    Raises:
        ValueError: As `event_study`.
    """
    rows = _around(panel, outcome, event, before, after)
    time, post = rows["period"], rows["period"] >= 0
    terms = pd.DataFrame({"trend": time, "step": post, "trend_change": time * post})
    sizes = {"n": rows["service"].nunique()}
    if treated is not None:
        terms = _treated(rows, terms, _periods(rows, before, after), treated)
        sizes["n_treated"] = len(set(rows["service"]).intersection(treated))
    estimates = _fit(rows, terms, margin=margin).loc[["trend", "step", "trend_change"]]
    return estimates.assign(**sizes)[[*sizes, *estimates]].rename_axis("term").reset_index()


def steps(
    panel: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    events: Iterable[eras.Event] | None = None,
    treated: Collection[str] | None = None,
) -> pd.DataFrame:
    """The step of `interrupted` for several outcomes at several dates.

    Args:
        panel: From `panel`.
        outcomes: Columns of `findings.features` and `findings.amounts`: index ``policy_id``.
        events: The dates; None: `eras.events`.
        treated: As in `event_study`.

    Returns:
        ``event`` (its name), ``date``, ``outcome``, ``n``, ``n_treated`` where there are, ``value``, ``low``, ``high``,
        ``p``, ``q`` (Benjamini-Hochberg over all rows). Where the date lies outside the panel, or fewer than `MINIMUM`
        services (or treated ones) are seen on both sides of it: an explicit row with its n and nulls.
    """
    sizes = ["n"] if treated is None else ["n", "n_treated"]
    rows = []
    for event in eras.events() if events is None else events:
        for name in outcomes.columns:
            step = _step(panel, outcomes[name], event.date, treated)
            if min(step[size] for size in sizes) < MINIMUM:
                step |= dict.fromkeys(_ESTIMATE, np.nan)
            rows.append({"event": event.name, "date": pd.Timestamp(event.date), "outcome": name, **step})
    frame = pd.DataFrame(rows, columns=["event", "date", "outcome", *sizes, *_ESTIMATE])
    return frame.assign(q=intervals.benjamini_hochberg(frame["p"]))


def _step(
    panel: pd.DataFrame, outcome: pd.Series, event: dt.date | str, treated: Collection[str] | None = None
) -> dict[Hashable, Any]:
    terms = interrupted(panel, outcome, event=event, before=BEFORE, after=AFTER, treated=treated)
    return terms.set_index("term").to_dict("index")["step"]


def trend(panel: pd.DataFrame, outcomes: pd.DataFrame, *, years: float = 1.0) -> pd.DataFrame:
    """The straight trend of outcomes within services over all periods of the panel; errors clustered by service.

    Args:
        panel: From `panel`, all of it or the part of interest.
        outcomes: As in `steps`.
        years: The years that the change is told for; beyond those of the data it is an extrapolation.

    Returns:
        ``outcome``, ``n`` (services seen in two periods or more), ``value`` (change over the years), ``low``, ``high``,
        ``p``; null with fewer than two services.
    """
    estimates = []
    for name in outcomes.columns:
        rows = panel.assign(outcome=outcomes[name].reindex(panel["policy_id"]).to_numpy(dtype=float))
        rows = rows[rows["outcome"].notna()]
        rows = rows[rows.groupby(_SERIES)["period"].transform("size") > 1]
        time = (rows["end"] - pd.Timestamp("2000-01-01")).dt.days / (365.25 * years)
        change = _fit(rows, time.to_frame(name)).loc[name]
        estimates.append({"outcome": name, "n": rows["service"].nunique(), **change})
    return pd.DataFrame(estimates)


def placebo(panel: pd.DataFrame, outcome: pd.Series) -> pd.DataFrame:
    """The step of `interrupted` at the legal dates and, to compare, at the end of every other period.

    Args:
        panel: From `panel`.
        outcome: As in `event_study`.

    Returns:
        ``date``, ``kind`` (``event``: one of `eras.events`; or ``placebo``: the end of a period that is no event's nor
        beside one), ``n``, ``value``, ``low``, ``high``, ``p``, ``reaches`` (how many other events lie in the window),
        ``rank_p`` (events only: how rare a step as clear as that is among the placebo dates), sorted by date. Dates
        without a whole window in the panel, or with fewer than `MINIMUM` services, are left out.

    Note:
        Steps at placebo dates whose windows reach events carry part of those events: the rank is conservative.
    """
    ends = panel.groupby("period")["end"].first()
    events = {}
    for event in eras.events():
        periods = ends.index[ends >= pd.Timestamp(event.date)]
        if len(periods):
            events[periods[0]] = event.date
    rows = []
    for period, end in ends.iloc[BEFORE : len(ends) - AFTER].items():
        distances = [other - period for other in events if other != period]
        if period not in events and any(abs(distance) == 1 for distance in distances):
            continue
        step = _step(panel, outcome, end.date())
        if step["n"] >= MINIMUM:
            kind, date = ("event", events[period]) if period in events else ("placebo", end.date())
            reaches = sum(-BEFORE <= distance <= AFTER for distance in distances)
            rows.append({"date": pd.Timestamp(date), "kind": kind, **step, "reaches": reaches})
    frame = pd.DataFrame(rows, columns=["date", "kind", "n", *_ESTIMATE, "reaches"])
    frame = frame.sort_values(["date", "kind"], ignore_index=True)
    # By p and not by size: steps at dates with few services are large and mean little.
    others = frame.loc[frame["kind"] == "placebo", "p"].dropna().to_numpy(dtype=float)
    ranks = [(1 + (others <= p).sum()) / (1 + len(others)) for p in frame["p"]]
    return frame.assign(rank_p=pd.Series(ranks, dtype=float).where(frame["kind"] == "event"))
