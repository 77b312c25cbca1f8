"""Make the clause model from OPP-115 and unlabelled policies, and say how good it is on policies it has not seen.

A ridge regression in a kernel space: the kernel of two segments is the cosine of their words and word pairs, plus the
cosine of their character n-grams, plus their likeness in the space of word vectors (`clauses.likeness`). Its solution
is turned into weights of n-grams and of training segments, which is all that `clauses` needs. Everything is chosen by
cross-validation over whole policies: segments of one policy never stand on both sides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse as sp
from scipy.special import expit
from scipy.stats import binned_statistic
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from privacylab import paths
from privacylab.clauses import labels, model, word_vectors
from privacylab.clauses.labels import BoolArray, FloatArray, Labelled, Read
from privacylab.clauses.model import CATEGORIES, ClauseModel

Arrays = dict[str, npt.NDArray[Any]]

MIN_SEGMENTS = 3  # an n-gram must stand in this many training segments
RIDGE = 3.0
READ_WEIGHT = 0.3  # of a segment read for this project, beside one of OPP-115
# Not learnt from the read segments: OPP-115 has it in 46% of its segments, often beside others, the readers in 28%.
OWN_HABIT = model.CATEGORIES.index("Other")
FOLDS = 5
SEEDS = (0, 1, 2, 3, 4)
SMOOTH = 0.1  # F1 is averaged over this share of a category's positives to each side before its peak is taken
COLUMNS = 256  # of the kernel are computed at a time
VECTOR_ARRAYS = ("vector_words", "vectors", "vector_scale")


def train(opp115: str | Path, *, archives: str | Path | None = None, out: str | Path) -> model.ClauseModel:
    """Train the clause model, cross-validate it, and write `clauses.npz` and `clauses.json` into `out`.

    Args:
        opp115: folder with `train.jsonl` and `valid.jsonl`.
        archives: folder with the archives, from which the word vectors are learnt again and the texts of the read
            segments come. Without it, the vectors of the shipped model are used (the card names them by their hash),
            and OPP-115 alone is learnt from.
        out: folder that the model is written to; made if missing.

    Returns:
        The model, as `clauses.load(out)` gives it. The same data give the same bytes.

    Raises:
        ValueError: if data are missing or malformed.
    """
    # The last digits of a product depend on how many threads add it up.
    with threadpool_limits(limits=1):
        data = labels.opp115(Path(opp115))
        read = labels.read_segments(paths.gold() / labels.READ, Path(archives)) if archives is not None else None
        vectors = _vector_arrays(Path(archives) if archives is not None else None)
        every = count(data.texts + (read.texts if read else []), vectors)
        held_out = [out_of_fold(data, every, read, seed=seed) for seed in SEEDS]
        arrays = fit(every, data.labels, read.marks if read else None)
        arrays |= calibrate([h.margins for h in held_out], data.labels)
        files = data.files | (read.files if read else {})
    return _write(Path(out), arrays, files, summary(held_out, data) | {"n_read": len(read.texts) if read else 0})


def _vector_arrays(archives: Path | None) -> Arrays:
    if archives is None:
        shipped = model.load().arrays
        return {name: shipped[name] for name in VECTOR_ARRAYS}
    words = word_vectors.fit(word_vectors.texts_of(archives))
    return {"vector_words": model.pack(words.words), "vectors": words.vectors, "vector_scale": words.scale}


class Counted(NamedTuple):
    """N-gram counts of cleaned texts, (n_texts, n_grams), and their directions among the word vectors, (n_texts, d)."""

    grams: list[str]
    gram_counts: sp.csr_matrix
    chars: list[str]
    char_counts: sp.csr_matrix
    directions: FloatArray
    vectors: Arrays

    def part(self, rows: npt.NDArray[np.intp]) -> Counted:
        """What counting only these texts would give: n-grams that are too rare among them are gone."""
        grams, gram_counts = _frequent(self.grams, self.gram_counts[rows])
        chars, char_counts = _frequent(self.chars, self.char_counts[rows])
        return Counted(grams, gram_counts, chars, char_counts, self.directions[rows], self.vectors)


def _frequent(names: list[str], counts: sp.csr_matrix) -> tuple[list[str], sp.csr_matrix]:
    kept = np.flatnonzero(np.bincount(counts.indices, minlength=len(names)) >= MIN_SEGMENTS)
    return [names[i] for i in kept], counts[:, kept]


def count(texts: Sequence[str], vectors: Arrays) -> Counted:
    """N-grams that stand in at least MIN_SEGMENTS of the cleaned texts, sorted, and how often each text has them."""
    grams, chars = model.word_counter(), model.char_counter().fit({chunk for text in texts for chunk in text.split()})
    words = model.word_counter(model.unpack(vectors["vector_words"]), longest=1)
    gram_counts = grams.fit_transform(texts)
    return Counted(
        *_frequent(grams.get_feature_names_out().tolist(), gram_counts),
        *_frequent(chars.get_feature_names_out().tolist(), model.char_counts(chars, texts)),
        model.directions(words.transform(texts), model.vectors_of(vectors)),
        vectors,
    )


class Features(NamedTuple):
    """What is fitted on texts alone, and those texts' own features."""

    arrays: Arrays
    grams: sp.csr_matrix
    chars: sp.csr_matrix


