"""How long claims of a mechanism last, and what replaces them."""

import datetime as dt
from collections import Counter
from collections.abc import Collection
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacylab import eras
from privacylab.findings import intervals
from privacylab.findings.intervals import Floats
from privacylab.findings.sampling import MONTHS_UNSEEN, in_force_on, owners_of
from privacylab.tables.schema import CLAIMED

SIGHTINGS = ("kept", "near_duplicate", "sampled_out", "same_day")
"""The statuses that count as seeing the policy; flips are crawl noise, and rejected versions are not policies."""

MECHANISMS = {name: name for name in ("dpf", "privacy_shield", "safe_harbor", "scc")} | {"bcr": "scc"}
"""Frameworks for transfers, and the mechanism that each is; of several, the first counts: the newest, else clauses."""

NONE, CENSORED, NOT_SEEN = "none", "censored", "not_seen"
RESAMPLES = 300
"""Bootstrap resamples of owners."""
AT_RISK = 10
"""Curves end where fewer claims are followed."""
SHARES = ("value", "low", "high")
BOUNDS = {"lost": "seen", "stands": "stands"}
"""The bounds of an estimate, and the column of `spells` with the end of each."""


def sightings(versions: pd.DataFrame) -> pd.DataFrame:
    """What each service claimed on each day on which an archive saw its policy.

    Args:
        versions: The table.

    Returns:
        ``service``, ``collection``, ``date``, ``claims`` (frozenset of frameworks), one row per service and day,
        sorted. If a day has several texts the last counts; rows of status ``same_day`` count only if the day has no
        other.
    """
    rows = versions[versions["status"].isin(SIGHTINGS) & versions["date"].notna() & (versions["document"] == "main")]
    rows = rows.assign(earlier=rows["status"] == "same_day")
    rows = rows.sort_values(["service", "date", "earlier", "version_id"]).drop_duplicates(["service", "date"])
    claimed = tuple(f":{stance}" for stance in CLAIMED)
    claims = [frozenset(claim.partition(":")[0] for claim in row if claim.endswith(claimed)) for row in rows["claims"]]
    rows = rows[["service", "collection", "date"]]
    return rows.assign(claims=pd.Series(claims, rows.index, dtype=object)).reset_index(drop=True)


def mechanism(claims: Collection[str], *, without: str | None = None) -> str:
    """The mechanism of a set of claims: the first of `MECHANISMS`, else ``none``.

    >>> mechanism({"safe_harbor", "scc"}), mechanism({"safe_harbor", "scc"}, without="safe_harbor"), mechanism({"ccpa"})
    ('safe_harbor', 'scc', 'none')
    """
    return next((name for claim, name in MECHANISMS.items() if claim in claims and name != without), NONE)


