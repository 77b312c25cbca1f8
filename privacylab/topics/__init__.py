"""What policies talk about: k-means on mean word vectors, in BERTopic's interface; the same answer on every machine.

BERTopic (Grootendorst 2022) takes its parts as arguments; its transformer, UMAP and HDBSCAN are not used. The parts
that replace them (`vectors`, `clusters`) were chosen by measurement (``benchmarks/topics.py``): a segment's position is
the mean of its words' vectors, `SphericalKMeans` groups segments, starting from the archives' own clusters, and a
topic's terms are those of many services, neither boilerplate nor the name of an organisation.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from privacylab import files, paths, tables
from privacylab.findings import TooFewError
from privacylab.tables import schema
from privacylab.topics.clusters import SphericalKMeans
from privacylab.topics.vectors import (
    DECIMALS,
    MIN_TERMS,
    ClassTermWeight,
    Encoder,
    Floats,
    Presence,
    RankedTerms,
    ServiceCounter,
    domain_vectors,
    presence_of_terms,
    ranked_terms,
)

if TYPE_CHECKING:
    from bertopic import BERTopic

BOILERPLATE = frozenset(paths.rules("topics")["boilerplate"])
"""Words of policies in general, which distinguish no topics."""

MIN_COUNT = 5
"""A term of a topic occurs in at least this many segments, and services if these are known."""


@dataclass(frozen=True)
class Topics:
    """A topic model's findings, and the model.

    Attributes:
        topics: ``segment_id``, ``topic`` (0 is the largest; -1: none), ``probability`` (0 to 1, null where none),
            sorted by segment.
        topic_terms: ``topic``, ``rank`` (from 0), ``term``, ``weight``, the strongest term first; no term repeats a
            word of a stronger one.
        assign: Gives other segments the topics of this model: a frame as for `fit` -> one like ``topics``.
        model: The fitted BERTopic, with the same numbering, for its interactive views; its documents are the row
            numbers of ``topics``. None for other models.
    """

    topics: pd.DataFrame
    topic_terms: pd.DataFrame
    assign: Callable[[pd.DataFrame], pd.DataFrame]
    model: "BERTopic | None" = None


# --- Fitting ---------------------------------------------------------------------------------------------------------


def fit(
    segments: pd.DataFrame,
    *,
    n_topics: int = 50,
    seed: int = 0,
    services: "pd.Series[str] | None" = None,
    names: Iterable[str] = (),
    encoder: Encoder | None = None,
    clusterer: SphericalKMeans | None = None,
) -> Topics:
    """Fits a topic model on distinct segments: the same segments, in any order, give the same topics anywhere.

    A segment has a term or does not; a phrase also counts for its words. Segments with fewer than three known words
    have no topic (-1).

    Args:
        segments: ``segment_id`` (unique) and ``terms`` (separated by blanks; the words of a phrase joined by ``_``), or
            ``text`` if there are no terms.
        n_topics: How many topics.
        seed: For every random choice; any integer from 0. There is none if the clusters start from the shipped ones: up
            to 200 topics, without your own ``encoder`` or ``clusterer``.
        services: The service of each segment, with ``segment_id`` as its index; a segment of several services has
            several rows (`services_of`). With it a service counts a term of a topic once; without it each segment does,
            and the names of unknown services cannot be kept out.
        names: Names and domains of organisations to keep out of the terms.
        encoder: Embeds the texts (the terms if there is no text) instead of the shipped word vectors.
        clusterer: `SphericalKMeans` of ``n_topics`` clusters with another start.

    Returns:
        The topics, their terms, and the model.

    Raises:
        ValueError: There is nothing to model, there are fewer different segments than topics, or a column is missing.

    Note:
        With an encoder the answer may be the same only on one machine.

    References:
        Grootendorst, M. (2022). BERTopic: Neural topic modeling with a class-based TF-IDF procedure. arXiv:2203.05794.
    """
    rows, presence = door(segments, n_topics)
    kept_out = kept_out_of_terms(names)
    owner, belongs = owners(rows["segment_id"], services)
    counter = ServiceCounter(*vocabulary(presence, belongs, kept_out), owner)
    vectors = positions(rows, presence, kept_out, encoder)
    _check_enough_differ(vectors, n_topics)
    if clusterer is None:
        start = domain_vectors().start(n_topics) if encoder is None else None
        clusterer = SphericalKMeans(n_topics, seed=seed, start=start)
    labels = clusterer.fit(vectors).predict(vectors)
    topic_of, terms = _numbered(labels, counter)

    def placed(rows: pd.DataFrame, vectors: Floats) -> pd.DataFrame:
        topic = topic_of[clusterer.predict(vectors)]
        probability = np.where(topic < 0, np.nan, clusterer.posterior(vectors))
        frame = pd.DataFrame({"segment_id": rows["segment_id"], "topic": topic, "probability": probability})
        return schema.check("topics", frame)

    def assign(others: pd.DataFrame) -> pd.DataFrame:
        rows, presence = door(others)
        return placed(rows, positions(rows, presence, kept_out, encoder))

    model = _bertopic(counter, vectors, topic_of[labels].tolist())
    return Topics(placed(rows, vectors), schema.check("topic_terms", terms_frame(terms)), assign, model)


def door(segments: pd.DataFrame, n_topics: int = 1) -> tuple[pd.DataFrame, Presence]:
    """The segments by id, with the ``text`` to encode, and which of them has which term.

    Raises:
        ValueError: As `fit`.
    """
    if "segment_id" not in segments:
        raise ValueError(f"segments has no column segment_id, only {', '.join(map(str, segments.columns))}: add it")
    if segments.empty:
        raise TooFewError("segments has no rows: choose an era, a sample or a corpus that has some")
    source = next((c for c in ("terms", "text") if c in segments and segments[c].notna().any()), None)
    if source is None:
        raise ValueError("segments has neither terms nor text: pass a corpus's segments with the column terms")
    if n_topics < 1:
        raise ValueError(f"n_topics is {n_topics}: give 1 or more")
    if len(segments) < n_topics:
        raise TooFewError(f"n_topics is {n_topics}, but there are {len(segments)} segments: give fewer topics or more")
    repeated = segments["segment_id"][segments["segment_id"].duplicated()]
    if len(repeated):
        raise ValueError(f"segment_id {repeated.iloc[0]} occurs more than once: drop the repeats")
    rows = segments.sort_values("segment_id", ignore_index=True)
    bags = rows[source].fillna("").astype(str).tolist()
    if source == "text":
        words_of = CountVectorizer(stop_words="english", token_pattern=r"[a-z][a-z'-]+[a-z]").build_analyzer()
        bags = [" ".join(words_of(text)) for text in bags]
    if not any(map(str.strip, bags)):
        raise TooFewError("no segment has a term: pass a corpus's segments with the column terms")
    texts = rows["text"].astype(str).tolist() if "text" in rows and rows["text"].notna().all() else bags
    return pd.DataFrame({"segment_id": rows["segment_id"].astype("str"), "text": texts}), presence_of_terms(bags)


def kept_out_of_terms(names: Iterable[str]) -> set[str]:
    """Terms that no topic shows: boilerplate, names as words and phrases, the first label of a domain."""
    words = [re.findall(r"[a-z0-9'-]+", name.lower().split(".")[0]) for name in names]
    return {*BOILERPLATE} | {"_".join(listed) for listed in words if len(listed) <= 2}


def owners(ids: "pd.Series[str]", services: "pd.Series[str] | None") -> tuple[npt.NDArray[np.intp], sparse.csr_matrix]:
    """The (first) service of each segment as a number, and which service has which segment.

    If services are not known, each segment counts as a service.

    Raises:
        ValueError: A segment has no service.
    """
    if services is None:
        services = ids.set_axis(ids)
    row = pd.Index(ids).get_indexer(pd.Index(services.index.astype("str")))
    codes, names = pd.factorize(services[row >= 0], sort=True)
    row = row[row >= 0]
    missing = ids[~ids.index.isin(row)]
    if len(missing):
        raise ValueError(f"services lacks {len(missing)} segments, {missing.iloc[0]} first: add them")
    belongs = sparse.csr_matrix((np.ones(len(row)), (codes, row)), shape=(len(names), len(ids)))
    return pd.Series(codes).groupby(row).min().to_numpy(), belongs


def vocabulary(
    presence: Presence, belongs: sparse.csr_matrix, kept_out: set[str]
) -> tuple[sparse.csr_matrix, list[str]]:
    """The terms that occur in enough segments and services, in order."""
    enough = (presence.matrix.getnnz(axis=0) >= MIN_COUNT) & ~np.isin(presence.terms, sorted(kept_out))
    enough &= (belongs @ presence.matrix).getnnz(axis=0) >= min(MIN_COUNT, belongs.shape[0])
    if not enough.any():
        raise TooFewError(f"no term occurs in {MIN_COUNT} segments and services: give more segments")
    return sparse.csr_matrix(presence.matrix[:, np.flatnonzero(enough)]), presence.terms[enough].tolist()


def positions(rows: pd.DataFrame, presence: Presence, kept_out: set[str], encoder: Encoder | None) -> Floats:
    """The positions of segments: unit vectors, zeros for too few words; shape (n_segments, n_dimensions).

    Rounded, so that a machine's last digits decide nothing.
    """
    if encoder is None:
        return np.asarray(np.round(domain_vectors().directions(presence, kept_out), DECIMALS))
    vectors = normalize(np.asarray(encoder.encode(list(rows["text"])), dtype=np.float64))
    vectors[presence.matrix.getnnz(axis=1) < MIN_TERMS] = 0.0
    return np.asarray(np.round(vectors, DECIMALS))


def _check_enough_differ(vectors: Floats, n_topics: int) -> None:
    n_different = len({row.tobytes() for row in vectors if row.any()})
    if not n_different:
        raise TooFewError(
            "no segment has three words that the shipped vectors of English policies know: pass an encoder for this "
            "language, or segments with more terms"
        )
    if n_different < n_topics:
        raise TooFewError(
            f"n_topics is {n_topics}, but only {n_different} of {len(vectors)} segments differ in their terms: "
            "give fewer topics or more segments"
        )


def _numbered(
    labels: npt.NDArray[np.int64], counter: ServiceCounter
) -> tuple[npt.NDArray[np.int64], dict[int, list[tuple[str, float]]]]:
    """The topic of each cluster, numbered by size, then first term, with -1 for none at the end; the topics' terms."""
    documents = pd.Series(np.arange(len(labels)).astype(str)).groupby(labels).agg(" ".join)
    counts = counter.transform(documents)
    weights = ClassTermWeight().fit(counts).transform(counts).toarray()
    terms = {cluster: ranked_terms(counter.terms, row) for cluster, row in zip(documents.index, weights, strict=True)}
    sizes = pd.Series(labels[labels >= 0]).value_counts()
    largest_first = sorted(sizes.index, key=lambda cluster: (-sizes[cluster], terms[cluster]))
    topic_of = np.full(labels.max() + 2, -1)
    topic_of[largest_first] = np.arange(len(largest_first))
    return topic_of, {topic: terms[cluster] for topic, cluster in enumerate(largest_first)}


