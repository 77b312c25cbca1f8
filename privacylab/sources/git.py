"""Archives of policies in git: which paths are policies, and what each of their changes means."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from privacylab.sources import repository
from privacylab.sources.entries import END, FIRST, Entry


class GitArchive:
    """An archive of policies in git: every change of a policy's file on any branch is a version, dated by its author.

    A file that a commit moves keeps its history: its versions have its last name.

    Args:
        repository: The repository.
        layout: Which paths are policies, and their names.
    """

    keys_tell_bytes = True

    def __init__(self, repository: repository.Repository, layout: "Layout") -> None:
        self.label = layout.collection
        self.repository = repository
        self.layout = layout
        self.place, self.notes = repository.place, repository.notes
        self.contents, self.sizes = repository.texts, repository.sizes

    def entries(self) -> list[Entry]:
        """The changes in all commits that a ref led to when it was opened, by service and document, oldest first."""
        name = cache(self.layout.name)  # a hundred versions have one path
        changes = self.repository.changes()
        moved = self._moved(changes, name)
        last: dict[str, str] = {}  # the last name of a path, seen from the end of the history
        entries: dict[Entry, None] = {}
        stays: dict[str, bool] = {}  # whether a path is there in the end
        for place, change in reversed([*enumerate(changes)]):
            path = last.get(change.path, change.path)
            if change.moved_from and place in moved:
                last[change.moved_from], last[change.path] = path, change.path
            named = name(path)
            stays.setdefault(path, not change.is_deletion)
            is_mere_move = place in moved and change.is_same
            if named and not change.is_deletion and not is_mere_move:
                entries[self._entry(*named, change)] = None
        listed = sorted(reversed(entries), key=itemgetter(1, 2))
        gone = {named for path in stays if (named := name(path))} - {name(path) for path in stays if stays[path]}
        self.notes = [*self.repository.notes, *_taken_over(listed, gone)]
        return listed

    def _moved(self, changes: Sequence[repository.Change], name: Callable[[str], tuple[str, str] | None]) -> set[int]:
        """The places of the changes that moved a policy: a shared or short text does not prove a move."""
        if not any(change.moved_from for change in changes):
            return set()
        stands: dict[str, str] = {}
        holders: dict[str, Counter[str]] = defaultdict(Counter)
        moved = {}
        for place, change in enumerate(changes):
            named = name(change.path)
            if not named:
                continue
            if change.moved_from:
                before = name(change.moved_from) or named
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

    def _entry(self, service: str, document: str, change: repository.Change) -> Entry:
        source, kind = f"{change.path}@{change.blob}", self.layout.media_type
        seconds = change.seconds
        entry = Entry(self.label, service, document, seconds, source, change.blob, kind, "snapshot")
        if seconds is None or not FIRST <= seconds < END:
            date = "no date" if seconds is None else f"{seconds} seconds since 1970"
            detail = f"commit {change.commit[:12]} has the author's date {date}"
            return entry._replace(moment=None, date_basis="none", reason="bad_date", detail=detail)
        if not change.mode.startswith(repository.FILE_MODE):
            other = "symbolic link" if change.mode.startswith(repository.LINK_MODE) else "submodule"
            return entry._replace(reason="unreadable", detail=f"a {other}, no file")
        return entry


def _taken_over(entries: Sequence[Entry], gone: Collection[tuple[str, str]]) -> Iterator[str]:
    """A note if a policy ended with the text with which one other begins: it may be one service.

    Args:
        entries: By service and document, oldest first.
        gone: The policies that are not there in the end.
    """
    histories = [[*versions] for _, versions in groupby(entries, itemgetter(1, 2))]
    begins = {(first.content, first.name) for first, *_ in histories}
    holders: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        holders[entry.content].add(entry.name)
    pairs = []
    for *_, last in histories:
        others = holders[last.content] - {last.name}
        if (last.name, last.document) in gone and len(others) == 1 and (last.content, *others) in begins:
            pairs.append(f"{last.name} and {others.pop()}")
    if pairs:
        more = f" and {len(pairs) - _MOST_NAMED:,} more" if len(pairs) > _MOST_NAMED else ""
        yield (
            f"a service that was renamed may count as two ({'; '.join(pairs[:_MOST_NAMED])}{more}): the first ends "
            "with the text with which the second begins; to count them as one, move the folder in one commit (git mv)"
        )


_MOST_NAMED = 5
"""Pairs of services that a note names."""

_MOVED_BYTES = 600
"""A shorter text is not a policy: any path may have a page that says that there is none."""


class Layout(NamedTuple):
    """How an archive names its files.

    Attributes:
        collection: The archive's name.
        files: The pattern of its files' paths.
        policies: The pattern of policies' paths: one group is the service's name, one the document's.
        media_type: The media type of its files.
    """

    collection: str
    files: re.Pattern[str]
    policies: re.Pattern[str]
    media_type: str

    def name(self, path: str) -> tuple[str, str] | None:
        """The service's name and the document of a path; None if it is not a policy."""
        match = self.policies.match(path)
        return (match[1], match[2].strip() or "Privacy Policy") if match else None


_CRAWL = re.compile(r"crawl(?:_reviewed)?/[^/]+/")
_CRAWLED_POLICY = re.compile(r"crawl(?:_reviewed)?/([^/]+)/(\s*|[^/]*(?i:privacy|data (?:use )?policy)[^/]*)\.txt$")
_OTA_POLICY = re.compile(r"([^/]+)/((?:Parent Organization )?Privacy Policy)\.md$")

LAYOUTS = (
    Layout("tosback2", _CRAWL, _CRAWLED_POLICY, "text/html"),
    Layout("ota", _OTA_POLICY, _OTA_POLICY, "text/markdown"),
)


def layout_of(repository: repository.Repository) -> Layout | None:
    """The layout of most paths: a branch of notes may look like another archive's; None if no layout fits."""
    paths = set(repository.paths())
    n_paths = [sum(layout.files.match(path) is not None for path in paths) for layout in LAYOUTS]
    return LAYOUTS[n_paths.index(max(n_paths))] if any(n_paths) else None
