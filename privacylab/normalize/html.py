"""HTML -> chunks, read by lexbor (selectolax); also leftover tags in a page's text."""

import re

from selectolax.lexbor import LexborNode

from privacylab.normalize.chunks import Chunk, Pieces
from privacylab.normalize.cleaning import chunks_of
from privacylab.normalize.markup import is_own_xml, is_unclosed, parsed, without_tags
from privacylab.normalize.page import html_page
from privacylab.normalize.plain import plain_pieces
from privacylab.normalize.reader import TreeReader

# ToSBack2 broke lines after every full stop and turned semicolons into full stops, those of entities too.
_BROKEN_ENTITY = re.compile(r"&(amp|lt|gt|quot|nbsp|copy|reg|trade|[lr][sd]quo|[mn]dash|bull|#\d{2,5})\.(?=\s|$)")
_BROKEN_SEMICOLON = re.compile(r"\.\n(?=[a-z])")
_ABBREVIATED = re.compile(
    r"(?:^|[^a-z])(?:[a-z]|e\.g|i\.e|inc|ltd|co|corp|no|mrs?|ms|dr|st|vs|etc|approx|incl)$", re.IGNORECASE
)
_PIECE = re.compile(r"\n(?=<)(?=</?(?:p|li|ul|ol|h[1-6]|tr|table|div|dl|dt|dd)\b)")
_SIMPLE_PIECE = re.compile(r"<(p|li)>([^<&\0\r]*)(?:</\1>)?\s*")
"""Half of the pieces: one element with only text, for which a parser would take ten times as long."""


_PAGE_TAGS = (
    "body|html|frameset|main|article|section|div|header|footer|nav|aside|form|dialog|x?-?template|button|h[1-6]|pre|"
    "table|del"
)
_PAGE = re.compile(rf"<(?:{_PAGE_TAGS}|{_PAGE_TAGS.upper()})\b")  # ignoring case takes twice the time
"""Elements that never occur among leftover tags in a page's text."""


def html_pieces(text: str) -> Pieces:
    """The pieces of HTML; a whole page is one."""
    if is_unclosed(text):
        return plain_pieces(without_tags(text, "\n"))
    if is_own_xml(text) or _PAGE.search(text, 0, 200_000):
        return Pieces(html_page, [text])
    return Pieces(_html_piece, _PIECE.split(text))  # leftover tags in a page's text


def _mended_stop(stop: re.Match[str]) -> str:
    """A full stop before a small letter was a semicolon, unless it ends an abbreviation."""
    return ". " if _ABBREVIATED.search(stop.string, max(0, stop.start() - 8), stop.start()) else "; "


def _mended(piece: str) -> str:
    """ToSBack2's stops as the semicolons that they were; no piece begins or ends within a repair."""
    piece = _BROKEN_ENTITY.sub(r"&\1; ", piece) if "&" in piece else piece
    return _BROKEN_SEMICOLON.sub(_mended_stop, piece) if ".\n" in piece else piece


def _html_piece(piece: str) -> list[Chunk]:
    piece = _mended(piece)
    if "<" not in piece and "&" not in piece:
        return chunks_of([piece])
    if simple := _SIMPLE_PIECE.fullmatch(piece):
        return chunks_of([simple[2].replace("\n", " ")], "item" if simple[1] == "li" else "paragraph")
    return read_tree(parsed(f"<table>{piece}" if piece.startswith("<tr") else piece).body)


def read_tree(root: LexborNode | None) -> list[Chunk]:
    """The chunks below an element."""
    reader = TreeReader()
    if root is not None:
        reader.read(root)
    return [passage.chunk for passage in reader.passages]