def _bertopic(counter: ServiceCounter, vectors: Floats, topics: list[int]) -> "BERTopic":
    """A BERTopic of given topics: it embeds, reduces and clusters nothing, and keeps their numbers."""
    # Imported here: it takes seconds, and most of this module works without it.
    from bertopic import BERTopic
    from bertopic.backend import BaseEmbedder
    from bertopic.cluster import BaseCluster
    from bertopic.dimensionality import BaseDimensionalityReduction

    model = BERTopic(
        embedding_model=BaseEmbedder(),
        umap_model=BaseDimensionalityReduction(),
        hdbscan_model=BaseCluster(),
        vectorizer_model=counter,
        ctfidf_model=ClassTermWeight(),
        representation_model=[RankedTerms()],
        nr_topics=len(set(topics)),  # the number that there are: without one BERTopic sorts, and leaves ties unordered
    )
    model.fit([str(row) for row in range(len(vectors))], embeddings=vectors, y=topics)
    return model


def terms_frame(ranked: dict[int, list[tuple[str, float]]]) -> pd.DataFrame:
    """``topic``, ``rank``, ``term``, ``weight`` from the terms of each topic."""
    rows = [(topic, rank, *term) for topic, terms in ranked.items() for rank, term in enumerate(terms)]
    return pd.DataFrame(rows, columns=["topic", "rank", "term", "weight"])


