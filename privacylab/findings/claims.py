"""How long claims of a mechanism last, and what they give way to."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacylab import eras
from privacylab.findings import intervals
from privacylab.findings.sampling import MONTHS_IN_FORCE

Floats = npt.NDArray[np.float64]

SIGHTINGS = ("kept", "near_duplicate", "sampled_out", "same_day")
"""The statuses that count as seeing the policy; flips are crawl noise, and what is rejected is no policy."""

CLAIMED = ("adheres", "relies")
MECHANISMS: Mapping[str, tuple[str, ...]] = {
    "dpf": ("dpf",),
    "privacy_shield": ("privacy_shield",),
    "safe_harbor": ("safe_harbor",),
    "scc": ("scc", "bcr"),
}
"""Mechanisms for transfers, the one that counts first where several are claimed first: the newest framework, then
standard clauses or corporate rules."""

NONE, CENSORED = "none", "censored"


def sightings(versions: pd.DataFrame, *, document: str = "main") -> pd.DataFrame:
    """What each service claimed on each day on which an archive saw its policy.

    Args:
        versions: The table.
        document: Which document.

    Returns:
        ``service``, ``date``, ``claims`` (frozenset of frameworks), one row a service and day, sorted. Where a day
        has several texts the last counts: rows of status ``same_day`` only where the day has no other.
    """
    rows = versions[versions["status"].isin(SIGHTINGS) & versions["date"].notna() & (versions["document"] == document)]
    rows = rows.assign(earlier=rows["status"] == "same_day")
    rows = rows.sort_values(["service", "date", "earlier", "version_id"]).drop_duplicates(["service", "date"])
    claims = pd.Series([frozenset(_claimed(each)) for each in rows["claims"]], index=rows.index, dtype=object)
    return rows[["service", "date"]].assign(claims=claims).reset_index(drop=True)


def _claimed(claims: Iterable[str] | None) -> list[str]:
    pairs = [] if claims is None else [str(claim).partition(":")[::2] for claim in claims]
    return [framework for framework, stance in pairs if stance in CLAIMED]


def mechanism(claims: Iterable[str], *, without: str | None = None) -> str:
    """The mechanism that a set of claims stands for: the first of `MECHANISMS`, else ``none``.

    >>> mechanism({"safe_harbor", "scc"}), mechanism({"safe_harbor", "scc"}, without="safe_harbor"), mechanism({"ccpa"})
    ('safe_harbor', 'scc', 'none')
    """
    held = set(claims)
    for name, frameworks in MECHANISMS.items():
        if name != without and held.intersection(frameworks):
            return name
    return NONE


def spells(
    versions: pd.DataFrame,
    framework: str,
    *,
    at: dt.date | str,
    months: int = MONTHS_IN_FORCE,
    stands: int = 0,
    document: str = "main",
) -> pd.DataFrame:
    """The services that claimed a framework on a date, and when the claim went: between two sightings.

    A claim has gone at the first sighting without it, even if it comes back (flips are taken out before). A service
    that no archive saw with another text is censored at its last sighting.

    Args:
        versions: The table.
        framework: For example ``safe_harbor``.
        at: The date on which the claim must be in force, for example the eve of its end.
        months: How old the sighting that shows it may be.
        stands: Months for which a text is taken to stand after its last sighting, while its archive lives: archives
            record changes, so that a text seen no more may just not have changed. 0 claims nothing; compare both.
        document: Which document.

    Returns:
        ``service``, ``start`` (the date), ``left`` (days from it to the last sighting with the claim; 0 if that lies
        before it), ``right`` (days to the first one without; infinite if censored), ``outcome`` (`mechanism` at that
        sighting, or ``censored``); sorted. Empty if no service claimed it, or the date lies outside the versions'.
    """
    seen, day = sightings(versions, document=document), pd.Timestamp(eras.as_date(at))
    if seen.empty or day > seen["date"].max():  # nothing to follow: what was claimed last is not known to stand
        return pd.DataFrame(columns=["service", "start", "left", "right", "outcome"]).astype(
            {"left": float, "right": float}
        )
    seen = seen.assign(held=[framework in claims for claims in seen["claims"]], days=(seen["date"] - day).dt.days)
    past = seen[(seen["days"] <= 0) & (seen["date"] >= day - pd.DateOffset(months=months))]
    last = past.drop_duplicates("service", keep="last")
    starters = last.loc[last["held"], "service"]
    later = seen[seen["service"].isin(starters) & (seen["days"] > 0)]
    # The first sighting without the claim, and the last one with it before that.
    gone = later[~later["held"]].drop_duplicates("service").set_index("service")
    found = pd.DataFrame({"service": starters.to_numpy(dtype=str), "start": day})
    found["right"] = found["service"].map(gone["days"]).astype(float).fillna(np.inf)
    before = later.merge(found[["service", "right"]], on="service")
    held_until = before[before["days"] < before["right"]].groupby("service")["days"].max()
    found["left"] = found["service"].map(held_until).astype(float).fillna(0.0)
    censored = np.isinf(found["right"])
    if stands and censored.any():
        found.loc[censored, "left"] = _stood(versions, found.loc[censored], last, day=day, stands=stands)
    outcomes = {str(name): mechanism(claims, without=framework) for name, claims in gone["claims"].items()}
    found["outcome"] = [outcomes.get(name, CENSORED) for name in found["service"]]
    return found[["service", "start", "left", "right", "outcome"]].sort_values("service", ignore_index=True)


def _stood(
    versions: pd.DataFrame, censored: pd.DataFrame, last: pd.DataFrame, *, day: pd.Timestamp, stands: int
) -> Floats:
    """Days until which texts seen no more are taken to stand: so many months on, but not beyond their archives."""
    dated = versions[versions["date"].notna()]
    closing = dated.groupby("collection")["date"].max()
    archives = dated[dated["service"].isin(censored["service"])].groupby("service")["collection"].unique()
    lives = censored["service"].map({service: closing[names].max() for service, names in archives.items()})
    before = censored["service"].map(last.set_index("service")["date"])
    seen = before.where(censored["left"] == 0, day + pd.to_timedelta(censored["left"], unit="D"))
    until = np.minimum(seen + pd.DateOffset(months=stands), lives)
    days = (until - day).dt.days.to_numpy(dtype=float)
    return np.asarray(np.maximum(days, censored["left"].to_numpy(dtype=float)))


class _Turnbull(NamedTuple):
    """The intervals that can hold mass, from ``left`` to ``right``, and which service's interval holds each."""

    left: Floats
    right: Floats
    member: Floats


