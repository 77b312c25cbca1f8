"""`text.segments`: paragraph-sized units, each with its heading, and no word lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab.normalize import Block
from privacylab.text.segments import Segment, segments
from privacylab.text.sentences import sentences


def heading(text: str) -> Block:
    return Block("heading", text, 2)


def paragraph(text: str) -> Block:
    return Block("paragraph", text)


def item(text: str) -> Block:
    return Block("item", text)


LONG = "We keep what you tell us for as long as your account is open."
HUNDRED = "Word " * 99 + "end."


def test_an_introduction_stays_with_its_list():
    found = segments([heading("Cookies"), paragraph("We set:"), item("pixels"), item("tags"), paragraph(LONG)])
    assert found == [Segment("Cookies", "We set:\n- pixels\n- tags"), Segment("Cookies", LONG)]


def test_the_nearest_heading_counts():
    found = segments([heading("Cookies"), paragraph(LONG), heading("Rights"), paragraph(LONG)])
    assert [each.heading for each in found] == ["Cookies", "Rights"]


def test_text_before_the_first_heading_has_none():
    assert segments([paragraph(LONG)]) == [Segment(None, LONG)]


def test_a_heading_over_a_heading_is_a_segment_of_its_own():
    found = segments([heading("Policy"), heading("Cookies"), paragraph(LONG), heading("End")])
    assert found == [Segment(None, "Policy"), Segment("Cookies", LONG), Segment(None, "End")]


def test_short_lines_in_a_row_are_one_segment():
    address = ["Bramblecot Ltd", "14 Mill Lane", "Leeds"]
    assert segments(map(paragraph, [LONG, *address, LONG])) == [
        Segment(None, LONG),
        Segment(None, "\n".join(address)),
        Segment(None, LONG),
    ]


def test_a_paragraph_too_long_is_cut_between_sentences():
    text = " ".join([HUNDRED] * 3)
    assert [each.text for each in segments([paragraph(text)])] == [f"{HUNDRED} {HUNDRED}", HUNDRED]


def test_a_sentence_is_never_cut():
    text = "word " * 600 + "end."
    assert segments([paragraph(text)]) == [Segment(None, text)]


def test_a_list_too_long_goes_on_in_a_second_segment():
    found = segments([paragraph("We set:"), *[item(HUNDRED)] * 3])
    assert [each.text.count(" end.") for each in found] == [1, 2]


BLOCKS = st.builds(
    Block, st.sampled_from(["heading", "paragraph", "item"]), st.sampled_from(["One", "Two?", "We set:", LONG, HUNDRED])
)


@given(st.lists(BLOCKS))
def test_no_word_is_lost(blocks):
    found = segments(blocks)
    left = " ".join(each.text for each in found).replace("\n- ", "\n").split()
    headings = {each.heading for each in found if each.heading}
    for block in blocks:
        if block.kind == "heading" and block.text in headings:
            continue
        for word in block.text.split():
            left.remove(word)


@given(st.text("abc .!?\"')([]\n", max_size=60))
def test_no_letter_is_lost_between_sentences(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("We ask Acme Inc. We do.", ["We ask Acme Inc. We do."]),
        ("See Art. 6 and No. 7 of it.", ["See Art. 6 and No. 7 of it."]),
        ("J. Smith, e.g. Mr. Smith, wrote.", ["J. Smith, e.g. Mr. Smith, wrote."]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("We set:\n- pixels\n- tags", ["We set:", "- pixels", "- tags"]),
        ("Version 2.1 of it. 3 days later.", ["Version 2.1 of it.", "3 days later."]),
        ("", []),
    ],
)
def test_sentences(text, parts):
    assert sentences(text) == parts


def test_each_segment_knows_whom_the_headings_above_it_speak_to():
    blocks = [
        Block("heading", "Privacy policy", 1),
        Block("paragraph", "We sell tea.", 0),
        Block("heading", "Notice to European users", 2),
        Block("heading", "Your rights", 3),
        Block("paragraph", "You may object.", 0),
        Block("heading", "Contact", 2),
        Block("paragraph", "Write to us.", 0),
    ]
    assert [(segment.text, segment.audience) for segment in segments(blocks)] == [
        ("We sell tea.", "all"),
        ("Notice to European users", "eu_uk"),
        ("You may object.", "eu_uk"),
        ("Write to us.", "all"),
    ]
