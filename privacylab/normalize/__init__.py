"""Bytes of HTML, Markdown, plain text, PDF, Word and the like -> blocks of clean text.

Every format becomes a list of `normalize.Chunk`: a run of text that a reader sees as one block, with the meaning of its
mark-up. lexbor (selectolax) reads HTML, cmark turns Markdown into HTML, pypdf reads PDF. `lines`, `boilerplate` and
`headings` then work out what the mark-up does not say, the same way for all formats.
"""

import functools
from collections.abc import Callable, Sequence
from itertools import chain

from privacylab.normalize.boilerplate import joined, trimmed
from privacylab.normalize.chunks import MAX_BYTES, Block, Chunk, NormalizeError, Pieces, check_size
from privacylab.normalize.documents import text_of
from privacylab.normalize.encoding import sniff, whole
from privacylab.normalize.headings import outlined
from privacylab.normalize.html import html_pieces
from privacylab.normalize.lines import Line, read_line
from privacylab.normalize.markdown import markdown_pieces
from privacylab.normalize.markup import PARAGRAPH_MARK, revealed
from privacylab.normalize.pdf import pdf_pieces
from privacylab.normalize.plain import plain_pieces
from privacylab.sources import kinds


class Cache:
    """Results for earlier documents: lines by their chunks, the lines of pieces, the blocks of pages.

    Nothing in it refers to itself: it goes with its last user, also while nobody looks for garbage.
    """

    def __init__(self) -> None:
        self.line = functools.cache(read_line)  # of a million lines most may be the same
        self.lines = functools.partial(_lines, self.line)
        self.lines_of_piece = functools.cache(self.lines)
        self.blocks = functools.cache(outlined)


def _lines(line: Callable[[Chunk], Line | None], read: Callable[[str], Sequence[Chunk]], text: str) -> tuple[Line, ...]:
    """The lines of a piece."""
    return tuple(filter(None, map(line, read(text))))


def blocks(data: bytes | str, *, media_type: str | None = None) -> list[Block]:
    r"""The blocks of a document, in order.

    Args:
        data: The document. Bytes are decoded by their byte order mark, as UTF-8, or in the likeliest encoding.
        media_type: ``text/html``, ``text/markdown``, ``text/plain``, ``application/pdf`` or that of another kind in
            ``rules/kinds.toml``, from the document's name; None: from the data, which outweighs the name.

    Returns:
        The blocks; their texts are not empty and have no line breaks. An empty document has none.

    Raises:
        NormalizeError: Not text (``not_text``), larger than `MAX_BYTES` (``too_large``), a PDF that is encrypted or
            has no text (``encrypted``, ``no_text``) or is damaged (``unreadable``), a kind of file that is not read
            (``unreadable_kind``).
        ValueError: An unknown media type.

    >>> [(block.kind, block.text) for block in blocks("# Cookies\n\nWe use:\n\n- pixels\n- tags\n")]
    [('heading', 'Cookies'), ('paragraph', 'We use:'), ('item', 'pixels'), ('item', 'tags')]
    """
    return list(read(data, media_type=media_type))


def read(data: bytes | str, *, media_type: str | None = None, cache: Cache | None = None) -> tuple[Block, ...]:
    """The same as `blocks`, for many documents that repeat each other.

    Args:
        data: The document.
        media_type: As for `blocks`.
        cache: Results for earlier documents; those of this one are added.
    """
    cache = cache or Cache()
    document = _pieces(data, media_type)
    # A whole page does not come again, most pieces do.
    lines_of = cache.lines if len(document.texts) == 1 else cache.lines_of_piece
    lines = list(chain.from_iterable([lines_of(document.read, text) for text in document.texts]))
    return cache.blocks(tuple(trimmed(joined(lines, cache.line))))


def _pieces(data: bytes | str, media_type: str | None) -> Pieces:
    """A document cut into pieces."""
    if media_type is not None and media_type not in READERS and media_type not in kinds.KINDS:
        raise ValueError(f"media_type is {media_type!r}; give one of {', '.join(READERS)}, or None")
    data, media_type = text_of(data, media_type) if isinstance(data, bytes) else (whole(data), media_type)
    if isinstance(data, bytes):
        return pdf_pieces(data)
    check_size(len(data))
    if "\n" not in data and data.count("\\n") > MAX_ESCAPED:  # from a table or a program's string
        data = data.replace("\\r", "").replace("\\n", "\n").replace("\\t", " ")
    data = revealed(data)
    kind = media_type if media_type in READERS else sniff(data)
    if kind != "text/markdown" and "|" in data and PARAGRAPH_MARK in data:
        data = data.replace(PARAGRAPH_MARK, "\n<p>" if kind == "text/html" else "\n\n")
    return READERS[kind](data)


MAX_ESCAPED = 2
"""A line may have this many line ends written as in programs; of more, each is one."""

READERS: dict[str, Callable[[str], Pieces]] = {
    "text/html": html_pieces,
    "text/markdown": markdown_pieces,
    "text/plain": plain_pieces,
    "application/pdf": plain_pieces,
}
"""What cuts each media type; a PDF's bytes are cut before."""
