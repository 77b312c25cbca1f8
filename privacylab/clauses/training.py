"""Make the clause model from OPP-115 and unlabelled policies, and measure it on policies it has not seen.

A ridge regression in a kernel space: the kernel of two segments is the cosine of their words and word pairs, plus the
cosine of their character n-grams, plus their likeness in the space of word vectors (`clauses.likeness`). Its solution
becomes weights of n-grams and of training segments, which is all that `clauses` needs. Everything is chosen by
cross-validation over whole policies: segments of one policy are never on both sides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.linalg
import scipy.sparse as sp
from scipy.special import expit
from scipy.stats import binned_statistic
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from privacylab import paths, tables
from privacylab.clauses import labels, model, word_vectors
from privacylab.clauses.labels import BoolArray, FloatArray, Labelled, Read
from privacylab.clauses.model import CATEGORIES, ClauseModel

Arrays = dict[str, npt.NDArray[Any]]

MIN_SEGMENTS = 3  # an n-gram must occur in this many training segments
RIDGE = 3.0
READ_WEIGHT = 0.3  # of a segment read for this project, compared with OPP-115's
# Not learnt from the read segments: OPP-115 has it in 46% of its segments, often with others, the readers in 28%.
OWN_HABIT = CATEGORIES.index("Other")
FOLDS = 5
SEEDS = (0, 1, 2, 3, 4)
SMOOTH = 0.1  # F1 is averaged over this share of a category's positives on each side before taking its peak
DRAWS = 1000  # of the bootstrap
COLUMNS = 256  # of the kernel are computed at a time
VECTOR_ARRAYS = ("vector_words", "vectors", "vector_scale")


def train(opp115: str | Path, *, archives: str | Path | None = None, out: str | Path) -> ClauseModel:
    """Train the clause model, cross-validate it, and write `clauses.npz` and `clauses.json` into `out`.

    Args:
        opp115: folder with `train.jsonl` and `valid.jsonl`.
        archives: folder with the archives, for learning the word vectors again and for the texts of the read segments.
            Without it, training uses the vectors of the shipped model (the card names them by their hash) and only
            OPP-115.
        out: folder for the model; made if missing.

    Returns:
        The model, as from `clauses.load(out)`. The same data give the same bytes.

    Raises:
        ValueError: if data are missing or malformed.
    """
    # The last digits of a product depend on how many threads add it up.
    with threadpool_limits(limits=1):
        data, read = labels.opp115(Path(opp115)), labels.NOTHING
        vectors = {name: model.load().arrays[name] for name in VECTOR_ARRAYS} if archives is None else {}
        if archives is not None:
            read = labels.read_segments(paths.gold() / labels.READ, Path(archives))
            vectors = word_vectors.fit(word_vectors.texts_of(Path(archives)))
        every = count(data.texts + read.texts, vectors)
        held_out = [out_of_fold(data, every, read, seed=seed) for seed in SEEDS]
        arrays = fit(every, data.labels, read.marks)
        margins = np.vstack([of_seed for of_seed, _ in held_out])
        arrays |= calibrate(margins, np.tile(data.labels, (len(SEEDS), 1)))
    return _write(Path(out), arrays, data.files | read.files, summary(held_out, data) | {"n_read": len(read.texts)})


class Counted(NamedTuple):
    """N-gram counts of cleaned texts, (n_texts, n_grams), and their directions among the word vectors, (n_texts, d)."""

    grams: npt.NDArray[np.str_]
    gram_counts: sp.csr_matrix
    chars: npt.NDArray[np.str_]
    char_counts: sp.csr_matrix
    directions: FloatArray
    vectors: Arrays

    def part(self, rows: npt.NDArray[np.intp]) -> Counted:
        """The counts of only these texts, without n-grams that are too rare among them."""
        grams = _frequent(self.grams, self.gram_counts[rows])
        return Counted(*grams, *_frequent(self.chars, self.char_counts[rows]), self.directions[rows], self.vectors)


def _frequent(names: npt.NDArray[np.str_], counts: sp.csr_matrix) -> tuple[npt.NDArray[np.str_], sp.csr_matrix]:
    kept = np.flatnonzero(counts.getnnz(axis=0) >= MIN_SEGMENTS)
    return names[kept], counts[:, kept]


def count(texts: Sequence[str], vectors: Arrays) -> Counted:
    """N-grams that occur in at least MIN_SEGMENTS of the cleaned texts, sorted, and how often each text has them."""
    grams, chars = model.word_counter(), model.char_counter().fit({chunk for text in texts for chunk in text.split()})
    words = model.word_counter(model.unpack(vectors["vector_words"]), longest=1)
    gram_counts, names = grams.fit_transform(texts), chars.get_feature_names_out()
    return Counted(
        *_frequent(grams.get_feature_names_out(), gram_counts),
        *_frequent(names, model.char_counts(model.columns_of(chars), len(names), texts)),
        model.directions(words.transform(texts), model.vectors_of(vectors)),
        vectors,
    )


def _idf(counts: sp.csr_matrix) -> npt.NDArray[np.float32]:
    """Inverse document frequency of each column, smoothed by one text that has everything."""
    return np.asarray(TfidfTransformer().fit(counts).idf_, dtype=np.float32)


def _add_products(kernel: FloatArray, rows: sp.csr_matrix) -> None:
    """Adds the dot products of all rows to the lower triangle of `kernel`, in place.

    Sparse times dense, because the product of two sparse matrices this full takes several times as long; some columns
    at a time, because the dense one would not fit the processor's cache.
    """
    rows = rows.astype(np.float32)
    for start in range(0, rows.shape[0], COLUMNS):
        kernel[start:, start : start + COLUMNS] += rows[start:] @ rows[start : start + COLUMNS].T.toarray()


def fit(of: Counted, labels: BoolArray, marks: FloatArray) -> Arrays:
    """The arrays of an uncalibrated model (for `ClauseModel.margins`).

    Args:
        of: OPP-115's segments, then the read ones.
        labels: of the former, shape (n, 10).
        marks: of the latter, shape (m, 10); m may be 0.
    """
    n, base = len(labels), labels.mean(axis=0)
    aims = np.vstack([labels - base, marks - marks.sum(axis=0) / max(len(marks), 1)])
    centre = of.directions.mean(axis=0).astype(np.float32)
    landmarks = model.points_from(of.directions, centre)
    gram_idf, char_idf = _idf(of.gram_counts), _idf(of.char_counts)
    grams, chars = model.tfidf(of.gram_counts, gram_idf), model.tfidf(of.char_counts, char_idf)
    kernel = model.likeness(landmarks, landmarks) / model.LIKENESS
    _add_products(kernel, grams)
    _add_products(kernel, chars)
    kernel[np.diag_indices_from(kernel)] += np.repeat([RIDGE, RIDGE / READ_WEIGHT], [n, len(marks)])
    lower = scipy.linalg.cholesky(kernel, lower=True, overwrite_a=True)
    dual = scipy.linalg.cho_solve((lower, True), aims)
    # The leading block of a Cholesky factor is the factor of the leading block: OPP-115's segments alone.
    dual[:n, OWN_HABIT] = scipy.linalg.cho_solve((lower[:n, :n], True), aims[:n, OWN_HABIT])
    dual[n:, OWN_HABIT] = 0.0
    step = np.abs(dual).max() / 32767
    return of.vectors | {
        "grams": model.pack(of.grams),
        "gram_idf": gram_idf,
        "gram_weights": (grams.T @ dual).astype(np.float16),
        "chars": model.pack(of.chars),
        "char_idf": char_idf,
        "char_weights": (chars.T @ dual).astype(np.float16),
        "centre": centre,
        "landmarks": landmarks,
        "landmark_weights": np.rint(dual / step).astype(np.int16),
        "landmark_scale": np.float64(step / model.LIKENESS),
        "bias": base,
    }


HeldOut = tuple[FloatArray, npt.NDArray[np.intp]]
"""Scores of segments by models that did not see their policy: margins (n, 10), and the fold of each (n,)."""


def out_of_fold(data: Labelled, every: Counted, read: Read = labels.NOTHING, *, seed: int) -> HeldOut:
    """Cross-validated margins with folds of whole policies; vocabulary, idf and weights are fitted in each fold.

    A `read` segment that nearly repeats one of the held-out fold is left out of that fold's training.

    Args:
        data: OPP-115's segments.
        every: `count` of their texts and those of `read`.
        read: segments used for training in every fold and never scored.
        seed: of the folds.
    """
    margins, fold = np.zeros(data.labels.shape), np.zeros(len(data.texts), dtype=np.intp)
    splitter = GroupKFold(FOLDS, shuffle=True, random_state=seed)
    repeats = labels.repeats(read.texts, data.texts)
    for k, (rest, held_out) in enumerate(splitter.split(data.texts, groups=data.policies)):
        apart = np.flatnonzero(~repeats[:, held_out].any(axis=1))
        part = every.part(np.concatenate([rest, len(data.texts) + apart]))
        fitted = ClauseModel({}, fit(part, data.labels[rest], read.marks[apart]))
        margins[held_out], fold[held_out] = fitted.margins([data.texts[i] for i in held_out]), k
    return margins, fold


def platt(margins: FloatArray, labels: BoolArray) -> FloatArray:
    """Slope and offset of each category's logistic curve from margin to probability, shape (2, 10) (Platt 1999)."""
    curves = [LogisticRegression(C=1e4).fit(m[:, None], y) for m, y in zip(margins.T, labels.T, strict=True)]
    return np.array([[c.coef_[0, 0] for c in curves], [c.intercept_[0] for c in curves]])


