"""Figures without a numeric scale: flows between states, the exclusion flow, the archives' timeline."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacylab import eras, paths
from privacylab.plots import style
from privacylab.plots.labels import mark_events, readable, spread
from privacylab.plots.rows import row_names, rows_height
from privacylab.plots.style import COLOURS, GREY, PALE, WIDTH, text_height, wrapped

_STATES = {
    "safe_harbor": COLOURS[1],
    "privacy_shield": COLOURS[0],
    "dpf": COLOURS[2],
    "scc": COLOURS[4],
    "none": "#9a9a9a",
    "not_seen": "#dddddd",
}


@style.drawing
def transfer_flow(flow: pd.DataFrame) -> Figure:
    """Which mechanism for transfers services named on the eve of each legal date, and where they went.

    Args:
        flow: From `findings.transfer_flow`: ``before``, ``after``, ``source``, ``target``, ``n``.

    Note:
        Heights are numbers of services. Services enter and leave the archives (``not_seen``); those not seen on both
        dates are left out of the picture, but not of the table.
    """
    style.need(flow, "before", "after", "source", "target", "n")
    rows = flow[(flow["n"] > 0) & ~((flow["source"] == "not_seen") & (flow["target"] == "not_seen"))]
    rows = rows.astype({"before": str, "after": str, "source": str, "target": str})
    dates = sorted({*rows["before"], *rows["after"]})
    bars = _bars(rows, dates)
    page, axes = style.panel(4.0)
    colours = bars["state"].map(_STATES).tolist()
    shapes = axes.bar(bars["x"], -bars["n"], bottom=bars["top"], width=0.07, color=colours, zorder=3)
    for shape, date, state, n in zip(shapes, bars["date"], bars["state"], bars["n"], strict=True):
        style.tell(shape, [f"{_name(state)}, {date}: {n:,.0f} services"])
    _ribbons(axes, rows, bars)
    whole = bars.groupby("x")["n"].sum().max()
    for x, here in bars.groupby("x"):
        _state_labels(axes, here, whole, side=-1 if x == 0 else 1, named=x in (0, len(dates) - 1))
    axes.set_xlim(-0.06, len(dates) - 0.94)
    low = (bars["top"] - bars["n"]).min()
    axes.set_ylim(1.01 * low, -0.02 * low)
    eves = {str(event.date - dt.timedelta(days=1)): f"before\n{wrapped(event.name, 0.6)}" for event in eras.events()}
    axes.set_xticks(range(len(dates)), [f"{date}\n{eves.get(date, '')}".rstrip() for date in dates])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    return page


def _bars(rows: pd.DataFrame, dates: Sequence[str]) -> pd.DataFrame:
    """The bar of each state on each date: ``x`` (the date's number), ``date``, ``state``, ``n`` services, its ``top``.

    The larger of inflow and outflow counts: they differ only at the ends. The first state of a date begins at 0.
    """
    sides = [rows.groupby(pair)["n"].sum() for pair in (["before", "source"], ["after", "target"])]
    places = pd.MultiIndex.from_product([dates, _STATES], names=["date", "state"])
    n = pd.concat(sides, axis="columns").max(axis="columns").reindex(places).dropna()
    bars = n.rename("n").reset_index()
    by_date = bars.groupby("date")["n"]
    tops = bars["n"] - by_date.cumsum() - 0.02 * by_date.transform("sum") * by_date.cumcount()
    return bars.assign(x=bars["date"].map(dates.index), top=tops)


def _ribbons(axes: Axes, rows: pd.DataFrame, bars: pd.DataFrame) -> None:
    """A band from each state to each destination of its services, in the order of the states."""
    places = bars.set_index(["date", "state"])
    left, right = places["top"].to_dict(), places["top"].to_dict()
    steps = np.linspace(0, 1, 50)
    order = {state: i for i, state in enumerate(_STATES)}
    rows = rows.sort_values(["before", "source", "target"], key=lambda column: column.replace(order))
    for before, source, after, target, n in rows[["before", "source", "after", "target", "n"]].itertuples(index=False):
        height = left[before, source] + (right[after, target] - left[before, source]) * steps**2 * (3 - 2 * steps)
        x = places["x"][before, source] + 0.035 + 0.93 * steps
        band = axes.fill_between(x, height - n, height, color=_STATES[source], alpha=0.38, linewidth=0, zorder=1)
        style.tell(band, [f"{_name(source)}, {before}, to {_name(target)}, {after}: {n:,.0f} services"])
        left[before, source] -= n
        right[after, target] -= n


def _name(state: str) -> str:
    return paths.rules("names")["transfer_flow"].get(state) or readable(state)


def _state_labels(axes: Axes, bars: pd.DataFrame, whole: float, *, side: int, named: bool) -> None:
    """The number of services beside each bar of a date, on its left (-1) or right (1), with the state's name or not."""
    texts = [f"{n:,.0f}" for n in bars["n"]]
    if named:
        names = [_name(state) for state in bars["state"]]
        texts = [wrapped(f"{name}  {text}", 1.4) for name, text in zip(names, texts, strict=True)]
    sizes = [0.39 * text_height([text]) * whole for text in texts]
    middles = bars["top"] - bars["n"] / 2
    places = spread(middles.tolist(), sizes=sizes, low=-1.3 * whole, high=0.03 * whole)
    for x, text, place in zip(bars["x"], texts, places, strict=True):
        align = "right" if side < 0 else "left"
        axes.text(x + 0.06 * side, place, text, ha=align, va="center", fontsize=7.5, zorder=4)


@style.drawing
def exclusion_flow(flow: pd.DataFrame) -> Figure:
    """From the sources to the policies that are compared: what was left out, and why.

    Args:
        flow: From `findings.exclusion_flow`.
    """
    boxes: list[tuple[str, list[str]]] = []
    stages = paths.rules("names")["exclusion_flow"]
    for _, row in style.need(flow, "stage", "kind", "reason", "n_versions", "n").iterrows():
        stage, count = str(row["stage"]), f"{row['n_versions']:,} versions of {row['n']:,} services"
        if row["kind"] == "remaining":
            boxes.append((f"{stage[:1].upper()}{stage[1:]}\n{count}", []))
            continue
        reason = f": {row['reason'].replace('_', ' ')}" if isinstance(row["reason"], str) else ""
        boxes[-1][1].append(wrapped(f"{stages.get(stage, stage)}{reason}  {count}", _LEFT_OUT))
        if row.get("examples"):
            boxes[-1][1].append(wrapped(f"\u2003such as {row['examples']}", _LEFT_OUT))
    lines = ["\n".join(left) for _, left in boxes]
    heights = [0.8 + (0.3 + 0.152 * text.count("\n") if text else 0) for text in lines]
    arrow = {"arrowstyle": "-|>", "color": GREY, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 8}
    page, axes = style.panel(sum(heights) - 0.25)
    top = -0.05
    # The axes are the page in inches: what fits a box here also fits in the picture.
    page.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(0.25 - sum(heights), 0))
    axes.set_axis_off()
    for (title, left), text, height in zip(boxes, lines, heights, strict=True):
        _box(axes, 0.15, top - 0.22, title, "#eef4f9")
        if left:
            middle = top - 0.22 - height / 2
            axes.plot([1, 2.5], [middle, middle], color=GREY, linewidth=0.8, zorder=0)
            _box(axes, 2.6, middle, text, "#f5f5f5")
        if title != boxes[-1][0]:
            axes.annotate("", xy=(1, top - height), xytext=(1, top - 0.44), arrowprops=arrow)
        top -= height
    return page


