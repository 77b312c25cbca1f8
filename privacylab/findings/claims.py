"""How long claims of a mechanism last, and what they give way to."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise, product

import numpy as np
import pandas as pd

from privacylab import eras
from privacylab.findings import intervals
from privacylab.findings.intervals import Floats
from privacylab.findings.sampling import in_force_on
from privacylab.tables.schema import CLAIMED

SIGHTINGS = ("kept", "near_duplicate", "sampled_out", "same_day")
"""The statuses that count as seeing the policy; flips are crawl noise, and what is rejected is no policy."""

MECHANISMS: Mapping[str, tuple[str, ...]] = {
    "dpf": ("dpf",),
    "privacy_shield": ("privacy_shield",),
    "safe_harbor": ("safe_harbor",),
    "scc": ("scc", "bcr"),
}
"""Mechanisms for transfers, the one that counts first where several are claimed first: the newest framework, then
standard clauses or corporate rules."""

NONE, CENSORED, NOT_SEEN = "none", "censored", "not_seen"
RESAMPLES = 300
"""Bootstrap resamples of services."""


def sightings(versions: pd.DataFrame) -> pd.DataFrame:
    """What each service claimed on each day on which an archive saw its policy.

    Args:
        versions: The table.

    Returns:
        ``service``, ``collection``, ``date``, ``claims`` (frozenset of frameworks), one row a service and day, sorted.
        Where a day has several texts the last counts: rows of status ``same_day`` only where the day has no other.
    """
    rows = versions[versions["status"].isin(SIGHTINGS) & versions["date"].notna() & (versions["document"] == "main")]
    rows = rows.assign(earlier=rows["status"] == "same_day")
    rows = rows.sort_values(["service", "date", "earlier", "version_id"]).drop_duplicates(["service", "date"])
    claimed = tuple(f":{stance}" for stance in CLAIMED)
    claims = [frozenset(claim.partition(":")[0] for claim in row if claim.endswith(claimed)) for row in rows["claims"]]
    rows = rows[["service", "collection", "date"]]
    return rows.assign(claims=pd.Series(claims, rows.index, dtype=object)).reset_index(drop=True)


def mechanism(claims: Iterable[str], *, without: str | None = None) -> str:
    """The mechanism that a set of claims stands for: the first of `MECHANISMS`, else ``none``.

    >>> mechanism({"safe_harbor", "scc"}), mechanism({"safe_harbor", "scc"}, without="safe_harbor"), mechanism({"ccpa"})
    ('safe_harbor', 'scc', 'none')
    """
    for name, frameworks in MECHANISMS.items():
        if name != without and not set(frameworks).isdisjoint(claims):
            return name
    return NONE


def _in_force(seen: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The sighting that shows what each service claims on a day, as policies are in force."""
    rows = seen.assign(policy_id=seen.index, document="main", last_seen=seen["date"])
    return in_force_on(rows, [day]).set_index("service")


def spells(versions: pd.DataFrame, framework: str, *, at: dt.date | str, stands: int = 0) -> pd.DataFrame:
    """The services that claimed a framework on a date, and when the claim went: between two sightings.

    A claim has gone at the first sighting without it, even if it comes back (flips are taken out before). A service
    that no archive saw with another text is censored at its last sighting.

    Args:
        versions: The table.
        framework: For example ``safe_harbor``.
        at: The date on which the claim must be in force, for example the eve of its end.
        stands: Months for which a text is assumed to stay in force after its last sighting, while its archive lives:
            archives record changes, so that a policy that is no longer crawled may simply be unchanged. 0 assumes
            nothing; compare both.

    Returns:
        ``service``, ``start`` (the date), ``left`` (days from it to the last sighting with the claim; 0 if that lies
        before it), ``right`` (days to the first one without; infinite if censored), ``outcome`` (`mechanism` at that
        sighting, or ``censored``); sorted. Empty if no service claimed it, or the date lies outside the versions'.
    """
    seen, day = sightings(versions), pd.Timestamp(eras.as_date(at))
    seen = seen.assign(claimed=[framework in claims for claims in seen["claims"]], days=(seen["date"] - day).dt.days)
    if not day <= seen["date"].max():
        seen = seen.iloc[:0]  # nothing to follow: the last claims of the data are not known to stand on that day
    start = _in_force(seen, day)
    services = start.index[start["claimed"].astype(bool)].sort_values()
    later = seen[seen["service"].isin(services) & (seen["days"] > 0)]
    # The first sighting without the claim, and the last one with it before that.
    gone = later[~later["claimed"].astype(bool)].drop_duplicates("service").set_index("service")
    right = gone["days"].reindex(services).astype(float).fillna(np.inf)
    before = later[later["days"] < right.reindex(later["service"]).to_numpy()]
    left = before.groupby("service")["days"].max().reindex(services).astype(float).fillna(0.0)
    stood = _stood(versions, seen, day, stands).reindex(services)
    left = left.mask(np.isinf(right), left.combine(stood, max))
    outcomes = {service: mechanism(claims, without=framework) for service, claims in gone["claims"].items()}
    outcome = [outcomes.get(service, CENSORED) for service in services]
    frame = pd.DataFrame({"start": day, "left": left, "right": right, "outcome": outcome}, index=services)
    return frame.rename_axis("service").reset_index()


