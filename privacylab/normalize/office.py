"""Word, OpenDocument and RTF documents -> HTML, whose headings, lists and tables are read like any page's."""

import io
import re
import zipfile
from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree

from privacylab.normalize.chunks import NormalizeError, check_size

_PAGE = "<html><body>{}</body></html>"

# --- Word -----------------------------------------------------------------------------------------------------------

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name^='toc '] => !
p[style-name^='TOC '] => !
"""
"""What mammoth does not do by itself: a title is a heading, and a table of contents is left out."""


def word_page(data: bytes) -> str:
    """The page that a Word document makes; pictures, comments and deleted text are left out.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    import mammoth  # takes a tenth of a second, and few corpora need it

    _member(data, None)
    try:
        html = mammoth.convert_to_html(
            io.BytesIO(data), style_map=_STYLES, include_embedded_style_map=False, convert_image=lambda _: []
        ).value
    except Exception as error:  # a damaged file can make mammoth raise anything
        raise _damaged("Word document", error) from None
    return _PAGE.format(html)


def _member(data: bytes, name: str | None) -> bytes:
    """A member of a zip whose members, except pictures, are within the limit; empty without a name."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [info for info in archive.infolist() if not _PICTURE_FILE.search(info.filename)]
            check_size(max((info.file_size for info in members), default=0))
            return archive.read(name) if name else b""
    except RuntimeError:
        raise _locked() from None
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, NotImplementedError) as error:
        raise _damaged("document", error) from None


_PICTURE_FILE = re.compile(r"(?:media|Pictures|embeddings|fonts|Thumbnails)/[^/]*$")


def _locked() -> NormalizeError:
    return NormalizeError("encrypted", "the document asks for a password: save it without one")


def _damaged(kind: str, error: Exception) -> NormalizeError:
    return NormalizeError("unreadable", f"the {kind} is damaged ({type(error).__name__}): save it again, or as PDF")


# --- OpenDocument ---------------------------------------------------------------------------------------------------

_TAGS = {
    **{"p": "p", "list": "ul", "list-item": "li", "table": "table", "table-row": "tr", "table-cell": "td"},
    **{"line-break": "br", "p Title": "h1", "p bold": "summary", "span bold": "b"},
    **{"p struck": "del", "span struck": "del"},
    **{f"h {level}": f"h{min(level, 6)}" for level in range(1, 11)},
}
"""Elements, with their styles or levels, and their HTML."""
_BLANKS = {"s": " ", "tab": "\t"}
_LEFT_OUT = frozenset(("annotation", "tracked-changes", "table-of-content", "frame", "forms", "sequence-decls"))


def open_document_page(data: bytes) -> str:
    """The page that an OpenDocument text makes, zipped or flat; pictures, comments and deleted text are left out.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    if data.startswith(b"PK"):
        if b"manifest.xml" in data and b"encryption-data" in _member(data, "META-INF/manifest.xml"):
            raise _locked()
        data = _member(data, "content.xml")
    check_size(len(data))
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise _damaged("OpenDocument text", error) from None
    for node in root.iter():  # names without their namespaces
        node.tag = node.tag.rpartition("}")[2]
        node.attrib = {key.rpartition("}")[2]: value for key, value in node.items()}
    styles = {style.get("name", ""): _look_of(style) for style in root.iter("style")} | {"Title": "Title"}
    body = root.find("body/text")
    if body is None:
        raise NormalizeError("no_text", "an OpenDocument file without a text")
    for node in list(body.iter()):
        look = styles.get(node.get("style-name", ""))
        _make_html(node, node.get("outline-level", "1") if node.tag == "h" else look)
    return _PAGE.format(ElementTree.tostring(body, encoding="unicode", method="html"))


def _look_of(style: ElementTree.Element) -> str:
    """Whether a style is a ``Title``, ``struck``, ``bold``, or nothing that matters here."""
    if "Title" in (style.get("name"), style.get("parent-style-name")):
        return "Title"
    lines = {each.get(f"text-line-through-{key}", "none") for each in style for key in ("style", "type")}
    if lines - {"none"} or any(each.get("display") == "none" for each in style):
        return "struck"
    weights = {each.get("font-weight") for each in style}
    return "bold" if weights & {"bold", "700", "800", "900"} else ""


