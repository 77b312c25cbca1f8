"""The rows of tables: data, or titles beside the text that they head."""

from selectolax.lexbor import LexborNode

from privacylab.normalize.chunks import Chunk
from privacylab.normalize.cleaning import clean
from privacylab.normalize.lines import Line
from privacylab.normalize.table_heads import heads


def data_row(row: LexborNode) -> str | None:
    """The cells of a table's row joined by bars; None where the table is there for the layout."""
    text = row.text()
    if len(text) > 800 or row.css_first("h1,h2,h3,h4,ul,ol,table") is not None:
        return None
    cells = [cell for cell in row.iter() if cell.tag in ("td", "th")]
    read = ((head, cell, clean(cell.text(separator=" "))) for head, cell in zip(heads(row), cells, strict=True))
    filled = [(head, cell, text) for head, cell, text in read if text]
    if len(filled) == 2 and _is_titled(row, filled[0][1], [text for _, _, text in filled]):
        return None
    is_data = len(filled) > 1 or (len(cells) == 1 and any(head for head, _, _ in filled))
    return " | ".join(f"{head}: {text}" if head else text for head, _, text in filled) if is_data else None


def _is_titled(row: LexborNode, first: LexborNode, texts: list[str]) -> bool:
    """Whether the first of two cells is the title of the text in the second, in a table without heads of columns."""
    title = Line(Chunk("paragraph", texts[0]))
    if not title.shape or title.n_words > 10 or not is_sentence(Line(Chunk("paragraph", texts[1]))):
        return False
    bold = first.css_first("b, strong")
    if first.tag != "th" and (bold is None or clean(bold.text(separator=" ")) != texts[0]):
        return False
    top = row.parent
    while top is not None and top.tag in ("tbody", "thead", "tfoot"):
        top = top.parent
    return top is None or top.css_first("th + th") is None


def is_sentence(line: Line) -> bool:
    """Whether a line is one, also a short one."""
    return line.n_words > 5 and line.text[-1] in ".!?"
