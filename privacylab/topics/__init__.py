"""What policies talk about: BERTopic with parts that give the same answer on every machine.

BERTopic (Grootendorst 2022) takes its parts as arguments. The ones passed in here (`vectors`, `clusters`) are chosen by
measurement (``benchmarks/topics.py``): segments lie where the mean of their words' vectors points, `SphericalKMeans`
groups them, beginning with the archives' own clusters, and a topic's terms are those of many services, neither
boilerplate nor the name of an organisation.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sparse
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
from sklearn.preprocessing import normalize

from privacylab import tables
from privacylab.findings import TooFewError
from privacylab.tables import schema
from privacylab.topics.clusters import Clusterer, Floats, Reducer, SphericalKMeans
from privacylab.topics.vectors import (
    DECIMALS,
    MIN_TERMS,
    ClassTermWeight,
    Encoder,
    Presence,
    ServiceCounter,
    distinct,
    domain_vectors,
    presence_of_terms,
    totals,
)

if TYPE_CHECKING:
    from bertopic import BERTopic

BOILERPLATE = (
    "click contact_us describe detail example follow following https include information link notice page please "
    "policy privacy privacy_notice privacy_policy privacy_practice privacy_statement read section see service site "
    "statement use visit web_site website www"
).split()
"""Words of policies as such, which tell no topic from another."""

_WORD = re.compile(r"[a-z][a-z'-]+[a-z]")
_MOST = 0.8


@dataclass(frozen=True)
class Topics:
    """A topic model's findings, and the model.

    Attributes:
        topics: ``segment_id``, ``topic`` (0 is the largest; -1: none), ``probability`` (0 to 1, null where none),
            sorted by segment.
        topic_terms: ``topic``, ``rank`` (from 0), ``term``, ``weight``, the strongest term first; no term repeats a
            word of a stronger one.
        assign: Gives other segments the topics of this model: a frame as `fit` takes it -> one like ``topics``.
        model: The fitted BERTopic, with the same numbering, for its interactive views; its documents are the numbers
            of the rows of ``topics``. None for other models.
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
    boilerplate: Iterable[str] = BOILERPLATE,
    min_count: int = 5,
    n_terms: int = 25,
    encoder: Encoder | None = None,
    reducer: Reducer | None = None,
    clusterer: Clusterer | None = None,
) -> Topics:
    """Fits a topic model on distinct segments: the same segments, in any order, give the same topics anywhere.

    A segment holds a term or does not; a phrase counts for its words too. Segments with fewer than three known words
    have no topic (-1).

    Args:
        segments: ``segment_id`` (unique) and ``terms`` (separated by blanks; the words of a phrase joined by ``_``), or
            ``text`` where there are no terms.
        n_topics: How many topics; not used with a ``clusterer`` of your own.
        seed: Of every random choice; any integer from 0. There is none where the clusters begin with the shipped ones:
            up to 200 topics, unless you bring an ``encoder``, ``reducer`` or ``clusterer``.
        services: The service of each segment, with ``segment_id`` as its index; a segment that stands in several
            services has several rows (`services_of`). With it a service counts a term of a topic once; without it
            each segment does, and the names of unknown services cannot be kept out.
        names: Names and domains of organisations to keep out of the terms.
        boilerplate: Further terms to keep out.
        min_count: A term must occur in so many segments, and in so many services where ``services`` is given.
        n_terms: Terms for each topic, at most.
        encoder: Embeds the texts (the terms where there is no text) instead of the shipped word vectors.
        reducer: Anything with ``fit`` and ``transform`` (UMAP, PCA) to reduce the embedding further.
        clusterer: Anything with ``fit``, ``predict`` and ``labels_`` (HDBSCAN, KMeans) instead of `SphericalKMeans`.

    Returns:
        The topics, their terms, and the model.

    Raises:
        ValueError: Nothing to model, fewer different segments than topics, or a column is missing; says what to do.

    Note:
        With UMAP or other encoders the answer is the same only on one machine.

    References:
        Grootendorst, M. (2022). BERTopic: Neural topic modeling with a class-based TF-IDF procedure. arXiv:2203.05794.
    """
    rows, held = door(segments, n_topics)
    kept_out = kept_out_of_terms(names, boilerplate)
    owner, belongs = _owners(rows["segment_id"], services)
    counter = ServiceCounter(*_vocabulary(held, belongs, min_count, kept_out), owner)
    place = _Place(encoder, kept_out)
    vectors = place(rows, held)
    if clusterer is None:
        _enough_that_differ(vectors, n_topics)
        clusterer = SphericalKMeans(n_topics, seed=seed, start=place.start(n_topics) if reducer is None else None)
    model = _bertopic(counter, vectors, reducer, clusterer, n_terms)
    terms = _number(model, n_terms)
    found = pd.DataFrame({"segment_id": rows["segment_id"], "topic": model.topics_})
    found["probability"] = _sureness(model.topics_, model.probabilities_)
    return Topics(schema.check("topics", found), schema.check("topic_terms", terms), _assigner(model, place), model)


