"""The figures of change: before and after, event studies, the survival of claims, the hazard of change.

Import them from `plots`, where all figures are.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from privacylab.plots import labels, style
from privacylab.plots.labels import Names, end_labels, key, readable, rows_of_text
from privacylab.plots.style import COLOURS, GREY, LABEL, PALE, dots, in_order, look, need, wrapped


@style.drawing
def paired_change(changes: pd.DataFrame, *, names: Names = None) -> Figure:
    """The same services before and after: both shares joined by a line, and the difference with its interval.

    Args:
        changes: From `findings.paired`.
        names: Other names for features.
    """
    rows = need(changes, "feature", "n", "before", "after", "value", "low", "high")
    rows = rows.sort_values(["value", "feature"], ascending=[False, True], ignore_index=True)
    labels = [wrapped(readable(feature, names), LABEL) for feature in rows["feature"]]
    with style.style():
        height = 0.8 + max(0.26, style.text_height(labels)) * len(rows)
        made, axs = style.figure(height, columns=2, sharey=True, widths=[3, 2])
        left, right = axs[0]
        y = np.arange(len(rows))
        left.hlines(y, rows["before"], rows["after"], color=PALE, linewidth=2.2)
        left.plot(rows["before"], y, linestyle="none", markerfacecolor="white", markersize=5, clip_on=False, **look(5))
        left.plot(rows["after"], y, linestyle="none", markersize=5, clip_on=False, **look(0))
        rows_of_text(left, labels)
        left.set_xlim(left=0)
        style.percent(left, "x")
        left.set_xlabel(f"Share of the same {int(rows['n'].max()):,} services")
        key(left, [("before", {**look(5), "markerfacecolor": "white"}), ("after", look(0))], columns=2)
        right.axvline(0, color=GREY, linewidth=0.8)
        dots(right, rows.assign(value=100 * rows["value"], low=100 * rows["low"], high=100 * rows["high"]), y, look(0))
        right.grid(axis="x")
        right.tick_params(axis="y", length=0)
        right.set_xlabel(wrapped("Difference in percentage points", 1.75, 8))
    return made


@style.drawing
def both_ways(changes: pd.DataFrame, *, names: Names = None) -> Figure:
    """Differences as the cross-sections stand and in the same services: where they part, the sample changed.

    Args:
        changes: From `findings.both_ways`.
        names: Other names for features.
    """
    rows = need(changes, "feature", "view", "n", "value", "low", "high")
    features = in_order(rows["feature"])
    labels = [wrapped(readable(feature, names), LABEL) for feature in features]
    with style.style():
        made, axs = style.figure(0.9 + max(0.3, style.text_height(labels)) * len(features))
        axes, entries = axs[0, 0], []
        axes.axvline(0, color=GREY, linewidth=0.8)
        for place, (view, text) in enumerate(
            (("cross_section", "all services of either side"), ("panel", "the same services"))
        ):
            part = rows[rows["view"] == view].set_index("feature").reindex(features)
            n = part["n"].max()
            points = part.assign(**{end: 100 * part[end] for end in ("value", "low", "high")})
            dots(axes, points, np.arange(len(features)) + (0.16 if place else -0.16), look(5 if place == 0 else 0))
            entries.append((f"{text} (n = {int(n):,})", look(5 if place == 0 else 0)))
        rows_of_text(axes, labels)
        axes.grid(axis="x")
        axes.set_xlabel("Difference in percentage points")
        key(axes, entries, columns=2)
    return made


@style.drawing
def replication(table: pd.DataFrame) -> Figure:
    """Published sizes and this corpus's estimates on one scale, and what was said not to change beside its margin.

    Above, sizes as multiples of the published one (ratios by their logarithm): 1 is as published, 0 no change, the band
    what agrees. Below, claims of no change as multiples of the margin. Shares and mere directions are left out.

    Args:
        table: From `findings.table`.
    """
    rows = need(table, "part", "what", "kind", "unit", "published", "agrees_low", "agrees_high", "value", "low", "high")
    rows = rows[(rows["unit"] != "share") & rows["kind"].isin(["size", "none"])]
    sizes, flat = (rows[rows["kind"] == kind].reset_index(drop=True) for kind in ("size", "none"))
    heights = [len(sizes) + 1, len(flat) + 1]
    row = max(0.27, style.text_height(_claims(rows)))
    with style.style():
        made, axs = style.figure(1.0 + row * sum(heights), rows=2, heights=heights)
        _multiples(axs[0, 0], sizes, sizes["published"], band=(0.5, 2), label="Multiple of the published size")
        _multiples(axs[1, 0], flat, flat["agrees_high"], band=(-1, 1), label="Multiple of the margin")
        axs[0, 0].axvline(1, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
        key(axs[0, 0], [(verdict, {"color": c, "marker": m}) for verdict, (c, m) in _VERDICTS.items()], columns=3)
    return made


def _multiples(axes: Axes, part: pd.DataFrame, unit: pd.Series, *, band: tuple[float, float], label: str) -> None:
    y, scale = np.arange(len(part)), _scaled(part, unit)
    axes.axvspan(*band, color=PALE, alpha=0.5, linewidth=0)
    axes.axvline(0, color=GREY, linewidth=0.8)
    for verdict, (colour, marker) in _VERDICTS.items():
        mine = (part["part_verdict"] == verdict).to_numpy()
        # Whiskers of no row have no place, and the layout would shrink the axes to nothing.
        if mine.any():
            dots(axes, scale[mine], y[mine], {"color": colour, "marker": marker})
    rows_of_text(axes, _claims(part))
    axes.set_xlabel(label)


_VERDICTS = {"confirmed": (COLOURS[0], "o"), "refuted": (COLOURS[1], "D"), "cannot tell": ("#777777", "s")}


def _claims(part: pd.DataFrame) -> list[str]:
    short = [what.split(";")[0].split(",")[0].split(" in the same services")[0] for what in part["what"]]
    return [wrapped(f"{number}  {what}", LABEL) for number, what in zip(part["part"], short, strict=True)]


def _scaled(part: pd.DataFrame, unit: pd.Series) -> pd.DataFrame:
    """Estimates as multiples of the published size or the margin, on the scale on which the unit adds up."""
    ratio = (part["unit"] == "ratio").to_numpy()

    def added(values: pd.Series) -> npt.NDArray[np.float64]:
        given = values.to_numpy(dtype=float)
        return np.where(ratio, np.log(np.where(ratio, given, 1)), given)

    return pd.DataFrame({end: added(part[end]) / added(unit) for end in ("value", "low", "high")})


@style.drawing
def event_study(
    effects: pd.DataFrame, *, label: str = "Difference from the period before", names: Names = None
) -> Figure:
    """Effects by period around an event; the period before it is the reference, at 0 by definition.

    Args:
        effects: From `findings.event_study`: ``period`` (0 is the first period after the event); with a column
            ``outcome`` a panel for each.
        label: What the y axis shows, with its unit.
        names: Other names for outcomes.
    """
    rows = need(effects, "period", "n", "value", "low", "high")
    outcomes = in_order(rows["outcome"]) if "outcome" in rows else [None]
    columns = min(3, len(outcomes))
    down = -(-len(outcomes) // columns)
    with style.style():
        made, axs = style.figure(0.4 + 2.2 * down, rows=down, columns=columns)
        for axes in axs.flat[len(outcomes) :]:
            axes.set_visible(False)
        for axes, outcome in zip(axs.flat, outcomes, strict=False):
            part = rows if outcome is None else rows[rows["outcome"].astype(str) == outcome]
            _effects(axes, part, label="event" if outcome is None else None)
            if outcome is not None:
                title = wrapped(readable(outcome, names), 0.75 * style.WIDTH / columns, 8, bold=True)
                axes.set_title(title, fontsize=8, loc="left")
        made.supylabel(wrapped(label, 2.2, 8), fontsize=8)
    return made


def _effects(axes: Axes, rows: pd.DataFrame, *, label: str | None) -> None:
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.axvline(-0.5, color=GREY, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.vlines(rows["period"], rows["low"], rows["high"], color=COLOURS[0], linewidth=1.1)
    axes.plot(rows["period"], rows["value"], linewidth=0.8, **look(0))
    reference = rows[rows["period"] == -1]
    axes.plot(reference["period"], reference["value"], markerfacecolor="white", **look(0))
    if label:
        axes.annotate(
            label, xy=(-0.5, 1), xytext=(0, 2), xycoords=("data", "axes fraction"), textcoords="offset points",
            ha="center", va="bottom", fontsize=7, color=GREY,
        )  # fmt: skip
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(style.whole_numbers())
    axes.set_xlabel("Half-years from the event")


@style.drawing
def placebo(steps: pd.DataFrame, *, label: str = "Step at the date") -> Figure:
    """The step at each date that was tried, the true events among dates on which nothing happened.

    Args:
        steps: From `findings.placebo`: ``date``, ``kind`` (``event`` or ``placebo``), ``value``, ``low``, ``high``.
        label: What the y axis shows, with its unit.
    """
    rows = need(steps, "date", "kind", "value", "low", "high")
    with style.style():
        made, axs = style.figure(2.8)
        axes, entries = axs[0, 0], []
        axes.axhline(0, color=GREY, linewidth=0.8)
        for kind, look in (
            ("placebo", {"color": "#999999", "marker": "o"}),
            ("event", {"color": COLOURS[1], "marker": "D"}),
        ):
            part = rows[rows["kind"] == kind]
            x = [style.day(date) for date in part["date"]]
            axes.vlines(x, part["low"], part["high"], color=look["color"], linewidth=1.1)
            axes.plot(x, part["value"], linestyle="none", **look)
            entries.append(({"placebo": "placebo date", "event": "legal date"}[kind], look))
        first, last = style.day(rows["date"].min()), style.day(rows["date"].max())
        style.years(axes, first - 150, last + 150)
        axes.grid(axis="y")
        axes.set_ylabel(wrapped(label, 2, 8))
        labels.mark_events(axes)
        key(axes, entries, columns=2)
    return made


@style.drawing
def claim_survival(curves: pd.DataFrame, *, names: Names = None) -> Figure:
    """How long a claim outlives its framework: the share of services that still make it.

    Args:
        curves: From `findings.claim_survival`; with a column ``framework`` several curves.
        names: Other names for frameworks.
    """
    return _curves(
        need(curves, "days", "n", "value", "low", "high"), "framework", names, "Services that still claim it"
    )


@style.drawing
def claim_outcomes(curves: pd.DataFrame, *, names: Names = None) -> Figure:
    """What became of a claim: the share of services that have gone to each outcome.

    Args:
        curves: From `findings.claim_outcomes`.
        names: Other names for outcomes.
    """
    return _curves(need(curves, "outcome", "days", "n", "value", "low", "high"), "outcome", names, "Services")


def _curves(rows: pd.DataFrame, by: str, names: Names, label: str) -> Figure:
    rows = rows[rows["value"].notna()]
    kinds = in_order(rows[by]) if by in rows else [""]
    counts = rows.groupby(by, observed=True)["n"].max() if by in rows else rows["n"]
    several = by in rows and counts.min() != counts.max()
    labels = [_end_label(rows, by, kind, names, several=several) for kind in kinds]
    with style.style():
        made, axs = style.figure(max(3.0, sum(style.text_height([label]) for label in labels) / 0.7))
        axes, ends = axs[0, 0], []
        for i, kind in enumerate(kinds):
            part = rows[rows[by].astype(str) == kind] if by in rows else rows
            x = part["days"] / 365.25
            axes.fill_between(x, part["low"], part["high"], step="post", color=COLOURS[i], alpha=0.16, linewidth=0)
            axes.step(x, part["value"], where="post", color=COLOURS[i], linestyle=("-", "--", "-.", ":")[i % 4])
            ends.append((float(part["value"].iloc[-1]), labels[i], COLOURS[i]))
        axes.set_xlim(0, max(float(rows["days"].max()), 30) / 365.25)
        axes.set_ylim(0, 1.0 if rows["value"].max() > 0.6 else None)
        axes.grid(axis="y")
        style.percent(axes)
        axes.set_xlabel("Years since the framework ended")
        axes.set_ylabel(label if several or not kinds[0] else f"{label} (n = {int(counts.max()):,})")
        end_labels(axes, ends)
    return made


def _end_label(rows: pd.DataFrame, by: str, kind: str, names: Names, *, several: bool) -> str:
    n = f"n = {int((rows[rows[by].astype(str) == kind] if kind else rows)['n'].max()):,}"
    return wrapped(f"{readable(kind, names)}\n({n})" if several else readable(kind, names) if kind else n, 1.3)


@style.drawing
def change_by_month(hazard: pd.DataFrame, *, since: str | None = None) -> Figure:
    """The share of watched services that changed their text in each month, with intervals and the legal dates.

    Args:
        hazard: From `findings.change_by_month`.
        since: The first month drawn, ``YYYY-MM``; None: the first with 20 services.
    """
    rows = need(hazard, "month", "n", "value", "low", "high")
    rows = style.since(rows[rows["n"] > 0], "month", since, 20)
    with style.style():
        made, axs = style.figure(3.0)
        axes = axs[0, 0]
        x = np.array([style.day(f"{month}-15") for month in rows["month"].astype(str)])
        axes.vlines(x, rows["low"], rows["high"], color=COLOURS[0], linewidth=0.7, alpha=0.55)
        axes.plot(x, rows["value"], color=COLOURS[0], marker="o", markersize=2, linewidth=0.7)
        style.years(axes, float(x.min()) - 60, float(x.max()) + 60)
        axes.set_ylim(bottom=0)
        axes.grid(axis="y")
        style.percent(axes)
        axes.set_ylabel("Services that changed their text")
        labels.mark_events(axes)
    return made
