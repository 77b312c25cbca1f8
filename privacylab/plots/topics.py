"""The figures of all topics: which are similar, and how they match the clause categories.

Import them from `plots`, where all figures are.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.cluster.hierarchy import dendrogram

from privacylab.plots import style
from privacylab.plots.labels import readable
from privacylab.plots.rows import TOPIC, dot_rows, matrix, row_names, rows_height
from privacylab.plots.style import RULE, column_of, look, need


@style.drawing
def topic_map(shares: pd.DataFrame, tree: pd.DataFrame) -> Figure:
    """A map of the topics: a tree that joins similar ones, and the share of services with each.

    Args:
        shares: ``label`` (or ``topic``), ``value``, ``low``, ``high``, in the order of the topics' numbers.
        tree: From `reading.tree`.

    Raises:
        ValueError: The tree has another number of topics.
    """
    label = column_of(shares, "label", "topic")
    rows = need(shares, label, "value", "low", "high")
    merges = need(tree, "left", "right", "distance", "size")
    if len(merges) != len(rows) - 1:
        raise ValueError(f"the tree joins {len(merges) + 1} topics, but shares has {len(rows)} rows: give one a topic")
    branches = dendrogram(merges[["left", "right", "distance", "size"]].to_numpy(dtype=float), no_plot=True)
    rows = rows.iloc[list(branches["leaves"] or [])].assign(row=range(len(rows)))
    names = row_names(rows[label], room=TOPIC)
    page, axs = style.figure(0.7 + rows_height(names, 0.165), columns=2, sharey=True, widths=[2, 3])
    left, right = axs[0]
    dot_rows(right, names, [(rows, look(0))])
    right.tick_params(axis="y", labelleft=True)
    right.set(xlim=(0, None), xlabel="Share of services")
    style.percent(right, "x")
    for places, heights in zip(branches["icoord"], branches["dcoord"], strict=True):
        left.plot(heights, (np.array(places) - 5) / 10, **RULE)
    left.tick_params(axis="y", length=0, labelleft=False)
    left.set(xlim=(1.02 * merges["distance"].max(), 0), xlabel="Cosine distance")
    left.spines["left"].set_visible(False)
    return page


@style.drawing
def topic_categories(shares: pd.DataFrame) -> Figure:
    """A table, topic by clause category: the share of a topic's segments that carry the category.

    Args:
        shares: ``label`` (or ``topic``), ``category``, ``n`` (segments), ``share``; the figure has one row per topic,
            in the same order. Shares of a quarter and more, of ten segments or more, are written out.
    """
    down = column_of(shares, "label", "topic")
    rows = need(shares, down, "category", "n", "share").astype({down: str, "category": str})
    written = (rows["share"] >= 0.25) & (rows["n"] >= 10)
    texts = (100 * rows["share"]).map("{:.0f}".format).where(written, "")
    told = [
        f"{readable(topic)}, {readable(category)}: {share:.0%} of {n:,} segments"
        for topic, category, share, n in rows[[down, "category", "share", "n"]].itertuples(index=False)
    ]
    cells = rows.assign(row=rows[down], column=rows["category"], value=rows["share"], text=texts, told=told)
    heads = {category: readable(category) for category in sorted(rows["category"].unique())}
    label = "Percent of the topic's segments that carry the category"
    return matrix(cells, heads, label=label, room=TOPIC)
