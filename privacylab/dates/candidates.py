"""The dates of a text that could be its own, and the evidence for each. The words are in ``rules/dates.toml``."""

import datetime as dt
import functools
import re
from collections.abc import Iterable, Iterator
from enum import IntEnum, auto
from typing import Literal, NamedTuple, get_args

from privacylab import paths
from privacylab.dates.formats import MONTH, WORD, NamedDate, named_dates

Kind = Literal["effective", "updated", "posted", "version", "bare"]

KINDS: tuple[Kind, ...] = get_args(Kind)
"""In order of precedence."""

# A date this near to the text's ends is the text's rather than a part's.
NEAR_END = 1500
# A word like "previous" applies to what follows it within this number of characters.
OLDER_REACH = 20


class Tier(IntEnum):
    """The evidence that a date is the policy's own; each counts only if there is none of those before it."""

    OWN = auto()  # by a cue
    LOG = auto()  # as an entry of a change log with a heading
    ENTRY = auto()  # as an entry of one without
    BARE = auto()  # by its place alone
    UNSURE = auto()  # by a cue under another title, which may belong to a menu


class Candidate(NamedTuple):
    """A date that could be the policy's own. `start`: where its cue begins in the text."""

    kind: Kind
    tier: Tier
    start: int
    date: NamedDate

    @property
    def first_day(self) -> dt.date:
        """The first day of the date's likelier reading."""
        return self.date.readings[0].first_day


def _any(
    words: Iterable[str], flags: re.RegexFlag = re.IGNORECASE, *, begin: str = WORD, end: str = r"(?![a-z])"
) -> re.Pattern[str]:
    return re.compile((begin + "(?:" + "|".join(words) + ")" + end).replace(" ", r"\s+"), flags)


# The words of `rules/dates.toml`.
_RULES = paths.rules("dates")
_SUBJECT, _LOG, _REGION = _RULES["subject"], _RULES["change_log"], _RULES["region"]
_CUE = _any(
    [f"(?P<{kind}>{'|'.join(_RULES['cues'][kind]['words'])})" for kind in KINDS[:-1]],
    begin=WORD
    + r"(?=[a-z])(?:(?:web ?)?(?:site|page) )?"
    + r"(?:(?:date of )?(?:the )?(?:la\s?st|latest|most recently?|recently|currently) )?",
)
_WEEKDAY = re.compile(r"\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b", re.IGNORECASE)
_TIME = r"\d\d?(?=[:.h]\d\d|\s*(?:[ap]\.?m|noon|hours)\b)(?:[:.h]\d\d)*(?:[ap]m\b)?"
_FILLER = "|".join(sorted(_RULES["between"]["words"], key=len, reverse=True)).replace(" ", r"\s+")
# Possessive, because the input may be anything: "1.1.1.1 ..." must not be tried in every way.
_BETWEEN = re.compile(
    rf"(?>{_TIME}|{_WEEKDAY.pattern}|\b(?:{_FILLER}|v?\d(?:\.\d+)*)\b|[^\w©])*+",
    re.IGNORECASE,
)
_POLICY = _any(_SUBJECT["policy"])
LAW = _any(_SUBJECT["law"])
_OTHER_DOCUMENT = _any(_SUBJECT["other_document"])
_OLDER = _any(_SUBJECT["older"])
_UNSIGNED = _any([*_SUBJECT["older"], *_SUBJECT["other_days"]])
_ANNOUNCED = _any(_SUBJECT["announced"])
_LOOK_AHEAD = _any(_SUBJECT["look_ahead"])
# What a sentence that opens with a date says about this policy, or does to it.
_OF_POLICY = _any(
    [rf"(?P<policy>{_SUBJECT['own']} (?:[\w&'’-]+ ){{0,4}}?(?:{'|'.join(_SUBJECT['policy'])}))"],
    begin=rf"[\s,:]*(?:(?P<before>.{{0,200}}?)\b(?P<act>{'|'.join(_SUBJECT['acts'])})(?: and \w+)? )??",
)
_SINCE = r"(?P<since>(?:on and )?from|since|(?:starting|beginning|commencing)(?: on| from)?)"
_OPENING = re.compile(rf"(?:on|at|in|as of|{_SINCE})?(?: the)?", re.IGNORECASE)
_WILL = re.compile(r"\b(?:will|shall|may|can|must|please|if)\b", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)")
_NEXT_SENTENCE = re.compile(r"[!?;]|(?<!\b[A-Z][a-z])(?<!\b[A-Z])\.(?=\s+[A-Z\"“]|\s*$)")
_TITLE = _any(_RULES["titles"]["words"])
_LOG_HEADING = _any(_LOG["headings"])
_LOG_VERB = _any(_LOG["verbs"], begin=r"[ \t:,.)\-–—]*")
DAY_FIRST = _any(_REGION["day_first"], re.NOFLAG, begin=r"\b", end=r"\b")
MONTH_FIRST = _any(_REGION["month_first"], re.NOFLAG, begin=r"\b", end=r"\b")

