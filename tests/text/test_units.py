from itertools import pairwise

import pytest

from privacylab.text.sentences import ends
from privacylab.text.units import tokens_of, units, words


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
    assert [token.text for token in tokens_of(text)] == tokens


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
    doc = tokens_of("one\ntwo")
    assert [len(unit.words) for unit in units(doc.text, words(doc))] == [1, 1]
    assert [len(unit.words) for unit in units(doc.text, words(doc), [])] == [2]
