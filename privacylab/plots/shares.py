"""The figures of shares and amounts: by era, over time, by topic; and of words.

Import them from `plots`, where all figures are.
"""

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from privacylab import eras
from privacylab.findings import TooFewError, as_corrected
from privacylab.plots import style
from privacylab.plots.labels import Names, end_labels, key, mark_events, readable
from privacylab.plots.rows import dot_rows, in_points, matrix, row_names, rows_height
from privacylab.plots.style import COLOURS, FEW, PALE, estimates, look, need, parts_of, wrapped
from privacylab.topics.reading import written


def _drawn(rows: pd.DataFrame, by: str) -> tuple[pd.DataFrame, dict[str, str], str]:
    """The rows of cells with enough services, the cells' names with their numbers, and a note on those left out."""
    n_of = {cell: part["n"].max() for cell, part in parts_of(rows, by).items()}
    names = {cell: f"{readable(cell)} (n = {n:,})" for cell, n in n_of.items()}
    few = [names.pop(cell) for cell, n in n_of.items() if n < FEW]
    if not names:
        raise TooFewError(f"no {by.replace('_', '-')} has {FEW} services (at most {max(n_of.values())}).")
    kept = rows[rows[by].astype(str).isin(names)].reset_index(drop=True)
    return kept, names, f"Not drawn: {', '.join(few)}" if few else ""


@style.drawing
def share_by_era(shares: pd.DataFrame, *, corrected: bool = False, names: Names = None) -> Figure:
    """The share of services with each feature, by era, with intervals.

    Args:
        shares: From `findings.share_by_era` (or `findings.share` by ``era`` or ``sub_era``); several features.
        corrected: Draw the shares of `findings.corrected` beside the raw ones; those not corrected are hollow.
        names: Other names for features.
    """
    by = style.column_of(shares, "sub_era", "era")
    rows, cells, left_out = _drawn(estimates(shares, by, "feature"), by)
    rows = rows.assign(row=pd.factorize(rows["feature"])[0])
    shown = row_names(style.in_order(rows["feature"]), names)
    panels = [(rows, "Share of services")]
    if corrected:
        better = as_corrected(need(rows, "corrected", "corrected_low", "corrected_high"))
        hollow = "" if better["is_corrected"].all() else "\n(hollow: no gold, as found)"
        panels = [(rows, "Found in: share of services"), (better, f"Corrected for the program's errors{hollow}")]
    height = 0.9 + rows_height(shown, 0.16 + 0.09 * len(cells))
    page, axs = style.figure(height, columns=len(panels), sharey=True)
    for axes, (panel, label) in zip(axs[0], panels, strict=True):
        series = [(part, look(i)) for i, part in enumerate(parts_of(panel, by).values())]
        dot_rows(axes, shown, series, step=0.6 / len(cells))
        if panel is not rows:
            bare = [(part[~part["is_corrected"]], {**mark, "markerfacecolor": "white"}) for part, mark in series]
            dot_rows(axes, shown, bare, step=0.6 / len(cells))
        axes.set(xlim=(0, 1 if panel["high"].max() > 0.7 else None), xlabel=wrapped(label, 2.1, 8))
        style.percent(axes, "x")
    page.supxlabel(wrapped(left_out, style.WIDTH - 0.2, 8))
    key(axs[0, 0], [(name, look(i)) for i, name in enumerate(cells.values())], columns=3)
    return page


@style.drawing
def era_matrix(shares: pd.DataFrame) -> Figure:
    """A shaded table of shares, feature by era, with each interval below its value.

    Args:
        shares: As for `share_by_era`; or with ``label`` or ``topic`` instead of ``feature``.

    With ``is_corrected`` (`findings.as_corrected`), uncorrected shares are marked.
    """
    by, down = style.column_of(shares, "sub_era", "era"), style.column_of(shares, "label", "topic", "feature")
    rows, cells, left_out = _drawn(estimates(shares, by, down), by)
    bare = ~rows["is_corrected"] if "is_corrected" in rows else pd.Series(False, rows.index)
    texts = [
        f"{value:.0%}{'°' if raw else ''}\n{100 * low:.0f} to {100 * high:.0f}"
        for raw, (value, low, high) in zip(bare, rows[["value", "low", "high"]].to_numpy(), strict=True)
    ]
    left_out = "; ".join(part for part in (left_out, "° as found, not corrected" if bare.any() else "") if part)
    rows = rows.assign(row=rows[down].astype(str), column=rows[by].astype(str), text=texts)
    heads = {cell: name.replace(" (", "\n").rstrip(")") for cell, name in cells.items()}
    return matrix(rows, heads, label=left_out)


