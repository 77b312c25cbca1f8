"""What policies talk about: BERTopic with parts that give the same answer on every machine, and measures of its worth.

BERTopic (Grootendorst 2022) takes its parts as arguments. The ones passed in here are chosen by measurement
(``benchmarks/topics.py``): term presence weighted by rarity and reduced by a singular value decomposition, no further
reduction, `SphericalKMeans`, and c-TF-IDF over terms that are neither boilerplate nor the name of an organisation.
"""

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sparse
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import normalize

from privacylab import tables

if TYPE_CHECKING:
    from bertopic import BERTopic

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.signedinteger[Any]]

BOILERPLATE = (
    "click contact_us describe detail example follow following https include information link notice page please "
    "policy privacy privacy_notice privacy_policy privacy_practice privacy_statement read section see service site "
    "statement use visit web_site website www"
).split()
"""Words of policies as such, which tell no topic from another."""

_DECIMALS = 4
_MIN_TERMS = 3
_WORD = re.compile(r"[a-z][a-z'-]+[a-z]")


class Encoder(Protocol):
    """Turns texts into vectors, as the models of sentence-transformers and model2vec do."""

    def encode(self, texts: list[str], /) -> npt.ArrayLike:
        """One row of numbers for each text."""


class Reducer(Protocol):
    """Makes vectors shorter, as UMAP and scikit-learn's PCA do."""

    def fit(self, vectors: Floats, /) -> object:
        """Learns how."""

    def transform(self, vectors: Floats, /) -> npt.ArrayLike:
        """The shorter vectors, one for each row."""


class Clusterer(Protocol):
    """Puts vectors into clusters, as HDBSCAN and scikit-learn's KMeans do; ``probabilities_`` is optional."""

    labels_: npt.NDArray[Any]

    def fit(self, vectors: Floats, /) -> object:
        """Learns the clusters and sets ``labels_``, -1 for none."""


@dataclass(frozen=True)
class Topics:
    """A topic model's findings, and the model.

    Attributes:
        topics: ``segment_id``, ``topic`` (0 is the largest; -1: none), ``probability`` (0 to 1, null where none),
            sorted by segment.
        topic_terms: ``topic``, ``rank`` (from 0), ``term``, ``weight``, the strongest term first.
        assign: Gives other segments the topics of this model: a frame as `fit` takes it -> ``segment_id``, ``topic``.
        model: The fitted BERTopic, with the same numbering, for its interactive views; None for other models.
    """

    topics: pd.DataFrame
    topic_terms: pd.DataFrame
    assign: Callable[[pd.DataFrame], pd.DataFrame]
    model: "BERTopic | None" = None


class Quality(NamedTuple):
    """How good topics look by numbers; see `quality`."""

    npmi: float
    diversity: float
    outlier_share: float
    npmi_by_topic: "pd.Series[float]"


class Alignment(NamedTuple):
    """How topics and clause categories meet; see `alignment`."""

    shares: pd.DataFrame
    nmi: float
    purity: float


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

    Each segment counts a term once. Segments with fewer than three terms of the vocabulary have no topic (-1).

    Args:
        segments: ``segment_id`` (unique) and ``terms`` (separated by blanks; the words of a phrase joined by ``_``), or
            ``text`` where there are no terms.
        n_topics: How many topics; not used with a ``clusterer`` of your own.
        seed: Of every random choice; any integer from 0.
        services: The service of each segment, with ``segment_id`` as its index; a segment that stands in several
            services has several rows (`services_of`). Without it the names of unknown services cannot be kept out.
        names: Names and domains of organisations to keep out of the terms.
        boilerplate: Further terms to keep out.
        min_count: A term must occur in so many segments, and in so many services where ``services`` is given.
        n_terms: Terms for each topic, at most.
        encoder: Embeds the texts (the terms where there is no text) instead of TF-IDF and SVD.
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
    rows = _door(segments, n_topics)
    kept_out = _kept_out(names, boilerplate)
    vocabulary = _vocabulary(rows, "terms", services, min_count, kept_out)
    embedding = Embedding(encoder, _vocabulary(rows, "words", services, min_count, kept_out), seed)
    vectors = embedding.fit(rows)
    if clusterer is None:
        n_different = len(np.unique(vectors[np.any(vectors != 0, axis=1)], axis=0))
        if n_different < n_topics:
            raise ValueError(
                f"n_topics is {n_topics}, but only {n_different} of {len(rows)} segments differ in their terms: "
                "give fewer topics or more segments"
            )
        clusterer = SphericalKMeans(n_topics, seed=seed)
    model = _bertopic(rows["terms"], vectors, vocabulary, reducer, clusterer, n_terms)
    terms = _number(model, n_terms)
    found = pd.DataFrame({"segment_id": rows["segment_id"], "topic": model.topics_, "probability": _sureness(model)})
    return Topics(tables.check("topics", found), tables.check("topic_terms", terms), _assigner(model, embedding), model)


