"""Word, OpenDocument and RTF documents -> HTML, whose headings, lists and tables are then read as any page's."""

import io
import re
import zipfile
from collections.abc import Iterator
from html import escape
from xml.etree import ElementTree

from privacylab.normalize.chunks import MAX_BYTES, NormalizeError

_PAGE = "<html><body>{}</body></html>"

# --- Word -----------------------------------------------------------------------------------------------------------

_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name^='toc '] => !
p[style-name^='TOC '] => !
"""
"""What mammoth does not do by itself: a title is a heading, and a table of contents is no text."""


def word_page(data: bytes) -> str:
    """The page that a Word document makes; pictures, comments and deleted text are left out.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    import mammoth  # a tenth of a second, for what hardly a corpus holds

    _members(data, "")
    try:
        html = mammoth.convert_to_html(
            io.BytesIO(data), style_map=_STYLES, include_embedded_style_map=False, convert_image=lambda _: []
        ).value
    except Exception as error:  # mammoth raises whatever a damaged file makes it meet
        raise _damaged("Word document", error) from None
    return _PAGE.format(html)


def _members(data: bytes, name: str) -> bytes:
    """A member of a zip, of which none is larger than what is read; empty without a name."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if info.file_size > MAX_BYTES and info.filename.endswith(".xml"):
                    raise NormalizeError("too_large", f"{info.filename} in it has {info.file_size:,} bytes")
            return archive.read(name) if name else b""
    except RuntimeError:
        raise NormalizeError("encrypted", "the document asks for a password: save it without one") from None
    except (zipfile.BadZipFile, KeyError, OSError, EOFError, NotImplementedError) as error:
        raise _damaged("document", error) from None


def _damaged(kind: str, error: Exception) -> NormalizeError:
    return NormalizeError("unreadable", f"the {kind} is damaged ({type(error).__name__}): save it again, or as PDF")


# --- OpenDocument ---------------------------------------------------------------------------------------------------

_ELEMENTS = {"p": "p", "list": "ul", "list-item": "li", "table": "table", "table-row": "tr", "table-cell": "td"}
_SHORT = {"s": " ", "tab": "\t", "line-break": "<br>"}
_LEFT_OUT = frozenset(("annotation", "tracked-changes", "table-of-content", "frame", "forms", "sequence-decls"))


def open_document_page(data: bytes) -> str:
    """The page that an OpenDocument text makes, zipped or flat; pictures, comments and deleted text are left out.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    is_zip = data.startswith(b"PK")
    if is_zip and b"encryption-data" in _members(data, "META-INF/manifest.xml" if b"manifest.xml" in data else ""):
        raise NormalizeError("encrypted", "the document asks for a password: save it without one")
    content = _members(data, "content.xml") if is_zip else data
    if len(content) > MAX_BYTES:
        raise NormalizeError("too_large", f"{len(content):,} bytes, at most {MAX_BYTES:,} are read")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as error:
        raise _damaged("OpenDocument text", error) from None
    body = next((node for node in root.iter() if _local(node.tag) == "text" and "office" in node.tag), None)
    if body is None:
        raise NormalizeError("no_text", "an OpenDocument file without a text")
    return _PAGE.format("".join(_odf_html(body, dict(_odf_styles(root)))))


def _local(name: str) -> str:
    """A name of XML without its namespace."""
    return name.rpartition("}")[2]


def _attribute(node: ElementTree.Element, name: str) -> str:
    return next((value for key, value in node.items() if _local(key) == name), "")


