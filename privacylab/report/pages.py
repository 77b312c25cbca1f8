"""One executed notebook as one accessible HTML page, and the site's index page.

nbconvert turns the cells into HTML with the template of ``template/``; this module finishes what a template
cannot see: header cells of tables, headings and their anchors, links between notebooks, and that nothing is loaded
from outside. It never runs a notebook: what was checked is what is shown.
"""

import base64
import copy
import html
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import jinja2
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbconvert.filters import markdown2html
from nbformat import NotebookNode
from selectolax.lexbor import LexborHTMLParser, LexborNode
from traitlets.config import Config

from privacylab import __version__, eras

SITE = "PrivacyLab"
HOME_TITLE = "A history of English privacy policies"
NO_ALT = "Figure without a description"
MAX_STORY_FIGURES = 4
WIDGET = "application/vnd.jupyter.widget-view+json"
_IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
_CSS_PIXELS_PER_METRE = 96 / 0.0254
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_OUTSIDE = ("script", "link", "meta", "base", "iframe", "object", "embed")
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
    """A notebook in the list of the index page; ``lead`` is its first paragraph."""

    href: str
    title: str
    lead: Markup


def heading_one(nb: NotebookNode, *, default: str = "Untitled") -> str:
    """The notebook's first H1 without its markup."""
    for cell in nb.cells:
        found = (
            re.search(r"^#[ \t]+#*[ \t]*(.+?)[ \t#]*$", cell.source, flags=re.M)
            if cell.cell_type == "markdown"
            else None
        )
        if found:
            return LexborHTMLParser(_markdown(found[1])).text(separator="").strip()
    return default


def lead(nb: NotebookNode) -> Markup:
    """The notebook's first paragraph as inline HTML, its links dead (they are meant for its own page); '' if none."""
    for cell in nb.cells:
        if cell.cell_type != "markdown":
            continue
        tree = LexborHTMLParser(_markdown(cell.source))
        _close(tree)
        paragraph = tree.css_first("p")
        if paragraph is not None:
            for link in paragraph.css("a[href]"):
                del link.attrs["href"]
            return Markup(_inner(paragraph))
    return Markup("")


def stories(nb: NotebookNode, *, href: str) -> list[Story]:
    """The findings that cells tagged ``story`` show: each cell's printed sentences and its first figure.

    Args:
        nb: An executed notebook.
        href: The notebook's page, for the link back.
    """
    found = []
    for cell in nb.cells:
        if "story" not in cell.metadata.get("tags", ()) or cell.cell_type != "code":
            continue
        images = [_figure(output, kind, captioned=False) for output in cell.outputs for kind in _kinds(output)]
        text = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
        sentences = tuple(line.strip() for line in _ANSI.sub("", text).splitlines() if line.strip())
        if images or sentences:
            found.append(Story(sentences, Markup((images or [""])[0]), f"{href}#cell-{cell.id}", heading_one(nb)))
    return found


def render(
    nb: NotebookNode,
    *,
    title: str | None = None,
    previous: Link | None = None,
    following: Link | None = None,
    place: str = "",
    corpus: str = "",
    siblings: Iterable[str] = (),
    numbers: Iterable[str] = (),
) -> str:
    """The notebook as a whole HTML document that loads nothing from outside.

    Args:
        nb: An executed notebook; it is not changed.
        title: The page's only h1; the notebook's first H1, which it replaces, if None.
        previous: The page before this one.
        following: The page after it.
        place: Where in the site this is, such as "Notebook 2 of 4".
        corpus: The name of the corpus that the numbers are from.
        siblings: Stems of the notebooks in the site: links to them become links to their pages.
        numbers: Names of the files under figures/ in the site; figures with their ``name`` link to them.
    """
    body, headings = _finish(_cells(nb, tuple(numbers)), frozenset(siblings))
    shown = [heading for heading in headings if heading.level <= 3]
    name = title or heading_one(nb)
    context = {"title": name, "body": Markup(body), "headings": shown, "previous": previous, "following": following}
    return _template("page.html.j2").render(**context, place=place, corpus=corpus, home=False)