# What bounds a label or a sentence around a date.
_SENTENCE_END = re.compile(r"[\n|•·]|[.!?](?=\s|$)|(?<=[a-z])(?=[A-Z])")
_LABEL_START = re.compile(r"[\n|•·(:;\"“”–—-]|[.!?)]\s*")
# Says nothing about this text's date, although it mentions older ones.
_REPLACES = re.compile(
    r"\b(?:replac|supersed)\w+ (?:all |any )(?:\w+ )?(?:previous|prior|earlier|former|other)"
    r"(?: (?:versions?|ones|policies))*",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"(?:[A-Z][\w&'-]*,? ?){1,5}")  # "Larkspur Looms, June 2021", as the last line
_COMMENT = re.compile(r"(?<![\"':=\w])//")  # of a script; no address
_AND = re.compile(r"\d\d\s*,?(?:\s+and|\s*&)?\s*$")  # "Posted July 9, 2020 and effective ..."
# The name of a file or form: "privacy-policy-2020-07-09.pdf", "Form LLPRIV 07/2020".
_FILE = re.compile(r"(?:[\w.]+[ -])?[\w.-]*(?:priv|polic|notice|\bpp\b)[\w.-]*(?:[ -]+v\d[\w.]*)?[ -]*", re.IGNORECASE)
_EXTENSION = re.compile(r"(?:(?:pdf|docx?|html?|txt)\b)?", re.IGNORECASE)
# After the date the sentence continues: "Effective January 1, 2020, you may ...".
_PUNCTUATION = " \t\r\n.,:;()[]{}|•·-–—=+\"'“”’"
_GOES_ON = re.compile(
    r"\s*,\s*(?=[^\s\d])(?!valid until|unless)|[ \t]+(?=[a-z])(?!(?:to|by|for|and|at|until|onwards?|r|\u0433)\b)"
)
_NEVER_BARE = "year month year_month year_month_named month_short season digits spaced spaced_year_first".split()
_RANGE = re.compile(r"\s*(?:[-–—]|to|until|till|through)\s+(?:" + MONTH + r"|\d(?!\d?:))", re.IGNORECASE)
_CLOCK = re.compile(r"[\sT,]*\d\d?:\d\d")


@functools.lru_cache(maxsize=2_000)
def _cues(before: str) -> tuple[Kind, int] | None:
    """The best cue before a date and where the chain of cues begins: "last updated and effective" is one chain."""
    best: Kind | None = None
    begin = len(before)
    for cue in reversed(list(_CUE.finditer(before, max(0, begin - 140)))):
        gap = before[cue.end() : begin]
        if not _BETWEEN.fullmatch(gap) or (best and _SENTENCE_END.search(gap)):
            break
        best = min(_kind(cue), best or "bare", key=KINDS.index)
        begin = cue.start()
    return (best, begin) if best else None


