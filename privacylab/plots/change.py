"""The figures of change: before and after, event studies, the survival of claims, the hazard of change.

Import them from `plots`, where all figures are.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacylab import eras
from privacylab.plots import style
from privacylab.plots.labels import end_labels, key, mark_events, readable
from privacylab.plots.rows import dot_rows, in_points, row_names, rows_height
from privacylab.plots.style import COLOURS, RULE, estimates, look, need, parts_of, wrapped

_BEFORE = {**look(5), "markerfacecolor": "white"}
_MOVES = {"gain": ", gained", "loss": ", lost"}
_SIGNS = {
    "agrees": look(0),
    "opposite": {"color": COLOURS[1], "marker": "D"},
    "not shown": {"color": "#777777", "marker": "s"},
    "no change shown": look(2),
    "a level": look(6),
}
_PANELS = {
    "change": ("Times the published change: 1 as published, 0 no change", (-1.0, 4.0), (0, 1)),
    "level": ("Times the published share", (0.0, 4.0), (1,)),
    "none": ("Times the margin within which no change was claimed", (-3.0, 3.0), (-1, 1)),
}
"""What the panels of `replication` show, their limits, and their lines."""
_NUMBERS = {"share": "{:.0%}", "points": "{:+.1f}", "grade": "{:+.2f}"}
"""How `replication` writes a number of each unit, if not as a ratio."""


@style.drawing
def paired_change(changes: pd.DataFrame, *, label: str = "Share of the same services") -> Figure:
    """The same services before and after: both shares joined by a line, and the difference with its interval.

    Args:
        changes: From `findings.paired`.
        label: What the shares are; their number is added.
    """
    rows = need(changes, "feature", "n", "before", "after", "value", "low", "high")
    rows = rows.sort_values(["value", "feature"], ascending=[False, True], ignore_index=True)
    rows = rows.assign(row=rows.index)
    names = row_names(rows["feature"])
    page, axs = style.figure(0.8 + rows_height(names, 0.26), columns=2, sharey=True, widths=[3, 2])
    left, right = axs[0]
    joined = rows.assign(low=rows["before"], high=rows["after"])
    sides = [(joined.assign(value=rows["before"]), _BEFORE), (joined.assign(value=rows["after"]), look(0))]
    dot_rows(left, names, sides)
    left.set(xlim=(0, None), xlabel=wrapped(f"{label} (n\u00a0=\u00a0{rows['n'].max():,.0f})", 2.5, 8))
    style.percent(left, "x")
    key(left, [("before", _BEFORE), ("after", look(0))])
    right.axvline(0, **RULE)
    dot_rows(right, names, [(in_points(rows), look(0))])
    right.set_xlabel(wrapped("Difference in percentage points", 1.75, 8))
    return page


@style.drawing
def both_ways(changes: pd.DataFrame) -> Figure:
    """Differences in the cross-sections and in the same services: where these differ, the sample changed.

    Args:
        changes: From `findings.both_ways`.
    """
    rows = in_points(estimates(changes, "feature", "view"))
    rows = rows.assign(row=pd.factorize(rows["feature"])[0])
    features = row_names(style.in_order(rows["feature"]))
    cross, panel = (rows[rows["view"] == view] for view in ("cross_section", "panel"))
    page, axes = style.panel(0.9 + rows_height(features, 0.3))
    axes.axvline(0, **RULE)
    dot_rows(axes, features, [(cross, look(5)), (panel, look(0))], step=0.32)
    axes.set_xlabel("Difference in percentage points")
    all_services = f"all services of either side (n = {cross['n'].max():,})"
    key(axes, [(all_services, look(5)), (f"the same services (n = {panel['n'].max():,})", look(0))])
    return page


@style.drawing
def replication(table: pd.DataFrame) -> Figure:
    """Estimates as multiples of the published values: changes, shares, and claims of no change.

    A dot at 1 is as published. Ratios use their logarithm, claims of no change multiples of the margin. Each row also
    shows the published value and ours. Values beyond the axis are arrows at its end.

    Args:
        table: From `findings.table`.
    """
    rows = need(table, "short", "direction", "unit", "published", "margin", "sign", "value", "low", "high")
    kinds = rows["direction"].map({"up": "change", "down": "change", "level": "level", "none": "none"})
    rows = rows[rows["sign"].isin(list(_SIGNS)) & (rows["published"].notna() | (kinds == "none"))]
    parts = {kind: rows[kinds[rows.index] == kind].reset_index(drop=True) for kind in _PANELS}
    parts = {kind: part for kind, part in parts.items() if len(part)}
    names = {kind: row_names(part["short"]) for kind, part in parts.items()}
    heights = [rows_height(names[kind], 0.2) + 0.5 for kind in parts]
    page, axs = style.figure(0.5 + sum(heights), rows=len(parts), heights=heights)
    for axes, (kind, part) in zip(axs[:, 0], parts.items(), strict=True):
        _multiples(axes, names[kind], part, kind)
    key(axs[0, 0], [(sign, mark) for sign, mark in _SIGNS.items() if sign in set(rows["sign"])])
    return page


def _multiples(axes: Axes, names: list[str], part: pd.DataFrame, kind: str) -> None:
    """Estimates as multiples of the published value or the margin, on the scale on which the unit adds up."""
    label, (first, last), lines = _PANELS[kind]
    unit = part["margin" if kind == "none" else "published"]
    ends = pd.concat([part[["value", "low", "high"]], unit.rename("unit")], axis=1).astype(float)
    ratio = part["unit"] == "ratio"
    if kind == "none":
        ends.loc[ratio, "unit"] += 1
    with np.errstate(divide="ignore"):  # a share that fell to 0 is a ratio of 0
        ends.loc[ratio] = np.log(ends.loc[ratio])
    scaled = ends[["value", "low", "high"]].div(ends["unit"], axis=0)
    beyond = (scaled["value"] > last).astype(int) - (scaled["value"] < first).astype(int)
    told = [_told(row, kind) for row in part.to_dict("records")]
    scaled = scaled.clip(first, last).assign(row=part.index, told=told)
    scaled["value"] = scaled["value"].where(beyond == 0)
    dot_rows(axes, names, [(scaled[part["sign"] == sign], mark) for sign, mark in _SIGNS.items()])
    for far in np.flatnonzero(beyond):
        edge, marker = (last, ">") if beyond[far] > 0 else (first, "<")
        colour = _SIGNS[part["sign"][far]]["color"]
        (arrow,) = axes.plot(edge, far, marker=marker, color=colour, markersize=6, clip_on=False)
        style.tell(arrow, [told[far]])
    for line in lines:
        axes.axvline(line, **RULE, linestyle="-" if line == 0 else style.DASHED)
    axes.set(xlim=(first, last), xlabel=label)
    for place, row in enumerate(part.to_dict("records")):
        text = f"{_published(row, kind)}; here {_figure(row['value'], row['unit'])}"
        axes.annotate(text, (1, place), (7, 0), ("axes fraction", "data"), "offset points", va="center")


def _published(row: Mapping[Hashable, Any], kind: str) -> str:
    return "no change" if kind == "none" else _figure(row["published"], row["unit"])


def _told(row: Mapping[Hashable, Any], kind: str) -> str:
    """A published value and ours with its interval, in words."""
    here, low, high = (_figure(row[end], row["unit"]) for end in ("value", "low", "high"))
    size = f", n = {row['n']:,.0f}" if pd.notna(row.get("n")) else ""
    return f"{row['short']}: published {_published(row, kind)}; here {here} ({low} to {high}){size}"


def _figure(value: float, unit: str) -> str:
    return _NUMBERS.get(unit, "×{:.2f}").format(100 * value if unit == "points" else value)


@style.drawing
def event_study(shares: pd.DataFrame) -> Figure:
    """How many services moved in each half-year around a date, in panels with one scale.

    Args:
        shares: From `findings.event_study`: ``period`` (0: the half-year of the date); with a column ``outcome``, one
            panel for each. Half-years with fewer than `style.FEW` services are left out.
    """
    rows = estimates(shares, "period")
    rows = rows.assign(outcome=rows.get("outcome", ""))
    rows = need(rows[rows["n"] >= style.FEW], "value")
    parts, first, last = parts_of(rows, "outcome"), rows["period"].min(), rows["period"].max()
    columns = min(4, len(parts))
    page, axs = style.small_multiples(len(parts), columns, 1.9, room=0.4)
    for axes, (outcome, part) in zip(axs, parts.items(), strict=True):
        axes.axhline(0, **RULE)
        style.dots(axes, part, part["period"], look(0), upright=True)
        there = part[part["period"] == 0]
        axes.plot(there["period"], there["value"], **look(1), linestyle="none", markersize=5.5, zorder=4, clip_on=False)
        axes.grid(axis="y")
        axes.set_xticks(range(first, last + 1, 2 if last - first > 4 else 1))
        style.percent(axes)
        axes.set_title(wrapped(readable(outcome), 0.68 * style.WIDTH / columns, 8), fontsize=8)
    page.supxlabel("Half-years from that of the date")
    page.supylabel("Services that moved in the half-year")
    return page


@style.drawing
def placebo(steps: pd.DataFrame, *, label: str = "Step in percentage points") -> Figure:
    """The steps of each outcome at the legal dates, above those of the half-years in which nothing happened.

    Args:
        steps: From `findings.steps`: ``date``, ``kind``, ``value``, ``low``, ``high``; with ``outcome`` (and ``move``)
            a row for each. Steps without a value are left out.
        label: What the x axis shows, with its unit.
    """
    rows = in_points(need(steps, "date", "kind", "value", "low", "high"))
    rows = rows.assign(outcome=rows.get("outcome", ""), move=rows.get("move", ""))
    rows = rows[rows["value"].notna()].fillna({"low": rows["value"], "high": rows["value"]})
    named = rows["outcome"].astype(str).map(readable) + rows["move"].map(_MOVES).fillna("")
    rows["row"], names = pd.factorize(named)
    events = {event.name: pd.to_datetime(rows["date"]) == pd.Timestamp(event.date) for event in eras.events()}
    parts = [(name, rows[here & (rows["kind"] == "event")], look(i)) for i, (name, here) in enumerate(events.items())]
    for kind, name, face in (("after", "half-year after", "white"), ("placebo", "placebo", "#999999")):
        part = rows[rows["kind"] == kind]
        mark = {"color": "#999999", "marker": "o", "markersize": 3.2, "markerfacecolor": face}
        parts.append((name, part.assign(low=part["value"], high=part["value"]), mark))
    shown = [wrapped(name, style.LABEL) for name in names]
    page, axes = style.panel(1.1 + rows_height(shown, 0.46))
    axes.axvline(0, **RULE)
    dot_rows(axes, shown, [(part, mark) for _, part, mark in parts], step=0.11)
    axes.set_xlabel(label)
    key(axes, [(name, mark) for name, part, mark in parts if len(part)])
    return page


@style.drawing
def claim_survival(curves: pd.DataFrame) -> Figure:
    """How long a claim outlives its framework: the share of services that still make it, and how many are followed.

    Args:
        curves: From `findings.claim_survival`; with ``framework`` several curves, and with ``start`` (their first day)
            the framework's deadlines are marked on its curve.
    """
    return _curves(curves.assign(framework=curves.get("framework", "")), "framework", "Services that still claim it")


@style.drawing
def claim_outcomes(curves: pd.DataFrame) -> Figure:
    """What replaced a claim: the share of services with each outcome, and how many are followed.

    Args:
        curves: From `findings.claim_outcomes`.
    """
    return _curves(curves, "outcome", "Services")


def _curves(curves: pd.DataFrame, by: str, label: str) -> Figure:
    rows = estimates(curves, by, "days", "at_risk").dropna(subset="value")
    parts = parts_of(rows, by)
    names = [wrapped(f"{readable(kind)}\n(n = {part['n'].max():,})".strip(), 1.3) for kind, part in parts.items()]
    # Outcomes of one claim are followed together.
    followed = list(parts) if by == "framework" else list(parts)[:1]
    height = max(3.0, sum(style.text_height([name]) for name in names) / 0.7)
    page, axs = style.figure(height, rows=2, sharex=True, heights=[height, 0.2 * len(followed)])
    axes, strip = axs[:, 0]
    ends = []
    for i, (kind, part) in enumerate(parts.items()):
        x = part["days"] / YEAR
        axes.fill_between(x, part["low"], part["high"], step="post", color=COLOURS[i], alpha=0.16, linewidth=0)
        axes.step(x, part["value"], where="post", color=COLOURS[i], linestyle=("-", "--", "-.", ":")[i % 4])
        _tell_months(axes, part)
        ends.append((float(part["value"].iloc[-1]), names[i], COLOURS[i]))
        _deadlines(axes, part, kind, COLOURS[i])
    axes.set(ylabel=label, xlim=(0, max(rows["days"].max(), 30) / YEAR))
    axes.set(ylim=(0, 1 if rows["value"].max() > 0.6 else None))
    axes.grid(axis="y")
    style.percent(axes)
    end_labels(axes, ends)
    _at_risk(strip, [parts[kind] for kind in followed])
    return page


YEAR, MONTH = 365.25, 30
"""Days."""


def _tell_months(axes: Axes, part: pd.DataFrame) -> None:
    """Marks that nobody sees, so that who points at a curve is told its value."""
    months = part[part["days"] % MONTH == 0]
    style.known(axes.plot(months["days"] / YEAR, months["value"], "s", markersize=7, alpha=0), months)


def _deadlines(axes: Axes, part: pd.DataFrame, framework: str, colour: str) -> None:
    """Marks on a curve for the deadlines to drop the framework's name."""
    for deadline in eras.deadlines(framework) if "start" in part else ():
        days = (pd.Timestamp(deadline.date) - pd.Timestamp(part["start"].iloc[0])).days
        standing = part.loc[part["days"] <= days, "value"]
        if len(standing) and days <= part["days"].max():
            axes.plot(days / YEAR, standing.iloc[-1], marker="|", markersize=9, color=colour)
            place = (days / YEAR, standing.iloc[-1])
            axes.annotate(deadline.name, place, (3, 5), "data", "offset points", color=style.text_colour(colour))


