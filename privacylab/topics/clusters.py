"""Spherical k-means that gives the same clusters on every machine."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.cluster.hierarchy import fcluster, linkage

from privacylab.topics.vectors import DECIMALS, Floats

Labels = npt.NDArray[np.signedinteger[Any]]


class SphericalKMeans:
    """K-means by cosine in whole numbers: sums and products are exact, so order, threads and processor do not matter.

    Without your own start, Ward's method merges rough centres, ten times as many from each of four draws. This start is
    lower and more stable than the best of twenty random ones. Rows of zeros get the label -1.

    Args:
        n_clusters: How many.
        seed: For the rows from which the rough centres start.
        start: Directions to start from instead, of any length, shape (n_clusters, n_dimensions). If they do not depend
            on the rows, a cluster keeps its identity from one sample to the next.

    Attributes:
        centres_: The clusters' directions, shape (n_clusters, n_dimensions).

    References:
        Dhillon, I. S. and Modha, D. S. (2001). Concept decompositions for large sparse text data using clustering.
        Machine Learning 42. Banerjee, A. et al. (2005). Clustering on the unit hypersphere using von Mises-Fisher
        distributions. Journal of Machine Learning Research 6 (the concentration: equation 4.4).
    """

    def __init__(self, n_clusters: int, *, seed: int = 0, start: Floats | None = None) -> None:
        self.n_clusters = n_clusters
        self.seed = seed
        self.start = start
        self.centres_: Floats = np.empty((0, 0))
        self._closeness = 0.0

    def fit(self, vectors: Floats) -> "SphericalKMeans":
        """Clusters unit vectors (n_rows, n_dimensions); digits beyond the fourth are cut."""
        rows = whole(vectors)
        used = rows[rows.any(axis=1)]
        start = self._drawn(used) if self.start is None else self.start
        self.centres_ = lloyd(used, centres(start, np.arange(len(start)), len(start)), rounds=100)
        self._closeness = float(nearest(used, self.centres_)[1].mean())
        return self

    def predict(self, vectors: Floats) -> Labels:
        """The cluster of each row; -1 for rows of zeros."""
        rows = whole(vectors)
        labels, _ = nearest(rows, self.centres_)
        labels[~rows.any(axis=1)] = -1
        return labels

    def posterior(self, vectors: Floats) -> Floats:
        """How sure each row's cluster is, 0 to 1; 0 for rows of zeros.

        The posterior of a mixture of von Mises-Fisher distributions with these centres and one concentration.
        """
        rows = whole(vectors)
        length = min(self._closeness, 0.99)
        concentration = (length * rows.shape[1] - length**3) / (1 - length**2)
        sure = np.zeros(len(rows))
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            cosine = rows[block] @ self.centres_.T / (_UNIT * _CENTRE)
            sure[block] = 1 / np.exp(concentration * (cosine - cosine.max(axis=1, keepdims=True))).sum(axis=1)
        return np.where(rows.any(axis=1), np.round(sure, DECIMALS), 0.0)

    def _drawn(self, rows: Floats) -> Floats:
        different = np.unique(rows, axis=0)
        n_rough = min(10 * self.n_clusters, len(different))
        rough = np.empty((0, rows.shape[1]))
        for draw in range(_DRAWS):
            chosen = np.random.default_rng([self.seed, draw]).choice(len(different), n_rough, replace=False)
            start = centres(different[np.sort(chosen)], np.arange(n_rough), n_rough)
            rough = np.vstack([rough, lloyd(rows, start, rounds=5)])
        group = fcluster(linkage(rough, "ward"), self.n_clusters, "maxclust") - 1
        return centres(rows, group[nearest(rows, rough)[0]], self.n_clusters)


# Vectors are whole multiples of 1e-4, centres of 1e-5: their products stay far below 2**53, so doubles are exact.
_UNIT, _CENTRE, _BLOCK, _DRAWS = 10**DECIMALS, 10**5, 20_000, 4


def whole(vectors: Floats) -> Floats:
    """Vectors in whole multiples of 1e-4."""
    return np.asarray(np.round(np.asarray(vectors, dtype=np.float64) * _UNIT))


def nearest(rows: Floats, middles: Floats) -> tuple[Labels, Floats]:
    """The nearest centre of each row (the first of equals), and the cosine to it."""
    labels, cosines = np.empty(len(rows), dtype=np.int64), np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        products = rows[block] @ middles.T
        labels[block], cosines[block] = products.argmax(axis=1), products.max(axis=1)
    return labels, np.round(cosines / (_UNIT * _CENTRE), 6)


def centres(rows: Floats, labels: Labels, n_clusters: int) -> Floats:
    """The direction of each cluster's sum, in whole multiples of 1e-5; zeros for a cluster without rows."""
    shape = (n_clusters, len(labels))
    member = sparse.csr_matrix((np.ones(len(labels)), (labels, np.arange(len(labels)))), shape=shape)
    sums = np.asarray(member @ rows)
    lengths = np.array([math.sqrt(math.fsum(value * value for value in row)) or 1.0 for row in sums.tolist()])
    return np.asarray(np.round(sums / lengths[:, None] * _CENTRE))


def lloyd(rows: Floats, middles: Floats, *, rounds: int) -> Floats:
    """Moves each centre to the middle of its rows until none moves; an empty cluster takes the row that fits worst."""
    for _ in range(rounds):
        labels, cosines = nearest(rows, middles)
        moved = centres(rows, labels, len(middles))
        empty = np.flatnonzero(~moved.any(axis=1))
        worst = np.argsort(cosines, kind="stable")[: len(empty)]
        moved[empty] = centres(rows[worst], np.arange(len(worst)), len(worst))
        if np.array_equal(moved, middles):
            break
        middles = moved
    return middles
