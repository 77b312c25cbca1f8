"""What all figures share: style, colours with markers, axes, room for text."""

import contextlib
import datetime as dt
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import dates as mdates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.ticker import Formatter, Locator, MaxNLocator, PercentFormatter

from privacylab.findings import TooFewError

WIDTH = 6.5
"""Inches: the text width of a printed page."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito's colours, safe for colour-blind readers, without the yellow that white paper swallows."""

LABEL = 2.0
"""Inches for the name of a row, which goes on in a next line."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
P = ParamSpec("P")
_REASON = "Not drawn: "
INK, GREY, PALE = "#222222", "#666666", "#d9d9d9"

FONT = "DejaVu Sans of Matplotlib"
"""A name that no font of the system has, for the files that Matplotlib ships: a figure is the same on every machine."""

fontManager.ttflist += [
    replace(entry, name=FONT)
    for entry in fontManager.ttflist
    if entry.name == "DejaVu Sans" and Path(mpl.get_data_path()) in Path(entry.fname).parents
]

STYLE: dict[Any, Any] = {
    "font.family": FONT,
    "font.size": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.linewidth": 0.6,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "text.color": INK,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "figure.dpi": 160,
    "savefig.dpi": 160,
    "figure.facecolor": "white",
    "axes.unicode_minus": True,
}


@contextlib.contextmanager
def style() -> Iterator[None]:
    """The figures' style, in force inside the block only."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def figure(
    height: float,
    *,
    rows: int = 1,
    columns: int = 1,
    sharex: bool = False,
    sharey: bool = False,
    heights: Sequence[float] | None = None,
    widths: Sequence[float] | None = None,
) -> tuple[Figure, npt.NDArray[Any]]:
    """A figure of the page's width and its axes (always an array of shape rows x columns); call it inside `style`."""
    made = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(made)
    axes = made.subplots(
        rows, columns, squeeze=False, sharex=sharex, sharey=sharey, height_ratios=heights, width_ratios=widths
    )
    return made, axes


