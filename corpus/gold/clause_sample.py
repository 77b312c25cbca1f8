"""Draws the segments whose clause categories people then label by reading: one subcommand for each set.

- `segments`: 100 segments an era with known probabilities of being drawn, so that rare categories are met.
- `training`: segments of services that stand in neither, to learn from.

A draw is made before anything is labelled and never after: it refuses to write over a file that exists. What is stored
are references (archive, source, characters of the decoded text; a heading of up to eight words), never text;
`--show FILE` writes the texts for the reader. Example:

    python corpus/gold/clause_sample.py segments --tosback tosback2.git --ota contrib-versions.git \
        --through-time privacy-policies-through-time --seed 41 --out clause_segments.csv --show /tmp/read.txt

How often the program is right about a policy is told by policies that were read whole: `read.py`.
"""

import argparse
import csv
import random
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from privacylab import clauses, normalize, paths, tables
from privacylab.tables import schema
from privacylab.text.segments import segments as segments_of

MEDIA_TYPES = {"tosback2": "text/html", "ota": "text/markdown", "through-time": "text/plain"}

# Copied on purpose: the strata of a draw that is made must not move when an era does. The gap between Safe Harbor and
# the Privacy Shield is left out, and the GDPR's years are cut in two.
ERAS = (
    ("safe_harbor", "2000-07-26", "2015-10-06"),
    ("privacy_shield", "2016-07-12", "2018-05-25"),
    ("gdpr_to_2020", "2018-05-25", "2021-01-01"),
    ("gdpr_from_2021", "2021-01-01", "9999-12-31"),
)
N_SEGMENTS, N_TRAINING = 100, 750
FIELDS = ("collection", "source", "era", "service", "start", "end", "heading", "stratum", "weight", "scores", "label")


class Found(NamedTuple):
    """A segment of a policy: characters `start` to `end` of its decoded text, and its ten scores in percent."""

    policy: pd.Series
    start: int
    end: int
    heading: str | None
    text: str
    scores: np.ndarray

    def row(self, stratum: str, weight: float) -> tuple[object, ...]:
        """A row of the gold file, its label left to the reader."""
        heading = self.heading if self.heading and self.heading.count(" ") < 8 else ""
        scores = " ".join(map(str, self.scores))
        one = self.policy
        return (
            *(one.collection, one.source, one.stratum, one.service, self.start, self.end),
            *(heading, stratum, f"{weight:.3f}", scores, ""),
        )


def words(text: str) -> list[tuple[str, int, int]]:
    """The words of a text in small letters, with where they stand."""
    return [(match.group().lower(), match.start(), match.end()) for match in re.finditer(r"[^\W_]+", text)]


def spans(raw: str, texts: Sequence[str]) -> Iterator[tuple[int, int] | None]:
    """Where each text, in order, stands in the raw text it was read from; None where the words do not agree."""
    there = words(raw)
    plain = [word for word, _, _ in there]
    cursor = 0
    for text in texts:
        wanted = [word for word, _, _ in words(text)]
        key = wanted[:4]
        first = next((i for i in range(cursor, len(plain)) if plain[i : i + len(key)] == key), None) if key else None
        if first is None:
            yield None
            continue
        tail = wanted[-3:]
        ends = range(first + len(wanted) - len(tail), min(len(plain), first + 2 * len(wanted) + 40))
        last = next((i for i in ends if plain[i : i + len(tail)] == tail), None)
        if last is None:
            yield None
            continue
        cursor = last + len(tail)
        start, end = there[first][1], there[cursor - 1][2]
        again = " ".join(block.text for block in normalize.blocks(raw[start:end], media_type="text/html"))
        same = set(wanted) & {word for word, _, _ in words(again)}
        yield (start, end) if len(same) >= 0.9 * len(set(wanted)) else None


def read(policy: pd.Series, roots: dict[str, Path]) -> str:
    """The decoded text of a policy, as the archive holds it."""
    root = roots[policy.collection]
    if "@" not in policy.source:
        return next(root.rglob(Path(policy.source).name)).read_bytes().decode("utf-8", errors="replace")
    command = ["git", "-C", str(root), "cat-file", "blob", policy.source.rpartition("@")[2]]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8", errors="replace")


def found(policies: Iterable[pd.Series], roots: dict[str, Path]) -> Iterator[list[Found]]:
    """The segments of each policy, those whose place in the raw text is known."""
    model = clauses.load()
    for policy in policies:
        raw = read(policy, roots)
        parts = segments_of(normalize.blocks(raw, media_type=MEDIA_TYPES[policy.collection]))
        scores = np.rint(100 * model.scores([p.text for p in parts], [p.heading for p in parts])).astype(int)
        places = spans(raw, [part.text for part in parts])
        yield [
            Found(policy, *place, part.heading, part.text, score)
            for part, place, score in zip(parts, places, scores, strict=True)
            if place is not None
        ]


