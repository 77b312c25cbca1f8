"""Bytes -> text, and what kind of text it is."""

import codecs
import contextlib
import json
import re

import charset_normalizer

from privacylab.normalize.chunks import NormalizeError
from privacylab.normalize.markup import is_own_xml


def decode(data: bytes) -> str:
    """Text from bytes: by byte order mark, as UTF-8, as the page declares, or as charset-normalizer's best guess.

    Raises:
        NormalizeError: ``not_text``.
    """
    if data.endswith(_FILLING):
        data = data.rstrip(b"\0") or data
    head = data[:4096]
    if encoding := _marked(data) or _wide(head):
        return data.decode(encoding, errors="replace")
    if b"\0" in head:
        if head.count(0) > MAX_NULS * len(head) or not _is_text(head):
            raise NormalizeError("not_text", "it has NUL bytes and is of an unknown kind: save it as HTML or PDF")
        data = data.replace(b"\0", b"")  # a browser shows the page without them
    with contextlib.suppress(UnicodeDecodeError):
        return data.decode("utf-8")
    is_text = _is_text(head)
    if is_text and _is_mostly_utf8(data):
        text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(data)  # a letter cut in two is dropped
        return SURROGATE.sub(_of_windows, text)
    if declared := _CHARSET.search(head):
        with contextlib.suppress(LookupError, UnicodeError):
            return data.decode(declared[1].decode("ascii"))
    # A text with few bytes above 127 is English in the code page of Windows, even if the bytes could mean other things.
    if is_text and sum(byte > 127 for byte in data[:50_000]) * 20 < len(data[:50_000]):
        return data.decode("cp1252", errors="replace")
    best = charset_normalizer.from_bytes(data[:50_000], cp_isolation=["cp1252", "latin_1", "cp1250", "utf_16"]).best()
    text = "" if best is None else data.decode(best.encoding, errors="replace")
    if best is None or _CONTROL.search(text[:4096]):
        raise NormalizeError("not_text", "its bytes are not text in a known encoding: save it as HTML or PDF")
    return text


def declared_text(data: bytes, encoding: str | None) -> bytes | str:
    """Text in its declared encoding; the bytes if they have their own mark, or are not such text."""
    if encoding and not _marked(data):
        with contextlib.suppress(LookupError, UnicodeError):
            return data.decode(encoding)
    return data


def _marked(data: bytes) -> str | None:
    """The encoding of a byte order mark."""
    encoding = json.detect_encoding(data)
    return encoding if encoding in ("utf-8-sig", "utf-16", "utf-32") else None


def _wide(head: bytes) -> str | None:
    """The encoding with several bytes per letter, recognised by the places of NULs."""
    n_nuls = head.count(0)
    for encoding, width, place in _WIDE if n_nuls > MAX_NULS * len(head) else ():
        letters = head[place::width]
        n_zeros, n_others = n_nuls - letters.count(0), len(head) - len(letters)
        if n_others > 3 and n_zeros > 0.9 * n_others and n_zeros > 0.95 * n_nuls:
            return encoding
    return None


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether stray bytes among more letters of UTF-8 were pasted from Windows, or the last letter is incomplete."""
    valid = data.decode("utf-8", errors="ignore")
    n_bytes = len(valid.encode())
    n_letters = sum(not letter.isascii() for letter in valid)
    return len(data) - n_bytes <= n_letters or any(data[:-n].isascii() for n in (1, 2, 3))


def _is_text(head: bytes) -> bool:
    """Whether no letter except NUL is a control character."""
    return _CONTROL.search(head.replace(b"\0", b"").decode("latin-1")) is None


def _of_windows(escaped: re.Match[str]) -> str:
    """A byte that is not UTF-8, as Windows reads it."""
    return escaped[0].encode(errors="surrogateescape").decode("cp1252", errors="replace")


_FILLING = b"\0" * 8
"""More NULs at the end than a letter has: they pad a block of a disk or a tape."""

MAX_NULS = 0.1
"""The share of NULs among the first bytes above which a file is not text."""

_WIDE = (("utf-32-le", 4, 0), ("utf-32-be", 4, 3), ("utf-16-le", 2, 0), ("utf-16-be", 2, 1))
"""Encodings, the bytes of a letter, and which of them is not NUL in English."""

SURROGATE = re.compile(r"[\ud800-\udfff]")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{3,20})", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_TAG = re.compile(r"</?(?:p|li|ul|ol|br|div|h[1-6]|table|t[dr]|b|strong|i|span|html|body)\b[^>]{0,200}>", re.IGNORECASE)
_MARKDOWN = re.compile(
    r"\]\([^)\s]+|^#{1,6} |^#{2,6}[A-Z]"
    r"|^[^\n]{3,100}\n(?:={3,}|-{3,})[ \t]*$|\*\*[^*\n]{2,80}\*\*|^\*   |\\[-\\`*_{}\[\]<>#|&~!+.]",
    re.MULTILINE,
)


def sniff(text: str) -> str:
    """The media type that a text looks like: HTML, also as leftover tags, Markdown, or plain text."""
    head = text[:2000].lower()
    is_page = "<html" in head or "<!doctype html" in head or is_own_xml(text)
    if is_page or len(_TAG.findall(text, 0, 20_000)) >= 6:
        return "text/html"
    n_marks = len(_MARKDOWN.findall(text, 0, 20_000)) + text.startswith("# ")
    # Where blank lines separate all blocks, Markdown and plain text differ only in the marks.
    is_parted = "\n" not in text.strip().replace("\n\n", "")
    return "text/markdown" if n_marks >= 2 or (n_marks and is_parted) else "text/plain"


def whole(text: str) -> str:
    """A text with replacement characters for half characters, which cannot be written."""
    return SURROGATE.sub("\ufffd", text)
