"""Files that hold many policies, wherever they stand: web archives and tables become entries, a page or a row each.

A container is read once, when the source is opened, and each distinct text in it is stored beside the build, packed.
So memory stays flat, whatever the container's size and order, and workers ask for texts by what they hold.
"""

import contextlib
import datetime as dt
import email
import io
import lzma
import re
import sqlite3
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple
from urllib.parse import unquote, urlsplit

from privacylab import paths
from privacylab.sources import kinds
from privacylab.sources.entries import END, FIRST, Entry, content_id
from privacylab.sources.files import Files
from privacylab.sources.kinds import PACKED, Kind
from privacylab.sources.listing import media_type_of
from privacylab.sources.name_dates import in_name, in_seconds, shows_day_first

NO_TEXTS = "no_texts"
"""The reason of a table that has no column of texts, until it is known whether it stands beside policies."""

SHOWN = 3
"""Names that a note gives before it says that there are more."""

STORED = "\0"
"""What the keys of stored texts begin with; no file's name holds it."""


class Columns(NamedTuple):
    """The columns of tables, where the user named them."""

    text: str | None = None
    date: str | None = None
    service: str | None = None


class Page(NamedTuple):
    """A policy in a container, or what could not be read of it: then it has a ``reason``.

    Attributes:
        place: Where in the container it stands; empty for the container as a whole.
        content: The key of its stored text.
        service: None: as the container's name says.
        date: As text; None: as the container's name says.
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


class Reading(NamedTuple):
    """What a reader of containers needs besides the file.

    Attributes:
        name: The service that the container's name stands for.
        store: Keeps a text and gives its key.
        note: Keeps a sentence for whoever builds.
        columns: Which columns of a table are meant.
        scratch: A folder for what has to stand on the disk.
    """

    name: str
    store: Callable[[bytes], str]
    note: Callable[[str], None]
    columns: Columns
    scratch: Path


class Store:
    """Texts on the disk, each distinct one once, packed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def filling(self) -> Iterator[Callable[[bytes], str]]:
        """What stores a text and gives its key; nothing but the rest of a killed build can stand there before."""
        self.path.unlink(missing_ok=True)
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None)) as database:
            database.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
            database.execute("CREATE TABLE texts (key TEXT PRIMARY KEY, packed BLOB) WITHOUT ROWID")
            database.execute("BEGIN")

            def store(data: bytes) -> str:
                key = STORED + content_id(data)
                if not database.execute("SELECT 1 FROM texts WHERE key = ?", (key,)).fetchone():
                    database.execute("INSERT INTO texts VALUES (?, ?)", (key, zlib.compress(data, 1)))
                return key

            yield store
            database.execute("COMMIT")

    def read(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """The texts of keys."""
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            for key in keys:
                (packed,) = database.execute("SELECT packed FROM texts WHERE key = ?", (key,)).fetchone()
                yield key, zlib.decompress(packed)


class Containers:
    """The policies of files, of which some are containers.

    Args:
        files: The files.
        scratch: A folder for the texts out of containers.
        columns: Which columns of tables are meant.
    """

    keys_tell_bytes = False

    def __init__(self, files: Files, *, scratch: Path, columns: Columns) -> None:
        self.files = files
        self.label, self.place = files.label, files.place
        self.notes, self.facts = list(files.notes), files.facts
        own = content_id(str(files.place.resolve()).encode("utf-8", "surrogateescape"))
        self._store = Store(scratch / f"{files.label}-{own}.texts")
        with self._store.filling() as store:
            reading = Reading(files.label, store, self.notes.append, columns, scratch)
            self._entries = self._told_aside([*self._repositories(), *self._read(reading)])

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_entries": [], "facts": {}}

    def entries(self) -> list[Entry]:
        """Every policy, in files and in containers."""
        return list(self._entries)

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """The bytes of files, and stored texts."""
        yield from self.files.contents([key for key in keys if not key.startswith(STORED)])
        for key, data in self._store.read([key for key in keys if key.startswith(STORED)]):
            yield key, data, None

    def _told_aside(self, entries: list[Entry]) -> list[Entry]:
        """The entries but for tables that hold no texts: of those that stand beside policies a sentence tells."""
        aside = [entry for entry in entries if entry.reason == NO_TEXTS]
        others = [entry for entry in entries if entry.reason != NO_TEXTS]
        if not others or not aside:
            return others or [entry._replace(reason="not_a_policy_file") for entry in aside]
        shown = ", ".join(entry.source for entry in aside[:SHOWN]) + (" ..." if len(aside) > SHOWN else "")
        self.notes.append(f"tables without a column of texts, {len(aside):,}: {shown}; if they are policies, name it")
        return others

    def _repositories(self) -> Iterator[Entry]:
        """A row for each git repository among the files: its history cannot be read there."""
        names = self.files.paths
        roots = {name.removesuffix("HEAD") for name in names if PurePosixPath(name).name == "HEAD"}
        holds = {root: {name[len(root) :].split("/")[0] for name in names if name.startswith(root)} for root in roots}
        self._roots = tuple(root for root, held in holds.items() if {"objects", "config"} <= held)
        detail = "a git repository: unpack it, and build its folder by itself, for its history"
        for root in self._roots:
            name = PurePosixPath(root.removesuffix(".git/")).name or self.label
            yield Entry(self.label, name, "", None, root, root, None, "none", "unreadable_kind", detail)

    def _read(self, reading: Reading) -> Iterator[Entry]:
        """The entries of the files in their order, those of a container in its place."""
        entries = [entry for entry in self.files.entries() if not entry.source.startswith(self._roots or STORED)]
        places: dict[str, list[int]] = defaultdict(list)
        for place, entry in enumerate(entries):
            if entry.reason in (None, "unreadable_kind"):  # what a name says is no more than that
                places[entry.content].append(place)
        versions = [[entry] for entry in entries]
        for name, file, _ in self.files.opened(list(places)):
            if file:
                now_of = self._of_file([entries[place] for place in places[name]], file, reading)
                for place, now in zip(places[name], now_of, strict=True):
                    versions[place] = now
        yield from chain.from_iterable(versions)

    def _of_file(self, entries: Sequence[Entry], file: IO[bytes], reading: Reading) -> list[list[Entry]]:
        """What a file's entries become: the pages of a container, or themselves."""
        first = entries[0]
        kind, plain = _unpacked(file, first.content)
        reader = _reader(kind)
        if kind is None or reader is None:
            head = kinds.head_of(plain).decode("utf-8", "replace")
            return [[entry if entry.reason else _dated_by_itself(entry, head)] for entry in entries]
        pages = list(reader(plain, kind, reading._replace(name=first.name)))
        day_first = shows_day_first(page.date for page in pages if page.date)
        first = first._replace(reason=None, detail=None)
        return [[_entry(first, page, day_first) for page in pages], *([] for _ in entries[1:])]


def _reader(kind: Kind | None) -> Callable[[IO[bytes], Kind, Reading], Iterable[Page]] | None:
    from privacylab.sources import records, web  # which know of `Page`

    return {**web.READERS, **records.READERS}.get(kind.media_type) if kind else None


def _unpacked(file: IO[bytes], name: str) -> tuple[Kind | None, IO[bytes]]:
    """The kind of a file, and the file at its beginning, both as they are when unpacked."""
    try:
        kind = kinds.kind_of(file)
        file.seek(0)
        while kind and kind.media_type in PACKED:
            file, name = PACKED[kind.media_type](file), PurePosixPath(name).stem
            kind = kinds.kind_of(kinds.head_of(file))
            file.seek(0)
    except (OSError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile):
        return None, io.BytesIO()  # it is damaged: whoever reads the page says so
    media_type = media_type_of(name)
    if kind and kind.media_type == "application/json" and media_type in ("text/html", "text/markdown"):
        return None, file
    if kind is None:
        head = kinds.head_of(file)
        file.seek(0)
        named = kinds.by_media_type().get(media_type or "")
        is_named = named is not None and named.many and not _PAGE.match(head)
        kind = named if is_named else kinds.by_media_type()["text/csv"] if named is None and _is_table(head) else None
    return kind, file


_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml)", re.I)


