"""The parts that `topics.fit` passes to BERTopic: what is counted, what a term weighs, where a segment lies, clusters.

Each gives the same answer on every machine and in every order of the rows: what is counted are whole numbers, and
vectors are cut to whole multiples of 1e-4 before anything is decided by them.
"""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sparse
from sklearn.preprocessing import normalize

from privacylab import paths

Floats = npt.NDArray[np.float64]

DECIMALS = 4
MIN_TERMS = 3
"""Segments with fewer known words than this have no topic."""


class Encoder(Protocol):
    """Turns texts into vectors, as the models of sentence-transformers and model2vec do."""

    def encode(self, texts: list[str], /) -> npt.ArrayLike:
        """One row of numbers for each text."""


# --- What is counted -------------------------------------------------------------------------------------------------


class Presence(NamedTuple):
    """Which segment holds which term, each once: a matrix of 0 and 1, and the terms of its columns, in order."""

    held: sparse.csr_matrix
    terms: npt.NDArray[np.str_]

    def of(self, terms: Iterable[str]) -> sparse.csr_matrix:
        """The columns of these terms, zeros for those that no segment holds."""
        places = pd.Index(self.terms).get_indexer(pd.Index(list(terms), dtype="str"))
        known = np.flatnonzero(places >= 0)
        pick = sparse.csr_matrix((np.ones(len(known)), (places[known], known)), shape=(len(self.terms), len(places)))
        return sparse.csr_matrix(self.held @ pick)


def presence_of_terms(bags: Iterable[str]) -> Presence:
    """Counts terms separated by blanks; a phrase (``third_party``) counts for itself and for each of its words."""
    split = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(pa.array(list(bags), pa.large_string())))
    coded = split.flatten().dictionary_encode()
    terms = np.array(coded.dictionary.to_pylist(), dtype=str)
    row = np.repeat(np.arange(len(split)), pc.list_value_length(split).to_numpy(zero_copy_only=False))
    place = coded.indices.to_numpy(zero_copy_only=False)
    shape = (len(split), len(terms))
    held = sparse.csr_matrix((np.ones(len(row), dtype=np.int32), (row, place)), shape=shape)
    parts = [sorted({term, *term.split("_")} - {""}) for term in terms.tolist()]
    everything = np.array(sorted({part for listed in parts for part in listed}), dtype=str)
    index = {part: i for i, part in enumerate(everything.tolist())}
    starts = np.cumsum([0, *map(len, parts)])
    columns = [index[part] for listed in parts for part in listed]
    spread = sparse.csr_matrix((np.ones(len(columns), np.int32), columns, starts), shape=(len(terms), len(everything)))
    counts = sparse.csr_matrix((held @ spread).astype(np.float64))
    counts.data[:] = 1.0
    counts.sort_indices()
    return Presence(counts, everything)


def totals(counts: sparse.csr_matrix) -> Floats:
    """The sum of each column."""
    return np.asarray(counts.sum(axis=0), dtype=np.float64).ravel()


def distinct(terms: Iterable[str], n: int | None = None) -> list[str]:
    """The first n terms that repeat no word of one before them: ``third_party`` stands for ``party`` as well."""
    said: set[str] = set()
    chosen: list[str] = []
    for term in terms:
        words = set(term.split("_"))
        if not words & said:
            chosen.append(term)
            said |= words
        if len(chosen) == n:
            break
    return chosen


