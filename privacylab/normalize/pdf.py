"""PDF -> chunks: pypdf gives lines of text with their places, which show paragraphs and headings."""

import io
import logging
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import mode
from typing import Any, NamedTuple

from privacylab.normalize.chunks import MAX_BYTES, Chunk, NormalizeError, Pieces
from privacylab.normalize.cleaning import clean
from privacylab.normalize.wrapping import HYPHENS, MARGIN, SENTENCE_END, STARTS_BLOCK, joined, running, words_of

# What pypdf says about a damaged file becomes a reason in the ledger; it should not also go to standard error.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)

MAX_PAGES = 500
MAX_OPERATIONS = 3_000_000
"""Steps of drawing; half a minute. A page of text takes a thousand or two."""

_HEAD = re.compile(rb"(?:^|[\x00-\x1f]|\xef\xbb\xbf)%PDF-\d")
_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|sfbx", re.IGNORECASE)
# TeX fonts without a table of letters: their codes for ligatures are not used for any other character.
_LIGATURES = "ff fi ffi ffl ff fi fl ffi ffl".split()
_TEX = dict(zip(b"\x0b\x0c\x0e\x0f\x1b\x1c\x1d\x1e\x1f", _LIGATURES, strict=True))


class _Line(NamedTuple):
    """A printed line: where it begins on the page as read, and its type."""

    text: str
    x: float
    y: float
    size: float
    bold: bool

    @property
    def width(self) -> float:
        """Its approximate width: twice that, in points."""
        return len(self.text) * self.size


def is_pdf(data: bytes) -> bool:
    """Whether bytes are a PDF, whatever a server wrote before it."""
    head = _HEAD.search(data[:4096]) if b"%PDF" in data[:4096] else None
    return head is not None and b"<html" not in data[: head.start()].lower()