def _is_table(head: bytes) -> bool:
    """Whether a text begins with the heads of columns: of texts, and of dates or services."""
    line = head.partition(b"\n")[0].decode("utf-8", "replace").strip("\ufeff\r")
    cells = [re.sub(r"[\W_]", "", cell).lower() for cell in re.split(r"[,;\t|]", line)]
    rules = paths.rules("kinds")["columns"]
    texts, others = ({cell for cell in cells if cell in rules[part]["names"]} for part in ("text", "date"))
    others |= {cell for cell in cells if cell in rules["service"]["names"]}
    return bool(texts) and bool(others - texts) and 2 <= len(cells) < MAX_COLUMNS


MAX_COLUMNS = 100


def _dated_by_itself(entry: Entry, head: str) -> Entry:
    """An entry whose path tells no date, or no service, with what the page says of when and where it was saved."""
    says = next((match for pattern in _saved() if (match := pattern.search(head))), None)
    date = (
        says.groupdict().get("date") if says else _LETTER_DATE.search(head) and email.message_from_string(head)["Date"]
    )
    if date and entry.moment is None:
        entry = _dated(entry, str(date), "snapshot", None)._replace(reason=None, detail=None)
    host = place_of(says["url"])[0] if says else ""
    return entry._replace(name=host) if host and entry.name.lower() not in entry.source.lower() else entry


