"""One executed notebook as one accessible HTML page, and the site's index page.

nbconvert turns the cells into HTML with the template of ``template/``; this module does what a template cannot:
headings and their anchors, links between notebooks, and blocking of anything from outside; `tables` finishes the
tables. It never runs a notebook: it shows what was checked.
"""

import copy
import html
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html
from nbformat import NotebookNode
from selectolax.lexbor import LexborHTMLParser, LexborNode
from traitlets.config import Config

from privacylab.plots import labels
from privacylab.report import figures, front, harmless, tables
from privacylab.report.figures import TEMPLATES
from privacylab.report.tables import inner

HOME_TITLE = "A history of English privacy policies"
MAX_STORY_FIGURES = 4
SERVICES, GLOSSARY = "services.html", "glossary.html"
"""The pages beside those of the notebooks."""
WIDGET = "application/vnd.jupyter.widget-view+json"
_INTERACTIVE = '<p class="note">Interactive: open this notebook in JupyterLab to use the controls.</p>'


class Link(NamedTuple):
    """Another page of the site."""

    href: str
    title: str


class Heading(NamedTuple):
    """A heading of the text, for the contents list; ``level`` 2 to 6, as in h2 to h6."""

    level: int
    anchor: str
    text: str


class Story(NamedTuple):
    """A finding for the index page: what a cell tagged ``story`` printed, and its figure ('' if it drew none)."""

    sentences: tuple[str, ...]
    figure: Markup
    href: str
    page: str


class Entry(NamedTuple):
    """A page in the list of the index page; ``lead`` is its first paragraph, ``number`` as from `number`."""

    href: str
    title: str
    lead: Markup
    number: str = ""


def number(href: str) -> str:
    """The name of a notebook's page by the number of its file, as the texts name it; '' if that has none.

    >>> number("3-eras.html"), number("glossary.html")
    ('Notebook 3', '')
    """
    begin = re.match(r"(\d+)-", href)
    return f"Notebook {begin[1]}" if begin else ""


def heading_one(nb: NotebookNode, *, default: str = "Untitled") -> str:
    """The notebook's first H1 without its markup."""
    for cell in nb.cells:
        heading = re.search(r"^#[ \t]+#*[ \t]*(.+?)[ \t#]*$", cell.source, flags=re.M)
        if heading and cell.cell_type == "markdown":
            return _text(markdown2html(heading[1]))
    return default


def _text(markup: str) -> str:
    """Markup without its tags, on one line."""
    return " ".join(LexborHTMLParser(markup).text(separator="").split())


def lead(nb: NotebookNode) -> Markup:
    """The notebook's first paragraph as inline HTML, without links (they belong to its own page); '' if none."""
    for cell in nb.cells:
        if cell.cell_type != "markdown":
            continue
        tree = LexborHTMLParser(markdown2html(cell.source))
        harmless.close(tree)
        paragraph = tree.css_first("p")
        if paragraph is not None:
            for link in paragraph.css("a[href]"):
                del link.attrs["href"]
            return Markup(inner(paragraph))
    return Markup("")


def stories(nb: NotebookNode, *, href: str, numbers: Iterable[Path] = ()) -> list[Story]:
    """The findings that cells tagged ``story`` show: each cell's printed sentences and its first figure.

    Args:
        nb: An executed notebook.
        href: The notebook's page, for the link back.
        numbers: As in `render`.
    """
    cells = [cell for cell in nb.cells if cell.cell_type == "code" and "story" in cell.metadata.get("tags", ())]
    result = []
    for cell in cells:
        figure = figures.first(cell.outputs, numbers)
        text = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
        sentences = tuple(line.strip() for line in tables.named(tables.plain(text)).splitlines() if line.strip())
        if figure or sentences:
            result.append(Story(sentences, figure, f"{href}#cell-{cell.id}", heading_one(nb)))
    return result


def render(
    nb: NotebookNode,
    *,
    title: str | None = None,
    siblings: Iterable[str] = (),
    numbers: Iterable[Path] = (),
    **about: object,
) -> str:
    """The notebook as a complete HTML document that loads nothing from outside.

    Args:
        nb: An executed notebook; it is not changed.
        title: The page's only h1; the notebook's first H1, which it replaces, if None.
        siblings: Stems of the notebooks in the site: links to them become links to their pages.
        numbers: The files under figures/ in the site; figures with their ``name`` link to them.
        about: ``bar``, the links above each page, ``previous`` and ``following``, the pages beside this one (`Link`);
            ``place``, from `number`; ``corpus``, the name of what the numbers are from; ``dataset``, what
            search engines are told of it.
    """
    body, headings = _finish(_cells(nb, tuple(numbers)), frozenset(siblings))
    shown = [heading for heading in headings if heading.level <= 3]
    return _page(body, shown, title=title or heading_one(nb), summary=_text(lead(nb)), **about)


def plain(markup: str, *, title: str, summary: str, **about: object) -> str:
    """A page without a notebook, such as the glossary.

    Args:
        markup: The HTML below the title.
        title: The page's only h1.
        summary: What the page is, for search engines.
        about: As in `render`.
    """
    return _page(*_finish(f'<div class="prose">{markup}</div>', frozenset()), title=title, summary=summary, **about)


def _page(body: str, headings: Sequence[Heading], /, **about: object) -> str:
    return TEMPLATES.get_template("page.html.j2").render(body=Markup(body), headings=headings, **about)


