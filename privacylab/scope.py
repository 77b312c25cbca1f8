"""Where a phrase stands: the visible text, the sentence around it, and the introduction of its list.

Text comes as `normalize` gives it, but raw Markdown and leftover HTML are borne: what is hidden is blanked, never cut,
so that every offset holds in the text given.
"""

import re
from functools import lru_cache
from typing import NamedTuple

_REACH_BEFORE = 600
_REACH_AFTER = 400
_LEAD_REACH = 1500
_SHORT_LINE = 60
"""Characters: a line that ends without a full stop is a heading below this, and a wrapped line above."""

_TYPOGRAPHY = str.maketrans("\u00a0\u2007\u202f\u200b“”„‘’‐‑‒–—", '    """\'\'-----')
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
"""What a reader does not see, each kind with the marks without which there is none."""
_BREAK = re.compile(
    r"""(?P<end>[.!?]["')\]]*\s+)(?=["'(\[]*[A-Z0-9])
    |(?P<hard>\s*\n\s*\n\s*|[ \t]*\n[ \t]*(?=(?:[-*+•·|#]|\d{1,2}[.)])\s))
    |(?P<line>[ \t\r]*\n\s*)""",
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|No|Art|Arts|Sec|Inc|Ltd|Co|Corp|[Pp]aras?|Par|Abs|Nr|sent|Reg|seq|lit|cf|e\.g|i\.e|vs|incl|Dr|Mr|Ms|Mrs|St))\.$"
)
_STARTER = re.compile(
    r"[\"'(\[]*(?:We|The|Our|This|These|If|You|Your|In|To|For|When|Where|It|Please|However|With|Under|All|Any|As)\b"
)
_GOES_ON = re.compile(r"(?:[,(&/-]|\b(?:and|or|the|of|to|in|with|by|for|a|an|our|under|as|EU|U\.S\.|Swiss))$")


class Sentence(NamedTuple):
    """Characters ``start`` to ``end`` of the text; ``lead`` is the sentence that introduces the list, or empty."""

    start: int
    end: int
    lead: str


def _blank(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _break(match: re.Match[str]) -> str:
    return "\n\n".ljust(len(match.group()))


def _item(match: re.Match[str]) -> str:
    return "\n\n- ".ljust(len(match.group()))


@lru_cache(maxsize=1)  # frameworks and cues are asked for one after the other
def visible(text: str) -> str:
    """The text as a reader sees it, character for character: link targets, addresses, tags and escapes are blanks.

    Block tags become blank lines, list items ``-``; typographic spaces, quotes and dashes become plain ones.

    >>> visible("our [notice](https://a.example/privacy-shield) here")
    'our [notice]                                   here'
    """
    plain = text if text.isascii() else text.translate(_TYPOGRAPHY)
    if "<" in plain:
        plain = _BLOCK_TAG.sub(_break, _ITEM_TAG.sub(_item, plain))
    low = plain.lower()
    for marks, pattern in _HIDDEN:
        for mark in marks:  # a plain loop: this runs on every segment, and ``any`` would double its cost
            if mark in low:
                plain = pattern.sub(_blank, plain)
                break
    return plain


def lower(text: str) -> str:
    """The text in lower case, character for character (``str.lower`` makes two of some)."""
    plain = text.lower()
    return plain if len(plain) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _ends_sentence(view: str, match: re.Match[str]) -> bool:
    """Whether a possible break is one."""
    before = view[max(0, match.start() - 80) : match.start() + 1]
    if match["hard"] is not None or match.group().count("\n") > 1:
        # "U.S." at the end of a line and "- E.U." on the next are no list: an archive broke the line after a full stop.
        return match.group().count("\n") > 1 or not before.rstrip().endswith(("U.S.", "E.U."))
    if match["end"] is not None:
        return not _ABBREVIATION.search(before) or _STARTER.match(view, match.end()) is not None
    line = before.rstrip().rpartition("\n")[2]
    goes_on = len(line) >= _SHORT_LINE or _GOES_ON.search(line) or line.endswith((".", ";"))
    return not goes_on and view[match.end() : match.end() + 1].isupper()


def _begin(view: str, position: int) -> int:
    low = max(0, position - _REACH_BEFORE)
    # One character more than may be matched, so that a break just before the phrase sees its capital.
    breaks = (match for match in _BREAK.finditer(view, low, position + 1) if match.end() <= position)
    ends = [match.end() for match in breaks if _ends_sentence(view, match)]
    return ends[-1] if ends else low


def sentence(view: str, start: int, end: int) -> Sentence:
    """The sentence, heading or list item around characters ``start`` to ``end`` of a visible text.

    Args:
        view: what `visible` gave.
        start: where the phrase begins.
        end: where it ends.
    """
    first = _begin(view, start)
    after = (match for match in _BREAK.finditer(view, end, end + _REACH_AFTER) if _ends_sentence(view, match))
    closing = next(after, None)
    last = closing.start() + (closing["end"] is not None) if closing else min(len(view), end + _REACH_AFTER)
    is_item = re.match(r"\s*[-*+•·]\s", view[first : first + 9]) is not None
    return Sentence(first, last, _lead(view, first) if is_item else "")


def _lead(view: str, start: int) -> str:
    """The sentence that ends in a colon before the list."""
    colon = max((view.rfind(mark, max(0, start - _LEAD_REACH), start) for mark in (":\n", ": \n", ":  ")), default=-1)
    return view[_begin(view, colon) : colon + 1] if colon > 0 else ""


def phrases(words: list[str], form: str = "{}", *, flags: int = re.IGNORECASE, bounded: bool = True) -> re.Pattern[str]:
    r"""One pattern for the phrases of a rule: any of them, whole words.

    Args:
        words: regular expressions, in which a space stands for any white space.
        form: where the phrase must stand, with ``{}`` for it: ``"^{}"`` at the beginning.
        flags: 0 for exact case.
        bounded: False where ``form`` says itself how words begin and end.

    >>> phrases(["privacy ?shields?"]).findall("Privacy\nShield, privacyshields, privacy shielded")
    ['Privacy\nShield', 'privacyshields']
    """
    any_of = rf"(?:{'|'.join(map(_spaced, words))})"
    return re.compile(form.format(rf"(?<!\w){any_of}(?!\w)" if bounded else any_of), flags)


def _spaced(word: str) -> str:
    """A rule's phrase with its spaces written as white space; an optional one stays optional."""
    return re.sub(r"\[[^\]]*\]| \?| (?=\{)| ", _white_space, word)


def _white_space(match: re.Match[str]) -> str:
    found = match.group()
    if found.startswith("["):
        return found.replace(" ", r"\s")
    return r"\s*" if found == " ?" else r"\s" if match.string[match.end() : match.end() + 1] == "{" else r"\s+"
