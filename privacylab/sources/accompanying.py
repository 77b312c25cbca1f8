"""What stands beside policies and is none: hidden files, licences, code, and what a saved page brings along."""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import PurePosixPath
from typing import Literal

from privacylab import paths
from privacylab.sources import name_dates
from privacylab.sources.layouts import words

Role = Literal["hidden", "aside", "asset", "archive", "policy"]

_HIDDEN = re.compile(
    r"(?:^|/)(?:(?!\.\.)\.[^/]+(?:/.*)?|__MACOSX(?:/.*)?|Thumbs\.db|desktop\.ini|~\$[^/]*)$", re.IGNORECASE
)


@cache
def _rules() -> dict[str, frozenset[str]]:
    rules = paths.rules("layouts")
    return {name: frozenset(rules["beside"][name]) for name in ("assets", "suffixes", "texts")}


@cache
def _readme() -> re.Pattern[str]:
    beside = paths.rules("layouts")["beside"]
    return re.compile(rf"{beside['stems']}(?: {beside['words']})*")


def role(path: str) -> Role:
    """What a file is beside policies.

    Returns:
        ``policy``; ``hidden`` for a system's own; ``asset`` for the pictures, styles and scripts of pages; ``aside``
        for what explains or makes a collection; ``archive`` for an archive within.

    >>> role("README.md"), role("acme/readme.com-2018-05-25.html"), role("css/a.css")
    ('aside', 'policy', 'asset')
    """
    rules, name = _rules(), PurePosixPath(path)
    suffix = name.suffix.lower().removeprefix(".")
    if _HIDDEN.search(path):
        return "hidden"
    if archive(path):
        return "archive"
    if suffix in rules["assets"]:
        return "asset"
    is_text = suffix in rules["texts"] or not re.fullmatch(r"[a-z]\w{0,4}", suffix)
    stem = name.stem if suffix in rules["texts"] else name.name
    if suffix in rules["suffixes"] or (is_text and _readme().fullmatch(words(stem)) and not name_dates.in_name(stem)):
        return "aside"
    return "policy"


def archive(path: str) -> str | None:
    """What kind of archive a file is called; None where it is called otherwise."""
    match = re.search(paths.rules("layouts")["beside"]["archive"], path, re.IGNORECASE)
    return match[0].lower().removeprefix(".") if match else None


def companions(listed: Iterable[str]) -> dict[str, str | None]:
    """The folders that browsers lay beside a saved page, each with its page; None where that has another name.

    A folder is one if it is called as they call it, and a page of its name or a picture, style or script is there.
    """
    paths_of = {path: PurePosixPath(path) for path in listed}
    pages = {path.with_suffix("").as_posix().casefold(): name for name, path in paths_of.items() if path.suffix}
    folders: dict[str, str | None] = {}
    for name, path in paths_of.items():
        for folder in path.parents:
            match = _companion(folder.name)
            page = pages.get((folder.parent / match).as_posix().casefold()) if match else None
            if match and (page or role(name) == "asset"):
                folders[folder.as_posix()] = page
    return folders


@cache
def _companion(folder: str) -> str | None:
    """The name of the page whose pictures a folder of this name holds."""
    endings = "|".join(paths.rules("layouts")["beside"]["folders"])
    match = re.fullmatch(rf"(.+?)[._-](?:{endings})", folder, re.IGNORECASE)
    return match[1] if match else None
