"""The files of a source by their paths -> its entries, and what is said of those that are no policies."""

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from privacylab.sources import accompanying, kinds, layouts, name_dates, sheets
from privacylab.sources.entries import Entry
from privacylab.sources.layouts import Place
from privacylab.sources.name_dates import NameDate
from privacylab.sources.sheets import Row

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


def media_type_of(name: str) -> str | None:
    """The media type of a file's name; None where it tells nothing."""
    suffix = PurePosixPath(name).suffix.lower()
    return MEDIA_TYPES.get(suffix) or kinds.by_suffix().get(suffix)


Listed = Sequence[tuple[str, str]]
"""Files by their paths, each with the name that the source reads it by."""


class Listing:
    """Makes the entries of one source.

    Args:
        label: The collection that its entries are in.
        root: The name of the source's place, which speaks where a path does not.
        basis: What a date of a name is.
        notes: Sentences for whoever builds on it are added here.
    """

    def __init__(self, label: str, root: str, basis: str, notes: list[str]) -> None:
        self._label = label
        self._root = root
        self._basis = basis
        self._notes = notes
        self._day_first: bool | None = None
        self._layouts: Counter[str] = Counter()

    def entries(self, listed: Listed, stated: Mapping[str, Sequence[Row]]) -> list[Entry]:
        """Entries of policies, and one for what is none and might be looked for.

        Args:
            listed: All files.
            stated: What tables say of files, also of some that are not there.
        """
        folders = accompanying.companions(path for path, _ in listed)
        roles: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for path, name in listed:
            roles["policy" if path in stated else _role(path, folders)].append((path, name))
        n_assets = Counter(_parent(path) for path, _ in roles["asset"])
        roles["policy"] += [file for file in roles["asset"] if n_assets[_parent(file[0])] == 1]  # refused by its kind
        roles["asset"] = [file for file in roles["asset"] if n_assets[_parent(file[0])] > 1]
        self._day_first = name_dates.shows_day_first(PurePosixPath(path).stem for path, _ in roles["policy"])
        there = [entry for file in roles["policy"] for entry in self._versions(*file, stated.get(file[0], ()))]
        missing = stated.keys() - {path for path, _ in roles["policy"]}
        gone = [entry for path in stated if path in missing for entry in self._missing(path, stated[path])]
        self._tell(roles["aside"])
        return [*_united(_others(there)), *gone, *self._beside(roles, folders)]

    def _place(self, path: str) -> Place:
        return layouts.place(path, self._root, day_first=self._day_first)

    def _versions(self, path: str, name: str, rows: Sequence[Row]) -> list[Entry]:
        """The versions of a file: one for each row of a table, or as its path says."""
        place = self._place(path)
        self._layouts[place.layout] += 1
        if rows and _NUMBER.fullmatch(place.document):
            place = place._replace(document="")  # the files that a table numbers are versions, no documents
        if not rows:
            return [self._entry(path, name, place, place.service, place.date)]
        return [
            self._entry(path, name, place, row.service or place.service, row.date or place.date, row) for row in rows
        ]

    def _entry(
        self, path: str, name: str, place: Place, service: str, date: NameDate | None, row: Row | None = None
    ) -> Entry:
        entry = Entry(self._label, service, place.document, None, path, name, media_type_of(path), "none")
        if place.other and not row:
            return entry._replace(reason="other_document", detail=place.document)
        if date and date.value:
            return entry._replace(moment=_moment(date.value), date_basis=self._basis, precision=date.precision)
        if date:
            if row and row.date:
                return entry._replace(reason="bad_date", detail=f"{row.where}: {date.fault}; write YYYY-MM-DD")
            detail = f"{date.fault}; write YYYY-MM-DD in the name or in a metadata.csv"
            return entry._replace(reason="bad_date", detail=detail)
        return entry

    def _missing(self, path: str, rows: Sequence[Row]) -> list[Entry]:
        """Entries for rows without a file."""
        if ".." in PurePosixPath(path).parts:
            return self._versions(path, path, rows)  # told when it is to be read
        detail = f"{rows[0].where}: no file {path} is here; write its path as seen from the folder of that table"
        if not rows[0].path:
            detail = f"{path} has no path; write that of its file"
        return [entry._replace(reason="unreadable", detail=detail) for entry in self._versions(path, path, rows)]

    def _beside(self, roles: Mapping[str, Listed], folders: Mapping[str, str | None]) -> Iterator[Entry]:
        """One entry for each folder of a saved page or of pictures, and for each file that one might look for."""
        for folder, n in sorted(Counter(_within(path, folders) for path, _ in roles["companion"]).items()):
            page = folders[folder]
            yield self._told(f"{folder}/", "companion", f"{_files(n)} of {page or 'a saved page'}", near=page)
        for folder, n in sorted(Counter(_parent(path) for path, _ in roles["asset"]).items()):
            detail = f"{_files(n)} of pictures, styles, scripts or fonts, no texts of policies"
            yield self._told(f"{folder}/", "not_a_policy_file", detail, near=f"{folder}/index.html")
        for path, _ in roles["archive"]:
            kind = f"a {accompanying.archive(path)} archive"
            yield self._told(path, "unreadable_kind", f"{kind}: unpack it, or name it as a source of its own")
        for path, _ in roles["dated"]:
            detail = "a table, settings or code: name it in a metadata.csv if it is a policy"
            yield self._told(path, "not_a_policy_file", detail, near=path)

    def _told(self, source: str, reason: str, detail: str, *, near: str | None = None) -> Entry:
        """The entry of what is not read; it belongs to the service of what it stands near."""
        place = self._place(near or f"{_parent(source)}/index.html")._replace(date=None, other=False)
        return self._entry(source, source, place, place.service, None)._replace(reason=reason, detail=detail)

    def _tell(self, aside: Listed) -> None:
        """Notes on the layouts that paths follow, and on what stands beside policies."""
        forms = {layout.name: layout.form for layout in layouts.LAYOUTS}
        self._notes += [f"{_files(n)} read as {name}: {forms[name]}" for name, n in self._layouts.most_common()]
        if aside:
            shown = ", ".join(path for path, _ in aside[:_SHOWN]) + (" ..." if len(aside) > _SHOWN else "")
            self._notes.append(f"{_files(len(aside))} beside the policies: {shown}")


