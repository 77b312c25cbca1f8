"""Mentions of legal frameworks, and the stance that a policy takes towards each.

A mention is one occurrence of a phrase that names a framework in the visible text. The stance is read from the sentence
around it. Names and readings are data: ``rules/frameworks.toml``; what the labels mean is in ``docs/codebook.md``.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from privacylab import paths
from privacylab.text.anchors import quick_look
from privacylab.text.phrases import Rule, phrases, rule_of
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


class _Place(NamedTuple):
    """A name in its surroundings: what precedes and follows it in the sentence, the whole of it, the paragraph."""

    before: str
    after: str
    whole: str
    paragraph: str
    heading: bool


_RULES = paths.rules("frameworks")
_INTRODUCES = phrases(_RULES["introduces"])
_FORMS = {
    **dict.fromkeys(("context", "not_in_sentence", "unless", "before", "after", "sentence", "paragraph"), "{}"),
    "not_before": r"{}[\s\"']*$",
    "not_after": r"^[\s,]*{}",
    "needs_before": r"{}\s*$",
    "needs_after": "^{}",
    "close": r"{}(?:\s+[^\s;,]+){{0,6}}[\s\"'(]*$",
    "follows": r"^[\s\"')]*(?:[^\s;]+\s+){{0,6}}{}",
}
"""The keys that hold phrases of frameworks and readings, and where in the text that they are looked for in."""


@cache
def _rules(kind: str) -> tuple[Rule, ...]:
    """All blocks of a kind, ``framework`` or ``reading``, in their order."""
    return tuple(rule_of(block, _FORMS, macros={"company": _RULES["company"]}) for block in _RULES[kind])


@cache
def _names() -> dict[str, re.Pattern[str]]:
    """All names of each framework; the group ``weak`` holds those that need a context."""
    patterns = {}
    for block in _RULES["framework"]:
        kinds = {
            "name": block.get("names", []),
            "exact": [f"(?-i:{word})" for word in block.get("abbreviations", [])],
            "weak": block.get("weak_names", []),
        }
        groups = [f"(?P<{kind}>{'|'.join(words)})" for kind, words in kinds.items() if words]
        patterns[block["id"]] = phrases(groups, f"{_GLUED_BEFORE}{{}}{_GLUED_AFTER}", bounded=False)
    return patterns


@cache
def _quick_look() -> Callable[[str], set[str]]:
    """Which frameworks may be named."""
    keys = ("names", "abbreviations", "weak_names")
    names = {block["id"]: [word for key in keys for word in block.get(key, [])] for block in _RULES["framework"]}
    return quick_look(names, bounded=False)


IDS: tuple[str, ...] = tuple(block["id"] for block in _RULES["framework"])
"""The frameworks' ids, in the order of the rules."""

STANCES: tuple[str, ...] = tuple(_RULES["stances"])
"""The stances that a policy may take towards a framework."""


def _place(view: str, start: int, end: int) -> _Place:
    span = sentence(view, start, end)
    before = f"{span.lead} {view[span.start : start]}"
    after = view[end : span.end]
    whole = f"{span.lead} {view[span.start : span.end]}"
    line = view[span.start : span.end].strip(" \t\n-#*|")
    heading = not span.lead and len(line.split()) <= _HEADING_WORDS and not line.endswith((".", "!", ";", ","))
    return _Place(before, after, whole, view[max(0, start - _PARAGRAPH) : end + _PARAGRAPH], heading)


def _is_named(rule: Rule, match: re.Match[str], view: str, text: str) -> bool:
    """Whether a phrase that looks like a framework's name is one."""
    start, end = match.span()
    before, after = view[max(0, start - _NEAR_BEFORE) : start], view[end : end + _NEAR_AFTER]
    if match.groupdict().get("weak"):
        is_near = rule.has("needs_before", before) or rule.has("needs_after", after)
        if "needs_before" in rule.block and not is_near:
            return False
        if "context" in rule.block and not rule.has("context", text):
            return False
    if rule.has("not_before", before) or rule.has("not_after", after):
        return False
    if "not_in_sentence" not in rule.block:
        return True
    whole = _place(view, start, end).whole
    return not rule.has("not_in_sentence", whole) or rule.has("unless", whole)


def _fits(reading: Rule, place: _Place) -> bool:
    """Whether a reading holds for a name where it stands."""
    if reading.block.get("heading", False) != place.heading or reading.has("unless", place.whole):
        return False
    if "paragraph" in reading.block and not reading.has("paragraph", place.paragraph):
        return False
    if any(reading.has(key, place.before) for key in ("before", "close")):
        return True
    if any(reading.has(key, place.after) for key in ("after", "follows")):
        return True
    return _is_introduced(place) if reading.block.get("introduced") else reading.has("sentence", place.whole)


def _is_introduced(place: _Place) -> bool:
    """Whether the sentence speaks of somebody whom the text before it presents as another party."""
    subject = list(_SUBJECT.finditer(place.before))
    if not subject:
        return False
    earlier = place.paragraph.partition(place.before.strip())[0] + place.before[: subject[-1].start(1)]
    named = re.compile(rf"{_WITHIN}{re.escape(subject[-1][1])}\b", re.IGNORECASE)
    return any(named.match(earlier, words.end()) for words in _INTRODUCES.finditer(earlier))


def _stance(rule: Rule, place: _Place) -> str:
    either = {rule.block["id"], rule.block["kind"]}
    for reading in _rules("reading"):
        holds_for = reading.block.get("frameworks", reading.block.get("kinds", either))
        if not either.isdisjoint(holds_for) and _fits(reading, place):
            return str(reading.block["stance"])
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
    for rule in _rules("framework"):
        framework = rule.block["id"]
        taken = tuple(result)
        for match in _names()[framework].finditer(view) if framework in present else ():
            start, end = match.span()
            inside = any(other.start <= start and end <= other.end for other in taken)
            if inside or not _is_named(rule, match, view, text):
                continue
            last = result[-1] if result and result[-1].framework == framework else None
            if last and _ABBREVIATED.fullmatch(view, last.end, start):  # "Name (N)" is said in one breath
                stance = last.stance
            else:
                stance = _stance(rule, _place(view, start, end))
            result.append(Mention(framework, stance, start, end))
    return sorted(result, key=lambda mention: (mention.start, mention.end, mention.framework))


@Language.component("privacylab_frameworks", assigns=["doc.spans"])
def component(doc: Doc) -> Doc:
    """Sets ``doc.spans["frameworks"]``: a span for each mention, its label the framework's id, its id the stance."""
    doc.spans["frameworks"] = [
        span
        for each in mentions(doc.text)
        if (span := doc.char_span(each.start, each.end, each.framework, span_id=each.stance, alignment_mode="expand"))
    ]
    return doc
