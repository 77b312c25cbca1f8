"""Bytes of any kind -> text: other kinds are converted to text, or refused by name."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from privacylab.normalize.chunks import MAX_BYTES, NormalizeError, check_size
from privacylab.normalize.encoding import decode, sniff, whole
from privacylab.normalize.office import open_document_page, rtf_page, word_page
from privacylab.normalize.pdf import is_pdf
from privacylab.normalize.saved import mhtml_page, unpacked, webarchive_page
from privacylab.sources import kinds

PDF = "application/pdf"
MAX_NESTING = 4
"""How often a document is unpacked: a page in MHTML in gzip, twice."""

_OPEN_DOCUMENT = "application/vnd.oasis.opendocument.text"
UNPACKERS: Mapping[str, Callable[[bytes], bytes | str]] = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": word_page,
    **dict.fromkeys((_OPEN_DOCUMENT, f"{_OPEN_DOCUMENT}-flat-xml"), open_document_page),
    "application/rtf": rtf_page,
    "multipart/related": mhtml_page,
    "application/x-webarchive": webarchive_page,
    **{packed: partial(unpacked, media_type=packed) for packed in kinds.PACKED},
}
"""What makes a page of each kind; the page may again be of another kind."""

_ENCODED = re.compile(rb"data:[\w/+.-]{0,80}(?:;[\w.=-]{1,80}){0,4},[\w+/=%.~-]{200,}")
_SCRIPT_TAG = re.compile(rb"<(?=/?(?:script|style)\b)", re.IGNORECASE)
_JSON, _OLE = "application/json", "application/x-ole-storage"


def text_of(data: bytes, media_type: str | None) -> tuple[str | bytes, str | None]:
    """The text of a document, and its media type if known; a PDF unchanged.

    Args:
        data: The document.
        media_type: What its name says of it.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    named = kinds.KINDS.get(media_type or "")
    for _ in range(MAX_NESTING):
        kind = kinds.kind_of(data)
        if kind is None or kind.media_type not in UNPACKERS:
            break
        page, media_type = UNPACKERS[kind.media_type](data), None
        if isinstance(page, str):
            return whole(page), None
        data = page
    if (kind is None or kind.media_type == PDF) and is_pdf(data):
        return _without_pictures(data), PDF
    if kind and not (kind.media_type == _JSON and media_type in ("text/html", "text/markdown")):
        raise _refused(named if kind.media_type == _OLE and named and named.advice else kind)
    data = _without_pictures(data)
    try:
        text = decode(data)
    except NormalizeError:
        if named and named.media_type == PDF:
            return data, PDF  # its reader says what is wrong with it
        if named:
            raise _refused(named) from None
        raise
    if named and named.many and sniff(text) != "text/html":
        raise _refused(named)
    return text, None if named else media_type


def _without_pictures(page: bytes) -> bytes:
    """A page that is not too large, if necessary without its pictures, scripts and styles."""
    if len(page) > MAX_BYTES:
        page = _ENCODED.sub(b"", page)
    if len(page) > MAX_BYTES:
        page = b"<".join(part for part in _SCRIPT_TAG.split(page) if part[:2].lower() not in (b"sc", b"st"))
    check_size(len(page))
    return page


def _refused(kind: kinds.Kind) -> NormalizeError:
    return NormalizeError("unreadable_kind", kind.refusal)
