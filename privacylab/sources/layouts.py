"""How collections lay out their files: which service, document and date a whole path stands for.

`LAYOUTS` is the table of all layouts that are known, each with an example.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import PurePosixPath
from typing import Literal, NamedTuple
from urllib.parse import unquote

from privacylab import paths
from privacylab.sources import name_dates
from privacylab.sources.name_dates import NameDate
from privacylab.sources.services import registrable


class Place(NamedTuple):
    """What a path stands for.

    Attributes:
        layout: The name of the layout that it follows.
        service: The service's name.
        document: The document's title; empty for a policy that has none of its own.
        date: The date, or why it cannot be read; None where the path gives none.
        other: Whether the layout says that the document is no privacy policy.
    """

    layout: str
    service: str
    document: str
    date: NameDate | None
    other: bool = False


class Path(NamedTuple):
    """A path taken apart.

    Attributes:
        root: The name of the source.
        below: The folders and the file's name in order, less dates, suffixes and what is no name.
        host: The place in ``below`` of the last folder that is a host; None where there is none.
        folders: The folders of these that may be a service or a document's title.
        name: The file's name, less date and suffix.
        date: The date.
        dated_folder: Whether it is that of a folder.
    """

    root: str
    below: tuple[str, ...]
    host: int | None
    folders: tuple[str, ...]
    name: str
    date: NameDate | None
    dated_folder: bool


class Layout(NamedTuple):
    """A way to lay out files.

    Attributes:
        name: What it is.
        form: How its paths look.
        example: A path of it.
        stands_for: Service, document and date of the example.
        read: Gives service and document of a path that follows it, else None.
        types: Whether its folders of documents say what kind they are: ``certain``, ``likely``, or not at all.
    """

    name: str
    form: str
    example: str
    stands_for: tuple[str, str, str | None]
    read: Callable[[Path], tuple[str, str] | None]
    types: Literal["certain", "likely", ""] = ""


# --- The words of names ---------------------------------------------------------------------------------------------


@cache
def _rule(name: str) -> re.Pattern[str]:
    return re.compile(paths.rules("layouts")[name], re.IGNORECASE)


@cache
def _words_of(name: str) -> frozenset[str]:
    return frozenset(paths.rules("layouts")[name])


def words(name: str) -> str:
    """A name in lower case, blanks for what stands between its words; "PrivacyPolicy" has two."""
    return re.sub(r"[\W_]+", " ", _spaced(name)).strip().lower()


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _is_container(name: str) -> bool:
    said = words(name)
    return said in _words_of("containers") or all(word in _words_of("containers") for word in said.split())


def is_title(name: str) -> bool:
    """Whether a name is that of a kind of document.

    >>> is_title("Terms of Service"), is_title("PrivacyPolicy"), is_title("Privacy International")
    (True, True, False)
    """
    return _titled(name) is not None


def _titled(name: str) -> re.Match[str] | None:
    """The title at a name's end."""
    return re.search(
        rf"(?:^|[\W_]+)((?:(?:{'|'.join(paths.rules('layouts')['title'])}|and|our|the)(?:[\W_]+|$))+)$",
        _spaced(name),
        re.IGNORECASE,
    )


def is_other(title: str, types: str) -> bool:
    """Whether a title says that a document is no privacy policy; where types are ``certain``, all others say so."""
    said = words(title)
    return not _rule("privacy").search(said) and (types == "certain" or _rule("other").search(said) is not None)


_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]+", re.IGNORECASE)
_PORT = re.compile(r"[:+]\d{2,5}$")
_RESERVED = frozenset(("example", "test", "invalid", "localhost", "onion"))
_SUFFIXES = re.compile(
    r"\.(?:x?html?|shtml|php\d?|aspx?|jsp|cgi|md|markdown|pdf|txt|text|snapshot|json|jsonl|csv|tsv|gz|mht|mhtml|xml|rtf|docx?|odt)$",
    re.IGNORECASE,
)


@lru_cache(maxsize=10_000)
def is_host(name: str) -> bool:
    """Whether a name is that of a host.

    >>> is_host("www.acme.com:8080"), is_host("index.html"), is_host("acme")
    (True, False, False)
    """
    host = _PORT.sub("", name)
    if not _HOST.fullmatch(host):
        return False
    return host.rpartition(".")[2].lower() in _RESERVED or registrable(host) is not None


def _host(name: str) -> str:
    return re.sub(r"^www\d?\.", "", _PORT.sub("", name).lower())


