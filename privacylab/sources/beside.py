"""Files beside policies that are not policies: hidden files, licences, code, and the files of a saved page."""

from collections.abc import Collection
from pathlib import PurePosixPath

from privacylab import paths
from privacylab.sources.patterns import pattern


def role(path: str) -> str:
    """The role of a file: ``policy``, or one of the names of ``beside`` in ``rules/layouts.toml``.

    >>> role("README.md"), role("acme/readme.com-2018-05-25.html"), role("css/a.css")
    ('aside', 'policy', 'asset')
    """
    return next((name for name in paths.rules("layouts")["beside"] if pattern("beside", name).search(path)), "policy")


def companions(listed: Collection[str]) -> dict[str, str | None]:
    """The folders that browsers put beside a saved page, each with its page; None if that has another name.

    A folder is one if it has the usual name, and there is a page with its name or a picture, style or script.
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
    """The folders of git repositories among files, as beginnings of paths."""
    heads = (path.removesuffix("HEAD") for path in listed if PurePosixPath(path).name == "HEAD")
    roots = (root for root in heads if root + "config" in listed)
    return tuple(root for root in roots if any(path.startswith(root + "objects/") for path in listed))