def home(
    entries: Sequence[Entry],
    found: Iterable[Story],
    *,
    corpus: str = "",
    figures: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The site's index page: the intro (the first entry's), up to four findings with a figure, the notebooks.

    Args:
        entries: The notebooks in their order.
        found: Findings in their order; those without a figure are all shown, of the others the first four.
        corpus: The name of the corpus that the numbers are from.
        figures: Files under figures/ by the name of the figure.
    """
    kept, drawn = [], 0
    for story in found:
        drawn += bool(story.figure)
        if not story.figure or drawn <= MAX_STORY_FIGURES:
            kept.append(story)
    context: dict[str, Any] = {"eras": eras.eras()}
    context |= {"title": HOME_TITLE, "intro": Markup(f"<p>{entries[0].lead}</p>"), "entries": entries, "stories": kept}
    files = sorted((figures or {}).items())
    return _template("home.html.j2").render(**context, figures=files, corpus=corpus, home=True)


@cache
def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "template")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=False)
    environment.globals.update(site=SITE, version=__version__)
    return environment


def _template(name: str) -> jinja2.Template:
    return _environment().get_template(name)


def _exporter(numbers: tuple[str, ...]) -> HTMLExporter:
    config = Config()
    config.NbConvertBase.display_data_priority = ["text/html", "text/markdown", *_IMAGES, "text/plain"]
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_cell_tags = {"remove-cell"}
    config.TagRemovePreprocessor.remove_input_tags = {"remove-input"}
    return HTMLExporter(  # type: ignore[no-untyped-call]
        config=config,
        template_name="template",
        extra_template_basedirs=[str(Path(__file__).parent)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
        filters={"printed": _printed, "figure": lambda output, kind: _figure(output, kind, numbers)},
    )


def _cells(nb: NotebookNode, numbers: tuple[str, ...]) -> str:
    shown = copy.deepcopy(nb)
    for cell in shown.cells:
        for output in cell.get("outputs", ()):
            if WIDGET in output.get("data", {}) and "text/html" not in output.data:
                output["data"] = {"text/html": _INTERACTIVE}
    body: str = _exporter(numbers).from_notebook_node(shown)[0]
    return body


def _markdown(source: str) -> str:
    return str(markdown2html(source))


def _printed(text: str) -> str:
    """Printed text: sentences as text, anything aligned with runs of spaces as it stands."""
    plain = _ANSI.sub("", text).strip("\n")
    if re.search(r"\S[ \t]{2,}\S|^[ \t]", plain, flags=re.M):
        return f"<pre>{html.escape(plain)}</pre>"
    return "".join(f'<p class="printed">{html.escape(line)}</p>' for line in plain.splitlines() if line.strip())


def _kinds(output: NotebookNode) -> list[str]:
    return [kind for kind in _IMAGES if kind in output.get("data", {})][:1]


def _figure(output: NotebookNode, kind: str, numbers: Iterable[str] = (), *, captioned: bool = True) -> str:
    """A figure element: alt text (the finding, and the caption) and name from the metadata, size as on paper."""
    about = output.get("metadata", {}).get(kind, {})
    data = output.data[kind]
    data = base64.b64encode(data.encode()).decode() if kind == "image/svg+xml" else "".join(data.split())
    size = _size(base64.b64decode(data)) if kind == "image/png" else None
    extent = f' width="{size[0]}" height="{size[1]}"' if size else ""
    alt = html.escape(about.get("alt") or NO_ALT)
    files = [file for file in numbers if file.rsplit(".", 1)[0] == about.get("name")]
    links = "".join(
        f'<a href="figures/{quote(file)}">{"Numbers" if file.endswith(".csv") else "Image"} '
        f"({html.escape(file.rsplit('.', 1)[1].upper())})</a>"
        for file in sorted(files)
    )
    image = f'<img src="data:{kind};base64,{data}" alt="{alt}"{extent}>'
    if files:  # at full size; and on a narrow page, where the picture scrolls, the keyboard must reach it
        image = f'<a class="picture" href="figures/{quote(max(files))}">{image}</a>'
    # The finding is read to those who hear the page as the picture's text: once is enough.
    caption = f'<figcaption><span aria-hidden="true">{alt} </span>{links}</figcaption>' if captioned else ""
    return f"<figure>{image}{caption}</figure>"


def _size(png: bytes) -> tuple[int, int] | None:
    """Width and height in CSS pixels, so that a figure drawn 6.5 in wide is shown so at any resolution.

    The PNG's pHYs chunk holds the resolution; without one a pixel is a CSS pixel. None if this is no PNG.
    """
    if png[:8] != b"\x89PNG\r\n\x1a\n" or len(png) < 24:
        return None
    width, height = struct.unpack(">II", png[16:24])
    start = png.find(b"pHYs", 24, png.find(b"IDAT"))
    across, down, unit = struct.unpack(">IIB", png[start + 4 : start + 13]) if start > 0 else (0, 0, 0)
    if unit != 1 or not across or not down:
        return width, height
    return round(width / across * _CSS_PIXELS_PER_METRE), round(height / down * _CSS_PIXELS_PER_METRE)


def _finish(body: str, siblings: frozenset[str]) -> tuple[str, list[Heading]]:
    """The body with anchors, header cells and links put right; and its headings."""
    tree = LexborHTMLParser(body)
    _close(tree)
    first = tree.css_first(".prose h1")
    if first is not None:
        first.decompose()
    headings = _anchor(tree)
    for link in tree.css("a[href]"):
        _relink(link, siblings)
    for pre in tree.css("pre"):
        pre.attrs["tabindex"] = "0"  # it may scroll, and the keyboard must reach it
    tables = _take_tables(tree)
    # A page has one h1; a policy shown in an output may bring its own.
    finished = re.sub(r"<(/?)h1\b", r"<\1h2", _inner(tree.body) if tree.body else "")
    for mark, table in tables.items():
        finished = finished.replace(mark, table)
    return finished, headings


def _close(tree: LexborHTMLParser) -> None:
    """Nothing runs and nothing is loaded from outside."""
    tree.strip_tags(list(_OUTSIDE))
    for style in tree.css("style"):
        if re.search(r"dataframe|@import|url\(", style.text()):
            style.decompose()
    for node in tree.css("*"):
        for name in [name for name in node.attributes if name.startswith("on") or name == "srcset"]:
            del node.attrs[name]
        source = node.attributes.get("src") or ""
        if source and not source.startswith("data:"):
            node.replace_with(node.attributes.get("alt") or "")


def _anchor(tree: LexborHTMLParser) -> list[Heading]:
    headings: list[Heading] = []
    seen: set[str] = set()
    for node in tree.css(".prose h1, .prose h2, .prose h3, .prose h4, .prose h5, .prose h6"):
        text = " ".join(node.text(separator="").split())
        anchor = base = text.replace(" ", "-")  # as JupyterLab does, so that links in the notebook hold
        while anchor in seen:
            anchor = f"{base}-{1 + sum(other.startswith(base) for other in seen)}"
        seen.add(anchor)
        node.attrs["id"] = anchor
        headings.append(Heading(max(2, int((node.tag or "h2")[1])), anchor, text))
    return headings


def _relink(link: LexborNode, siblings: frozenset[str]) -> None:
    href = link.attributes.get("href") or ""
    notebook = re.fullmatch(r"(?:\./)?([^/#]+)\.ipynb(#.*)?", href)
    if notebook and notebook[1] in siblings:
        link.attrs["href"] = f"{notebook[1]}.html{notebook[2] or ''}"
    elif not re.match(r"https?:|mailto:|#|figures/|data:", href):
        del link.attrs["href"]  # a file beside the notebook: the report stands alone, and the link would be dead


def _take_tables(tree: LexborHTMLParser) -> dict[str, str]:
    """Put a mark in each table's place; the finished tables by mark."""
    taken: dict[str, str] = {}
    heading = "this page"
    for node in tree.css("h1, h2, h3, h4, h5, h6, table"):
        if node.tag != "table":
            heading = " ".join(node.text(separator="").split())
            continue
        number = len(taken) + 1
        label = html.escape(f"Table {number}: {heading}")
        mark = f"\ue000table-{number}\ue000"
        taken[mark] = f'<div class="table" role="group" tabindex="0" aria-label="{label}">{_table(node, label)}</div>'
        node.replace_with(mark)
    return taken


