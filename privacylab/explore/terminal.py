"""One policy's profile for a terminal."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.styled import Styled
from rich.table import Column, Table

from privacylab.explore.policy import Profile
from privacylab.plots import labels
from privacylab.tables.schema import CATEGORIES


def shown(profile: Profile, *, lacks: Sequence[Mapping[str, Any]] | None, unknown: str | None) -> Group:
    """What rich prints of a policy: its date, then a table each of frameworks, categories, cues and contacts.

    Args:
        profile: The policy.
        lacks: What others of its era mostly have and it lacks: the rows of `policy.lacking`.
        unknown: Why that is not known, where ``lacks`` is None.
    """
    return Group(*_summary(profile), *_comparison(profile.era, lacks, unknown))


def _summary(profile: Profile) -> Iterator[RenderableType]:
    stated = profile.effective_date
    date = f"{stated.value} ({stated.kind}{', ambiguous' if stated.ambiguous else ''})" if stated else "none stated"
    yield Styled(f"{profile.name}: {profile.n_words:,} words, {profile.n_segments} segments", "bold")
    yield f"date {date}, era {profile.era}" + (f"; no policy: {profile.reason}" if profile.reason else "")
    mentions = [(framework, stance, _short(text)) for framework, stance, text in dict.fromkeys(profile.frameworks)]
    yield from _grid(("framework", "stance", "sentence"), mentions)
    categories = []
    for category in CATEGORIES:
        clauses = [clause for clause in profile.clauses if category in clause.categories]
        if clauses:
            clearest = max(clauses, key=lambda clause: clause.categories[category])
            categories.append((category, str(len(clauses)), _short(clearest.segment.text)))
    yield from _grid(("category", "segments", "clearest"), categories)
    cues: dict[str, tuple[str, dict[str, None]]] = {}
    for cue, value, sentence in profile.cues:
        values = cues.setdefault(cue, (_short(sentence), {}))[1]
        if value:
            values[labels.readable(f"{cue}={value}").partition(": ")[2]] = None
    for title, is_right in (("right", True), ("other", False)):
        rows = [
            (cue.removeprefix("right_").replace("_", " "), ", ".join(values), sentence)
            for cue, (sentence, values) in sorted(cues.items())
            if cue.startswith("right_") == is_right
        ]
        yield from _grid((title, "value", "sentence"), rows)
    yield from _grid(("contact", "where"), profile.contacts)


def _comparison(era: str, lacks: Sequence[Mapping[str, Any]] | None, unknown: str | None) -> Iterator[RenderableType]:
    if lacks is None:
        yield f"what its era mostly has and it lacks is not known: {unknown}"
    elif not lacks:
        yield f"it has all that most services of the era {era} have"
    else:
        rows = [
            (labels.readable(row["feature"]), f"{row['value']:.0%} ({row['low']:.0%} to {row['high']:.0%})")
            for row in lacks
        ]
        yield from _grid((f"most of the era {era} have, it lacks", "services"), rows)


def _grid(columns: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Iterator[RenderableType]:
    """A table; none where it has no rows."""
    if rows:
        first, *others = columns
        heads = [Column(first, no_wrap=True), *(Column(name, overflow="fold") for name in others)]
        grid = Table(*heads, box=None, pad_edge=False)
        for row in rows:
            grid.add_row(*row)
        yield grid


def _short(text: str) -> str:
    return textwrap.shorten(text.split("\n")[0], 164, placeholder=" ...")
