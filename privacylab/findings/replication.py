"""The replication table: published findings beside this corpus's estimates, with verdicts by a stated rule.

The findings stand in ``rules/replication.toml``; what counts as agreement follows from a claim's kind, the same for
all. The rule, for each part of a finding, on its 95% interval:

- **confirmed**: the interval lies wholly among the values that agree with the claim; for a claim of no change, two
  one-sided tests reject a change as large as the margin (5% each);
- **refuted**: the interval lies wholly outside those values;
- **cannot tell**: it reaches across their border, there is no interval, or the measure is known to miss what could
  decide (``doubt``).

A finding is confirmed if all its parts are, refuted if one is, and else cannot be told.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from privacylab import paths

CONFIRMED, REFUTED, CANNOT_TELL, NOT_TESTABLE, NEW = "confirmed", "refuted", "cannot tell", "not testable here", "new"
COLUMNS = (
    "finding", "part", "claim", "source", "what", "kind", "unit", "published", "agrees_low", "agrees_high",
    "n", "value", "low", "high", "p_equivalence", "part_verdict", "verdict", "reason", "cell",
)  # fmt: skip
_KINDS = ("size", "rise", "fall", "none", "new")
_UNITS = {
    "ratio": "{:.2f}",
    "points": "{:+.1f} points",
    "share": "{:.1%}",
    "grade": "{:+.2f} grades",
    "ease": "{:+.1f} points of ease",
    "sd": "{:+.2f} SD",
    "days": "{:,.0f} days",
}
"""How a reader would write a number of each unit (points: of a share times 100)."""


class Part(NamedTuple):
    """One estimate that a finding asks for. ``published`` and ``margin`` are in the unit; null where there is none.

    ``kind``: ``size``, ``rise``, ``fall``, ``none`` (no change) or ``new``.
    """

    id: str
    what: str
    kind: str
    unit: str
    published: float = np.nan
    margin: float = np.nan
    doubt: str | None = None


class Finding(NamedTuple):
    """A claim, where it was made, the estimates it needs, or why it cannot be tested here."""

    id: str
    claim: str
    source: str
    parts: tuple[Part, ...] = ()
    not_testable: str | None = None


@cache
def findings() -> tuple[Finding, ...]:
    """The published findings in their order, then the project's own.

    Raises:
        ValueError: A block of ``rules/replication.toml`` has an unknown kind or unit, or lacks what its kind needs.
    """
    with (paths.RULES / "replication.toml").open("rb") as file:
        blocks = tomllib.load(file)["finding"]
    return tuple(_finding(block) for block in blocks)


def _finding(block: dict[str, Any]) -> Finding:
    parts = tuple(Part(**part) for part in block.get("part", ()))
    for part in parts:
        if part.kind not in _KINDS or part.unit not in _UNITS:
            raise ValueError(
                f"part {part.id!r}: kind {part.kind!r} must be one of {', '.join(_KINDS)}, unit {part.unit!r} of "
                f"{', '.join(_UNITS)}"
            )
        if (part.kind == "size" and np.isnan(part.published)) or (part.kind == "none" and np.isnan(part.margin)):
            raise ValueError(f"part {part.id!r}: a size needs `published`, no change needs `margin`")
    if bool(parts) == ("not_testable" in block):
        raise ValueError(f"finding {block['id']!r} needs either parts or `not_testable` with the reason")
    return Finding(block["id"], block["claim"], block["source"], parts, block.get("not_testable"))


def agrees(part: Part) -> tuple[float, float]:
    """The values that agree with a claim, lowest and highest (infinite where open, null for a new finding).

    A published size stands for half to twice of it: on the logarithm for ratios, on the odds for shares; the samples
    differ too much to ask for the very figure.

    >>> agrees(Part("1", "", "size", "points", published=0.06))
    (0.03, 0.12)
    """
    unchanged = 1.0 if part.unit == "ratio" else 0.0
    if part.kind == "rise":
        return unchanged, np.inf
    if part.kind == "fall":
        return -np.inf, unchanged
    if part.kind == "none":
        return (1 / (1 + part.margin), 1 + part.margin) if part.unit == "ratio" else (-part.margin, part.margin)
    ends = [part.published / 2, part.published * 2]
    if part.unit == "ratio":
        ends = [part.published**0.5, part.published**2]
    elif part.unit == "share":
        ends = [float(expit(logit(part.published) + step)) for step in (-np.log(2), np.log(2))]
    return min(ends), max(ends)


def verdict(part: Part, *, low: float, high: float, p_equivalence: float = np.nan) -> str:
    """The verdict on one part, by the rule above.

    Args:
        part: The part.
        low: Lower end of the estimate's 95% interval.
        high: Its upper end.
        p_equivalence: For a claim of no change: the p of two one-sided tests against the margin, where there is one;
            else the interval must lie within the margin.

    >>> verdict(Part("1", "", "rise", "points"), low=0.01, high=0.05)
    'confirmed'
    """
    if part.kind == "new":
        return NEW
    least, most = agrees(part)
    if part.doubt or np.isnan(low) or np.isnan(high):
        return CANNOT_TELL
    if high < least or low > most:
        return REFUTED
    inside = least <= low and high <= most
    if part.kind == "none" and not np.isnan(p_equivalence):
        inside = p_equivalence < 0.05
    return CONFIRMED if inside else CANNOT_TELL


def table(estimates: Mapping[str, Mapping[str, pd.Series | pd.DataFrame]]) -> pd.DataFrame:
    """The replication table.

    Args:
        estimates: For each cell of the notebook (its label) the estimates it made: part id to a row with ``n``,
            ``value``, ``low``, ``high`` and perhaps ``p_equivalence`` (a Series, or a frame of one row).

    Returns:
        A row for each part, in the findings' order: `COLUMNS`. ``verdict`` is the whole finding's.

    Raises:
        ValueError: An estimate is missing, made twice, or asked for by no finding; a frame has several rows.

    Note:
        A frame without a row is an estimate that the data cannot give: n=0, nulls, and nothing can be told.
    """
    given = {part: (cell, _row(part, row)) for cell, rows in estimates.items() for part, row in rows.items()}
    asked = [part.id for finding in findings() for part in finding.parts]
    twice = sum(len(rows) for rows in estimates.values()) - len(given)
    missing, unknown = sorted(set(asked) - set(given)), sorted(set(given) - set(asked))
    if missing or unknown or twice:
        raise ValueError(f"estimates missing: {missing}; not asked for: {unknown}; made twice: {twice}")
    rows: list[dict[str, Any]] = []
    for finding in findings():
        about = {"finding": finding.id, "claim": finding.claim, "source": finding.source}
        if not finding.parts:
            rows.append({**about, "verdict": NOT_TESTABLE, "reason": finding.not_testable})
        parts = []
        for part in finding.parts:
            cell, row = given[part.id]
            least, most = agrees(part)
            judged = verdict(part, low=row["low"], high=row["high"], p_equivalence=row["p_equivalence"])
            asked_for = {**part._asdict(), "part": part.id, "reason": part.doubt, "cell": cell}
            parts.append(
                {**about, **asked_for, **row, "agrees_low": least, "agrees_high": most, "part_verdict": judged}
            )
        verdicts = {part["part_verdict"] for part in parts}
        whole = [name for name in (NEW, REFUTED, CANNOT_TELL, CONFIRMED) if name in verdicts]
        rows += [{**part, "verdict": whole[0]} for part in parts]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"n": "Int64", "published": float})


def _row(part: str, estimate: pd.Series | pd.DataFrame) -> dict[str, float]:
    if isinstance(estimate, pd.DataFrame):
        if len(estimate) > 1:
            raise ValueError(f"the estimate of part {part!r} has {len(estimate)} rows, not one")
        estimate = estimate.iloc[0] if len(estimate) else pd.Series({"n": 0})
    return {name: float(estimate.get(name, np.nan)) for name in ("n", "value", "low", "high", "p_equivalence")}


def published_series() -> pd.DataFrame:
    """Shares of policies by half-year that others published (``rules/published.csv``).

    Returns:
        ``source``, ``feature`` (the one of `findings.features` that comes nearest), ``half_year``, ``value``, ``low``,
        ``high`` (what the reading of a figure leaves open; no sampling error), ``counted`` (what, and where it stands).
    """
    rows = pd.read_csv(paths.RULES / "published.csv")
    share, error = rows["percent"] / 100, rows["error"] / 100
    series = rows[["source", "feature", "half_year"]].assign(value=share, low=share - error, high=share + error)
    return series.assign(counted=rows["counted"])


def beside_published(shares: pd.DataFrame) -> pd.DataFrame:
    """This corpus's shares beside the series of `published_series`, in the half-years that both have.

    Args:
        shares: From `findings.share_by_half_year`.

    Returns:
        ``source`` (``this corpus``, or who published), ``feature``, ``half_year``, ``n`` (services; null for others),
        ``value``, ``low``, ``high``, and ``archive`` and ``day`` as there; this corpus first.
    """
    theirs = published_series().drop(columns="counted")
    ours = shares.astype({"half_year": str}).assign(source="this corpus")
    keys = ["feature", "half_year"]
    ours = ours[ours["value"].notna()].merge(theirs[keys].drop_duplicates())
    theirs = theirs.merge(ours[keys])
    columns = ["source", *keys, "n", "value", "low", "high", "archive", "day"]
    return pd.concat([ours, theirs])[columns].reset_index(drop=True).astype({"n": "Int64"})


def shown(value: float, unit: str) -> str:
    """A number as a reader would write it.

    >>> shown(0.0686, "points"), shown(1.188, "ratio"), shown(496, "days")
    ('+6.9 points', '1.19', '496 days')
    """
    if pd.isna(value):
        return "none"
    if unit == "days" and np.isinf(value):
        return "longer than the data"
    return _UNITS[unit].format(100 * value if unit == "points" else value)


def markdown(replication: pd.DataFrame) -> str:
    """The table as a page of Markdown (docs/replication.md): what was claimed, what is seen here, and the verdict.

    Args:
        replication: From `table`, or read back from ``figures/replication.csv``.
    """
    rows = replication.assign(first=~replication.duplicated("finding"))
    new = rows["kind"] == NEW
    counts = rows[~new & rows["first"]]["verdict"].value_counts()
    summary = ", ".join(f"{counts.get(name, 0)} {name}" for name in (CONFIRMED, REFUTED, CANNOT_TELL, NOT_TESTABLE))
    return "\n".join(
        [
            _HEAD.format(n=counts.sum(), summary=summary),
            "| | claim and source | published | here, 95% interval | services | verdict | cell |",
            "|---|---|---|---|---|---|---|",
            *[_line(row) for row in rows[~new].to_dict("records")],
            "\n## New findings\n",
            "| | finding | | here, 95% interval | services | | cell |",
            "|---|---|---|---|---|---|---|",
            *[_line(row) for row in rows[new].to_dict("records")],
            "",
        ]
    )


_HEAD = """# Published findings, put to the test

