"""What patterns are matched on: the words of a sentence; a list item follows its introduction."""

import re
import string
from functools import cache, lru_cache
from itertools import chain
from typing import NamedTuple

from spacy.attrs import IDX, LENGTH, LIKE_NUM, NORM, ORTH
from spacy.lang.en import English
from spacy.lang.lex_attrs import LEX_ATTRS
from spacy.lang.norm_exceptions import BASE_NORMS
from spacy.strings import get_string_id
from spacy.tokenizer import Tokenizer
from spacy.util import add_lookups, compile_infix_regex, compile_prefix_regex, compile_suffix_regex
from spacy.vocab import Vocab

from privacylab.text.sentences import stops

_ITEM = re.compile(r"[ \t]*(?:[-*•·]|\(?[a-z0-9]{1,2}[.)])\s")
_LEAD_REACH = 40
"""Tokens: the part of the sentence before a list that introduces its items."""
_GLUED = (
    r"[()\[\]\"]|/$",
    r"(?<=[A-Z]{2})\.(?=[A-Z][a-z])",
    r"(?<=[a-z])(?=(?:Privacy|Safe)$)",
    r"(?<=Shield)(?=[A-Z])",
    r"(?<=Harbor)(?=[A-Z])",
)
"""Brackets and quotes between letters, a stop without a blank after it, and names of frameworks."""
_CHUNK = re.compile(r"\S+")
_MAX_CHUNK = 300
"""Characters that are read of a chunk between blanks: a tokenizer's time grows with the square of its length."""
_HYPHEN = get_string_id("-")
_BLANK = string.whitespace + "-"


class Word(NamedTuple):
    """A token: spaCy's attributes of it."""

    norm: int
    orth: int
    is_number: int


class Unit(NamedTuple):
    """A sentence and where it begins in its text; a list item has the sentence that introduces the list."""

    start: int
    lead: str
    text: str


@cache
def tokenizer() -> Tokenizer:
    """The English tokenizer of spaCy, which also separates what a flattened page has glued together.

    It is made from spaCy's rules, because `spacy.blank` would import every installed component, and finds out of a new
    word only what `Word` has. For spaCy "id" is "I would"; here it is an identifier.
    """
    rules = English.Defaults
    infixes = [*(rules.infixes or ()), *_GLUED]
    read = {NORM: add_lookups(LEX_ATTRS[NORM], BASE_NORMS), LIKE_NUM: rules.lex_attr_getters[LIKE_NUM]}
    return Tokenizer(
        Vocab(lex_attr_getters=read),
        {word: parts for word, parts in rules.tokenizer_exceptions.items() if word.lower() != "id"},
        prefix_search=compile_prefix_regex(rules.prefixes or ()).search,
        suffix_search=compile_suffix_regex(rules.suffixes or ()).search,
        infix_finditer=compile_infix_regex(infixes).finditer,
        url_match=rules.url_match,
    )


Place = tuple[int, int]
"""Where a token begins and ends."""


@lru_cache(1 << 15)
def _tokens(chunk: str) -> tuple[tuple[Word, ...], tuple[Place, ...]]:
    """The tokens of a chunk between blanks, and their places in it; few chunks make up most of a policy."""
    rows = tokenizer()(chunk).to_array([IDX, LENGTH, NORM, ORTH, LIKE_NUM]).reshape(-1, 5).tolist()
    kept = [row for row in rows if row[3] != _HYPHEN]
    return tuple(Word(*row[2:]) for row in kept), tuple((at, at + length) for at, length, *_ in kept)


@lru_cache(maxsize=64)  # several annotators read one text
def words(text: str) -> tuple[Word, ...]:
    """The tokens of a visible text, without white space and hyphens."""
    return tuple(chain.from_iterable([_tokens(chunk[:_MAX_CHUNK])[0] for chunk in text.split()]))


def places(text: str) -> list[Place]:
    """The places of `words`."""
    chunks = ((match.start(), _tokens(match[0][:_MAX_CHUNK])[1]) for match in _CHUNK.finditer(text))
    return [(at + start, at + end) for at, inside in chunks for start, end in inside]


@lru_cache(maxsize=1)  # audiences and cues are read one after the other
def units(text: str, ends: tuple[int, ...] | None = None) -> tuple[Unit, ...]:
    r"""The sentences of a text; a list item follows the sentence that introduces the list.

    Args:
        text: A visible text.
        ends: Where its sentences end; by default at each stop and line break.

    >>> units("Ask us to:\n- e-mail it")
    (Unit(start=0, lead='', text='Ask us to:\n'), Unit(start=11, lead='Ask us to:\n', text='- e-mail it'))
    """
    if ends is None:
        ends = tuple(match.end() for match in stops(text))
    sentences = []
    lead = ""
    start = 0
    for end in (*ends, len(text)):
        sentence = text[start:end]
        if sentence.strip(_BLANK):
            line = text.rfind("\n", 0, end - len(sentence.lstrip())) + 1
            is_item = _ITEM.match(text, line) is not None
            sentences.append(Unit(start, lead if is_item else "", sentence))
            lead = lead if is_item else sentence
        start = end
    return tuple(sentences)


def words_of(lead: str, sentence: str) -> tuple[tuple[Word, ...], int]:
    """The words of a list's introduction and of a sentence, and how many belong to the introduction."""
    if not lead:
        return words(sentence), 0
    before = words(lead)[-_LEAD_REACH:]
    return before + words(sentence), len(before)
