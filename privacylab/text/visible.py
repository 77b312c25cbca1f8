"""The text as a reader sees it, character for character."""

import re
from collections.abc import Callable
from functools import lru_cache

_TYPOGRAPHY = {
    **str.maketrans("\u00a0\u2007\u202f\u200b“”„‘’‐‑‒–—", '    """\'\'-----'),
    **dict.fromkeys(range(0xD800, 0xE000), ord(" ")),  # halves of a letter, which nothing can write
}
_ITEM_TAG = re.compile(r"<li\b[^<>]*>", re.IGNORECASE)
_BLOCK_TAG = re.compile(r"</?(?:p|br|h[1-6]|div|ul|ol|li|td|th|tr|table|dt|dd)\b[^<>]*>", re.IGNORECASE)
_DOMAINS = (".com", ".org", ".gov", ".net", ".eu", ".uk")
_HIDDEN = (
    # the target of a Markdown link
    (("](",), re.compile(r"(?<=\])\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"\n]*\")?\s*\)")),
    (("<",), re.compile(r"</?[a-zA-Z][^<>]{0,500}>")),
    (("&",), re.compile(r"&(?:\#x?)?\w{1,8}(?:;|\.[ \t]*\n)")),  # ToSBack2 has ".\n" for ";"
    (("://", "//"), re.compile(r"(?:\bhttps?:)?//\S*[\w/]", re.IGNORECASE)),
    (("www.", "@"), re.compile(r"\bwww\.\S*\w|(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{1,250}\w", re.IGNORECASE)),
    (
        (*_DOMAINS, "gov/"),
        re.compile(r"(?<![\w.-])[\w-][\w.-]{0,250}\.(?:com|org|gov|net|eu|uk)\b(?:/\S*\w/?)?|\bgov/\S+", re.IGNORECASE),
    ),
    (("\\", "*", "_"), re.compile(r"\\(?=[^\w\s])|\*\*|__|(?<=\w)\*|\*(?=\w)|(?<!\w)_(?=\w)|(?<=\w)_(?!\w)")),
)
"""What a reader does not see, each kind with the marks that it needs."""


def _as(mark: str) -> Callable[[re.Match[str]], str]:
    """What puts a mark, and blanks, in the place of something as long."""
    return lambda hidden: mark.ljust(len(hidden[0]))


@lru_cache(maxsize=1)  # frameworks and cues are read one after the other
def visible(text: str) -> str:
    """The text as a reader sees it, character for character: link targets, addresses, tags and escapes are blanks.

    Block tags become blank lines, list items ``-``; typographic spaces, quotes and dashes become plain ones.

    >>> visible("our [notice](https://a.example/privacy-shield) here")
    'our [notice]                                   here'
    """
    plain = text if text.isascii() else text.translate(_TYPOGRAPHY)
    if "<" in plain:
        plain = _BLOCK_TAG.sub(_as("\n\n"), _ITEM_TAG.sub(_as("\n\n- "), plain))
    low = plain.lower()
    for marks, pattern in _HIDDEN:
        for mark in marks:  # a plain loop: this runs on every segment, and ``any`` would double its cost
            if mark in low:
                plain = pattern.sub(_as(""), plain)
                break
    return plain
