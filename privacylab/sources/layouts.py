"""How collections lay out their files: the service, document and date of a whole path.

`LAYOUTS` is the table of all known layouts; ``rules/layouts.toml`` has an example of each.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

from privacylab import paths
from privacylab.dates.formats import MONTH
from privacylab.sources import name_dates
from privacylab.sources.name_dates import NameDate
from privacylab.sources.patterns import pattern
from privacylab.sources.services import registrable


class Place(NamedTuple):
    """What a path stands for.

    Attributes:
        layout: The name of the layout that it follows.
        service: The service's name.
        document: The document's title; empty for a policy without one.
        date: The date, or why it cannot be read; None if the path gives none.
        other: Whether the layout says that the document is not a privacy policy.
    """

    layout: str
    service: str
    document: str
    date: NameDate | None
    other: bool


class Path(NamedTuple):
    """A path taken apart.

    Attributes:
        root: The name of the source.
        below: The folders in order, without dates and non-names.
        name: The file's name, without date and suffix.
        date: The date.
        dated_folder: Whether the date is a folder's.
    """

    root: str
    below: tuple[str, ...]
    name: str
    date: NameDate | None
    dated_folder: bool

    @property
    def folders(self) -> list[str]:
        """The folders that may be a service or a document's title."""
        return [folder for folder in self.below if not _is("containers", folder)]


# --- The words of names ---------------------------------------------------------------------------------------------


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)


def words(name: str) -> str:
    """A name in lower case, with blanks between its words; "PrivacyPolicy" has two."""
    return re.sub(r"[\W_]+", " ", _spaced(name)).strip().lower()


@lru_cache(maxsize=10_000)
def _is(rule: str, name: str) -> bool:
    """Whether a name is one of a rule's."""
    return pattern(rule).search(words(name)) is not None


def title_in(name: str) -> re.Match[str] | None:
    """The title of a kind of document at a name's end; words joined with capitals are separated.

    >>> title_in("AcmeTerms of Service")[1], title_in("PrivacyPolicy")[1], title_in("Privacy International")
    ('Terms of Service', 'Privacy Policy', None)
    """
    return pattern("title").search(_spaced(name))


_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]+", re.IGNORECASE)
_PORT = re.compile(r"[:+]\d{2,5}$")
_RESERVED = frozenset(("example", "test", "invalid", "localhost", "onion"))


@lru_cache(maxsize=10_000)
def is_host(name: str) -> bool:
    """Whether a name is a host.

    >>> is_host("www.acme.com:8080"), is_host("index.html"), is_host("acme")
    (True, False, False)
    """
    host = _PORT.sub("", name)
    if not _HOST.fullmatch(host):
        return False
    return host.rpartition(".")[2].lower() in _RESERVED or registrable(host) is not None


def _host(name: str) -> str:
    return re.sub(r"^www\d?\.", "", _PORT.sub("", name).lower())


def _labels(name: str) -> list[str]:
    """The names of a service: its name and, for a host, its parts."""
    return [name, *_host(name).split(".")[:-1]]


def _names(label: str, service: str) -> bool:
    """Whether a name says no more than a service's name."""
    bare, *names = [words(name).replace(" ", "") for name in (label, *_labels(service))]
    return bare in names


# --- The table ------------------------------------------------------------------------------------------------------

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d[-:_]\d\d[-:_]\d\d\w*", re.ASCII)


def _dataset(path: Path) -> tuple[str, str] | None:
    is_dated = path.date is not None and not path.name and _INSTANT.match(path.date.written)
    return ([path.root, *path.below][-2], path.below[-1]) if is_dated and path.below else None


def _governance(path: Path) -> tuple[str, str] | None:
    service, document = ["", "", *path.folders][-2:]
    return (service, document) if service and _names(path.name, service + document) else None


def _captures(path: Path) -> tuple[str, str] | None:
    return _pages(path) if path.dated_folder and path.date and path.date.has_time else None


def _pages(path: Path) -> tuple[str, str] | None:
    hosts = [at for at, folder in enumerate(path.below) if is_host(folder)]
    if not hosts:
        return None
    host, *folders = path.below[hosts[-1] :]
    title = "/".join(filter(None, (*folders, _document(path.name, _host(host)))))
    return _host(host), title or ("home" if path.name and _is("index", path.name) else "")


def _host_files(path: Path) -> tuple[str, str] | None:
    match = re.match(rf"(?:\d+_)?({_HOST.pattern})(?:$|[-_ ,@](.*))", path.name, re.IGNORECASE)
    if not match or not is_host(match[1]) or any(_names(folder, match[1]) for folder in path.folders[-1:]):
        return None
    return _host(match[1]), name_dates.bare(match[2] or "")


def _typed(path: Path) -> tuple[str, str] | None:
    service, title = ["", "", *path.folders][-2:]
    if not service or not title_in(title):
        return None
    return service, _document(path.name, service, title, service + title) or title


def _folders(path: Path) -> tuple[str, str] | None:
    *others, service = path.folders or [""]
    if not service or (not others and title_in(service)):
        return None
    return service, _document(path.name, service)