def _names(folder: str, host: str) -> bool:
    """Whether a folder has the name of a host, or of a part of it."""
    return _squeezed(folder) in {_squeezed(host), *map(_squeezed, _host(host).split(".")[:-1])}


# --- The table ------------------------------------------------------------------------------------------------------

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d[-:_]\d\d[-:_]\d\d\w*", re.ASCII)


def _dataset(path: Path) -> tuple[str, str] | None:
    is_dated = path.date is not None and not path.name and _INSTANT.match(path.date.written)
    return ([path.root, *path.below][-2], path.below[-1]) if is_dated and path.below else None


def _governance(path: Path) -> tuple[str, str] | None:
    if len(path.folders) < 2 or _squeezed(path.name) != _squeezed("".join(path.folders[-2:])):
        return None
    return path.folders[-2], path.folders[-1]


def _captures(path: Path) -> tuple[str, str] | None:
    return _pages(path) if path.dated_folder and path.date and path.date.has_time else None


def _pages(path: Path) -> tuple[str, str] | None:
    if path.host is None:
        return None
    host, *folders = path.below[path.host :]
    title = "/".join(filter(None, (*folders, _document(path.name, _host(host)))))
    return _host(host), title or ("home" if words(path.name) in _words_of("index") else "")


def _host_files(path: Path) -> tuple[str, str] | None:
    match = re.match(rf"(?:\d+_)?({_HOST.pattern})(?:$|[-_ ,@](.*))", path.name, re.IGNORECASE)
    if not match or not is_host(match[1]) or any(_names(folder, match[1]) for folder in path.folders[-1:]):
        return None
    return _host(match[1]), name_dates.bare(match[2] or "")


def _typed(path: Path) -> tuple[str, str] | None:
    if len(path.folders) < 2 or not is_title(path.folders[-1]):
        return None
    service, title = path.folders[-2:]
    return service, _document(path.name, service, title, service + title) or title


def _folders(path: Path) -> tuple[str, str] | None:
    if not path.folders or (len(path.folders) == 1 and is_title(path.folders[0])):
        return None
    return path.folders[-1], _document(path.name, path.folders[-1])


def _files(path: Path) -> tuple[str, str] | None:
    if words(path.name) in {"", *_words_of("index")}:
        return None
    title = _titled(path.name)
    service = _spaced(path.name)[: title.start()] if title else path.name
    return (service, title[1] if title else "") if service else None


def _root(path: Path) -> tuple[str, str] | None:
    name = "" if words(path.name) in _words_of("index") else path.name
    service = path.root if not _is_container(path.root) else name or (path.below or (path.root,))[-1]
    return service, _document(path.name, service) or _document("".join(path.folders[-1:]), service)


def _document(name: str, *names: str) -> str:
    """A file's name as a document's title: none where it says nothing but the service."""
    if not name or words(name) in _words_of("index") or (is_host(name) and any(_names(each, name) for each in names)):
        return ""
    labels = {label for each in names for label in (each, *_host(each).split(".")[:-1])}
    if _squeezed(name) in map(_squeezed, labels):
        return ""
    prefix = re.match(rf"(?:{'|'.join(map(re.escape, labels))})[\W_]+(?=\w)", name, re.IGNORECASE)
    return name[prefix.end() if prefix else 0 :].replace("_", " ")


LAYOUTS = (
    Layout(
        "the data set of Open Terms Archive",
        "<service>/<document>/<time>",
        "contrib-2023-01-01/Acme Boats/Privacy Policy/2022-11-14T12-36-45Z.md",
        ("Acme Boats", "Privacy Policy", "2022-11-14"),
        _dataset,
        types="certain",
    ),
    Layout(
        "the Platform Governance Archive",
        "<service>/<document>/<date>_<service>_<document>",
        "Versions/Markdown/Acme/Privacy Policy/20140506_Acme_PrivacyPolicy.md",
        ("Acme", "Privacy Policy", "2014-05-06"),
        _governance,
        types="certain",
    ),
    Layout(
        "captures of the Wayback Machine",
        "<host>/<time>/<path> or <time>/<host>/<path>",
        "websites/www.acme.com/20190320081530/legal/privacy/index.html",
        ("acme.com", "legal/privacy", "2019-03-20"),
        _captures,
    ),
    Layout(
        "pages of web sites",
        "<host>/<path>",
        "acme.com/acme-2018-05-25.html",
        ("acme.com", "", "2018-05-25"),
        _pages,
    ),
    Layout(
        "a file for each host and date",
        "<host> <date>",
        "technology/acme.com-2018-05-25.html",
        ("acme.com", "", "2018-05-25"),
        _host_files,
    ),
    Layout(
        "a folder for each service and document",
        "<service>/<document>/<date>",
        "acme/privacy policy/2018-05-25.html",
        ("acme", "privacy policy", "2018-05-25"),
        _typed,
        types="likely",
    ),
    Layout(
        "a folder for each service",
        "<service>/<document> <date>",
        "policies/acme/app 2018-05-25.html",
        ("acme", "app", "2018-05-25"),
        _folders,
    ),
    Layout(
        "a file for each service and date",
        "<service> <date>",
        "2018/05/acme.html",
        ("acme", "", "2018-05"),
        _files,
    ),
    Layout(
        "one service",
        "<document> <date>",
        "privacy-2018-05-25.html",
        ("mine", "privacy", "2018-05-25"),
        _root,
    ),
)
"""The known layouts: a path follows the first that can read it. The last reads all, as of the source's own name."""


