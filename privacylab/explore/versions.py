"""Two versions of a policy: side by side, and what was added and dropped."""

import difflib
import re
from collections import Counter
from collections.abc import Collection, Hashable, Sequence
from itertools import compress
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from privacylab import cues
from privacylab.build import annotate
from privacylab.explore import policy
from privacylab.explore.policy import Profile, Said
from privacylab.explore.texts import Texts, segments_of
from privacylab.tables.schema import CATEGORIES
from privacylab.text.sentences import sentences

CHANGES = ("same", "changed", "moved", "removed", "added")
"""The possible changes of a text."""

_SIMILAR = 0.4
"""Two texts that share this much of their words (Jaccard) are one changed text."""

_MOST_PAIRS = 250_000
"""Pairs of equal words, or of segments, that are compared one by one."""


class Comparison(NamedTuple):
    """The changes of a policy: what is new or gone, what perhaps is, and its sentences (from `aligned`)."""

    old: Profile
    new: Profile
    came: list[Said]
    went: list[Said]
    perhaps_came: list[Said]
    perhaps_went: list[Said]
    sentences: pd.DataFrame

    def titled(self) -> list[tuple[str, list[Said]]]:
        """What changed, under titles for people."""
        titles = (
            "Added",
            "Dropped",
            "Perhaps added, for the old has such words",
            "Perhaps dropped, for the new has such words",
        )
        return [*zip(titles, (self.came, self.went, self.perhaps_came, self.perhaps_went), strict=True)]

    def summary(self) -> str:
        """The changes of the text in one sentence."""
        counts = self.sentences["change"].value_counts()
        if not set(counts.index) - {"same"}:
            return f"{self.old.name} and {self.new.name} say the same, sentence by sentence."
        told = ", ".join(f"{counts.get(change, 0):,} {change}" for change in CHANGES)
        return f"{self.old.name} to {self.new.name}: of the sentences {told}."


def compared(old: Profile, new: Profile) -> Comparison:
    """Two versions of a policy compared: what was added and dropped by `policy.GROUPS`, and the sentences side by side.

    What the program does not find in one version is only perhaps added or dropped if that version has such words: all
    those of a cue's pattern in one sentence or heading, or half of a clause category's least probability.

    Raises:
        ValueError: One is not a policy in English.
    """
    for each in (old, new):
        if each.reason:
            tongue = f" {each.language}" if each.reason == "language" else ""
            raise ValueError(f"{each.name} is not a policy in English ({each.reason}{tongue}): compare two that are")
    before, after = ({row[:3]: row for row in policy.said(each)} for each in (old, new))
    came, perhaps_came = _split(_lacking(after, before), old)
    went, perhaps_went = _split(_lacking(before, after), new)
    return Comparison(old, new, came, went, perhaps_came, perhaps_went, aligned(*map(_sentences, (old, new))))


def _lacking(rows: dict[tuple[str, str, str], Said], others: Collection[tuple[str, str, str]]) -> list[Said]:
    """The rows that the others lack; one without a value only if they lack its name."""
    known = {*others, *((group, name, "") for group, name, _ in others)}
    return [row for key, row in rows.items() if key not in known]


def _split(rows: Sequence[Said], other: Profile) -> tuple[list[Said], list[Said]]:
    """The rows of which the other policy has no hint, and those of which it has one."""
    hints = _hints(other) if rows else set()
    hinted = [(row.hits[0].feature, row.hits[0].value) in hints for row in rows]
    return [row for row, is_so in zip(rows, hinted, strict=True) if not is_so], [*compress(rows, hinted)]


def _hints(profile: Profile) -> set[tuple[str, str | None]]:
    """The cues, with their values, and the clause categories that a policy may have although they were not found."""
    segments = [clause.segment for clause in profile.clauses]
    texts = [text for segment in segments for text in (segment.heading, segment.text) if text]
    limits = annotate.thresholds()
    highest = dict(zip(CATEGORIES, 100 * annotate.scores(segments).max(axis=0), strict=True))
    said = {(f"cue:{cue}", value) for cue, value in set().union(*map(cues.possible, texts))}
    return said | {(f"category:{name}", None) for name in CATEGORIES if highest[name] >= limits[name] / 2}


def _sentences(profile: Profile) -> list[str]:
    return [line.removeprefix("- ") for clause in profile.clauses for line in sentences(clause.segment.text)]


def differences(texts: Texts, before: str, after: str) -> pd.DataFrame:
    """Two versions of a policy, segment by segment.

    Args:
        texts: Where to look.
        before: ``policy_id`` of the one.
        after: And of the other.

    Returns:
        As `aligned`, and ``categories_before``, ``categories_after`` (tuples).

    Raises:
        ValueError: There is no such policy.
    """
    old, new = segments_of(texts, before), segments_of(texts, after)
    rows = aligned(old["text"].tolist(), new["text"].tolist())
    for side, segments in (("before", old), ("after", new)):
        labels = dict(zip(segments["text"], segments["categories"], strict=True))
        rows[f"categories_{side}"] = pd.Series([labels.get(text, ()) for text in rows[side]], dtype=object)
    return rows


