"""What was found at one place of a policy: a framework, a cue, or the sentence that speaks for a clause category."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from privacylab import cues, frameworks
from privacylab.build import annotate
from privacylab.tables.schema import CATEGORIES
from privacylab.text import audiences
from privacylab.text.segments import Segment
from privacylab.text.sentences import sentence_at, sentences

MIN_WORDS = 6
"""A shorter sentence is shown only where there is no longer one: it is a heading or a label, and proves little."""


class Clause(NamedTuple):
    """One segment with the categories that it was given, and their probabilities, 0 to 1."""

    segment: Segment
    categories: dict[str, float]


class Hit(NamedTuple):
    """What was found at one place of a policy.

    Attributes:
        feature: Its name in `findings.features`: ``framework:gdpr``, ``cue:right_access``, ``category:Do Not Track``.
        value: The stance towards a framework, the value of a cue; None if there is none.
        sentence: The sentence in which it stands.
        start: The first character, in the sentence, of the words that say it.
        end: The last but one.
        audience: For whom the segment speaks.
    """

    feature: str
    value: str | None
    sentence: str
    start: int
    end: int
    audience: str

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


def hits_of(segment: Segment) -> Iterator[Hit]:
    """The frameworks and cues of a segment."""
    text = segment.text
    audience = audiences.of_text(text) or segment.audience
    found: list[tuple[str, str | None, int, int]]
    found = [(f"framework:{m.framework}", m.stance, m.start, m.end) for m in frameworks.mentions(text)]
    found += [(f"cue:{cue.cue}", cue.value, cue.start, cue.end) for cue in cues.cues(text)]
    for feature, value, start, end in found:
        sentence, begin = sentence_at(text, start)
        here = max(0, start - begin)
        yield Hit(feature, value, sentence, here, max(here, min(end - begin, len(sentence))), audience)


def evidence(clauses: Sequence[Clause]) -> list[Hit]:
    """Of each clause and category the sentence with the highest probability, the highest of a category first."""
    lines = [(clause, line.removeprefix("- ")) for clause in clauses for line in sentences(clause.segment.text)]
    scores = annotate.scores([Segment(None, line) for _, line in lines]) if lines else np.zeros((0, len(CATEGORIES)))
    rows: dict[tuple[int, str], tuple[float, str]] = {}
    for (clause, line), row in zip(lines, scores, strict=True):
        is_short = line.count(" ") + 1 < MIN_WORDS
        for category, score in zip(CATEGORIES[:-1], row, strict=False):
            if category in clause.categories:
                key = id(clause), category
                rows[key] = max(rows.get(key, (-1.0, "")), (float(score) - is_short, line))
    best = sorted(((score, category, line) for (_, category), (score, line) in rows.items()), reverse=True)
    order = list(CATEGORIES)
    return [
        Hit(f"category:{category}", None, line, 0, len(line), audiences.ALL)
        for _, category, line in sorted(best, key=lambda row: order.index(row[1]))
    ]
