"""When services add or drop a clause: each half-year compared with the quiet ones around it, in the same services.

A level that has stepped has no straight trend, but the number of moves can be compared. So a date's
half-year is described by the moves in it: of the services without a clause the share that gain it, of those with it the
share that lose it, and for amounts the mean change. Errors are clustered by owner. A service in another collection is a
separate series: archives cut pages differently, and that is not a change of text.
"""

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from privacylab import eras
from privacylab.findings import intervals
from privacylab.findings.sampling import in_force_on, owners_of

MONTHS = (3, 9)
"""The months in which the panel's half-years end: so each legal date, with the changes just before it, lies within one.
The CCPA applies from 1 January 2020; a third of the texts changed in December, a third in January."""
WINDOW = 4
"""How many half-years before and after a date's half-year its quiet ones may be."""
MINIMUM = 20
"""The services that a step needs in a half-year, and in the quiet ones around it."""
MOVES = ("gain", "loss")
_SERIES = ["service", "collection"]
_ESTIMATE = ["value", "low", "high", "p"]


def panel(policies: pd.DataFrame) -> pd.DataFrame:
    """Each service's policy in force at the end of each half-year, which are March and September (`MONTHS`).

    Args:
        policies: The table.

    Returns:
        ``service``, ``collection``, ``owner`` (the service itself without `with_owners`), ``period`` (counted from 0
        for the first of the data), ``end`` (its last day), ``policy_id``; sorted by service and period. A service is
        missing if nothing is in force, and after the calendar half-year in which the collection of its policy ended: a
        dead archive no longer shows that nothing changed. Empty if no half-year ends between the first month of the
        data and the last.
    """
    dates = policies["date"].dropna()
    ends = pd.DatetimeIndex([])
    if len(dates):
        ends = pd.date_range(dates.min(), dates.max() + pd.offsets.MonthEnd(0), freq="ME")
        ends = ends[ends.month.isin(MONTHS)]
    rows = in_force_on(policies, list(ends), living=True).rename(columns={"day": "end"})
    rows = rows.assign(period=ends.get_indexer(pd.Index(rows["end"])), owner=rows["service"].map(owners_of(policies)))
    rows = rows.sort_values(["service", "period"], ignore_index=True)
    return rows[["service", "collection", "owner", "period", "end", "policy_id"]]


def steps(panel: pd.DataFrame, outcomes: pd.DataFrame, *, treated: Collection[str] | None = None) -> pd.DataFrame:
    """How many more services moved in each half-year than in the quiet half-years around it.

    A half-year is quiet if it has none of `eras.events` and does not follow one, when late texts still come. Each also
    serves as a placebo: a half-year in which nothing happened, compared with the other quiet ones.

    Args:
        panel: From `panel`, all of it or the part of interest.
        outcomes: Columns of `findings.features` (true or false) and `findings.amounts`: index ``policy_id``.
        treated: The services of a group, say the EU's: the result is then its step minus that of the others (difference
            in differences). If the others are also affected, that is a lower bound.

    Returns:
        For each outcome, ``move`` and half-year but the first:

        - ``date`` (the event's; else the half-year's last day), ``event`` (its id, else null), ``kind`` (``event``,
          ``after`` one, ``placebo``);
        - ``n`` services (of the group) that could move in it, and their ``owners``; with a group ``n_others`` and
          ``owners_others``;
        - ``here`` and ``quiet``: the share of them that moved in it and in a quiet half-year around it (or the mean
          change);
        - ``value`` (here minus quiet), ``low``, ``high``, ``p``; null if fewer than
          `MINIMUM` could move on either side; no interval if none moved;
        - ``q``: Benjamini-Hochberg over the events of all outcomes;
        - ``placebos`` of the outcome and move, ``rejected`` (p < .05), ``least_p``: the lowest rank that they allow;
          ``rank_p``: the rank of p among the placebos', null for placebos.

    Raises:
        ValueError: A service occurs twice in a period, or a policy is not in the outcomes.

    Note:
        The rank uses p, not size: steps of few services are large and mean little. Features move separately; a gain and
        a later loss are two moves.
    """
    calendar = _calendar(panel)
    quiet, rows = calendar.index[calendar["kind"] == "placebo"], []
    for name in outcomes.columns:
        for move, moves in _moves(panel, outcomes[name]).items():
            for period, cell in zip(calendar.index, calendar.to_dict("records"), strict=True):
                around = [other for other in quiet if 0 < abs(other - period) <= WINDOW]
                step = _step(moves, period, around, treated)
                rows.append({"outcome": name, "move": move} | cell | step)
    sizes = ["n", "owners", *([] if treated is None else ["n_others", "owners_others"]), "here", "quiet"]
    return _ranked(pd.DataFrame(rows, columns=["outcome", "move", "date", "event", "kind", *sizes, *_ESTIMATE]))


