"""Chunks -> lines: what can be said of a chunk by itself."""

import re
from collections.abc import Callable, Iterable
from functools import cache

from privacylab.normalize.boilerplate import crumb_of, trimmed
from privacylab.normalize.chunks import Block, Chunk, Line
from privacylab.normalize.headings import MAX_HEADING_WORDS, YEAR, is_text, look_of, outlined

MAX_MARKED_WORDS = 30
"""A longer text is no heading, whatever its mark-up says."""


def read_blocks(chunks: Iterable[Chunk]) -> list[Block]:
    """Blocks from chunks. Reading blocks as chunks again gives the same blocks."""
    read = cache(read_line)  # of a million lines most may be the same
    lines = [line for line in map(read, chunks) if line]
    return outlined(trimmed(joined(lines, read)))


# --- A line by itself -----------------------------------------------------------------------------------------------

_BULLET = re.compile(r"^(?:(?:[•·▪◦●‣■□»*]+|[-–—](?=\s)|o(?=\s+[A-Z]))\s*(?=\S))+")
_BULLET_ALONE = re.compile(r"^[•·▪◦●‣■□»*–—-]$|^o$")
_NAVIGATION = re.compile(
    r"^(?:(?:back|return|go) to (?:the )?top(?: of (?:the )?page)?|top of (?:the )?page|"
    r"skip to (?:the )?(?:main )?content)$",
    re.I,
)
_ALPHANUMERIC = re.compile(r"[^\W_]")
_CODE = re.compile(
    r"\bfunction ?\(|\bvar \w+ ?=|\bwindow\.\w|\bdocument\.\w+[.(]|<!\[CDATA\[|"
    r"\{ ?\"?\w+\"? ?: ?[\"{\[\d]|\"[:,] ?[\"{\[]|\$\(|\}\);|=> ?\{|[;{] ?[\w-]+: ?[\w#%.-]+;|\b\w+\.push\(\["
)


def joined(lines: list[Line], read: Callable[[Chunk], Line | None]) -> list[Line]:
    """The lines without bullets that stand alone: each makes an item of the next line, which ``read`` reads again."""
    if BULLET not in lines:
        return lines
    result: list[Line] = []
    pending = False
    for line in lines:
        if line is BULLET:
            pending = True
            continue
        if pending and line.chunk.kind == "paragraph":
            item = read(line.chunk._replace(kind="item"))
            assert item is not None
            line = item
        pending = False
        result.append(line)
    return result


def read_line(chunk: Chunk) -> Line | None:
    """A line as it looks by itself; None for scripts and what has no words, `BULLET` for a bullet alone."""
    if _BULLET_ALONE.match(chunk.text):
        return BULLET if chunk.kind != "heading" else None
    if not _ALPHANUMERIC.search(chunk.text) or _is_code(chunk.text):
        return None
    if len(chunk.text) < 40 and _NAVIGATION.match(chunk.text):
        return None
    bullet = _BULLET.match(chunk.text) if chunk.kind != "heading" else None
    return _described(Chunk("item", chunk.text[bullet.end() :], 0, chunk.bold) if bullet else chunk)


def _described(chunk: Chunk) -> Line:
    text = chunk.text
    is_item = chunk.kind == "item" or (chunk.kind == "paragraph" and len(text) < 600 and _LETTERED.match(text))
    block = Block("item" if is_item else "paragraph", text)
    n_words = text.count(" ") + 1
    numbered = _NUMBERED.match(text)
    shape, capitalised = look_of(text, n_words, numbered is not None)
    is_marked = chunk.kind == "heading"
    heading = None
    if is_marked and n_words <= MAX_MARKED_WORDS:
        heading = Block("heading", text, chunk.level)
    elif shape and not is_marked:
        heading = Block("heading", text, 3 if chunk.bold or shape == "caps" else 4)
    return Line(
        chunk=chunk,
        block=block,
        heading=heading,
        is_marked=is_marked,
        key=text[numbered.end() if numbered else 0 :].lower().rstrip(":."),
        is_prose=_is_prose(text),
        is_text=is_text(block),
        crumb=crumb_of(text, n_words),
        shape=shape,
        capitalised=capitalised,
        short=n_words <= MAX_HEADING_WORDS and (bool(shape) or n_words <= 2 or text[-1] not in ".!;,:"),
        stays=chunk.level == 1 or (n_words <= 12 and bool(_TITLE.search(text) or YEAR.search(text))),
    )


def _is_code(text: str) -> bool:
    """Whether a text is a script or a style sheet: it has their phrases and many of their signs."""
    if "{" not in text and "=" not in text and ";" not in text:
        return False
    n_signs = sum(map(text.count, "{}[]=;\"'()$"))
    return n_signs * 25 > len(text) and len(_CODE.findall(text)) * 400 > len(text)


_TITLE = re.compile(
    r"\b(?:privacy|cookies?|data)\b.{0,40}\b(?:policy|notice|statement|policies|protection|practices)\b|^privacy$", re.I
)


# --- Headings -------------------------------------------------------------------------------------------------------

_NUMBER = r"\(?(?:\d{1,2}(?:\.\d{1,2})*|[A-Z]|[IVX]{1,5})[.):]|\d{1,2}(?:\.\d{1,2})+|\d{1,2}(?= [A-Z])"
_NUMBERED = re.compile(rf"^(?:(?:section|article|part|chapter)\s+\w{{1,4}}\b[.:]?|{_NUMBER})\s*[-–—]?\s*(?=\S)", re.I)
_LETTERED = re.compile(r"^(?!\(c\) \d)\(?(?:[a-z]|[ivx]{1,4})[.)]\s+(?=\S)")


def _is_prose(text: str) -> bool:
    return text.count(" ") >= 11 and text[-1] in ".:;!?)\"'"


BULLET = _described(Chunk("item", "•"))
"""Stands for a bullet alone on its line."""
