"""Blocks -> segments: the unit that is labelled, with the heading it stands under.

A segment is a paragraph, or an introduction with its list. The limits follow OPP-115, whose segments have a median
of 59 words and at most 372 (counted on its training policies).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from privacylab.normalize import Block
from privacylab.text.sentences import stops

MAX_WORDS = 200
"""A list grows no longer than this, a paragraph is cut at its sentences above it."""

MIN_WORDS = 8
"""Shorter paragraphs in a row (an address, a table of contents) are one segment."""


class Segment(NamedTuple):
    """A heading (the nearest one; None if there is none) and a text; a list's items stand on lines of their own."""

    heading: str | None
    text: str


def segments(blocks: Iterable[Block]) -> list[Segment]:
    r"""The segments of a policy, in order; no word of the blocks is lost, headings stand in `Segment.heading`.

    >>> blocks = [Block("heading", "Cookies", 2), Block("paragraph", "We use:"), Block("item", "pixels")]
    >>> segments(blocks)
    [Segment(heading='Cookies', text='We use:\n- pixels')]
    """
    result: list[Segment] = []
    for heading, under in _sections(blocks):
        if heading is not None and not under:
            result.append(Segment(None, heading))  # a heading over a heading keeps its words
        for lines in _units(under):
            result.extend(Segment(heading, part) for part in _cut("\n".join(lines)))
    return result


def _sections(blocks: Iterable[Block]) -> Iterator[tuple[str | None, list[Block]]]:
    """Each heading with the blocks under it; None for what stands above the first."""
    heading: str | None = None
    under: list[Block] = []
    for block in blocks:
        if block.kind == "heading":
            yield heading, under
            heading, under = block.text, []
        else:
            under.append(block)
    yield heading, under


def _units(blocks: Iterable[Block]) -> Iterator[list[str]]:
    """The lines of each segment: a paragraph with its list, or short paragraphs in a row."""
    lines: list[str] = []
    n_words = 0
    previous = ""
    for block in blocks:
        length = block.text.count(" ") + 1
        if block.kind == "item":
            joins = n_words + length <= MAX_WORDS
        else:
            joins = previous == "paragraph" and length < MIN_WORDS and n_words < 4 * MIN_WORDS and _is_short(lines)
        if lines and not joins:
            yield lines
            lines, n_words = [], 0
        lines.append(f"- {block.text}" if block.kind == "item" else block.text)
        n_words += length
        previous = block.kind
    if lines:
        yield lines


def _is_short(lines: Sequence[str]) -> bool:
    return all(line.count(" ") + 1 < MIN_WORDS for line in lines)


def _cut(text: str) -> Iterator[str]:
    """A text in parts of at most about `MAX_WORDS`, cut between sentences; a sentence is never cut."""
    if text.count(" ") < MAX_WORDS + MAX_WORDS // 4:
        yield text
        return
    start = position = n_words = 0
    for match in stops(text):
        length = text.count(" ", position, match.start()) + 1
        if n_words and n_words + length > MAX_WORDS:
            yield text[start:position].rstrip()
            start, n_words = position, 0
        n_words += length
        position = match.end()
    if n_words and n_words + text.count(" ", position) + 1 > MAX_WORDS:
        yield text[start:position].rstrip()
        start = position
    yield text[start:].rstrip()