def threshold(scores: FloatArray, truth: BoolArray) -> float:
    """The score at the peak of F1, averaged over neighbouring cuts so that a few rare segments cannot decide.

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


def calibrate(margins: FloatArray, labels: BoolArray) -> Arrays:
    """`platt` and `thresholds` from held-out margins, shape (n, 10), with several seeds stacked."""
    slope, offset = curve = platt(margins, labels)
    cuts = np.array([threshold(m, t) for m, t in zip(margins.T, labels.T, strict=True)])
    return {"platt": curve, "thresholds": expit(slope * cuts + offset)}


def cross_labels(held_out: HeldOut, labels: BoolArray) -> tuple[BoolArray, FloatArray]:
    """Labels and probabilities of each fold, thresholds and curves fitted on the others; each of shape (n, 10)."""
    margins, fold = held_out
    given, chance = np.zeros(labels.shape, dtype=bool), np.zeros(labels.shape)
    for k in range(FOLDS):
        here = fold == k
        fitted = calibrate(margins[~here], labels[~here])
        chance[here] = expit(fitted["platt"][0] * margins[here] + fitted["platt"][1])
        given[here] = chance[here] >= fitted["thresholds"]
    return given, chance


def scores(given: BoolArray, truth: BoolArray) -> FloatArray:
    """F1 of each category (0 if nothing is true or predicted), then micro and macro F1; shape (12,)."""
    by_category = f1_score(truth, given, average=None, zero_division=0)
    return np.array([*by_category, f1_score(truth, given, average="micro", zero_division=0), by_category.mean()])


def calibration_error(chance: FloatArray, truth: BoolArray, *, bins: int = 10) -> float:
    """Expected calibration error of a category: mean gap between probability and share true, in bins of equal width.

    Args:
        chance: probabilities, shape (n,).
        truth: shape (n,).
        bins: number of bins (Guo et al. 2017).
    """
    gaps = binned_statistic(chance, chance - truth, "sum", bins, (0, 1)).statistic
    return float(np.abs(gaps).sum() / len(chance))


def intervals(given: Sequence[BoolArray], data: Labelled) -> FloatArray:
    """95% bootstrap intervals over policies of each category's F1, then micro and macro; shape (12, 2)."""
    hits = pd.DataFrame(np.sum([g & data.labels for g in given], axis=0)).groupby(data.policies).sum()
    sizes = pd.DataFrame(np.sum(given, axis=0) + len(given) * data.labels).groupby(data.policies).sum()
    times = np.random.default_rng(0).multinomial(len(hits), np.full(len(hits), 1 / len(hits)), size=DRAWS)
    hit, size = times @ hits.to_numpy(), times @ sizes.to_numpy()
    by_category = 2 * hit / np.maximum(size, 1)
    micro = 2 * hit.sum(axis=1) / size.sum(axis=1)
    scores = np.column_stack([by_category, micro, by_category.mean(axis=1)])
    return np.asarray(np.percentile(scores, [2.5, 97.5], axis=0).T)


