"""One policy as a person would read it: its date, era, frameworks, clauses, cues and contacts."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from IPython.display import HTML
from markupsafe import Markup, escape

from privacylab import cues, dates, eras, files, findings, frameworks, normalize, sources
from privacylab.build import annotate, screen
from privacylab.plots import labels
from privacylab.tables import Corpus
from privacylab.tables.schema import CATEGORIES, CLAIMED
from privacylab.text.counts import count_words
from privacylab.text.segments import Segment, segments
from privacylab.text.sentences import sentences

MOSTLY = 0.5
"""What at least this share of an era's services have, its policies mostly have."""

_CONTACTS = {
    "email": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+"),
    "phone": re.compile(
        r"(?:(?<=phone)|(?<=tel)|(?<=call)|(?<=call us)|(?<=fax)|(?<![\w./-])(?=\+|1-8|\(\d{3}\)))"
        r"[ :.]{0,3}(?:at |on |number )?(\+?\(?\d[\d ()./-]{6,18}\d)",
        re.IGNORECASE,
    ),
}

_BY_POST = re.compile(r"\b(?:writ(?:e|ing) to|by (?:post|mail)|mailing address|letters? to)\b", re.IGNORECASE)
_ADDRESS = re.compile(
    r"\bBox \d|\b\d+[a-z]? [A-Z][a-z]+ [A-Z][a-z]|\b[A-Z]{2} \d{5}\b|\b[A-Z]{1,2}\d{1,2} \d[A-Z]{2}\b"
)
_TINTS = "#cfe2f3 #f9d5c2 #c9ead9 #f3d3e6 #fbe3b3 #d3eefb #e0e0e0 #ddd3f0 #e6ebc0 #f0f0f0".split()
"""A light tint a category, for black text; the name stands in it, so colour is only the second cue."""


class Clause(NamedTuple):
    """One segment with the categories that it was given, and their probabilities, 0 to 1."""

    segment: Segment
    categories: dict[str, float]


class Profile(NamedTuple):
    """What ``privacylab annotate`` shows of a policy."""

    name: str
    reason: str | None
    language: str
    effective_date: dates.EffectiveDate | None
    era: str
    frameworks: list[tuple[str, str, str]]
    clauses: list[Clause]
    cues: list[tuple[str, str | None, str]]
    contacts: list[tuple[str, str]]
    n_words: int
    n_segments: int

    def features(self) -> set[str]:
        """What it holds, by the names of the columns of `findings.features`."""
        names = {f"category:{category}" for clause in self.clauses for category in clause.categories}
        names |= {f"framework:{framework}" for framework, _, _ in self.frameworks}
        names |= {f"claims:{framework}" for framework, stance, _ in self.frameworks if stance in CLAIMED}
        return names | {f"cue:{cue}" for cue, _, _ in self.cues}

    def record(self) -> dict[str, Any]:
        """The profile as plain values, for JSON."""
        stated = self.effective_date
        return {
            "name": self.name,
            "is_policy": self.reason is None,
            "reason": self.reason,
            "language": self.language,
            "effective_date": stated.value if stated else None,
            "date_kind": stated.kind if stated else None,
            "date_is_ambiguous": stated.ambiguous if stated else None,
            "era": self.era,
            "n_words": self.n_words,
            "n_segments": self.n_segments,
            "frameworks": [dict(zip(("framework", "stance", "sentence"), row, strict=True)) for row in self.frameworks],
            "clauses": [
                {"heading": clause.segment.heading, "text": clause.segment.text, "categories": clause.categories}
                for clause in self.clauses
            ],
            "cues": [dict(zip(("cue", "value", "sentence"), row, strict=True)) for row in self.cues],
            "contacts": [dict(zip(("kind", "value"), row, strict=True)) for row in self.contacts],
        }


def of_file(path: str | Path) -> Profile:
    """The profile of a file.

    Raises:
        ValueError: The file cannot be read as text.
        OSError: It is not there.
    """
    file = Path(path)
    try:
        with files.ordinary(file) as opened:
            data = opened.read(sources.MAX_UNPACKED + 1)
        return of_data(data, name=file.name, media_type=sources.media_type_of(file.name))
    except normalize.NormalizeError as error:
        raise ValueError(f"{file}: {error}") from None


def of_data(data: bytes | str, *, name: str, media_type: str | None = None) -> Profile:
    """The profile of a policy's bytes or text."""
    blocks = normalize.blocks(data, media_type=media_type)
    rows = segments(blocks)
    texts = [segment.text for segment in rows]
    verdict = screen.judge(rows)
    stated = dates.effective_date("\n".join(block.text for block in blocks))
    return Profile(
        name=name,
        reason=verdict.reason,
        language=verdict.language,
        effective_date=stated,
        era=eras.era(stated.value if stated else None),
        frameworks=[
            (m.framework, m.stance, sentence_at(text, m.start)) for text in texts for m in frameworks.mentions(text)
        ],
        clauses=_clauses(rows),
        cues=[(cue.cue, cue.value, sentence_at(text, cue.start)) for text in texts for cue in cues.cues(text)],
        contacts=contacts(texts),
        n_words=sum(count_words(text).n_words for text in texts),
        n_segments=len(rows),
    )


