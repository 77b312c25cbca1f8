import datetime as dt

import numpy as np
import pandas as pd
import pytest

from privacylab import eras, findings, tables
from privacylab.tables import schema


@pytest.fixture(scope="module")
def features(corpus):
    return findings.features(corpus)


def test_incidence_counts_every_occurrence(corpus):
    matrix, policies, segments = findings.incidence(corpus)
    assert matrix.shape == (len(policies), len(segments))
    assert matrix.sum() == len(corpus.occurrences())


def test_features_of_one_policy(features):
    held = features.loc["birch.example@2018-05-25"]
    assert sorted(held.index[held]) == [
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


@pytest.mark.parametrize(
    ("date", "months", "expected"),
    [
        ("2013-03-01", 18, ["alder.example@2013-03-01", "dogwood.example@2012-11-01", "ivy.example@2012-12-01"]),
        ("2013-02-28", 18, ["dogwood.example@2012-11-01", "ivy.example@2012-12-01"]),
        ("2023-12-31", 1, ["koa.example@2023-12-01"]),
        ("2024-01-31", 6, ["alder.example@2024-01-10", "koa.example@2023-12-01"]),
        ("2000-01-01", 18, []),
    ],
)
def test_in_force_takes_the_latest_version_that_is_young_enough(policies, date, months, expected):
    assert list(findings.in_force(policies, date, months=months)["policy_id"]) == expected


def test_in_force_never_takes_an_undated_policy(policies):
    undated = policies.assign(date=pd.NaT)
    assert findings.in_force(undated, "2014-01-01").empty


@pytest.mark.parametrize("by", ["era", "half_year", "half_year_in_force"])
def test_without_a_policy_there_is_nothing_to_observe(by, policies):
    found = findings.observations(policies.iloc[:0], by=by)
    assert found.empty
    assert set(found) == set(findings.observations(policies, by=by))


def test_in_force_refuses_less_than_a_month(policies):
    with pytest.raises(ValueError, match="months 0 must be 1 or more"):
        findings.in_force(policies, "2014-01-01", months=0)


def test_one_observation_a_service_and_era(policies):
    chosen = findings.observations(policies, by="era")
    assert not chosen.duplicated(["service", "era"]).any()
    birch = chosen[chosen["service"] == "birch.example"]
    assert dict(zip(birch["era"].astype(str), birch["policy_id"].str[-10:], strict=True)) == {
        "safe_harbor": "2014-05-01",
        "gap": "2016-02-01",
        "privacy_shield": "2017-09-01",
        "gdpr": "2018-05-25",
    }


def test_eras_without_policies_stay_categories(policies):
    chosen = findings.observations(policies, by="era")
    assert list(chosen["era"].cat.categories) == ["before_safe_harbor", "safe_harbor", "gap", "privacy_shield", "gdpr"]


@pytest.mark.parametrize("by", ["era", "sub_era", "year", "half_year", "half_year_in_force"])
def test_the_order_of_the_rows_does_not_matter(policies, by):
    shuffled = policies.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(findings.observations(shuffled, by=by), findings.observations(policies, by=by))


def test_policies_in_force_at_the_half_years_end(policies):
    chosen = findings.observations(policies, by="half_year_in_force")
    held = chosen[chosen["half_year"] == "2016-H2"]
    # Gap policies of early 2016 are under 18 months old on 2016-12-31; those of 2014 are not.
    assert list(held["policy_id"]) == [
        "birch.example@2016-02-01",
        "elm.example@2015-10-06",
        "fir.example@2016-08-01",
        "larch.example@2016-03-01",
    ]


def test_half_years_are_contiguous(policies):
    halves = list(findings.observations(policies, by="half_year_in_force")["half_year"].cat.categories)
    assert halves == [f"{year}-H{half}" for year in range(2012, 2025) for half in (1, 2)][1:-1]


def test_shifted_borders_move_a_policy_to_the_era_before(policies):
    era_of = findings.observations(policies, by="era", shift=1).set_index("policy_id")["era"]
    assert era_of["birch.example@2018-05-25"] == "privacy_shield"


def test_a_random_version_is_seeded_and_one_a_service(policies):
    first = findings.observations(policies, by="era", pick="random", seed=1)
    pd.testing.assert_frame_equal(first, findings.observations(policies, by="era", pick="random", seed=1))
    assert not first.duplicated(["service", "era"]).any()
    assert set(first["policy_id"]) <= set(policies["policy_id"])


def test_a_random_version_is_not_always_the_last(policies):
    last = set(findings.observations(policies, by="era")["policy_id"])
    drawn = [set(findings.observations(policies, by="era", pick="random", seed=seed)["policy_id"]) for seed in range(5)]
    assert any(each != last for each in drawn)


def test_services_add_region_with_unknown_where_null(corpus, policies):
    chosen = findings.observations(policies, services=corpus.services()).set_index("service")
    assert chosen.loc["cedar.example", "region"].unique().tolist() == ["eu"]
    assert chosen.loc["ginkgo.example", "region"].unique().tolist() == ["unknown"]


@pytest.mark.parametrize("options", [{"by": "decade"}, {"pick": "first"}, {"by": "year", "shift": 3}])
def test_options_that_are_none_are_refused(policies, options):
    with pytest.raises(ValueError, match="must be one of"):
        findings.observations(policies, **options)


def test_repeated_policies_are_refused(policies):
    with pytest.raises(ValueError, match="stands more than once in policies"):
        findings.observations(pd.concat([policies, policies.iloc[:1]]))


def test_the_callers_frame_stays_as_it_is(policies):
    before = policies.copy()
    findings.observations(policies, by="half_year_in_force")
    pd.testing.assert_frame_equal(policies, before)


def test_cells_of_dates_at_the_borders():
    dates = pd.Series(pd.to_datetime(["2015-10-05", "2015-10-06", "2018-05-24", "2018-05-25", "2020-07-16"]))
    assert list(findings.cells(dates, by="era")) == ["safe_harbor", "gap", "privacy_shield", "gdpr", "gdpr"]
    assert list(findings.cells(dates, by="sub_era"))[3:] == ["gdpr_shield", "gdpr_no_transfer_framework"]


def test_sub_eras_stand_in_the_place_of_their_own_era(monkeypatch):
    later = eras.Era("later", "Later", dt.date(2024, 1, 1))
    whole = (*eras.eras(), later)
    monkeypatch.setattr(eras, "eras", lambda: whole)
    eras.parts.cache_clear()
    try:
        found = findings.cells(pd.Series(pd.to_datetime(["2018-05-25", "2023-08-01", "2024-02-01"])), by="sub_era")
    finally:
        eras.parts.cache_clear()
    assert list(found) == ["gdpr_shield", "gdpr_dpf", "later"]


def test_what_the_rules_look_for_has_a_column_seen_or_not(features):
    named = ["claims:hipaa", "cue:ai", "cue:privacy_seal=webtrust", "cue:retention_period=as-long-as-necessary"]
    assert findings.choose(features, named) == named


def test_choose_names_the_columns_there_are(features):
    with pytest.raises(ValueError, match=r"no column 'claims:x'; there are claims:adequacy"):
        findings.choose(features, ["claims:x"])


def test_amounts_of_a_policy_without_sentences_are_null(tmp_path, corpus):
    frames = {name: getattr(corpus, name)() for name in schema.TABLES}
    frames["segments"] = frames["segments"].assign(n_sentences=0)
    bare = tables.write(tmp_path / "bare", frames, {"parameters": corpus.manifest["parameters"]})
    amounts = findings.amounts(bare)
    assert amounts["reading_grade"].isna().all()
    assert np.isfinite(amounts["n_words"]).all()
