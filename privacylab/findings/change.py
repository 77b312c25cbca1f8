"""Change within services: before and after, and the test of "no change".

A cross-section mixes change of sample with change of practice; here every service is compared with itself.
"""

import datetime as dt
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from privacylab import eras
from privacylab.findings import intervals
from privacylab.findings.features import Columns, choose
from privacylab.findings.intervals import Floats
from privacylab.findings.sampling import MONTHS_IN_FORCE, in_force, observations, owners_of
from privacylab.findings.shares import share_difference, two_sides

Statistic = Literal["median", "mean"]

FLIPS = 9_999
"""Draws of signs for the test of changes that are not whole numbers."""

Side = dt.date | str
"""An era or sub-era (a service's last policy in it), or a date (its policy in force)."""


def equivalence(
    value: float | Floats, error: float | Floats, *, margin: float, df: float | None = None
) -> npt.NDArray[Any]:
    """Whether effects are too small to matter: two one-sided tests (TOST); "not significant" does not show it.

    Args:
        value: The effects.
        error: Their standard errors, above 0.
        margin: The smallest effect that would matter, above 0, fixed before looking.
        df: Degrees of freedom of Student's t; None: normal.

    Returns:
        The larger p of the two tests.

    Raises:
        ValueError: An error or the margin is not positive.

    References:
        Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure. J. Pharmacokinet. Biopharm. 15.

    >>> float(equivalence(0.0, 1.0, margin=2.0).round(4))
    0.0228
    """
    if not np.all(np.asarray(error) > 0) or not margin > 0:
        raise ValueError(f"the standard error ({error}) and the margin ({margin}) must be above 0")
    law = stats.norm() if df is None else stats.t(df)
    return np.asarray(np.maximum(law.sf((value + margin) / error), law.cdf((value - margin) / error)))


def shows(low: npt.ArrayLike, high: npt.ArrayLike, *, sign: npt.ArrayLike, margin: npt.ArrayLike) -> npt.NDArray[Any]:
    """Whether intervals show what was expected.

    Args:
        low: Their low ends.
        high: Their high ends; null ends show nothing.
        sign: 1: above 0; -1: below 0; 0: no change as large as the margin.
        margin: For each with sign 0.

    >>> shows([1, -2, -2, 0.1], [2, 1, 1, np.nan], sign=[1, -1, 0, 1], margin=3).tolist()
    [True, False, True, False]
    """
    ends, signs = np.array([low, high], dtype=float), np.asarray(sign)
    within = np.abs(ends).max(axis=0) < margin
    holds = np.where(signs == 0, within, np.where(signs > 0, ends[0] > 0, ends[1] < 0))
    return np.asarray(holds & ~np.isnan(ends).any(axis=0))


def _speaking(policies: pd.DataFrame, when: Side, months: int = MONTHS_IN_FORCE) -> pd.Series:
    """The policy that counts for each service: the last one of an era or sub-era, or the one in force on a date."""
    cell_of = {era.id: "era" for era in eras.eras()} | {part.id: "sub_era" for part in eras.sub_eras()}
    if by := cell_of.get(str(when)):
        rows = observations(policies, by=by)
        rows = rows[rows[by] == when]
    else:
        try:
            rows = in_force(policies, eras.as_date(when), months=months)
        except ValueError:
            raise ValueError(f"{when!r} must be a date YYYY-MM-DD or one of {', '.join(cell_of)}") from None
    return rows.set_index("service")["policy_id"]


def pairs(policies: pd.DataFrame, *, before: Side, after: Side, months: int = MONTHS_IN_FORCE) -> pd.DataFrame:
    """The services with a policy on both sides, and these policies.

    Args:
        policies: The table.
        before: An era or sub-era (a service's last policy in it), or a date (its policy in force).
        after: The same for the other side.
        months: As in `in_force`, where a side is a date.

    Returns:
        ``service``, ``before``, ``after`` (policy ids), sorted by service; empty if no service is on both sides.

    Raises:
        ValueError: A side is neither an era nor a date.
    """
    sides = {"before": _speaking(policies, before, months), "after": _speaking(policies, after, months)}
    return pd.concat(sides, axis=1, join="inner").sort_index().rename_axis("service").reset_index()


def movers(policies: pd.DataFrame, features: pd.DataFrame, *, before: Side, after: Side, feature: str) -> pd.DataFrame:
    """Which services gained or lost a feature.

    Args:
        policies: The table.
        features: From `findings.features`.
        before: As in `pairs`.
        after: As in `pairs`.
        feature: Its name, such as ``cue:dpo``.

    Returns:
        The rows of `pairs`, with ``move``: ``gained``, ``lost``, ``kept`` or ``neither``.

    Raises:
        ValueError: There is no such feature, or a side is neither an era nor a date.
    """
    (name,) = choose(features, [feature])
    both = pairs(policies, before=before, after=after)
    had, has = (features.loc[both[side], name].to_numpy(dtype=bool) for side in ("before", "after"))
    return both.assign(move=np.select([had & has, had, has], ["kept", "lost", "gained"], "neither"))


