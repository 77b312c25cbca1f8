"""Draws the policies that are read for the gold of policies, shows them to a reader, and gathers what was read.

    python corpus/gold/read.py draw --seed 70
    python corpus/gold/read.py show --archives archives --into sheets
    python corpus/gold/read.py gather --archives archives --first sheets --second other-sheets

`draw` writes `policies_read.csv` and never over one that exists. In each era every service is as likely to be drawn:
by steps of equal width through a list sorted by owner, so that owners are spread; its policy is its last of the era,
which is what `findings.share_by_era` counts. No service is drawn twice, and `weight` makes up for it. What rules may
be tuned on is parted by lot from what is only scored, and a part is drawn that a second reader reads too.

`show` writes a sheet a policy: its segments, numbered, heading by heading, and nothing that the program says of them.
The answer to `agame.com@2016-07-07.txt` is `agame.com@2016-07-07.tsv` beside it: the line `page`, tab, `policy` or
`not`, and for each segment a line: its number, tab, letters of the clause categories or N, tab, cues. `gather` writes
`segments_read.csv`; it refuses a policy of which a segment was not read.
"""

import argparse
import random
from pathlib import Path

import pandas as pd

from privacylab import files, findings, normalize, paths, tables
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
    return drawn.assign(page="")[list(gold.POLICY_FIELDS)]


def texts(drawn: pd.DataFrame, archives: Path) -> dict[str, list[Segment]]:
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


def answer(path: Path) -> tuple[str, dict[int, tuple[str, str]]]:
    """What a reader wrote of a policy: the page, and letters and cues by position."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    said = {key: [field.strip() for field in (*fields, "", "")[:2]] for key, *fields in rows}
    if len(said) < len(rows):
        raise SystemExit(f"{path} has two lines of the same number")
    page, _ = said.pop("page", ("", ""))
    return page, {int(key): (letters, " ".join(sorted(set(cues.split())))) for key, (letters, cues) in said.items()}


def gather(drawn: pd.DataFrame, parts: dict[str, list[Segment]], first: Path, second: Path) -> pd.DataFrame:
    """The labels of every segment, with those of a second reader where there is one; fills in the drawn ``page``."""
    rows = []
    for number, row in drawn.iterrows():
        ids = [annotate.hex_id(cache.segment_id(part)) for part in parts[row["policy_id"]]]
        readings = [first, second][: row["readers"]]
        pages, said = zip(*(answer(folder / f"{row['policy_id']}.tsv") for folder in readings), strict=True)
        for folder, labelled in zip(readings, said, strict=True):
            if sorted(labelled) != list(range(len(ids))):
                raise SystemExit(f"{folder}: {row['policy_id']} has segments that were not read, or too many")
        drawn.loc[number, "page"] = pages[0]
        blank = ("", "")
        for position, segment_id in enumerate(ids):
            one, other = said[0][position], said[1][position] if len(said) > 1 else blank
            rows.append((row["policy_id"], position, segment_id, *one, *other))
    return pd.DataFrame(rows, columns=list(gold.SEGMENT_FIELDS))


def main() -> None:
    """Draws, shows or gathers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("draw", "show", "gather"))
    parser.add_argument("--seed", type=int, default=0)
    for name in ("--archives", "--into", "--first", "--second"):
        parser.add_argument(name, type=Path)
    options = parser.parse_args()
    if options.step == "draw":
        with (HERE / gold.POLICIES).open("x", encoding="utf-8", newline="") as file:
            draw(options.seed).to_csv(file, index=False, lineterminator="\n")
        return
    drawn = gold.policy_labels(HERE).policies
    parts = texts(drawn, options.archives)
    if options.step == "show":
        for policy_id, segments_of in parts.items():
            (options.into / f"{policy_id}.txt").write_text(sheet(segments_of), encoding="utf-8")
        return
    rows = gather(drawn, parts, options.first, options.second)
    for name, frame in ((gold.SEGMENTS, rows), (gold.POLICIES, drawn)):
        with files.replacing(HERE / name) as staging:
            frame.to_csv(staging, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
