"""How often the event studies find an event where there is none: simulated panels of services.

    python benchmarks/placebo.py [--runs 500] [--seed 0]

Each run makes a panel in which nothing happens at the date and asks `findings.interrupted` and `findings.event_study`
for a step at it, with the windows that notebook 3 uses. Services have levels of their own; amounts wander from text
to text and rest in between, as lengths do; features are taken up by some services and given up by others; services
enter and leave. The rates are those of the embedded panel's half-years without a legal date (of its texts 60 to 70%
change in a half-year, the words by 20 to 30%; rights are taken up by 2 to 6% of the services without, given up by 1
to 3% of those with). What is taken up much faster bends as the share fills up, and a straight trend then finds steps
too often.

Prints the share of runs with p < .05 and writes `results/placebo.csv`; it should be near 5%, and at most 7%.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from privacylab import findings

RESULTS = Path(__file__).parent / "results"
EVENT, PERIODS, ZERO = "2018-05-25", 12, 8
WINDOW = {"before": 4, "after": 1}
KINDS = ("amount", "feature")


def nothing_happens(kind: str, services: int, *, seed: int) -> tuple[pd.DataFrame, "pd.Series[float]"]:
    """A panel of half-years and an outcome without an event.

    Args:
        kind: ``amount`` (a random walk that moves when a text changes) or ``feature`` (0 or 1).
        services: How many.
        seed: For all of it.

    Returns:
        The panel as `findings.panel` gives it, and the outcome by policy.
    """
    rng = np.random.default_rng(seed)
    ends = pd.date_range(end="2018-06-30", periods=ZERO + 1, freq="6ME").append(
        pd.date_range("2018-12-31", periods=PERIODS - ZERO - 1, freq="6ME")
    )
    shape = (services, PERIODS)
    changed = rng.random(shape) < 0.6
    if kind == "amount":
        moves = np.where(changed, rng.standard_t(4, shape) * 0.18 + 0.03, 0.0)
        values = rng.normal(8, 0.8, (services, 1)) + moves.cumsum(axis=1)
    else:
        held = np.zeros(shape, dtype=bool)
        held[:, 0] = rng.random(services) < 0.25
        for t in range(1, PERIODS):
            turned = changed[:, t] & (rng.random(services) < np.where(held[:, t - 1], 0.03, 0.06))
            held[:, t] = held[:, t - 1] ^ turned
        values = held.astype(float)
    first, last = rng.integers(0, ZERO, services), rng.integers(ZERO, PERIODS, services)
    seen = (np.arange(PERIODS) >= first[:, None]) & (np.arange(PERIODS) <= last[:, None])
    who, when = np.nonzero(seen)
    panel = pd.DataFrame({"service": [f"s{i:04}" for i in who], "collection": "simulated", "period": when})
    panel = panel.assign(end=ends[when], policy_id=[f"s{i:04}@{t}" for i, t in zip(who, when, strict=True)])
    return panel, pd.Series(values[seen], index=panel["policy_id"])


def significant(kind: str, services: int, *, seed: int) -> dict[str, bool]:
    """Whether each method finds a step (p < .05) in one panel without an event."""
    panel, outcome = nothing_happens(kind, services, seed=seed)
    step = findings.interrupted(panel, outcome, event=EVENT, **WINDOW).set_index("term")["p"]
    treated = sorted(panel["service"].unique())[::3]
    apart = findings.event_study(panel, outcome, event=EVENT, **WINDOW, treated=treated).set_index("period")["p"]
    return {"step": bool(step["step"] < 0.05), "group against others": bool(apart[0] < 0.05)}


def table(*, runs: int, seed: int = 0, services: tuple[int, ...] = (40, 200)) -> pd.DataFrame:
    """The share of runs with p < .05, for each kind of outcome, method and number of services."""
    rows = []
    for kind in KINDS:
        for n in services:
            found = pd.DataFrame([significant(kind, n, seed=seed + run) for run in range(runs)])
            rows += [
                {"outcome": kind, "method": method, "services": n, "runs": runs, "significant": int(hits.sum())}
                for method, hits in found.items()
            ]
    return pd.DataFrame(rows).assign(share=lambda made: (made["significant"] / made["runs"]).round(3))


def main() -> int:
    """Prints the table, writes it, and fails if a share is above 7%."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    made = table(runs=options.runs, seed=options.seed)
    print(made.to_string(index=False))
    RESULTS.mkdir(exist_ok=True)
    made.to_csv(RESULTS / "placebo.csv", index=False, lineterminator="\n")
    return int((made["share"] > 0.07).any())


if __name__ == "__main__":
    sys.exit(main())