def _make_html(node: ElementTree.Element, look: str | None) -> None:
    """Turns an element of OpenDocument into one of HTML."""
    if node.tag in _LEFT_OUT:
        node.text, node[:] = None, []
    elif node.tag == "note":
        node.text, node[:] = f" ({''.join(node.itertext())})", []
    node.text = _BLANKS.get(node.tag, node.text)
    node.tag = _TAGS.get(f"{node.tag} {look}") or _TAGS.get(node.tag, "span")
    node.attrib.clear()


# --- RTF ------------------------------------------------------------------------------------------------------------

# Marks without a meaning carry what striprtf forgets through it: groups, looks of letters, levels of headings.
_OPEN, _CLOSE, _BOLD, _LIGHT, _STRUCK, _SHOWN, _PLAIN, _NEW, _LEVEL = map(chr, range(0xE000, 0xE009))
_MARK = {"}": _CLOSE, "\\plain": _PLAIN, "\\pard": _NEW}
_MARKS = re.compile(rf"([{_OPEN}-{_NEW}\n]|{_LEVEL}\d)")
_CONTROL = re.compile(
    r"\\[\\{}*']|[{}]"
    r"|\\(?:plain|pard|outlinelevel(?P<level>\d)|(?P<look>b|striked?|deleted|v)(?P<off>0|1?))(?![a-z\d-]) ?"
)
_PICTURE = re.compile(rb"(?:[\da-fA-F]{32,}\s*)+")


def rtf_page(data: bytes) -> str:
    """The page that an RTF document makes.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    from striprtf.striprtf import rtf_to_text

    source = _PICTURE.sub(b"", data).decode("latin-1").replace("HYPERLINK", "LINK")  # its address is not text
    check_size(len(source))
    try:
        marked = str(rtf_to_text(_CONTROL.sub(_with_mark, source), errors="replace"))  # type: ignore[no-untyped-call]
    except Exception as error:  # a damaged file can make it raise anything
        raise _damaged("RTF document", error) from None
    return _PAGE.format("".join(_rtf_html(marked)))


def _with_mark(control: re.Match[str]) -> str:
    word = control[0].strip()
    if word == "{":
        return _OPEN + word
    if control["look"]:
        on, off = (_BOLD, _LIGHT) if control["look"] == "b" else (_STRUCK, _SHOWN)
        return control[0] + (off if control["off"] == "0" else on)
    return control[0] + (_LEVEL + control["level"] if control["level"] else _MARK.get(word, ""))


def _rtf_html(marked: str) -> Iterator[str]:
    """One paragraph per line: a heading if it has an outline level, bold if all its letters are."""
    outer: list[tuple[bool, bool]] = []
    is_bold, is_struck, level = False, False, ""
    line: list[tuple[str, bool]] = []
    for piece in _MARKS.split(marked + "\n"):
        if piece == _OPEN:
            outer.append((is_bold, is_struck))
        elif piece == _CLOSE:
            is_bold, is_struck = outer.pop() if outer else (False, False)
        elif piece == _PLAIN:
            is_bold, is_struck = False, False
        elif piece in (_BOLD, _LIGHT):
            is_bold = piece == _BOLD
        elif piece in (_STRUCK, _SHOWN):
            is_struck = piece == _STRUCK
        elif piece == _NEW:
            level = ""
        elif piece.startswith(_LEVEL):
            level = piece[1]
        elif piece == "\n":
            is_title = not level and all(bold for part, bold in line if part.strip())
            yield _rtf_paragraph("".join(part for part, _ in line), level, is_bold=is_title)
            line = []
        else:
            line.append((f"<del>{escape(piece)}</del>" if is_struck else escape(piece), is_bold))


def _rtf_paragraph(text: str, level: str, *, is_bold: bool) -> str:
    text = text.strip()
    if text.endswith("|"):  # the end of a cell
        return f"<table><tr><td>{text[:-1].replace('|', '</td><td>')}</td></tr></table>"
    tag = f"h{min(int(level) + 1, 6)}" if level else "summary" if is_bold else "p"
    return f"<{tag}>{text}</{tag}>"
