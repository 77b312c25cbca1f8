import pandas as pd
import pytest

from privacylab import findings, paths, tables
from privacylab.findings import gold

RETENTION, THIRD = "category:Data Retention", "category:Third Party Sharing/Collection"
HARBOR = "category:International and Specific Audiences"


def read(policies, occurrences, service, date, *labels, second=(), **more):
    """A policy of the tests' corpus with a label (``letters cue cue``) for each segment that was read."""
    policy_id = f"{service}.example@{date}"
    policy = policies.set_index("policy_id").loc[policy_id]
    row = {**policy[["collection", "source", "service", "era", "n_segments"]], "owner": service, "weight": "2.5"}
    row |= {"policy_id": policy_id, "part": "score", "page": "policy", "readers": 2 if second else 1, **more}
    ids = occurrences.set_index(["policy_id", "position"])["segment_id"]
    segments = []
    for position, label in enumerate(labels):
        letters, _, cues = label.partition(" ")
        other, _, other_cues = second[position].partition(" ") if second else ("", "", "")
        segments.append((policy_id, position, ids[policy_id, position], letters, cues, other, other_cues))
    return row, segments


def write(folder, *policies):
    pd.DataFrame([row for row, _ in policies]).to_csv(folder / gold.POLICIES, index=False)
    segments = [segment for _, labelled in policies for segment in labelled]
    pd.DataFrame(segments, columns=gold.SEGMENT_FIELDS).to_csv(folder / gold.SEGMENTS, index=False)
    return findings.policy_labels(folder)


@pytest.fixture
def occurrences(corpus):
    return corpus.occurrences()


@pytest.fixture
def reading(tmp_path, policies, occurrences):
    return write(
        tmp_path,
        read(policies, occurrences, "alder", "2013-03-01", "F", "t", "I", second=("F", "T", "I sells")),
        read(policies, occurrences, "birch", "2018-05-25", "F", "I", "A access li", "R period", part="tune"),
        read(policies, occurrences, "cedar", "2014-06-01", "F"),
        read(policies, occurrences, "dogwood", "2019-03-01", "F", "Ar access", "N necessary", second=("F", "A", "R")),
        read(policies, occurrences, "elm", "2013-08-01", "N", "N", page="not"),
    )


@pytest.fixture
def truth(reading, corpus, occurrences):
    features = findings.features(corpus)
    return lambda **options: findings.policy_gold(reading, features, occurrences, **options)


def test_a_policy_has_what_a_segment_plainly_has(truth):
    alder = truth().set_index(["service", "feature"]).loc["alder.example"]
    assert sorted(alder.index[alder["truth"]]) == ["category:First Party Collection/Use", HARBOR]
    assert alder.loc[THIRD, ["truth", "generous", "predicted", "weight"]].tolist() == [False, True, True, 2.5]
    assert set(alder["owner"]) == {"alder"}


def test_cues_are_gold_as_categories_are(truth):
    rows = truth(part=None).set_index(["service", "feature"])
    birch = rows.loc["birch.example"]
    assert sorted(feature for feature in birch.index[birch["truth"]] if feature.startswith("cue:")) == [
        "cue:a period in numbers",
        "cue:any legal basis",
        "cue:basis_legitimate_interests",
        "cue:right_access",
    ]
    # The corpus finds the access and the period, and no basis.
    assert birch.loc["cue:a period in numbers", "predicted"]
    assert birch.loc["cue:right_access", "predicted"]
    assert not birch.loc["cue:any legal basis", "predicted"]
    assert rows.loc[("dogwood.example", "cue:retention_period=as-long-as-necessary"), "truth"]


def test_a_claim_is_a_name_too_and_a_name_alone_is_no_claim(tmp_path, corpus, policies, occurrences):
    reading = write(
        tmp_path,
        read(policies, occurrences, "koa", "2022-02-01", "I gdpr_claims", "N ccpa_named", "N harbor_withdrawn"),
    )
    rows = findings.policy_gold(reading, findings.features(corpus), occurrences).set_index("feature")["truth"]
    named = [feature for feature in rows.index[rows] if feature.startswith(("claims:", "framework:"))]
    assert named == ["claims:gdpr", "framework:safe_harbor", "framework:gdpr", "framework:ccpa"]


def test_what_rules_may_be_fitted_to_is_no_score(truth):
    assert set(truth()["service"]) == {"alder.example", "dogwood.example"}
    assert set(truth(part="tune")["service"]) == {"birch.example"}


def test_a_policy_with_an_unread_segment_and_an_error_page_are_no_gold(reading, occurrences, truth):
    assert {"cedar.example", "elm.example"}.isdisjoint(truth(part=None)["service"])
    table = findings.counts(reading, occurrences).set_index("era")
    assert table.columns.tolist() == ["drawn", "unread", "no_policy", "gone", "n", "twice", "segments"]
    assert table.loc["safe_harbor"].tolist() == [3, 1, 1, 0, 1, 1, 3]
    assert table.loc["gdpr"].tolist() == [2, 0, 0, 0, 2, 1, 7]


