"""A batch of distinct segments -> the rows of the tables that hang on segments; each segment is annotated once."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from privacylab import clauses, cues, frameworks
from privacylab.tables.schema import CATEGORIES
from privacylab.text.counts import Counts, content_terms, count_words
from privacylab.text.segments import Segment

MAX_HEADING_WORDS = 8
"""Longer headings are left out of tables without text."""


def hex_id(number: int) -> str:
    """A segment's id as the tables have it: 16 hex digits."""
    return f"{number:016x}"


def numbers(ids: Iterable[str]) -> npt.NDArray[np.uint64]:
    """Segments' numbers from their ids."""
    return np.frombuffer(bytes.fromhex("".join(ids)), ">u8").astype(np.uint64)


def mentions(batch: Mapping[int, Segment]) -> pd.DataFrame:
    """The rows of ``mentions`` for a batch of segments by number."""
    return _mention_rows({number: frameworks.mentions(one.text) for number, one in batch.items()})


def _mention_rows(found: Mapping[int, Sequence[frameworks.Mention]]) -> pd.DataFrame:
    rows = [
        (hex_id(number), one.start, one.end, one.framework, one.stance) for number, of in found.items() for one in of
    ]
    frame = pd.DataFrame(rows, columns=["segment_id", "start", "end", "framework", "stance"])
    return frame.drop_duplicates(["segment_id", "start", "framework"], ignore_index=True)


def _cue_rows(found: Mapping[int, Sequence[cues.Cue]]) -> pd.DataFrame:
    rows = [(hex_id(number), one.start, one.cue, one.value) for number, of in found.items() for one in of]
    frame = pd.DataFrame(rows, columns=["segment_id", "start", "cue", "value"])
    return frame.drop_duplicates(["segment_id", "start", "cue"], ignore_index=True)


def tables(batch: Mapping[int, Segment], *, text: bool) -> dict[str, pd.DataFrame]:
    """The rows of ``segments``, ``scores``, ``mentions`` and ``cues`` for a batch of segments by number.

    Args:
        batch: Segments by number.
        text: Whether ``segments`` keeps the text, and headings of more than `MAX_HEADING_WORDS` words.
    """
    ids = list(map(hex_id, batch))
    counts, terms = [], []
    mentioned: dict[int, Sequence[frameworks.Mention]] = {}
    cued: dict[int, Sequence[cues.Cue]] = {}
    for number, one in batch.items():  # all of a segment at once: its words are kept from one annotator to the next
        counts.append(count_words(one.text))
        terms.append(" ".join(content_terms(one.text)))
        mentioned[number] = frameworks.mentions(one.text)
        cued[number] = cues.cues(one.text)
    head = pd.DataFrame(
        {
            "segment_id": ids,
            "heading": [one.heading if text or _is_short(one.heading) else None for one in batch.values()],
            "text": [one.text if text else None for one in batch.values()],
            "terms": terms,
        }
    )
    return {
        "segments": pd.concat([head, pd.DataFrame(counts, columns=Counts._fields)], axis=1),
        "scores": _scores(ids, list(batch.values())),
        "mentions": _mention_rows(mentioned),
        "cues": _cue_rows(cued),
    }


def load() -> None:
    """Loads rules, word lists and the model, half a second: once in a process whose workers share them."""
    text = "We comply with the Privacy Shield."
    for annotator in (count_words, frameworks.mentions, cues.cues):
        annotator(text)
    _model().scores([text])


@cache
def _model() -> clauses.ClauseModel:
    return clauses.load()


def scores(found: Sequence[Segment]) -> np.ndarray:
    """The probability of each clause category for each segment: an array (n_segments, 10), 0 to 1."""
    return _model().scores([one.text for one in found], [one.heading for one in found])


def _scores(ids: Sequence[str], found: Sequence[Segment]) -> pd.DataFrame:
    frame = pd.DataFrame(np.rint(100 * scores(found)).astype("uint8"), columns=list(CATEGORIES))
    frame.insert(0, "segment_id", ids)
    return frame


def thresholds() -> dict[str, int]:
    """The percent that a score must reach for its category to be assigned."""
    percent = np.ceil(np.round(100 * _model().thresholds, 6))  # 0.07 * 100 is a hair above 7
    return dict(zip(CATEGORIES, percent.astype(int).tolist(), strict=True))


def _is_short(heading: str | None) -> bool:
    return heading is not None and heading.count(" ") < MAX_HEADING_WORDS