Made by `make notebooks` from `figures/replication.csv`, which the last section of `notebooks/3-eras.ipynb` computes;
do not edit. The claims stand in `privacylab/rules/replication.toml`. The rule of the verdicts:

- **confirmed**: the 95% interval lies wholly among the values that agree with the claim. A published size stands for
  half to twice of it (ratios on the logarithm, shares on the odds); a claim of no change asks that two one-sided tests
  reject a change as large as the margin;
- **refuted**: the interval lies wholly outside those values;
- **cannot tell**: it reaches across their border, or the measure is known to miss what could decide (said in the row).

A finding of several parts is confirmed if all are, refuted if one is. "Refuted" means in this corpus: its services are
the archives' choice, most of them American. `cell` is the code cell of the notebook that begins with that label.

Of {n} findings: {summary}.
"""


def _line(row: Mapping[Any, Any]) -> str:
    unit, new = row["unit"], row["kind"] == NEW
    claim = f"**{row['claim']}**" if new else f"**{row['claim']}** ({row['source']})"
    if row["verdict"] == NOT_TESTABLE:
        return f"| {row['finding']} | {claim} | | {row['reason']} | | {NOT_TESTABLE} | |"
    text = row["what"] if pd.isna(row["reason"]) else f"{row['what']}. In doubt: {row['reason']}"
    judged = "" if new else row["part_verdict"]
    if row["first"]:
        text = f"{claim}<br>{text}"
        if row["verdict"] != row["part_verdict"]:
            judged = f"**{row['verdict']}**; this part {judged}"
        elif judged:
            judged = f"**{judged}**"
    # The unit stands once, with the estimate.
    low, high = (_number(row[end], unit) if np.isfinite(row[end]) else "∞" for end in ("low", "high"))
    estimate = f"{shown(row['value'], unit)} ({low} to {high})"
    return f"| {row['part']} | {text} | {_claimed(row)} | {estimate} | {int(row['n']):,} | {judged} | {row['cell']} |"


def _number(value: float, unit: str) -> str:
    return shown(value, unit).split(" ")[0]


def _claimed(row: Mapping[Any, Any]) -> str:
    unit = row["unit"]
    if row["kind"] == "size":
        return shown(row["published"], unit)
    if row["kind"] == "none":
        return f"no change: {_number(row['agrees_low'], unit)} to {shown(row['agrees_high'], unit)}"
    return {"rise": "up", "fall": "down", "new": ""}[row["kind"]]
