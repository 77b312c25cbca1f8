"""A whole page of HTML -> chunks: its text without the furniture around it."""

import contextlib
import json
import re
from itertools import islice, zip_longest

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from privacylab.normalize.chunks import Chunk
from privacylab.normalize.cleaning import clean
from privacylab.normalize.lines import Line
from privacylab.normalize.markup import is_source, mended_page, parsed
from privacylab.normalize.plain import plain_chunks
from privacylab.normalize.reader import BLOCK, UNSEEN, TreeReader
from privacylab.normalize.regions import Button, Region, content, is_title_button, region

MAX_INNER = 3
"""Pages within pages within pages."""

MAX_SELECTORS = 200
"""Selectors of a style that are searched in a page."""

_WITH_LINES = frozenset(("pre", "listing", "xmp", "plaintext", "textarea"))
_ISO_DATE = re.compile(r"(\d{4})-\d\d-\d\d")
_SIGN = re.compile(r"^[-+−–×▲▼▾▸▶›»]+\s*|\s*[-+−–×▲▼▾▸▶›»⌄∨]+$")
"""Beside a button's text it says that the button opens or closes."""
_ARROWS = " ▲▼▾▸▶⌄›"
"""Behind a title they say the same."""
_HIDDEN = re.compile(r"(?<![\w-])(?:display: ?none|visibility: ?hidden)", re.IGNORECASE)
_TOGGLE = re.compile(r"accordion|(?<!dropdown-)toggle|collaps", re.IGNORECASE)
"""In the class of a link, or in what it toggles: it opens a part of the page."""
_TOGGLING = ("class", "data-toggle", "data-bs-toggle")
_OPENER = "[aria-controls], [href^='#'], [data-target], [data-bs-target]"
_INNER_PAGES = frozenset(("iframe", "noframes"))
_DELETED = "del, s, strike, [role=deletion]"
_OPENS = ("id", "aria-controls", "href", "data-target", "data-bs-target")
"""What a button says about itself and about what it opens."""

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
    return reader.content() or _unshown(text, depth)


def _unshown(text: str, depth: int) -> list[Chunk]:
    """The text of a page whose scripts show it: long strings of JSON and of attributes."""
    tree = LexborHTMLParser(text)
    strings: list[str] = []
    for script in tree.css("script[type$=json]"):
        with contextlib.suppress(ValueError, RecursionError):
            strings += _strings(json.loads(script.text(), strict=False))
    for node in tree.css("body *"):
        strings += [value for key, value in node.attributes.items() if value and key.startswith("data-")]
    if not any(string.count(" ") > _MANY_BLANKS for string in strings):
        return []
    worded = [string for string in strings if " " in string or string.istitle()]
    if any(map(is_source, worded)):
        return html_page("\n".join(worded), depth=depth + 1)
    return plain_chunks("\n\n".join(worded))


def _strings(data: object) -> list[str]:
    """The strings in a JSON value, in order."""
    if isinstance(data, str):
        return [data.replace("\\/", "/")]  # a slash that was escaped twice
    parts = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return [string for part in parts for string in _strings(part)]


_MANY_BLANKS = 12
"""A string with more of these is a text."""


def _source(root: LexborNode) -> str:
    """The possible source of a page, if this page shows one as a browser's "view source" does; else empty."""
    if lines := root.css("td.line-content, td.blob-code, td.js-file-line"):
        return "\n".join(line.text() for line in lines)
    return "" if root.css_first("p, li, h1, h2, h3, td, iframe, noframes") else root.text()


