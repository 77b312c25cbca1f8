import pandas as pd
import pytest

from privacylab import findings

COLUMNS = ["collection", "source", "era", "service", "stratum", "weight", "scores", "label"]


def drawn(service, date, stratum, labels, *, reading="whole"):
    """The segments of a policy of the tests' corpus, with a label each; the second scores highest in everything."""
    scores = [" ".join(["90" if place == 1 else "10"] * 10) for place in range(len(labels))]
    collection = "crawl" if date < "2020-11" else "archive"
    head = [collection, f"{service}.example/{date}.txt", stratum, f"{service}.example", reading, "1.000"]
    return [[*head, score, label] for score, label in zip(scores, labels, strict=True)]


@pytest.fixture
def labels(tmp_path):
    rows = [
        *drawn("alder", "2013-03-01", "safe_harbor", ["F", "t", "I"]),
        *drawn("birch", "2014-05-01", "safe_harbor", ["FR", "N"], reading="highest"),
        *drawn("cedar", "2014-06-01", "safe_harbor", ["F", ""]),
        *drawn("dogwood", "2019-03-01", "gdpr_to_2020", ["F", "Ar"]),
        *drawn("koa", "2023-12-01", "gdpr_from_2021", ["f", "A", "R"]),
        *drawn("nobody", "2023-12-01", "gdpr_from_2021", ["F"]),
    ]
    pd.DataFrame(rows, columns=COLUMNS).to_csv(tmp_path / "clause_policies.csv", index=False)
    return findings.policy_labels(tmp_path)


def test_a_policy_has_what_a_segment_plainly_has(labels, corpus, policies):
    found = findings.policy_gold(labels, policies, findings.features(corpus)).set_index(["service", "feature"])
    alder = found.loc["alder.example"]
    assert sorted(alder.index[alder["truth"]]) == [
        "category:First Party Collection/Use",
        "category:International and Specific Audiences",
    ]
    assert alder.loc["category:Third Party Sharing/Collection", ["truth", "generous", "predicted"]].tolist() == [
        False,
        True,
        True,
    ]


def test_policies_not_read_to_the_end_are_left_out_and_counted(labels, corpus, policies):
    found = findings.policy_gold(labels, policies, findings.features(corpus))
    assert sorted(found["service"].unique()) == ["alder.example", "birch.example", "dogwood.example", "koa.example"]
    counts = findings.counts(labels, policies).set_index("stratum")
    assert counts.loc["safe_harbor"].tolist() == [3, 2, 2, 7, 1]
    assert counts.loc["gdpr_from_2021"].tolist() == [2, 2, 1, 4, 0]
    assert counts.loc["privacy_shield"].tolist() == [0, 0, 0, 0, 0]


def test_an_era_of_two_strata_weighs_them_by_their_services(labels, corpus, policies):
    # Of the GDPR's ten services six speak by a policy of before 2021 and four by a later one; one of each was read.
    found = findings.policy_gold(labels, policies, findings.features(corpus))
    gdpr = found[(found["era"] == "gdpr") & (found["feature"] == "category:Data Retention")]
    weights = gdpr.set_index("stratum")["weight"]
    speaking = findings.observations(policies, by="era")
    late = speaking[(speaking["era"] == "gdpr")]["date"] >= "2021-01-01"
    assert weights.to_dict() == {"gdpr_to_2020": (~late).sum(), "gdpr_from_2021": late.sum()}


def test_without_a_file_there_is_no_gold(tmp_path, corpus, policies):
    none = findings.policy_labels(tmp_path)
    assert findings.policy_gold(none, policies, findings.features(corpus)).empty
    assert findings.counts(none, policies)["drawn"].sum() == 0
    assert findings.missed_by_highest(none)["value"].isna().all()


def test_what_the_highest_segments_miss(tmp_path):
    # Of seven segments the five that score highest are the second, and by their order the first, third to fifth.
    rows = [
        *drawn("alder", "2013-03-01", "safe_harbor", ["N", "A", "N", "N", "N", "F", "AR"]),
        *drawn("koa", "2023-12-01", "gdpr_from_2021", ["F", "N", "N", "N", "N", "N", "f"]),
    ]
    pd.DataFrame(rows, columns=COLUMNS).to_csv(tmp_path / "clause_policies.csv", index=False)
    missed = findings.missed_by_highest(findings.policy_labels(tmp_path)).set_index("feature")
    assert missed.loc["category:First Party Collection/Use", ["n", "count"]].tolist() == [2, 1]
    assert missed.loc["category:User Access, Edit and Deletion", ["n", "count"]].tolist() == [1, 0]
    assert missed.loc["category:Data Retention", ["n", "count", "value"]].tolist() == [1, 1, 1]


def test_nothing_is_missed_in_short_policies(labels):
    assert findings.missed_by_highest(labels)["count"].sum() == 0


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", "FX", "column 'label' holds 'FX'; allowed are letters of FTCARSPDIO"),
        ("era", "gdpr", "column 'era' holds 'gdpr'; allowed are safe_harbor, privacy_shield"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path, column, value, message):
    rows = pd.DataFrame(drawn("alder", "2013-03-01", "safe_harbor", ["F"]), columns=COLUMNS)
    rows.assign(**{column: value}).to_csv(tmp_path / "clause_policies.csv", index=False)
    with pytest.raises(ValueError, match=message):
        findings.policy_labels(tmp_path)


def test_a_file_that_lacks_a_column_is_refused(tmp_path):
    (tmp_path / "clause_policies.csv").write_text("collection,source\n")
    with pytest.raises(ValueError, match="lacks the columns era, service"):
        findings.policy_labels(tmp_path)


def test_the_columns_of_each_frame(labels, corpus, policies):
    gold = ["policy_id", "service", "era", "stratum", "feature", "predicted", "truth", "generous", "weight"]
    assert list(labels) == ["collection", "source", "stratum", "service", "reading", "weight", "scores", "label"]
    for rows in (labels, labels.iloc[:0]):
        assert list(findings.policy_gold(rows, policies, findings.features(corpus))) == gold
        assert list(findings.counts(rows, policies)) == ["stratum", "drawn", "read", "n", "segments", "not_read"]
        assert list(findings.missed_by_highest(rows)) == ["feature", "n", "count", "value", "low", "high"]
