"""Where policies come from: a folder, a file, a zip or tar, a git repository or bundle of one of the public archives.

A source lists its entries first (cheap: names and dates) and hands out their bytes on request, so that a build reads
each distinct content once. `READERS` is the table of layouts; the first whose test a source passes reads it.
"""

import csv
import datetime as dt
import hashlib
import io
import lzma
import re
import tarfile
import unicodedata
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from privacylab import git

SourceError = git.SourceError

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

UNREAD = "0" * 16
"""The content id of what could not be read."""

FIRST, END = (int(dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp()) for year in (1990, 2031))
"""Seconds since 1970: from the web's first year to a year to come. No clock: an archive is read alike on any day."""


class Entry(NamedTuple):
    """One dated version as a source names it, before its bytes are read.

    With a ``reason`` it is rejected for what the source says of it, and is not read.
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


class RawPolicy(NamedTuple):
    """One dated version with its bytes; ``data`` is None where they could not be read, and ``detail`` says why."""

    entry: Entry
    data: bytes | None
    detail: str | None = None


class Source(Protocol):
    """What a reader gives: entries first, then contents by their keys.

    ``place`` is where it stands; ``notes`` are sentences that whoever builds on it should read.
    """

    label: str
    place: Path
    notes: list[str]

    def entries(self, *, names: Collection[str] | None = None) -> list[Entry]:
        """Every dated version, in any order; those of some names (`Entry.name`) alone."""

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The bytes behind each `Entry.content` asked for; None with a reason where they cannot be read."""

    def stamp(self) -> list[tuple[str, int, int]]:
        """Differs where the bytes behind the same entries may have changed."""

    def state(self, entries: Iterable[Entry], content_ids: Mapping[str, str]) -> dict[str, str]:
        """What `names_since` compares with later, of entries and what was read of each (by `Entry.source`)."""

    def names_since(self, state: Mapping[str, str]) -> set[str]:
        """The names (`Entry.name`) with a version that came, went or changed."""


def policies(source: Source) -> Iterator[RawPolicy]:
    """Every version of a source with its bytes, ordered by name, document and moment."""
    listed = sorted(source.entries(), key=lambda entry: (entry.name, entry.document, entry.moment or 0, entry.source))
    wanted = list(dict.fromkeys(entry.content for entry in listed))
    found = {key: (data, detail) for key, data, detail in source.contents(wanted)}
    for entry in listed:
        data, detail = found[entry.content]
        yield RawPolicy(entry, data, detail)


# --- Git ------------------------------------------------------------------------------------------------------------


