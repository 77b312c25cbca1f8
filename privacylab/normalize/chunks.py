"""What a document becomes on the way to its blocks: chunks, lines, blocks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from privacylab import sources

MAX_BYTES = sources.MAX_BYTES
"""A policy has some 30,000 bytes; above this a file is something else."""


class NormalizeError(ValueError):
    """A document that cannot be read; ``reason`` is one of `schema.REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


Kind = Literal["heading", "paragraph", "item"]


class Block(NamedTuple):
    """A heading, a paragraph or a list item (a table's row is an item); ``level`` is a heading's, 1 to 6, else 0."""

    kind: Kind
    text: str
    level: int = 0


class Chunk(NamedTuple):
    """A run of text before it is known what it is: ``kind`` is what the mark-up says."""

    kind: Kind
    text: str
    level: int = 0
    bold: bool = False


class Pieces(NamedTuple):
    """A document cut where nothing that stands before bears on what follows; ``read`` gives the chunks of a piece.

    Versions of a document repeat each other: who keeps what `read` gave reads most pieces once for many versions.
    """

    read: Callable[[str], Sequence[Chunk]]
    texts: list[str]


@dataclass(slots=True, eq=False)
class Line:
    """A chunk with what it looks like by itself. Lines are told apart by identity, so that they are quick to look up.

    Attributes:
        chunk: Its text, without a bullet, and its mark-up.
        block: What it is if it is no heading.
        heading: What it is if it is one; None if it cannot be.
        is_marked: Whether the mark-up says that it is a heading.
        key: Its text as a table of contents has it.
        is_prose: Whether it is a full sentence.
        is_text: Whether a heading may stand over it.
        crumb: ``furniture``, ``link`` or ``crumb``; empty for what is no part of a menu.
        shape: What kind of heading it may be; empty for none.
        capitalised: Whether its words are.
        short: Neither a sentence nor the introduction of a list.
        stays: It may be the policy's even in a menu: its title, its date.
    """

    chunk: Chunk
    block: Block
    heading: Block | None
    is_marked: bool
    key: str
    is_prose: bool
    is_text: bool
    crumb: str
    shape: str
    capitalised: bool
    short: bool
    stays: bool