def door(segments: pd.DataFrame, n_topics: int = 1) -> tuple[pd.DataFrame, Presence]:
    """The segments by id, with the ``text`` to encode, and which of them holds which term.

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
    if segments["segment_id"].duplicated().any():
        twice = segments["segment_id"][segments["segment_id"].duplicated()].iloc[0]
        raise ValueError(f"segment_id {twice} occurs more than once: drop the repeats")
    rows = segments.sort_values("segment_id", ignore_index=True)
    bags = rows[source].fillna("").astype(str).tolist()
    if source == "text":
        bags = [" ".join(_words(text)) for text in bags]
    held = presence_of_terms(bags)
    if not held.held.nnz:
        raise TooFewError("no segment has a term: pass a corpus's segments with the column terms")
    texts = rows["text"].astype(str).tolist() if "text" in rows and rows["text"].notna().all() else bags
    return pd.DataFrame({"segment_id": rows["segment_id"].astype("str"), "text": texts}), held


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in ENGLISH_STOP_WORDS]


def kept_out_of_terms(names: Iterable[str], boilerplate: Iterable[str]) -> set[str]:
    """Terms that no topic shows: boilerplate, names as words and phrases, the first label of a domain."""
    out = set(boilerplate)
    for name in names:
        words = re.findall(r"[a-z0-9'-]+", name.lower().split(".")[0])
        if len(words) <= 2:
            out.add("_".join(words))
    return out


def _owners(
    ids: "pd.Series[str]", services: "pd.Series[str] | None"
) -> tuple[npt.NDArray[np.intp], sparse.csr_matrix | None]:
    """The (first) service of each segment as a number, and which service has which segment: None if not known."""
    if services is None:
        return np.arange(len(ids)), None
    place = pd.Index(ids).get_indexer(pd.Index(services.index.astype("str")))
    known = np.flatnonzero(place >= 0)
    missing = ids[~np.isin(np.arange(len(ids)), place[known])]
    if len(missing):
        raise ValueError(f"services lacks {len(missing)} segments, {missing.iloc[0]} first: add them")
    codes, listed = pd.factorize(services.iloc[known], sort=True)
    owner = np.full(len(ids), len(listed))
    np.minimum.at(owner, place[known], codes)
    belongs = sparse.csr_matrix((np.ones(len(known)), (codes, place[known])), shape=(len(listed), len(ids)))
    return owner, belongs


def _vocabulary(
    presence: Presence, belongs: sparse.csr_matrix | None, min_count: int, kept_out: set[str]
) -> tuple[sparse.csr_matrix, list[str]]:
    """The terms that occur in enough segments, and in enough services where these are known; in order."""
    enough = (totals(presence.held) >= min_count) & ~np.isin(presence.terms, sorted(kept_out))
    if belongs is not None:
        enough &= totals((belongs @ presence.held) > 0) >= min(min_count, belongs.shape[0])
    if not enough.any():
        raise TooFewError(f"no term occurs in {min_count} segments and services: give more segments or lower min_count")
    return sparse.csr_matrix(presence.held[:, np.flatnonzero(enough)]), presence.terms[enough].tolist()


class _Place:
    """Where segments lie: unit vectors, rounded so that no machine's last digits decide anything."""

    def __init__(self, encoder: Encoder | None, kept_out: set[str]) -> None:
        self.encoder = encoder
        self.kept_out = kept_out

    def __call__(self, rows: pd.DataFrame, presence: Presence) -> Floats:
        """The vectors of rows, shape (n_segments, n_dimensions); zeros where there are too few words."""
        if self.encoder is None:
            return np.asarray(np.round(domain_vectors().directions(presence, self.kept_out), DECIMALS))
        vectors = normalize(np.asarray(self.encoder.encode(list(rows["text"])), dtype=np.float64))
        vectors[np.diff(presence.held.indptr) < MIN_TERMS] = 0.0
        return np.asarray(np.round(vectors, DECIMALS))

    def start(self, n_topics: int) -> Floats | None:
        """Where the clusters may begin whatever the segments; None where only the segments can say."""
        return domain_vectors().start(n_topics) if self.encoder is None else None


