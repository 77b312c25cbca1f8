"""How often the 95% intervals hold the truth: simulated corpora and gold sets on a fixed grid.

    python benchmarks/interval_coverage.py

The services and owners are those of the panel's four eras, and a group of 30 services. Of each service its owner's text
is taken with probability ``alike``: then it has what the owner has, and the finder is right or wrong as it is there.
True shares of 2, 20 and 80%, a finder of sensitivity and specificity .7/.95 and .9/.99, a gold of 40 services, drawn in
equal steps through the list sorted by owner. 1,000 corpora a cell; each is counted raw (Wilson with the effective
number of services), and corrected with the two estimators of `findings.corrected`; ``unclustered`` is the
prediction-powered share as if every service were its own owner. Prints the table and writes `results/coverage.csv`:
coverage, its Monte-Carlo error, the mean width, and the share of corpora in which the estimate exists (Rogan and
Gladen's needs 10 services of either label). Takes half a minute.

Cells outside 93 to 97%, and what to use there instead:

- Prediction-powered, 2% or 20% by the finder of .9/.99: 97 to 99%, too wide, on the safe side. With 40 policies the
  gold holds eight that have the clause, or one, and Jeffreys' prior weighs. Label more where it matters. Nowhere is it
  below 93%.
- Rogan and Gladen, where it exists at all (a quarter of the corpora at 20% and 80%, none at 2%): 91 to 99.6%. Use the
  prediction-powered share.
- Raw: as good as never. A share that is not corrected is "found in", never "has".
"""

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from privacylab import findings, paths, tables

SHARES, FINDERS, ALIKE, GOLD = (0.02, 0.2, 0.8), ((0.7, 0.95), (0.9, 0.99)), (0.0, 0.8), 40
SIMULATIONS, RESAMPLES = 1000, 500
LOW, HIGH = 0.93, 0.97
RESULTS = Path(__file__).parent / "results" / "coverage.csv"


def owners() -> dict[str, np.ndarray]:
    """The owner of each service of an era of the panel, sorted; and of 30 services of one of them."""
    corpus = tables.Corpus.open(paths.corpus())
    observed = findings.observations(findings.with_owners(corpus.policies(), corpus.services()))
    of_era = observed.groupby("era", observed=True)["owner"].agg(sorted)
    eras = {str(era): np.array(names) for era, names in of_era.items() if len(names) > GOLD}
    return {**eras, "a group": eras["gap"][100:130]}


def intervals(
    of: np.ndarray, share: float, finder: tuple[float, float], alike: float, *, simulations: int, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Low and high of each method for so many simulated corpora; null where the method gives none."""
    rng = np.random.default_rng(seed)
    sensitivity, specificity = finder
    # Found and there, missed, false alarm, rightly not found.
    odds = [share * sensitivity, share * (1 - sensitivity), (1 - share) * (1 - specificity), (1 - share) * specificity]
    codes, n = pd.factorize(of)[0], len(of)

    def kinds(codes: np.ndarray) -> np.ndarray:
        owned = rng.choice(4, p=odds, size=(codes.max() + 1, simulations))[codes]
        own = rng.choice(4, p=odds, size=(len(codes), simulations))
        return np.where(rng.random(own.shape) < alike, owned, own)

    kind = kinds(codes)
    found = np.isin(kind, (0, 2)).astype(float)
    value, number = found.mean(axis=0), findings.effective_number(found, of)
    # A group's gold is its era's: other services.
    population, labels = (kind, codes) if n > GOLD else (kinds(np.arange(10 * GOLD)), np.arange(10 * GOLD))
    size = len(labels)
    place = ((rng.random(simulations) + np.arange(GOLD)[:, None]) * size / GOLD).astype(int)
    read, owner = np.take_along_axis(population, place, axis=0), labels[place]
    sizes = np.array([(np.bincount(column) ** 2).sum() for column in owner.T])
    counts = [(read == each).sum(axis=0) * GOLD / sizes for each in range(4)]
    carried = np.minimum((read < 2).sum(axis=0), (read > 1).sum(axis=0)) >= findings.NEEDED
    made = {}
    for name, draw, services in (
        ("rogan_gladen", findings.rogan_gladen_draws, number),
        ("ppi", findings.ppi_draws, number),
        ("unclustered", findings.ppi_draws, np.full(simulations, float(n))),
    ):
        apparent = findings.share_draws(value * services, (1 - value) * services, rng, RESAMPLES)
        low, high = findings.percentiles(draw(apparent, counts, rng).T)
        exists = carried if name == "rogan_gladen" else np.full(simulations, True)
        made[name] = (np.where(exists, low, np.nan), np.where(exists, high, np.nan))
    return {"raw": findings.wilson(value * number, number), **made}


def table(*, simulations: int = SIMULATIONS, seed: int = 0) -> pd.DataFrame:
    """The whole grid: how often each method's interval held the share, among the corpora in which there is one."""
    rows = []
    for i, ((name, of), share, finder, alike) in enumerate(product(owners().items(), SHARES, FINDERS, ALIKE)):
        made = intervals(of, share, finder, alike, simulations=simulations, seed=seed + i)
        for method, (low, high) in made.items():
            known = ~np.isnan(low)
            size = int(known.sum())
            held = float(((low <= share) & (share <= high))[known].mean()) if size else np.nan
            width = float((high - low)[known].mean()) if size else np.nan
            error = np.sqrt(held * (1 - held) / size) if size else np.nan
            where = (name, len(of), len(set(of)), alike, share, *finder, GOLD)
            rows.append((*where, method, held, error, width, size / simulations))
    names = ["services", "n", "owners", "alike", "share", "sensitivity", "specificity", "gold"]
    return pd.DataFrame(rows, columns=[*names, "method", "coverage", "error", "width", "exists"])


def main() -> None:
    """Prints the table, the cells outside 93 to 97%, and writes the CSV."""
    found = table()
    found.round(4).to_csv(RESULTS, index=False, lineterminator="\n")
    keys = ["n", "owners", "alike", "share", "sensitivity"]
    print(found.pivot_table(index=keys, columns="method", values=["coverage", "width"]).round(3).to_string())
    outside = found[found["method"].isin(["rogan_gladen", "ppi"]) & ~found["coverage"].between(LOW, HIGH)]
    print("\nOutside 93 to 97%, corrected:")
    print(outside.dropna(subset="coverage").round(3).to_string(index=False))


if __name__ == "__main__":
    main()
