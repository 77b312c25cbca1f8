"""The kind of a file, from its first bytes and its content; its name counts last."""

import bz2
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import IO, NamedTuple

from privacylab import paths

HEAD = 8192
"""Bytes that show a kind."""

MAX_UNPACKED = 100_000_000
"""Bytes that are read of one file: a page with its pictures in it. A few bytes may unpack to any number."""

PACKED: Mapping[str, Callable[[IO[bytes]], IO[bytes]]] = {
    "application/gzip": partial(gzip.open, mode="rb"),  # type: ignore[dict-item]
    "application/x-bzip2": bz2.open,
    "application/x-xz": lzma.open,
}
"""The unpacker of each media type."""

DAMAGE = (
    *(OSError, EOFError, ValueError, RuntimeError, MemoryError),
    *(zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError),
)
"""Errors of readers if a packed file is damaged, or claims to be larger than any memory."""

_ZIP, _OLE = "application/zip", "application/x-ole-storage"


class Kind(NamedTuple):
    """A row of ``rules/kinds.toml``.

    Attributes:
        media_type: Its name here.
        name: Its usual name.
        advice: What to do with it if it is not read; None if it is.
        many: Whether it contains many policies.
        suffixes: The endings of such files' names.
        magic: The beginnings of such files, as regular expressions.
        member: The name of a file in it, if it is a zip.
        mimetype: The type that it declares, if it is a zip.
        stream: The name of a part of it, if it is an Office 97 file.
    """

    media_type: str
    name: str
    advice: str | None = None
    many: bool = False
    suffixes: tuple[str, ...] = ()
    magic: tuple[str, ...] = ()
    member: str = "(?!)"
    mimetype: str | None = None
    stream: str | None = None

    @property
    def refusal(self) -> str:
        """Why it is not read, and what to do."""
        way = "build it: privacylab build FILE --out DIR" if self.many else "it cannot be read"
        return f"{self.name}: {self.advice or way}"


@cache
def by_media_type() -> Mapping[str, Kind]:
    """The kinds by media type."""
    return {row["media_type"]: Kind(**row) for row in paths.rules("kinds")["kind"]}


@cache
def by_suffix() -> Mapping[str, str]:
    """The media type of each suffix that has one."""
    named = {suffix: kind.media_type for kind in by_media_type().values() for suffix in kind.suffixes}
    return {**paths.rules("kinds")["pages"], **named}


@cache
def _magic() -> tuple[re.Pattern[bytes], tuple[Kind, ...]]:
    """A pattern with a group for each kind that its first bytes identify."""
    told = tuple(kind for kind in by_media_type().values() if kind.magic)
    pattern = "|".join(f"({'|'.join(kind.magic)})" for kind in told)
    return re.compile(pattern.encode("latin-1"), re.DOTALL), told


def kind_of(data: bytes | IO[bytes]) -> Kind | None:
    """The kind of bytes, or of a seekable file, by content; None for text and unknown kinds."""
    head = data[:HEAD] if isinstance(data, bytes) else data.read(HEAD)
    pattern, told = _magic()
    match = pattern.match(head)
    if not match or not match.lastindex:
        return None
    kind = told[match.lastindex - 1]
    if kind.media_type not in (_ZIP, _OLE):
        return kind
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    file.seek(0)
    return (_zip_kind(file) if kind.media_type == _ZIP else _stream_kind(file)) or kind


def head_of(file: IO[bytes]) -> bytes:
    """A file's first bytes; for a truncated file, those that are there."""
    head = b""
    try:
        while len(head) < HEAD and (part := file.read(PART)):
            head += part
    except EOFError:
        if not head:
            raise
    return head


PART = 512


def _zip_kind(file: IO[bytes]) -> Kind | None:
    """The special kind of a zip: documents, books and programs are zips with certain members."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            declared = archive.open("mimetype").read(200).decode("ascii", "ignore") if "mimetype" in names else None
    except DAMAGE:
        return by_media_type()["application/x-damaged-zip"]
    for kind in by_media_type().values():
        if (declared and declared.strip() == kind.mimetype) or any(map(re.compile(kind.member).search, names)):
            return kind
    return None


def _stream_kind(file: IO[bytes]) -> Kind | None:
    """The kind of an Office 97 file: it contains the names of its streams in UTF-16."""
    data = file.read(paths.rules("kinds")["limits"]["searched"])
    streams = (kind for kind in by_media_type().values() if kind.stream)
    return next((kind for kind in streams if str(kind.stream).encode("utf-16-le") in data), None)
