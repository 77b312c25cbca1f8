"""Looking closer: the services behind a share, one service's history, a concordance, two versions side by side.

All functions take tables and give frames or HTML; `controls` puts widgets on them. Functions that need running text
take `Texts`: the sample policies if a corpus has none.
"""

import base64
import re
import tempfile
from collections.abc import Iterator
from itertools import compress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from privacylab import build, findings, paths
from privacylab.findings import TooFewError
from privacylab.plots import labels, style
from privacylab.tables import Corpus, spreadsheet
from privacylab.text.counts import content_terms

SORTS = {"date": ["date", "service"], "service": ["service", "date"], "left": ["_left"], "right": ["right"]}
"""What a concordance may be sorted by; ``left`` by the words before the keyword, read from it outwards."""


class Texts(NamedTuple):
    """Running text, and its origin.

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
        return _texts(samples, "the sample policies, written for this project: this corpus has no text")


def _texts(corpus: Corpus, source: str) -> Texts:
    segments = corpus.segments(columns=["segment_id", "heading", "text"])
    labels = corpus.labels()
    categories = labels["category"].astype(str).groupby(labels["segment_id"]).agg(tuple).to_dict()
    segments["categories"] = [categories.get(segment, ()) for segment in segments["segment_id"]]
    return Texts(corpus.policies(), corpus.occurrences(), segments, source)


def behind(policies: pd.DataFrame, features: pd.DataFrame, *, column: str) -> pd.DataFrame:
    """The services behind a share: whose policy in force at the end of the last half-year has a feature or not.

    Args:
        policies: The table.
        features: From `findings.features`.
        column: One of its columns.

    Returns:
        ``service``, ``date`` (of the policy), ``has``; those that have it first. Empty if the data have no half-year.

    Raises:
        ValueError: The features have no such column.
    """
    findings.choose(features, [column])
    rows = findings.observations(policies, by="half_year_in_force")
    rows = rows[rows["half_year"] == rows["half_year"].max()]
    rows = rows.assign(has=features[column].reindex(rows["policy_id"]).to_numpy(dtype=bool))
    ordered: pd.DataFrame = rows.sort_values(["has", "service"], ascending=[False, True], ignore_index=True)
    return ordered[["service", "date", "has"]]


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


def service_timeline(policies: pd.DataFrame, features: pd.DataFrame, service: str) -> pd.DataFrame:
    """One service's history: its main policies in order, with what each gained and lost since the one before.

    Args:
        policies: The table.
        features: From `findings.features`.
        service: A registrable domain.

    Returns:
        ``date``, ``archive``, ``era``, ``n_words``, ``claims`` (frameworks that it adheres to or relies on), ``gained``
        and ``lost`` (categories, claims and cues, by their readable names; empty in the first row), each joined by
        ``; ``. Empty if none of its policies is dated.

    Raises:
        ValueError: The table has no such policy.
    """
    rows = policies[(policies["service"] == service) & (policies["document"] == "main")]
    if rows.empty:
        raise ValueError(f"service {service!r} has no main policy: it must be one of the table's")
    rows = rows[rows["date"].notna()].sort_values(["date", "policy_id"])
    columns = [c for c in map(str, features) if c.startswith(("category:", "claims:", "cue:")) and "=" not in c]
    now = features.loc[rows["policy_id"], columns].astype(bool)
    before = now.shift().fillna(now).astype(bool)
    timeline = rows.rename(columns={"collection": "archive"})
    timeline = timeline[["date", "archive", "era", "n_words"]].reset_index(drop=True)
    names = {"claims": now.filter(like="claims:"), "gained": now & ~before, "lost": before & ~now}
    return timeline.assign(**{column: _names(present) for column, present in names.items()})


def _names(present: pd.DataFrame) -> list[str]:
    """The readable names of the columns that are true, for each row."""
    names = [labels.readable(column) for column in map(str, present)]
    return ["; ".join(sorted(set(compress(names, row)))) for row in present.to_numpy()]


@style.drawing
def timeline_figure(timeline: pd.DataFrame) -> Figure:
    """Words of each policy of a service over time and, below, the frameworks that it claims, one row each.

    Args:
        timeline: From `service_timeline`.
    """
    rows = style.need(timeline, "date", "n_words", "claims")
    claims = sorted({name for each in rows["claims"] for name in each.split("; ") if name})
    x = [style.day(date) for date in rows["date"]]
    n = max(1, len(claims))
    figure, axs = style.figure(2.6 + 0.22 * n, rows=2, sharex=True, heights=[10, 1 + 1.2 * n])
    axes, strip = axs[:, 0]
    for part in style.stretches(rows):
        axes.step(part["date"].map(style.day), part["n_words"], where="post", color=style.COLOURS[0])
    axes.plot(x, rows["n_words"], linestyle="none", marker="o", markersize=3.5, color=style.COLOURS[0])
    axes.set(ylim=(0, None), ylabel="Words")
    axes.grid(axis="y")
    style.years(strip, min(x) - 200, max(x) + 200)
    labels.mark_events(axes)
    for place, claim in enumerate(claims):
        days = [day for day, names in zip(x, rows["claims"], strict=True) if claim in names.split("; ")]
        strip.plot(days, [place] * len(days), linestyle="none", marker="s", markersize=4, color=style.COLOURS[1])
    strip.set_yticks(range(len(claims)), claims)
    strip.set(ylim=(n - 0.4, -0.6), xlabel="Frameworks claimed" if claims else "No framework claimed")
    return figure


def kwic(texts: Texts, phrase: str, *, width: int = 60, sort: str = "date") -> pd.DataFrame:
    """A concordance: a keyword in its context, line by line.

    Args:
        texts: Where to look.
        phrase: Words that follow each other; case does not matter, ``*`` means the rest of a word.
        width: Characters of context on each side.
        sort: One of `SORTS`.

    Returns:
        ``date`` (of the first policy with the line), ``service``, ``left``, ``keyword``, ``right``, ``n_policies`` (of
        the service that repeat the line).

    Raises:
        ValueError: The phrase is empty, or ``sort`` is not one of `SORTS`.
    """
    if not re.search(r"\w", phrase):
        raise ValueError(f"the phrase {phrase!r} must hold a word")
    if sort not in SORTS or width < 1:
        raise ValueError(f"width {width} must be above 0, and sort {sort!r} one of {', '.join(SORTS)}")
    words = r"\s+".join(re.escape(word).replace(r"\*", r"\w*") for word in phrase.split())
    pattern = re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE)
    lines = [
        (segment, *line)
        for segment, text in zip(texts.segments["segment_id"], texts.segments["text"].fillna(""), strict=True)
        for line in _lines(pattern, text, width)
    ]
    columns = ["left", "keyword", "right", "_left"]
    rows = (
        pd.DataFrame(lines, columns=["segment_id", *columns])
        .merge(texts.occurrences, on="segment_id")
        .merge(texts.policies[["policy_id", "service", "date"]], on="policy_id")
        .groupby(["service", *columns])
        .agg(date=("date", "min"), n_policies=("policy_id", "nunique"))
        .reset_index()
    )
    order = dict.fromkeys([*SORTS[sort], "date", "service", "left", "right"])
    folded = rows.assign(left=rows["left"].str.casefold(), right=rows["right"].str.casefold())
    rows = rows.loc[folded.sort_values(list(order)).index].reset_index(drop=True)
    return rows[["date", "service", "left", "keyword", "right", "n_policies"]]


def _lines(pattern: re.Pattern[str], text: str, width: int) -> Iterator[tuple[str, str, str, str]]:
    """Left context, keyword, right context of each match, and the left context read from the keyword outwards."""
    for match in pattern.finditer(text):
        left = " ".join(text[: match.start()][-4 * width :].split())
        left = left if len(left) <= width else left[-width:].partition(" ")[2]  # whole words only
        right = " ".join(text[match.end() :][: 4 * width].split())
        right = right if len(right) <= width else right[:width].rpartition(" ")[0]
        yield left, " ".join(match[0].split()), right, " ".join(reversed(left.casefold().split()))


def who_writes(corpus: Corpus, phrase: str) -> pd.DataFrame:
    """The services with words in one segment of a dated policy, by the tables' terms: whatever their form or order.

    Args:
        corpus: With or without text.
        phrase: Words; those that all texts are full of do not count.

    Returns:
        ``service``, ``first`` and ``last`` (days of policies with them), ``n_policies``; the earliest first.

    Raises:
        ValueError: No word is left to look for.
    """
    wanted = content_terms(phrase)
    if not wanted:
        raise ValueError(f"{phrase!r} holds no word to look for: give one that not every text has")
    segments = corpus.segments(columns=["segment_id", "terms"])
    terms = " " + segments["terms"].fillna("") + " "
    has = np.logical_and.reduce([terms.str.contains(f" {term} ", regex=False) for term in wanted])
    occurrences = corpus.occurrences()
    inside = occurrences.loc[occurrences["segment_id"].isin(segments.loc[has, "segment_id"]), "policy_id"]
    policies = corpus.policies(columns=["policy_id", "service", "date"]).dropna(subset="date")
    rows = policies[policies["policy_id"].isin(inside)].groupby("service")["date"].agg(["min", "max", "size"])
    named = rows.reset_index().set_axis(["service", "first", "last", "n_policies"], axis="columns")
    return named.sort_values(["first", "service"], ignore_index=True)


def segments_of(texts: Texts, policy_id: str) -> pd.DataFrame:
    """The segments of a policy in their order: ``heading``, ``text``, ``categories``.

    Raises:
        ValueError: There is no such policy.
    """
    rows = texts.occurrences[texts.occurrences["policy_id"] == policy_id].sort_values("position")
    if rows.empty:
        some = ", ".join(texts.policies["policy_id"].head(3))
        raise ValueError(f"policy {policy_id!r} does not exist; there are {some} ...")
    return rows.merge(texts.segments, on="segment_id", how="left")[["heading", "text", "categories"]]


def csv_link(frame: pd.DataFrame, name: str) -> Markup:
    """A link, in HTML, that downloads a frame as CSV; it contains the data and needs no server."""
    data = base64.b64encode(spreadsheet.harmless(frame).to_csv(index=False, lineterminator="\n").encode()).decode()
    style = "color:var(--jp-content-link-color,LinkText);text-decoration:underline"
    link = Markup('<a download="{0}" style="{3}" href="data:text/csv;base64,{1}">{0}</a> ({2:,} rows)')
    return link.format(f"{name}.csv", data, len(frame), style)
