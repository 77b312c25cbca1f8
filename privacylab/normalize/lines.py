"""Chunks -> lines: what a chunk alone shows. The words are in ``rules/outline.toml``."""

import re
from collections.abc import Iterable
from functools import cached_property

from privacylab import paths
from privacylab.normalize.chunks import Block, Chunk

RULES = paths.rules("outline")
LIMITS: dict[str, int] = RULES["limits"]


def any_of(words: Iterable[str], form: str = "{}", flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    """One pattern for the words of a rule; ``form`` says where they occur."""
    return re.compile(form.format(f"(?:{'|'.join(words)})"), flags)


_BULLET = re.compile(r"^(?:(?:[•·▪◦●‣■□»*]+|[-–—](?=\s)|o(?=\s+[A-Z]))\s*(?=\S))+")
_BULLET_ALONE = re.compile(r"^[•·▪◦●‣■□»*–—-]$|^o$")
_ALPHANUMERIC = re.compile(r"[^\W_]")
_NUMBER = r"\(?(?:\d{1,2}(?:\.\d{1,2})*|[A-Z]|[IVX]{1,5})[.):]|\d{1,2}(?:\.\d{1,2})+|\d{1,2}(?= [A-Z])"
_NUMBERED = re.compile(rf"^(?:(?:section|article|part|chapter)\s+\w{{1,4}}\b[.:]?|{_NUMBER})\s*[-–—]?\s*(?=\S)", re.I)
_LETTERED = re.compile(r"^(?!\(c\) \d)\(?(?:[a-z]|[ivx]{1,4})[.)]\s+(?=\S)")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_WORD = re.compile(r"[^\W\d_][^\W_]*")
_ENDS = tuple(".:;!?)\"'")

_NAVIGATION = any_of(RULES["furniture"]["navigation"], "^{}$")
_FURNITURE = any_of(RULES["furniture"]["furniture"], r"^{}\.?$")
_LINKS = any_of(RULES["furniture"]["links"], "^{}$")
_TITLE = any_of(RULES["furniture"]["title"])
_CODE = any_of(RULES["furniture"]["code"], flags=re.NOFLAG)
_DATE_CUE = any_of(RULES["dates"]["cue"], r"\b{}\b")
_DATE = any_of(RULES["dates"]["date"])
_ASKS = any_of(RULES["headings"]["asks"], r"^{}\b")
_QUESTION = any_of(RULES["headings"]["question"], r"^{}\b")
_CLAUSE = any_of(RULES["headings"]["clause"], r"\b{}\b")
_INTRODUCES = any_of(RULES["headings"]["introduces"], r"{}\W*:$")
_NO_HEADING = any_of(RULES["no_heading"].values())
_SMALL_WORDS = frozenset(RULES["headings"]["small_words"])
_CONNECTIVES = frozenset(RULES["headings"]["connectives"])


class Line:
    """A chunk, without its bullet, and how it looks; compared by identity, which makes look-ups fast.

    Attributes:
        shape: The kind of heading that it may be: ``caps colon lower numbered question title``; empty for none.
        heading: What it is if it is a heading; None if it cannot be one.
        block: What it is if it is not a heading.
        crumb: Its role in a menu: ``furniture`` (no policy says it), ``link``, ``crumb`` (any short line); or empty.
        is_prose: Whether it is a full sentence.
        short: Whether it is neither a sentence nor the introduction of a list.
    """

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.text = chunk.text
        self.n_words = chunk.text.count(" ") + 1
        self.is_marked = chunk.kind == "heading"
        self.shape = self._shape()
        self.heading = self._heading()
        self.block = Block("item" if self._is_item() else "paragraph", self.text)
        self.crumb = self._crumb()
        self.is_prose = self.n_words > 11 and self.text.endswith(_ENDS)
        is_open = self.n_words <= 2 or self.text[-1] not in ".!;,:" or self.shape != ""
        self.short = self.n_words <= LIMITS["heading_words"] and is_open

    @cached_property
    def _number(self) -> re.Match[str] | None:
        return _NUMBERED.match(self.text)

    @cached_property
    def _is_caps(self) -> bool:
        return self.text.isupper() and len(self.text) > 4

    @cached_property
    def key(self) -> str:
        """Its text as a table of contents has it."""
        return self.text[self._number.end() if self._number else 0 :].lower().rstrip(":.")

    @cached_property
    def is_text(self) -> bool:
        """Whether a heading may be above it: a sentence, a line of one, or the date under a title."""
        is_sentence = self.n_words > 7 or (self.n_words > 4 and self.text.endswith(_ENDS))
        introduces = self.n_words > 2 and self._introduces()
        return is_sentence or introduces or _YEAR.search(self.text) is not None

    def _introduces(self) -> bool:
        return self.text[-1] == ":" and _INTRODUCES.search(self.text) is not None

    @property
    def is_dated(self) -> bool:
        """Whether it has a number and a word that says when the policy was made."""
        return _DIGIT.search(self.text) is not None and _DATE_CUE.search(self.text) is not None

    @cached_property
    def stays(self) -> bool:
        """Whether it may be the policy's even in a menu: its title, its date."""
        is_titled = self.n_words <= 12 and (_TITLE.search(self.text) or _YEAR.search(self.text))
        return self.chunk.level == 1 or bool(is_titled)

    @cached_property
    def capitalised(self) -> bool:
        """Whether its words are, except for the small ones of a title."""
        words = _WORD.findall(self.text)
        return self._is_caps or all(word[0].isupper() or word.lower() in _SMALL_WORDS for word in words)

    def _crumb(self) -> str:
        text = self.text
        if self.n_words > LIMITS["crumb_words"] or "@" in text or (self.n_words > 3 and text[-1] in ".:;!?"):
            return ""
        if self.is_dated:
            return ""
        return "furniture" if _FURNITURE.match(text) else "link" if _LINKS.match(text) else "crumb"

    def _is_item(self) -> bool:
        is_short = self.chunk.kind == "paragraph" and len(self.text) < LIMITS["lettered_length"]
        return self.chunk.kind == "item" or (is_short and _LETTERED.match(self.text) is not None)

    def _heading(self) -> Block | None:
        if self.is_marked:
            is_short = self.n_words <= LIMITS["marked_words"]
            return Block("heading", self.text, self.chunk.level) if is_short else None
        return Block("heading", self.text, 3 if self.chunk.bold or self.shape == "caps" else 4) if self.shape else None

    def _shape(self) -> str:
        n_words, last = self.n_words, self.text[-1]
        if self._is_no_heading():
            return ""
        if last == "?":
            return "question" if n_words > 1 else ""
        if last == ":":
            is_label = n_words <= 3 or self.capitalised or not _CLAUSE.search(self.text)
            is_label = is_label or (self.chunk.bold and _ASKS.match(self.key) is not None)
            return "colon" if n_words <= 8 and is_label and not self._introduces() else ""
        if self._is_caps:
            return "caps"
        if self._number:
            return "numbered" if n_words <= 12 else ""
        is_asking = _ASKS.match(self.text) is not None
        if self.text[0].islower() and not is_asking:
            return "lower"
        if n_words <= LIMITS["title_words"]:
            return "title"
        return "question" if is_asking else ""

    def _is_no_heading(self) -> bool:
        text, n_words, last = self.text, self.n_words, self.text[-1]
        if n_words > LIMITS["question_words" if last == "?" else "heading_words"]:
            return True
        if not 3 <= len(text) <= LIMITS["heading_length"] or not _LETTER.search(text):
            return True
        if self._is_caps and last == "." and n_words > 6 and _CLAUSE.search(text):
            return True  # a sentence in capitals
        may_stop = last == "." and (self._is_caps or (n_words <= 4 and self._number))
        if _NO_HEADING.search(text.rstrip(".") if may_stop else text):
            return True
        return self._says_when() or (text[0].islower() and self._is_fragment())

    def _is_fragment(self) -> bool:
        """Whether a line in small letters is part of a sentence, not a title or question."""
        is_asking = _ASKS.match(self.text) or (self.text[-1] == "?" and _QUESTION.match(self.text))
        return not is_asking and (self.n_words > 10 or self.text.split(" ", 1)[0] in _CONNECTIVES)

    def _says_when(self) -> bool:
        """Whether it says when the policy was made."""
        if _DATE.search(self.text):
            return self.n_words <= 8 or _DATE_CUE.search(self.text) is not None
        may_say = self._number is None and _DIGIT.search(self.text) is not None
        may_say = may_say or (self.n_words <= 3 and self.text[-1] == ":")
        return may_say and _DATE_CUE.search(self.text) is not None


BULLET = Line(Chunk("item", "•"))
"""Stands for a bullet alone on its line."""


def read_line(chunk: Chunk) -> Line | None:
    """The line of a chunk, `BULLET` for a lone bullet; None for scripts, navigation and text without words."""
    text, is_heading = chunk.text, chunk.kind == "heading"
    if len(text) == 1 and _BULLET_ALONE.match(text):
        return None if is_heading else BULLET
    if not _ALPHANUMERIC.search(text) or (len(text) < 40 and _NAVIGATION.match(text)) or _is_code(text):
        return None
    bullet = None if is_heading else _BULLET.match(text)
    return Line(Chunk("item", text[bullet.end() :], 0, chunk.bold) if bullet else chunk)


def _is_code(text: str) -> bool:
    """Whether a text is a script or a style sheet."""
    if "{" not in text and "=" not in text and ";" not in text:
        return False
    n_signs = sum(map(text.count, "{}[]=;\"'()$"))
    return n_signs * 25 > len(text) and len(_CODE.findall(text)) * 400 > len(text)