def _enough_that_differ(vectors: Floats, n_topics: int) -> None:
    used = vectors[np.any(vectors != 0, axis=1)]
    n_different = len({row.tobytes() for row in used})
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


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings that BERTopic and its parts give about packages and settings that do not concern us."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
        warnings.filterwarnings("ignore", message=".*n_jobs value .* overridden", category=UserWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"(bertopic|hdbscan|umap|numba)\b.*")
        warnings.filterwarnings("ignore", category=SyntaxWarning, module=r"(bertopic|hdbscan|umap|numba)\b.*")
        warnings.filterwarnings("ignore", category=FutureWarning, module=r"(bertopic|hdbscan|umap|sklearn)\b.*")
        yield


def _bertopic(
    counter: ServiceCounter, vectors: Floats, reducer: Reducer | None, clusterer: Clusterer, n_terms: int
) -> "BERTopic":
    with _quiet():
        # Here and not above: the import takes seconds, and most of this module works without it.
        from bertopic import BERTopic
        from bertopic.backend import BaseEmbedder
        from bertopic.dimensionality import BaseDimensionalityReduction

        model = BERTopic(
            # An embedder that is there but never asked: the vectors come with the call.
            embedding_model=BaseEmbedder(),
            umap_model=BaseDimensionalityReduction() if reducer is None else reducer,
            hdbscan_model=clusterer,
            vectorizer_model=counter,
            ctfidf_model=ClassTermWeight(),
            top_n_words=n_terms,
        )
        model.fit_transform([str(row) for row in range(len(vectors))], embeddings=vectors)
    if set(model.topics_) <= {-1}:
        raise ValueError("the clusterer found no topic: lower its smallest cluster, or use the default")
    return model


def _number(fitted: "BERTopic", n_terms: int) -> pd.DataFrame:
    """Numbers the model's topics by size, then first term, in place; their terms by weight, then alphabet.

    BERTopic leaves the order of equals to the processor's way of sorting.
    """
    model: Any = fitted
    words = model.vectorizer_model.get_feature_names_out()
    olds = sorted(set(model.topics_))
    ranked = {
        old: ranked_terms(words, row, n_terms) or [("", 0.0)]
        for old, row in zip(olds, np.round(model.c_tf_idf_.toarray(), 6), strict=True)
    }
    sizes = pd.Series(model.topics_).value_counts().to_dict()
    largest_first = sorted((old for old in olds if old >= 0), key=lambda old: (-sizes[old], ranked[old]))
    new = {-1: -1} | {old: number for number, old in enumerate(largest_first)}
    in_order = sorted(olds, key=new.__getitem__)
    rows = [olds.index(old) for old in in_order]
    model.topics_ = [new[old] for old in model.topics_]
    model.topic_sizes_ = {new[old]: size for old, size in sizes.items()}
    model.topic_representations_ = {new[old]: ranked[old] for old in in_order}
    model.representative_docs_ = {new[old]: docs for old, docs in model.representative_docs_.items()}
    model.c_tf_idf_ = model.c_tf_idf_[rows]
    model.topic_embeddings_ = model.topic_embeddings_[rows]
    model.topic_mapper_.add_mappings(new, topic_model=model)
    return terms_frame({topic: listed for topic, listed in model.topic_representations_.items() if topic >= 0})


def ranked_terms(words: npt.NDArray[np.str_], weights: Floats, n: int) -> list[tuple[str, float]]:
    """The n terms of the largest weights above 0, equals by alphabet, that repeat no word of a stronger one.

    A phrase that is most of what one of its words weighs stands in that word's place, with its weight: "united states",
    not "united".
    """
    lifted = weights.copy()
    used = np.flatnonzero(weights > 0)
    place = {str(words[i]): int(i) for i in used}
    phrases = {term: i for term, i in place.items() if "_" in term}
    for term, i in phrases.items():
        parts = [weights[place[word]] for word in term.split("_") if word in place]
        lifted[i] = max([weights[i], *(part for part in parts if weights[i] >= _MOST * part)])
    order = sorted(used.tolist(), key=lambda i: (-lifted[i], "_" not in words[i], words[i]))
    strongest = {str(words[i]): float(lifted[i]) for i in order}
    return [(term, strongest[term]) for term in distinct(strongest, n)]


