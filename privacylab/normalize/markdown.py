"""Markdown -> chunks: cmark makes HTML of it."""

import re

from cmarkgfm import cmark

from privacylab.normalize.chunks import Chunk, Pieces
from privacylab.normalize.cleaning import chunks_of
from privacylab.normalize.html import read_tree
from privacylab.normalize.markup import is_unclosed, parsed
from privacylab.normalize.plain import plain_chunks
from privacylab.normalize.wrapping import unbroken

_UNSAFE = cmark.Options.CMARK_OPT_UNSAFE  # leftover tags pass through to be read as HTML
_EXTENSIONS = ("table", "strikethrough")  # addresses need no links, and tags no filter
_DEEP_INDENT = re.compile(r"^(?: {8,}|\t{2,})(?=\S)", re.MULTILINE)
# A title in bold on a line of its own, without blank lines: between a sentence's end and a sentence's beginning.
_BOLD_LINE = re.compile(
    r"(?:(?<![^.!?:])|(?<=[.!?:]  ))\n((\*\*|__)[A-Z\d][^*_\n]{1,100}[^*_\n.,;:]\2)[ \t]*\n(?=[A-Z\"'*_-])"
)
_PARTED = re.compile(r"\n\n(?!\s)")
"""A blank line before one that is neither blank nor indented: no item and no bold title continues after it."""
_PART = re.compile(r"\n(?:[^\S\n]*+\n)++(?![^\S\n])")
"""Blank lines, except before an indented line, which belongs to an item."""
_BOLD_ITEM = re.compile(r"^ {0,3}(?:\d{1,2}[.)]|[-*+]) +(\*\*|__)[^*_\n]{2,100}\1[ \t]*\n(?= +[A-Z\"'])", re.MULTILINE)
_INDENT = re.compile(r"^ {4}", re.MULTILINE)
_MEANT_AS_TEXT = re.compile(r"\n\n    #{1,4} \w")
"""A heading that an indent turns into code: the whole text was indented."""
_DEFINED = re.compile(r"(?:\A|(?<=\n))\n?([^\n:|#*-][^\n]{1,80})\n{1,2}:[ \t]{1,3}(?=\S)")
_SCRIPTS = ("script", "style", "noscript", "iframe")
_SCRIPT = re.compile(rf"<({'|'.join(_SCRIPTS)})\b[^<>]*>", re.IGNORECASE)
_SCRIPT_ENDS = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in _SCRIPTS}

_FRONT_MATTER = re.compile(  # possessive: without an end each line would be tried in two ways
    r"\A\s*(?:---|\+\+\+)[ \t]*\n((?:(?!---|\.\.\.|\+\+\+)(?:[\w -]{1,40}[:=]|[ \t-])[^\n]*+\n)++)"
    r"(?:---|\.\.\.|\+\+\+)[ \t]*\n"
)
_TITLED = re.compile(r"\s*(?:# |[^\n]{3,100}\n=)")
_TIGHT_HEADING = re.compile(r"^(#{2,6})(?=[^\W_])", re.MULTILINE)
_HEADING_ID = re.compile(r"(?<=\S)[ \t]*\{[:#.][^{}\n]{1,80}\}[ \t]*$", re.MULTILINE)

_SIMPLE_LINE = re.compile(r"[A-Za-z\"'(][^\n\\`*_\[\]<>&|~\0\r]*\n?")
"""Two fifths of the pieces of Markdown: a line of text without a mark, which needs neither cmark nor lexbor."""

MAX_PIECE = 200_000
"""Characters without a blank line; nobody writes Markdown with more, and it is read as plain text."""


def markdown_pieces(text: str) -> Pieces:
    """The pieces of Markdown."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    text = _FRONT_MATTER.sub(_front, text)
    if "\n##" in text:
        text = _TIGHT_HEADING.sub(r"\1 ", text)
    if "{" in text:
        text = _HEADING_ID.sub("", text)
    if "</" in text and any(f"</{name}" in text for name in _SCRIPTS):
        text = _without_scripts(text)
    if "\n    #" in text and _is_indented(text):
        text = _INDENT.sub("", text)
    if "\n: " in text:
        text = _DEFINED.sub(r"\n**\1**\n\n", text)
    return Pieces(_markdown_piece, _PARTED.split(text))


def _is_indented(text: str) -> bool:
    """Whether the whole text is indented, which would make code of it."""
    if text.count("\n    ") * 4 > text.count("\n") and _MEANT_AS_TEXT.search(text):
        return True
    return all(line[:4].isspace() for line in text.splitlines() if line.strip())


def _front(matter: re.Match[str]) -> str:
    """The title and the dates in a text's front matter."""
    lines = (re.split("[:=]", line, maxsplit=1) for line in matter[1].splitlines() if re.match(r"\w[^:]*[:=]", line))
    fields = {key.strip().lower().replace("_", " "): value.strip(" \"'") for key, value in lines}
    title = "" if _TITLED.match(matter.string, matter.end()) else fields.get("title", "")
    dates = (f"{key}: {value}\n\n" for key, value in fields.items() if "date" in key)
    return f"# {title}\n\n{''.join(dates)}" if title else "".join(dates)


def _without_scripts(text: str) -> str:
    """Text without scripts; one pattern would search to the end of the text for each script that stays open."""
    parts, position = [], 0
    unclosed: set[str] = set()
    for begin in _SCRIPT.finditer(text):
        name = begin[1].lower()
        if begin.start() < position or name in unclosed:
            continue
        if end := _SCRIPT_ENDS[name].search(text, begin.end()):
            parts.append(text[position : begin.start()])
            position = end.end()
        else:
            unclosed.add(name)
    return " ".join([*parts, text[position:]])


def _markdown_piece(piece: str) -> list[Chunk]:
    # No policy has code: deep indents come from nested page elements. Indented text stays with its item.
    piece = unbroken(_DEEP_INDENT.sub("    ", piece))
    if "\n**" in piece or "\n__" in piece:
        piece = _BOLD_LINE.sub(r"\n\n\1\n\n", piece)
    if "**\n" in piece or "__\n" in piece:
        piece = _BOLD_ITEM.sub("\\g<0>\n", piece)
    return [chunk for part in _PART.split(piece) for chunk in _markdown_part(part)]


def _markdown_part(part: str) -> list[Chunk]:
    if _SIMPLE_LINE.fullmatch(part):
        return chunks_of([part.rstrip(" \t\n\v\f")])
    if len(part) > MAX_PIECE or is_unclosed(part):
        return plain_chunks(part)
    html = cmark.markdown_to_html_with_extensions(part, options=_UNSAFE, extensions=_EXTENSIONS)
    return read_tree(parsed(html).body)
