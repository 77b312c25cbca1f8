"""Folders, single files, zips and tars of policies."""

import csv
import datetime as dt
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from privacylab import eras
from privacylab.sources.entries import Entry, SourceError, slug

MEDIA_TYPES = {
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".pdf": "application/pdf",
    ".txt": None,  # told from its content: plain, Markdown, or with leftover tags
    ".text": None,
    "": None,
}
"""The media type of a file's suffix; that of other suffixes is told from the content as well."""

IGNORED = re.compile(
    r"(?:^|/)(?:(?!\.\.)\.[^/]+(?:/.*)?|__MACOSX(?:/.*)?|Thumbs\.db|README[^/]*|LICEN[CS]E[^/]*|"
    r"[^/]*\.(?:csv|json|parquet|py|toml|yml|yaml))$",
    re.I,
)
"""Files that accompany policies: hidden ones and those in hidden folders, licences, indexes, code, tables."""

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


class Files:
    """A folder, a single file, or a zip or tar of files.

    The service is the name of a file's folder (of the file itself, less its date, where there is none). The date comes
    from ``YYYY-MM-DD`` in the name or from a ``metadata.csv`` with the columns ``service,date,path``. A path there with
    no file behind it is an entry as well: the ledger shows that it could not be read.
    """

    keys_tell_bytes = False

    def __init__(self, root: Path, *, label: str | None = None) -> None:
        self.place = root
        self.notes: list[str] = []
        self.label = label or slug(_shown(root.absolute().stem)) or "files"
        self._names = self._list()
        self._entries = self._policies()

    def __getstate__(self) -> dict[str, object]:
        # A source goes to a worker with each task, and workers ask for contents only.
        return {**vars(self), "_names": [], "_entries": []}

    def entries(self) -> list[Entry]:
        """Every file but those that accompany policies, as they were when the source was opened."""
        return list(self._entries)

    def _policies(self) -> list[Entry]:
        metadata = self._metadata()
        policies = [(name, PurePosixPath(name).as_posix()) for name in self._names if not IGNORED.search(name)]
        entries = [self._entry(name, metadata.get(path)) for name, path in policies]
        missing = metadata.keys() - {path for _, path in policies}
        return entries + [self._entry(path, row) for path, row in metadata.items() if path in missing]

    def _entry(self, name: str, row: dict[str, str] | None) -> Entry:
        shown = _shown(name)
        path = PurePosixPath(shown)
        stem = _DATE.sub("", path.stem).strip(" -_.")
        match = _DATE.search(path.stem)
        stated = "-".join(match.groups()) if match else None
        service = path.parent.name or stem or path.stem
        if row:
            service, stated = row["service"] or service, row["date"] or stated
        document = "" if stem.lower().replace("_", "-") in ("", service.lower()) else stem
        moment = _moment(stated, shown) if stated else None
        basis = "none" if moment is None else "effective" if self.label in _DATED_BY_REVISION else "snapshot"
        media_type = MEDIA_TYPES.get(path.suffix.lower())
        return Entry(self.label, service, document, moment, shown, name, media_type, basis)

    def _list(self) -> list[str]:
        if self.place.is_dir():
            files = (path for path in self.place.rglob("*") if path.is_file() or path.is_symlink())
            return sorted(path.relative_to(self.place).as_posix() for path in files)
        try:
            if zipfile.is_zipfile(self.place):
                with zipfile.ZipFile(self.place) as archive:
                    return sorted(info.filename for info in archive.infolist() if not info.is_dir())
            if tarfile.is_tarfile(self.place):
                with tarfile.open(self.place) as archive:
                    return sorted(member.name for member in archive if member.isfile())
        except _DAMAGE as error:
            raise SourceError(f"{self.place} is a damaged or truncated archive ({error})") from None
        if self.place.name.lower().endswith(_ARCHIVE_SUFFIXES):
            raise SourceError(f"{self.place} is a damaged or truncated archive: copy it here again")
        return [self.place.name]

    def _metadata(self) -> dict[str, dict[str, str]]:
        """The rows of each ``metadata.csv`` by the path that they speak of."""
        indexes = [name for name in self._names if PurePosixPath(name).name == "metadata.csv"]
        rows: dict[str, dict[str, str]] = {}
        for name, data, detail in self.contents(indexes):
            if data is None:
                raise SourceError(f"{self.place}: {name} cannot be read ({detail})")
            for row in self._rows(name, data):
                rows[(PurePosixPath(name).parent / row["path"]).as_posix()] = row
        return rows

    def _rows(self, name: str, data: bytes) -> Iterator[dict[str, str]]:
        columns = ("service", "date", "path")
        try:
            reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
            rows = list(reader)
        except (UnicodeDecodeError, csv.Error) as error:
            raise SourceError(f"{self.place}: {name} is not a CSV in UTF-8 ({error})") from None
        if not set(columns) <= set(reader.fieldnames or ()):
            present = ", ".join(reader.fieldnames or ()) or "none"
            raise SourceError(f"{self.place}: {name} needs the columns service,date,path; it has {present}")
        for number, row in enumerate(rows, 1):
            if not row["path"]:
                raise SourceError(f"{self.place}: {name}, row {number} has no path")
            yield {column: (row[column] or "").strip() for column in columns}

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The files' bytes; a name that leads out of the archive is not read."""
        if self.place.is_file() and zipfile.is_zipfile(self.place):
            with zipfile.ZipFile(self.place) as archive:
                yield from _read_each(keys, archive.read)
        elif self.place.is_file() and tarfile.is_tarfile(self.place):
            with tarfile.open(self.place) as archive:
                yield from _read_each(keys, lambda name: _tar_member(archive, name))
        else:
            folder = self.place if self.place.is_dir() else self.place.parent
            yield from _read_each(keys, lambda name: (folder / name).read_bytes())


_DATED_BY_REVISION = frozenset(("through-time",))
_ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".bundle")
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)


def _shown(name: str) -> str:
    """A file's name as text: bytes that are not UTF-8 are shown as the replacement character."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _moment(stated: str, name: str) -> int:
    try:
        return int(dt.datetime.fromisoformat(eras.first_day(stated.strip())).replace(tzinfo=dt.UTC).timestamp())
    except ValueError:
        raise SourceError(f"{name}: date {stated!r} is not YYYY-MM-DD, YYYY-MM or YYYY") from None


def _tar_member(archive: tarfile.TarFile, name: str) -> bytes:
    member = archive.extractfile(name)
    if member is None:
        raise OSError("not a file")
    return member.read()


def _read_each(keys: Sequence[str], read: Callable[[str], bytes]) -> Iterator[tuple[str, bytes | None, str | None]]:
    for key in keys:
        if key.startswith("/") or ".." in PurePosixPath(key).parts:
            yield key, None, "unsafe_path"
            continue
        try:
            yield key, read(key), None
        except (*_DAMAGE, KeyError, RuntimeError) as error:
            yield key, None, getattr(error, "strerror", None) or str(error) or type(error).__name__