def paired(
    policies: pd.DataFrame,
    features: pd.DataFrame,
    *,
    before: Side,
    after: Side,
    columns: Columns = None,
    margin: float | None = None,
    months: int = MONTHS_IN_FORCE,
) -> pd.DataFrame:
    """What the same services gained and lost: exact McNemar test and the difference of the shares.

    Args:
        policies: The table.
        features: From `findings.features`; or chances of having a feature, 0 to 1 (`reading.rarefied`).
        before: As in `pairs`.
        after: As in `pairs`.
        columns: Which features; None: all.
        margin: The smallest difference that would matter (0 to 1), for the test of no change.
        months: As in `pairs`.

    Returns:
        ``feature``, ``n`` (services on both sides), ``n_effective`` (`intervals.effective_number` of their changes),
        ``gained``, ``lost``, ``kept``, ``neither`` (services; for chances, the expected number if each chance moves one
        way only), ``before``, ``after`` (shares), ``value`` (after - before), ``low``, ``high``, ``p``, ``q``
        (Benjamini-Hochberg over the rows), and ``p_equivalence`` with a margin. Without services n is 0 and the rest
        null.

    Note:
        The interval and the test of equivalence are Bonett & Price's adjusted Wald with the effective number of
        services; the estimate is the plain difference. If nothing happened, the joint change of an owner's services is
        equally likely in either direction: p is exact, and if no owner has several services it is McNemar's test in its
        exact binomial form. For chances p comes from `FLIPS` draws. Losses are partly errors of the classifier or rule;
        see `correction`.

    References:
        McNemar (1947), Psychometrika 12. Bonett, D. G. & Price, R. M. (2012). Adjusted Wald confidence interval for a
        difference of binomial proportions based on paired data. JEBS 37, 479-488.
    """
    wanted = choose(features, columns)
    both = pairs(policies, before=before, after=after, months=months)
    old, new = (1 * features.loc[both[side], wanted].to_numpy() for side in ("before", "after"))
    owners, change = owners_of(policies)[both["service"]], (new - old).astype(float)
    up, down, stay = np.maximum(new - old, 0), np.maximum(old - new, 0), np.minimum(old, new)
    gained, lost, kept, neither = (cases.sum(axis=0) for cases in (up, down, stay, 1 - stay - up - down))
    n = len(both) or np.nan
    value, number = (gained - lost) / n, intervals.effective_number(change, owners)
    middle = number * value / (number + 2)
    # For features the mean square is the share that changed: with one more gain and loss, Bonett & Price's.
    square = (number * (change**2).sum(axis=0) / n + 2) / (number + 2)
    error = np.sqrt((square - middle**2) / (number + 2))
    half = intervals.Z * error
    together = pd.DataFrame(change).groupby(owners.to_numpy()).sum().to_numpy()
    p = _sign_flips(together) if len(both) else np.full(len(wanted), np.nan)
    moves = {"gained": gained, "lost": lost, "kept": kept, "neither": neither}
    shares = {"before": (kept + lost) / n, "after": (kept + gained) / n, "value": value}
    ends = {"low": np.maximum(middle - half, -1), "high": np.minimum(middle + half, 1)}
    changes = pd.DataFrame({"feature": wanted, "n": len(both), "n_effective": number, **moves, **shares, **ends})
    changes = changes.assign(p=p, q=intervals.benjamini_hochberg(p))
    if margin is not None:
        changes["p_equivalence"] = equivalence(middle, error, margin=margin) if len(both) else np.nan
    return changes


def _sign_flips(changes: Floats) -> Floats:
    """For each column the probability of a sum as far from 0, if each change were equally likely in either direction.

    Args:
        changes: Shape (owners, columns).
    """
    whole = (changes % 1 == 0).all(axis=0)
    p, others = np.ones(changes.shape[1]), changes[:, ~whole]
    p[whole] = [_exactly(column) for column in changes[:, whole].T]
    if others.size:
        signs = np.random.default_rng(intervals.SEED).choice([-1.0, 1.0], size=(FLIPS, len(others)))
        # Equal sums must count as equal in any order.
        as_far = np.abs(signs @ others) >= np.abs(others.sum(axis=0)) - 1e-9
        p[~whole] = (1 + as_far.sum(axis=0)) / (1 + FLIPS)
    return p


