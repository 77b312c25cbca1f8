import pandas as pd
import pytest
from themes import theme_segments

from privacylab import topics
from privacylab.topics import reading


def test_names_join_the_first_terms_that_repeat_no_word():
    terms = ["hard_drive", "drive", "cookie", "web_browser", "file"]
    frame = pd.DataFrame({"topic": 0, "rank": range(5), "term": terms})
    assert reading.names(frame)["name"].tolist() == ["hard drive · cookies · web browser"]


def test_names_that_would_be_the_same_grow():
    frame = pd.DataFrame({"topic": [0, 0, 0, 1, 1, 1], "rank": [0, 1, 2] * 2, "term": ["a", "b", "c", "a", "b", "d"]})
    assert reading.names(frame, n=2)["name"].tolist() == ["a · b · c", "a · b · d"]


def alignment_of(categories):
    found = pd.DataFrame({"segment_id": list("abcd"), "topic": [0, 0, 1, 1]})
    labels = pd.DataFrame(categories, columns=["segment_id", "category"])
    return reading.alignment(found, labels)


def test_alignment_of_topics_that_are_the_categories():
    result = alignment_of([("a", "X"), ("b", "X"), ("c", "Y"), ("d", "Y")])
    assert (result.nmi, result.purity) == (pytest.approx(1), 1)


def test_alignment_of_topics_that_cut_across_the_categories():
    result = alignment_of([("a", "X"), ("b", "Y"), ("c", "X"), ("d", "Y")])
    assert (result.nmi, result.purity) == (pytest.approx(0), 0.5)


def test_alignment_shares_are_of_the_topics_segments():
    shares = alignment_of([("a", "X"), ("a", "Y"), ("c", "Y")]).shares
    rows = list(shares.itertuples(index=False, name=None))
    assert rows == [(0, "X", 1, 0.5), (0, "Y", 1, 0.5), (1, "Y", 1, 0.5), (1, "X", 0, 0.0)]


def test_alignment_without_labels_says_so():
    with pytest.raises(ValueError, match="no segment has both"):
        alignment_of([("z", "X")])


def test_counts_are_of_a_policys_segments():
    found = pd.DataFrame({"segment_id": list("abc"), "topic": [0, 1, -1]})
    occurrences = pd.DataFrame({"policy_id": ["p", "p", "q", "r"], "segment_id": ["a", "a", "b", "c"]})
    table = reading.counts(found, occurrences)
    assert table.index.tolist() == ["p", "q", "r"]
    assert table.to_numpy().tolist() == [[2, 0], [0, 1], [0, 0]]


def test_counts_of_no_topics_are_named():
    with pytest.raises(ValueError, match="assign topics to the segments"):
        reading.counts(pd.DataFrame(columns=["segment_id", "topic"]), pd.DataFrame(columns=["policy_id", "segment_id"]))


def test_a_reader_sees_terms_as_they_are_written():
    terms = ["unite_state", "unite_kingdom", "california_resident", "gdpr", "child", "no_such_term"]
    shown = ["United States", "United Kingdom", "California residents", "GDPR", "children", "no such term"]
    assert [reading.written(term) for term in terms] == shown
    assert [reading.written(term) for term in shown] == shown  # once written, they stay


def test_joint_gives_a_number_to_each_pair_of_topics():
    earlier = pd.DataFrame({"segment_id": list("abcd"), "topic": [0, 0, 1, -1]})
    later = pd.DataFrame({"segment_id": list("dcba"), "topic": [2, 2, 1, 0]})
    found = reading.joint(earlier, later)
    assert list(found.itertuples(index=False, name=None)) == [
        ("a", 0, 0, 0), ("b", 0, 1, 1), ("c", 1, 2, 2), ("d", -1, 2, -1)
    ]  # fmt: skip


def test_the_tree_merges_every_topic_once():
    found = reading.tree(topics.fit(theme_segments(), n_topics=3))
    assert found["size"].tolist() == [2, 3]
    assert set(found[["left", "right"]].to_numpy().ravel()) == {0, 1, 2, 3}
    assert found["distance"].is_monotonic_increasing


def test_a_tree_needs_two_topics():
    with pytest.raises(ValueError, match="two topics or more"):
        reading.tree(topics.fit(theme_segments(), n_topics=1))


def test_examples_are_the_surest_segments_that_have_text():
    assigned = pd.DataFrame({"segment_id": list("abcd"), "topic": [0, 0, 0, -1], "probability": [0.5, 0.9, 1.0, None]})
    segments = pd.DataFrame({"segment_id": list("abcd"), "text": ["A", "B", None, "D"]})
    assert reading.examples(assigned, segments, n=2)["text"].tolist() == ["B", "A"]


def test_examples_need_text():
    segments = pd.DataFrame({"segment_id": ["a"], "text": [None]})
    with pytest.raises(ValueError, match=r"corpus/samples, or build a corpus with --text"):
        reading.examples(pd.DataFrame({"segment_id": ["a"], "topic": [0], "probability": [1.0]}), segments)