class _Cell(NamedTuple):
    tag: str
    content: str
    across: int
    down: int

    @property
    def blank(self) -> bool:
        return not self.content.strip()


def _table(table: LexborNode, label: str) -> str:
    """The table again: a caption, scopes on its header cells, columns of numbers set right, and no inline style."""
    caption = table.css_first("caption")
    body = [_row(row) for row in table.css("tbody tr, tfoot tr")]
    n_index = sum(cell.tag == "th" for cell in body[0]) if body else 0
    head = _merge_names([_row(row) for row in table.css("thead tr")], n_index)
    numeric = _numeric(body)
    lines = [f"<caption>{_inner(caption) if caption is not None else label}</caption>"]
    if head:
        lines += ["<thead>", *(_line(row, numeric, header=True) for row in head), "</thead>"]
    lines += ["<tbody>", *(_line(row, numeric, header=False) for row in body), "</tbody>"]
    return "\n".join(["<table>", *lines, "</table>"])


def _row(row: LexborNode) -> list[_Cell]:
    cells = row.css("th, td")
    return [_Cell(cell.tag or "td", _inner(cell), _span(cell, "colspan"), _span(cell, "rowspan")) for cell in cells]


def _span(cell: LexborNode, name: str) -> int:
    value = cell.attributes.get(name) or ""
    return int(value) if value.isdecimal() else 1


