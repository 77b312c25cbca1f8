"""Every date that a text names, in the forms that are in use, each with its surroundings.

Which of them means anything is for `dates` to say. A date costs some 0.1 ms and most texts name few, so a text is first
scanned for what only a date holds (a year, "5/25/18"), and only there does anything costly look.
"""

import datetime as dt
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from string import ascii_lowercase
from typing import NamedTuple

from babel import Locale

from privacylab import paths

# How far the surroundings reach, in characters: longer than any link target or run of tags worth bridging.
BEFORE, AFTER = 260, 160
# A text of more dates is a log or a catalogue; of such only so many at either end are looked at.
MOST_DATES = 500

# Crawled text glues words: "...by DesignLast updated". A capital after a small letter begins a word too.
WORD = r"(?:(?<![a-z])|(?-i:(?<=[a-z])(?=[A-Z])))"
MONTH = (
    r"(?:jan(?:uary)?|febr?(?:uary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sep(?:t(?:ember)?)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)(?![a-z])"
)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()

# These alone scan the whole text, where it holds the characters before them: each begins with a fixed character, which
# is a hundred times faster than one pattern with a choice or a class in front.
_ANCHORS = tuple(
    (held, re.compile(pattern))
    for held, pattern in (
        ("20", r"20[0-4]\d(?:[01]\d[0-3]\d)?(?!\d)"),  # 2018, 20180525
        ("199", r"199\d(?!\d)"),
        ("/", r"/\d\d?\s?/\s?\d\d(?!\d)"),  # 5/25/18
        ("-", r"-\d\d?\\?-\d\d(?!\d)"),  # 5-25-18, with the escapes of Markdown
        (".", r"\.\d\d?\\?\.\d\d(?!\d)"),  # 25.5.18
        ("-", r"-[A-Za-z]{3}-\d\d(?!\d)"),  # 10-JUN-21
        ("/", r"/(?<=\d/)\d\d(?![\w/-])"),  # 7/99
        ("'", r"'(?<=[\s./]')\d\d(?!\w)"),  # May '18
        ("\u2019", r"\u2019(?<=[\s./]\u2019)\d\d(?!\w)"),
        ("wo thousand", r"wo thousand"),  # "two thousand and eighteen", "twenty eighteen"
        ("wo Thousand", r"wo Thousand"),
        ("wenty", r"wenty (?=(?:te|el|tw|\w+teen))"),
        ("wenty", r"wenty-(?=(?:te|el|tw|\w+teen))"),
        ("wenty T", r"wenty T(?=en|w)"),
    )
)

