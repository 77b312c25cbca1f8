"""Plain text: wrapped lines are joined again, whatever they were wrapped to and whatever ends them."""

import textwrap

import pytest

from privacylab import normalize
from privacylab.normalize.wrapping import joined, running, unbroken

PARAGRAPHS = (
    "Pell Kites Privacy Notice",
    "When you order a kite we keep your name, your delivery address and your email address, so that we can send you "
    "what you ordered.",
    "We keep records of your orders for six years after the order, because tax law asks us to. We delete messages "
    "that you send us after 18 months.",
    "Your rights",
    "You have the right to access the personal data that we hold about you, to correct it, and to ask us to erase it. "
    "You may complain to a supervisory authority.",
    "We comply with the General Data Protection Regulation. Where data leaves the European Union we rely on standard "
    "contractual clauses.",
)


def texts(text):
    return [block.text for block in normalize.blocks(text, media_type="text/plain")]


@pytest.mark.parametrize("width", [28, 30, 34, 38, 40, 42, 46, 60, 72, 88])
@pytest.mark.parametrize("indent", ["", "   "])
def test_text_wrapped_to_any_width_is_read_as_it_was_written(width, indent):
    assert texts("\n\n".join(textwrap.indent(textwrap.fill(text, width), indent) for text in PARAGRAPHS)) == [
        *PARAGRAPHS
    ]


@pytest.mark.parametrize("width", [40, 60, 72])
def test_titles_stand_alone_without_blank_lines(width):
    found = texts("\n".join(textwrap.fill(text, width) for text in PARAGRAPHS))
    assert PARAGRAPHS[0] in found and "Your rights" in found


def test_an_address_longer_than_the_lines_widens_them_not():
    text = "We comply with what the harbour office of the town\nAsks of us. For all other lakes that our boats are on\n"
    address = "Our office reads letters at the-office-of-privacy-of-otterholm@otterholm-boats.example"
    blocks = normalize.blocks(f"{text * 6}when you rent one.\n\n{address}\n", media_type="text/plain")
    assert len(blocks) == 2


def test_a_list_of_short_lines_is_not_joined():
    names = [f"{word} Partners of {place}" for word in ("Pell", "Lark", "Quill") for place in ("Cork", "Ulm", "Oslo")]
    assert texts("\n".join(names)) == names


@pytest.mark.parametrize("end", ["\r\n", "\r", "\u2028", "\u2029", "\x0b", "\x85", "\x0c"])
def test_any_line_end_is_one(end):
    assert texts(end.join("\n\n".join(PARAGRAPHS).split("\n"))) == [*PARAGRAPHS]


@pytest.mark.parametrize("mark", ["> ", ">", "> > "])
def test_a_quoted_message_is_read_without_its_marks(mark):
    lines = "\n\n".join(textwrap.fill(text, 60) for text in PARAGRAPHS).split("\n")
    assert texts("\n".join(mark + line for line in lines)) == [*PARAGRAPHS]


def test_pages_lose_their_heads_and_feet():
    body = [line for text in PARAGRAPHS[1:] for line in [*textwrap.wrap(text, 24), ""]]
    pages = [body[start : start + 14] for start in range(0, len(body), 14)]
    text = "\f".join(
        "\n".join(["Pell Kites Privacy Notice", "", *page, "", f"Version 3    Page {number}"])
        for number, page in enumerate(pages, 1)
    )
    assert texts(text) == [*PARAGRAPHS[1:]]


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["our data protec-", "tion officer"], "our data protection officer"),
        (["our data protec\u2010", "tion officer"], "our data protection officer"),
        (["our data protec\u00ad", "  tion officer"], "our data protection officer"),
        (["DATA PROTEC-", "TION"], "DATA PROTECTION"),
        (["the Data Protec-", "tion Regulation,"], "the Data Protection Regulation,"),
        (["our third-", "party services"], "our third-party services"),
        (["the opt-", "out link"], "the opt-out link"),
        (["the EU-", "U.S. frame"], "the EU-U.S. frame"),
        (["a non-", "European firm"], "a non-European firm"),
        (["first-", "and third-party cookies"], "first- and third-party cookies"),
        (["write to dpo@pell-", "kites.example"], "write to dpo@pell-kites.example"),
        (["in 2017-", "2018"], "in 2017-2018"),
        (["this -", "and only this"], "this - and only this"),
        (["this--", "and only this"], "this-- and only this"),
    ],
)
def test_a_hyphen_at_a_line_end_stays_where_the_word_has_one(lines, text):
    assert joined(lines) == text


def test_the_words_of_a_document_decide_before_a_dictionary():
    assert joined(["over the long-", "term"], {"long-term"}) == "over the long-term"
    assert joined(["the pell-", "quill"], {"pellquill"}) == "the pellquill"


def test_words_broken_in_markdown_are_whole_and_its_marks_stay():
    text = "Title\n-----\n\n> our data protec-\n> tion officer\n\n- one\n- two\n\n| a |\n|---|\n| b |\n"
    assert unbroken(text) == text.replace("protec-\n> tion", "protection")


def test_running_heads_stand_at_one_place():
    pages = [[(0, f"Notice, page {n}"), (1, "We keep orders."), (-1, f"Section {'I' * n}")] for n in (1, 2, 3)]
    pages[1][1] = (2, "We keep orders.")
    pages[2][1] = (1, "We keep letters.")
    assert running(pages)[0] == {
        "Notice, page 1",
        "Notice, page 2",
        "Notice, page 3",
        "Section I",
        "Section II",
        "Section III",
    }


def test_a_word_broken_at_a_line_end_is_whole_where_lines_are_not_wrapped():
    text = "Cookies\n\nWe protect your infor\u2010\nmation with encryp-\ntion.\n\n"
    text += "Contact\n\nWrite to our third-\nparty office.\n"
    assert [block.text for block in normalize.blocks(text, media_type="text/plain")][1::2] == [
        "We protect your information with encryption.",
        "Write to our third-party office.",
    ]
