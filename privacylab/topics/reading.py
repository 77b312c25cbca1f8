"""Reading a topic model: names, the topics of each policy, how topics match categories, a tree."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import linkage
from scipy.stats import entropy

from privacylab import paths
from privacylab.topics import Topics
from privacylab.topics.vectors import DECIMALS, distinct, domain_vectors


class Alignment(NamedTuple):
    """How topics match clause categories; see `alignment`."""

    shares: pd.DataFrame
    nmi: float
    purity: float


def written(term: str) -> str:
    """A term as people write it: in the archives' most frequent form, with capitals in names and abbreviations.

    >>> written("unite_state"), written("hard_drive"), written("gdpr"), written("interest-base")
    ('United States', 'hard drive', 'GDPR', 'interest-based')
    """
    forms, capitals = domain_vectors().forms, paths.rules("names")["words"]
    form = forms.get(term, term.replace("_", " "))
    # A compound is in no list of forms, but its last part is: interest-base, base: based.
    first, hyphen, last = form.rpartition("-")
    if hyphen and forms.get(last, "").endswith("ed"):
        form = first + hyphen + forms[last]
    return capitals.get(form) or " ".join(capitals.get(word, word) for word in form.split(" "))


def names(topic_terms: pd.DataFrame, *, n: int = 3) -> pd.DataFrame:
    """A name for each topic: its strongest terms that repeat no word, joined by a middle dot.

    Args:
        topic_terms: ``topic``, ``rank``, ``term``.
        n: Terms in a name; topics that would share a name get more.

    Returns:
        ``topic``, ``name``, sorted by topic.

    >>> names(pd.DataFrame({"topic": 0, "rank": [0, 1, 2], "term": ["hard_drive", "drive", "cookie"]}))["name"][0]
    'hard drive · cookies'
    """
    terms = topic_terms.sort_values("rank").groupby("topic")["term"].agg(distinct)
    length = pd.Series(n, index=terms.index)
    while True:
        named = pd.Series({topic: " · ".join(map(written, terms[topic][: length[topic]])) for topic in terms.index})
        is_longer = named.duplicated(keep=False) & (length < terms.map(len))
        if not is_longer.any():
            return named.rename_axis("topic").reset_index(name="name")
        length += is_longer


def alignment(topics: pd.DataFrame, labels: pd.DataFrame) -> Alignment:
    """How topics match clause categories.

    Args:
        topics: ``segment_id``, ``topic``; segments without a topic are left out.
        labels: ``segment_id``, ``category``: a row for each category of a segment, from ``Corpus.labels()``.

    Returns:
        ``shares``: ``topic``, ``category``, ``n`` and ``share`` (0 to 1 of the topic's segments that have the category;
        a segment may have several), sorted by topic, then share. ``nmi`` (0 to 1, the mutual information over the mean
        of the two entropies) and ``purity`` (0 to 1, the share of the largest category, over all topics) count a
        segment with m categories 1/m for each, and leave out segments without any.
    """
    placed = topics.loc[topics["topic"] >= 0, ["segment_id", "topic"]]
    pairs = placed.merge(labels[["segment_id", "category"]].astype({"category": str}), on="segment_id")
    if pairs.empty:
        raise ValueError("no segment has both a topic and a category: pass topics and labels of one corpus")
    table = pd.crosstab(pairs["topic"], pairs["category"])
    counts = table.melt(ignore_index=False, value_name="n").reset_index()
    shares = counts.assign(share=counts["n"] / counts["topic"].map(placed["topic"].value_counts()))
    shares = shares.sort_values(["topic", "share", "category"], ascending=[True, False, True], ignore_index=True)
    weight = 1 / pairs.groupby("segment_id")["category"].transform("size")
    joint = pd.crosstab(pairs["topic"], pairs["category"], values=weight, aggfunc="sum", normalize=True).fillna(0)
    by_topic, by_category = entropy(joint.sum(axis=1)), entropy(joint.sum(axis=0))
    shared = by_topic + by_category - entropy(joint.to_numpy().ravel())
    nmi = 2 * shared / (by_topic + by_category) if by_topic + by_category else 1.0
    return Alignment(shares, float(nmi), float(joint.max(axis=1).sum()))


def counts(topics: pd.DataFrame, occurrences: pd.DataFrame) -> pd.DataFrame:
    """How many segments of each policy have which topic; a policy with any has the topic.

    Args:
        topics: ``segment_id``, ``topic``.
        occurrences: ``policy_id``, ``segment_id``.

    Returns:
        Whole numbers: ``policy_id`` as the index, sorted, and a column for each topic from 0.

    Raises:
        ValueError: There are no topics.
    """
    if topics.empty:
        raise ValueError("topics has no rows: assign topics to the segments of these policies first")
    placed = occurrences[["policy_id", "segment_id"]].merge(topics[["segment_id", "topic"]], on="segment_id")
    policies = pd.Index(sorted(occurrences["policy_id"].unique()), name="policy_id")
    columns = pd.RangeIndex(int(topics["topic"].max()) + 1, name="topic")
    table = pd.crosstab(placed["policy_id"], placed["topic"])
    return table.reindex(index=policies, columns=columns, fill_value=0)


def joint(earlier: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Two models' topics of the same segments as one topic: shows where a topic of the first splits in the second.

    Args:
        earlier: ``segment_id``, ``topic`` by the first model.
        later: The same by the second.

    Returns:
        ``segment_id``, ``earlier``, ``later``, ``topic`` (a number for each pair that occurs, in order; -1 if either
        model gives none), sorted by segment: for `counts`.
    """
    both = earlier[["segment_id", "topic"]].merge(later[["segment_id", "topic"]], on="segment_id", validate="1:1")
    both = both.set_axis(["segment_id", "earlier", "later"], axis=1).sort_values("segment_id", ignore_index=True)
    placed = both.query("earlier >= 0 and later >= 0")
    return both.assign(topic=placed.groupby(["earlier", "later"]).ngroup().reindex(both.index, fill_value=-1))