_NUMBER = re.compile(r"[\W\d_]+|[0-9a-f]{8,64}", re.IGNORECASE)
_SHOWN = 3
"""Names that a note gives before it says that there are more."""


def _parent(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()


def _files(n: int) -> str:
    return f"{n:,} file{'s' if n > 1 else ''}"


def _role(path: str, folders: Mapping[str, str | None]) -> str:
    """What a file is; ``dated`` where it is none by its kind, but its name is a version's."""
    if any(folder.as_posix() in folders for folder in PurePosixPath(path).parents):
        return "companion"
    role = accompanying.role(path)
    if role != "hidden" and (sheets.METADATA.search(path) or sheets.SERVICES.search(path)):
        return "read already"
    if role == "aside" and name_dates.in_name(PurePosixPath(path).stem):
        return "dated"
    return role


def _within(path: str, folders: Iterable[str]) -> str:
    """The outermost of the folders that a path is in."""
    return next(parent.as_posix() for parent in reversed(PurePosixPath(path).parents) if parent.as_posix() in folders)


def _moment(value: str) -> int:
    """Seconds since 1970 of a day, or of the first day of a month or year."""
    return int(dt.datetime.fromisoformat((value + "-01-01")[:10]).replace(tzinfo=dt.UTC).timestamp())


def _others(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, those of each folder of other documents as one."""
    n_files = Counter((entry.name, entry.detail) for entry in entries if entry.reason == "other_document")
    kept: dict[object, Entry] = {}
    for entry in entries:
        if entry.reason == "other_document":
            n = n_files[entry.name, entry.detail]
            folder = f"{_parent(entry.source)}/"
            entry = entry._replace(source=folder, detail=f"{_files(n)} of {entry.detail}, no privacy policies")
        kept[(entry.name, entry.document) if entry.reason == "other_document" else len(kept)] = entry
    return list(kept.values())


def _united(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, where a service's files of no title and those titled "privacy policy" are one document.

    They are, unless both are there on one day.
    """
    days: dict[tuple[str, bool], set[int]] = defaultdict(set)
    for entry in entries:
        if not entry.document or _is_plain(entry.document):
            days[entry.name, not entry.document].add(entry.moment or 0)
    return [
        entry._replace(document="")
        if entry.document and _is_plain(entry.document) and _apart(days, entry.name)
        else entry
        for entry in entries
    ]


def _apart(days: Mapping[tuple[str, bool], set[int]], name: str) -> bool:
    untitled = days.get((name, True), set())
    return bool(untitled) and untitled.isdisjoint(days[name, False])


def _is_plain(title: str) -> bool:
    return layouts.words(title).replace(" ", "") in ("privacy", "privacypolicy")
