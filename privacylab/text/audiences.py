"""The audience of a part of a policy: everybody, or people of some place or age; see ``rules/audiences.toml``."""

from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import accumulate

from spacy.strings import get_string_id

from privacylab import paths
from privacylab.text.patterns import Patterns
from privacylab.text.units import units, words_of
from privacylab.text.visible import visible

ALL = "all"
_RULES = paths.rules("audiences")
_OPEN, _CLOSE = map(get_string_id, "()")

IDS: tuple[str, ...] = (ALL, *(block["id"] for block in _RULES["audience"]))
"""All audiences."""


@cache
def _patterns(key: str) -> Patterns:
    return Patterns({block["id"]: block.get(key, ()) for block in _RULES["audience"]}, _RULES["lists"])


@lru_cache(1 << 14)
def _in_sentence(key: str, lead: str, sentence: str) -> frozenset[str]:
    """The audiences of which a pattern matches in a sentence; versions of a policy repeat each other's."""
    patterns = _patterns(key)
    words, _ = words_of(lead, sentence)
    look = patterns.look(words)
    spans = {name: patterns.spans(name, look) for name in look.groups}
    if key == "headings" or "(" not in sentence:
        return frozenset(name for name, found in spans.items() if found)
    depths = [*accumulate((word.norm == _OPEN) - (word.norm == _CLOSE) for word in words)]
    return frozenset(name for name, found in spans.items() if any(depths[end - 1] <= 0 for _, end in found))


def _named(text: str, key: str) -> str | None:
    """The first audience of which a pattern matches."""
    view = visible(text)
    if not _patterns(key).may_match(view):
        return None
    named = frozenset().union(*[_in_sentence(key, unit.lead, unit.text) for unit in units(view)])
    return next((name for name in IDS if name in named), None)


@lru_cache(1 << 14)
def _of_heading(heading: str) -> str | None:
    named = _named(heading, "headings")
    return None if named and _named(heading, "headings_unless") == named else named


def of_headings(headings: Iterable[str]) -> str:
    """The audience of the text under some headings.

    Args:
        headings: From the top of the policy down to the nearest.

    >>> of_headings(["Notice to European users", "Your rights"])
    'eu_uk'
    """
    named = (_of_heading(heading) for heading in reversed([*headings]))
    return next((audience for audience in named if audience), ALL)


def of_text(text: str) -> str | None:
    """The audience of a segment by its own words; None if they do not say. Words in brackets speak of one thing only.

    >>> of_text("If you live in Colorado, you may appeal.")
    'us_states'
    """
    return _named(text, "sentences")
