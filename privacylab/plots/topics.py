"""The figures of topics as a whole: which lie near each other, and what they share with the clause categories.

Import them from `plots`, where all figures are.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from privacylab.plots import style
from privacylab.plots.labels import Names, heads, readable
from privacylab.plots.style import GREY, PALE, dots, in_order, look, need, wrapped

_ROW = 0.165
"""Inches for a topic: fifty of them fill a page."""

_LABEL = 2.9
"""Inches for a topic's name, which should stand in one line."""


@style.drawing
def topic_map(shares: pd.DataFrame, tree: pd.DataFrame, *, names: Names = None) -> Figure:
    """A map of the topics: a tree that joins those that lie near each other, and the share of services with each.

    Args:
        shares: ``label`` (or ``topic``), ``value``, ``low``, ``high``, in the order of the topics' numbers.
        tree: From `reading.tree`.
        names: Other names for topics.

    Raises:
        ValueError: The tree is one of another number of topics.
    """
    label = "label" if "label" in shares else "topic"
    rows = need(shares, label, "value", "low", "high")
    merges = need(tree, "left", "right", "distance", "size")
    if len(merges) != len(rows) - 1:
        raise ValueError(f"the tree joins {len(merges) + 1} topics, but shares has {len(rows)} rows: give one a topic")
    drawn = dendrogram(merges[["left", "right", "distance", "size"]].to_numpy(dtype=float), no_plot=True)
    rows = rows.iloc[list(drawn["leaves"] or [])].reset_index(drop=True)
    y = np.arange(len(rows))
    labels = [wrapped(readable(str(name), names), _LABEL, 7) for name in rows[label]]
    with style.style():
        made, axs = style.figure(
            0.7 + max(_ROW, style.text_height(labels, 7)) * len(rows), columns=2, sharey=True, widths=[2, 3]
        )
        left, right = axs[0]
        for places, heights in zip(drawn["icoord"], drawn["dcoord"], strict=True):
            left.plot(heights, (np.array(places) - 5) / 10, color=GREY, linewidth=0.8)
        left.set_xlim(1.02 * float(merges["distance"].max()), 0)
        left.set_xlabel("Cosine distance")
        left.spines[["left", "right"]].set_visible(False)
        dots(right, rows, y, look(0))
        right.set_yticks(y, labels, fontsize=7)
        right.tick_params(axis="y", length=0, labelleft=True)
        left.tick_params(axis="y", length=0, labelleft=False)
        right.set_ylim(len(rows) - 0.4, -0.6)
        right.grid(axis="x")
        right.set_xlim(left=0)
        style.percent(right, "x")
        right.set_xlabel("Share of services")
    return made


@style.drawing
def topic_categories(shares: pd.DataFrame, *, names: Names = None) -> Figure:
    """A heatmap, topic by clause category: the share of a topic's segments that carry the category.

    Args:
        shares: ``label`` (or ``topic``), ``category``, ``n`` (segments), ``share``; a row of the figure a topic, in the
            order in which they come. Shares of a quarter and more, of ten segments or more, are written out.
        names: Other names for topics and categories.
    """
    down = "label" if "label" in shares else "topic"
    rows = need(shares, down, "category", "n", "share")
    lines, columns = in_order(rows[down]), sorted(in_order(rows["category"]))
    keyed = rows.assign(**{down: rows[down].astype(str), "category": rows["category"].astype(str)})
    grid, counts = (
        keyed.pivot_table(value, down, "category").reindex(index=lines, columns=columns).to_numpy(dtype=float)
        for value in ("share", "n")
    )
    labels = [wrapped(readable(line, names), _LABEL, 7) for line in lines]
    width = (style.WIDTH - 0.2 - max(style.text_width(text, 7) for text in labels)) / len(columns)
    head_texts, rotation, height = heads([readable(column, names) for column in columns], width)
    with style.style():
        made, axs = style.figure(0.4 + height + max(_ROW, style.text_height(labels, 7)) * len(lines))
        axes = axs[0, 0]
        mesh = axes.pcolormesh(grid, cmap="Blues", vmin=0, vmax=1, edgecolors=PALE, linewidth=0.3)
        for (line, column), share in np.ndenumerate(grid):
            if share >= 0.25 and counts[line, column] >= 10:
                ink = style.ink_on(mesh.cmap(share))
                axes.text(
                    column + 0.5, line + 0.5, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=ink
                )
        axes.set_yticks(np.arange(len(lines)) + 0.5, labels, fontsize=7)
        axes.set_xticks(np.arange(len(columns)) + 0.5, head_texts, fontsize=7, rotation=rotation)
        axes.xaxis.tick_top()
        axes.invert_yaxis()
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        made.supxlabel("Percent of the topic's segments that carry the category", fontsize=7.5)
    return made
