import os
import signal
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sparse
from sklearn.metrics import adjusted_rand_score

from privacylab.topics import clusters, vectors
from privacylab.topics.vectors import domain_vectors


def test_a_phrase_counts_for_its_words_too_and_each_once():
    found = vectors.presence_of_terms(["third_party party sell", "", "sell  sell "])
    assert found.terms.tolist() == ["party", "sell", "third", "third_party"]
    assert found.held.toarray().tolist() == [[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]]


def test_columns_of_terms_that_nothing_holds_are_zero():
    found = vectors.presence_of_terms(["b a", "a"])
    assert found.of(["c", "b"]).toarray().tolist() == [[0, 1], [0, 0]]


def test_distinct_terms_repeat_no_word():
    assert vectors.distinct(["hard_drive", "drive", "cookie", "file"], 2) == ["hard_drive", "cookie"]
    assert vectors.distinct(["drive", "hard_drive", "cookie"]) == ["drive", "cookie"]


def test_a_service_counts_a_term_of_a_topic_once():
    held = sparse.csr_matrix([[1, 0], [1, 1], [1, 0]])
    counter = vectors.ServiceCounter(held, ["x", "y"], np.array([0, 0, 1]))
    # Rows 0 and 1 are of one service.
    assert counter.transform(["0 1 2", "0 1"]).toarray().tolist() == [[2, 1], [1, 1]]


def test_terms_weigh_their_part_of_the_divergence():
    weights = vectors.ClassTermWeight(power=1).fit(sparse.csr_matrix([[3, 1], [1, 3]]))
    found = weights.transform(sparse.csr_matrix([[3, 1], [1, 3]])).toarray()
    # Each term is half of all and three quarters of its topic: 3/4 * log((3/4) / (1/2)).
    assert found == pytest.approx(np.diag([0.75 * np.log(1.5)] * 2))


def test_words_of_one_matter_lie_near_each_other():
    bags = ["child parent guardian", "minor teacher school", "encryption firewall password"]
    presence = vectors.presence_of_terms(bags)
    found = vectors.domain_vectors().directions(presence)
    assert found[0] @ found[1] > found[0] @ found[2] + 0.2


def test_a_segment_of_fewer_than_three_known_words_lies_nowhere():
    presence = vectors.presence_of_terms(["child parent zzzz", "child parent guardian"])
    found = vectors.domain_vectors().directions(presence)
    assert np.linalg.norm(found, axis=1) == pytest.approx([0, 1])
    assert not vectors.domain_vectors().directions(presence, ["guardian"]).any()


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
    labels = clusters.SphericalKMeans(2).fit(vectors).labels_
    assert labels[0] == labels[1] != labels[2]
    assert labels[3] == -1


def test_the_archives_clusters_merge_into_as_many_as_asked_for():
    vectors = domain_vectors()
    few, many = vectors.start(3), vectors.start(50)
    assert (len(few), len(many), len(vectors.start(len(vectors.anchors)))) == (3, 50, len(vectors.anchors))
    # Merging adds up: nothing of the archives is lost.
    assert np.array_equal(few.sum(axis=0), vectors.anchors.sum(axis=0))
    assert vectors.start(len(vectors.anchors) + 1) is None


def test_clusters_that_start_at_the_same_place_keep_their_identity():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(1200, 6))  # no clusters in it: where one starts decides what one finds
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    halves, start = (vectors[:600], vectors[600:]), random.normal(size=(12, 6))

    def alike(start):
        made = [clusters.SphericalKMeans(12, start=start).fit(half).predict(vectors) for half in halves]
        return adjusted_rand_score(*made)

    assert alike(start) > alike(None) + 0.1


PROGRAM = """
import hashlib, sys
import numpy as np, pandas as pd
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits
from privacylab import topics
from privacylab.topics import vectors
random = np.random.default_rng(0)
words = np.array(vectors.domain_vectors().words[::150][:30])
bags = [" ".join(words[random.choice(30, 4, replace=False)]) for _ in range(900)]
segments = pd.DataFrame({"segment_id": [f"s{i:03d}" for i in range(900)], "terms": bags})
services = pd.Series([f"service{i % 70}" for i in range(900)], index=segments["segment_id"])

class OneHot:  # four words of thirty: many segments lie as near to one centre as to another
    def encode(self, texts):
        return np.array([np.isin(words, text.split()) for text in texts], dtype=float)

class Svd:  # its last digits are the machine's
    def encode(self, texts):
        weighed = TfidfVectorizer(token_pattern="[a-z'-]+").fit_transform(texts)
        return TruncatedSVD(10, algorithm="arpack", random_state=0).fit_transform(weighed)

for threads in (1, 2):
    with threadpool_limits(threads):
        rows = segments.iloc[random.permutation(900)]
        encoders = None, OneHot(), Svd()
        made = [topics.fit(rows, n_topics=12, services=services, encoder=encoder) for encoder in encoders]
    text = "".join(frame.to_csv() for found in made for frame in (found.topics, found.topic_terms))
    print(hashlib.sha256(text.encode()).hexdigest())
"""
KERNELS = ("Haswell", "Nehalem", "Prescott")


def hashes(kernels=KERNELS, hash_seeds=("1", "2"), arguments=()) -> list[str]:
    """The hashes of a model's tables over OpenBLAS kernels, hash seeds, one and two threads, and shuffled rows."""
    running = []
    for kernel, hash_seed in product(kernels, hash_seeds):
        settings = {**os.environ, "OPENBLAS_CORETYPE": kernel, "PYTHONHASHSEED": hash_seed}
        settings.update(OPENBLAS_NUM_THREADS="2", OMP_NUM_THREADS="2")
        command = [sys.executable, "-c", PROGRAM, *arguments]
        running.append(subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True))
    said = [program.communicate(timeout=900)[0].split() for program in running]
    # A processor may lack what a kernel needs.
    assert {program.returncode for program in running} <= {0, -signal.SIGILL}
    return [line for lines in said for line in lines]


def test_processor_threads_hash_seed_and_order_do_not_matter():
    found = hashes()
    assert len(found) >= 8
    assert len(set(found)) == 1