class ServiceCounter:
    """In the place of BERTopic's vectorizer: in how many services' segments of a topic a term stands.

    Its documents are row numbers, so that no text is read again and each service counts a term of a topic once,
    however many of its segments hold it.

    Args:
        held: Which segment holds which term, shape (n_segments, n_terms).
        terms: The names of the columns.
        services: The service of each segment, as numbers.
    """

    def __init__(self, held: sparse.csr_matrix, terms: Sequence[str], services: npt.NDArray[np.intp]) -> None:
        self.held = held
        self.terms = list(terms)
        self.services = services

    def fit(self, documents: Iterable[str]) -> "ServiceCounter":
        """Nothing to learn."""
        return self

    def transform(self, documents: Iterable[str]) -> sparse.csr_matrix:
        """Counts, shape (n_documents, n_terms); a document is a blank-separated list of row numbers."""
        listed = [np.array(document.split(), dtype=np.intp) for document in documents]
        rows = np.concatenate(listed)
        document = np.repeat(np.arange(len(listed)), [len(part) for part in listed])
        n_services = int(self.services.max()) + 1
        pairs, codes = np.unique(document * n_services + self.services[rows], return_inverse=True)
        of_pair = sparse.csr_matrix((np.ones(len(rows)), (codes, rows)), shape=(len(pairs), len(self.services)))
        once = sparse.csr_matrix(of_pair @ self.held)
        once.data[:] = 1.0
        shape = (len(listed), len(pairs))
        of_document = sparse.csr_matrix(
            (np.ones(len(pairs)), (pairs // n_services, np.arange(len(pairs)))), shape=shape
        )
        return sparse.csr_matrix(of_document @ once)

    def fit_transform(self, documents: Iterable[str]) -> sparse.csr_matrix:
        """As `transform`."""
        return self.transform(documents)

    def get_feature_names_out(self) -> npt.NDArray[np.str_]:
        """The terms."""
        return np.array(self.terms)


class ClassTermWeight:
    """How a topic's terms are weighed, in the place of BERTopic's c-TF-IDF: p(t|topic)**a * log(p(t|topic) / p(t)).

    At a = 1 these are the terms' parts of the Kullback-Leibler divergence of the topic from the corpus. A smaller a
    gives rare terms more room: topics share fewer terms, but the terms hold less firmly (see docs/decisions.md).
    """

    seed_words: list[str] | None = None

    def __init__(self, *, power: float = 0.6) -> None:
        self.power = power
        self._shares: Floats = np.empty(0)

    def fit(self, counts: sparse.csr_matrix, multiplier: object = None) -> "ClassTermWeight":
        """Learns how frequent each term is anywhere, from the counts by topic (n_topics, n_terms)."""
        summed = totals(counts)
        self._shares = np.maximum(summed, 1) / summed.sum()
        return self

    def transform(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        """The weights, 0 for what is no more frequent than anywhere."""
        weights = sparse.csr_matrix(counts, dtype=np.float64, copy=True)
        sums = np.maximum(np.asarray(weights.sum(axis=1)).ravel(), 1)
        share = weights.data / np.repeat(sums, np.diff(weights.indptr))
        over = np.log(share / self._shares[weights.indices])
        weights.data = share**self.power * np.maximum(over, 0)
        return weights


# --- Where a segment lies --------------------------------------------------------------------------------------------


class DomainVectors(NamedTuple):
    """Word vectors of privacy policies, learnt without labels from the public archives; see models/README.md.

    Attributes:
        words: Normalised words (as in ``terms``), in order.
        vectors: Their vectors, the rarer the longer (Arora et al. 2017), shape (n_words, n_dimensions).
        centre: The mean direction of policies' segments, which `directions` takes off.
        anchors: The sums of the directions of the archives' segments in some hundred fine clusters, in whole numbers,
            shape (n_anchors, n_dimensions).
        merges: Which anchor takes in which, step by step, down to a single one, shape (n_anchors - 1, 2).
        forms: How the archives most often write a term, where that is not its normalised form.
    """

    words: list[str]
    vectors: Floats
    centre: Floats
    anchors: Floats
    merges: npt.NDArray[np.intp]
    forms: dict[str, str]

    def directions(self, presence: Presence, kept_out: Iterable[str] = ()) -> Floats:
        """Each segment's direction, less that of all segments; zeros where fewer than three words are known."""
        skipped = set(kept_out)
        used = [i for i, word in enumerate(self.words) if word not in skipped]
        held = presence.of(self.words[i] for i in used)
        vectors = np.asarray(normalize(held @ self.vectors[used])) - self.centre
        vectors[np.diff(held.indptr) < MIN_TERMS] = 0.0
        return np.asarray(normalize(vectors))

    def start(self, n_clusters: int) -> Floats | None:
        """The archives' own clusters, for `SphericalKMeans` to begin with; None if there are not so many."""
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
