"""The counts and the content words of a segment: enough for readability, topics and keyness without its text."""

import re
import runpy
import tomllib
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import simplemma
import syllapy

from privacylab import paths
from privacylab.text.sentences import sentences


class Counts(NamedTuple):
    """Counts of one text: words, sentences, syllables, sentences in the passive voice, vague words."""

    n_words: int
    n_sentences: int
    n_syllables: int
    n_passive: int
    n_vague: int


def _stop_words() -> frozenset[str]:
    """The stop words of spaCy, less those that carry meaning in a policy; importing all of spaCy takes a second."""
    spacy = find_spec("spacy")
    assert spacy is not None and spacy.origin is not None
    words = runpy.run_path(str(Path(spacy.origin).parent / "lang" / "en" / "stop_words.py"))["STOP_WORDS"]
    return frozenset(words - {"call", "name", "part", "show", "third"})


_STOP = _stop_words()

_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
_LOWER_WORD = re.compile(r"[a-z][a-z'-]*[a-z]")
_CHUNK = re.compile(r"\S+")
_ADDRESS = re.compile(r"https?://|www\.|@")


@cache
def _rules() -> dict[str, Any]:
    with (paths.RULES / "wording.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _vague() -> tuple[re.Pattern[str], tuple[str, ...]]:
    """All vague terms as a pattern, and those of several words."""
    terms = sorted((term for group in _rules()["vague"].values() for term in group), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, terms))})\b"), tuple(term for term in terms if " " in term)


@cache
def _passive() -> re.Pattern[str]:
    rules = _rules()["passive"]
    return re.compile(
        rf"\b(?:{'|'.join(rules['auxiliaries'])})\s+(?:(?:{'|'.join(rules['between'])}|[a-z]+ly)\s+){{0,3}}"
        rf"(?!(?:{'|'.join(rules['adjectives'])})\b)(?:[a-z-]{{2,}}ed|{'|'.join(rules['participles'])})\b"
    )


@lru_cache(maxsize=200_000)
def syllables(word: str) -> int:
    """The syllables of a lower-case word: the sum over the parts of a compound, each at least one (syllapy).

    >>> syllables("privacy"), syllables("third-party")
    (3, 3)
    """
    return sum(max(1, syllapy.count(part)) for part in word.replace("'", "").split("-"))


@lru_cache(maxsize=200_000)
def _lemma(word: str) -> str:
    """The normalised form of a lower-case word; empty for stop words and what is no word."""
    if len(word) < 3 or word in _STOP or len(word) > 30:
        return ""
    lemma = simplemma.lemmatize(word.removesuffix("'s"), lang="en").lower()
    return "" if lemma in _STOP or len(lemma) < 3 else lemma


class _Chunk(NamedTuple):
    """What stands between two spaces: its words, their syllables, vague words, and content words."""

    n_words: int = 0
    n_syllables: int = 0
    n_vague: int = 0
    content: tuple[str, ...] = ()


@lru_cache(maxsize=200_000)
def _chunk(chunk: str) -> _Chunk:
    if _ADDRESS.search(chunk):
        return _Chunk()
    lower = chunk.lower()
    words = _WORD.findall(lower)
    content = tuple(map(_lemma, _LOWER_WORD.findall(lower)))
    return _Chunk(len(words), sum(map(syllables, words)), len(_vague()[0].findall(lower)), content)


@lru_cache(maxsize=1)  # `counts` and `terms` are asked for one after the other
def _chunks(text: str) -> list[_Chunk]:
    return list(map(_chunk, text.split()))


def count_words(text: str) -> Counts:
    """Counts of a text as `normalize` gives it.

    Words are runs of letters, with inner hyphens and apostrophes; web and mail addresses and bare numbers are none.
    A sentence counts as passive once, however many passives it holds. Vague words follow Bhatia et al. (2016).

    >>> count_words("Your data may be sold. We sell it.")
    Counts(n_words=8, n_sentences=2, n_syllables=9, n_passive=1, n_vague=1)
    """
    chunks = _chunks(text)
    parts = sentences(text)
    return Counts(
        n_words=sum([chunk.n_words for chunk in chunks]),
        n_sentences=len(parts),
        n_syllables=sum([chunk.n_syllables for chunk in chunks]),
        n_passive=sum(1 for part in parts if _passive().search(part.lower())),
        n_vague=_n_vague(text, chunks),
    )


def _without_address(match: re.Match[str]) -> str:
    return " " if _ADDRESS.search(match[0]) else match[0]


def _n_vague(text: str, chunks: Sequence[_Chunk]) -> int:
    pattern, phrases = _vague()
    lower = text.lower()
    if any(phrase in lower for phrase in phrases):  # a chunk does not show these
        return len(pattern.findall(_CHUNK.sub(_without_address, text).lower()))
    return sum([chunk.n_vague for chunk in chunks])


@cache
def _phrases() -> frozenset[str]:
    path = paths.RULES / "phrases.txt"
    return frozenset(path.read_text(encoding="utf-8").split()) if path.is_file() else frozenset()


def content_words(text: str) -> list[str]:
    """The content words of a text in order, normalised; an empty string where a stop word or a border stood.

    >>> content_words("We share data with third parties.")
    ['', 'share', 'data', '', 'third', 'party']
    """
    return [word for chunk in _chunks(text) for word in chunk.content]


def content_terms(text: str) -> list[str]:
    """Content words and the two-word phrases of ``rules/phrases.txt``, sorted, repeats kept.

    A phrase stands for its two words. The list is no text: order, function words and numbers are gone.
    """
    phrases = _phrases()
    found = []
    last = ""
    for word in content_words(text):
        if last and word and (phrase := f"{last}_{word}") in phrases:
            found.append(phrase)
            last = ""
            continue
        if last:
            found.append(last)
        last = word
    return sorted([*found, last] if last else found)