def _kind(cue: re.Match[str]) -> Kind:
    return next(kind for kind in KINDS if cue[kind])


def _cue_after(date: NamedDate) -> tuple[Kind, int] | None:
    """The cue that ends the date's line: "May 25, 2018 (the Effective Date)"."""
    rest = date.after.split("\n", 1)[0].strip(_PUNCTUATION).removeprefix("the ").lstrip(_PUNCTUATION)
    cue = _CUE.match(rest)
    return (_kind(cue), len(date.before)) if cue and _BETWEEN.fullmatch(rest, cue.end()) else None


def _opens(date: NamedDate, kind: Kind | None, begin: int) -> Kind | None:
    """What a sentence that opens with the date says about this policy: "On May 3, 2021, Acme Ltd. revised this notice".

    Args:
        date: the date.
        kind: what the cue before it says, if one does.
        begin: where that cue begins in `date.before`.
    """
    opening = _OPENING.fullmatch(_SENTENCE_END.split(date.before[:begin])[-1].strip())
    if opening is None or date.form == "year":
        return None
    sentence = _NEXT_SENTENCE.split(_BRACKETS.sub("", date.after.split("\n", 1)[0]), maxsplit=1)[0]
    said = _OF_POLICY.match(sentence)
    if said is None or _WILL.search(said["before"] or "") or not _speaks_of_policy(said["policy"]):
        return None
    opener = "effective" if opening["since"] else kind
    cue = _CUE.match(said["act"]) if said["act"] else _CUE.search(sentence, said.end())
    says = _kind(cue) if cue else "updated" if said["act"] else opener and "effective"
    return says and min(says, opener or says, key=KINDS.index)


def _last(pattern: re.Pattern[str], sentence: str) -> re.Match[str] | None:
    return next(reversed(list(pattern.finditer(sentence))), None)


def _speaks_of_policy(sentence: str) -> bool:
    """The thing named last is this policy, not a law, another document, or an older or coming version."""
    sentence = _REPLACES.sub(" ", _BRACKETS.sub("", sentence))
    policy = _last(_POLICY, sentence)
    if policy is None or _ANNOUNCED.search(sentence):
        return False
    others = (_last(LAW, sentence), _last(_OTHER_DOCUMENT, sentence))
    if any(other and other.end() >= policy.end() for other in others):
        return False
    older = _last(_OLDER, sentence)
    return older is None or older.end() < policy.start() - OLDER_REACH


def _label(date: NamedDate, kind: Kind, words: str, lead: str) -> bool:
    """The cue is a label ("Last updated: ...") rather than a word of a sentence."""
    starts = words[:1].isupper() or _LABEL_START.search(lead[-2:]) or _BETWEEN.fullmatch(lead)
    starts = starts or (_CUE.match(lead.lstrip()) and _AND.search(lead))
    comma = ":" not in words and _GOES_ON.match(date.after)
    if not starts or (comma and not _CUE.match(date.after, comma.end())):  # but "Valid from ..., updated ..."
        return False
    # Laws also take effect: "Effective January 1, 2020 California residents may ...".
    return kind in ("updated", "posted") or not LAW.search(_SENTENCE_END.split(date.after, maxsplit=1)[0][:60])


def _under_title(head: str) -> Tier | None:
    """What the title before a label says about its date: `OWN`, `UNSURE`, or None under another document's title."""
    above, _, same = head.rpartition("\n")
    if same := same.strip(_PUNCTUATION):
        document = _last(_OTHER_DOCUMENT, same)
        other = document is not None and document.end() == len(same) and "privacy" not in same[-60:].lower()
        return None if other else Tier.OWN
    title = above.rstrip().rpartition("\n")[2].strip(_PUNCTUATION)
    if not _OTHER_DOCUMENT.fullmatch(title):
        return Tier.OWN
    return Tier.UNSURE if _TITLE.search(above[-150:]) else None


