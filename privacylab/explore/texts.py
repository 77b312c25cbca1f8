"""Looking closer: who stands behind a share, one service's history, a concordance, two versions side by side.

All functions take tables and give frames or HTML; `controls` puts widgets on them. What needs running text takes
`Texts`, which are the sample policies where a corpus has none.
"""

import base64
import difflib
import html
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from privacylab import build, findings, paths
from privacylab.explore import policy
from privacylab.findings import TooFewError
from privacylab.plots import labels, style
from privacylab.tables import Corpus

SORTS = {"date": ["date", "service"], "service": ["service", "date"], "left": ["_left"], "right": ["right"]}
"""What a concordance may be sorted by; ``left`` by the words before the keyword, read from it outwards."""

_SIMILAR = 0.4
"""Two segments that share this much of their words (Jaccard) are one segment, changed."""


class Texts(NamedTuple):
    """Running text to read in, and where it is from.

    ``policies`` and ``occurrences`` are tables; ``segments`` has ``segment_id``, ``heading``, ``text`` and
    ``categories`` (a tuple); ``source`` says in words whose texts they are.
    """

    policies: pd.DataFrame
    occurrences: pd.DataFrame
    segments: pd.DataFrame
    source: str


def texts_of(corpus: Corpus) -> Texts:
    """The corpus's texts or, where it has none (as the embedded panel), the project's sample policies."""
    if corpus.has_text():
        return _texts(corpus, f"the texts of the corpus {corpus.path.name}")
    with tempfile.TemporaryDirectory(prefix="privacylab-") as folder:
        samples = build.corpus([paths.samples()], Path(folder) / "samples", workers=1, every="all")
        return _texts(samples, "the sample policies, written for this project: this corpus holds no text")


def _texts(corpus: Corpus, source: str) -> Texts:
    segments = corpus.segments(columns=["segment_id", "heading", "text"])
    labels = corpus.labels()
    named = labels["category"].astype(str).groupby(labels["segment_id"]).agg(tuple)
    held = segments["segment_id"].map(named)
    segments["categories"] = pd.Series([each if isinstance(each, tuple) else () for each in held], dtype=object)
    return Texts(corpus.policies(), corpus.occurrences(), segments, source)


def behind(
    policies: pd.DataFrame, features: pd.DataFrame, *, column: str, half_year: str | None = None
) -> pd.DataFrame:
    """The services behind a share: whose policy in force at a half-year's end has a feature, and whose has not.

    Args:
        policies: The table.
        features: From `findings.features`.
        column: One of its columns.
        half_year: Such as ``2018-H1``; None: the last one.

    Returns:
        ``service``, ``date`` (of the policy), ``has``; those that have it first. Empty if the data have no half-year.

    Raises:
        ValueError: The features have no such column, or no policy was in force in the half-year asked for.
    """
    findings.choose(features, [column])
    rows = findings.observations(policies, by="half_year_in_force")
    names = list(rows["half_year"].cat.categories) if len(rows) else []
    wanted = half_year or (names[-1] if names else "")
    rows = rows[rows["half_year"] == wanted]
    if rows.empty and half_year:
        raise ValueError(f"no policy in force at the end of {half_year}: there are {', '.join(names) or 'none'}")
    found = rows.assign(has=features[column].reindex(rows["policy_id"]).to_numpy(dtype=bool))
    return found.sort_values(["has", "service"], ascending=[False, True], ignore_index=True)[["service", "date", "has"]]


def most_seen(policies: pd.DataFrame) -> str:
    """The service with the most dated policies; of several the first by name.

    Raises:
        TooFewError: There is no policy with a date.
    """
    counts = policies[policies["document"] == "main"].groupby("service")["date"].count()
    if not counts.any():
        raise TooFewError("this corpus has no policy with a date.")
    return str(counts.idxmax())


def amid_the_longest_history(policies: pd.DataFrame) -> tuple[str, str]:
    """Two policies, one after the other, in the middle of the longest history of a document.

    Raises:
        TooFewError: No document has two.
    """
    in_order = policies.sort_values(["service", "document", "date", "policy_id"])
    longest = max(in_order.groupby(["service", "document"])["policy_id"].agg(list), key=len, default=[])
    if len(longest) < 2:
        raise TooFewError("no service of this corpus has two versions to compare.")
    middle = len(longest) // 2
    return longest[middle - 1], longest[middle]


