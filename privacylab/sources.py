"""Where policies come from: a folder, a file, a zip or tar, a git repository or bundle of one of the public archives.

A source lists its entries first (cheap: names and dates) and hands out their bytes on request, so that a build reads
each distinct content once. `READERS` is the table of layouts; the first whose test a source passes reads it.
"""

import csv
import datetime as dt
import hashlib
import re
import subprocess
import tarfile
import tempfile
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple, Protocol

import tldextract

from privacylab import paths

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
"""The media type of a file's suffix. Files with other suffixes are no policies."""

IGNORED = re.compile(
    r"(?:^|/)(?:\.[^/]*|__MACOSX|Thumbs\.db|README[^/]*|LICEN[CS]E[^/]*|[^/]*\.(?:csv|json|py|toml|yml|yaml))$", re.I
)
"""Files that accompany policies: hidden ones, licences, indexes, code."""


class SourceError(ValueError):
    """A source that cannot be read at all; the message is one line and says what to do."""


class Entry(NamedTuple):
    """One dated version as a source names it, before its bytes are read."""

    collection: str
    name: str
    document: str
    moment: int | None
    source: str
    content: str
    media_type: str | None
    date_basis: str


class RawPolicy(NamedTuple):
    """One dated version with its bytes; ``data`` is None where they could not be read, and ``detail`` says why."""

    entry: Entry
    data: bytes | None
    detail: str | None = None


