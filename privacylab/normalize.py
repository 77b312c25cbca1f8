"""Bytes of HTML, Markdown, plain text or PDF -> blocks of clean text.

Every format becomes a list of `Chunk`: a run of text that a reader sees as one block, with what its mark-up says of it.
HTML is read by lexbor (selectolax), Markdown by cmark and then as HTML, PDF by pypdf and then as plain text. What the
mark-up does not say (a heading in capitals, a bullet typed by hand) is then read off the chunks, the same way for all.
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import charset_normalizer
import cmarkgfm
import ftfy
import pypdf
from selectolax.lexbor import LexborHTMLParser, LexborNode

Kind = Literal["heading", "paragraph", "item"]

MAX_BYTES = 20_000_000
"""A policy has some 30,000 bytes; above this a file is something else."""

MAX_DEPTH = 400
"""Elements nested deeper than this are read as one block."""


class Block(NamedTuple):
    """A heading, a paragraph or a list item (a table's row is an item); ``level`` is a heading's, 1 to 6, else 0."""

    kind: Kind
    text: str
    level: int = 0


class Chunk(NamedTuple):
    """A run of text before it is known what it is: ``kind`` is what the mark-up says."""

    kind: Kind
    text: str
    level: int = 0
    bold: bool = False


class NormalizeError(ValueError):
    """A document that cannot be read; ``reason`` is one of `tables.REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


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
    if media_type is not None and media_type not in READERS:
        raise ValueError(f"media_type {media_type!r} is none of {', '.join(READERS)}")
    if len(data) > MAX_BYTES:
        raise NormalizeError("too_large", f"{len(data):,} bytes, at most {MAX_BYTES:,} are read")
    if isinstance(data, bytes) and (media_type == "application/pdf" or data[:1024].lstrip().startswith(b"%PDF-")):
        return read_blocks(_plain_chunks(_pdf_text(data)))
    text = data if isinstance(data, str) else decode(data)
    return read_blocks(READERS[media_type or sniff(text)](text))


def decode(data: bytes) -> str:
    """Text from bytes: by byte order mark, as UTF-8, or as charset-normalizer's best guess.

    Raises:
        NormalizeError: ``not_text``.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data[:4096]:
        raise NormalizeError("not_text", "it holds NUL bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # One stray byte in an otherwise valid text is damage, not another encoding.
        damaged = data.decode("utf-8", errors="replace")
        if damaged.count("\ufffd") * 1000 < len(damaged) and len(damaged) > 1000 and error.start > 0:
            return damaged
    best = charset_normalizer.from_bytes(data[:50_000], cp_isolation=["cp1252", "latin_1", "cp1250", "utf_16"]).best()
    if best is None or _CONTROL.search(data.decode(best.encoding, errors="replace")[:4096]):
        raise NormalizeError("not_text", "its bytes are no text in a known encoding")
    return data.decode(best.encoding, errors="replace")


_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_TAG = re.compile(r"</?(?:p|li|ul|ol|br|div|h[1-6]|table|t[dr]|b|strong|i|span|html|body)\b[^>]{0,200}>", re.IGNORECASE)
_MARKDOWN = re.compile(
    r"\]\([^)\s]+|^#{1,6} |^[^\n]{3,100}\n(?:={3,}|-{3,})\s*$|\*\*[^*\n]{2,80}\*\*|^\*   ", re.MULTILINE
)


def sniff(text: str) -> str:
    """The media type that a text looks like: HTML, also as leftover tags, Markdown, or plain text."""
    head = text[:2000].lower()
    if "<html" in head or "<!doctype html" in head or len(_TAG.findall(text, 0, 20_000)) >= 6:
        return "text/html"
    marked = text.startswith("# ") or len(_MARKDOWN.findall(text, 0, 20_000)) >= 2
    return "text/markdown" if marked else "text/plain"


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


_PIECE = re.compile(r"\n(?=</?(?:p|li|ul|ol|h[1-6]|tr|table|div|dl|dt|dd)\b)")


def _html_chunks(text: str) -> list[Chunk]:
    if "<body" in text[:200_000].lower():
        tree = LexborHTMLParser(text)
        return _read_tree(_main_content(tree))
    # Leftover tags on a page's text: versions repeat each other, so that most pieces were read before.
    mended = _BROKEN_SEMICOLON.sub("; ", _BROKEN_ENTITY.sub(r"&\1; ", text))
    return [chunk for piece in _PIECE.split(mended) for chunk in _html_piece(piece)]


@lru_cache(maxsize=50_000)
def _html_piece(piece: str) -> tuple[Chunk, ...]:
    if "<" not in piece and "&" not in piece:
        cleaned = clean(piece)
        return (Chunk("paragraph", cleaned),) if cleaned else ()
    tree = LexborHTMLParser(f"<table>{piece}" if piece.startswith("<tr") else piece)
    return tuple(_read_tree(tree.body)) if tree.body else ()


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
                self._parts.append("\n")
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

_UNSAFE = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE  # leftover tags pass through to be read as HTML
_DEEP_INDENT = re.compile(r"^(?: {8,}|\t{2,})(?=\S)", re.MULTILINE)


_MARKDOWN_PIECE = re.compile(r"\n[ \t]*\n+(?=\S)")


def _markdown_chunks(text: str) -> list[Chunk]:
    # No policy holds code: deep indents come from nested page elements. Indented text stays with its item.
    flat = _DEEP_INDENT.sub("    ", text.replace("\r\n", "\n"))
    return [chunk for piece in _MARKDOWN_PIECE.split(flat) for chunk in _markdown_piece(piece)]


@lru_cache(maxsize=50_000)
def _markdown_piece(piece: str) -> tuple[Chunk, ...]:
    html = cmarkgfm.github_flavored_markdown_to_html(piece, options=_UNSAFE)
    tree = LexborHTMLParser(html)
    return tuple(_read_tree(tree.body)) if tree.body else ()


def _pdf_text(data: bytes) -> str:
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise NormalizeError("encrypted", "the PDF asks for a password")
        text = "\n".join(page.extract_text() for page in reader.pages)
    except NormalizeError:
        raise
    except Exception as error:  # pypdf raises whatever a damaged file makes its parser meet
        raise NormalizeError("unreadable", f"the PDF is damaged ({type(error).__name__})") from None
    if not text.strip():
        raise NormalizeError("no_text", "the PDF holds no text: a scan?")
    return text


_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_LONE_BULLET = re.compile(r"^[\s]*[-–•*·▪◦o][ \t]*$")
_STARTS_BLOCK = re.compile(r"^\s*(?:[-–•*·▪◦●‣]\s|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s|[A-Z][A-Z ,&'/-]{5,}$)")


def _plain_chunks(text: str) -> list[Chunk]:
    lines = [line.rstrip() for line in _COMMENT.sub("", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")]
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


READERS: dict[str, Callable[[str], list[Chunk]]] = {
    "text/html": _html_chunks,
    "text/markdown": _markdown_chunks,
    "text/plain": _plain_chunks,
    "application/pdf": _plain_chunks,
}
"""What reads which media type; PDF arrives here as its text."""


# --- Chunks to blocks -----------------------------------------------------------------------------------------------

_SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u202f\u205f\u3000]+")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff\x00-\x08\x0b\x0e-\x1f\x7f]")
_MOJIBAKE = re.compile(r"[\u0080-\u009f]|[ÂÃâ][\u0080-\u00bf€™œ\u201a-\u2122]|&(?:amp|nbsp|quot|lt|gt|#\d+);")
_ESCAPED_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,500}>|<!--.*?-->")
_QUOTES = str.maketrans(
    {"\u2018": "'", "\u2019": "'", "\u201b": "'", "\u201c": '"', "\u201d": '"', "\u201f": '"', "\u2011": "-"}
)


@lru_cache(maxsize=200_000)
def clean(text: str) -> str:
    r"""One line of text as a reader means it: mojibake mended, invisible characters out, plain quotes, single blanks.

    >>> clean("we\u00a0don\u2019t  sell\u00ad it")
    "we don't sell it"
    """
    if not text.isascii():
        if _MOJIBAKE.search(text):
            text = ftfy.fix_text(text)
        text = _INVISIBLE.sub("", text).translate(_QUOTES)
    elif "&" in text and _MOJIBAKE.search(text):
        text = ftfy.fix_text(text)
    if "<" in text:
        text = _ESCAPED_TAG.sub(" ", text)
    return _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip()


_BULLET = re.compile(r"^(?:[•·▪◦●‣■□»*]+|[-–—](?=\s)|o(?=\s+[A-Z]))\s*(?=\S)")
_BULLET_ALONE = re.compile(r"^[•·▪◦●‣■□»*–—-]$|^o$")
_NUMBERED = re.compile(
    r"^(?:(?:section|article|part)\s+)?(?:\(?(?:\d{1,2}(?:\.\d{1,2})*|[A-Z]|[IVX]{1,5})[.):]|\d{1,2})\s+(?=\S)", re.I
)
_LETTERED = re.compile(r"^\(?(?:[a-z]|[ivx]{1,4})[.)]\s+(?=\S)")
_QUESTION = re.compile(
    r"^(?:(?:\d{1,2}[.)]\s*)?(?:what|how|why|when|where|who|which|do|does|is|are|can|may|will|should)\b)", re.I
)
_ENDS_SENTENCE = re.compile(r"[.!;,]['\")\]]*$")
_TITLE = re.compile(
    r"\b(?:privacy|cookies?|data)\b.{0,40}\b(?:policy|notice|statement|policies|protection|practices)\b|^privacy$", re.I
)
_DATED = re.compile(r"\b(?:19|20)\d\d\b")
_LINK_WORDS = re.compile(
    r"^(?:skip to|back to top|return to top|top of page|home|about(?: us)?|contact(?: us)?|log ?[io]n|sign (?:in|up)|"
    r"register|search|menu|help|faqs?|site ?map|terms(?: (?:of|and|&) .*)?|privacy|careers|jobs|press|blog|shop|cart|"
    r"follow us|share|print|email|facebook|twitter|youtube|instagram|linkedin|pinterest|rss|close|next|previous|"
    r"advertis.*|store locator|gift cards?|my account|download|support|news|accept|got it|copyright.*|©.*|"
    r"all rights reserved.*|powered by.*|cookie policy|legal|subscribe|newsletter)$",
    re.I,
)


def read_blocks(chunks: Iterable[Chunk]) -> list[Block]:
    """Blocks from chunks: bullets read, headings told from short lines, the page's crumbs cut from both ends."""
    marked = _join_lone_bullets(chunks)
    found = []
    for i, chunk in enumerate(marked):
        following = marked[i + 1] if i + 1 < len(marked) else None
        found.append(_block(chunk, following))
    return _trim(found)


def _join_lone_bullets(chunks: Iterable[Chunk]) -> list[Chunk]:
    joined: list[Chunk] = []
    pending = False
    for chunk in chunks:
        if chunk.kind == "paragraph" and _BULLET_ALONE.match(chunk.text):
            pending = True
            continue
        joined.append(chunk._replace(kind="item") if pending else chunk)
        pending = False
    return joined


@lru_cache(maxsize=50_000)
def _block(chunk: Chunk, following: Chunk | None) -> Block:
    text = chunk.text
    if chunk.kind == "heading":
        return Block("heading", text, chunk.level)
    bullet = _BULLET.match(text)
    if bullet:
        return Block("item", text[bullet.end() :])
    if chunk.kind == "item" and not chunk.bold:
        return Block("item", text)
    if _is_heading(text, chunk.bold, following):
        return Block("heading", text, 3 if chunk.bold or text.isupper() else 4)
    if chunk.kind == "item" or (_LETTERED.match(text) and len(text) < 600):
        return Block("item", text)
    return Block("paragraph", text)


def _is_heading(text: str, bold: bool, following: Chunk | None) -> bool:
    """Whether a short line without mark-up of its own is a heading."""
    n_words = text.count(" ") + 1
    if n_words > 16 or len(text) < 3 or following is None or not any(map(str.isalpha, text)):
        return False
    if text[-1] == "?":
        return bool(_QUESTION.match(text))
    if _ENDS_SENTENCE.search(text) or "@" in text or "://" in text or text[0] in "(\"'":
        return False
    if bold or (text.isupper() and len(text) > 5):
        return True
    if text[-1] == ":":
        return n_words <= 5 and text[0].isupper() and following.kind != "item" and not _BULLET.match(following.text)
    if _NUMBERED.match(text) and n_words <= 12:
        return True
    # A title-like line over a real paragraph.
    return n_words <= 8 and text[0].isupper() and not _DATED.search(text) and _is_substantial(following.text)


def _is_substantial(text: str) -> bool:
    return text.count(" ") >= 11 and text[-1] in ".:;!?)\"'"


def _is_crumb(block: Block) -> bool:
    return block.text.count(" ") <= 5 and block.text[-1] not in ".:;!?" and "@" not in block.text


def _trim(found: list[Block]) -> list[Block]:
    """Cuts the crumbs of navigation at both ends: menus before the first full sentence and after the last one."""
    full = [i for i, block in enumerate(found) if _is_substantial(block.text)]
    if not full:
        return found
    first, last = full[0], full[-1]
    head, body, tail = found[:first], found[first : last + 1], found[last + 1 :]
    later = {block.text for block in body}
    # A few short lines over the text are its title; a long run of them is a menu.
    if len(head) > 4 or any(_LINK_WORDS.match(block.text) for block in head):
        head = [block for block in head if not _is_crumb(block) or _keeps(block, later)]
    if len(tail) > 6 and body[-1].text[-1] != ":":
        tail = [block for block in tail if not _is_crumb(block) or _DATED.search(block.text)]
    while tail and _LINK_WORDS.match(tail[-1].text):
        tail.pop()
    return head + body + tail


def _keeps(block: Block, later: set[str]) -> bool:
    """Whether a short block before the text belongs to it: a title, a date, a heading, a line of the contents list."""
    return bool(
        block.kind == "heading" or _TITLE.search(block.text) or _DATED.search(block.text) or block.text in later
    )


def markdown(found: Iterable[Block]) -> str:
    """Blocks as Markdown, which `blocks` reads as the same blocks."""
    lines = []
    for block in found:
        text = re.sub(r"([\\`*_{}\[\]<>#|&~!])", r"\\\1", block.text)
        if block.kind == "heading":
            lines.append(f"{'#' * (block.level or 3)} {text}")
        elif block.kind == "item":
            lines.append(f"- {text}")
        else:
            lines.append(re.sub(r"^(\d+)([.)])|^([-+=])", r"\1\\\2\3" if text[:1].isdigit() else r"\\\3", text))
    return "\n\n".join(lines) + "\n"
