"""Words in figures: names of features, intervals, dates; and labels that do not collide."""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy.optimize import isotonic_regression

from privacylab import eras, paths
from privacylab.plots import style
from privacylab.plots.style import GREY, WIDTH, day, text_width, wrapped

Names = Mapping[str, str] | None
"""Readers' names for what a figure shows."""


@functools.cache
def names_by_id() -> dict[str, str]:
    """What a reader sees, by id: eras, frameworks, cues and their values, columns."""
    blocks = [*paths.rules("frameworks")["framework"], *paths.rules("cues")["cue"]]
    parts = {part.id: part.name for part in (*eras.eras(), *eras.sub_eras())}
    named = {block["id"]: str(block["name"]) for block in blocks if "name" in block}
    return {**parts, **paths.rules("names")["names"], **named}


def said(row: pd.Series, column: str = "value", *, n: bool = True) -> str:
    """A share with its interval and number of services, for a sentence; ``row`` is a row of a statistic's frame.

    Other columns than ``value`` have their interval in ``<column>_low`` and ``<column>_high``.

    >>> said(pd.Series({"value": 0.231, "low": 0.2, "high": 0.264, "n": 588}))
    '23% (20% to 26%, n = 588)'
    >>> said(pd.Series({"value": float("nan"), "n": 0}))
    'not known (n = 0)'
    """
    size = f"n = {0 if pd.isna(row['n']) else row['n']:,.0f}"
    if pd.isna(row[column]):
        return f"not known ({size})"
    return f"{quantity(row[column])} ({bounds(row, column)}{f', {size}' if n else ''})"


def readable(name: str, names: Names = None) -> str:
    """The readable name of a feature, era or framework.

    >>> readable("category:Data Retention"), readable("claims:safe_harbor"), readable("cue:do_not_track")
    ('Data Retention', 'Safe Harbor', 'Do Not Track')
    >>> readable("cue:tracker=google_analytics"), readable("cue:retention_period=P30D")
    ('Tracker: Google Analytics', 'Retention period: 30 days')
    """
    if names and name in names:
        return names[name]
    bare = name.split(":", 1)[-1]
    if bare in names_by_id():
        return names_by_id()[bare]
    cue, _, value = bare.partition("=")
    if value:
        return f"{readable(cue)}: {names_by_id().get(value) or _duration(value) or value.replace('_', ' ')}"
    text = bare.replace("_", " ")
    return text[:1].upper() + text[1:]


def definitions() -> pd.DataFrame:
    """What each label of a figure or table counts.

    Returns:
        Columns ``name`` (for the reader) and ``covers``; index ``feature``: of `findings.features`,
        `findings.with_sums` and `findings.amounts`, without the values of cues. For frameworks it has the kinds
        (``claims``) and the ids (``safe_harbor``) separately.
    """
    texts: dict[str, str] = {}
    files = (("category:", "clauses", "category"), ("cue:", "cues", "cue"), ("", "frameworks", "framework"))
    for start, file, block in files:
        texts |= {f"{start}{rule['id']}": rule.get("covers", "") for rule in paths.rules(file)[block]}
    words = paths.rules("names")
    texts |= words["covers"]
    names = [f"{words['kinds'][name]} ..." if name in words["kinds"] else readable(name) for name in texts]
    return pd.DataFrame({"name": names, "covers": list(texts.values())}, pd.Index(texts, name="feature"))


def in_full(name: str, names: Names = None) -> str:
    """A feature as a reader would write it, with what the policy does: a framework is joined, a law applies.

    >>> in_full("claims:dpf"), in_full("claims:gdpr"), in_full("framework:gdpr"), in_full("cue:do_not_track")
    ('Claims Data Privacy Framework', 'Says it is under GDPR', 'Names GDPR', 'Do Not Track')
    """
    kind, colon, _ = name.partition(":")
    laws = {f"claims:{rule['id']}" for rule in paths.rules("frameworks")["framework"] if rule.get("kind") == "law"}
    kinds = paths.rules("names")["kinds"]
    before = kinds.get("law" if name in laws else kind, "") if colon else ""
    return f"{before} {readable(name, names)}".strip()