_YEAR = r"(?P<y>(?:199|20[0-4])\d)(?!\d)"
_NAMED_YEAR = r"(?P<y>(?:199|20[0-4])\d|['\u2019](?:9\d|[0-4]\d))(?!\d)"  # after a month's name also '05
_GAP = r"[\s,./-]*"
_NUMBERED = r"(?!\s+-\s+[a-z]+[\s.,]{0,3}[12']\d)"  # "version 4 - June 2018" names no day
_SEP = r"\s*[-./\u2013\u2011]\s*"
_FIRST = r"(?<![\d.,/-])"  # no part of a longer number
_TH = r"(?:\s*(?:st|nd|rd|th|er|ˢᵗ|ⁿᵈ|ʳᵈ|ᵗʰ)(?![a-z])|[\u00ba\u00b0])?"
_OF = r"(?:\s+(?:of(?:\s+the\s+year)?|del?)(?![a-z]))?"
_SEASON = r"(?:spring|summer|autumn|fall|winter|Q[1-4]|(?:first|second|third|fourth|last|1st|2nd|3rd|4th)\s+quarter)"
_UNITS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_ORDINALS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
).split()
_NUMBERS = {word: n for words in (_UNITS, _ORDINALS) for n, word in enumerate(words, 1)}
_NUMBERS |= {"twenty": 20, "thirty": 30, "thirtieth": 30, "thousand": 1000}
_ORDINAL = rf"(?:(?:twenty|thirty)[\s-]+)?(?:{'|'.join([*_ORDINALS, 'thirtieth'])})(?![a-z])"
_SPELT_YEAR = (
    rf"(?P<w>two\s+thousand(?:\s+(?:and\s+)?(?:(?:twenty|thirty)(?:[\s-]+|(?![a-z])))?(?:{'|'.join(_UNITS[::-1])})?)?"
    rf"|twenty[\s-]+(?:(?:twenty|thirty)(?:[\s-]+(?:{'|'.join(_UNITS[8::-1])}))?|{'|'.join(_UNITS[:8:-1])}))(?![a-z])"
)
_EITHER_YEAR = rf"(?:{_NAMED_YEAR}|{_SPELT_YEAR})"
# Groups: y, m, d; w and o a year and a day in words; n a month's name; a and b the numbers of which one is the month;
# s what stands between them.
_FORMS = {
    "digits": r"(?P<y>20[0-4]\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?!\d)",
    "ideographs": rf"{_YEAR}\s*[年년]\s*(?P<m>[01]?\d)\s*[月월](?:\s*(?P<d>[0-3]?\d)\s*[日일号])?",
    "year_first": rf"{_YEAR}{_SEP}(?P<m>[01]?\d){_SEP}(?P<d>[0-3]?\d)(?!\d)",
    "year_first_named": rf"{_YEAR}{_GAP}{WORD}(?P<n>{MONTH}){_GAP}(?P<d>[0-3]?\d)(?!\d){_TH}",
    "day_first": (
        rf"{_FIRST}(?P<d>[0-3]?\d){_TH}{_NUMBERED}(?:\s+day)?{_OF}{_GAP}(?P<n>{MONTH}){_OF}{_GAP}{_NAMED_YEAR}"
    ),
    "day_first_short": rf"{_FIRST}(?P<d>[0-3]?\d)-(?P<n>{MONTH})-(?P<y>\d\d)(?!\d)",
    "month_first": rf"{WORD}(?P<n>{MONTH})(?:\s+the)?{_GAP}(?P<d>[0-3]?\d)(?!\d){_TH}{_OF}{_GAP}{_NAMED_YEAR}",
    "numeric": (
        rf"{_FIRST}(?P<a>[0-3]?\d)\s*(?P<s>[-./\u2013\u2011])\s*(?P<b>[0-3]?\d)\s*(?P=s_numeric)\s*"
        r"(?P<y>(?:199|20[0-4])\d|['\u2019]?\d\d)(?!\d)"
    ),
    "spaced": r"(?<![\d.,/-])(?<!\d )(?P<a>[0-3]\d) (?P<b>[0-3]\d) (?P<y>(?:199|20[0-4])\d)(?! ?\d)",
    "spaced_year_first": rf"{_YEAR} (?P<m>[01]\d) (?P<d>[0-3]\d)(?! ?\d)",
    "spelt_day_first": rf"{WORD}(?P<o>{_ORDINAL})(?:\s+day)?{_OF}{_GAP}(?P<n>{MONTH}){_OF}{_GAP}{_EITHER_YEAR}",
    "spelt_month_first": rf"{WORD}(?P<n>{MONTH})\s+(?:the\s+)?(?P<o>{_ORDINAL}){_GAP}{_EITHER_YEAR}",
    "spelt_year_last": (rf"{_FIRST}(?P<d>[0-3]?\d){_TH}(?:\s+day)?{_OF}{_GAP}(?P<n>{MONTH}){_OF}{_GAP}{_SPELT_YEAR}"),
    "spelt_year": rf"{WORD}(?P<n>{MONTH}){_OF}{_GAP}(?:(?P<d>[0-3]?\d){_TH}{_GAP})?{_SPELT_YEAR}",
    "month_named": rf"{WORD}(?P<n>{MONTH}){_OF}{_GAP}{_NAMED_YEAR}",
    "month": rf"{_FIRST}(?P<m>[01]?\d(?=\s*[-/])|(?:0\d|1[0-2])(?=\.))\s*[-/.]\s*{_YEAR}",
    "year_month_named": rf"{_YEAR}[\s,]+(?-i:(?=[A-Z]))(?P<n>{MONTH})(?-i:(?!\s+[a-z]))",  # not "2018 may we"
    # "5/18" may be a day without a year; a leading zero, or what no day has, shows that it is none.
    "month_short": rf"{_FIRST}(?P<m>(?:0[1-9]|1[0-2])|[1-9](?=/(?:9\d|00)))/(?P<y>9\d|[0-4]\d)(?![\w/-])",
    "year_month": rf"{_YEAR}\s?[-./]\s?(?P<m>0[1-9]|1[0-2])(?!\d|\s*[-./]\s*\d)",
    "season": rf"{WORD}{_SEASON}(?:\s+of)?[\s,/-]*{_YEAR}",  # as precise as a year
    "year": rf"{_YEAR}(?!\s*[-/.]\d)",  # not the year of "2018-13-40"
}
# A name may stand once in a pattern: "y" of "month" becomes "y_month".
_DATE = re.compile(
    "|".join(re.sub(r"\(\?P<(\w)>", rf"(?P<\1_{form}>", pattern) for form, pattern in _FORMS.items()), re.IGNORECASE
)
_LONGEST = 50  # characters of a date, markup within it counted

