"""The tables of a page: boxes that may scroll, captions, header cells, columns of numbers, names that readers use."""

import html
import re
from collections import defaultdict
from collections.abc import Iterable

from selectolax.lexbor import LexborHTMLParser, LexborNode

from privacylab import paths
from privacylab.plots import labels

_NUMBER = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*")
_NUMBER_OR_NONE = re.compile(rf"{_NUMBER.pattern}|[-–—]?|NaN|nan|None|<NA>|NaT")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_PERIOD = re.compile(rf"{_DATE.pattern}|\d{{4}}-(?:H[12]|\d\d)")
_MIDNIGHT = re.compile(rf"({_DATE.pattern})[ T]00:00:00")
_ID = re.compile(r"(?<![\w@./-])(?:[a-z]+:)?[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?:=[\w-]+)?(?![\w@./-])")
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_NULL = re.compile(r"(?<![\w.@/-])[+-]?nan%?(?!\w|\.\w)")
_PLAIN_HEAD = re.compile(r"[a-z][a-z-]+(?: .*)?")
_SHARES = {"Share", "Before", "After", "Precision", "Recall"}
"""Heads of columns that are shown in percent, as in sentences, if all their numbers are from 0 to 1."""


def named(text: str) -> str:
    """A text with names for ids, and dates without the time of midnight.

    >>> named("near_duplicate"), named("cue:data_sharing since 2018-05-25 00:00:00")
    ('Same text as before, but for details', 'Data sharing since 2018-05-25')
    """
    reasons = paths.rules("names")["exclusion_flow"]
    return _MIDNIGHT.sub(r"\1", _ID.sub(lambda match: labels.readable(match[0], reasons), text))


def plain(text: str) -> str:
    """Text without a terminal's colours; a missing number is a dash, as in tables."""
    return _NULL.sub("–", _ANSI.sub("", text))


def finish(tree: LexborHTMLParser) -> None:
    """Puts each table into a box that may scroll, named after the heading above it; names for ids in all outputs."""
    archives = {name: labels.readable(name) for name in paths.rules("archives")}
    for node in tree.css(".html :not(code, pre, pre *, :has(*))"):
        text = inner(node)
        if (better := archives.get(text) or named(text)) != text:
            node.inner_html = better
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
    _show_percent(columns.values())
    for column in columns.values():
        texts = [cell.text().strip() for cell in column if cell.tag == "td"]
        is_numeric = any(map(_NUMBER.fullmatch, texts)) and all(map(_NUMBER_OR_NONE.fullmatch, texts))
        for cell in column:
            if _PERIOD.fullmatch(cell.text().strip()):
                cell.attrs["class"] = "date"
            elif is_numeric and inner(cell).strip() and "colspan" not in cell.attributes:
                cell.attrs["class"] = "number"


def _show_percent(columns: Iterable[list[LexborNode]]) -> None:
    """Capitals for heads, and percent for shares; the ends of an interval too where the share is the only estimate."""
    heads: dict[str, list[LexborNode]] = {}
    for column in columns:
        for cell in column:
            if cell.attributes.get("scope") == "col":
                text = inner(cell).strip()
                if _PLAIN_HEAD.fullmatch(text):
                    cell.inner_html = labels.readable(text)
                heads[inner(cell).strip()] = [each for each in column if each.tag == "td" and inner(each).strip()]
    ends = {"Low", "High"} if "Share" in heads and "Difference" not in heads else set()
    for head in heads.keys() & (_SHARES | ends):
        texts = [cell.text().strip() for cell in heads[head]]
        if all(re.fullmatch(r"0?\.\d+|0|1(?:\.0+)?|[-–]", text) for text in texts):
            for cell, text in zip(heads[head], texts, strict=True):
                cell.inner_html = text if text in "-–" else f"{float(text):.0%}"


def _join_names(table: LexborNode) -> None:
    """The index's names have a separate header row in pandas: set them before the columns in the row above.

    They replace the columns' name, if there is one: the columns explain themselves.
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
