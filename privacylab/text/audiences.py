"""For whom a part of a policy speaks: everybody, or people of some place or age; see ``rules/audiences.toml``."""

from collections.abc import Iterable
from functools import cache, lru_cache

from privacylab import paths
from privacylab.text.patterns import Patterns
from privacylab.text.units import tokens_of, units, vocabulary, words

ALL = "all"
_RULES = paths.rules("audiences")

IDS: tuple[str, ...] = (ALL, *(block["id"] for block in _RULES["audience"]))
"""All audiences."""


@cache
def _patterns(key: str) -> Patterns:
    return Patterns({block["id"]: block.get(key, ()) for block in _RULES["audience"]}, _RULES["lists"])


def _named(text: str, key: str) -> str | None:
    """The first audience of which a pattern matches."""
    patterns = _patterns(key)
    doc = tokens_of(text)
    possible = patterns.may_match(vocabulary(doc))
    looks = [patterns.look(unit.words) for unit in units(doc.text, words(doc))] if possible else []
    fitting = (name for name in IDS if name in possible and any(patterns.spans(name, look) for look in looks))
    return next(fitting, None)


@lru_cache(1 << 14)
def _of_heading(heading: str) -> str | None:
    named = _named(heading, "headings")
    return None if named and _named(heading, "headings_unless") == named else named


def of_headings(headings: Iterable[str]) -> str:
    """For whom what stands under some headings speaks.

    Args:
        headings: From the top of the policy down to the nearest.

    >>> of_headings(["Notice to European users", "Your rights"])
    'eu_uk'
    """
    named = (_of_heading(heading) for heading in reversed([*headings]))
    return next((audience for audience in named if audience), ALL)


def of_text(text: str) -> str | None:
    """For whom a segment speaks by its own words; None where they do not say.

    >>> of_text("If you live in Colorado, you may appeal.")
    'us_states'
    """
    return _named(text, "sentences")