# Leftover markup: tags, link targets, entities (".\n" for ";" in ToSBack2), emphasis, escapes, the invisible.
_MARKUP = re.compile(
    r"<[^<>]{0,300}>|\]\([^()\s]*\)|&#?\w{1,8}(?:;|\.\n?)|[*_\\`#>~\[\]\u200b\u200e\u00ad\ufeff]|https?://\S+"
)
_BREAKS = re.compile(r"</?(?:p|br|div|li|ul|ol|h\d|td|th|tr|dt|dd|dl|table|section|header|article)\b", re.IGNORECASE)


_SIGNS = str.maketrans(
    "\u2044\u2215\u2010\u2212\uff0e\uff0f\uff0d" + "".join(map(chr, range(0xFF10, 0xFF1A))), "//--./-0123456789"
)
"""Full-width digits and other ways to part numbers."""
_NAME = re.compile(r"[^\W\d_]{3,}")
_LONG_NAME = 5
"""Letters of a month's name that is known with one of them wrong; with a shorter one, too many words would be."""


class Reading(NamedTuple):
    """A day of the calendar; month and day are 0 where a date does not give them."""

    year: int
    month: int = 0
    day: int = 0

    @property
    def first_day(self) -> dt.date:
        """The first day of it. Raises `ValueError` if the calendar has no such day."""
        return dt.date(self.year, self.month or 1, self.day or 1)

    def __str__(self) -> str:
        return "-".join(f"{part:02d}" for part in self if part)


