"""What is left out, and why: other languages, pages that are no policy, versions that repeat another, flips.

A page is judged by its segments, each of which is looked at once; versions of a document by the sets of their
sentences.
"""

import datetime as dt
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import py3langid

from privacylab import paths
from privacylab.segment import Segment, sentences


class Evidence(NamedTuple):
    """What one segment says for and against a page's being an English policy."""

    n_words: int
    n_english: int
    groups: tuple[int, ...]
    is_clause: bool
    fingerprints: frozenset[int]


class Verdict(NamedTuple):
    """Whether a text is kept: ``reason`` is None, or one of `tables.REASONS` with a ``detail``."""

    reason: str | None
    detail: str | None
    language: str
    language_share: float
    n_words: int
    fingerprint: frozenset[int]


@cache
def rules() -> dict[str, Any]:
    """The limits and word lists of ``rules/screen.toml``."""
    with (paths.RULES / "screen.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def _english() -> frozenset[str]:
    return frozenset(rules()["language"]["english"])


@cache
def _groups() -> tuple[tuple[re.Pattern[str], re.Pattern[str]], ...]:
    """Each group's pattern; before it the same one without a border in front, which is many times faster."""
    groups = ["|".join(patterns) for patterns in rules()["policy"]["groups"].values()]
    return tuple((re.compile(rf"(?:{any_of})\b"), re.compile(rf"\b(?:{any_of})\b")) for any_of in groups)


def _n_found(group: tuple[re.Pattern[str], re.Pattern[str]], lower: str) -> int:
    """How often a group's words stand in a text: where all that the fast pattern finds begin words, it is right."""
    fast, exact = group
    n = 0
    for match in fast.finditer(lower):
        before = lower[match.start() - 1 : match.start()]
        if before.isalnum() or before == "_":
            return len(exact.findall(lower))
        n += 1
    return n


@cache
def _substantive() -> frozenset[str]:
    return frozenset(rules()["duplicates"]["substantive"])


_WORD = re.compile(r"[^\W\d_]+")
_NO_LETTER = {code: " " for code in range(128) if not chr(code).isalpha()}


def _words(lower: str) -> list[str]:
    """The words of a text in lower case: runs of letters."""
    return lower.translate(_NO_LETTER).split() if lower.isascii() else _WORD.findall(lower)


_LINK = re.compile(r"\S*(?:://|www\.|@)\S*")
_MONTH = frozenset(
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)


def _fingerprints(text: str) -> Iterable[int]:
    """A number for each substantive sentence, blind to case, digits, months, links and punctuation."""
    if "://" in text or "@" in text or "www." in text:
        text = _LINK.sub(" ", text)
    min_words = rules()["duplicates"]["min_words"]
    for sentence in sentences(text):
        words = [word for word in _words(sentence.lower()) if word not in _MONTH]
        if len(words) >= min_words and not _substantive().isdisjoint(words):
            yield int.from_bytes(blake2b(" ".join(words).encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=300_000)
def evidence(segment: Segment) -> Evidence:
    """What one segment says; its heading counts with it."""
    text = segment.text if segment.heading is None else f"{segment.heading}\n{segment.text}"
    lower = text.lower()
    words = _words(lower)
    n_function = sum(map(_english().__contains__, words))
    is_english = len(words) < 5 or n_function >= rules()["language"]["min_share_of_segment"] * len(words)
    groups = tuple(_n_found(group, lower) for group in _groups())
    return Evidence(
        n_words=len(words),
        n_english=len(words) if is_english else 0,
        groups=groups,
        is_clause=len(words) >= rules()["policy"]["min_words_of_clause"] and sum(map(bool, groups)) >= 2,
        fingerprints=frozenset(_fingerprints(text)),
    )


@lru_cache(maxsize=10_000)
def _language(text: str) -> str:
    """The language of a text; pages that are no policy have thousands of versions with the same beginning."""
    return str(py3langid.classify(text)[0])


def _is_list_of_names(text: str) -> bool:
    """Whether most words begin with a capital: a menu or a list of countries is in no language."""
    words = _WORD.findall(text)
    limit = float(rules()["language"]["max_share_of_capitals"])
    return bool(sum(word[0].isupper() for word in words) > limit * len(words))


def judge(found: Sequence[Segment]) -> Verdict:
    """Whether the segments of a page are an English policy.

    Returns:
        The verdict; its ``reason`` is ``empty``, ``language``, ``too_short``, ``not_policy``, or None for a policy.
        ``language_share`` is the share of words in English segments, 0 to 1.
    """
    seen = [evidence(segment) for segment in found]
    n_words = sum(item.n_words for item in seen)
    if not n_words:
        return Verdict("empty", "no words", "und", 0.0, 0, frozenset())
    share = sum(item.n_english for item in seen) / n_words
    fingerprint = frozenset().union(*(item.fingerprints for item in seen))
    limits = rules()["policy"]
    if share < rules()["language"]["min_share_of_policy"]:
        # The first of several languages may be English: what the rest is in says more of the page.
        rest = [segment.text for segment, item in zip(found, seen, strict=True) if not item.n_english]
        prose = "\n".join(text for text in rest if not _is_list_of_names(text))
        is_enough = len(_words(prose.lower())) >= rules()["language"]["min_share_of_rest"] * n_words
        language = _language(prose[:5000]) if is_enough else "en"
        if language != "en":
            return Verdict("language", language, language, share, n_words, fingerprint)
    counts = [sum(column) for column in zip(*(item.groups for item in seen), strict=True)]
    n_clauses = sum(item.is_clause for item in seen)
    weight = n_clauses * 1000 * sum(counts) / n_words
    n_groups = sum(1 for count in counts if count)
    reason = detail = None
    if n_words < limits["min_words"]:
        reason, detail = "too_short", f"{n_words} words, a policy has at least {limits['min_words']}"
    elif n_groups < limits["min_groups"] or weight < limits["min_weight"] or not counts[0] + counts[1]:
        reason, detail = (
            "not_policy",
            f"{sum(counts)} privacy words in {n_words}, of {n_groups} kinds, {n_clauses} clauses",
        )
    return Verdict(reason, detail, "en", share, n_words, fingerprint)


class Sighting(NamedTuple):
    """A policy seen on a day: what `repeats` needs to know of it. ``key`` tells its text (equal: near duplicates)."""

    version_id: str
    date: dt.date
    key: int


class Repeat(NamedTuple):
    """The status of a sighting in its document's history, and the version that it repeats or interrupts."""

    status: str
    same_as: str | None


def repeats(history: Sequence[Sighting]) -> dict[str, Repeat]:
    """Near duplicates and A-B-A flips in the history of one document.

    Two versions are near duplicates if their substantive sentences are the same. A text that comes and goes within
    ``flip_days`` between two stands of another is a flip (a crawler in another country, an experiment, an outage): of
    two that alternate, the one seen less is the flip. What returns later than that is a new version of its own.

    Args:
        history: The sightings of one document, one a day, by date.

    Returns:
        For each version id: ``kept`` (a text that is new here), ``near_duplicate`` (of the version that opened the run)
        or ``flip`` (between two stands of the version named).
    """
    days = rules()["duplicates"]["flip_days"]
    n_seen = Counter(sighting.key for sighting in history)
    runs: list[list[Sighting]] = []
    flips: dict[str, Repeat] = {}
    for sighting in history:
        if runs and runs[-1][-1].key == sighting.key:
            runs[-1].append(sighting)
        else:
            runs.append([sighting])
        _close_flips(runs, flips, n_seen, days)
    result = dict(flips)
    for run in runs:
        result[run[0].version_id] = Repeat("kept", None)
        for sighting in run[1:]:
            result[sighting.version_id] = Repeat("near_duplicate", run[0].version_id)
    return result


def _close_flips(runs: list[list[Sighting]], flips: dict[str, Repeat], n_seen: Counter[int], days: int) -> None:
    """Takes the last run but one out where it is a flip, and joins its neighbours."""
    while len(runs) >= 3 and runs[-3][0].key == runs[-1][0].key:
        before, between, after = runs[-3:]
        short = (after[0].date - between[0].date).days <= days
        rarer = n_seen[between[0].key] <= n_seen[before[0].key]
        if not (short and rarer):
            return
        flips.update({sighting.version_id: Repeat("flip", before[0].version_id) for sighting in between})
        runs[-3:] = [before + after]
