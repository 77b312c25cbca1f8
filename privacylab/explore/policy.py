"""One policy as a person would read it: its date, era, frameworks, clauses, cues and contacts."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from IPython.display import HTML
from markupsafe import Markup, escape

from privacylab import cues, dates, eras, files, frameworks, normalize, sources
from privacylab.build import annotate, screen
from privacylab.explore.hits import Clause, Hit, evidence, hits_of, scored
from privacylab.plots import labels
from privacylab.sources import counted, name_dates
from privacylab.tables.schema import CATEGORIES, CLAIMED
from privacylab.text import audiences
from privacylab.text.contacts import contacts
from privacylab.text.counts import count_words
from privacylab.text.segments import Segment, segments

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
_BASES = {"given": "given", "name": "from the file's name", "corpus": "in the corpus"}
_SPOKEN_FOR = {
    "cue:right_(?!objection|withdraw)": "User Access, Edit and Deletion",
    "cue:(?:right_objection|right_withdraw_consent|targeted_advertising)$": "User Choice/Control",
    "cue:retention_period": "Data Retention",
    "cue:(?:tracker|ai|biometric|precise_location|social_login)$": "First Party Collection/Use",
    "cue:(?:business_transfer|sale_of_data)$": "Third Party Sharing/Collection",
    "cue:do_not_track$": "Do Not Track",
    "cue:children_age$": "International and Specific Audiences",
}
"""A right or a tracker may be named anywhere ("see your profile"); a sentence of its category is about it."""
_TINTS = "#cfe2f3 #f9d5c2 #c9ead9 #f3d3e6 #fbe3b3 #d3eefb #e0e0e0 #ddd3f0 #e6ebc0 #f0f0f0".split()
"""A light tint per category, for black text; it contains the name, so colour is only the second cue."""


class Said(NamedTuple):
    """One thing that a policy says, by its readable name, and its places, the one to show first."""

    group: str
    name: str
    value: str
    hits: tuple[Hit, ...]

    def detail(self) -> str:
        """Its value, its audience unless that is everybody or a law's, and how many segments have the category."""
        names = dict.fromkeys(
            audiences.ALL if hit.feature.startswith("framework:") else hit.audience for hit in self.hits
        )
        whom = [] if audiences.ALL in names else [f"for {_AUDIENCES[name]}" for name in names]
        times = [f"{len(self.hits)} segments"] if self.group == "Clauses" and len(self.hits) > 1 else []
        return ", ".join([*([self.value] if self.value else []), *whom, *times])


class OtherDate(NamedTuple):
    """A date from elsewhere than the text, by `_BASES`; ``fault`` tells why it is none."""

    value: str | None
    basis: str
    fault: str | None = None


class Profile(NamedTuple):
    """What ``privacylab annotate`` shows of a policy."""

    name: str
    reason: str | None
    language: str
    effective_date: dates.EffectiveDate | None
    other_date: OtherDate | None
    era: str
    hits: list[Hit]
    clauses: list[Clause]
    contacts: list[tuple[str, str]]
    n_words: int
    n_segments: int

    def dated(self) -> str:
        """Its date, where that is from, and its era in words."""
        stated, other, dates_told = self.effective_date, self.other_date, ["none stated"]
        if stated:
            dates_told = [f"{stated.value} ({stated.kind}{', ambiguous' if stated.ambiguous else ''})"]
        if other:
            known = f"{other.value} ({_BASES[other.basis]})" if other.value else f"the file's name: {other.fault}"
            dates_told = [known] if other.basis == "corpus" else [*dates_told, known]
        era = labels.readable(self.era)
        return f"date {'; '.join(dates_told)}, era {era.lower() if self.era == eras.UNDATED else era}"

    def features(self) -> set[str]:
        """Its features, by the names of the columns of `findings.features`."""
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
            "other_date": self.other_date.value if self.other_date else None,
            "other_date_basis": self.other_date.basis if self.other_date else None,
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


def of_file(path: str | Path, *, date: str | None = None) -> Profile:
    """The profile of a file.

    Args:
        path: The file; a date in its name is the policy's where the text states none.
        date: The policy's, ``YYYY-MM-DD``, if it is known: it outweighs both.

    Raises:
        ValueError: The file cannot be read as text, or the date is none.
        OSError: It does not exist.
    """
    file = Path(path)
    try:
        with files.ordinary(file) as opened:
            data = opened.read(sources.MAX_UNPACKED + 1)
        return of_data(data, name=file.name, media_type=sources.media_type_of(file.name), date=date)
    except normalize.NormalizeError as error:
        raise ValueError(f"{file}: {error}") from None


