"""HTML -> chunks, read by lexbor (selectolax); leftover tags on a page's text as well."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

from privacylab.normalize.chunks import Chunk, Kind, Pieces
from privacylab.normalize.cleaning import clean
from privacylab.normalize.plain import plain_pieces
from privacylab.normalize.table_heads import heads

MAX_DEPTH = 400
"""Elements nested deeper than this are read as one block."""


_SKIPPED = frozenset(
    "script style noscript template svg iframe object nav footer aside button select textarea head title canvas video "
    "audio map form dialog".split()
)
_BLOCK = frozenset(
    "p div section article main header ul ol dl table tbody thead tfoot caption blockquote pre address figure "
    "figcaption hr center fieldset details summary body html dd form td th tr li dt h1 h2 h3 h4 h5 h6".split()
)
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_KINDS: dict[str, Kind] = {"li": "item", "dt": "paragraph", **dict.fromkeys(_LEVELS, "heading")}
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


def is_unclosed(text: str) -> bool:
    """Whether so many elements stay open that a parser would take hours."""
    return len(text) > 5 * MAX_UNCLOSED and text.count("<") - 2 * text.count("</") > MAX_UNCLOSED


def html_pieces(text: str) -> Pieces:
    """The pieces of HTML; a whole page is one."""
    if is_unclosed(text):
        return plain_pieces(_ANY_TAG.sub("\n", text))
    if _BODY.search(text, 0, 200_000):
        return Pieces(_html_page, [text])
    return Pieces(_html_piece, _PIECE.split(text))  # leftover tags on a page's text


def _html_page(text: str) -> list[Chunk]:
    return read_tree(_main_content(LexborHTMLParser(text)))


def _mended_stop(stop: re.Match[str]) -> str:
    """A full stop before a small letter was a semicolon, unless it ends an abbreviation."""
    return ". " if _ABBREVIATED.search(stop.string, max(0, stop.start() - 8), stop.start()) else "; "


def _mended(piece: str) -> str:
    """ToSBack2's stops as the semicolons that they were; no piece begins or ends within what is mended."""
    piece = _BROKEN_ENTITY.sub(r"&\1; ", piece) if "&" in piece else piece
    return _BROKEN_SEMICOLON.sub(_mended_stop, piece) if ".\n" in piece else piece


def _html_piece(piece: str) -> list[Chunk]:
    piece = _mended(piece)
    if "<" not in piece and "&" not in piece:
        cleaned = clean(piece)
        return [Chunk("paragraph", cleaned)] if cleaned else []
    if simple := _SIMPLE_PIECE.fullmatch(piece):
        cleaned = clean(simple[2].replace("\n", " "))
        return [Chunk("item" if simple[1] == "li" else "paragraph", cleaned)] if cleaned else []
    return read_tree(LexborHTMLParser(f"<table>{piece}" if piece.startswith("<tr") else piece).body)


def read_tree(root: LexborNode | None) -> list[Chunk]:
    """The chunks below an element."""
    reader = _HtmlReader()
    if root is not None:
        reader.read(root)
    return reader.chunks


def _main_content(tree: LexborHTMLParser) -> LexborNode:
    """The element that says it holds the content, if it holds half of the text; else the body."""
    body = tree.body or tree.root
    assert body is not None
    n_body = len(body.text())
    for query in ("main", "[role=main]", "article"):
        main = max(tree.css(query), key=lambda node: len(node.text()), default=None)
        if main is not None and 2 * len(main.text()) >= n_body:
            return main
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
        self._n_text += n_characters
        if self._bold:
            self._n_bold += n_characters

    def _open(self, tag: str) -> None:
        if tag in _BOLD:
            self._bold += 1
        elif tag in _BLOCK:
            self._flush()
            self._kind, self._level = _KINDS.get(tag, self._kind), _LEVELS.get(tag, self._level)

    def _close(self, tag: str) -> None:
        if tag in _BOLD:
            self._bold -= 1
        elif tag in _BLOCK:
            self._flush()
            if tag in _KINDS or tag in ("ul", "ol"):
                self._kind, self._level = "paragraph", 0

    def _break(self) -> None:
        if self._n_text and self._n_bold == self._n_text:
            self._flush()  # a line in bold over the rest of its paragraph
        else:
            self._parts.append("\n")

    def _flush(self) -> None:
        for line in "".join(self._parts).split("\n") if self._n_text else ():
            if cleaned := clean(line):
                self.chunks.append(Chunk(self._kind, cleaned, self._level, self._n_bold == self._n_text))
        self._parts.clear()
        self._n_bold = self._n_text = 0


def _is_chrome(tag: str, node: LexborNode) -> bool:
    """Whether an element is the page's furniture rather than its content."""
    if tag in _SKIPPED:
        return tag != "form" or len(node.text()) < 2000  # old pages stand in one form as a whole
    if tag not in ("div", "section", "header"):
        return False
    attributes = node.attributes
    named = f"{attributes.get('class')} {attributes.get('id')}"
    return attributes.get("role") in _CHROME_ROLES or _COOKIE_BANNER.search(named) is not None


def _data_row(row: LexborNode) -> str | None:
    """The cells of a table's row joined by bars; None where the table is there for the layout."""
    text = row.text()
    if len(text) > 800 or row.css_first("h1,h2,h3,h4,ul,ol,table") is not None:
        return None
    cells = [clean(cell.text(separator=" ")) for cell in row.iter() if cell.tag in ("td", "th")]
    filled = [(head, cell) for head, cell in zip(heads(row), cells, strict=True) if cell]
    is_data = len(filled) > 1 or (len(cells) == 1 and any(head for head, _ in filled))
    return " | ".join(f"{head}: {cell}" if head else cell for head, cell in filled) if is_data else None