def _door(segments: pd.DataFrame, n_topics: int = 1) -> pd.DataFrame:
    """The segments by id: their ``terms``, each once; these with the ``words`` of phrases; the ``text`` to encode."""
    if "segment_id" not in segments:
        raise ValueError(f"segments has no column segment_id, only {', '.join(map(str, segments.columns))}: add it")
    source = next((c for c in ("terms", "text") if c in segments and segments[c].notna().any()), None)
    if len(segments) and source is None:
        raise ValueError("segments has neither terms nor text: pass a corpus's segments with the column terms")
    if n_topics < 1:
        raise ValueError(f"n_topics is {n_topics}: give 1 or more")
    if len(segments) < n_topics:
        raise ValueError(f"n_topics is {n_topics}, but there are {len(segments)} segments: give fewer topics or more")
    if segments["segment_id"].duplicated().any():
        twice = segments["segment_id"][segments["segment_id"].duplicated()].iloc[0]
        raise ValueError(f"segment_id {twice} occurs more than once: drop the repeats")
    rows = segments.sort_values("segment_id", ignore_index=True)
    split = _words if source == "text" else str.split
    bags = [" ".join(sorted(set(split(value)))) for value in rows[source or "segment_id"].fillna("").astype(str)]
    texts = rows["text"].fillna("").astype(str) if "text" in rows and rows["text"].notna().all() else bags
    words = [" ".join(sorted({*bag.split(), *bag.replace("_", " ").split()})) for bag in bags]
    return pd.DataFrame({"segment_id": rows["segment_id"].astype("str"), "terms": bags, "words": words, "text": texts})


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in ENGLISH_STOP_WORDS]


def _kept_out(names: Iterable[str], boilerplate: Iterable[str]) -> set[str]:
    """Terms that no topic shows: boilerplate, names as words and phrases, the first label of a domain."""
    out = set(boilerplate)
    for name in names:
        words = re.findall(r"[a-z0-9'-]+", name.lower().split(".")[0])
        if len(words) <= 2:
            out.add("_".join(words))
    return out


def _counter(vocabulary: list[str] | None = None) -> CountVectorizer:
    """Counts terms that are separated by blanks and are left as they are."""
    return CountVectorizer(tokenizer=str.split, token_pattern=None, lowercase=False, vocabulary=vocabulary)


def _presence_of_terms(
    terms: Iterable[str], vocabulary: list[str] | None = None
) -> tuple[sparse.csr_matrix, npt.NDArray[np.str_]]:
    """Which text holds which term: a matrix of 0 and 1, and the terms of its columns in order."""
    texts = list(terms)
    if vocabulary is None and not any(map(str.strip, texts)):
        raise ValueError("no segment has a term: pass a corpus's segments with the column terms")
    counter = _counter(vocabulary)
    counts = sparse.csr_matrix(counter.fit_transform(texts), dtype=np.float64)
    counts.data[:] = 1.0
    return counts, counter.get_feature_names_out()