def of_data(data: bytes | str, *, name: str, media_type: str | None = None, date: str | None = None) -> Profile:
    """The profile of a policy's bytes or text; a date that is given or stands in the name as in `of_file`."""
    date = _day(date) if date else None
    blocks = normalize.blocks(data, media_type=media_type)
    rows = segments(blocks)
    texts = [segment.text for segment in rows]
    verdict = screen.judge(rows)
    stated = dates.effective_date("\n".join(block.text for block in blocks), snapshot=date)
    other = OtherDate(date, "given") if date else None if stated else _in_name(name)
    own = other.value if other else stated.value if stated else None
    return Profile(
        name=name,
        reason=verdict.reason,
        language=verdict.language,
        effective_date=stated,
        other_date=other,
        era=eras.era(own if stated or _is_day(own) else None),
        hits=[hit for segment in rows for hit in hits_of(segment)],
        clauses=_clauses(rows),
        contacts=contacts(texts),
        n_words=sum(count_words(text).n_words for text in texts),
        n_segments=len(rows),
    )


def _is_day(date: str | None) -> bool:
    return len(date or "") == len("2018-05-25")


def _day(date: str) -> str:
    """A day as it was given, in ISO's form."""
    reading = name_dates.in_cell(date)
    if reading is None or reading.value is None or not _is_day(reading.value):
        raise ValueError(f"the date {(reading and reading.fault) or repr(date)}: write YYYY-MM-DD")
    return reading.value


def _in_name(name: str) -> OtherDate | None:
    reading = name_dates.in_name(Path(name).stem)
    return reading and OtherDate(reading.value, "name", reading.fault)


def _clauses(rows: Sequence[Segment]) -> list[Clause]:
    limits = annotate.thresholds()
    # In whole percent, as the tables have them: a policy gets the same labels alone and in a corpus.
    distinct = list(dict.fromkeys(rows))
    percents = dict(zip(distinct, np.rint(100 * annotate.scores(distinct)).astype(int).tolist(), strict=True))
    return [
        Clause(segment, {c: p / 100 for c, p in zip(CATEGORIES, percents[segment], strict=True) if p >= limits[c]})
        for segment in rows
    ]


def said(policy: Profile) -> list[Said]:
    """What a policy says, each thing once, by `GROUPS`; `only named` or spoken of if there is nothing else.

    A clause category, and what `_SPOKEN_FOR` names, is shown by the sentence that speaks most for the category, the
    rest by its first sentence; a heading only where there is no sentence.
    """
    found: dict[tuple[str, str | None], list[Hit]] = {}
    for hit in [*policy.hits, *evidence(policy.clauses, policy.hits)]:
        found.setdefault((hit.feature, hit.value), []).append(hit)
    scores = scored(hit.sentence for hit in policy.hits if re.match("|".join(_SPOKEN_FOR), hit.feature))
    for (feature, _), hits in found.items():
        if not feature.startswith("category:"):  # `evidence` has those in order
            hits.sort(key=lambda hit: (hit.is_label, -_speaks(hit, scores)))
    taken = {feature for feature, value in found if value != frameworks.STANCES[-1]}
    rows = [
        _said(feature, value, hits)
        for (feature, value), hits in found.items()
        if value != frameworks.STANCES[-1] or feature not in taken
    ]
    order = list(GROUPS)
    return sorted(rows, key=lambda row: order.index(row.group))


def _speaks(hit: Hit, scores: Mapping[str, np.ndarray]) -> float:
    """How much a hit's sentence speaks for the category of `_SPOKEN_FOR`, 0 to 1; 0 if there is none."""
    found = (name for pattern, name in _SPOKEN_FOR.items() if re.match(pattern, hit.feature))
    return max((float(scores[hit.sentence][CATEGORIES.index(name)]) for name in found), default=0)


def _said(feature: str, value: str | None, hits: Sequence[Hit]) -> Said:
    group = next(name for name, pattern in GROUPS.items() if re.match(pattern, feature))
    told = _STANCES.get(value or "", "") if feature.startswith("framework:") else ""
    if value and value != "mentions" and feature.startswith("cue:"):
        told = labels.readable(f"{feature}={value}").partition(": ")[2]
    return Said(group, labels.readable(feature), told, tuple(hits))


def show(policy: Profile) -> HTML:
    """The policy for a notebook: its text with findings marked, none of it read as markup.

    Clause categories are labels before their segments; frameworks (with stance) and cues are marked in the text.
    """
    about = f"{policy.dated()}, {counted(policy.n_words, 'word')}, {counted(policy.n_segments, 'segment')}"
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
        names = dict.fromkeys(name for begin, _, name in spans if begin < end)  # two things may be at one place
        parts.append(mark.format(text[place:start], text[start:end], ", ".join(names)))
        place = end
        spans = [span for span in spans if span[0] >= end]
    return Markup("").join([*parts, escape(text[place:])]).replace("\n", Markup("<br>"))


def _called(feature: str, value: str | None) -> str:
    statement = _said(feature, value, ())
    return f"{statement.name}: {statement.value}" if statement.value else statement.name