def aligned(old: Sequence[str], new: Sequence[str]) -> pd.DataFrame:
    """Two rows of texts side by side.

    Returns:
        ``change``, ``before``, ``after`` (null where there is none), in the order of the texts; ``change`` is one of
        `CHANGES`. A text without a counterpart that is nevertheless in the other row has ``moved``.
    """
    in_old, in_new = set(map(_bare, old)), set(map(_bare, new))
    pairs: list[tuple[int, int]] = []
    for tag, i1, i2, j1, j2 in _changes(old, new):
        if tag == "equal":
            pairs += zip(range(i1, i2), range(j1, j2), strict=True)
        else:
            left = [i for i in range(i1, i2) if _bare(old[i]) not in in_new]  # a moved text is not another, changed one
            right = [j for j in range(j1, j2) if _bare(new[j]) not in in_old]
            pairs += _similar(old, new, left, right)
    rows: list[tuple[str, str | None, str | None]] = []
    i, j = 0, 0
    for a, b in [*sorted(pairs), (len(old), len(new))]:
        rows += [("moved" if _bare(text) in in_new else "removed", text, None) for text in old[i:a]]
        rows += [("moved" if _bare(text) in in_old else "added", None, text) for text in new[j:b]]
        if a < len(old):
            rows.append(("same" if old[a] == new[b] else "changed", old[a], new[b]))
        i, j = a + 1, b + 1
    return pd.DataFrame(rows, columns=["change", "before", "after"], dtype=object)


def _bare(text: str) -> str:
    return " ".join(text.split())


def _changes(old: Sequence[str], new: Sequence[str]) -> Sequence[tuple[str, int, int, int, int]]:
    """The changes of parts, from difflib; if too many are equal only the rare ones count."""
    n_old, n_new = Counter(old), Counter(new)
    n_pairs = sum(n * n_new[part] for part, n in n_old.items())
    return difflib.SequenceMatcher(None, old, new, autojunk=n_pairs > _MOST_PAIRS).get_opcodes()


def _similar(
    old: Sequence[str], new: Sequence[str], left: Sequence[int], right: Sequence[int]
) -> list[tuple[int, int]]:
    """Pairs of similar texts, the most similar first, that do not cross; none if there are too many."""
    if len(left) * len(right) > _MOST_PAIRS:
        return []
    old_words = {i: set(re.findall(r"\w+", old[i].lower())) for i in left}
    new_words = {j: set(re.findall(r"\w+", new[j].lower())) for j in right}
    candidates = []
    for i, before in old_words.items():
        for j, after in new_words.items():
            candidates.append((-len(before & after) / max(1, len(before | after)), i, j))
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for distance, i, j in sorted(candidates):
        is_free = distance <= -_SIMILAR and i not in pairs and j not in taken
        if is_free and all((i < a) == (j < b) for a, b in pairs.items()):
            pairs[i] = j
            taken.add(j)
    return list(pairs.items())


def side_by_side(diff: pd.DataFrame, *, before: str, after: str, unit: str = "segment") -> Markup:
    """`differences` as an HTML table: clause categories as coloured labels, dropped and added words marked.

    Args:
        diff: From `differences`.
        before: The header of the left column.
        after: And of the right one.
        unit: What a row is.
    """
    counts = diff["change"].value_counts()
    told = [change for change in CHANGES if change in counts or change != "moved"]
    caption = ", ".join(f"{counts.get(change, 0)} {change}" for change in told)
    head = Markup("").join(Markup('<th scope="col" style="width:50%">{}</th>').format(name) for name in (before, after))
    rows = []
    for _, group in diff.groupby((diff["change"] != diff["change"].shift()).cumsum(), sort=False):
        if group["change"].iloc[0] == "same":
            same = f"{len(group)} unchanged {unit}{'s' * (len(group) > 1)}"
            rows.append(Markup('<tr><td colspan="2"><em>{}</em></td></tr>').format(same))
        else:
            rows += map(_diff_row, group.to_dict("records"))
    table = "<table><caption>{}s: {}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>"
    return Markup(table).format(unit.capitalize(), caption, head, Markup("").join(rows))


def _diff_row(row: dict[Hashable, Any]) -> Markup:
    begin, end = Markup('<td style="text-align:left;vertical-align:top">'), Markup("</td>")
    cells = []
    for side, text in zip(("before", "after"), _words(row["before"], row["after"]), strict=True):
        shown = Markup("<em>moved:</em> ") + row[side] if text and row["change"] == "moved" else text
        labels = policy.category_labels(row.get(f"categories_{side}", ()))
        cells.append(begin + labels + " " + shown + end if text else Markup("<td></td>"))
    return Markup("<tr>") + Markup("").join(cells).replace("\n", Markup("<br>")) + Markup("</tr>")


def _words(old: object, new: object) -> tuple[Markup, Markup]:
    """Two texts, either of which may be null, with the words marked that the other lacks."""
    a, b = (re.findall(r"\s+|\w+|[^\w\s]", text) if isinstance(text, str) else [] for text in (old, new))
    left, right = Markup(""), Markup("")
    for tag, i1, i2, j1, j2 in _changes(a, b):
        was, now = "".join(a[i1:i2]), "".join(b[j1:j2])
        left += was if tag == "equal" or not was else Markup("<del>{}</del>").format(was)
        right += now if tag == "equal" or not now else Markup("<ins>{}</ins>").format(now)
    return left, right