def _merge_names(head: list[list[_Cell]], n_index: int) -> list[list[_Cell]]:
    """The index's names have a header row of their own in pandas: set them before the columns in the row above.

    They take the place of the columns' name, if there is one: the columns tell what they are.
    """
    if not n_index or len(head) < 2 or len(head[-1]) != len(head[-2]):
        return head
    if not all(cell.blank for cell in head[-1][n_index:]):
        return head  # another level of columns
    names = [above if below.blank else below for above, below in zip(head[-2], head[-1], strict=True)]
    return [*head[:-2], names]


def _numeric(body: list[list[_Cell]]) -> set[int]:
    """Columns of numbers, counted from the right: row headers on the left may span several rows."""
    columns: dict[int, list[str]] = {}
    for row in body:
        for place, cell in enumerate(reversed(row)):
            text = LexborHTMLParser(cell.content).text(separator="").strip()
            if cell.tag == "td" and text not in {"", "NaN", "nan", "None", "<NA>", "NaT", "-", "–", "—"}:
                columns.setdefault(place, []).append(text)
    return {place for place, texts in columns.items() if all(re.fullmatch(r"[^A-Za-z]*\d[^A-Za-z]*", t) for t in texts)}


def _line(row: list[_Cell], numeric: set[int], *, header: bool) -> str:
    parts = []
    for place, cell in reversed(list(enumerate(reversed(row)))):
        # A blank header cell heads nothing, and screen readers would announce it.
        tag = "th" if cell.tag == "th" and not cell.blank else "td"
        wide = ("colgroup" if cell.across > 1 else "col") if header else ("rowgroup" if cell.down > 1 else "row")
        settings: dict[str, Any] = {"scope": wide if tag == "th" else None}
        settings["colspan"] = cell.across if cell.across > 1 else None
        settings["rowspan"] = cell.down if cell.down > 1 else None
        settings["class"] = "number" if place in numeric and cell.across == 1 and not cell.blank else None
        if re.fullmatch(r"\s*\d{4}-\d\d-\d\d\s*", cell.content):
            settings["class"] = "date"
        attributes = "".join(f' {name}="{value}"' for name, value in settings.items() if value)
        parts.append(f"<{tag}{attributes}>{cell.content}</{tag}>")
    return f"<tr>{''.join(parts)}</tr>"


def _inner(node: LexborNode) -> str:
    return node.inner_html or ""