def _turnbull(left: Floats, right: Floats) -> _Turnbull:
    # At equal times a right end comes first: (a, t] and (t, b] do not overlap.
    ends = sorted({*((time, 1) for time in left), *((time, 0) for time in right)})
    inner = [(a, b) for (a, kind), (b, other) in pairwise(ends) if kind == 1 and other == 0]
    lower, upper = np.array([a for a, _ in inner]), np.array([b for _, b in inner])
    member = (left[:, None] <= lower) & (upper <= right[:, None])
    return _Turnbull(lower, upper, member.astype(float))


def _masses(turnbull: _Turnbull, weights: npt.NDArray[np.floating], *, rounds: int = 10_000) -> Floats:
    """Turnbull's self-consistent masses for each row of weights (services' counts), shape (rows, intervals)."""
    member, total = turnbull.member, weights.sum(axis=1, keepdims=True)
    masses = np.full((len(weights), member.shape[1]), 1 / member.shape[1])
    for _ in range(rounds):
        fits = masses @ member.T
        # Services that were not drawn have weight 0 and need no fit.
        pull = np.divide(weights, fits, out=np.zeros_like(fits), where=weights > 0)
        updated = masses * (pull @ member) / total
        change = float(np.abs(updated - masses).max())
        masses = updated
        if change < 1e-6:
            break
    return masses


def _survivors(turnbull: _Turnbull, masses: Floats, days: Floats, place: float | None = None) -> Floats:
    """The share that survives each day: an interval's mass goes evenly, or all at its start (0) or end (1)."""
    width = turnbull.right - turnbull.left
    part = np.clip((days[:, None] - turnbull.left) / width, 0, 1)
    if place is not None:
        part = np.where(days[:, None] >= turnbull.right if place == 1 else days[:, None] > turnbull.left, 1.0, 0.0)
    gone = np.where(np.isinf(turnbull.right), 0.0, part)
    return np.asarray(1 - masses @ gone.T)


