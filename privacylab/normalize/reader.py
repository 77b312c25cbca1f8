"""A tree of HTML -> chunks."""

from collections.abc import Callable

from selectolax.lexbor import LexborNode

from privacylab.normalize.chunks import Chunk, Kind
from privacylab.normalize.cleaning import clean
from privacylab.normalize.lines import Line
from privacylab.normalize.markup import is_source
from privacylab.normalize.plain import plain_chunks
from privacylab.normalize.regions import CONTROL_ROLES, Button, Region, content, is_title_button, region
from privacylab.normalize.rows import data_row, is_sentence

MAX_DEPTH = 400
"""Elements nested deeper than this are read as one block."""


UNSEEN = frozenset("script style svg head title template".split())
_SKIPPED = UNSEEN | frozenset(
    "noscript iframe object nav footer aside select textarea canvas video audio form dialog".split()
)
"""What a part of a page is read without; of a whole page, `regions` decides."""

_STRUCK = frozenset(("del", "s", "strike"))
_LINES = frozenset(("pre", "listing", "xmp", "plaintext", "textarea"))
_INNER_PAGES = frozenset(("iframe", "noframes"))
_WHOLE = _SKIPPED | _STRUCK | _LINES | _INNER_PAGES | {"tr"}
_BLOCK = frozenset(
    "p div section article main header ul ol dl table tbody thead tfoot caption blockquote pre address figure "
    "figcaption hr center fieldset details summary body html dd form td th tr li dt h1 h2 h3 h4 h5 h6 nav footer aside "
    "dialog x-template noscript select textarea object canvas video audio".split()
)
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_KINDS: dict[str, Kind] = {"li": "item", "dt": "paragraph", **dict.fromkeys(_LEVELS, "heading")}
_BOLD = frozenset(("b", "strong"))
_TITLES = frozenset(("dt", "summary", "th"))
"""What titles the text under it; a part of a page has definitions of words."""


