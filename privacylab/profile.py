"""One policy as a person would read it: its date, era, frameworks, clauses and cues."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from privacylab import annotate, cues, dates, eras, frameworks, normalize, screen, segment, sources, wording
from privacylab.segment import Segment
from privacylab.tables import CATEGORIES


class Clause(NamedTuple):
    """One segment with the categories that it was given, and their probabilities, 0 to 1."""

    segment: Segment
    categories: dict[str, float]


class Profile(NamedTuple):
    """What ``privacylab annotate`` shows of a policy."""

    name: str
    reason: str | None
    language: str
    effective_date: dates.EffectiveDate | None
    era: str
    frameworks: list[tuple[str, str, str]]
    clauses: list[Clause]
    cues: list[tuple[str, str | None, str]]
    n_words: int
    n_segments: int

    def record(self) -> dict[str, Any]:
        """The profile as plain values, for JSON."""
        stated = self.effective_date
        return {
            "name": self.name,
            "is_policy": self.reason is None,
            "reason": self.reason,
            "language": self.language,
            "effective_date": stated.value if stated else None,
            "date_kind": stated.kind if stated else None,
            "date_is_ambiguous": stated.ambiguous if stated else None,
            "era": self.era,
            "n_words": self.n_words,
            "n_segments": self.n_segments,
            "frameworks": [dict(zip(("framework", "stance", "sentence"), row, strict=True)) for row in self.frameworks],
            "clauses": [
                {"heading": clause.segment.heading, "text": clause.segment.text, "categories": clause.categories}
                for clause in self.clauses
            ],
            "cues": [dict(zip(("cue", "value", "sentence"), row, strict=True)) for row in self.cues],
        }


def of_file(path: str | Path) -> Profile:
    """The profile of a file.

    Raises:
        ValueError: The file cannot be read as text.
        OSError: It is not there.
    """
    file = Path(path)
    try:
        return of_data(file.read_bytes(), name=file.name, media_type=sources.MEDIA_TYPES.get(file.suffix.lower()))
    except normalize.NormalizeError as error:
        raise ValueError(f"{file}: {error}") from None


def of_data(data: bytes | str, *, name: str, media_type: str | None = None) -> Profile:
    """The profile of a policy's bytes or text."""
    blocks = normalize.blocks(data, media_type=media_type)
    found = segment.segments(blocks)
    verdict = screen.judge(found)
    stated = dates.effective_date("\n".join(block.text for block in blocks))
    texts = [one.text for one in found]
    limits = annotate.thresholds()
    # In whole percent, as the tables have them: a policy gets the same labels alone and in a corpus.
    percents = np.rint(100 * annotate.scores(found)).astype(int)
    labelled = [
        Clause(one, {c: p / 100 for c, p in zip(CATEGORIES, row, strict=True) if p >= limits[c]})
        for one, row in zip(found, percents.tolist(), strict=True)
    ]
    return Profile(
        name=name,
        reason=verdict.reason,
        language=verdict.language,
        effective_date=stated,
        era=eras.era(stated.value if stated else None),
        frameworks=_frameworks(texts),
        clauses=labelled,
        cues=_cues(texts),
        n_words=sum(wording.counts(text).n_words for text in texts),
        n_segments=len(found),
    )


def _frameworks(texts: Sequence[str]) -> list[tuple[str, str, str]]:
    return [
        (found.framework, found.stance, sentence_at(text, found.start))
        for text in texts
        for found in frameworks.mentions(text)
    ]


def _cues(texts: Sequence[str]) -> list[tuple[str, str | None, str]]:
    return [(found.cue, found.value, sentence_at(text, found.start)) for text in texts for found in cues.cues(text)]


def sentence_at(text: str, start: int) -> str:
    """The sentence of a text in which a character stands.

    >>> sentence_at("We sell. You buy.", 10)
    'You buy.'
    """
    position = 0
    for sentence in segment.sentences(text):
        position = text.index(sentence, position) + len(sentence)
        if start < position:
            return sentence.removeprefix("- ")
    return text
