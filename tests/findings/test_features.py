import numpy as np
import pandas as pd
import pytest

from privacylab import findings, tables
from privacylab.tables import schema


@pytest.fixture(scope="module")
def features(corpus):
    return findings.features(corpus)


def test_incidence_counts_every_occurrence(corpus):
    matrix, policies, segments = findings.incidence(corpus)
    assert matrix.shape == (len(policies), len(segments))
    assert matrix.sum() == len(corpus.occurrences())


def test_features_of_one_policy(features):
    policy = features.loc["birch.example@2018-05-25"]
    assert sorted(policy.index[policy]) == [
        "category:Data Retention",
        "category:First Party Collection/Use",
        "category:International and Specific Audiences",
        "category:User Access, Edit and Deletion",
        "claims:gdpr",
        "claims:privacy_shield",
        "cue:retention_period",
        "cue:retention_period=P1Y",
        "cue:right_access",
        "framework:gdpr",
        "framework:privacy_shield",
    ]


def test_a_category_never_seen_has_a_column_without_hits(features):
    assert not features["category:Do Not Track"].any()
    assert [c for c in features if c.startswith("category:")] == [f"category:{name}" for name in schema.CATEGORIES]


def test_features_are_boolean_and_cover_all_policies(corpus, features):
    assert set(features.dtypes.astype(str)) == {"bool"}
    assert list(features.index) == list(corpus.policies()["policy_id"])


def test_amounts_of_one_policy(corpus):
    # collect + share: 50 words, 3 sentences, 78 syllables, 1 passive, 3 vague.
    amounts = findings.amounts(corpus).loc["cedar.example@2014-06-01"]
    assert amounts["n_words"] == 50
    assert amounts["words_per_sentence"] == pytest.approx(50 / 3)
    assert amounts["syllables_per_word"] == pytest.approx(1.56)
    assert amounts["reading_grade"] == pytest.approx(0.39 * 50 / 3 + 11.8 * 1.56 - 15.59)
    assert amounts["passive_per_100_sentences"] == pytest.approx(100 / 3)
    assert amounts["vague_per_100_words"] == pytest.approx(6.0)


def test_what_the_rules_look_for_has_a_column_seen_or_not(features):
    named = ["claims:hipaa", "cue:ai", "cue:privacy_seal=webtrust", "cue:retention_period=as-long-as-necessary"]
    assert findings.choose(features, named) == named


def test_choose_names_the_columns_there_are(features):
    with pytest.raises(ValueError, match=r"'claims:x'.* claims:adequacy"):
        findings.choose(features, ["claims:x"])


def test_amounts_of_a_policy_without_sentences_are_null(tmp_path, corpus):
    frames = {name: getattr(corpus, name)() for name in schema.TABLES}
    frames["segments"] = frames["segments"].assign(n_sentences=0)
    bare = tables.write(tmp_path / "bare", frames, {"parameters": corpus.manifest["parameters"]})
    amounts = findings.amounts(bare)
    assert amounts["reading_grade"].isna().all()
    assert np.isfinite(amounts["n_words"]).all()


def test_a_text_of_twice_the_length_gains_nothing_in_equal_length():
    # Twice the segments, the mix the same: presence rises, the chance in as many segments hardly.
    counts = pd.DataFrame({"a": [2, 4], "b": [8, 16]}, index=["old", "new"])
    chances = findings.rarefied(counts, pd.DataFrame({"before": ["old"], "after": ["new"]}))
    assert chances.loc["old"].tolist() == [1, 1]
    # 1 - C(16, 10) / C(20, 10) = 1 - 8008 / 184756
    assert chances.loc["new", "a"] == pytest.approx(1 - 8008 / 184756)
    one = pd.DataFrame({"a": [1, 10], "b": [9, 90]}, index=["old", "new"])
    assert findings.rarefied(one, 1)["a"].tolist() == pytest.approx([0.1, 0.1])


def test_a_text_that_stands_on_both_sides_and_one_without_segments_have_what_they_have():
    counts = pd.DataFrame({"a": [1, 0, 3], "b": [2, 0, 0]}, index=["same", "none", "new"])
    chances = findings.rarefied(counts, pd.DataFrame({"before": ["same", "none"], "after": ["same", "new"]}))
    assert chances.loc["same"].tolist() == [1, 1]
    assert chances.loc[["none", "new"]].to_numpy().tolist() == [[0, 0], [0, 0]]


def test_what_is_stated_only_for_a_region(tmp_path, corpus):
    policy = "birch.example@2018-05-25"
    frames = {name: getattr(corpus, name)() for name in schema.TABLES}
    assert not findings.only_for(corpus).loc[policy, "cue:right_access"]
    cues, segments = frames["cues"], frames["segments"]
    stated = segments["segment_id"].isin(cues.loc[cues["cue"] == "right_access", "segment_id"])
    frames["segments"] = segments.assign(audience=segments["audience"].mask(stated, "california"))
    told = tables.write(tmp_path / "told", frames, {"parameters": corpus.manifest["parameters"]})
    assert findings.only_for(told).loc[policy, "cue:right_access"]
    assert not findings.only_for(told, ["eu_uk"]).loc[policy, "cue:right_access"]
    assert not findings.only_for(told).loc[policy, "cue:retention_period=P1Y"]