def home(
    entries: Sequence[Entry],
    stories: Iterable[Story],
    *,
    title: str = HOME_TITLE,
    intro: str = "",
    short: Sequence[tuple[str, str]] = (),
    files: Mapping[str, Sequence[str]] | None = None,
    captions: Mapping[str, str] | None = None,
    **more: object,
) -> str:
    """The site's index page: in short, findings, the timeline, up to four figures, how to read them, all pages.

    Args:
        entries: The notebooks in their order.
        stories: The notebooks' findings: of those with a figure, the first four are shown; those without, all, below
            their notebook.
        title: The page's only h1.
        intro: What stands below it.
        short: In its place: what the corpus is, what was found, and how sure that is, each with its head.
        files: Files under figures/ by the name of the figure.
        captions: What the figures show, by name, from `figures.captions`.
        more: ``told`` from `front`, ``timeline`` from `timeline`; ``bar``, ``corpus`` and ``dataset`` as in `render`;
            ``beside``, the entries of pages that no notebook made; ``is_own``, whether the corpus is the reader's own.
    """
    shown = list(stories)
    named = {name: labels.readable(name) for name in sorted(files or {})} | dict(captions or {})
    return TEMPLATES.get_template("home.html.j2").render(
        title=title,
        intro=intro,
        short=short,
        entry_of={entry.href: entry for entry in entries},
        certainty=front.CERTAINTY,
        facts=[story for story in shown if not story.figure],
        stories=[story for story in shown if story.figure][:MAX_STORY_FIGURES],
        entries=entries,
        summary=_text(intro) or " ".join(text for _, text in short),
        figures=[(text, files[name]) for name, text in named.items() if files and name in files],
        home=True,
        **more,
    )


def single(title: str, body: Markup, *, caveat: str) -> str:
    """A standalone page, which links to no other and loads nothing; ``caveat`` comes at its end."""
    return TEMPLATES.get_template("single.html.j2").render(title=title, body=body, summary=caveat)


def _exporter(numbers: tuple[Path, ...]) -> HTMLExporter:
    config = Config()
    config.NbConvertBase.display_data_priority = ["text/html", "text/markdown", *figures.IMAGES, "text/plain"]
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_cell_tags = {"remove-cell"}
    config.TagRemovePreprocessor.remove_input_tags = {"remove-input"}
    return HTMLExporter(  # type: ignore[no-untyped-call]
        config=config,
        template_name="template",
        extra_template_basedirs=[str(Path(__file__).parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        filters={"printed": _printed, "figure": lambda output, kind: figures.figure(output, kind, numbers)},
    )


def _cells(nb: NotebookNode, numbers: tuple[Path, ...]) -> str:
    page = copy.deepcopy(nb)
    for cell in page.cells:
        for output in cell.get("outputs", ()):
            if WIDGET in output.get("data", {}) and "text/html" not in output.data:
                output["data"] = {"text/html": _INTERACTIVE}
    body: str = _exporter(numbers).from_notebook_node(page)[0]
    return body


def _printed(text: str) -> str:
    """Printed text: sentences as text, anything aligned with runs of spaces unchanged."""
    plain = tables.plain(text).strip("\n")
    if re.search(r"\S[ \t]{2,}\S|^[ \t]", plain, flags=re.M):
        return f"<pre>{html.escape(plain)}</pre>"
    lines = tables.named(plain).splitlines()
    return "".join(f'<p class="printed">{html.escape(line)}</p>' for line in lines if line.strip())


def _finish(body: str, siblings: frozenset[str]) -> tuple[str, list[Heading]]:
    """The body with corrected anchors, header cells and links; and its headings."""
    tree = LexborHTMLParser(body)
    harmless.close(tree)
    first = tree.css_first(".prose h1")
    if first is not None:
        first.decompose()
    for mark in tree.css("a.anchor-link"):
        mark.decompose()
    headings = _anchor(tree)
    for link in tree.css("a[href]"):
        _relink(link, siblings)
    for pre in tree.css("pre"):
        pre.attrs["tabindex"] = "0"  # it may scroll, and the keyboard must reach it
    tables.finish(tree)
    figures.draw(tree)
    # A page has one h1; a policy shown in an output may bring its own.
    return re.sub(r"<(/?)h1\b", r"<\1h2", inner(tree.body) if tree.body else ""), headings


def _anchor(tree: LexborHTMLParser) -> list[Heading]:
    headings: list[Heading] = []
    anchors: set[str] = set()
    for node in tree.css(".prose h1, .prose h2, .prose h3, .prose h4, .prose h5, .prose h6"):
        text = " ".join(node.text(separator="").split())
        anchor = base = text.replace(" ", "-")  # as JupyterLab does, so that links in the notebook hold
        while anchor in anchors:
            anchor = f"{base}-{1 + sum(other.startswith(base) for other in anchors)}"
        anchors.add(anchor)
        node.attrs["id"] = anchor
        headings.append(Heading(max(2, int((node.tag or "h2")[1])), anchor, text))
    return headings


def _relink(link: LexborNode, siblings: frozenset[str]) -> None:
    href = link.attributes.get("href") or ""
    notebook = re.fullmatch(r"(?:\./)?([^/#]+)\.ipynb(#.*)?", href)
    if notebook and notebook[1] in siblings:
        link.attrs["href"] = f"{notebook[1]}.html{notebook[2] or ''}"
    elif not harmless.HREF.match(href):
        del link.attrs["href"]  # a file beside the notebook, for which the link would be dead; or a script
