"""What stands beside policies and is none: hidden files, licences, code, and what a saved page brings along."""

from collections.abc import Collection
from pathlib import PurePosixPath

from privacylab import paths
from privacylab.sources.patterns import pattern


def role(path: str) -> str:
    """What a file is beside policies: ``policy``, or one of the names of ``beside`` in ``rules/layouts.toml``.

    >>> role("README.md"), role("acme/readme.com-2018-05-25.html"), role("css/a.css")
    ('aside', 'policy', 'asset')
    """
    return next((name for name in paths.rules("layouts")["beside"] if pattern("beside", name).search(path)), "policy")


def companions(listed: Collection[str]) -> dict[str, str | None]:
    """The folders that browsers lay beside a saved page, each with its page; None where that has another name.

    A folder is one if it is called as they call it, and a page of its name or a picture, style or script is there.
    """
    pages = {PurePosixPath(path).with_suffix("").as_posix().casefold(): path for path in listed if "." in path}
    folders: dict[str, str | None] = {}
    for path in listed:
        for folder in PurePosixPath(path).parents:
            match = pattern("saved", "folder").match(folder.name)
            page = pages.get((folder.parent / match[1]).as_posix().casefold()) if match else None
            if match and (page or role(path) == "asset"):
                folders[folder.as_posix()] = page
    return folders


def repositories(listed: Collection[str]) -> tuple[str, ...]:
    """The folders of git repositories among files, as their paths begin."""
    heads = (path.removesuffix("HEAD") for path in listed if PurePosixPath(path).name == "HEAD")
    return tuple(
        root
        for root in heads
        if root + "config" in listed and any(path.startswith(root + "objects/") for path in listed)
    )