def _odf_styles(root: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """The tag that a style stands for: ``h1`` of a title, ``b`` of what is bold."""
    for style in root.iter():
        if _local(style.tag) == "style":
            if "Title" in (_attribute(style, "name"), _attribute(style, "parent-style-name")):
                yield _attribute(style, "name"), "h1"
            elif any(_attribute(each, "font-weight") in ("bold", "700", "800", "900") for each in style):
                yield _attribute(style, "name"), "b"


def _odf_html(node: ElementTree.Element, styles: dict[str, str]) -> Iterator[str]:
    name, style = _local(node.tag), styles.get(_attribute(node, "style-name"), "")
    if name in _LEFT_OUT:
        return
    tag = _ELEMENTS.get(name, "")
    if name == "h":
        tag = f"h{min(int(_attribute(node, 'outline-level') or 1), 6)}"
    elif tag == "p" and (style == "h1" or _attribute(node, "style-name") == "Title"):
        tag = "h1"
    is_bold = style == "b" and name in ("p", "span")
    yield (f"<{tag}>" if tag else "") + ("<b>" if is_bold else "") + _SHORT.get(name, "")
    yield escape(node.text or "")
    for child in node:
        yield from (
            (f" ({escape(''.join(child.itertext()))})",) if _local(child.tag) == "note" else _odf_html(child, styles)
        )
        yield escape(child.tail or "")
    yield ("</b>" if is_bold else "") + (f"</{tag}>" if tag else "")


# --- RTF ------------------------------------------------------------------------------------------------------------

# Marks of no meaning of their own take what striprtf forgets through it: groups, bold letters, levels of headings.
_OPEN, _CLOSE, _BOLD, _PLAIN, _NEW, _LEVEL = map(chr, range(0xE000, 0xE006))
_MARKS = re.compile(rf"([{_OPEN}-{_NEW}\n]|{_LEVEL}\d)")
_CONTROL = re.compile(r"\\[\\{}*']|[{}]|\\(?:b0|b1?|plain|pard|outlinelevel(\d))(?![a-z\d-]) ?")
_PICTURE = re.compile(rb"(?:[\da-fA-F]{32,}\s*)+")


def rtf_page(data: bytes) -> str:
    """The page that an RTF document makes.

    Raises:
        NormalizeError: As `normalize.blocks`.
    """
    from striprtf.striprtf import rtf_to_text

    source = _PICTURE.sub(b"", data).decode("latin-1").replace("HYPERLINK", "LINK")  # its address is no text
    if len(source) > MAX_BYTES:
        raise NormalizeError("too_large", f"{len(source):,} bytes, at most {MAX_BYTES:,} are read")
    try:
        marked = str(rtf_to_text(_CONTROL.sub(_with_mark, source), errors="replace"))  # type: ignore[no-untyped-call]
    except Exception as error:  # it raises whatever a damaged file makes it meet
        raise _damaged("RTF document", error) from None
    return _PAGE.format("".join(_rtf_html(marked)))


def _with_mark(control: re.Match[str]) -> str:
    word = control[0].strip()
    if control[1]:
        return control[0] + _LEVEL + control[1]
    marks = {"}": _CLOSE, "\\b": _BOLD, "\\b1": _BOLD, "\\b0": _PLAIN, "\\plain": _PLAIN, "\\pard": _NEW}
    return _OPEN + word if word == "{" else control[0] + marks.get(word, "")


def _rtf_html(marked: str) -> Iterator[str]:
    """A paragraph a line: a heading where it has an outline level, bold where all its letters are."""
    outer: list[bool] = []
    is_bold, level = False, ""
    line: list[tuple[str, bool]] = []
    for piece in _MARKS.split(marked + "\n"):
        if piece == _OPEN:
            outer.append(is_bold)
        elif piece == _CLOSE:
            is_bold = outer.pop() if outer else False
        elif piece in (_BOLD, _PLAIN):
            is_bold = piece == _BOLD
        elif piece == _NEW:
            level = ""
        elif piece.startswith(_LEVEL):
            level = piece[1]
        elif piece == "\n":
            yield _rtf_paragraph(line, level)
            line = []
        elif piece:
            line.append((piece, is_bold))


def _rtf_paragraph(line: list[tuple[str, bool]], level: str) -> str:
    text = escape("".join(part for part, _ in line).strip())
    if text.endswith("|"):  # the end of a cell
        cells = "".join(f"<td>{cell}</td>" for cell in text[:-1].split("|"))
        return f"<table><tr>{cells}</tr></table>"
    if level:
        return f"<h{min(int(level) + 1, 6)}>{text}</h{min(int(level) + 1, 6)}>"
    is_bold = all(bold for part, bold in line if part.strip())
    return f"<p><b>{text}</b></p>" if is_bold else f"<p>{text}</p>"
