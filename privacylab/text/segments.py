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
    heading: str | None = None
    lines: list[str] = []
    n_words = 0
    unused = False  # whether the heading stands over nothing yet
    previous = "heading"

    def flush() -> None:
        nonlocal n_words, unused
        if not lines:
            return
        if n_words < MAX_WORDS:
            result.append(Segment(heading, "\n".join(lines)))
        else:
            result.extend(Segment(heading, part) for part in _cut("\n".join(lines)))
        unused = False
        lines.clear()
        n_words = 0

    for block in blocks:
        if block.kind == "heading":
            flush()
            if unused and heading is not None:
                # A heading over a heading: keep its words with the one below.
                result.append(Segment(None, heading))
            heading, unused = block.text, True
            previous = "heading"
            continue
        length = block.text.count(" ") + 1
        if block.kind == "item":
            if n_words + length > MAX_WORDS:
                flush()
            lines.append(f"- {block.text}")
            n_words += length
        else:
            joins = previous == "paragraph" and length < MIN_WORDS and 0 < n_words < 4 * MIN_WORDS and _is_short(lines)
            if not joins:
                flush()
            lines.append(block.text)
            n_words += length
        previous = block.kind
    flush()
    if unused and heading is not None:
        result.append(Segment(None, heading))
    return result


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
