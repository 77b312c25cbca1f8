"""Distinct segments -> the rows of the tables that depend on segments, and what they say about their versions."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as arrow
from pyarrow import compute

from privacylab import clauses, cues, eras, frameworks
from privacylab.build.versions import History
from privacylab.tables import schema
from privacylab.tables.readability import reading_grade
from privacylab.tables.schema import CATEGORIES
from privacylab.text.audiences import of_text
from privacylab.text.counts import content_terms, count_words
from privacylab.text.segments import Segment

Row = dict[str, Any]

_COUNTED = ("n_words", "n_sentences", "n_syllables")

MAX_HEADING_WORDS = 8
"""Longer headings are left out of tables without text."""


def hex_id(number: int) -> str:
    """A segment's id in the tables: 16 hex digits."""
    return f"{number:016x}"


# --- Services -------------------------------------------------------------------------------------------------------


def histories(read: Sequence[History], *, text: bool) -> Iterator[dict[str, arrow.RecordBatch]]:
    """The rows of each service in all tables except ``services``; shared segments are annotated once.

    The segments of policies are annotated in full, those of other versions for the ledger's claims only.

    Args:
        read: The history of each service.
        text: Whether ``segments`` keeps the text.
    """
    in_policies = [{number for policy in each.policies for number in policy["segment_ids"]} for each in read]
    segments = {number: segment for each in read for number, segment in each.segments.items()}
    full = {number: segments[number] for number in set().union(*in_policies)}
    others = {number: segment for number, segment in segments.items() if number not in full}
    rows_of = tables(full, text=text)
    mentions = [{"segment_id": hex_id(n)} | row for n, segment in others.items() for row in _mentions(segment.text)]
    claims = _claims([*rows_of["mentions"], *mentions])
    counts = {row["segment_id"]: [row[column] for column in _COUNTED] for row in rows_of["segments"]}
    batches = {name: _batch(name, rows) for name, rows in rows_of.items()}
    for each, numbers in zip(read, in_policies, strict=True):
        ids = arrow.array(map(hex_id, numbers), arrow.string())
        own = {name: rows.filter(compute.is_in(rows["segment_id"], ids)) for name, rows in batches.items()}
        yield own | _rows_of_versions(each, claims, counts)


def _batch(name: str, rows: Sequence[Row]) -> arrow.RecordBatch:
    return arrow.RecordBatch.from_pylist(list(rows), schema=schema.TABLES[name].arrow_schema())


def _rows_of_versions(
    history: History, claims: Mapping[int, set[str]], counts: Mapping[str, Sequence[int]]
) -> dict[str, arrow.RecordBatch]:
    """The rows of ``versions``, ``policies`` and ``occurrences``.

    Args:
        history: The service's history.
        claims: What each segment claims.
        counts: Words, sentences and syllables of each segment.
    """
    policies, occurrences = [], []
    for policy in history.policies:
        ids = list(map(hex_id, policy["segment_ids"]))
        era = era_by_frameworks(_claims_of(policy, claims))
        grade = _reading_grade([counts[each] for each in ids])
        policies.append(policy | {"era_by_frameworks": era, "reading_grade": grade})
        key = {"policy_id": policy["policy_id"]}
        occurrences += [key | {"position": place, "segment_id": each} for place, each in enumerate(ids)]
    versions = [version | {"claims": _claims_of(version, claims)} for version in history.versions]
    rows = {"policies": policies, "occurrences": occurrences, "versions": versions}
    return {name: _batch(name, each) for name, each in rows.items()}


def _claims(mentions: Iterable[Row]) -> dict[int, set[str]]:
    """What each segment claims, by its number: ``framework:stance``."""
    claims: dict[int, set[str]] = defaultdict(set)
    for row in mentions:
        claims[int(row["segment_id"], 16)].add(f"{row['framework']}:{row['stance']}")
    return claims


def _claims_of(row: Mapping[str, Any], claims: Mapping[int, set[str]]) -> list[str]:
    """What the segments of a version or policy claim, sorted."""
    return sorted(set().union(*[claims[number] for number in row["segment_ids"] if number in claims]))


def era_by_frameworks(claims: Collection[str]) -> str | None:
    """The latest era whose framework a policy adheres to or relies on."""
    claimed = {claim.partition(":")[0] for claim in claims if claim.endswith((":adheres", ":relies"))}
    return next((era.id for era in reversed(eras.eras()) if era.id in claimed), None)


def _reading_grade(counts: Sequence[Sequence[int]]) -> float | None:
    """The Flesch-Kincaid grade (Kincaid et al. 1975) of a policy; None for no words.

    Args:
        counts: Words, sentences and syllables of each segment.
    """
    grade = float(reading_grade(*np.sum(counts, axis=0))) if counts else np.nan
    return None if np.isnan(grade) else float(np.round(max(grade, 0), 3))


# --- Segments -------------------------------------------------------------------------------------------------------


def _rows_of_text(text: str) -> tuple[Row, list[Row], list[Row]]:
    """The columns of a text in ``segments``, under any heading, and its rows of ``mentions`` and ``cues``."""
    terms = " ".join(content_terms(text))
    own = {"audience": of_text(text), "terms": terms, **count_words(text)._asdict()}
    return own, _mentions(text), _spans("cues", cues.cues(text))


def tables(batch: Mapping[int, Segment], *, text: bool) -> dict[str, list[Row]]:
    """The rows of ``segments``, ``scores``, ``mentions`` and ``cues`` for a batch of segments by number.

    Args:
        batch: Segments by number.
        text: Whether ``segments`` keeps the text, and headings of more than `MAX_HEADING_WORDS` words.
    """
    rows: dict[str, list[Row]] = {"segments": [], "scores": [], "mentions": [], "cues": []}
    percents = np.rint(100 * scores(list(batch.values()))).astype(int).tolist()
    rows_of_text = cache(_rows_of_text)  # many segments differ only in their headings
    for (number, segment), percent in zip(batch.items(), percents, strict=True):
        own, *others = rows_of_text(segment.text)
        key = {"segment_id": hex_id(number)}
        is_short = (segment.heading or "").count(" ") < MAX_HEADING_WORDS
        heading = segment.heading if text or is_short else None
        head = key | {"heading": heading, "text": segment.text if text else None}
        rows["segments"].append(head | own | {"audience": own["audience"] or segment.audience})
        rows["scores"].append(key | dict(zip(CATEGORIES, percent, strict=True)))
        for name, spans in zip(("mentions", "cues"), others, strict=True):
            rows[name] += [key | row for row in spans]
    return rows


def _mentions(text: str) -> list[Row]:
    return _spans("mentions", frameworks.mentions(text))


def _spans(name: str, spans: Sequence[frameworks.Mention | cues.Cue]) -> list[Row]:
    """The rows of ``mentions`` or ``cues`` of a text, without the segment's id: the first of each key."""
    key = [column for column in schema.TABLES[name].key if column != "segment_id"]
    rows = [span._asdict() for span in spans]
    return [*{itemgetter(*key)(row): row for row in reversed(rows)}.values()]


_model = cache(clauses.load)


def scores(segments: Sequence[Segment]) -> np.ndarray:
    """The probability of each clause category for each segment: an array (n_segments, 10), 0 to 1."""
    return _model().scores([segment.text for segment in segments], [segment.heading for segment in segments])


def thresholds() -> dict[str, int]:
    """The percent that a score must reach to assign its category."""
    percent = np.ceil(np.round(100 * _model().thresholds, 6))  # 0.07 * 100 is a hair above 7
    return dict(zip(CATEGORIES, percent.astype(int).tolist(), strict=True))
