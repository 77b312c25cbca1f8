"""The counts and the content words of a segment: enough for readability, topics and keyness without its text."""

import re
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

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


_RULES = paths.rules("wording")
_STOP = frozenset(_RULES["terms"]["stop_words"])
_WORD = re.compile(r"[A-Za-z]+(?:['-][A-Za-z]+)*")
_VAGUE = re.compile(rf"\b(?:{'|'.join(sorted(chain(*_RULES['vague'].values()), key=len, reverse=True))})\b")
_PASSIVE = re.compile(
    r"\b(?:{auxiliaries})\s+(?:(?:{between}|[a-z]+ly)\s+){{0,3}}(?!(?:{adjectives})\b)"
    r"(?:[a-z-]{{2,}}ed|{participles})\b".format_map({key: "|".join(words) for key, words in _RULES["passive"].items()})
)
_PHRASES = frozenset((paths.RULES / "phrases.txt").read_text(encoding="utf-8").split())
_LOWER_WORD = re.compile(r"[a-z][a-z'-]*[a-z]")
_ADDRESS = re.compile(r"(?<!\S)\S*(?:https?://|www\.|@)\S*")


@lru_cache(1 << 15)
def syllables(word: str) -> int:
    """The syllables of a lower-case word: the sum over the parts of a compound, each at least one (syllapy).

    >>> syllables("privacy"), syllables("third-party")
    (3, 3)
    """
    return sum(max(1, syllapy.count(part)) for part in word.replace("'", "").split("-"))


@lru_cache(1 << 15)
def _lemma(word: str) -> str:
    """The normalised form of a lower-case word; empty for stop words and non-words."""
    if len(word) < 3 or word in _STOP or len(word) > 30:
        return ""
    lemma = simplemma.lemmatize(word.removesuffix("'s"), lang="en").lower()
    return "" if lemma in _STOP or len(lemma) < 3 else lemma


def _plain(text: str) -> str:
    """A text in lower case, without web and mail addresses."""
    has_address = "@" in text or "://" in text or "www." in text
    return (_ADDRESS.sub(" ", text) if has_address else text).lower()


def count_words(text: str) -> Counts:
    """Counts of a text as `normalize` gives it.

    Words are runs of letters, with inner hyphens and apostrophes; web and mail addresses and bare numbers do not count.
    A sentence counts as passive once, however many passives it has. Vague words follow Bhatia et al. (2016).

    >>> count_words("Your data may be sold. We sell it.")
    Counts(n_words=8, n_sentences=2, n_syllables=9, n_passive=1, n_vague=1)
    """
    plain = _plain(text)
    words = _WORD.findall(plain)
    parts = sentences(text)
    return Counts(
        n_words=len(words),
        n_sentences=len(parts),
        n_syllables=sum([syllables(word) for word in words]),
        n_passive=sum([_PASSIVE.search(part.lower()) is not None for part in parts]),
        n_vague=len(_VAGUE.findall(plain)),
    )


def content_words(text: str) -> list[str]:
    """The content words of a text in order, normalised; an empty string in the place of a stop word or a border.

    >>> content_words("We share data with third parties.")
    ['', 'share', 'data', '', 'third', 'party']
    """
    return [_lemma(word) for word in _LOWER_WORD.findall(_plain(text))]


def content_terms(text: str) -> list[str]:
    """Content words and the two-word phrases of ``rules/phrases.txt``, sorted, repeats kept.

    A phrase replaces its two words. The list is not a text: it has no order, function words or numbers.
    """
    terms: list[str] = []
    before = ""
    for word in content_words(text):
        if before and word and f"{before}_{word}" in _PHRASES:
            terms[-1] = f"{before}_{word}"
            before = ""
        else:
            if word:
                terms.append(word)
            before = word
    return sorted(terms)
