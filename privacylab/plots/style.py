"""What all figures share: style, colours with markers, axes, room for text."""

import contextlib
import datetime as dt
import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
import matplotlib.style
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from privacylab import paths
from privacylab.findings import TooFewError

WIDTH = 6.5
"""Inches: the text width of a printed page."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito's colours, safe for colour-blind readers, without the yellow, which is invisible on white."""

LABEL = 2.0
"""Inches for the name of a row, which may continue on the next line."""

FEW = 20
"""Cells with fewer services are not drawn, or hollow in a series; the tables have them."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
P = ParamSpec("P")
_REASON = "Not drawn: "
GREY, PALE = "#666666", "#d9d9d9"
DASHED = (0, (3, 2))
RULE: dict[str, Any] = {"color": GREY, "linewidth": 0.8}

FONT = "DejaVu Sans of Matplotlib"
"""A name that no system font has, for the files that Matplotlib ships: a figure is the same on every machine."""

fontManager.ttflist += [
    replace(entry, name=FONT)
    for entry in fontManager.ttflist
    if entry.name == "DejaVu Sans" and Path(mpl.get_data_path()) in Path(entry.fname).parents
]


def style() -> contextlib.AbstractContextManager[None]:
    """The figures' style (``rules/figures.mplstyle``), active only inside the block."""
    return mpl.style.context(["default", paths.RULES / "figures.mplstyle"])


def figure(
    height: float,
    *,
    rows: int = 1,
    columns: int = 1,
    heights: Sequence[float] | None = None,
    widths: Sequence[float] | None = None,
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, npt.NDArray[Any]]:
    """A figure of the page's width and its axes (always an array of shape rows x columns); call it inside `style`.

    Args:
        height: Inches.
        rows: Axes below each other.
        columns: Axes beside each other.
        heights: Of the rows, as ratios.
        widths: Of the columns, as ratios.
        sharex: Whether all axes have one scale from left to right.
        sharey: The same from below.
    """
    page = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = page.subplots(
        rows, columns, squeeze=False, sharex=sharex, sharey=sharey, height_ratios=heights, width_ratios=widths
    )
    return page, axes


