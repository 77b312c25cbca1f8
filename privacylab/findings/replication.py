"""Published findings beside this corpus's estimates, in three columns instead of a verdict.

The findings are in ``rules/replication.toml``. One rule for all makes the columns, from direction and numbers only:

- **sign**: ``agrees`` if the whole 95% interval is on the published side of no change, ``opposite`` if it is on the
other side, else ``not shown``. For a claim of no change: ``no change shown`` if two one-sided tests reject a change as
large as the margin (5% each), ``opposite`` if the whole interval is beyond the margin, else ``not shown``. A level has
no sign.
- **size**: our size divided by the published one, with its interval (ratios by their logarithm, so that 1 is as
published and 0 no change), and whether the published value is in our interval.
- **z**: the difference of ours and theirs in standard errors of both, if the source gives an error or counts.

What a measure misses is beside it (``misses``), and changes no column.
``benchmarks/replication_rule.py`` simulates what the columns say of a true, a halved and an absent effect.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from privacylab import paths
from privacylab.findings.intervals import Z

AGREES, OPPOSITE, NOT_SHOWN, NO_CHANGE = "agrees", "opposite", "not shown", "no change shown"
NOT_TESTABLE, TOO_FEW, LEVEL, NEW = "not testable here", "too few services", "a level", "new"
ENOUGH = 20
"""Services that an estimate needs to be compared."""
COLUMNS = (
    "finding", "part", "claim", "source", "read", "quoted", "short", "what", "direction", "unit", "published", "error",
    "margin", "n", "count", "value", "low", "high", "p", "p_equivalence", "sign", "times", "times_low", "times_high",
    "inside", "z", "misses", "cell",
)  # fmt: skip
_DIRECTIONS = ("up", "down", "none", "level", "new")
_READ = ("full", "abstract", "code", "press", "")
_UNITS = {
    "ratio": "{:.2f}",
    "points": "{:+.1f} points",
    "share": "{:.1%}",
    "grade": "{:+.2f} grades",
    "ease": "{:+.1f} points of ease",
    "items": "{:+.2f} items",
}
"""How to write a number of each unit (points: a share times 100)."""


class Finding(NamedTuple):
    """One estimate for a published finding; a finding with several estimates has a letter after its number.

    ``read``: how its source was read. ``quoted``: the figure as the source has it. ``short``: its
    name in the figure. ``direction``: ``up``, ``down``,
    ``none`` (no change), ``level`` or ``new`` (of this project). ``published`` and its standard ``error`` (of the
    logarithm for ratios) and ``margin`` are in the unit; null if the source has none. ``counts``: for a share, its
    total and count. ``misses``: what the measure misses, with its size. ``not_testable``: why not.
    """

    id: str
    claim: str
    source: str
    read: str = ""
    quoted: str = ""
    short: str = ""
    what: str = ""
    direction: str = ""
    unit: str = ""
    published: float = np.nan
    error: float = np.nan
    margin: float = np.nan
    counts: tuple[int, int] | None = None
    misses: str = ""
    not_testable: str = ""

    @property
    def number(self) -> str:
        """The finding without the letter of its part."""
        return self.id.rstrip("abcdefgh")


def findings() -> tuple[Finding, ...]:
    """The published findings in their order, then the project's own.

    Raises:
        ValueError: A block of ``rules/replication.toml`` has an unknown value, or lacks what its direction needs.
    """
    return tuple(_finding(block) for block in paths.rules("replication")["finding"])


def _finding(block: dict[str, Any]) -> Finding:
    row = Finding(**block)
    if row.counts:
        share = row.counts[0] / row.counts[1]
        row = row._replace(published=share, error=float(np.sqrt(share * (1 - share) / row.counts[1])))
    if bool(row.direction) == bool(row.not_testable):
        raise ValueError(f"finding {row.id!r} needs either a direction or `not_testable` with the reason")
    allowed = {"read": _READ, "direction": ("", *_DIRECTIONS), "unit": ("", *_UNITS)}
    for field, values in allowed.items():
        if getattr(row, field) not in values or (field == "unit" and bool(row.unit) != bool(row.direction)):
            raise ValueError(f"finding {row.id!r}: {field} {getattr(row, field)!r} must be one of {', '.join(values)}")
    if (row.direction == "none") == np.isnan(row.margin):
        raise ValueError(f"finding {row.id!r}: no change needs `margin`, and nothing else has one")
    return row


def compare(finding: Finding, estimate: Mapping[str, float]) -> dict[str, Any]:
    """The three columns of one finding, by the rule above.

    Args:
        finding: The finding.
        estimate: ``n``, ``value``, ``low``, ``high`` and perhaps ``p_equivalence``: the p of two one-sided tests
            against the margin; without it the interval must lie within the margin.

    Returns:
        ``sign``, ``times``, ``times_low``, ``times_high``, ``inside`` (published value in our interval; None if there
        is none) and ``z``; nulls if the source has no figure or no error.

    >>> found = {"n": 90, "value": 0.05, "low": 0.03, "high": 0.07}
    >>> compare(Finding("1", "", "", direction="up", unit="points", published=0.1), found)["times"]
    0.5
    """
    columns: dict[str, Any] = {"sign": TOO_FEW, "inside": None}
    columns |= dict.fromkeys(("times", "times_low", "times_high", "z"), np.nan)
    ratio = finding.unit == "ratio"
    given = [*(estimate[name] for name in ("value", "low", "high")), finding.published]
    with np.errstate(divide="ignore"):  # a share that fell to 0 is a ratio of 0
        value, low, high, theirs = map(float, np.log(given) if ratio else given)
    if estimate["n"] < ENOUGH or np.isnan([low, high]).any():
        return columns
    columns["sign"] = _sign(finding, low, high, estimate.get("p_equivalence", np.nan))
    if finding.direction == "new" or np.isnan(theirs):
        return columns
    columns["inside"] = low <= theirs <= high
    if theirs:
        scaled = value / theirs, *sorted((low / theirs, high / theirs))
        columns |= dict(zip(("times", "times_low", "times_high"), scaled, strict=True))
    columns["z"] = (value - theirs) / np.hypot((high - low) / (2 * Z), finding.error)
    return columns


def _sign(finding: Finding, low: float, high: float, p: float) -> str:
    if finding.direction in ("level", "new"):
        return LEVEL if finding.direction == "level" else NEW
    if finding.direction == "none":
        margin = float(np.log1p(finding.margin)) if finding.unit == "ratio" else finding.margin
        if low > margin or high < -margin:
            return OPPOSITE
        return NO_CHANGE if (p < 0.05 if p == p else -margin < low and high < margin) else NOT_SHOWN
    if finding.direction == "down":
        low, high = -high, -low
    return AGREES if low > 0 else OPPOSITE if high < 0 else NOT_SHOWN


def table(estimates: Mapping[str, Mapping[str, pd.Series | pd.DataFrame]]) -> pd.DataFrame:
    """The table of findings.

    Args:
        estimates: For each cell of the notebook (its label) its estimates: a finding's id to a row with ``n``,
            ``value``, ``low``, ``high`` and perhaps ``p``, ``p_equivalence`` and ``count`` (or ``gained`` and
            ``lost``), with ``n`` as their denominator (a Series, or a frame of one row).

    Returns:
        A row for each, in the findings' order: `COLUMNS`.

    Raises:
        ValueError: An estimate is missing, made twice, or belongs to no finding; a frame has several rows.

    Note:
        A frame without a row is an estimate that the data cannot give: n=0 and ``too few services``.
    """
    given = {part: (cell, _row(part, row)) for cell, rows in estimates.items() for part, row in rows.items()}
    asked = {finding.id for finding in findings() if finding.direction}
    twice = sum(len(rows) for rows in estimates.values()) - len(given)
    missing, unknown = sorted(asked - set(given)), sorted(set(given) - asked)
    if missing or unknown or twice:
        raise ValueError(f"estimates missing: {missing}; of no finding: {unknown}; made twice: {twice}")
    rows: list[dict[str, Any]] = []
    for finding in findings():
        about = {**finding._asdict(), "finding": finding.number, "part": finding.id}
        if finding.direction:
            cell, row = given[finding.id]
            rows.append({**about, **row, **compare(finding, row), "cell": cell})
        else:
            rows.append({**about, "sign": NOT_TESTABLE, "misses": finding.not_testable})
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).replace({"": None})
    return frame.astype({"n": "Int64", "inside": "boolean", **dict.fromkeys(_NUMBERS, float)})


_ESTIMATE = ("value", "low", "high", "p", "p_equivalence", "count")
_NUMBERS = (*_ESTIMATE, "published", "error", "margin", "times", "times_low", "times_high", "z")


def _row(part: str, estimate: pd.Series | pd.DataFrame) -> dict[str, float]:
    if isinstance(estimate, pd.DataFrame):
        if len(estimate) > 1:
            raise ValueError(f"the estimate of part {part!r} has {len(estimate)} rows, not one")
        estimate = estimate.iloc[0] if len(estimate) else pd.Series({"n": 0})
    row = {name: float(estimate.get(name, np.nan)) for name in ("n", *_ESTIMATE)}
    if "gained" in estimate:
        row["count"] = float(estimate["gained"] - estimate["lost"])
    return row


def published_series() -> pd.DataFrame:
    """Shares of policies by half-year that others published (``rules/published.csv``).

    Returns:
        ``source``, ``feature`` (the closest of `findings.features`), ``half_year``, ``value``, ``low``, ``high`` (the
        uncertainty of reading a figure, not sampling error), ``counted`` (what, and where it is from).
    """
    rows = pd.read_csv(paths.RULES / "published.csv")
    share, error = rows["percent"] / 100, rows["error"] / 100
    rows = rows.assign(value=share, low=share - error, high=share + error)
    return rows[["source", "feature", "half_year", "value", "low", "high", "counted"]]


def beside_published(shares: pd.DataFrame) -> pd.DataFrame:
    """This corpus's shares beside the series of `published_series`, in the half-years that both have.

    Args:
        shares: From `findings.share_by_half_year`.

    Returns:
        ``source`` (``this corpus``, or the publisher), ``feature``, ``half_year``, ``n`` (services; null for others),
        ``value``, ``low``, ``high``, and ``archive`` and ``day`` as there; this corpus first.
    """
    theirs = published_series().drop(columns="counted")
    ours = shares.astype({"half_year": str}).assign(source="this corpus")
    keys = ["feature", "half_year"]
    ours = ours[ours["value"].notna()].merge(theirs[keys].drop_duplicates())
    theirs = theirs.merge(ours[keys])
    columns = ["source", *keys, "n", "value", "low", "high", "archive", "day"]
    return pd.concat([ours, theirs])[columns].reset_index(drop=True).astype({"n": "Int64"})


def markdown(replication: pd.DataFrame) -> str:
    """The table as a page of Markdown (docs/replication.md): what was claimed, what we find, the three columns.

    Args:
        replication: From `table`, or read back from ``figures/replication.csv``.
    """
    rows = replication.assign(first=~replication.duplicated("finding"))
    own = rows["finding"].astype(str).str.startswith("N")
    head = "| | claim, source, what is counted | published | here, 95% interval | n | {}cell |"
    three = "sign | times the published size | published in our interval | z | "
    page = (paths.RULES / "replication.md").read_text(encoding="utf-8")
    return "\n".join(
        [
            page.format(n=(rows["first"] & ~own).sum(), **_counts(rows[~own])),
            head.format(three),
            "|---" * 10 + "|",
            *[_line(row) for row in rows[~own].to_dict("records")],
            "\n## Findings of our own\n",
            head.format(""),
            "|---" * 6 + "|",
            *[_line(row, own=True) for row in rows[own].to_dict("records")],
            "",
        ]
    )


def _counts(rows: pd.DataFrame) -> dict[str, Any]:
    sized, n = rows["inside"].dropna().astype(bool), rows["sign"].value_counts()
    signs = ", ".join(f"{sign} {n[sign]}" for sign in (AGREES, NO_CHANGE, NOT_SHOWN, OPPOSITE) if sign in n)
    return {"signs": signs, "sized": len(sized), "inside": sized.sum()}


def _line(row: Mapping[Any, Any], *, own: bool = False) -> str:
    misses, text, quoted = (_text(row[name]) for name in ("misses", "what", "quoted"))
    if row["first"]:
        source = "" if own else f" ({row['source']}; read: {row['read']})"
        text = f"**{row['claim']}**{source}<br>{text}"
    if row["sign"] == NOT_TESTABLE:
        return f"| {row['part']} | {text} {misses} | {quoted} | | | {NOT_TESTABLE} | | | | |"
    text += f". Misses: {misses}" if misses else ""
    start = f"| {row['part']} | {text} | {quoted} | {told(row)} | {int(row['n']):,} |"
    if own:
        return f"{start} {row['cell']} |"
    times, low, high = (_times(row[name]) for name in ("times", "times_low", "times_high"))
    times += f" ({low} to {high})" if times else ""
    inside = "no figure" if pd.isna(row["inside"]) else "yes" if row["inside"] else "no"
    z = "" if pd.isna(row["z"]) else f"{row['z']:+.1f}"
    return f"{start} {row['sign']} | {times} | {inside} | {z} | {row['cell']} |"


def _times(value: float) -> str:
    if pd.isna(value):
        return ""
    return "∞" if np.isinf(value) else f"{value:.{2 if abs(value) < 10 else 0}f}"


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]


def told(row: Mapping[Any, Any]) -> str:
    """A row's estimate with its interval, the unit once; ``too few services`` if there is none."""
    if pd.isna(row["low"]) or row["n"] < ENOUGH:
        return TOO_FEW
    low, high = (shown(row[end], row["unit"]).split(" ")[0] for end in ("low", "high"))
    return f"{shown(row['value'], row['unit'])} ({low} to {high})"


def shown(value: float, unit: str) -> str:
    """A number as a reader would write it.

    >>> shown(0.0686, "points"), shown(1.188, "ratio")
    ('+6.9 points', '1.19')
    """
    if pd.isna(value):
        return "none"
    return _UNITS[unit].format(100 * value if unit == "points" else value)
