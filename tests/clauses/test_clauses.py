"""The shipped clause model, and how it is made."""

import hashlib
import json
import os
import shutil
import tomllib
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from privacylab import clauses, paths, sources
from privacylab.clauses import labels, training, word_vectors
from privacylab.clauses import model as clause_model

RULES = tomllib.loads((paths.MODELS.parent / "rules" / "clauses.toml").read_text(encoding="utf-8"))["category"]
SENTENCES = [(r["id"], kind, s) for r in RULES for kind in ("examples", "counter_examples") for s in r[kind]]
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


# ---- the shipped model


def test_rules_have_a_block_for_each_category():
    assert [r["id"] for r in RULES] == list(clauses.CATEGORIES)


@pytest.mark.parametrize(("category", "kind", "sentence"), SENTENCES)
def test_examples_get_their_category_and_counter_examples_do_not(model, category, kind, sentence):
    assert (category in model.labels([sentence])[0]) == (kind == "examples")


def test_scores_are_probabilities_in_float32(model):
    scores = model.scores([s for *_, s in SENTENCES])
    assert scores.dtype == np.float32
    assert scores.shape == (len(SENTENCES), 10)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_labels_are_the_scores_at_or_above_their_thresholds(model):
    texts = [s for *_, s in SENTENCES]
    passed = model.scores(texts) >= model.thresholds
    assert [len(found) for found in model.labels(texts)] == passed.sum(axis=1).tolist()


def test_no_text_gives_no_row(model):
    assert model.scores([]).shape == (0, 10)
    assert model.labels([]) == []


def test_a_row_does_not_depend_on_its_batch(model, monkeypatch):
    monkeypatch.setattr(clause_model, "BATCH", 256)
    texts = [f"{s} {n}" for n in range(40) for *_, s in SENTENCES]
    together = model.scores(texts)
    assert len(texts) > clause_model.BATCH
    assert together[::37].tobytes() == np.vstack([model.scores([t]) for t in texts[::37]]).tobytes()


def test_the_heading_is_read_before_the_text(model):
    text = "It is kept for six weeks."
    under = model.scores([text], ["How long we retain information"])
    assert (under == model.scores(["How long we retain information\n" + text])).all()
    retention = clauses.CATEGORIES.index("Data Retention")
    assert under[0, retention] > model.scores([text], [None])[0, retention]


@pytest.mark.parametrize("text", ["", "   \n", "12345 67890", "隐私政策适用于所有用户", "\x00\ufffd", "!!! ... ---"])
def test_text_without_english_words_is_scored_without_warning(model, text, recwarn):
    scores = model.scores([text])
    assert np.isfinite(scores).all()
    assert not recwarn.list


def test_only_the_beginning_of_a_huge_segment_is_read(model):
    text = "We share your information with partners. " * 25_000
    assert len(text) > 1_000_000
    assert (model.scores([text]) == model.scores([text[: clauses.MAX_CHARS]])).all()


def test_digits_are_all_alike(model):
    assert (model.scores(["We keep it for 18 days."]) == model.scores(["We keep it for 47 days."])).all()


def test_one_string_is_refused(model):
    with pytest.raises(ValueError, match="pass a list"):
        model.scores("We collect names.")


def test_headings_of_another_length_are_refused(model):
    with pytest.raises(ValueError, match="2 entries for 1 texts"):
        model.scores(["We collect names."], ["a", "b"])


# ---- the files


def copy_of_model(folder):
    for name in (clauses.ARRAYS, clauses.CARD):
        shutil.copy(paths.MODELS / name, folder / name)
    return folder


def test_weights_are_small_and_need_no_pickle():
    assert (paths.MODELS / clauses.ARRAYS).stat().st_size < 10_000_000
    with np.load(paths.MODELS / clauses.ARRAYS, allow_pickle=False) as arrays:
        assert not [name for name in arrays.files if arrays[name].dtype.hasobject]


def test_truncated_weights_are_refused(tmp_path):
    data = (paths.MODELS / clauses.ARRAYS).read_bytes()
    (copy_of_model(tmp_path) / clauses.ARRAYS).write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"clauses\.npz is cut short or altered"):
        clauses.load(tmp_path)


def test_weights_with_one_bit_changed_are_refused(tmp_path):
    data = bytearray((paths.MODELS / clauses.ARRAYS).read_bytes())
    data[len(data) // 2] ^= 1
    (copy_of_model(tmp_path) / clauses.ARRAYS).write_bytes(data)
    with pytest.raises(ValueError, match=r"clauses\.npz is cut short or altered"):
        clauses.load(tmp_path)


@pytest.mark.parametrize(
    ("card", "message"), [("{", "is no JSON"), ("[]", "not of format"), ('{"format": 99}', "not of format")]
)
def test_a_damaged_card_is_refused(tmp_path, card, message):
    (copy_of_model(tmp_path) / clauses.CARD).write_text(card)
    with pytest.raises(ValueError, match=message):
        clauses.load(tmp_path)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"clauses\.npz cannot be read"):
        clauses.load(tmp_path)


