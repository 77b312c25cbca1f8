"""A whole page of HTML -> chunks: its text without what stands around it."""

import contextlib
import re
from itertools import islice, zip_longest

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from privacylab.normalize.chunks import Chunk
from privacylab.normalize.cleaning import clean
from privacylab.normalize.lines import Line
from privacylab.normalize.markup import is_source, mended_page, parsed
from privacylab.normalize.plain import plain_chunks
from privacylab.normalize.reader import STRUCK, UNSEEN, TreeReader
from privacylab.normalize.regions import Button, Region, content, is_title_button, region

MAX_INNER = 3
"""Pages within pages within pages."""

MAX_SELECTORS = 200
"""Selectors of a style that are looked for in a page."""

_WITH_LINES = frozenset(("pre", "listing", "xmp", "plaintext", "textarea"))
_INNER_PAGES = frozenset(("iframe", "noframes"))
_OPENS = ("id", "aria-controls", "href", "data-target", "data-bs-target")
"""What a button says of itself and of what it opens."""

Attributes = dict[str, str | None]


def html_page(text: str, *, depth: int = 0) -> list[Chunk]:
    """The chunks of a whole page; ``depth`` counts the pages around it."""
    if depth > MAX_INNER:
        return []
    tree = parsed(mended_page(text))
    reader = _PageReader(tree, depth)
    tree.strip_tags(list(UNSEEN), recursive=True)
    root = tree.body or tree.root
    assert root is not None
    if depth < MAX_INNER and is_source(source := _source(root)):
        return html_page(source, depth=depth + 1)
    reader.read(root)
    return reader.content()


def _source(root: LexborNode) -> str:
    """What may be the source of a page, which this page shows as a browser's "view source" does; else empty."""
    if lines := root.css("td.line-content, td.blob-code, td.js-file-line"):
        return "\n".join(line.text() for line in lines)
    return "" if root.css_first("p, li, h1, h2, h3, td, iframe, noframes") else root.text()


class _PageReader(TreeReader):
    """Reads a page with its regions and its buttons; pages within it are read by themselves."""

    is_page = True
    unread = UNSEEN | STRUCK
    titles = frozenset(("dt", "summary", "th"))

    def __init__(self, tree: LexborHTMLParser, depth: int) -> None:
        super().__init__()
        self._depth = depth
        self._struck = _styled(tree, "line-through")
        self._with_lines = _styled(tree, r"white-space: ?pre")
        self._regions: list[Region] = []
        self._open_regions: dict[int, Region] = {}  # by the elements that they are
        self._named: dict[str | None, str] = {}  # buttons' texts by their ids, and by those of what they open

    def content(self) -> list[Chunk]:
        """What of the page is its text."""
        kept = [self.passages[i] for i in content(self.passages, self._regions)]
        chunks = []
        for passage, following in zip_longest(kept, kept[1:]):
            chunk = passage.chunk
            if not passage.button:
                chunks.append(chunk)
            elif passage.button != "tab" and following and not following.button and is_title_button(Line(chunk)):
                chunks.append(chunk._replace(bold=True))
        return chunks

    def reads(self, tag: str, node: LexborNode) -> bool:
        """Reads an element as a whole, or leaves it out."""
        if tag in _INNER_PAGES:
            shown = node.attributes.get("srcdoc")
            self._add_page(html_page(shown or node.text(), depth=self._depth + 1), is_hidden=not shown)
        elif tag == "input":
            self._press(Button(clean(node.attributes.get("value") or "")))
        elif node.mem_id not in self._struck and node.attributes.get("role") != "deletion":
            has_lines = tag in _WITH_LINES or node.mem_id in self._with_lines
            return super().reads(tag, node) or (has_lines and self._read_lines(tag, node))
        return True

    def _read_lines(self, tag: str, node: LexborNode) -> bool:
        """Reads text whose line ends count, where it has some and no blocks."""
        if any(each.mem_id != node.mem_id for each in node.css("p, h1, h2, h3, h4, h5, h6, li, td, div")):
            return False
        parts = (each for each in node.traverse(include_text=True) if each.tag in ("-text", "br"))
        text = "".join("\n" if each.tag == "br" else each.text_content or "" for each in parts).strip("\n")
        if "\n" in text:
            chunks = html_page(text, depth=self._depth + 1) if is_source(text) else plain_chunks(text)
            self._add_page(chunks, is_hidden=tag == "textarea")
        return "\n" in text

    def _add_page(self, chunks: list[Chunk], *, is_hidden: bool) -> None:
        if not chunks:
            return
        self.flush()
        if is_hidden:
            self._regions.append(Region("hidden", len(self.passages), len(self.passages) + len(chunks)))
        for chunk in chunks:
            self.add(chunk)

    def open(self, tag: str, node: LexborNode) -> None:
        """Begins an element: a region, a link, a button or what it opens."""
        super().open(tag, node)
        attributes = node.attributes
        if begun := region(tag, attributes):
            self.flush()
            begun.start = len(self.passages)
            self._open_regions[node.mem_id] = begun
            self._regions.append(begun)
        if tag == "a" and "href" in attributes:
            self.look = self.look._replace(link=True)
        role = attributes.get("role")
        if role in ("button", "tab") or tag in ("a", "button", "label"):
            button = Button(clean(node.text(separator=" ")))
            self._press(button)
            if role in ("button", "tab") or tag == "button" or (tag == "label" and "for" in attributes):
                self._open_button("tab" if role == "tab" else "button", attributes, button.text)
        name = self._named.get(attributes.get("id")) or self._named.get(attributes.get("aria-labelledby"))
        if name and role == "tabpanel":
            self.flush()
            if not self.passages or self.passages[-1].chunk.text != name:
                self.add(Chunk("paragraph", name, 0, bold=True))

    def _open_button(self, kind: str, attributes: Attributes, text: str) -> None:
        if self.is_only("button"):
            self.flush()
        self.look = self.look._replace(button=kind)
        self._named |= {value.removeprefix("#"): text for key in _OPENS if (value := attributes.get(key))}

    def _press(self, button: Button) -> None:
        for each in self._open_regions.values():
            each.buttons.append(button)

    def close(self, tag: str, node: LexborNode) -> None:
        """Ends an element."""
        super().close(tag, node)
        if ended := self._open_regions.pop(node.mem_id, None):
            self.flush()
            ended.end = len(self.passages)


def _styled(tree: LexborHTMLParser, style: str) -> frozenset[int]:
    """The elements to which a style is given, by themselves or by the page's rules."""
    has_style = re.compile(style, re.IGNORECASE)
    styled = {node.mem_id for node in tree.css("[style]") if has_style.search(node.attributes["style"] or "")}
    rules = "".join(sheet.text() for sheet in tree.css("style")).split("}")
    selectors = dict.fromkeys(rule.partition("{")[0] for rule in filter(has_style.search, rules))
    for selector in islice(selectors, MAX_SELECTORS):
        with contextlib.suppress(SelectolaxError, ValueError):
            styled.update(node.mem_id for node in tree.css(selector))
    return frozenset(styled)