def pdf_pieces(data: bytes) -> Pieces:
    """The pieces of a PDF: one.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    chunks = _chunks(_pages(data))
    return Pieces(lambda _: chunks, [""])


def _pages(data: bytes) -> list[list[_Line]]:
    import pypdf  # takes a tenth of a second, and few corpora need it

    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise NormalizeError("encrypted", "the PDF asks for a password: save it without one")
        if len(reader.pages) > MAX_PAGES:
            raise NormalizeError("too_large", f"a PDF of {len(reader.pages):,} pages, at most {MAX_PAGES} are read")
        lines = _Lines()
        for page in reader.pages:
            lines.read(page)
    except NormalizeError:
        raise
    except NotImplementedError:
        detail = "the PDF is encrypted in a way that cannot be read here: print it to a new PDF"
        raise NormalizeError("encrypted", detail) from None
    except Exception as error:  # a damaged file can make pypdf raise anything
        detail = f"the PDF is damaged or cut short ({type(error).__name__}): fetch it again"
        raise NormalizeError("unreadable", detail) from None
    if not any(lines.pages):
        raise NormalizeError("no_text", "a PDF without text, perhaps a scan: run OCR first")
    return lines.pages


class _Lines:
    """Collects the lines of pages in the order of drawing, which is also the reading order of columns."""

    def __init__(self) -> None:
        self.pages: list[list[_Line]] = []
        self._parts: list[_Line] = []  # of the line that is not yet ended
        self._actual: str | None = None  # the text of the glyphs that follow, if given
        self._n_operations = self._n_characters = 0

    def read(self, page: Any) -> None:  # noqa: ANN401  pypdf is imported late
        self.pages.append([])
        page.extract_text(visitor_text=self._text, visitor_operand_before=self._operation)
        self._end_line()

    def _text(self, text: str, outer: Sequence[float], inner: Sequence[float], font: Any, size: float) -> None:  # noqa: ANN401
        self._n_characters += len(text)
        if self._n_characters > MAX_BYTES:
            raise NormalizeError("too_large", f"a PDF of more than {MAX_BYTES:,} characters")
        text = text.translate(_TEX)
        if text.strip():
            a, b, c, d, e, f = _product(inner, outer)
            across, up = math.hypot(a, b) or 1.0, math.hypot(c, d) or 1.0
            is_bold = _BOLD.search(str((font or {}).get("/BaseFont", ""))) is not None
            place = ((e * a + f * b) / across, (e * c + f * d) / up)
            self._parts.append(_Line(text, *place, size * up, is_bold))
        elif self._parts and text and "\n" not in text:
            self._parts.append(self._parts[-1]._replace(text=" "))
        if "\n" in text:
            self._end_line()

    def _end_line(self) -> None:
        if self._parts:
            text = "".join(part.text for part in self._parts).strip()
            is_bold = all(part.bold for part in self._parts)
            self.pages[-1].append(self._parts[0]._replace(text=text, bold=is_bold))
        self._parts = []

    def _operation(self, operator: bytes, operands: list[Any], *_: object) -> None:
        """Sets the text of glyphs where a PDF gives it: a soft hyphen may be drawn as a blank."""
        self._n_operations += 1
        if self._n_operations > MAX_OPERATIONS:
            raise NormalizeError("too_large", f"a PDF of more than {MAX_OPERATIONS:,} steps of drawing")
        if operator == b"BDC" and len(operands) > 1 and isinstance(operands[1], dict):
            self._actual = _stands_for(operands[1].get("/ActualText"))
        elif operator == b"EMC":
            self._actual = None
        elif operator in (b"Tj", b"TJ") and operands and self._actual is not None:
            operands[0] = self._actual if operator == b"Tj" else [self._actual]
            self._actual = ""


def _stands_for(actual: object) -> str | None:
    """The text of one glyph; None if there is none or it is longer."""
    if isinstance(actual, bytes):
        actual = actual.decode("utf-16" if actual[:2] in (b"\xfe\xff", b"\xff\xfe") else "latin-1", errors="replace")
    return str(actual) if isinstance(actual, str) and len(actual) <= 3 else None


def _product(inner: Sequence[float], outer: Sequence[float]) -> tuple[float, ...]:
    """The matrix of text on its page."""
    a, b, c, d, e, f = inner
    p, q, r, s, t, u = outer
    axes = (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s)
    return *axes, e * p + f * r + t, e * q + f * s + u


def _chunks(pages: list[list[_Line]]) -> list[Chunk]:
    margins = [_margin(page) for page in pages]
    heads, dated = running([[(round(line.y), line.text) for line in margin] for margin in margins])
    lines: list[_Line] = []
    for page, margin in zip(pages, margins, strict=True):
        lines += [line for line in page if line.text not in heads or line not in margin]
    words = words_of("\n".join(line.text for line in lines))
    large = 1.15 * mode(round(line.size, 1) for line in lines for _ in line.text) if lines else 0.0
    chunks = [Chunk("paragraph", clean(text)) for text in dated]
    for paragraph in _paragraphs(lines, large):
        is_bold = all(line.bold or line.size > large for line in paragraph)
        chunks.append(Chunk("paragraph", clean(joined([line.text for line in paragraph], words)), 0, is_bold))
    return [chunk for chunk in chunks if chunk.text]


def _margin(page: Sequence[_Line]) -> list[_Line]:
    """The lines at the top and at the bottom of a page."""
    rows = sorted({round(line.y) for line in page})
    edges = {*rows[:MARGIN], *rows[-MARGIN:]}
    return [line for line in page if round(line.y) in edges]


def _paragraphs(lines: Sequence[_Line], large: float) -> Iterator[list[_Line]]:
    widths = defaultdict[int, float](float)  # of columns, by where they begin
    for line in lines:
        widths[round(line.x)] = max(widths[round(line.x)], line.width)
    gap = 1.25 * _pitch(lines)
    paragraph = list(lines[:1])
    for line, following in pairwise(lines):
        width = math.inf if line.size > large else widths[round(line.x)]  # a title may be broken anywhere
        if not _goes_on(line, following, gap, width):
            yield paragraph
            paragraph = []
        paragraph.append(following)
    if paragraph:
        yield paragraph


def _pitch(lines: Sequence[_Line]) -> float:
    """The distance of the lines of a paragraph, in sizes of their type: the smallest that is not rare."""
    drops = Counter(
        round((line.y - following.y) / line.size, 1)
        for line, following in pairwise(lines)
        if line.size and abs(line.size - following.size) < 0.1
    )
    n_drops = sum(drops.values())
    return min((drop for drop, count in drops.items() if 0.8 <= drop < 4 and count >= 0.1 * n_drops), default=1.5)


def _goes_on(line: _Line, following: _Line, gap: float, width: float) -> bool:
    """Whether a paragraph continues in the next line, which may be in another column or on another page."""
    if STARTS_BLOCK.match(following.text) or abs(line.size - following.size) > 0.08 * line.size:
        return False
    drop = (line.y - following.y) / (line.size or 1.0)
    is_ended = SENTENCE_END.search(line.text) is not None
    is_short = line.width < (0.8 if is_ended else 0.6) * width < math.inf
    is_open = following.text[0].islower() or line.text.endswith(HYPHENS) or not (is_short or is_ended)
    if drop > gap or (line.bold != following.bold and not is_open):
        return False
    is_indented = following.x - line.x > 0.8 * line.size
    return is_open or (drop > 0 and not is_short and not is_indented)