def features(of: Counted) -> Features:
    """Vocabulary, idf, centre and landmarks of training texts, with their TF-IDF matrices."""
    centre = of.directions.mean(axis=0).astype(np.float32)
    arrays: Arrays = of.vectors | {
        "grams": model.pack(of.grams),
        "gram_idf": _idf(of.gram_counts),
        "chars": model.pack(of.chars),
        "char_idf": _idf(of.char_counts),
        "centre": centre,
        "landmarks": model.points_from(of.directions, centre),
    }
    grams = model.tfidf(of.gram_counts, arrays["gram_idf"])
    return Features(arrays, grams, model.tfidf(of.char_counts, arrays["char_idf"]))


def _idf(counts: sp.csr_matrix) -> npt.NDArray[np.float32]:
    """Inverse document frequency of each column, smoothed by one text that holds everything."""
    found = np.bincount(counts.indices, minlength=counts.shape[1])
    return np.asarray(np.log((1 + counts.shape[0]) / (1 + found)) + 1, dtype=np.float32)


def _add_products(kernel: FloatArray, rows: sp.csr_matrix) -> None:
    """Adds the dot products of all rows to the lower triangle of `kernel`, in place.

    Sparse times dense, since the product of two sparse matrices this full takes several times as long; some columns at
    a time, since the dense one would not fit the processor's cache.
    """
    rows = rows.astype(np.float32)
    for start in range(0, rows.shape[0], COLUMNS):
        kernel[start:, start : start + COLUMNS] += rows[start:] @ rows[start : start + COLUMNS].T.toarray()


def fit(of: Counted, labels: BoolArray, marks: FloatArray | None = None) -> Arrays:
    """The arrays of an uncalibrated model (`ClauseModel.margins` works on them).

    Args:
        of: OPP-115's segments, then the read ones if there are any.
        labels: of the former, shape (n, 10).
        marks: of the latter, shape (m, 10).
    """
    n, base = len(labels), labels.mean(axis=0)
    aims, ridge = labels - base, np.full(len(of.directions), RIDGE)
    if marks is not None:
        aims = np.vstack([aims, marks - marks.mean(axis=0)])
        ridge[n:] /= READ_WEIGHT
    made = features(of)
    kernel = model.likeness(made.arrays["landmarks"], made.arrays["landmarks"]) / model.LIKENESS
    _add_products(kernel, made.grams)
    _add_products(kernel, made.chars)
    kernel[np.diag_indices_from(kernel)] += ridge
    lower = scipy.linalg.cholesky(kernel, lower=True, overwrite_a=True)
    dual = scipy.linalg.cho_solve((lower, True), aims)
    # The leading block of a Cholesky factor is the factor of the leading block: OPP-115's segments alone.
    dual[:n, OWN_HABIT] = scipy.linalg.cho_solve((lower[:n, :n], True), aims[:n, OWN_HABIT])
    dual[n:, OWN_HABIT] = 0.0
    step = np.abs(dual).max() / 32767
    return made.arrays | {
        "gram_weights": (made.grams.T @ dual).astype(np.float16),
        "char_weights": (made.chars.T @ dual).astype(np.float16),
        "landmark_weights": np.rint(dual / step).astype(np.int16),
        "landmark_scale": np.float64(step / model.LIKENESS),
        "bias": base,
    }


