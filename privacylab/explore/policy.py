"""One policy as a person would read it: its date, era, frameworks, clauses, cues and contacts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from IPython.display import HTML
from markupsafe import Markup, escape

from privacylab import cues, dates, eras, files, frameworks, normalize, sources
from privacylab.build import annotate, screen
from privacylab.plots import labels
from privacylab.tables.schema import CATEGORIES, CLAIMED
from privacylab.text import audiences
from privacylab.text.counts import count_words
from privacylab.text.segments import Segment, segments
from privacylab.text.sentences import sentences

GROUPS = {
    "Rights": "cue:right_",
    "Retention": "cue:(?:retention_period|cookie_lifetime)$",
    "Legal bases": "cue:basis_",
    "Transfers": "framework:(?:safe_harbor|privacy_shield|dpf|scc|bcr|adequacy|uk_idta)$",
    "Laws and programmes": "framework:",
    "Also said": "cue:",
    "Clauses": "category:",
}
"""What a policy says is shown in these groups: the first whose pattern matches the feature's name."""

_STANCES = {
    "adheres": "adhered to",
    "relies": "relied on",
    "third_party": "of another party",
    "withdrawn": "withdrawn from",
    "mentions": "only named",
}
_AUDIENCES = {
    "children": "children",
    "california": "Californians",
    "us_states": "people of some US states",
    "eu_uk": "people in the EU or UK",
    "other": "people elsewhere",
}
_ON_RIGHTS = "User Access, Edit and Deletion"
_MIN_WORDS = 6
"""A shorter sentence is shown for a category only where there is no longer one."""

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


