"""Every date that a text names, in all usual forms, with its surroundings.

The forms are in `rules/date_forms.toml`; `dates` decides which date matters. A date costs some 0.1 ms and most texts
name few, so a text is first scanned for what only a date has (a year, "5/25/18"), and only there does a costly search
begin.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache, lru_cache
from typing import NamedTuple
from unicodedata import normalize

from babel import Locale

from privacylab import paths

# How far the surroundings reach, in characters: longer than any link target or run of tags worth bridging.
BEFORE, AFTER = 260, 160
# A text with more dates is a log or a catalogue; only this many at either end are read.
MOST_DATES = 500

_RULES = paths.rules("date_forms")
_PARTS, _MONTH_RULES = _RULES["parts"], _RULES["months"]


def _expanded(pattern: str) -> str:
    """A pattern of `rules/date_forms.toml` with its parts inserted."""
    return re.sub(r"\{([a-z_]+)\}", lambda part: _expanded(_PARTS[part[1]]), pattern)


WORD, MONTH = _expanded("{word}"), _expanded("{month}")
_ANCHORS = [(holds, re.compile(_expanded(pattern))) for holds, pattern in _RULES["anchors"]]


def _forms(begins: str, **forms: str) -> str:
    """Forms that begin alike as one pattern. A name may occur once in it: "y" of "month" becomes "y_month"."""
    named = [re.sub("<(.)>", rf"<\1_{form}>", _expanded(pattern)) for form, pattern in forms.items()]
    return f"(?={begins})(?:{'|'.join(named)})"


_DATE = re.compile("|".join(_forms(**group) for group in _RULES["forms"].values()), re.IGNORECASE)
_LONGEST = 50  # characters of a date, markup within it counted

# Leftover markup: tags, link targets, entities (".\n" for ";" in ToSBack2), emphasis, escapes, invisible characters;
# and placeholders for a day ("XX May 2018").
_MARKUP = re.compile(
    r"</?[A-Za-z!?][^<>]{0,300}>|\]\([^()\s]*\)|&#?\w{1,8}(?:;|\.\n?)|[*_\\`#<>~\[\]\u200b\u200e\u00ad\ufeff]|https?://\S+"
    r"|\bX[Xx]\b[./-]?"
)
_BREAKS = re.compile(r"</?(?:p|br|div|li|ul|ol|h\d|td|th|tr|dt|dd|dl|table|section|header|article)\b", re.IGNORECASE)


_SIGNS = str.maketrans(
    "\u2044\u2215\u2010\u2212\uff0e\uff0f\uff0d" + "".join(map(chr, range(0xFF10, 0xFF1A))), "//--./-0123456789"
)
"""Full-width digits and other separators of numbers."""
# What may be part of a date: a number in words, the name of a month.
_WORDS = re.compile(
    _expanded(r"\b(?=[efnst])(?P<number>{ordinal}|{two_thousand}|{twenty_ten})(?![a-z])|[^\W\d_]{3,}"), re.IGNORECASE
)
_NUMBERS = {
    word: n for part in ("{units}", "{ordinals}") for n, word in enumerate(_expanded(part).split("|"), start=1)
} | {"twenty": 20, "thirty": 30, "thirtieth": 30, "thousand": 1000}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ROMAN = "I II III IV V VI VII VIII IX X XI XII".split()
_ACCENTS = re.compile("[\u0300-\u036f]")
_COPYRIGHT = re.compile(r"(?:©|copyright|\(c\))[\s;.]*(?:\d{4}\s*[-–—,]\s*)?$", re.IGNORECASE)
_COPYRIGHT_REACH = 20
_INCOMPLETE = (None, "y_year", "y_month_named")
"""Forms that a word not read yet may complete."""
_BY_NUMBER = 6
"""How near to a number a word must be to count as a misspelt month."""
_ALIKE = 0.75
"""How like a month's name it must be; 1 is the same."""


class Reading(NamedTuple):
    """A day of the calendar; month and day are 0 where a date does not give them."""

    year: int
    month: int = 0
    day: int = 0

    @property
    def first_day(self) -> dt.date:
        """Its first day. Raises `ValueError` if the calendar has no such day."""
        return dt.date(self.year, self.month or 1, self.day or 1)

    def __str__(self) -> str:
        return "-".join(f"{part:02d}" for part in self if part)


class NamedDate(NamedTuple):
    """One date of a text.

    Attributes:
        form: how it is written, for instance "month_first" ("May 25, 2018"), "numeric" ("5/25/18"), "year" ("2018").
        readings: the days it may mean; two for "03/04/2018", the month first in the first of them.
        day_first: whether the writer puts the day first; None if the date does not show it.
        dotted: whether dots separate its numbers.
        before: up to 260 characters before it, markup blanked, line ends kept.
        after: up to 160 characters after it, likewise.
        start: where it begins in the text.
        end: where it ends in the text.
    """

    form: str
    readings: tuple[Reading, ...]
    day_first: bool | None
    dotted: bool
    before: str
    after: str
    start: int
    end: int

    @property
    def line(self) -> str:
        """The text before it on its line."""
        return self.before[self.before.rfind("\n") + 1 :]