def test_the_model_card_gives_each_category_its_score(model):
    text = (paths.MODELS / "README.md").read_text(encoding="utf-8")
    for name, row in model.card["cross_validation"]["categories"].items():
        assert f"| {name} | {row['support']} | {row['f1']:.3f} |" in text


# ---- features


def test_char_grams_by_hand():
    counter = clause_model.char_counter().fit(["ab"])
    assert set(counter.get_feature_names_out()) == {" a", "ab", "b ", " ab", "ab ", " ab "}


def test_char_counts_sum_over_repeated_chunks():
    counts = clause_model.char_counts(clause_model.char_counter(["ab", "b ", "zz"]), ["ab ab b", ""])
    assert counts.toarray().tolist() == [[2, 3, 0], [0, 0, 0]]


@given(st.lists(st.text("abcé_0.,-’\u00a0\x1c ", max_size=40), max_size=6))
def test_what_texts_share_is_counted_in_each(texts):
    counter = clause_model.char_counter(["ab", "b ", " a", "abc", "é_ "])
    counts = clause_model.char_counts(counter, texts)
    assert counts.toarray().tolist() == counter.transform(texts).toarray().tolist()
    assert counts.has_sorted_indices


def test_words_and_pairs_by_hand():
    counter = clause_model.word_counter().fit(["we keep a log"])
    assert set(counter.get_feature_names_out()) == {"we", "keep", "log", "we keep", "keep log"}


def test_tfidf_rows_have_length_one():
    counts = clause_model.word_counter(["aa", "bb"]).transform(["aa bb", "cc"])
    assert clause_model.tfidf(counts, np.array([3.0, 4.0])).toarray() == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))


def test_likeness_of_same_and_opposite():
    point = np.array([[clauses.UNIT, 0]], dtype=np.int16)
    both = clauses.likeness(point, np.vstack([point, -point, point[:, ::-1]]))
    # cosine 1: 1 + 1; cosine -1: 0; cosine 0: 1/16 + 1/65536
    assert (both / clauses.LIKENESS).tolist() == [[2, 0, 0.0625]]


# ---- training


def test_threshold_of_separable_scores_lies_between_them():
    scores = np.array([0.9, 0.8, 0.7, 0.2, 0.1, 0.05])
    assert 0.2 <= training.threshold(scores, scores > 0.5) <= 0.8


def test_calibration_error_by_hand():
    # two at .95, one true: gap |1.9 - 1|; two at .05, none true: gap .1; over 4
    error = training.calibration_error(np.array([0.95, 0.95, 0.05, 0.05]), np.array([True, False, False, False]))
    assert error == pytest.approx(0.25)


def test_f1_by_hand():
    given, truth = np.array([[True, True], [True, False]]), np.array([[True, False], [False, False]])
    assert training.f1(given, truth).tolist() == pytest.approx([2 / 3, 0])
    assert training.micro_f1(given, truth) == pytest.approx(0.5)


def test_training_twice_gives_the_same_bytes_and_finds_what_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "SEEDS", (0,))
    write_segments(tmp_path, [f"p{i}.example" for i in range(8)], "train.jsonl")
    write_segments(tmp_path, ["q1.example", "q2.example"], "valid.jsonl")
    model = training.train(tmp_path, out=tmp_path / "a")
    training.train(tmp_path, out=tmp_path / "b")
    for name in (clauses.ARRAYS, clauses.CARD):
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
    assert part.grams == alone.grams == ["keep", "we", "we keep"]
    assert part.chars == alone.chars
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
    model = clauses.ClauseModel(thresholds=np.zeros(10), card={}, arrays=arrays)
    assert model.margins(["zelkova"]).argmax() == 4


def test_kernel_products_are_those_of_the_lower_triangle(monkeypatch):
    monkeypatch.setattr(training, "COLUMNS", 2)
    rows = sp.csr_matrix(np.array([[1.0, 2.0], [0.0, 3.0], [4.0, 0.0]]))
    kernel = np.ones((3, 3))
    training._add_products(kernel, rows)
    assert np.tril(kernel).tolist() == [[6, 0, 0], [7, 10, 0], [5, 1, 17]]


def test_marks_by_hand():
    expected = [1, 0, 0, 0, 0.5, 0, 0, 0, 0, 1]
    assert labels.marks("FrO", Path("x.csv")) == expected
    assert labels.marks("N", Path("x.csv")) == [0] * 10


@pytest.mark.parametrize("label", ["", "FX", "F T"])
def test_an_unknown_mark_is_named(label):
    with pytest.raises(ValueError, match="allowed: letters of FTCARSPDIO"):
        labels.marks(label, Path("x.csv"))


def test_repeats_are_found_by_their_runs_of_words():
    long = "we keep the record of your visit for as long as the law asks us to"
    texts = [long + " and then some", "an altogether different sentence that shares no run", long.upper()]
    assert labels.repeats(texts, ["unrelated words stand in this line here", long]) == [{1}, set(), {1}]


