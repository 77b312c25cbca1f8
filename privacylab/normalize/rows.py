"""The rows of tables: data under column heads, or titles beside their text."""

from itertools import accumulate

from selectolax.lexbor import LexborNode

from privacylab.normalize.chunks import Chunk
from privacylab.normalize.cleaning import clean
from privacylab.normalize.lines import Line

MAX_ROW = 800
"""Characters of a row of data, and of a column's head; with more, the table is for layout."""
MAX_HEAD = 60

_MAX_COLUMNS = 100
_GROUPS = frozenset(("tbody", "thead", "tfoot"))
_HEADS = frozenset(("columnheader", "rowheader"))


class _Cell:
    """A cell of a row."""

    def __init__(self, node: LexborNode) -> None:
        self._node = node
        self.text = _text(node)

    @property
    def span(self) -> int:
        """How many columns it takes."""
        written = self._node.attributes.get("colspan") or ""
        return min(int(written), _MAX_COLUMNS) or 1 if written.isdecimal() else 1

    @property
    def is_head(self) -> bool:
        """Whether it is a head by its tag or role, or in bold."""
        bold = self._node.css_first("b, strong")
        return (
            self._node.tag == "th"
            or self._node.attributes.get("role") in _HEADS
            or (bold is not None and _text(bold).rstrip(" :") == self.text.rstrip(" :"))
        )


class Table:
    """What each row needs to know about its table: whether cells span rows, and the heads of its columns.

    Attributes:
        heads: The text above each column; empty if the first row does not have heads.
    """

    def __init__(self, node: LexborNode) -> None:
        first = node.css_first("tr, [role=row]")
        in_head = first is not None and first.parent is not None and first.parent.tag == "thead"
        if first is not None and first.parent is not None and in_head:
            first = first.parent.css("tr")[-1]
        self.first = first.mem_id if first is not None else None
        self.is_spanned = node.css_first("[rowspan]") is not None
        self.has_heads = in_head or node.css_first("th + th, [role=columnheader]") is not None
        titles = _cells(first) if first is not None else []
        filled = [title for title in titles if title.text]
        is_head = len(filled) >= 2 and all(
            (in_head or title.is_head) and len(title.text) <= MAX_HEAD for title in filled
        )
        heads = [title.text.rstrip(" :") for title in titles for _ in range(title.span)]
        self.heads = heads if is_head else []


def data_row(row: LexborNode, tables: dict[int, Table]) -> str | None:
    """The cells of a table's row joined by bars; None if the table is for layout.

    Args:
        row: The row.
        tables: The page's tables seen so far, by their nodes; this adds to them.
    """
    if len(row.text()) > MAX_ROW or row.css_first("h1,h2,h3,h4,ul,ol,table") is not None:
        return None
    node = row.parent
    while node is not None and (node.tag in _GROUPS or node.attributes.get("role") == "rowgroup"):
        node = node.parent
    if node is not None and node.mem_id not in tables:
        tables[node.mem_id] = Table(node)
    table = tables[node.mem_id] if node is not None else None
    cells = _cells(row)
    heads = _heads(table, row, cells) if table else []
    filled = [i for i, cell in enumerate(cells) if cell.text]
    if len(filled) == 2 and not (table and table.has_heads) and _is_titled(*(cells[i] for i in filled)):
        return None
    if len(filled) > 1 or (heads and len(cells) == 1):
        return " | ".join(f"{heads[i]}: {cells[i].text}" if heads and heads[i] else cells[i].text for i in filled)
    return None


def _cells(row: LexborNode) -> list[_Cell]:
    return [_Cell(node) for node in row.iter() if node.tag in ("td", "th") or row.tag != "tr"]


def _text(node: LexborNode) -> str:
    return clean(node.text(separator=" "))


def _heads(table: Table, row: LexborNode, cells: list[_Cell]) -> list[str]:
    """The column's head for each cell of a row; none if its table has no heads, or the row has them."""
    if not table.heads or table.first == row.mem_id or all(cell.is_head for cell in cells):
        return []
    starts = list(accumulate([cell.span for cell in cells], initial=0))
    n_columns = starts.pop()
    if n_columns > len(table.heads) or (len(cells) < 2 and not table.is_spanned):
        return []  # a title above the rows that follow
    # A cell over several rows is on the left.
    return [table.heads[start - n_columns if table.is_spanned else start] for start in starts]


def _is_titled(title: _Cell, text: _Cell) -> bool:
    """Whether the first of two cells is the title of the text in the second."""
    line = Line(Chunk("paragraph", title.text))
    is_title = title.is_head and line.shape and line.n_words <= 10
    return bool(is_title) and is_sentence(Line(Chunk("paragraph", text.text)))


def is_sentence(line: Line) -> bool:
    """Whether a line is a sentence, even a short one."""
    return line.n_words > 5 and line.text[-1] in ".!?"