def summary(held_out: Sequence[HeldOut], data: Labelled) -> dict[str, Any]:
    """Scores in cross-validation: per category F1, interval, support and calibration error; micro and macro F1."""
    pairs = [cross_labels(of_seed, data.labels) for of_seed in held_out]
    by_seed = np.array([scores(given, data.labels) for given, _ in pairs])
    errors = [
        [calibration_error(*columns) for columns in zip(chance.T, data.labels.T, strict=True)] for _, chance in pairs
    ]
    table = {
        "f1": by_seed.mean(axis=0).round(4).tolist(),
        "f1_interval": intervals([given for given, _ in pairs], data).round(4).tolist(),
        "support": data.labels.sum(axis=0).tolist(),
        "calibration_error": np.mean(errors, axis=0).round(4).tolist(),
    }
    overall = {}
    for i, name in enumerate(("micro", "macro"), len(CATEGORIES)):
        overall[f"{name}_f1"] = table["f1"][i]
        overall[f"{name}_f1_by_seed"] = by_seed[:, i].round(4).tolist()
        overall[f"{name}_f1_interval"] = table["f1_interval"][i]
    return {
        "folds": f"{FOLDS} folds of whole policies, seeds {list(SEEDS)}; thresholds and curves from the other folds",
        "n_segments": len(data.texts),
        "n_policies": len(np.unique(data.policies)),
        **overall,
        "categories": {
            name: {measure: values[i] for measure, values in table.items()} for i, name in enumerate(CATEGORIES)
        },
    }


def _write(out: Path, arrays: Arrays, files: dict[str, str], cross_validation: dict[str, Any]) -> ClauseModel:
    out.mkdir(parents=True, exist_ok=True)
    named: dict[str, Any] = dict(sorted(arrays.items()))
    np.savez_compressed(out / model.ARRAYS, **named)
    vectors = hashlib.sha256(b"".join(arrays[name].tobytes() for name in VECTOR_ARRAYS)).hexdigest()
    card = {
        "format": model.FORMAT,
        "categories": list(CATEGORIES),
        "arrays_sha256": tables.sha256(out / model.ARRAYS),
        "data_sha256": files,
        "vectors_sha256": vectors,
        "licence": "made from OPP-115: research and teaching, non-commercial; see README.md",
        "parameters": {
            "min_segments": MIN_SEGMENTS,
            "ridge": RIDGE,
            "read_weight": READ_WEIGHT,
            "dimensions": int(arrays["vectors"].shape[1]),
        },
        "thresholds": dict(zip(CATEGORIES, arrays["thresholds"].round(4).tolist(), strict=True)),
        "cross_validation": cross_validation,
    }
    (out / model.CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    return model.load(out)
