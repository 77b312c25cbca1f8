"""The parts that `topics.fit` passes to BERTopic: counts, weights of terms, positions of segments, clusters.

Each gives the same answer on every machine and in every order of the rows: counts are whole numbers, and vectors are
cut to whole multiples of 1e-4 before they decide anything.
"""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from privacylab import paths

if TYPE_CHECKING:
    from bertopic import BERTopic

Floats = npt.NDArray[np.float64]

DECIMALS = 4
N_TERMS = 25
"""Terms of a topic, at most."""
_MOST = 0.8
"""A phrase with this part of a word's weight replaces the word."""
MIN_TERMS = 3
"""Segments with fewer known words than this have no topic."""


class Encoder(Protocol):
    """Turns texts into vectors, as the models of sentence-transformers and model2vec do."""

    def encode(self, texts: list[str], /) -> npt.ArrayLike:
        """One row of numbers for each text."""


# --- What is counted -------------------------------------------------------------------------------------------------


class Presence(NamedTuple):
    """Which segment has which term, each once: a matrix of 0 and 1, and the terms of its columns, in order."""

    matrix: sparse.csr_matrix
    terms: npt.NDArray[np.str_]

    def of(self, terms: Iterable[str]) -> sparse.csr_matrix:
        """The columns of these terms, zeros for those that no segment has."""
        places = pd.Index(self.terms).get_indexer(pd.Index(list(terms), dtype="str"))
        absent = sparse.csr_matrix((self.matrix.shape[0], 1))
        return sparse.csr_matrix(sparse.hstack([self.matrix, absent], format="csr")[:, places])  # -1 is the last


def presence_of_terms(bags: Iterable[str]) -> Presence:
    """Counts terms separated by blanks; a phrase (``third_party``) counts for itself and for each of its words."""
    counter = CountVectorizer(analyzer=_terms_and_words, binary=True, dtype=np.float64)
    matrix = counter.fit_transform(bags)
    return Presence(matrix, counter.get_feature_names_out().astype(str))


def _terms_and_words(bag: str) -> list[str]:
    terms = bag.split()
    return terms + [word for term in terms if "_" in term for word in term.split("_") if word]


def distinct(terms: Iterable[str], n: int | None = None) -> list[str]:
    """The first n terms that repeat no word of an earlier one: ``third_party`` also covers ``party``."""
    covered: set[str] = set()
    chosen: list[str] = []
    for term in terms:
        words = set(term.split("_"))
        if not words & covered:
            chosen.append(term)
            covered |= words
        if len(chosen) == n:
            break
    return chosen


def ranked_terms(words: Iterable[str], weights: Floats) -> list[tuple[str, float]]:
    """The N_TERMS terms with the largest weights above 0, ties by alphabet, that repeat no word of a stronger one.

    A phrase with most of a word's weight replaces that word and takes its weight: "united states", not "united".
    """
    own = {term: weight for term, weight in zip(words, np.round(weights, 6).tolist(), strict=True) if weight > 0}
    lifted = {}
    for term, weight in own.items():
        parts = [own.get(word, 0.0) for word in term.split("_")]
        lifted[term] = max([weight, *(part for part in parts if weight >= _MOST * part)])
    strongest = sorted(lifted, key=lambda term: (-lifted[term], "_" not in term, term))
    return [(term, lifted[term]) for term in distinct(strongest, N_TERMS)]


class RankedTerms:
    """Replaces BERTopic's representations: the terms of each topic from `ranked_terms`."""

    def extract_topics(
        self, model: "BERTopic", documents: object, weights: sparse.csr_matrix, topics: Iterable[int]
    ) -> dict[int, list[tuple[str, float]]]:
        """The terms of each topic, from a row of weights for each."""
        words = model.vectorizer_model.get_feature_names_out()
        rows = zip(sorted(topics), weights.toarray(), strict=True)
        return {topic: ranked_terms(words, row) or [("", 0.0)] for topic, row in rows}