def service_timeline(
    policies: pd.DataFrame, features: pd.DataFrame, service: str, *, document: str = "main"
) -> pd.DataFrame:
    """One service's own history: its policies in order, with what each gained and lost against the one before.

    Args:
        policies: The table.
        features: From `findings.features`.
        service: A registrable domain.
        document: Which of its policies.

    Returns:
        ``date``, ``era``, ``n_words``, ``claims`` (frameworks that it adheres to or relies on), ``gained`` and ``lost``
        (categories, claims and cues, by their readable names; empty in the first row), each joined by ``; ``. Empty if
        none of its policies is dated.

    Raises:
        ValueError: The table has no such policy.
    """
    rows = policies[(policies["service"] == service) & (policies["document"] == document)]
    if rows.empty:
        raise ValueError(f"service {service!r} has no policy {document!r}: it must be one of the table's")
    rows = rows[rows["date"].notna()].sort_values(["date", "policy_id"])
    columns = [c for c in map(str, features) if c.startswith(("category:", "claims:", "cue:")) and "=" not in c]
    held = [{c for c in columns if features.loc[policy, c]} for policy in rows["policy_id"]]
    before = [*held[:1], *held[:-1]]
    return pd.DataFrame(
        {
            "date": rows["date"].to_numpy(),
            "era": rows["era"].to_numpy(),
            "n_words": rows["n_words"].to_numpy(),
            "claims": [_names(c for c in now if c.startswith("claims:")) for now in held],
            "gained": [_names(now - then) for then, now in zip(before, held, strict=True)],
            "lost": [_names(then - now) for then, now in zip(before, held, strict=True)],
        }
    )


def _names(columns: Iterator[str] | set[str]) -> str:
    return "; ".join(sorted({labels.readable(column) for column in columns}))


@style.drawing
def timeline_figure(timeline: pd.DataFrame) -> Figure:
    """Words of each policy of a service over time and, below, the frameworks that it claims, a row each.

    Args:
        timeline: From `service_timeline`.
    """
    rows = style.need(timeline, "date", "n_words", "claims")
    claims = sorted({name for each in rows["claims"] for name in each.split("; ") if name})
    x = [style.day(date) for date in rows["date"]]
    with style.style():
        n = max(1, len(claims))
        made, axs = style.figure(2.6 + 0.22 * n, rows=2, sharex=True, heights=[10, 1 + 1.2 * n])
        axes, strip = axs[0, 0], axs[1, 0]
        axes.step(x, rows["n_words"], where="post", color=style.COLOURS[0])
        axes.plot(x, rows["n_words"], linestyle="none", marker="o", markersize=3.5, color=style.COLOURS[0])
        axes.set_ylim(bottom=0)
        axes.set_ylabel("Words")
        axes.grid(axis="y")
        style.years(strip, min(x) - 200, max(x) + 200)
        labels.mark_events(axes)
        for place, claim in enumerate(claims):
            held = [day for day, each in zip(x, rows["claims"], strict=True) if claim in each.split("; ")]
            strip.plot(held, [place] * len(held), linestyle="none", marker="s", markersize=4, color=style.COLOURS[1])
        strip.set_yticks(range(len(claims)), claims)
        strip.set_ylim(n - 0.4, -0.6)
        strip.set_xlabel("Frameworks claimed" if claims else "No framework claimed")
    return made