def drawing(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """For a function that draws: where its frame holds too little, the figure says so, and `why_empty` tells why."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        try:
            return draw(*args, **kwargs)
        except TooFewError as error:
            with style():
                made, axs = figure(0.5)
                axs[0, 0].set_axis_off()
                made.set_label(_REASON + str(error))
                made.text(0, 0.5, str(made.get_label()), va="center")
            return made

    return drawn


def why_empty(made: Figure) -> str | None:
    """The sentence of a figure that holds nothing else; None for one that is drawn."""
    label = str(made.get_label())
    return label if label.startswith(_REASON) else None


def need(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The frame with a fresh index, if it has the columns and a row that is no null.

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


def text_width(text: str, size: float = 7.5, *, bold: bool = False) -> float:
    """Inches from the left to the right of a text's longest line."""
    font = get_font(findfont(FontProperties(family=FONT, weight="bold" if bold else "normal")))
    font.set_size(size, 720)
    widths = []
    for line in text.split("\n"):
        font.set_text(line)
        widths.append(font.get_width_height()[0] / 64 / 720)
    return max(widths)


def text_height(texts: Sequence[str], size: float = 7.5) -> float:
    """Inches from the top to the bottom of the text with most lines, with a little room."""
    return max((text.count("\n") + 1.15 for text in texts), default=0) * size * 1.25 / 72


def wrapped(text: str, inches: float, size: float = 7.5, *, bold: bool = False) -> str:
    """The text in lines of at most so many inches, where its words are not longer; its own line breaks stay."""
    lines: list[str] = []
    for paragraph in text.replace(" ·", "\u00a0·").split("\n"):  # no line begins with a dot between terms
        lines.append("")
        for word in paragraph.split(" "):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if lines[-1] and text_width(longer, size, bold=bold) > inches:
                lines.append(word)
            else:
                lines[-1] = longer
    return "\n".join(lines)


def text_colour(colour: str) -> tuple[float, float, float]:
    """A colour dark enough to read small text in."""
    red, green, blue = to_rgb(colour)
    return 0.72 * red, 0.72 * green, 0.72 * blue


def ink_on(paper: Sequence[float]) -> str:
    """Dark or white, whichever reads better on a colour (red, green, blue: 0 to 1), by WCAG's contrast."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in paper[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.2 else "white"


def percent(axes: Axes, which: str = "y") -> None:
    """An axis of shares, 0 to 1, as percent."""
    axis = axes.yaxis if which == "y" else axes.xaxis
    axis.set_major_formatter(PercentFormatter(1, decimals=0))


def size_inches(axes: Axes) -> tuple[float, float]:
    """Width and height of the axes, about: the layout is settled only when the figure is drawn."""
    made = axes.get_figure(root=True)
    if made is None:
        raise ValueError("the axes belong to no figure")
    width, height = made.get_size_inches()
    spec = axes.get_subplotspec()
    if spec is None:
        return 0.7 * width, 0.76 * height
    grid = spec.get_gridspec()
    heights = np.asarray(grid.get_height_ratios(), dtype=float)
    return 0.7 * width / grid.ncols, 0.76 * height * float(heights[spec.rowspan.start] / heights.sum())


def day(date: dt.date | pd.Timestamp | str) -> float:
    """A date as matplotlib counts: days since 1970."""
    return float((pd.Timestamp(date) - pd.Timestamp("1970-01-01")).days)


def half_year_ends(names: Sequence[str]) -> npt.NDArray[np.float64]:
    """The last days of half-years such as ``2018-H1``, as matplotlib's dates."""
    ends = [f"{name[:4]}-06-30" if name.endswith("1") else f"{name[:4]}-12-31" for name in names]
    return np.array([day(end) for end in ends])


def since(rows: pd.DataFrame, column: str, first: str | None, few: int) -> pd.DataFrame:
    """The rows from the first period on; by default from the first with ``few`` services (all, if none has)."""
    periods = rows[column].astype(str)
    enough = periods[rows["n"] >= few]
    start = first or (enough.min() if len(enough) else periods.min())
    return need(rows[periods >= start], column)


def every_years(step: int) -> Locator:
    """Ticks at the first of January of each step-th year."""
    return mdates.YearLocator(step)  # type: ignore[no-untyped-call]


def year_numbers() -> Formatter:
    """Dates as years."""
    return mdates.DateFormatter("%Y")  # type: ignore[no-untyped-call]


def whole_numbers() -> Locator:
    """Ticks at whole numbers."""
    return MaxNLocator(integer=True)


def few_ticks() -> Locator:
    """Two or three ticks."""
    return MaxNLocator(2, integer=True)


def years(axes: Axes, first: float, last: float) -> None:
    """A time axis from first to last with a tick each year or second year."""
    axes.set_xlim(first, last)
    axes.xaxis.set_major_locator(every_years(1 if last - first < 4500 else 2))
    axes.xaxis.set_major_formatter(year_numbers())


def in_order(values: pd.Series) -> list[str]:
    """The distinct values as text, as they come."""
    return [str(value) for value in pd.unique(values.astype(str))]


def look(index: int) -> dict[str, Any]:
    """Colour and marker of the index-th thing: either alone tells them apart."""
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}


def dots(
    axes: Axes, rows: pd.DataFrame, y: npt.NDArray[Any], style: Mapping[str, Any], *, hollow: bool = False
) -> None:
    """Values with whiskers, one row of the frame at each height."""
    axes.hlines(y, rows["low"], rows["high"], color=style["color"], linewidth=1.1, zorder=2)
    face = "white" if hollow else style["color"]
    axes.plot(
        rows["value"], y, linestyle="none", markerfacecolor=face, markersize=4.6, zorder=3, clip_on=False, **style
    )
