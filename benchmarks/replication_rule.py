"""What the three columns of `findings.compare` say when the truth is the published value, half of it, or none.

    python benchmarks/replication_rule.py

A published rise of 6 points and a claim of no change within 5 points, tested in 120, 400 and 1,600 services, of which
three count for two as owners hold several. 2,000 corpora a cell, estimated as `findings.paired` does. Prints the
table and writes `results/replication_rule.csv`: how often each sign is told, how often the published value lies in the
interval, how often |z| is above 1.96 against a source with an error of 1 point, and the middle of `times`. Takes some
seconds.

What it says, with 400 services: of a true rise *agrees* in 80% of the corpora, of half of it in 36%, of none in 2%
(*opposite* as rarely): a rise of 3 points is often *not shown*, and that is no evidence against it. The published
value lies in the interval in 95% where it is true, still in 62% where half of it is, and in 3% where nothing rose:
*inside* rules out an absent effect, not a smaller one; `times` is right in the middle throughout. Of no change *no
change shown* comes in 88% where it is true, in 30% with a rise of 3 points and in 2% with one of 6, which is beyond
the margin; with 120 services it is hardly ever told.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from privacylab import findings
from privacylab.findings import intervals

RISE, MARGIN, ERROR = 0.06, 0.05, 0.01
SERVICES, TRUTHS, CORPORA, LOST, DESIGN = (120, 400, 1600), (1.0, 0.5, 0.0), 2000, 0.03, 1.5
"""``LOST``: the share of services that lose what as many others gain; a true rise comes on top. ``DESIGN``: services
that are one voice, as those of one owner."""
RESULTS = Path(__file__).parent / "results" / "replication_rule.csv"


def estimates(services: int, rise: float, *, corpora: int, seed: int) -> pd.DataFrame:
    """Paired changes of so many corpora: ``n``, ``value``, ``low``, ``high``, ``p_equivalence`` (`findings.paired`)."""
    rng = np.random.default_rng(seed)
    number = round(services / DESIGN)
    gained, lost, _ = rng.multinomial(number, [LOST + rise, LOST, 1 - 2 * LOST - rise], size=corpora).T
    up, down = (gained + 1) / (number + 2), (lost + 1) / (number + 2)
    error = np.sqrt((up + down - (up - down) ** 2) / (number + 2))
    half, centre = intervals.Z * error, up - down
    p = findings.equivalence(centre, error, margin=MARGIN)
    value = (gained - lost) / number
    return pd.DataFrame(
        {"n": services, "value": value, "low": centre - half, "high": centre + half, "p_equivalence": p}
    )


def told(services: int, truth: float, *, corpora: int = CORPORA, seed: int = intervals.SEED) -> list[dict[str, object]]:
    """The columns of a published rise and of a claim of no change, as shares of the corpora."""
    claims = {
        "rise": findings.Finding("1", "", "", direction="up", unit="points", published=RISE, error=ERROR),
        "no change": findings.Finding("2", "", "", direction="none", unit="points", margin=MARGIN),
    }
    found = estimates(services, truth * RISE, corpora=corpora, seed=seed).to_dict("records")
    rows = []
    for name, claim in claims.items():
        columns = pd.DataFrame([findings.compare(claim, row) for row in found])
        signs = columns["sign"].value_counts(normalize=True).round(3).to_dict()
        row = {"claim": name, "truth": truth, "services": services, **signs}
        if name == "rise":
            row |= {"inside": columns["inside"].mean().round(3), "times": columns["times"].median().round(2)}
            row["z above 1.96"] = (columns["z"].abs() > intervals.Z).mean().round(3)
        rows.append(row)
    return rows


if __name__ == "__main__":
    table = pd.DataFrame([row for truth in TRUTHS for n in SERVICES for row in told(n, truth)])
    table = table.sort_values(["claim", "truth", "services"], ascending=[False, False, True])
    signs = ["agrees", "opposite", "not shown", "no change shown"]
    table = table.fillna(dict.fromkeys(signs, 0.0))
    table.to_csv(RESULTS, index=False)
    print(table.to_string(index=False))
