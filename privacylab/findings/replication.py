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
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from privacylab import paths

CONFIRMED, REFUTED, CANNOT_TELL, NOT_TESTABLE, NEW = "confirmed", "refuted", "cannot tell", "not testable here", "new"
COLUMNS = (
    "finding", "part", "claim", "source", "what", "kind", "unit", "published", "agrees_low", "agrees_high",
    "n", "value", "low", "high", "p_equivalence", "part_verdict", "verdict", "reason", "cell",
)  # fmt: skip
_UNCHANGED = {"ratio": 1.0}
_KINDS = ("size", "rise", "fall", "none", "new")
_UNITS = ("ratio", "points", "share", "grade", "ease", "sd", "days")


class Part(NamedTuple):
    """One estimate that a finding asks for. ``published`` and ``margin`` are in the unit; null where there is none."""

    id: str
    what: str
    kind: Literal["size", "rise", "fall", "none", "new"]
    unit: str
    published: float | None = None
    margin: float | None = None
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
        if (part.kind == "size" and part.published is None) or (part.kind == "none" and part.margin is None):
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
    unchanged = _UNCHANGED.get(part.unit, 0.0)
    if part.kind in ("rise", "fall"):
        return (unchanged, np.inf) if part.kind == "rise" else (-np.inf, unchanged)
    if part.kind == "none" and part.margin is not None:
        low, high = (1 / (1 + part.margin), 1 + part.margin) if part.unit == "ratio" else (-part.margin, part.margin)
        return low, high
    if part.kind == "size" and part.published is not None:
        if part.unit == "ratio":
            ends = [part.published**0.5, part.published**2]
        elif part.unit == "share":
            ends = [float(expit(logit(part.published) + step)) for step in (-np.log(2), np.log(2))]
        else:
            ends = [part.published / 2, part.published * 2]
        return min(ends), max(ends)
    return np.nan, np.nan


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
    made = {part: (cell, _row(part, row)) for cell, rows in estimates.items() for part, row in rows.items()}
    asked = [part.id for finding in findings() for part in finding.parts]
    twice = sum(len(rows) for rows in estimates.values()) - len(made)
    missing, unknown = sorted(set(asked) - set(made)), sorted(set(made) - set(asked))
    if missing or unknown or twice:
        raise ValueError(f"estimates missing: {missing}; not asked for: {unknown}; made twice: {twice}")
    rows = []
    for finding in findings():
        about = {"finding": finding.id, "claim": finding.claim, "source": finding.source}
        if finding.not_testable:
            rows.append({**about, "verdict": NOT_TESTABLE, "reason": finding.not_testable})
        parts: list[dict[str, Any]] = []
        for part in finding.parts:
            cell, row = made[part.id]
            least, most = agrees(part)
            found = verdict(part, low=row["low"], high=row["high"], p_equivalence=row["p_equivalence"])
            told = {
                "part": part.id,
                "what": part.what,
                "kind": part.kind,
                "unit": part.unit,
                "cell": cell,
                "reason": part.doubt,
            }
            bounds = {"published": part.published, "agrees_low": least, "agrees_high": most}
            parts.append({**about, **told, **bounds, **row, "part_verdict": found})
        whole = _whole({str(part["part_verdict"]) for part in parts})
        rows += [{**part, "verdict": whole} for part in parts]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"n": "Int64", "published": float})


def _row(part: str, found: pd.Series | pd.DataFrame) -> dict[str, float]:
    if isinstance(found, pd.DataFrame) and len(found) > 1:
        raise ValueError(f"the estimate of part {part!r} has {len(found)} rows, not one")
    row = found if isinstance(found, pd.Series) else found.iloc[0] if len(found) else pd.Series({"n": 0})
    return {name: float(row.get(name, np.nan)) for name in ("n", "value", "low", "high", "p_equivalence")}


def _whole(parts: set[str]) -> str:
    for one in (NEW, REFUTED, CANNOT_TELL):
        if one in parts:
            return one
    return CONFIRMED


def shown(value: float, unit: str, *, signed: bool = True) -> str:
    """A number as a reader would write it.

    >>> shown(0.0686, "points"), shown(1.188, "ratio"), shown(496, "days")
    ('+6.9 points', '1.19', '496 days')
    """
    if pd.isna(value):
        return "none"
    if unit == "days":
        return f"{value:,.0f} days" if np.isfinite(value) else "longer than the data"
    sign = "+" if signed else ""
    forms = {
        "points": f"{100 * value:{sign}.1f} points",
        "share": f"{value:.1%}",
        "ratio": f"{value:.2f}",
        "grade": f"{value:{sign}.2f} grades",
        "ease": f"{value:{sign}.1f} points of ease",
        "sd": f"{value:{sign}.2f} SD",
    }
    return forms[unit]


def markdown(replication: pd.DataFrame) -> str:
    """The table as a page of Markdown (docs/replication.md): what was claimed, what is seen here, and the verdict.

    Args:
        replication: From `table`, or read back from ``figures/replication.csv``.
    """
    published, own = (
        replication[replication["finding"].astype(str).str.startswith("N") == new] for new in (False, True)
    )
    counts = published.drop_duplicates("finding")["verdict"].value_counts()
    summary = ", ".join(f"{counts.get(name, 0)} {name}" for name in (CONFIRMED, REFUTED, CANNOT_TELL, NOT_TESTABLE))
    return "\n".join(
        [
            _HEAD.format(n=published["finding"].nunique(), summary=summary),
            "| | claim and source | published | here, 95% interval | services | verdict | cell |",
            "|---|---|---|---|---|---|---|",
            *_lines(published),
            "\n## New findings\n",
            "| | finding | | here, 95% interval | services | | cell |",
            "|---|---|---|---|---|---|---|",
            *_lines(own),
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


def _lines(rows: pd.DataFrame) -> list[str]:
    return [_line(row, first=place == 0) for _, group in rows.groupby("finding", sort=False) for place, row in
            enumerate(group.to_dict("records"))]  # fmt: skip


def _line(row: Mapping[Any, Any], *, first: bool) -> str:
    claim = f"**{row['claim']}** ({row['source']})" if row["kind"] != "new" else f"**{row['claim']}**"
    if row["verdict"] == NOT_TESTABLE:
        return f"| {row['finding']} | {claim} | | {row['reason']} | | {NOT_TESTABLE} | |"
    what = row["what"] if pd.isna(row["reason"]) else f"{row['what']}. In doubt: {row['reason']}"
    text = f"{claim}<br>{what}" if first else what
    unit = row["unit"]
    # The unit stands once, with the estimate.
    interval = " to ".join(
        shown(row[end], unit).split(" ")[0] if np.isfinite(row[end]) else "∞" for end in ("low", "high")
    )
    estimate = f"{shown(row['value'], unit)} ({interval})"
    verdict_ = "" if row["kind"] == "new" else row["part_verdict"]
    if first and row["verdict"] != row["part_verdict"]:
        verdict_ = f"**{row['verdict']}**; this part {verdict_}"
    elif first and verdict_:
        verdict_ = f"**{verdict_}**"
    return f"| {row['part']} | {text} | {_claimed(row)} | {estimate} | {int(row['n']):,} | {verdict_} | {row['cell']} |"


def _claimed(row: Mapping[Any, Any]) -> str:
    unit, kind = row["unit"], row["kind"]
    if kind in ("rise", "fall"):
        return {"rise": "up", "fall": "down"}[kind]
    if kind == "none":
        return f"no change: {shown(row['agrees_low'], unit).split(' ')[0]} to {shown(row['agrees_high'], unit)}"
    return "" if kind == "new" else shown(row["published"], unit)
