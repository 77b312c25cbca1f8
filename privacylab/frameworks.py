"""Mentions of legal frameworks, and the stance that a policy takes towards each.

A mention is one occurrence of a phrase that names a framework in the visible text. The stance is read from the sentence
around it. Names and readings are data: ``rules/frameworks.toml``; what the labels mean is in ``docs/codebook.md``.
"""

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

from privacylab import paths
from privacylab.text.anchors import quick_look
from privacylab.text.phrases import pattern_of, phrases
from privacylab.text.sentences import sentence
from privacylab.text.visible import visible

# A flattened page may glue a heading to its neighbours: "personal dataPrivacy ShieldOur site".
_GLUED_BEFORE = r"(?:(?<!\w)|(?<=(?-i:[a-z]))(?=(?-i:[A-Z])))"
_GLUED_AFTER = r"(?:(?!\w)|(?<=(?-i:[a-z]))(?=(?-i:[A-Z])))"
_NEAR_BEFORE = 70
_NEAR_AFTER = 90
_PARAGRAPH = 500
# The name that a sentence says something of.
_COMPANY = r"(?:,? (?:inc|llc|ltd|limited|gmbh|corp|corporation|technologies)\b\.?,?)*"
_SUBJECT = re.compile(
    r"(?:^|[\s\"'(*-])(?-i:([A-Z0-9][\w&-]{2,})(?: (?:& )?[A-Z0-9][\w&-]*){0,3})"
    rf"{_COMPANY} (?:(?:also|itself|\w+ly|has|is|have) )*"
    r"(?:compl(?:ies|y)|participates?|adheres?|abides|(?:self-)?certified|committed|commits|undertakes|joined|signed|"
    r"submitted|conforms|subject(?:ed)?|bound|is(?: an?)?(?: EU-U\.?S\.?)?\s*$)(?!\w)",
    re.IGNORECASE,
)
# What may stand between the words that present a party and its name: no clause that speaks of another.
_CLAUSE = r"(?:that|which|who|whom|whose|with|to|for|on|by|if|when|where|and|or|as|you|is|are)\b"
_WITHIN = rf"(?:,?\s(?!{_CLAUSE})[\w&'-]+){{0,5}}?,?\s(?-i:(?=[A-Z0-9]))"
# What may stand between a name and its abbreviation in brackets.
_ABBREVIATED = re.compile(
    r"(?:,? (?:of \d{4}|as amended|(?:principles|frameworks?|program|regulations?)))*,?\s*"
    r"\((?:the|hereinafter|collectively|or|also)?[\s,\"'*]*",
    re.IGNORECASE,
)
_HEADING_WORDS = 10


class Mention(NamedTuple):
    """A framework named in characters ``start`` to ``end`` of a text, with the stance taken towards it."""

    framework: str
    stance: str
    start: int
    end: int


class _Framework(NamedTuple):
    """One framework block, compiled. A pattern that the block leaves out is None."""

    id: str
    kind: str
    names: re.Pattern[str]
    context: re.Pattern[str] | None
    not_before: re.Pattern[str] | None
    not_after: re.Pattern[str] | None
    needs_before: re.Pattern[str] | None
    needs_after: re.Pattern[str] | None
    not_in_sentence: re.Pattern[str] | None
    unless: re.Pattern[str] | None


class _Reading(NamedTuple):
    """One way to take a stance, compiled."""

    stance: str
    holds_for: frozenset[str]
    heading: bool
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    close: re.Pattern[str] | None
    follows: re.Pattern[str] | None
    sentence: re.Pattern[str] | None
    paragraph: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    introduced: bool


class _Place(NamedTuple):
    """A name in its surroundings: what precedes and follows it in the sentence, the whole of it, the paragraph."""

    before: str
    after: str
    whole: str
    paragraph: str
    heading: bool


_RULES = paths.rules("frameworks")
_pattern = partial(pattern_of, macros={"company": _RULES["company"]})


def _names(block: dict[str, Any]) -> re.Pattern[str]:
    """All names of a framework; the group ``weak`` holds those that need a context."""
    kinds = {
        "name": block.get("names", []),
        "exact": [f"(?-i:{word})" for word in block.get("abbreviations", [])],
        "weak": block.get("weak_names", []),
    }
    groups = [f"(?P<{kind}>{'|'.join(words)})" for kind, words in kinds.items() if words]
    return phrases(groups, f"{_GLUED_BEFORE}{{}}{_GLUED_AFTER}", bounded=False)


@cache
def _frameworks() -> tuple[_Framework, ...]:
    return tuple(
        _Framework(
            id=block["id"],
            kind=block["kind"],
            names=_names(block),
            context=_pattern(block, "context"),
            not_before=_pattern(block, "not_before", r"{}[\s\"']*$"),
            not_after=_pattern(block, "not_after", r"^[\s,]*{}"),
            needs_before=_pattern(block, "needs_before", r"{}\s*$"),
            needs_after=_pattern(block, "needs_after", "^{}"),
            not_in_sentence=_pattern(block, "not_in_sentence"),
            unless=_pattern(block, "unless"),
        )
        for block in _RULES["framework"]
    )


@cache
def _quick_look() -> Callable[[str], set[str]]:
    """Which frameworks may be named."""
    keys = ("names", "abbreviations", "weak_names")
    names = {block["id"]: [word for key in keys for word in block.get(key, [])] for block in _RULES["framework"]}
    return quick_look(names, bounded=False)


