"""`normalize.html`: what is read without the parser is read as the parser reads it."""

from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from strange import LEFTOVERS, TEXT

from privacylab.normalize import html


@given(st.sampled_from(["p", "li"]), TEXT, st.booleans(), st.sampled_from(["", "\n", "  \n"]))
def test_a_simple_piece_is_read_as_the_parser_reads_it(tag, text, closed, end):
    piece = f"<{tag}>{text}{f'</{tag}>' if closed else ''}{end}"
    assert html._html_piece(piece) == html.read_tree(LexborHTMLParser(html._mended(piece)).body)


@given(LEFTOVERS)
def test_stops_are_mended_in_pieces_as_in_the_whole(text):
    pieces = html._PIECE.split(text)
    assert list(map(html._mended, pieces)) == html._PIECE.split(html._mended(text))
