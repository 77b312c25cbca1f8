"""The result of every source: dated versions by name first, their bytes on request."""

import datetime as dt
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol


class SourceError(ValueError):
    """A source that cannot be read at all; the message is one line and says what to do."""


UNREAD = "0" * 16
"""The content id of unreadable content."""

FIRST, END = (int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp()) for year in (1990, 2031))
"""Seconds since 1970: from the web's first year to a future one. No clock: any day gives the same result."""


class Entry(NamedTuple):
    """One dated version as a source names it, before its bytes are read.

    With a ``reason`` it is rejected because of what the source says, and is not read. ``precision`` says whether its
    date is a ``day``; for a ``month`` or a ``year``, ``moment`` is the first day.
    """

    collection: str
    name: str
    document: str
    moment: int | None
    source: str
    content: str
    media_type: str | None
    date_basis: str
    reason: str | None = None
    detail: str | None = None
    precision: str = "day"


class Source(Protocol):
    """The result of a reader: entries first, then contents by their keys.

    Attributes:
        label: The collection that its entries are in.
        place: Its place.
        notes: Sentences that the builder should read.
        keys_tell_bytes: Whether the same `Entry.content` always means the same bytes.

    A source with facts about services also has ``facts``: region, industry and owner, by the names of services.
    One that knows the sizes of contents unread has ``sizes``: bytes by key, of those keys asked for that it knows.
    """

    label: str
    place: Path
    notes: list[str]
    keys_tell_bytes: bool

    def entries(self) -> list[Entry]:
        """Every dated version, in any order."""

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The bytes of each requested `Entry.content`; None with a reason if they cannot be read."""


def slug(text: str) -> str:
    """Lower-case letters and digits of any script, joined by hyphens."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", text).lower()).strip("-")


def content_id(data: bytes) -> str:
    """The first 16 hex digits of the sha256 of raw bytes."""
    return hashlib.sha256(data).hexdigest()[:16]