class HeldOut(NamedTuple):
    """Scores of segments by models that saw nothing of their policy: margins (n, 10), and the fold of each (n,)."""

    margins: FloatArray
    fold: npt.NDArray[np.intp]


def out_of_fold(data: Labelled, every: Counted, read: Read | None = None, *, seed: int) -> HeldOut:
    """Cross-validated margins, folds made of whole policies; vocabulary, idf and weights are fitted in each fold.

    A `read` segment that nearly repeats one of the fold held out is left out of that fold's training.

    Args:
        data: OPP-115's segments.
        every: `count` of their texts and those of `read`.
        read: segments that are learnt from in every fold and never scored.
        seed: of the folds.
    """
    margins, fold = np.zeros(data.labels.shape), np.zeros(len(data.texts), dtype=np.intp)
    splitter = GroupKFold(FOLDS, shuffle=True, random_state=seed)
    same = labels.repeats(read.texts, data.texts) if read else []
    for k, (seen, unseen) in enumerate(splitter.split(data.texts, groups=data.policies)):
        held = set(unseen.tolist())
        apart = np.array([i for i, rows in enumerate(same) if rows.isdisjoint(held)], dtype=np.intp)
        part = every.part(np.concatenate([seen, len(data.texts) + apart]))
        arrays = fit(part, data.labels[seen], read.marks[apart] if read else None)
        model = ClauseModel(thresholds=np.zeros(len(CATEGORIES)), card={}, arrays=arrays)
        margins[unseen], fold[unseen] = model.margins([data.texts[i] for i in unseen]), k
    return HeldOut(margins, fold)


def platt(margins: FloatArray, labels: BoolArray) -> FloatArray:
    """Slope and offset of each category's logistic curve from margin to probability, shape (2, 10) (Platt 1999)."""
    curves = [LogisticRegression(C=1e4).fit(m[:, None], y) for m, y in zip(margins.T, labels.T, strict=True)]
    return np.array([[c.coef_[0, 0] for c in curves], [c.intercept_[0] for c in curves]])


def threshold(scores: FloatArray, truth: BoolArray) -> float:
    """The score at the peak of F1, averaged over neighbouring cuts lest a few segments of a rare category decide.

    Args:
        scores: shape (n,).
        truth: shape (n,).
    """
    order = np.argsort(-scores, kind="stable")
    n_true = int(truth.sum())
    f1 = 2 * np.cumsum(truth[order]) / (np.arange(1, len(scores) + 1) + n_true)
    reach = max(1, round(SMOOTH * n_true))
    smooth = np.convolve(np.pad(f1, reach, mode="edge"), np.ones(2 * reach + 1), "valid")
    peak = min(int(np.argmax(smooth)), len(scores) - 2)
    return float(scores[order[peak : peak + 2]].mean())


def calibrate(margins: Sequence[FloatArray], labels: BoolArray) -> Arrays:
    """`platt` and `thresholds` from the held-out margins of all seeds."""
    pooled, truth = np.vstack(margins), np.vstack([labels] * len(margins))
    curve = platt(pooled, truth)
    cuts = np.array([threshold(m, t) for m, t in zip(pooled.T, truth.T, strict=True)])
    return {"platt": curve, "thresholds": expit(curve[0] * cuts + curve[1])}


def cross_labels(held_out: HeldOut, labels: BoolArray) -> tuple[BoolArray, FloatArray]:
    """Labels and probabilities of each fold, thresholds and curves fitted on the others; each of shape (n, 10)."""
    given, chance = np.zeros(labels.shape, dtype=bool), np.zeros(labels.shape)
    for k in np.unique(held_out.fold):
        here = held_out.fold == k
        made = calibrate([held_out.margins[~here]], labels[~here])
        chance[here] = expit(made["platt"][0] * held_out.margins[here] + made["platt"][1])
        given[here] = chance[here] >= made["thresholds"]
    return given, chance


def f1(given: BoolArray, truth: BoolArray) -> FloatArray:
    """F1 of each category, shape (10,); 0 where nothing is true or given."""
    return np.asarray(f1_score(truth, given, average=None, zero_division=0))


def micro_f1(given: BoolArray, truth: BoolArray) -> float:
    """F1 over all segment-category pairs together."""
    return float(f1_score(truth, given, average="micro", zero_division=0))