def drawn_policies(rng: random.Random, n: int, without: set[str]) -> list[pd.Series]:
    """`n` policies of each era, each service equally likely and drawn once an era, none of the services `without`."""
    every = tables.Corpus.open(paths.corpus()).policies()
    every = every[(every["document"] == "main") & ~every["service"].isin(without)].sort_values("policy_id")
    result = []
    for era, start, end in ERAS:
        here = every[(every["date"] >= start) & (every["date"] < end)].assign(stratum=era)
        of_service = {service: group for service, group in here.groupby("service")}
        services = rng.sample(sorted(of_service), min(n, len(of_service)))
        result += [of_service[service].iloc[rng.randrange(len(of_service[service]))] for service in services]
    return result


def rarest(scores: np.ndarray, thresholds: np.ndarray, rank: np.ndarray) -> int:
    """The rarest category that the program gives a segment; 10 where it gives none."""
    given = [int(i) for i in np.flatnonzero(scores >= thresholds)]
    return min(given, key=lambda i: rank[i]) if given else len(schema.CATEGORIES)


def stratified(pool: list[Found], n: int, rng: random.Random) -> list[tuple[Found, str, float]]:
    """`n` segments, as evenly as can be over the rarest category that each is given; with the weight of each."""
    thresholds = np.ceil(np.round(100 * clauses.load().thresholds, 6))
    rank = np.argsort(np.argsort(sum((one.scores >= thresholds for one in pool), np.zeros(len(schema.CATEGORIES)))))
    strata: defaultdict[int, list[Found]] = defaultdict(list)
    for one in pool:
        strata[rarest(one.scores, thresholds, rank)].append(one)
    result = []
    left, waiting = n, sorted(strata, key=lambda stratum: (len(strata[stratum]), stratum))
    for i, stratum in enumerate(waiting):
        quota = min(len(strata[stratum]), left // (len(waiting) - i))
        left -= quota
        name = (*schema.CATEGORIES, "none")[stratum]
        weight = len(strata[stratum]) / quota if quota else 0.0
        result += [(one, name, weight) for one in rng.sample(strata[stratum], quota)]
    return result


def segments(options: argparse.Namespace, roots: dict[str, Path], rng: random.Random) -> list[tuple[Found, str, float]]:
    """The `segments` set: the pool of an era are the distinct segments of 200 policies."""
    return _of_each_era(drawn_policies(rng, 200, set()), roots, N_SEGMENTS, rng)


def training(options: argparse.Namespace, roots: dict[str, Path], rng: random.Random) -> list[tuple[Found, str, float]]:
    """The `training` set: no service of the other two sets (`--without`)."""
    taken = {row["service"] for name in options.without for row in csv.DictReader(name.open(encoding="utf-8"))}
    return _of_each_era(drawn_policies(rng, 250, taken), roots, N_TRAINING, rng)


def _of_each_era(
    drawn: list[pd.Series], roots: dict[str, Path], n: int, rng: random.Random
) -> list[tuple[Found, str, float]]:
    pools: defaultdict[str, dict[str, Found]] = defaultdict(dict)
    for parts in found(drawn, roots):
        for one in parts:
            key = " ".join(word for word, _, _ in words(one.text))
            pools[one.policy.stratum].setdefault(key, one)
    return [row for era, _, _ in ERAS for row in stratified(list(pools[era].values()), n, rng)]


def main() -> None:
    """Draws one set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("segments", "training"))
    for name in ("--tosback", "--ota", "--through-time", "--out", "--show"):
        parser.add_argument(name, type=Path, required=name != "--show")
    parser.add_argument("--without", type=Path, nargs="*", default=[], help="sets whose services must not be drawn")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    roots = {"tosback2": options.tosback, "ota": options.ota, "through-time": options.through_time}
    rows = globals()[options.set](options, roots, random.Random(options.seed))
    with options.out.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(FIELDS)
        writer.writerows(one.row(stratum, weight) for one, stratum, weight in rows)
    if options.show:
        texts = (f"### {i}\n[{one.heading or '-'}]\n{one.text}\n" for i, (one, _, _) in enumerate(rows))
        options.show.write_text("\n".join(texts), encoding="utf-8")


if __name__ == "__main__":
    main()