def _may_date(date: NamedDate, kind: Kind, words: str, *, is_label: bool, near_end: bool) -> bool:
    """Whether a cue, its words up to the date, and a date of this form go together."""
    if date.form in ("year", "month_short"):
        return is_label and kind in ("effective", "updated") and not any(map(str.isdigit, words))
    if date.form in ("month", "year_month", "year_month_named", "season") and not is_label:
        return False
    if kind not in ("posted", "version"):
        return True
    # News and comments are also posted.
    near = near_end or "version" in words.lower() or _POLICY.search(words) or _TITLE.search(date.after)
    return bool(is_label and near) and not _CLOCK.search(words)


def _tier(date: NamedDate, kind: Kind, begin: int, *, near_end: bool) -> Tier | None:
    """The evidence that a date with a cue is the policy's; None if it is not."""
    head, words = date.before[:begin], date.before[begin:]
    lead = _SENTENCE_END.split(head)[-1]
    is_label = _label(date, kind, words, lead)
    if _COMMENT.search(date.line) or _ANNOUNCED.search(lead[-40:] + words):
        return None
    if not _may_date(date, kind, words, is_label=is_label, near_end=near_end):
        return None
    if is_label:
        return None if _OLDER.search(lead[-OLDER_REACH:] + words) else _under_title(head)
    return Tier.OWN if _speaks_of_policy(lead + words) and not _LOOK_AHEAD.search(date.after) else None


def _bare(date: NamedDate, *, at_start: bool, at_end: bool) -> bool:
    """The date is alone on its line under a title or at an end of the text, or beside the title."""
    lead, rest = date.line.strip(_PUNCTUATION), date.after.split("\n", 1)[0].strip(_PUNCTUATION)
    at_edge = at_start or at_end
    if at_edge and date.form != "year" and _FILE.fullmatch(date.line.strip()) and _EXTENSION.fullmatch(rest):
        return True
    is_visit = _CLOCK.match(date.after) or _WEEKDAY.search(date.line)
    if date.form in _NEVER_BARE or is_visit or rest or len(lead) > 90:
        return False
    if at_end and _SIGNED.fullmatch(lead) and not _UNSIGNED.search(date.line):
        return True
    if lead:
        title = _last(_TITLE, lead)
        return bool(title and _BETWEEN.fullmatch(lead, title.end()))
    above = [line for line in (line.strip(_PUNCTUATION) for line in date.before.split("\n")) if line]
    return at_edge or any(len(line) < 90 and _TITLE.search(line) for line in above[-2:])


def _entry(date: NamedDate) -> Tier | None:
    """The date begins an entry of a change log: `LOG` if the log's heading is near, else `ENTRY`."""
    if date.form in ("year", "month_short", "season"):
        return None
    is_head = date.after.startswith(":")
    begins = is_head or not date.line.strip(_PUNCTUATION)
    if begins and _LOG_HEADING.search(date.before):
        return Tier.LOG
    return Tier.ENTRY if is_head or _LOG_VERB.match(date.after) else None


def candidates(text: str) -> Iterator[Candidate]:
    """All dates of the text that could be its own, in its order."""
    for date in named_dates(text):
        if _RANGE.match(date.after):
            continue
        start, to_end = date.start, len(text) - date.end
        near_end = start < 2 * NEAR_END or to_end < NEAR_END
        kind, begin = _cues(date.before) or _cue_after(date) or (None, len(date.before))
        if kind and (tier := _tier(date, kind, begin, near_end=near_end)):
            yield Candidate(kind, tier, start - len(date.before) + begin, date)
        elif says := _opens(date, kind, begin):
            yield Candidate(says, Tier.OWN, start, date)
        elif tier := _entry(date):
            yield Candidate("updated", tier, start, date)
        elif _bare(date, at_start=start < 300, at_end=to_end < 400):
            yield Candidate("bare", Tier.BARE, start, date)