def named_dates(text: str) -> Iterator[NamedDate]:
    """Every date of a text from 1990 to 2049, in order, without impossible days ("31 June 2018")."""
    if "\uff10" in text or "\uff11" in text or "\uff12" in text:
        text = text.translate(_SIGNS)
    anchors = sorted(
        anchor.span(anchor.lastindex or 0)
        for letters, pattern in _ANCHORS
        if letters in text
        for anchor in pattern.finditer(text)
    )
    end_of_last = 0
    for start, end in anchors[:MOST_DATES] + anchors[MOST_DATES:][-MOST_DATES:]:
        if start < end_of_last or _COPYRIGHT.search(text, max(0, start - _COPYRIGHT_REACH), start):
            continue  # part of the date before, or not a date
        place = max(0, start - BEFORE)
        match = _date_at(text[place : end + AFTER], start - place, end - place)
        if match is None:
            continue
        end_in_window, date = match
        end_of_last = place + end_in_window
        if date:
            yield date._replace(start=place + date.start, end=place + date.end)


@lru_cache(maxsize=2_000)
def _date_at(window: str, start: int, end: int) -> tuple[int, NamedDate | None] | None:
    """Where the date at an anchor ends in a window, and the date if the calendar has it; versions repeat each other."""
    window = _MARKUP.sub(_blank, window).translate(_SIGNS)
    match = _match_at(window, start, end)
    if (match and match.lastgroup) in _INCOMPLETE:
        near = slice(max(0, start - _LONGEST), end + _LONGEST)
        plain = window[: near.start] + _WORDS.sub(_plain, window[near]) + window[near.stop :]
        if plain != window and (complete := _match_at(plain, start, end)):
            match = complete
    return match and (match.end(), _named_date(match, window))


def _match_at(window: str, start: int, end: int) -> re.Match[str] | None:
    matches = _DATE.finditer(window, max(0, start - _LONGEST), end + _LONGEST)
    return next((match for match in matches if match.start() <= start < match.end()), None)


def _plain(word: re.Match[str]) -> str:
    """A number in words as digits, a month's name in short English, padded to the same length; else the word."""
    if word["number"]:
        return str(_spelt(word[0])).ljust(len(word[0]))
    around = word.string[max(0, word.start() - _BY_NUMBER) : word.end() + _BY_NUMBER]
    name = _folded(word[0])
    month = _month_names().get(name) or (any(map(str.isdigit, around)) and _alike(name))
    if not month:
        return word[0]
    return (month.title() if word[0][0].isupper() else month).ljust(len(word[0]))


def _folded(name: str) -> str:
    """A name in small letters without accents."""
    return _ACCENTS.sub("", normalize("NFKD", name.lower()))


@lru_cache(maxsize=10_000)
def _alike(name: str) -> str | None:
    """The month whose English name is much like this."""
    if name[0] not in "jfmasond" or name in _MONTH_RULES["other_words"]:
        return None
    return next((month[:3] for month in get_close_matches(name, _MONTH_RULES["english"], n=1, cutoff=_ALIKE)), None)


@cache
def _month_names() -> dict[str, str]:
    """Short English for the months of other languages; names on which two disagree are left out."""
    meant = defaultdict(set)
    for language in _MONTH_RULES["languages"]:
        for widths in Locale.parse(language).months.values():
            for month, name in [*widths["wide"].items(), *widths["abbreviated"].items()]:
                meant[_folded(name.rstrip("."))].add(_MONTHS[month - 1])
    for name in _MONTH_RULES["other_words"]:
        meant[name].clear()
    return dict(_MONTH_RULES["names"]) | {name: months.pop() for name, months in meant.items() if len(months) == 1}


def _blank(match: re.Match[str]) -> str:
    # Padded to the same length, so that places in the window stay places in the text.
    return ("\n" if _BREAKS.match(match[0]) else " ").ljust(len(match[0]))


def _named_date(match: re.Match[str], window: str) -> NamedDate | None:
    form = str(match.lastgroup).partition("_")[2]
    part = {name[0]: value for name, value in match.groupdict().items() if value}
    year = int(part["y"].lstrip("'\u2018\u2019"))
    if year < 100:
        year += 1900 if year >= 90 else 2000
    day_first = {"day_first": True, "month_first": False}.get(form)
    if "a" in part:
        a, b = int(part["a"]), int(part["b"])
        orders: list[tuple[int, ...]] = [(a, b), (b, a)]
        day_first = a > 12 if (a > 12) != (b > 12) else None
    else:
        named = _MONTHS.index(part["n"][:3].lower()) + 1 if "n" in part else part.get("m")
        month = _ROMAN.index(part["r"]) + 1 if "r" in part else named
        orders = [tuple(int(number) for number in (month, part.get("d")) if number is not None)]
    readings = tuple(dict.fromkeys(Reading(year, *order) for order in orders if _exists(year, *order)))
    if not readings:
        return None
    start, end = match.span()
    return NamedDate(form, readings, day_first, part.get("s") == ".", window[:start], window[end:], start, end)


def _spelt(words: str) -> int:
    """A number in words: "two thousand and eighteen", "twenty eighteen", "thirty-first"."""
    numbers = [_NUMBERS[word] for word in re.findall(r"[a-z]+", words.lower()) if word != "and"]
    if numbers[1:2] == [1000]:
        return 1000 * numbers[0] + sum(numbers[2:])
    return 2000 + sum(numbers[1:]) if numbers[0] == 20 and sum(numbers[1:]) > 9 else sum(numbers)


def _exists(year: int, month: int = 1, day: int = 1) -> bool:
    try:
        return bool(dt.date(year, month, day))
    except ValueError:
        return False