class ServiceCounter:
    """Replaces BERTopic's vectorizer: the number of services whose segments of a topic have a term.

    Its documents are row numbers, so that no text is read again and each service counts a term of a topic once, however
    many of its segments have it.

    Args:
        presence: Which segment has which term, shape (n_segments, n_terms).
        terms: The names of the columns.
        services: The service of each segment, as numbers.
    """

    def __init__(self, presence: sparse.csr_matrix, terms: Sequence[str], services: npt.NDArray[np.intp]) -> None:
        self.presence = presence
        self.terms = list(terms)
        self.services = services

    def transform(self, documents: Iterable[str]) -> sparse.csr_matrix:
        """Counts, shape (n_documents, n_terms); a document is a blank-separated list of row numbers."""
        counts = []
        for document in documents:
            rows = np.array(document.split(), dtype=np.intp)
            shape = (self.services.max() + 1, len(rows))
            of_service = sparse.csr_matrix((np.ones(len(rows)), (self.services[rows], np.arange(len(rows)))), shape)
            counts.append((of_service @ self.presence[rows]).getnnz(axis=0))
        return sparse.csr_matrix(np.array(counts, dtype=np.float64).reshape(-1, len(self.terms)))

    def fit_transform(self, documents: Iterable[str]) -> sparse.csr_matrix:
        """As `transform`: there is nothing to learn."""
        return self.transform(documents)

    def get_feature_names_out(self) -> list[str]:
        """The terms."""
        return self.terms


class ClassTermWeight:
    """The weights of a topic's terms, replacing BERTopic's c-TF-IDF: p(t|topic)**a * log(p(t|topic) / p(t)).

    At a = 1 these are the terms' parts of the Kullback-Leibler divergence of the topic from the corpus. A smaller a
    favours rare terms: topics share fewer terms, but the terms are less stable (see docs/decisions.md).
    """

    seed_words: list[str] | None = None

    def __init__(self, *, power: float = 0.6) -> None:
        self.power = power
        self._shares: Floats = np.empty(0)

    def fit(self, counts: sparse.csr_matrix, multiplier: object = None) -> "ClassTermWeight":
        """Learns the overall frequency of each term from the counts by topic (n_topics, n_terms)."""
        summed = np.asarray(counts.sum(axis=0)).ravel()
        self._shares = np.maximum(summed, 1) / summed.sum()
        return self

    def transform(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """The weights, 0 for terms that are no more frequent than overall."""
        weights: sparse.csr_matrix = normalize(sparse.csr_matrix(counts, dtype=np.float64), norm="l1")
        over = np.log(weights.data / self._shares[weights.indices])
        weights.data = weights.data**self.power * np.maximum(over, 0)
        return weights


# --- Positions of segments --------------------------------------------------------------------------------------------


class DomainVectors(NamedTuple):
    """Word vectors of privacy policies, learnt without labels from the public archives; see models/README.md.

    Attributes:
        words: Normalised words (as in ``terms``), in order.
        vectors: Their vectors, longer for rarer words (Arora et al. 2017), shape (n_words, n_dimensions).
        centre: The mean direction of policies' segments, which `directions` subtracts.
        anchors: The sums of the directions of the archives' segments in some hundred fine clusters, in whole numbers,
            shape (n_anchors, n_dimensions).
        merges: Which anchors merge, step by step, down to a single one, shape (n_anchors - 1, 2).
        forms: The archives' most frequent form of a term, if it is not the normalised one.
    """

    words: list[str]
    vectors: Floats
    centre: Floats
    anchors: Floats
    merges: npt.NDArray[np.intp]
    forms: dict[str, str]

    def directions(self, presence: Presence, kept_out: Iterable[str] = ()) -> Floats:
        """Each segment's direction, minus that of all segments; zeros if fewer than three words are known."""
        used = ~np.isin(self.words, list(kept_out))
        known = presence.of(np.array(self.words)[used])
        vectors = np.asarray(normalize(known @ self.vectors[used])) - self.centre
        vectors[known.getnnz(axis=1) < MIN_TERMS] = 0.0
        return np.asarray(normalize(vectors))

    def start(self, n_clusters: int) -> Floats | None:
        """The archives' own clusters, as a start for `SphericalKMeans`; None if there are too few."""
        if n_clusters > len(self.anchors):
            return None
        sums = self.anchors.copy()
        left = np.ones(len(sums), dtype=bool)
        for kept, gone in self.merges[: len(sums) - n_clusters]:
            sums[kept] += sums[gone]
            left[gone] = False
        return sums[left]


@cache
def domain_vectors() -> DomainVectors:
    """The shipped word vectors (``models/topics.npz``)."""
    data = (paths.MODELS / "topics.npz").read_bytes()
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        words = stored["words"].tobytes().decode().split("\n")
        vectors = stored["vectors"].astype(np.float64) * stored["scale"].astype(np.float64)[:, None]
        centre, anchors = stored["centre"].astype(np.float64), stored["anchors"].astype(np.float64)
        listed = stored["forms"].tobytes().decode().split("\n") if "forms" in stored else []
        forms = dict(line.split(" ", 1) for line in listed)
        return DomainVectors(words, vectors, centre, anchors, stored["merges"].astype(np.intp), forms)
