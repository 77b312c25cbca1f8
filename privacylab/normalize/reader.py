"""A tree of HTML -> passages: chunks, and what else the mark-up says about them."""

import re
from typing import NamedTuple

from selectolax.lexbor import LexborNode

from privacylab.normalize.chunks import Chunk, Kind
from privacylab.normalize.cleaning import clean
from privacylab.normalize.lines import Line
from privacylab.normalize.plain import unwrapped
from privacylab.normalize.rows import Table, data_row, is_sentence

MAX_DEPTH = 400
"""Elements nested deeper than this are read as one block."""

MAX_TITLE = 10
"""Words of an item that titles what is under it."""

_END = "\ue000"
_RUN_IN = re.compile(
    rf"(?P<title>[^{_END}]*?[^\s.:–—-])(?:(?<=\?){_END}|\s*[.:–—-]+{_END}|{_END}\s*[.:–—-]+)(?P<text>\s*[A-Z].*\s.*)",
    re.DOTALL,
)
"""A title with its mark, the end of its letters in bold, and the sentence after it."""

UNSEEN = frozenset("script style svg head title template".split())
FURNITURE = UNSEEN | frozenset(
    "noscript iframe object nav footer aside select textarea canvas video audio form dialog".split()
)
STRUCK = frozenset(("del", "s", "strike"))
BLOCK = frozenset(
    "p div section article main header ul ol dl table tbody thead tfoot caption blockquote pre address figure "
    "figcaption hr center fieldset details summary body html dd form td th tr li dt h1 h2 h3 h4 h5 h6 nav footer aside "
    "dialog x-template noscript select textarea object canvas video audio".split()
)
_BOLD = frozenset(("b", "strong"))
_MARKED = _BOLD | {"u", "em", "i"}
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_KINDS: dict[str, Kind] = {"li": "item", "dt": "paragraph", **dict.fromkeys(_LEVELS, "heading")}
_ENDS_KIND = _KINDS.keys() | {"ul", "ol"}


class Look(NamedTuple):
    """How a text is shown; ``button`` is ``button`` or ``tab``, empty outside of both."""

    bold: bool = False
    link: bool = False
    button: str = ""


class Passage(NamedTuple):
    """A chunk; how many lists contain it, and how many of its characters have which look."""

    chunk: Chunk
    depth: int
    looks: dict[Look, int]

    @property
    def is_linked(self) -> bool:
        """Whether most of it is a link."""
        return 2 * sum(n for look, n in self.looks.items() if look.link) > sum(self.looks.values())

    @property
    def button(self) -> str:
        """The button that all of it is; empty for other text."""
        is_text = self.chunk.kind == "heading" or not all(look.button for look in self.looks)
        return "" if is_text else next(iter(self.looks)).button


