"""The folder of a report: its pages, what belongs to it, and whether it may be replaced."""

import json
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from privacylab.report import pages
from privacylab.tables import croissant

FILES = "files.txt"
"""The page that lists what a report holds: what is not on it is somebody else's."""

_GENERATOR = b'<meta name="generator" content="PrivacyLab'


class ReportError(RuntimeError):
    """The report could not be made; an old report stays as it was.

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
    published = sorted(file.name for file in (site / "figures").iterdir() if file.is_file())
    named: dict[str, list[str]] = defaultdict(list)
    for file in published:
        named[Path(file).stem].append(file)
    name, dataset = corpus.resolve().name, _search_entry(corpus)
    stories: list[pages.Story] = []
    for place, (nb, link) in enumerate(zip(executed, links, strict=True)):
        document = pages.render(
            nb,
            title=link.title,
            previous=links[place - 1] if place else None,
            following=links[place + 1] if place + 1 < len(links) else None,
            place=f"Notebook {place + 1} of {len(links)}",
            siblings=[source.stem for source in sources],
            numbers=published,
            corpus=name,
            dataset=dataset,
        )
        (site / link.href).write_text(document, encoding="utf-8")
        stories += pages.stories(nb, href=link.href)
    entries = [pages.Entry(*link, pages.lead(nb)) for link, nb in zip(links, executed, strict=True)]
    index = pages.home(entries, stories, figures=named, corpus=name, dataset=dataset)
    (site / "index.html").write_text(index, encoding="utf-8")
    if not published:
        (site / "figures").rmdir()


def _search_entry(corpus: Path) -> dict[str, Any] | None:
    """What search engines are told of a corpus; None for an older one, which does not describe itself."""
    try:
        described = json.loads((corpus / croissant.FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return croissant.search_entry(described) if isinstance(described, dict) else None


def list_files(site: Path) -> None:
    """Writes the page that lists what the report holds."""
    names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
    (site / FILES).write_text("".join(f"{name}\n" for name in (*names, FILES)), encoding="utf-8")


def check_replaceable(out: Path) -> None:
    """Only a report may be replaced: a mistyped --out must not take other work with it, nor notes laid beside pages."""
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
    """The files that a report lists as its own; those that look like it where an older version wrote none."""
    if (out / FILES).is_file():
        return (out / FILES).read_text(encoding="utf-8").splitlines()
    figures = [*out.glob("figures/*.png"), *out.glob("figures/*.csv")]
    return [path.relative_to(out).as_posix() for path in (*filter(_is_page, out.glob("*.html")), *figures)]


def _is_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _GENERATOR in file.read(2000)