class Source(Protocol):
    """What a reader gives: entries first, then contents by their keys."""

    label: str

    def entries(self) -> list[Entry]:
        """Every dated version, in any order."""

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The bytes behind each `Entry.content` asked for; None with a reason where they cannot be read."""


def policies(source: Source) -> Iterator[RawPolicy]:
    """Every version of a source with its bytes, ordered by name, document and moment."""
    listed = sorted(source.entries(), key=lambda entry: (entry.name, entry.document, entry.moment or 0, entry.source))
    wanted = list(dict.fromkeys(entry.content for entry in listed))
    found = {key: (data, detail) for key, data, detail in source.contents(wanted)}
    for entry in listed:
        data, detail = found[entry.content]
        yield RawPolicy(entry, data, detail)


# --- Git ------------------------------------------------------------------------------------------------------------


def _git(repository: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    command = ["git", "-C", str(repository), "-c", "safe.directory=*", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit {done.returncode}"]
        raise SourceError(f"git cannot read {repository}: {lines[-1]}")
    return done.stdout


class GitArchive:
    """An archive of policies in git: every change of a policy's file on any branch is a version, dated by its author.

    Args:
        repository: A repository, with or without a work tree.
        layout: Which paths are policies, and what they are called.
    """

    def __init__(self, repository: Path, layout: "Layout") -> None:
        self.label = layout.collection
        self.repository = repository
        self.layout = layout

    def entries(self) -> list[Entry]:
        """One ``git log --raw`` over all refs."""
        log = _git(self.repository, "log", "--all", "--raw", "-z", "--no-renames", "--no-abbrev", "--format=%x01%at")
        found = set()
        moment = 0
        fields = iter(log.split(b"\0"))
        for raw in fields:
            field = raw.lstrip(b"\n")
            if field.startswith(b"\x01"):
                moment = int(field[1:])
            elif field.startswith(b":"):
                path = next(fields).decode(errors="replace")
                blob, status = field.split()[3:5]
                if status != b"D" and (named := self.layout.name(path)):
                    key = blob.decode()
                    found.add(
                        Entry(self.label, *named, moment, f"{path}@{key}", key, self.layout.media_type, "snapshot")
                    )
        return sorted(found)

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """One ``git cat-file --batch``, read as it is written."""
        command = ["git", "-C", str(self.repository), "-c", "safe.directory=*", "cat-file", "--batch"]
        # The requests stand in a file: through a pipe both sides could wait for each other.
        with tempfile.TemporaryFile() as requests:
            requests.write("".join(f"{key}\n" for key in keys).encode())
            requests.seek(0)
            with subprocess.Popen(
                command, stdin=requests, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            ) as process:
                assert process.stdout is not None
                yield from _batch(process.stdout, keys)


def _batch(answers: IO[bytes], keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
    for key in keys:
        header = answers.readline().split()
        data = answers.read(int(header[2]) + 1)[:-1] if len(header) == 3 else None
        if data is not None and len(data) == int(header[2]):
            yield key, data, None
        else:
            yield key, None, "the object is missing or damaged in the repository"


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
    return match[1].strip(), match[2].strip() or "Privacy Policy"


def _ota_name(path: str) -> tuple[str, str] | None:
    match = _OTA.match(path)
    return (match[1], match[2]) if match else None


LAYOUTS = (
    Layout("tosback2", re.compile(r"^crawl(_reviewed)?/[^/]+/", re.M), _tosback2_name, "text/html"),
    Layout("ota", re.compile(r"^[^/]+/(Parent Organization )?Privacy Policy\.md$", re.M), _ota_name, "text/markdown"),
)


# --- Folders, files, zip, tar ---------------------------------------------------------------------------------------

_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")


class Files:
    """A folder, a single file, or a zip or tar of files.

    The service is the name of a file's folder (of the file itself, less its date, where there is none). The date comes
    from ``YYYY-MM-DD`` in the name or from a ``metadata.csv`` with the columns ``service,date,path``.
    """

    def __init__(self, root: Path, *, label: str | None = None) -> None:
        self.root = root
        self.label = label or re.sub(r"[^a-z0-9]+", "-", root.stem.lower()).strip("-") or "files"
        self._unsafe: list[str] = []

    def entries(self) -> list[Entry]:
        """Every file but those that accompany policies."""
        names = [name for name in self._names() if not IGNORED.search(name)]
        metadata = self._metadata()
        return sorted(self._entry(name, metadata.get(name)) for name in names)

    def _entry(self, name: str, row: dict[str, str] | None) -> Entry:
        path = PurePosixPath(name)
        stem = _DATE.sub("", path.stem).strip(" -_.")
        match = _DATE.search(path.stem)
        stated = "-".join(match.groups()) if match else None
        service = path.parent.name or stem or path.stem
        if row:
            service, stated = row.get("service") or service, row.get("date") or stated
        document = "" if stem.lower().replace("_", "-") in ("", service.lower()) else stem
        moment = _moment(stated, name) if stated else None
        basis = "none" if moment is None else "effective" if self.label in _DATED_BY_REVISION else "snapshot"
        media_type = MEDIA_TYPES.get(path.suffix.lower())
        return Entry(self.label, service, document, moment, name, name, media_type, basis)

    def _names(self) -> list[str]:
        if self.root.is_dir():
            found = (path for path in self.root.rglob("*") if path.is_file() or path.is_symlink())
            return sorted(path.relative_to(self.root).as_posix() for path in found)
        if zipfile.is_zipfile(self.root):
            with zipfile.ZipFile(self.root) as archive:
                return sorted(info.filename for info in archive.infolist() if not info.is_dir())
        if _is_tar(self.root):
            with tarfile.open(self.root) as archive:
                return sorted(member.name for member in archive if member.isfile())
        return [self.root.name]

    def _metadata(self) -> dict[str, dict[str, str]]:
        rows: dict[str, dict[str, str]] = {}
        for name in (name for name in self._names() if PurePosixPath(name).name == "metadata.csv"):
            (_, data, detail), *_rest = self.contents([name])
            if data is None:
                raise SourceError(f"{self.root}: {name} cannot be read ({detail})")
            folder = PurePosixPath(name).parent
            reader = csv.DictReader(data.decode("utf-8-sig").splitlines())
            if not {"service", "date", "path"} <= set(reader.fieldnames or ()):
                raise SourceError(
                    f"{self.root}: {name} needs the columns service,date,path; it has {reader.fieldnames}"
                )
            rows.update({(folder / row["path"]).as_posix(): row for row in reader})
        return rows

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


_DATED_BY_REVISION = frozenset(("through-time",))


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
        except (OSError, KeyError, RuntimeError, zipfile.BadZipFile, tarfile.TarError) as error:
            yield key, None, getattr(error, "strerror", None) or str(error) or type(error).__name__


# --- Which reader ---------------------------------------------------------------------------------------------------


def open_source(path: Path, *, scratch: Path) -> Source:
    """The reader for a path, told by its layout.

    Args:
        path: A folder, a file, a git repository, a git bundle, a zip or a tar.
        scratch: A folder where a bundle may be unpacked.

    Raises:
        SourceError: It is not there, holds nothing, or git cannot read it.
    """
    if not path.exists():
        raise SourceError(f"{path} is not there: name a folder, a file, a git repository, a bundle, a zip or a tar")
    if path.is_file() and path.read_bytes()[:16].startswith((b"# v2 git bundle", b"# v3 git bundle")):
        path = _unbundle(path, scratch)
    if path.is_dir() and _is_repository(path):
        return GitArchive(path, _layout(path))
    files = Files(path, label=_label(path))
    if not files.entries():
        raise SourceError(f"{path} holds no policy: files end in {', '.join(filter(None, MEDIA_TYPES))}")
    return files


def _label(path: Path) -> str | None:
    return "through-time" if path.stem in ("through-time", "privacy-policies-through-time") else None


def _is_repository(path: Path) -> bool:
    return (path / ".git").exists() or ((path / "HEAD").is_file() and (path / "objects").is_dir())


def _unbundle(bundle: Path, scratch: Path) -> Path:
    target = scratch / f"{bundle.stem}.git"
    done = subprocess.run(
        ["git", "clone", "--quiet", "--mirror", str(bundle.resolve()), str(target)], capture_output=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise SourceError(f"{bundle} is a damaged or truncated git bundle ({lines[-1] if lines else done.returncode})")
    return target


def _layout(repository: Path) -> Layout:
    heads = _git(repository, "for-each-ref", "--format=%(objectname)").decode().split()
    for head in heads:
        listing = _git(repository, "-c", "core.quotepath=off", "ls-tree", "-r", "--name-only", head).decode(
            errors="replace"
        )
        for layout in LAYOUTS:
            if layout.test.search(listing):
                return layout
    raise SourceError(
        f"{repository} is a git repository of no known layout: crawl/<domain>/*.txt (ToSBack2) or "
        "<Service>/Privacy Policy.md (Open Terms Archive); for a folder of files, copy them out of git"
    )


# --- Which service, which document ----------------------------------------------------------------------------------


class Fact(NamedTuple):
    """A row of ``rules/services.csv``."""

    name: str
    domain: str
    document: str
    region: str | None
    industry: str | None
    ground: str | None


@cache
def facts() -> dict[str, Fact]:
    """The rows of ``rules/services.csv`` by lower-case name."""
    with (paths.RULES / "services.csv").open(encoding="utf-8", newline="") as file:
        rows = [Fact(*(row[field] or None for field in Fact._fields)) for row in csv.DictReader(file)]  # type: ignore[arg-type]
    return {row.name.lower(): row for row in rows}


@cache
def _extract() -> tldextract.TLDExtract:
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def slug(text: str) -> str:
    """Lower-case letters and digits, joined by hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


