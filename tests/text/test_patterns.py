"""What patterns match, against a plain matcher that tries every way; what they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.strings import get_string_id

from privacylab.text.patterns import Gap, PatternError, Patterns, Words, forms, needs, row
from privacylab.text.units import places, units, words
from privacylab.text.visible import visible

LISTS = {"erase": ["erase~", "wipe out"], "data": ["data", "details"]}


def spans(text, *patterns):
    """What patterns match in each unit of a text."""
    compiled = Patterns({"all": patterns}, LISTS)
    return [
        unit.text[places(unit.text)[start][0] : places(unit.text)[end - 1][1]]
        for unit in units(visible(text))
        for start, end in compiled.spans("all", compiled.look(words(unit.text)))
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "matched"),
    [
        ("privacy shield", "Our Privacy-Shield notice", ["Privacy-Shield"]),
        ("=Shield", "a shield, the Shield", ["Shield"]),
        ("erase~ data", "we erased data, erases data, erasing data", ["erased data", "erases data", "erasing data"]),
        ("$erase ..1 $data", "we wipe out your details", ["wipe out your details"]),
        ("for # day~", "for 30 days or for twelve days", ["for 30 days", "for twelve days"]),
        ("do not sell", "we don't sell, we don’t sell", ["don't sell"] * 2),
        ("right to? object", "a right to object, a right object", ["right to object", "right object"]),
        ("right ..2 object", "right to freely object, right to very freely object", ["right to freely object"]),
        ("device id", "your device ID", ["device ID"]),
    ],
)
def test_matches(pattern, text, matched):
    assert spans(text, pattern) == matched


def test_a_word_in_exact_case_counts_as_it_is_written_whatever_its_norm():
    compiled = Patterns({"all": ["=Name"]}, {})
    marked = words("kites")[0]._replace(orth=get_string_id("Name"))
    assert compiled.spans("all", compiled.look([marked])) == [(0, 1)]


def test_of_those_with_one_end_the_shortest_is_given():
    assert spans("right, right to object", "right ..5 object") == ["right to object"]


def test_no_pattern_reaches_over_the_end_of_a_sentence():
    assert spans("You have a right. We object.", "right ..5 object") == []


def test_forms_of_a_lemma():
    assert forms("rectify") >= {"rectify", "rectified", "rectifies", "rectifying"}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("right to $deletion", "$deletion"),
        ("a b c d e f g h i j k l m", "12"),
        ("right ||", "bar"),
        ("..4", "nothing"),
        ("you? may?", "nothing"),
        ("opt-out of", "opt out"),
        ("cannot access", "can not"),
    ],
)
def test_a_pattern_that_cannot_be_read_is_named_with_the_remedy(pattern, names):
    with pytest.raises(PatternError) as error:
        Patterns({"all": [pattern]}, LISTS)
    assert repr(pattern)[1:-1] in str(error.value)
    assert names in str(error.value)


def tries(tokens, sentence, start):
    """Where a row that begins at ``start`` may end, found by trying every way."""
    if not tokens:
        return {start}
    first, rest = tokens[0], tokens[1:]
    if isinstance(first, Gap):
        most = min(first.most, len(sentence) - start)
        return set().union(*[tries(rest, sentence, start + n) for n in range(most + 1)])
    if isinstance(first, Words):
        return (
            tries(rest, sentence, start + 1)
            if sentence[start : start + 1] and sentence[start] in first.any_of
            else set()
        )
    return set().union(*[tries((*each, *rest), sentence, start) for each in first.rows])


TOKENS = st.sampled_from(["a", "b", "a|b", "a?", "$ab", "$ab?", "..1", "..2", "c"])


@given(st.lists(TOKENS, min_size=1, max_size=6), st.lists(st.sampled_from("abcd"), max_size=9))
def test_spans_are_those_of_a_plain_matcher(written, sentence):
    lists = {"ab": ["a b", "b b a", "c"]}
    try:
        tokens = row(" ".join(written), lists)
    except PatternError:
        return
    ends = {}
    for start in range(len(sentence)):
        for end in tries(tokens, sentence, start):
            ends[end] = start  # the last start is the shortest match
    compiled = Patterns({"all": [" ".join(written)]}, lists)
    text = " ".join(sentence)
    look = compiled.look(words(text))
    spans = sorted((start, end) for end, start in ends.items())
    assert compiled.spans("all", look) == spans
    assert needs(tokens)
    if spans:  # the quick test passes no match by
        assert look.groups == {"all"} and compiled.may_match(text)


def test_a_search_begins_at_the_groups_that_are_named_and_most_words_begin_none():
    compiled = Patterns({"right": ["right to object"], "unless": ["no right"]}, {}, begin=["right"])
    look = compiled.look(words("You have no right to object."))
    assert look.groups == {"right"}
    assert compiled.spans("unless", look) == [(2, 4)]
    assert compiled.look(words("You have no right.")).groups == frozenset()
    assert not compiled.may_match("An objection")


@pytest.mark.parametrize(("pattern", "text"), [("act # of", "act 12 of"), ("#", "12"), ("will not sell", "won't sell")])
def test_what_a_text_writes_in_other_letters_is_not_passed_by(pattern, text):
    compiled = Patterns({"all": [pattern]}, {})
    assert compiled.spans("all", compiled.look(words(text)))
    assert compiled.may_match(text)


def test_a_sentence_of_a_hundred_thousand_words_is_no_trouble():
    text = "right " * 100_000
    assert spans(text, "right ..20 right ..20 object|right ..20 delete") == []
