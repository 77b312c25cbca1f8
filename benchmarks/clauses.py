"""The clause model beside a plain TF-IDF and linear SVM: quality under the same folds, speed, size and memory.

    python benchmarks/clauses.py ../shared/data/opp115 ../shared/data

Writes `results/clauses_cv.csv` (F1 of both, per category, cross-validated over whole policies) and
`results/clauses.csv` (the summary, with the paired difference). Takes a quarter of an hour on one core.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GroupKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC

from privacylab import clauses, labelled, paths, training

RESULTS = Path(__file__).parent / "results"
NAMES = [*clauses.CATEGORIES, "micro", "macro"]
# C and class weights come near the best of a small grid under the same folds.
PLAIN_C = 0.3
# A frozen all-MiniLM-L6-v2 encoder under logistic regression, measured on valid.jsonl; it needs torch: not run here.
MINILM_VALID_MICRO = 0.687


def plain() -> Pipeline:
    """Word 1-2-grams and character 3-5-grams under a linear SVM, one a category."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    return make_pipeline(make_union(words, chars), OneVsRestClassifier(LinearSVC(C=PLAIN_C, class_weight="balanced")))


def plain_out_of_fold(data: labelled.Labelled, *, seed: int) -> training.HeldOut:
    """The plain pipeline's margins in the folds of `training.out_of_fold`."""
    margins, fold = np.zeros(data.labels.shape), np.zeros(len(data.texts), dtype=np.intp)
    splitter = GroupKFold(training.FOLDS, shuffle=True, random_state=seed)
    for k, (seen, unseen) in enumerate(splitter.split(data.texts, groups=data.policies)):
        fitted = plain().fit([data.texts[i] for i in seen], data.labels[seen])
        margins[unseen], fold[unseen] = fitted.decision_function([data.texts[i] for i in unseen]), k
    return training.HeldOut(margins, fold)


def table(given: list[np.ndarray], data: labelled.Labelled, model: str) -> pd.DataFrame:
    """F1 of each category, micro and macro, mean over seeds, with intervals by bootstrap over policies."""
    each = np.mean([training.f1(g, data.labels) for g in given], axis=0)
    values = [*each, np.mean([training.micro_f1(g, data.labels) for g in given]), each.mean()]
    spread = training.intervals(given, data)
    support = [*data.labels.sum(axis=0), data.labels.sum(), data.labels.sum()]
    columns = {"model": model, "category": NAMES, "support": support, "f1": values}
    return pd.DataFrame(columns | {"low": spread[:, 0], "high": spread[:, 1]})


def paired(ours: list[np.ndarray], theirs: list[np.ndarray], data: labelled.Labelled, draws: int = 2000) -> np.ndarray:
    """95% interval of the difference in micro-F1, the same policies drawn for both."""
    names, group = np.unique(data.policies, return_inverse=True)
    member = (group[None, :] == np.arange(len(names))[:, None]).astype(float)
    times = np.random.default_rng(0).multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)

    def micro(given: list[np.ndarray]) -> np.ndarray:
        hits = member @ np.sum([(g & data.labels).sum(axis=1) for g in given], axis=0)
        sizes = member @ np.sum([g.sum(axis=1) + data.labels.sum(axis=1) for g in given], axis=0)
        return 2 * (times @ hits) / (times @ sizes)

    return np.percentile(micro(ours) - micro(theirs), [2.5, 97.5])


def per_second(score: Callable[[list[str]], object], texts: list[str]) -> float:
    """Segments a second of processor time, best of three runs."""
    spent = []
    for _ in range(3):
        start = time.process_time()
        score(texts)
        spent.append(time.process_time() - start)
    return len(texts) / min(spent)