class HtmlReader:
    """Walks a tree without recursion and cuts its text into chunks at the borders of block elements.

    Args:
        struck: The elements whose text a style strikes out.
        wrapped: Those in which a style lets line ends count.
        read_inner: What reads a page within the page; None for a part of a page.
    """

    def __init__(
        self,
        struck: frozenset[int] = frozenset(),
        wrapped: frozenset[int] = frozenset(),
        read_inner: Callable[[str], list[Chunk]] | None = None,
    ) -> None:
        self.chunks: list[Chunk] = []
        self._regions: list[Region] = []
        self._linked: list[bool] = []
        self._buttons: dict[int, int] = {}  # the chunks that are a button's text, and how many buttons stand in each
        self._named: dict[str, str] = {}  # buttons' texts by their ids, and by those of what they open
        self._open_regions: list[tuple[LexborNode, Region]] = []
        self._items: list[int] = []  # where each open list item begins
        self._depths: list[int] = []
        self._struck = struck
        self._wrapped = wrapped
        self._read_inner = read_inner
        self._is_page = read_inner is not None
        self._parts: list[str] = []
        self._n_bold = self._n_text = self._n_linked = self._n_button = self._n_buttons = 0
        self._bold = self._link = self._button = 0
        self._kind: Kind = "paragraph"
        self._level = 0

    def read(self, root: LexborNode) -> None:
        """Reads what is below an element."""
        node: LexborNode | None = root.child
        ancestors: list[tuple[LexborNode, str]] = []
        is_seen = (lambda _: True) if self._is_page else _WHOLE.__contains__
        while node is not None:
            tag = node.tag
            if tag == "-text":
                self._text(node.text_content or "")
            elif tag == "br":
                self._break()
            elif tag is not None and tag[0] != "-" and not (is_seen(tag) and self._is_read(tag, node)):
                child = node.child
                if child is not None and len(ancestors) < MAX_DEPTH:
                    self._open(tag, node)
                    ancestors.append((node, tag))
                    node = child
                    continue
                self._text(node.text(separator=" "))
            following = node.next
            while following is None and ancestors:
                node, tag = ancestors.pop()
                self._close(tag, node)
                following = node.next
            node = following
        self._flush()

    def page_chunks(self) -> list[Chunk]:
        """What of the whole page is its text."""
        kept = content(self.chunks, self._regions, self._linked)
        chunks = []
        for number, i in enumerate(kept):
            chunk = self.chunks[i]
            if i in self._buttons:
                is_over_text = number + 1 < len(kept) and kept[number + 1] not in self._buttons
                if self._buttons[i] != 1 or not is_over_text or not is_title_button(Line(chunk)):
                    continue
                chunk = chunk._replace(bold=True)
            chunks.append(chunk)
        return chunks

    def _is_read(self, tag: str, node: LexborNode) -> bool:
        """Whether nothing below an element is to be walked: it is read as a whole, or not at all."""
        if tag in (UNSEEN if self._is_page else _SKIPPED) or tag in _STRUCK or node.mem_id in self._struck:
            return True
        if tag == "tr" and (row := data_row(node)):
            self._flush()
            self._append(Chunk("item", row))
            return True
        if tag in _INNER_PAGES:
            self._inner_page(tag, node)
            return True
        if not self._is_page:
            return False
        if tag == "input":
            self._press(Button(clean(node.attributes.get("value") or "")))
            return True
        if node.attributes.get("role") == "deletion":
            return True
        return (tag in _LINES or node.mem_id in self._wrapped) and self._lines(tag, node)

    def _inner_page(self, tag: str, node: LexborNode) -> None:
        """A page within a page: a frame's own, or what is shown where there are no frames."""
        shown = node.attributes.get("srcdoc")
        text = shown or node.text()
        if not text or self._read_inner is None:
            return
        self._flush()
        start = len(self.chunks)
        for chunk in self._read_inner(text):
            self._append(chunk)
        if not shown:
            self._regions.append(Region("hidden", start, len(self.chunks)))

    def _lines(self, tag: str, node: LexborNode) -> bool:
        """Text whose line ends count, where it has some and no blocks."""
        if any(each.mem_id != node.mem_id for each in node.css("p, h1, h2, h3, h4, h5, h6, li, td, div")):
            return False
        parts = (
            each.text_content if each.tag == "-text" else "\n"
            for each in node.traverse(include_text=True)
            if each.tag in ("-text", "br")
        )
        text = "".join(part or "" for part in parts).strip("\n")
        if "\n" not in text:
            return False
        self._flush()
        start = len(self.chunks)
        reads = self._read_inner if self._read_inner and is_source(text) else plain_chunks
        for chunk in reads(text):
            self._append(chunk)
        if tag == "textarea":
            self._regions.append(Region("hidden", start, len(self.chunks)))
        return True

    def _text(self, text: str) -> None:
        self._parts.append(text.replace("\n", " "))
        n_characters = len(text.strip())
        self._n_text += n_characters
        if self._bold:
            self._n_bold += n_characters
        if self._link:
            self._n_linked += n_characters
        if self._button:
            self._n_button += n_characters

    def _open(self, tag: str, node: LexborNode) -> None:
        if tag in _BOLD:
            self._bold += 1
        elif tag in _BLOCK:
            self._flush()
            self._kind, self._level = _KINDS.get(tag, self._kind), _LEVELS.get(tag, self._level)
            if tag in _TITLES:
                self._bold += self._is_page or tag == "summary"
            elif tag == "li":
                self._items.append(len(self.chunks))
        if self._is_page:
            self._open_of_page(tag, node)

    def _open_of_page(self, tag: str, node: LexborNode) -> None:
        """What counts in a whole page alone: regions, links, buttons and what they open."""
        attributes = node.attributes
        if begun := region(tag, attributes, len(self.chunks)):
            self._flush()
            begun.start = len(self.chunks)
            self._open_regions.append((node, begun))
            self._regions.append(begun)
        if tag == "a" and "href" in attributes:
            self._link += 1
        if tag in ("a", "button", "label") or attributes.get("role") in CONTROL_ROLES:
            button = Button(clean(node.text(separator=" ")))
            self._press(button)
            if _is_button(tag, attributes):
                if self._n_text == self._n_button:
                    self._flush()
                self._button += 1
                self._n_buttons += 2 if attributes.get("role") == "tab" else 1  # its panel has the title
                for key in ("id", "aria-controls", "href", "data-target", "data-bs-target"):
                    self._named[(attributes.get(key) or "").removeprefix("#")] = button.text
        name = self._named.get(attributes.get("id") or "-") or self._named.get(attributes.get("aria-labelledby") or "-")
        if name and attributes.get("role") == "tabpanel":
            self._flush()
            if not self.chunks or self.chunks[-1].text != name:
                self._append(Chunk("paragraph", name, 0, bold=True))

    def _press(self, button: Button) -> None:
        for _, each in self._open_regions:
            each.buttons.append(button)

    def _close(self, tag: str, node: LexborNode) -> None:
        if tag in _BOLD:
            self._bold -= 1
        elif tag in _BLOCK:
            self._flush()
            if tag in _TITLES:
                self._bold -= self._is_page or tag == "summary"
            elif tag == "li":
                self._title_item(node, self._items.pop())
            if tag in _KINDS or tag in ("ul", "ol"):
                self._kind, self._level = "paragraph", 0
        if self._is_page:
            self._link -= tag == "a" and "href" in node.attributes
            self._button -= _is_button(tag, node.attributes)
            if self._open_regions and self._open_regions[-1][0].mem_id == node.mem_id:
                self._flush()
                self._open_regions.pop()[1].end = len(self.chunks)

    def _title_item(self, node: LexborNode, start: int) -> None:
        """Makes of a title and the text under it, which an item holds, what they would be without the list."""
        depth = len(self._items) + 1
        parent = "" if node.parent is None else node.parent.tag
        own = [i for i in range(start, len(self.chunks)) if self._depths[i] == depth]
        is_numbered = parent == "ol" and len(own) == 1 < len(self.chunks) - start and node.css_first("ol") is not None
        if own[:1] != [start] or self.chunks[start].kind != "item" or not (is_numbered or own[1:2] == [start + 1]):
            return
        title, below = Line(self.chunks[start]), Line(self.chunks[start + 1])
        is_section = title.chunk.bold or (not is_numbered and is_sentence(below) and (parent == "ol" or self._is_page))
        if title.shape and title.n_words <= 10 and below.is_text and is_section and not self._linked[start]:
            self.chunks[start] = title.chunk._replace(kind="paragraph", bold=True)
            for i in own[1:]:
                if self.chunks[i].kind == "item":
                    self.chunks[i] = self.chunks[i]._replace(kind="paragraph")

    def _break(self) -> None:
        if self._n_text and self._n_bold == self._n_text:
            self._flush()  # a line in bold over the rest of its paragraph
        else:
            self._parts.append("\n")

    def _flush(self) -> None:
        for line in "".join(self._parts).split("\n") if self._n_text else ():
            if cleaned := clean(line):
                if self._n_button == self._n_text and self._kind != "heading":
                    self._buttons[len(self.chunks)] = self._n_buttons
                self._append(
                    Chunk(self._kind, cleaned, self._level, self._n_bold == self._n_text),
                    is_linked=2 * self._n_linked > self._n_text,
                )
        self._parts.clear()
        self._n_bold = self._n_text = self._n_linked = self._n_button = self._n_buttons = 0

    def _append(self, chunk: Chunk, *, is_linked: bool = False) -> None:
        self.chunks.append(chunk)
        self._linked.append(is_linked)
        self._depths.append(len(self._items))


def _is_button(tag: str, attributes: dict[str, str | None]) -> bool:
    return tag == "button" or (tag == "label" and "for" in attributes) or attributes.get("role") in CONTROL_ROLES
