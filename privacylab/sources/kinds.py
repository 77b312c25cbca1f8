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
from functools import partial
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


KINDS: Mapping[str, Kind] = {row["media_type"]: Kind(**row) for row in paths.rules("kinds")["kind"]}
"""The kinds by media type."""

MEDIA_TYPES: Mapping[str, str] = {
    **paths.rules("kinds")["pages"],
    **{suffix: kind.media_type for kind in KINDS.values() for suffix in kind.suffixes},
}
"""The media type of each suffix that has one."""

_BY_MAGIC = [kind for kind in KINDS.values() if kind.magic]
_MAGIC = re.compile("|".join(f"({'|'.join(kind.magic)})" for kind in _BY_MAGIC).encode("latin-1"), re.DOTALL)
"""A pattern with a group for each kind that its first bytes identify."""


def kind_of(data: bytes | IO[bytes]) -> Kind | None:
    """The kind of bytes, or of a seekable file, by content; None for text and unknown kinds."""
    file = io.BytesIO(data) if isinstance(data, bytes) else data
    match = _MAGIC.match(file.read(HEAD))
    file.seek(0)
    if not match or not match.lastindex:
        return None
    kind = _BY_MAGIC[match.lastindex - 1]
    special = {"application/zip": _zip_kind, "application/x-ole-storage": _stream_kind}.get(kind.media_type)
    kind = (special and special(file)) or kind
    file.seek(0)
    return kind


def head_of(file: IO[bytes]) -> bytes:
    """A file's first bytes; for a truncated file, those that are there."""
    head = b""
    try:
        while len(head) < HEAD and (part := file.read(PART)):
            head += part
    except EOFError:
        if not head:
            raise
    file.seek(0)
    return head


PART = 512


def _zip_kind(file: IO[bytes]) -> Kind | None:
    """The special kind of a zip: documents, books and programs are zips with certain members."""
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            declared = archive.open("mimetype").read(200) if "mimetype" in names else b""
    except DAMAGE:
        return KINDS["application/x-damaged-zip"]
    for kind in KINDS.values():
        is_declared = declared.decode("ascii", "ignore").strip() == kind.mimetype
        if is_declared or any(map(re.compile(kind.member).search, names)):
            return kind
    return None


def _stream_kind(file: IO[bytes]) -> Kind | None:
    """The kind of an Office 97 file: it contains the names of its streams in UTF-16."""
    data = file.read(paths.rules("kinds")["limits"]["searched"])
    streams = (kind for kind in KINDS.values() if kind.stream)
    return next((kind for kind in streams if str(kind.stream).encode("utf-16-le") in data), None)