def on_valid(folder: Path, read: labelled.Read, vectors: training.Arrays) -> tuple[float, float]:
    """Micro-F1 on valid.jsonl of the model (fitted on train.jsonl and what was read) and of plain (on train.jsonl)."""
    train, valid = (labelled.opp115(folder, [name]) for name in labelled.FILES)
    apart = [i for i, rows in enumerate(labelled.repeats(read.texts, valid.texts)) if not rows]
    read = labelled.Read([read.texts[i] for i in apart], read.marks[apart], read.files)
    every = training.count(train.texts + read.texts, vectors)
    curve = training.calibrate([training.out_of_fold(train, every, read, seed=0).margins], train.labels)
    arrays = training.fit(every, train.labels, read.marks)
    model = clauses.ClauseModel(thresholds=curve["thresholds"], card={}, arrays=arrays | curve)
    found = model.labels(valid.texts)
    given = np.array([[name in labels for name in clauses.CATEGORIES] for labels in found])
    theirs = plain().fit(train.texts, train.labels).predict(valid.texts).astype(bool)
    return training.micro_f1(given, valid.labels), training.micro_f1(theirs, valid.labels)


def main(folder: Path, archives: Path) -> None:
    """Measure, print and write."""
    data = labelled.opp115(folder)
    read = labelled.read_segments(paths.gold() / labelled.READ, archives)
    start = time.process_time()
    model = clauses.load()
    model.scores(["We collect your name."])
    load = time.process_time() - start
    vectors = {name: model.arrays[name] for name in training.VECTOR_ARRAYS}
    texts = data.texts[:2000]
    ours_speed = per_second(model.scores, texts)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    plain_speed = per_second(plain().fit(data.texts, data.labels).predict, texts)

    every = training.count(data.texts + read.texts, vectors)
    ours = [training.out_of_fold(data, every, read, seed=s) for s in training.SEEDS]
    unread = training.count(data.texts, vectors)
    alone = [training.cross_labels(training.out_of_fold(data, unread, seed=s), data.labels)[0] for s in training.SEEDS]
    theirs = [plain_out_of_fold(data, seed=s) for s in training.SEEDS]
    ours_given = [training.cross_labels(h, data.labels)[0] for h in ours]
    tuned = [training.cross_labels(h, data.labels)[0] for h in theirs]
    as_is = [h.margins > 0 for h in theirs]
    cv = pd.concat(
        [
            table(ours_given, data, "privacylab"),
            table(alone, data, "privacylab, OPP-115 alone"),
            table(as_is, data, "plain"),
            table(tuned, data, "plain, thresholds tuned"),
        ]
    ).round(4)
    valid_ours, valid_plain = on_valid(folder, read, vectors)
    micro = cv[cv["category"] == "micro"].set_index("model")["f1"]
    rows = [
        ("cv micro-F1, privacylab", micro["privacylab"]),
        ("cv micro-F1, privacylab, OPP-115 alone", micro["privacylab, OPP-115 alone"]),
        ("cv micro-F1, plain", micro["plain"]),
        ("cv micro-F1, plain, thresholds tuned", micro["plain, thresholds tuned"]),
        *zip(("difference to plain, low", "difference to plain, high"), paired(ours_given, as_is, data), strict=True),
        *zip(("difference to tuned, low", "difference to tuned, high"), paired(ours_given, tuned, data), strict=True),
        ("valid micro-F1, privacylab trained on train", valid_ours),
        ("valid micro-F1, plain trained on train", valid_plain),
        ("valid micro-F1, frozen MiniLM (not run here)", MINILM_VALID_MICRO),
        ("segments a second, privacylab", round(ours_speed)),
        ("segments a second, plain", round(plain_speed)),
        ("speed, times plain", ours_speed / plain_speed),
        ("load and first score, s", load),
        ("peak memory of scoring, MB", round(memory)),
        ("size of weights, MB", (paths.MODELS / clauses.ARRAYS).stat().st_size / 1e6),
    ]
    summary = pd.DataFrame(rows, columns=["measure", "value"]).round(4)
    RESULTS.mkdir(exist_ok=True)
    cv.to_csv(RESULTS / "clauses_cv.csv", index=False)
    summary.to_csv(RESULTS / "clauses.csv", index=False)
    print(cv.to_string(index=False))
    print(summary.to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
