"""Versions of one service -> pages: what versions repeat of each other is read once.

Versions repeat each other many times over. So a version is cut into pieces, whose lines are looked up; its lines make a
page, which is looked up; a page is cut into sections, whose segments are looked up. What is left to do for each version
is to look up, and to decide what rests on a line's neighbours.
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeVar

from privacylab import normalize
from privacylab.build import screen
from privacylab.build.screen import Evidence
from privacylab.normalize import Block, Chunk, Line, boilerplate, headings, lines
from privacylab.normalize.lines import joined
from privacylab.text.segments import Segment, segments

K = TypeVar("K")
V = TypeVar("V")


class Page(NamedTuple):
    """What a version says, whatever its bytes: its blocks, its segments by their numbers, whether it is a policy."""

    blocks: list[Block]
    segment_ids: tuple[int, ...]
    verdict: screen.Verdict


class Section(NamedTuple):
    """A heading and what stands under it: segments do not reach over a heading."""

    segment_ids: tuple[int, ...]
    seen: Evidence
    foreign: list[Segment]


class Known(dict[K, V], Generic[K, V]):
    """A function's values by its argument. A dictionary is asked without a call into Python, a cached function not."""

    def __init__(self, find: Callable[[K], V]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: K) -> V:
        value = self[key] = self._find(key)
        return value


class Reader:
    """Reads versions and keeps what it has read; one for each service, so that memory holds one service at a time.

    Attributes:
        segments: Every segment read so far, by its number.
    """

    def __init__(self) -> None:
        self.segments: dict[int, Segment] = {}
        self._lines: Known[Chunk, Line | None] = Known(lines.read_line)
        self._pieces: dict[Callable[[str], Sequence[Chunk]], Known[str, tuple[Line, ...]]] = {}
        self._pages = Known(self._page)
        self._sections = Known(self._section)
        self._prose = Known(screen.foreign_prose)
        self._evidence = Known(partial(screen.evidence, said=Known(screen.said).__getitem__))

    def read(self, data: bytes, *, media_type: str | None) -> Page:
        """One version's page.

        Raises:
            NormalizeError: As `normalize.blocks`.
        """
        cut = normalize.pieces(data, media_type=media_type)
        if len(cut.texts) == 1:
            lines = list(self._lines_of(cut.read(cut.texts[0])))  # a page as a whole does not come again
        else:
            known = self._pieces.get(cut.read)
            if known is None:
                known = self._pieces[cut.read] = Known(lambda text: self._lines_of(cut.read(text)))
            lines = list(chain.from_iterable(map(known.__getitem__, cut.texts)))
        return self._pages[tuple(boilerplate.trimmed(joined(lines, self._lines.__getitem__)))]

    def forget(self) -> None:
        """Empties the tables, so that they are freed at once, though they know each other."""
        tables: list[dict[Any, Any]] = [self._lines, self._pages, self._sections, self._prose, self._evidence]
        for table in (*tables, *self._pieces.values()):
            table.clear()

    def _lines_of(self, chunks: Sequence[Chunk]) -> tuple[Line, ...]:
        return tuple(line for line in map(self._lines.__getitem__, chunks) if line)

    def _page(self, lines: tuple[Line, ...]) -> Page:
        blocks = headings.outlined(lines)
        sections = [self._sections[section] for section in _sections(blocks)]
        foreign = map(self._prose.__getitem__, chain.from_iterable([section.foreign for section in sections]))
        verdict = screen.verdict(screen.together([section.seen for section in sections]), foreign)
        return Page(blocks, tuple(chain.from_iterable([section.segment_ids for section in sections])), verdict)

    def _section(self, blocks: tuple[Block, ...]) -> Section:
        found = segments(blocks)
        ids = tuple(map(segment_id, found))
        self.segments.update(zip(ids, found, strict=True))
        seen = [self._evidence[one] for one in found]
        return Section(ids, screen.together(seen), screen.foreign(found, seen))


@contextmanager
def reading() -> Iterator[Reader]:
    """A reader that forgets its tables at the end, but for the segments.

    Meanwhile nobody looks for garbage: a million small tuples that all stay would be gone through again and again.
    """
    reader = Reader()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield reader
    finally:
        reader.forget()
        if was_enabled:
            gc.enable()


def _sections(blocks: Sequence[Block]) -> list[tuple[Block, ...]]:
    """Blocks cut before each heading."""
    starts = [i for i, block in enumerate(blocks) if block.kind == "heading"]
    if not starts or starts[0]:
        starts.insert(0, 0)
    return [tuple(blocks[start:end]) for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True)]


def segment_id(found: Segment) -> int:
    """The number of a distinct (heading, text): 64 bits of its blake2b hash."""
    digest = blake2b(digest_size=8)
    digest.update((found.heading or "").encode("utf-8", "surrogatepass"))
    digest.update(b"\x1f")
    digest.update(found.text.encode("utf-8", "surrogatepass"))
    return int.from_bytes(digest.digest(), "big")