def _files(path: Path) -> tuple[str, str] | None:
    if _is("index", path.name):
        return None
    title = title_in(path.name)
    if not title:
        return path.name, ""
    return (title.string[: title.start()], title[1]) if title.start() else None


def _root(path: Path) -> tuple[str, str]:
    name = "" if _is("index", path.name) else path.name
    service = path.root if not _is("containers", path.root) else name or (path.below or (path.root,))[-1]
    return service, _document(path.name, service) or _document("".join(path.folders[-1:]), service)


def _document(name: str, *services: str) -> str:
    """A file's name as a document's title: none if it only names the service."""
    if _is("index", name) or any(_names(name, each) or (is_host(name) and _names(each, name)) for each in services):
        return ""
    labels = "|".join(re.escape(label) for each in services for label in _labels(each))
    return re.sub(rf"^(?:{labels})[\W_]+(?=\w)", "", name, flags=re.IGNORECASE).replace("_", " ")


LAYOUTS: Mapping[str, Callable[[Path], tuple[str, str] | None]] = {
    "the data set of Open Terms Archive": _dataset,
    "the Platform Governance Archive": _governance,
    "captures of the Wayback Machine": _captures,
    "pages of web sites": _pages,
    "a file for each host and date": _host_files,
    "a folder for each service and document": _typed,
    "a folder for each service": _folders,
    "a file for each service and date": _files,
    "one service": _root,
}
"""The known layouts, each with a function for a path's service and document: the first that fits counts."""


def place(path: str, root: str, *, day_first: bool | None = None) -> Place:
    """What a path stands for.

    Args:
        path: A path within a source.
        root: The name of the source, used if the path has none.
        day_first: Whether names put the day before the month.
    """
    parted = _parted(path, root, day_first)
    seconds = None if parted.date else name_dates.in_seconds(parted.name)
    if seconds:
        dated = _read(parted._replace(name=seconds.rest, date=seconds))
        if not dated.document or _is("privacy", dated.document):  # with another title they may be any number
            return dated
    return _read(parted)


def _read(path: Path) -> Place:
    layout, (service, document) = next((name, named) for name, read in LAYOUTS.items() if (named := read(path)))
    types = paths.rules("layouts")["layouts"][layout].get("types")
    is_other = types == "certain" or (types == "likely" and _is("other", document))
    return Place(layout, service, document, path.date, is_other and not _is("privacy", document))


_SUFFIXES = re.compile(
    r"(?:\.(?:x?html?|shtml|php\d?|aspx?|jsp|cgi|md|markdown|pdf|txt|text|snapshot|json|jsonl|csv|tsv|gz|mht|mhtml|xml|rtf"
    r"|docx?|odt))+$",
    re.IGNORECASE,
)
_YEAR_MONTH_DAY = re.compile(rf"(?:^|(?<=[/\s_-]))((?:19|20)\d\d)/(\d\d?|{MONTH})(?:/(\d\d?))?(?=/|$)", re.IGNORECASE)


_DAY_MONTH_YEAR = re.compile(
    rf"(?:^|(?<=/))(\d\d?/(?:\d\d?|{MONTH})|{MONTH}/\d\d?)/((?:19|20)\d\d)(?=/|$)", re.IGNORECASE
)
_PARTITION = re.compile(r"(?:^|(?<=/))(?:year|month|day)=(?=\d+(?:/|$))", re.IGNORECASE)


def _parted(path: str, root: str, day_first: bool | None) -> Path:
    whole = re.sub(r"(^|/)(?:https?:|\.|\.\.)?(?=/)", r"\1", unquote(path))
    whole = _SUFFIXES.sub("", re.sub(r"[?@][^/?@=]+=[^/]*$", "", whole))
    if not is_host(re.split(r"[/\s_,@]", whole)[-1]):  # whose name has no suffix
        whole = re.sub(r"(?<=[^/])\.[A-Za-z]\w{0,4}$", "", whole)
    whole = _DAY_MONTH_YEAR.sub(lambda match: f"{match[1]}-{match[2]}".replace("/", "-"), _PARTITION.sub("", whole))
    whole = _YEAR_MONTH_DAY.sub(lambda match: "-".join(filter(None, match.groups())), whole)
    *folders, stem = [part for part in whole.split("/") if part] or [""]
    if is_host(root):
        folders.insert(0, root)
    dates = [None if is_host(folder) else name_dates.in_name(folder, day_first=day_first) for folder in folders]
    # With other words a year alone is not a date.
    dates = [date if date and (not date.rest or len(date.value or "") > len("2018")) else None for date in dates]
    own = name_dates.in_name(stem, day_first=day_first)
    # The most precise date, of equals the nearest; an unreadable one is no reason to guess.
    date = min(
        filter(None, (own, *reversed(dates))),
        key=lambda date: (not date.has_time, -len(date.value or "YYYY-MM-DD")),
        default=None,
    )
    names = (date.rest if date else folder for folder, date in zip(folders, dates, strict=True))
    name = _SUFFIXES.sub("", own.rest) if own else name_dates.bare(stem)
    return Path(root, tuple(filter(None, names)), name, date, date is not own)
