"""Files with many policies, in any place: web archives and tables become one entry per page or row.

A container is read once, when the source is opened, and each distinct text in it is stored beside the build, packed. So
memory does not grow with the container's size or order, and workers ask for texts by content.
"""

import email
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import IO

from privacylab import paths
from privacylab.sources import kinds, name_dates, tables, web
from privacylab.sources.entries import Entry
from privacylab.sources.kinds import DAMAGE, PACKED, Kind
from privacylab.sources.listing import media_type_of, shown
from privacylab.sources.pages import NO_TEXTS, Page, Reader, Reading, place_of

READERS: Mapping[str, Reader] = {
    "application/warc": web.web_pages,
    "application/x-internet-archive": web.web_pages,
    "application/wacz": web.web_pages,
    "text/csv": tables.reader(tables.csv_rows),
    "text/tab-separated-values": tables.reader(tables.csv_rows),
    "application/json": tables.reader(tables.json_rows),
    "application/vnd.apache.parquet": tables.reader(tables.parquet_rows),
    "application/vnd.apache.arrow.file": tables.reader(tables.arrow_rows),
    "application/vnd.sqlite3": tables.reader(tables.sqlite_rows),
}
"""What reads which container."""

_Opener = Callable[[Sequence[str]], Iterator[tuple[str, IO[bytes] | None, str | None]]]


def versions(listed: Sequence[Entry], opened: _Opener, reading: Reading) -> list[Entry]:
    """The entries of files; for a container, those of its pages.

    Args:
        listed: The entries by the files' names.
        opened: What opens files.
        reading: The readers' input.
    """
    by_file: dict[str, list[Entry]] = defaultdict(list)
    for entry in listed:
        if entry.reason in (None, "unreadable_kind"):  # a name is only a name
            by_file[entry.content].append(entry)
    for name, file, _ in opened(list(by_file)):
        if file is not None:
            by_file[name] = _versions(by_file[name], file, reading)
    entries: list[Entry] = []
    for entry in listed:
        entries += by_file.pop(entry.content, ()) if entry.reason in (None, "unreadable_kind") else [entry]
    aside = [entry for entry in entries if entry.reason == NO_TEXTS]
    others = [entry for entry in entries if entry.reason != NO_TEXTS]
    if others and aside:
        names = shown([entry.source for entry in aside])
        reading.notes.append(
            f"tables without a column of texts, {len(aside):,}: {names}; if they are policies, name it"
        )
    return others or [entry._replace(reason="not_a_policy_file") for entry in aside]


def _versions(entries: Sequence[Entry], file: IO[bytes], reading: Reading) -> list[Entry]:
    """A file's entries as the pages of a container, or unchanged."""
    kind, plain = _unpacked(file, entries[0].content)
    reader = READERS.get(kind.media_type) if kind else None
    if kind is None or reader is None:
        head = kinds.head_of(plain).decode("utf-8", "replace")
        return [_refused(entry, kind) if entry.reason else _as_saved(entry, head) for entry in entries]
    first = entries[0]._replace(reason=None, detail=None)
    pages = list(reader(plain, kind, reading._replace(name=first.name)))
    day_first = name_dates.shows_day_first(page.date for page in pages if page.date)
    return [_entry(first, page, day_first) for page in pages]


def _refused(entry: Entry, kind: Kind | None) -> Entry:
    """An entry refused by its name; if its content is of another refused kind, by that."""
    is_other = kind is not None and kind.advice and kind.name not in (entry.detail or "")
    return entry._replace(detail=kind.refusal) if kind and is_other else entry


def _entry(entry: Entry, page: Page, day_first: bool | None) -> Entry:
    """The entry of a page in the container that another entry stands for."""
    if date := name_dates.in_cell(page.date or "", day_first=day_first):
        entry = date.of(entry, page.date_basis)
    return entry._replace(
        name=page.service or entry.name,
        document=page.document if page.service else entry.document,
        source=f"{entry.source}#{page.place}" if page.place else entry.source,
        content=page.content or entry.content,
        media_type=page.media_type,
        reason=page.reason or entry.reason,
        detail=page.detail or entry.detail,
    )


# --- What a file is -------------------------------------------------------------------------------------------------

_PAGE = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml)", re.I)


def _unpacked(file: IO[bytes], name: str) -> tuple[Kind | None, IO[bytes]]:
    """The kind of a file, and the file at its beginning, both unpacked."""
    try:
        kind = kinds.kind_of(file)
        while kind and kind.media_type in PACKED:
            file, name = PACKED[kind.media_type](file), PurePosixPath(name).stem
            kind = kinds.kind_of(kinds.head_of(file))
        head = kinds.head_of(file)
    except DAMAGE:
        return None, io.BytesIO()  # it is damaged: the page's reader says so
    media_type = media_type_of(name)
    named = kinds.KINDS.get(media_type or "")
    if kind is None and named and named.many and not _PAGE.match(head):
        return named, file
    if kind is None and named is None and tables.is_table(head):
        return kinds.KINDS["text/csv"], file
    is_json = kind and kind.media_type == "application/json"
    is_page = is_json and media_type in ("text/html", "text/markdown")
    return None if is_page else kind, file


_LETTER_DATE = re.compile(r"\s*(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,40}?MIME-Version:", re.I)


_SAVED = [re.compile(pattern, re.I) for pattern in paths.rules("kinds")["saved"]["patterns"]]


def _as_saved(entry: Entry, head: str) -> Entry:
    """An entry without a date or service in its path, with the time and place that its saved page gives."""
    says = next((match for pattern in _SAVED if (match := pattern.search(head))), None)
    date = says.groupdict().get("date") if says else None
    if not says and _LETTER_DATE.search(head):
        date = email.message_from_string(head)["Date"]
    if entry.moment is None and (stated := name_dates.in_cell(str(date or ""))):
        entry = stated.of(entry._replace(reason=None, detail=None), "snapshot")
    host = place_of(says["url"])[0] if says else ""
    is_in_path = entry.name.lower() in entry.source.lower()
    return entry._replace(name=host) if host and not is_in_path else entry
