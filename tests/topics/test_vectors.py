import numpy as np
import pytest
import scipy.sparse as sparse

from privacylab.topics import vectors
from privacylab.topics.vectors import domain_vectors


def test_a_phrase_counts_for_its_words_too_and_each_once():
    found = vectors.presence_of_terms(["third_party party sell", "", "sell  sell "])
    assert found.terms.tolist() == ["party", "sell", "third", "third_party"]
    assert found.matrix.toarray().tolist() == [[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]]


def test_columns_of_terms_that_nothing_holds_are_zero():
    found = vectors.presence_of_terms(["b a", "a"])
    assert found.of(["c", "b"]).toarray().tolist() == [[0, 1], [0, 0]]


def test_distinct_terms_repeat_no_word():
    assert vectors.distinct(["hard_drive", "drive", "cookie", "file"], 2) == ["hard_drive", "cookie"]
    assert vectors.distinct(["drive", "hard_drive", "cookie"]) == ["drive", "cookie"]


def test_terms_are_ranked_by_weight_then_phrases_then_alphabet():
    words = ["cookie", "hard", "hard_drive", "age", "zebra"]
    ranked = vectors.ranked_terms(words, np.array([0.5, 0.9, 0.8, 0.5, 0.0]))
    assert ranked == [("hard_drive", 0.9), ("age", 0.5), ("cookie", 0.5)]


def test_a_phrase_that_is_little_of_its_word_stays_behind_it():
    assert vectors.ranked_terms(["drive", "hard_drive"], np.array([0.9, 0.5])) == [("drive", 0.9)]


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


def test_the_archives_clusters_merge_into_as_many_as_asked_for():
    vectors = domain_vectors()
    few, many = vectors.start(3), vectors.start(50)
    assert (len(few), len(many), len(vectors.start(len(vectors.anchors)))) == (3, 50, len(vectors.anchors))
    # Merging adds up: nothing of the archives is lost.
    assert np.array_equal(few.sum(axis=0), vectors.anchors.sum(axis=0))
    assert vectors.start(len(vectors.anchors) + 1) is None
