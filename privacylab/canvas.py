"""What all figures share: the style, colours with markers, legal dates, labels that do not collide, and `publish`.

Figures are made without pyplot and inside a private style: nothing that a notebook has set is changed or used.
"""

import base64
import contextlib
import datetime as dt
import io
import os
import tempfile
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.display import display
from matplotlib import dates as mdates
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, Locator, MaxNLocator, PercentFormatter

from privacylab import eras, paths

WIDTH = 6.5
"""Inches: the text width of a printed page."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito's colours, safe for colour-blind readers, without the yellow that white paper swallows."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X")
INK, GREY, PALE = "#222222", "#666666", "#d9d9d9"

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
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

_NAMES = {
    "safe_harbor": "Safe Harbor",
    "privacy_shield": "Privacy Shield",
    "dpf": "Data Privacy Framework",
    "gdpr": "GDPR",
    "uk_gdpr": "UK GDPR",
    "uk_dpa_2018": "UK DPA 2018",
    "directive_95_46": "Directive 95/46",
    "ccpa": "CCPA",
    "coppa": "COPPA",
    "coppa_safe_harbor": "COPPA safe harbor",
    "hipaa": "HIPAA",
    "lgpd": "LGPD",
    "pipeda": "PIPEDA",
    "pecr": "PECR",
    "scc": "Standard clauses",
    "bcr": "Binding corporate rules",
    "adequacy": "Adequacy decision",
    "n_words": "Words",
    "reading_grade": "Reading grade (US school years)",
    "us": "US",
    "eu": "EU",
    "uk": "UK",
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


def need(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The frame with a fresh index, if it has the columns and a row.

    Raises:
        ValueError: It has not.
    """
    missing = [column for column in columns if column not in frame]
    if missing:
        raise ValueError(f"the frame lacks {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    if frame.empty:
        raise ValueError("the frame has no rows: there is nothing to draw")
    return frame.reset_index(drop=True)


def readable(name: str, names: Mapping[str, str] | None = None) -> str:
    """A feature, era or framework as a reader would write it.

    >>> readable("category:Data Retention"), readable("claims:safe_harbor"), readable("cue:do_not_track")
    ('Data Retention', 'Safe Harbor', 'Do not track')
    """
    if names and name in names:
        return names[name]
    parts = {part.id: part.name for part in (*eras.eras(), *eras.sub_eras())}
    bare = name.split(":", 1)[-1]
    if ":" not in name and bare in parts:
        return parts[bare]
    if bare in _NAMES:
        return _NAMES[bare]
    text = bare.replace("_", " ").replace("=", ": ")
    return text[:1].upper() + text[1:]


def wrapped(text: str, width: int) -> str:
    """The text in lines of at most so many characters."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=False)) or text


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


def spread(wanted: Sequence[float], *, sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Centres as near as may be to those wanted, in their order, so that nothing overlaps or leaves low to high.

    >>> spread([1.0, 1.0, 5.0], sizes=[1, 1, 1], low=0, high=10)
    [0.5, 1.5, 5.0]
    """
    # What collides forms a block that lies where its members wish on average; blocks that meet are joined.
    blocks: list[tuple[float, float, list[int]]] = []
    for index in np.argsort(np.asarray(wanted), kind="stable"):
        members, start = [int(index)], float(wanted[index]) - sizes[index] / 2
        while True:
            length = sum(sizes[member] for member in members)
            start = min(max(start, low), max(high - length, low))
            if not blocks or blocks[-1][0] + blocks[-1][1] <= start:
                break
            members = blocks.pop()[2] + members
            offsets = np.cumsum([sizes[member] for member in members])
            start = float(np.mean([wanted[m] - end + sizes[m] / 2 for m, end in zip(members, offsets, strict=True)]))
        blocks.append((start, length, members))
    found = [0.0] * len(wanted)
    for start, _, members in blocks:
        edge = start
        for member in members:
            found[member] = edge + sizes[member] / 2
            edge += sizes[member]
    return found


def end_labels(axes: Axes, labels: Sequence[tuple[float, str, str]], *, size: float = 7.5) -> None:
    """Labels (height, text, colour) right of the axes at the end of lines, moved apart where they would collide.

    Call it when the axis limits are final.
    """
    low, high = axes.get_ylim()
    height = size_inches(axes)[1]
    line = (high - low) * (size * 1.25 / 72) / height
    sizes = [line * (text.count("\n") + 1.15) for _, text, _ in labels]
    places = spread([value for value, _, _ in labels], sizes=sizes, low=low - line / 2, high=high + line / 2)
    for (value, text, colour), place in zip(labels, places, strict=True):
        # A thin leader ties a label that had to move to its line.
        axes.annotate(
            text,
            xy=(1, value),
            xytext=(1.03, place),
            xycoords=("axes fraction", "data"),
            textcoords=("axes fraction", "data"),
            va="center",
            fontsize=size,
            color=text_colour(colour),
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": PALE, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0},
        )


def mark_events(axes: Axes, *, labels: bool = True, size: float = 7) -> None:
    """Thin lines at the legal dates within the axes' dates, their names above in as many rows as they need.

    Call it when the limits of the time axis are final.
    """
    first, last = axes.get_xlim()
    width = size_inches(axes)[0]
    ends: list[float] = []
    for event in eras.events():
        place = day(event.date)
        if not first <= place <= last:
            continue
        axes.axvline(place, color=GREY, linewidth=0.6, linestyle=(0, (3, 2)), zorder=0.5)
        if not labels:
            continue
        half = (len(event.name) * 0.56 + 1) * size / 72 / 2 * (last - first) / width
        row = next((i for i, end in enumerate(ends) if place - half > end), len(ends))
        ends[row : row + 1] = [place + half]
        axes.annotate(
            event.name,
            xy=(place, 1),
            xytext=(0, 2 + row * size * 1.2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=size,
            color=GREY,
        )


def size_inches(axes: Axes) -> tuple[float, float]:
    """Width and height of the axes, about: the layout is settled only when the figure is drawn."""
    made = axes.get_figure(root=True)
    if made is None:
        raise ValueError("the axes belong to no figure")
    width, height = made.get_size_inches()
    spec = axes.get_subplotspec()
    rows, columns = spec.get_gridspec().get_geometry() if spec else (1, 1)
    return 0.8 * width / columns, 0.76 * height / rows


def day(date: dt.date | pd.Timestamp | str) -> float:
    """A date as matplotlib counts: days since 1970."""
    return float((pd.Timestamp(date) - pd.Timestamp("1970-01-01")).days)


def half_year_ends(names: Sequence[str]) -> npt.NDArray[np.float64]:
    """The last days of half-years such as ``2018-H1``, as matplotlib's dates."""
    ends = [f"{name[:4]}-06-30" if name.endswith("1") else f"{name[:4]}-12-31" for name in names]
    return np.array([day(end) for end in ends])


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


def publish(figure: Figure, frame: pd.DataFrame, name: str, *, alt: str, caption: str | None = None) -> None:
    """Writes a figure and its numbers, ``figures/<name>.png`` and ``<name>.csv``, and shows it in a notebook.

    Args:
        figure: From one of the functions of `plots`.
        frame: The numbers that it draws; written with four significant decimals.
        name: Letters, digits, ``_`` and ``-``: the statistic's name.
        alt: What the figure shows, in words, for those who do not see it: the finding, not the kind of figure.
        caption: A sentence shown below the figure.

    Raises:
        ValueError: The name is no file name, or ``alt`` is empty.
    """
    if not name or not all(letter.isalnum() or letter in "_-" for letter in name) or not name.isascii():
        raise ValueError(f"name {name!r} must be letters, digits, _ and -: it becomes a file name")
    if not alt.strip():
        raise ValueError("alt must say in words what the figure shows")
    picture = png(figure)
    folder = paths.figures()
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{name}.png", picture)
    _write(folder / f"{name}.csv", numbers(frame).encode())
    if get_ipython() is not None:
        shown = {"image/png": base64.b64encode(picture).decode(), "text/plain": alt}
        display(shown, metadata={"image/png": {"alt": alt}}, raw=True)  # type: ignore[no-untyped-call]
        if caption:
            markdown = {"text/markdown": f"*{caption}*", "text/plain": caption}
            display(markdown, raw=True)  # type: ignore[no-untyped-call]


def png(figure: Figure) -> bytes:
    """The figure as PNG: the same figure gives the same bytes under one version of matplotlib."""
    buffer = io.BytesIO()
    with style():
        if figure.get_layout_engine() is not None:
            # The layout moves a little whenever it is solved again: solve it once.
            figure.draw_without_rendering()
            figure.set_layout_engine("none")
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def numbers(frame: pd.DataFrame) -> str:
    """The frame as CSV: numbers with four significant digits, dates as ``YYYY-MM-DD``, null as an empty cell."""
    plain = frame.copy()
    for column in plain.columns:
        if pd.api.types.is_float_dtype(plain[column]):
            plain[column] = [None if pd.isna(value) else _four_digits(value) for value in plain[column]]
        elif pd.api.types.is_datetime64_any_dtype(plain[column]):
            plain[column] = plain[column].dt.strftime("%Y-%m-%d")
    return plain.to_csv(index=False, lineterminator="\n")


def _four_digits(value: float) -> str:
    # Whole numbers in full: 12,345 words are not 1.234e+04.
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value + 0.0:.4g}"


def _write(path: Path, data: bytes) -> None:
    """All or nothing: a figure half written would be taken for a figure."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