def kwic(read: Texts, phrase: str, *, width: int = 60, sort: str = "date") -> pd.DataFrame:
    """A concordance: a keyword in its context, line by line.

    Args:
        read: The texts.
        phrase: Words that follow each other; case does not matter, ``*`` stands for the rest of a word.
        width: Characters of context on each side.
        sort: One of `SORTS`.

    Returns:
        ``date`` (of the first policy with the line), ``service``, ``left``, ``keyword``, ``right``, ``n_policies`` (of
        the service that repeat the line).

    Raises:
        ValueError: The phrase is empty, or ``sort`` is none of `SORTS`.
    """
    if not re.search(r"\w", phrase) or sort not in SORTS or width < 1:
        known = ", ".join(SORTS)
        raise ValueError(f"phrase {phrase!r} must hold a word, width {width} be above 0, sort {sort!r} one of {known}")
    pattern = re.compile(_as_pattern(phrase), re.IGNORECASE)
    lines: list[dict[str, Any]] = [
        {"segment_id": segment, **line}
        for segment, text in zip(read.segments["segment_id"], read.segments["text"].fillna(""), strict=True)
        for line in _lines(pattern, text, width)
    ]
    columns = ["segment_id", "left", "keyword", "right", "_left"]
    found = (
        pd.DataFrame(lines, columns=columns)
        .merge(read.occurrences, on="segment_id")
        .merge(read.policies[["policy_id", "service", "date"]], on="policy_id")
    )
    by = ["service", "left", "keyword", "right", "_left"]
    grouped = found.groupby(by, sort=True).agg(date=("date", "min"), n_policies=("policy_id", "nunique")).reset_index()
    order = dict.fromkeys([*SORTS[sort], "date", "service", "left", "right"])
    folded = grouped.assign(left=grouped["left"].str.casefold(), right=grouped["right"].str.casefold())
    shown = grouped.loc[folded.sort_values(list(order)).index].reset_index(drop=True)
    return shown[["date", "service", "left", "keyword", "right", "n_policies"]]


def _as_pattern(phrase: str) -> str:
    words = r"\s+".join(re.escape(word).replace(r"\*", r"\w*") for word in phrase.split())
    return rf"(?<!\w){words}(?!\w)"


def _lines(pattern: re.Pattern[str], text: str, width: int) -> Iterator[dict[str, str]]:
    for match in pattern.finditer(text):
        left = " ".join(text[: match.start()][-4 * width :].split())
        left = left if len(left) <= width else left[-width:].partition(" ")[2]  # whole words only
        right = " ".join(text[match.end() :][: 4 * width].split())
        right = right if len(right) <= width else right[:width].rpartition(" ")[0]
        outwards = " ".join(reversed(left.casefold().split()))
        yield {"left": left, "keyword": " ".join(match[0].split()), "right": right, "_left": outwards}


def segments_of(read: Texts, policy_id: str) -> pd.DataFrame:
    """The segments of a policy in their order: ``heading``, ``text``, ``categories``.

    Raises:
        ValueError: There is no such policy.
    """
    rows = read.occurrences[read.occurrences["policy_id"] == policy_id].sort_values("position")
    if rows.empty:
        known = ", ".join(read.policies["policy_id"].head(3))
        raise ValueError(f"policy {policy_id!r} is not there; there are {known} ...")
    found = rows.merge(read.segments, on="segment_id", how="left")
    return found[["heading", "text", "categories"]]