@cache
def _readings() -> tuple[_Reading, ...]:
    everything = [*IDS, *{rule.kind for rule in _frameworks()}]
    return tuple(
        _Reading(
            stance=block["stance"],
            holds_for=frozenset(block.get("frameworks", block.get("kinds", everything))),
            heading=block.get("heading", False),
            before=_pattern(block, "before"),
            after=_pattern(block, "after"),
            close=_pattern(block, "close", r"{}(?:\s+[^\s;,]+){{0,6}}[\s\"'(]*$"),
            follows=_pattern(block, "follows", r"^[\s\"')]*(?:[^\s;]+\s+){{0,6}}{}"),
            sentence=_pattern(block, "sentence"),
            paragraph=_pattern(block, "paragraph"),
            unless=_pattern(block, "unless"),
            introduced=block.get("introduced", False),
        )
        for block in _RULES["reading"]
    )


IDS: tuple[str, ...] = tuple(block["id"] for block in _RULES["framework"])
"""The frameworks' ids, in the order of the rules."""

STANCES: tuple[str, ...] = tuple(_RULES["stances"])
"""The stances that a policy may take towards a framework."""


def _has(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None


def _place(view: str, start: int, end: int) -> _Place:
    span = sentence(view, start, end)
    before = f"{span.lead} {view[span.start : start]}"
    after = view[end : span.end]
    whole = f"{span.lead} {view[span.start : span.end]}"
    line = view[span.start : span.end].strip(" \t\n-#*|")
    heading = not span.lead and len(line.split()) <= _HEADING_WORDS and not line.endswith((".", "!", ";", ","))
    return _Place(before, after, whole, view[max(0, start - _PARAGRAPH) : end + _PARAGRAPH], heading)


def _is_named(rule: _Framework, match: re.Match[str], view: str, text: str) -> bool:
    """Whether a phrase that looks like a framework's name is one."""
    start, end = match.span()
    before, after = view[max(0, start - _NEAR_BEFORE) : start], view[end : end + _NEAR_AFTER]
    if "weak" in rule.names.groupindex and match["weak"] is not None:
        needs = rule.needs_before is not None
        if needs and not (_has(rule.needs_before, before) or _has(rule.needs_after, after)):
            return False
        if rule.context is not None and not rule.context.search(text):
            return False
    if _has(rule.not_before, before) or _has(rule.not_after, after):
        return False
    if rule.not_in_sentence is None:
        return True
    whole = _place(view, start, end).whole
    return not _has(rule.not_in_sentence, whole) or _has(rule.unless, whole)


def _fits(reading: _Reading, place: _Place) -> bool:
    """Whether a reading holds for a name where it stands."""
    if reading.heading != place.heading or _has(reading.unless, place.whole):
        return False
    if reading.paragraph is not None and not _has(reading.paragraph, place.paragraph):
        return False
    before = _has(reading.before, place.before) or _has(reading.close, place.before)
    if before or _has(reading.after, place.after) or _has(reading.follows, place.after):
        return True
    if reading.introduced:
        return _is_introduced(place)
    return _has(reading.sentence, place.whole)


@cache
def _introduces() -> re.Pattern[str]:
    return phrases(_RULES["introduces"])


def _is_introduced(place: _Place) -> bool:
    """Whether the sentence speaks of somebody whom the text before it presents as another party."""
    subject = list(_SUBJECT.finditer(place.before))
    if not subject:
        return False
    earlier = place.paragraph.partition(place.before.strip())[0] + place.before[: subject[-1].start(1)]
    named = re.compile(rf"{_WITHIN}{re.escape(subject[-1][1])}\b", re.IGNORECASE)
    return any(named.match(earlier, words.end()) for words in _introduces().finditer(earlier))


def _stance(rule: _Framework, place: _Place) -> str:
    for reading in _readings():
        if not reading.holds_for.isdisjoint((rule.id, rule.kind)) and _fits(reading, place):
            return reading.stance
    return STANCES[-1]


def mentions(text: str) -> list[Mention]:
    """The frameworks that a text names, in the order of the text.

    Args:
        text: a segment or a whole policy as `normalize` gives it; it may contain Markdown or leftover tags.

    Returns:
        One mention for each occurrence of a naming phrase. An address or the target of a link names nothing. Two
        frameworks named by one phrase ("EU and UK GDPR") give two mentions, which overlap.

    >>> mentions("Acme complies with the EU-U.S. Privacy Shield.")
    [Mention(framework='privacy_shield', stance='adheres', start=31, end=45)]
    """
    if "\u00ad" in text:  # a soft hyphen splits no name
        kept = [i for i, letter in enumerate(text) if letter != "\u00ad"]
        joined = mentions("".join(text[i] for i in kept))
        return [each._replace(start=kept[each.start], end=kept[each.end - 1] + 1) for each in joined]
    present = _quick_look()(text)
    if not present:
        return []
    view = visible(text)
    result: list[Mention] = []
    for rule in _frameworks():
        taken = tuple(result)
        for match in rule.names.finditer(view) if rule.id in present else ():
            start, end = match.span()
            inside = any(other.start <= start and end <= other.end for other in taken)
            if inside or not _is_named(rule, match, view, text):
                continue
            last = result[-1] if result and result[-1].framework == rule.id else None
            if last and _ABBREVIATED.fullmatch(view, last.end, start):  # "Name (N)" is said in one breath
                stance = last.stance
            else:
                stance = _stance(rule, _place(view, start, end))
            result.append(Mention(rule.id, stance, start, end))
    return sorted(result, key=lambda mention: (mention.start, mention.end, mention.framework))