class GitArchive:
    """An archive of policies in git: every change of a policy's file on any branch is a version, dated by its author.

    A file that a commit moves keeps its history: its versions are called as it is called in the end.

    Args:
        repository: What is read.
        layout: Which paths are policies, and what they are called.
    """

    def __init__(self, repository: git.Repository, layout: "Layout") -> None:
        self.label = layout.collection
        self.repository = repository
        self.layout = layout
        self.place = repository.place
        self.notes = repository.notes

    def entries(self, *, names: Collection[str] | None = None) -> list[Entry]:
        """The changes in all commits that a ref led to when it was opened, by service and document, the first first."""
        name = cache(self.layout.name)  # a hundred versions have one path
        changes = self.repository.changes()
        moved = self._moved(changes, name)
        last: dict[str, str] = {}  # what becomes of a path, seen from the end of the history
        found: dict[Entry, None] = {}
        for place in range(len(changes) - 1, -1, -1):
            change = changes[place]
            path = last.get(change.path, change.path)
            if change.moved_from and place in moved:
                last[change.moved_from], last[change.path] = path, change.path
            named = name(path)
            is_version = not change.is_deletion and not (place in moved and change.is_same)  # a move alone is none
            if is_version and named and (names is None or named[0] in names):
                found[self._entry(*named, change)] = None
        return sorted(reversed(found), key=itemgetter(1, 2))

    def _moved(self, changes: Sequence[git.Change], name: Callable[[str], tuple[str, str] | None]) -> set[int]:
        """The places of the changes that moved a policy: a text that others have too, or a short one, tells of none."""
        if not any(change.moved_from for change in changes):
            return set()
        stands: dict[str, str] = {}
        holders: dict[str, Counter[str]] = defaultdict(Counter)
        moved = {}
        for place, change in enumerate(changes):
            named, before = name(change.path), change.moved_from and name(change.moved_from)
            if not named:
                continue
            if change.moved_from and before:
                blob = stands.get(change.moved_from, change.blob)
                if {service for service, n in holders[blob].items() if n} <= {named[0], before[0]}:
                    moved[place] = blob
            if change.path in stands:
                holders[stands.pop(change.path)][named[0]] -= 1
            if not change.is_deletion:
                stands[change.path] = change.blob
                holders[change.blob][named[0]] += 1
        read = self.repository.texts(sorted(set(moved.values())))
        telling = {blob for blob, data, _ in read if data is not None and len(data) >= _MOVED_BYTES}
        return {place for place, blob in moved.items() if blob in telling}

    def _entry(self, service: str, document: str, change: git.Change) -> Entry:
        source, media_type = f"{change.path}@{change.blob}", self.layout.media_type
        entry = Entry(self.label, service, document, change.seconds, source, change.blob, media_type, "snapshot")
        if change.seconds is None or not FIRST <= change.seconds < END:
            told = "no date" if change.seconds is None else f"{change.seconds} seconds since 1970"
            detail = f"commit {change.commit[:12]} has as its author's date {told}"
            return entry._replace(moment=None, date_basis="none", reason="bad_date", detail=detail)
        if not change.mode.startswith(git.FILE_MODE):
            kind = "symbolic link" if change.mode.startswith(git.LINK_MODE) else "submodule"
            return entry._replace(reason="unreadable", detail=f"a {kind}, no file")
        return entry

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The texts behind the blobs' names."""
        return self.repository.texts(keys)

    def stamp(self) -> list[tuple[str, int, int]]:
        """Nothing: a blob's name tells its bytes."""
        return []

    def state(self, entries: Iterable[Entry], content_ids: Mapping[str, str]) -> dict[str, str]:
        """A hash over the entries of each name; of what could not be read another one each time it is looked for."""
        return _state(entries, {source: found for source, found in content_ids.items() if found == UNREAD})

    def names_since(self, state: Mapping[str, str]) -> set[str]:
        """Those whose versions are not what they were, and those of which something could not be read."""
        return _changed(state, _state(self.entries(), {}))


_MOVED_BYTES = 600
"""A shorter text is no policy: a page that says that there is none may stand at any path."""


class Layout(NamedTuple):
    """How an archive names its files: ``name`` gives a path's (service name, document), or None if it is no policy."""

    collection: str
    test: re.Pattern[str]
    name: Callable[[str], tuple[str, str] | None]
    media_type: str


_TOSBACK2 = re.compile(r"^crawl(?:_reviewed)?/([^/]+)/([^/]*)\.txt$")
_TOSBACK2_POLICY = re.compile(r"privacy|data (?:use )?policy", re.I)
_OTA = re.compile(r"^([^/]+)/((?:Parent Organization )?Privacy Policy)\.md$")


def _tosback2_name(path: str) -> tuple[str, str] | None:
    match = _TOSBACK2.match(path)
    if not match or not (_TOSBACK2_POLICY.search(match[2]) or not match[2].strip()):
        return None
    return match[1], match[2].strip() or "Privacy Policy"


def _ota_name(path: str) -> tuple[str, str] | None:
    match = _OTA.match(path)
    return (match[1], match[2]) if match else None


LAYOUTS = (
    Layout(
        "tosback2",
        re.compile(r"^crawl(_reviewed)?/[^/]+/"),
        _tosback2_name,
        "text/html",
    ),
    Layout(
        "ota",
        re.compile(r"^[^/]+/(Parent Organization )?Privacy Policy\.md$"),
        _ota_name,
        "text/markdown",
    ),
)


# --- Folders, files, zip, tar ---------------------------------------------------------------------------------------

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


