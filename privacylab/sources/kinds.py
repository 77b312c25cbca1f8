"""What kind of file bytes are: told from what they begin with and what they hold; their name is asked last."""

import bz2
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import IO, Any, NamedTuple

from privacylab import paths

HEAD = 8192
"""Bytes from which a kind is told."""

MAX_UNPACKED = 100_000_000
"""Bytes that are read of one file: a page with its pictures in it. A few bytes may unpack to any number."""

PACKED: Mapping[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "application/gzip": partial(gzip.open, mode="rb"),  # type: ignore[dict-item]
    "application/x-bzip2": bz2.open,
    "application/x-xz": lzma.open,
}
"""What unpacks which media type."""

_ZIP, _OLE = "application/zip", "application/x-ole-storage"


class Kind(NamedTuple):
    """A row of ``rules/kinds.toml``.

    Attributes:
        media_type: What it is called here.
        name: What people call it.
        advice: What to do with it, as it is not read; None if it is.
        many: Whether it holds many policies.
    """

    media_type: str
    name: str
    advice: str | None
    many: bool

    @property
    def refusal(self) -> str:
        """Why it is not read, and what to do."""
        way = "build it: privacylab build FILE --out DIR" if self.many else "it cannot be read"
        return f"{self.name}: {self.advice or way}"


@cache
def by_media_type() -> Mapping[str, Kind]:
    """The kinds by media type."""
    return {
        row["media_type"]: Kind(row["media_type"], row["name"], row.get("advice"), row.get("many", False))
        for row in _rows()
    }


@cache
def by_suffix() -> Mapping[str, str]:
    """The media type of each suffix that tells one."""
    named = {suffix: row["media_type"] for row in _rows() for suffix in row.get("suffixes", ())}
    return {**paths.rules("kinds")["pages"], **named}


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = paths.rules("kinds")["kind"]
    return rows


@cache
def _magic() -> tuple[re.Pattern[bytes], tuple[str, ...]]:
    """A pattern with a group for each kind that is told from its first bytes."""
    rows = [row for row in _rows() if "magic" in row]
    pattern = "|".join(f"({'|'.join(row['magic'])})" for row in rows)
    return re.compile(pattern.encode("latin-1"), re.DOTALL), tuple(row["media_type"] for row in rows)


def kind_of(data: bytes | IO[bytes]) -> Kind | None:
    """The kind that bytes, or a file that can be searched, are by what they hold; None for text and what is unknown."""
    head = data[:HEAD] if isinstance(data, bytes) else data.read(HEAD)
    pattern, media_types = _magic()
    match = pattern.match(head)
    if not match or not match.lastindex:
        return None
    media_type = media_types[match.lastindex - 1]
    if media_type in (_ZIP, _OLE):
        file = io.BytesIO(data) if isinstance(data, bytes) else data
        file.seek(0)
        media_type = (_zip_kind(file) if media_type == _ZIP else _stream_kind(file)) or media_type
    return by_media_type()[media_type]


def head_of(file: IO[bytes]) -> bytes:
    """A file's first bytes: of one that is cut short, those that are there."""
    head = b""
    try:
        while len(head) < HEAD and (part := file.read(PART)):
            head += part
    except EOFError:
        if not head:
            raise
    return head


PART = 512


def _zip_kind(file: IO[bytes]) -> str | None:
    """What a zip is besides: documents, books and programs are zips with certain members."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            declared = archive.open("mimetype").read(200).decode("ascii", "ignore") if "mimetype" in names else ""
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, ValueError, EOFError):
        return "application/x-damaged-zip"
    for row in _rows():
        mimetype, member = row.get("mimetype"), re.compile(row.get("member", "(?!)"))
        if (mimetype and declared.strip() == mimetype) or any(map(member.search, names)):
            return str(row["media_type"])
    return None


def _stream_kind(file: IO[bytes]) -> str | None:
    """What an Office 97 file is: the names of its streams stand in it in UTF-16."""
    data = file.read(paths.rules("kinds")["limits"]["searched"])
    for row in _rows():
        if "stream" in row and row["stream"].encode("utf-16-le") in data:
            return str(row["media_type"])
    return None