def place(path: str, root: str, *, day_first: bool | None = None) -> Place:
    """What a path stands for.

    Args:
        path: A path within a source.
        root: The name of the source, which speaks where the path does not.
        day_first: Whether names show that they put the day before the month.
    """
    parted = _parted(path, root, day_first)
    seconds = None if parted.date else name_dates.in_seconds(parted.name)
    if seconds:
        dated = _read(parted._replace(name=seconds.rest, date=seconds))
        if not dated.document:  # beside a title they may be any number
            return dated
    return _read(parted)


def _read(path: Path) -> Place:
    layout, (service, document) = next((layout, read) for layout in LAYOUTS if (read := layout.read(path)))
    return Place(layout.name, service, document, path.date, bool(layout.types) and is_other(document, layout.types))


_YEAR_MONTH_DAY = re.compile(r"(?:^|(?<=/))((?:19|20)\d\d)/(\d\d?)(?:/(\d\d?))?(?=/|$)")


def _parted(path: str, root: str, day_first: bool | None) -> Path:
    whole = re.sub(r"(^|/)(?:https?:|\.|\.\.)?(?=/)", r"\1", unquote(path))
    whole = _YEAR_MONTH_DAY.sub(lambda match: "-".join(filter(None, match.groups())), _without_suffixes(whole))
    *raw, stem = [part for part in whole.split("/") if part] or [""]
    if is_host(root):
        raw.insert(0, root)
    dates = [_in_folder(folder, day_first) for folder in raw]
    own = name_dates.in_name(stem, day_first=day_first)
    below = [date.rest if date else folder for folder, date in zip(raw, dates, strict=True)]
    host = max((at for at, folder in enumerate(below) if is_host(folder)), default=None)
    kept = tuple(folder for folder in below if folder)
    date, dated_folder = _best(own, dates)
    return Path(
        root=root,
        below=kept,
        host=None if host is None else sum(map(bool, below[:host])),
        folders=tuple(folder for folder in kept if not _is_container(folder)),
        name=own.rest if own else name_dates.bare(stem),
        date=date,
        dated_folder=dated_folder,
    )


def _without_suffixes(path: str) -> str:
    """A path without query and what says its kind, also twice ("page.pdf.html"); a host's name has no suffix."""
    path = re.sub(r"[?@][^/?@=]+=[^/]*$", "", path)
    while _SUFFIXES.search(path):
        path = _SUFFIXES.sub("", path)
    last = PurePosixPath(path).name
    suffix = PurePosixPath(last).suffix
    return (
        path
        if is_host(re.split(r"[\s_,@]", last)[-1]) or not re.fullmatch(r"\.[A-Za-z]\w{0,4}", suffix)
        else path[: -len(suffix)]
    )


@lru_cache(maxsize=10_000)
def _in_folder(folder: str, day_first: bool | None) -> NameDate | None:
    """A folder's date; beside other words a year alone is none."""
    date = None if is_host(folder) else name_dates.in_name(folder, day_first=day_first)
    return date if date and (not date.rest or len(date.value or "") > len("2018")) else None


def _best(own: NameDate | None, folders: Sequence[NameDate | None]) -> tuple[NameDate | None, bool]:
    """The date that says most, of those that say as much the nearest; one that cannot be read is no reason to guess."""
    if own and own.value is None and not any(date and date.value and date.has_time for date in folders):
        return own, False
    dates = [(date, at > 0) for at, date in enumerate([own, *reversed(folders)]) if date]
    ranked = sorted(dates, key=lambda pair: (pair[0].value is None, not pair[0].has_time, -len(pair[0].value or "")))
    return ranked[0] if ranked else (None, False)
