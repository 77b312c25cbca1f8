"""Named things that a text states: rights, legal bases, retention periods, seals, trackers and the like.

The rules are data: ``rules/cues.toml``; what each cue means is in ``docs/codebook.md``.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

from privacylab import paths
from privacylab.text.anchors import quick_look
from privacylab.text.phrases import Rule, phrases, rule_of, words_of
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
_AGES = {**_VALUES, "twenty-one": 21}
_UNITS = {"hour": "PT{}H", "day": "P{}D", "week": "P{}W", "month": "P{}M", "year": "P{}Y"}


class Cue(NamedTuple):
    """A cue that fires at character ``start`` of a text; ``value`` is None where the cue has none."""

    cue: str
    value: str | None
    start: int


_RULES = paths.rules("cues")
_MACROS = {"duration": _DURATION, "age": _AGE}
_FORMS = {
    **dict.fromkeys(("patterns", "values", "exact", "unless", "context"), "{}"),
    "items": r"\n\s*[-*•·]\s+(?:the right )?({})",
}
"""The keys that hold phrases, and where in the text they must stand."""
_RIGHTS_LEAD = phrases(_RULES["rights_lead"], flags=0)


@cache
def _rules() -> tuple[Rule, ...]:
    return tuple(rule_of(block, _FORMS, macros=_MACROS, flags=0) for block in _RULES["cue"])


@cache
def _values() -> dict[str, dict[str, re.Pattern[str]]]:
    """The phrases of each value of a cue, tried in their order where a match of the cue begins."""
    blocks = {block["id"]: block.get("values", {}) for block in _RULES["cue"]}
    return {cue: {value: phrases(words, flags=0) for value, words in each.items()} for cue, each in blocks.items()}


@cache
def _quick_look() -> Callable[[str], set[str]]:
    """Which cues may fire."""
    keys = ("patterns", "values", "exact", "items")
    blocks = _RULES["cue"]
    return quick_look({block["id"]: [w for key in keys for w in words_of(block, key, _MACROS)] for block in blocks})


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


def _value(rule: Rule, match: re.Match[str]) -> str | None:
    if "values" in rule.block:
        values = _values()[rule.block["id"]].items()
        return next((value for value, pattern in values if pattern.match(match.string, match.start())), None)
    read = {"duration": _duration, "age": _age}.get(rule.block.get("value_from", ""))
    return read(match.group()) if read else None


def _sentence(view: str, match: re.Match[str]) -> str:
    """The sentence around a match, roughly: up to the next full stop or line on either side."""
    start, end = match.span()
    low = max(view.rfind(". ", max(0, start - _SENTENCE), start), view.rfind("\n", 0, start))
    ends = [at for at in (view.find(". ", end, end + _SENTENCE), view.find("\n", end)) if at >= 0]
    return view[max(low + 1, start - _SENTENCE) : min([*ends, end + _SENTENCE])]


def _fired(rule: Rule, lower: str, view: str) -> Iterator[Cue]:
    """The first firing of one rule for each of its values; an exact pattern and an item may fire once more."""
    if "context" in rule.block and not rule.has("context", lower):
        return
    cue, patterns = rule.block["id"], rule.patterns
    # The values' patterns stand side by side, not in groups: groups would keep the matcher from skipping ahead.
    matches = list(patterns["patterns" if "patterns" in patterns else "values"].finditer(lower))
    if "exact" in patterns:
        matches += patterns["exact"].finditer(view)
    fired: set[str | None] = set()
    values: dict[str, str | None] = {}
    for match in matches:
        if match.group() not in values:
            values[match.group()] = _value(rule, match)
        value = values[match.group()]
        if value in fired or (value is None and not rule.block.keys().isdisjoint(("values", "value_from"))):
            continue
        if not rule.has("unless", _sentence(lower, match)):
            fired.add(value)
            yield Cue(cue, value, match.start())
    if "items" in patterns and "\n" in lower and (lead := _RIGHTS_LEAD.search(lower)):
        item = patterns["items"].search(lower, lead.end())
        if item:
            yield Cue(cue, None, item.start(1))


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
    fired = [cue for rule in _rules() if rule.block["id"] in present for cue in _fired(rule, lower, view)]
    first: dict[tuple[str, str | None], Cue] = {}
    for cue in sorted(fired, key=lambda cue: (cue.start, cue.cue, cue.value or "")):
        first.setdefault((cue.cue, cue.value), cue)
    if sum(cue == "sale_of_data" for cue, _ in first) > 1:
        first.pop(("sale_of_data", "mentions"), None)
    return list(first.values())