def claim_survival(
    found: pd.DataFrame, *, step: int = 30, level: float = 0.95, resamples: int = 300, seed: int = 0
) -> pd.DataFrame:
    """The share of claims that still stand so many days later (Turnbull's estimate for interval-censored times).

    Args:
        found: From `spells`.
        step: Days between the rows.
        level: Confidence level.
        resamples: Bootstrap resamples of services.
        seed: For the bootstrap.

    Returns:
        ``days`` (0, step, ... and the last sighting), ``n`` (services), ``value``, ``low``, ``high``, and
        ``earliest`` and ``latest``: the data say only between which sightings a claim went, so that every curve
        between these two fits them as well. ``value`` spreads the loss evenly. One row with n=0 if there is no claim.

    Note:
        lifelines (``KaplanMeierFitter.fit_interval_censoring``) gives the same estimate, but no interval, and fits one
        sample at a time; here all resamples are fitted at once.

    References:
        Turnbull, B. W. (1976). The empirical distribution function with arbitrarily grouped, censored and truncated
        data. JRSS B 38, 290-295.
    """
    if found.empty:
        null = dict.fromkeys(("value", "low", "high", "earliest", "latest"), np.nan)
        return pd.DataFrame([{"days": 0, "n": 0, **null}])
    turnbull, masses, replicates = _fits(found, resamples, seed)
    finite = np.concatenate([found["left"], found["right"][np.isfinite(found["right"])]])
    days = _grid(finite.max(), step)
    low, high = intervals.percentiles(_survivors(turnbull, replicates, days), level=level)
    curves = {
        "value": _survivors(turnbull, masses, days)[0],
        "low": low,
        "high": high,
        "earliest": _survivors(turnbull, masses, days, place=0)[0],
        "latest": _survivors(turnbull, masses, days, place=1)[0],
    }
    rounded = {name: np.clip(np.round(curve, 6), 0, 1) for name, curve in curves.items()}
    return pd.DataFrame({"days": days.astype(int), "n": len(found), **rounded})


def _grid(last: float, step: int) -> Floats:
    """0, step, ... and the last day of the data."""
    return np.unique(np.append(np.arange(0, last, step), last))


def _fits(found: pd.DataFrame, resamples: int, seed: int) -> tuple[_Turnbull, Floats, Floats]:
    ordered = found.sort_values("service")
    turnbull = _turnbull(ordered["left"].to_numpy(dtype=float), ordered["right"].to_numpy(dtype=float))
    masses = _masses(turnbull, np.ones((1, len(ordered))))
    weights = intervals.resampled_services(len(ordered), resamples=resamples, seed=seed).astype(float)
    # Far from converged in single masses, but the replicates' survival is then within 0.002 everywhere.
    return turnbull, masses, _masses(turnbull, weights, rounds=300)


def half_life(found: pd.DataFrame, *, level: float = 0.95, resamples: int = 300, seed: int = 0) -> pd.DataFrame:
    """The days after which half of the claims have gone, with a bootstrap interval over services.

    Returns:
        One row: ``n``, ``value``, ``low``, ``high`` in days; infinite where more than half still stand at the end,
        null without any claim.
    """
    if found.empty:
        return pd.DataFrame([{"n": 0, "value": np.nan, "low": np.nan, "high": np.nan}])
    turnbull, masses, replicates = _fits(found, resamples, seed)
    ends = found["right"].where(np.isfinite(found["right"]), found["left"])
    days = np.arange(0, ends.max() + 1)

    def halves(curves: Floats) -> Floats:
        below = curves <= 0.5 + 1e-9
        return np.where(below.any(axis=1), days[np.argmax(below, axis=1)], np.inf)

    value = halves(_survivors(turnbull, masses, days))[0]
    # Order statistics, not interpolation: between a number and infinity there is nothing.
    tails = [(1 - level) / 2, (1 + level) / 2]
    drawn = halves(_survivors(turnbull, replicates, days))
    low, high = np.quantile(drawn, tails, method="inverted_cdf")
    return pd.DataFrame([{"n": len(found), "value": value, "low": low, "high": high}])


def claim_outcomes(
    found: pd.DataFrame, *, step: int = 30, level: float = 0.95, resamples: int = 300, seed: int = 0
) -> pd.DataFrame:
    """What claims gave way to, as shares of all that stood at the start (Aalen & Johansen's estimate).

    A claim goes in the middle of the interval between its two sightings; censored services leave at their last
    sighting. lifelines' estimator breaks ties by chance, so it is written here.

    Args:
        found: From `spells`.
        step: Days between the rows.
        level: Confidence level.
        resamples: Bootstrap resamples of services.
        seed: For the bootstrap.

    Returns:
        ``outcome`` (those that occur, the commonest first), ``days``, ``n``, ``value``, ``low``, ``high``. One row with
        n=0 if there is no claim.

    References:
        Aalen, O. O. & Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains based on
        censored observations. Scand. J. Statist. 5, 141-150.
    """
    if found.empty:
        null = dict.fromkeys(("value", "low", "high"), np.nan)
        return pd.DataFrame([{"outcome": NONE, "days": 0, "n": 0, **null}])
    ordered = found.sort_values("service")
    left, right = ordered["left"].to_numpy(dtype=float), ordered["right"].to_numpy(dtype=float)
    when = np.where(np.isinf(right), left, (left + np.where(np.isinf(right), left, right)) / 2)
    outcome = ordered["outcome"].to_numpy(dtype=str)
    counts = pd.Series(outcome[outcome != CENSORED]).value_counts()
    kinds = sorted(counts.index, key=lambda kind: (-counts[kind], kind))
    days = _grid(when.max(), step)
    weights = intervals.resampled_services(len(ordered), resamples=resamples, seed=seed).astype(float)
    rows = []
    for kind in kinds:
        value = _incidence(when, outcome, kind, np.ones((1, len(ordered))), days)[0]
        low, high = intervals.percentiles(_incidence(when, outcome, kind, weights, days), level=level)
        shares = {"value": value, "low": low, "high": high}
        rows.append(pd.DataFrame({"outcome": kind, "days": days.astype(int), "n": len(ordered), **shares}))
    if not rows:
        still = {"outcome": CENSORED, "days": 0, "n": len(ordered), "value": 0.0, "low": 0.0, "high": 0.0}
        return pd.DataFrame([still])
    return pd.concat(rows, ignore_index=True)


