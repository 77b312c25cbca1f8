"""Bytes of HTML, Markdown, plain text or PDF -> blocks of clean text.

Every format becomes a list of `outline.Chunk`: a run of text that a reader sees as one block, with what its mark-up
says of it. HTML is read by lexbor (selectolax), Markdown by cmark and then as HTML, PDF by pypdf and then as plain
text. What the mark-up does not say is then read off the chunks in `outline`, the same way for all.
"""

import codecs
import contextlib
import io
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import charset_normalizer
from cmarkgfm import cmark
from selectolax.lexbor import LexborHTMLParser, LexborNode

from privacylab import git
from privacylab.cleaning import clean, without_comments
from privacylab.outline import Block as Block
from privacylab.outline import Chunk, Kind, read_blocks

MAX_BYTES = git.MAX_BYTES
"""A policy has some 30,000 bytes; above this a file is something else."""

MAX_DEPTH = 400
"""Elements nested deeper than this are read as one block."""


class NormalizeError(ValueError):
    """A document that cannot be read; ``reason`` is one of `schemas.REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Pieces(NamedTuple):
    """A document cut where nothing that stands before bears on what follows; ``read`` gives the chunks of a piece.

    Versions of a document repeat each other: who keeps what `read` gave reads most pieces once for many versions.
    """

    read: Callable[[str], Sequence[Chunk]]
    texts: list[str]


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
        return _plain_pieces(_pdf_text(data))
    text = _SURROGATE.sub("\ufffd", data) if isinstance(data, str) else decode(data)
    return READERS[media_type or sniff(text)](text)


def decode(data: bytes) -> str:
    """Text from bytes: by byte order mark, as UTF-8, as the page declares, or as charset-normalizer's best guess.

    Raises:
        NormalizeError: ``not_text``.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data[:4096]:
        for encoding, zeros in (("utf-16-le", data[1:4096:2]), ("utf-16-be", data[:4096:2])):
            if len(zeros) > 3 and zeros.count(0) > 0.9 * len(zeros) and 2 * zeros.count(0) > data[:4096].count(0) * 1.9:
                return data.decode(encoding, errors="replace")
        raise NormalizeError("not_text", "it holds NUL bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # Stray bytes among more letters of UTF-8 were pasted from Windows; a letter cut in two is dropped.
        valid = data.decode("utf-8", errors="ignore")
        n_letters = len(valid) - len(valid.encode("ascii", errors="ignore"))
        n_stray = len(data) - len(valid.encode())
        if (n_stray <= n_letters or _cut_short(data)) and not _CONTROL_BYTE.search(data[:4096]):
            return data.decode("utf-8", errors=_STRAY)
    declared = _CHARSET.search(data[:4096])
    if declared:
        with contextlib.suppress(LookupError, UnicodeError):
            return data.decode(declared[1].decode("ascii"))
    # A text with few bytes above 127 is English in the code page of Windows, whatever else these bytes might be.
    if sum(byte > 127 for byte in data[:50_000]) * 20 < len(data[:50_000]) and not _CONTROL_BYTE.search(data[:4096]):
        return data.decode("cp1252", errors="replace")
    best = charset_normalizer.from_bytes(data[:50_000], cp_isolation=["cp1252", "latin_1", "cp1250", "utf_16"]).best()
    text = "" if best is None else data.decode(best.encoding, errors="replace")
    if best is None or _CONTROL.search(text[:4096]):
        raise NormalizeError("not_text", "its bytes are no text in a known encoding")
    return text


def _cut_short(data: bytes) -> bool:
    """Whether nothing is wrong but that the last letter is not whole."""
    return any(data[:-n].isascii() for n in (1, 2, 3))


def _stray_byte(error: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 as Windows reads it; nothing for the beginning of a letter at the end of the text."""
    assert isinstance(error, UnicodeDecodeError)
    if error.reason == "unexpected end of data":
        return "", error.end
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


_STRAY = "privacylab.stray"
codecs.register_error(_STRAY, _stray_byte)

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{3,20})", re.IGNORECASE)
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_TAG = re.compile(r"</?(?:p|li|ul|ol|br|div|h[1-6]|table|t[dr]|b|strong|i|span|html|body)\b[^>]{0,200}>", re.IGNORECASE)
_MARKDOWN = re.compile(
    r"\]\([^)\s]+|^#{1,6} |^[^\n]{3,100}\n(?:={3,}|-{3,})[ \t]*$|\*\*[^*\n]{2,80}\*\*|^\*   |\\[-\\`*_{}\[\]<>#|&~!+.]",
    re.MULTILINE,
)


def sniff(text: str) -> str:
    """The media type that a text looks like: HTML, also as leftover tags, Markdown, or plain text."""
    head = text[:2000].lower()
    if "<html" in head or "<!doctype html" in head or len(_TAG.findall(text, 0, 20_000)) >= 6:
        return "text/html"
    n_marks = len(_MARKDOWN.findall(text, 0, 20_000)) + text.startswith("# ")
    # Where blank lines part all blocks, Markdown and plain text differ in nothing but the marks.
    is_parted = "\n" not in text.strip().replace("\n\n", "")
    return "text/markdown" if n_marks >= 2 or (n_marks and is_parted) else "text/plain"


# --- HTML -----------------------------------------------------------------------------------------------------------

_SKIPPED = frozenset(
    "script style noscript template svg iframe object nav footer aside button select textarea head title canvas video "
    "audio map form dialog".split()
)
_BLOCK = frozenset(
    "p div section article main header ul ol dl table tbody thead tfoot caption blockquote pre address figure "
    "figcaption hr center fieldset details summary body html dd form".split()
)
_HEADING = {f"h{level}": level for level in range(1, 7)}
_BOLD = frozenset(("b", "strong"))
_CHROME_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "dialog", "alertdialog"))
_COOKIE_BANNER = re.compile(
    r"\b(?:cookie|consent|gdpr)[-_]?(?:banner|bar|notice|popup|modal|consent|law)\b|onetrust-", re.I
)

# ToSBack2 broke lines after every full stop and turned semicolons into full stops, those of entities too.
_BROKEN_ENTITY = re.compile(r"&(amp|lt|gt|quot|nbsp|copy|reg|trade|[lr][sd]quo|[mn]dash|bull|#\d{2,5})\.(?=\s|$)")
_BROKEN_SEMICOLON = re.compile(r"\.\n(?=[a-z])")
_ABBREVIATED = re.compile(
    r"(?:^|[^a-z])(?:[a-z]|e\.g|i\.e|inc|ltd|co|corp|no|mrs?|ms|dr|st|vs|etc|approx|incl)$", re.IGNORECASE
)
_PIECE = re.compile(r"\n(?=<)(?=</?(?:p|li|ul|ol|h[1-6]|tr|table|div|dl|dt|dd)\b)")
_SIMPLE_PIECE = re.compile(r"<(p|li)>([^<&\0\r]*)(?:</\1>)?\s*")
"""Half of the pieces: one element that holds nothing but text, for which a parser would take ten times as long."""


_BODY = re.compile(r"<body", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]{0,1000}>")

MAX_UNCLOSED = 10_000
"""Elements that nobody closed; more take a parser that follows the standard hours, and their tags are cut instead."""


def _is_unclosed(text: str) -> bool:
    return len(text) > 5 * MAX_UNCLOSED and text.count("<") - 2 * text.count("</") > MAX_UNCLOSED


def _html_pieces(text: str) -> Pieces:
    if _is_unclosed(text):
        return _plain_pieces(_ANY_TAG.sub("\n", text))
    if _BODY.search(text, 0, 200_000):
        return Pieces(_html_page, [text])
    return Pieces(_html_piece, _PIECE.split(text))  # leftover tags on a page's text


def _html_page(text: str) -> list[Chunk]:
    return _read_tree(_main_content(LexborHTMLParser(text)))


def _mended_stop(stop: re.Match[str]) -> str:
    """A full stop before a small letter was a semicolon, unless it ends an abbreviation."""
    return ". " if _ABBREVIATED.search(stop.string, max(0, stop.start() - 8), stop.start()) else "; "


def _mended(piece: str) -> str:
    """ToSBack2's stops as the semicolons that they were; no piece begins or ends within what is mended."""
    if "&" in piece:
        piece = _BROKEN_ENTITY.sub(r"&\1; ", piece)
    if ".\n" in piece:
        piece = _BROKEN_SEMICOLON.sub(_mended_stop, piece)
    return piece


def _html_piece(piece: str) -> list[Chunk]:
    piece = _mended(piece)
    if "<" not in piece and "&" not in piece:
        cleaned = clean(piece)
        return [Chunk("paragraph", cleaned)] if cleaned else []
    if simple := _SIMPLE_PIECE.fullmatch(piece):
        cleaned = clean(simple[2].replace("\n", " "))
        return [Chunk("item" if simple[1] == "li" else "paragraph", cleaned)] if cleaned else []
    tree = LexborHTMLParser(f"<table>{piece}" if piece.startswith("<tr") else piece)
    return _read_tree(tree.body) if tree.body else []


def _read_tree(root: LexborNode) -> list[Chunk]:
    reader = _HtmlReader()
    reader.read(root)
    return reader.chunks


def _main_content(tree: LexborHTMLParser) -> LexborNode:
    """The element that says it holds the content, if it holds half of the text; else the body."""
    body = tree.body or tree.root
    assert body is not None
    n_body = len(body.text())
    for query in ("main", "[role=main]", "article"):
        found = max(tree.css(query), key=lambda node: len(node.text()), default=None)
        if found is not None and 2 * len(found.text()) >= n_body:
            return found
    return body


class _HtmlReader:
    """Walks a tree without recursion and cuts its text into chunks at the borders of block elements."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self._parts: list[str] = []
        self._n_bold = 0
        self._n_text = 0
        self._bold = 0
        self._kind: Kind = "paragraph"
        self._level = 0

    def read(self, root: LexborNode) -> None:
        node: LexborNode | None = root.child
        ancestors: list[tuple[LexborNode, str]] = []
        while node is not None:
            tag = node.tag
            if tag == "-text":
                self._text(node.text_content or "")
            elif tag == "br":
                self._break()
            elif tag == "tr" and (row := _data_row(node)):
                self._flush()
                self.chunks.append(Chunk("item", row))
            elif tag is not None and tag[0] != "-" and not _is_chrome(tag, node):
                child = node.child
                if child is not None and len(ancestors) < MAX_DEPTH:
                    self._open(tag)
                    ancestors.append((node, tag))
                    node = child
                    continue
                self._text(node.text(separator=" "))
            following = node.next
            while following is None and ancestors:
                node, tag = ancestors.pop()
                self._close(tag)
                following = node.next
            node = following
        self._flush()

    def _text(self, text: str) -> None:
        self._parts.append(text.replace("\n", " "))
        n_characters = len(text.strip())
        if not n_characters:
            return
        self._n_text += n_characters
        if self._bold:
            self._n_bold += n_characters

    def _open(self, tag: str) -> None:
        if tag in _BOLD:
            self._bold += 1
        elif tag == "li" or tag == "dt":
            self._flush()
            self._kind = "item" if tag == "li" else "paragraph"
        elif tag in _HEADING:
            self._flush()
            self._kind, self._level = "heading", _HEADING[tag]
        elif tag in _BLOCK or tag in ("td", "th", "tr"):
            self._flush()

    def _close(self, tag: str) -> None:
        if tag in _BOLD:
            self._bold -= 1
        elif tag in _HEADING or tag in ("li", "ul", "ol", "dt"):
            self._flush()
            self._kind, self._level = "paragraph", 0
        elif tag in _BLOCK or tag in ("td", "th", "tr"):
            self._flush()

    def _break(self) -> None:
        if self._n_text and self._n_bold == self._n_text:
            self._flush()  # a line in bold over the rest of its paragraph
        else:
            self._parts.append("\n")

    def _flush(self) -> None:
        if not self._n_text:
            self._parts.clear()
            return
        bold = self._n_bold == self._n_text
        for line in "".join(self._parts).split("\n"):
            if cleaned := clean(line):
                self.chunks.append(Chunk(self._kind, cleaned, self._level, bold))
        self._parts.clear()
        self._n_bold = self._n_text = 0


def _is_chrome(tag: str, node: LexborNode) -> bool:
    """Whether an element is the page's furniture rather than its content."""
    if tag in _SKIPPED:
        return tag != "form" or len(node.text()) < 2000  # old pages stand in one form as a whole
    if tag not in ("div", "section", "header"):
        return False
    attributes = node.attributes
    if not attributes:
        return False
    named = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
    return attributes.get("role") in _CHROME_ROLES or bool(_COOKIE_BANNER.search(named))


def _data_row(row: LexborNode) -> str | None:
    """The cells of a table's row joined by bars; None where the table is there for the layout."""
    text = row.text()
    if len(text) > 800 or row.css_first("h1,h2,h3,h4,ul,ol,table") is not None:
        return None
    cells = [clean(cell.text(separator=" ")) for cell in row.iter() if cell.tag in ("td", "th")]
    filled = [cell for cell in cells if cell]
    return " | ".join(filled) if len(filled) > 1 else None


# --- Markdown, plain text, PDF --------------------------------------------------------------------------------------

_UNSAFE = cmark.Options.CMARK_OPT_UNSAFE  # leftover tags pass through to be read as HTML
_EXTENSIONS = ("table", "strikethrough")  # addresses need no links, and tags no filter
_DEEP_INDENT = re.compile(r"^(?: {8,}|\t{2,})(?=\S)", re.MULTILINE)
# A title in bold on a line of its own, without blank lines: between a sentence's end and a sentence's beginning.
_BOLD_LINE = re.compile(
    r"(?:(?<![^.!?:])|(?<=[.!?:]  ))\n((\*\*|__)[A-Z\d][^*_\n]{1,100}[^*_\n.,;:]\2)[ \t]*\n(?=[A-Z\"'*_-])"
)
_PARTED = re.compile(r"\n\n(?!\s)")
"""A blank line before one that is neither blank nor indented: no item, no title in bold goes on behind it."""
_SCRIPT = re.compile(r"<(script|style|noscript|iframe)\b[^>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)

_SIMPLE_LINE = re.compile(r"[A-Za-z\"'(][^\n\\`*_\[\]<>&|~\0\r]*\n?")
"""Two fifths of the pieces of Markdown: a line of text without a mark, which neither cmark nor lexbor need read."""

MAX_PIECE = 200_000
"""Characters without a blank line; more are no Markdown that a person wrote, and are read as plain text."""


def _markdown_pieces(text: str) -> Pieces:
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    if "</" in text and any(end in text for end in ("</script", "</style", "</noscript", "</iframe")):
        return Pieces(_flat_piece, _PARTED.split(_SCRIPT.sub(" ", _DEEP_INDENT.sub("    ", text))))
    return Pieces(_markdown_piece, _PARTED.split(text))


def _markdown_piece(piece: str) -> list[Chunk]:
    # No policy holds code: deep indents come from nested page elements. Indented text stays with its item.
    return _flat_piece(_DEEP_INDENT.sub("    ", piece))


def _flat_piece(piece: str) -> list[Chunk]:
    if "\n**" in piece or "\n__" in piece:
        piece = _BOLD_LINE.sub(r"\n\n\1\n\n", piece)
    return list(chain.from_iterable(map(_markdown_part, _markdown_parts(piece))))


def _markdown_parts(text: str) -> Iterator[str]:
    """Text cut at blank lines, except where the next line is indented and so belongs to an item."""
    part: list[str] = []
    is_parted = False
    for line in text.split("\n"):
        if not line or line.isspace():
            is_parted = True
        else:
            if is_parted and part and line[0] not in " \t":
                yield "\n".join(part)
                part.clear()
            elif is_parted:
                part.append("")
            part.append(line)
            is_parted = False
    if part:
        yield "\n".join(part)


def _markdown_part(part: str) -> list[Chunk]:
    if _SIMPLE_LINE.fullmatch(part):
        cleaned = clean(part.rstrip(" \t\n\v\f"))
        return [Chunk("paragraph", cleaned)] if cleaned else []
    if len(part) > MAX_PIECE or _is_unclosed(part):
        return _plain_chunks(part)
    tree = LexborHTMLParser(cmark.markdown_to_html_with_extensions(part, options=_UNSAFE, extensions=_EXTENSIONS))
    return _read_tree(tree.body) if tree.body else []


# What pypdf says of a damaged file becomes a reason in the ledger; it shall not go to standard error as well.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def _pdf_text(data: bytes) -> str:
    import pypdf  # a tenth of a second, for what hardly a corpus holds

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise NormalizeError("encrypted", "the PDF asks for a password")
        text = "\n".join(page.extract_text() for page in reader.pages)
    except NormalizeError:
        raise
    except pypdf.errors.DependencyError:
        raise NormalizeError("encrypted", "the PDF is encrypted in a way that cannot be read here") from None
    except Exception as error:  # pypdf raises whatever a damaged file makes its parser meet
        raise NormalizeError("unreadable", f"the PDF is damaged ({type(error).__name__})") from None
    if not text.strip():
        raise NormalizeError("no_text", "the PDF holds no text: a scan?")
    return _PAGE_NUMBER.sub("", text)


_PAGE_NUMBER = re.compile(r"^[ \t]*(?:page )?\d{1,3}(?: ?(?:of|/) ?\d{1,3})?[ \t]*$", re.IGNORECASE | re.MULTILINE)
_LONE_BULLET = re.compile(r"^[\s]*[-–•*·▪◦o][ \t]*$")
_STARTS_BLOCK = re.compile(r"^\s*(?:[-–•*·▪◦●‣]\s|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s|[A-Z][A-Z ,&'/-]{5,}$)")


def _plain_pieces(text: str) -> Pieces:
    return Pieces(_plain_chunks, [text])  # whether lines are wrapped shows in the whole text alone


def _plain_chunks(text: str) -> list[Chunk]:
    lines = [line.rstrip() for line in without_comments(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = ["" if set(line) <= set("=-_*~ \t") and len(line) > 2 else line for line in lines]
    joined = _unwrap(lines) if _is_wrapped(lines) else lines
    return [Chunk("paragraph", cleaned) for line in joined if (cleaned := clean(line))]


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether lines were broken to a width: many near the same length, hardly one beyond it."""
    lengths = sorted(len(line) for line in lines if len(line) > 40)
    if len(lengths) < 8:
        return False
    width = lengths[len(lengths) * 9 // 10]
    return width <= 110 and sum(length > 0.75 * width for length in lengths) > 0.5 * len(lengths)


def _unwrap(lines: Sequence[str]) -> Iterator[str]:
    width = max(len(line) for line in lines)
    paragraph: list[str] = []
    for line in lines:
        starts = not line.strip() or _STARTS_BLOCK.match(line) or _LONE_BULLET.match(line)
        ended = paragraph and len(paragraph[-1]) < 0.6 * width and not _LONE_BULLET.match(paragraph[-1])
        if (starts or ended) and paragraph:
            yield " ".join(paragraph)
            paragraph = []
        if line.strip():
            paragraph.append(line)
    yield " ".join(paragraph)


READERS: dict[str, Callable[[str], Pieces]] = {
    "text/html": _html_pieces,
    "text/markdown": _markdown_pieces,
    "text/plain": _plain_pieces,
    "application/pdf": _plain_pieces,
}
"""What cuts which media type; PDF arrives here as its text."""


# --- Back to Markdown -----------------------------------------------------------------------------------------------

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|&~!])")
_LIST_MARK = re.compile(r"^(\d{1,9})([.)])|^([-+=])")


def markdown(found: Iterable[Block]) -> str:
    r"""Blocks as Markdown, which `blocks` reads as the same blocks.

    >>> markdown([Block("heading", "Cookies", 2), Block("paragraph", "1. We use:"), Block("item", "pixels")])
    '## Cookies\n\n1\\. We use:\n\n- pixels\n'
    """
    lines = []
    for block in found:
        text = _LIST_MARK.sub(lambda mark: f"{mark[1] or ''}\\{mark[2] or mark[3]}", _SPECIAL.sub(r"\\\1", block.text))
        mark = {"heading": "#" * (block.level or 3) + " ", "item": "- ", "paragraph": ""}[block.kind]
        lines.append(mark + text)
    return "\n\n".join(lines) + "\n" if lines else ""
