"""Bytes of HTML, Markdown, plain text or PDF -> blocks of clean text.

Every format becomes a list of `normalize.Chunk`: a run of text that a reader sees as one block, with what its mark-up
says of it. HTML is read by lexbor (selectolax), Markdown by cmark and then as HTML, PDF by pypdf and then as plain
text. What the mark-up does not say is then read off the chunks in `lines`, `boilerplate` and `headings`, the same way
for all.
"""

from collections.abc import Callable
from itertools import chain

from privacylab.normalize.chunks import MAX_BYTES, Block, Chunk, Line, NormalizeError, Pieces
from privacylab.normalize.encoding import SURROGATE, decode, sniff
from privacylab.normalize.html import html_pieces
from privacylab.normalize.lines import read_blocks
from privacylab.normalize.markdown import markdown_pieces
from privacylab.normalize.pdf import pdf_text
from privacylab.normalize.plain import plain_pieces


def blocks(data: bytes | str, *, media_type: str | None = None) -> list[Block]:
    r"""The blocks of a document, in order.

    Args:
        data: The document. Bytes are decoded by their byte order mark, as UTF-8, or as what they most look like.
        media_type: ``text/html``, ``text/markdown``, ``text/plain`` or ``application/pdf``; None: seen from the data.

    Returns:
        The blocks; their texts are not empty and hold no line breaks. An empty document has none.

    Raises:
        NormalizeError: Not text (``not_text``), larger than `MAX_BYTES` (``too_large``), a PDF that is encrypted or
            has no text (``encrypted``, ``no_text``) or is damaged (``unreadable``).
        ValueError: An unknown media type.

    >>> [(block.kind, block.text) for block in blocks("# Cookies\n\nWe use:\n\n- pixels\n- tags\n")]
    [('heading', 'Cookies'), ('paragraph', 'We use:'), ('item', 'pixels'), ('item', 'tags')]
    """
    cut = pieces(data, media_type=media_type)
    return read_blocks(chain.from_iterable(map(cut.read, cut.texts)))


def pieces(data: bytes | str, *, media_type: str | None = None) -> Pieces:
    """The pieces of a document; arguments and errors are those of `blocks`."""
    if media_type is not None and media_type not in READERS:
        raise ValueError(f"media_type {media_type!r} is none of {', '.join(READERS)}")
    if len(data) > MAX_BYTES:
        raise NormalizeError("too_large", f"{len(data):,} bytes, at most {MAX_BYTES:,} are read")
    if isinstance(data, bytes) and (media_type == "application/pdf" or data[:1024].lstrip().startswith(b"%PDF-")):
        return plain_pieces(pdf_text(data))
    text = SURROGATE.sub("\ufffd", data) if isinstance(data, str) else decode(data)
    return READERS[media_type or sniff(text)](text)


READERS: dict[str, Callable[[str], Pieces]] = {
    "text/html": html_pieces,
    "text/markdown": markdown_pieces,
    "text/plain": plain_pieces,
    "application/pdf": plain_pieces,
}
"""What cuts which media type; PDF arrives here as its text."""
