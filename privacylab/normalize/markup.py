"""A page's mark-up before it is parsed, rewritten where the parser would swallow or hide text."""

import html
import re
from itertools import accumulate

from selectolax.lexbor import LexborHTMLParser

from privacylab.normalize.cleaning import ESCAPED_TAG

_RAW_TEXT = "title|script|style|iframe|textarea|noscript|noframes|xmp"
_VOID = "area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr"
_ATTRIBUTES = r"(?:\s++[^\s=<>\"'/]++(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>]++(?<!/)))?+)*+\s*+"
_SELF_CLOSED_RAW = re.compile(rf"<({_RAW_TEXT})({_ATTRIBUTES})/>", re.IGNORECASE)
_SELF_CLOSED = re.compile(rf"<(?!(?:{_VOID})\b)([a-z][\w:-]*+)({_ATTRIBUTES})/>", re.IGNORECASE)
_IS_XML = re.compile(r"<\?xml\b|<!doctype[^>]{0,100}xhtml|xmlns=[\"']http://www\.w3\.org/1999/xhtml", re.IGNORECASE)
_XML_ROOT = re.compile(r"(?:\s|<\?[^>]*>|<!(?!doctype html)[^>]*>)*+<([a-z_][\w.-]*+)", re.IGNORECASE)
_XML_ELEMENT = re.compile(r"<(/?)([A-Za-z_][\w:.-]*+)([^<>]*+)>")
_XML_TITLE = re.compile(r"\s(?:name|title|head(?:ing)?|label)=([\"'])([^\"'<>]{3,150})\1", re.IGNORECASE)
_XML_HEADS = ("title", "heading", "subtitle", "head", "header")
_TEXT_LEVEL = frozenset("a b br em h1 h2 h3 h4 h5 h6 i li ol p span strong table tbody td th tr u ul".split())
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ARCHIVE_INSERT = re.compile(
    r"<!--\s*BEGIN WAYBACK TOOLBAR INSERT\s*-->.*?<!--\s*END WAYBACK TOOLBAR INSERT\s*-->", re.DOTALL | re.IGNORECASE
)
_TEMPLATE = re.compile(r"<(/?)template\b", re.IGNORECASE)
_CHOICE = re.compile(r"</?(?:select|option|optgroup)\b[^<>]*>", re.IGNORECASE)
_ESCAPED = re.compile(r"&(?:amp;)*(?:lt|#0*60|#x3c);/?(?:p|li|ul|br|div|h[1-6]|t[dr]|html|body)\b", re.IGNORECASE)
_PREFIXED = re.compile(r"<(\w{1,20}):html\b", re.IGNORECASE)
_UNCLOSED = re.compile(r"<(?:!--|[^<>]*>)[^<]*")
_TAG = re.compile(r"</?(?:p|li|ul|ol|br|div|h[1-6]|table|t[dr]|html|body)\b[^>]{0,200}>", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^<>]{0,1000}>")
_OPENS_OR_ENDS = re.compile("</?")

MAX_ESCAPES = 3
"""How often a whole page may have been escaped."""

MAX_OPEN = 10_000
"""Elements that are open at once; with more, a standard parser takes hours, so their tags are cut."""

MAX_TAG = 100_000
"""Characters of a tag; a longer one has a picture, or so many attributes that a parser takes hours."""
_LONG_TAG = re.compile(rf"<[^<>]{{{MAX_TAG},}}>")

PARAGRAPH_MARK = "|||"
"""What ends a paragraph in the sanitized policies of OPP-115."""


def is_own_xml(text: str) -> bool:
    """Whether a text is XML with another vocabulary than HTML's."""
    root = _XML_ROOT.match(text)
    if not root or ESCAPED_TAG.match(text, root.start(1) - 1):
        return False
    return text.rstrip().endswith(f"</{root[1]}>")


def revealed(text: str) -> str:
    """A page whose tags are escaped or have a prefix, with plain ones.

    >>> revealed("&lt;body&gt;" + "&lt;p&gt;We use cookies." * 6)[:12], revealed("<h:html><h:p>")
    ('<body><p>We ', '<html><p>')
    """
    for _ in range(MAX_ESCAPES):
        if "&" not in text or len(_ESCAPED.findall(text, 0, 20_000)) < 6 or ESCAPED_TAG.search(text, 0, 20_000):
            break
        text = html.unescape(text)
    prefixed = _PREFIXED.search(text, 0, 2000)
    return re.sub(rf"(</?){prefixed[1]}:", r"\1", text) if prefixed else text


def _block(element: re.Match[str]) -> str:
    """An element of such XML as a block of HTML, under its title."""
    end, name, attributes = element.groups()
    if name.lower() in _TEXT_LEVEL:
        return element[0]
    titled = _XML_TITLE.search(attributes)
    tag = "h2" if name.lower().endswith(_XML_HEADS) else "div"
    title = f"<h2>{titled[2]}</h2>" if titled else ""
    return f"<{end}{tag}>{title}" + (f"</{tag}>" if attributes.endswith("/") else "")


def is_unclosed(text: str) -> bool:
    """Whether so many elements stay open, or are nested, that a parser would take hours."""
    if text.count("<") <= MAX_OPEN:
        return False
    return max(accumulate(1 if mark == "<" else -1 for mark in _OPENS_OR_ENDS.findall(text))) > MAX_OPEN


def without_tags(text: str, instead: str) -> str:
    """Text without its tags."""
    return _ANY_TAG.sub(instead, text)


def parsed(text: str) -> LexborHTMLParser:
    """The tree of a page or a piece of one, in time proportional to its length."""
    if is_unclosed(text):
        text = without_tags(text, "<br>")
    return LexborHTMLParser(_LONG_TAG.sub(" ", text) if len(text) > MAX_TAG else text)


def is_source(text: str) -> bool:
    """Whether what a page shows is the source of another."""
    return len(_TAG.findall(text, 0, 20_000)) >= 6


def mended_page(text: str) -> str:
    """The mark-up of a page, without anything that hides the text after it."""
    if is_own_xml(text):
        text = _XML_ELEMENT.sub(_block, _CDATA.sub(r"\1", text))
    if "WAYBACK TOOLBAR" in text:
        text = _ARCHIVE_INSERT.sub("", text)
    text = _SELF_CLOSED_RAW.sub(r"<\1\2></\1>", text)
    if _IS_XML.search(text, 0, 2000):
        text = _SELF_CLOSED.sub(r"<\1\2></\1>", text)
        text = _CDATA.sub(lambda data: html.escape(data[1], quote=False), text)
    text = _TEMPLATE.sub(r"<\1x-template", text)  # a parser keeps what is in a template out of the tree
    for opening, closing in (("<script", "</script"), ("<style", "</style"), ("<title", "</title"), ("<!--", "-->")):
        start = text.lower().rfind(opening)
        if start >= 0 and closing not in text[start:].lower():
            text = text[:start] + _UNCLOSED.sub("", text[start:], count=1)
    return text if "</select" in text.lower() else _CHOICE.sub(" ", text)
