"""Plain text -> chunks: wrapped lines are joined again."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from privacylab.normalize.chunks import Chunk, Pieces
from privacylab.normalize.cleaning import chunks_of, without_comments
from privacylab.normalize.wrapping import (
    HYPHENS,
    MARGIN,
    SENTENCE_END,
    STARTS_BLOCK,
    joined,
    running,
    unbroken,
    words_of,
)

_LONE_BULLET = re.compile(r"^[\s]*[-–•*·▪◦o][ \t]*$")
_PARAGRAPH = 120
_ADDRESS = re.compile(r"\S+[@/]\S+")
_QUOTED = re.compile(r"^(?:> ?)+", re.MULTILINE)


def plain_pieces(text: str) -> Pieces:
    """The pieces of plain text: one."""
    return Pieces(plain_chunks, [text])  # only the whole text shows whether lines are wrapped


def plain_chunks(text: str) -> list[Chunk]:
    """The chunks of plain text."""
    lines = [line.rstrip() for line in _lines(without_comments(text))]
    lines = ["" if set(line) <= set("=-_*~ \t") and len(line) > 2 else line for line in lines]
    width = _width(lines)
    whole = "\n".join(lines)
    texts = _unwrap(lines, width, words_of(whole)) if width else unbroken(whole).split("\n")
    return chunks_of(texts)


def _lines(text: str) -> list[str]:
    """The lines of a text, whatever ends them; for a printed one, without the heads and feet of its pages."""
    if text.count("\n>") > 0.5 * text.count("\n"):
        text = _QUOTED.sub("", text)  # a message that was quoted
    pages = [page.splitlines() for page in text.split("\f")] if "\f" in text else []
    if len(pages) < 2 or sum(map(len, pages)) < 4 * MARGIN * len(pages):
        return text.splitlines()
    return _printed(pages)


def _printed(pages: Sequence[Sequence[str]]) -> list[str]:
    """The lines of all pages; a sentence may continue over a page's end."""
    margins = []
    for page in pages:
        filled = [n for n, line in enumerate(page) if line.strip()]
        margins.append(dict([*enumerate(filled[:MARGIN]), *enumerate(filled[-MARGIN:], -MARGIN)]))
    in_margins = list(zip(pages, margins, strict=True))
    heads, lines = running([[(at, page[n]) for at, n in margin.items()] for page, margin in in_margins])
    for page, margin in in_margins:
        kept = [line for n, line in enumerate(page) if n not in margin.values() or line not in heads]
        body = "\n".join(kept).strip("\n").split("\n")
        is_open = lines and not SENTENCE_END.search(lines[-1].rstrip())
        is_open = is_open and (body[0].lstrip()[:1].islower() or len(lines[-1]) > 0.6 * max(map(len, lines)))
        lines += body if is_open else ["", *body]
    return lines


def _width(lines: Sequence[str]) -> int:
    """The width at which lines were broken: many near the same length, hardly any beyond it; 0 if they were not."""
    lengths = sorted(len(line) for line in lines if len(line) > 40)
    if len(lengths) < 8:
        return _narrow_width(lines)
    width = lengths[len(lengths) * 9 // 10]
    is_wrapped = width <= 110 and sum(length > 0.75 * width for length in lengths) > 0.5 * len(lengths)
    return max(length for length in lengths if length <= 1.1 * width) if is_wrapped else 0


def unwrapped(text: str) -> Iterable[str]:
    """The lines of a paragraph, joined where they were broken to a width."""
    lines = [line.strip() for line in text.split("\n")]
    if len(text) < _PARAGRAPH:  # the short ones are advertisements and menus in narrow columns
        return lines
    is_list = any(" " not in line for line in lines[:-1]) or _ADDRESS.fullmatch(lines[-1])
    width = 0 if is_list else _narrow_width(lines, least=1)
    return _unwrap(lines, width, words_of("\n".join(lines))) if width else lines


def _narrow_width(lines: Sequence[str], *, least: int = 8) -> int:
    """The width of a column: the next line's word had no room, and sentences continue in the next line."""
    lengths = sorted(len(line) for line in lines if line)
    pairs = [(line, following) for line, following in pairwise(lines) if line and following.strip()]
    if len(pairs) < least:
        return 0
    width = lengths[len(lengths) * 19 // 20]
    n_full = sum(len(line) + len(following.split(None, 1)[0]) >= 0.95 * width for line, following in pairs)
    n_open = sum(following.lstrip()[0].islower() and not SENTENCE_END.search(line) for line, following in pairs)
    return width if width > 20 and n_full > 0.6 * len(pairs) and n_open > 0.4 * len(pairs) else 0


def _unwrap(lines: Sequence[str], width: int, words: frozenset[str]) -> Iterator[str]:
    paragraph: list[str] = []
    for line, following in pairwise([*lines, ""]):
        starts = not line.strip() or STARTS_BLOCK.match(line) or _LONE_BULLET.match(line)
        if paragraph and (
            starts or _ended(paragraph[-1], line, width) or _is_title(paragraph[-1], line, following, width)
        ):
            yield joined(paragraph, words)
            paragraph = []
        if line.strip():
            paragraph.append(line)
    yield joined(paragraph, words)


def _ended(line: str, following: str, width: int) -> bool:
    """Whether a paragraph ended with a line: there was room for the next word."""
    if _LONE_BULLET.match(line) or line.endswith(HYPHENS):
        return False
    has_room = len(line) + 1 + len(following.split(None, 1)[0]) <= width
    may_end = (SENTENCE_END.search(line) or line.istitle()) and following.lstrip()[0].isupper()
    return has_room and bool(len(line) < 0.6 * width or may_end)


def _is_title(before: str, line: str, after: str, width: int) -> bool:
    """Whether a line between two paragraphs is a title: no blank lines separate them, and the previous one was full."""
    is_short = len(line) < 0.6 * width and not SENTENCE_END.search(line)
    is_between = bool(is_short and SENTENCE_END.search(before))
    return is_between and line.lstrip()[0].isupper() and after[:1].isupper()
