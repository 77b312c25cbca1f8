"""Cuts the page's furniture: menus, and links before and after the text."""

from collections.abc import Callable, Sequence
from itertools import groupby, pairwise

from privacylab.normalize.chunks import Chunk
from privacylab.normalize.lines import BULLET, LIMITS, Line


def joined(lines: list[Line], read_line: Callable[[Chunk], Line | None]) -> list[Line]:
    """The lines without lone bullets: each makes an item of the next line, which is read again."""
    if BULLET not in lines:
        return lines
    result = lines[:1]
    for before, line in pairwise(lines):
        is_item = before is BULLET and line.chunk.kind == "paragraph"
        result.append((read_line(line.chunk._replace(kind="item")) or line) if is_item else line)
    return [line for line in result if line is not BULLET]


def trimmed(lines: list[Line]) -> list[Line]:
    """Cuts menus anywhere, and the links before the first and after the last full sentence."""
    full = [i for i, line in enumerate(lines) if line.is_prose]
    if not full:
        return lines
    # A sentence alone among links is an advertisement: the text begins and ends where sentences are together.
    close = [(i, j) for i, j in pairwise(full) if j - i <= LIMITS["near_lines"]] or [(full[0], full[-1])]
    first, last = close[0][0], close[-1][1] + 1
    menus = _menus(lines)
    keys = {line.key for i, line in enumerate(lines) if i not in menus} if menus else set()

    def left(start: int, end: int) -> list[Line]:
        numbered = enumerate(lines[start:end], start)
        return [line for i, line in numbered if i not in menus or line.stays or line.key in keys]

    head, body, tail = left(0, first), left(first, last), left(last, len(lines))
    head = _without_links(head[:-1], body) + [line for line in head[-1:] if line.crumb != "furniture"]
    if body[-1].text[-1] != ":":
        tail = _without_links(tail, body)
        while tail and tail[-1].crumb in ("furniture", "link"):
            tail.pop()
    return head + body + tail


def _without_links(lines: list[Line], body: list[Line]) -> list[Line]:
    """The lines at an end of a page without its furniture; if the short ones are a menu, without these."""
    if sum(1 for line in lines if line.crumb in ("furniture", "link")) < 3:
        return [line for line in lines if line.crumb != "furniture"]
    keys = {line.key for line in body}
    return [line for line in lines if not line.crumb or line.stays or line.key in keys]


def _menus(lines: Sequence[Line]) -> set[int]:
    """The lines of menus: runs of short lines, some of them furniture.

    The last one before a sentence may be its heading, and lines after a colon are a list.
    """
    menus: set[int] = set()
    end = 0
    for _, group in groupby(lines, key=lambda line: line.crumb != ""):
        run = [*group]
        start, end = end, end + len(run)
        links = {line.key for line in run if line.crumb == "furniture"}
        is_list = start > 0 and lines[start - 1].text[-1] == ":"
        if len(run) >= LIMITS["menu_lines"] and len(links) >= LIMITS["menu_links"] and not is_list:
            menus.update(range(start, end - (end < len(lines))))
    return menus
