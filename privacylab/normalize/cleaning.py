"""One line of text as a reader sees it: damage is repaired, invisible characters are removed."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import ftfy

from privacylab.normalize.chunks import Chunk, Kind

MAX_MENDED = 200_000
"""Characters of a line; nobody wrote a longer one, and it is not searched for mojibake."""

MAX_LEVELS = 10
"""How often a repaired line is repaired again: a line may be escaped as often as it has letters."""

_TAG_NAMES = (
    "a|abbr|article|aside|b|big|blockquote|body|br|button|center|cite|code|dd|del|div|dl|dt|em|font|footer|form|h[1-6]|head|"
    "header|hr|html|i|iframe|img|input|ins|label|li|link|main|meta|nav|noscript|object|ol|option|p|param|pre|s|script|"
    "section|select|small|span|strike|strong|style|sub|sup|table|tbody|td|textarea|tfoot|th|thead|title|tr|tt|u|ul|video|"
    r"\w+:\w+"
)
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\U000e0000-\U000e007f]"
)
# Forms of letters and digits without a meaning of their own (ligatures, full width, letters of formulas), old fonts'
# ligatures and bullets, and marks that choose a form; not superscripts, which are notes or trade marks.
_FORM = re.compile(
    "[\u034f\u2160-\u217f\uf001\uf002\uf0a7\uf0b7\uf0d8\uf0fc"
    "\ufb00-\ufb06\ufe00-\ufe0f\uff01-\uff5e\U0001d400-\U0001d7ff]"
)
_PRIVATE_FORMS = {"\uf001": "fi", "\uf002": "fl"} | dict.fromkeys("\uf0a7\uf0b7\uf0d8\uf0fc", "•")
_CONTROL_1 = re.compile("[\u0080-\u009f]")
_MOJIBAKE = re.compile(r"[ÂÃâ][\u0080-\u00bf€™œ\u201a-\u2122]")
_SENTENCE_END = re.compile(r"(?<=[.;:!?)]) (?=[A-Za-z])")
_MENDED_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#\d{1,7}|#[xX][0-9A-Fa-f]{1,6});")
_ESCAPED_AGAIN = re.compile(r"&(?:(?:amp|#0{0,9}38|#x0{0,9}26);){2,}", re.IGNORECASE)
ESCAPED_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:\s[^<>]{{0,500}})?/?>", re.IGNORECASE)
_CUT_LINK = re.compile(
    r"!?\[([^\[\]]{0,300})\]\((?:https?:|mailto:|data:|www\.|[/#])[^\s()]{0,3000}(?:\s\"[^\"]{0,200}\")?\)"
)
_MENDABLE = ("&", "<", "](", "**")
_STARS = re.compile(r"(?<!\*)\*\*(?!\*)")
_ENCODED = re.compile(r"data:[\w/+.-]{0,80};base64,[\w/+=]*|(?<![\w/+=%-])[\w/+=%-]{200,}")
_QUOTES = [*zip("\u2018\u2019\u201b\u201c\u201d\u201f\u2010\u2011", "'''\"\"\"--", strict=True)]
_LONG = 200
"""Characters from which a word may be encoded bytes."""


@lru_cache(maxsize=20_000)
def clean(text: str) -> str:
    r"""One line of text as a reader sees it: mojibake repaired, no invisible characters, plain quotes, single blanks.

    >>> clean("we\u00a0don\u2019t  sell\u00ad it")
    "we don't sell it"
    """
    cleaned = _cleaned(text)
    # What a repair reveals is cleaned too: `&amp;lt;b&amp;gt;` is `<b>` to a reader.
    for _ in range(MAX_LEVELS):
        if cleaned == text or (cleaned.isascii() and not any(mark in cleaned for mark in _MENDABLE)):
            break
        text, cleaned = cleaned, _cleaned(cleaned)
    return cleaned


def chunks_of(texts: Iterable[str], kind: Kind = "paragraph") -> list[Chunk]:
    """Each text as a chunk, without those that are empty once clean."""
    return [Chunk(kind, cleaned) for text in texts if (cleaned := clean(text))]


def _cleaned(text: str) -> str:
    # Every line of every version comes here: a search for one character is many times faster than a pattern.
    if "&" in text or not text.isascii():
        if len(text) < MAX_MENDED and _is_mojibake(text):
            has_tags = "<" in text  # then ftfy takes entities for mark-up and leaves them
            text = " ".join([_mended_sentence(part, has_tags) for part in _SENTENCE_END.split(text)])
        for mark, plain in _QUOTES:
            text = text.replace(mark, plain)
        if not text.isascii() and _FORM.search(text):  # most lines have no other sign than quotes
            text = _FORM.sub(_plain_form, text)
    if "<" in text:
        text = without_comments(ESCAPED_TAG.sub(" ", text))
    if "](" in text:
        text = _CUT_LINK.sub(r"\1", text)
    if "**" in text:
        text = _STARS.sub("", text)
    if len(text) > _LONG and (";base64," in text or _has_long_word(text)):
        text = _ENCODED.sub(_without_code, text)
    if not text.isprintable():
        text = _INVISIBLE.sub("", text)
    elif "  " not in text:  # the only white space that is printable is the blank
        return text.strip(" ")
    return " ".join(text.split())


def _plain_form(form: re.Match[str]) -> str:
    sign = form.group()
    if unicodedata.category(sign) == "Mn":
        return ""  # it chooses among the forms of the letter before it
    return _PRIVATE_FORMS.get(sign) or unicodedata.normalize("NFKC", sign)


def _has_long_word(text: str) -> bool:
    """Whether a word has `_LONG` characters: it would fill one of the halves into which the text is cut."""
    half = _LONG // 2
    return any(" " not in text[start : start + half] for start in range(0, len(text) - half + 1, half)) and (
        max(map(len, text.split()), default=0) >= _LONG
    )


def _is_mojibake(text: str) -> bool:
    if "&" in text and _MENDED_ENTITY.search(text):
        return True
    return bool(_CONTROL_1.search(text) or (("Ã" in text or "Â" in text or "â" in text) and _MOJIBAKE.search(text)))


@lru_cache(maxsize=5_000)
def _mended_sentence(text: str, has_tags: bool) -> str:
    """A sentence repaired by ftfy; its neighbours may be broken in other ways.

    This takes a millisecond per 500 characters, and a page that is one line comes again with one sentence changed.
    """
    if "&" not in text and text.isascii():
        return text
    if has_tags:
        return ftfy.fix_text(text, unescape_html=False)
    return ftfy.fix_text(_ESCAPED_AGAIN.sub("&amp;", text))  # it removes one escape at a time


def _without_code(run: re.Match[str]) -> str:
    """Empty for encoded bytes or a long address; a long run of letters is left as it is."""
    return "" if any(map(str.isdigit, run.group())) else run.group()


def without_comments(text: str) -> str:
    """Text without ``<!-- -->``; a pattern would search to the end of the text for each comment that stays open."""
    parts = []
    position = 0
    while (start := text.find("<!--", position)) >= 0 and (end := text.find("-->", start)) >= 0:
        parts.append(text[position:start])
        position = end + 3
    return text[position:] if not parts else "".join((*parts, text[position:]))
