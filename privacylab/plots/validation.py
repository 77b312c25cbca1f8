"""How often the program is right about the gold labels, compared with plain baselines."""

import pandas as pd
from matplotlib.figure import Figure

from privacylab.plots import style
from privacylab.plots.labels import gold_set, key


@style.drawing
def validation(ours: pd.DataFrame, baselines: pd.DataFrame) -> Figure:
    """The share of each kind of label that is right, with its interval, and the baselines' shares as crosses.

    Args:
        ours: From `evaluate.score`: ``gold``, ``measure``, ``value``, ``low``, ``high``; a row each.
        baselines: ``gold``, ``measure``, ``share``; of kinds that ``ours`` has.
    """
    rows = style.need(ours, "gold", "measure", "value", "low", "high")
    heights = baselines.merge(rows.reset_index(names="row")[["gold", "measure", "row"]])
    names = [f"{gold_set(gold)}: {kind}" for gold, kind in zip(rows["gold"], rows["measure"], strict=True)]
    cross = {"marker": "x", "color": style.GREY}
    page, axes = style.panel(0.24 * len(rows) + 0.8)
    style.dots(axes, rows.assign(label=names), rows.index, style.look(0))
    axes.plot(heights["share"], heights["row"], "x", color=style.GREY)
    axes.set_yticks(rows.index, names)
    axes.invert_yaxis()
    style.percent(axes, "x")
    key(axes, [("PrivacyLab", style.look(0)), ("plain baselines", cross)])
    return page
