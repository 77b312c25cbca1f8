"""How often the steps of `findings.steps` are found where nothing happens, and where something does.

    python benchmarks/placebo.py [--runs 200] [--seed 0]

Each run makes a panel of services over the calendar of half-years and legal dates. Services have levels of their own
and enter and leave; a quarter of them share an owner and its texts. The rates are those of the embedded panel's quiet
half-years: clauses are gained by 1 to 5% of the services without, lost by 1 to 2% of those with; words change in one
text of four. Four outcomes:

- ``steady``: a clause gained at one rate;
- ``rising``: the rate grows from nothing to 6% in a half-year, a slow trend that bends;
- ``step``: as steady, but a quarter of those without gain it in the GDPR's half-year;
- ``amount``: a walk of log words.

Prints the share of tests with p < .05 and writes `results/placebo.csv`: at placebo dates it should be near 5% and is at
most 7%, also in panels with a step elsewhere; the step itself is found in nine runs of ten or more.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from privacylab import findings

RESULTS = Path(__file__).parent / "results"
ENDS = pd.date_range("2013-03-31", "2026-03-31", freq="6ME")
KINDS = ("steady", "rising", "step", "amount")
GDPR = int(ENDS.searchsorted(pd.Timestamp("2018-05-25")))
MOST, LEAST = 0.07, 0.9


def simulated(kind: str, services: int, *, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A panel of half-years and an outcome.

    Args:
        kind: One of `KINDS`.
        services: How many.
        seed: For all of it.

    Returns:
        The panel as `findings.panel` gives it, and the outcome by policy.
    """
    rng = np.random.default_rng(seed)
    shape = (services, len(ENDS))
    owner = np.where(rng.random(services) < 0.25, rng.integers(0, max(services // 12, 1), services), -1)
    owner = np.where(owner < 0, services + np.arange(services), owner)
    drawn = rng.random((2 * services, len(ENDS)))[owner]  # an owner's services draw alike
    if kind == "amount":
        moves = np.where(drawn < 0.25, rng.standard_t(4, (2 * services, len(ENDS)))[owner] * 0.18 + 0.05, 0.0)
        values = rng.normal(8, 0.8, (services, 1)) + moves.cumsum(axis=1)
    else:
        rate = np.linspace(0, 0.06, len(ENDS)) if kind == "rising" else np.full(len(ENDS), 0.03)
        rate[GDPR] = 0.25 if kind == "step" else rate[GDPR]
        values = np.zeros(shape, dtype=bool)
        for t in range(1, len(ENDS)):
            held = values[:, t - 1]
            values[:, t] = np.where(held, drawn[:, t] > 0.015, drawn[:, t] < rate[t])
    first, last = rng.integers(0, 16, services), rng.integers(12, len(ENDS), services)
    seen = (np.arange(len(ENDS)) >= first[:, None]) & (np.arange(len(ENDS)) <= last[:, None])
    who, when = np.nonzero(seen)
    panel = pd.DataFrame({"service": [f"s{i:04}" for i in who], "collection": "simulated", "owner": owner[who]})
    panel = panel.assign(period=when, end=ENDS[when], policy_id=[f"{i}@{t}" for i, t in zip(who, when, strict=True)])
    return panel, pd.DataFrame({kind: values[seen]}, index=panel["policy_id"])


def table(*, runs: int, seed: int = 0, services: tuple[int, ...] = (200, 500)) -> pd.DataFrame:
    """The share of tests with p < .05, for each outcome, number of services, move and kind of date."""
    rows = []
    for kind in KINDS:
        for n in services:
            found = pd.concat([findings.steps(*simulated(kind, n, seed=seed + run)) for run in range(runs)])
            found = found[(found["kind"] == "placebo") | ((kind == "step") & (found["event"] == "gdpr"))]
            found = found[found["p"].notna() & (found["move"] != "loss")]
            for at, part in found.groupby("kind"):
                counts = {"tests": len(part), "significant": int((part["p"] < 0.05).sum())}
                rows.append({"outcome": kind, "services": n, "runs": runs, "at": at, **counts})
    return pd.DataFrame(rows).assign(share=lambda made: (made["significant"] / made["tests"]).round(3))


def main() -> int:
    """Prints the table, writes it, and fails if placebos are found too often, or the step too seldom."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    made = table(runs=options.runs, seed=options.seed)
    print(made.to_string(index=False))
    RESULTS.mkdir(exist_ok=True)
    made.to_csv(RESULTS / "placebo.csv", index=False, lineterminator="\n")
    placebo = made["at"] == "placebo"
    return int((made.loc[placebo, "share"] > MOST).any() or (made.loc[~placebo, "share"] < LEAST).any())


if __name__ == "__main__":
    sys.exit(main())