def _at_risk(strip: Axes, parts: list[pd.DataFrame]) -> None:
    """A row for each curve: how many claims are still followed, year by year."""
    for row, part in enumerate(parts):
        for year in range(int(part["days"].max() / YEAR) + 1):
            followed = part.loc[part["days"] <= year * YEAR, "at_risk"].iloc[-1]
            colour = style.text_colour(COLOURS[row]) if len(parts) > 1 else "black"
            strip.text(year, -row, f"{followed:,}", ha="center" if year else "left", va="center", color=colour)
    strip.set(ylim=(0.5 - len(parts), 0.5), yticks=[], xlabel="Years since the framework ended")
    strip.set_ylabel("Followed", fontsize=7, rotation=0, ha="right", va="center")
    strip.spines[:].set_visible(False)


@style.drawing
def change_by_month(hazard: pd.DataFrame) -> Figure:
    """The share of watched services that changed their text in each month, with intervals and the legal dates.

    Args:
        hazard: From `findings.change_by_month`.
    """
    rows = estimates(hazard, "month")
    rows = style.enough(rows[rows["n"] > 0], "month")
    page, axes = style.panel(3.0)
    x = style.period_days(rows["month"])
    mark = {**look(0), "markersize": 2, "linestyle": "-", "linewidth": 0.5}
    for part in style.stretches(rows):
        style.dots(axes, part, style.period_days(part["month"]), mark, upright=True)
    style.years(axes, x.min() - 60, x.max() + 60)
    axes.set(ylim=(0, None), ylabel="Services that changed their text")
    axes.grid(axis="y")
    style.percent(axes)
    mark_events(axes)
    return page
