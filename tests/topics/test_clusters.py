import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from privacylab.topics import clusters


@pytest.mark.parametrize("seed", range(3))
def test_kmeans_does_not_depend_on_the_order_of_what_it_adds_up(seed):
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(400, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    whole = clusters.whole(vectors)
    products = whole @ clusters.centres(whole, np.arange(400) % 7, 7).T
    assert np.array_equal(products, np.round(products))
    assert np.abs(products).max() < 2**53


def test_kmeans_of_two_directions():
    vectors = np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0], [0.0, 0.0]])
    labels = clusters.SphericalKMeans(2).fit(vectors).predict(vectors)
    assert labels[0] == labels[1] != labels[2]
    assert labels[3] == -1


def test_clusters_that_start_at_the_same_place_keep_their_identity():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(1200, 6))  # no clusters in it: where one starts decides what one finds
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    halves, start = (vectors[:600], vectors[600:]), random.normal(size=(12, 6))

    def alike(start):
        made = [clusters.SphericalKMeans(12, start=start).fit(half).predict(vectors) for half in halves]
        return adjusted_rand_score(*made)

    assert alike(start) > alike(None) + 0.1
