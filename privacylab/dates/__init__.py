"""The date that a policy states for itself.

A policy names many dates: laws, copyrights, older versions, examples. The cue word before a date ("Last updated"), its
sentence and its place show which one is the policy's own. The words are in `rules/dates.toml`; `docs/codebook.md` says
how a person decides.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal, get_args

from privacylab.dates.candidates import (
    DAY_FIRST,
    KINDS,
    LAW,
    MONTH_FIRST,
    NEAR_END,
    Candidate,
    Kind,
    Tier,
    candidates,
)
from privacylab.dates.formats import NamedDate, Reading, named_dates

Region = Literal["us", "eu", "uk", "other"]

# A policy may be announced some months before it applies; a date later than that is not this text's.
ANNOUNCED_AHEAD = dt.timedelta(days=120)
# Dates closer than this are in one list (of versions, of changes).
ONE_LIST = 400
# An effective date this much older than the last change is that of the first version: stated, but doubtful.
LONG_BEFORE = dt.timedelta(days=366)


_STATED_ORDER = re.compile(r"[\s(\[]*\b(?:(?P<day_first>dd?\W?mm?)|mm?\W?dd?)\W?yy", re.IGNORECASE)
# A hint at the date's format is at most this far from it.
_BESIDE = 20


@dataclass(frozen=True)
class EffectiveDate:
    """The date that a policy states for itself.

    Attributes:
        value: `YYYY-MM-DD`, or `YYYY-MM` or `YYYY` if the policy says no more; a day of the calendar.
        kind: what the policy says happened then: it became `effective`, was `updated` or `posted`, is the `version` of
            that day, or has a `bare` date under its title or at its end.
        evidence: the characters of the text that show it: cue and date.
        ambiguous: day and month may be the other way round, or the policy gives an effective date more than a year
            older than its last update.
    """

    value: str
    kind: Kind
    evidence: str
    ambiguous: bool


def _choose(believable: list[Candidate], length: int) -> tuple[Candidate, bool] | None:
    """The candidate to believe, and whether another one makes it doubtful."""
    if own := [candidate for candidate in believable if candidate.tier == Tier.OWN]:
        home = own[0]
        block = [c for c in own if c.start - home.start < NEAR_END]
        # Far down, a date is a part's more often than the policy's; at the very end it is the policy's, unless older.
        block += [c for c in own if c not in block and length - c.date.end < NEAR_END and c.first_day >= home.first_day]
        kind = min((c.kind for c in block), key=KINDS.index)
        chosen = _newest_of_list([c for c in block if c.kind == kind])
        doubtful = kind == "effective" and any(c.first_day - chosen.first_day > LONG_BEFORE for c in block)
        return chosen, doubtful
    log = [candidate for candidate in believable if candidate.tier in (Tier.LOG, Tier.ENTRY)]
    if len(log) > 2 or any(candidate.tier == Tier.LOG for candidate in log):
        return max(log, key=lambda candidate: candidate.first_day), False
    rest = [candidate for candidate in believable if candidate.tier >= Tier.BARE]
    return (min(rest, key=lambda candidate: candidate.tier), False) if rest else None


def _newest_of_list(candidates: list[Candidate]) -> Candidate:
    """The newest date in the list that begins with the first: a list of versions runs either way."""
    together = candidates[:1]
    for candidate in candidates[1:]:
        if candidate.start - together[-1].date.end > ONE_LIST:
            break
        together.append(candidate)
    return max(together, key=lambda candidate: candidate.first_day)


def _settle(date: NamedDate, text: str, *, snapshot: dt.date | None, region: Region | None) -> tuple[Reading, bool]:
    """The reading of a date, and whether it was left to habit (month first, as most of these policies are American)."""
    if len(date.readings) == 1:
        # "05/18" may be a day without its year; nothing else in it can decide.
        return date.readings[0], date.form == "month_short" and 0 < date.readings[0].year % 100 <= 31
    month_first, day_first = date.readings
    if order := _STATED_ORDER.search(date.before[-_BESIDE:]) or _STATED_ORDER.match(date.after):
        return (day_first if order["day_first"] else month_first), False
    if snapshot and (month_first.first_day > snapshot) != (day_first.first_day > snapshot):
        return (day_first if month_first.first_day > snapshot else month_first), False
    if region not in (None, "other"):
        return (month_first if region == "us" else day_first), False
    # The text's other dates show its habit: "25/12/2017", "3 May 2018". That of a law shows the law's.
    shown = [d for d in named_dates(text) if d.day_first is not None and not LAW.search(d.before[-60:])]
    habit = sum((3 if d.form == "numeric" else 1) * (1 if d.day_first else -1) for d in shown)
    if date.dotted and habit >= 0:  # dots are European, except in "05.25.2018"
        return day_first, False
    habit = habit or len(DAY_FIRST.findall(text)) - len(MONTH_FIRST.findall(text))
    return (day_first if habit > 0 or (habit == 0 and region == "other") else month_first), habit == 0


def effective_date(
    text: str, *, snapshot: dt.date | str | None = None, region: Region | None = None
) -> EffectiveDate | None:
    r"""Finds the date that a policy states for itself: effective before updated before posted.

    Args:
        text: the policy's text as `normalize` gives it, blocks joined by line ends; Markdown and tags do no harm.
        snapshot: the day of the crawl, as a date or ISO string. A date more than 120 days after it is not believed, and
            it helps to distinguish day and month.
        region: the service's home, to decide whether the day is first; otherwise the text's own habits decide.

    Returns:
        The date, or None if the policy states none.

    Raises:
        ValueError: `snapshot` is not an ISO date, or `region` is not one of "us", "eu", "uk", "other".

    Example:
        >>> effective_date("Privacy Policy\nLast updated: 1st May 2018").value
        '2018-05-01'
    """
    if region not in (None, *get_args(Region)):
        raise ValueError(f"region is {region!r}; give 'us', 'eu', 'uk', 'other' or None")
    if isinstance(snapshot, str):
        try:
            snapshot = dt.date.fromisoformat(snapshot[:10])
        except ValueError as error:
            raise ValueError(f"snapshot is {snapshot!r}; give a date or a string like '2018-05-25'") from error
    day = snapshot.date() if isinstance(snapshot, dt.datetime) else snapshot
    believable = [
        candidate
        for candidate in candidates(text)
        if day is None or any(reading.first_day - day <= ANNOUNCED_AHEAD for reading in candidate.date.readings)
    ]
    if (choice := _choose(believable, len(text))) is None:
        return None
    chosen, doubtful = choice
    reading, unsettled = _settle(chosen.date, text, snapshot=day, region=region)
    return EffectiveDate(str(reading), chosen.kind, text[chosen.start : chosen.date.end], doubtful or unsettled)
