"""The tables of a page: boxes that may scroll, captions, header cells, columns of numbers."""

import html
import re
from collections import defaultdict

from selectolax.lexbor import LexborHTMLParser, LexborNode

_NUMBER = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*")
_NUMBER_OR_NONE = re.compile(rf"{_NUMBER.pattern}|[-–—]?|NaN|nan|None|<NA>|NaT")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def finish(tree: LexborHTMLParser) -> None:
    """Puts each table into a box that may scroll, named after the heading above it."""
    heading, number = "this page", 0
    for node in tree.css("h1, h2, h3, h4, h5, h6, table"):
        if node.tag != "table":
            heading = " ".join(node.text(separator="").split())
            continue
        number += 1
        label = f"Table {number}: {heading}"
        _finish_cells(node)
        caption = "" if node.css_first("caption") else f"<caption>{html.escape(label)}</caption>"
        # A blank header cell heads nothing, and screen readers would announce it.
        table = re.sub(r"<th\b([^>]*)>\s*</th>", r"<td\1></td>", node.html or "")
        box = tree.create_node("div")
        for name, value in {"class": "table", "role": "group", "tabindex": "0", "aria-label": label}.items():
            box.attrs[name] = value
        box.inner_html = table.replace("<table>", f"<table>{caption}", 1)
        node.replace_with(box)


def _finish_cells(table: LexborNode) -> None:
    """Gives header cells their scope, sets columns of numbers right, and removes the table's own look."""
    _join_names(table)
    for node in (table, *table.css("thead, tbody, tfoot, tr, th, td")):
        for name in node.attributes.keys() - {"colspan", "rowspan"}:
            del node.attrs[name]
    for kind, cells in (("col", table.css("thead th")), ("row", table.css("tbody th, tfoot th"))):
        for cell in cells:
            if inner(cell).strip():
                cell.attrs["scope"] = kind if (cell.attributes.get(f"{kind}span") or "1") == "1" else f"{kind}group"
    columns: dict[int, list[LexborNode]] = defaultdict(list)
    for row in table.css("tr"):
        for place, cell in enumerate(reversed(row.css("th, td"))):  # on the left a header may span several rows
            columns[place].append(cell)
    for column in columns.values():
        texts = [cell.text().strip() for cell in column if cell.tag == "td"]
        is_numeric = any(map(_NUMBER.fullmatch, texts)) and all(map(_NUMBER_OR_NONE.fullmatch, texts))
        for cell in column:
            if _DATE.fullmatch(cell.text().strip()):
                cell.attrs["class"] = "date"
            elif is_numeric and inner(cell).strip() and "colspan" not in cell.attributes:
                cell.attrs["class"] = "number"


def _join_names(table: LexborNode) -> None:
    """The index's names have a header row of their own in pandas: set them before the columns in the row above.

    They take the place of the columns' name, if there is one: the columns tell what they are.
    """
    rows, first = table.css("thead tr"), table.css_first("tbody tr")
    n_index = len(first.css("th")) if first else 0
    if not n_index or len(rows) < 2:
        return
    above, below = rows[-2].css("th, td"), rows[-1].css("th, td")
    if len(above) != len(below) or any(inner(cell).strip() for cell in below[n_index:]):
        return  # another level of columns
    for cell, name in zip(above, below, strict=True):
        cell.inner_html = inner(name).strip() or inner(cell)
    rows[-1].decompose()


def inner(node: LexborNode) -> str:
    """The HTML within a node."""
    return node.inner_html or ""
