"""The input and output of container readers: a file with many policies -> pages, with their texts on disk."""

import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import unquote, urlsplit

from privacylab.sources.entries import content_id
from privacylab.sources.kinds import Kind

STORED = "\0"
"""The beginning of stored texts' keys; no file name contains it."""

NO_TEXTS = "no_texts"
"""The reason of a table without a column of texts, until it is known whether it lies beside policies."""


class Columns(NamedTuple):
    """The columns of tables, if the user named them."""

    text: str | None = None
    date: str | None = None
    service: str | None = None


class Page(NamedTuple):
    """A policy in a container; if it could not be read, it has a ``reason``.

    Attributes:
        place: Its place in the container; empty for the whole container.
        content: The key of its stored text.
        service: None: from the container's name.
        date: As text; None: from the container's name.
    """

    place: str = ""
    content: str = ""
    service: str | None = None
    document: str = ""
    date: str | None = None
    date_basis: str = "snapshot"
    media_type: str | None = None
    reason: str | None = None
    detail: str | None = None


class Store:
    """Texts in a file that is open for writing, each distinct one once, packed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._keys: dict[str, str] = {}

    def keep(self, text: bytes) -> str:
        """The key of a stored text."""
        known = content_id(text)
        if known not in self._keys:
            packed = zlib.compress(text, 1)
            self._keys[known] = f"{STORED}{self._file.tell()}+{len(packed)}"
            self._file.write(packed)
        return self._keys[known]


def stored(place: Path, key: str) -> bytes:
    """The text of a key in the file of a `Store`."""
    start, n_bytes = map(int, key.removeprefix(STORED).split("+"))
    with place.open("rb") as file:
        file.seek(start)
        return zlib.decompress(file.read(n_bytes))


class Reading(NamedTuple):
    """The other inputs of a container reader.

    Attributes:
        name: The service of the container's name.
        store: Where texts are kept.
        notes: Sentences for the builder are added here.
        columns: Which columns of a table to use.
        scratch: A folder for files on disk.
    """

    name: str
    store: Store
    notes: list[str]
    columns: Columns
    scratch: Path


Reader = Callable[[IO[bytes], Kind, Reading], Iterator[Page]]

_NO_TITLE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?|index|default|home", re.I)
"""Parts of an address that do not name a document: languages, countries, a folder's first page."""


def place_of(url: str) -> tuple[str, str]:
    """The host of an address, and its path without parts that name no document; a host alone is also allowed.

    >>> place_of("https://www.acme.example:443/en-gb/legal/privacy.html?x=1"), place_of("acme.example")
    (('www.acme.example', 'legal/privacy'), ('acme.example', ''))
    """
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
        host = parts.hostname or ""
    except ValueError:
        return "", ""
    words = [re.sub(r"\.\w{2,5}$", "", unquote(word)) for word in parts.path.split("/")]
    return host, "/".join(word for word in words if word and not _NO_TITLE.fullmatch(word))


def why(error: Exception) -> str:
    """An error's message in one line."""
    message = getattr(error, "strerror", None) or str(error).strip().partition("\n")[0]
    return message or type(error).__name__