def test_labels_of_an_older_panel_are_listed_and_count_no_more(reading, corpus, occurrences):
    newer = occurrences.assign(segment_id=occurrences["segment_id"].str.replace("harbor", "haven", regex=False))
    lost = findings.gone(reading, newer)
    assert lost[["policy_id", "position", "label"]].to_numpy().tolist() == [
        ["alder.example@2013-03-01", 2, "I"],
        ["elm.example@2013-08-01", 1, "N"],
    ]
    rest = findings.policy_gold(reading, findings.features(corpus), newer)
    assert set(rest["service"]) == {"dogwood.example"}
    assert findings.counts(reading, newer).set_index("era").loc["safe_harbor", "gone"] == 1


def test_agreement_is_by_policy(reading):
    table = findings.agreement(reading).set_index("feature")
    assert (table["n"] == 2).all()
    # The first reader sees the third party in passing only, the second plainly.
    assert table.loc[THIRD, ["first", "second", "agreed", "value"]].tolist() == [0, 1, 1, 0.5]
    assert table.loc[HARBOR, ["agreed", "kappa"]].tolist() == [2, 1]
    assert table.loc["category:First Party Collection/Use", "agreed"] == 2
    assert pd.isna(table.loc["category:First Party Collection/Use", "kappa"])  # both say it of every policy


def test_readers_who_never_agree_have_a_row_that_says_so(tmp_path, policies, occurrences):
    reading = write(
        tmp_path,
        read(policies, occurrences, "koa", "2022-02-01", "R", "N", "N", second=("N", "N", "N")),
        read(policies, occurrences, "juniper", "2021-09-01", "N", "N", "N", second=("R", "N", "N")),
    )
    row = findings.agreement(reading).set_index("feature").loc[RETENTION]
    assert row[["n", "agreed", "value", "kappa"]].tolist() == [2, 0, 0, -1]


def test_without_files_there_is_no_gold(tmp_path, corpus, occurrences):
    none = findings.policy_labels(tmp_path)
    empty = findings.policy_gold(none, findings.features(corpus), occurrences)
    assert empty.empty
    assert findings.counts(none, occurrences).empty
    assert (findings.agreement(none)["n"] == 0).all()
    share = findings.share_by_era(corpus.policies(), findings.features(corpus), columns=[RETENTION])
    told = findings.corrected(share, gold=empty, by="era")["correction"]
    assert set(told) == {"not corrected: no gold"}


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        (gold.SEGMENTS, "label", "FX", "column 'label' holds 'FX'; allowed are letters of FTCARSPDI"),
        (gold.SEGMENTS, "cues", "access say", "column 'cues' holds 'access say'; allowed are access, rectification"),
        (gold.POLICIES, "era", "gdpr_to_2020", "column 'era' holds 'gdpr_to_2020'; allowed are before_safe_harbor"),
        (gold.POLICIES, "page", "404", "column 'page' holds '404'; allowed are policy, not, or nothing"),
    ],
)
def test_labels_that_are_none_are_refused(tmp_path, reading, name, column, value, message):
    rows = pd.read_csv(tmp_path / name, dtype=str, keep_default_na=False)
    rows.assign(**{column: value}).to_csv(tmp_path / name, index=False)
    with pytest.raises(ValueError, match=message):
        findings.policy_labels(tmp_path)


def test_a_file_that_lacks_a_column_is_refused(tmp_path):
    (tmp_path / gold.POLICIES).write_text("collection,source\n")
    with pytest.raises(ValueError, match=r"policies_read\.csv lacks the columns policy_id, service"):
        findings.policy_labels(tmp_path)


# --- The shipped gold ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return findings.policy_labels(paths.gold())


@pytest.fixture(scope="module")
def panel():
    return tables.Corpus.open(paths.corpus())


def test_every_segment_of_every_policy_was_read_and_is_in_the_panel(shipped, panel):
    occurrences = panel.occurrences()
    assert findings.gone(shipped, occurrences).empty
    table = findings.counts(shipped, occurrences)
    assert table["drawn"].tolist() == [50] * 4
    assert (table["unread"] == 0).all()
    here = occurrences[occurrences["policy_id"].isin(shipped.policies["policy_id"])]
    assert len(here) == len(shipped.segments)


def test_the_gold_is_what_the_shares_count(shipped, panel):
    speaking = findings.observations(panel.policies(), by="era")
    assert shipped.policies["policy_id"].isin(speaking["policy_id"]).all()
    assert shipped.policies["service"].is_unique
    kept = set(panel.versions().query("status == 'kept'")["version_id"])
    versions = panel.policies().set_index("policy_id").loc[shipped.policies["policy_id"], "version_id"]
    assert set(versions) <= kept


def test_weights_sum_to_the_services_of_each_era(shipped, panel):
    n = findings.observations(panel.policies(), by="era")["era"].value_counts()
    for era, weights in shipped.policies.groupby("era")["weight"]:
        assert weights.sum() == pytest.approx(n[era], rel=0.06)
