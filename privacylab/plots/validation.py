"""How often the program is right about the gold labels, beside plain baselines."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from privacylab.plots import labels, style


@style.drawing
def validation(ours: pd.DataFrame, baselines: pd.DataFrame) -> Figure:
    """The share right of each kind of label with its interval, and the baselines' shares as crosses.

    Args:
        ours: From `evaluate.score`: ``gold``, ``measure``, ``value``, ``low``, ``high``; a row each.
        baselines: ``gold``, ``measure``, ``share``; of kinds that ``ours`` has.
    """
    rows = style.need(ours, "gold", "measure", "value", "low", "high")
    places = {kind: place for place, kind in enumerate(zip(rows["gold"], rows["measure"], strict=True))}
    heights = [places[kind] for kind in zip(baselines["gold"], baselines["measure"], strict=True)]
    cross = {"marker": "x", "color": style.GREY}
    with style.style():
        figure, grid = style.figure(0.24 * len(rows) + 0.8)
        axes = grid[0, 0]
        style.dots(axes, rows, np.arange(len(rows)), style.look(0))
        axes.plot(baselines["share"], heights, linestyle="none", **cross)
        axes.set_yticks(range(len(rows)), [f"{gold.replace('_2', ', second draw')}: {kind}" for gold, kind in places])
        axes.invert_yaxis()
        style.percent(axes, "x")
        labels.key(axes, [("PrivacyLab", style.look(0)), ("plain baselines", cross)], columns=2)
    return figure
