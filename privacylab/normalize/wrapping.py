"""Printed lines -> the original text: lines joined, words whole, without what each page repeats."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, pairwise

import simplemma

from privacylab.normalize.lines import RULES

PAGE_NUMBER = re.compile(
    r"^\W*(?:p(?:age|\.)?\W*)?(?:\d{1,3}|[ivxl]{1,7})(?:\s*(?:of|/)\s*\d{1,3})?(?:\W*page)?\W*$", re.IGNORECASE
)
STARTS_BLOCK = re.compile(
    r"^\s*(?:[-–•*·▪◦●‣\uf0b7\uf0a7]\s|o\s+[A-Z]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s|[A-Z][A-Z ,&'/-]{5,}$)"
)
SENTENCE_END = re.compile(r"[.!?:;][\"'”’)]*$")
MARGIN = 3
"""Lines at the top and at the bottom of a page that may be its running head and foot."""

HYPHENS = ("-", "\u2010", "\u00ad")
_BROKEN = re.compile(r"[-\u2010\u00ad]\n[ \t>]*(?=[^\W\d_])")
_WORDS = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_LAST_WORD = re.compile(r"[^\W_]+(?=.$)")
_FIRST_WORD = re.compile(r"[^\W_]+")
_SHARES_ITS_WORD = frozenset({"and", "or", "to", "nor", "but"})  # "first- and third-party"
_NUMBER = re.compile(r"\d+|\b[ivxl]{1,7}$")
_PRINTED = re.compile(
    r"\b\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d\d(?!\d)|\b(?:https?|file)://\S+ *\d+/\d+$"
    r"|\bpage \d+ (?:of|/) ?\d+$",
    re.IGNORECASE,
)
"""What a browser prints around a page, even if there is only one: the date of printing, the address and count."""
_DATE_CUE = re.compile(rf"\b(?:{'|'.join(RULES['dates']['cue'])})\b.*\b(?:19|20)\d\d\b", re.IGNORECASE)


def joined(lines: Iterable[str], words: Collection[str] = ()) -> str:
    """The lines of a paragraph as one; words that were broken at line ends are joined.

    Args:
        lines: The lines.
        words: The words of the document, from `words_of`: they decide first whether a hyphen stays.

    >>> joined(["We protect informa-", "tion of our third-", "party sites."])
    'We protect information of our third-party sites.'
    """
    stripped = [line.strip() for line in lines if not line.isspace()]
    return "".join([*(_end(*pair, words) for pair in pairwise(stripped)), *stripped[-1:]])


def unbroken(text: str) -> str:
    """Text of several paragraphs, with words joined that were broken at line ends."""
    return _BROKEN.sub(_mended, text) if _breaks_words(text) else text


def _mended(end: re.Match[str]) -> str:
    line = end.string[: end.start() + 1].rpartition("\n")[2]
    mended = _end(line, end.string[end.end() : end.end() + 100], ())[len(line) - 1 :]
    return end.group() if mended.endswith(" ") else mended


def words_of(text: str) -> frozenset[str]:
    """The words of a text that breaks words at line ends; none for others, which do not need them."""
    return frozenset(_WORDS.findall(text.lower())) if _breaks_words(text) else frozenset()


def _breaks_words(text: str) -> bool:
    return "-\n" in text or (not text.isascii() and ("\u2010\n" in text or "\u00ad\n" in text))


def _end(line: str, following: str, words: Collection[str]) -> str:
    """A line with what separates it from the next one: a blank, its hyphen or nothing."""
    left, right = _LAST_WORD.search(line), _FIRST_WORD.match(following)
    if not line.endswith(HYPHENS) or not left or not right or right[0].lower() in _SHARES_ITS_WORD:
        return line + " "
    if line.endswith("\u00ad") or _is_one_word(line, left[0], right[0], words):
        return line[:-1]
    return line[:-1] + "-"


def _is_one_word(line: str, left: str, right: str, words: Collection[str]) -> bool:
    """Whether two halves make a word, not a compound with a hyphen."""
    is_address = any(sign in line.rsplit(None, 1)[-1] for sign in "@/.") or right[0].isdigit() or left[-1].isdigit()
    whole, is_name = (left + right).lower(), right[0].isupper()
    if is_address or f"{left}-{right}".lower() in words or (is_name and not left.isupper()):
        return False
    if whole in words or simplemma.is_known(whole, "en"):
        return True
    return not is_name and not all(simplemma.is_known(half, "en") for half in (left, right))


def running(margins: Sequence[Collection[tuple[int, str]]]) -> tuple[frozenset[str], list[str]]:
    """The running heads and feet of pages: what most pages repeat, page numbers, what a browser prints around a page.

    Args:
        margins: The lines at the top and at the bottom of each page, each with its place.

    Returns:
        The lines that are not text, and those of them that may date the policy ("Effective 1 May 2018"), each once.
    """
    counts = Counter(chain.from_iterable({(place, _key(line)) for place, line in margin} for margin in margins))
    least = max(2, math.ceil(0.4 * len(margins)))
    heads = {
        line: _key(line)
        for place, line in chain.from_iterable(margins)
        if counts[place, _key(line)] >= least or PAGE_NUMBER.match(line) or _PRINTED.search(line)
    }
    dated: dict[str, str] = {}
    for line, key in heads.items():
        if _DATE_CUE.search(line) and not _PRINTED.search(line):
            dated.setdefault(key, line)
    return frozenset(heads), list(dated.values())


def _key(line: str) -> str:
    """A line in the form common to all pages: without blanks and numbers."""
    return "".join(_NUMBER.sub("#", line.strip().casefold()).split())
