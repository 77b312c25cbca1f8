"""One policy's profile for a terminal, several as a table, two compared."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

import pandas as pd
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.styled import Styled
from rich.table import Column, Table

from privacylab.explore.policy import Profile, Said, said
from privacylab.explore.versions import Comparison
from privacylab.plots import labels
from privacylab.sources import counted

CAVEAT = "Found by a program: it may have missed things, and what it found may mean something else."
_NARROW = 80
"""Columns: in a narrower terminal nothing is side by side."""
_MARKS = {"changed": ("- ", "+ "), "moved": ("~ ", "~ "), "removed": ("- ", ""), "added": ("", "+ ")}


def shown(profile: Profile, *, missing: pd.DataFrame | None, unknown: str | None, width: int) -> Group:
    """A policy for rich to print: its date, what it says group by group, its contacts, and what was not found.

    Args:
        profile: The policy.
        missing: From `others.not_found`.
        unknown: Why that is not known, where ``missing`` is None.
        width: Columns of the terminal.
    """
    lines: list[RenderableType] = [
        Styled(f"{profile.name}: {counted(profile.n_words, 'word')}, {counted(profile.n_segments, 'segment')}", "bold"),
        profile.dated() + (f"; not a policy: {profile.reason}" if profile.reason else ""),
        *_groups(said(profile), width),
        *_rows("Contacts", [(kind, "", where) for kind, where in profile.contacts], width),
    ]
    era = labels.readable(profile.era)
    if missing is None:
        lines.append(f"what most services of its era have, and was not found here, is not known: {unknown}")
    elif missing.empty:
        lines.append(f"all that most services of the era {era} have was found here")
    else:
        title = f"Most services of the era {era} have these, but the program did not find them here: look yourself"
        lines += _rows(title, [not_found_cells(row) for _, row in missing.iterrows()], width)
    return Group(*lines)


def overview(profiles: Sequence[Profile], width: int) -> Group:
    """Several policies as rows: date, era, words, how many rights and periods, and the frameworks that it names."""
    rows = []
    for profile in profiles:
        statements = said(profile)
        n_rights, n_periods = (sum(row.group == name for row in statements) for name in ("Rights", "Retention"))
        named = dict.fromkeys(row.name for row in statements if row.group in ("Transfers", "Laws and programmes"))
        about = f"{profile.n_words:,} words, rights: {n_rights}, periods: {n_periods}"
        rows.append((profile.name, profile.dated(), f"{about}; {', '.join(named) or 'no framework'}"))
    return Group(*_rows(f"{len(profiles)} files", rows, width))


def compared(comparison: Comparison, width: int) -> Group:
    """What was added and dropped, and the sentences that differ: ``-`` before, ``+`` after, ``~`` moved."""
    lines: list[RenderableType] = [Styled(comparison.summary(), "bold")]
    for title, found in comparison.titled():
        if found:
            lines += [Styled(title.upper(), "bold"), *_groups(found, width)]
    rest = comparison.sentences[comparison.sentences["change"] != "same"]
    if len(rest):
        lines.append(Styled("SENTENCES (- before, + after, ~ moved)", "bold"))
    for change, before, after in rest[["change", "before", "after"]].itertuples(index=False):
        lines += [mark + text for mark, text in zip(_MARKS[change], (before, after), strict=True) if text]
    return Group(*lines, CAVEAT)


def _groups(statements: Iterable[Said], width: int) -> Iterator[RenderableType]:
    """A table a group: what is said, of what kind and for whom, and the words that say it."""
    for title, rows in groupby(statements, key=attrgetter("group")):
        yield from _rows(title, [(row.name, row.detail(), row) for row in rows], width)


def _rows(title: str, rows: Sequence[tuple[str, str, str | Said]], width: int) -> Iterator[RenderableType]:
    """A heading and its rows, side by side if there is room; empty without rows."""
    if not rows:
        return
    yield Styled(title, "bold")
    most = 3 * width // 10, width // 5
    sizes = [max(1, min(max(len(str(row[i])) for row in rows), most[i])) for i in (0, 1)]
    room = width - 2 if width < _NARROW else width - sum(sizes) - 6
    cells = [(*about, text if isinstance(text, str) else text.hits[0].around(2 * room - 8)) for *about, text in rows]
    if width < _NARROW:
        for name, about, text in cells:
            yield f"{name}: {about}" if about else name
            yield Padding(text, (0, 0, 0, 2))
        return
    heads = [*(Column(width=size, overflow="fold") for size in sizes), Column(overflow="fold")]
    grid = Table(*heads, box=None, show_header=False, padding=(0, 1))
    for row in cells:
        grid.add_row(*row)
    yield grid


def not_found_cells(row: pd.Series) -> tuple[str, str, str]:
    """For a row of `others.not_found`: its name, the share of services, how often the program finds what is there."""
    share = f"{row['value']:.0%} ({row['low']:.0%} to {row['high']:.0%})"
    measured = "how often it finds it is not known"
    if pd.notna(row["recall"]):
        measured = f"it finds it in {row['recall']:.0%} of policies that have it, {row['n_read']:.0f} were read"
    return labels.readable(row["feature"]), share, f"not found by the program ({measured})"