def event_study(panel: pd.DataFrame, outcome: pd.Series, *, event: str, move: str) -> pd.DataFrame:
    """The share of services that gained a clause, or lost it, in the half-years around a date: `WINDOW` on each side.

    Args:
        panel: From `panel`.
        outcome: A column of `findings.features`: index ``policy_id``.
        event: The id of one of `eras.events`.
        move: ``gain`` (of the services without it) or ``loss`` (of those with it).

    Returns:
        ``period`` (0: the half-year of the date), ``n`` (services that could move, of those seen in that half-year),
        ``owners``, ``count``, ``value`` (0 to 1), ``low``, ``high`` (Wilson, with the number of independent services:
        `intervals.effective_number`); n=0 and nulls if none could.

    Raises:
        ValueError: The event or the move is unknown, or `steps` would refuse the panel.
    """
    if move not in MOVES:
        raise ValueError(f"move {move!r} must be one of {', '.join(MOVES)}")
    rows, calendar = _moves(panel, outcome.astype(bool))[move], _calendar(panel)
    zero = calendar.index[calendar["event"] == eras.event(event).id]
    same = rows.loc[rows["period"].isin(zero), "series"]
    rows = rows[rows["series"].isin(same) & rows["moved"].notna()]
    shares = []
    for period in range(-WINDOW, WINDOW + 1):
        part = rows[rows["period"].isin(zero + period)]
        _, low, high = intervals.wilson_of(part[["moved"]].to_numpy(), part["owner"])
        sizes = {"n": len(part), "owners": part["owner"].nunique(), "count": int(part["moved"].sum())}
        shares.append({"period": period, **sizes, "value": part["moved"].mean(), "low": low[0], "high": high[0]})
    return pd.DataFrame(shares)


def _calendar(panel: pd.DataFrame) -> pd.DataFrame:
    """The half-years in which something could move: ``date``, ``event``, ``kind``; index ``period``."""
    ends = panel.groupby("period")["end"].first()
    rows = pd.DataFrame({"date": ends, "event": None, "kind": "placebo"}, dtype=object)
    for event in eras.events():
        day = pd.Timestamp(event.date)
        for period in ends.index[(ends >= day) & (ends - pd.offsets.MonthEnd(6) < day)]:
            rows.loc[period, :] = pd.Series({"date": day, "event": event.id, "kind": "event"})
    quiet = rows["kind"] == "placebo"
    follows = (rows.index - 1).isin(rows.index[~quiet])
    rows.loc[quiet & follows, "kind"] = "after"
    return rows.iloc[1:].astype({"date": ends.dtype})


def _moves(panel: pd.DataFrame, outcome: pd.Series) -> dict[str, pd.DataFrame]:
    """The half-years with a series seen at both ends, for each kind of move.

    Returns:
        ``service``, ``owner``, ``period``, ``series`` (a number each) and ``moved``: 1 or 0, null if there is nothing
        to gain or to lose; for amounts the change.
    """
    if panel.duplicated(["service", "period"]).any():
        raise ValueError("a service occurs twice in one period of the panel: give one policy per service and period")
    rows = panel.sort_values([*_SERIES, "period"])
    places = outcome.index.get_indexer(pd.Index(rows["policy_id"]))
    if (places < 0).any():
        raise ValueError("a policy of the panel is not in the outcome: give it for all policies")
    rows = rows.assign(now=outcome.to_numpy(dtype=float)[places], series=rows.groupby(_SERIES).ngroup())
    series = rows.groupby("series")
    rows["past"] = series["now"].shift()
    rows = rows[(series["period"].diff() == 1) & np.isfinite(rows["now"] - rows["past"])]
    change = rows["now"] - rows["past"]
    kinds = {"change": change}
    if pd.api.types.is_bool_dtype(outcome):
        kinds = {"gain": change.where(rows["past"] == 0), "loss": (-change).where(rows["past"] == 1)}
    columns = ["service", "owner", "period", "series"]
    return {kind: rows[columns].assign(moved=moved) for kind, moved in kinds.items()}


