"""The reading of policies against labels that others made: GDPR Transparency 200, PrivacyPolicyLong.

    python benchmarks/others.py ARCHIVES CORPUS

ARCHIVES holds ``gt200/tune.jsonl`` and ``ppl2020/``; CORPUS is what is held against the coders' answers. Writes
``results/others_passages.csv`` and ``results/others_coders.csv``, which notebook 4 shows.
"""

import sys
from pathlib import Path

from privacylab import evaluate, tables

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Scores, and writes the results."""
    archives, corpus = map(Path, sys.argv[1:])
    evaluate.passages(archives / "gt200" / "tune.jsonl").to_csv(RESULTS / "others_passages.csv", index=False)
    coders = evaluate.coders(archives / "ppl2020", tables.Corpus.open(corpus))
    coders.to_csv(RESULTS / "others_coders.csv", index=False)


if __name__ == "__main__":
    main()