class NamedDate(NamedTuple):
    """One date of a text.

    Attributes:
        form: how it is written, for instance "month_first" ("May 25, 2018"), "numeric" ("5/25/18"), "year" ("2018").
        readings: the days it may mean; two for "03/04/2018", the month first in the first of them.
        day_first: whether it shows that the writer puts the day first; None if it does not show.
        dotted: whether dots part its numbers.
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
        """What stands before it on its line."""
        return self.before[self.before.rfind("\n") + 1 :]


def named_dates(text: str) -> Iterator[NamedDate]:
    """Every date of a text from 1990 to 2049, in order; what is no day of the calendar ("31 June 2018") is left out."""
    if "\uff10" in text or "\uff11" in text or "\uff12" in text:
        text = text.translate(_SIGNS)
    anchors = sorted(anchor.span() for held, pattern in _ANCHORS if held in text for anchor in pattern.finditer(text))
    end_of_last = 0
    for start, end in anchors[:MOST_DATES] + anchors[MOST_DATES:][-MOST_DATES:]:
        if start < end_of_last or (text[start - 1 : start].isdigit() and text[start].isdigit()):
            continue  # part of the date before, or of a longer number
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
    if match is None or match.lastgroup == "y_year":
        near = slice(max(0, start - _LONGEST), end + _LONGEST)
        plain = window[: near.start] + _NAME.sub(_english, window[near]) + window[near.stop :]
        if plain != window:
            match, window = _match_at(plain, start, end), plain
    return match and (match.end(), _named_date(match, window))


def _match_at(window: str, start: int, end: int) -> re.Match[str] | None:
    matches = _DATE.finditer(window, max(0, start - _LONGEST), end + _LONGEST)
    return next((match for match in matches if match.start() <= start < match.end()), None)


def _english(name: re.Match[str]) -> str:
    """A month's name in short, as long as what it replaces; any other word as it is."""
    short = _month_names().get(name[0].lower(), name[0])
    return (short.title() if name[0][0].isupper() and short != name[0] else short).ljust(len(name[0]))


@cache
def _month_names() -> dict[str, str]:
    """English for the months of other languages and for names with a letter too few, too many, wrong or displaced."""
    names: dict[str, str] = {}
    for month, name in Locale("en").months["format"]["wide"].items():
        names |= dict.fromkeys(_misspelt(name.lower()) if len(name) > len("may") else (), _MONTHS[month - 1])
    rules = paths.rules("dates")["months"]
    for language in rules["languages"]:
        for widths in Locale.parse(language).months.values():
            for month, name in [*widths["wide"].items(), *widths["abbreviated"].items()]:
                names.setdefault(name.lower().rstrip("."), _MONTHS[month - 1])
    return {name: month for name, month in names.items() if name not in rules["other_words"]}


def _misspelt(name: str) -> Iterator[str]:
    """All that differs from a name by one letter, or by two that changed places; a short name only by one too many."""
    for i in range(1, len(name) + 1):
        head, tail = name[:i], name[i:]
        yield from (head + letter + tail for letter in ascii_lowercase)
        if len(name) >= _LONG_NAME and tail:
            yield head + tail[1:]
            yield head[:-1] + tail[0] + head[-1] + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase if letter != tail[0])


def _blank(match: re.Match[str]) -> str:
    # As long as what it replaces, so that places in the window stay places in the text.
    return ("\n" if _BREAKS.match(match[0]) else " ").ljust(len(match[0]))


def _named_date(match: re.Match[str], window: str) -> NamedDate | None:
    form = str(match.lastgroup).partition("_")[2]
    part = {name[0]: value for name, value in match.groupdict().items() if value}
    year = int(part["y"].lstrip("'\u2019")) if "y" in part else _spelt(part["w"])
    if year < 100:
        year += 1900 if year >= 90 else 2000
    if "o" in part:
        part["d"] = str(_spelt(part["o"]))
    day_first = {"day_first": True, "day_first_short": True, "month_first": False}.get(form)
    if "a" in part:
        a, b = int(part["a"]), int(part["b"])
        orders = [Reading(year, month, day) for month, day in ((a, b), (b, a)) if month and day]
        day_first = a > 12 if (a > 12) != (b > 12) else None
    else:
        month = _MONTHS.index(part["n"][:3].lower()) + 1 if "n" in part else int(part.get("m", 0))
        orders = [Reading(year, month, int(part.get("d", 0)))]
        if ("m" in part and not month) or ("d" in part and not orders[0].day):
            return None
    readings = tuple(dict.fromkeys(reading for reading in orders if _exists(reading)))
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


def _exists(reading: Reading) -> bool:
    try:
        return bool(reading.first_day)
    except ValueError:
        return False
