"""Named things that a text states: rights, legal bases, retention periods, seals, trackers and the like.

The rules are data: ``rules/cues.toml``, in the language of `text.patterns`. Each block says what its cue covers; hard
cases are in ``docs/codebook.md``. `component` is the same for spaCy: ``nlp.add_pipe("privacylab_cues")``.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

from spacy.language import Language
from spacy.tokens import Doc

from privacylab import paths
from privacylab.text.durations import ages, durations
from privacylab.text.patterns import Look, PatternError, Patterns
from privacylab.text.pipeline import set_spans
from privacylab.text.units import Place, Unit, places, units, words_of
from privacylab.text.visible import visible


class Cue(NamedTuple):
    """A cue that fires in characters ``start`` to ``end`` of a text; ``value`` is None where the cue has none."""

    cue: str
    value: str | None
    start: int
    end: int


class _Rule(NamedTuple):
    """A cue's id; the groups of patterns that fire it, each with its value; how values are read from what matched."""

    cue: str
    values: dict[str, str | None]
    read: Callable[[str], list[str]] | None


_RULES = paths.rules("cues")
_READ: dict[str | None, Callable[[str], list[str]]] = {"duration": durations, "age": ages}
_CONDITIONS = ("unless", "despite", "context")
"""What may forbid a firing that shares a word with it, what overrides that, and what must stand somewhere else."""
_KEYS = ("id", "name", "covers", "patterns", "values", "value_from", *_CONDITIONS, "examples", "counter_examples")
_OTHERWISE = "mentions"
"""A value that counts only where the cue has no other in the text."""

IDS: tuple[str, ...] = tuple(block["id"] for block in _RULES["cue"])
"""The cues' ids, in the order of the rules."""
_NEEDY = {block["id"] for block in _RULES["cue"] if "context" in block}
"""The cues that need a context."""


@cache
def _compiled() -> tuple[list[_Rule], Patterns]:
    """The rules, and the patterns of all their groups; a group is named by its cue and its purpose."""
    groups: dict[str, list[str]] = {}
    rules = []
    for block in _RULES["cue"]:
        cue, by_value = block["id"], block.get("values", {})
        if foreign := block.keys() - _KEYS:
            raise PatternError(f"rules/cues.toml, {cue}: there is no key {foreign.pop()!r}: take {', '.join(_KEYS)}")
        groups |= {f"{cue}={value}": patterns for value, patterns in by_value.items()}
        groups |= {f"{cue} {key}": block[key] for key in ("patterns", *_CONDITIONS) if key in block}
        values: dict[str, str | None] = {f"{cue}={value}": value for value in by_value}
        if "patterns" in block:
            values[f"{cue} patterns"] = None
        rules.append(_Rule(cue, values, _READ.get(block.get("value_from"))))
    return rules, Patterns(groups, _RULES["lists"], begin=[group for rule in rules for group in rule.values])


def _fired(rule: _Rule, patterns: Patterns, look: Look, n_lead: int) -> Iterator[tuple[str | None, int, int]]:
    """Value, first word and last but one of each firing of a rule in a sentence.

    A word belongs to one firing only, and to none if it forbids the cue.
    """
    matches = {group: patterns.spans(group, look) for group in rule.values}
    if not any(matches.values()):
        return
    barred = _barred(rule.cue, patterns, look)
    taken = set(barred)
    for group, value in rule.values.items():
        reads = rule.read is not None and value is None
        if reads:  # "As long as necessary, but at most 90 days" says both.
            taken = set(barred)
        # A value is read from all that belongs together; anything else has its shortest evidence.
        for start, end in sorted(matches[group], key=lambda span: span[1] - span[0], reverse=reads):
            if end > n_lead and taken.isdisjoint(range(start, end)):
                taken.update(range(start, end))
                yield value, max(start, n_lead), end


