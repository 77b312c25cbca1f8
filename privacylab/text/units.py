"""What patterns are matched on: a text's tokens by sentence, an item of a list behind what introduces it."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import groupby
from typing import NamedTuple

import numpy as np
from spacy.attrs import IDX, IS_SPACE, LIKE_NUM, NORM, ORTH
from spacy.lang.en import English
from spacy.strings import get_string_id
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex
from spacy.vocab import create_vocab

from privacylab.text.sentences import stops
from privacylab.text.visible import visible

_ITEM = re.compile(r"[ \t]*(?:[-*•·]|\(?[a-z0-9]{1,2}[.)])\s")
_LEAD_REACH = 40
"""Tokens: so much of the sentence before a list introduces its items."""
_GLUED = (
    r"[()\[\]\"]|/$",
    r"(?<=[A-Z]{2})\.(?=[A-Z][a-z])",
    r"(?<=[a-z])(?=(?:Privacy|Safe)$)",
    r"(?<=Shield)(?=[A-Z])",
    r"(?<=Harbor)(?=[A-Z])",
)
"""Brackets and quotes between letters, a stop without a blank behind it, and names of frameworks."""
_LONG_WORD = re.compile(r"\S{300,}")
"""Nothing that is read: a tokenizer would take the square of its length."""
_HYPHEN = get_string_id("-")


class Word(NamedTuple):
    """A token of a doc: where it stands among the tokens and in the text, and spaCy's attributes of it."""

    token: int
    position: int
    norm: int
    orth: int
    is_number: int


class Vocabulary(NamedTuple):
    """The different words of a doc, by spaCy's ``NORM`` and ``ORTH``, and whether it holds a number."""

    norms: set[int]
    orths: set[int]
    has_number: bool


class Unit(NamedTuple):
    """Words that are read together; the first ``begins`` come from what introduces a list."""

    words: list[Word]
    begins: int


@cache
def tokenizer() -> Tokenizer:
    """The one that spaCy has for English, which parts what a flattened page has glued together.

    It is made from spaCy's rules, for `spacy.blank` would import every component that is installed. There, "id" is "I
    would"; here it is an identifier.
    """
    rules = English.Defaults
    infixes = [*(rules.infixes or ()), *_GLUED]
    return Tokenizer(
        create_vocab("en", rules),
        {word: parts for word, parts in rules.tokenizer_exceptions.items() if word.lower() != "id"},
        prefix_search=compile_prefix_regex(rules.prefixes or ()).search,
        suffix_search=compile_suffix_regex(rules.suffixes or ()).search,
        infix_finditer=compile_infix_regex(infixes).finditer,
        url_match=rules.url_match,
    )


@cache
def contracted() -> frozenset[str]:
    """Words that may stand in a text in other letters, as "not" does in "don't"."""
    parts = (part for parts in English.Defaults.tokenizer_exceptions.values() for part in parts)
    return frozenset(part[NORM] for part in parts if NORM in part and part[NORM] != part[ORTH].lower())


@lru_cache(maxsize=1)  # frameworks and cues are asked for one after the other
def tokens_of(text: str) -> Doc:
    """The tokens of what a reader sees of a text, where they stand in it; it may contain Markdown or leftover tags."""
    doc: Doc = tokenizer()(_LONG_WORD.sub(lambda word: " " * len(word[0]), visible(text)))
    return doc


@lru_cache(maxsize=1)
def vocabulary(doc: Doc) -> Vocabulary:
    """The different words of a doc: a quick look, for what is looked for stands in few."""
    norms, orths, numbers = doc.to_array([NORM, ORTH, LIKE_NUM]).reshape(-1, 3).T
    return Vocabulary(set(norms.tolist()), set(orths.tolist()), bool(numbers.any()))


@lru_cache(maxsize=1)
def words(doc: Doc) -> list[Word]:
    """The tokens of a doc without white space and hyphens."""
    rows = doc.to_array([IDX, NORM, ORTH, LIKE_NUM, IS_SPACE]).reshape(-1, 5)
    (kept,) = np.nonzero((rows[:, 4] == 0) & (rows[:, 2] != _HYPHEN))
    return [*map(Word, kept.tolist(), *rows[kept, :4].T.tolist())]


def units(text: str, words: Iterable[Word], ends: Sequence[int] | None = None) -> Iterator[Unit]:
    r"""The sentences of a text; an item of a list stands behind the sentence that introduces the list.

    Args:
        text: The text of a doc.
        words: Its `words`.
        ends: Where its sentences end; by default at each stop and line break.

    >>> doc = tokens_of("You may ask us to:\n- e-mail it")
    >>> [" ".join(doc[word.token].text for word in unit.words) for unit in units(doc.text, words(doc))]
    ['You may ask us to :', 'You may ask us to : e mail it']
    """
    if ends is None:
        ends = [match.end() for match in stops(text)]
    lead: list[Word] = []
    for _, group in groupby(words, key=lambda word: bisect_right(ends, word.position)):
        part = [*group]
        if _ITEM.match(text, text.rfind("\n", 0, part[0].position) + 1):
            yield Unit(lead + part, len(lead))
        else:
            yield Unit(part, 0)
            lead = part[-_LEAD_REACH:]
