"""What all figures share: the style, colours with markers, legal dates, and labels that do not collide.

Figures are made without pyplot and inside a private style: nothing that a notebook has set is changed or used.
"""

import contextlib
import datetime as dt
import functools
import math
import re
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
from matplotlib.lines import Line2D
from matplotlib.ticker import Formatter, Locator, MaxNLocator, PercentFormatter

from privacylab import eras
from privacylab.uncertainty import TooFewError

WIDTH = 6.5
"""Inches: the text width of a printed page."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe & Ito's colours, safe for colour-blind readers, without the yellow that white paper swallows."""

Names = Mapping[str, str] | None
"""Other names for what a figure shows, for the reader."""

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
    "none": "None named",
    "not_seen": "Not in force",
    "n_words": "Words",
    "reading_grade": "Reading grade (US school years)",
    "words_per_sentence": "Words per sentence",
    "syllables_per_word": "Syllables per word",
    "passive_per_100_sentences": "Passive sentences in 100",
    "vague_per_100_words": "Vague words in 100",
    "us": "US",
    "eu": "EU",
    "uk": "UK",
    "ota": "Open Terms Archive",
    "tosback2": "ToSBack2",
    "through-time": "Policies through time",
    "ai": "AI",
    "basis_consent": "Basis: consent",
    "basis_contract": "Basis: contract",
    "basis_legal_obligation": "Basis: legal obligation",
    "basis_legitimate_interests": "Basis: legitimate interests",
    "basis_public_task": "Basis: public task",
    "basis_vital_interests": "Basis: vital interests",
    "children_age": "Age of children",
    "do_not_track": "Do Not Track",
    "dpo": "Data-protection officer",
    "global_privacy_control": "Global Privacy Control",
    "precise_location": "Precise location",
    "right_access": "Right of access",
    "right_complaint": "Right to complain",
    "right_erasure": "Right to erasure",
    "right_objection": "Right to object",
    "right_portability": "Right to portability",
    "right_rectification": "Right to rectification",
    "right_restriction": "Right to restriction",
    "right_withdraw_consent": "Right to withdraw consent",
    "sale_of_data": "Sale of data",
    "social_login": "Social login",
    "supervisory_authority": "Supervisory authority",
    "as-long-as-necessary": "as long as necessary",
    "bbbonline": "BBBOnLine",
    "caru": "CARU",
    "device_id": "device identifier",
    "does-not-sell": "does not sell",
    "esrb": "ESRB",
    "etag": "ETag",
    "facebook_pixel": "Facebook pixel",
    "flash_cookie": "Flash cookie",
    "google_analytics": "Google Analytics",
    "iso_27001": "ISO 27001",
    "iso_27701": "ISO 27701",
    "kidsafe": "kidSAFE",
    "mcafee_secure": "McAfee Secure",
    "norton_secured": "Norton Secured",
    "opt-out": "opt-out",
    "sdk": "SDK",
    "soc_2": "SOC 2",
    "truste": "TRUSTe",
    "verisign": "VeriSign",
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


def said(row: pd.Series, column: str = "value", *, n: bool = True) -> str:
    """A share with its interval and number of services, as a sentence has it; ``row`` is one of a statistic's frame.

    Other columns than ``value`` have their interval in ``<column>_low`` and ``<column>_high``.

    >>> said(pd.Series({"value": 0.231, "low": 0.2, "high": 0.264, "n": 588}))
    '23% (20% to 26%, n = 588)'
    >>> said(pd.Series({"value": float("nan"), "n": 0}))
    'not known (n = 0)'
    """
    size = f"n = {0 if pd.isna(row['n']) else row['n']:,.0f}"
    low, high = (row.get(end if column == "value" else f"{column}_{end}") for end in ("low", "high"))
    if pd.isna(row[column]):
        return f"not known ({size})"
    return f"{row[column]:.0%} ({low:.0%} to {high:.0%}{f', {size}' if n else ''})"


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


