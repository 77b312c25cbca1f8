"""Whether a page is an English privacy policy."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple

import py3langid

from privacylab import paths
from privacylab.text.segments import Segment
from privacylab.text.sentences import goes_on, sentences


class Said(NamedTuple):
    """What one line says: counts of its words and of its function words, their points, and its sentences.

    Attributes:
        n_words: Runs of letters.
        n_function: Function words of English.
        points: The words' evidence for a policy (above 0) or for another document.
        fingerprints: A number for each substantive sentence, the same for the same substance.
        goes_on: Whether its last sentence may continue in the next line.
    """

    n_words: int
    n_function: int
    points: int
    fingerprints: frozenset[int]
    goes_on: bool


class Evidence(NamedTuple):
    """The evidence of segments for and against an English policy.

    Attributes:
        n_words: All words.
        n_english: Those in English segments.
        prose: Number of words and points of each segment of English prose, in order.
        fingerprints: A number for each substantive sentence.
        foreign: Text and number of words of each segment of prose in another language.
    """

    n_words: int = 0
    n_english: int = 0
    prose: tuple[tuple[int, int], ...] = ()
    fingerprints: frozenset[int] = frozenset()
    foreign: tuple[tuple[str, int], ...] = ()


class Verdict(NamedTuple):
    """Whether a text is kept: ``reason`` is None, or one of `schema.REASONS` with a ``detail``."""

    reason: str | None
    detail: str | None
    language: str = "und"
    language_share: float = 0.0
    n_words: int = 0
    fingerprint: frozenset[int] = frozenset()


RULES = paths.rules("screen")
"""The limits and word lists of ``rules/screen.toml``."""

_ENGLISH = frozenset(RULES["language"]["english"])
_SUBSTANTIVE = frozenset(RULES["duplicates"]["substantive"])
_MONTHS = frozenset(RULES["duplicates"]["months"])
_POINTS = [(re.compile("|".join(entry["words"])), entry["points"]) for entry in RULES["points"]]
_WORD = re.compile(r"[^\W\d_]+")
_LINK = re.compile(r"(?<!\S)\S*(?:://|www\.|@)\S*")


@cache
def _points(word: str) -> int:
    return next((points for pattern, points in _POINTS if pattern.fullmatch(word)), 0)


_NO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}


def _words(text: str) -> list[str]:
    """The words of a text: runs of letters."""
    return text.translate(_NO_LETTERS).split() if text.isascii() else _WORD.findall(text)


def said(line: str) -> Said:
    """What a line says."""
    words = _words(line.lower())
    shown = _LINK.sub(" ", line) if "://" in line or "@" in line or "www." in line else line
    return Said(
        n_words=len(words),
        n_function=sum(map(_ENGLISH.__contains__, words)),
        points=sum(map(_points, words)),
        fingerprints=frozenset(_fingerprints(shown)) if _is_substantive(words) else frozenset(),
        goes_on=goes_on(shown),
    )


def _is_substantive(words: list[str]) -> bool:
    """Whether the words of a sentence or more may count in the comparison of versions."""
    return len(words) >= RULES["duplicates"]["min_words"] and not _SUBSTANTIVE.isdisjoint(words)


def _fingerprints(line: str) -> Iterator[int]:
    """A number for each substantive sentence, ignoring case, digits, months and punctuation."""
    for sentence in sentences(line):
        kept = [word for word in _words(sentence.lower()) if word not in _MONTHS]
        if _is_substantive(kept):
            yield hash(tuple(kept))


def evidence(segment: Segment, *, said: Callable[[str], Said] = said) -> Evidence:
    """The evidence of one segment, line by line, including its heading.

    Args:
        segment: The segment.
        said: Gives what a line says; caching saves time, because most lines are in many segments.
    """
    text = segment.text if segment.heading is None else f"{segment.heading}\n{segment.text}"
    lines = [said(line) for line in text.split("\n")]
    if any(line.goes_on for line in lines[:-1]):  # "Acme Inc.\nBoats" is one sentence
        lines = [said(text)]
    n_words = sum([line.n_words for line in lines])
    n_function = sum([line.n_function for line in lines])
    is_english = n_words < 5 or n_function >= RULES["language"]["min_share_of_segment"] * n_words
    is_excerpt = "..." in text or "…" in text  # excerpts in search results
    is_prose = is_english and not is_excerpt and n_words >= RULES["policy"]["min_words_of_prose"]
    n_english = n_words if is_english else 0
    return Evidence(
        n_words=n_words,
        n_english=n_english,
        prose=((n_words, sum([line.points for line in lines])),) if is_prose else (),
        fingerprints=frozenset().union(*[line.fingerprints for line in lines]),
        foreign=() if n_english else _foreign_prose(segment.text),
    )


def together(several: Iterable[Evidence]) -> Evidence:
    """The evidence of several segments: the sums, and the sentences of all."""
    n_words, n_english, prose, fingerprints, foreign = zip(Evidence(), *several, strict=True)
    return Evidence(
        n_words=sum(n_words),
        n_english=sum(n_english),
        prose=tuple(chain.from_iterable(prose)),
        fingerprints=frozenset().union(*fingerprints),
        foreign=tuple(chain.from_iterable(foreign)),
    )


def _foreign_prose(text: str) -> tuple[tuple[str, int], ...]:
    """A segment without English words, with their number; nothing for a menu, most of whose words are capitalised."""
    words = _words(text)
    n_capitals = sum([word[0].isupper() for word in words])
    is_list = n_capitals > RULES["language"]["max_share_of_capitals"] * len(words)  # of countries, in no language
    return () if is_list else ((text, len(words)),)


@lru_cache(maxsize=1_000)
def language_of(text: str) -> str:
    """The language of a text; pages that are not policies have thousands of versions with the same beginning."""
    return str(py3langid.classify(text)[0])


def judge(segments: Iterable[Segment]) -> Verdict:
    """Whether the segments of a page are an English policy.

    Returns:
        The verdict; its ``reason`` is ``empty``, ``language``, ``too_short``, ``not_policy``, ``other_document``, or
        None for a policy.
        ``language_share`` is the share of words in English segments, 0 to 1.
    """
    return verdict(together(evidence(segment) for segment in segments))


def verdict(page: Evidence) -> Verdict:
    """Whether a page is an English policy, by the evidence of its segments."""
    n_words = page.n_words
    if not n_words:
        return Verdict("empty", "no words")
    share = page.n_english / n_words
    language, limits = RULES["language"], RULES["policy"]
    if share < language["min_share_of_policy"]:
        # The first of several languages may be English: the language of the rest says more about the page.
        is_enough = sum(n for _, n in page.foreign) >= language["min_share_of_rest"] * n_words
        name = language_of("\n".join(text for text, _ in page.foreign)[:5000]) if is_enough else "en"
        if name != "en":
            return Verdict("language", name, name, share, n_words, page.fingerprints)
    reason = detail = None
    if n_words < limits["min_words"]:
        reason, detail = "too_short", f"{n_words} words, a policy has at least {limits['min_words']}"
    elif not _is_policy(page.prose):
        reason, detail = _other(page)
    return Verdict(reason, detail, "en", share, n_words, page.fingerprints)


def _is_policy(prose: Iterable[tuple[int, int]]) -> bool:
    """Whether the prose of a page, or a run of its segments, has the points of a policy."""
    limits = RULES["policy"]
    total = run = best = 0.0
    for n_words, points in prose:
        surplus = points - limits["min_points"] * n_words
        total += surplus
        run = max(0.0, run + surplus)
        best = max(best, run)
    return bool(total >= limits["min_surplus"] or best >= limits["min_surplus_of_part"])


def _other(page: Evidence) -> tuple[str, str]:
    """Reason and detail of an English page that is not a policy."""
    limits = RULES["policy"]
    n_prose = sum(n_words for n_words, _ in page.prose)
    if n_prose < limits["min_prose"] or n_prose < limits["min_share_of_prose"] * page.n_words:
        return "not_policy", f"{n_prose} of {page.n_words} words are prose: an error page, a menu, a list of links"
    points = sum(points for _, points in page.prose)
    needed = limits["min_points"] * n_prose + limits["min_surplus"]
    reads_as = "it reads as another document does (terms, rules, a cookie page)"
    counted = f"{points} points in {n_prose} words, a policy has {needed:.0f} (rules/screen.toml)"
    return "other_document", f"{reads_as}: {counted}"