topic_heatmap = era_matrix
"""The same for topics."""


def _line(axes: Axes, rows: pd.DataFrame, index: int) -> None:
    """A line with its band, broken between archives; half-years with few services are hollow."""
    mark = {**look(index), "markersize": 3.2, "clip_on": False}
    for part in style.stretches(rows):
        x, many = style.half_year_days(part), part["n"].fillna(FEW) >= FEW
        axes.fill_between(x, part["low"], part["high"], color=mark["color"], alpha=0.16, linewidth=0)
        style.known(axes.plot(x, part["value"].where(many), **mark), part[many])
        axes.plot(x, part["value"], **{**mark, "marker": ""}, alpha=0.35)
        hollow = axes.plot(x, part["value"].mask(many), **mark, linestyle="none", markerfacecolor="white")
        style.known(hollow, part[~many])


def _over_time(parts: Sequence[pd.DataFrame], label: str, *, height: float) -> tuple[Figure, Axes]:
    """Lines over time with the legal dates; below, the number of services in each half-year of the first."""
    page, axs = style.figure(height, rows=2, sharex=True, heights=[6, 1])
    axes, strip = axs[:, 0]
    for i, part in enumerate(parts):
        _line(axes, part, i)
    x = style.half_year_days(parts[0])
    style.known(strip.bar(x, parts[0]["n"], width=140, color=PALE), parts[0][["half_year", "n"]])
    strip.set_ylabel("Services", fontsize=7)
    strip.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    style.years(strip, x.min() - 120, x.max() + 120)
    axes.set(ylim=(0, None), ylabel=wrapped(label, 2.3, 8))
    axes.grid(axis="y")
    mark_events(strip, labels=False)
    mark_events(axes)
    return page, axes


def _pale_events(axes: Axes) -> None:
    """Lines at the legal dates in a panel that is too small for their names."""
    for event in eras.events():
        axes.axvline(style.day(event.date), color=PALE, linewidth=0.6, zorder=0)


@style.drawing
def share_by_half_year(shares: pd.DataFrame, *, names: Names = None) -> Figure:
    """Shares over time with bands and the legal dates; below, the number of services in each half-year.

    Args:
        shares: From `findings.share_by_half_year`: up to seven features.
        names: Other names for features.

    Note:
        Drawn from the first half-year with `FEW` services on; half-years with fewer are hollow.
    """
    rows = style.enough(estimates(shares, "half_year", "feature"), "half_year")
    parts = parts_of(rows[rows["n"] > 0], "feature")
    if len(parts) > len(COLOURS):
        raise ValueError(f"{len(parts)} features are too many for one figure: choose up to {len(COLOURS)}")
    shown = row_names(parts, names, room=1.2)
    height = max(3.9, sum(style.text_height([name]) for name in shown) / 0.6)
    page, axes = _over_time(list(parts.values()), "Share of services", height=height)
    style.percent(axes)
    last = [float(part["value"].iloc[-1]) for part in parts.values()]
    end_labels(axes, list(zip(last, shown, COLOURS, strict=False)))
    return page


@style.drawing
def beside_published(rows: pd.DataFrame) -> Figure:
    """Shares over time in this corpus, and below them published ones, each row of panels on its own scale.

    The levels differ because the samples do; the shapes can be compared.

    Args:
        rows: From `findings.beside_published`.
    """
    rows = need(rows, "source", "feature", "half_year", "value", "low", "high")
    sources, features = style.in_order(rows["source"]), style.in_order(rows["feature"])
    page, axs = style.figure(0.5 + 1.9 * len(sources), rows=len(sources), columns=len(features), sharex=True)
    x = style.half_year_days(rows)
    for i, source in enumerate(sources):
        for axes, feature in zip(axs[i], features, strict=True):
            part = rows[(rows["source"] == source) & (rows["feature"] == feature)]
            _line(axes, part, i)
            _pale_events(axes)
            axes.grid(axis="y")
            axes.set_ylim(bottom=0)
            style.percent(axes)
        axs[i, 0].set_ylabel(wrapped(f"{source[:1].upper()}{source[1:]}", 1.6, 8))
    for axes, title in zip(axs[0], row_names(features, room=1.6), strict=True):
        axes.set_title(title, fontsize=8)
    style.years(axs[0, 0], x.min() - 120, x.max() + 120, step=3)
    return page


