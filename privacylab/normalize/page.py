"""A whole page of HTML -> chunks: its text without what stands around it."""

import contextlib
import re
from functools import partial

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from privacylab.normalize.chunks import Chunk
from privacylab.normalize.markup import is_source, mended_page
from privacylab.normalize.reader import UNSEEN, HtmlReader

MAX_INNER = 3
"""Pages within pages within pages."""


def html_page(text: str, *, depth: int = 0) -> list[Chunk]:
    """The chunks of a whole page; ``depth`` counts the pages around it."""
    tree = LexborHTMLParser(mended_page(text))
    root = tree.body or tree.root
    assert root is not None
    if depth < MAX_INNER and (source := _source(tree, root)):
        return html_page(source, depth=depth + 1)
    wrapped = frozenset[int]().union(*(_styled(tree, text, f"white-space:{gap}pre") for gap in ("", " ")))
    inner = partial(html_page, depth=depth + 1) if depth < MAX_INNER else _nothing
    reader = HtmlReader(_styled(tree, text, "line-through"), wrapped, inner)
    reader.read(root)
    return reader.page_chunks()


def _source(tree: LexborHTMLParser, root: LexborNode) -> str:
    """The page whose source this page shows, as a browser's "view source" does; else empty."""
    lines = [line.text() for line in tree.css("td.line-content, td.blob-code, td.js-file-line")]
    if not lines and root.css_first("p, li, h1, h2, h3, td, iframe, noframes") is not None:
        return ""
    shown = (node for node in root.traverse(include_text=True) if node.tag == "-text")
    text = "\n".join(lines) or "".join(
        node.text_content or "" for node in shown if node.parent is None or node.parent.tag not in UNSEEN
    )
    return text if is_source(text) else ""


def _styled(tree: LexborHTMLParser, text: str, style: str) -> frozenset[int]:
    """The elements to which a style is given, by themselves or by the page's rules."""
    if style not in text.lower():
        return frozenset()
    rule = re.compile(rf"([^{{}}<>;:]{{1,200}})\{{[^{{}}]*{style}[^{{}}]*\}}", re.IGNORECASE)
    selectors = rule.findall("".join(sheet.text() for sheet in tree.css("style")))
    styled: set[int] = set()
    for selector in (f'[style*="{style}" i]', *selectors):
        with contextlib.suppress(SelectolaxError, ValueError):
            styled.update(node.mem_id for node in tree.css(selector))
    return frozenset(styled)


def _nothing(_: str) -> list[Chunk]:
    return []
