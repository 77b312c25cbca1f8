"""Which policy has which feature, and the amounts of each policy."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.special import gammaln

from privacylab import paths
from privacylab.tables import Corpus
from privacylab.tables.readability import reading_grade
from privacylab.tables.schema import CATEGORIES, CLAIMED

Columns = Collection[str] | None
"""The requested columns; None: all."""


class Incidence(NamedTuple):
    """Which segment is in which policy.

    ``matrix`` counts occurrences, shape (policies, segments); ``policies`` and ``segments`` are the ids.
    """

    matrix: sparse.csr_array
    policies: pd.Index
    segments: pd.Index

    def having(self, marks: pd.Series, names: Sequence[str]) -> pd.DataFrame:
        """Which policy has a segment with which mark: boolean, index the policies, a column for each name.

        Args:
            marks: Marks of segments, index ``segment_id``.
            names: All marks.
        """
        columns = pd.Index(list(names), dtype="str")
        places = (self.segments.get_indexer(marks.index), columns.get_indexer(pd.Index(marks)))
        shape = (len(self.segments), len(columns))
        # int32 throughout: a byte would overflow to 0 at 256 occurrences.
        marked = sparse.coo_array((np.ones(len(marks), dtype=np.int32), places), shape=shape).tocsr()
        return pd.DataFrame((self.matrix @ marked).toarray() > 0, index=self.policies, columns=columns)


def incidence(corpus: Corpus) -> Incidence:
    """The occurrences of a corpus as a sparse matrix: a million rows in about a second and 20 MB."""
    policies = pd.Index(corpus.policies(columns=["policy_id"])["policy_id"])
    segments = pd.Index(corpus.segments(columns=["segment_id"])["segment_id"])
    rows = corpus.occurrences(columns=["policy_id", "segment_id"])
    places = (policies.get_indexer(rows["policy_id"]), segments.get_indexer(rows["segment_id"]))
    counts = sparse.coo_array((np.ones(len(rows), dtype=np.int32), places), shape=(len(policies), len(segments)))
    return Incidence(counts.tocsr(), policies, segments)


def features(corpus: Corpus) -> pd.DataFrame:
    """The features of each policy, yes or no.

    Returns:
        A boolean frame, index ``policy_id`` (all policies), columns in this order:
        ``category:<name>`` (all ten, seen or not), ``framework:<id>`` (mentioned in any way),
        ``claims:<id>`` (the organisation adheres to it or relies on it), ``withdrawn:<id>``,
        ``cue:<cue>`` and, for cues with a value, ``cue:<cue>=<value>``. Everything in the rules has a column even if no
        policy has it.

    Note:
        Categories come from a classifier: show them with `findings.corrected`.
    """
    labels, mentions, cues = (
        rows.set_index("segment_id") for rows in (corpus.labels(), corpus.mentions(), corpus.cues())
    )
    framework, stance = mentions["framework"], mentions["stance"]
    valued = (cues["cue"] + "=" + cues["value"]).dropna()
    rules = paths.rules("cues")["cue"]
    values = {f"{rule['id']}={value}" for rule in rules for value in rule.get("values", ())}
    frameworks = sorted({*framework, *(rule["id"] for rule in paths.rules("frameworks")["framework"])})
    families: list[tuple[str, pd.Series, Sequence[str]]] = [
        ("category:", labels["category"].astype(str), CATEGORIES),
        ("framework:", framework, frameworks),
        ("claims:", framework[stance.isin(CLAIMED)], frameworks),
        ("withdrawn:", framework[stance == "withdrawn"], frameworks),
        ("cue:", cues["cue"], sorted({*cues["cue"], *(rule["id"] for rule in rules)})),
        ("cue:", valued, sorted({*valued, *values, "retention_period=as-long-as-necessary"})),
    ]
    marks = pd.concat([prefix + names for prefix, names, _ in families])
    return incidence(corpus).having(marks, [prefix + name for prefix, _, names in families for name in names])


REGIONS = ("california", "us_states", "eu_uk", "other")
"""The audiences of a segment that are people of a region."""


def only_for(corpus: Corpus, audiences: Collection[str] = REGIONS) -> pd.DataFrame:
    """What each policy states only in the parts for some audiences.

    Args:
        corpus: The corpus.
        audiences: Values of ``segments.audience``.

    Returns:
        A boolean frame, index ``policy_id``, a column for each cue and cue with a value, as in `features`.

    Note:
        A part's audience comes from its headings or its own words (``rules/audiences.toml``). A promise in a regional
        part counts as regional even if another part extends it to all.
    """
    where, cues = incidence(corpus), corpus.cues(columns=["segment_id", "cue", "value"]).set_index("segment_id")
    audience = corpus.segments(columns=["segment_id", "audience"]).set_index("segment_id")["audience"]
    marks = "cue:" + pd.concat([cues["cue"], (cues["cue"] + "=" + cues["value"]).dropna()]).astype(str)
    outside = ~audience.reindex(marks.index).isin(list(audiences)).to_numpy()
    names = sorted(marks.unique())
    return where.having(marks, names) & ~where.having(marks[outside], names)


def amounts(corpus: Corpus) -> pd.DataFrame:
    """Length and readability of each policy, from the counts in the tables.

    Returns:
        A float frame, index ``policy_id``: ``n_words``; ``reading_grade`` (Flesch-Kincaid: US school years);
        ``words_per_sentence``; ``syllables_per_word``; ``passive_per_100_sentences``; ``vague_per_100_words``.
        Null if a policy has no sentence.

    Note:
        Read the grade with its two parts: readability software differs by several percent on the same text.
    """
    where = incidence(corpus)
    columns = ["n_words", "n_sentences", "n_syllables", "n_passive", "n_vague"]
    counts = corpus.segments(columns=columns).to_numpy(dtype=float)
    words, sentences, syllables, passive, vague = (where.matrix @ counts).T
    words, sentences = np.where(words > 0, words, np.nan), np.where(sentences > 0, sentences, np.nan)
    return pd.DataFrame(
        {
            "n_words": corpus.policies(columns=["n_words"])["n_words"].to_numpy(dtype=float),
            "reading_grade": reading_grade(words, sentences, syllables),
            "words_per_sentence": words / sentences,
            "syllables_per_word": syllables / words,
            "passive_per_100_sentences": 100 * passive / sentences,
            "vague_per_100_words": 100 * vague / words,
        },
        index=where.policies,
    )


def rarefied(counts: pd.DataFrame, drawn: pd.DataFrame | int) -> pd.DataFrame:
    """The chance that a feature shows in a number of segments of a policy, drawn at random: a long text gets no more.

    It is the mean over all draws, so nothing is drawn.

    Args:
        counts: Segments of each policy by feature, each segment under one, index ``policy_id`` (`reading.counts`).
        drawn: The number of segments, or the two policies of each service (`findings.pairs`): the number that the
            shorter has. A shorter policy is taken whole.

    Returns:
        Chances 0 to 1, index the policies (of the pairs), columns as ``counts``.

    References:
        Hurlbert, S. H. (1971). The nonconcept of species diversity: a critique and alternative parameters. Ecology 52,
        577-586; here for each feature by itself.

    >>> rarefied(pd.DataFrame({"a": [1, 4], "b": [3, 4]}, index=["p", "q"]), 2).round(3).to_numpy().tolist()
    [[0.5, 1.0], [0.786, 0.786]]
    """
    size = counts.sum(axis=1)
    if isinstance(drawn, pd.DataFrame):
        least = np.minimum(size[drawn["before"]].to_numpy(), size[drawn["after"]].to_numpy())
        both = pd.concat([pd.Series(least, drawn[side]) for side in ("before", "after")])
        # A text that is on both sides counts with all its segments both times.
        drawn_of = both[~both.index.duplicated()]
    else:
        drawn_of = size.clip(upper=drawn)
    whole, m = (each.to_numpy(dtype=float)[:, None] for each in (size[drawn_of.index], drawn_of))
    others = whole - counts.loc[drawn_of.index].to_numpy(dtype=float)
    left = np.maximum(others - m, 0)
    # The part of all choices of m segments with only other features.
    logs = gammaln(others + 1) - gammaln(left + 1) - gammaln(whole + 1) + gammaln(whole - m + 1)
    absent = np.where(others >= m, np.exp(logs), 0.0)
    return pd.DataFrame(np.clip(1 - absent, 0, 1).round(12), index=drawn_of.index, columns=counts.columns)


def choose(frame: pd.DataFrame, columns: Columns) -> list[str]:
    """The requested columns (None: all), checked against the existing ones.

    Raises:
        ValueError: A column does not exist.
    """
    wanted = list(frame.columns) if columns is None else list(columns)
    for column in wanted:
        if column not in frame:
            family = column.split(":")[0] + ":"
            every = [str(name) for name in frame]
            names = sorted([name for name in every if name.startswith(family)] or every)
            raise ValueError(f"no column {column!r}; there are {', '.join(names[:12])} ({len(names)} in all)")
    return wanted
