"""`clauses.ngrams`: a vocabulary counts what each text by itself holds."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from privacylab.clauses import ngrams

NGRAMS = ["ab", "ab abc", "abc", "b0", "é_", "b0 ab"], ["ab", "b ", " a", "abc", "é_ "], ["abc", "zz", "b0"]


@given(st.lists(st.text("abcé_0.,-’\u00a0\x1c ", max_size=40), max_size=6))
def test_a_vocabulary_counts_what_each_text_by_itself_holds(texts):
    vocabulary = ngrams.Vocabulary(*NGRAMS)
    for given_texts in (texts, texts[::-1]):  # the second time all is known
        found = vocabulary.counts(given_texts)
        grams = [Counter(ngrams.word_grams(text)) for text in given_texts]
        chars = [Counter(gram for chunk in text.split() for gram in ngrams.char_grams(chunk)) for text in given_texts]
        for counted, expected, names in zip(found, (grams, chars, grams), NGRAMS, strict=True):
            assert counted.toarray().tolist() == [[row[name] for name in names] for row in expected]
            assert counted.has_sorted_indices


def test_what_is_known_is_forgotten_when_it_is_too_much(monkeypatch):
    monkeypatch.setattr(ngrams, "MAX_KNOWN", 2)
    vocabulary = ngrams.Vocabulary(*NGRAMS)
    first = vocabulary.counts(["ab abc b0", "zz"])
    assert (vocabulary.counts(["zz", "abc"]).words.toarray() == [[0, 1, 0], [1, 0, 0]]).all()
    assert (vocabulary.counts(["ab abc b0", "zz"]).grams != first.grams).nnz == 0
