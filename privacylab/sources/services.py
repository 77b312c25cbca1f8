"""The service and the document for a source's names, and the facts about services."""

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from privacylab import paths
from privacylab.sources.archives import ARCHIVES
from privacylab.sources.entries import Entry, Source, slug

if TYPE_CHECKING:
    import tldextract


Region = Literal["us", "eu", "uk", "other"]


class Fact(NamedTuple):
    """The facts about a service: a row of ``rules/services.csv``, or of a services.csv beside policies."""

    name: str
    domain: str
    document: str
    region: Region | None
    industry: str | None
    ground: str | None
    owner: str | None = None
    owner_ground: str | None = None


@cache
def facts() -> dict[str, Fact]:
    """The rows of ``rules/services.csv`` by case-folded name."""
    with (paths.RULES / "services.csv").open(encoding="utf-8", newline="") as file:
        rows = [Fact(**{field: value or None for field, value in row.items()}) for row in csv.DictReader(file)]  # type: ignore[arg-type]
    return {row.name.casefold(): row for row in rows}


@cache
def facts_of_domains() -> dict[str, Fact]:
    """The first row of each service."""
    return {row.domain: row for row in reversed(facts().values())}


def stated(sources: Iterable[Source]) -> dict[str, Fact]:
    """What the sources say about services, by service; the rest comes from ``rules/services.csv``."""
    facts: dict[str, Fact] = {}
    for source in sources:
        ground = f"services.csv of {source.label}"
        for name, row in getattr(source, "facts", {}).items():
            service, document = service_of(name)
            fact = facts_of_domains().get(service) or Fact(name, service, document, None, None, None)
            filled = {key: value for key, value in row.items() if value} | {"ground": ground}
            if "owner" in filled:
                filled["owner_ground"] = ground
            facts[service] = facts.get(service, fact)._replace(**filled)
    return facts


@cache
def _extract() -> "tldextract.TLDExtract":
    import tldextract  # takes a tenth of a second, and only names outside the table need it

    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def registrable(host: str) -> tuple[str, str] | None:
    """The registrable domain of a host and the part before it; None without a public suffix."""
    parts = _extract()(host.lower())
    domain = f"{parts.domain}.{parts.suffix}"
    return (domain, parts.subdomain) if parts.suffix and parts.domain else None


@cache
def service_of(name: str) -> tuple[str, str]:
    """The service (a registrable domain if known) and the document for a source's name.

    >>> service_of("mail.example.co.uk"), service_of("Acme Boats")
    (('example.co.uk', 'mail'), ('acme-boats', 'main'))
    """
    name = name.strip()
    fact = facts().get(name.casefold())
    if fact:
        return fact.domain, fact.document
    domain = None if " " in name else registrable(name)
    if domain:
        return domain[0], slug(re.sub(r"^www\d*(?:\.|$)", "", domain[1])) or "main"
    return slug(re.sub(r"^www\d*\.", "", name, flags=re.I)) or "unnamed", "main"


_GENERAL = re.compile(
    r"^(?:(?:website|online|web ?site|full|customer|customer's|consumer|general|global|official)[ -])?"
    r"(?:privacy(?:[ -](?:policy|policies|notice|statement|and cookies? policy|centre|center|policy agreement))?|"
    r"data(?:[ -]use)?[ -]policy|(?:terms of (?:use|service) (?:and|&) )?privacy policy|policy)$",
    re.I,
)


def documents(entries: Iterable[Entry]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """The (service, document) of each (collection, name, document) that sources use.

    A document is ``main`` if its title is general (Privacy Policy, Data Policy) or it is the only one. If a collection
    has several general titles of a service at one time, ``Privacy Policy`` is ``main``, otherwise the most frequent.
    """
    moments: dict[tuple[str, str, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    named: dict[tuple[str, str, str], tuple[tuple[str, str, str], str]] = {}
    for entry in entries:
        service, part = service_of(entry.name)
        group = (service, part, entry.collection)
        title = _title(entry.name, entry.document, service)
        named[entry.collection, entry.name, entry.document] = group, title
        dated = moments[group][title]
        if not entry.reason:  # an undated one says nothing about the time of its title
            dated.append(entry.moment or 0)
    main = {group: _main_titles(titles) for group, titles in moments.items()}
    result = {}
    for key, (group, title) in named.items():
        service, part, _ = group
        own = slug(title) or "unnamed"
        own = own if part == "main" else f"{part}-{own}"
        result[key] = service, part if title in main[group] else own
    return result


@lru_cache(maxsize=10_000)
def _title(name: str, document: str, service: str) -> str:
    """A document's title without the name of its service."""
    title = document
    for word in (name, service, service.split(".")[0]):
        if title[len(word) :].startswith((" ", "-")):  # seldom so, and each word is a pattern to compile
            title = re.sub(rf"^{re.escape(word)}[ -]+", "", title, flags=re.I)
    return title or "Privacy Policy"


def _main_titles(titles: dict[str, list[int]]) -> set[str]:
    """Which titles are ``main``, from the moments of each."""
    if len(titles) == 1:
        return set(titles)
    general = sorted(
        (title for title in titles if _GENERAL.match(title.rpartition("/")[2])),
        key=lambda title: (title.lower() != "privacy policy", -len(titles[title]), title),
    ) or [max(sorted(titles), key=lambda title: len(titles[title]))]
    main: set[str] = set()
    spans: list[tuple[int, int]] = []
    for title in general:
        first, last = min(titles[title], default=0), max(titles[title], default=0)
        if all(last < start or first > end for start, end in spans):
            main.add(title)
            spans.append((first, last))
    return main


def views(listed: Sequence[tuple[Entry, str]]) -> list[tuple[Entry, str]]:
    """The versions of a service, each with its document; a second archive's view of one is a separate document.

    On any day the first of `ARCHIVES` counts whose versions of a document reach from before the day to after it. The
    others follow, in the order in which they began.
    """
    moments: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for entry, document in listed:
        if entry.moment is not None and not entry.reason:
            moments[document][entry.collection].append(entry.moment)
    rank = {name: place for place, name in enumerate(ARCHIVES)}
    spans = {
        document: sorted((rank.get(name, len(rank)), min(days), max(days), name) for name, days in by_archive.items())
        for document, by_archive in moments.items()
    }
    return [(entry, _view(entry, document, spans.get(document, []))) for entry, document in listed]


def _view(entry: Entry, document: str, spans: Sequence[tuple[int, int, int, str]]) -> str:
    """The document of a version, with the archives that saw it in the order of their spans."""
    for _, first, last, collection in spans:
        if collection == entry.collection:
            break
        if entry.moment is not None and first <= entry.moment <= last:
            view = f"seen-by-{entry.collection}"
            return view if document == "main" else f"{document}-{view}"
    return document