def readable(name: str, names: Mapping[str, str] | None = None) -> str:
    """A feature, era or framework as a reader would write it.

    >>> readable("category:Data Retention"), readable("claims:safe_harbor"), readable("cue:do_not_track")
    ('Data Retention', 'Safe Harbor', 'Do Not Track')
    >>> readable("cue:tracker=google_analytics"), readable("cue:retention_period=P30D")
    ('Tracker: Google Analytics', 'Retention period: 30 days')
    """
    if names and name in names:
        return names[name]
    parts = {part.id: part.name for part in (*eras.eras(), *eras.sub_eras())}
    bare = name.split(":", 1)[-1]
    if ":" not in name and bare in parts:
        return parts[bare]
    if bare in _NAMES:
        return _NAMES[bare]
    cue, _, value = bare.partition("=")
    if value:
        return f"{readable(cue)}: {_NAMES.get(value) or _duration(value) or value.replace('_', ' ')}"
    text = bare.replace("_", " ")
    return text[:1].upper() + text[1:]


def _duration(value: str) -> str | None:
    """An ISO 8601 duration of one unit in words; None for anything else."""
    match = re.fullmatch(r"P(T?)(\d+)([YMWDH])", value)
    if not match:
        return None
    unit = {"Y": "year", "M": "month", "W": "week", "D": "day", "H": "hour"}[match[3]]
    return f"{match[2]} {unit}{'' if match[2] == '1' else 's'}"


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
    sizes = [(high - low) * text_height([text], size) / height for _, text, _ in labels]
    edge = min(sizes) / 2
    places = spread([value for value, _, _ in labels], sizes=sizes, low=low - edge, high=high + edge)
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
            arrowprops={
                "arrowstyle": "-",
                "color": PALE,
                "linewidth": 0.6,
                "shrinkA": 0,
                "shrinkB": 0,
                "relpos": (0, 0.5),
            },
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
        half = (text_width(event.name, size) + size / 72) / 2 * (last - first) / width
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


def key(axes: Axes, entries: Sequence[tuple[str, Mapping[str, Any]]], *, columns: int) -> None:
    """Marker and name above the axes, in the order in which they are drawn, in as many columns as the page has room."""
    made = axes.get_figure(root=True)
    if made is None:
        raise ValueError("the axes belong to no figure")
    texts = [wrapped(text, WIDTH - 0.6) for text, _ in entries]
    while columns > 1 and _key_width(texts, columns) > WIDTH - 0.2:
        columns -= 1
    made.legend(
        handles=[Line2D([], [], linestyle="none", label=text, **entries[i][1]) for i, text in enumerate(texts)],
        loc="outside upper left",
        ncols=columns,
        frameon=False,
        fontsize=7.5,
        handletextpad=0.1,
        columnspacing=1.2,
        borderpad=0.2,
    )


def _key_width(texts: Sequence[str], columns: int) -> float:
    parts = np.array_split(np.array(texts, dtype=object), min(columns, len(texts)))
    return sum(max(text_width(text) for text in part) + 0.35 for part in parts)


def heads(titles: Sequence[str], column: float) -> tuple[list[str], int, float]:
    """Names of columns so many inches wide, their rotation and their height: upright where a word is too wide to lie.

    They are to be written in 7 points.
    """
    lying = [wrapped(title, column - 0.06, 7) for title in titles]
    if max(text_width(title, 7) for title in lying) <= column - 0.03:
        return lying, 0, text_height(lying, 7)
    flat = [", ".join(title.split("\n")) for title in titles]
    for inches in np.arange(1.2, 3, 0.3):
        shown = [wrapped(title, inches, 7) for title in flat]
        if text_height(shown, 7) <= column:
            break
    else:
        # Where a column is narrower than a line, some columns go without a name.
        shown = [title if i % math.ceil(text_height([""], 7) / column) == 0 else "" for i, title in enumerate(flat)]
    return shown, 90, max(text_width(title, 7) for title in shown)


def rows_of_text(axes: Axes, labels: Sequence[str]) -> None:
    """One row of the figure a label, the first on top."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    for border in range(1, len(labels)):
        axes.axhline(border - 0.5, color=PALE, linewidth=0.5, zorder=0)
