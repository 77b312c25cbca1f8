"""One function a figure, of the name of its statistic: a small frame in, a matplotlib `Figure` out.

Show and save it with `publish`. Shares are 0 to 1 in the frames and percent in the figures; whiskers and bands are the
frames' ``low`` and ``high``. ``names`` renames features, topics or frameworks for the reader.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from privacylab import canvas, eras
from privacylab.canvas import COLOURS, GREY, MARKERS, PALE, need, publish, readable, wrapped
from privacylab.diagrams import archive_timeline, exclusion_flow, transfer_flow

__all__ = [
    "archive_timeline",
    "change_by_month",
    "claim_outcomes",
    "claim_survival",
    "era_matrix",
    "event_study",
    "exclusion_flow",
    "keyness",
    "length_by_half_year",
    "paired_change",
    "placebo",
    "publish",
    "share_by_era",
    "share_by_half_year",
    "topic_heatmap",
    "topics_over_time",
    "transfer_flow",
    "versions_by_year",
]

Names = Mapping[str, str] | None
FEW = 20
"""Below so many services a half-year is drawn pale: its interval is wide and its sample another one."""

_BLUES = LinearSegmentedColormap.from_list("paper to blue", ["#ffffff", "#c6dcee", "#4b9bd0"])


def _in_order(values: pd.Series) -> list[str]:
    return [str(value) for value in pd.unique(values.astype(str))]


def _look(index: int) -> dict[str, Any]:
    return {"color": COLOURS[index % len(COLOURS)], "marker": MARKERS[index % len(MARKERS)]}


def _dots(axes: Axes, rows: pd.DataFrame, y: np.ndarray, look: Mapping[str, Any], *, hollow: bool = False) -> None:
    """Values with whiskers, one row of the frame at each height."""
    axes.hlines(y, rows["low"], rows["high"], color=look["color"], linewidth=1.1, zorder=2)
    face = "white" if hollow else look["color"]
    axes.plot(rows["value"], y, linestyle="none", markerfacecolor=face, markersize=4.6, zorder=3, clip_on=False, **look)


def _key(axes: Axes, entries: Sequence[tuple[str, Mapping[str, Any]]], *, columns: int, below: bool = False) -> None:
    """Marker and name above the axes (or below), in the order in which they are drawn."""
    handles = [axes.plot([], [], linestyle="none", label=text, **look)[0] for text, look in entries]
    axes.legend(
        handles=handles,
        loc="upper left" if below else "lower left",
        bbox_to_anchor=(0, -0.08 if below else 1),
        ncols=columns,
        frameon=False,
        fontsize=7.5,
        handletextpad=0.1,
        columnspacing=1.2,
        borderpad=0.2,
    )


def _rows(axes: Axes, labels: Sequence[str]) -> None:
    """One row of the figure a label, the first on top."""
    axes.set_yticks(range(len(labels)), [wrapped(label, 28) for label in labels])
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    for border in range(1, len(labels)):
        axes.axhline(border - 0.5, color=PALE, linewidth=0.5, zorder=0)


def share_by_era(shares: pd.DataFrame, *, names: Names = None, corrected: bool = False) -> Figure:
    """The share of services with each feature, era beside era, with intervals.

    Args:
        shares: From `measure.share_by_era` (or `measure.share` by ``era`` or ``sub_era``); several features.
        names: Other names for features.
        corrected: Draw the corrected shares of `correct.corrected`; those not corrected are drawn hollow.
    """
    by = "sub_era" if "sub_era" in shares else "era"
    rows = need(shares, by, "feature", "n", "value", "low", "high")
    rows = rows[rows["n"] > 0].assign(hollow=False)
    if corrected:
        known = need(rows, "corrected", "corrected_low", "corrected_high")["corrected"].notna().to_numpy()
        for column, better in (("value", "corrected"), ("low", "corrected_low"), ("high", "corrected_high")):
            rows[column] = rows[better].where(known, rows[column])
        rows["hollow"] = ~known
    features, cells = _in_order(shares["feature"]), _in_order(rows[by])
    with canvas.style():
        made, axs = canvas.figure(0.8 + len(features) * (0.16 + 0.09 * len(cells)))
        axes, entries = axs[0, 0], []
        for i, cell in enumerate(cells):
            offset = 0.6 * (i / max(len(cells) - 1, 1) - 0.5)
            for hollow, part in rows[rows[by].astype(str) == cell].groupby("hollow"):
                y = np.array([features.index(feature) + offset for feature in part["feature"]])
                _dots(axes, part, y, _look(i), hollow=bool(hollow))
            n = int(rows.loc[rows[by].astype(str) == cell, "n"].max())
            entries.append((f"{readable(cell)} (n = {n:,})", _look(i)))
        _rows(axes, [readable(feature, names) for feature in features])
        axes.set_xlim(left=0)
        canvas.percent(axes, "x")
        axes.set_xlabel("Share of services" + (", corrected for classifier error (hollow: not)" if corrected else ""))
        _key(axes, entries, columns=2 if len(cells) in (2, 4) else 3)
    return made


def era_matrix(shares: pd.DataFrame, *, names: Names = None) -> Figure:
    """A table of shares, feature by era, shaded, with each interval written below its value.

    Args:
        shares: As for `share_by_era`.
        names: Other names for features.
    """
    by = "sub_era" if "sub_era" in shares else "era"
    rows = need(shares, by, "feature", "n", "value", "low", "high")
    return _matrix(rows, down="feature", across=by, names=names)


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
    lines, cells = (
        _in_order(rows[down]),
        [c for c in _in_order(rows[across]) if rows.loc[rows[across].astype(str) == c, "n"].max() > 0],
    )
    top = max(float(rows["value"].max()), 0.01)
    with canvas.style():
        made, axs = canvas.figure(0.7 + 0.3 * len(lines))
        axes = axs[0, 0]
        grid = np.full((len(lines), len(cells)), np.nan)
        for row in rows[rows["n"] > 0].to_dict("records"):
            line, column = lines.index(str(row[down])), cells.index(str(row[across]))
            grid[line, column] = row["value"]
            ink = canvas.ink_on(_BLUES(row["value"] / top))
            span = f"{100 * row['low']:.0f} to {100 * row['high']:.0f}"
            axes.text(
                column, line - 0.16, f"{100 * row['value']:.0f}%", ha="center", va="center", fontsize=8, color=ink
            )
            axes.text(column, line + 0.22, span, ha="center", va="center", fontsize=7, color=ink)
        axes.pcolormesh(np.arange(len(cells) + 1) - 0.5, np.arange(len(lines) + 1) - 0.5, grid, cmap=_BLUES, vmin=0,
                        vmax=top, edgecolors="white", linewidth=1)  # fmt: skip
        axes.set_yticks(range(len(lines)), [wrapped(readable(line, names), 30) for line in lines])
        counts = [int(rows.loc[rows[across].astype(str) == cell, "n"].max()) for cell in cells]
        titles = [f"{wrapped(readable(cell), 16)}\nn = {n:,}" for cell, n in zip(cells, counts, strict=True)]
        axes.set_xticks(range(len(cells)), titles)
        axes.xaxis.tick_top()
        axes.set_ylim(len(lines) - 0.5, -0.5)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    return made


def _time_axes(height: float) -> tuple[Figure, Axes, Axes]:
    made, axs = canvas.figure(height, rows=2, sharex=True, heights=[6, 1])
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
    axes.yaxis.set_major_locator(canvas.few_ticks())
    canvas.mark_events(axes, labels=False)


def share_by_half_year(shares: pd.DataFrame, *, names: Names = None) -> Figure:
    """Shares over time with bands and the legal dates; below, the number of services in each half-year.

    Args:
        shares: From `measure.share_by_half_year`: up to seven features.
        names: Other names for features.

    Note:
        Half-years with fewer than `FEW` services are hollow.
    """
    rows = need(shares, "half_year", "feature", "n", "value", "low", "high")
    features = _in_order(rows["feature"])
    if len(features) > len(COLOURS):
        raise ValueError(f"{len(features)} features are too many for one figure: choose up to {len(COLOURS)}")
    with canvas.style():
        made, axes, strip = _time_axes(3.9)
        ends = []
        for i, feature in enumerate(features):
            part = rows[(rows["feature"] == feature) & (rows["n"] > 0)]
            x = canvas.half_year_ends(part["half_year"].astype(str).tolist())
            _line(axes, part, x, _look(i))
            ends.append((float(part["value"].iloc[-1]), wrapped(readable(feature, names), 18), COLOURS[i]))
        first = rows[(rows["feature"] == features[0])]
        x = canvas.half_year_ends(first["half_year"].astype(str).tolist())
        canvas.years(strip, x[first["n"] > 0].min() - 120, x[first["n"] > 0].max() + 120)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        canvas.percent(axes)
        axes.set_ylabel("Share of services")
        _half_year_strip(strip, x, first["n"])
        canvas.mark_events(axes)
        canvas.end_labels(axes, ends)
    return made


def length_by_half_year(lengths: pd.DataFrame, *, names: Names = None) -> Figure:
    """An amount (by default words) over time with its band and the legal dates.

    Args:
        lengths: From `measure.length_by_half_year`; ``amount`` and ``statistic`` name the axis.
        names: Other names for the amount.
    """
    rows = need(lengths, "half_year", "amount", "statistic", "n", "value", "low", "high")
    part = rows[rows["n"] > 0]
    with canvas.style():
        made, axes, strip = _time_axes(3.5)
        x = canvas.half_year_ends(part["half_year"].astype(str).tolist())
        _line(axes, part, x, _look(0))
        canvas.years(strip, x.min() - 120, x.max() + 120)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axes.set_ylabel(f"{readable(str(part['amount'].iloc[0]), names)}, {part['statistic'].iloc[0]}")
        _half_year_strip(strip, x, part["n"])
        canvas.mark_events(axes)
    return made


def versions_by_year(counts: pd.DataFrame) -> Figure:
    """Services seen in each year, by collection.

    Args:
        counts: From `measure.versions_by_year`.
    """
    rows = need(counts, "year", "collection", "n")
    collections = _in_order(rows["collection"])
    with canvas.style():
        made, axs = canvas.figure(2.8)
        axes, ends = axs[0, 0], []
        for i, collection in enumerate(collections):
            part = rows[rows["collection"].astype(str) == collection]
            x = part["year"].astype(str).astype(int).to_numpy()
            seen = np.flatnonzero(part["n"].to_numpy() > 0)
            part, x = part.iloc[seen[0] : seen[-1] + 1], x[seen[0] : seen[-1] + 1]
            axes.plot(x, part["n"], **_look(i))
            ends.append((float(x[-1]), float(part["n"].iloc[-1]), collection))
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(canvas.whole_numbers())
        axes.grid(axis="y")
        axes.set_ylabel("Services with a version in the year")
        _key(axes, [(collection, _look(i)) for i, collection in enumerate(collections)], columns=4)
    return made


def paired_change(changes: pd.DataFrame, *, names: Names = None) -> Figure:
    """The same services before and after: both shares joined by a line, and the difference with its interval.

    Args:
        changes: From `compare.paired`.
        names: Other names for features.
    """
    rows = need(changes, "feature", "n", "before", "after", "value", "low", "high")
    rows = rows.sort_values(["value", "feature"], ascending=[False, True], ignore_index=True)
    with canvas.style():
        made, axs = canvas.figure(0.8 + 0.26 * len(rows), columns=2, sharey=True, widths=[3, 2])
        left, right = axs[0]
        y = np.arange(len(rows))
        left.hlines(y, rows["before"], rows["after"], color=PALE, linewidth=2.2)
        left.plot(rows["before"], y, linestyle="none", markerfacecolor="white", markersize=5, **_look(5))
        left.plot(rows["after"], y, linestyle="none", markersize=5, **_look(0))
        _rows(left, [readable(feature, names) for feature in rows["feature"]])
        left.set_xlim(left=0)
        canvas.percent(left, "x")
        left.set_xlabel(f"Share of the same {int(rows['n'].max()):,} services")
        _key(left, [("before", {**_look(5), "markerfacecolor": "white"}), ("after", _look(0))], columns=2)
        right.axvline(0, color=GREY, linewidth=0.8)
        _dots(
            right, rows.assign(value=100 * rows["value"], low=100 * rows["low"], high=100 * rows["high"]), y, _look(0)
        )
        right.grid(axis="x")
        right.tick_params(axis="y", length=0)
        right.set_xlabel("Difference in percentage points")
    return made


def event_study(effects: pd.DataFrame, *, label: str = "Difference from the period before") -> Figure:
    """Effects by period around an event; the period before it is the reference, at 0 by definition.

    Args:
        effects: From `compare.event_study`: ``period`` (0 is the first period after the event).
        label: What the y axis shows, with its unit.
    """
    rows = need(effects, "period", "n", "value", "low", "high")
    with canvas.style():
        made, axs = canvas.figure(2.8)
        axes = axs[0, 0]
        axes.axhline(0, color=GREY, linewidth=0.8)
        axes.axvline(-0.5, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.vlines(rows["period"], rows["low"], rows["high"], color=COLOURS[0], linewidth=1.1)
        axes.plot(rows["period"], rows["value"], linewidth=0.8, **_look(0))
        reference = rows[rows["period"] == -1]
        axes.plot(reference["period"], reference["value"], markerfacecolor="white", **_look(0))
        axes.annotate(
            "event", xy=(-0.5, 1), xytext=(0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
            ha="center", va="bottom", fontsize=7, color=GREY,
        )  # fmt: skip
        axes.grid(axis="y")
        axes.xaxis.set_major_locator(canvas.whole_numbers())
        axes.set_xlabel("Periods from the event")
        axes.set_ylabel(label)
    return made


def placebo(steps: pd.DataFrame, *, label: str = "Step at the date") -> Figure:
    """The step at each date that was tried, the true events among dates on which nothing happened.

    Args:
        steps: From `compare.placebo`: ``date``, ``kind`` (``event`` or ``placebo``), ``value``, ``low``, ``high``.
        label: What the y axis shows, with its unit.
    """
    rows = need(steps, "date", "kind", "value", "low", "high")
    with canvas.style():
        made, axs = canvas.figure(2.8)
        axes, entries = axs[0, 0], []
        axes.axhline(0, color=GREY, linewidth=0.8)
        for kind, look in (
            ("placebo", {"color": "#999999", "marker": "o"}),
            ("event", {"color": COLOURS[1], "marker": "D"}),
        ):
            part = rows[rows["kind"] == kind]
            x = [canvas.day(date) for date in part["date"]]
            axes.vlines(x, part["low"], part["high"], color=look["color"], linewidth=1.1)
            axes.plot(x, part["value"], linestyle="none", **look)
            entries.append(({"placebo": "placebo date", "event": "legal date"}[kind], look))
        first, last = canvas.day(rows["date"].min()), canvas.day(rows["date"].max())
        canvas.years(axes, first - 150, last + 150)
        axes.grid(axis="y")
        axes.set_ylabel(label)
        canvas.mark_events(axes)
        _key(axes, entries, columns=2, below=True)
    return made


def claim_survival(curves: pd.DataFrame, *, names: Names = None) -> Figure:
    """How long a claim outlives its framework: the share of services that still make it.

    Args:
        curves: From `survival.claim_survival`; with a column ``framework`` several curves.
        names: Other names for frameworks.
    """
    return _curves(
        need(curves, "days", "n", "value", "low", "high"), "framework", names, "Services that still claim it"
    )


def claim_outcomes(curves: pd.DataFrame, *, names: Names = None) -> Figure:
    """What became of a claim: the share of services that have gone to each outcome.

    Args:
        curves: From `survival.claim_outcomes`.
        names: Other names for outcomes.
    """
    return _curves(need(curves, "outcome", "days", "n", "value", "low", "high"), "outcome", names, "Services")


def _curves(rows: pd.DataFrame, by: str, names: Names, label: str) -> Figure:
    kinds = _in_order(rows[by]) if by in rows else [""]
    counts = rows.groupby(by, observed=True)["n"].max() if by in rows else rows["n"]
    several = by in rows and counts.min() != counts.max()
    with canvas.style():
        made, axs = canvas.figure(3.0)
        axes, ends = axs[0, 0], []
        for i, kind in enumerate(kinds):
            part = rows[rows[by].astype(str) == kind] if by in rows else rows
            x = part["days"] / 365.25
            axes.fill_between(x, part["low"], part["high"], step="post", color=COLOURS[i], alpha=0.16, linewidth=0)
            axes.step(x, part["value"], where="post", color=COLOURS[i], linestyle=("-", "--", "-.", ":")[i % 4])
            n = f"n = {int(part['n'].max()):,}"
            text = f"{readable(kind, names)}\n({n})" if several else readable(kind, names) if kind else n
            ends.append((float(part["value"].iloc[-1]), text, COLOURS[i]))
        axes.set_xlim(0, float(rows["days"].max()) / 365.25)
        axes.set_ylim(0, 1.0 if rows["value"].max() > 0.6 else None)
        axes.grid(axis="y")
        canvas.percent(axes)
        axes.set_xlabel("Years since the framework ended")
        axes.set_ylabel(label if several or not kinds[0] else f"{label} (n = {int(counts.max()):,})")
        canvas.end_labels(axes, ends)
    return made


def keyness(words: pd.DataFrame, *, target: str, reference: str, top: int = 15, names: Names = None) -> Figure:
    """The words that mark two groups: log-ratios of the shares of services that use them, with intervals.

    Args:
        words: From `keyness.keyness`.
        target: Name of the group on the right.
        reference: Name of the group on the left.
        top: Words a side, by the strength of evidence (``z``).
        names: Other names for terms.
    """
    rows = need(words, "term", "z", "value", "low", "high").sort_values(["z", "term"])
    sides = (rows[rows["z"] < 0].head(top), rows[rows["z"] > 0].tail(top).iloc[::-1])
    with canvas.style():
        made, axs = canvas.figure(0.7 + 0.17 * max(len(side) for side in sides), columns=2)
        for i, (axes, side, group) in enumerate(zip(axs[0], sides, (reference, target), strict=True)):
            _dots(axes, side, np.arange(len(side)), _look(1 - i))
            labels = [(names or {}).get(term, term.replace("_", " ")) for term in side["term"]]
            axes.set_yticks(range(len(side)), labels)
            axes.set_ylim(max(len(side) for side in sides) - 0.4, -0.6)
            axes.tick_params(axis="y", length=0)
            axes.axvline(0, color=GREY, linewidth=0.8)
            axes.grid(axis="x")
            axes.set_title(f"More in: {readable(group)}", color=canvas.text_colour(COLOURS[1 - i]))
            axes.set_xlabel("log2 ratio of shares of services")
    return made


def topics_over_time(shares: pd.DataFrame, *, names: Names = None, columns: int = 4) -> Figure:
    """Small multiples: the share of each topic over time, all on one scale.

    Args:
        shares: ``topic`` (or ``label``), ``half_year`` (or ``era``), ``n``, ``value``, ``low``, ``high``.
        names: Other names for topics.
        columns: Panels in a row.
    """
    down = "label" if "label" in shares else "topic"
    across = "half_year" if "half_year" in shares else "sub_era" if "sub_era" in shares else "era"
    rows = need(shares, down, across, "n", "value", "low", "high")
    topics = _in_order(rows[down])
    lines = -(-len(topics) // columns)
    with canvas.style():
        made, axs = canvas.figure(0.5 + 1.15 * lines, rows=lines, columns=columns, sharex=True, sharey=True)
        for axes, topic in zip(axs.flat, topics, strict=False):
            part = rows[(rows[down].astype(str) == topic) & (rows["n"] > 0)]
            if across == "half_year":
                _line(axes, part, canvas.half_year_ends(part[across].astype(str).tolist()), _look(0))
                axes.xaxis.set_major_locator(canvas.every_years(5))
                axes.xaxis.set_major_formatter(canvas.year_numbers())
                for event in eras.events():
                    axes.axvline(canvas.day(event.date), color=PALE, linewidth=0.6, zorder=0)
            else:
                x = np.arange(len(part))
                axes.vlines(x, part["low"], part["high"], color=COLOURS[0], linewidth=1.1)
                axes.plot(x, part["value"], **_look(0))
                axes.set_xticks(x, [wrapped(readable(str(cell)), 12) for cell in part[across]], rotation=90, fontsize=7)
            axes.set_title(wrapped(readable(topic, names), 27), fontsize=7.5, fontweight="normal")
            axes.grid(axis="y")
        for axes in list(axs.flat)[len(topics) :]:
            axes.set_visible(False)
        axs[0, 0].set_ylim(bottom=0)
        canvas.percent(axs[0, 0])
        made.supylabel("Share", fontsize=8)
    return made


def change_by_month(hazard: pd.DataFrame) -> Figure:
    """The share of watched services that changed their text in each month, with intervals and the legal dates.

    Args:
        hazard: From `survival.change_by_month`.
    """
    rows = need(hazard, "month", "n", "value", "low", "high")
    rows = rows[rows["n"] > 0]
    with canvas.style():
        made, axs = canvas.figure(3.0)
        axes = axs[0, 0]
        x = np.array([canvas.day(f"{month}-15") for month in rows["month"].astype(str)])
        axes.vlines(x, rows["low"], rows["high"], color=COLOURS[0], linewidth=0.7, alpha=0.55)
        axes.plot(x, rows["value"], color=COLOURS[0], marker="o", markersize=2, linewidth=0.7)
        canvas.years(axes, float(x.min()) - 60, float(x.max()) + 60)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        canvas.percent(axes)
        axes.set_ylabel("Services that changed their text")
        canvas.mark_events(axes)
    return made
