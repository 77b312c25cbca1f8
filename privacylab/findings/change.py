"""Change within services: before and after, and the test of "no change".

A cross-section mixes change of sample with change of practice; here every service is compared with itself.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from privacylab import eras
from privacylab.findings import intervals, shares
from privacylab.findings.features import choose
from privacylab.findings.sampling import MONTHS_IN_FORCE, in_force, observations

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
        features: From `findings.features`.
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
        difference. Losses are partly errors of what found the feature; see `correction`.

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
    half = intervals.z_score(level) * error
    with np.errstate(invalid="ignore"):
        shares = (
            {"before": old.sum(axis=0) / n, "after": new.sum(axis=0) / n} if n else {"before": np.nan, "after": np.nan}
        )
    value = (gained - lost) / n if n else np.nan
    low, high = np.maximum(up - down - half, -1), np.minimum(up - down + half, 1)
    interval = {"value": value, "low": low, "high": high} if n else dict.fromkeys(("value", "low", "high"), np.nan)
    p = np.minimum(2 * stats.binom.cdf(np.minimum(gained, lost), gained + lost, 0.5), 1) if n else np.nan
    found = pd.DataFrame({"feature": wanted, "n": n, **counts, **shares, **interval, "p": p})
    found["q"] = intervals.benjamini_hochberg(found["p"])
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
    statistic: Literal["median", "mean"] = "median",
    margin: float | None = None,
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """How an amount changed in the same services: the typical ratio (or difference) and Wilcoxon's signed-rank test.

    Args:
        policies: The table.
        amounts: From `findings.amounts`.
        before: As in `pairs`.
        after: As in `pairs`.
        columns: Which amounts; None: all.
        scale: ``ratio`` (lengths; services where either side is 0 are left out) or ``difference`` (grades, rates).
        statistic: ``median`` of the changes (1 or 0 where most texts stayed as they were), or their ``mean`` (that of
            ratios is geometric).
        margin: The smallest change that would matter, to test that there is none: 0.05 is 5% on the scale of
            ratios, or 0.05 units on that of differences. It is the mean (log-ratio or difference) that is tested.
        months: As in `pairs`.
        document: As in `pairs`.
        level: Confidence level.
        resamples: Bootstrap resamples of services.
        seed: For the bootstrap.

    Returns:
        ``amount``, ``n``, ``before``, ``after`` (medians), ``value`` (the ratio or difference), ``low``, ``high``,
        ``up``, ``down`` (shares of services that rose or fell), ``p``, ``q``, and ``p_equivalence`` with a margin.

    References:
        Wilcoxon, F. (1945). Biometrics Bulletin 1, 80-83; zero changes are left out, p is exact up to 50 without ties.
    """
    if scale not in ("ratio", "difference") or statistic not in ("median", "mean"):
        raise ValueError(f"scale {scale!r} must be ratio or difference, and statistic {statistic!r} median or mean")
    wanted = choose(amounts, columns)
    both = pairs(policies, before=before, after=after, months=months, document=document)
    rows = []
    for column in wanted:
        old, new = (amounts.loc[both[side], column].to_numpy(dtype=float) for side in ("before", "after"))
        usable = ~np.isnan(old) & ~np.isnan(new) & ((scale == "difference") | ((old > 0) & (new > 0)))
        old, new = old[usable], new[usable]
        change = np.log(new / old) if scale == "ratio" else new - old
        rows.append({"amount": column, **_amount(old, new, change, scale, statistic, margin, level, resamples, seed)})
    found = pd.DataFrame(rows)
    found.insert(list(found.columns).index("p") + 1, "q", intervals.benjamini_hochberg(found["p"]))
    return found


def _amount(
    old: Floats,
    new: Floats,
    change: Floats,
    scale: str,
    statistic: str,
    margin: float | None,
    level: float,
    resamples: int,
    seed: int,
) -> dict[str, Any]:
    n = len(change)
    names = ("before", "after", "value", "low", "high", "up", "down", "p", *(["p_equivalence"] if margin else []))
    found: dict[str, Any] = {"n": n, **dict.fromkeys(names, np.nan)}
    if n == 0:
        return found
    back = np.exp if scale == "ratio" else np.asarray
    middle = np.median if statistic == "median" else np.mean
    found.update(before=float(np.median(old)), after=float(np.median(new)), value=float(back(middle(change))))
    found.update(up=float((change > 0).mean()), down=float((change < 0).mean()))
    # With nothing changed there is nothing to rank: no evidence of change.
    found["p"] = float(stats.wilcoxon(change[change != 0]).pvalue) if np.any(change != 0) else 1.0
    if n > 1:
        weights = intervals.resampled_services(n, resamples=resamples, seed=seed)
        replicates = intervals.medians(change, weights) if statistic == "median" else weights @ change / n
        low, high = intervals.percentiles(replicates, level=level)
        found.update(low=float(back(low)), high=float(back(high)))
        error = float(change.std(ddof=1)) / np.sqrt(n)
        if margin is not None and error > 0:
            limit = float(np.log1p(margin)) if scale == "ratio" else margin
            found["p_equivalence"] = equivalence(float(change.mean()), error, margin=limit, df=n - 1).p
    return found


def average_ratio(
    policies: pd.DataFrame,
    amounts: pd.DataFrame,
    *,
    before: dt.date | str,
    after: dt.date | str,
    column: str = "n_words",
    statistic: Literal["median", "mean"] = "median",
    same: bool = False,
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> pd.Series:
    """The ratio of two sides' medians or means, as most published figures give it.

    Args:
        policies: The table.
        amounts: From `findings.amounts`.
        before: As in `pairs`.
        after: As in `pairs`.
        column: Which amount.
        statistic: ``median`` or ``mean``.
        same: Only services on both sides; else all of either side (cross-section).
        months: As in `pairs`.
        document: As in `pairs`.
        level: Confidence level.
        resamples: Bootstrap resamples of services, over both sides together.
        seed: For the bootstrap.

    Returns:
        ``n`` (services in either), ``n_before``, ``n_after``, ``before``, ``after``, ``value``, ``low``, ``high``; null
        where a side is empty.
    """
    choose(amounts, [column])
    sides = [_speaking(policies, when, months=months, document=document) for when in (before, after)]
    values = [side.map(amounts[column]).dropna() for side in sides]
    if same:
        both = values[0].index.intersection(values[1].index)
        values = [side.loc[both] for side in values]
    union = values[0].index.union(values[1].index).sort_values()
    sizes = {"n": len(union), "n_before": len(values[0]), "n_after": len(values[1])}
    if min(len(side) for side in values) < 2:
        return pd.Series({**sizes, **dict.fromkeys(("before", "after", "value", "low", "high"), np.nan)})
    weights, drawn, found = intervals.resampled_services(len(union), resamples=resamples, seed=seed), [], []
    for side in values:
        mine, held = weights[:, union.get_indexer(side.index)], side.to_numpy(dtype=float)
        # A resample without any service of a side has no ratio, and is left out.
        total = np.where(mine.sum(axis=1) > 0, mine.sum(axis=1), np.nan)
        drawn.append(intervals.medians(held, mine) if statistic == "median" else mine @ held / total)
        found.append(float(np.median(held) if statistic == "median" else held.mean()))
    low, high = intervals.percentiles(drawn[1] / drawn[0], level=level)
    shown = {"before": found[0], "after": found[1], "value": found[1] / found[0], "low": low, "high": high}
    return pd.Series({**sizes, **shown})


def both_ways(
    policies: pd.DataFrame,
    features: pd.DataFrame,
    *,
    before: dt.date | str,
    after: dt.date | str,
    columns: Iterable[str] | None = None,
    months: int = MONTHS_IN_FORCE,
    document: str = "main",
    level: float = 0.95,
) -> pd.DataFrame:
    """The difference of shares as the cross-sections stand and in the same services: change of sample, and of practice.

    Args:
        policies: The table.
        features: From `findings.features`.
        before: As in `pairs`.
        after: As in `pairs`.
        columns: Which features; None: all.
        months: As in `pairs`.
        document: As in `pairs`.
        level: Confidence level.

    Returns:
        ``feature``, ``view`` (``cross_section``: all services of either side; ``panel``: those on both), ``n_before``,
        ``n_after``, ``n`` (services behind the difference), ``before``, ``after``, ``value``, ``low``, ``high``, and
        for the panel ``gained``, ``lost``, ``p`` and ``q`` of `paired`. Null shares where a side is empty.
    """
    wanted = choose(features, columns)
    options: dict[str, Any] = {"months": months, "document": document}
    sides = {name: _speaking(policies, when, **options) for name, when in (("before", before), ("after", after))}
    rows = [pd.DataFrame({"policy_id": side, "side": name}).reset_index() for name, side in sides.items()]
    if all(len(side) for side in sides.values()):
        choice: dict[str, Any] = {"before": "before", "after": "after", "by": "side", "columns": wanted}
        cross = shares.share_difference(pd.concat(rows, ignore_index=True), features, **choice, level=level)
    else:
        cross = pd.DataFrame({"feature": wanted, **{f"n_{name}": len(side) for name, side in sides.items()}})
        cross = cross.assign(n=cross["n_before"] + cross["n_after"])
    panel = paired(policies, features, before=before, after=after, columns=wanted, **options, level=level)
    panel = panel.assign(n_before=panel["n"], n_after=panel["n"])
    found = pd.concat([cross.assign(view="cross_section"), panel.assign(view="panel")], ignore_index=True)
    order = pd.Categorical(found["feature"], wanted, ordered=True)
    counted = ["feature", "view", "n_before", "n_after", "n", "before", "after", "value", "low", "high"]
    found = found.assign(order=order).sort_values(["order", "view"], ignore_index=True)
    return found.reindex(columns=[*counted, "gained", "lost", "p", "q"])
