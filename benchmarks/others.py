"""Labels that others made: GDPR Transparency 200, PrivacyPolicyLong.

    python benchmarks/others.py ARCHIVES

ARCHIVES holds ``gt200/tune.jsonl`` and ``ppl2020/``. Writes what the reading of policies is worth on the first,
``results/others_passages.csv``, and the answers of the second, ``corpus/gold/coders.csv``; notebook 4 shows both.
"""

import sys
from pathlib import Path

from privacylab import evaluate, paths

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Scores, and writes the results."""
    archives = Path(sys.argv[1])
    evaluate.passages(archives / "gt200" / "tune.jsonl").to_csv(RESULTS / "others_passages.csv", index=False)
    evaluate.answers(archives / "ppl2020").to_csv(paths.gold() / evaluate.ANSWERS, index=False)


if __name__ == "__main__":
    main()