@cache
def service_of(name: str) -> tuple[str, str]:
    """The service (a registrable domain where it is known) and the document that a source's name stands for.

    >>> service_of("mail.example.co.uk"), service_of("Acme Boats")
    (('example.co.uk', 'mail'), ('acme-boats', 'main'))
    """
    fact = facts().get(name.lower())
    if fact:
        return fact.domain, fact.document
    parts = _extract()(name)
    if parts.suffix and parts.domain and " " not in name:
        subdomain = parts.subdomain.removeprefix("www").strip(".")
        return f"{parts.domain}.{parts.suffix}".lower(), slug(subdomain) or "main"
    return slug(name) or "unnamed", "main"


_GENERAL = re.compile(
    r"^(?:(?:website|online|web ?site|full|customer|customer's|consumer|general|global|official)[ -])?"
    r"(?:privacy(?:[ -](?:policy|policies|notice|statement|and cookies? policy|centre|center|policy agreement))?|"
    r"data(?:[ -]use)?[ -]policy|(?:terms of (?:use|service) (?:and|&) )?privacy policy|policy)$",
    re.I,
)


def documents(entries: Iterable[Entry]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """The (service, document) of each (collection, name, document) that sources use.

    A document is ``main`` if its title is general (Privacy Policy, Data Policy) or it is the only one. Where a
    collection holds several general titles of a service at one time, the most frequent is ``main``.
    """
    seen: dict[tuple[str, str, str], dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        service, part = service_of(entry.name)
        seen[service, part, entry.collection][_title(entry, service)].append(entry)
    result = {}
    for (service, part, _), titles in seen.items():
        main = _main_titles(titles)
        for title, listed in titles.items():
            document = part if title in main else slug(title) if part == "main" else f"{part}-{slug(title)}"
            for entry in listed:
                result[entry.collection, entry.name, entry.document] = (service, document)
    return result


def _title(entry: Entry, service: str) -> str:
    """A document's title without the name of its service."""
    title = entry.document
    for name in (entry.name, service, service.split(".")[0]):
        title = re.sub(rf"^{re.escape(name)}[ -]+", "", title, flags=re.I)
    return title or "Privacy Policy"


def _main_titles(titles: dict[str, list[Entry]]) -> set[str]:
    if len(titles) == 1:
        return set(titles)
    general = sorted(
        (title for title in titles if _GENERAL.match(title)),
        key=lambda title: (title.lower() != "privacy policy", -len(titles[title]), title),
    ) or [max(sorted(titles), key=lambda title: len(titles[title]))]
    main: set[str] = set()
    spans: list[tuple[int, int]] = []
    for title in general:
        moments = [entry.moment or 0 for entry in titles[title]]
        first, last = min(moments), max(moments)
        if all(last < start or first > end for start, end in spans):
            main.add(title)
            spans.append((first, last))
    return main


def content_id(data: bytes) -> str:
    """The first 16 hex digits of the sha256 of raw bytes."""
    return hashlib.sha256(data).hexdigest()[:16]


def counted(entries: Iterable[Entry]) -> Counter[str]:
    """How many entries each collection holds."""
    return Counter(entry.collection for entry in entries)
