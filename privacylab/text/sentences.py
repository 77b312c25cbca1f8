"""Sentences: a text cut into them."""

import re
from collections.abc import Iterator

_STOP = re.compile(
    r"[.!?\n](?:(?<=\n)|(?<!\n)[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9]))"
)  # one class first makes the search fast
_ABBREVIATED = re.compile(
    r"(?:(?:^|[\s(])[A-Z]|\b(?:Inc|Ltd|Co|e\.g|i\.e|etc|No|Mr|vs|U\.S|Art|St|[Pp]aras?|[Pp]ar|[Ss]ec|lit|\d sent))\.$"
)


def stops(text: str) -> Iterator[re.Match[str]]:
    """Where sentences end: line breaks, and stops before a capital or a digit that are not an abbreviation's."""
    for match in _STOP.finditer(text):
        position = match.start()
        if text[position] != "." or not _ABBREVIATED.search(text, max(0, position - 8), position + 1):
            yield match


def sentences(text: str) -> list[str]:
    """The sentences of a text; each list item is a sentence.

    >>> sentences("We share data, e.g. with Acme Inc. in the U.S. today. You may object!")
    ['We share data, e.g. with Acme Inc. in the U.S. today.', 'You may object!']
    """
    parts = []
    start = 0
    for match in stops(text):
        # The stop stays with its sentence, as do closing quotes and brackets.
        if part := text[start : match.end()].rstrip():
            parts.append(part)
        start = match.end()
    return [*parts, text[start:]] if start < len(text) else parts


def ranges(text: str) -> list[tuple[int, int]]:
    """Where each of a text's `sentences` begins and ends.

    >>> ranges("We sell. You buy.")
    [(0, 8), (9, 17)]
    """
    places = []
    end = 0
    for sentence in sentences(text):
        start = text.index(sentence, end)
        end = start + len(sentence)
        places.append((start, end))
    return places


def goes_on(line: str) -> bool:
    """Whether the last sentence of a line may continue in the next: it ends with an abbreviation's stop."""
    end = line.rstrip().rstrip("\"')]")
    return end.endswith(".") and _ABBREVIATED.search(end, max(0, len(end) - 9)) is not None


_SHORT_LINE = 60
"""Characters: a line that ends without a full stop is a heading below this, and a wrapped line above."""
_BREAK = re.compile(
    r"""(?P<end>[.!?]["')\]]*\s+)(?=["'(\[]*[A-Z0-9])
    |(?<!\s)(?P<hard>\s*\n\s*\n\s*|[ \t]*\n[ \t]*(?=(?:[-*+•·|#]|\d{1,2}[.)])\s))
    |(?<!\s)(?P<line>[ \t\r]*\n\s*)""",
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|No|Art|Arts|[Ss]ec|Inc|Ltd|Co|Corp|[Pp]aras?|Par|Abs|Nr|sent|Reg|seq|lit|cf|e\.g|i\.e|vs|incl|Dr|Mr|Ms|Mrs|St))\.$"
)
_STARTER = re.compile(
    r"[\"'(\[]*(?:We|The|Our|This|These|If|You|Your|In|To|For|When|Where|It|Please|However|With|Under|All|Any|As)\b"
)
_GOES_ON = re.compile(r"(?:[,(&/-]|\b(?:and|or|the|of|to|in|with|by|for|a|an|our|under|as|EU|U\.S\.|Swiss))$")


def _ends_sentence(view: str, match: re.Match[str]) -> bool:
    """Whether a possible break is one."""
    before = view[max(0, match.start() - 80) : match.start() + 1]
    if match["hard"] is not None or match.group().count("\n") > 1:
        # "U.S." at the end of a line and "- E.U." on the next are not a list: an archive broke the line after a stop.
        return match.group().count("\n") > 1 or not before.rstrip().endswith(("U.S.", "E.U."))
    if match["end"] is not None:
        return not _ABBREVIATION.search(before) or _STARTER.match(view, match.end()) is not None
    line = before.rstrip().rpartition("\n")[2]
    goes_on = len(line) >= _SHORT_LINE or _GOES_ON.search(line) or line.endswith((".", ";"))
    return not goes_on and view[match.end() : match.end() + 1].isupper()


def ends(view: str) -> list[int]:
    """Where the sentences, headings and list items of a visible text end; a line that an archive broke continues.

    Args:
        view: from `visible`.
    """
    return [match.end() for match in _BREAK.finditer(view) if _ends_sentence(view, match)]
