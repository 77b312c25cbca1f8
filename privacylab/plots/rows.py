"""What figures of named rows share: rows of dots with whiskers, and shaded tables."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from privacylab.plots import style
from privacylab.plots.labels import Names, mark, readable
from privacylab.plots.style import LABEL, PALE, WIDTH, in_order, text_height, text_width, wrapped

TOPIC = 3.3
"""Inches for a topic's name, which should fit in one line: fifty of them fill a page."""

_BLUES = LinearSegmentedColormap.from_list("paper to blue", ["#ffffff", "#c6dcee", "#4b9bd0"])


def row_names(rows: Iterable[str], names: Names = None, *, room: float = LABEL) -> list[str]:
    """The readable names of rows, in lines of a width in inches."""
    return [wrapped(readable(str(row), names), room) for row in rows]


def rows_height(names: Sequence[str], least: float) -> float:
    """Inches for rows of one height that fit their names."""
    # Names of several lines need a gap before the next.
    gap = 0.06 if any("\n" in name for name in names) else 0
    return max(least, text_height(names) + gap) * len(names)


def in_points(rows: pd.DataFrame) -> pd.DataFrame:
    """Differences of shares, and their intervals, in percentage points."""
    return rows.assign(**{end: 100 * rows[end] for end in ("value", "low", "high")}, unit="points")


def dot_rows(
    axes: Axes, names: Sequence[str], series: Sequence[tuple[pd.DataFrame, Mapping[str, Any]]], *, step: float = 0
) -> None:
    """Dots with whiskers in named rows, the first row on top.

    Args:
        axes: Where to draw.
        names: The rows' names.
        series: Frames with ``row`` (its number from 0), ``value``, ``low``, ``high``, and how each looks.
        step: The distance between the series of a row, in rows.
    """
    for i, (part, look) in enumerate(series):
        # Whiskers without rows have no place, and the layout would shrink the axes to nothing.
        if len(part):
            style.dots(axes, part, part["row"] + step * (i - (len(series) - 1) / 2), look)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    axes.hlines(np.arange(1, len(names)) - 0.5, 0, 1, transform=axes.get_yaxis_transform(), color=PALE, linewidth=0.5)


def matrix(rows: pd.DataFrame, heads: Mapping[str, str], *, label: str, room: float = LABEL) -> Figure:
    """A shaded table.

    Args:
        rows: One per cell: ``row`` and ``column``, ``value`` (its shade, 0 to 1), ``text``: in a narrow column only the
            first of several lines is shown; and what `labels.mark` tells of.
        heads: The names of the columns, in their order.
        label: The text below.
        room: Inches for the names of rows.
    """
    lines, columns = in_order(rows["row"]), list(heads)
    shown = row_names(lines, room=room)
    width = (WIDTH - 0.2 - max(map(text_width, shown))) / len(columns)
    titles, rotation, height = _heads(list(heads.values()), width)
    texts = rows["text"]
    if max(text_width(text, 7) for text in texts) > width - 0.03:
        texts = texts.str.partition("\n")[0]
    grid = rows.pivot_table("value", "row", "column").reindex(index=lines, columns=columns)
    page, axes = style.panel(0.4 + height + rows_height(shown, 1.15 * text_height(list(texts), 7)))
    shades = axes.pcolormesh(grid.to_numpy(dtype=float), cmap=_BLUES, vmin=0, edgecolors="white", linewidth=0.7)
    told = {(row["row"], row["column"]): mark(row) for row in json.loads(rows.to_json(orient="records"))}
    places = product(lines, columns)
    style.tell(shades, [told.get((row, column)) or f"{readable(row)}: no number" for row, column in places])
    for row, column, text in zip(rows["row"], rows["column"], texts, strict=True):
        place = columns.index(column) + 0.5, lines.index(row) + 0.5
        axes.text(*place, text, ha="center", va="center")
    axes.set_yticks(np.arange(len(lines)) + 0.5, shown)
    axes.set_xticks(np.arange(len(columns)) + 0.5, titles, fontsize=7, rotation=rotation)
    axes.xaxis.tick_top()
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    page.supxlabel(wrapped(label, WIDTH - 0.2, 8))
    return page


def _heads(titles: Sequence[str], width: float) -> tuple[list[str], int, float]:
    """Names of columns of a width in inches, their rotation and height: upright if a word is too wide."""
    lying = [wrapped(title, width - 0.06, 7) for title in titles]
    if max(text_width(title, 7) for title in lying) <= width - 0.03:
        return lying, 0, text_height(lying, 7)
    flat = [title.replace("\n", ", ") for title in titles]
    lines = max(1, int(width / text_height([""], 7)))
    room = max(1.2, 1.25 * max(text_width(title, 7) for title in flat) / lines)
    upright = [wrapped(title, room, 7) for title in flat]
    return upright, 90, max(text_width(title, 7) for title in upright)