def _vocabulary(
    rows: pd.DataFrame, column: str, services: "pd.Series[str] | None", min_count: int, kept_out: set[str]
) -> list[str]:
    """The terms that occur in enough segments, and in enough services where these are known; in order."""
    counts, words = _presence_of_terms(rows[column])
    enough = (_totals(counts) >= min_count) & ~np.isin(words, sorted(kept_out))
    if services is not None:
        ids = rows["segment_id"]
        known = services[services.index.isin(ids)]
        missing = ids[~ids.isin(known.index)]
        if len(missing):
            raise ValueError(f"services lacks {len(missing)} segments, {missing.iloc[0]} first: add them")
        codes, listed = pd.factorize(known, sort=True)
        place = pd.Index(ids).get_indexer(known.index)
        belongs = sparse.csr_matrix((np.ones(len(place)), (codes, place)), shape=(len(listed), len(ids)))
        enough &= _totals((belongs @ counts) > 0) >= min(min_count, len(listed))
    if not enough.any():
        raise ValueError(f"no term occurs in {min_count} segments and services: give more segments or lower min_count")
    return [str(word) for word in words[enough]]


def _totals(counts: sparse.csr_matrix) -> Floats:
    """The sum of each column."""
    return np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()


class Embedding:
    """Segments as unit vectors, rounded so that no machine's last digits decide anything.

    By default term presence weighted by rarity (IDF), reduced to 40 dimensions by a singular value decomposition;
    the phrases count for their words too. Fewer dimensions blur topics, more make them unstable (see the benchmark).
    """

    def __init__(self, encoder: Encoder | None, vocabulary: list[str], seed: int, *, dimensions: int = 40) -> None:
        self.encoder = encoder
        self.vocabulary = vocabulary
        self.seed = seed
        self.dimensions = dimensions
        self._idf: Floats = np.ones(len(vocabulary))
        self._axes: Floats = np.empty((0, 0))

    def fit(self, rows: pd.DataFrame) -> Floats:
        """Learns weights and axes; the vectors of the rows, shape (n_segments, n_dimensions)."""
        if self.encoder is None:
            counts, _ = _presence_of_terms(rows["words"], self.vocabulary)
            self._idf = np.round(np.log((1 + len(rows)) / (1 + _totals(counts))) + 1, 9)
            size = min(self.dimensions, min(counts.shape) - 1)
            if size < 2:
                self._axes = np.eye(len(self.vocabulary))
            else:
                # ARPACK goes on until the axes hold to the last digits; the randomised method stops half-way, and where
                # it stops depends on the machine.
                svd = TruncatedSVD(size, algorithm="arpack", random_state=self.seed)
                with np.errstate(
                    divide="ignore", invalid="ignore"
                ):  # shares of variance, which segments all alike lack
                    svd.fit(self._weighted(counts))
                self._axes = svd.components_.T
        return self.transform(rows)

    def transform(self, rows: pd.DataFrame) -> Floats:
        """The vectors of rows, shape (n_segments, n_dimensions); zeros where there are too few terms."""
        counts, _ = _presence_of_terms(rows["words"], self.vocabulary)
        if self.encoder is None:
            vectors = self._weighted(counts) @ self._axes
        else:
            vectors = np.asarray(self.encoder.encode(list(rows["text"])), dtype=np.float64)
        rounded = np.round(normalize(vectors), _DECIMALS)
        rounded[np.diff(counts.indptr) < _MIN_TERMS] = 0.0
        return np.asarray(rounded, dtype=np.float64)

    def _weighted(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        return sparse.csr_matrix(normalize(counts @ sparse.diags(self._idf)))


class SphericalKMeans:
    """K-means by cosine in whole numbers: sums and products are exact, so order, threads and processor cannot matter.

    The centres begin where Ward's method merges ten times as many rough ones: a lower and steadier start than the best
    of twenty random ones. Rows of zeros get the label -1.

    Args:
        n_clusters: How many.
        seed: Of the rows that the rough centres begin with.

    Attributes:
        labels_: The cluster of each row.
        probabilities_: How sure that is, 0 to 1: the posterior of a mixture of von Mises-Fisher distributions with
            these centres and one concentration.

    References:
        Dhillon, I. S. and Modha, D. S. (2001). Concept decompositions for large sparse text data using clustering.
        Machine Learning 42. Banerjee, A. et al. (2005). Clustering on the unit hypersphere using von Mises-Fisher
        distributions. Journal of Machine Learning Research 6 (the concentration: equation 4.4).
    """

    def __init__(self, n_clusters: int, *, seed: int = 0) -> None:
        self.n_clusters = n_clusters
        self.seed = seed
        self.labels_: Labels = np.empty(0, dtype=np.int64)
        self.probabilities_: Floats = np.empty(0)
        self.centres_: Floats = np.empty((0, 0))

    def fit(self, vectors: Floats, y: object = None) -> "SphericalKMeans":
        """Clusters unit vectors (n_rows, n_dimensions); digits beyond the fourth are cut."""
        whole = _whole(vectors)
        used = whole[np.any(whole != 0, axis=1)]
        rough = self._rough(used)
        start = (
            fcluster(linkage(rough, "ward"), self.n_clusters, "maxclust") - 1 if len(rough) > 1 else np.zeros(1, int)
        )
        labels, _ = _nearest(used, rough)
        self.centres_ = _lloyd(used, _centres(used, start[labels], self.n_clusters), rounds=100)
        self.labels_ = self.predict(vectors)
        self.probabilities_ = self._posterior(whole)
        return self

    def predict(self, vectors: Floats) -> Labels:
        """The cluster of each row; -1 for rows of zeros."""
        whole = _whole(vectors)
        labels, _ = _nearest(whole, self.centres_)
        labels[~np.any(whole != 0, axis=1)] = -1
        return labels

    def _rough(self, whole: Floats) -> Floats:
        different = np.unique(whole, axis=0)
        n_rough = min(10 * self.n_clusters, len(different))
        chosen = np.random.default_rng(self.seed).choice(len(different), n_rough, replace=False)
        return _lloyd(whole, _centres(different[np.sort(chosen)], np.arange(n_rough), n_rough), rounds=5)

    def _posterior(self, whole: Floats) -> Floats:
        used = np.any(whole != 0, axis=1)
        if not used.any():
            return np.zeros(len(whole))
        n_dimensions = whole.shape[1]
        closeness = _nearest(whole, self.centres_)[1][used].sum() / used.sum()
        length = min(float(closeness), 0.99)
        concentration = (length * n_dimensions - length**3) / (1 - length**2)
        sure = np.zeros(len(whole))
        for start in range(0, len(whole), _BLOCK):
            cosine = whole[start : start + _BLOCK] @ self.centres_.T / (_UNIT * _CENTRE)
            odds = np.exp(concentration * (cosine - cosine.max(axis=1, keepdims=True))).sum(axis=1)
            sure[start : start + _BLOCK] = 1 / odds
        return np.where(used, np.round(sure, _DECIMALS), 0.0)


# Vectors are whole multiples of 1e-4, centres of 1e-5: their products stay far below 2**53, so that doubles are exact.
_UNIT, _CENTRE, _BLOCK = 10**_DECIMALS, 10**5, 20_000


def _whole(vectors: Floats) -> Floats:
    return np.asarray(np.round(np.asarray(vectors, dtype=np.float64) * _UNIT))


def _nearest(whole: Floats, centres: Floats) -> tuple[Labels, Floats]:
    """The nearest centre of each row (the first of equals), and the cosine to it."""
    labels = np.empty(len(whole), dtype=np.int64)
    cosines = np.empty(len(whole))
    for start in range(0, len(whole), _BLOCK):
        products = whole[start : start + _BLOCK] @ centres.T
        labels[start : start + _BLOCK] = products.argmax(axis=1)
        cosines[start : start + _BLOCK] = products.max(axis=1)
    return labels, np.round(cosines / (_UNIT * _CENTRE), 6)


def _centres(whole: Floats, labels: Labels, n_clusters: int) -> Floats:
    """The direction of each cluster's sum; zeros for a cluster without rows."""
    member = sparse.csr_matrix(
        (np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=(n_clusters, len(labels))
    )
    sums = np.asarray(member @ whole)
    lengths = np.array([math.sqrt(math.fsum(value * value for value in row)) or 1.0 for row in sums.tolist()])
    return np.asarray(np.round(sums / lengths[:, None] * _CENTRE))


def _lloyd(whole: Floats, centres: Floats, *, rounds: int) -> Floats:
    """Moves each centre to the middle of its rows until none moves; an empty cluster takes the row that fits worst."""
    for _ in range(rounds):
        labels, cosines = _nearest(whole, centres)
        moved = _centres(whole, labels, len(centres))
        empty = np.flatnonzero(~moved.any(axis=1))
        worst = np.argsort(cosines, kind="stable")[: len(empty)]
        moved[empty] = _centres(whole[worst], np.arange(len(worst)), len(worst))
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres


class ClassTermWeight:
    """How a topic's terms are weighed, in the place of BERTopic's c-TF-IDF: p(t|topic)**a * log(p(t|topic) / p(t)).

    At a = 1 these are the terms' parts of the Kullback-Leibler divergence of the topic from the corpus. A smaller a
    gives rare terms more room: topics share fewer terms, but the terms hold less firmly. Against c-TF-IDF the same
    diversity costs less of the stability (see the benchmark).
    """

    seed_words: list[str] | None = None

    def __init__(self, *, power: float = 0.65) -> None:
        self.power = power
        self._shares: Floats = np.empty(0)

    def fit(self, counts: sparse.csr_matrix, multiplier: object = None) -> "ClassTermWeight":
        """Learns how frequent each term is anywhere, from the counts by topic (n_topics, n_terms)."""
        totals = _totals(counts)
        self._shares = np.maximum(totals, 1) / totals.sum()
        return self

    def transform(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """The weights, 0 for what is no more frequent than anywhere."""
        weights = sparse.csr_matrix(counts, dtype=np.float64, copy=True)
        sums = np.maximum(np.asarray(weights.sum(axis=1)).ravel(), 1)
        share = weights.data / np.repeat(sums, np.diff(weights.indptr))
        over = np.log(share / self._shares[weights.indices])
        weights.data = share**self.power * np.maximum(over, 0)
        return weights


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
    terms: "pd.Series[str]",
    vectors: Floats,
    vocabulary: list[str],
    reducer: Reducer | None,
    clusterer: Clusterer,
    n_terms: int,
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
            vectorizer_model=_counter(vocabulary),
            ctfidf_model=ClassTermWeight(),
            top_n_words=n_terms,
        )
        model.fit_transform(list(terms), embeddings=vectors)
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
    weights = np.round(model.c_tf_idf_.toarray(), 6)
    ranked = {}
    for old, row in zip(olds, weights, strict=True):
        order = np.lexsort((words, -row))[:n_terms]
        ranked[old] = [(str(words[i]), float(row[i])) for i in order if row[i] > 0] or [("", 0.0)]
    sizes = pd.Series(model.topics_).value_counts().to_dict()
    largest_first = sorted((old for old in olds if old >= 0), key=lambda old: (-sizes[old], ranked[old]))
    new = {-1: -1} | {old: number for number, old in enumerate(largest_first)}
    rows = [olds.index(old) for old in sorted(olds, key=new.__getitem__)]
    model.topics_ = [new[old] for old in model.topics_]
    model.topic_sizes_ = {new[old]: size for old, size in sizes.items()}
    model.topic_representations_ = {new[old]: ranked[old] for old in sorted(olds, key=new.__getitem__)}
    model.representative_docs_ = {new[old]: docs for old, docs in model.representative_docs_.items()}
    model.c_tf_idf_ = model.c_tf_idf_[rows]
    model.topic_embeddings_ = model.topic_embeddings_[rows]
    model.topic_mapper_.add_mappings(new, topic_model=model)
    return pd.DataFrame(
        [
            (topic, rank, term, weight)
            for topic, listed in model.topic_representations_.items()
            if topic >= 0
            for rank, (term, weight) in enumerate(listed)
            if term
        ],
        columns=["topic", "rank", "term", "weight"],
    )


def _sureness(model: "BERTopic") -> Floats:
    """The probability of each segment's topic; NaN where it has none or the clusterer does not say."""
    given = model.probabilities_
    values = (
        np.full(len(model.topics_), np.nan) if given is None else np.round(np.asarray(given, dtype=float), _DECIMALS)
    )
    return np.where(np.asarray(model.topics_) < 0, np.nan, np.clip(values, 0, 1))


def _assigner(model: "BERTopic", embedding: Embedding) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def assign(segments: pd.DataFrame) -> pd.DataFrame:
        rows = _door(segments, 1)
        with _quiet():
            topics, _ = model.transform(list(rows["terms"]), embeddings=embedding.transform(rows))
        return pd.DataFrame({"segment_id": rows["segment_id"], "topic": np.asarray(topics, dtype=np.int32)})

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


# --- Reading a model -------------------------------------------------------------------------------------------------


def names(topic_terms: pd.DataFrame, *, n: int = 3) -> pd.DataFrame:
    """A name for each topic: its strongest terms that do not repeat a word, joined by a middle dot.

    Args:
        topic_terms: ``topic``, ``rank``, ``term``.
        n: Terms in a name; topics that would share a name get more.

    Returns:
        ``topic``, ``name``, sorted by topic.

    >>> names(pd.DataFrame({"topic": 0, "rank": [0, 1, 2], "term": ["hard_drive", "drive", "cookie"]}))["name"][0]
    'hard drive · cookie'
    """
    terms = {topic: _distinct(group["term"]) for topic, group in topic_terms.sort_values("rank").groupby("topic")}
    length = dict.fromkeys(terms, n)
    while True:
        named = {topic: " · ".join(listed[: length[topic]]).replace("_", " ") for topic, listed in terms.items()}
        shared = pd.Series(named)[pd.Series(named).duplicated(keep=False)].index
        longer = [topic for topic in shared if length[topic] < len(terms[topic])]
        if not longer:
            return pd.DataFrame({"topic": list(named), "name": list(named.values())})
        length.update({topic: length[topic] + 1 for topic in longer})


def _distinct(terms: Iterable[str]) -> list[str]:
    said: set[str] = set()
    chosen = []
    for term in terms:
        words = set(term.split("_"))
        if not words & said:
            chosen.append(term)
            said |= words
    return chosen


def alignment(topics: pd.DataFrame, labels: pd.DataFrame) -> Alignment:
    """How topics and clause categories meet.

    Args:
        topics: ``segment_id``, ``topic``; segments without a topic are left out.
        labels: ``segment_id``, ``category``: a row for each category of a segment, as ``Corpus.labels()`` gives them.

    Returns:
        ``shares``: ``topic``, ``category``, ``n`` and ``share`` (0 to 1 of the topic's segments that carry the
        category; a segment may carry several), sorted by topic, then share. ``nmi`` (0 to 1, the mutual information
        over the mean of the two entropies) and ``purity`` (0 to 1, the share of the largest category, over all
        topics) count a segment of m categories 1/m for each, and leave out segments without any.
    """
    placed = topics.loc[topics["topic"] >= 0, ["segment_id", "topic"]]
    pairs = placed.merge(labels[["segment_id", "category"]].astype({"category": str}), on="segment_id")
    if pairs.empty:
        raise ValueError("no segment has both a topic and a category: pass topics and labels of one corpus")
    table = pd.crosstab(pairs["topic"], pairs["category"])
    sizes = placed["topic"].value_counts()
    counts = table.reset_index().melt("topic", var_name="category", value_name="n")
    shares = counts.assign(share=counts["n"] / counts["topic"].map(sizes))
    shares = shares.sort_values(["topic", "share", "category"], ascending=[True, False, True], ignore_index=True)
    weight = 1 / pairs.groupby("segment_id")["category"].transform("size")
    joint = pd.crosstab(pairs["topic"], pairs["category"], values=weight, aggfunc="sum").fillna(0).to_numpy()
    joint = joint / joint.sum()
    by_topic, by_category = joint.sum(axis=1), joint.sum(axis=0)
    mean_entropy = (_entropy(by_topic) + _entropy(by_category)) / 2
    shared = _entropy(by_topic) + _entropy(by_category) - _entropy(joint.ravel())
    return Alignment(shares, shared / mean_entropy if mean_entropy else 1.0, float(joint.max(axis=1).sum()))


def _entropy(shares: Floats) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())


def presence(topics: pd.DataFrame, occurrences: pd.DataFrame) -> pd.DataFrame:
    """Which policy has which topic: True where at least one of its segments does.

    Args:
        topics: ``segment_id``, ``topic``.
        occurrences: ``policy_id``, ``segment_id``.

    Returns:
        A boolean frame: ``policy_id`` as the index, sorted, a column for each topic from 0 on.
    """
    held = occurrences[["policy_id", "segment_id"]].merge(topics[["segment_id", "topic"]], on="segment_id")
    policies = pd.Index(sorted(occurrences["policy_id"].unique()), name="policy_id")
    columns = pd.RangeIndex(int(topics["topic"].max()) + 1, name="topic")
    found = pd.crosstab(held["policy_id"], held["topic"]) > 0
    return found.reindex(index=policies, columns=columns, fill_value=False)


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


# --- Judging a model -------------------------------------------------------------------------------------------------


def quality(topics: Topics, segments: pd.DataFrame, *, n_coherence: int = 10, n_diversity: int = 25) -> Quality:
    """How good the topics look by numbers, on segments that they were not fitted on.

    Args:
        topics: What `fit` gives.
        segments: Other segments, best of other services: ``segment_id`` and ``terms`` (or ``text``).
        n_coherence: Terms of a topic whose co-occurrence is measured.
        n_diversity: Terms of a topic whose repetition in other topics is measured.

    Returns:
        ``npmi`` (-1 to 1): the mean over topics of the normalised pointwise mutual information of all pairs of their
        first terms, co-occurrence being in a segment; a pair that never meets counts -1. ``diversity`` (0 to 1): the
        share of distinct terms among the first of all topics. ``outlier_share``: of the fitted segments.

    Note:
        Readers do not always see the winners that such scores declare (Hoyle et al. 2021). Differences below .02 in
        NPMI are noise.

    References:
        Bouma, G. (2009). Normalized (pointwise) mutual information in collocation extraction. GSCL. Dieng, A. B. et al.
        (2020). Topic modeling in embedding spaces. TACL 8 (diversity).
    """
    first = topics.topic_terms[topics.topic_terms["rank"] < n_coherence]
    vocabulary = sorted(first["term"].unique())
    counts, _ = _presence_of_terms(_door(segments)["terms"], vocabulary)
    column = {term: i for i, term in enumerate(vocabulary)}
    shown = counts.tocsc()
    by_topic = first.groupby("topic")["term"].apply(lambda terms: _npmi(shown[:, [column[term] for term in terms]]))
    repeated = topics.topic_terms.loc[topics.topic_terms["rank"] < n_diversity, "term"]
    return Quality(
        float(by_topic.mean()),
        repeated.nunique() / len(repeated),
        float((topics.topics["topic"] < 0).mean()),
        by_topic.rename("npmi"),
    )


def _npmi(counts: sparse.csc_matrix) -> float:
    """The mean over all pairs of columns; NaN for a single one."""
    joint = (counts.T @ counts).toarray() / counts.shape[0]
    alone = np.diag(joint)
    one, other = np.tril_indices(len(joint), -1)
    if not len(one):
        return math.nan
    together, apart = joint[one, other], alone[one] * alone[other]
    met = (together > 0) & (together < 1)
    scores = np.where(together >= 1, 1.0, -1.0)
    scores[met] = np.log(together[met] / apart[met]) / -np.log(together[met])
    return float(scores.mean())


def agreement(one: pd.DataFrame, other: pd.DataFrame, *, n: int = 10) -> float:
    """How alike the terms of two models are: the mean Jaccard coefficient of their first n terms, 0 to 1.

    Topics are matched one to one so that the sum is largest (Hungarian method); topics left over count 0.
    """
    left, right = (
        [set(group["term"]) for _, group in frame[frame["rank"] < n].groupby("topic")] for frame in (one, other)
    )
    shared = np.array([[len(a & b) / len(a | b) for b in right] for a in left])
    rows, columns = linear_sum_assignment(-shared)
    return float(shared[rows, columns].sum() / max(shared.shape))


Change = Literal["bootstrap", "drop", "shuffle"]


def stability(
    segments: pd.DataFrame,
    *,
    services: "pd.Series[str]",
    change: Change = "bootstrap",
    n_draws: int = 10,
    seed: int = 0,
    fit: Callable[..., Topics] = fit,
    **options: object,
) -> pd.DataFrame:
    """How much of a model comes back when it is fitted again on other services, fewer, or rows in another order.

    Args:
        segments: As for `fit`.
        services: As for `fit`, which gets them too.
        change: ``bootstrap`` draws as many services with replacement; ``drop`` leaves out one in a hundred; ``shuffle``
            changes the order of the rows.
        n_draws: How often.
        seed: Of the draws, not of the models.
        fit: What fits a model, called as ``fit(segments, services=services, **options)``.
        **options: For ``fit``.

    Returns:
        ``change``, ``draw``, ``jaccard`` (see `agreement`) and ``ari`` (adjusted Rand index, about 0 to 1, of the
        topics that the first and the new model give to the first model's segments).
    """
    base = fit(segments, services=services, **options)
    first = base.topics.set_index("segment_id")["topic"]
    found = []
    for draw in range(n_draws):
        rows, owners = _changed(segments, services, change, np.random.default_rng([seed, draw]))
        again = fit(rows, services=owners, **options)
        second = again.assign(segments).set_index("segment_id")["topic"]
        found.append((change, draw, agreement(base.topic_terms, again.topic_terms), _rand(first, second)))
    return pd.DataFrame(found, columns=["change", "draw", "jaccard", "ari"])


def _rand(one: "pd.Series[int]", other: "pd.Series[int]") -> float:
    return float(adjusted_rand_score(one, other.reindex(one.index)))


def _changed(
    segments: pd.DataFrame, services: "pd.Series[str]", change: Change, random: np.random.Generator
) -> tuple[pd.DataFrame, "pd.Series[str]"]:
    """The segments of a changed set of services; a service that is drawn twice counts as two, with ids of their own."""
    if change == "shuffle":
        return segments.iloc[random.permutation(len(segments))], services
    owned = services[services.index.isin(segments["segment_id"])].groupby(level=0).min()
    listed = sorted(owned.unique())
    if change == "bootstrap":
        drawn = list(random.choice(listed, len(listed)))
    elif change == "drop":
        drawn = sorted(random.choice(listed, len(listed) - math.ceil(len(listed) / 100), replace=False))
    else:
        raise ValueError(f"change is {change!r}: give 'bootstrap', 'drop' or 'shuffle'")
    rows = segments.assign(_service=segments["segment_id"].map(owned))
    draws = pd.DataFrame({"_service": drawn})
    draws["_copy"] = "~" + draws.groupby("_service").cumcount().astype(str)
    copies = draws.merge(rows, on="_service")
    copies["segment_id"] = copies["segment_id"] + copies["_copy"]
    owners = (copies["_service"] + copies["_copy"]).set_axis(pd.Index(copies["segment_id"]))
    return copies[list(segments.columns)], owners
