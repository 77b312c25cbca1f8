"""Cuts the page's furniture: menus, and links before and after the text."""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from privacylab.normalize.chunks import Chunk
from privacylab.normalize.lines import LIMITS, Line


def joined(lines: Sequence[Line], read_line: Callable[[Chunk], Line | None]) -> list[Line]:
    """The lines without bullets that stand alone: each makes an item of the next line, which is read again."""
    result: list[Line] = []
    is_item = False
    for line in lines:
        if is_item and line.chunk.kind == "paragraph":
            line = read_line(line.chunk._replace(kind="item")) or line
        if not line.is_bullet:
            result.append(line)
        is_item = line.is_bullet
    return result


def trimmed(lines: list[Line]) -> list[Line]:
    """Cuts menus anywhere, and the links before the first and after the last full sentence."""
    full = [i for i, line in enumerate(lines) if line.is_prose]
    if not full:
        return lines
    # A sentence alone among links is an advertisement: the text begins and ends where sentences stand together.
    close = [i for i, j in pairwise(full) if j - i <= LIMITS["near_lines"]]
    first = close[0] if close else full[0]
    last = next(j for i, j in pairwise(full) if i == close[-1]) + 1 if close else full[-1] + 1
    menus = _menus(lines)
    keys = {line.key for span in _between(menus, 0, len(lines)) for line in lines[slice(*span)]} if menus else set()

    def kept(start: int, end: int) -> list[Line]:
        left: list[Line] = []
        for gap_start, gap_end in _between(menus, start, end):
            left += [line for line in lines[start:gap_start] if line.stays or line.key in keys]
            left += lines[gap_start:gap_end]
            start = gap_end
        return left + [line for line in lines[start:end] if line.stays or line.key in keys]

    head, body, tail = kept(0, first), kept(first, last), kept(last, len(lines))
    head = _without_links(head[:-1], body) + [line for line in head[-1:] if line.crumb != "furniture"]
    if body[-1].text[-1] != ":":
        tail = _without_links(tail, body)
        while tail and tail[-1].crumb in ("furniture", "link"):
            tail.pop()
    return head + body + tail


def _without_links(lines: list[Line], body: list[Line]) -> list[Line]:
    """The lines at an end of a page without its furniture; without all short ones where they are a menu."""
    if sum(1 for line in lines if line.crumb in ("furniture", "link")) < 3:
        return [line for line in lines if line.crumb != "furniture"]
    keys = {line.key for line in body}
    return [line for line in lines if not line.crumb or line.stays or line.key in keys]


def _menus(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Runs of short lines, three of them furniture.

    The last one before a sentence may be its heading, and what a sentence ends in a colon for is a list.
    """
    furniture = [i for i, line in enumerate(lines) if line.crumb == "furniture"]
    menus: list[tuple[int, int]] = []
    end = 0
    for i in furniture:
        if i < end:
            continue
        start, end = i, i
        while start and lines[start - 1].crumb:
            start -= 1
        while end < len(lines) and lines[end].crumb:
            end += 1
        n_links = len({line.key for line in lines[i:end] if line.crumb == "furniture"})
        is_menu = end - start >= LIMITS["menu_lines"] and n_links >= LIMITS["menu_links"]
        if is_menu and not (start and lines[start - 1].text[-1] == ":"):
            menus.append((start, end - 1 if end < len(lines) else end))
    return menus


def _between(spans: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """What the spans leave of the lines from ``start`` to ``end``."""
    for span_start, span_end in spans:
        if start < min(span_start, end):
            yield start, min(span_start, end)
        start = max(start, span_end)
    if start < end:
        yield start, end
