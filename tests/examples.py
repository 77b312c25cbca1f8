"""The example sentences of ``tests/data/*.csv`` and of the rules, and what is read of each."""

import csv
import re
from pathlib import Path

import pytest

from privacylab import cues, frameworks, paths
from privacylab.dates import effective_date

DATA = Path(__file__).parent / "data"

UNDER_THE_TITLE = "Privacy Policy\n{}\nWe at Umbra Teas value your trust."
PROSE = "We at Umbra Teas value your trust and tell you what we collect. " * 30
HEAD = "Larkspur Looms Privacy Policy\n"
BODY = "\nLarkspur Looms makes blankets. This policy tells you which personal data we collect and why we collect them."
TOP, MIDDLE, END = (f"{HEAD}{BODY * n}\n{{}}{BODY * (12 - n)}" for n in (0, 6, 12))
PLACES = {
    "alone": ["{}"],
    "under the title": [UNDER_THE_TITLE],
    "amid prose": [f"Privacy Policy\n{PROSE}\n{{}}\n{PROSE}"],
    "top": [f"{HEAD}{{}}{BODY}"],
    "top or end": [f"{HEAD}{{}}{BODY * 12}", END],
    "anywhere": [TOP, MIDDLE, END],
}
"""Where the text of a row of ``dates.csv`` stands in a policy; with each of several it reads alike."""


def rows(name: str) -> list[dict[str, str]]:
    r"""The rows of a file of examples; ``\n`` in a cell is a line's end."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return [{key: re.sub(r"\\(.)", _unescaped, cell) for key, cell in row.items()} for row in csv.DictReader(file)]


def _unescaped(match: re.Match[str]) -> str:
    return "\n" if match[1] == "n" else match[1]


def params(name: str) -> list[object]:
    """The rows as parameters of a test, named by what they show and how they begin."""
    return [pytest.param(row, id=f"{row['shows']}: {row['text'][:50]!r}") for row in rows(name)]


def of_rules(name: str) -> list[str]:
    """All examples and counter-examples of a rule file."""

    def strings(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for each in value.values() for text in strings(each)]
        return [value] if isinstance(value, str) else [text for each in value for text in strings(each)]

    def examples(block: object) -> list[str]:
        if isinstance(block, list):
            return [text for each in block for text in examples(each)]
        if not isinstance(block, dict):
            return []
        keys = ("examples", "counter_examples")
        return [text for key, value in block.items() for text in (strings(value) if key in keys else examples(value))]

    return [text for text in examples(paths.rules(name)) if " " in text]


# Words that say nothing of what a label means.
_EMPTY = frozenset(
    "a an the of or and to in is are be been that for it its one ones own by with who may what which where when whom "
    "as at other others on not no none same their his her they them person personal data information any each some "
    "way we us you your our if so do does done has have had from".split()
)


def shares_a_word(text: str, label: str) -> bool:
    """Whether a text has a word of a label, by their first four letters: of its name or of what it covers."""
    words = (re.findall(r"[a-z]+|\d[\d.]*\d", re.sub(r"\b(\w)\.(?=\w\b)", r"\1", of.lower())) for of in (text, label))
    ours, theirs = ({word.rstrip("s")[:4] for word in each if word not in _EMPTY} for each in words)
    return not ours.isdisjoint(theirs)


def stated(row: dict[str, str], form: str) -> tuple[str, str, str]:
    """Value, kind and ambiguity of the date that a policy of this form states; empty where it states none."""
    policy = form.replace("{}", row["text"])
    date = effective_date(policy, snapshot=row["snapshot"] or None, region=row["region"] or None)
    return (date.value, date.kind, str(date.ambiguous).lower()) if date else ("", "", "")


def mentions(text: str) -> list[tuple[str, str]]:
    """Framework and stance of each mention."""
    return [(mention.framework, mention.stance) for mention in frameworks.mentions(text)]


def values(text: str, cue: str) -> list[str | None]:
    """The values of all firings of one cue."""
    return [each.value for each in cues.cues(text) if each.cue == cue]
