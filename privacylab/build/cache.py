"""Versions of one service -> pages: repeated content is read once.

Versions repeat each other many times. So `normalize.Cache` keeps pieces, lines and pages, and a page is cut into
sections, whose segments and evidence are kept here. Only look-ups remain for each version.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple

from privacylab import normalize
from privacylab.build import screen
from privacylab.build.screen import Evidence
from privacylab.normalize import Block
from privacylab.text.audiences import ALL
from privacylab.text.segments import Segment, of_section, sections


class Page(NamedTuple):
    """A version's content, independent of its bytes: its blocks, its segments by number, whether it is a policy."""

    blocks: Sequence[Block]
    segment_ids: tuple[int, ...]
    verdict: screen.Verdict


class Section(NamedTuple):
    """A heading and the text under it: segments do not cross a heading."""

    segments: dict[int, Segment]
    segment_ids: tuple[int, ...]
    evidence: Evidence


class Reader:
    """Reads versions and keeps the results; one for each service, so that memory holds one service at a time.

    Like `normalize.Cache`, it does not refer to itself.

    Attributes:
        segments: Every segment read so far, by its number.
    """

    def __init__(self) -> None:
        self.segments: dict[int, Segment] = {}
        self._normalized = normalize.Cache()
        evidence = cache(partial(screen.evidence, said=cache(screen.said)))
        self._section = cache(partial(_section, evidence=evidence))
        self._pages: dict[tuple[Block, ...], Page] = {}

    def read(self, data: bytes, *, media_type: str | None) -> Page:
        """One version's page.

        Raises:
            NormalizeError: As `normalize.blocks`.
        """
        blocks = normalize.read(data, media_type=media_type, cache=self._normalized)
        if blocks not in self._pages:
            self._pages[blocks] = self._screened(blocks)
        return self._pages[blocks]

    def _screened(self, blocks: tuple[Block, ...]) -> Page:
        read = [self._section(section, audience) for section, audience in sections(blocks)]
        for section in read:
            self.segments |= section.segments
        verdict = screen.verdict(screen.together(section.evidence for section in read))
        return Page(blocks, tuple(chain.from_iterable(section.segment_ids for section in read)), verdict)


def _section(blocks: tuple[Block, ...], audience: str, *, evidence: Callable[[Segment], Evidence]) -> Section:
    texts = of_section(blocks, audience)
    ids = tuple([segment_id(segment) for segment in texts])
    together = screen.together([evidence(segment) for segment in texts])
    return Section(dict(zip(ids, texts, strict=True)), ids, together)


def segment_id(segment: Segment) -> int:
    """The number of a distinct segment: 64 bits of its blake2b hash, including the audience unless it is ``all``."""
    text = "\x1f".join([segment.heading or "", segment.text, *([] if segment.audience == ALL else [segment.audience])])
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
