"""Figures that are no charts of a scale: flows between states, the exclusion flow, the archives' timeline."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch, Rectangle
from matplotlib.path import Path

from privacylab import eras
from privacylab.plots import labels, style
from privacylab.plots.labels import mark_events, readable
from privacylab.plots.style import COLOURS, GREY, PALE, wrapped

_STATES = {
    "safe_harbor": COLOURS[1],
    "privacy_shield": COLOURS[0],
    "dpf": COLOURS[2],
    "scc": COLOURS[4],
    "none": "#9a9a9a",
    "not_seen": "#dddddd",
}


@style.drawing
def transfer_flow(flow: pd.DataFrame, *, names: Mapping[str, str] | None = None) -> Figure:
    """Which mechanism for transfers services named on the eve of each legal date, and where they went.

    Args:
        flow: From `findings.transfer_flow`: ``before``, ``after``, ``source``, ``target``, ``n``.
        names: Other names for mechanisms.

    Note:
        Heights are numbers of services; services come into and go out of the archives (``not_seen``), and those not
        seen on both dates are left out of the picture, not out of the table.
    """
    style.need(flow, "before", "after", "source", "target", "n")
    rows = flow[(flow["n"] > 0) & ~((flow["source"] == "not_seen") & (flow["target"] == "not_seen"))]
    dates = sorted({*flow["before"].astype(str), *flow["after"].astype(str)})
    states = [state for state in _STATES if state in {*rows["source"], *rows["target"]}]
    columns = [_column(rows, dates, i, states) for i in range(len(dates))]
    with style.style():
        made, axs = style.figure(4.0)
        axes = axs[0, 0]
        tops = [_stack(axes, column, i) for i, column in enumerate(columns)]
        _ribbons(axes, rows, dates, states, tops)
        _state_labels(axes, columns, tops, names)
        axes.set_xlim(-0.06, len(dates) - 0.94)
        low = min(
            top - column[state] for column, stack in zip(columns, tops, strict=True) for state, top in stack.items()
        )
        axes.set_ylim(low * 1.01, -low * 0.02)
        eves = {
            str(event.date - dt.timedelta(days=1)): f"before\n{wrapped(event.name, 0.6)}" for event in eras.events()
        }
        axes.set_xticks(range(len(dates)), [f"{date}\n{eves.get(date, '')}".rstrip() for date in dates])
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    return made


def _column(rows: pd.DataFrame, dates: list[str], index: int, states: list[str]) -> dict[str, float]:
    """Services in each state on one date: what flows in or out, whichever is more (they differ at the ends only)."""
    date = dates[index]
    out = rows[rows["before"].astype(str) == date].groupby("source")["n"].sum()
    into = rows[rows["after"].astype(str) == date].groupby("target")["n"].sum()
    return {state: float(max(out.get(state, 0), into.get(state, 0))) for state in states}


def _stack(axes: Axes, column: Mapping[str, float], place: int) -> dict[str, float]:
    top, tops, gap = 0.0, {}, 0.02 * max(sum(column.values()), 1)
    for state, height in column.items():
        tops[state] = top
        axes.add_patch(
            Rectangle((place - 0.035, top - height), 0.07, height, color=_STATES[state], linewidth=0, zorder=3)
        )
        top -= height + (gap if height else 0)
    return tops


def _ribbons(axes: Axes, rows: pd.DataFrame, dates: list[str], states: list[str], tops: list[dict[str, float]]) -> None:
    used_out: dict[tuple[int, str], float] = {}
    used_in: dict[tuple[int, str], float] = {}
    order = {state: i for i, state in enumerate(states)}
    ordered = sorted(rows.itertuples(), key=lambda r: (str(r.before), order[str(r.source)], order[str(r.target)]))
    for row in ordered:
        i, source, target, n = dates.index(str(row.before)), str(row.source), str(row.target), float(str(row.n))
        start = tops[i][source] - used_out.get((i, source), 0)
        end = tops[i + 1][target] - used_in.get((i + 1, target), 0)
        used_out[i, source] = used_out.get((i, source), 0) + n
        used_in[i + 1, target] = used_in.get((i + 1, target), 0) + n
        axes.add_patch(_ribbon(i + 0.035, start, i + 0.965, end, n, _STATES[source]))


def _ribbon(x0: float, y0: float, x1: float, y1: float, height: float, colour: str) -> PathPatch:
    middle = (x0 + x1) / 2
    points = [(x0, y0), (middle, y0), (middle, y1), (x1, y1), (x1, y1 - height), (middle, y1 - height),
              (middle, y0 - height), (x0, y0 - height), (x0, y0)]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return PathPatch(Path(points, codes), facecolor=colour, alpha=0.38, linewidth=0, zorder=1)


def _state_labels(
    axes: Axes, columns: list[dict[str, float]], tops: list[dict[str, float]], names: Mapping[str, str] | None
) -> None:
    whole = max(sum(column.values()) for column in columns)
    for i, (column, stack) in enumerate(zip(columns, tops, strict=True)):
        shown = {state: n for state, n in column.items() if n > 0}
        texts = [f"{n:,.0f}" for n in shown.values()]
        if i in (0, len(columns) - 1):
            named = [readable(state, {**labels.rules("names")["transfer_flow"], **(names or {})}) for state in shown]
            texts = [wrapped(f"{name}  {text}", 1.4) for name, text in zip(named, texts, strict=True)]
        middles = [stack[state] - n / 2 for state, n in shown.items()]
        sizes = [0.39 * style.text_height([text]) * whole for text in texts]
        for text, place in zip(
            texts, labels.spread(middles, sizes=sizes, low=-1.3 * whole, high=0.03 * whole), strict=True
        ):
            axes.annotate(
                text,
                xy=(i + (-0.035 if i == 0 else 0.035), place),
                xytext=(-3 if i == 0 else 3, 0),
                textcoords="offset points",
                ha="right" if i == 0 else "left",
                va="center",
                fontsize=7.5,
                annotation_clip=False,
                zorder=4,
            )


@style.drawing
def exclusion_flow(flow: pd.DataFrame) -> Figure:
    """From what the sources hold to the policies that are compared: what was left out on the way, and why.

    Args:
        flow: From `findings.exclusion_flow`.
    """
    groups: list[tuple[pd.Series, list[str]]] = []
    for _, row in style.need(flow, "stage", "kind", "reason", "n_versions", "n").iterrows():
        if row["kind"] == "remaining":
            groups.append((row, []))
            continue
        name = labels.rules("names")["exclusion_flow"].get(str(row["stage"]), str(row["stage"]))
        reason = f"{name}: {str(row['reason']).replace('_', ' ')}" if isinstance(row["reason"], str) else name
        groups[-1][1].extend(_lines(f"{reason}  {row['n_versions']:,} versions of {row['n']:,} services"))
        if row.get("examples"):
            groups[-1][1].extend(_lines(f"such as {row['examples']}", indent="     "))
    heights = [max(0.62, 0.2 + 0.152 * len(left)) for _, left in groups]
    with style.style():
        made, axs = style.figure(sum(heights) + 0.7 * (len(heights) - 1))
        # The axes are the page in inches: what fits a box here does so in the picture.
        made.set_layout_engine("none")
        axes, top = axs[0, 0], 0.0
        axes.set_position((0, 0, 1, 1))
        for i, ((row, left), height) in enumerate(zip(groups, heights, strict=True)):
            title = str(row["stage"])
            text = f"{title[:1].upper() + title[1:]}\n{row['n_versions']:,} versions of {row['n']:,} services"
            _box(axes, 0.0, top, 2.25, 0.5, text, bold=True)
            if left:
                _box(axes, 2.45, top - 0.62, _LEFT_OUT_WIDTH, height - 0.12, "\n".join(left), bold=False)
                axes.plot([1.12, 2.45], [top - 0.62 - (height - 0.12) / 2] * 2, color=GREY, linewidth=0.8)
            if i < len(groups) - 1:
                axes.annotate(
                    "", xy=(1.12, top - height - 0.7), xytext=(1.12, top - 0.5),
                    arrowprops={"arrowstyle": "-|>", "color": GREY, "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0},
                )  # fmt: skip
            top -= height + 0.7
        axes.set_xlim(-0.05, style.WIDTH - 0.05)
        axes.set_ylim(0.05 - made.get_figheight(), 0.05)
        axes.set_axis_off()
    return made


def _lines(text: str, indent: str = "") -> list[str]:
    room = _LEFT_OUT_WIDTH - 0.24 - style.text_width(indent)
    return [indent + line for line in wrapped(text, room).split("\n")]


_LEFT_OUT_WIDTH = 3.95


def _box(axes: Axes, x: float, top: float, width: float, height: float, text: str, *, bold: bool) -> None:
    face = "#eef4f9" if bold else "#f5f5f5"
    style = "round,pad=0,rounding_size=0.05"
    axes.add_patch(
        FancyBboxPatch((x, top - height), width, height, boxstyle=style, facecolor=face, edgecolor=PALE, linewidth=0.8)
    )
    axes.text(x + 0.12, top - height / 2, text, va="center", ha="left", fontsize=7.5, linespacing=1.35)


@style.drawing
def archive_timeline(timeline: pd.DataFrame) -> Figure:
    """When each archive was watching: the number of services in each half-year as the height of a band.

    Args:
        timeline: From `findings.archive_timeline`.
    """
    style.need(timeline, "collection", "half_year", "n")
    collections = [str(name) for name in pd.unique(timeline["collection"].astype(str))]
    most = float(timeline["n"].max())
    labels = [wrapped(readable(name), 1.3) for name in collections]
    with style.style():
        made, axs = style.figure(0.9 + max(0.62, style.text_height(labels)) * len(collections))
        axes = axs[0, 0]
        x = style.half_year_ends(timeline["half_year"].astype(str).tolist())
        for i, collection in enumerate(collections):
            mine = timeline["collection"].astype(str).to_numpy() == collection
            n = timeline["n"].to_numpy()[mine]
            heights = np.where(n > 0, np.maximum(0.66 * n / most, 0.02), 0)  # one service is a line, not nothing
            axes.bar(x[mine] - 91, heights, width=170, bottom=-i, color=COLOURS[i % len(COLOURS)], alpha=0.75)
            peak = int(np.argmax(n))
            axes.annotate(
                f"{n[peak]:,}", xy=(x[mine][peak] - 91, -i + 0.66 * n[peak] / most), xytext=(0, 1),
                textcoords="offset points", ha="center", va="bottom", fontsize=7,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3},
            )  # fmt: skip
        axes.set_yticks([-i + 0.3 for i in range(len(collections))], labels)
        axes.set_ylim(-len(collections) + 0.95, 1.02)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        style.years(axes, float(x.min()) - 200, float(x.max()) + 30)
        mark_events(axes)
        axes.set_xlabel("Services with a version in the half-year (number at the peak)")
    return made