def tree(topics: Topics) -> pd.DataFrame:
    """Which topics are similar: merged step by step, the nearest first (average linkage of cosine distances).

    Args:
        topics: From ``topics.fit``.

    Returns:
        A row for each merge: ``left``, ``right`` (a topic, or n_topics + the number of an earlier merge),
        ``distance`` (0 to 2), ``size`` (topics in it): scipy's linkage matrix.

    Raises:
        ValueError: The model is not from ``topics.fit``, or has only one topic.
    """
    n = topics.topic_terms["topic"].nunique()
    if topics.model is None or n < 2:
        raise ValueError(f"a tree needs a model of topics.fit with two topics or more (this one has {n})")
    # The row of segments without a topic, if there is one, comes first.
    vectors = np.round(np.asarray(topics.model.topic_embeddings_)[-n:], DECIMALS)
    merged = linkage(vectors, "average", metric="cosine")
    table = pd.DataFrame(merged, columns=["left", "right", "distance", "size"]).round(DECIMALS)
    return table.astype({"left": int, "right": int, "size": int})


def examples(assigned: pd.DataFrame, segments: pd.DataFrame, *, n: int = 5) -> pd.DataFrame:
    """Segments to read for each topic, the most typical first.

    Args:
        assigned: ``segment_id``, ``topic``, ``probability``, from ``Topics.assign`` or ``Topics.topics``.
        segments: ``segment_id``, ``text``.
        n: The largest number for each topic.

    Returns:
        ``topic``, ``segment_id``, ``probability``, ``text``, sorted by topic, then probability.

    Raises:
        ValueError: The segments have no text.
    """
    if "text" not in segments or segments["text"].isna().all():
        raise ValueError("segments has no text: pass those of corpus/samples, or build a corpus with --text")
    placed = assigned[assigned["topic"] >= 0].merge(segments[["segment_id", "text"]].dropna(), on="segment_id")
    ordered = placed.sort_values(["topic", "probability", "segment_id"], ascending=[True, False, True])
    columns = ["topic", "segment_id", "probability", "text"]
    return ordered.groupby("topic").head(n)[columns].reset_index(drop=True)
