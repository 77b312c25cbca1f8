"""What stands over the cells of a table's row."""

from selectolax.lexbor import LexborNode

from privacylab.normalize.cleaning import clean

MAX_HEAD = 60
"""Characters; what is longer is text, and the table there for the layout."""

_MAX_COLUMNS = 100


def heads(row: LexborNode) -> list[str]:
    """The column's head for each cell of a row; empty ones where its table has no heads, or the row holds them."""
    cells = _cells(row)
    table = row.parent
    while table is not None and table.tag in ("tbody", "thead", "tfoot"):
        table = table.parent
    titles = table.css_first("tr") if table is not None and table.tag == "table" else None
    if titles is not None and titles.parent is not None and titles.parent.tag == "thead":
        titles = titles.parent.css("tr")[-1]
    none = [""] * len(cells)
    if titles is None or titles.mem_id == row.mem_id or all(cell.tag == "th" for cell in cells):
        return none
    over = [_text(cell) for cell in _cells(titles) for _ in range(_span(cell))]
    n_columns = sum(map(_span, cells))
    if not _are_heads(titles) or n_columns > len(over):
        return none
    is_spanned = table is not None and table.css_first("[rowspan]") is not None
    if len(cells) < 2 and not is_spanned:
        return none  # a title over the rows that follow
    column = len(over) - n_columns if is_spanned else 0  # a cell over several rows stands on the left
    result = []
    for cell in cells:
        result.append(over[column])
        column += _span(cell)
    return result


def _cells(row: LexborNode) -> list[LexborNode]:
    return [cell for cell in row.iter() if cell.tag in ("td", "th")]


def _text(cell: LexborNode) -> str:
    return clean(cell.text(separator=" ")).rstrip(" :")


def _span(cell: LexborNode) -> int:
    written = cell.attributes.get("colspan") or ""
    return min(int(written), _MAX_COLUMNS) if written.isdecimal() and int(written) else 1


def _are_heads(row: LexborNode) -> bool:
    """Whether all cells are heads, by their tags or in bold, and short."""
    texts = [(cell, text) for cell in _cells(row) if (text := _text(cell))]
    return len(texts) > 1 and all(len(text) <= MAX_HEAD and _is_head(cell, text) for cell, text in texts)


def _is_head(cell: LexborNode, text: str) -> bool:
    bold = cell.css_first("b, strong")
    return cell.tag == "th" or (bold is not None and _text(bold) == text)
