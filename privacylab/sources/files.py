"""Folders, single files, zips and tars of policies; web archives and tables among them become their pages and rows."""

import contextlib
import os
import re
import tarfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import IO

from privacylab import files as disk
from privacylab.sources import beside, containers, kinds, sheets
from privacylab.sources.entries import Entry, SourceError, content_id, slug
from privacylab.sources.kinds import DAMAGE, MAX_UNPACKED
from privacylab.sources.listing import Listing
from privacylab.sources.pages import STORED, Columns, Reading, Store, stored, why
from privacylab.sources.repository import TOO_LARGE
from privacylab.sources.sheets import Row

_ARCHIVE_SUFFIX = re.compile(r"\.(?:zip|tar|tgz|tar\.gz|tar\.bz2|tar\.xz|bundle)$", re.IGNORECASE)


class Files:
    """A folder, a single file, or a zip or tar of files.

    Service, document and date come from the whole path of a file (`layouts`), or from a ``metadata.csv`` with the
    columns ``service,date,path``. A path there without a file is also an entry: the ledger shows that it could not be
    read. A ``services.csv`` gives facts about services.

    Args:
        place: The folder or file.
        scratch: A folder for the texts from containers.
        columns: Which columns of tables to use.
        label: The collection that its entries are in; None: the place's name.

    Attributes:
        facts: Region, industry and owner of services, by their names here.
    """

    keys_tell_bytes = False

    def __init__(self, place: Path, *, scratch: Path, columns: Columns, label: str | None = None) -> None:
        self.place = place
        self.notes: list[str] = []
        self.facts: dict[str, dict[str, str | None]] = {}
        self._pack = _pack_of(place)
        name = _text(place.absolute().name)
        self.label = label or slug(PurePosixPath(name).stem) or "files"
        basis = "effective" if self.label == "through-time" else "snapshot"  # which is dated by revision
        try:
            with _unpacked(place, self._pack) as (listed, _, _):
                names = list(listed)
        except DAMAGE as error:
            raise SourceError(f"{place} is a damaged or truncated archive ({error})") from None
        listing = Listing(self.label, name if place.is_dir() else _ARCHIVE_SUFFIX.sub("", name), basis, self.notes)
        files = _by_path(names)
        repeated = [name for name, n in Counter(names).items() if n > 1]
        entries = listing.entries(files, self._stated(files), repeated)
        own = content_id(str(place.resolve()).encode("utf-8", "surrogateescape"))
        self._texts = scratch / f"{self.label}-{own}.texts"
        with self._texts.open("wb") as texts:
            reading = Reading(self.label, Store(texts), self.notes, columns, scratch)
            self._entries = containers.versions(entries, self.opened, reading)

    def __getstate__(self) -> dict[str, object]:
        # A source goes to a worker with each task, and workers ask for contents only.
        return {**vars(self), "_entries": [], "facts": {}}

    def entries(self) -> list[Entry]:
        """Every version, and everything that looks like one, as they were when the source was opened."""
        return list(self._entries)

    def _stated(self, files: Mapping[str, str]) -> dict[str, list[Row]]:
        """The rows of each ``metadata.csv`` by their path; those of ``services.csv`` become facts."""
        tables = {name: path for path, name in files.items() if beside.role(path) == "sheet"}
        if not tables:
            return {}
        named, stated = sheets.Paths(files).named, defaultdict[str, dict[object, Row]](dict)
        for name, data, detail in self.contents(list(tables)):
            path = tables[name]
            if data is None:
                raise SourceError(f"{self.place}: {path} cannot be read ({detail})")
            if "services" in PurePosixPath(path).name.lower():
                self.facts |= sheets.facts(path, data, self.notes)
                continue
            for row in sheets.metadata(path, data, self.notes):
                file = named(row.path, str(PurePosixPath(path).parent)) if row.path else row.where
                stated[file][row.service, row.date and row.date.value] = row
        return {path: list(rows.values()) for path, rows in stated.items()}

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The bytes of files and stored texts; a name that leads out of the archive is not read."""
        for key, file, detail in self.opened([key for key in keys if not key.startswith(STORED)]):
            try:
                data = None if file is None else file.read(MAX_UNPACKED + 1)
            except DAMAGE as error:
                data, detail = None, why(error)
            if data is not None and len(data) > MAX_UNPACKED:
                data, detail = None, TOO_LARGE
            yield key, data, detail
        for key in keys:
            if key.startswith(STORED):
                yield key, stored(self._texts, key), None

    def sizes(self, keys: Sequence[str]) -> dict[str, int]:
        """The bytes of stored texts, about, and of files in a folder."""
        sizes = {key: _UNPACKED * int(key.rpartition("+")[2]) for key in keys if key.startswith(STORED)}
        for key in keys if self.place.is_dir() else ():
            if not key.startswith(STORED):
                with contextlib.suppress(OSError, ValueError):
                    sizes[key] = (self.place / key).stat().st_size
        return sizes

    def opened(self, keys: Sequence[str]) -> Iterator[tuple[str, IO[bytes] | None, str | None]]:
        """The files themselves, each open until the next is requested, in the fastest order."""
        if not keys:
            return
        with _unpacked(self.place, self._pack) as (_, opener, place_of):
            for key in sorted(keys, key=place_of) if place_of else keys:
                if key.startswith("/") or ".." in PurePosixPath(key).parts:
                    yield key, None, "unsafe_path"
                    continue
                try:
                    file = opener(key)
                except (*DAMAGE, KeyError) as error:
                    yield key, None, why(error)
                    continue
                with file:
                    yield key, file, None


def _text(name: str) -> str:
    """A file's name as text: bytes that are not UTF-8 are shown as the replacement character."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _by_path(names: Iterable[str]) -> dict[str, str]:
    """The names by their displayed paths; the second with one path is shown as written."""
    files: dict[str, str] = {}
    for name in sorted(set(names)):
        path = PurePosixPath(_text(name).replace("\\", "/")).as_posix()
        files[path if path not in files else ascii(name)[1:-1]] = name
    return files


