"""The report on a corpus of one's own: what is true of the embedded panel alone is left out, its own policies come in.

A cell of a notebook that is tagged `PANEL` is about the panel, one that is tagged `MANY` needs `FEW` services; a
notebook whose first cell is tagged so is as a whole.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup
from nbformat import NotebookNode

from privacylab import paths, sources
from privacylab.explore import others
from privacylab.explore.hits import Clause, hits_of
from privacylab.explore.pages import annotated, table
from privacylab.explore.policy import OtherDate, Profile
from privacylab.plots import labels
from privacylab.plots.style import FEW
from privacylab.report import front
from privacylab.sources import counted
from privacylab.sources.listing import shown
from privacylab.tables import Corpus
from privacylab.text.contacts import contacts
from privacylab.text.segments import Segment

PANEL, MANY = "panel", "twenty-services"
MANY_SERVICES = 60
"""A longer list of services has a heading for each letter."""
MAX_PAGES = 500
"""Policies that get a page each; more are a list."""

_HOLE = re.compile(r"not known|not reached|\bnan\b|–|\bn ?= ?[01](?:\.0)?(?=[ ,)])|%(?: \([^)]*\))? of 1\b")
"""What a sentence holds where a number in it cannot be had, or is the share of one service."""
_EMPTY_SHARE = re.compile(r"\b(?:nan% of 0|\d+% of 1)\b")
_EMPTY_TABLE = re.compile(
    r"<table[^>]*>\s*<caption>([^<]*)</caption>(?:(?!</table>).)*<tbody>\s*</tbody>\s*</table>", re.DOTALL
)
_NOT_SHOWN = "Not shown for this corpus: a number in it cannot be had here.\n"


class Page(NamedTuple):
    """A page on a policy."""

    href: str
    title: str
    body: Markup


def is_panel(corpus: Corpus | None) -> bool:
    """Whether what is told of the panel is true of a corpus: it is made of all public archives, and is no sample."""
    return corpus is None or (
        set(corpus.manifest.get("sources", ())) == set(sources.ARCHIVES) and "sample" not in corpus.manifest
    )


def n_services(corpus: Corpus) -> int:
    """Services with a policy."""
    return int(corpus.policies(columns=["service"])["service"].nunique())


def chosen(notebooks: Iterable[tuple[Path, NotebookNode]], corpus: Corpus | None) -> list[tuple[Path, NotebookNode]]:
    """The notebooks that tell something of a corpus, without the cells that do not."""
    hidden = set() if corpus is None or is_panel(corpus) else {PANEL}
    if hidden and corpus is not None and n_services(corpus) < FEW:
        hidden.add(MANY)
    result = []
    for path, nb in notebooks:
        tags = [hidden.intersection(cell.metadata.get("tags", ())) for cell in nb.cells]
        if not (tags and tags[0]):
            nb.cells = [cell for cell, own in zip(nb.cells, tags, strict=True) if not own]
            result.append((path, nb))
    return result


def without_holes(nb: NotebookNode) -> None:
    """Takes out of an executed notebook the sentences with a number that cannot be had, and shares of one service."""
    for cell, output in [(each, output) for each in nb.cells for output in each.get("outputs", ())]:
        if output.get("name") == "stdout":
            lines = output["text"].splitlines(keepends=True)
            kept = [line for line in lines if not _HOLE.search(line)]
            output["text"] = "".join(kept) or _NOT_SHOWN
            if not kept:  # nothing to tell on the first page
                cell.metadata["tags"] = [tag for tag in cell.metadata.get("tags", ()) if tag != "story"]
        for kind, about in output.get("metadata", {}).items():
            if isinstance(about, dict) and _HOLE.search(about.get("alt") or ""):
                about["alt"] = f"{labels.readable(about.get('name') or kind)}."
        if "text/html" in output.get("data", {}):
            markup = _EMPTY_SHARE.sub("–", output["data"]["text/html"])
            output["data"]["text/html"] = _EMPTY_TABLE.sub(r"<p>\1: none.</p>", markup)


def summary(corpus: Corpus) -> str:
    """In sentences what a corpus holds, and what its report leaves out."""
    policies = corpus.policies(columns=["service", "date"])
    dates = policies["date"].dropna()
    days = dict.fromkeys(f"{day:%Y-%m-%d}" for day in (dates.min(), dates.max()) if len(dates))
    text = f"{counted(len(policies), 'policy')} of {counted(n_services(corpus), 'service')}"
    text += f", {' to '.join(days) or 'none with a date'}."
    if 0 < (n_undated := len(policies) - len(dates)) < len(policies):
        text += f" {counted(n_undated, 'policy')} without a day in {'its' if n_undated == 1 else 'their'} date."
    if n_services(corpus) < FEW:
        text += f" Shares and trends need {FEW} services: this report has none."
    return text


def policy_pages(corpus: Corpus) -> Iterator[tuple[str, Page]]:
    """The page of each policy by its id; none for a corpus without text or of more than `MAX_PAGES` policies."""
    if why_no_pages(corpus):
        return
    shares, unknown = None, "the embedded panel is not there"
    with suppress(OSError):
        shares = others.era_shares(Corpus.open(paths.checkout() / "corpus" / "panel"))
    for number, (policy_id, profile) in enumerate(profiles(corpus), 1):
        missing = None
        try:
            missing = None if shares is None else others.not_found(profile, shares)
        except ValueError as error:  # no date, or few services of that era
            unknown = str(error)
        body = annotated(profile, missing=missing, unknown=unknown, where=", in the embedded panel,")
        yield policy_id, Page(f"policy-{number}.html", profile.name, body)


def why_no_pages(corpus: Corpus) -> str | None:
    """Why a corpus has no page for each policy, in a sentence; None if it has."""
    n = corpus.manifest["counts"]["policies"]
    if not corpus.has_text():
        return "No policy has a page of its own: this corpus holds no text."
    if n > MAX_PAGES:
        return f"No policy has a page of its own: there are {n:,}, and pages are made for up to {MAX_PAGES}."
    return None


def profiles(corpus: Corpus) -> Iterator[tuple[str, Profile]]:
    """Each policy's id and its profile, as the tables have it."""
    segments = corpus.segments(columns=["segment_id", "heading", "text", "audience"]).set_index("segment_id")
    scores = corpus.labels()
    percents: dict[str, dict[str, float]] = {}
    for segment, category, score in zip(scores["segment_id"], scores["category"], scores["score"], strict=True):
        percents.setdefault(segment, {})[str(category)] = int(score) / 100
    inside = corpus.occurrences().groupby("policy_id")["segment_id"].agg(list)
    for row in corpus.policies().to_dict("records"):
        own = segments.loc[inside.get(row["policy_id"], [])]
        rows = [
            Segment(heading if isinstance(heading, str) else None, text, audience)
            for heading, text, audience in own.itertuples(index=False)
        ]
        profile = Profile(
            name=_name(row),
            reason=None,
            language=row["language"],
            effective_date=None,
            other_date=None if pd.isna(row["date"]) else OtherDate(_day(row), "corpus"),
            era=row["era"],
            hits=[hit for segment in rows for hit in hits_of(segment)],
            clauses=[Clause(each, percents.get(key, {})) for each, key in zip(rows, own.index, strict=True)],
            contacts=contacts([segment.text for segment in rows]),
            n_words=row["n_words"],
            n_segments=len(rows),
        )
        yield row["policy_id"], profile


