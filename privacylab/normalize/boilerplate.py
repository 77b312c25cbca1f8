"""Cuts the page's furniture: menus, and links before and after the text."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from privacylab.normalize.chunks import Line
from privacylab.normalize.headings import DATE_CUE

# --- The page's furniture -------------------------------------------------------------------------------------------

_FURNITURE = re.compile(
    r"^(?:(?:skip|jump) to.*|(?:back|return) to top|top of page|top|home(?: ?page)?|"
    r"(?:my )?(?:account|cart|wish ?list|bag)|log ?(?:in|out|on)(?: or .*)?|sign (?:in|up|out|on).*|"
    r"register(?: now| here)?|join(?: now| us)?|search|menu|"
    r"toggle.*|main (?:menu|navigation|content)|help(?: cent(?:er|re))?|faqs?|site ?map|careers|jobs|"
    r"press(?: room)?|blogs?|"
    r"shop(?: now)?|store locator|find a store|gift cards?|follow us.*|share(?: this)?|print(?: this page)?|e-?mail|"
    r"facebook|twitter|you ?tube|instagram|linked ?in|pinterest|google\+?|rss(?: feeds?)?|close|next|previous|more|"
    r"advertis(?:e|ing)(?: with us)?|download(?: as pdf)?|support|news(?:room)?|got it|accept(?: all)?|upload|"
    r"powered by.*|all rights reserved|investor relations|affiliates?(?: program)?|partners|forums?|view all|"
    r"subscribe(?: now)?|newsletters?|english|español|deutsch|français|italiano|português|mobile(?: apps?)?)\.?$",
    re.I,
)
_LINKS_OF_POLICIES = re.compile(
    r"^(?:about(?: us)?|contact(?: us)?|terms(?: (?:of|and|&) .*)?|privacy(?: (?:policy|notice|statement))?|"
    r"cookie (?:policy|notice)|legal(?: notices?)?|accessibility|(?:copyright|©|\(c\)).*|feedback|products|services|"
    r"your privacy (?:choices|rights)|do not sell.*|ad ?choices|customer (?:service|support))$",
    re.I,
)

_CLOSE = 4  # lines from one sentence to the next in a text
_MENU = 8  # short lines in a row, some of them furniture, are a menu


def crumb_of(text: str, n_words: int) -> str:
    """What a short line is to a menu: ``furniture`` (no policy says it), ``link`` or just a ``crumb``; else empty."""
    if n_words > 7 or "@" in text or (n_words > 3 and text[-1] in ".:;!?"):
        return ""
    if DATE_CUE.search(text) and any(map(str.isdigit, text)):
        return ""
    if _FURNITURE.match(text):
        return "furniture"
    return "link" if _LINKS_OF_POLICIES.match(text) else "crumb"


def trimmed(lines: list[Line]) -> list[Line]:
    """Cuts menus anywhere, and the links before the first and after the last full sentence."""
    full = [i for i, line in enumerate(lines) if line.is_prose]
    if not full:
        return lines
    # A sentence alone among links is an advertisement: the text begins and ends where sentences stand together.
    close = [i for i, j in pairwise(full) if j - i <= _CLOSE]
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
    if body[-1].chunk.text[-1] != ":":
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
        if end - start >= _MENU and n_links >= 3 and not (start and lines[start - 1].chunk.text[-1] == ":"):
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