class TreeReader:
    """Walks a tree without recursion and cuts its text into passages at the borders of block elements.

    Attributes:
        is_page: Whether it reads a whole page; a part of one is read without furniture.
        unread: The elements that are left out.
        titles: The elements that title the text under them.
    """

    is_page = False
    unread = FURNITURE | STRUCK
    titles = frozenset(("summary",))

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.look = Look()
        self._looks: dict[Look, int] = {}  # of the collected text: how many characters have each
        self._tables: dict[int, Table] = {}
        self._parts: list[str] = []
        self._items: list[int] = []  # where each open list item begins
        self._kind: Kind = "paragraph"
        self._level = 0

    def read(self, root: LexborNode) -> None:
        """Reads what is below an element."""
        node: LexborNode | None = root.child
        ancestors: list[tuple[LexborNode, str, Look]] = []
        while node is not None:
            tag = node.tag or "-"
            if tag == "-text":
                self._text(node.text_content or "")
            elif tag == "br":
                self._break()
            elif tag[0] != "-" and not self.reads(tag, node):
                child = node.child
                if child is not None and len(ancestors) < MAX_DEPTH:
                    ancestors.append((node, tag, self.look))
                    self.open(tag, node)
                    node = child
                    continue
                self._text(node.text(separator=" "))
            following = node.next
            while following is None and ancestors:
                node, tag, look = ancestors.pop()
                self.close(tag, node)
                self.look = look
                following = node.next
            node = following
        self.flush()

    def reads(self, tag: str, node: LexborNode) -> bool:
        """Reads an element as a whole, or leaves it out; False if its content must still be read."""
        if tag == "tr" and (row := data_row(node, self._tables)):
            self.flush()
            self.add(Chunk("item", row))
            return True
        return tag in self.unread or (tag in _MARKED and self.is_page and self._reads_run_in(node))

    def open(self, tag: str, node: LexborNode) -> None:
        """Begins an element."""
        if tag in _BOLD:
            self.look = self.look._replace(bold=True)
        elif tag in BLOCK:
            if self._parts:
                self.flush()
            self._kind, self._level = _KINDS.get(tag, self._kind), _LEVELS.get(tag, self._level)
            if tag in self.titles:
                self.look = self.look._replace(bold=True)
            elif tag == "li":
                self._items.append(len(self.passages))

    def close(self, tag: str, node: LexborNode) -> None:
        """Ends an element."""
        if tag in BLOCK:
            if self._parts:
                self.flush()
            if tag == "li":
                self._title_item(node, self._items.pop())
            elif self.is_page and tag in ("ul", "ol") and not self._items and len(list(node.iter())) == 1:
                self._unlist_title(is_numbered=tag == "ol")
            if tag in _ENDS_KIND:
                self._kind, self._level = "paragraph", 0

    def add(self, chunk: Chunk) -> None:
        """Adds a passage that is read as a whole."""
        self.passages.append(Passage(chunk, len(self._items), {Look(): 1}))

    def flush(self) -> None:
        """Makes passages of the collected text."""
        if looks := self._looks:
            is_bold = all([look.bold for look in looks])
            self._looks = {}
            text = "".join(self._parts)
            for line in unwrapped(text) if "\n" in text else (text,):
                if cleaned := clean(line):
                    chunk = Chunk(self._kind, cleaned, self._level, is_bold)
                    self.passages.append(Passage(chunk, len(self._items), looks))
        self._parts.clear()

    def is_only(self, attribute: str) -> bool:
        """Whether all collected text has a look; also true without text."""
        return all(getattr(look, attribute) for look in self._looks)

    def _text(self, text: str) -> None:
        self._parts.append(text.replace("\n", " "))
        if n_characters := len(text.strip()):
            self._looks[self.look] = self._looks.get(self.look, 0) + n_characters

    def _break(self) -> None:
        if self._looks and self.is_only("bold"):
            self.flush()  # a line in bold above the rest of its paragraph
        else:
            self._parts.append("\n")

    def _reads_run_in(self, node: LexborNode) -> bool:
        """Reads a marked title that runs into its paragraph, as in "<b>Cookies.</b> We use ..."."""
        following = node.next
        before = "".join(self._parts[-3:]).rstrip()  # all of a long paragraph would take hours
        if self._kind != "paragraph" or following is None or (before and before[-1] not in ".!?"):
            return False
        title, text = _run_in(clean(node.text()), following.text_content if following.tag == "-text" else None)
        if title:
            self.flush()
            self.add(Chunk("paragraph", title, 0, bold=True))
            following.replace_with(text)
        return title != ""

    def _title_item(self, node: LexborNode, start: int) -> None:
        """Turns an item's title and the text under it into what they would be without the list."""
        if len(self.passages) - start < 2:
            return
        depth = len(self._items) + 1
        own = [i for i in range(start, len(self.passages)) if self.passages[i].depth == depth]
        is_of_ol = node.parent is not None and node.parent.tag == "ol"
        is_above_list = len(own) == 1 and (self.is_page or (is_of_ol and node.css_first("ol") is not None))
        if own[:1] != [start] or not (is_above_list or own[1:2] == [start + 1]) or self.passages[start].is_linked:
            return
        title, below = Line(self.passages[start].chunk), Line(self.passages[start + 1].chunk)
        may_be_plain = self.is_page or (is_of_ol and not is_above_list)
        is_section = title.chunk.bold or (may_be_plain and is_sentence(below))
        if title.chunk.kind == "item" and title.shape and title.n_words <= MAX_TITLE and below.is_text and is_section:
            self._unlist(start, bold=True)
            for i in own[1:]:
                self._unlist(i, bold=self.passages[i].chunk.bold)

    def _unlist_title(self, *, is_numbered: bool) -> None:
        """Makes a paragraph of a title that is a list by itself: a number above its section."""
        last = self.passages[-1] if self.passages else None
        if last and last.depth == 1 and (line := Line(last.chunk)).shape and line.n_words <= MAX_TITLE:
            self._unlist(len(self.passages) - 1, bold=is_numbered or last.chunk.bold)

    def _unlist(self, i: int, *, bold: bool) -> None:
        """Makes a paragraph of an item."""
        chunk = self.passages[i].chunk
        if chunk.kind == "item":
            self.passages[i] = self.passages[i]._replace(chunk=chunk._replace(kind="paragraph", bold=bold))


def _run_in(bold: str, text: str | None) -> tuple[str, str]:
    """The title that a text in bold is, and the text that it runs into; empty if it is none.

    >>> _run_in("Cookies", ": We use them."), _run_in("Note:", " We use them."), _run_in("We", " use them.")
    (('Cookies', ' We use them.'), ('', ''), ('', ''))
    """
    match = _RUN_IN.fullmatch(f"{bold}{_END}{text or ''}")
    if match is None:
        return "", ""
    title = match["title"]
    line = Line(Chunk("paragraph", title if title[-1] == "?" else f"{title}:", 0, bold=True))
    is_title = line.shape in ("colon", "question") and line.n_words <= MAX_TITLE
    return (title, match["text"]) if is_title else ("", "")