@style.drawing
def length_by_half_year(lengths: pd.DataFrame) -> Figure:
    """An amount (by default words) over time with its band and the legal dates.

    Args:
        lengths: From `findings.length_by_half_year`; ``amount`` and ``statistic`` name the axis.
    """
    rows = estimates(lengths, "half_year", "amount", "statistic")
    part = style.enough(rows[rows["n"] > 0], "half_year")
    label = f"{readable(str(part['amount'].iloc[0]))}, {part['statistic'].iloc[0]}"
    page, axes = _over_time([part], label, height=3.5)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    return page


@style.drawing
def reliability(table: pd.DataFrame) -> Figure:
    """The true share against the given probability, with the diagonal of a calibrated model.

    Args:
        table: ``given`` and ``share`` (0 to 1), ``n`` (written beside each point), from `evaluate.reliability`.
    """
    rows = need(table, "given", "share", "n")
    page, axes = style.panel(3.2)
    axes.plot([0, 1], [0, 1], color=PALE, zorder=0)
    (line,) = axes.plot(rows["given"], rows["share"], **look(0))
    points = rows[["given", "share", "n"]].itertuples(index=False)
    style.tell(line, [f"Given {given:.0%}: {share:.0%} are there, n = {n:,.0f}" for given, share, n in points])
    for given, share, n in rows[["given", "share", "n"]].itertuples(index=False):
        axes.annotate(f"{n:,.0f}", (given, share), (5, -9), "data", "offset points")
    axes.set(xlabel="probability given", ylabel="share that is there")
    for which in ("x", "y"):
        style.percent(axes, which)
    return page


@style.drawing
def keyness(words: pd.DataFrame) -> Figure:
    """The words that the same services dropped and added: the change of the share that uses them, with intervals.

    Args:
        words: From `findings.keyness`, in its order; the first fifteen per side with q below 0.05 are drawn on one
            scale.
    """
    rows = need(words, "term", "n", "q", "value", "low", "high")
    rows = in_points(rows[rows["q"] < 0.05])
    if rows.empty:
        raise TooFewError("no term was taken up or dropped by more services than chance would have it.")
    sides = {"Dropped": rows[rows["value"] < 0].head(15), "Taken up": rows[rows["value"] > 0].head(15)}
    names = [[wrapped(written(term), 1.5) for term in side["term"]] for side in sides.values()]
    longest = max(map(len, names))
    page, axs = style.figure(0.7 + max(0.17, *map(style.text_height, names)) * longest, columns=2)
    most = 1.04 * pd.concat(sides)[["low", "high"]].abs().to_numpy().max()
    for i, (axes, (title, side)) in enumerate(zip(axs[0], sides.items(), strict=True)):
        dot_rows(axes, names[i], [(side.assign(row=range(len(side))), look(1 - i))])
        axes.set(xlim=((-most, 0.1 * most), (-0.1 * most, most))[i], ylim=(longest - 0.5, -0.5))
        axes.axvline(0, **style.RULE)
        axes.set_title(title if len(side) else f"{title}: none", color=style.text_colour(COLOURS[1 - i]))
    label = f"Change in percentage points of the share of the same {rows['n'].max():,.0f} services that use the word"
    page.supxlabel(label)
    return page


@style.drawing
def topics_over_time(shares: pd.DataFrame, *, label: str = "Share of services") -> Figure:
    """Small multiples: the share of each topic over time, all on one scale, with the legal dates.

    Args:
        shares: ``topic`` (or ``label``), ``half_year``, ``n``, ``value``, ``low``, ``high``; lines are broken where
            ``archive`` changes, and points are on ``day``, if the frame has them.
        label: What the y axis shows.
    """
    down, columns = style.column_of(shares, "label", "topic"), 4
    rows = style.enough(estimates(shares, down, "half_year"), "half_year")
    parts = parts_of(rows, down)
    titles = row_names(parts, room=5 / columns)
    x = style.half_year_days(rows)
    page, axs = style.small_multiples(len(parts), columns, 1 + style.text_height(titles), room=0.5)
    for axes, part, title in zip(axs, parts.values(), titles, strict=True):
        _line(axes, part[part["n"] > 0], 0)
        _pale_events(axes)
        axes.set_title(title, fontsize=7.5, fontweight="normal")
        axes.grid(axis="y")
    style.years(axs[0], x.min() - 120, x.max() + 120, step=5)
    axs[0].set_ylim(bottom=0)
    style.percent(axs[0])
    page.supylabel(label)
    return page
