"""How often the 95% intervals hold the truth: simulated corpora and gold sets on a fixed grid.

    python benchmarks/interval_coverage.py

30, 200 and 1,000 services, true shares of 2, 20 and 80%, a finder of sensitivity and specificity .7/.95 and .9/.99, and
a gold of 50 services (an era's) or 200 (four eras'), drawn at random. 1,000 corpora a cell; each is counted raw
(Wilson), and corrected with the two estimators of `findings.corrected`. Prints the table and writes
`results/coverage.csv`: coverage, its Monte-Carlo error, the mean width, and the share of corpora in which the estimate
exists (Rogan and Gladen's needs 10 services of either label). Takes half a minute.

Cells outside 93 to 97%, and what to use there instead:

- Raw: 30 of 36 rows; it holds only where a good finder meets a share of 20% in up to 200 services or 2% of 30, and by
  luck at 20% of 30. Use a corrected share; without gold, read the raw share as "found in", never as "has".
- Rogan and Gladen, true share 2%: exists in at most 1% of the corpora (a gold of 200 holds four such services), and
  what there is says nothing. Use the prediction-powered share.
- Rogan and Gladen, 200 services, 80%, .7/.95, gold 50: 92.4%. Use the prediction-powered share (94.5%).
- Prediction-powered, 2%, .9/.99, gold 50, any number of services: 97.5 to 99.2%, and 1,000 services, 20%, .9/.99, gold
  50: 98.4%. Too wide, on the safe side: use it, or label more.
- Prediction-powered, 30 services, 20%, .7/.95, gold 200: 92.6%. Use Rogan and Gladen's (94.3%), or pool cells.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from privacylab import findings

SERVICES, SHARES, FINDERS, GOLD = (30, 200, 1000), (0.02, 0.2, 0.8), ((0.7, 0.95), (0.9, 0.99)), (50, 200)
SIMULATIONS, RESAMPLES = 1000, 500
LOW, HIGH = 0.93, 0.97
RESULTS = Path(__file__).parent / "results" / "coverage.csv"


def intervals(
    n: int, share: float, finder: tuple[float, float], gold: int, *, simulations: int, resamples: int, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Low and high of each method for so many simulated corpora; null where the method gives none."""
    rng = np.random.default_rng(seed)
    sensitivity, specificity = finder
    kinds = [share * sensitivity, share * (1 - sensitivity), (1 - share) * (1 - specificity), (1 - share) * specificity]
    found = rng.binomial(n, kinds[0] + kinds[2], simulations)
    counts = rng.multinomial(gold, kinds, simulations).T
    carried = (counts[0] + counts[1] >= findings.NEEDED) & (counts[2] + counts[3] >= findings.NEEDED)
    draws = {"rogan_gladen": findings.rogan_gladen_draws, "ppi": findings.ppi_draws}
    ends = {}
    for name, draw in draws.items():
        apparent = findings.share_draws(found, n - found, rng, resamples)
        ends[name] = findings.percentiles(draw(apparent, counts, rng).T)
    ends["rogan_gladen"] = tuple(np.where(carried, end, np.nan) for end in ends["rogan_gladen"])
    return {"raw": findings.wilson(found, np.full(simulations, n)), **ends}


def cell(
    n: int, share: float, finder: tuple[float, float], gold: int, *, simulations: int, resamples: int, seed: int
) -> pd.DataFrame:
    """A row for each method: how often its interval held the share, among the corpora in which there is one."""
    rows = []
    made = intervals(n, share, finder, gold, simulations=simulations, resamples=resamples, seed=seed)
    for method, (low, high) in made.items():
        known = ~np.isnan(low)
        size = int(known.sum())
        held = float(((low <= share) & (share <= high))[known].mean()) if size else np.nan
        width = float((high - low)[known].mean()) if size else np.nan
        error = np.sqrt(held * (1 - held) / size) if size else np.nan
        rows.append((method, held, error, width, size / simulations))
    names = ["method", "coverage", "error", "width", "exists"]
    grid = {"n": n, "share": share, "sensitivity": finder[0], "specificity": finder[1], "gold": gold}
    return pd.DataFrame(rows, columns=names).assign(**grid)[[*grid, *names]]


def table(*, simulations: int = SIMULATIONS, resamples: int = RESAMPLES, seed: int = 0) -> pd.DataFrame:
    """The whole grid."""
    grid = [(n, share, finder, gold) for gold in GOLD for n in SERVICES for share in SHARES for finder in FINDERS]
    options = {"simulations": simulations, "resamples": resamples}
    cells = [cell(*place, **options, seed=seed + i) for i, place in enumerate(grid)]
    return pd.concat(cells, ignore_index=True)


def main() -> None:
    """Prints the table, the cells outside 93 to 97%, and writes the CSV."""
    found = table()
    found.round(4).to_csv(RESULTS, index=False, lineterminator="\n")
    wide = found.pivot_table(
        index=["gold", "n", "share", "sensitivity"], columns="method", values=["coverage", "width", "exists"]
    )
    print(wide.round(3).to_string())
    outside = found[(found["method"] != "raw") & ~found["coverage"].between(LOW, HIGH) & found["coverage"].notna()]
    print("\nOutside 93 to 97%, corrected:")
    print(outside.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
