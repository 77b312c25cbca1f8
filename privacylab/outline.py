"""Chunks of a page's text -> blocks: menus and scripts out, bullets read, headings told from other short lines.

What mark-up says is believed; what it leaves open (leftover tags, plain text) is read off the lines and their
neighbours, the same way for all formats. The page's furniture goes first, so that a line's neighbours are those which
a reader sees.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from operator import attrgetter
from typing import Literal, NamedTuple

Kind = Literal["heading", "paragraph", "item"]

MAX_HEADING_WORDS = 16
MAX_QUESTION_WORDS = 25
MAX_HEADING_LENGTH = 200
MAX_MARKED_WORDS = 30
"""A longer text is no heading, whatever its mark-up says."""


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


@dataclass(slots=True, eq=False)
class Line:
    """A chunk with what it looks like by itself. Lines are told apart by identity, so that they are quick to look up.

    Attributes:
        chunk: Its text, without a bullet, and its mark-up.
        block: What it is if it is no heading.
        heading: What it is if it is one; None if it cannot be.
        is_marked: Whether the mark-up says that it is a heading.
        key: Its text as a table of contents has it.
        is_prose: Whether it is a full sentence.
        is_text: Whether a heading may stand over it.
        crumb: ``furniture``, ``link`` or ``crumb``; empty for what is no part of a menu.
        shape: What kind of heading it may be; empty for none.
        capitalised: Whether its words are.
        short: Neither a sentence nor the introduction of a list.
        stays: It may be the policy's even in a menu: its title, its date.
    """

    chunk: Chunk
    block: Block
    heading: Block | None
    is_marked: bool
    key: str
    is_prose: bool
    is_text: bool
    crumb: str
    shape: str
    capitalised: bool
    short: bool
    stays: bool


def read_blocks(chunks: Iterable[Chunk]) -> list[Block]:
    """Blocks from chunks. Reading blocks as chunks again gives the same blocks."""
    read = cache(read_line)  # of a million lines most may be the same
    lines = [line for line in map(read, chunks) if line]
    return outlined(trimmed(joined(lines, read)))


# --- A line by itself -----------------------------------------------------------------------------------------------

_BULLET = re.compile(r"^(?:(?:[•·▪◦●‣■□»*]+|[-–—](?=\s)|o(?=\s+[A-Z]))\s*(?=\S))+")
_BULLET_ALONE = re.compile(r"^[•·▪◦●‣■□»*–—-]$|^o$")
_NAVIGATION = re.compile(
    r"^(?:(?:back|return|go) to (?:the )?top(?: of (?:the )?page)?|top of (?:the )?page|"
    r"skip to (?:the )?(?:main )?content)$",
    re.I,
)
_ALPHANUMERIC = re.compile(r"[^\W_]")
_CODE = re.compile(
    r"\bfunction ?\(|\bvar \w+ ?=|\bwindow\.\w|\bdocument\.\w+[.(]|<!\[CDATA\[|"
    r"\{ ?\"?\w+\"? ?: ?[\"{\[\d]|\"[:,] ?[\"{\[]|\$\(|\}\);|=> ?\{|[;{] ?[\w-]+: ?[\w#%.-]+;|\b\w+\.push\(\["
)


def joined(lines: list[Line], read: Callable[[Chunk], Line | None]) -> list[Line]:
    """The lines without bullets that stand alone: each makes an item of the next line, which ``read`` reads again."""
    if BULLET not in lines:
        return lines
    result: list[Line] = []
    pending = False
    for line in lines:
        if line is BULLET:
            pending = True
            continue
        if pending and line.chunk.kind == "paragraph":
            item = read(line.chunk._replace(kind="item"))
            assert item is not None
            line = item
        pending = False
        result.append(line)
    return result


def read_line(chunk: Chunk) -> Line | None:
    """A line as it looks by itself; None for scripts and what has no words, `BULLET` for a bullet alone."""
    if _BULLET_ALONE.match(chunk.text):
        return BULLET if chunk.kind != "heading" else None
    if not _ALPHANUMERIC.search(chunk.text) or _is_code(chunk.text):
        return None
    if len(chunk.text) < 40 and _NAVIGATION.match(chunk.text):
        return None
    bullet = _BULLET.match(chunk.text) if chunk.kind != "heading" else None
    return _described(Chunk("item", chunk.text[bullet.end() :], 0, chunk.bold) if bullet else chunk)


def _described(chunk: Chunk) -> Line:
    text = chunk.text
    is_item = chunk.kind == "item" or (chunk.kind == "paragraph" and len(text) < 600 and _LETTERED.match(text))
    block = Block("item" if is_item else "paragraph", text)
    n_words = text.count(" ") + 1
    numbered = _NUMBERED.match(text)
    shape, capitalised = _look(text, n_words, numbered is not None)
    is_marked = chunk.kind == "heading"
    heading = None
    if is_marked and n_words <= MAX_MARKED_WORDS:
        heading = Block("heading", text, chunk.level)
    elif shape and not is_marked:
        heading = Block("heading", text, 3 if chunk.bold or shape == "caps" else 4)
    return Line(
        chunk=chunk,
        block=block,
        heading=heading,
        is_marked=is_marked,
        key=text[numbered.end() if numbered else 0 :].lower().rstrip(":."),
        is_prose=_is_prose(text),
        is_text=_is_text(block),
        crumb=_crumb(text, n_words),
        shape=shape,
        capitalised=capitalised,
        short=n_words <= MAX_HEADING_WORDS and (bool(shape) or n_words <= 2 or text[-1] not in ".!;,:"),
        stays=chunk.level == 1 or (n_words <= 12 and bool(_TITLE.search(text) or _YEAR.search(text))),
    )


def _is_code(text: str) -> bool:
    """Whether a text is a script or a style sheet: it has their phrases and many of their signs."""
    if "{" not in text and "=" not in text and ";" not in text:
        return False
    n_signs = sum(map(text.count, "{}[]=;\"'()$"))
    return n_signs * 25 > len(text) and len(_CODE.findall(text)) * 400 > len(text)


# --- The page's furniture -------------------------------------------------------------------------------------------

_FURNITURE = re.compile(
    r"^(?:(?:skip|jump) to.*|(?:back|return) to top|top of page|top|home(?: ?page)?|"
    r"(?:my )?(?:account|cart|wish ?list|bag)|log ?(?:in|out|on)(?: or .*)?|sign (?:in|up|out|on).*|"
    r"register(?: now| here)?|join(?: now| us)?|search|menu|"
    r"toggle.*|main (?:menu|navigation|content)|help(?: cent(?:er|re))?|faqs?|site ?map|careers|jobs|"
    r"press(?: room)?|blogs?|"
    r"shop(?: now)?|store locator|find a store|gift cards?|follow us.*|share(?: this)?|print(?: this page)?|e-?mail|"
    r"facebook|twitter|you ?tube|instagram|linked ?in|pinterest|google\+?|rss(?: feeds?)?|close|next|previous|more|"
    r"advertis(?:e|ing)(?: with us)?|download(?: as pdf)?|support|news(?:room)?|got it|accept(?: all)?|upload|"
    r"powered by.*|all rights reserved|investor relations|affiliates?(?: program)?|partners|forums?|view all|"
    r"subscribe(?: now)?|newsletters?|english|español|deutsch|français|italiano|português|mobile(?: apps?)?)\.?$",
    re.I,
)
_LINKS_OF_POLICIES = re.compile(
    r"^(?:about(?: us)?|contact(?: us)?|terms(?: (?:of|and|&) .*)?|privacy(?: (?:policy|notice|statement))?|"
    r"cookie (?:policy|notice)|legal(?: notices?)?|accessibility|(?:copyright|©|\(c\)).*|feedback|products|services|"
    r"your privacy (?:choices|rights)|do not sell.*|ad ?choices|customer (?:service|support))$",
    re.I,
)
_TITLE = re.compile(
    r"\b(?:privacy|cookies?|data)\b.{0,40}\b(?:policy|notice|statement|policies|protection|practices)\b|^privacy$", re.I
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DATE_CUE = re.compile(
    r"\b(?:effective|updated?|revised|revision|modified|amended|posted|published|issued|version|in force|"
    r"valid|dated?|"
    r"last changed?|as of)\b",
    re.I,
)

_CLOSE = 4  # lines from one sentence to the next in a text
_MENU = 8  # short lines in a row, some of them furniture, are a menu


def _crumb(text: str, n_words: int) -> str:
    """What a short line is to a menu: ``furniture`` (no policy says it), ``link`` or just a ``crumb``; else empty."""
    if n_words > 7 or "@" in text or (n_words > 3 and text[-1] in ".:;!?"):
        return ""
    if _DATE_CUE.search(text) and any(map(str.isdigit, text)):
        return ""
    if _FURNITURE.match(text):
        return "furniture"
    return "link" if _LINKS_OF_POLICIES.match(text) else "crumb"


def trimmed(lines: list[Line]) -> list[Line]:
    """Cuts menus anywhere, and the links before the first and after the last full sentence."""
    full = [i for i, line in enumerate(lines) if line.is_prose]
    if not full:
        return lines
    # A sentence alone among links is an advertisement: the text begins and ends where sentences stand together.
    close = [i for i, j in pairwise(full) if j - i <= _CLOSE]
    first = close[0] if close else full[0]
    last = next(j for i, j in pairwise(full) if i == close[-1]) + 1 if close else full[-1] + 1
    menus = _menus(lines)
    keys = {line.key for span in _between(menus, 0, len(lines)) for line in lines[slice(*span)]} if menus else set()

    def kept(start: int, end: int) -> list[Line]:
        left: list[Line] = []
        for gap_start, gap_end in _between(menus, start, end):
            left += [line for line in lines[start:gap_start] if line.stays or line.key in keys]
            left += lines[gap_start:gap_end]
            start = gap_end
        return left + [line for line in lines[start:end] if line.stays or line.key in keys]

    head, body, tail = kept(0, first), kept(first, last), kept(last, len(lines))
    head = _without_links(head[:-1], body) + [line for line in head[-1:] if line.crumb != "furniture"]
    if body[-1].chunk.text[-1] != ":":
        tail = _without_links(tail, body)
        while tail and tail[-1].crumb in ("furniture", "link"):
            tail.pop()
    return head + body + tail


def _without_links(lines: list[Line], body: list[Line]) -> list[Line]:
    """The lines at an end of a page without its furniture; without all short ones where they are a menu."""
    if sum(1 for line in lines if line.crumb in ("furniture", "link")) < 3:
        return [line for line in lines if line.crumb != "furniture"]
    keys = {line.key for line in body}
    return [line for line in lines if not line.crumb or line.stays or line.key in keys]


def _menus(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Runs of short lines, three of them furniture.

    The last one before a sentence may be its heading, and what a sentence ends in a colon for is a list.
    """
    furniture = [i for i, line in enumerate(lines) if line.crumb == "furniture"]
    menus: list[tuple[int, int]] = []
    end = 0
    for i in furniture:
        if i < end:
            continue
        start, end = i, i
        while start and lines[start - 1].crumb:
            start -= 1
        while end < len(lines) and lines[end].crumb:
            end += 1
        n_links = len({line.key for line in lines[i:end] if line.crumb == "furniture"})
        if end - start >= _MENU and n_links >= 3 and not (start and lines[start - 1].chunk.text[-1] == ":"):
            menus.append((start, end - 1 if end < len(lines) else end))
    return menus


