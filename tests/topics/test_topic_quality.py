import numpy as np
import pandas as pd
import pytest
import topic_quality
from themes import services_in_turn, theme_segments

from privacylab import topics

SEGMENTS = theme_segments()


def small_model(terms):
    rows = [(topic, rank, term, 1.0) for topic, listed in enumerate(terms) for rank, term in enumerate(listed)]
    frame = pd.DataFrame(rows, columns=["topic", "rank", "term", "weight"])
    found = pd.DataFrame({"segment_id": list("abcd"), "topic": [0, 1, -1, 0], "probability": [1, 1, None, 1]})
    return topics.Topics(found, frame, assign=lambda rows: rows)


def test_npmi_by_hand():
    # In 4 segments: x in 2, y in 2, together in 1: log(.25 / .25) / -log(.25) = 0; u and v only together, in 1: 1.
    segments = pd.DataFrame({"segment_id": list("1234"), "terms": ["x y", "x", "y u v", "other"]})
    result = topic_quality.quality(small_model([["x", "y"], ["u", "v"]]), segments)
    assert result.npmi_by_topic.tolist() == [pytest.approx(0), pytest.approx(1)]
    assert result.npmi == pytest.approx(0.5)


def test_terms_that_never_meet_count_minus_one():
    segments = pd.DataFrame({"segment_id": list("12"), "terms": ["x", "y"]})
    assert topic_quality.quality(small_model([["x", "y"]]), segments).npmi == -1


def test_diversity_and_outliers_by_hand():
    segments = pd.DataFrame({"segment_id": list("12"), "terms": ["x", "y"]})
    result = topic_quality.quality(small_model([["x", "y"], ["x", "z"]]), segments)
    assert (result.diversity, result.outlier_share) == (0.75, 0.25)


def test_agreement_matches_topics_before_it_compares():
    one, other = small_model([["a", "b"], ["c", "d"]]), small_model([["d", "c"], ["a", "x"]])
    # {c, d} with {d, c}: 1; {a, b} with {a, x}: 1/3.
    assert topic_quality.agreement(one.topic_terms, other.topic_terms) == pytest.approx((1 + 1 / 3) / 2)


def test_a_topic_without_a_match_counts_nothing():
    one, other = small_model([["a", "b"], ["c", "d"]]), small_model([["a", "b"]])
    assert topic_quality.agreement(one.topic_terms, other.topic_terms) == 0.5


def test_shuffled_rows_are_perfectly_stable():
    found = topic_quality.stability(
        SEGMENTS, services=services_in_turn(SEGMENTS), change="shuffle", n_draws=1, n_topics=3
    )
    assert found.iloc[0].tolist() == ["shuffle", 0, 1.0, 1.0]


@pytest.mark.parametrize("change", ["bootstrap", "drop"])
def test_clear_themes_come_back(change):
    services = services_in_turn(SEGMENTS)
    found = topic_quality.stability(SEGMENTS, services=services, change=change, n_draws=2, n_topics=3)
    assert found["ari"].tolist() == [1.0, 1.0]


def test_an_unknown_change_is_named():
    with pytest.raises(ValueError, match="'bootstrap', 'drop' or 'shuffle'"):
        topic_quality.stability(SEGMENTS, services=services_in_turn(SEGMENTS), change="flip", n_topics=3)


def test_a_service_drawn_twice_is_two_services():
    rows, owners = topic_quality._changed(SEGMENTS, services_in_turn(SEGMENTS), "bootstrap", np.random.default_rng(0))
    assert len(rows) == 60
    assert rows["segment_id"].is_unique
    assert owners.nunique() == 10


def test_new_models_are_judged_on_what_is_held_out():
    services = services_in_turn(SEGMENTS)
    found = topic_quality.stability(
        SEGMENTS, services=services, change="shuffle", n_draws=1, n_topics=3, held_out=SEGMENTS
    )
    base = topic_quality.quality(topics.fit(SEGMENTS, services=services, n_topics=3), SEGMENTS)
    assert found.loc[0, ["npmi", "diversity"]].tolist() == [base.npmi, base.diversity]


def test_a_phrase_and_its_words_are_in_the_segment():
    segments = pd.DataFrame({"segment_id": list("12"), "terms": ["third_party sell", "other"]})
    assert topic_quality.quality(small_model([["party", "sell"]]), segments).npmi == pytest.approx(1)
