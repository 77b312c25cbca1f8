"""The stages of a document on the way to its blocks: pieces, chunks, blocks."""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from privacylab import sources

MAX_BYTES = sources.MAX_BYTES
"""A policy has some 30,000 bytes; a larger file is something else."""


class NormalizeError(ValueError):
    """A document that cannot be read; ``reason`` is one of `schema.REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


def check_size(n_bytes: int) -> None:
    """Refuses documents that are too large.

    Raises:
        NormalizeError: ``too_large``.
    """
    if n_bytes > MAX_BYTES:
        raise NormalizeError("too_large", f"{n_bytes:,} bytes, at most {MAX_BYTES:,} are read")


Kind = Literal["heading", "paragraph", "item"]


class Block(NamedTuple):
    """A heading, a paragraph or a list item (a table's row is an item); ``level`` is a heading's, 1 to 6, else 0."""

    kind: Kind
    text: str
    level: int = 0


class Chunk(NamedTuple):
    """A run of text not yet classified: ``kind`` is what the mark-up says."""

    kind: Kind
    text: str
    level: int = 0
    bold: bool = False


class Pieces(NamedTuple):
    """A document cut into independent pieces; ``read`` gives the chunks of a piece.

    Versions of a document repeat each other: with the results of `read` kept, most pieces are read once for many
    versions.
    """

    read: Callable[[str], Sequence[Chunk]]
    texts: list[str]