def _clauses(rows: Sequence[Segment]) -> list[Clause]:
    limits = annotate.thresholds()
    # In whole percent, as the tables have them: a policy gets the same labels alone and in a corpus.
    distinct = list(dict.fromkeys(rows))
    percents = dict(zip(distinct, np.rint(100 * annotate.scores(distinct)).astype(int).tolist(), strict=True))
    return [
        Clause(segment, {c: p / 100 for c, p in zip(CATEGORIES, percents[segment], strict=True) if p >= limits[c]})
        for segment in rows
    ]


def sentence_at(text: str, start: int) -> str:
    """The sentence of a text in which a character stands.

    >>> sentence_at("We sell. You buy.", 10)
    'You buy.'
    """
    position = 0
    for sentence in sentences(text):
        position = text.index(sentence, position) + len(sentence)
        if start < position:
            return sentence.removeprefix("- ")
    return text


def contacts(texts: Sequence[str]) -> list[tuple[str, str]]:
    """How to reach the organisation: ``email``, ``phone`` and ``post`` (the sentence with the address), each once.

    >>> contacts(["Write to privacy@example.org, or call +44 20 7946 0000."])
    [('email', 'privacy@example.org'), ('phone', '+44 20 7946 0000')]
    """
    rows = []
    for text in texts:
        for kind, pattern in _CONTACTS.items():
            rows += [(kind, match[match.lastindex or 0].strip()) for match in pattern.finditer(text)]
        rows += [("post", each) for each in sentences(text) if _BY_POST.search(each) and _ADDRESS.search(each)]
    return list(dict.fromkeys(rows))


def lacking(policy: Profile, shares: pd.DataFrame, *, few: int = 20) -> pd.DataFrame:
    """What policies of the same era mostly have (at least `MOSTLY` of them) and this one has not.

    Args:
        policy: The profile.
        shares: `era_shares` of a corpus.
        few: An era with fewer services tells nothing.

    Returns:
        ``feature``, ``n``, ``value``, ``low``, ``high``, the most common first.

    Raises:
        ValueError: The policy states no date, or the corpus knows too few services of its era.
    """
    if policy.era == eras.UNDATED:
        raise ValueError("it states no date, so that there is no era to compare it with")
    rows = shares[(shares["era"] == policy.era) & (shares["n"] >= few)]
    if rows.empty:
        raise ValueError(f"the corpus has fewer than {few} services of the era {policy.era}")
    rows = rows[(rows["value"] >= MOSTLY) & ~rows["feature"].isin(policy.features())]
    ordered = rows.sort_values(["value", "feature"], ascending=[False, True], ignore_index=True)
    return ordered[["feature", "n", "value", "low", "high"]]


def era_shares(corpus: Corpus) -> pd.DataFrame:
    """`findings.share_by_era` of all that `lacking` compares: categories, frameworks and cues without their values."""
    features = findings.features(corpus)
    columns = [
        name
        for name in map(str, features)
        if name.startswith(("category:", "framework:", "cue:")) and "=" not in name and name != "category:Other"
    ]
    return findings.share_by_era(corpus.policies(), features, columns=columns)


def show(policy: Profile) -> HTML:
    """The policy for a notebook: its text, with what was found in it marked, and nothing of it taken as markup.

    Clause categories stand as labels before their segments; frameworks (with stance) and cues are marked where they
    stand in the text.
    """
    stated = policy.effective_date
    date = f"dated {stated.value}" if stated else "without a date"
    about = f"{date}, era {labels.readable(policy.era)}, {policy.n_words:,} words, {policy.n_segments} segments"
    parts = [Markup("<p><strong>{}</strong>: {}</p>").format(policy.name, about)]
    heading = None
    for clause in policy.clauses:
        if clause.segment.heading != heading:
            heading = clause.segment.heading
            parts.append(Markup("<p><strong>{}</strong></p>").format(heading or ""))
        parts.append(Markup("<p>{} {}</p>").format(category_labels(clause.categories), marked(clause.segment.text)))
    return HTML(f'<div class="policy">{"".join(parts)}</div>')  # type: ignore[no-untyped-call]


def category_labels(categories: Iterable[str]) -> Markup:
    """Clause categories as coloured labels, in HTML."""
    style = "color:#000;border-radius:3px;padding:0 .3em;font-size:.8em;white-space:nowrap"
    label = Markup('<span style="background:{};{}">{}</span>')
    return Markup(" ").join(label.format(_TINTS[CATEGORIES.index(name)], style, name) for name in categories)


def marked(text: str) -> Markup:
    """A text as escaped HTML with its framework mentions and cues in ``<mark>``, and what they are after them."""
    mentions = frameworks.mentions(text)
    spans = [(mention.start, mention.end, f"{mention.framework}: {mention.stance}") for mention in mentions]
    for cue in cues.cues(text):
        word = re.compile(r"\W*\w*").match(text, cue.start)
        name = f"{cue.cue}={cue.value}" if cue.value else cue.cue
        spans.append((cue.start, max(word.end() if word else 0, cue.start + 1), name))
    mark = Markup("{}<mark>{}</mark><small> [{}]</small>")
    parts, place = [], 0
    while spans := sorted(span for span in spans if span[0] >= place):
        start, end, _ = spans[0]
        names = dict.fromkeys(name for begin, _, name in spans if begin < end)  # two things may stand at one place
        parts.append(mark.format(text[place:start], text[start:end], ", ".join(names)))
        place = end
    return Markup("").join([*parts, escape(text[place:])]).replace("\n", Markup("<br>"))