class _PageReader(TreeReader):
    """Reads a page with its regions and its buttons; pages within it are read separately."""

    is_page = True
    unread = UNSEEN
    titles = frozenset(("dt", "summary", "th"))

    def __init__(self, tree: LexborHTMLParser, depth: int) -> None:
        super().__init__()
        self._depth = depth
        styles = _Styles(tree)
        self._struck = styles.having("line-through")
        self._rows = styles.having("display: ?table-row(?!-)") | {node.mem_id for node in tree.css("[role=row]")}
        self._opened = {name for node in tree.css(_OPENER) for name in _opened(node.attributes)}
        self._with_lines = styles.having(r"white-space: ?pre")
        self._regions: list[Region] = []
        self._open_regions: dict[int, Region] = {}  # by the elements that they are
        self._named: dict[str | None, str] = {}  # buttons' texts by their ids, and by the ids of what they open

    def read(self, root: LexborNode) -> None:
        """Reads a page; if most of it is struck out, that means nothing."""
        styled = root.css("*") if self._struck else []
        struck = [*root.css(_DELETED), *(node for node in styled if node.mem_id in self._struck)]
        is_most = 2 * sum(len(node.text()) for node in struck) > len(root.text())
        self._struck = frozenset() if is_most else frozenset(node.mem_id for node in struck)
        super().read(root)

    def content(self) -> list[Chunk]:
        """The part of the page that is its text."""
        kept = [self.passages[i] for i in content(self.passages, self._regions)]
        chunks = []
        before_is_tab = False  # tabs in a row are a list of what is under them
        for passage, following in zip_longest(kept, kept[1:]):
            is_tab = passage.button == "tab"
            chunk = passage.chunk
            if not passage.button:
                text = chunk.text.rstrip(_ARROWS) if chunk.text[-1] in _ARROWS else ""
                chunks.append(chunk._replace(text=text) if text else chunk)
            elif following and not following.button and not (is_tab and before_is_tab):
                title = chunk._replace(text=_SIGN.sub("", chunk.text) or chunk.text, bold=True)
                chunks += [title] if is_title_button(Line(title)) else []
            before_is_tab = is_tab
        return chunks

    def reads(self, tag: str, node: LexborNode) -> bool:
        """Reads an element as a whole, or leaves it out."""
        if tag in _INNER_PAGES:
            shown = node.attributes.get("srcdoc")
            self._add_page(html_page(shown or node.text(), depth=self._depth + 1), is_hidden=not shown)
        elif tag == "time" and (shown := _whole_date(node)):
            self._text(shown)
        elif tag == "input":
            self._press(Button(clean(node.attributes.get("value") or "")))
        elif node.mem_id not in self._struck:
            has_lines = tag in _WITH_LINES or node.mem_id in self._with_lines
            return super().reads("tr" if node.mem_id in self._rows else tag, node) or (
                has_lines and self._read_lines(tag, node)
            )
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
        begun = region(tag, attributes)
        is_plain = begun.kind == "box" if begun else tag in BLOCK
        if is_plain and _is_hidden(attributes) and attributes.get("id") not in self._opened:
            begun = Region("unseen")
        if begun:
            self.flush()
            begun.start = len(self.passages)
            self._open_regions[node.mem_id] = begun
            self._regions.append(begun)
        role = attributes.get("role")
        if tag == "a" and not role and _TOGGLE.search(" ".join(attributes.get(key) or "" for key in _TOGGLING)):
            role = "button"
        if tag == "a" and "href" in attributes and role != "button":
            self.look = self.look._replace(link=True)
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
        self._named |= dict.fromkeys(_opened(attributes), text)

    def _press(self, button: Button) -> None:
        for each in self._open_regions.values():
            each.buttons.append(button)

    def close(self, tag: str, node: LexborNode) -> None:
        """Ends an element."""
        super().close(tag, node)
        if ended := self._open_regions.pop(node.mem_id, None):
            self.flush()
            ended.end = len(self.passages)


def _opened(attributes: Attributes) -> list[str]:
    """The ids of an element and of what it opens."""
    return [value.removeprefix("#") for key in _OPENS if (value := attributes.get(key))]


def _is_hidden(attributes: Attributes) -> bool:
    style = attributes.get("style")
    is_hidden = attributes.get("hidden", "until-found") != "until-found"
    return is_hidden or (style is not None and _HIDDEN.search(style) is not None)


def _whole_date(time: LexborNode) -> str | None:
    """The date of an element that shows it without its year."""
    date = _ISO_DATE.match(time.attributes.get("datetime") or "")
    return date[0] if date and date[1] not in time.text() else None


class _Styles:
    """The styles of a page, from its elements' attributes and its own rules."""

    def __init__(self, tree: LexborHTMLParser) -> None:
        self._tree = tree
        self._own = [(node.mem_id, node.attributes["style"] or "") for node in tree.css("[style]")]
        self._sheets = "".join(sheet.text() for sheet in tree.css("style"))

    def having(self, style: str) -> frozenset[int]:
        """The elements that have a style."""
        has_style = re.compile(style, re.IGNORECASE)
        styled = {mem_id for mem_id, own in self._own if has_style.search(own)}
        rules = self._sheets.split("}") if has_style.search(self._sheets) else []
        selectors = dict.fromkeys(rule.partition("{")[0] for rule in filter(has_style.search, rules))
        for selector in islice(selectors, MAX_SELECTORS):
            with contextlib.suppress(SelectolaxError, ValueError):
                styled.update(node.mem_id for node in self._tree.css(selector))
        return frozenset(styled)
