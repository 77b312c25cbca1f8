"""The files of a git repository that are opened: those that name commits or lead to its objects."""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from privacylab.sources.entries import SourceError

MAX_LIST = 64_000_000
"""Bytes that are read of a file with names of commits."""

_NAME = re.compile(rb"(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")
_BUNDLES = (b"# v2 git bundle", b"# v3 git bundle")


def is_bundle(path: Path) -> bool:
    """Whether a path is a git bundle."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(15) in _BUNDLES


def folder_of(place: Path) -> Path | None:
    """The folder with a repository's refs and objects; None if there is no repository.

    Raises:
        SourceError: A file that leads there is not an ordinary file.
    """
    named = place / ".git"
    folder = place / _pointer(named) if named.is_file() else named if named.is_dir() else place
    if os.path.lexists(folder / "commondir"):
        folder = folder / _pointer(folder / "commondir")
    if not (folder / "objects").is_dir() or not os.path.lexists(folder / "HEAD"):
        return None
    # A folder of policies may have a file and a folder with these names for another reason.
    is_head = re.match(rb"ref: refs/|[0-9a-f]{40}", read(folder / "HEAD"))
    return folder if is_head or folder != place else None


def read(path: Path) -> bytes:
    """A file's bytes; anything but an ordinary file may block, or never end."""
    if not path.is_file():
        raise SourceError(f"{path} is not an ordinary file: the repository is damaged")
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
        return file.read(MAX_LIST) or b""


def _pointer(path: Path) -> str:
    return os.fsdecode(read(path)).removeprefix("gitdir:").strip()


def names_in(lines: Iterable[bytes]) -> set[str]:
    """The names of objects at the beginnings of lines."""
    return {match[0].decode() for match in map(_NAME.match, lines) if match}


def refs(folder: Path) -> set[str]:
    """The objects that a repository's refs lead to, without replacements, which mean other objects.

    Raises:
        SourceError: A ref leads nowhere.
    """
    heads = [path for path in (folder / "HEAD", *folder.glob("worktrees/*/HEAD")) if path.exists()]
    below = (folder / "refs").rglob("*")
    loose = [path for path in below if not path.is_dir() and path.suffix != ".lock"]
    names = set()
    for path in [*heads, *(path for path in loose if folder / "refs" / "replace" not in path.parents)]:
        content = read(path)
        if not content.startswith(b"ref:") and not _NAME.match(content):
            raise SourceError(f"{path} leads to no commit: the repository is damaged")
        names |= names_in([content])
    if os.path.lexists(folder / "packed-refs"):
        packed = read(folder / "packed-refs").splitlines()
        names |= names_in(line for line in packed if b" refs/replace/" not in line)
    return names


def object_folders(first: Path) -> list[Path]:
    """A folder of objects and those from which it borrows, directly or not."""
    folders = [first.resolve()]
    for folder in folders:  # which grows
        lists = folder / "info" / "alternates"
        lines = read(lists).splitlines() if os.path.lexists(lists) else []
        borrowed = [(folder / os.fsdecode(line)).resolve() for line in lines if line and not line.startswith(b"#")]
        folders += [other for other in dict.fromkeys(borrowed) if other.is_dir() and other not in folders]
    return folders


def ordinary_folders(objects: Path) -> Iterator[Path]:
    """The folders of objects, without ``info``.

    Raises:
        SourceError: Something among them is not a file. Git opens everything there: a pipe would block it for ever.
    """
    for folder in sorted(path for path in objects.iterdir() if path.is_dir() and path.name != "info"):
        for path in folder.iterdir():
            if not path.is_file() and not path.is_dir():
                raise SourceError(f"{path} is not an ordinary file: the repository is damaged")
        yield folder


def notes(folder: Path) -> Iterator[str]:
    """What a reader of the history should know, one sentence each."""
    if (folder / "shallow").is_file():
        yield "the clone is shallow, its older history is not here: run git fetch --unshallow in it"
    if next((folder / "objects" / "pack").glob("*.promisor"), None):
        yield "the clone is partial, and what it did not fetch is missing: clone the archive without --filter"