def terms_frame(ranked: dict[int, list[tuple[str, float]]]) -> pd.DataFrame:
    """``topic``, ``rank``, ``term``, ``weight`` from the terms of each topic."""
    listed = [
        (topic, rank, term, weight)
        for topic, terms in ranked.items()
        for rank, (term, weight) in enumerate(terms)
        if term
    ]
    return pd.DataFrame(listed, columns=["topic", "rank", "term", "weight"])


def _sureness(topics: Iterable[int], probabilities: npt.ArrayLike | None) -> Floats:
    """The probability of each segment's topic; NaN where it has none or the clusterer does not say."""
    found = np.asarray(list(topics))
    given = np.full(len(found), np.nan) if probabilities is None else np.asarray(probabilities, dtype=float)
    return np.where(found < 0, np.nan, np.clip(np.round(given, DECIMALS), 0, 1))


def _assigner(model: "BERTopic", place: _Place) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def assign(segments: pd.DataFrame) -> pd.DataFrame:
        rows, presence = door(segments)
        vectors = place(rows, presence)
        with _quiet():
            topics, probabilities = model.transform([""] * len(rows), embeddings=vectors)
        if isinstance(model.hdbscan_model, SphericalKMeans):
            probabilities = model.hdbscan_model.posterior(vectors)
        found = pd.DataFrame({"segment_id": rows["segment_id"], "topic": np.asarray(topics, dtype=np.int64)})
        return schema.check("topics", found.assign(probability=_sureness(found["topic"], probabilities)))

    return assign


# --- Choosing segments -----------------------------------------------------------------------------------------------


def services_of(occurrences: pd.DataFrame, policies: pd.DataFrame) -> "pd.Series[str]":
    """The services that each segment stands in, with ``segment_id`` as the index; a row for each pair, sorted."""
    owned = occurrences[["policy_id", "segment_id"]].merge(policies[["policy_id", "service"]], on="policy_id")
    pairs = owned[["segment_id", "service"]].drop_duplicates().sort_values(["segment_id", "service"])
    return pairs.set_index("segment_id")["service"]


def sample(segments: pd.DataFrame, *, services: "pd.Series[str]", n: int = 25_000, seed: int = 0) -> pd.DataFrame:
    """Segments to fit on: services take turns, so that one with a hundred versions weighs no more than another.

    Segments with the same terms are taken once; the order within a service is that of a hash, so that a service more
    or less leaves the turns of the others as they are.

    Args:
        segments: ``segment_id`` and ``terms``.
        services: As for `fit`; a segment of several services is the first one's.
        n: How many, at most.
        seed: Of the hash.

    Returns:
        Rows of ``segments``, sorted by ``segment_id``.
    """
    owner = services.groupby(level=0).min()
    rows = segments.sort_values("segment_id").drop_duplicates("terms")
    key = [blake2b(f"{seed}:{i}".encode(), digest_size=8).hexdigest() for i in rows["segment_id"]]
    ordered = rows.assign(_service=rows["segment_id"].map(owner), _key=key).sort_values("_key")
    turn = ordered.groupby("_service").cumcount()
    taken = ordered.assign(_turn=turn).sort_values(["_turn", "_key"]).head(n)
    return taken[list(segments.columns)].sort_values("segment_id", ignore_index=True)


def write(folder: str | Path, topics: Topics) -> None:
    """Writes ``topics.parquet`` and ``topic_terms.parquet`` beside the tables of a corpus.

    Both are written in full under other names before either takes its place.
    """
    frames = {"topics": topics.topics, "topic_terms": topics.topic_terms}
    staged = {name: Path(folder) / f".{name}.parquet.writing" for name in frames}
    try:
        for name, frame in frames.items():
            tables.write_table(staged[name], name, frame)
        for name, path in staged.items():
            path.replace(Path(folder) / f"{name}.parquet")
    finally:
        for path in staged.values():
            path.unlink(missing_ok=True)
