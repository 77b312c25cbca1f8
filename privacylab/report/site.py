"""The folder of a report: its pages, what belongs to it, and whether it may be replaced."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup
from nbconvert.filters import markdown2html
from nbformat import NotebookNode

from privacylab import files, paths
from privacylab.explore.terminal import CAVEAT
from privacylab.plots import labels
from privacylab.report import figures, front, own, pages, timeline
from privacylab.sources import counted
from privacylab.tables import Corpus, CorpusError, croissant

FILES = "files.txt"
"""The file that lists a report's files: all others belong to somebody else."""

_LISTED = "Each with its region, its industry and its policies. Your browser searches the page (Ctrl or Cmd and F)."
_GENERATOR = b'<meta name="generator" content="PrivacyLab'


class ReportError(RuntimeError):
    """The report could not be made; an old report is unchanged.

    Attributes:
        notebook: File name of the notebook that failed, or None.
        cell: The cell that failed, counted from 1 over all cells, or None.
    """

    def __init__(self, message: str, *, notebook: str | None = None, cell: int | None = None) -> None:
        super().__init__(message)
        self.notebook = notebook
        self.cell = cell


def write_pages(site: Path, sources: Sequence[Path], executed: Sequence[NotebookNode], *, corpus: Path) -> None:
    """Write the pages of executed notebooks beside their figures; nothing is run.

    Args:
        site: A folder that holds ``figures/``.
        sources: The notebooks' files, for the pages' names.
        executed: The notebooks themselves, in the same order.
        corpus: The folder of tables whose numbers they show.
    """
    links = [
        pages.Link(f"{source.stem}.html", pages.heading_one(nb, default=source.stem))
        for source, nb in zip(sources, executed, strict=True)
    ]
    read_corpus = opened(corpus)
    published = sorted(file for file in (site / "figures").iterdir() if file.is_file())
    named: dict[str, list[str]] = defaultdict(list)
    for file in published:
        named[file.stem].append(file.name)
    is_own = not own.is_panel(read_corpus)
    told = front.told(read_corpus, has_plan=not is_own) if read_corpus else []
    about: dict[str, Any] = {"corpus": _name(corpus, read_corpus), "dataset": _search_entry(corpus)}
    about["bar"] = _bar(read_corpus, has_findings=bool(told))
    entries = [
        pages.Entry(*link, pages.lead(nb), pages.number(link.href)) for link, nb in zip(links, executed, strict=True)
    ]
    index = pages.home(
        entries,
        _write_notebooks(site, links, executed, published, about),
        title=f"The policies of {about['corpus']}" if is_own else pages.HOME_TITLE,
        intro=_intro(read_corpus, entries),
        short=front.in_short(read_corpus, told) if read_corpus and not is_own else (),
        is_own=is_own,
        told=_linked(told, links, executed),
        timeline=timeline.timeline(read_corpus),
        files=named,
        captions=figures.captions(executed),
        beside=_write_beside(site, read_corpus, about),
        **about,
    )
    (site / "index.html").write_text(index, encoding="utf-8")
    if not published:
        (site / "figures").rmdir()


def _name(folder: Path, corpus: Corpus | None) -> str:
    """A corpus as the pages name it; of a sample they say so."""
    name, sample = folder.resolve().name, corpus.manifest.get("sample") if corpus else None
    return f"{name}, a sample of {sample['owners']:,} of {sample['of']:,} owners" if sample else name


def _write_notebooks(
    site: Path,
    links: Sequence[pages.Link],
    executed: Sequence[NotebookNode],
    published: Sequence[Path],
    about: Mapping[str, Any],
) -> list[pages.Story]:
    """Writes a page a notebook, and gives what they have for the first page."""
    stories: list[pages.Story] = []
    for place, (nb, link) in enumerate(zip(executed, links, strict=True)):
        document = pages.render(
            nb,
            title=link.title,
            previous=links[place - 1] if place else None,
            following=links[place + 1] if place + 1 < len(links) else None,
            place=pages.number(link.href),
            siblings=[Path(each.href).stem for each in links],
            numbers=published,
            **about,
        )
        (site / link.href).write_text(document, encoding="utf-8")
        stories += pages.stories(nb, href=link.href, numbers=published)
    return stories


def opened(corpus: Path) -> Corpus | None:
    """A corpus; None where there is none."""
    try:
        return Corpus.open(corpus)
    except CorpusError:
        return None


def _linked(
    told: Iterable[front.Finding], links: Sequence[pages.Link], executed: Sequence[NotebookNode]
) -> list[front.Finding]:
    """The findings with working links: to the cell, else to its page, else none."""
    known = {link.href for link in links}
    known |= {f"{link.href}#cell-{cell.id}" for link, nb in zip(links, executed, strict=True) for cell in nb.cells}

    def nearest(cell: str) -> str:
        return next((place for place in (cell, cell.partition("#")[0]) if place in known), "")

    return [finding._replace(cell=nearest(finding.cell)) for finding in told]


