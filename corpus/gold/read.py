"""Draws the policies that are read for the gold of policies, shows them to a reader, and gathers what was read.

    python corpus/gold/read.py draw --seed 70
    python corpus/gold/read.py show --archives archives --into sheets
    python corpus/gold/read.py gather --first answers --second more-answers

`draw` writes `policies_read.csv` and never over one that exists. In each era every service is as likely to be drawn:
by steps of equal width through a list sorted by owner, so that owners are spread; its policy is its last of the era,
which is what `findings.share_by_era` counts. No service is drawn twice, and `weight` makes up for it. What rules may
be tuned on is parted by lot from what is only scored, and a part is drawn that a second reader reads too.

`show` writes a sheet a policy: its segments, numbered, heading by heading, and nothing that the program says of them.
An answer is a file of the same name: the line `page`, tab, `policy` or `not`, and a line for each segment: its number,
letters of the clause categories or N, cues. `gather` refuses a policy of which a segment was not read.
"""

import argparse
import csv
import random
from pathlib import Path

import pandas as pd

from privacylab import findings, normalize, paths, tables
from privacylab.build import annotate, cache
from privacylab.clauses import labels
from privacylab.findings import gold
from privacylab.text.segments import Segment, segments

HERE = Path(__file__).parent
# The smallest first: a service of several eras is drawn where there are few.
ERAS = ("gap", "privacy_shield", "safe_harbor", "gdpr")
N_POLICIES, N_TUNE, N_SECOND = 50, 10, (13, 12, 13, 12)


def draw(seed: int) -> pd.DataFrame:
    """The policies to read: references, weights, and what the lot says of them."""
    rng = random.Random(seed)
    corpus = tables.Corpus.open(paths.corpus())
    policies = corpus.policies()
    every = findings.observations(policies, by="era").merge(policies[["policy_id", "source", "n_segments"]])
    every = every.merge(corpus.services()[["service", "owner"]], on="service")
    every["owner"] = every["owner"].fillna(every["service"])
    never = pd.Series(1.0, index=every["service"].unique())  # the probability that a service was not drawn before
    taken: set[str] = set()
    frames = []
    for era, n_second in zip(ERAS, N_SECOND, strict=True):
        here = every[(every["era"] == era) & ~every["service"].isin(taken)].sort_values("service")
        order = {owner: rng.random() for owner in sorted(here["owner"].unique())}
        here = here.assign(order=here["owner"].map(order)).sort_values(["order", "service"])
        step = len(here) / N_POLICIES
        first = rng.random() * step
        drawn = here.iloc[[int(first + i * step) for i in range(N_POLICIES)]]
        drawn = drawn.assign(weight=1 / (never[drawn["service"]].to_numpy() / step))
        lot = rng.sample(range(N_POLICIES), N_POLICIES)
        drawn["part"] = ["tune" if place < N_TUNE else "score" for place in lot]
        lot = rng.sample(range(N_POLICIES), N_POLICIES)
        drawn["readers"] = [2 if place < n_second else 1 for place in lot]
        never[here["service"]] *= 1 - 1 / step
        taken |= set(drawn["service"])
        frames.append(drawn.sort_values("service"))
    drawn = pd.concat(frames, ignore_index=True)
    drawn["weight"] = drawn["weight"].round(3)
    return drawn[[column for column in gold.POLICY_FIELDS if column != "page"]].assign(page="")


def read(drawn: pd.DataFrame, archives: Path) -> dict[str, list[Segment]]:
    """The segments of each drawn policy, by its id; they are those of the panel, or an error names the policy."""
    corpus = tables.Corpus.open(paths.corpus())
    ids = corpus.occurrences(columns=["policy_id", "segment_id"]).groupby("policy_id")["segment_id"].agg(list)
    versions = labels.versions(drawn, archives)
    result = {}
    for row in drawn.to_dict("records"):
        version = versions[row["collection"], row["source"]]
        parts = segments(normalize.blocks(version.data, media_type=version.media_type))
        if [annotate.hex_id(cache.segment_id(part)) for part in parts] != ids[row["policy_id"]]:
            raise SystemExit(f"{row['policy_id']} is no longer read as in the panel: build the panel anew")
        result[row["policy_id"]] = parts
    return result


def sheet(parts: list[Segment]) -> str:
    """A policy as its reader sees it."""
    lines, heading = [], None
    for position, part in enumerate(parts):
        if part.heading != heading:
            heading = part.heading
            lines.append(f"\n## {heading or '(no heading)'}")
        lines.append(f"[{position}] {part.text}")
    return "\n".join(lines).strip() + "\n"