# --- Choosing segments -----------------------------------------------------------------------------------------------


def services_of(occurrences: pd.DataFrame, policies: pd.DataFrame) -> "pd.Series[str]":
    """The services of each segment, with ``segment_id`` as the index; a row for each pair, sorted."""
    owned = occurrences[["policy_id", "segment_id"]].merge(policies[["policy_id", "service"]], on="policy_id")
    pairs = owned[["segment_id", "service"]].drop_duplicates().sort_values(["segment_id", "service"])
    return pairs.set_index("segment_id")["service"]


def sample(segments: pd.DataFrame, *, services: "pd.Series[str]", n: int = 25_000, seed: int = 0) -> pd.DataFrame:
    """Segments to fit on: services take turns, so that one with a hundred versions has no more weight than another.

    Segments with the same terms are taken once. A hash orders them within a service, so that adding or removing a
    service does not change the turns of the others.

    Args:
        segments: ``segment_id`` and ``terms``.
        services: As for `fit`; a segment of several services is the first one's.
        n: The largest number.
        seed: Of the hash.

    Returns:
        Rows of ``segments``, sorted by ``segment_id``.
    """
    rows = segments.sort_values("segment_id").drop_duplicates("terms")
    key = [blake2b(f"{seed}:{i}".encode(), digest_size=8).hexdigest() for i in rows["segment_id"]]
    hashed = rows.assign(key=key, service=rows["segment_id"].map(services.groupby(level=0).min())).sort_values("key")
    turn = hashed.groupby("service").cumcount()
    return rows.loc[turn.sort_values(kind="stable").index[:n]].sort_values("segment_id", ignore_index=True)


def save(folder: str | Path, topics: Topics) -> None:
    """Writes ``topics.parquet`` and ``topic_terms.parquet`` beside the tables of a corpus.

    Both are written in full under other names before either replaces the old file.
    """
    with (
        files.replacing(Path(folder, "topics.parquet")) as of_segments,
        files.replacing(Path(folder, "topic_terms.parquet")) as of_topics,
    ):
        tables.write_table(of_segments, "topics", topics.topics)
        tables.write_table(of_topics, "topic_terms", topics.topic_terms)
