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

_ONES = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES: dict[str, int] = dict(zip([*_ONES, *_TEENS, *_TENS], [*range(1, 20), *range(20, 100, 10)], strict=True)) | {
    "a": 1,
    "an": 1,
}
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES)}))?|{'|'.join([*_TEENS, *_ONES])})"
_WORDS = rf"(?:(?:{'|'.join(_ONES)}|a) hundred(?:(?: and)?[ -]{_BELOW_100})?|{_BELOW_100})"
_UNITS = ("minute", "hour", "day", "week", "month", "year")
_UNIT = rf"(?:{'|'.join(_UNITS)}|mth|hr|wk|yr)s?|mins|min\.|mos|mo\."
_AMOUNT = (
    rf"(?:half(?:[ -]an?)?|(?P<number>\d,\d{{3}}|\d{{1,4}}(?:\.\d\d?)?|{_WORDS}|an?)"
    r"(?P<half>\u00bd|[ -]and[ -]a[ -]half)?"
    rf"(?: ?\(?(?:\d{{1,4}}|{_WORDS})\)?)?(?:[ -](?:full|calendar|consecutive|additional|further|more))?)"
    rf"[ -](?P<unit>{_UNIT})(?P<and_half> and a half)?"
)
"""A number and a unit of time."""
_BARE_AMOUNT = re.sub(r"\?P<\w+>", "?:", _AMOUNT)
_DURATION = rf"{_BARE_AMOUNT}(?:(?:,? and|,| plus)? {_BARE_AMOUNT})*"
_SMALLER = {
    "year": ("month", 12),
    "month": ("day", 30),
    "week": ("day", 7),
    "day": ("hour", 24),
    "hour": ("minute", 60),
}
_MOST = {"minute": 60, "hour": 24, "day": 31, "week": 5, "month": 12}
"""So many of a unit are no part of a larger one: "2 years and 18 months" are two periods."""
_LETTERS = {"year": "Y", "month": "M", "week": "W", "day": "D", "hour": "H", "minute": "M"}
_AGE = r"(?:1[0-9]|2[01]|thirteen|fourteen|fifteen|sixteen|eighteen|twenty-one)(?: ?\(\d\d\))?"
_YEARS_OLD = re.compile(r"1[0-9]|2[01]|thirteen|fourteen|fifteen|sixteen|eighteen|twenty-one", re.IGNORECASE)


class Cue(NamedTuple):
    """A cue that fires at character ``start`` of a text; ``value`` is None where the cue has none."""

    cue: str
    value: str | None
    start: int


_RULES = paths.rules("cues")
_MACROS = {"duration": _DURATION, "age": _AGE, **_RULES["macros"]}
_FORMS = {
    **dict.fromkeys(("patterns", "values", "exact", "unless", "context"), "{}"),
    "items": r"\n\s*[-*•·]\s+(?:the right )?({})",
}
"""The keys that hold phrases, and where in the text they must stand."""
_RIGHTS_LEAD = phrases(_RULES["rights_lead"], flags=0)
_DENIED = phrases(_RULES["rights_denied"], flags=0)
_PART = phrases([_AMOUNT], flags=0)
_AND = re.compile(r"(?:,?\s+and|,|\s+plus)?\s+")
_BETWEEN = r"(?:[^\S\n]|\n(?=- )|[,;:|()])"
# The next period of the same sentence, row or list: "orders for 6 years, letters for 18 months".
_MORE = phrases(
    [
        rf"(?:{_BETWEEN}+(?!(?:{'|'.join(_RULES['other_periods'])})(?!\w))[^\s,;|().:]++){{0,12}}?"
        rf"(?:{_BETWEEN}*[:|(]{_BETWEEN}*|{_BETWEEN}+(?:{'|'.join(_RULES['before_period'])}){_BETWEEN}+)(?P<period>{_DURATION})(?!\w)"
    ],
    flags=0,
    bounded=False,
)


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