def _box(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    frame = {"boxstyle": "round,pad=0.7", "facecolor": colour, "edgecolor": PALE, "linewidth": 0.8}
    axes.text(x, y, text, va="center", fontsize=7.5, linespacing=1.35, bbox=frame)


_LEFT_OUT = 3.7
"""Inches for what is left out at a stage."""


@style.drawing
def archive_timeline(timeline: pd.DataFrame) -> Figure:
    """When each archive watched: the number of services in each half-year as the height of a band.

    Args:
        timeline: From `findings.archive_timeline`.
    """
    rows = style.need(timeline, "collection", "half_year", "n")
    parts = style.parts_of(rows, "collection")
    heights = 0.66 * rows["n"] / rows["n"].max()
    names = row_names(parts, room=1.3)
    page, axes = style.panel(0.9 + rows_height(names, 0.62))
    x = style.period_days(rows["half_year"]) - 91
    for i, part in enumerate(parts.values()):
        counted = part.loc[part["n"] > 0, ["collection", "half_year", "n"]]
        shown = heights[counted.index].clip(lower=0.02)  # one service is a line, not nothing
        bars = axes.bar(x[counted.index], shown, width=170, bottom=-i, color=COLOURS[i % len(COLOURS)], alpha=0.75)
        style.known(bars, counted)
        peak = part.index[int(part["n"].to_numpy().argmax())]
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.3}
        place = (x[peak], heights[peak] - i)
        axes.annotate(f"{part['n'][peak]:,}", place, (0, 2), "data", "offset points", ha="center", bbox=box)
    axes.set_yticks([0.3 - i for i in range(len(parts))], names)
    axes.set_ylim(0.95 - len(parts), 1.02)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    style.years(axes, x.min() - 109, x.max() + 121)
    mark_events(axes)
    axes.set_xlabel("Services with a version in the half-year (number at the peak)")
    return page