def _barred(cue: str, patterns: Patterns, look: Look) -> set[int]:
    """The words that no firing of a cue may contain."""
    lifts = {i for span in patterns.spans(f"{cue} despite", look) for i in range(*span)}
    bars = patterns.spans(f"{cue} unless", look)
    return {i for span in bars if lifts.isdisjoint(range(*span)) for i in range(*span)}


@lru_cache(1 << 14)
def _in_sentence(lead: str, sentence: str) -> tuple[Cue, ...]:
    """What fires in a sentence, wherever its context; versions of a policy repeat each other's sentences."""
    rules, patterns = _compiled()
    words, n_lead = words_of(lead, sentence)
    look = patterns.look(words)
    woken = [rule for rule in rules if not look.groups.isdisjoint(rule.values)] if look.groups else []
    fired: list[Cue] = []
    at: list[Place] = []
    for rule in woken:
        for value, first, end in _fired(rule, patterns, look, n_lead):
            at = at or places(sentence)  # once: a line without an end may fire a thousand times
            start, stop = at[first - n_lead][0], at[end - 1 - n_lead][1]
            values = rule.read(sentence[start:stop]) if rule.read and value is None else [value]
            fired += [Cue(rule.cue, each, start, stop) for each in values]
    return tuple(fired)


def _has_context(cue: str, sentences: Iterable[Unit]) -> bool:
    """Whether the context that a cue needs is in one of some sentences."""
    if cue not in _NEEDY:
        return True
    patterns = _compiled()[1]
    looks = (patterns.look(words_of(unit.lead, unit.text)[0]) for unit in sentences)
    return any(patterns.spans(f"{cue} context", look) for look in looks)


def cues(text: str) -> list[Cue]:
    """The cues of a text: the first of each cue and value, in the order of the text.

    Args:
        text: a segment or a whole policy as `normalize` gives it; it may contain Markdown or leftover tags.

    >>> cues("We keep logs for 90 days.")
    [Cue(cue='retention_period', value='P90D', start=3, end=24)]
    """
    fired: dict[tuple[str, str | None], Cue] = {}
    sentences = units(visible(text))
    for unit in sentences:
        for cue in _in_sentence(unit.lead, unit.text):
            fired.setdefault(cue[:2], cue._replace(start=unit.start + cue.start, end=unit.start + cue.end))
    several = {cue.cue for cue in fired.values() if cue.value != _OTHERWISE}
    here = {name for name in {cue.cue for cue in fired.values()} if _has_context(name, sentences)}
    kept = [c for c in fired.values() if c.cue in here and (c.value != _OTHERWISE or c.cue not in several)]
    return sorted(kept, key=lambda cue: (cue.start, cue.end, cue.cue))


def possible(text: str) -> set[tuple[str, str | None]]:
    """The cues and values that a text may state in other words: a sentence has all the words of one of their patterns.

    A period is a value of each cue that has periods, wherever it stands.

    >>> possible("Tailored ads may follow you, unless you opt out of them.")
    {('targeted_advertising', None)}
    """
    rules, patterns = _compiled()
    timed = [rule.cue for rule in rules if rule.read is durations]
    found: set[tuple[str, str | None]] = set()
    for unit in units(visible(text)):
        look = patterns.look(words_of(unit.lead, unit.text)[0])
        found |= {(cue, each) for cue in timed for each in durations(unit.text)}
        for rule in rules:
            for group in rule.values.keys() & look.groups:
                value = rule.values[group]
                values = rule.read(unit.text) if rule.read and value is None else [value]
                found |= {(rule.cue, each) for each in values}
    return found


@Language.component("privacylab_cues", assigns=["doc.spans"])
def component(doc: Doc) -> Doc:
    """Sets ``doc.spans["cues"]``: a span for each cue, with its id as label and its value as span id."""
    return set_spans(doc, "cues", [(cue.start, cue.end, cue.cue, cue.value or "") for cue in cues(doc.text)])
