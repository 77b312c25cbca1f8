"""What is left out, and why: other languages, pages that are no policy, versions that repeat another, flips.

A page is judged by its segments, each of which is looked at once; versions of a document by the sets of their
sentences.
"""

import datetime as dt
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple

import py3langid

from privacylab import paths
from privacylab.segment import Segment, sentences


class Said(NamedTuple):
    """What one sentence counts for; ``fingerprint`` is the same number for the same substance, None without any."""

    n_words: int
    n_function: int
    groups: tuple[int, ...]
    fingerprint: int | None


class Evidence(NamedTuple):
    """What a segment, or several, say for and against a page's being an English policy."""

    n_words: int
    n_english: int
    n_clauses: int
    groups: tuple[int, ...]
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


def said(sentence: str) -> Said:
    """What a sentence says by itself."""
    lower = sentence.lower()
    words = _words(lower)
    n_function = sum(map(_english().__contains__, words))
    return Said(len(words), n_function, tuple(_n_found(group, lower) for group in _groups()), _fingerprint(words))


def _fingerprint(words: list[str]) -> int | None:
    """A substantive sentence's number, blind to case, digits, months and punctuation."""
    if _substantive().isdisjoint(words):
        return None
    left = [word for word in words if word not in _MONTH]
    if len(left) < rules()["duplicates"]["min_words"] or _substantive().isdisjoint(left):
        return None
    return int.from_bytes(blake2b(" ".join(left).encode(), digest_size=8).digest(), "big")


def evidence(segment: Segment, *, said: Callable[[str], Said] = said) -> Evidence:
    """What one segment says, sentence by sentence; its heading counts with it.

    Args:
        segment: The segment.
        said: Gives what a sentence says; one that remembers saves time, as most sentences stand in many segments.
    """
    text = segment.text if segment.heading is None else f"{segment.heading}\n{segment.text}"
    found = list(map(said, sentences(text)))
    if not found:
        return _NOTHING
    n_each, n_function, groups, fingerprints = zip(*found, strict=True)
    n_words = sum(n_each)
    counts = tuple(map(sum, zip(*groups, strict=True)))
    is_english = n_words < 5 or sum(n_function) >= rules()["language"]["min_share_of_segment"] * n_words
    if "://" in text or "@" in text or "www." in text:
        fingerprints = tuple(said(sentence).fingerprint for sentence in sentences(_LINK.sub(" ", text)))
    return Evidence(
        n_words=n_words,
        n_english=n_words if is_english else 0,
        n_clauses=int(n_words >= rules()["policy"]["min_words_of_clause"] and sum(map(bool, counts)) >= 2),
        groups=counts,
        fingerprints=frozenset(fingerprints) - _NO_FINGERPRINT,
    )


_NO_FINGERPRINT = frozenset((None,))
_NOTHING = Evidence(0, 0, 0, (), frozenset())


def together(several: Sequence[Evidence]) -> Evidence:
    """What several segments say: the sums, and the sentences of all."""
    if not several:
        return _NOTHING
    n_words, n_english, n_clauses, groups, fingerprints = zip(*several, strict=True)
    counts = tuple(map(sum, zip(*groups, strict=True)))
    return Evidence(sum(n_words), sum(n_english), sum(n_clauses), counts, frozenset().union(*fingerprints))


@lru_cache(maxsize=10_000)
def _language(text: str) -> str:
    """The language of a text; pages that are no policy have thousands of versions with the same beginning."""
    return str(py3langid.classify(text)[0])


def _is_list_of_names(text: str) -> bool:
    """Whether most words begin with a capital: a menu or a list of countries is in no language."""
    words = _WORD.findall(text)
    limit = float(rules()["language"]["max_share_of_capitals"])
    return sum(map(str.isupper, map(itemgetter(0), words))) > limit * len(words)


def judge(found: Sequence[Segment]) -> Verdict:
    """Whether the segments of a page are an English policy.

    Returns:
        The verdict; its ``reason`` is ``empty``, ``language``, ``too_short``, ``not_policy``, or None for a policy.
        ``language_share`` is the share of words in English segments, 0 to 1.
    """
    seen = [evidence(segment) for segment in found]
    return verdict(together(seen), foreign_prose(found, seen))


def foreign_prose(found: Sequence[Segment], seen: Sequence[Evidence]) -> list[tuple[str, int]]:
    """The texts that are not in English, with their words; a menu or a list of countries is in no language."""
    foreign = [segment.text for segment, item in zip(found, seen, strict=True) if not item.n_english]
    return [(text, len(_words(text.lower()))) for text in foreign if not _is_list_of_names(text)]


def verdict(seen: Evidence, foreign: Iterable[tuple[str, int]]) -> Verdict:
    """Whether a page is an English policy, by all that its segments say and its `foreign_prose`."""
    n_words, fingerprint = seen.n_words, seen.fingerprints
    if not n_words:
        return Verdict("empty", "no words", "und", 0.0, 0, frozenset())
    share = seen.n_english / n_words
    limits = rules()["policy"]
    if share < rules()["language"]["min_share_of_policy"]:
        # The first of several languages may be English: what the rest is in says more of the page.
        prose = list(foreign)
        is_enough = sum(n for _, n in prose) >= rules()["language"]["min_share_of_rest"] * n_words
        language = _language("\n".join(text for text, _ in prose)[:5000]) if is_enough else "en"
        if language != "en":
            return Verdict("language", language, language, share, n_words, fingerprint)
    weight = seen.n_clauses * 1000 * sum(seen.groups) / n_words
    n_groups = sum(1 for count in seen.groups if count)
    reason = detail = None
    if n_words < limits["min_words"]:
        reason, detail = "too_short", f"{n_words} words, a policy has at least {limits['min_words']}"
    elif n_groups < limits["min_groups"] or weight < limits["min_weight"] or not sum(seen.groups[:2]):
        reason, detail = (
            "not_policy",
            f"{sum(seen.groups)} privacy words in {n_words}, of {n_groups} kinds, {seen.n_clauses} clauses",
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
