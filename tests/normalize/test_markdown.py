"""`normalize.markdown`: what is read without the parsers, or in pieces, is read as the parsers read the whole."""

import pytest
from cmarkgfm import cmark
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from strange import MARKDOWN, TEXT

from privacylab import normalize
from privacylab.normalize import markdown
from privacylab.normalize.html import read_tree

MARKS = "We,  ,\n,*b*,_i_,[a](b),&amp;,<b>x</b>,`c`,\\-,~~s~~,|,!,- ,# ,1. ,===,(c),\",',:,\t,    ".split(",")


@given(st.lists(st.sampled_from(MARKS), max_size=6).map("".join) | TEXT.map("a".__add__))
@example("# We").via("a mark of each kind")
@example("We*b*").via("a mark of each kind")
@example("We &copy; you").via("a mark of each kind")
@example("We <b>x</b>").via("a mark of each kind")
@example("We\\-").via("a mark of each kind")
@example("We~~s~~").via("a mark of each kind")
@example("aâ€ ").via("a blank at the end of mojibake")
def test_a_simple_line_is_read_as_the_parsers_read_it(text):
    html = cmark.markdown_to_html_with_extensions(text, options=markdown._UNSAFE, extensions=markdown._EXTENSIONS)
    assert markdown._markdown_part(text) == read_tree(LexborHTMLParser(html).body)


@given(MARKDOWN)
def test_pieces_of_markdown_are_read_as_the_whole(text):
    flat = markdown._without_scripts(markdown._DEEP_INDENT.sub("    ", text))
    parts = markdown._PART.split(markdown._BOLD_LINE.sub(r"\n\n\1\n\n", flat))
    cut = markdown.markdown_pieces(text)
    assert [chunk for piece in cut.texts for chunk in cut.read(piece)] == [
        chunk for part in parts for chunk in markdown._markdown_part(part)
    ]


@pytest.mark.parametrize("form", ["---\n{}---\n\n", "+++\n{}+++\n"])
def test_what_stands_before_a_text_for_programs_gives_title_and_date(form):
    fields = 'title: "Otterholm Boats"\nlast_updated: 2018-05-03\nlayout: page\ntags:\n  - legal\n'
    matter = form.format(fields.replace(":", " =") if "+" in form else fields)
    text = f"{matter}## Cookies\n\nWe use cookies.\n"
    texts = [(block.kind, block.text) for block in normalize.blocks(text, media_type="text/markdown")]
    assert texts[0] == ("heading", "Otterholm Boats")
    assert "2018-05-03" in texts[1][1]
    assert texts[2:] == [("heading", "Cookies"), ("paragraph", "We use cookies.")]


@pytest.mark.parametrize("blank", ["", "    "])
def test_a_text_that_is_indented_as_a_whole_has_its_headings(blank):
    lines = ["# Boats", "", "## Cookies", "", "We use them.", "", "## Tags", "", "We use tags."]
    text = "\n".join(f"    {line}" if line else blank for line in lines)
    assert [block.kind for block in normalize.blocks(text, media_type="text/markdown")].count("heading") == 3


@pytest.mark.parametrize("mark", [" {#cookies}", " {: .big }", "{.big}"])
def test_the_name_of_a_heading_is_no_text(mark):
    assert normalize.blocks(f"# Boats\n\n## Cookies{mark}\n\nWe use them.\n")[1].text == "Cookies"


@pytest.mark.parametrize("media_type", ["text/markdown", None])
def test_a_heading_needs_no_blank_behind_its_marks(media_type):
    text = "# Boats\n\n##Cookies\nWe use #1 cookies, and ##two of them.\n\n###Tags\nWe use tags.\n"
    blocks = normalize.blocks(text, media_type=media_type)
    assert [block.text for block in blocks if block.kind == "heading"] == ["Boats", "Cookies", "Tags"]
    assert blocks[2].text == "We use #1 cookies, and ##two of them."
