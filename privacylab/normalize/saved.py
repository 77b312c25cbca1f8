"""A page saved in one file (MHTML, Safari's web archive) or packed -> the page."""

import email
import io
import lzma
import plistlib
import zlib

from privacylab.normalize.chunks import NormalizeError
from privacylab.normalize.encoding import declared_text
from privacylab.sources.kinds import MAX_UNPACKED, PACKED

_PAGES = ("text/html", "application/xhtml+xml")


def mhtml_page(data: bytes) -> bytes | str:
    """The page of a web archive (MHTML), or of a letter: its declared start, else the first.

    Raises:
        NormalizeError: ``no_text``: it has no page.
    """
    message = email.message_from_bytes(data.lstrip())
    parts = [part for part in message.walk() if not part.is_multipart()]
    pages = [part for part in parts if part.get_content_type() in _PAGES]
    pages = pages or [part for part in parts if part.get_content_type() == "text/plain"]
    if not pages:
        raise NormalizeError("no_text", "a web archive (MHTML) without a page: save the page again as HTML")
    start = str(message.get_param("start") or "")
    root = next((page for page in pages if start and page.get("Content-ID") == start), pages[0])
    payload = root.get_payload(decode=True)
    return declared_text(payload if isinstance(payload, bytes) else b"", root.get_content_charset())


def webarchive_page(data: bytes) -> bytes | str:
    """The page of Safari's web archive.

    Raises:
        NormalizeError: ``no_text``: it has no page.
    """
    try:
        main = plistlib.loads(data)["WebMainResource"]
        return declared_text(bytes(main["WebResourceData"]), main.get("WebResourceTextEncodingName"))
    except Exception as error:  # a damaged file can make plistlib raise anything
        raise NormalizeError(
            "no_text", f"a web archive without a page ({type(error).__name__}): save it again"
        ) from None


def unpacked(data: bytes, media_type: str) -> bytes:
    """The content of a packed file, up to the limit for a page with all its pictures.

    Raises:
        NormalizeError: ``too_large``, or ``unreadable``: it is damaged.
    """
    try:
        page = PACKED[media_type](io.BytesIO(data)).read(MAX_UNPACKED + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise NormalizeError("unreadable", f"a damaged packed file ({error}): copy it here again") from None
    if len(page) > MAX_UNPACKED:
        raise NormalizeError("too_large", f"more than {MAX_UNPACKED:,} bytes when unpacked")
    return page
