"""The figures of a page: their words, numbers and files, and drawings whose marks tell their values."""

import base64
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from markupsafe import Markup
from nbformat import NotebookNode
from PIL import Image, UnidentifiedImageError
from selectolax.lexbor import LexborHTMLParser, LexborNode

from privacylab import __version__
from privacylab.plots import labels, publishing
from privacylab.report import tables

NO_ALT = "Figure without a description"
MAX_NUMBERS = 120
"""Rows of a figure's numbers that a page still shows."""

MAX_SVG = 400_000
"""Bytes of a drawing within a page; a larger one, with thousands of dots, is shown as pixels and linked."""
IMAGES = ("image/svg+xml", "image/png", "image/jpeg")
_DRAWING = f"data:{IMAGES[0]};base64,"
_DOTS_PER_INCH = 96
"""Of CSS."""

TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent / "template"), autoescape=True)
TEMPLATES.globals.update(site="PrivacyLab", version=__version__)

_ELEMENT = re.compile("svg|title|defs|g|path|use|clipPath|rect")
_ATTRIBUTE = re.compile(
    r"(?:d|id|role|transform|version|viewBox|x|y|width|height|xmlns(?::xlink)?)=.*|style=[^\\@(]*"
    r"|xlink:href=#[\w.-]+|clip-path=url\(#[\w.-]+\)",
    re.DOTALL,
)
"""What a drawing may hold: shapes, and links within itself."""
_REFERENCE = re.compile(r"(?<=#)[\w.-]+")


def figure(output: NotebookNode, kind: str, numbers: Iterable[Path], *, captioned: bool = True) -> Markup:
    """A figure element: alt text (the finding, and the caption) and name from the metadata, size as on paper.

    It is shown as the site's SVG, unless that is too large for a page.
    """
    about = output.get("metadata", {}).get(kind, {})
    data = output.data[kind]
    data = base64.b64encode(data.encode()).decode() if kind == "image/svg+xml" else "".join(data.split())
    own = sorted(file for file in numbers if file.stem == about.get("name"))
    address = f"data:{kind};base64,{data}"
    for file in own:
        if file.suffix == ".svg" and file.stat().st_size <= MAX_SVG:
            address = f"data:image/svg+xml;base64,{base64.b64encode(file.read_bytes()).decode()}"
    element = TEMPLATES.get_template("figure.html.j2").render(
        address=address,
        numbers=_numbers(own) if captioned else "",
        alt=tables.named(tables.plain(about.get("alt") or NO_ALT)),
        size=_size(data, about),
        captioned=captioned,
        files=[file.name for file in own],
    )
    return Markup(element)


def _numbers(files: Iterable[Path]) -> Markup:
    """The table of a figure's numbers; '' if it has too many rows for a page."""
    for file in files:
        if file.suffix == ".csv":
            rows = pd.read_csv(file).dropna(axis="columns", how="all")
            if 0 < len(rows) <= MAX_NUMBERS:
                shown = rows.set_index(rows.columns[0]).round(3)
                return Markup(publishing.table(shown, "The numbers of the figure")._repr_html_())
    return Markup("")


def _size(data: str, about: Mapping[str, Any]) -> tuple[int, int] | None:
    """Width and height in CSS pixels: from the metadata, else as on paper, so that resolution does not matter.

    A picture without a resolution has one pixel per CSS pixel. None for formats that Pillow cannot read, such as SVG.
    """
    if about.get("width") and about.get("height"):
        return about["width"], about["height"]
    try:
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            across, down = picture.info.get("dpi", (_DOTS_PER_INCH, _DOTS_PER_INCH))
            return round(picture.width / across * _DOTS_PER_INCH), round(picture.height / down * _DOTS_PER_INCH)
    except UnidentifiedImageError:
        return None


def first(outputs: Iterable[NotebookNode], numbers: Iterable[Path]) -> Markup:
    """The first picture of a cell, for the index page; '' if there is none, or one much taller than wide."""
    for output in outputs:
        for kind in IMAGES:
            if kind in output.get("data", {}):
                across, down = _size("".join(output.data[kind].split()), output.metadata.get(kind, {})) or (1, 1)
                return figure(output, kind, numbers, captioned=False) if down <= 1.2 * across else Markup("")
    return Markup("")


def captions(notebooks: Iterable[NotebookNode]) -> dict[str, str]:
    """What each figure of executed notebooks shows, by its name: the beginning of its text, without its numbers."""
    found = {}
    for output in (output for nb in notebooks for cell in nb.cells for output in cell.get("outputs", ())):
        for about in output.get("metadata", {}).values():
            if isinstance(about, dict) and about.get("name") and about.get("alt"):
                text = tables.named(re.split(r"[:;.](?= |$)", about["alt"])[0])
                found[about["name"]] = text if " " in text else f"{labels.readable(about['name'])}: {text}"
    return found


def draw(tree: LexborHTMLParser) -> None:
    """Puts drawings, in place of pictures of them, into a page, if they hold nothing but shapes."""
    for number, picture in enumerate(tree.css(f"img[src^='{_DRAWING}']")):
        data = base64.b64decode((picture.attributes["src"] or "").removeprefix(_DRAWING))
        drawing = LexborHTMLParser(data.decode("utf-8", "replace")).css_first("svg")
        if drawing is None or not _is_harmless(drawing):
            continue
        _make_own(drawing, f"figure-{number}-")
        for blank in drawing.css("path:not([d])"):
            blank.attrs["d"] = "M0 0"  # the shape of a space: HTML wants it to have one
        for name in ("width", "height"):
            drawing.attrs[name] = picture.attributes.get(name) or drawing.attributes.get(name) or ""
        drawing.attrs["aria-label"] = picture.attributes.get("alt") or NO_ALT
        box = tree.create_node("span")
        box.inner_html = drawing.html or ""
        picture.replace_with(box)


def _is_harmless(drawing: LexborNode) -> bool:
    for node in drawing.css("metadata, style, svg > title"):
        node.decompose()  # the page has its own style, and the finding as words
    return all(
        _ELEMENT.fullmatch(node.tag or "")
        and all(_ATTRIBUTE.fullmatch(f"{name}={value}") for name, value in node.attributes.items())
        for node in (drawing, *drawing.css("*"))
    )


def _make_own(drawing: LexborNode, begin: str) -> None:
    """Ids that no other drawing of the page has, for what is referred to; the others go."""
    references = set(_REFERENCE.findall(drawing.html or ""))
    for node in drawing.css("[id], [clip-path], use"):
        for name in node.attributes.keys() & {"id", "clip-path", "xlink:href"}:
            value = node.attributes[name] or ""
            if name != "id":
                node.attrs[name] = _REFERENCE.sub(lambda match: begin + match[0], value)
            elif value in references:
                node.attrs[name] = begin + value
            else:
                del node.attrs[name]
