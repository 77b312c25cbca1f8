import shutil
import tomllib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import clauses, paths
from privacylab.clauses import model as clause_model

RULES = tomllib.loads((paths.MODELS.parent / "rules" / "clauses.toml").read_text(encoding="utf-8"))["category"]
SENTENCES = [(r["id"], kind, s) for r in RULES for kind in ("examples", "counter_examples") for s in r[kind]]


@pytest.fixture(scope="module")
def model():
    return clauses.load()


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
    assert (model.scores([text]) == model.scores([text[: clause_model.MAX_CHARS]])).all()


def test_digits_are_all_alike(model):
    assert (model.scores(["We keep it for 18 days."]) == model.scores(["We keep it for 47 days."])).all()


def test_one_string_is_refused(model):
    with pytest.raises(ValueError, match="pass a list"):
        model.scores("We collect names.")


def test_headings_of_another_length_are_refused(model):
    with pytest.raises(ValueError, match="2 entries for 1 texts"):
        model.scores(["We collect names."], ["a", "b"])


def copy_of_model(folder):
    for name in (clause_model.ARRAYS, clause_model.CARD):
        shutil.copy(paths.MODELS / name, folder / name)
    return folder


def test_weights_are_small_and_need_no_pickle():
    assert (paths.MODELS / clause_model.ARRAYS).stat().st_size < 10_000_000
    with np.load(paths.MODELS / clause_model.ARRAYS, allow_pickle=False) as arrays:
        assert not [name for name in arrays.files if arrays[name].dtype.hasobject]


def test_truncated_weights_are_refused(tmp_path):
    data = (paths.MODELS / clause_model.ARRAYS).read_bytes()
    (copy_of_model(tmp_path) / clause_model.ARRAYS).write_bytes(data[: len(data) // 2])
    with pytest.raises(ValueError, match=r"clauses\.npz is cut short or altered"):
        clauses.load(tmp_path)


def test_weights_with_one_bit_changed_are_refused(tmp_path):
    data = bytearray((paths.MODELS / clause_model.ARRAYS).read_bytes())
    data[len(data) // 2] ^= 1
    (copy_of_model(tmp_path) / clause_model.ARRAYS).write_bytes(data)
    with pytest.raises(ValueError, match=r"clauses\.npz is cut short or altered"):
        clauses.load(tmp_path)


@pytest.mark.parametrize(("card", "message"), [("{", "JSON"), ("[]", "not format"), ('{"format": 99}', "not format")])
def test_a_damaged_card_is_refused(tmp_path, card, message):
    (copy_of_model(tmp_path) / clause_model.CARD).write_text(card)
    with pytest.raises(ValueError, match=message):
        clauses.load(tmp_path)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"clauses\.npz cannot be read"):
        clauses.load(tmp_path)


def test_the_model_card_gives_each_category_its_score(model):
    text = (paths.MODELS / "README.md").read_text(encoding="utf-8")
    for name, row in model.card["cross_validation"]["categories"].items():
        assert f"| {name} | {row['support']} | {row['f1']:.3f} |" in text


def test_char_grams_by_hand():
    counter = clause_model.char_counter().fit(["ab"])
    assert set(counter.get_feature_names_out()) == {" a", "ab", "b ", " ab", "ab ", " ab "}


def test_char_counts_sum_over_repeated_chunks():
    columns = clause_model.columns_of(clause_model.char_counter(["ab", "b ", "zz"]))
    counts = clause_model.char_counts(columns, 3, ["ab ab b", ""])
    assert counts.toarray().tolist() == [[2, 3, 0], [0, 0, 0]]


@given(st.lists(st.text("abcé_0.,-’\u00a0\x1c ", max_size=40), max_size=6))
def test_what_texts_share_is_counted_in_each(texts):
    counter = clause_model.char_counter(["ab", "b ", " a", "abc", "é_ "])
    counts = clause_model.char_counts(clause_model.columns_of(counter), 5, texts)
    assert counts.toarray().tolist() == counter.transform(texts).toarray().tolist()
    assert counts.has_sorted_indices


def test_words_and_pairs_by_hand():
    counter = clause_model.word_counter().fit(["we keep a log"])
    assert set(counter.get_feature_names_out()) == {"we", "keep", "log", "we keep", "keep log"}


def test_tfidf_rows_have_length_one():
    counts = clause_model.word_counter(["aa", "bb"]).transform(["aa bb", "cc"])
    assert clause_model.tfidf(counts, np.array([3.0, 4.0])).toarray() == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))


def test_likeness_of_same_and_opposite():
    point = np.array([[clause_model.UNIT, 0]], dtype=np.int16)
    both = clause_model.likeness(point, np.vstack([point, -point, point[:, ::-1]]))
    # cosine 1: 1 + 1; cosine -1: 0; cosine 0: 1/16 + 1/65536
    assert (both / clause_model.LIKENESS).tolist() == [[2, 0, 0.0625]]