def small_multiples(n: int, columns: int, height: float, *, room: float) -> tuple[Figure, list[Axes]]:
    """A figure of n axes in rows of a number of columns and inches, with room for labels, on shared scales."""
    rows = -(-n // columns)
    page, axs = figure(room + height * rows, rows=rows, columns=columns, sharex=True, sharey=True)
    for axes in axs.flat[n:]:
        axes.set_visible(False)
    return page, list(axs.flat[:n])


def panel(height: float) -> tuple[Figure, Axes]:
    """A figure of one panel, and its axes."""
    page, axes = figure(height)
    return page, axes[0, 0]


def drawing(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Decorates a function that draws, in the figures' style.

    If its frame has too little, the figure says so, and `why_empty` gives the reason.
    """

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with style():
            try:
                return draw(*args, **kwargs)
            except TooFewError as error:
                page, axes = panel(0.5)
                axes.set_axis_off()
                page.set_label(_REASON + str(error))
                page.text(0, 0.5, _REASON + str(error), va="center")
                return page

    return drawn


def why_empty(page: Figure) -> str | None:
    """The sentence of a figure with nothing else; None for one that is drawn."""
    label = str(page.get_label())
    return label if label.startswith(_REASON) else None


def need(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The frame with a fresh index, if it has the columns and a row that is not null.

    Raises:
        ValueError: It lacks a column.
        TooFewError: It has no row, or no value in any.
    """
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ValueError(f"the frame lacks {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    if frame.empty or ("value" in columns and frame["value"].isna().all()):
        raise TooFewError("no service to count.")
    return frame.reset_index(drop=True)


def estimates(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """`need` for a frame of estimates, each with its ``n``, ``value``, ``low`` and ``high``."""
    return need(frame, *columns, "n", "value", "low", "high")


def column_of(frame: pd.DataFrame, *columns: str) -> str:
    """The first of the columns that the frame has; the last if it has none, for `need` to name."""
    return next((column for column in columns if column in frame), columns[-1])


def text_width(text: str, size: float = 7.5) -> float:
    """Inches from the left to the right of a text's longest line."""
    font = get_font(findfont(FontProperties(family=FONT)))
    font.set_size(size, 720)
    width = 0
    for line in text.split("\n"):
        font.set_text(line)
        width = max(width, font.get_width_height()[0])
    return width / 64 / 720


def text_height(texts: Sequence[str], size: float = 7.5) -> float:
    """Inches from the top to the bottom of the text with most lines, with some room."""
    return max((text.count("\n") + 1.15 for text in texts), default=0) * size * 1.25 / 72


def wrapped(text: str, inches: float, size: float = 7.5) -> str:
    """The text in lines of at most a width in inches, unless a word is longer; its own line breaks stay."""
    lines: list[str] = []
    for paragraph in text.replace(" ·", "\u00a0·").split("\n"):  # no line begins with a dot between terms
        lines.append("")
        for word in paragraph.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if lines[-1] and text_width(longer, size) > inches:
                lines.append(word)
            else:
                lines[-1] = longer
    return "\n".join(lines)


def text_colour(colour: str) -> tuple[float, float, float]:
    """A colour dark enough to read small text in."""
    red, green, blue = to_rgb(colour)
    return 0.72 * red, 0.72 * green, 0.72 * blue


def percent(axes: Axes, which: str = "y") -> None:
    """An axis of shares, 0 to 1, as percent."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(PercentFormatter(1, decimals=0))


def day(date: dt.date | pd.Timestamp | str) -> float:
    """A date as matplotlib counts: days since 1970."""
    return float((pd.Timestamp(date) - pd.Timestamp("1970-01-01")).days)


def period_days(periods: pd.Series) -> npt.NDArray[np.float64]:
    """The last days of half-years (``2018-H1``), the middle days of months (``2018-05``), as matplotlib's dates."""
    ends = periods.astype(str).str.replace("H1", "06-30").str.replace("H2", "12-31")
    return np.array([day(end if len(end) == 10 else f"{end}-15") for end in ends])


def half_year_days(rows: pd.DataFrame) -> npt.NDArray[np.float64]:
    """The days of half-years' points: their ``day`` if the frame has one, else their last days."""
    ends, days = period_days(rows["half_year"]), rows.get("day", pd.Series(None, rows.index))
    return np.array([end if pd.isna(date) else day(date) for end, date in zip(ends, days, strict=True)])


def enough(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The rows from the first period with `FEW` services on; all rows if there is none."""
    start = rows.loc[rows["n"] >= FEW, column].astype(str).min()
    return rows if pd.isna(start) else rows[rows[column].astype(str) >= start].reset_index(drop=True)


def stretches(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """The parts of a line over time, broken wherever ``archive`` changes, if the frame has it; empty without a row.

    A line that crosses from one archive to another would join other services.
    """
    archive = rows.get("archive", pd.Series("", index=rows.index)).fillna("")
    return [part for _, part in rows.groupby((archive != archive.shift()).cumsum())]


def years(axes: Axes, first: float, last: float, *, step: int | None = None) -> None:
    """A time axis from first to last, in days since 1970, with a tick each step-th year; by default each or second."""
    axes.set_xlim(first, last)
    step = step or (1 if last - first < 4500 else 2)
    ticks = [str(year) for year in range(1970, 2100, step) if first <= day(f"{year}-01-01") <= last]
    axes.set_xticks([day(f"{year}-01-01") for year in ticks], ticks)


def in_order(values: pd.Series) -> list[str]:
    """The distinct values as text, in their order."""
    return list(values.astype(str).unique())


def parts_of(rows: pd.DataFrame, column: str) -> dict[str, pd.DataFrame]:
    """The rows of each distinct value of a column, in their order."""
    return {str(value): part for value, part in rows.groupby(rows[column].astype(str), sort=False)}


def look(index: int) -> dict[str, Any]:
    """Colour and marker of the index-th thing: either alone distinguishes them."""
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}


def dots(
    axes: Axes, rows: pd.DataFrame, places: npt.ArrayLike, look: Mapping[str, Any], *, upright: bool = False
) -> None:
    """Values with whiskers, one row of the frame at each height; or upright, at each place from left to right."""
    whiskers = axes.vlines if upright else axes.hlines
    whiskers(places, rows["low"], rows["high"], color=look["color"], linewidth=look.get("linewidth", 1.1), zorder=2)
    points = (places, rows["value"]) if upright else (rows["value"], places)
    marks = {"linestyle": "none", "markerfacecolor": look["color"], "markersize": 4.6, "zorder": 3, "clip_on": False}
    known(axes.plot(*points, **{**marks, **look}), rows)


def known(marks: Sequence[Artist], rows: pd.DataFrame) -> None:
    """Keeps the rows that the marks of a line, or bars, are drawn from, for `publish`; a null value has no mark."""
    rows = rows[rows["value"].notna()] if "value" in rows else rows
    is_line = len(marks) > 0 and isinstance(marks[0], Line2D)
    parts = [rows] if is_line else [rows.iloc[[i]] for i in range(len(rows))]
    for mark, part in zip(marks, parts, strict=True):
        mark.set_gid(part.to_json(orient="records", date_format="iso", double_precision=6))


def tell(mark: Artist, texts: Sequence[str]) -> None:
    """Keeps what is to be told of each shape of a mark, in their order, for `publish`."""
    mark.set_gid(json.dumps([{"told": text} for text in texts]))
