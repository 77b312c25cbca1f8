import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from threadpoolctl import threadpool_info, threadpool_limits

from privacylab import clauses
from privacylab.clauses import labels, training
from privacylab.clauses import model as clause_model

OPP115 = Path(os.environ.get("PRIVACYLAB_ARCHIVES", "none")) / "opp115"
needs_opp115 = pytest.mark.skipif(not OPP115.is_dir(), reason="OPP-115 is not at $PRIVACYLAB_ARCHIVES/opp115")


@pytest.fixture(scope="module")
def model():
    return clauses.load()


def write_segments(folder, policies, name):
    """Ten policies' worth of segments in which one word decides the category."""
    rows = [
        {"policy": policy, "text": f"{word} {word}s number {i} here and there", "label": [category]}
        for policy in policies
        for i, (word, category) in enumerate(
            zip("ash birch cedar dogwood elm fir ginkgo hazel ivy juniper".split(), clauses.CATEGORIES, strict=True)
        )
    ]
    (folder / name).write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")


def test_threshold_of_separable_scores_lies_between_them():
    scores = np.array([0.9, 0.8, 0.7, 0.2, 0.1, 0.05])
    assert 0.2 <= training.threshold(scores, scores > 0.5) <= 0.8


def test_calibration_error_by_hand():
    # two at .95, one true: gap |1.9 - 1|; two at .05, none true: gap .1; over 4
    error = training.calibration_error(np.array([0.95, 0.95, 0.05, 0.05]), np.array([True, False, False, False]))
    assert error == pytest.approx(0.25)


def test_f1_by_hand():
    given, truth = np.array([[True, True], [True, False]]), np.array([[True, False], [False, False]])
    assert training.scores(given, truth).tolist() == pytest.approx([2 / 3, 0, 0.5, 1 / 3])


def test_training_twice_gives_the_same_bytes_and_finds_what_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SEEDS", (0,))
    write_segments(tmp_path, [f"p{i}.example" for i in range(8)], "train.jsonl")
    write_segments(tmp_path, ["q1.example", "q2.example"], "valid.jsonl")
    model = training.train(tmp_path, out=tmp_path / "a")
    training.train(tmp_path, out=tmp_path / "b")
    for name in (clause_model.ARRAYS, clause_model.CARD):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert model.scores(["dogwood dogwoods"])[0].argmax() == 3
    assert (
        model.card["data_sha256"]["train.jsonl"] == hashlib.sha256((tmp_path / "train.jsonl").read_bytes()).hexdigest()
    )


def test_training_does_not_depend_on_the_number_of_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SEEDS", (0,))
    write_segments(tmp_path, [f"p{i}.example" for i in range(8)], "train.jsonl")
    write_segments(tmp_path, ["q1.example", "q2.example"], "valid.jsonl")
    threads, fit = [], training.fit

    def watched(*given):
        threads.extend(pool["num_threads"] for pool in threadpool_info())
        return fit(*given)

    monkeypatch.setattr(training, "fit", watched)
    with threadpool_limits(limits=2):
        training.train(tmp_path, out=tmp_path / "a")
    assert set(threads) == {1}


def test_a_part_is_what_counting_its_texts_alone_gives():
    texts = ["we keep logs", "we keep logs here", "we sell logs", "we keep names", "no logs here", "here we are"]
    vectors = {name: clauses.load().arrays[name] for name in training.VECTOR_ARRAYS}
    rows = np.array([0, 1, 3, 5])
    part, alone = training.count(texts, vectors).part(rows), training.count([texts[i] for i in rows], vectors)
    assert part.grams.tolist() == alone.grams.tolist() == ["keep", "we", "we keep"]
    assert part.chars.tolist() == alone.chars.tolist()
    assert (part.gram_counts != alone.gram_counts).nnz == 0
    assert (part.char_counts != alone.char_counts).nnz == 0
    assert (part.directions == alone.directions).all()


def test_read_segments_change_all_categories_but_other(tmp_path):
    write_segments(tmp_path, [f"p{i}.example" for i in range(6)], "train.jsonl")
    data = labels.opp115(tmp_path, ["train.jsonl"])
    vectors = {name: clauses.load().arrays[name] for name in training.VECTOR_ARRAYS}
    marks = np.zeros((6, 10))
    marks[:3, [4, 9]] = 1
    every = training.count([*data.texts, *["elm zelkova keep"] * 3, *["birch keep"] * 3], vectors)
    arrays = training.fit(every, data.labels, marks)
    weights = arrays["landmark_weights"]
    assert (weights[-3:, 9] == 0).all()
    assert (weights[-6:-3, 4] > 0).all()
    model = clauses.ClauseModel(card={}, arrays=arrays)
    assert model.margins(["zelkova"]).argmax() == 4


def test_kernel_products_are_those_of_the_lower_triangle(monkeypatch):
    monkeypatch.setattr(training, "COLUMNS", 2)
    rows = sp.csr_matrix(np.array([[1.0, 2.0], [0.0, 3.0], [4.0, 0.0]]))
    kernel = np.ones((3, 3))
    training._add_products(kernel, rows)
    assert np.tril(kernel).tolist() == [[6, 0, 0], [7, 10, 0], [5, 1, 17]]


def test_held_out_segments_never_share_a_policy_with_their_model(tmp_path):
    write_segments(tmp_path, [f"p{i}.example" for i in range(10)], "train.jsonl")
    data = labels.opp115(tmp_path, ["train.jsonl"])
    vectors = {name: clauses.load().arrays[name] for name in training.VECTOR_ARRAYS}
    _, fold = training.out_of_fold(data, training.count(data.texts, vectors), seed=0)
    assert all(len(set(fold[data.policies == policy])) == 1 for policy in data.policies)


@needs_opp115
def test_the_shipped_vocabulary_holds_that_of_opp115(model):
    data = labels.opp115(OPP115)
    made = training.count(data.texts, {n: model.arrays[n] for n in training.VECTOR_ARRAYS})
    assert set(made.grams) <= set(clause_model.unpack(model.arrays["grams"]))
    assert set(made.chars) <= set(clause_model.unpack(model.arrays["chars"]))
    assert model.arrays["landmarks"].shape[0] == len(data.texts) + model.card["cross_validation"]["n_read"]
