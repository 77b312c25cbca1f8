"""Chunks -> lines: what can be said of a chunk by itself. The words are in ``rules/outline.toml``."""

import re
from collections.abc import Iterable
from functools import cached_property

from privacylab import paths
from privacylab.normalize.chunks import Block, Chunk

RULES = paths.rules("outline")
LIMITS: dict[str, int] = RULES["limits"]


def any_of(words: Iterable[str], form: str = "{}", flags: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    """One pattern for the words of a rule; ``form`` says where they stand."""
    return re.compile(form.format(f"(?:{'|'.join(words)})"), flags)


_BULLET = re.compile(r"^(?:(?:[•·▪◦●‣■□»*]+|[-–—](?=\s)|o(?=\s+[A-Z]))\s*(?=\S))+")
_BULLET_ALONE = re.compile(r"^[•·▪◦●‣■□»*–—-]$|^o$")
_ALPHANUMERIC = re.compile(r"[^\W_]")
_NUMBER = r"\(?(?:\d{1,2}(?:\.\d{1,2})*|[A-Z]|[IVX]{1,5})[.):]|\d{1,2}(?:\.\d{1,2})+|\d{1,2}(?= [A-Z])"
_NUMBERED = re.compile(rf"^(?:(?:section|article|part|chapter)\s+\w{{1,4}}\b[.:]?|{_NUMBER})\s*[-–—]?\s*(?=\S)", re.I)
_LETTERED = re.compile(r"^(?!\(c\) \d)\(?(?:[a-z]|[ivx]{1,4})[.)]\s+(?=\S)")
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
    """A chunk, without its bullet, and how it looks; each look is taken once, when it is first asked for.

    Lines are told apart by identity, so that they are quick to look up.
    """

    def __init__(self, chunk: Chunk, *, is_bullet: bool = False) -> None:
        self.chunk = chunk
        self.is_bullet = is_bullet  # and nothing else
        self.text = chunk.text
        self.n_words = chunk.text.count(" ") + 1
        self.is_marked = chunk.kind == "heading"

    @cached_property
    def _numbered(self) -> re.Match[str] | None:
        return _NUMBERED.match(self.text)

    @cached_property
    def _is_caps(self) -> bool:
        return self.text.isupper() and len(self.text) > 4

    @cached_property
    def key(self) -> str:
        """Its text as a table of contents has it."""
        return self.text[self._numbered.end() if self._numbered else 0 :].lower().rstrip(":.")

    @cached_property
    def block(self) -> Block:
        """What it is if it is no heading."""
        is_short = self.chunk.kind == "paragraph" and len(self.text) < LIMITS["lettered_length"]
        is_item = self.chunk.kind == "item" or (is_short and _LETTERED.match(self.text))
        return Block("item" if is_item else "paragraph", self.text)

    @cached_property
    def heading(self) -> Block | None:
        """What it is if it is a heading; None if it cannot be one."""
        if self.is_marked:
            return Block("heading", self.text, self.chunk.level) if self.n_words <= LIMITS["marked_words"] else None
        return Block("heading", self.text, 3 if self.chunk.bold or self.shape == "caps" else 4) if self.shape else None

    @cached_property
    def is_prose(self) -> bool:
        """Whether it is a full sentence."""
        return self.n_words > 11 and self.text.endswith(_ENDS)

    @cached_property
    def is_text(self) -> bool:
        """Whether a heading may stand over it: a sentence, a line of one, or the date under a title."""
        is_sentence = self.n_words > 7 or (self.n_words > 4 and self.text.endswith(_ENDS))
        return is_sentence or (self.n_words > 2 and self._introduces) or _YEAR.search(self.text) is not None

    @cached_property
    def _introduces(self) -> bool:
        return _INTRODUCES.search(self.text) is not None

    @cached_property
    def crumb(self) -> str:
        """What it is to a menu: ``furniture`` (no policy says it), ``link``, ``crumb`` (any short line); else empty."""
        text = self.text
        is_sentence = self.n_words > 3 and text[-1] in ".:;!?"
        if self.n_words > LIMITS["crumb_words"] or "@" in text or is_sentence or self.is_dated:
            return ""
        return "furniture" if _FURNITURE.match(text) else "link" if _LINKS.match(text) else "crumb"

    @property
    def is_dated(self) -> bool:
        """Whether it has a number and a word that says when the policy was made."""
        return _DATE_CUE.search(self.text) is not None and any(map(str.isdigit, self.text))

    @cached_property
    def stays(self) -> bool:
        """Whether it may be the policy's even in a menu: its title, its date."""
        is_titled = _TITLE.search(self.text) or _YEAR.search(self.text)
        return self.chunk.level == 1 or (self.n_words <= 12 and is_titled is not None)

    @cached_property
    def short(self) -> bool:
        """Whether it is neither a sentence nor the introduction of a list."""
        is_open = bool(self.shape) or self.n_words <= 2 or self.text[-1] not in ".!;,:"
        return self.n_words <= LIMITS["heading_words"] and is_open

    @cached_property
    def capitalised(self) -> bool:
        """Whether its words are, but for the small ones of a title."""
        words = [word for word in _WORD.findall(self.text) if word.lower() not in _SMALL_WORDS]
        return self._is_caps or all(word[0].isupper() for word in words)

    @cached_property
    def shape(self) -> str:
        """What heading it may be: ``caps colon lower numbered question title``; empty for none."""
        n_words, last = self.n_words, self.text[-1]
        if self._is_no_heading():
            return ""
        if last == "?":
            return "question" if n_words > 1 else ""
        if last == ":":
            is_label = n_words <= 3 or self.capitalised or not _CLAUSE.search(self.text)
            return "colon" if n_words <= 8 and is_label and not self._introduces else ""
        if self._is_caps:
            return "caps"
        if self._numbered:
            return "numbered" if n_words <= 12 else ""
        is_asking = _ASKS.match(self.text) is not None
        if self.text[0].islower() and not is_asking:
            return "lower"
        if n_words <= LIMITS["title_words"]:
            return "title"
        return "question" if is_asking else ""

    def _is_no_heading(self) -> bool:
        text, n_words = self.text, self.n_words
        if n_words > LIMITS["question_words" if text[-1] == "?" else "heading_words"]:
            return True
        if not 3 <= len(text) <= LIMITS["heading_length"] or not any(map(str.isalpha, text)):
            return True
        if self._is_caps and text[-1] == "." and n_words > 6 and _CLAUSE.search(text):
            return True  # a sentence that is shouted
        may_stop = self._is_caps or (n_words <= 4 and self._numbered)
        return (
            _NO_HEADING.search(text.rstrip(".") if may_stop else text) is not None
            or self._says_when()
            or self._is_fragment()
        )

    def _is_fragment(self) -> bool:
        """Whether a line in small letters is no title or question, but a part of a sentence."""
        is_asking = _ASKS.match(self.text) or (self.text[-1] == "?" and _QUESTION.match(self.text))
        is_tail = self.n_words > 10 or self.text.split(" ", 1)[0] in _CONNECTIVES
        return self.text[0].islower() and not is_asking and is_tail

    def _says_when(self) -> bool:
        """Whether it says when the policy was made."""
        has_cue = _DATE_CUE.search(self.text) is not None
        if _DATE.search(self.text):
            return self.n_words <= 8 or has_cue
        has_number = any(map(str.isdigit, self.text)) and not self._numbered
        return has_cue and (has_number or (self.n_words <= 3 and self.text[-1] == ":"))


def read_line(chunk: Chunk) -> Line | None:
    """The line of a chunk; None for scripts, navigation and what has no words, but for a bullet alone on its line."""
    text, is_heading = chunk.text, chunk.kind == "heading"
    if _BULLET_ALONE.match(text):
        return None if is_heading else Line(chunk, is_bullet=True)
    if not _ALPHANUMERIC.search(text) or _is_skipped(text):
        return None
    bullet = None if is_heading else _BULLET.match(text)
    return Line(Chunk("item", text[bullet.end() :], 0, chunk.bold) if bullet else chunk)


def _is_skipped(text: str) -> bool:
    """Whether a text is a script, a style sheet or a way around the page."""
    if len(text) < 40 and _NAVIGATION.match(text):
        return True
    if "{" not in text and "=" not in text and ";" not in text:
        return False
    n_signs = sum(map(text.count, "{}[]=;\"'()$"))
    return n_signs * 25 > len(text) and len(_CODE.findall(text)) * 400 > len(text)
