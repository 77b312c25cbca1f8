"""Finds headings by their look and their neighbours."""

from collections.abc import Sequence

from privacylab.normalize.chunks import Block
from privacylab.normalize.lines import Line


def outlined(lines: Sequence[Line]) -> tuple[Block, ...]:
    """Decides from the end to the beginning: what a line is depends on the lines under it."""
    blocks = [line.block for line in lines]
    contents = _contents(lines)
    headings = [(i, line.heading) for i, line in enumerate(lines) if line.heading]
    for i, heading in reversed(headings):
        if lines[i].is_marked or (i not in contents and _is_heading(i, lines, contents, blocks)):
            blocks[i] = heading
    return tuple(blocks)


def _contents(lines: Sequence[Line]) -> set[int]:
    """The lines of a table of contents: two or more in a row that all appear again further down."""
    short = [i for i, line in enumerate(lines) if line.short]
    last = {lines[i].key: i for i in short}
    repeated = {i for i in short if last[lines[i].key] > i} if len(last) < len(short) else set()
    return {i for i in repeated if i - 1 in repeated or i + 1 in repeated}


def _is_heading(i: int, lines: Sequence[Line], contents: set[int], blocks: Sequence[Block]) -> bool:
    """Whether a line that may be a heading is one, by its neighbours; the blocks below it are known."""
    if i + 1 == len(lines):
        return False
    line, shape, below = lines[i], lines[i].shape, blocks[i + 1].kind
    if line.chunk.kind == "item":
        return line.chunk.bold and shape in ("caps", "numbered") and below == "paragraph"
    if line.chunk.bold and shape != "colon":
        return True
    if shape == "colon" and below == "item" and not (line.capitalised and line.n_words > 1):
        return False
    n_short = _n_short(i, lines, contents)
    above = lines[i - n_short].text if i >= n_short else ""
    is_list = n_short > 1 and above.endswith(":")
    is_over_text = below == "paragraph" and lines[i + 1].is_text
    if shape == "lower":
        return n_short == 1 and above[-1:] in ("", ".", "!", "?") and is_over_text
    if below == "heading":
        # A heading above a heading; more than three in a row are a list.
        return n_short <= 2 and not is_list and (line.capitalised or shape != "title")
    if line.capitalised or shape in ("caps", "question", "numbered"):
        return n_short <= 3 and (is_over_text or below == "item")
    return n_short <= 2 and not is_list and is_over_text


def _n_short(i: int, lines: Sequence[Line], contents: set[int]) -> int:
    """How many short lines in a row end with this one, including itself; five are enough to look at."""
    n = 1
    while n < 5 and i >= n and lines[i - n].short and i - n not in contents:
        n += 1
    return n
