"""A word-intrusion sheet for topics: which of six terms does not belong?

    python benchmarks/word_intrusion.py sheet  # fits the default model; writes the sheet, and the key beside it
    python benchmarks/word_intrusion.py score  # after the column `answer` of the sheet is filled in, without the key

Forty topics; of each its five first terms and one intruder: a term that is among the first of another topic and weighs
nothing in this one. The order of topics and of terms is shuffled with a fixed seed. `score` joins sheet and key in
`results/word_intrusion.csv`. Chance is one in six.

Reference: Chang, J. et al. (2009). Reading tea leaves: how humans interpret topic models. NeurIPS 22.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from privacylab import findings, paths, tables, topics
from privacylab.topics import reading

RESULTS = Path(__file__).parent / "results"
SHEET, KEY, SCORED = (RESULTS / f"word_intrusion{part}.csv" for part in ("_sheet", "_key", ""))
N_TOPICS, N_TERMS, SEED = 40, 5, 7
COLUMNS = [f"term{i + 1}" for i in range(N_TERMS + 1)]


def sheet(model: topics.Topics) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The sheet (``question``, six terms, ``answer``) and its key (``question``, ``topic``, ``intruder``)."""
    random = np.random.default_rng(SEED)
    first = model.topic_terms[model.topic_terms["rank"] < N_TERMS].groupby("topic")["term"].apply(list)
    all_words = model.topic_terms.groupby("topic")["term"].apply(lambda terms: {w for t in terms for w in t.split("_")})
    asked, key = [], []
    for question, topic in enumerate(random.permutation(first.index)[:N_TOPICS], start=1):
        strangers = [t for other in first.index if other != topic for t in first[other]]
        strangers = [term for term in strangers if not set(term.split("_")) & all_words[topic]]
        intruder = strangers[random.integers(len(strangers))]
        shown = [reading.written(term) for term in (*first[topic], intruder)]
        asked.append((question, *random.permutation(shown), ""))
        key.append((question, topic, shown[-1]))
    return (
        pd.DataFrame(asked, columns=["question", *COLUMNS, "answer"]),
        pd.DataFrame(key, columns=["question", "topic", "intruder"]),
    )


def fitted() -> topics.Topics:
    """The model of notebook 2."""
    corpus = tables.Corpus.open(paths.corpus())
    services = topics.services_of(corpus.occurrences(), corpus.policies())
    segments = corpus.segments(columns=["segment_id", "terms", "n_words"])
    drawn = topics.sample(segments[segments["n_words"] >= 15], services=services, n=25_000, seed=0)
    return topics.fit(drawn, n_topics=50, seed=0, services=services, names=corpus.services()["service"])


def scored() -> pd.DataFrame:
    """Sheet and key together, with ``right``.

    Raises:
        ValueError: An answer is missing, or none of the terms.
    """
    answered = pd.read_csv(SHEET, keep_default_na=False)
    wrong = [row["question"] for row in answered.to_dict("records") if row["answer"] not in [row[c] for c in COLUMNS]]
    if wrong:
        raise ValueError(f"questions {wrong} have no answer that is one of their terms: fill in the column answer")
    both = answered.merge(pd.read_csv(KEY), on="question", validate="1:1")
    return both.assign(right=both["answer"] == both["intruder"])


def main() -> None:
    """Writes the sheet and its key, or the score."""
    # numba looks for the package `coverage`, and would find the script of that name in this folder.
    sys.path = [path for path in sys.path if Path(path).resolve() != Path(__file__).resolve().parent]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("sheet", "score"))
    RESULTS.mkdir(exist_ok=True)
    if parser.parse_args().step == "sheet":
        for frame, path in zip(sheet(fitted()), (SHEET, KEY), strict=True):
            frame.to_csv(path, index=False, lineterminator="\n")
    else:
        table = scored()
        table.to_csv(SCORED, index=False, lineterminator="\n")
        right = int(table["right"].sum())
        low, high = findings.wilson(right, len(table))
        print(f"{right} of {len(table)} right: {right / len(table):.0%} (95% interval {low:.0%} to {high:.0%})")


if __name__ == "__main__":
    main()
