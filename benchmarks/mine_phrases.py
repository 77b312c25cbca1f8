"""Mines the two-word phrases of rules/phrases.txt from a corpus with text.

A pair of neighbouring content words is a phrase if it stands in the texts of many services and its words prefer each
other: normalised pointwise mutual information (Bouma 2009) over distinct segments. Usage:

    python benchmarks/mine_phrases.py CORPUS > privacylab/rules/phrases.txt
"""

import math
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

from privacylab import tables
from privacylab.text.counts import content_words

MIN_SEGMENTS = 80
MIN_SERVICES = 40
MIN_NPMI = 0.20
MOST = 1500


def main(folder: Path) -> None:
    """Prints the phrases in alphabetical order."""
    corpus = tables.Corpus.open(folder)
    services = _services(corpus)
    words: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    seen_in: dict[tuple[str, str], set[str]] = {}
    segments = corpus.segments(columns=["segment_id", "text"])
    for segment_id, text in zip(segments["segment_id"], segments["text"], strict=True):
        found = content_words(text)
        words.update({word for word in found if word})
        for pair in {pair for pair in pairwise(found) if all(pair) and pair[0] != pair[1]}:
            pairs[pair] += 1
            if pairs[pair] <= 20 * MIN_SERVICES:
                seen_in.setdefault(pair, set()).add(services[segment_id])
    n = len(segments)
    phrases = []
    for (first, second), count in pairs.items():
        if count >= MIN_SEGMENTS and len(seen_in[first, second]) >= MIN_SERVICES:
            pmi = math.log(count * n / (words[first] * words[second]))
            npmi = pmi / -math.log(count / n)
            if npmi >= MIN_NPMI:
                phrases.append((count * npmi, f"{first}_{second}"))
    best = sorted(phrases, reverse=True)[:MOST]
    sys.stdout.write("\n".join(sorted(phrase for _, phrase in best)) + "\n")


def _services(corpus: tables.Corpus) -> dict[str, str]:
    """A service for each segment: the first in which it stands."""
    occurrences = corpus.occurrences(columns=["policy_id", "segment_id"]).drop_duplicates("segment_id")
    of_policy = corpus.policies(columns=["policy_id", "service"]).set_index("policy_id")["service"]
    return dict(zip(occurrences["segment_id"], occurrences["policy_id"].map(of_policy), strict=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