def _stood(versions: pd.DataFrame, seen: pd.DataFrame, day: pd.Timestamp, stands: int) -> "pd.Series[float]":
    """Days until which each service's last text is assumed in force: some months on, while an archive of it lives."""
    dated = versions[versions["date"].notna()]
    closing = dated.groupby("collection")["date"].transform("max").groupby(dated["service"]).max()
    until = seen.groupby("service")["date"].max() + pd.DateOffset(months=stands)
    until = until.where(until < closing.reindex(until.index), closing)
    return (until - day).dt.days.astype(float)


def _turnbull(claims: pd.DataFrame, step: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Turnbull's estimate, the loss in an interval spread evenly.

    Returns:
        Days (0, step, ... and the last sighting) and the share that still stands on each: of the data in the first row,
        of the resamples in the others, shape (1 + RESAMPLES, days). Then the lower and the upper ends of the intervals
        that can hold mass, and their masses in the data.
    """
    ordered = claims.sort_values("service")
    left, right = ordered["left"].to_numpy(dtype=float), ordered["right"].to_numpy(dtype=float)
    # At equal times a right end comes first: (a, t] and (t, b] do not overlap.
    ends = sorted({*((time, 1) for time in left), *((time, 0) for time in right)})
    inner = [(start, end) for (start, kind), (end, other) in pairwise(ends) if kind == 1 and other == 0]
    lower, upper = np.array(inner).T
    member = ((left[:, None] <= lower) & (upper <= right[:, None])).astype(float)
    weights = intervals.data_and_resamples(len(ordered), resamples=RESAMPLES)
    own = _masses(member, weights[:1], rounds=10_000)
    # Far from converged in single masses, but the replicates' survival is then within 0.002 everywhere.
    masses = np.vstack([own, _masses(member, weights[1:], rounds=300)])
    days = _grid(np.where(np.isfinite(right), right, left).max(), step)
    # Nothing goes in an open interval.
    gone = np.clip((days[:, None] - lower) / (upper - lower), 0, 1)
    return days, 1 - masses @ gone.T, lower, upper, own[0]


def _masses(member: Floats, weights: Floats, *, rounds: int) -> Floats:
    """Turnbull's self-consistent masses for each row of weights (services' counts), shape (rows, intervals)."""
    masses = np.full((len(weights), member.shape[1]), 1 / member.shape[1])
    for _ in range(rounds):
        fits = masses @ member.T
        # Services that were not drawn have weight 0 and need no fit.
        pull = np.divide(weights, fits, out=np.zeros_like(fits), where=weights > 0)
        updated = masses * (pull @ member) / weights.sum(axis=1, keepdims=True)
        change = np.abs(updated - masses).max()
        masses = updated
        if change < 1e-6:
            break
    return masses


def claim_survival(claims: pd.DataFrame, *, step: int = 30) -> pd.DataFrame:
    """The share of claims that still stand so many days later (Turnbull's estimate for interval-censored times).

    Args:
        claims: From `spells`.
        step: Days between the rows.

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
    if claims.empty:
        null = dict.fromkeys(("value", "low", "high", "earliest", "latest"), np.nan)
        return pd.DataFrame([{"days": 0, "n": 0, **null}])
    days, survival, lower, upper, masses = _turnbull(claims, step)
    low, high = intervals.percentiles(survival[1:])
    curves = {
        "value": survival[0],
        "low": low,
        "high": high,
        "earliest": 1 - ((days[:, None] > lower) & np.isfinite(upper)) @ masses,
        "latest": 1 - (days[:, None] >= upper) @ masses,
    }
    rounded = {name: np.clip(np.round(curve, 6), 0, 1) for name, curve in curves.items()}
    return pd.DataFrame({"days": days.astype(int), "n": len(claims), **rounded})


def _grid(last: float, step: int) -> Floats:
    """0, step, ... and the last day of the data."""
    return np.unique(np.append(np.arange(0, last, step), last))


def half_life(claims: pd.DataFrame) -> pd.DataFrame:
    """The days after which half of the claims have gone, with a bootstrap interval over services.

    Args:
        claims: From `spells`.

    Returns:
        One row: ``n``, ``value``, ``low``, ``high`` in days; infinite where more than half still stand at the end,
        null without any claim.
    """
    if claims.empty:
        return pd.DataFrame([{"n": 0, "value": np.nan, "low": np.nan, "high": np.nan}])
    days, survival, *_ = _turnbull(claims, 1)
    halved = survival <= 0.5 + 1e-9
    lives = np.where(halved.any(axis=1), days[np.argmax(halved, axis=1)], np.inf)
    # Order statistics, not interpolation: between a number and infinity there is nothing.
    low, high = np.quantile(lives[1:], [0.025, 0.975], method="inverted_cdf")
    return pd.DataFrame([{"n": len(claims), "value": lives[0], "low": low, "high": high}])


def claim_outcomes(claims: pd.DataFrame, *, step: int = 30) -> pd.DataFrame:
    """What claims gave way to, as shares of all that stood at the start (Aalen & Johansen's estimate).

    A claim goes in the middle of the interval between its two sightings; censored services leave at their last
    sighting. lifelines' estimator breaks ties by chance, so it is written here.

    Args:
        claims: From `spells`.
        step: Days between the rows.

    Returns:
        ``outcome`` (those that occur, the commonest first), ``days``, ``n``, ``value``, ``low``, ``high``. One row of
        0 where all claims still stand, and one with n=0 if there is no claim.

    References:
        Aalen, O. O. & Johansen, S. (1978). An empirical transition matrix for non-homogeneous Markov chains based on
        censored observations. Scand. J. Statist. 5, 141-150.
    """
    ordered = claims.sort_values("service")
    outcome, n = ordered["outcome"].to_numpy(dtype=str), len(ordered)
    gone = outcome != CENSORED
    if not gone.any():
        none = dict.fromkeys(("value", "low", "high"), 0.0 if n else np.nan)
        return pd.DataFrame([{"outcome": CENSORED if n else NONE, "days": 0, "n": n, **none}])
    left = ordered["left"].to_numpy(dtype=float)
    when = np.where(gone, (left + ordered["right"].to_numpy(dtype=float)) / 2, left)
    weights = intervals.data_and_resamples(n, resamples=RESAMPLES)
    times, days = np.unique(when[gone]), _grid(when.max(), step)
    # Those censored on the day of an event are still at risk of it. Where nobody is, nobody goes.
    at_risk = np.maximum(weights @ (when[:, None] >= times), 1)
    events = (when[:, None] == times) & gone[:, None]
    staying = np.cumprod(1 - weights @ events / at_risk, axis=1)
    just_before = np.hstack([np.ones((len(weights), 1)), staying[:, :-1]])
    counts = Counter(outcome[gone].tolist())
    frames = []
    for kind in sorted(counts, key=lambda kind: (-counts[kind], kind)):
        losses = just_before * (weights @ (events & (outcome == kind)[:, None])) / at_risk
        incidence = np.hstack([np.zeros((len(weights), 1)), np.cumsum(losses, axis=1)])
        curves = incidence[:, np.searchsorted(times, days, side="right")]
        low, high = intervals.percentiles(curves[1:])
        shares = {"value": curves[0], "low": low, "high": high}
        frames.append(pd.DataFrame({"outcome": kind, "days": days.astype(int), "n": n, **shares}))
    return pd.concat(frames, ignore_index=True)


def transfer_flow(versions: pd.DataFrame) -> pd.DataFrame:
    """Which mechanism services named on the eve of each legal date, and on the next.

    Args:
        versions: The table.

    Returns:
        A row for each pair of dates and of mechanisms: ``before``, ``after`` (``YYYY-MM-DD``: the eves of the two
        Schrems judgments, the Privacy Shield, the GDPR and the DPF, and the last date of the data), ``source``,
        ``target`` (`mechanism`, or ``not_seen`` where nothing is in force), ``n`` (services), ``value`` (share of the
        source's services), ``low``, ``high`` (Wilson); null shares where the source has no service. No row where the
        data reach no legal date.
    """
    seen = sightings(versions)
    eves = [pd.Timestamp(event.date) - pd.Timedelta(days=1) for event in eras.events() if event.id != "ccpa"]
    last = seen["date"].max()
    days = [*(eve for eve in eves if eve < last), last]
    services, names = seen["service"].unique(), [*MECHANISMS, NONE, NOT_SEEN]
    states = []
    for day in days:
        in_force = _in_force(seen, day)["claims"].map(mechanism)
        states.append(in_force.reindex(services, fill_value=NOT_SEEN))
    rows = []
    for i, (before, after) in enumerate(pairwise(days)):
        moves = Counter(zip(states[i], states[i + 1], strict=True))
        for source, target in product(names, names):
            if (source, target) != (NOT_SEEN, NOT_SEEN):
                rows.append((str(before.date()), str(after.date()), source, target, moves[source, target]))
    flow = pd.DataFrame(rows, columns=["before", "after", "source", "target", "n"])
    whole = flow.groupby(["before", "source"])["n"].transform("sum")
    low, high = intervals.wilson(flow["n"], whole)
    return flow.assign(value=flow["n"] / whole.where(whole > 0), low=low, high=high)
