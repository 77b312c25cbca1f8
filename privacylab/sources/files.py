"""Folders, single files, zips and tars of policies."""

import contextlib
import lzma
import re
import tarfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from privacylab.sources import accompanying, kinds, sheets
from privacylab.sources.entries import Entry, SourceError, slug
from privacylab.sources.kinds import MAX_UNPACKED
from privacylab.sources.listing import Listed, Listing
from privacylab.sources.repository import TOO_LARGE


class Files:
    """A folder, a single file, or a zip or tar of files.

    Service, document and date come from the whole path of a file (`layouts`), or from a ``metadata.csv`` with the
    columns ``service,date,path``. A path there with no file behind it is an entry as well: the ledger shows that it
    could not be read. A ``services.csv`` says what is known of services.

    Attributes:
        paths: The paths of all files, also of those that are no policies.
        facts: Region, industry and owner of services, by their names here.
    """

    keys_tell_bytes = False

    def __init__(self, root: Path, *, label: str | None = None) -> None:
        self.place = root
        self.notes: list[str] = []
        self._archive = _archive_of(root)
        name = _shown(root.absolute().name)
        self.label = label or slug(PurePosixPath(name).stem) or "files"
        basis = "effective" if self.label in _DATED_BY_REVISION else "snapshot"
        listing = Listing(self.label, name if root.is_dir() else _ARCHIVE_SUFFIX.sub("", name), basis, self.notes)
        listed = [(PurePosixPath(_shown(name).replace("\\", "/")).as_posix(), name) for name in self._list()]
        self.facts = self._facts(listed)
        self.paths = [path for path, _ in listed]
        self._entries = listing.entries(listed, self._metadata(listed))

    def __getstate__(self) -> dict[str, object]:
        # A source goes to a worker with each task, and workers ask for contents only.
        return {**vars(self), "_entries": [], "paths": [], "facts": {}}

    def entries(self) -> list[Entry]:
        """Every version, and what one might take for one, as they were when the source was opened."""
        return list(self._entries)

    def _list(self) -> list[str]:
        if self.place.is_dir():
            files = (path for path in self.place.rglob("*") if path.is_file() or path.is_symlink())
            return sorted(path.relative_to(self.place).as_posix() for path in files)
        try:
            if self._archive == "zip":
                with zipfile.ZipFile(self.place) as archive:
                    names = (info.filename for info in archive.infolist())
                    return sorted(name for name in names if not name.endswith(("/", "\\")))
            if self._archive == "tar":
                with tarfile.open(self.place) as archive:
                    return sorted(member.name for member in archive if member.isfile())
        except _DAMAGE as error:
            raise SourceError(f"{self.place} is a damaged or truncated archive ({error})") from None
        if _ARCHIVE_SUFFIX.search(self.place.name) and not _is_document(self.place):
            raise SourceError(f"{self.place} is a damaged or truncated archive: copy it here again")
        return [self.place.name]

    def _metadata(self, listed: Listed) -> dict[str, list[sheets.Row]]:
        """The rows of each ``metadata.csv`` by the path that they speak of."""
        known = sheets.Paths(path for path, _ in listed)
        stated: dict[str, dict[sheets.Row, None]] = defaultdict(dict)
        for path, data in self._sheets(listed, sheets.METADATA):
            for row in sheets.metadata(path, data, self.notes):
                spoken_of = known.named(row.path, str(PurePosixPath(path).parent)) if row.path else row.where
                stated[spoken_of][row] = None
        return {path: _distinct(rows) for path, rows in stated.items()}

    def _facts(self, listed: Listed) -> dict[str, dict[str, str | None]]:
        """What each ``services.csv`` says, by the names of services."""
        facts: dict[str, dict[str, str | None]] = {}
        for path, data in self._sheets(listed, sheets.SERVICES):
            facts |= sheets.facts(path, data, self.notes)
        return facts

    def _sheets(self, listed: Listed, named: re.Pattern[str]) -> Iterator[tuple[str, bytes]]:
        paths = {name: path for path, name in listed if named.search(path) and accompanying.role(path) != "hidden"}
        for name, data, detail in self.contents(list(paths)):
            if data is None:
                raise SourceError(f"{self.place}: {paths[name]} cannot be read ({detail})")
            yield paths[name], data

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The files' bytes; a name that leads out of the archive is not read."""
        for key, file, detail in self.opened(keys):
            try:
                data = None if file is None else file.read(MAX_UNPACKED + 1)
            except (*_DAMAGE, RuntimeError) as error:
                data, detail = None, _why(error)
            if data is not None and len(data) > MAX_UNPACKED:
                data, detail = None, TOO_LARGE
            yield key, data, detail

    def opened(self, keys: Sequence[str]) -> Iterator[tuple[str, IO[bytes] | None, str | None]]:
        """The files themselves, open until the next is asked for, in the order in which they are quick to read."""
        with contextlib.ExitStack() as stack:
            if self._archive == "zip":
                yield from _open_each(keys, stack.enter_context(zipfile.ZipFile(self.place)).open)
            elif self._archive == "tar":
                archive = stack.enter_context(tarfile.open(self.place))
                members = {member.name: member for member in archive}
                places = {key: members[key].offset if key in members else 0 for key in keys}
                yield from _open_each(
                    sorted(keys, key=places.__getitem__), lambda name: _member(archive, members[name])
                )
            else:
                folder = self.place if self.place.is_dir() else self.place.parent
                yield from _open_each(keys, lambda name: (folder / name).open("rb"))


_DATED_BY_REVISION = frozenset(("through-time",))
_ARCHIVE_SUFFIX = re.compile(r"\.(?:zip|tar|tgz|tar\.gz|tar\.bz2|tar\.xz|bundle)$", re.IGNORECASE)
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)


def _shown(name: str) -> str:
    """A file's name as text: bytes that are not UTF-8 are shown as the replacement character."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _distinct(rows: Iterable[sheets.Row]) -> list[sheets.Row]:
    """The rows of one file that say something of their own."""
    return list({(row.service, row.date and row.date.value): row for row in rows}.values())


def _archive_of(place: Path) -> str | None:
    """Whether a file is a ``zip`` or ``tar`` of files; many documents are zips, too."""
    if not place.is_file():
        return None
    if zipfile.is_zipfile(place):
        return None if _is_document(place) else "zip"
    return "tar" if tarfile.is_tarfile(place) else None


def _is_document(place: Path) -> bool:
    """Whether a file is read as what it is, whatever it is called."""
    with place.open("rb") as file:
        kind = kinds.kind_of(file)
    return kind is not None and not kind.advice and kind.media_type not in kinds.PACKED


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise OSError("not a file")
    return file


def _open_each(
    keys: Sequence[str], opener: Callable[[str], IO[bytes]]
) -> Iterator[tuple[str, IO[bytes] | None, str | None]]:
    for key in keys:
        if key.startswith("/") or ".." in PurePosixPath(key).parts:
            yield key, None, "unsafe_path"
            continue
        try:
            file = opener(key)
        except (*_DAMAGE, KeyError, RuntimeError) as error:
            yield key, None, _why(error)
            continue
        with file:
            yield key, file, None


def _why(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
