"""The public archives of policies."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from privacylab import files, paths
from privacylab.sources.entries import SourceError
from privacylab.sources.repository import without_git


class Archive(NamedTuple):
    """A public archive: where it is cloned from, and the names that it may have in a folder of archives."""

    url: str
    names: tuple[str, ...]


ARCHIVES: Mapping[str, Archive] = {
    label: Archive(block["url"], tuple(block["places"])) for label, block in paths.rules("archives").items()
}
"""The public archives, by the collection that they are in the tables, in the order of ``rules/archives.toml``.

Where several watch one document of a service, the first of them that does on a day speaks for it (`services.views`).
"""


def collection_of(place: Path) -> str | None:
    """The public archive that a place is by its name; None if it is none."""
    names = {place.name, place.with_suffix("").name}
    return next((label for label, archive in ARCHIVES.items() if not names.isdisjoint(archive.names)), None)


def archive(collection: str, folder: Path) -> Path:
    """Where a public archive lies in a folder of archives, as ``fetch`` or a download leaves it.

    Raises:
        SourceError: The folder does not hold it.
    """
    names = ARCHIVES[collection].names if collection in ARCHIVES else ()
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise SourceError(f"{folder} holds no {collection}: expected {' or '.join(names)} (see `privacylab fetch`)")


def clone(place: str, target: Path) -> None:
    """Clones a repository with its whole history, bare; a clone that fails leaves nothing.

    Args:
        place: An https address or a local path.
        target: Where the clone goes; its parent exists.

    Raises:
        SourceError: Git cannot clone it, and has said why on standard error.
    """
    # The user's own settings hold: a network may need them. Nothing else speaks to git.
    env = without_git() | {"GIT_ALLOW_PROTOCOL": "https:file", "GIT_NO_LAZY_FETCH": "1"}
    with files.replacing(target) as staging:
        command = ["git", "clone", "--quiet", "--mirror", "--", place, str(staging)]
        if subprocess.run(command, env=env, check=False).returncode:
            raise SourceError(f"{place} cannot be cloned (see git's message above)")
