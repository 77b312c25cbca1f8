"""Change within services: before and after, event studies at legal dates, and the test of "no change".

A cross-section mixes change of sample with change of practice; here every service is compared with itself.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import OLS

from privacylab import eras, uncertainty
from privacylab.observe import MONTHS_IN_FORCE, choose, in_force, in_force_on, observations

Floats = npt.NDArray[np.float64]


class Equivalence(NamedTuple):
    """The outcome of two one-sided tests: the 90% interval (for 5% tests) and the larger p."""

    low: float
    high: float
    p: float


def equivalence(
    value: float, error: float, *, margin: float, df: float | None = None, alpha: float = 0.05
) -> Equivalence:
    """Whether an effect is too small to matter: two one-sided tests (TOST). "Not significant" is no such finding.

    Args:
        value: The effect.
        error: Its standard error, above 0.
        margin: The smallest effect that would matter, above 0, fixed before looking.
        df: Degrees of freedom of Student's t; None: normal.
        alpha: Level of each test.

    Raises:
        ValueError: The error or the margin is not positive.

    References:
        Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure. J. Pharmacokinet. Biopharm. 15.

    >>> equivalence(0.0, 1.0, margin=2.0).p.__round__(4)
    0.0228
    """
    if not error > 0 or not margin > 0:
        raise ValueError(f"the standard error ({error}) and the margin ({margin}) must be above 0")
    law = stats.norm() if df is None else stats.t(df)
    half = float(law.ppf(1 - alpha)) * error
    above, below = law.sf((value + margin) / error), law.cdf((value - margin) / error)
    return Equivalence(value - half, value + half, float(max(above, below)))


def _speaking(policies: pd.DataFrame, when: dt.date | str, *, months: int, document: str) -> pd.Series:
    """The policy that speaks for each service: the last one of an era or sub-era, or the one in force on a date."""
    for by, parts in (("era", eras.eras()), ("sub_era", eras.sub_eras())):
        if when in {part.id for part in parts}:
            rows = observations(policies, by=by, document=document)  # type: ignore[arg-type]
            return rows[rows[by] == when].set_index("service")["policy_id"]
    try:
        eras.as_date(when)
    except ValueError:
        known = ", ".join(part.id for part in (*eras.eras(), *eras.sub_eras()))
        raise ValueError(f"{when!r} is neither a date YYYY-MM-DD nor one of {known}") from None
    return in_force(policies, when, months=months, document=document).set_index("service")["policy_id"]


def pairs(
    policies: pd.DataFrame,
    *,
    before: dt.date | str,
    after: dt.date | str,
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
) -> pd.DataFrame:
    """The services that speak on both sides, with the policy on each.

    Args:
        policies: The table.
        before: An era or sub-era (a service's last policy in it), or a date (its policy in force).
        after: The same for the other side.
        months: How old a policy in force may be.
        document: Which document.

    Returns:
        ``service``, ``before``, ``after`` (policy ids), sorted by service; empty if no service is on both sides.

    Raises:
        ValueError: A side is neither an era nor a date.
    """
    sides = [_speaking(policies, when, months=months, document=document) for when in (before, after)]
    both = pd.concat(sides, axis=1, join="inner", keys=["before", "after"]).sort_index()
    return both.rename_axis("service").reset_index()


def paired(
    policies: pd.DataFrame,
    features: pd.DataFrame,
    *,
    before: dt.date | str,
    after: dt.date | str,
    columns: Iterable[str] | None = None,
    margin: float | None = None,
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
    level: float = 0.95,
) -> pd.DataFrame:
    """What the same services gained and lost: exact McNemar test and the difference of the shares.

    Args:
        policies: The table.
        features: From `observe.features`.
        before: As in `pairs`.
        after: As in `pairs`.
        columns: Which features; None: all.
        margin: The smallest difference that would matter (0 to 1), to test that there is none.
        months: As in `pairs`.
        document: As in `pairs`.
        level: Confidence level.

    Returns:
        ``feature``, ``n`` (services on both sides), ``gained``, ``lost``, ``kept``, ``neither``, ``before``, ``after``
        (shares), ``value`` (after - before), ``low``, ``high``, ``p``, ``q`` (Benjamini-Hochberg over the rows), and
        ``p_equivalence`` with a margin. Without any service: n is 0 and the rest null.

    Note:
        The interval and the test of equivalence are Bonett & Price's adjusted Wald; the point estimate is the plain
        difference. Losses are partly errors of what found the feature; see `correct`.

    References:
        McNemar (1947), Psychometrika 12, in its exact binomial form. Bonett, D. G. & Price, R. M. (2012). Adjusted Wald
        confidence interval for a difference of binomial proportions based on paired data. JEBS 37, 479-488.
    """
    wanted = choose(features, columns)
    both = pairs(policies, before=before, after=after, months=months, document=document)
    old, new = (features.loc[both[side], wanted].to_numpy(dtype=bool) for side in ("before", "after"))
    n = len(both)
    gained, lost = (~old & new).sum(axis=0), (old & ~new).sum(axis=0)
    counts = {"gained": gained, "lost": lost, "kept": (old & new).sum(axis=0), "neither": (~old & ~new).sum(axis=0)}
    up, down = (gained + 1) / (n + 2), (lost + 1) / (n + 2)
    error = np.sqrt((up + down - (up - down) ** 2) / (n + 2))
    half = uncertainty.z_score(level) * error
    with np.errstate(invalid="ignore"):
        shares = (
            {"before": old.sum(axis=0) / n, "after": new.sum(axis=0) / n} if n else {"before": np.nan, "after": np.nan}
        )
    value = (gained - lost) / n if n else np.nan
    low, high = np.maximum(up - down - half, -1), np.minimum(up - down + half, 1)
    interval = {"value": value, "low": low, "high": high} if n else dict.fromkeys(("value", "low", "high"), np.nan)
    p = np.minimum(2 * stats.binom.cdf(np.minimum(gained, lost), gained + lost, 0.5), 1) if n else np.nan
    found = pd.DataFrame({"feature": wanted, "n": n, **counts, **shares, **interval, "p": p})
    found["q"] = uncertainty.benjamini_hochberg(found["p"])
    if margin is not None:
        tests = [equivalence(d, e, margin=margin).p if n else np.nan for d, e in zip(up - down, error, strict=True)]
        found["p_equivalence"] = tests
    return found


def paired_amount(
    policies: pd.DataFrame,
    amounts: pd.DataFrame,
    *,
    before: dt.date | str,
    after: dt.date | str,
    columns: Iterable[str] | None = None,
    scale: Literal["ratio", "difference"] = "ratio",
    margin: float | None = None,
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """How an amount changed in the same services: the median ratio (or difference) and Wilcoxon's signed-rank test.

    Args:
        policies: The table.
        amounts: From `observe.amounts`.
        before: As in `pairs`.
        after: As in `pairs`.
        columns: Which amounts; None: all.
        scale: ``ratio`` (lengths; services where either side is 0 are left out) or ``difference`` (grades, rates).
        margin: The smallest change that would matter, to test that there is none: 0.05 is 5% on the scale of
            ratios, or 0.05 units on that of differences. It is the mean (log-ratio or difference) that is tested.
        months: As in `pairs`.
        document: As in `pairs`.
        level: Confidence level.
        resamples: Bootstrap resamples of services, for the median's interval.
        seed: For the bootstrap.

    Returns:
        ``amount``, ``n``, ``before``, ``after`` (medians), ``value`` (median ratio or difference), ``low``, ``high``,
        ``up``, ``down`` (shares of services that rose or fell), ``p``, ``q``, and ``p_equivalence`` with a margin.

    References:
        Wilcoxon, F. (1945). Biometrics Bulletin 1, 80-83; zero changes are left out, p is exact up to 50 without ties.
    """
    if scale not in ("ratio", "difference"):
        raise ValueError(f"scale {scale!r} must be ratio or difference")
    wanted = choose(amounts, columns)
    both = pairs(policies, before=before, after=after, months=months, document=document)
    rows = []
    for column in wanted:
        old, new = (amounts.loc[both[side], column].to_numpy(dtype=float) for side in ("before", "after"))
        usable = ~np.isnan(old) & ~np.isnan(new) & ((scale == "difference") | ((old > 0) & (new > 0)))
        old, new = old[usable], new[usable]
        change = np.log(new / old) if scale == "ratio" else new - old
        rows.append({"amount": column, **_amount(old, new, change, scale, margin, level, resamples, seed)})
    found = pd.DataFrame(rows)
    found.insert(list(found.columns).index("p") + 1, "q", uncertainty.benjamini_hochberg(found["p"]))
    return found


def _amount(
    old: Floats, new: Floats, change: Floats, scale: str, margin: float | None, level: float, resamples: int, seed: int
) -> dict[str, Any]:
    n = len(change)
    names = ("before", "after", "value", "low", "high", "up", "down", "p", *(["p_equivalence"] if margin else []))
    found: dict[str, Any] = {"n": n, **dict.fromkeys(names, np.nan)}
    if n == 0:
        return found
    back = np.exp if scale == "ratio" else np.asarray
    found.update(before=float(np.median(old)), after=float(np.median(new)), value=float(back(np.median(change))))
    found.update(up=float((change > 0).mean()), down=float((change < 0).mean()))
    # With nothing changed there is nothing to rank: no evidence of change.
    found["p"] = float(stats.wilcoxon(change[change != 0]).pvalue) if np.any(change != 0) else 1.0
    if n > 1:
        weights = uncertainty.resampled_services(n, resamples=resamples, seed=seed)
        low, high = uncertainty.percentiles(uncertainty.medians(change, weights), level=level)
        found.update(low=float(back(low)), high=float(back(high)))
        error = float(change.std(ddof=1)) / np.sqrt(n)
        if margin is not None and error > 0:
            limit = float(np.log1p(margin)) if scale == "ratio" else margin
            found["p_equivalence"] = equivalence(float(change.mean()), error, margin=limit, df=n - 1).p
    return found


def panel(
    policies: pd.DataFrame,
    *,
    every: Literal["half_year", "month"] = "half_year",
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
) -> pd.DataFrame:
    """Each service's policy in force at the end of each half-year or month.

    Returns:
        ``service``, ``period`` (counted from 0 for the first of the data), ``end`` (the last day of the period),
        ``policy_id``; sorted by service and period. A service is missing where nothing is in force.

    Raises:
        ValueError: ``every`` is neither, or no policy has a date.
    """
    if every not in ("half_year", "month"):
        raise ValueError(f"every {every!r} must be half_year or month")
    dates = policies["date"].dropna()
    if dates.empty:
        raise ValueError("no policy has a date: there is no time to compare")
    first, last = dates.min(), dates.max()
    ends = pd.date_range(first, last + pd.DateOffset(months=6), freq="ME")
    if every == "half_year":
        ends = ends[ends.month % 6 == 0]
    # Periods that have not ended by the last date of the data are not in it.
    ends = ends[ends <= last + pd.offsets.MonthEnd(0)]
    held = in_force_on(policies, list(ends), months=months, document=document)
    found = held[["service", "day", "policy_id"]].rename(columns={"day": "end"})
    found.insert(1, "period", pd.Index(ends).get_indexer(pd.Index(found["end"])))
    return found.sort_values(["service", "period"], ignore_index=True)


class _Window(NamedTuple):
    """The panel's rows around an event, with periods counted from it (0: the first that ends on or after it)."""

    rows: pd.DataFrame
    period: npt.NDArray[np.int64]
    outcome: Floats
    service: npt.NDArray[np.intp]
    treated: npt.NDArray[np.bool_] | None


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
    day, ends = pd.Timestamp(eras.as_date(event)), panel.groupby("period")["end"].first()
    if ends.empty or day <= ends.iloc[0] or day > ends.iloc[-1]:
        span = "is empty" if ends.empty else f"runs from {ends.iloc[0].date()} to {ends.iloc[-1].date()}"
        raise ValueError(f"event {day.date()} lies outside the panel, which {span}")
    zero = int(ends.index[ends >= day][0])
    rows = panel[panel["period"].between(zero - before, zero + after)]
    places = outcome.index.get_indexer(pd.Index(rows["policy_id"]))
    if (places < 0).any():
        raise ValueError("a policy of the panel is not in the outcome: give it for all policies")
    values = outcome.to_numpy(dtype=float)[places]
    rows, values = rows[~np.isnan(values)], values[~np.isnan(values)]
    codes, _ = pd.factorize(rows["service"], sort=True)
    group = None if treated is None else rows["service"].isin(list(treated)).to_numpy()
    return _Window(rows, rows["period"].to_numpy() - zero, values, codes, group)


def _within(values: Floats, service: npt.NDArray[np.intp]) -> Floats:
    """Each column less its mean in the service: the same estimates as with a dummy for every service."""
    sizes = np.bincount(service)
    means = np.column_stack([np.bincount(service, column) for column in values.T]) / sizes[:, None]
    return np.asarray(values - means[service], dtype=np.float64)


def _fit(window: _Window, design: Floats, *, report: int, level: float) -> pd.DataFrame:
    """The first ``report`` coefficients, with errors clustered by service and Student's t on (services - 1)."""
    x, y = _within(design, window.service), _within(window.outcome[:, None], window.service)[:, 0]
    null = pd.DataFrame(np.nan, index=range(report), columns=["value", "low", "high", "p"])
    services = len(np.unique(window.service))
    used = np.flatnonzero((np.abs(x) > 1e-12).any(axis=0))
    # A term that the others determine (an empty period, one group only) has no estimate.
    if services < 2 or np.linalg.matrix_rank(x[:, used]) < len(used):
        return null
    options = {"groups": window.service, "use_correction": True, "df_correction": True}
    fit = OLS(y, x[:, used]).fit(cov_type="cluster", cov_kwds=options, use_t=True)
    limits = fit.conf_int(1 - level)
    for place, column in enumerate(used):
        if column < report:
            null.loc[column] = [fit.params[place], limits[place, 0], limits[place, 1], fit.pvalues[place]]
    return null


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
        outcome: A column of `observe.features` or `observe.amounts`: index ``policy_id``.
        event: The date.
        before: Periods before it.
        after: Periods after it, beside that of the event.
        treated: The services of the group that the event concerns; None: all.
        level: Confidence level.

    Returns:
        ``period`` (0: the first that ends on or after the event; -1 is the reference, 0 by definition), ``n`` (services
        seen in it), ``value``, ``low``, ``high`` (null where it cannot be told), ``p``.

    Raises:
        ValueError: The event lies outside the panel, or a policy is not in the outcome.
    """
    window = _window(panel, outcome, event, before, after, treated)
    periods = [period for period in range(-before, after + 1) if period != -1]
    dummies = np.column_stack([window.period == period for period in periods]).astype(float)
    if window.treated is not None:
        dummies = np.hstack([dummies * window.treated[:, None], dummies])
    found = _fit(window, dummies, report=len(periods), level=level)
    found.insert(0, "n", [int((window.period == period).sum()) for period in periods])
    found.insert(0, "period", periods)
    reference = {"period": -1, "n": int((window.period == -1).sum()), "value": 0.0, "low": 0.0, "high": 0.0}
    return pd.concat([found, pd.DataFrame([reference])]).sort_values("period", ignore_index=True)


def interrupted(
    panel: pd.DataFrame,
    outcome: pd.Series,
    *,
    event: dt.date | str,
    before: int = 6,
    after: int = 6,
    treated: Collection[str] | None = None,
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
        level: Confidence level.

    Returns:
        ``term`` (``trend``, ``step``, ``trend_change``; trends a period), ``n`` (services), ``value``, ``low``,
        ``high``, ``p``.

    Raises:
        ValueError: As `event_study`.
    """
    window = _window(panel, outcome, event, before, after, treated)
    time, post = window.period.astype(float), (window.period >= 0).astype(float)
    design = np.column_stack([time, post, time * post])
    if window.treated is not None:
        periods = [period for period in range(-before, after + 1) if period != -1]
        dummies = np.column_stack([window.period == period for period in periods]).astype(float)
        design = np.hstack([design * window.treated[:, None], dummies])
    found = _fit(window, design, report=3, level=level)
    found.insert(0, "n", int(window.rows["service"].nunique()))
    found.insert(0, "term", ["trend", "step", "trend_change"])
    return found


def placebo(
    panel: pd.DataFrame,
    outcome: pd.Series,
    *,
    events: Iterable[dt.date | str] | None = None,
    before: int = 6,
    after: int = 6,
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
        ``date``, ``kind`` (``event`` or ``placebo``), ``n``, ``value``, ``low``, ``high``, ``p``, ``rank_p`` (events
        only: how rare a step of that size is among the placebo dates), sorted by date.

    Note:
        Long windows around placebo dates reach true events: read the placebo steps as what slow change alone does.
    """
    dates = [event.date for event in eras.events()] if events is None else [eras.as_date(event) for event in events]
    ends = panel.groupby("period")["end"].first()
    inside = ends.iloc[before : len(ends) - after]
    real = {
        int(ends.index[ends >= pd.Timestamp(date)][0]): date for date in dates if pd.Timestamp(date) <= ends.iloc[-1]
    }
    tried = [(ends[period], "event", date) for period, date in real.items() if period in inside.index]
    far = [period for period in inside.index if all(abs(period - other) > apart for other in real)]
    tried += [(ends[period], "placebo", ends[period].date()) for period in far]
    rows = []
    for end, kind, date in tried:
        if _on_both_sides(panel, end, before, after) < minimum:
            continue
        steps = interrupted(panel, outcome, event=end.date(), before=before, after=after, treated=treated, level=level)
        rows.append({"date": pd.Timestamp(date), "kind": kind, **steps.iloc[1].drop("term").to_dict()})
    columns = ["date", "kind", "n", "value", "low", "high", "p"]
    found = pd.DataFrame(rows, columns=columns).sort_values(["date", "kind"], ignore_index=True)
    others = found.loc[found["kind"] == "placebo", "value"].abs().dropna().to_numpy(dtype=float)
    ranks = [(1 + int((others >= abs(value)).sum())) / (1 + len(others)) for value in found["value"]]
    return found.assign(rank_p=pd.Series(ranks, dtype=float).where(found["kind"] == "event"))


def _on_both_sides(panel: pd.DataFrame, end: pd.Timestamp, before: int, after: int) -> int:
    zero = int(panel.loc[panel["end"] == end, "period"].iloc[0])
    early, late = (
        set(panel.loc[panel["period"].between(first, last), "service"])
        for first, last in ((zero - before, zero - 1), (zero, zero + after))
    )
    return len(early & late)
