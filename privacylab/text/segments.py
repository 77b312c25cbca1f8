"""Blocks -> segments: the unit that is labelled, with its heading.

A segment is a paragraph, or an introduction with its list. The limits follow OPP-115, whose segments have a median
of 59 words and at most 372 (counted on its training policies).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from privacylab.normalize import Block
from privacylab.text.audiences import ALL, of_headings
from privacylab.text.sentences import stops

MAX_WORDS = 200
"""The longest list; longer paragraphs are cut between sentences."""

MIN_WORDS = 8
"""Shorter paragraphs in a row (an address, a table of contents) are one segment."""

MAX_CHARACTERS = 5_000
"""Longer sentences are cut: nobody wrote them, and the time of patterns would grow with the square of their length."""

_PART = re.compile(rf"\S(?:.{{0,{MAX_CHARACTERS - 1}}}(?!\S)|.{{{MAX_CHARACTERS - 1}}})", re.DOTALL)


class Segment(NamedTuple):
    """A paragraph or a list with its introduction.

    Attributes:
        heading: The nearest heading; None if there is none.
        text: The text; each list item is on its own line.
        audience: Its audience by the headings above it.
    """

    heading: str | None
    text: str
    audience: str = ALL


def segments(blocks: Iterable[Block]) -> list[Segment]:
    r"""The segments of a policy, in order; no word of the blocks is lost, headings are in `Segment.heading`.

    >>> blocks = [Block("heading", "Cookies", 2), Block("paragraph", "We use:"), Block("item", "pixels")]
    >>> segments(blocks)
    [Segment(heading='Cookies', text='We use:\n- pixels', audience='all')]
    """
    return [segment for section in sections(blocks) for segment in of_section(*section)]


def sections(blocks: Iterable[Block]) -> Iterator[tuple[tuple[Block, ...], str]]:
    """Blocks cut before each heading, and each section's audience by its headings: segments never cross sections."""
    section: list[Block] = []
    above: list[Block] = []
    for block in blocks:
        if block.kind == "heading":
            if section:
                yield tuple(section), of_headings(heading.text for heading in above)
            section = []
            while above and above[-1].level >= block.level:
                above.pop()
            above.append(block)
        section.append(block)
    if section:
        yield tuple(section), of_headings(heading.text for heading in above)


def of_section(section: Sequence[Block], audience: str) -> list[Segment]:
    """The segments of a heading and the text under it."""
    heading = section[0].text if section[0].kind == "heading" else None
    under = section if heading is None else section[1:]
    if heading is not None and not under:
        return [Segment(None, heading, audience)]  # a heading before a heading keeps its words
    parts = chain.from_iterable(_parts("\n".join(lines)) for lines in _units(under))
    return [Segment(heading, part, audience) for part in parts]


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
            joins = previous == "paragraph" and length < MIN_WORDS and n_words < 4 * MIN_WORDS
            joins = joins and all(line.count(" ") + 1 < MIN_WORDS for line in lines)
        if lines and not joins:
            yield lines
            lines, n_words = [], 0
        lines.append(f"- {block.text}" if block.kind == "item" else block.text)
        n_words += length
        previous = block.kind
    if lines:
        yield lines


def _parts(text: str) -> Iterator[str]:
    """A text in parts of about `MAX_WORDS` at most, and never more than `MAX_CHARACTERS`."""
    for part in _cut(text):
        if len(part) <= MAX_CHARACTERS:
            yield part
        else:
            yield from (match[0].rstrip() for match in _PART.finditer(part))


def _cut(text: str) -> Iterator[str]:
    """A text cut between sentences into parts of about `MAX_WORDS` at most."""
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
