"""Mentions of legal frameworks, and the stance that a policy takes towards each.

A mention is one occurrence of a phrase that names a framework in the visible text. The sentence around it gives the
stance. Names and readings are data: ``rules/frameworks.toml``; ``docs/codebook.md`` explains the labels.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.strings import get_string_id
from spacy.tokens import Doc

from privacylab import paths
from privacylab.text.patterns import Look, Patterns
from privacylab.text.pipeline import set_spans
from privacylab.text.sentences import ends
from privacylab.text.units import Word, places, units, words, words_of
from privacylab.text.visible import visible

_HEADING_WORDS = 12
_WORDS_BEFORE = 100
_WORDS_AFTER = 70
_WORDS_BETWEEN = 6
"""Between the words that introduce a party and its name."""
_SENTENCE_ENDS = ".;!,:"
_SOFT_HYPHEN = "\u00ad"

# Words that patterns use for a name, for another name of the same framework, and for a possible company name.
_NAME, _SAME, _CAPITAL = map(get_string_id, ("@", "@same", "Name"))
_COLON = get_string_id(":")
_STOPS = frozenset(map(get_string_id, ".;!?"))


class Mention(NamedTuple):
    """A framework named in characters ``start`` to ``end`` of a text, with the policy's stance."""

    framework: str
    stance: str
    start: int
    end: int


class _Place(NamedTuple):
    """A name in its surroundings.

    Attributes:
        sentence: The words of its sentence or list item, the name as one word.
        look: The same in the form that patterns use.
        earlier: The words before the sentence.
        later: The words after it.
        is_heading: Whether it is in a heading or a table of contents.
    """

    sentence: list[Word]
    look: Look
    earlier: list[Word]
    later: list[Word]
    is_heading: bool


_RULES = paths.rules("frameworks")
_FRAMEWORKS: dict[str, dict[str, Any]] = {block["id"]: block for block in _RULES["framework"]}

_NAMED_BY = ("names", "weak_names")
_READ = ("only", "never", "but", "patterns", "near", "unless", "introduces", "subject", "abbreviated")

IDS: tuple[str, ...] = tuple(_FRAMEWORKS)
"""The frameworks' ids, in the order of the rules."""

STANCES: tuple[str, ...] = tuple(_RULES["stances"])
"""The stances that a policy may take towards a framework."""


@cache
def _names() -> Patterns:
    """The names of all frameworks."""
    return _patterns(_FRAMEWORKS.items(), (*_NAMED_BY, "context"), begin=_NAMED_BY)


@cache
def _readings() -> Patterns:
    """The readings of a name, and the patterns that decide whether it is one."""
    blocks = [*_FRAMEWORKS.items(), *((block["name"], block) for block in _RULES["reading"]), ("", _RULES)]
    return _patterns(blocks, _READ)


def _patterns(
    blocks: Iterable[tuple[str, dict[str, Any]]], keys: Sequence[str], *, begin: tuple[str, ...] = ()
) -> Patterns:
    groups = {f"{name} {key}": block[key] for name, block in blocks for key in keys if key in block}
    return Patterns(groups, _RULES["lists"], begin=[group for group in groups if group.endswith(begin)])


_COMMON = frozenset(map(get_string_id, _RULES["common"]))
"""Words that may have a capital without naming a company."""
_CLAUSE = frozenset(map(get_string_id, _RULES["clause"]))


class _Text:
    """A visible text that may name frameworks, as the words of its sentences."""

    def __init__(self, text: str, look: Look) -> None:
        self.words = words(text)
        self.places = places(text)
        self._text = text
        self._look = look
        self._units = units(text, tuple(ends(text)))
        starts = [start for start, _ in self.places]
        self._begins = [*(bisect_left(starts, unit.start) for unit in self._units), len(starts)]

    def names(self, group: str) -> list[tuple[int, int]]:
        """First and end word of each name; overlapping names are one."""
        names: list[tuple[int, int]] = []
        for first, end in _names().spans(group, self._look):
            if not _STOPS.isdisjoint(word.norm for word in self.words[first:end]):
                continue  # a name ends with its sentence
            if names and first < names[-1][1]:
                begin, until = names.pop()
                first, end = begin, max(until, end)
            names.append((first, end))
        return names

    def place(self, first: int, last: int, same: tuple[int, int] | None) -> _Place:
        """The surroundings of a name.

        Args:
            first: Its first word.
            last: The word after its last one.
            same: The name of the same framework before it.
        """
        start = bisect_right(self._begins, first) - 1
        begin, end = self._begins[start], self._begins[bisect_right(self._begins, last - 1)]
        lead = words_of(self._units[start].lead, "")[0]
        if lead and lead[-1].norm != _COLON:
            lead = ()
        line_ends = self._text[self.places[end - 1][1] - 1]
        is_heading = not lead and end - begin <= _HEADING_WORDS and line_ends not in _SENTENCE_ENDS
        begin, end = max(begin, first - _WORDS_BEFORE), min(end, last + _WORDS_AFTER)
        before = self._marked(begin, first)
        if same and same[0] >= begin:
            before = [*self._marked(begin, same[0]), self._as(_SAME, same[0]), *self._marked(same[1], first)]
        sentence = [*lead, *before, self._as(_NAME, first), *self._marked(last, end)]
        earlier, later = self._marked(max(0, begin - _WORDS_BEFORE), begin), self._marked(end, end + _WORDS_AFTER)
        return _Place(sentence, _readings().look(sentence), earlier, later, is_heading)

    def _marked(self, begin: int, end: int) -> list[Word]:
        """Words, with those marked that have a capital and may name a company."""
        return [
            word._replace(orth=_CAPITAL) if word.norm not in _COMMON and not self._is_lower(i) else word
            for i, word in enumerate(self.words[begin:end], begin)
        ]

    def _is_lower(self, at: int) -> bool:
        token = self._text[slice(*self.places[at])]
        return token.lower() == token

    def _as(self, norm: int, at: int) -> Word:
        return self.words[at]._replace(norm=norm, orth=norm)