def _between(spans: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """What the spans leave of the lines from ``start`` to ``end``."""
    for span_start, span_end in spans:
        if start < min(span_start, end):
            yield start, min(span_start, end)
        start = max(start, span_end)
    if start < end:
        yield start, end


# --- Headings -------------------------------------------------------------------------------------------------------

_NUMBER = r"\(?(?:\d{1,2}(?:\.\d{1,2})*|[A-Z]|[IVX]{1,5})[.):]|\d{1,2}(?:\.\d{1,2})+|\d{1,2}(?= [A-Z])"
_NUMBERED = re.compile(rf"^(?:(?:section|article|part|chapter)\s+\w{{1,4}}\b[.:]?|{_NUMBER})\s*[-–—]?\s*(?=\S)", re.I)
_LETTERED = re.compile(r"^(?!\(c\) \d)\(?(?:[a-z]|[ivx]{1,4})[.)]\s+(?=\S)")
_ASKS = re.compile(r"^(?:how|what|why|who|whose|where)\b", re.I)
_QUESTION = re.compile(
    r"^(?:what|how|why|when|where|who|whose|which|do|does|is|are|can|may|will|should|have|has|did|am|must)\b", re.I
)
_NO_HEADING = re.compile(
    r"[.!;,](?: (?:or|and))?['\")\]]*$|@|protected\]|\b\d{5}(?:-\d{4})?$|(?:,[^,]+){3}|://|www\.|"
    r"^[\"']|^\((?!\d{1,2}\) )| \| |»| > |"
    r"^(?:note|attn|attention|tel|fax|phone|e-?mail|address)\b\W?.*:|"
    r"\bP\.? ?O\.? Box\b|\b[A-Z]{2} \d{5}\b|^\+?[\d() -]{7,}$|(?:copyright|©|\(c\)) ?\d|all rights reserved|"
    r"^\d{1,5}[a-z]? (?:[A-Z][\w.'-]+ ){1,4}(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|way|"
    r"boulevard|blvd|square|"
    r"court|place|plaza|parkway|floor|building|house|park|row|hill|close|terrace)\b|"
    r"^(?:click|read|see|learn|view|find out|go|download|back|return|skip|print|top)\b"
    r"(?: (?:here|more|to|as|this|all|current|previous)\b.*)?$|^(?:e\.g|i\.e)\b|\b(?:Inc|LLC|Ltd|GmbH|"
    r"Corp|Corporation|Limited)\.?$",
    re.I,
)
_DATE = re.compile(
    r"\b(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?,? (?:\d{1,2}(?:st|nd|rd|"
    r"th)?,? )?(?:19|20)\d\d\b"
    r"|\b\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\b",
    re.I,
)
_SMALL_WORDS = frozenset(
    "a an and are as at be by do does for from has have how in into is it its may no not of on or our over regarding "
    "that the their these this through to under upon us use via we what when which who why will with "
    "within without you "
    "your about".split()
)
_CONNECTIVES = frozenset(
    "a an and are as at be but by for from if in is it may not of on or so such that the then this to we which will "
    "with you".split()
)
_CLAUSE = re.compile(r"\b(?:we|you|they|it|is|are|was|may|will|can|explains?|includes?|has|have)\b", re.I)
_INTRODUCES = re.compile(
    r"(?:^we (?:\w+ ){0,2}(?:use|collect|share|may)|\b(?:following|includes?|including|such as|you (?:can|may)|at|to|"
    r"by|for|will|must|should|(?:following|two|three) ways))\W*:$",
    re.I,
)


def _look(text: str, n_words: int, numbered: bool) -> tuple[str, bool]:
    """What kind of heading a line may be (empty for none), and whether its words are capitalised."""
    is_asked = text[-1] == "?" and n_words <= MAX_QUESTION_WORDS
    if (
        (n_words > MAX_HEADING_WORDS and not is_asked)
        or not 3 <= len(text) <= MAX_HEADING_LENGTH
        or not any(map(str.isalpha, text))
    ):
        return "", False
    is_caps = text.isupper() and len(text) > 4
    if is_caps and text[-1] == "." and n_words > 6 and _CLAUSE.search(text):
        return "", False  # a sentence that is shouted
    if _NO_HEADING.search(text.rstrip(".") if is_caps or (n_words <= 4 and numbered) else text):
        return "", False
    if _is_date_line(text, n_words, numbered) or _is_fragment(text, n_words):
        return "", False
    words = [word for word in re.findall(r"[^\W\d_][^\W_]*", text) if word.lower() not in _SMALL_WORDS]
    capitalised = is_caps or all(word[0].isupper() for word in words)
    return _shape(text, n_words, numbered, is_caps, capitalised), capitalised


def _shape(text: str, n_words: int, numbered: bool, is_caps: bool, capitalised: bool) -> str:
    if text[-1] == "?":
        return "question" if n_words > 1 else ""
    if text[-1] == ":":
        is_label = n_words <= 3 or capitalised or not _CLAUSE.search(text)
        return "colon" if n_words <= 8 and is_label and not _INTRODUCES.search(text) else ""
    if is_caps:
        return "caps"
    if numbered:
        return "numbered" if n_words <= 12 else ""
    if text[0].islower() and not _ASKS.match(text):
        return "lower"
    return "title" if n_words <= 10 else ("question" if _ASKS.match(text) else "")


def _is_fragment(text: str, n_words: int) -> bool:
    """Whether a line in small letters is no title or question, but a part of a sentence."""
    if not text[0].islower() or (text[-1] == "?" and _QUESTION.match(text)) or _ASKS.match(text):
        return False
    return n_words > 10 or text.split(" ", 1)[0] in _CONNECTIVES


def _is_date_line(text: str, n_words: int, numbered: bool) -> bool:
    if _DATE.search(text):
        return n_words <= 8 or bool(_DATE_CUE.search(text))
    if not _DATE_CUE.search(text):
        return False
    return (any(map(str.isdigit, text)) and not numbered) or (n_words <= 3 and text[-1] == ":")


def outlined(lines: Sequence[Line]) -> list[Block]:
    """Decides from the end to the beginning: what a line is rests on what stands under it."""
    found = list(map(_BLOCK, lines))
    contents = _contents(lines)
    below = len(lines)
    for i in [i for i, line in enumerate(lines) if line.heading][::-1]:
        line = lines[i]
        assert line.heading is not None
        if line.is_marked or (i + 1 < len(lines) and i not in contents and _is_heading(i, lines, contents, below)):
            found[i] = line.heading
            below = i
    return found


def _contents(lines: Sequence[Line]) -> set[int]:
    """The lines of a table of contents: two or more in a row that all stand again further down."""
    last = {line.key: i for i, line in enumerate(lines) if line.short}
    repeated = {i for i, line in enumerate(lines) if line.short and last[line.key] > i}
    return {i for i in repeated if i - 1 in repeated or i + 1 in repeated}


def _is_heading(i: int, lines: Sequence[Line], contents: set[int], below: int) -> bool:
    """Whether a line that may be a heading is one, by its neighbours; ``below`` is the next heading's place."""
    line, following = lines[i], lines[i + 1]
    kind = "heading" if below == i + 1 else following.block.kind
    if line.chunk.kind == "item":
        return line.chunk.bold and line.shape in ("caps", "numbered") and kind == "paragraph"
    if line.chunk.bold and line.shape != "colon":
        return True
    if line.shape == "colon" and kind == "item" and not (line.capitalised and " " in line.chunk.text):
        return False
    above = _run_above(i, lines, contents)
    before = lines[i - above].chunk.text if i >= above else ""
    is_list = above > 1 and before.endswith(":")
    is_text = kind == "paragraph" and following.is_text
    if line.shape == "lower":
        return above == 1 and before[-1:] in ("", ".", "!", "?") and is_text
    if kind == "heading":
        # A heading over a heading; more than three in a row are a list.
        return above <= 2 and not is_list and (line.capitalised or line.shape != "title")
    if line.shape in ("caps", "question", "numbered"):
        return above <= 3 and (is_text or kind == "item")
    if not is_text and not (kind == "item" and line.capitalised):
        return False
    return above <= 3 if line.capitalised else above <= 2 and not is_list


def _run_above(i: int, lines: Sequence[Line], contents: set[int]) -> int:
    """How many short lines in a row end with this one, itself included; a look at five will do."""
    n = 1
    while n < 5 and i >= n and lines[i - n].short and i - n not in contents:
        n += 1
    return n


def _is_text(block: Block) -> bool:
    """Whether a heading may stand over a block: a sentence, a line of one, or the date under a title."""
    if block.kind != "paragraph":
        return False
    n_blanks = block.text.count(" ")
    if n_blanks >= 7:
        return True
    if (n_blanks >= 4 and block.text[-1] in ".:;!?)\"'") or (n_blanks >= 2 and _INTRODUCES.search(block.text)):
        return True
    return bool(_YEAR.search(block.text))


def _is_prose(text: str) -> bool:
    return text.count(" ") >= 11 and text[-1] in ".:;!?)\"'"


_BLOCK = attrgetter("block")
BULLET = _described(Chunk("item", "•"))
"""Stands for a bullet alone on its line."""
