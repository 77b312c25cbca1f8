"""Named things that a text states: rights, legal bases, retention periods, seals, trackers and the like.

The rules are data: ``rules/cues.toml``; what each cue means is in ``docs/codebook.md``.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

from privacylab import paths
from privacylab.text.anchors import quick_look
from privacylab.text.phrases import pattern_of, phrases, words_of
from privacylab.text.visible import lowered, visible

_SENTENCE = 250
"""Characters: how far a sentence reaches at most, on either side."""

_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_TENS = {"twenty-four": 24, "thirty": 30, "thirty-six": 36, "forty-five": 45, "sixty": 60, "ninety": 90, "hundred": 100}
_VALUES = {word: number for number, word in enumerate(_NUMBERS)} | _TENS
_WORDS = "|".join(sorted((word for word in _VALUES if word != "zero"), key=len, reverse=True))
_DURATION = (
    rf"(?:\d{{1,4}}|{_WORDS}|a|one)(?: ?\(?(?:\d{{1,4}}|{_WORDS})\)?)?"
    r"(?:[ -](?:full|calendar|consecutive|additional))?[ -](?:hour|day|week|month|year)s?"
)
_AGE = r"(?:1[0-9]|2[01]|thirteen|fourteen|fifteen|sixteen|eighteen|twenty-one)(?: ?\(\d\d\))?"
_AMOUNT = re.compile(
    rf"(\d{{1,4}}|{_WORDS}|\ba\b)(?:\s?\(?(?:\d{{1,4}}|{_WORDS})\)?)?(?:[\s-](?:full|calendar|consecutive|additional))?"
    r"[\s-]+(hour|day|week|month|year)",
    re.IGNORECASE,
)
_YEARS_OLD = re.compile(r"1[0-9]|2[01]|thirteen|fourteen|fifteen|sixteen|eighteen|twenty-one", re.IGNORECASE)
_AGES = {"thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "eighteen": 18, "twenty-one": 21}
_UNITS = {"hour": "PT{}H", "day": "P{}D", "week": "P{}W", "month": "P{}M", "year": "P{}Y"}


class Cue(NamedTuple):
    """A cue that fires at character ``start`` of a text; ``value`` is None where the cue has none."""

    cue: str
    value: str | None
    start: int


class _Rule(NamedTuple):
    """One cue block, compiled. ``values`` are tried in order where a match begins."""

    id: str
    pattern: re.Pattern[str]
    exact: re.Pattern[str] | None
    values: tuple[tuple[str, re.Pattern[str]], ...]
    value_from: str | None
    items: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    context: re.Pattern[str] | None


_RULES = paths.rules("cues")
_MACROS = {"duration": _DURATION, "age": _AGE}
_words = partial(words_of, macros=_MACROS)
_pattern = partial(pattern_of, macros=_MACROS, flags=0)


def _rule(block: dict[str, Any]) -> _Rule:
    return _Rule(
        id=block["id"],
        # The values' patterns stand side by side, not in groups: groups would keep the matcher from skipping ahead.
        pattern=_pattern(block, "patterns") or phrases(_words(block, "values"), flags=0),
        exact=_pattern(block, "exact"),
        values=tuple((value, phrases(words, flags=0)) for value, words in block.get("values", {}).items()),
        value_from=block.get("value_from"),
        items=_pattern(block, "items", r"\n\s*[-*•·]\s+(?:the right )?({})"),
        unless=_pattern(block, "unless"),
        context=_pattern(block, "context"),
    )


@cache
def _compiled() -> tuple[_Rule, ...]:
    return tuple(_rule(block) for block in _RULES["cue"])


@cache
def _quick_look() -> Callable[[str], set[str]]:
    """Which cues may fire."""
    keys = ("patterns", "values", "exact", "items")
    return quick_look({each["id"]: [w for key in keys for w in _words(each, key)] for each in _RULES["cue"]})


@cache
def _rights_lead() -> re.Pattern[str]:
    return phrases(_RULES["rights_lead"], flags=0)


IDS: tuple[str, ...] = tuple(block["id"] for block in _RULES["cue"])
"""The cues' ids, in the order of the rules."""


def _duration(text: str) -> str | None:
    """The last duration in a text, as ISO 8601; none that says "necessary" has an end.

    >>> _duration("kept for twelve (12) months")
    'P12M'
    """
    amounts = _AMOUNT.findall(text)
    if not amounts:
        return "as-long-as-necessary"
    number, unit = amounts[-1]
    count = int(number) if number.isdigit() else _VALUES.get(number.lower(), 1)
    return _UNITS[unit.lower()].format(count) if count else None


def _age(text: str) -> str | None:
    years = _YEARS_OLD.search(text)
    return str(_AGES.get(years.group().lower(), years.group())) if years else None


def _value(rule: _Rule, match: re.Match[str]) -> str | None:
    if rule.values:
        return next((value for value, pattern in rule.values if pattern.match(match.string, match.start())), None)
    if rule.value_from == "duration":
        return _duration(match.group())
    return _age(match.group()) if rule.value_from == "age" else None


def _sentence(view: str, match: re.Match[str]) -> str:
    """The sentence around a match, roughly: up to the next full stop or line on either side."""
    start, end = match.span()
    low = max(view.rfind(". ", max(0, start - _SENTENCE), start), view.rfind("\n", 0, start))
    ends = [at for at in (view.find(". ", end, end + _SENTENCE), view.find("\n", end)) if at >= 0]
    return view[max(low + 1, start - _SENTENCE) : min([*ends, end + _SENTENCE])]


def _matches(rule: _Rule, lower: str, view: str) -> Iterator[re.Match[str]]:
    yield from rule.pattern.finditer(lower)
    if rule.exact is not None:
        yield from rule.exact.finditer(view)


def _fired(rule: _Rule, lower: str, view: str) -> Iterator[Cue]:
    """The first firing of one rule for each of its values; an exact pattern and an item may fire once more."""
    if rule.context is not None and not rule.context.search(lower):
        return
    fired: set[str | None] = set()
    values: dict[str, str | None] = {}
    for match in _matches(rule, lower, view):
        if match.group() not in values:
            values[match.group()] = _value(rule, match)
        value = values[match.group()]
        if value in fired or (value is None and (rule.values or rule.value_from)):
            continue
        if rule.unless is None or not rule.unless.search(_sentence(lower, match)):
            fired.add(value)
            yield Cue(rule.id, value, match.start())
    if rule.items is not None and "\n" in lower:
        lead = _rights_lead().search(lower)
        item = rule.items.search(lower, lead.end()) if lead else None
        if item:
            yield Cue(rule.id, None, item.start(1))


def cues(text: str) -> list[Cue]:
    """The cues of a text: of each cue and value the first, in the order of the text.

    Args:
        text: a segment or a whole policy as `normalize` gives it; it may contain Markdown or leftover tags.

    >>> cues("We keep logs for 90 days.")
    [Cue(cue='retention_period', value='P90D', start=3)]
    """
    present = _quick_look()(text)
    if not present:
        return []
    view = visible(text)
    lower = lowered(view)
    first: dict[tuple[str, str | None], Cue] = {}
    for rule in _compiled():
        for cue in _fired(rule, lower, view) if rule.id in present else ():
            key = (cue.cue, cue.value)
            if key not in first or cue.start < first[key].start:
                first[key] = cue
    if sum(cue == "sale_of_data" for cue, _ in first) > 1:
        first.pop(("sale_of_data", "mentions"), None)
    return sorted(first.values(), key=lambda cue: (cue.start, cue.cue, cue.value or ""))
