"""How right the half-life of claims is in a simulated archive of changes, beside Turnbull's estimate.

    python benchmarks/survival.py

120 services of 80 owners claim a framework on day 0; claims end after times with a median of 500 or 900 days, those of
an owner together. Texts also change for other reasons, about once in 200 days. A crawler looks every
day and writes only changes down; its crawls fail for runs of 20 days on a tenth of the days, sites are lost for
good after 2,000 days in the mean, and the archive ends on day 1,500. What it wrote goes through `findings.spells` and
`findings.half_life` (owners resampled), and the same sightings through lifelines' Turnbull estimate. The bias of both
medians, and how often the interval of the first holds the truth. Takes ten minutes.

The first is too long by a tenth, and its interval too narrow for that: a site that was lost looks like one that stays
as it was until a year after its last sighting. The bounds of `findings.half_life` say how much that may be.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter

from privacylab import findings

SERVICES, OWNERS, END, RUNS = 120, 80, 1500, 200
RESULTS = Path(__file__).parent / "results" / "survival.csv"
START = pd.Timestamp("2015-10-05")


def archive(rng: np.random.Generator, median: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The ledger of a simulated archive, and the owner of each service."""
    owner = np.sort(rng.integers(0, OWNERS, SERVICES))
    life = np.ceil(rng.exponential(median / np.log(2), OWNERS))[owner]
    starts = rng.integers(-30, END, END // 200)
    fails = np.zeros(END + 60, dtype=bool)
    for start in starts:
        fails[max(start, 0) : start + 20] = True
    rows = []
    for service in range(SERVICES):
        lost = min(END, rng.exponential(2000))
        changes = np.cumsum(rng.exponential(200, 40)).astype(int)
        written = [-10, *changes[changes < END], *([int(life[service])] if life[service] < END else [])]
        for day in sorted(set(written)):
            seen = day
            while seen >= 0 and fails[seen]:
                seen += 1  # the next crawl that works writes it down
            if seen < lost:
                claims = [] if seen >= life[service] else ["safe_harbor:adheres"]
                rows.append((f"s{service:03}", START + pd.Timedelta(days=seen), claims))
    frame = pd.DataFrame(rows, columns=["service", "date", "claims"]).drop_duplicates(["service", "date"], keep="last")
    frame = frame.assign(
        collection="crawl", document="main", status="kept", version_id=np.arange(len(frame)).astype(str)
    )
    return frame, pd.DataFrame({"service": [f"s{i:03}" for i in range(SERVICES)], "owner": owner.astype(str)})


def turnbull(versions: pd.DataFrame) -> float:
    """The median of lifelines' Turnbull estimate from the last sighting with the claim and the first without."""
    seen = findings.sightings(versions).assign(claimed=lambda rows: rows["claims"].map(len) > 0)
    days = (seen["date"] - START).dt.days.clip(lower=0)
    left = days[seen["claimed"]].groupby(seen["service"]).max()
    right = days[~seen["claimed"]].groupby(seen["service"]).min().reindex(left.index).astype(float).fillna(np.inf)
    keep = right > left
    fitter = KaplanMeierFitter().fit_interval_censoring(left[keep], right[keep])
    curve = fitter.survival_function_.mean(axis=1)
    return float(curve.index[curve <= 0.5].min())


def table(*, runs: int = RUNS, seed: int = 0) -> pd.DataFrame:
    """Bias of both medians, and coverage of ours."""
    rows = []
    for median in (500, 900):
        rng = np.random.default_rng(seed)
        ours, theirs, covered = [], [], 0
        for _ in range(runs):
            versions, owners = archive(rng, median)
            dates = pd.DataFrame({"document": "main", "date": versions["date"], "effective_date": None})
            policies = dates.assign(service=versions["service"]).merge(owners).astype({"effective_date": "str"})
            spells = findings.spells(versions, "safe_harbor", at=START.date(), policies=policies)
            life = findings.half_life(spells).iloc[0]
            ours.append(life["value"])
            theirs.append(turnbull(versions))
            covered += life["low"] <= median <= life["high"]
        for name, found in (("first sighting without", ours), ("Turnbull", theirs)):
            finite = np.array(found)[np.isfinite(found)]
            share = covered / runs if name.startswith("first") else np.nan
            rows.append((median, name, len(finite), np.median(finite), np.median(finite) / median - 1, share))
    columns = ["median", "estimate", "runs", "found", "bias", "coverage"]
    return pd.DataFrame(rows, columns=columns).round(3)


def main() -> None:
    """Prints the table and writes it."""
    found = table()
    found.to_csv(RESULTS, index=False, lineterminator="\n")
    print(found.to_string(index=False))


if __name__ == "__main__":
    main()