def _day(row: Mapping[Hashable, Any]) -> str:
    return "no date" if pd.isna(row["date"]) else f"{row['date']:%Y-%m-%d}"


def _name(row: Mapping[Hashable, Any]) -> str:
    return ", ".join([row["service"], *([] if row["document"] == "main" else [row["document"]]), _day(row)])


def services(corpus: Corpus, hrefs: Mapping[str, str]) -> Markup:
    """A list of the services with a link to each policy's page; of one's own corpus what was left out, too.

    Args:
        corpus: The corpus.
        hrefs: The page of each policy; policies without one are counted.
    """
    rows = front.services(corpus)
    links = _links(corpus, hrefs) if hrefs else {}
    by_letter: dict[str, list[Markup]] = defaultdict(list)
    for name in sorted(rows.index, key=str.casefold):
        facts = Markup(" · ").join([*rows.loc[name, ["Region", "Industry"]].dropna(), _policies(rows.loc[name])])
        if name in links:
            facts += Markup(": {}").format(links[name])
        item = Markup("<li><strong>{}</strong> <span>{}</span></li>").format(name, facts)
        by_letter[_letter(name) if len(rows) > MANY_SERVICES else ""].append(item)
    parts = []
    for letter in sorted(by_letter):
        parts.append(Markup("<h2>{}</h2>").format(letter) if letter else Markup(""))
        parts.append(Markup('<ul class="services">{}</ul>').format(Markup("").join(by_letter[letter])))
    return Markup("").join([*parts, *([] if is_panel(corpus) else _left_out(corpus))])


def _letter(name: str) -> str:
    letter = name[:1].upper()
    return letter if "A" <= letter <= "Z" else "0-9 and others"


def _policies(row: pd.Series) -> str:
    """How many policies a service has, and of which years."""
    years = dict.fromkeys(day[:4] for day in row[["First", "Last"]].dropna())
    return ", ".join([counted(row["Policies"], "policy"), *([" to ".join(years)] if years else [])])


def _left_out(corpus: Corpus) -> Iterator[Markup]:
    """Why policies have no pages, and the versions that are no policies; of the panel a notebook tells it."""
    if reason := why_no_pages(corpus):
        yield Markup("<p>{}</p>").format(reason)
    versions = corpus.versions(columns=["status", "reason", "source"])
    gone = versions[versions["status"] != "kept"]
    why = gone["reason"].astype(object).fillna(gone["status"].astype(object))
    names = paths.rules("names")["exclusion_flow"]
    rows = [
        (labels.readable(name, names), f"{len(some):,}", shown(some.tolist()))
        for name, some in gone["source"].groupby(why)
    ]
    kept = f"{counted(len(versions), 'version')} came in, {counted(len(versions) - len(gone), 'policy')} stayed."
    yield Markup("<h2>What was left out</h2><p>{}</p>").format(kept)
    yield table("Versions left out, and why", ("Why", "Versions", "Which"), rows)


def _links(corpus: Corpus, hrefs: Mapping[str, str]) -> dict[str, Markup]:
    """The links to the pages of each service's policies."""
    links: dict[str, list[Markup]] = defaultdict(list)
    for row in corpus.policies(columns=["policy_id", "service", "document", "date"]).to_dict("records"):
        name = _name(row).removeprefix(f"{row['service']}, ")
        link = Markup('<a href="{}">{}</a>').format(hrefs[row["policy_id"]], name)
        links[row["service"]].append(link)
    return {service: Markup(", ").join(links_of_service) for service, links_of_service in links.items()}