def differences(read: Texts, before: str, after: str) -> pd.DataFrame:
    """Two versions of a policy, segment by segment.

    Args:
        read: The texts.
        before: ``policy_id`` of the one.
        after: And of the other.

    Returns:
        ``change`` (``same``, ``changed``, ``removed``, ``added``), ``before``, ``after`` (texts, null where there is
        none), ``categories_before``, ``categories_after`` (tuples); in the order of the texts.

    Raises:
        ValueError: There is no such policy.
    """
    old, new = segments_of(read, before), segments_of(read, after)
    rows: list[tuple[str, int | None, int | None]] = []
    matcher = difflib.SequenceMatcher(None, old["text"].tolist(), new["text"].tolist(), autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            rows += [("same", i, j) for i, j in zip(range(i1, i2), range(j1, j2), strict=True)]
        else:
            rows += _aligned(old["text"].tolist(), new["text"].tolist(), range(i1, i2), range(j1, j2))

    left = old.reindex([-1 if i is None else i for _, i, _ in rows])
    right = new.reindex([-1 if j is None else j for _, _, j in rows])
    return pd.DataFrame(
        {
            "change": [change for change, _, _ in rows],
            "before": left["text"].to_numpy(),
            "after": right["text"].to_numpy(),
            "categories_before": [each if isinstance(each, tuple) else () for each in left["categories"]],
            "categories_after": [each if isinstance(each, tuple) else () for each in right["categories"]],
        }
    )


def _aligned(
    old: Sequence[str], new: Sequence[str], left: range, right: range
) -> list[tuple[str, int | None, int | None]]:
    """Pairs of similar segments, the most similar first, that do not cross; what is left was removed or added."""
    words = {("old", i): set(re.findall(r"\w+", old[i].lower())) for i in left}
    words |= {("new", j): set(re.findall(r"\w+", new[j].lower())) for j in right}

    def similarity(i: int, j: int) -> float:
        a, b = words["old", i], words["new", j]
        return len(a & b) / max(1, len(a | b))

    pairs: list[tuple[int, int]] = []
    for value, i, j in sorted(((similarity(i, j), -i, -j) for i in left for j in right), reverse=True):
        if value >= _SIMILAR and all((-i < a) == (-j < b) and -i != a and -j != b for a, b in pairs):
            pairs.append((-i, -j))
    rows: list[tuple[str, int | None, int | None]] = []
    i, j = left.start, right.start
    for a, b in [*sorted(pairs), (left.stop, right.stop)]:
        rows += [("removed", place, None) for place in range(i, a)]
        rows += [("added", None, place) for place in range(j, b)]
        if a < left.stop and b < right.stop:
            rows.append(("changed", a, b))
        i, j = a + 1, b + 1
    return rows


def side_by_side(diff: pd.DataFrame, *, before: str, after: str) -> str:
    """`differences` as an HTML table: clause categories as coloured labels, words that went or came marked.

    Args:
        diff: From `differences`.
        before: The header of the left column.
        after: And of the right one.
    """
    counts = diff["change"].value_counts()
    told = ", ".join(f"{counts.get(change, 0)} {change}" for change in ("same", "changed", "removed", "added"))
    heads = "".join(f'<th scope="col" style="width:50%">{html.escape(name)}</th>' for name in (before, after))
    rows = [f"<table><caption>Segments: {told}</caption><thead><tr>{heads}</tr></thead><tbody>"]
    for _, group in diff.groupby((diff["change"] != diff["change"].shift()).cumsum(), sort=False)["change"]:
        if group.iloc[0] == "same":
            plural = "s" * (len(group) > 1)
            rows.append(f'<tr><td colspan="2"><em>{len(group)} unchanged segment{plural}</em></td></tr>')
        else:
            rows += [_diff_row(diff.loc[place]) for place in group.index]
    return "".join([*rows, "</tbody></table>"])


def _diff_row(row: pd.Series) -> str:
    old, new = row["before"], row["after"]
    if row["change"] == "changed":
        left, right = _words(old, new)
    else:
        left = f"<del>{html.escape(old)}</del>" if isinstance(old, str) else ""
        right = f"<ins>{html.escape(new)}</ins>" if isinstance(new, str) else ""
    style = "text-align:left;vertical-align:top"
    cells = [
        f'<td style="{style}">{policy.category_labels(categories)} {text}</td>' if text else "<td></td>"
        for categories, text in ((row["categories_before"], left), (row["categories_after"], right))
    ]
    return f"<tr>{''.join(cells)}</tr>".replace("\n", "<br>")


def _words(old: str, new: str) -> tuple[str, str]:
    a, b = re.findall(r"\s+|\w+|[^\w\s]", old), re.findall(r"\s+|\w+|[^\w\s]", new)
    left, right = [], []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        was, now = html.escape("".join(a[i1:i2])), html.escape("".join(b[j1:j2]))
        left.append(was if tag == "equal" or not was else f"<del>{was}</del>")
        right.append(now if tag == "equal" or not now else f"<ins>{now}</ins>")
    return "".join(left), "".join(right)


def csv_link(frame: pd.DataFrame, name: str) -> str:
    """A link, in HTML, that downloads a frame as CSV; it holds the data and needs no server."""
    data = base64.b64encode(frame.to_csv(index=False, lineterminator="\n").encode()).decode()
    file = html.escape(f"{name}.csv", quote=True)
    return f'<a download="{file}" href="data:text/csv;base64,{data}">{file}</a> ({len(frame):,} rows)'