class Hit(NamedTuple):
    """What was found at one place of a policy.

    Attributes:
        feature: Its name in `findings.features`: ``framework:gdpr``, ``cue:right_access``, ``category:Do Not Track``.
        value: The stance towards a framework, the value of a cue; None if there is none.
        sentence: The sentence in which it stands.
        start: The first character, in the sentence, of the words that say it.
        end: The last but one.
        audience: For whom the segment speaks.
    """

    feature: str
    value: str | None
    sentence: str
    start: int
    end: int
    audience: str

    def around(self, width: int) -> str:
        """The words that say it and what stands around them, in at most ``width`` characters but for dots.

        >>> Hit("cue:ai", None, "We use machine learning to sell boats.", 7, 23, "all").around(26)
        '... use machine learning to ...'
        """
        text = self.sentence
        start = max(0, min(self.start - max(0, width - (self.end - self.start)) // 2, len(text) - width))
        end = start + width
        left = text[start : self.start] if not start else text[start : self.start].partition(" ")[2]
        right = text[self.start : end] if end >= len(text) else text[self.start : end].rpartition(" ")[0]
        return f"{'... ' if start else ''}{left}{right or text[self.start : end]}{' ...' if end < len(text) else ''}"


class Said(NamedTuple):
    """One thing that a policy says, as a reader would name it, and where: the place shown first comes first."""

    group: str
    name: str
    value: str
    hits: tuple[Hit, ...]

    def detail(self) -> str:
        """Its value, for whom it is said where that is not everybody, and in how many segments a category stands."""
        names = dict.fromkeys(hit.audience for hit in self.hits)
        whom = [] if audiences.ALL in names else [f"for {_AUDIENCES[name]}" for name in names]
        times = [f"{len(self.hits)} segments"] if self.group == "Clauses" and len(self.hits) > 1 else []
        return ", ".join([*([self.value] if self.value else []), *whom, *times])


class Profile(NamedTuple):
    """What ``privacylab annotate`` shows of a policy."""

    name: str
    reason: str | None
    language: str
    effective_date: dates.EffectiveDate | None
    era: str
    hits: list[Hit]
    clauses: list[Clause]
    contacts: list[tuple[str, str]]
    n_words: int
    n_segments: int

    def dated(self) -> str:
        """Its date and era in words."""
        stated, era = self.effective_date, labels.readable(self.era)
        if stated is None:
            return f"date none stated, era {era.lower()}"
        return f"date {stated.value} ({stated.kind}{', ambiguous' if stated.ambiguous else ''}), era {era}"

    def features(self) -> set[str]:
        """What it holds, by the names of the columns of `findings.features`."""
        names = {f"category:{category}" for clause in self.clauses for category in clause.categories}
        claimed = {f"claims:{_id(hit)}" for hit in self.hits if hit.value in CLAIMED}
        return names | claimed | {hit.feature for hit in self.hits}

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
            "frameworks": self._plain("framework", "stance"),
            "clauses": [
                {"heading": clause.segment.heading, "text": clause.segment.text, "categories": clause.categories}
                for clause in self.clauses
            ],
            "cues": self._plain("cue", "value"),
            "contacts": [dict(zip(("kind", "value"), row, strict=True)) for row in self.contacts],
        }

    def _plain(self, kind: str, value: str) -> list[dict[str, str | None]]:
        """The hits of a kind, each once."""
        rows = [
            {kind: _id(hit), value: hit.value, "sentence": hit.sentence, "audience": hit.audience}
            for hit in self.hits
            if hit.feature.startswith(kind)
        ]
        return [row for i, row in enumerate(rows) if row not in rows[:i]]


def _id(hit: Hit) -> str:
    return hit.feature.partition(":")[2]


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
        hits=[hit for segment in rows for hit in _hits(segment)],
        clauses=_clauses(rows),
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


def _hits(segment: Segment) -> Iterator[Hit]:
    """The frameworks and cues of a segment."""
    text = segment.text
    audience = audiences.of_text(text) or segment.audience
    found: list[tuple[str, str | None, int, int]]
    found = [(f"framework:{m.framework}", m.stance, m.start, m.end) for m in frameworks.mentions(text)]
    found += [(f"cue:{cue.cue}", cue.value, cue.start, cue.end) for cue in cues.cues(text)]
    for feature, value, start, end in found:
        sentence, begin = sentence_at(text, start)
        here = max(0, start - begin)
        yield Hit(feature, value, sentence, here, max(here, min(end - begin, len(sentence))), audience)


def sentence_at(text: str, start: int) -> tuple[str, int]:
    """The sentence of a text in which a character stands, and where it begins.

    >>> sentence_at("We sell. You buy.", 10)
    ('You buy.', 9)
    """
    position = 0
    for sentence in sentences(text):
        begin = text.index(sentence, position)
        position = begin + len(sentence)
        if start < position:
            bare = sentence.removeprefix("- ")
            return bare, position - len(bare)
    return text, 0


def said(policy: Profile) -> list[Said]:
    """What a policy says, each thing once, by `GROUPS`; a framework is `only named` where no other stance is taken.

    A clause category is shown by the sentence that speaks for it most; a right by one from a segment about rights, if
    there is one: "see your profile" may stand anywhere.
    """
    rights = "\n".join(c.segment.text for c in policy.clauses if _ON_RIGHTS in c.categories)
    found: dict[tuple[str, str | None], list[Hit]] = {}
    for hit in [*policy.hits, *_evidence(policy.clauses)]:
        found.setdefault((hit.feature, hit.value), []).append(hit)
    for (feature, _), hits in found.items():
        if feature.startswith("cue:right_"):
            hits.sort(key=lambda hit: hit.sentence not in rights)
    taken = {feature for feature, value in found if value != frameworks.STANCES[-1]}
    rows = [
        _said(feature, value, hits)
        for (feature, value), hits in found.items()
        if not (feature.startswith("framework:") and value == frameworks.STANCES[-1] and feature in taken)
    ]
    order = list(GROUPS)
    return sorted(rows, key=lambda row: order.index(row.group))


def _said(feature: str, value: str | None, hits: Sequence[Hit]) -> Said:
    group = next(name for name, pattern in GROUPS.items() if re.match(pattern, feature))
    told = _STANCES.get(value or "", "") if feature.startswith("framework:") else ""
    if value and value != "mentions" and feature.startswith("cue:"):
        told = labels.readable(f"{feature}={value}").partition(": ")[2]
    return Said(group, labels.readable(feature), told, tuple(hits))


def _evidence(clauses: Sequence[Clause]) -> list[Hit]:
    """Of each clause and category the sentence with the highest probability, the highest of a category first."""
    lines = [(clause, line.removeprefix("- ")) for clause in clauses for line in sentences(clause.segment.text)]
    scores = annotate.scores([Segment(None, line) for _, line in lines]) if lines else np.zeros((0, len(CATEGORIES)))
    rows: dict[tuple[int, str], tuple[float, str]] = {}
    for (clause, line), row in zip(lines, scores, strict=True):
        is_short = line.count(" ") + 1 < _MIN_WORDS  # the heading or the label of something, it proves little
        for category, score in zip(CATEGORIES[:-1], row, strict=False):
            if category in clause.categories:
                key = id(clause), category
                rows[key] = max(rows.get(key, (-1.0, "")), (float(score) - is_short, line))
    best = sorted(((score, category, line) for (_, category), (score, line) in rows.items()), reverse=True)
    order = list(CATEGORIES)
    return [
        Hit(f"category:{category}", None, line, 0, len(line), audiences.ALL)
        for _, category, line in sorted(best, key=lambda row: order.index(row[1]))
    ]


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


def show(policy: Profile) -> HTML:
    """The policy for a notebook: its text, with what was found in it marked, and nothing of it taken as markup.

    Clause categories stand as labels before their segments; frameworks (with stance) and cues are marked where they
    stand in the text.
    """
    about = f"{policy.dated()}, {policy.n_words:,} words, {policy.n_segments} segments"
    parts = [Markup("<p><strong>{}</strong>: {}</p>").format(policy.name, about)]
    heading = None
    for clause in policy.clauses:
        if clause.segment.heading != heading:
            heading = clause.segment.heading
            parts.append(Markup("<p><strong>{}</strong></p>").format(heading or ""))
        parts.append(Markup("<p>{} {}</p>").format(category_labels(clause.categories), marked(clause.segment.text)))
    body = Markup("").join(parts)
    quiet = " mathjax_ignore" if "$" in body or "\\" in body else ""  # two prices are no formula
    return HTML(f'<div class="policy{quiet}">{body}</div>')  # type: ignore[no-untyped-call]


def category_labels(categories: Iterable[str]) -> Markup:
    """Clause categories as coloured labels, in HTML."""
    style = "color:#000;border-radius:3px;padding:0 .3em;font-size:.8em;white-space:nowrap"
    label = Markup('<span style="background:{};{}">{}</span>')
    return Markup(" ").join(label.format(_TINTS[CATEGORIES.index(name)], style, name) for name in categories)


def marked(text: str) -> Markup:
    """A text as escaped HTML with the words that name a framework or fire a cue in ``<mark>``, and what after them."""
    spans = [(m.start, m.end, _called(f"framework:{m.framework}", m.stance)) for m in frameworks.mentions(text)]
    spans += [(cue.start, max(cue.end, cue.start + 1), _called(f"cue:{cue.cue}", cue.value)) for cue in cues.cues(text)]
    mark = Markup("{}<mark>{}</mark><small> [{}]</small>")
    parts, place = [], 0
    while spans := sorted(span for span in spans if span[1] > place):
        start, end, _ = spans[0]
        start = max(start, place)
        names = dict.fromkeys(name for begin, _, name in spans if begin < end)  # two things may stand at one place
        parts.append(mark.format(text[place:start], text[start:end], ", ".join(names)))
        place = end
        spans = [span for span in spans if span[0] >= end]
    return Markup("").join([*parts, escape(text[place:])]).replace("\n", Markup("<br>"))


def _called(feature: str, value: str | None) -> str:
    said = _said(feature, value, ())
    return f"{said.name}: {said.value}" if said.value else said.name