_LETTER_DATE = re.compile(r"\s*(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,40}?MIME-Version:", re.I)


@cache
def _saved() -> list[re.Pattern[str]]:
    return [re.compile(pattern, re.I) for pattern in paths.rules("kinds")["saved"]["patterns"]]


def place_of(url: str) -> tuple[str, str]:
    """The host of an address, and its path less what names no document; a host alone may stand for one, too.

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


_NO_TITLE = re.compile(r"[a-z]{2}(?:[-_][a-z]{2})?|index|default|home", re.I)
"""Parts of an address that name no document: languages, countries, a folder's first page."""


def _dated(entry: Entry, date: str, basis: str, day_first: bool | None) -> Entry:
    """An entry with a date that its container states: to the second, or as names and cells have it."""
    with contextlib.suppress(ValueError):
        if match := _DIGITS.fullmatch(date):
            moment = dt.datetime.strptime(match[0][:14], "%Y%m%d%H%M%S")
        else:
            moment = dt.datetime.fromisoformat(date) if len(date) > len("2019-03-20") else dt.datetime.min
        seconds = moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()
        if FIRST <= seconds < END:
            return entry._replace(moment=int(seconds), date_basis=basis, precision="day")
    named = in_seconds(date) or in_name(date, day_first=day_first)
    if named and named.value:
        day = dt.datetime.fromisoformat((named.value + "-01-01")[:10]).replace(tzinfo=dt.UTC)
        return entry._replace(moment=int(day.timestamp()), date_basis=basis, precision=named.precision)
    fault = named.fault if named else f"{date[:40]!r} is no date"
    return entry._replace(moment=None, date_basis="none", reason="bad_date", detail=f"{fault}; write YYYY-MM-DD")


_DIGITS = re.compile(r"\d{14}\d{0,6}")


def _entry(entry: Entry, page: Page, day_first: bool | None) -> Entry:
    """The entry of a page in the container that another entry stands for."""
    if page.date is not None:
        entry = _dated(entry, page.date.strip(), page.date_basis, day_first)
    return entry._replace(
        name=page.service or entry.name,
        document=page.document if page.service else entry.document,
        source=f"{entry.source}#{page.place}" if page.place else entry.source,
        content=page.content or entry.content,
        media_type=page.media_type,
        reason=page.reason or entry.reason,
        detail=page.detail or entry.detail,
    )