class Files:
    """A folder, a single file, or a zip or tar of files.

    The service is the name of a file's folder (of the file itself, less its date, where there is none). The date comes
    from ``YYYY-MM-DD`` in the name or from a ``metadata.csv`` with the columns ``service,date,path``. A path there with
    no file behind it is an entry as well: the ledger shows that it could not be read.
    """

    def __init__(self, root: Path, *, label: str | None = None) -> None:
        self.root = self.place = root
        self.notes: list[str] = []
        self.label = label or slug(_shown(root.absolute().stem)) or "files"

    def entries(self, *, names: Collection[str] | None = None) -> list[Entry]:
        """Every file but those that accompany policies."""
        files = self._names()
        metadata = self._metadata(files)
        files = [name for name in files if not IGNORED.search(name)]
        named = {PurePosixPath(name).as_posix() for name in files}
        listed = [self._entry(name, metadata.get(PurePosixPath(name).as_posix())) for name in files]
        listed += [self._entry(name, row) for name, row in metadata.items() if name not in named]
        return [entry for entry in listed if names is None or entry.name in names]

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

    def _names(self) -> list[str]:
        if self.root.is_dir():
            found = (path for path in self.root.rglob("*") if path.is_file() or path.is_symlink())
            return sorted(path.relative_to(self.root).as_posix() for path in found)
        try:
            if zipfile.is_zipfile(self.root):
                with zipfile.ZipFile(self.root) as archive:
                    return sorted(info.filename for info in archive.infolist() if not info.is_dir())
            if _is_tar(self.root):
                with tarfile.open(self.root) as archive:
                    return sorted(member.name for member in archive if member.isfile())
        except _DAMAGE as error:
            raise SourceError(f"{self.root} is a damaged or truncated archive ({error})") from None
        if self.root.name.lower().endswith(_ARCHIVE_SUFFIXES):
            raise SourceError(f"{self.root} is a damaged or truncated archive: copy it here again")
        return [self.root.name]

    def _metadata(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        """The rows of each ``metadata.csv`` by the path that they speak of."""
        rows: dict[str, dict[str, str]] = {}
        for name in (name for name in names if PurePosixPath(name).name == "metadata.csv"):
            ((_, data, detail),) = self.contents([name])
            if data is None:
                raise SourceError(f"{self.root}: {name} cannot be read ({detail})")
            for row in self._rows(name, data):
                rows[(PurePosixPath(name).parent / row["path"]).as_posix()] = row
        return rows

    def _rows(self, name: str, data: bytes) -> Iterator[dict[str, str]]:
        columns = ("service", "date", "path")
        try:
            reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
            rows = list(reader)
        except (UnicodeDecodeError, csv.Error) as error:
            raise SourceError(f"{self.root}: {name} is no CSV in UTF-8 ({error})") from None
        if not set(columns) <= set(reader.fieldnames or ()):
            found = ", ".join(reader.fieldnames or ()) or "none"
            raise SourceError(f"{self.root}: {name} needs the columns service,date,path; it has {found}")
        for number, row in enumerate(rows, 1):
            if not row["path"]:
                raise SourceError(f"{self.root}: {name}, row {number} has no path")
            yield {column: (row[column] or "").strip() for column in columns}

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The files' bytes; a name that leads out of the archive is not read."""
        if self.root.is_file() and zipfile.is_zipfile(self.root):
            with zipfile.ZipFile(self.root) as archive:
                yield from _read_each(keys, archive.read)
        elif self.root.is_file() and _is_tar(self.root):
            with tarfile.open(self.root) as archive:
                yield from _read_each(keys, lambda name: _tar_member(archive, name))
        else:
            folder = self.root if self.root.is_dir() else self.root.parent
            yield from _read_each(keys, lambda name: (folder / name).read_bytes())

    def stamp(self) -> list[tuple[str, int, int]]:
        """Name, size and time of change of each file."""
        files = [self.root / name for name in self._names()] if self.root.is_dir() else [self.root]
        found = [(str(path), path.stat()) for path in files if path.exists()]
        return [(name, state.st_size, state.st_mtime_ns) for name, state in found]

    def state(self, entries: Iterable[Entry], content_ids: Mapping[str, str]) -> dict[str, str]:
        """A hash over the files of each name."""
        return _state(entries, content_ids)

    def names_since(self, state: Mapping[str, str]) -> set[str]:
        """Those whose files are not what they were: all are read for it."""
        entries = {entry.content: entry for entry in self.entries()}
        read = self.contents(list(entries))
        ids = {entries[key].source: UNREAD if data is None else content_id(data) for key, data, _ in read}
        return _changed(state, _state(entries.values(), ids))


def _state(entries: Iterable[Entry], content_ids: Mapping[str, str]) -> dict[str, str]:
    """A hash over the entries of each name and what was read of them."""
    rows: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        rows[entry.name].append(repr((*entry, content_ids.get(entry.source))))
    texts = {name: "\n".join(sorted(own)) for name, own in rows.items()}
    return {name: content_id(text.encode("utf-8", "backslashreplace")) for name, text in texts.items()}


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    return {name for name in before.keys() | now if before.get(name) != now.get(name)}


_DATED_BY_REVISION = frozenset(("through-time",))
_ARCHIVE_SUFFIXES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".bundle")
_DAMAGE = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, tarfile.TarError)


