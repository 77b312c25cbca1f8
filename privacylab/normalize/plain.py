"""Plain text -> chunks: wrapped lines are joined again."""

import re
from collections.abc import Iterator, Sequence

from privacylab.normalize.chunks import Chunk, Pieces
from privacylab.normalize.cleaning import clean, without_comments

PAGE_NUMBER = re.compile(r"^[ \t]*(?:page )?\d{1,3}(?: ?(?:of|/) ?\d{1,3})?[ \t]*$", re.IGNORECASE | re.MULTILINE)
_LONE_BULLET = re.compile(r"^[\s]*[-–•*·▪◦o][ \t]*$")
_STARTS_BLOCK = re.compile(r"^\s*(?:[-–•*·▪◦●‣]\s|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s|[A-Z][A-Z ,&'/-]{5,}$)")


def plain_pieces(text: str) -> Pieces:
    """The pieces of plain text: one."""
    return Pieces(plain_chunks, [text])  # whether lines are wrapped shows in the whole text alone


def plain_chunks(text: str) -> list[Chunk]:
    """The chunks of plain text."""
    lines = [line.rstrip() for line in without_comments(text).replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    lines = ["" if set(line) <= set("=-_*~ \t") and len(line) > 2 else line for line in lines]
    joined = _unwrap(lines) if _is_wrapped(lines) else lines
    return [Chunk("paragraph", cleaned) for line in joined if (cleaned := clean(line))]


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether lines were broken to a width: many near the same length, hardly one beyond it."""
    lengths = sorted(len(line) for line in lines if len(line) > 40)
    if len(lengths) < 8:
        return False
    width = lengths[len(lengths) * 9 // 10]
    return width <= 110 and sum(length > 0.75 * width for length in lengths) > 0.5 * len(lengths)


def _unwrap(lines: Sequence[str]) -> Iterator[str]:
    width = max(len(line) for line in lines)
    paragraph: list[str] = []
    for line in lines:
        starts = not line.strip() or _STARTS_BLOCK.match(line) or _LONE_BULLET.match(line)
        ended = paragraph and len(paragraph[-1]) < 0.6 * width and not _LONE_BULLET.match(paragraph[-1])
        if (starts or ended) and paragraph:
            yield " ".join(paragraph)
            paragraph = []
        if line.strip():
            paragraph.append(line)
    yield " ".join(paragraph)
