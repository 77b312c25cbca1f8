"""One policy, or two compared, as the body of a page: none of its text is markup, and it loads nothing."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import attrgetter

import pandas as pd
from markupsafe import Markup

from privacylab.explore.policy import Profile, Said, said, show
from privacylab.explore.terminal import not_found_cells
from privacylab.explore.versions import Comparison, side_by_side
from privacylab.plots import labels

_LEAD = "Most services of the era {} have these, but the program did not find them here: look yourself."


def annotated(profile: Profile, *, missing: pd.DataFrame | None, unknown: str | None, where: str = "") -> Markup:
    """One policy: what it says, what others of its era have, and its text with findings marked.

    Args:
        profile: The policy.
        missing: From `others.not_found`.
        unknown: Why that is not known, where ``missing`` is None.
        where: Whose services those others are, as it goes on behind the era's name.
    """
    parts = [_about(profile), _heading("What it says"), *_groups(said(profile))]
    parts += [table("Contacts", ("", "where"), profile.contacts), _heading("What others of its era have")]
    if missing is None:
        parts.append(Markup("<p>Not known: {}.</p>").format(unknown))
    else:
        lead = "All that most services of the era {} have was found here." if missing.empty else _LEAD
        rows = [not_found_cells(row) for _, row in missing.iterrows()]
        parts.append(Markup("<p>{}</p>").format(lead.format(labels.readable(profile.era) + where)))
        parts.append(table("Not found", ("", "services of the era", "here"), rows))
    return Markup("").join([*parts, _heading("The text"), Markup(show(profile).data)])


def compared(comparison: Comparison) -> Markup:
    """Two policies: what was added, what was dropped, and their sentences side by side."""
    old, new = comparison.old, comparison.new
    parts = [Markup("<p>{}</p>").format(comparison.summary()), _about(old), _about(new)]
    for title, found in comparison.titled():
        if found or not title.startswith("Perhaps"):
            parts += [_heading(title), *(_groups(found) or [Markup("<p>Nothing that the program looks for.</p>")])]
    sides = side_by_side(comparison.sentences, before=old.name, after=new.name, unit="sentence")
    parts += [_heading("Sentence by sentence"), Markup('<div class="sides">{}</div>').format(sides)]
    return Markup("").join(parts)


def _about(profile: Profile) -> Markup:
    reason = f"; not a policy in English: {profile.reason}" if profile.reason else ""
    return Markup("<p>{}: {}, {:,} words{}.</p>").format(profile.name, profile.dated(), profile.n_words, reason)


def _heading(text: str) -> Markup:
    return Markup("<h2>{}</h2>").format(text)


def _groups(statements: Iterable[Said]) -> list[Markup]:
    """One table per group: what is said, of what kind, for whom, and the sentence with its evidence marked."""
    tables = []
    for title, group in groupby(statements, key=attrgetter("group")):
        rows = [(row.name, row.detail(), _sentence(row)) for row in group]
        if any(detail for _, detail, _ in rows):
            tables.append(table(title, ("", "What, for whom", "Words"), rows))
        else:
            tables.append(table(title, ("", "Words"), [(name, words) for name, _, words in rows]))
    return tables


def _sentence(row: Said) -> Markup:
    hit = row.hits[0]
    if hit.feature.startswith("category:"):  # the sentence as a whole says it
        return Markup("{}").format(hit.sentence)
    parts = hit.sentence[: hit.start], hit.sentence[hit.start : hit.end], hit.sentence[hit.end :]
    return Markup("{}<mark>{}</mark>{}").format(*parts)


def table(caption: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Markup:
    """A table with its caption; the first cell of a row is its head; empty without rows."""
    if not rows:
        return Markup("")
    cell = Markup('<th scope="col">{}</th>')
    head = Markup("").join(cell.format(name) if name else Markup("<td></td>") for name in heads)
    lines = []
    for first, *rest in rows:
        cells = Markup("").join(Markup("<td>{}</td>").format(text) for text in rest)
        lines.append(Markup('<tr><th scope="row">{}</th>{}</tr>').format(first, cells))
    html = '<div class="sides"><table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    return Markup(html).format(caption, head, Markup("").join(lines))