def _intro(corpus: Corpus | None, entries: Sequence[pages.Entry]) -> Markup:
    """What a corpus of one's own holds; without a corpus, how the first notebook begins."""
    if corpus is None:
        return entries[0].lead if entries else Markup("")
    return Markup("") if own.is_panel(corpus) else Markup.escape(own.summary(corpus))


def _bar(corpus: Corpus | None, *, has_findings: bool) -> list[pages.Link]:
    """The links above each page, to what the site has."""
    findings = [pages.Link("index.html#findings", "Findings")] if has_findings else []
    services = [pages.Link(pages.SERVICES, "Services")] if corpus else []
    glossary = [pages.Link(pages.GLOSSARY, "Glossary")] if _glossary() else []
    notebooks = pages.Link("index.html#notebooks", "Notebooks")
    return [*findings, *services, notebooks, *glossary, pages.Link("#cite", "Cite")]


def _glossary() -> str:
    """The glossary as Markdown; '' without a checkout."""
    try:
        return (paths.checkout() / "docs" / "glossary.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _write_beside(site: Path, corpus: Corpus | None, about: Mapping[str, Any]) -> list[pages.Entry]:
    """Writes the list of services and the glossary, and says where they are."""
    written = []
    if corpus is not None:
        hrefs = {} if own.is_panel(corpus) else _write_policies(site, corpus, about)
        lead = f"{counted(own.n_services(corpus), 'service')} with a policy in this corpus, by name. {_LISTED}"
        written.append((pages.SERVICES, "The services", lead, f"<p>{lead}</p>{own.services(corpus, hrefs)}"))
    if glossary := _glossary():
        lead = "Words of law, of text and of statistics, as they are used here, and what each label counts."
        markup = f"<p>{lead}</p>{markdown2html(glossary)}<h2>Labels</h2>{_labels()}"
        written.append((pages.GLOSSARY, "Glossary", lead, markup))
    for href, title, lead, markup in written:
        (site / href).write_text(pages.plain(markup, title=title, summary=lead, **about), encoding="utf-8")
    return [pages.Entry(href, title, Markup(lead)) for href, title, lead, _ in written]


def _write_policies(site: Path, corpus: Corpus, about: Mapping[str, Any]) -> dict[str, str]:
    """Writes a page for each policy, where there is text and not too many, and says where each is."""
    hrefs = {}
    for policy_id, page in own.policy_pages(corpus):
        document = pages.plain(page.body, title=page.title, summary=CAVEAT, **about)
        (site / page.href).write_text(document, encoding="utf-8")
        hrefs[policy_id] = page.href
    return hrefs


def _labels() -> str:
    rows = labels.definitions().set_index("name").rename(columns={"covers": "What it counts"})
    caption = "<caption>What each label of a figure or table counts, in one policy</caption>"
    with pd.option_context("display.max_colwidth", None):
        return rows.rename_axis(index=None, columns="Label").to_html(border=0).replace(">", f">{caption}", 1)


def _search_entry(corpus: Path) -> dict[str, Any] | None:
    """The description of a corpus for search engines; None for an older one, which has none."""
    try:
        with files.ordinary(corpus / croissant.FILE) as file:
            described = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return None
    return croissant.search_entry(described) if isinstance(described, dict) else None


def list_files(site: Path) -> None:
    """Writes the file that lists the report's files."""
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    (site / FILES).write_text("".join(f"{name}\n" for name in (*names, FILES)), encoding="utf-8")


def check_replaceable(out: Path) -> None:
    """Only a report may be replaced: a mistyped --out must not delete other work, nor notes beside the pages."""
    if not os.path.lexists(out):
        return
    try:
        names = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir() or path.is_symlink()}
        is_report = _is_page(out / "index.html") or not any(out.iterdir())
        own = _listed(out)
    except OSError:
        is_report = False
    if not is_report:
        raise ReportError(f"{out} exists and is not a report: choose another folder, or remove it")
    if foreign := sorted(names - set(own)):
        raise ReportError(f"{out} holds {', '.join(foreign[:3])}, which would be lost: move that away")


def _listed(out: Path) -> list[str]:
    """The files that a report lists as its own; if an older version has no list, those that look like a report's."""
    if (out / FILES).is_file():
        return (out / FILES).read_text(encoding="utf-8").splitlines()
    figures = [*out.glob("figures/*.png"), *out.glob("figures/*.csv")]
    return [path.relative_to(out).as_posix() for path in (*filter(_is_page, out.glob("*.html")), *figures)]


def _is_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _GENERATOR in file.read(2000)
