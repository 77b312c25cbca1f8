"""The public archives of policies."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from privacylab.sources.entries import SourceError


class Archive(NamedTuple):
    """A public archive: where it is cloned from, and the names that it may have in a folder of archives."""

    url: str
    names: tuple[str, ...]


ARCHIVES: Mapping[str, Archive] = {
    "tosback2": Archive(
        "https://github.com/tosdr/tosback2.git",
        ("tosback2", "tosback2.git", "tosback2.bundle"),
    ),
    "ota": Archive(
        "https://github.com/OpenTermsArchive/contrib-versions.git",
        ("ota", "ota-contrib.git", "ota-contrib.bundle"),
    ),
    "through-time": Archive(
        "https://github.com/workmanjack/privacy-policies-through-time.git",
        ("through-time", "through-time.zip"),
    ),
}
"""The public archives, by the collection that they are in the tables."""


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
