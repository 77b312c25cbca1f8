"""Which rules may match a text: a quick look for anchors, pieces of words without which a pattern matches nothing.

Anchors are read off the patterns: a list written by hand forgot some, and what it forgot was lost. Most words of a text
stood in another before it, so what each word is an anchor of is remembered.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, reduce
from itertools import product
from operator import or_
from re import _constants, _parser  # type: ignore[attr-defined]  # how `re` itself reads a pattern
from typing import Any

Item = tuple[Any, Any]
"""What `re` makes of a piece of a pattern: an operation and its arguments."""

Anchors = frozenset[str]
"""Pieces of words, of which every match holds one; a space stands where the word begins or ends."""

_MOST_SPELLINGS = 64
_MOST_WORDS = 1 << 16
_REPEATS = {_constants.MAX_REPEAT, _constants.MIN_REPEAT}
_SPACE = (_constants.LITERAL, ord(" "))

_ALIKE = str.maketrans("İıſ\u212a", "iisk")  # a pattern takes them for ASCII letters where case is ignored
_PLAIN = bytes(
    ord(letter.lower()) if (letter := chr(code)).isalnum() and code < 128 else ord(" ") for code in range(256)
)


def quick_look(patterns: Mapping[str, Iterable[str]], *, bounded: bool = True) -> Callable[[str], set[str]]:
    """A function that tells which rules may match a text: all that do, and some that do not.

    Args:
        patterns: for each rule the regular expressions of which one must match.
        bounded: whether they match whole words only.

    >>> sorted(quick_look({"shield": [r"privacy[ -]?shields?"], "year": [r"[0-9]{4}"]})("The Privacy Shield"))
    ['shield', 'year']
    """
    needs = {rule: {anchors(pattern, bounded=bounded) for pattern in each} for rule, each in patterns.items()}
    bits = {each: 1 << i for i, each in enumerate({each for rule in needs.values() for each in set().union(*rule)})}
    masks = [(rule, [sum(map(bits.__getitem__, sets)) for sets in each]) for rule, each in needs.items()]
    longest = max(map(len, set().union(*bits)), default=0)
    bits_of: dict[str, int] = {}
    for each, bit in bits.items():
        for piece in each:
            bits_of[piece] = bits_of.get(piece, 0) | bit

    @lru_cache(_MOST_WORDS)
    def held(word: str) -> int:
        word = f" {word} "
        parts = {word[i:end] for i in range(len(word)) for end in range(i + 1, i + longest + 1)}
        return reduce(or_, [bits_of[part] for part in parts & bits_of.keys()], 0)

    def look(text: str) -> set[str]:
        present = reduce(or_, map(held, _words(text)), 0)
        return {rule for rule, each in masks for mask in each if mask & present == mask}

    return look


@lru_cache(maxsize=1)  # frameworks and cues are asked for one after the other
def _words(text: str) -> set[str]:
    """The words of a text in lower case, cut at all but ASCII letters and digits."""
    if not text.isascii():
        text = text.translate(_ALIKE)
    return set(text.encode("ascii", "replace").translate(_PLAIN).decode("ascii").split())


def anchors(pattern: str, *, bounded: bool = True) -> frozenset[Anchors]:
    r"""What a text must hold for a pattern to match: of each of these sets a piece.

    Args:
        pattern: a regular expression.
        bounded: whether it matches whole words only.

    >>> sorted(map(sorted, anchors(r"(?:modif\w+|changed?) our[ -]list")))
    [[' list '], [' our '], ['change', 'modif']]
    """
    items = list(_parser.parse(pattern))
    needed = _needed([_SPACE, *items, _SPACE] if bounded else items)
    # Of the pieces that hold another the other is enough.
    return frozenset(
        frozenset(each for each in pieces if not any(other in each for other in pieces - {each})) for pieces in needed
    )


def _needed(items: Iterable[Item]) -> Iterator[set[str]]:
    """Sets of pieces of words, of each of which every match of a sequence holds one."""
    spelt = {""}
    for item in items:
        more = _spellings(item)
        if more == {" "}:  # a word ends: what comes is another set
            yield from _pieces(each + " " for each in spelt)
            spelt = more
        elif more and len(spelt) * len(more) <= _MOST_SPELLINGS:
            spelt = {before + after for before, after in product(spelt, more)}
        else:
            yield from _pieces(spelt)
            yield from _inside(item)
            spelt = {""}
    yield from _pieces(spelt)


def _pieces(spellings: Iterable[str]) -> Iterator[set[str]]:
    """Of each spelling the first piece of a word, the last, and the longest; nothing if one has none.

    >>> list(_pieces(["ly used by"]))
    [{'ly '}, {' by'}, {' used '}]
    """
    cut = []
    for spelling in spellings:
        *words, last = spelling.split(" ")
        marked = [*(f"{word} " for word in words), last]
        cut.append([f" {word}" if i else word for i, word in enumerate(marked) if word.strip()])
    if all(cut):
        yield {words[0] for words in cut}
        yield {words[-1] for words in cut}
        yield {max(words, key=len) for words in cut}


def _inside(item: Item) -> Iterator[set[str]]:
    """The same as `_needed` for one item that has too many spellings."""
    operation, arguments = item
    if operation in {_constants.SUBPATTERN, _constants.ASSERT}:
        yield from _needed(arguments[-1])
    elif operation in _REPEATS and arguments[0]:
        yield from _needed(arguments[2])
    elif operation is _constants.BRANCH:
        longest = [
            max(_needed(choice), key=lambda pieces: min(map(len, pieces)), default=set()) for choice in arguments[1]
        ]
        if all(longest):
            yield set().union(*longest)


def _spellings(item: Item) -> set[str]:
    """All that an item can match, if that is little, with a space for what is no ASCII letter or digit; else empty."""
    operation, arguments = item
    if operation is _constants.LITERAL:
        letter = chr(arguments).lower()
        return {letter if letter.isalnum() else " "} if letter.isascii() else set()
    if operation is _constants.IN:
        return _any_of([each] for each in arguments)
    if operation is _constants.SUBPATTERN:
        return _any_of([arguments[-1]])
    if operation is _constants.BRANCH:
        return _any_of(arguments[1])
    if operation in _REPEATS and arguments[:2] == (0, 1):
        spelt = _any_of([arguments[2]])
        return spelt | {""} if spelt else spelt
    return set()


def _any_of(choices: Iterable[Iterable[Item]]) -> set[str]:
    """The spellings of all choices together; empty if one of them has none, or there are too many."""
    spelt: set[str] = set()
    for choice in choices:
        one = {""}
        for item in choice:
            one = {before + after for before, after in product(one, _spellings(item))}
            if not 0 < len(one) <= _MOST_SPELLINGS:
                return set()
        spelt |= one
    return spelt if len(spelt) <= _MOST_SPELLINGS else set()
