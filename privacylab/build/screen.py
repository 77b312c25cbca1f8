"""Whether a page is an English privacy policy."""

import re
import struct
import tomllib
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple

import py3langid

from privacylab import paths
from privacylab.text.segments import Segment
from privacylab.text.sentences import goes_on, sentences


class Said(NamedTuple):
    """What one line counts for.

    Attributes:
        counts: Its words, function words and groups' words, as `_packing` says.
        fingerprints: A number for each substantive sentence, the same for the same substance.
        goes_on: Whether its last sentence may go on in the next line.
    """

    counts: int
    fingerprints: frozenset[int]
    goes_on: bool


class Evidence(NamedTuple):
    """What a segment, or several, say for and against a page's being an English policy."""

    n_words: int
    n_english: int
    n_clauses: int
    groups: tuple[int, ...]
    fingerprints: frozenset[int]


class Verdict(NamedTuple):
    """Whether a text is kept: ``reason`` is None, or one of `schema.REASONS` with a ``detail``."""

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


class _Group(NamedTuple):
    """A group of privacy words: its pattern, before it the same one without a border in front, which is much faster.

    ``needed`` are letters of each entry that may match more than one word; without them it matches nothing.
    """

    fast: re.Pattern[str]
    exact: re.Pattern[str]
    needed: tuple[str, ...]


@cache
def _groups() -> tuple[_Group, ...]:
    groups = []
    for entries in rules()["policy"]["groups"].values():
        any_of = "|".join(entries)
        needed = tuple(_needed(entry) for entry in entries if not _WITHIN_WORD.fullmatch(entry))
        groups.append(_Group(re.compile(rf"(?:{any_of})\b"), re.compile(rf"\b(?:{any_of})\b"), needed))
    return tuple(groups)


@cache
def _groups_of_words() -> tuple[tuple[int, _Group], ...]:
    """The groups, by their place, of which an entry may match more than one word."""
    return tuple((i, group) for i, group in enumerate(_groups()) if group.needed)


_WITHIN_WORD = re.compile(r"(?:[a-z|)]\??|\(\?:)*")


def _needed(entry: str) -> str:
    """The longest run of letters in all that a pattern matches; none if that is not plain to see."""
    plain = re.sub(r"\(.*\)[?*]?|\[[^]]*\][?*]?|.[?*]", " ", entry)
    return "" if re.search(r"[^a-z -]", plain) else max(re.findall("[a-z]+", plain), key=len, default="")


def _n_found(group: _Group, lower: str) -> int:
    """How often a group's words stand in a text: where all that the fast pattern finds begin words, it is right."""
    n = 0
    for match in group.fast.finditer(lower):
        before = lower[match.start() - 1 : match.start()]
        if before.isalnum() or before == "_":
            return len(group.exact.findall(lower))
        n += 1
    return n


@cache
def _substantive() -> frozenset[str]:
    return frozenset(rules()["duplicates"]["substantive"])


_RUN = re.compile(r"\w+")
_WORD = re.compile(r"[^\W\d_]+")
_NO_RUN, _NO_LETTER = (
    bytes(code if pattern.match(chr(code)) else 32 for code in range(128)).ljust(256) for pattern in (_RUN, _WORD)
)


def _runs(lower: str) -> list[str]:
    """The runs of letters, digits and underscores of a text in lower case."""
    return lower.encode().translate(_NO_RUN).decode().split() if lower.isascii() else _RUN.findall(lower)


def _words(lower: str) -> list[str]:
    """The words of a text in lower case: runs of letters."""
    return lower.encode().translate(_NO_LETTER).decode().split() if lower.isascii() else _WORD.findall(lower)


_LINK = re.compile(r"(?<!\S)\S*(?:://|www\.|@)\S*")
_MONTH = frozenset(
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split()
)


MAX_KNOWN = 100_000
"""So many runs of letters are remembered: most are names and numbers, met once."""


@cache
def _packing() -> struct.Struct:
    """Counts as one number, 32 bits each, so that those of many runs add up at once.

    They are those of words, function words, months, and runs that are not just one word; of each group's words; and of
    each group's hints: runs that hold what an entry needs which may match more than one word.
    """
    return struct.Struct(f"<{4 + 2 * len(_groups())}I")


def _unpacked(counts: int) -> tuple[int, ...]:
    packing = _packing()
    return packing.unpack(counts.to_bytes(packing.size, "little"))


@cache
def _notable() -> re.Pattern[str]:
    """Finds something in each run that means anything to a group, and in few others."""
    return re.compile("|".join(any_of for group in _groups() for any_of in (group.fast.pattern, *group.needed)))


@cache
def _known() -> frozenset[str]:
    return _english() | _MONTH


def _counts(run: str) -> int:
    """The packed counts of a run of letters, digits and underscores."""
    if run.isalpha() and run not in _known() and not _notable().search(run):
        return _ONE_WORD
    words = _words(run)
    n_function, n_months = (sum(map(known.__contains__, words)) for known in (_english(), _MONTH))
    found = [len(group.exact.findall(run)) for group in _groups()]
    hints = [any(map(run.__contains__, group.needed)) for group in _groups()]
    numbers = _packing().pack(len(words), n_function, n_months, words != [run], *found, *hints)
    return int.from_bytes(numbers, "little")