def _durations(text: str) -> list[str]:
    """The durations in a text, as ISO 8601, compound ones added up; none that says "necessary" has an end.

    >>> _durations("kept for twelve (12) months"), _durations("for 1 year and 6 months or half a year")
    (['P12M'], ['P18M', 'P6M'])
    """
    durations: list[list[tuple[float, str]]] = []
    end = 0
    for amount in _PART.finditer(text):
        written = amount["unit"]
        unit = "minute" if written.startswith("mi") else next(u for u in _UNITS[1:] if u[0] == written[0])
        count = _count(amount["number"]) + (0.5 if amount["half"] or amount["and_half"] or not amount["number"] else 0)
        larger = durations[-1][-1][1] if durations and _AND.fullmatch(text, end, amount.start()) else ""
        if larger and _UNITS.index(unit) < _UNITS.index(larger) and count < _MOST[unit]:
            durations[-1].append((count, unit))
        else:
            durations.append([(count, unit)])
        end = amount.end()
    return [iso for parts in durations if (iso := _iso(parts))] if durations else ["as-long-as-necessary"]


def _count(number: str | None) -> float:
    if number is None or number[0].isdigit():
        return float((number or "0").replace(",", ""))
    hundreds, _, rest = f" {number}".rpartition(" hundred")
    return 100 * _VALUES.get(hundreds.strip(), 0) + sum(_VALUES.get(word, 0) for word in re.findall(r"[a-z]+", rest))


def _iso(parts: list[tuple[float, str]]) -> str | None:
    """A duration of whole numbers, in the smallest unit that it takes for that."""
    total = dict.fromkeys(_LETTERS, 0.0)
    for i, (count, unit) in enumerate(parts):
        if unit in _SMALLER and (count % 1 or (i < len(parts) - 1 and unit != "month")):
            unit, factor = _SMALLER[unit]
            count *= factor
        total[unit] += count
    written = [f"{count:.0f}{_LETTERS[unit]}" if count else "" for unit, count in total.items()]
    days, hours = "".join(written[:4]), "".join(written[4:])
    return f"P{days}{'T' * bool(hours)}{hours}" if days or hours else None


def _age(text: str) -> str | None:
    years = _YEARS_OLD.search(text)
    return f"{_count(years.group().lower()):.0f}" if years else None


def _value(rule: Rule, match: re.Match[str]) -> str | None:
    if "values" in rule.block:
        values = _values()[rule.block["id"]].items()
        return next((value for value, pattern in values if pattern.match(match.string, match.start())), None)
    return _age(match.group()) if rule.block.get("value_from") == "age" else None


def _sentence(view: str, match: re.Match[str]) -> str:
    """The sentence around a match, roughly: up to the next full stop or line on either side."""
    start, end = match.span()
    low = max(view.rfind(". ", max(0, start - _SENTENCE), start), view.rfind("\n", 0, start))
    ends = [at for at in (view.find(". ", end, end + _SENTENCE), view.find("\n", end)) if at >= 0]
    return view[max(low + 1, start - _SENTENCE) : min([*ends, end + _SENTENCE])]


def _denied(lower: str, start: int) -> bool:
    """The right that a match speaks of from ``start`` on is one that the reader does not have."""
    denials = _DENIED.finditer(lower, max(0, start - _SENTENCE), start + _SENTENCE)
    return any(denial.start() <= start <= denial.end() + 1 for denial in denials)


def _lasting(rule: Rule, lower: str, taken: set[int]) -> Iterator[Cue]:
    """The periods of a rule, each with those that follow in its sentence; ``taken``, which grows: where periods end."""
    if "context" in rule.block and not rule.has("context", lower):
        return
    for match in rule.patterns["patterns"].finditer(lower):
        if rule.has("unless", _sentence(lower, match)):
            continue
        period: re.Match[str] | None = match
        while period and period.end() not in taken:
            taken.add(period.end())
            start = match.start() if period is match else period.start("period")
            for value in _durations(lower[start : period.end()]):
                yield Cue(rule.block["id"], value, start)
            period = _MORE.match(lower, period.end())


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
        is_denied = cue.startswith("right_") and _denied(lower, match.start())
        if not is_denied and not rule.has("unless", _sentence(lower, match)):
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
    taken: set[int] = set()
    fired: list[Cue] = []
    for rule in _rules():
        if rule.block["id"] in present:
            lasts = rule.block.get("value_from") == "duration"
            fired += _lasting(rule, lower, taken) if lasts else _fired(rule, lower, view)
    first: dict[tuple[str, str | None], Cue] = {}
    for cue in sorted(fired, key=lambda cue: (cue.start, cue.cue, cue.value or "")):
        first.setdefault((cue.cue, cue.value), cue)
    if sum(cue == "sale_of_data" for cue, _ in first) > 1:
        first.pop(("sale_of_data", "mentions"), None)
    return list(first.values())