def _exactly(changes: Floats) -> float:
    """`_sign_flips` for whole numbers: k changes of one size are a binomial, and the sizes add up."""
    law = np.ones(1)  # of the sum, from -total to total
    for size, k in zip(*np.unique(np.abs(changes[changes != 0]).astype(int), return_counts=True), strict=True):
        steps = np.zeros(2 * size * k + 1)
        steps[:: 2 * size] = stats.binom.pmf(np.arange(k + 1), k, 0.5)
        law = np.convolve(law, steps)
    sums = np.arange(len(law)) - len(law) // 2
    return min(float(law[np.abs(sums) >= abs(changes.sum())].sum()), 1.0)


def both_sides(
    policies: pd.DataFrame, amounts: pd.DataFrame, *, before: Side, after: Side, column: str
) -> pd.DataFrame:
    """An amount of each service on two sides, if both have it: ``before`` and ``after``, index ``service``.

    Args:
        policies: The table.
        amounts: From `findings.amounts`.
        before: As in `pairs`.
        after: As in `pairs`.
        column: Which amount.
    """
    both = pairs(policies, before=before, after=after)
    sides = {side: amounts.loc[both[side], column].to_numpy(dtype=float) for side in ("before", "after")}
    return pd.DataFrame(sides, both["service"]).dropna()


def paired_amount(
    policies: pd.DataFrame,
    amounts: pd.DataFrame,
    *,
    before: Side,
    after: Side,
    columns: Columns = None,
    scale: Literal["ratio", "difference"] = "ratio",
    statistic: Statistic = "median",
    margin: float | None = None,
) -> pd.DataFrame:
    """How an amount changed in the same services: the typical ratio (or difference) and Wilcoxon's signed-rank test.

    Args:
        policies: The table.
        amounts: From `findings.amounts`.
        before: As in `pairs`.
        after: As in `pairs`.
        columns: Which amounts; None: all.
        scale: ``ratio`` (lengths; services with 0 on either side are left out) or ``difference`` (grades, rates).
        statistic: ``median`` of the changes (1 or 0 if most texts did not change), or their ``mean`` (geometric for
            ratios).
        margin: The smallest change that would matter, for the test of no change: 0.05 is 5% on the scale of ratios, or
            0.05 units on that of differences. The test is of the mean (log-ratio or difference).

    Returns:
        ``amount``, ``n``, ``before``, ``after`` (medians), ``value`` (the ratio or difference), ``low``, ``high``,
        ``up``, ``down`` (shares of services that rose or fell), ``p``, ``q``, and ``p_equivalence`` with a margin.

    References:
        Wilcoxon, F. (1945). Biometrics Bulletin 1, 80-83; zero changes are left out, p is exact up to 50 without ties.
    """
    if scale not in ("ratio", "difference") or statistic not in ("median", "mean"):
        raise ValueError(f"scale {scale!r} must be ratio or difference, and statistic {statistic!r} median or mean")
    ratio = scale == "ratio"
    limit = np.log1p(margin) if ratio and margin is not None else margin
    owners, rows = owners_of(policies), []
    for column in choose(amounts, columns):
        values = both_sides(policies, amounts, before=before, after=after, column=column)
        values = values[(values > 0).all(axis=1)] if ratio else values
        old, new = values["before"], values["after"]
        change = np.asarray(np.log(new / old) if ratio else new - old)
        row = typical(pd.Series(change, values.index), owners, statistic=statistic, margin=limit)
        if ratio:
            row[["value", "low", "high"]] = np.exp(row[["value", "low", "high"]])
        rows.append({"amount": column, "n": len(values), **values.median(), **row})
    changes = pd.DataFrame(rows)
    changes.insert(list(changes).index("p") + 1, "q", intervals.benjamini_hochberg(changes["p"]))
    return changes if margin is not None else changes.drop(columns="p_equivalence")


def typical(
    change: "pd.Series[float]", owners: pd.Series, *, statistic: Statistic = "mean", margin: float | None = None
) -> pd.Series:
    """The median or mean of a number over services, with the tests of `paired_amount`; clustered by owner.

    Args:
        change: A number for each service, the index: a change, or a difference of two changes.
        owners: The owner of each service.
        statistic: ``median`` or ``mean``.
        margin: As in `paired_amount`, in units of the number.

    Returns:
        ``n``, ``value``, ``low``, ``high``, ``up``, ``down`` (shares above and below 0), ``p``, ``p_equivalence``; all
        but n null without services, and no interval for a single one.
    """
    n, values, owner = len(change), np.asarray(change, dtype=np.float64), owners[change.index]
    row: dict[str, Any] = dict.fromkeys(("value", "low", "high", "up", "down", "p", "p_equivalence"), np.nan)
    if n:
        row["value"] = np.median(values) if statistic == "median" else values.mean()
        row |= {"up": (values > 0).mean(), "down": (values < 0).mean()}
        # If nothing changed there is nothing to rank: no evidence of change.
        row["p"] = stats.wilcoxon(values[values != 0]).pvalue if np.any(values != 0) else 1.0
    if n > 1:
        row["low"], row["high"] = intervals.average_interval(values, statistic, owners=owner)
        number = float(intervals.effective_number(values[:, None], owner)[0])
        error = values.std(ddof=1) / np.sqrt(number)
        if margin is not None and error > 0 and number > 1:
            row["p_equivalence"] = float(equivalence(values.mean(), error, margin=margin, df=number - 1))
    return pd.Series({"n": n, **row})