def calibration_error(chance: FloatArray, truth: BoolArray, *, bins: int = 10) -> float:
    """Expected calibration error of a category: mean gap between probability and share true, in bins of equal width.

    Args:
        chance: probabilities, shape (n,).
        truth: shape (n,).
        bins: number of bins (Guo et al. 2017).
    """
    gaps = binned_statistic(chance, chance - truth, "sum", bins, (0, 1)).statistic
    return float(np.abs(gaps).sum() / len(chance))


def intervals(given: Sequence[BoolArray], data: Labelled, *, draws: int = 1000) -> FloatArray:
    """95% bootstrap intervals over policies of each category's F1, then micro and macro; shape (12, 2)."""
    names, group = np.unique(data.policies, return_inverse=True)
    of_policy = sp.csr_matrix((np.ones(len(group)), (group, np.arange(len(group)))))
    both = of_policy @ np.sum([g & data.labels for g in given], axis=0)
    sizes = of_policy @ (np.sum(given, axis=0) + len(given) * data.labels)
    rng = np.random.default_rng(0)
    times = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    hit, size = times @ both, times @ sizes
    each = 2 * hit / np.maximum(size, 1)
    micro = 2 * hit.sum(axis=1) / size.sum(axis=1)
    return np.asarray(np.percentile(np.column_stack([each, micro, each.mean(axis=1)]), [2.5, 97.5], axis=0).T)


def summary(held_out: Sequence[HeldOut], data: Labelled) -> dict[str, Any]:
    """Scores in cross-validation: per category F1, interval, support and calibration error; micro and macro F1."""
    pairs = [cross_labels(h, data.labels) for h in held_out]
    given, chances = [g for g, _ in pairs], [c for _, c in pairs]
    each = np.mean([f1(g, data.labels) for g in given], axis=0)
    spread = intervals(given, data).round(4).tolist()
    ece = np.mean([[calibration_error(c[:, k], data.labels[:, k]) for k in range(10)] for c in chances], axis=0)
    micro = [micro_f1(g, data.labels) for g in given]
    macro = [float(f1(g, data.labels).mean()) for g in given]
    return {
        "folds": f"{FOLDS} folds of whole policies, seeds {list(SEEDS)}; thresholds and curves from the other folds",
        "n_segments": len(data.texts),
        "n_policies": len(np.unique(data.policies)),
        "micro_f1": round(float(np.mean(micro)), 4),
        "micro_f1_by_seed": [round(m, 4) for m in micro],
        "micro_f1_interval": spread[10],
        "macro_f1": round(float(np.mean(macro)), 4),
        "macro_f1_by_seed": [round(m, 4) for m in macro],
        "macro_f1_interval": spread[11],
        "categories": {
            name: {"f1": round(float(each[k]), 4), "f1_interval": spread[k], "support": int(data.labels[:, k].sum()),
                   "calibration_error": round(float(ece[k]), 4)}
            for k, name in enumerate(model.CATEGORIES)
        },
    }  # fmt: skip


def _write(out: Path, arrays: Arrays, files: dict[str, str], scores: dict[str, Any]) -> model.ClauseModel:
    out.mkdir(parents=True, exist_ok=True)
    named: dict[str, Any] = {name: arrays[name] for name in sorted(arrays)}
    np.savez_compressed(out / model.ARRAYS, **named)
    vectors = hashlib.sha256(b"".join(arrays[name].tobytes() for name in VECTOR_ARRAYS)).hexdigest()
    card = {
        "format": model.FORMAT,
        "categories": list(model.CATEGORIES),
        "arrays_sha256": hashlib.sha256((out / model.ARRAYS).read_bytes()).hexdigest(),
        "data_sha256": files,
        "vectors_sha256": vectors,
        "licence": "made from OPP-115: research and teaching, non-commercial; see README.md",
        "parameters": {
            "min_segments": MIN_SEGMENTS,
            "ridge": RIDGE,
            "read_weight": READ_WEIGHT,
            "dimensions": int(arrays["vectors"].shape[1]),
        },
        "thresholds": dict(zip(model.CATEGORIES, arrays["thresholds"].round(4).tolist(), strict=True)),
        "cross_validation": scores,
    }
    (out / model.CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return model.load(out)