def _step(moves: pd.DataFrame, period: int, quiet: Collection[int], treated: Collection[str] | None) -> dict[str, Any]:
    """The step of one half-year for `steps`: means of two cells, or of four with a group."""
    same = moves["series"].isin(moves.loc[moves["period"] == period, "series"])
    rows = moves[same & moves["period"].isin([period, *quiet]) & moves["moved"].notna()]
    here, moved = rows["period"] == period, rows["moved"]
    group = here | True if treated is None else rows["service"].isin(list(treated))
    parts = {"": group} if treated is None else {"": group, "_others": ~group}
    step: dict[str, Any] = {f"n{name}": (part & here).sum() for name, part in parts.items()}
    step |= {f"owners{name}": rows.loc[part & here, "owner"].nunique() for name, part in parts.items()}
    cells = moved.groupby([group, here])
    if cells.ngroups < 2 * len(parts) or cells.size().min() < MINIMUM:
        return step
    n, sign = cells.transform("size"), np.where(here == group, 1, -1)
    # If nothing happened, both cells vary equally: one in which by chance nobody moved is not free of error.
    variance = (moved.groupby(group).transform("var", ddof=0) / n**2).sum()
    pull = sign * (moved - cells.transform("mean")) / n
    means = [(moved[part & here].mean(), moved[part & ~here].mean()) for part in parts.values()]
    gaps = [now - then for now, then in means]
    step |= dict(zip(("here", "quiet"), means[0], strict=True))
    return step | _estimate(gaps[0] - sum(gaps[1:]), pull, rows["owner"], least=float(np.sqrt(variance)))


def _estimate(value: float, pull: pd.Series, owners: pd.Series, *, least: float) -> dict[str, float]:
    """A value with the interval and p of its error, clustered by owner: Student's t on (owners - 1).

    Args:
        value: The estimate.
        pull: Each row's part of its error: its weight in the value times its residual; shape (rows,).
        owners: The owner of each row.
        least: The error that independent rows of one spread would have, as a lower limit.

    References:
        Liang, K.-Y. & Zeger, S. L. (1986). Longitudinal data analysis using generalized linear models. Biometrika 73.
        Cameron, A. C. & Miller, D. L. (2015). A practitioner's guide to cluster-robust inference. JHR 50, 317-372.
    """
    sums = pull.groupby(owners).sum()
    if len(sums) < 2:
        return {}
    error = max(float(np.sqrt((sums**2).sum() * len(sums) / (len(sums) - 1))), least)
    if not error > 1e-12:
        return {"value": value}
    law = stats.t(len(sums) - 1)
    half = law.ppf(0.5 + intervals.LEVEL / 2) * error
    return {"value": value, "low": value - half, "high": value + half, "p": 2 * law.sf(abs(value) / error)}


def _ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """The steps compared with the placebos of each outcome and move."""
    event, placebo = frame["kind"] == "event", frame["kind"] == "placebo"
    frame["q"] = intervals.benjamini_hochberg(frame["p"].where(event))
    frame[["placebos", "rejected", "least_p", "rank_p"]] = np.nan
    for _, part in frame.groupby(["outcome", "move"]):
        dull = part.loc[placebo, "p"].dropna().to_numpy(dtype=float)
        ranks = (1 + (dull <= part[["p"]].to_numpy(dtype=float)).sum(axis=1)) / (1 + len(dull))
        counts = [len(dull), (dull < 0.05).sum(), 1 / (1 + len(dull))]
        frame.loc[part.index, ["placebos", "rejected", "least_p"]] = counts
        frame.loc[part.index, "rank_p"] = np.where(part["p"].notna() & (part["kind"] != "placebo"), ranks, np.nan)
    return frame
