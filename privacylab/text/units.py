"""What patterns are matched on: a text's tokens by sentence, an item of a list behind what introduces it."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import NamedTuple

from spacy import blank
from spacy.attrs import IDX, IS_SPACE, LIKE_NUM, NORM, ORTH
from spacy.strings import get_string_id
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc

from privacylab.text.sentences import stops
from privacylab.text.visible import visible

_ITEM = re.compile(r"[ \t]*(?:[-*•·]|\(?[a-z0-9]{1,2}[.)])\s")
_LEAD_REACH = 40
"""Tokens: so much of the sentence before a list introduces its items."""
_LONG_WORD = re.compile(r"\S{300,}")
"""Nothing that is read: a tokenizer would take the square of its length."""
_HYPHEN = get_string_id("-")


class Word(NamedTuple):
    """A token of a doc: where it stands among the tokens and in the text, and spaCy's attributes of it."""

    index: int
    position: int
    norm: int
    orth: int
    is_number: int


class Unit(NamedTuple):
    """Words that are read together; the first ``begins`` come from what introduces a list."""

    words: list[Word]
    begins: int


@cache
def tokenizer() -> Tokenizer:
    """SpaCy's for English, but "id" is an identifier, not "I would"."""
    english: Tokenizer = blank("en").tokenizer
    english.rules = {word: parts for word, parts in english.rules.items() if word.lower() != "id"}
    return english


def tokens_of(text: str) -> Doc:
    """The tokens of what a reader sees of a text, where they stand in it; it may contain Markdown or leftover tags."""
    doc: Doc = tokenizer()(_LONG_WORD.sub(lambda word: " " * len(word[0]), visible(text)))
    return doc


def words(doc: Doc) -> list[Word]:
    """The tokens of a doc without white space and hyphens."""
    rows = enumerate(doc.to_array([IDX, NORM, ORTH, LIKE_NUM, IS_SPACE]).tolist())
    return [Word(i, *row) for i, (*row, is_space) in rows if not is_space and row[2] != _HYPHEN]


def units(text: str, words: Iterable[Word]) -> Iterator[Unit]:
    r"""The sentences of a text; an item of a list stands behind the sentence that introduces the list.

    Args:
        text: The text of a doc.
        words: Its `words`.

    >>> doc = tokens_of("You may ask us to:\n- e-mail it")
    >>> [" ".join(doc[word.index].text for word in unit.words) for unit in units(doc.text, words(doc))]
    ['You may ask us to :', 'You may ask us to : e mail it']
    """
    ends = [match.end() for match in stops(text)]
    lead: list[Word] = []
    for _, group in groupby(words, key=lambda word: bisect_right(ends, word.position)):
        part = [*group]
        if _ITEM.match(text, text.rfind("\n", 0, part[0].position) + 1):
            yield Unit(lead + part, len(lead))
        else:
            yield Unit(part, 0)
            lead = part[-_LEAD_REACH:]
