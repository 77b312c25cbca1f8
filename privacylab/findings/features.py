"""Which policy has which feature, and how much of what it counts."""

import tomllib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from privacylab import paths
from privacylab.tables import Corpus
from privacylab.tables.schema import CATEGORIES


class Incidence(NamedTuple):
    """Which segment stands in which policy.

    ``matrix`` counts occurrences, shape (policies, segments); ``policies`` and ``segments`` hold the ids.
    """

    matrix: sparse.csr_array
    policies: pd.Index
    segments: pd.Index


def incidence(corpus: Corpus) -> Incidence:
    """The occurrences of a corpus as a sparse matrix: a million rows in about a second and 20 MB."""
    policies = pd.Index(corpus.policies(columns=["policy_id"])["policy_id"], name="policy_id")
    segments = pd.Index(corpus.segments(columns=["segment_id"])["segment_id"], name="segment_id")
    rows = corpus.occurrences(columns=["policy_id", "segment_id"])
    places = (policies.get_indexer(rows["policy_id"]), segments.get_indexer(rows["segment_id"]))
    counts = sparse.coo_array((np.ones(len(rows), dtype=np.int32), places), shape=(len(policies), len(segments)))
    return Incidence(counts.tocsr(), policies, segments)


@cache
def _looked_for() -> tuple[set[str], set[str], set[str]]:
    """Frameworks, cues and cues with a fixed value that the rules look for: what no policy has is a column too."""
    rules: list[dict[str, Any]] = [
        tomllib.loads((paths.RULES / f"{name}.toml").read_text(encoding="utf-8")) for name in ("frameworks", "cues")
    ]
    frameworks, cues = (
        {block["id"] for block in part[name]} for part, name in zip(rules, ("framework", "cue"), strict=True)
    )
    values = {f"{block['id']}={value}" for block in rules[1]["cue"] for value in block.get("values", ())}
    return frameworks, cues, values | {"retention_period=as-long-as-necessary"}


def features(corpus: Corpus) -> pd.DataFrame:
    """What each policy holds, yes or no.

    Returns:
        A boolean frame, index ``policy_id`` (all policies), columns in this order:
        ``category:<name>`` (all ten, seen or not), ``framework:<id>`` (mentioned in any way),
        ``claims:<id>`` (the organisation adheres to it or relies on it), ``withdrawn:<id>``,
        ``cue:<cue>`` and, for cues with a value, ``cue:<cue>=<value>``. What the rules look for has a column even
        where no policy has it.

    Note:
        Categories come from a classifier: show them with `findings.corrected`.
    """
    where = incidence(corpus)
    labels, mentions, cues = corpus.labels(), corpus.mentions(), corpus.cues()
    stance, valued = mentions["stance"], cues[cues["value"].notna()]
    frameworks, every_cue, values = (
        sorted(known.union(found.unique()))
        for known, found in zip(
            _looked_for(), (mentions["framework"], cues["cue"], valued["cue"] + "=" + valued["value"]), strict=True
        )
    )
    named = [
        ("category:", labels["segment_id"], labels["category"].astype(str), CATEGORIES),
        ("framework:", mentions["segment_id"], mentions["framework"], frameworks),
        *(
            (prefix, mentions.loc[stance.isin(stances), "segment_id"], mentions["framework"], frameworks)
            for prefix, stances in (("claims:", ("adheres", "relies")), ("withdrawn:", ("withdrawn",)))
        ),
        ("cue:", cues["segment_id"], cues["cue"], every_cue),
        ("cue:", valued["segment_id"], valued["cue"] + "=" + valued["value"], values),
    ]
    found = [_held(where, prefix, segment, name.loc[segment.index], names) for prefix, segment, name, names in named]
    return pd.concat(found, axis=1)


def _held(where: Incidence, prefix: str, segment: pd.Series, name: pd.Series, names: Sequence[str]) -> pd.DataFrame:
    columns = pd.Index(list(names), dtype=object)
    places = (where.segments.get_indexer(pd.Index(segment)), columns.get_indexer(pd.Index(name)))
    shape = (len(where.segments), len(columns))
    marked = sparse.coo_array((np.ones(len(segment), dtype=np.int32), places), shape=shape).tocsr()
    # int32 throughout: a byte would overflow to 0 at 256 occurrences.
    held = (where.matrix @ marked).toarray() > 0
    return pd.DataFrame(held, index=where.policies, columns=[prefix + str(column) for column in columns])


def amounts(corpus: Corpus) -> pd.DataFrame:
    """Length and readability of each policy, from the counts in the tables.

    Returns:
        A float frame, index ``policy_id``: ``n_words``; ``reading_grade`` (Flesch-Kincaid: US school years);
        ``words_per_sentence``; ``syllables_per_word``; ``passive_per_100_sentences``; ``vague_per_100_words``.
        Null where a policy has no sentence.

    Note:
        Read the grade with its two parts: readability software differs by several percent on the same text.

    References:
        Kincaid, J. P. et al. (1975). Derivation of new readability formulas for Navy enlisted personnel. RBR 8-75.
    """
    where = incidence(corpus)
    columns = ["n_words", "n_sentences", "n_syllables", "n_passive", "n_vague"]
    counts = corpus.segments(columns=columns).to_numpy(dtype=np.float64)
    words, sentences, syllables, passive, vague = (where.matrix @ counts).T
    words, sentences = np.where(words > 0, words, np.nan), np.where(sentences > 0, sentences, np.nan)
    return pd.DataFrame(
        {
            "n_words": corpus.policies(columns=["n_words"])["n_words"].to_numpy(dtype=float),
            "reading_grade": 0.39 * words / sentences + 11.8 * syllables / words - 15.59,
            "words_per_sentence": words / sentences,
            "syllables_per_word": syllables / words,
            "passive_per_100_sentences": 100 * passive / sentences,
            "vague_per_100_words": 100 * vague / words,
        },
        index=where.policies,
    )


def choose(frame: pd.DataFrame, columns: Iterable[str] | None) -> list[str]:
    """The columns asked for (None: all), checked against those there are.

    Raises:
        ValueError: A column is not there.
    """
    wanted = list(frame.columns) if columns is None else list(columns)
    missing = [column for column in wanted if column not in frame]
    if missing:
        family = missing[0].split(":")[0] + ":"
        known = [name for name in frame.columns if name.startswith(family)] or list(frame.columns)
        raise ValueError(f"no column {missing[0]!r}; there are {', '.join(sorted(known)[:12])} ({len(known)} in all)")
    return wanted