def _incidence(when: Floats, outcome: npt.NDArray[np.str_], kind: str, weights: Floats, days: Floats) -> Floats:
    """The cumulative incidence of an outcome at each day for each row of weights, shape (rows, days)."""
    times = np.unique(when[outcome != CENSORED])
    at = when[:, None] == times
    # Those censored on the day of an event are still at risk of it.
    at_risk = weights @ (when[:, None] >= times)
    any_event = weights @ (at & (outcome != CENSORED)[:, None])
    this_event = weights @ (at & (outcome == kind)[:, None])
    risk = np.where(at_risk > 0, at_risk, 1)
    staying = np.cumprod(1 - any_event / risk, axis=1)
    just_before = np.hstack([np.ones((len(weights), 1)), staying[:, :-1]])
    incidence = np.hstack([np.zeros((len(weights), 1)), np.cumsum(just_before * this_event / risk, axis=1)])
    return np.asarray(incidence[:, np.searchsorted(times, days, side="right")])


NOT_SEEN = "not_seen"


def transfer_flow(
    versions: pd.DataFrame,
    *,
    dates: Sequence[dt.date | str] | None = None,
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
    level: float = 0.95,
) -> pd.DataFrame:
    """Which mechanism services named on each date, and on the next.

    Args:
        versions: The table.
        dates: Two or more; None: the eves of the two Schrems judgments, the Privacy Shield, the GDPR and the DPF, and
            the last date of the data.
        months: How old the sighting may be.
        document: Which document.
        level: Confidence level.

    Returns:
        A row for each pair of dates and of mechanisms: ``before``, ``after`` (``YYYY-MM-DD``), ``source``, ``target``
        (`mechanism`, or ``not_seen`` where nothing is in force), ``n`` (services), ``value`` (share of the source's
        services), ``low``, ``high`` (Wilson); null shares where the source has no service. No row where the data reach
        no legal date.

    Raises:
        ValueError: Fewer than two dates were given.
    """
    seen = sightings(versions, document=document)
    if dates is None:
        eves = [pd.Timestamp(event.date) - pd.Timedelta(days=1) for event in eras.events() if event.id != "ccpa"]
        last = seen["date"].max()
        dates = [*(eve for eve in eves if eve < last), *seen["date"].nlargest(1)]
    elif len(set(dates)) < 2:
        raise ValueError("a flow needs two dates or more")
    days = sorted({pd.Timestamp(eras.as_date(date)) for date in dates})
    names = [*MECHANISMS, NONE, NOT_SEEN]
    services = sorted(seen["service"].unique())
    states = [_states(seen, day, months).reindex(services, fill_value=NOT_SEEN) for day in days]
    rows = []
    for i in range(len(days) - 1):
        table = pd.crosstab(states[i].to_numpy(), states[i + 1].to_numpy())
        counts = table.reindex(index=names, columns=names, fill_value=0).to_numpy()
        dated = {"before": str(days[i].date()), "after": str(days[i + 1].date())}
        rows += [
            {**dated, "source": source, "target": target, "n": int(counts[j, k])}
            for j, source in enumerate(names)
            for k, target in enumerate(names)
            if (source, target) != (NOT_SEEN, NOT_SEEN)
        ]
    found = pd.DataFrame(rows, columns=["before", "after", "source", "target", "n"])
    whole = found.groupby(["before", "source"])["n"].transform("sum")
    low, high = intervals.wilson(found["n"], whole, level=level)
    return found.assign(value=found["n"] / whole.where(whole > 0), low=low, high=high)


def _states(seen: pd.DataFrame, day: pd.Timestamp, months: int) -> pd.Series:
    rows = seen[(seen["date"] <= day) & (seen["date"] >= day - pd.DateOffset(months=months))]
    last = rows.drop_duplicates("service", keep="last")
    return pd.Series([mechanism(claims) for claims in last["claims"]], index=last["service"].to_numpy(), dtype=object)
