"""Periods of time and ages in words or figures."""

import re

_ONES = "one two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = dict(zip([*_ONES, *_TEENS], range(1, 20), strict=True)) | {"a": 1, "an": 1}
_VALUES |= dict(zip(_TENS, range(20, 100, 10), strict=True))
_BELOW_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{'|'.join(_ONES)}))?|{'|'.join([*_TEENS, *_ONES])})"
_WORDS = rf"(?:(?:{'|'.join(_ONES)}|a) hundred(?:(?: and)?[ -]{_BELOW_100})?|{_BELOW_100})"
_UNITS = {"minute": "min", "hour": "hr", "day": "day", "week": "wk", "month": "mo|mth", "year": "yr"}
_UNIT = "|".join(f"{unit}|{short}" for unit, short in _UNITS.items())
_NUMBER = rf"\d,\d{{3}}|\d{{1,4}}(?:\.\d\d?)?|{_WORDS}|an?(?! (?:\d|{_WORDS}))"
_AGAIN = rf"(?: ?\((?:\d{{1,4}}|{_WORDS})\))?(?: (?:full|calendar|consecutive|additional|further|more))?"
_AMOUNT = re.compile(
    rf"(?<![\w/])(?:(?:half|1/2)(?: an?)?|(?P<number>{_NUMBER})(?P<half>\u00bd| 1/2| and a half)?{_AGAIN})"
    rf" ?(?P<unit>{_UNIT})s?(?!\w)(?P<and_half> and a half)?"
)
_AND = re.compile(r"(?:,?\s+and|,|\s+plus)?\s+")
_SMALLER = {
    **{"year": ("month", 12), "month": ("day", 30), "week": ("day", 7)},
    **{"day": ("hour", 24), "hour": ("minute", 60)},
}
_MOST = {"minute": 60, "hour": 24, "day": 31, "week": 5, "month": 12}
"""From this number on a unit is not part of a larger one: "2 years and 18 months" are two periods."""
_LETTERS = {"year": "Y", "month": "M", "week": "W", "day": "D", "hour": "H", "minute": "M"}
_AGE = re.compile(r"(?<!\w)(?:1[0-9]|2[01]|thirteen|fourteen|fifteen|sixteen|eighteen|twenty[ -]one)(?!\w)")


def durations(text: str) -> list[str]:
    """The durations in a text, as ISO 8601, compound ones added up.

    >>> durations("kept for twelve (12) months"), durations("for 1 year and 6 months or half a year")
    (['P12M'], ['P18M', 'P6M'])
    """
    periods: list[list[tuple[float, str]]] = []
    end = 0
    text = text.lower().replace("-", " ")
    for amount in _AMOUNT.finditer(text):
        unit = next(unit for unit, short in _UNITS.items() if amount["unit"] in (unit, *short.split("|")))
        count = _count(amount["number"]) + (0.5 if amount["half"] or amount["and_half"] or not amount["number"] else 0)
        larger = periods[-1][-1][1] if periods and _AND.fullmatch(text, end, amount.start()) else ""
        if larger and list(_UNITS).index(unit) < list(_UNITS).index(larger) and count < _MOST[unit]:
            periods[-1].append((count, unit))
        else:
            periods.append([(count, unit)])
        end = amount.end()
    return [iso for parts in periods if (iso := _iso(parts))]


def ages(text: str) -> list[str]:
    """The ages from 10 to 21 in a text, in figures.

    >>> ages("under thirteen (13), or 16 with consent")
    ['13', '16']
    """
    years = (_count(age.replace("-", " ")) for age in _AGE.findall(text.lower()))
    return list(dict.fromkeys(f"{n:.0f}" for n in years))


def _count(number: str | None) -> float:
    if number is None or number[0].isdigit():
        return float((number or "0").replace(",", ""))
    hundreds, _, rest = f" {number}".rpartition(" hundred")
    return 100 * _VALUES.get(hundreds.strip(), 0) + sum(_VALUES.get(word, 0) for word in re.findall(r"[a-z]+", rest))


def _iso(parts: list[tuple[float, str]]) -> str | None:
    """A duration in whole numbers, in the smallest unit that this needs."""
    total = dict.fromkeys(_LETTERS, 0.0)
    for i, (count, unit) in enumerate(parts):
        if unit in _SMALLER and (count % 1 or (i < len(parts) - 1 and unit != "month")):
            unit, factor = _SMALLER[unit]
            count *= factor
        total[unit] += count
    written = [f"{count:.0f}{_LETTERS[unit]}" if count else "" for unit, count in total.items()]
    days, hours = "".join(written[:4]), "".join(written[4:])
    return f"P{days}{'T' * bool(hours)}{hours}" if days or hours else None