def test_read_segments_are_cut_out_of_the_archive(tmp_path):
    folder = tmp_path / "privacy-policies-through-time" / "acme"
    folder.mkdir(parents=True)
    raw = "Intro.\n\nWe keep café logs for 30 days.\n\nBye."
    (folder / "acme-2019-01-02.txt").write_text(raw, encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "through-time.zip", "w") as file:
        file.write(folder / "acme-2019-01-02.txt", "privacy-policies-through-time/acme/acme-2019-01-02.txt")
    start = raw.index("We keep")
    table = tmp_path / "read.csv"
    table.write_text(
        "collection,source,start,end,heading,label\n"
        f"through-time,acme/acme-2019-01-02.txt,{start},{start + 30},How long,Rf\n"
    )
    read = labels.read_segments(table, tmp_path)
    assert read.texts == ["how long\nwe keep café logs for 00 days."]
    assert read.marks[0].tolist() == [0.5, 0, 0, 0, 1, 0, 0, 0, 0, 0]
    assert read.files == {"read.csv": hashlib.sha256(table.read_bytes()).hexdigest()}
    table.write_text(table.read_text().replace("acme-2019", "acme-1999"))
    with pytest.raises(ValueError, match="acme-1999"):
        labels.read_segments(table, tmp_path)


def test_training_names_an_unknown_label(tmp_path):
    (tmp_path / "train.jsonl").write_text('{"policy": "p", "text": "t", "label": ["Cookies"]}\n')
    with pytest.raises(ValueError, match="unknown label 'Cookies'"):
        labels.opp115(tmp_path)


def test_training_names_a_missing_file(tmp_path):
    with pytest.raises(ValueError, match=r"train\.jsonl is missing"):
        labels.opp115(tmp_path)


def test_held_out_segments_never_share_a_policy_with_their_model(tmp_path):
    write_segments(tmp_path, [f"p{i}.example" for i in range(10)], "train.jsonl")
    data = labels.opp115(tmp_path, ["train.jsonl"])
    vectors = {name: clauses.load().arrays[name] for name in training.VECTOR_ARRAYS}
    fold = training.out_of_fold(data, training.count(data.texts, vectors), seed=0).fold
    assert all(len(set(fold[data.policies == policy])) == 1 for policy in data.policies)


# ---- word vectors


def test_words_in_the_same_company_have_like_vectors():
    lines = (
        "we retain the record of our customer information today and always, as you know",
        "we keep the record of our customer information today and always, as you know",
        "they sell the boat of another marine you and the harbour of a village far away",
    )
    texts = [f"{line} xxx{i:c}" for i in range(97, 117) for line in lines]
    made = word_vectors.fit(texts, min_count=5, dimensions=6)
    unit = clauses.unit_rows(made.vectors.astype(float))
    near = unit @ unit[made.words.index("retain")]
    assert near[made.words.index("keep")] > near[made.words.index("sell")]


def test_a_repeated_paragraph_is_read_once():
    text = "This is the notice of our firm and it tells you what we do with your information. " * 2
    assert word_vectors.fit([text + "\n" + text, text], min_count=2).n_paragraphs == 1


def test_the_last_change_of_each_year_counts():
    blob = "a" * 40, "b" * 40, "c" * 40
    changes = [
        sources.Change("c" * 40, when, "x/Privacy Policy.md", b, "100644")
        for when, b in zip((1340000000, 1386000000, 1370000000, None, 10**18), (*blob, "d" * 40, "e" * 40), strict=True)
    ]
    assert word_vectors.last_of_year(changes) == {blob[0], blob[1]}


def test_a_folder_without_archives_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"tosback2\.bundle"):
        word_vectors.texts_of(tmp_path)


# ---- with OPP-115


@needs_opp115
def test_train_and_valid_share_no_policy():
    train, valid = (set(labels.opp115(OPP115, [name]).policies) for name in labels.FILES)
    assert (len(train), len(valid)) == (85, 10)
    assert not train & valid


@needs_opp115
def test_the_shipped_weights_name_the_data_that_made_them(model):
    made_from = {name: hashlib.sha256((OPP115 / name).read_bytes()).hexdigest() for name in labels.FILES}
    made_from[labels.READ] = hashlib.sha256((paths.gold() / labels.READ).read_bytes()).hexdigest()
    assert model.card["data_sha256"] == made_from


def test_what_was_read_to_learn_from_shares_no_service_with_what_is_scored():
    names = ("clause_training", "clause_policies", "clause_segments")
    services = [
        set(pd.read_csv(paths.gold() / f"{n}.csv")["service"]) for n in names if (paths.gold() / f"{n}.csv").is_file()
    ]
    assert services[0]
    assert not services[0] & set().union(*services[1:])


@needs_opp115
def test_the_shipped_vocabulary_holds_that_of_opp115(model):
    data = labels.opp115(OPP115)
    made = training.count(data.texts, {n: model.arrays[n] for n in training.VECTOR_ARRAYS})
    assert set(made.grams) <= set(clauses.unpack(model.arrays["grams"]))
    assert set(made.chars) <= set(clauses.unpack(model.arrays["chars"]))
    assert model.arrays["landmarks"].shape[0] == len(data.texts) + model.card["cross_validation"]["n_read"]
