"""Bytes -> text, and what kind of text it is."""

import codecs
import contextlib
import re

import charset_normalizer

from privacylab.normalize.chunks import NormalizeError


def decode(data: bytes) -> str:
    """Text from bytes: by byte order mark, as UTF-8, as the page declares, or as charset-normalizer's best guess.

    Raises:
        NormalizeError: ``not_text``.
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data[:4096]:
        for encoding, zeros in (("utf-16-le", data[1:4096:2]), ("utf-16-be", data[:4096:2])):
            if len(zeros) > 3 and zeros.count(0) > 0.9 * len(zeros) and 2 * zeros.count(0) > data[:4096].count(0) * 1.9:
                return data.decode(encoding, errors="replace")
        raise NormalizeError("not_text", "it holds NUL bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        # Stray bytes among more letters of UTF-8 were pasted from Windows; a letter cut in two is dropped.
        valid = data.decode("utf-8", errors="ignore")
        n_letters = len(valid) - len(valid.encode("ascii", errors="ignore"))
        n_stray = len(data) - len(valid.encode())
        if (n_stray <= n_letters or _cut_short(data)) and not _CONTROL_BYTE.search(data[:4096]):
            text = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode(data)
            return SURROGATE.sub(_of_windows, text)
    if declared := _CHARSET.search(data[:4096]):
        with contextlib.suppress(LookupError, UnicodeError):
            return data.decode(declared[1].decode("ascii"))
    # A text with few bytes above 127 is English in the code page of Windows, whatever else these bytes might be.
    if sum(byte > 127 for byte in data[:50_000]) * 20 < len(data[:50_000]) and not _CONTROL_BYTE.search(data[:4096]):
        return data.decode("cp1252", errors="replace")
    best = charset_normalizer.from_bytes(data[:50_000], cp_isolation=["cp1252", "latin_1", "cp1250", "utf_16"]).best()
    text = "" if best is None else data.decode(best.encoding, errors="replace")
    if best is None or _CONTROL.search(text[:4096]):
        raise NormalizeError("not_text", "its bytes are no text in a known encoding")
    return text


def _cut_short(data: bytes) -> bool:
    """Whether nothing is wrong but that the last letter is not whole."""
    return any(data[:-n].isascii() for n in (1, 2, 3))


def _of_windows(escaped: re.Match[str]) -> str:
    """A byte that is no UTF-8, as Windows reads it."""
    return escaped[0].encode(errors="surrogateescape").decode("cp1252", errors="replace")


SURROGATE = re.compile(r"[\ud800-\udfff]")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{3,20})", re.IGNORECASE)
_CONTROL_BYTE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_TAG = re.compile(r"</?(?:p|li|ul|ol|br|div|h[1-6]|table|t[dr]|b|strong|i|span|html|body)\b[^>]{0,200}>", re.IGNORECASE)
_MARKDOWN = re.compile(
    r"\]\([^)\s]+|^#{1,6} |^[^\n]{3,100}\n(?:={3,}|-{3,})[ \t]*$|\*\*[^*\n]{2,80}\*\*|^\*   |\\[-\\`*_{}\[\]<>#|&~!+.]",
    re.MULTILINE,
)


def sniff(text: str) -> str:
    """The media type that a text looks like: HTML, also as leftover tags, Markdown, or plain text."""
    head = text[:2000].lower()
    if "<html" in head or "<!doctype html" in head or len(_TAG.findall(text, 0, 20_000)) >= 6:
        return "text/html"
    n_marks = len(_MARKDOWN.findall(text, 0, 20_000)) + text.startswith("# ")
    # Where blank lines part all blocks, Markdown and plain text differ in nothing but the marks.
    is_parted = "\n" not in text.strip().replace("\n\n", "")
    return "text/markdown" if n_marks >= 2 or (n_marks and is_parted) else "text/plain"
