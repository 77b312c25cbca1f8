"""Tells headings by their look and by their neighbours."""

import re
from collections.abc import Sequence
from operator import attrgetter

from privacylab.normalize.chunks import Block, Line

MAX_HEADING_WORDS = 16
MAX_QUESTION_WORDS = 25
MAX_HEADING_LENGTH = 200
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
DATE_CUE = re.compile(
    r"\b(?:effective|updated?|revised|revision|modified|amended|posted|published|issued|version|in force|"
    r"valid|dated?|"
    r"last changed?|as of)\b",
    re.I,
)
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


def look_of(text: str, n_words: int, numbered: bool) -> tuple[str, bool]:
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
        return n_words <= 8 or bool(DATE_CUE.search(text))
    if not DATE_CUE.search(text):
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


def is_text(block: Block) -> bool:
    """Whether a heading may stand over a block: a sentence, a line of one, or the date under a title."""
    if block.kind != "paragraph":
        return False
    n_blanks = block.text.count(" ")
    if n_blanks >= 7:
        return True
    if (n_blanks >= 4 and block.text[-1] in ".:;!?)\"'") or (n_blanks >= 2 and _INTRODUCES.search(block.text)):
        return True
    return bool(YEAR.search(block.text))


_BLOCK = attrgetter("block")