_ONE_WORD = 1


class _Counted(dict[str, int]):
    """The `_counts` of all runs met so far; a dictionary is asked without a call into Python."""

    def __missing__(self, run: str) -> int:
        if len(self) >= MAX_KNOWN:
            self.clear()
        counts = self[run] = _counts(run)
        return counts


_counted = _Counted().__getitem__


def said(line: str) -> Said:
    """What a line says: the sum of its runs, but for the groups that several together may meet; and its sentences."""
    shown = _LINK.sub(" ", line) if "://" in line or "@" in line or "www." in line else line
    each = [_runs(sentence.lower()) for sentence in sentences(shown)]
    lower = line.lower()
    counts = sum(map(_counted, chain.from_iterable(each) if shown is line else _runs(lower)))
    _, _, n_months, n_odd, *rest = _unpacked(counts)
    for i, group in _groups_of_words():
        if rest[len(_groups()) + i]:
            counts += (_n_found(group, lower) - rest[i]) << 32 * (4 + i)
    if n_odd:
        each = [_words(" ".join(runs)) for runs in each]
    if n_months:
        each = [[word for word in words if word not in _MONTH] for words in each]
    substantive, least = _substantive(), rules()["duplicates"]["min_words"]
    kept = [words for words in each if len(words) >= least and not substantive.isdisjoint(words)]
    return Said(counts, frozenset(map(_fingerprint, kept)), goes_on(shown))


def _fingerprint(words: Iterable[str]) -> int:
    """A sentence's number in this process, blind to case, digits, months and punctuation."""
    return hash(tuple(words))


def evidence(segment: Segment, *, said: Callable[[str], Said] = said) -> Evidence:
    """What one segment says, line by line; its heading counts with it.

    Args:
        segment: The segment.
        said: Gives what a line says; one that remembers saves time, as most lines stand in many segments.
    """
    text = segment.text if segment.heading is None else f"{segment.heading}\n{segment.text}"
    counts, fingerprints, goes_on = zip(*map(said, text.split("\n")), strict=True)
    if any(goes_on[:-1]):  # "Acme Inc.\nBoats" is one sentence
        counts, fingerprints, goes_on = zip(said(text), strict=True)
    n_words, n_function, _, _, *rest = _unpacked(sum(counts))
    groups = tuple(rest[: len(_groups())])
    is_english = n_words < 5 or n_function >= rules()["language"]["min_share_of_segment"] * n_words
    is_clause = n_words >= rules()["policy"]["min_words_of_clause"] and sum(map(bool, groups)) >= 2
    return Evidence(
        n_words=n_words,
        n_english=n_words if is_english else 0,
        n_clauses=int(is_clause),
        groups=groups,
        fingerprints=_NO_FINGERPRINTS.union(*fingerprints),
    )


_NO_FINGERPRINTS: frozenset[int] = frozenset()


def together(several: Sequence[Evidence]) -> Evidence:
    """What several segments say: the sums, and the sentences of all."""
    if not several:
        return Evidence(0, 0, 0, (), _NO_FINGERPRINTS)
    n_words, n_english, n_clauses, groups, fingerprints = zip(*several, strict=True)
    counts = tuple(map(sum, zip(*groups, strict=True)))
    return Evidence(sum(n_words), sum(n_english), sum(n_clauses), counts, _NO_FINGERPRINTS.union(*fingerprints))


@lru_cache(maxsize=1_000)
def _language(text: str) -> str:
    """The language of a text; pages that are no policy have thousands of versions with the same beginning."""
    return str(py3langid.classify(text)[0])


def load() -> None:
    """Loads the model of languages, most of a second: once in a process whose workers share it."""
    py3langid.rank("")


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
    return verdict(together(seen), map(foreign_prose, foreign(found, seen)))


def foreign(found: Sequence[Segment], seen: Sequence[Evidence]) -> list[Segment]:
    """The segments without English words."""
    return [segment for segment, item in zip(found, seen, strict=True) if not item.n_english]


def foreign_prose(segment: Segment) -> tuple[str, int] | None:
    """A foreign segment's text with its words; None for a menu or a list of countries, which are in no language."""
    return None if _is_list_of_names(segment.text) else (segment.text, len(_words(segment.text.lower())))


def verdict(seen: Evidence, foreign: Iterable[tuple[str, int] | None]) -> Verdict:
    """Whether a page is an English policy, by all that its segments say; its `foreign_prose` is read if need be."""
    n_words, fingerprint = seen.n_words, seen.fingerprints
    if not n_words:
        return Verdict("empty", "no words", "und", 0.0, 0, frozenset())
    share = seen.n_english / n_words
    limits = rules()["policy"]
    if share < rules()["language"]["min_share_of_policy"]:
        # The first of several languages may be English: what the rest is in says more of the page.
        prose = [one for one in foreign if one]
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