def average_ratio(
    policies: pd.DataFrame,
    amounts: pd.DataFrame,
    *,
    before: Side,
    after: Side,
    column: str = "n_words",
    statistic: Statistic = "median",
    same: bool = False,
) -> pd.Series:
    """The ratio of two sides' median or mean amounts, as in most published figures; for shares, their ratio.

    Args:
        policies: The table.
        amounts: From `findings.amounts` or `findings.features`.
        before: As in `pairs`.
        after: As in `pairs`.
        column: Which amount.
        statistic: ``median`` or ``mean``.
        same: Only services on both sides; else all of either side (cross-section).

    Returns:
        As `ratio_of_averages`.
    """
    choose(amounts, [column])
    old, new = (_speaking(policies, when).map(amounts[column]).astype(float).dropna() for when in (before, after))
    if same:
        old, new = old[old.index.isin(new.index)], new[new.index.isin(old.index)]
    return ratio_of_averages(old, new, owners=owners_of(policies), statistic=statistic)


def ratio_of_averages(
    before: pd.Series, after: pd.Series, *, owners: pd.Series, statistic: Statistic = "mean"
) -> pd.Series:
    """The ratio of the averages of two groups of services, which may overlap.

    Args:
        before: A number for each service, the index.
        after: The same for the other side.
        owners: The owner of each service; owners are resampled over both sides together.
        statistic: ``median`` or ``mean``; the mean of yes or no is the share.

    Returns:
        ``n`` (services in either), ``n_before``, ``n_after``, ``before``, ``after``, ``value``, ``low``, ``high``; null
        if a side has fewer than two services, or the average before is 0.
    """
    row: dict[str, Any] = dict.fromkeys(("before", "after", "value", "low", "high"), np.nan)
    if min(len(before), len(after)) > 1:
        first, last = two_sides(before, after, statistic, owners=owners)
        row |= {"before": before.agg(statistic), "after": after.agg(statistic)}
        row["value"] = row["after"] / row["before"] if row["before"] else np.nan
        # A resample without services on a side, or with average 0 before, has no ratio and is left out.
        row["low"], row["high"] = intervals.percentiles(last / np.where(first > 0, first, np.nan))
    sizes = {"n": len(before.index.union(after.index)), "n_before": len(before), "n_after": len(after)}
    return pd.Series({**sizes, **row})


def both_ways(
    policies: pd.DataFrame,
    features: pd.DataFrame,
    *,
    before: Side,
    after: Side,
    columns: Columns = None,
) -> pd.DataFrame:
    """The difference of shares in the cross-sections and in the same services: change of sample, and of practice.

    Args:
        policies: The table.
        features: From `findings.features`.
        before: As in `pairs`.
        after: As in `pairs`.
        columns: Which features; None: all.

    Returns:
        ``feature``, ``view`` (``cross_section``: all services of either side; ``panel``: those on both), ``n_before``,
        ``n_after``, ``n`` (services in the difference), ``before``, ``after``, ``value``, ``low``, ``high``, and
        for the panel ``n_effective``, ``gained``, ``lost``, ``kept``, ``neither``, ``p`` and ``q`` of `paired`. Null
        shares if a side is empty.
    """
    sides = {"before": _speaking(policies, before), "after": _speaking(policies, after)}
    observed = pd.concat(sides, names=["side"]).reset_index()
    observed["owner"] = observed["service"].map(owners_of(policies))
    observed["side"] = pd.Categorical(observed["side"], list(sides))
    cross = share_difference(observed, features, before="before", after="after", by="side", columns=columns)
    panel = paired(policies, features, before=before, after=after, columns=columns)
    panel = panel.assign(n_before=panel["n"], n_after=panel["n"], view="panel")
    views = pd.concat([cross.assign(view="cross_section"), panel])
    # The two rows of a feature one below the other.
    views = views.sort_index(kind="stable", ignore_index=True)
    shared = ["feature", "view", "n_before", "n_after", "n", "before", "after", "value", "low", "high"]
    return views[[*shared, "n_effective", "gained", "lost", "kept", "neither", "p", "q"]]