def _duration(value: str) -> str | None:
    """An ISO 8601 duration of one unit in words; None for anything else."""
    match = re.fullmatch(r"P(T?)(\d+)([YMWDH])", value)
    if not match:
        return None
    unit = {"Y": "year", "M": "minute" if match[1] else "month", "W": "week", "D": "day", "H": "hour"}[match[3]]
    return f"{match[2]} {unit}{'' if match[2] == '1' else 's'}"


def spread(wanted: Sequence[float], *, sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Centres as near as possible to the wanted ones, in order, without overlap and within low to high.

    After subtracting the sizes before it, each place must not be below the previous one: an isotonic regression.

    >>> spread([1.0, 1.0, 5.0], sizes=[1, 1, 1], low=0, high=10)
    [0.5, 1.5, 5.0]
    """
    order = np.argsort(wanted, kind="stable")
    lengths = np.asarray(sizes, dtype=float)[order]
    middles = lengths.cumsum() - lengths / 2
    starts = isotonic_regression(np.asarray(wanted, dtype=float)[order] - middles).x
    places = np.empty(len(order))
    places[order] = starts.clip(low, max(high - lengths.sum(), low)) + middles
    return [float(place) for place in places]


def end_labels(axes: Axes, labels: Sequence[tuple[float, str, str]]) -> None:
    """Labels (height, text, colour) right of the axes at the end of lines, moved apart if they would collide.

    Call it when the axis limits are final.
    """
    low, high = axes.get_ylim()
    sizes = [(high - low) * style.text_height([text]) / inches(axes)[1] for _, text, _ in labels]
    edge = min(sizes, default=0) / 2
    places = spread([value for value, _, _ in labels], sizes=sizes, low=low - edge, high=high + edge)
    # A thin leader connects a moved label to its line.
    leader = {"arrowstyle": "-", "color": style.PALE, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0, "relpos": (0, 0.5)}
    for (value, text, colour), place in zip(labels, places, strict=True):
        where, look = ("axes fraction", "data"), {"va": "center", "fontsize": 7.5, "color": style.text_colour(colour)}
        axes.annotate(text, (1, value), (1.03, place), where, where, leader, annotation_clip=False, **look)


def inches(axes: Axes) -> tuple[float, float]:
    """Approximate width and height of the axes: the layout is final only when the figure is drawn."""
    box = axes.get_window_extent()
    return 0.9 * box.width / axes.figure.dpi, 0.95 * box.height / axes.figure.dpi


def mark_events(axes: Axes, *, labels: bool = True) -> None:
    """Thin lines at the legal dates within the axes' dates, their names above in as many rows as they need.

    Call it when the limits of the time axis are final.
    """
    first, last = axes.get_xlim()
    ends: list[float] = []
    for event in eras.events():
        place = day(event.date)
        if not first <= place <= last:
            continue
        axes.axvline(place, color=GREY, linewidth=0.6, linestyle=style.DASHED, zorder=0.5)
        if not labels:
            continue
        half = (text_width(event.name, 7) + 0.1) / 2 * (last - first) / inches(axes)[0]
        row = next((i for i, end in enumerate(ends) if place - half > end), len(ends))
        ends[row : row + 1] = [place + half]
        where = ("data", "axes fraction")
        shift = (0, 2 + row * 8.4)
        axes.annotate(event.name, (place, 1), shift, where, "offset points", ha="center", color=GREY)


def key(axes: Axes, entries: Sequence[tuple[str, Mapping[str, Any]]], *, columns: int = 4) -> None:
    """Marker and name above the axes, in drawing order, in as many columns as fit on the page."""
    names = [wrapped(name, WIDTH - 0.6) for name, _ in entries]
    room = int((WIDTH - 0.2) / (max(map(text_width, names)) + 0.35))
    axes.figure.legend(
        handles=[Line2D([], [], linestyle="none", label=name, **entries[i][1]) for i, name in enumerate(names)],
        loc="outside upper left",
        ncols=max(1, min(columns, room)),
        handletextpad=0.1,
        columnspacing=1.2,
        borderpad=0.2,
    )


# Numbers in words: intervals and changes, in sentences and in the cells of tables.

_UNITS = {"share": ".0%", "points": "+.1%", "number": ".2f", "difference": "+.2f", "days": ",.0f", "amount": ",.4g"}
"""How a value of each unit is written."""


def quantity(value: float, unit: str = "share") -> str:
    """A value in its unit.

    Args:
        value: From a statistic: shares and their differences 0 to 1.
        unit: ``share`` (percent), ``points`` (a difference of shares, in percentage points), ``number`` and
            ``difference`` (two decimals), ``days`` (whole) or ``amount`` (four digits).

    Raises:
        ValueError: The unit is not one of these.

    >>> quantity(0.231), quantity(0.231, "points"), quantity(1234.5, "days"), quantity(float("inf"), "days")
    ('23%', '+23.1', '1,234', 'not reached')
    """
    if unit not in _UNITS:
        raise ValueError(f"unit {unit!r} must be one of {', '.join(_UNITS)}")
    if np.isinf(value):
        return "not reached"
    text = format(value, _UNITS[unit])
    return text.rstrip("%") if unit == "points" else text


def chance(value: float) -> str:
    """A p or q value.

    >>> chance(0.0352), chance(3.7e-20), chance(float("nan"))
    ('0.035', '< 0.001', '–')
    """
    return "–" if pd.isna(value) else f"{value:.3f}" if value >= 0.001 else "< 0.001"


def _ends(column: str) -> tuple[str, str]:
    return ("low", "high") if column == "value" else (f"{column}_low", f"{column}_high")


def bounds(row: pd.Series, column: str = "value", *, unit: str = "share", to: str = " to ") -> str:
    """The ends of a value's interval; for columns other than ``value`` they are ``<column>_low`` and ``_high``.

    >>> bounds(pd.Series({"low": 1.48, "high": 1.6}), unit="number")
    '1.48 to 1.60'
    """
    return to.join(quantity(row[end], unit) for end in _ends(column))


def interval(
    frame: pd.DataFrame,
    column: str = "value",
    *,
    unit: str = "share",
    missing: str = "-",
    star: str | None = None,
    of: str | None = None,
) -> pd.Series:
    """The cells of a table: each row's value with its interval.

    Args:
        frame: From a statistic: a column and its interval, as in `bounds`.
        column: The values.
        unit: As in `quantity`.
        missing: The text if there is no value or no interval.
        star: A column of q-values; a value whose q is below 0.05 has a star.
        of: A column of numbers, added after the interval: of how many.

    Returns:
        Text, with the frame's index.

    >>> interval(pd.DataFrame({"value": [0.231], "low": [0.2], "high": [0.264]})).tolist()
    ['23% (20%-26%)']
    >>> rates = pd.DataFrame({"value": [0.231], "low": [0.2], "high": [0.264], "n_true": [1200]})
    >>> interval(rates, of="n_true").tolist()
    ['23% (20%-26%) of 1,200']
    """
    to = " to " if unit in ("points", "difference") else "-"  # a dash would read as a minus
    cells = []
    for _, row in frame.iterrows():
        if row[[column, *_ends(column)]].isna().any():
            cells.append(missing)
            continue
        mark = "*" if star is not None and row[star] < 0.05 else ""
        size = f" of {row[of]:,.0f}" if of else ""
        cells.append(f"{quantity(row[column], unit)}{mark} ({bounds(row, column, unit=unit, to=to)}){size}")
    return pd.Series(cells, index=frame.index, dtype=object)


def across(frame: pd.DataFrame, *, index: str, columns: str, sizes: Sequence[str] = (), **options: str) -> pd.DataFrame:
    """A table of values with their intervals, by two columns of a statistic.

    Args:
        frame: From a statistic.
        index: The column whose values name the rows.
        columns: The column whose values name the columns.
        sizes: Numbers that a column has once, shown in separate rows below if the frame has them.
        options: ``unit``, ``missing`` and ``star``, as in `interval`.

    Returns:
        Text, sorted by the names of rows and columns.
    """
    cells = frame.assign(text=interval(frame, **options))
    wide = cells.pivot_table("text", index, columns, aggfunc="first", observed=True)
    below = frame.groupby(columns)[[size for size in sizes if size in frame]].first().T.astype(str)
    return pd.concat([wide, below[wide.columns]]).rename_axis(index) if len(below) else wide


def change(row: pd.Series) -> str:
    """A share before and after, and the difference in points with its interval.

    >>> change(pd.Series({"before": 0.4, "after": 0.7, "value": 0.3, "low": 0.25, "high": 0.35, "n": 80}))
    '40% to 70%, +30.0 points (+25.0 to +35.0, n=80)'
    """
    sides = f"{quantity(row['before'])} to {quantity(row['after'])}"
    return f"{sides}, {quantity(row['value'], 'points')} points ({bounds(row, unit='points')}, n={row['n']:.0f})"


def course(before: pd.Series, after: pd.Series) -> str:
    """How a corrected share went from one row of `findings.corrected` to another, for a sentence.

    It ``rose`` if the intervals are apart, else it ``went``; without gold, the text gives the shares as found.
    """
    if pd.isna([before["corrected"], after["corrected"]]).any():
        return f"was found in {said(before)} and then in {said(after)} of services (no gold to correct with)"
    verb = "rose" if before["corrected_high"] < after["corrected_low"] else "went"
    return f"{verb} from {said(before, 'corrected', n=False)} to {said(after, 'corrected', n=False)}"


def days(row: pd.Series, after: str) -> str:
    """A time in days after something, with its interval and number.

    >>> days(pd.Series({"value": 1096.0, "low": 900.0, "high": 1200.0, "n": 80}), "the ruling")
    '1,096 days after the ruling (900 to 1,200, n = 80)'
    >>> days(pd.Series({"value": float("nan"), "n": 0}), "the ruling")
    'a time that is not known (n = 0)'
    """
    if not row["n"]:
        return "a time that is not known (n = 0)"
    return f"{quantity(row['value'], 'days')} days after {after} ({bounds(row, unit='days')}, n = {row['n']:.0f})"


_WHAT = ("label", "topic", "feature", "outcome", "term", "framework", "amount", "collection")
_WHEN = ("move", "sub_era", "era", "half_year", "month", "date", "view", "kind")


def mark(row: Mapping[str, Any]) -> str:
    """What a mark of a figure shows, in words: what, when, the value with its interval, and of how many.

    Args:
        row: A row of a statistic, as plain values; with the ``unit`` ``points`` differences in percentage points. Or
            the sentence itself, ``told``.

    Returns:
        A sentence; '' for a row that does not name what it is about.

    >>> mark({"feature": "framework:gdpr", "era": "gap", "value": 0.64, "low": 0.58, "high": 0.7, "n": 812})
    'Names GDPR, Between the frameworks: 64% (58% to 70%), n = 812'
    """
    if "told" in row:
        return str(row["told"])
    named = [in_full(str(row[column])) for column in _WHAT if row.get(column)][:1]
    named += [readable(str(row[column]).partition("T00")[0]) for column in _WHEN if row.get(column)]
    named += [f"half-year {row['period']:+d}"] if "period" in row else []
    named += [f"after {row['days']:,.0f} days"] if "days" in row else []
    unit = "amount" if "amount" in row else row.get("unit", "share")
    number = pd.Series(row).reindex(["value", "low", "high"]).astype(float) / (100 if unit == "points" else 1)
    shown = []
    if unit == "share" and isinstance(row.get("before"), float):
        shown = [f"{quantity(row['before'])} to {quantity(row['after'])}"]  # whiskers join the two
    elif pd.notna(number["value"]):
        ends = f" ({bounds(number, unit=unit)})" if number["low"] < number["high"] else ""
        shown = [f"{quantity(number['value'], unit)}{' points' if unit == 'points' else ''}{ends}"]
    shown += [f"n = {row['n']:,.0f}"] if row.get("n") is not None else []
    return f"{', '.join(named)}: {', '.join(shown)}" if named else ""


def right_of_n(scores: pd.DataFrame) -> pd.Series:
    """How many of a gold set's labels were right, for the cells of a table.

    Args:
        scores: From `evaluate.score`: ``right``, ``n``, ``low``, ``high``.

    >>> right_of_n(pd.DataFrame({"right": [9], "n": [10], "low": [0.596], "high": [0.982]})).tolist()
    ['9 of 10 (0.60-0.98)']
    """
    cells = [f"{row['right']:g} of {row['n']:g} ({bounds(row, unit='number', to='-')})" for _, row in scores.iterrows()]
    return pd.Series(cells, index=scores.index, dtype=object)


def gold_set(name: str) -> str:
    """The readable name of a set of gold labels, or of what it measures.

    >>> gold_set("dates_2"), gold_set("right_access")
    ('dates, second draw', 'right access')
    """
    return str(name).replace("_2", ", second draw").replace("_", " ")
