"""`text.counts`: the counts and terms of a segment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import paths
from privacylab.text import counts
from privacylab.text.counts import content_terms, content_words, count_words, syllables

RULES = paths.rules("wording")["passive"]


@pytest.mark.parametrize(
    ("text", "n_words", "n_sentences"),
    [
        ("", 0, 0),
        ("We don't sell your third-party data.", 6, 1),
        ("Write to privacy@bramblecot.example or see www.bramblecot.example/a now.", 5, 1),
        ("In 2019 we had 3 shops.", 4, 1),
        ("We set:\n- pixels\n- tags", 4, 3),
    ],
)
def test_words_and_sentences(text, n_words, n_sentences):
    found = count_words(text)
    assert (found.n_words, found.n_sentences) == (n_words, n_sentences)


@pytest.mark.parametrize(
    ("word", "n"),
    [("we", 1), ("data", 2), ("privacy", 3), ("information", 4), ("third-party", 3), ("don't", 1), ("xyzzy", 2)],
)
def test_syllables(word, n):
    assert syllables(word) == n


@given(st.from_regex(r"[a-z]+(?:['-][a-z]+)?", fullmatch=True))
def test_every_word_has_a_syllable(word):
    assert syllables(word) >= 1


@pytest.mark.parametrize("text", RULES["examples"])
def test_examples_are_passive(text):
    assert count_words(text).n_passive == 1


@pytest.mark.parametrize("text", RULES["counter_examples"])
def test_counter_examples_are_not(text):
    assert count_words(text).n_passive == 0


def test_a_sentence_with_two_passives_counts_once():
    assert count_words("It is kept and it is sold. We sell it. It was lost.").n_passive == 2


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("We may share some data from time to time.", 3),
        ("We share data in May.", 1),  # a month, too, is a may to a counter of words
        ("This includes, but is not limited to, names.", 0),
        ("We collect data including but not limited to names.", 1),
        ("Dismay and canteens.", 0),
    ],
)
def test_vague_words(text, n):
    assert count_words(text).n_vague == n


def test_content_words_leave_a_gap_where_a_stop_word_stood():
    assert content_words("We share data with third parties.") == ["", "share", "data", "", "third", "party"]


def test_terms_are_sorted_and_repeat():
    assert content_terms("Kettles and pots; a kettle at http://kettles.example") == ["kettle", "kettle", "pot"]


def test_a_phrase_stands_for_its_words(monkeypatch):
    monkeypatch.setattr(counts, "_PHRASES", frozenset({"third_party"}))
    assert content_terms("A third party and the third party's party.") == ["party", "third_party", "third_party"]


@given(st.text(max_size=80))
def test_any_text_has_counts_and_terms(text):
    assert min(count_words(text)) >= 0
    assert content_terms(text) == sorted(content_terms(text))