def _pack_of(place: Path) -> str | None:
    """Whether a file is a ``zip`` or ``tar`` of files; many documents are also zips."""
    if not place.is_file():
        return None
    with place.open("rb") as file:
        kind = kinds.kind_of(file)
    if kind and not kind.advice and kind.media_type not in kinds.PACKED:
        return None
    if zipfile.is_zipfile(place):
        return "zip"
    with contextlib.suppress(*DAMAGE), tarfile.open(place, tarinfo=_Member):
        return "tar"
    if _ARCHIVE_SUFFIX.search(place.name):
        is_other = kind and kind.advice and not kind.media_type.endswith(("zip", "tar"))  # a 7z named .zip
        refusal = kind.refusal if kind and is_other else "a damaged or truncated archive: copy it here again"
        raise SourceError(f"{place} is {refusal}")
    return None


class _Member(tarfile.TarInfo):
    """A member of a tar with a name of limited length: tarfile reads any name in full."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        member = super().frombuf(buf, encoding, errors)
        if member.size > MAX_UNPACKED and not member.isreg() and member.type != tarfile.CONTTYPE:
            raise tarfile.ReadError(f"a name or note of {member.size:,} bytes")
        return member


_Unpacked = tuple[Iterator[str], Callable[[str], IO[bytes]], Callable[[str], int] | None]


@contextlib.contextmanager
def _unpacked(place: Path, pack: str | None) -> Iterator[_Unpacked]:
    """The names of the files at a place, a function that opens one, and its position if going back is slow."""
    if pack == "zip":
        with zipfile.ZipFile(place) as archive:
            names = (name for name in archive.namelist() if not name.endswith(("/", "\\")))
            yield names, archive.open, None
    elif pack == "tar":
        with tarfile.open(place, tarinfo=_Member) as tar:
            listed = [member for member in tar if not member.isdir()]
            members = {normpath(member.name): member for member in listed}

            def extracted(name: str) -> IO[bytes]:
                file = tar.extractfile(_target(members, name))
                if file is None:
                    raise OSError("a pipe or a device, not a file")
                return file

            def offset(name: str) -> int:
                with contextlib.suppress(KeyError, OSError):
                    return _target(members, name).offset
                return 0

            yield (member.name for member in listed), extracted, offset
    elif place.is_dir():
        yield _below(place), lambda name: disk.ordinary(place / name), None
    else:
        yield iter([place.name]), lambda name: disk.ordinary(place.with_name(name)), None


def _below(place: Path) -> Iterator[str]:
    """The paths of everything except folders, and of unreadable folders."""
    unread: list[OSError] = []
    for folder, folders, names in os.walk(place, onerror=unread.append):
        links = [name for name in folders if os.path.islink(os.path.join(folder, name))]
        yield from (Path(folder, name).relative_to(place).as_posix() for name in (*names, *links))
    yield from (Path(error.filename).relative_to(place).as_posix() for error in unread)


def _target(members: Mapping[str, tarfile.TarInfo], name: str) -> tarfile.TarInfo:
    """The member behind a name, following links: tarfile would search all members for each."""
    for _ in range(_MAX_LINKS):
        member = members[normpath(name)]
        if not member.issym() and not member.islnk():
            return member
        name = normpath(member.linkname if member.islnk() else PurePosixPath(name).parent / member.linkname)
        if name not in members:
            raise OSError(f"a link to {_text(name)}, which is not a file of the archive")
    raise OSError("a link to itself")


_UNPACKED = 3
"""So many times as long a text is as when it is stored, about."""

_MAX_LINKS = 10
"""The longest chain of links."""
