"""The public archives of policies."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from privacylab import files, paths
from privacylab.sources.entries import SourceError
from privacylab.sources.repository import without_git


class Archive(NamedTuple):
    """A public archive: its address, and the names that it may have in a folder of archives."""

    url: str
    names: tuple[str, ...]


ARCHIVES: Mapping[str, Archive] = {
    label: Archive(block["url"], tuple(block["places"])) for label, block in paths.rules("archives").items()
}
"""The public archives, by their collection in the tables, in the order of ``rules/archives.toml``.

If several watch one document of a service on a day, the first of them counts (`services.views`).
"""


def collection_of(place: Path) -> str | None:
    """The public archive with a place's name; None if there is none."""
    names = {place.name, place.with_suffix("").name}
    return next((label for label, archive in ARCHIVES.items() if not names.isdisjoint(archive.names)), None)


def archive(collection: str, folder: Path) -> Path:
    """The place of a public archive in a folder of archives, as made by ``fetch`` or a download.

    Raises:
        SourceError: The folder does not have it.
    """
    names = ARCHIVES[collection].names if collection in ARCHIVES else ()
    for name in names:
        if (folder / name).exists():
            return folder / name
    raise SourceError(f"{folder} holds no {collection}: expected {' or '.join(names)} (see `privacylab fetch`)")


def clone(place: str, target: Path) -> None:
    """Clones a repository with its whole history, bare; a failed clone leaves nothing.

    Args:
        place: An https address or a local path.
        target: The clone's folder; its parent exists.

    Raises:
        SourceError: Git cannot clone it; it gave the reason on standard error.
    """
    # The user's own settings apply: a network may need them. Nothing else uses git with them.
    env = without_git() | {"GIT_ALLOW_PROTOCOL": "https:file", "GIT_NO_LAZY_FETCH": "1"}
    with files.replacing(target) as staging:
        command = ["git", "clone", "--quiet", "--mirror", "--", place, str(staging)]
        if subprocess.run(command, env=env, check=False).returncode:
            raise SourceError(f"{place} cannot be cloned (see git's message above)")