def _shown(name: str) -> str:
    """A file's name as text: bytes that are not UTF-8 are shown as the replacement character."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _moment(stated: str, name: str) -> int:
    padded = stated.strip() + "-01-01"[(len(stated.strip()) - 4) :] if len(stated.strip()) in (4, 7) else stated.strip()
    try:
        return int(dt.datetime.fromisoformat(padded).replace(tzinfo=dt.UTC).timestamp())
    except ValueError:
        raise SourceError(f"{name}: date {stated!r} is not YYYY-MM-DD, YYYY-MM or YYYY") from None


def _is_tar(path: Path) -> bool:
    return path.is_file() and tarfile.is_tarfile(path)


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


# --- Which reader ---------------------------------------------------------------------------------------------------


def open_source(path: Path, *, scratch: Path) -> Source:
    """The reader for a path, told by its layout.

    Args:
        path: A folder, a file, a git repository, a git bundle, a zip or a tar.
        scratch: A folder for what reading it needs, such as an unpacked bundle.

    Raises:
        SourceError: It is not there, holds nothing, or git cannot read it.
    """
    if not path.exists():
        raise SourceError(f"{path} is not there: name a folder, a file, a git repository, a bundle, a zip or a tar")
    if git.is_bundle(path) or (path.is_dir() and git.folder_of(path)):
        own = scratch / f"{path.stem}-{content_id(str(path.resolve()).encode())}.git"
        repository = git.Repository(path, own=own)
        return GitArchive(repository, _layout(repository))
    files = Files(path, label=_label(path))
    if not files.entries():
        raise SourceError(f"{path} holds no policy: files end in {', '.join(filter(None, MEDIA_TYPES))}")
    return files


def _label(path: Path) -> str | None:
    return "through-time" if path.stem in ("through-time", "privacy-policies-through-time") else None


def _layout(repository: git.Repository) -> Layout:
    """The layout of most paths: a branch of notes may look like another archive's."""
    paths = set(repository.paths())
    n_paths = [sum(layout.test.search(path) is not None for path in paths) for layout in LAYOUTS]
    if any(n_paths):
        return LAYOUTS[n_paths.index(max(n_paths))]
    raise SourceError(
        f"{repository.place} is a git repository of no known layout: crawl/<domain>/*.txt (ToSBack2) or "
        "<Service>/Privacy Policy.md (Open Terms Archive); for a folder of files, copy them out of git"
    )


def slug(text: str) -> str:
    """Lower-case letters and digits of any script, joined by hyphens."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", text).lower()).strip("-")


def content_id(data: bytes) -> str:
    """The first 16 hex digits of the sha256 of raw bytes."""
    return hashlib.sha256(data).hexdigest()[:16]