def _has(group: str, place: _Place) -> bool:
    return bool(_readings().spans(group, place.look))


def _is_introduced(place: _Place) -> bool:
    """Whether the sentence is about somebody whom the earlier text introduces as another party."""
    readings = _readings()
    subjects = readings.spans(" subject", place.look)
    if not subjects:
        return False
    at = subjects[-1][0]
    earlier = [*place.earlier, *place.sentence[:at]]
    for _, end in readings.spans(" introduces", readings.look(earlier)):
        for word in earlier[end : end + _WORDS_BETWEEN]:
            if word.norm in _CLAUSE:
                break
            if word.norm == place.sentence[at].norm and word.orth == _CAPITAL:
                return True
    return False


def _fits(reading: dict[str, Any], place: _Place) -> bool:
    """Whether a reading fits a name in its place."""
    name = reading["name"]
    if reading.get("heading", False) != place.is_heading or _has(f"{name} unless", place):
        return False
    if reading.get("introduced"):
        return _is_introduced(place)
    if not _has(f"{name} patterns", place):
        return False
    around = [*place.earlier, *place.sentence, *place.later]
    return "near" not in reading or bool(_readings().spans(f"{name} near", _readings().look(around)))


def _stance(block: dict[str, Any], place: _Place) -> str:
    either = {block["id"], block["kind"]}
    for reading in _RULES["reading"]:
        if not either.isdisjoint(reading.get("of", either)) and _fits(reading, place):
            return str(reading["stance"])
    return STANCES[-1]


def _named(block: dict[str, Any], text: _Text) -> Iterator[tuple[int, int, _Place]]:
    """First word, end word and place of each name of a framework."""
    name = block["id"]
    strong, weak = text.names(f"{name} names"), text.names(f"{name} weak_names")
    if weak and "context" in block and not text.names(f"{name} context"):
        weak = []
    inside = {i for span in strong for i in range(*span)}
    weak = [span for span in weak if inside.isdisjoint(range(*span))]
    last = None
    for first, end in sorted([*strong, *weak]):
        place = text.place(first, end, last)
        if (first, end) in weak and "only" in block and not _has(f"{name} only", place):
            continue
        if not _has(f"{name} never", place) or _has(f"{name} but", place):
            yield first, end, place
            last = first, end


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
    if _SOFT_HYPHEN in text:  # it never splits a name
        kept = [i for i, letter in enumerate(text) if letter != _SOFT_HYPHEN]
        joined = mentions("".join(text[i] for i in kept))
        return [mention._replace(start=kept[mention.start], end=kept[mention.end - 1] + 1) for mention in joined]
    view = visible(text)
    if not _names().may_match(view):  # most segments of most policies
        return []
    look = _names().look(words(view))
    if not look.groups:
        return []
    read = _Text(view, look)
    named: list[tuple[int, int, str, str]] = []
    for name, block in _FRAMEWORKS.items():
        taken, stance = [(first, end) for first, end, *_ in named], ""
        for first, end, place in _named(block, read):
            if any(begin <= first and end <= until for begin, until in taken):
                continue
            if not (stance and _has(" abbreviated", place)):  # "Name (N)" is one phrase
                stance = _stance(block, place)
            named.append((first, end, name, stance))
    return [
        Mention(name, stance, read.places[first][0], read.places[end - 1][1])
        for first, end, name, stance in sorted(named)
    ]


@Language.component("privacylab_frameworks", assigns=["doc.spans"])
def component(doc: Doc) -> Doc:
    """Sets ``doc.spans["frameworks"]``: a span for each mention, with the framework as label and the stance as id."""
    spans = [(mention.start, mention.end, mention.framework, mention.stance) for mention in mentions(doc.text)]
    return set_spans(doc, "frameworks", spans)
