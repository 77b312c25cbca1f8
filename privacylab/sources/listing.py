"""The files of a source by their paths -> its entries, and the reasons for files that are not policies."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

from privacylab import paths
from privacylab.sources import beside, kinds, layouts, name_dates
from privacylab.sources.entries import Entry
from privacylab.sources.sheets import Row

SHOWN = 3
"""Names that a note lists before it says that there are more."""

_NUMBER = re.compile(r"[\W\d_]+|[0-9a-f]{8,64}", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(tar(?=\.)|\w+$)")
_BY_ITS_PATH = Row("", "", "", None)


class Listing:
    """Makes the entries of one source.

    Args:
        label: The collection that its entries are in.
        root: The name of the source's place, used if a path has none.
        basis: The basis of a name's date.
        notes: Sentences for the builder are added here.
    """

    def __init__(self, label: str, root: str, basis: str, notes: list[str]) -> None:
        self._label, self._basis, self._notes = label, basis, notes
        self._place = partial(layouts.place, root=root)
        self._layouts: Counter[str] = Counter()
        self._refused: dict[tuple[str, str, str], list[str]] = defaultdict(list)

    def entries(
        self, files: Mapping[str, str], stated: Mapping[str, Sequence[Row]], repeated: Iterable[str]
    ) -> list[Entry]:
        """Entries of policies, and of files that are not policies but may be missed.

        Args:
            files: The name that the source reads it by, for each path.
            stated: What tables say about files, including missing ones.
            repeated: Names that the source has more than once, of which the last is read.
        """
        for name in repeated:
            self._refuse("repeated", name)
        policies = {path: files[path] for path in self._policies(files, stated)}
        day_first = name_dates.shows_day_first(PurePosixPath(path).stem for path in policies)
        self._place = partial(self._place, day_first=day_first)
        policies |= {path: path for path in stated if path not in files}
        entries = [
            entry._replace(reason="unreadable", detail=_missing(path, stated[path][0]))
            if path not in files and ".." not in PurePosixPath(path).parts  # reported when it is read
            else entry
            for path, name in policies.items()
            for entry in self._versions(path, name, stated.get(path, ()))
        ]
        known = paths.rules("layouts")["layouts"]
        self._notes += [
            f"{counted(n, 'file')} read as {name}: {known[name]['form']}" for name, n in self._layouts.most_common()
        ]
        return [*_united(entries), *self._refusals()]

    def _policies(self, files: Mapping[str, str], stated: Collection[str]) -> Iterator[str]:
        """The paths of policies; other files are refused, or named in a note."""
        pages, roots = beside.companions(files), beside.repositories(files)
        roles = {path: "policy" if path in stated else beside.role(path) for path in files}
        n_assets = Counter(PurePosixPath(path).parent for path, role in roles.items() if role == "asset")
        aside = []
        for path, role in roles.items():
            folder = PurePosixPath(path).parent
            within = next((str(each) for each in reversed(PurePosixPath(path).parents) if str(each) in pages), None)
            root = next((root for root in roots if path.startswith(root)), None)
            if root:
                self._refuse("repository", root, near=f"{root.removesuffix('.git/')}/index.html")
            elif within and role != "hidden":
                page = pages[within]
                words = {"folder": within, "page": page or "a saved page", "near": page or within}
                self._refuse("companion", path, **words)
            elif role == "policy" or (role == "asset" and n_assets[folder] == 1):  # which is refused by its kind
                yield path
            elif role in ("asset", "archive") or (role == "code" and name_dates.in_name(PurePosixPath(path).stem)):
                self._refuse(role, path, kind="".join(_SUFFIX.findall(path.lower())))
            elif role in ("code", "aside"):
                aside.append(path)
        if aside:
            self._notes.append(f"{counted(len(aside), 'file')} beside the policies: {shown(aside)}")

    def _versions(self, path: str, name: str, rows: Sequence[Row]) -> Iterator[Entry]:
        """The versions of a file: one for each row of a table, or as its path says."""
        place = self._place(path)
        self._layouts[place.layout] += 1
        if place.other and not rows:
            self._refuse("other_document", path, title=place.document)
            return
        # The files that a table numbers are versions, not documents.
        document = "" if rows and _NUMBER.fullmatch(place.document) else place.document
        for row in rows or [_BY_ITS_PATH]:
            service = row.service or place.service
            entry = Entry(self._label, service, document, None, path, name, media_type_of(path), "none")
            if row.date:
                entry = row.date.of(entry, self._basis, where=f"{row.where}: ")
            elif place.date:
                entry = place.date.of(entry, self._basis, place=" in the name or in a metadata.csv")
            yield entry

    def _refuse(self, what: str, path: str, **words: str) -> None:
        """Records what is not read, once per folder."""
        words = {"path": path, "folder": str(PurePosixPath(path).parent), **words}
        rule = {key: text.format(**words) for key, text in paths.rules("layouts")["refused"][what].items()}
        self._refused[rule["source"], rule["reason"], rule["detail"]].append(rule["near"])

    def _refusals(self) -> Iterator[Entry]:
        """The entries of what is not read; each belongs to the service of its neighbours."""
        for (source, reason, detail), near in self._refused.items():
            place = self._place(near[0])
            if detail.startswith("of "):
                detail = f"{counted(len(near), 'file')} {detail}"
            entry = Entry(self._label, place.service, place.document, None, source, source, None, "none")
            yield entry._replace(reason=reason, detail=detail)


def media_type_of(name: str) -> str | None:
    """The media type of a file's name; None if it shows none."""
    return kinds.MEDIA_TYPES.get(PurePosixPath(name).suffix.lower())


def counted(n: int, one: str) -> str:
    """So many of a thing, in words that agree.

    >>> counted(1, "policy"), counted(1200, "policy"), counted(0, "file")
    ('1 policy', '1,200 policies', '0 files')
    """
    many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{n:,} {one if n == 1 else many}"


def shown(names: Sequence[str]) -> str:
    """The first of some names."""
    return ", ".join(names[:SHOWN]) + (" ..." if len(names) > SHOWN else "")


def _missing(path: str, row: Row) -> str:
    if not row.path:
        return f"{path} has no path: write its file's path"
    return f"{row.where}: no file {path} is here: write its path relative to that table's folder"


def _united(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, where a service's files of no title and those titled "privacy policy" are one document.

    They are, unless both are there on one day.
    """
    untitled, plain = defaultdict[str, set[int]](set), defaultdict[str, set[int]](set)
    for entry in entries:
        if not entry.document or _is_plain(entry):
            (plain if entry.document else untitled)[entry.name].add(entry.moment or 0)
    united = {name for name, days in untitled.items() if days.isdisjoint(plain[name])}
    return [entry._replace(document="") if entry.name in united and _is_plain(entry) else entry for entry in entries]


def _is_plain(entry: Entry) -> bool:
    return layouts.words(entry.document).replace(" ", "") in ("privacy", "privacypolicy")
