"""What was found at one place of a policy: a framework, a cue, or the sentence that speaks for a clause category."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from privacylab import cues, frameworks
from privacylab.build import annotate
from privacylab.tables.schema import CATEGORIES
from privacylab.text import audiences
from privacylab.text.segments import Segment
from privacylab.text.sentences import ends
from privacylab.text.units import Unit, units
from privacylab.text.visible import visible

MIN_WORDS = 6
"""A shorter line is a heading or a label."""

_SAYS = {
    "User Access, Edit and Deletion": "cue:right_(?:access|rectification|erasure)",
    "Data Retention": "cue:retention_period",
    "Do Not Track": "cue:do_not_track",
}
"""The cue of a category says it more surely than the model, which takes a change of preferences for one of data."""

_MAX_LEAD = 200
"""Characters: a longer introduction of a list is not repeated before its items."""


class Clause(NamedTuple):
    """One segment with the categories that it was given, and their probabilities, 0 to 1."""

    segment: Segment
    categories: dict[str, float]


class Hit(NamedTuple):
    """What was found at one place of a policy.

    Attributes:
        feature: Its name in `findings.features`: ``framework:gdpr``, ``cue:right_access``, ``category:Do Not Track``.
        value: The stance towards a framework, the value of a cue; None if there is none.
        sentence: The sentence in which it stands (from `lines`).
        start: The first character, in the sentence, of the words that say it.
        end: The last but one.
        audience: For whom the sentence speaks, by the segment's words up to its end or by the headings.
        is_label: Whether it stands in a heading, a label or an entry of contents, which proves little.
    """

    feature: str
    value: str | None
    sentence: str
    start: int
    end: int
    audience: str
    is_label: bool = False

    def around(self, width: int) -> str:
        """The words that say it and what stands around them, in at most ``width`` characters but for dots.

        >>> Hit("cue:ai", None, "We use machine learning to sell boats.", 7, 23, "all").around(26)
        '... use machine learning to ...'
        """
        text = self.sentence
        start = max(0, min(self.start - max(0, width - (self.end - self.start)) // 2, len(text) - width))
        end = start + width
        left = text[start : self.start] if not start else text[start : self.start].partition(" ")[2]
        right = text[self.start : end] if end >= len(text) else text[self.start : end].rpartition(" ")[0]
        return f"{'... ' if start else ''}{left}{right or text[self.start : end]}{' ...' if end < len(text) else ''}"


class Line(NamedTuple):
    """A sentence as it is shown.

    Attributes:
        start: Its first character, in the segment.
        text: Its words; an item's, unless it is a sentence, after those that introduce the list; a short heading's
            before the sentence after it.
        shift: How many characters stand before ``start``.
        is_label: Whether it is a heading, a label or an entry of contents.
    """

    start: int
    text: str
    shift: int
    is_label: bool


def lines(text: str) -> list[Line]:
    """The sentences of a segment, each with what a reader needs to understand it.

    >>> [line.text for line in lines("Log files. We keep what you click on. You may object to it.")]
    ['Log files. We keep what you click on.', 'We keep what you click on.', 'You may object to it.']
    """
    view = visible(text)
    rows = units(view, tuple(ends(view)))
    found = [_line(text, unit, after) for unit, after in zip(rows, (*rows[1:], None), strict=False)]
    return found or [Line(0, text, 0, is_label=True)]


def _line(text: str, unit: Unit, after: Unit | None) -> Line:
    bare, lead = _bare(text, unit), " ".join(unit.lead.split())
    needs_lead = lead.endswith(":") and len(lead) <= _MAX_LEAD and not (bare[:1].isupper() and bare.endswith("."))
    lead = f"{lead} " if needs_lead else ""
    is_label = not lead and _is_label(bare)
    shown = lead + bare
    if is_label and after and (bare.count(" ") + 1 < MIN_WORDS or _is_title(bare)) and _has_stop(_bare(text, after)):
        shown += f"{':' * bare[-1:].isalnum()} {_bare(text, after)}"
    return Line(text.index(bare, unit.start), shown.replace("\n", " "), len(lead), is_label)


def _bare(text: str, unit: Unit) -> str:
    """The words of a sentence without the dash of an item."""
    return text[unit.start : unit.start + len(unit.text)].strip().removeprefix("- ")


def _is_label(line: str) -> bool:
    is_cut = " | " not in line and not _has_stop(line)  # the row of a table is none
    return is_cut or line.count(" ") + 1 < MIN_WORDS or _is_title(line)


def _is_title(line: str) -> bool:
    """Whether it is written as a title ("In the Event of a Merger."): each word of four letters with a capital."""
    words = [word for word in re.findall(r"[^\W\d_]+", line) if len(word) > 3]
    return len(words) > 1 and not line.isupper() and all(word[0].isupper() for word in words)


def _has_stop(line: str) -> bool:
    return line.rstrip("\"')]")[-1:] in {*".;!?"}


def hits_of(segment: Segment) -> Iterator[Hit]:
    """The frameworks and cues of a segment."""
    text = segment.text
    found: list[tuple[str, str | None, int, int]]
    found = [(f"framework:{m.framework}", m.stance, m.start, m.end) for m in frameworks.mentions(text)]
    found += [(f"cue:{cue.cue}", cue.value, cue.start, cue.end) for cue in cues.cues(text)]
    rows = lines(text) if found else []
    stops = [*(row.start for row in rows[1:]), len(text)]
    for feature, value, start, end in found:
        line, stop = next(
            (row for row in zip(rows[::-1], stops[::-1], strict=True) if row[0].start <= start), (rows[0], stops[0])
        )
        audience = audiences.of_text(text[:stop]) or segment.audience
        here, there = (max(0, min(at - line.start + line.shift, len(line.text))) for at in (start, end))
        yield Hit(feature, value, line.text, here, there, audience, line.is_label)


def scored(texts: Iterable[str]) -> dict[str, np.ndarray]:
    """The probability of each clause category for some sentences."""
    distinct = list(dict.fromkeys(texts))
    rows = annotate.scores([Segment(None, line) for line in distinct])
    return dict(zip(distinct, rows, strict=True))


def evidence(clauses: Sequence[Clause], cued: Iterable[Hit] = ()) -> list[Hit]:
    """Of each clause and category the sentence with the highest probability, the highest of a category first.

    Args:
        clauses: A policy's.
        cued: Its hits: a sentence that one of `_SAYS` names goes before the others of the category.
    """
    sure = [hit for hit in cued if hit.value != "mentions" and not hit.is_label]
    told = {(hit.sentence, name) for hit in sure for name, cue in _SAYS.items() if re.match(cue, hit.feature)}
    rows = [(clause, lines(clause.segment.text)) for clause in clauses if clause.categories]
    scores = scored(line.text for _, each in rows for line in each)

    def weight(line: Line, name: str) -> float:
        return float(scores[line.text][CATEGORIES.index(name)]) - line.is_label + ((line.text, name) in told)

    best = [
        (*max((weight(line, name), line.text) for line in each), name)
        for clause, each in rows
        for name in clause.categories
        if name != CATEGORIES[-1]
    ]
    best.sort(key=lambda row: (-CATEGORIES.index(row[2]), row[0], row[1]), reverse=True)
    return [Hit(f"category:{name}", None, line, 0, len(line), audiences.ALL) for _, line, name in best]