def _in_force(seen: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The sighting that shows what each service claims on a day, by the rule for policies in force."""
    rows = seen.assign(policy_id=seen.index, document="main", last_seen=seen["date"])
    return in_force_on(rows, [day]).set_index("service")


def spells(
    versions: pd.DataFrame, framework: str, *, at: dt.date | str, policies: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The services that claimed a framework on a date, and when they dropped the claim.

    A claim ends at the first sighting after the last one with it. A claim that comes back had not ended, because
    archives also record pages that were read in part. Archives record changes: the day of that sighting is the day of
    the change, unless a crawl failed (notebook 3 shows it). If the new text states a date since the last sighting with
    the claim, that date counts.

    Args:
        versions: The table.
        framework: For example ``safe_harbor``.
        at: The date on which the claim must be in force, for example the eve of its end.
        policies: The table, for the dates that texts state; the owners come from ``owner`` (`findings.with_owners`).

    Returns:
        ``service``, ``owner``, ``start`` (the date), ``outcome`` (`mechanism` at the first sighting without it, among
        frameworks that existed on that day, or ``censored``: never seen without it), ``days`` from the start to the
        end; for a censored claim to `MONTHS_UNSEEN` after the last sighting, while its archive is active, as for
        policies in force; ``seen`` and ``stands``: for a censored claim the days to its last sighting and to its
        archive's end, its shortest and longest possible life. Sorted by service; empty if no service claimed it, or the
        date is after the versions'.
    """
    seen, day = sightings(versions), pd.Timestamp(eras.as_date(at))
    seen = seen.assign(claimed=np.array([framework in claims for claims in seen["claims"]], dtype=bool))
    if not day <= seen["date"].max():
        seen = seen.iloc[:0]  # nothing to follow: the data do not show who still claims it on that day
    start = _in_force(seen, day)
    services = start.index[start["claimed"]]
    later = seen[seen["service"].isin(services) & (seen["date"] > day)]
    last = later[later["claimed"]].groupby("service")["date"].max().reindex(services).fillna(day)
    gone = later[later["date"] > last.reindex(later["service"]).to_numpy()].drop_duplicates("service")
    gone = gone.set_index("service").reindex(services)
    frame = pd.DataFrame({"start": day, "outcome": _outcomes(gone, framework)}, index=services)
    frame.insert(0, "owner", owners_of(seen if policies is None else policies).reindex(services).to_numpy())
    ends = _ends(later.groupby("service")["date"].max().reindex(services).fillna(day), versions)
    when = gone["date"] if policies is None else _stated(gone["date"], last, policies).fillna(gone["date"])
    for name in ends:
        frame[name] = (when.fillna(ends[name]) - day).dt.days.astype(float).clip(lower=0)
    return frame.rename_axis("service").reset_index()


def _ends(sighted: pd.Series, versions: pd.DataFrame) -> pd.DataFrame:
    """The days up to which claims are followed that are never seen without, from their services' last sightings."""
    dated = versions[versions["date"].notna()]
    closing = dated.groupby("collection")["date"].transform("max").groupby(dated["service"]).max()
    closing = closing.reindex(sighted.index)
    carried = (sighted + pd.DateOffset(months=MONTHS_UNSEEN)).clip(upper=closing)
    return pd.DataFrame({"days": carried, "seen": sighted, "stands": closing})


def _stated(first_seen: pd.Series, before: pd.Series, policies: pd.DataFrame) -> pd.Series:
    """The day that the text first seen on each date states, if after the sighting before; index the services."""
    stated = policies.loc[policies["document"] == "main"].set_index(["service", "date"])["effective_date"]
    keys = pd.MultiIndex.from_arrays([first_seen.index, first_seen])
    dates = stated[~stated.index.duplicated()].reindex(keys).where(lambda text: text.str.len() == len("YYYY-MM-DD"))
    days = pd.to_datetime(dates, errors="coerce").set_axis(first_seen.index).astype(first_seen.dtype)
    return days.where((days > before) & (days <= first_seen))


GAP = 60
"""Days between two sightings; in shorter gaps there is little to see."""


def stated_changes(versions: pd.DataFrame, policies: pd.DataFrame) -> pd.DataFrame:
    """Where a new text's stated date lies between two sightings, over `GAP` days apart: checks `spells`' assumption.

    Args:
        versions: The table.
        policies: The table.

    Returns:
        A row for each new text that states a date within the gap before its first sighting: ``service``, ``gap`` (days
        between the sightings), ``place`` (0: just after the last sighting; 1: on the day of the new one), ``lag`` (days
        from the stated date to the sighting).
    """
    seen = sightings(versions)[["service", "date"]]
    before = seen.groupby("service")["date"].shift()
    gap = (seen["date"] - before).dt.days
    wide = seen.assign(before=before, gap=gap)[gap > GAP].set_index("service")
    rows = wide.assign(stated=_stated(wide["date"], wide["before"], policies)).dropna(subset="stated")
    lag = (rows["date"] - rows["stated"]).dt.days
    return rows[["gap"]].assign(place=1 - lag / rows["gap"], lag=lag).reset_index()


def _outcomes(gone: pd.DataFrame, framework: str) -> list[str]:
    """The mechanism of each sighting without a framework, of those that there were on its day; nobody moved earlier."""
    outcomes = []
    for claims, date in zip(gone["claims"], gone["date"], strict=True):
        coming = {regime.id for regime in eras.regimes() if pd.notna(date) and regime.start > date.date()}
        unseen = not isinstance(claims, frozenset)
        outcomes.append(CENSORED if unseen else mechanism(claims - coming, without=framework))
    return outcomes


class _Estimate(NamedTuple):
    """Kaplan and Meier's and Aalen and Johansen's: the data in the first row, resamples of owners in the others.

    ``at_risk``: claims in the data, by day. ``standing``: the share that still exists, shape (1 + RESAMPLES, days);
    ``incidence``: that of each outcome.
    """

    days: npt.NDArray[np.int64]
    at_risk: npt.NDArray[np.int64]
    standing: Floats
    incidence: dict[str, Floats]


def _estimate(claims: pd.DataFrame, step: int, *, until: str = "days") -> _Estimate:
    """The estimate up to the last day on which `AT_RISK` claims are still followed."""
    gone = (claims["outcome"] != CENSORED).to_numpy()
    when = claims[until].to_numpy(dtype=float)
    weights = intervals.resampled_services(len(claims), resamples=RESAMPLES, owners=claims["owner"])
    weights = np.vstack([np.ones(len(claims)), weights])
    last = np.sort(when)[::-1][min(AT_RISK, len(when)) - 1]
    days = np.unique(np.append(np.arange(0, last, step), last)).astype(int)
    times = np.unique(when[gone & (when <= last)])
    # Those censored on the day of an event are still at risk of it. With nobody at risk, nobody leaves.
    at_risk = np.maximum(weights @ (when[:, None] >= times), 1)
    events = (when[:, None] == times) & gone[:, None]
    staying = np.cumprod(np.insert(1 - weights @ events / at_risk, 0, 1, axis=1), axis=1)
    at = np.searchsorted(times, days, side="right")
    counts = Counter(claims.loc[gone, "outcome"])
    incidence = {}
    for kind in sorted(counts, key=lambda kind: (-counts[kind], kind)):
        losses = staying[:, :-1] * (weights @ (events & (claims["outcome"] == kind).to_numpy()[:, None])) / at_risk
        incidence[kind] = np.insert(np.cumsum(losses, axis=1), 0, 0, axis=1)[:, at]
    return _Estimate(days, (when[:, None] >= days).sum(axis=0), staying[:, at], incidence)


def claim_survival(claims: pd.DataFrame, *, step: int = 30) -> pd.DataFrame:
    """The share of claims that still exist a number of days later (Kaplan and Meier's estimate).

    Args:
        claims: From `spells`.
        step: Days between the rows.

    Returns:
        ``days`` (0, step, ... while at least `AT_RISK` claims are followed), ``n`` (claims), ``at_risk`` (followed on
        that day), ``value``, ``low``, ``high`` (owners resampled); ``lost`` and ``stands``: the share if claims not
        seen again were dropped at their last sighting, and if they lasted to their archive's end. One row with n=0 if
        there is no claim.

    References:
        Kaplan, E. L. & Meier, P. (1958). Nonparametric estimation from incomplete observations. JASA 53, 457-481.
    """
    if claims.empty:
        return pd.DataFrame([{"days": 0, "n": 0, "at_risk": 0, **dict.fromkeys((*SHARES, *BOUNDS), np.nan)}])
    estimate = _estimate(claims, step)
    curve = _curve(claims, estimate, estimate.standing)
    for name, end in BOUNDS.items():
        bound = _estimate(claims, 1, until=end)
        curve[name] = curve["days"].map(pd.Series(bound.standing[0], bound.days))
    return curve.round(6)


def _curve(claims: pd.DataFrame, estimate: _Estimate, shares: Floats) -> pd.DataFrame:
    """``days``, ``n``, ``at_risk``, ``value``, ``low``, ``high`` of some shares of an estimate."""
    low, high = intervals.percentiles(shares[1:])
    sizes = {"days": estimate.days, "n": len(claims), "at_risk": estimate.at_risk}
    return pd.DataFrame({**sizes, "value": shares[0], "low": low, "high": high})


def half_life(claims: pd.DataFrame) -> pd.DataFrame:
    """The days after which half of the claims have ended (Kaplan and Meier's median), owners resampled.

    Args:
        claims: From `spells`.

    Returns:
        One row: ``n``, ``value``, ``low``, ``high`` in days; infinite if more than half remain at the end; ``lost``,
        ``stands`` as in `claim_survival`; null without claims.
    """
    if claims.empty:
        return pd.DataFrame([{"n": 0, **dict.fromkeys((*SHARES, *BOUNDS), np.nan)}])
    lives = _halved(_estimate(claims, 1))
    # Order statistics, not interpolation: there is nothing between a number and infinity.
    low, high = np.quantile(lives[1:], [0.025, 0.975], method="inverted_cdf")
    bounds = {name: _halved(_estimate(claims, 1, until=end))[0] for name, end in BOUNDS.items()}
    return pd.DataFrame([{"n": len(claims), "value": lives[0], "low": low, "high": high, **bounds}])


def _halved(estimate: _Estimate) -> Floats:
    halved = estimate.standing <= 0.5 + 1e-9
    return np.where(halved.any(axis=1), estimate.days[np.argmax(halved, axis=1)], np.inf)


def claim_outcomes(claims: pd.DataFrame, *, step: int = 30) -> pd.DataFrame:
    """What replaced claims, as shares of all claims at the start (Aalen and Johansen's estimate).

    We do not use lifelines' estimator: it breaks ties at random and has no clusters.

    Args:
        claims: From `spells`.
        step: Days between the rows.

    Returns:
        ``outcome`` (those that occur, the commonest first), ``days`` (as in `claim_survival`), ``n``, ``at_risk``,
        ``value``, ``low``, ``high``. One row of 0 if all claims remain, and one with n=0 if there is no claim.

    References:
        Aalen, O. O. & Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains based on
        censored observations. Scand. J. Statist. 5, 141-150.
    """
    if (claims["outcome"] == CENSORED).all():
        share = 0.0 if len(claims) else np.nan
        outcome = CENSORED if len(claims) else NONE
        row = {"outcome": outcome, "days": 0, "n": len(claims), "at_risk": len(claims)}
        return pd.DataFrame([{**row, **dict.fromkeys(SHARES, share)}])
    estimate = _estimate(claims, step)
    curves = {kind: _curve(claims, estimate, shares) for kind, shares in estimate.incidence.items()}
    return pd.concat(curves, names=["outcome"]).reset_index("outcome").reset_index(drop=True)


def transfer_flow(versions: pd.DataFrame) -> pd.DataFrame:
    """Which mechanism services named on the eve of each legal date, and on the next.

    Args:
        versions: The table.

    Returns:
        A row for each pair of dates and of mechanisms: ``before``, ``after`` (``YYYY-MM-DD``: the eves of the two
        Schrems judgments, the Privacy Shield, the GDPR and the DPF, and the last date of the data), ``source``,
        ``target`` (`mechanism`, or ``not_seen`` if nothing is in force), ``n`` (services), ``value`` (share of the
        source's services), ``low``, ``high`` (Wilson); null shares if the source has no service. No row if the data
        reach no legal date.
    """
    seen = sightings(versions)
    eves = [pd.Timestamp(event.date) - pd.Timedelta(days=1) for event in eras.events() if event.id != "ccpa"]
    last = seen["date"].max()
    days = [*(eve for eve in eves if eve < last), last]
    in_force = {day: _in_force(seen, day)["claims"].map(mechanism) for day in days}
    states = pd.DataFrame(in_force, seen["service"].unique()).fillna(NOT_SEEN)
    names = [*dict.fromkeys(MECHANISMS.values()), NONE, NOT_SEEN]
    moves = [move for move in product(names, names) if move != (NOT_SEEN, NOT_SEEN)]
    rows = []
    for before, after in pairwise(days):
        n = states.groupby([before, after]).size()
        rows += [(str(before.date()), str(after.date()), *move, n.get(move, 0)) for move in moves]
    flow = pd.DataFrame(rows, columns=["before", "after", "source", "target", "n"])
    whole = flow.groupby(["before", "source"])["n"].transform("sum")
    low, high = intervals.wilson(flow["n"], whole)
    return flow.assign(value=flow["n"] / whole.where(whole > 0), low=low, high=high)
