from itertools import pairwise

import pytest

from privacylab.text.sentences import ends
from privacylab.text.units import places, units, words_of
from privacylab.text.visible import visible


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Rules(BCRs) hold", ["Rules", "(", "BCRs", ")", "hold"]),
        ('the "GDPR")and more', ["the", '"', "GDPR", '"', ")", "and", "more"]),
        ("GDPR/ UK", ["GDPR", "/", "UK"]),
        ("the GDPR.Users may", ["the", "GDPR", ".", "Users", "may"]),
        ("our dataPrivacy ShieldWe", ["our", "data", "Privacy", "Shield", "We"]),
        ("a U.S. firm, YouTube", ["a", "U.S.", "firm", ",", "YouTube"]),
    ],
)
def test_what_is_glued_together_is_parted(text, tokens):
    assert [text[start:end] for start, end in places(text)] == tokens


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("We keep logs. You may object.", ["We keep logs. ", "You may object."]),
        ("We comply with the\nPrivacy Shield.", ["We comply with the\nPrivacy Shield."]),
        ("Cookies\nWe use some.", ["Cookies\n", "We use some."]),
        ("Art. 6 (sec. 1) of it", ["Art. 6 (sec. 1) of it"]),
        ("We use:\n- logs\n- tags", ["We use:\n", "- logs\n", "- tags"]),
    ],
)
def test_a_sentence_goes_on_over_a_broken_line(text, sentences):
    cuts = [0, *ends(text), len(text)]
    assert [text[start:end] for start, end in pairwise(cuts)] == sentences


def test_units_may_end_where_the_caller_says():
    assert [unit.text for unit in units("one\ntwo")] == ["one\n", "two"]
    assert [unit.text for unit in units("one\ntwo", ())] == ["one\ntwo"]


def read(text):
    """The words of each unit of a text."""
    read = []
    for unit in units(visible(text)):
        tokens = [part[start:end] for part in (unit.lead, unit.text) for start, end in places(part)]
        assert len(words_of(unit.lead, unit.text)[0]) == len(tokens)
        read.append(" ".join(tokens))
    return read


def test_sentences_and_lines_are_read_apart():
    assert read("We log, e.g. errors. We keep them!\nNothing else") == [
        "We log , e.g. errors .",
        "We keep them !",
        "Nothing else",
    ]


def test_each_sentence_of_an_item_stands_behind_the_lead():
    assert read("You may:\n- see it. Ask us.\n- drop it\nBye") == [
        "You may :",
        "You may : see it .",
        "You may : Ask us .",
        "You may : drop it",
        "Bye",
    ]


def test_what_a_reader_does_not_see_is_no_word():
    assert read("our [site](https://a.example/right-to-object) <b>now</b>") == ["our [ site ] now"]


def test_positions_are_those_of_the_text():
    text = "see [x](http://a.example/y) e-mail"
    assert [text[start:end] for start, end in places(visible(text))] == ["see", "[", "x", "]", "e", "mail"]
    assert [unit.start for unit in units("One. Two.\n\n- three")] == [0, 5, 11]
