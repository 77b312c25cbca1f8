"""One function a figure, of the name of its statistic: a small frame in, a matplotlib `Figure` out.

Show and save it with `publish`. Shares are 0 to 1 in the frames and percent in the figures; whiskers and bands are the
frames' ``low`` and ``high``. ``names`` renames features, topics or frameworks for the reader.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from privacylab import eras
from privacylab.findings import TooFewError
from privacylab.plots import labels, style
from privacylab.plots.labels import Names, end_labels, heads, key, mark_events, readable, rows_of_text
from privacylab.plots.style import COLOURS, GREY, LABEL, PALE, WIDTH, dots, drawing, in_order, look, need, wrapped

FEW = 20
"""Cells with fewer services are not drawn, or hollow in a series; the tables have them."""

_BLUES = LinearSegmentedColormap.from_list("paper to blue", ["#ffffff", "#c6dcee", "#4b9bd0"])


def _drawn(rows: pd.DataFrame, by: str) -> tuple[pd.DataFrame, str]:
    """The rows of cells with services enough, and words for those left out."""
    most = rows.groupby(rows[by].astype(str), sort=False)["n"].max()
    few = [f"{readable(str(cell))} (n = {n})" for cell, n in most.items() if n < FEW]
    kept = rows[rows[by].astype(str).isin(most.index[most >= FEW])]
    if kept.empty:
        raise TooFewError(f"no {by.replace('_', '-')} has {FEW} services (at most {most.max()}).")
    return kept.reset_index(drop=True), f"Not drawn: {', '.join(few)}" if few else ""


@drawing
def share_by_era(shares: pd.DataFrame, *, names: Names = None, corrected: bool = False) -> Figure:
    """The share of services with each feature, era beside era, with intervals.

    Args:
        shares: From `findings.share_by_era` (or `findings.share` by ``era`` or ``sub_era``); several features.
        names: Other names for features.
        corrected: Draw the shares of `findings.corrected` beside the raw ones; those not corrected are hollow.
    """
    by = "sub_era" if "sub_era" in shares else "era"
    rows = need(shares, by, "feature", "n", "value", "low", "high")
    rows, left_out = _drawn(rows, by)
    panels = [rows.assign(hollow=False)]
    if corrected:
        known = need(rows, "corrected", "corrected_low", "corrected_high")["corrected"].notna()
        better = {"value": "corrected", "low": "corrected_low", "high": "corrected_high"}
        panels.append(
            rows.assign(**{old: rows[new].where(known, rows[old]) for old, new in better.items()}, hollow=~known)
        )
    features, cells = in_order(rows["feature"]), in_order(rows[by])
    labels = [wrapped(readable(feature, names), LABEL) for feature in features]
    row = max(0.16 + 0.09 * len(cells), style.text_height(labels))
    with style.style():
        made, axs = style.figure(0.9 + row * len(features), columns=len(panels), sharey=True)
        for axes, panel in zip(axs[0], panels, strict=True):
            _era_dots(axes, panel, by, features, cells)
            rows_of_text(axes, labels)
            axes.set_xlim(0, 1.0 if float(panel["high"].max()) > 0.7 else None)
            style.percent(axes, "x")
            axes.set_xlabel("Share of services")
        made.supxlabel(wrapped(left_out, WIDTH - 0.2), fontsize=8)
        if corrected:
            axs[0, 0].set_xlabel("Found in: share of services")
            hollow = "\n(hollow: no gold, as found)" if panels[1]["hollow"].any() else ""
            axs[0, 1].set_xlabel(wrapped(f"Corrected for the program's errors{hollow}", 2.1, 8))
        counts = rows.groupby(rows[by].astype(str))["n"].max()
        entries = [(f"{readable(cell)} (n = {counts[cell]:,})", look(i)) for i, cell in enumerate(cells)]
        key(axs[0, 0], entries, columns=2 if corrected or len(cells) in (2, 4) else 3)
    return made


def _era_dots(axes: Axes, rows: pd.DataFrame, by: str, features: list[str], cells: list[str]) -> None:
    for i, cell in enumerate(cells):
        offset = 0.6 * (i / max(len(cells) - 1, 1) - 0.5)
        for hollow, part in rows[rows[by].astype(str) == cell].groupby("hollow"):
            y = np.array([features.index(feature) + offset for feature in part["feature"]])
            dots(axes, part, y, look(i), hollow=bool(hollow))


@drawing
def era_matrix(shares: pd.DataFrame, *, names: Names = None) -> Figure:
    """A table of shares, feature by era, shaded, with each interval written below its value.

    Args:
        shares: As for `share_by_era`.
        names: Other names for features.
    """
    by = "sub_era" if "sub_era" in shares else "era"
    rows = need(shares, by, "feature", "n", "value", "low", "high")
    return _matrix(rows, down="feature", across=by, names=names)


@drawing
def topic_heatmap(shares: pd.DataFrame, *, names: Names = None) -> Figure:
    """A table of topics by era (or half-year), shaded by share, with intervals.

    Args:
        shares: ``topic`` (or ``label``), ``sub_era``, ``era`` or ``half_year``, ``n``, ``value``, ``low``, ``high``.
        names: Other names for topics.
    """
    down = "label" if "label" in shares else "topic"
    across = next((column for column in ("sub_era", "era", "half_year") if column in shares), "era")
    return _matrix(need(shares, down, across, "n", "value", "low", "high"), down=down, across=across, names=names)


def _matrix(rows: pd.DataFrame, *, down: str, across: str, names: Names) -> Figure:
    drawn, left_out = _drawn(rows, across)
    lines, cells = in_order(rows[down]), in_order(drawn[across])
    labels = [wrapped(readable(line, names), LABEL) for line in lines]
    column = (WIDTH - 0.2 - max(map(style.text_width, labels))) / len(cells)
    counts = [int(drawn.loc[drawn[across].astype(str) == cell, "n"].max()) for cell in cells]
    titles = [f"{readable(cell)}\nn = {n:,}" for cell, n in zip(cells, counts, strict=True)]
    head_texts, rotation, height = heads(titles, column)
    with style.style():
        made, axs = style.figure(0.3 + height + max(0.3, style.text_height(labels)) * len(lines))
        axes = axs[0, 0]
        places = [(lines.index(line), cells.index(cell)) for line, cell in drawn[[down, across]].astype(str).to_numpy()]
        _cells(axes, drawn, places, shape=(len(lines), len(cells)), column=column)
        axes.set_yticks(range(len(lines)), labels)
        axes.set_xticks(range(len(cells)), head_texts, fontsize=7, rotation=rotation)
        axes.xaxis.tick_top()
        made.supxlabel(wrapped(left_out, WIDTH - 0.2, 8), fontsize=8)
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return made


def _cells(
    axes: Axes, drawn: pd.DataFrame, places: list[tuple[int, int]], *, shape: tuple[int, int], column: float
) -> None:
    """Shaded cells with the share and its interval, as much of it as a column so many inches wide can hold."""
    top = max(float(drawn["value"].max()), 0.01)
    grid = np.full(shape, np.nan)
    values = [f"{100 * value:.0f}" for value in drawn["value"]]
    spans = [f"{100 * low:.0f} to {100 * high:.0f}" for low, high in zip(drawn["low"], drawn["high"], strict=True)]
    fits, whole = (max(style.text_width(text, 7) for text in each) < column - 0.03 for each in (values, spans))
    for place, share, value, span in zip(places, drawn["value"], values, spans, strict=True):
        grid[place] = share
        texts = [(-0.2, f"{value}%", 8), (0.22, span, 7)] if whole else [(0, value, 7)] if fits else []
        for offset, text, size in texts:
            axes.text(
                place[1], place[0] + offset, text, ha="center", va="center", fontsize=size,
                color=style.ink_on(_BLUES(share / top)),
            )  # fmt: skip
    if not whole:
        axes.set_xlabel("Percent of services")
    axes.pcolormesh(np.arange(shape[1] + 1) - 0.5, np.arange(shape[0] + 1) - 0.5, grid, cmap=_BLUES, vmin=0,
                    vmax=top, edgecolors="white", linewidth=1)  # fmt: skip


def _time_axes(height: float) -> tuple[Figure, Axes, Axes]:
    made, axs = style.figure(height, rows=2, sharex=True, heights=[6, 1])
    return made, axs[0, 0], axs[1, 0]


def _line(axes: Axes, rows: pd.DataFrame, x: np.ndarray, look: Mapping[str, Any]) -> None:
    axes.fill_between(x, rows["low"], rows["high"], color=look["color"], alpha=0.16, linewidth=0)
    enough = rows["n"].to_numpy() >= FEW
    axes.plot(x, rows["value"], alpha=0.35, markersize=0, **look)
    axes.plot(x, rows["value"].where(enough), markersize=3.2, clip_on=False, **look)
    axes.plot(
        x, rows["value"].mask(enough), linestyle="none", markersize=3.2, markerfacecolor="white", clip_on=False, **look
    )


def _half_year_strip(axes: Axes, x: np.ndarray, n: pd.Series) -> None:
    """The number of services behind each half-year, below the figure."""
    axes.bar(x, n, width=140, color=PALE)
    axes.set_ylabel("Services", fontsize=7)
    axes.yaxis.set_major_locator(style.few_ticks())
    labels.mark_events(axes, labels=False)


@drawing
def share_by_half_year(shares: pd.DataFrame, *, names: Names = None, since: str | None = None) -> Figure:
    """Shares over time with bands and the legal dates; below, the number of services in each half-year.

    Args:
        shares: From `findings.share_by_half_year`: up to seven features.
        names: Other names for features.
        since: The first half-year drawn, such as ``2005-H1``; None: the first with `FEW` services.

    Note:
        Half-years with fewer than `FEW` services are hollow.
    """
    rows = style.since(need(shares, "half_year", "feature", "n", "value", "low", "high"), "half_year", since, FEW)
    features = in_order(rows["feature"])
    if len(features) > len(COLOURS):
        raise ValueError(f"{len(features)} features are too many for one figure: choose up to {len(COLOURS)}")
    labels = [wrapped(readable(feature, names), 1.2) for feature in features]
    with style.style():
        made, axes, strip = _time_axes(max(3.9, sum(style.text_height([label]) for label in labels) / 0.6))
        ends = []
        for i, feature in enumerate(features):
            part = rows[(rows["feature"] == feature) & (rows["n"] > 0)]
            x = style.half_year_ends(part["half_year"].astype(str).tolist())
            _line(axes, part, x, look(i))
            ends.append((float(part["value"].iloc[-1]), labels[i], COLOURS[i]))
        first = rows[(rows["feature"] == features[0])]
        x = style.half_year_ends(first["half_year"].astype(str).tolist())
        style.years(strip, x[first["n"] > 0].min() - 120, x[first["n"] > 0].max() + 120)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        style.percent(axes)
        axes.set_ylabel("Share of services")
        _half_year_strip(strip, x, first["n"])
        mark_events(axes)
        end_labels(axes, ends)
    return made


@drawing
def length_by_half_year(lengths: pd.DataFrame, *, names: Names = None, since: str | None = None) -> Figure:
    """An amount (by default words) over time with its band and the legal dates.

    Args:
        lengths: From `findings.length_by_half_year`; ``amount`` and ``statistic`` name the axis.
        names: Other names for the amount.
        since: As in `share_by_half_year`.
    """
    rows = need(lengths, "half_year", "amount", "statistic", "n", "value", "low", "high")
    part = style.since(rows[rows["n"] > 0], "half_year", since, FEW)
    with style.style():
        made, axes, strip = _time_axes(3.5)
        x = style.half_year_ends(part["half_year"].astype(str).tolist())
        _line(axes, part, x, look(0))
        style.years(strip, x.min() - 120, x.max() + 120)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        amount = f"{readable(str(part['amount'].iloc[0]), names)}, {part['statistic'].iloc[0]}"
        axes.set_ylabel(wrapped(amount, 2.3, 8))
        _half_year_strip(strip, x, part["n"])
        labels.mark_events(axes)
    return made


@drawing
def versions_by_year(counts: pd.DataFrame) -> Figure:
    """Services seen in each year, by collection.

    Args:
        counts: From `findings.versions_by_year`.
    """
    rows = need(counts, "year", "collection", "n")
    collections = in_order(rows["collection"])
    with style.style():
        made, axs = style.figure(2.8)
        axes = axs[0, 0]
        for i, collection in enumerate(collections):
            part = rows[rows["collection"].astype(str) == collection]
            x = part["year"].astype(str).astype(int).to_numpy()
            seen = np.flatnonzero(part["n"].to_numpy() > 0)
            part, x = part.iloc[seen[0] : seen[-1] + 1], x[seen[0] : seen[-1] + 1]
            axes.plot(x, part["n"], **look(i))
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(style.whole_numbers())
        axes.grid(axis="y")
        axes.set_ylabel("Services with a version in the year")
        key(axes, [(readable(collection), look(i)) for i, collection in enumerate(collections)], columns=4)
    return made


@drawing
def reliability(table: pd.DataFrame) -> Figure:
    """The share that is there against the probability given, with the diagonal of a calibrated model.

    Args:
        table: ``given`` and ``share`` (0 to 1), ``n`` (written beside each point), as from `evaluate.reliability`.
    """
    rows = style.need(table, "given", "share", "n")
    with style.style():
        made, grid = style.figure(3.2)
        axes = grid[0, 0]
        axes.plot([0, 1], [0, 1], color=style.PALE, zorder=0)
        axes.plot(rows["given"], rows["share"], **style.look(0))
        for given, share, n in rows[["given", "share", "n"]].itertuples(index=False):
            axes.annotate(f"{n:,.0f}", (given, share), xytext=(5, -9), textcoords="offset points", fontsize=7)
        axes.set_xlabel("probability given")
        axes.set_ylabel("share that is there")
        for which in ("x", "y"):
            style.percent(axes, which)
    return made


@drawing
def keyness(words: pd.DataFrame, *, target: str, reference: str, top: int = 15, names: Names = None) -> Figure:
    """The words that mark two groups: log-ratios of the shares of services that use them, with intervals.

    Args:
        words: From `findings.keyness`.
        target: Name of the group on the right.
        reference: Name of the group on the left.
        top: Words a side, by the strength of evidence (``z``).
        names: Other names for terms.
    """
    rows = need(words, "term", "z", "value", "low", "high").sort_values(["z", "term"])
    sides = (rows[rows["z"] < 0].head(top), rows[rows["z"] > 0].tail(top).iloc[::-1])
    labels = [
        [wrapped((names or {}).get(term, term.replace("_", " ")), 1.5) for term in side["term"]] for side in sides
    ]
    row = max(0.17, *map(style.text_height, labels))
    room = (WIDTH - 0.4 - sum(max(map(style.text_width, each), default=0) for each in labels)) / 2
    with style.style():
        made, axs = style.figure(0.7 + row * max(len(side) for side in sides), columns=2)
        for i, (axes, side, group) in enumerate(zip(axs[0], sides, (reference, target), strict=True)):
            dots(axes, side, np.arange(len(side)), look(1 - i))
            axes.set_yticks(range(len(side)), labels[i])
            axes.set_ylim(max(len(side) for side in sides) - 0.4, -0.6)
            axes.tick_params(axis="y", length=0)
            axes.axvline(0, color=GREY, linewidth=0.8)
            axes.grid(axis="x")
            axes.set_title(
                wrapped(f"More in: {readable(group)}", room, 8.5, bold=True), color=style.text_colour(COLOURS[1 - i])
            )
            axes.set_xlabel(wrapped("log2 ratio of shares of services", room, 8))
    return made


@drawing
def topics_over_time(
    shares: pd.DataFrame, *, names: Names = None, columns: int = 4, since: str | None = None
) -> Figure:
    """Small multiples: the share of each topic over time, all on one scale.

    Args:
        shares: ``topic`` (or ``label``), ``half_year`` (or ``era``), ``n``, ``value``, ``low``, ``high``.
        names: Other names for topics.
        columns: Panels in a row.
        since: As in `share_by_half_year`; has no meaning for eras.
    """
    down = "label" if "label" in shares else "topic"
    across = "half_year" if "half_year" in shares else "sub_era" if "sub_era" in shares else "era"
    rows = need(shares, down, across, "n", "value", "low", "high")
    rows = style.since(rows, across, since, FEW) if across == "half_year" else _drawn(rows, across)[0]
    topics = in_order(rows[down])
    titles = [wrapped(readable(topic, names), 5 / columns) for topic in topics]
    lines = -(-len(topics) // columns)
    height = 0.5 + (1 + style.text_height(titles)) * lines + (0 if across == "half_year" else 0.9)
    with style.style():
        made, axs = style.figure(height, rows=lines, columns=columns, sharex=True, sharey=True)
        for axes, topic, title in zip(axs.flat, topics, titles, strict=False):
            _topic(axes, rows[(rows[down].astype(str) == topic) & (rows["n"] > 0)], across)
            axes.set_title(title, fontsize=7.5, fontweight="normal")
            axes.grid(axis="y")
        for axes in list(axs.flat)[len(topics) :]:
            axes.set_visible(False)
        axs[0, 0].set_ylim(bottom=0)
        style.percent(axs[0, 0])
        made.supylabel("Share", fontsize=8)
    return made


def _topic(axes: Axes, part: pd.DataFrame, across: str) -> None:
    if across == "half_year":
        _line(axes, part, style.half_year_ends(part[across].astype(str).tolist()), look(0))
        axes.xaxis.set_major_locator(style.every_years(5))
        axes.xaxis.set_major_formatter(style.year_numbers())
        for event in eras.events():
            axes.axvline(style.day(event.date), color=PALE, linewidth=0.6, zorder=0)
        return
    x = np.arange(len(part))
    axes.vlines(x, part["low"], part["high"], color=COLOURS[0], linewidth=1.1)
    axes.plot(x, part["value"], **look(0))
    axes.set_xticks(x, [wrapped(readable(str(cell)), 0.9, 7) for cell in part[across]], rotation=90, fontsize=7)
