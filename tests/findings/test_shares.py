import numpy as np
import pandas as pd
import pytest
from frames import policies_of, versions_of

from privacylab import findings
from privacylab.findings import shares


def observed(cells, **more):
    """Observations from {cell: services}: one policy a service and cell."""
    rows = [(f"{service}@{cell}", service, cell) for cell, services in cells.items() for service in services]
    frame = pd.DataFrame(rows, columns=["policy_id", "service", "era"])
    return frame.assign(era=pd.Categorical(frame["era"], list(cells), ordered=True), **more)


def holding(observations, has):
    """Features from the policies that have the feature ``f``."""
    return pd.DataFrame(
        {"f": observations["policy_id"].isin(has).to_numpy()}, index=observations["policy_id"].to_numpy()
    )


@pytest.fixture(scope="module")
def features(corpus):
    return findings.features(corpus)


@pytest.fixture(scope="module")
def amounts(corpus):
    return findings.amounts(corpus)


def test_share_by_era_by_hand(policies, features):
    shares = findings.share_by_era(policies, features, columns=["claims:safe_harbor"]).set_index("era")
    # Safe Harbor era: alder, birch, elm, fir, larch claim it; cedar, dogwood, ginkgo, hazel, ivy do not.
    assert (shares.loc["safe_harbor", "n"], shares.loc["safe_harbor", "count"]) == (10, 5)
    # Gap: birch still does; elm and larch do not.
    assert shares.loc["gap", "value"] == pytest.approx(1 / 3)
    assert shares.loc["gdpr", "count"] == 0


def test_share_has_wilsons_interval_where_services_are_single(policies, features):
    row = findings.share_by_era(policies, features, columns=["claims:safe_harbor"]).set_index("era").loc["safe_harbor"]
    assert (row["low"], row["high"]) == tuple(map(pytest.approx, findings.wilson(5, 10)))
    assert row["interval"] == "wilson"


def test_an_era_without_services_is_an_explicit_empty_row(policies, features):
    row = findings.share_by_era(policies, features, columns=["claims:gdpr"]).iloc[0]
    assert (row["era"], row["n"], row["interval"]) == ("before_safe_harbor", 0, "none: no service")
    assert row[["value", "low", "high"]].isna().all()


def test_a_category_never_seen_is_a_zero_with_an_interval(policies, features):
    row = findings.share_by_era(policies, features, columns=["category:Do Not Track"]).iloc[1]
    assert (row["value"], row["low"]) == (0, 0)
    assert row["high"] == pytest.approx(3.841459 / 13.841459, abs=1e-5)


def test_share_by_sub_era_has_the_parts_of_the_last_era(policies, features):
    shares = findings.share(
        findings.observations(policies, by="sub_era"), features, by="sub_era", columns=["claims:dpf"]
    ).set_index("sub_era")
    assert list(shares.index)[-3:] == ["gdpr_shield", "gdpr_no_transfer_framework", "gdpr_dpf"]
    assert (shares.loc["gdpr_dpf", "n"], shares.loc["gdpr_dpf", "value"]) == (2, 1)


def test_shares_of_a_partition_add_up_to_one(policies, features):
    chosen = findings.observations(policies)
    three = features[["claims:gdpr"]].assign(other=~features["claims:gdpr"])
    shares = findings.share(chosen, three)
    sums = shares[shares["n"] > 0].groupby("era", observed=True)["value"].sum()
    assert sums.to_numpy() == pytest.approx(1)


def test_one_era_equals_the_whole(features, policies):
    chosen = findings.observations(policies)
    gdpr = chosen[chosen["era"] == "gdpr"]
    by_era = findings.share(gdpr, features, columns=["claims:gdpr"]).set_index("era").loc["gdpr"]
    whole = findings.share(gdpr, features, by=None, columns=["claims:gdpr"]).iloc[0]
    assert by_era[["n", "value", "low", "high"]].tolist() == whole[["n", "value", "low", "high"]].tolist()


def test_services_weigh_the_same_whatever_number_of_policies_they_have():
    rows = pd.DataFrame({"policy_id": list("abcde"), "service": ["x"] * 4 + ["y"], "era": "gdpr"})
    has = pd.DataFrame({"f": [True, True, True, False, False]}, index=list("abcde"))
    row = findings.share(rows, has).iloc[0]
    assert (row["n"], row["count"], row["value"]) == (2, 0.75, 0.375)
    assert row["interval"] == "bootstrap"


def test_the_bootstrap_is_clustered_by_service():
    # Two services with 50 equal policies each: 100 rows, but only two independent ones.
    rows = pd.DataFrame({"policy_id": range(100), "service": ["x"] * 50 + ["y"] * 50, "era": "gdpr"})
    row = findings.share(rows, pd.DataFrame({"f": [True] * 50 + [False] * 50})).iloc[0]
    assert (row["value"], row["low"], row["high"]) == (0.5, 0, 1)


@pytest.mark.parametrize("each", [1, 2])
def test_intervals_are_clustered_by_owner(each):
    # 40 services; every second has it. One owner of four is one voice.
    policies = policies_of({f"s{i:03}": ["2018-06-01", "2019-06-01"][:each] for i in range(40)})
    services = pd.DataFrame({"service": [f"s{i:03}" for i in range(40)], "owner": [f"o{i // 4}" for i in range(40)]})
    has = policies["service"].str[1:].astype(int) // 4 % 2 == 1
    features = pd.DataFrame({"x": has.to_numpy()}, index=policies["policy_id"])
    rows = [
        findings.share(each.assign(era="gdpr"), features).iloc[0]
        for each in (policies, findings.with_owners(policies, services))
    ]
    widths = [row["high"] - row["low"] for row in rows]
    assert rows[0]["value"] == rows[1]["value"] == 0.5
    assert rows[1]["n_effective"] == pytest.approx(10)
    assert 1.6 < widths[1] / widths[0] < 2.4


def test_all_equal_values_keep_a_width():
    rows = pd.DataFrame({"policy_id": range(4), "service": ["x", "x", "y", "y"], "era": "gdpr"})
    row = findings.share(rows, pd.DataFrame({"f": [True] * 4})).iloc[0]
    assert (row["value"], row["high"], row["interval"]) == (1, 1, "wilson")
    assert row["low"] == pytest.approx(2 / (2 + 3.841459), abs=1e-5)


def test_share_by_two_columns_has_every_combination(corpus, policies, features):
    chosen = findings.observations(policies, services=corpus.services())
    shares = findings.share(chosen, features, by=["era", "region"], columns=["claims:gdpr"])
    assert len(shares) == 5 * 5
    cell = shares[(shares["era"] == "gdpr") & (shares["region"] == "eu")].iloc[0]
    assert (cell["n"], cell["value"]) == (3, 1)


def test_rows_in_any_order_give_the_same(policies, features):
    chosen = findings.observations(policies)
    pd.testing.assert_frame_equal(
        findings.share(chosen.sample(frac=1, random_state=0), features), findings.share(chosen, features)
    )


def test_share_by_half_year_uses_the_policies_in_force(policies, features):
    shares = findings.share_by_half_year(policies, features, columns=["claims:safe_harbor"]).set_index("half_year")
    # At 2016-12-31 birch, cedar, fir, ginkgo, hazel and larch have a policy; only birch still claims.
    assert (shares.loc["2016-H2", "n"], shares.loc["2016-H2", "count"]) == (6, 1)


def test_a_share_since_a_date_counts_what_is_older_and_in_force(policies, features):
    options = {"columns": ["claims:safe_harbor"]}
    since = findings.share_by_half_year(policies, features, since="2014-10-01", **options)
    whole = findings.share_by_half_year(policies, features, **options)
    later = whole[whole["half_year"] >= "2014-H2"].reset_index(drop=True)
    assert since["n"].tolist() == later["n"].tolist()
    assert since["half_year"].tolist() == later["half_year"].tolist()


def test_half_years_say_which_archive_most_services_come_from(policies, features):
    shares = findings.share_by_half_year(policies, features, columns=["claims:safe_harbor"]).set_index("half_year")
    assert shares.loc[["2018-H1", "2022-H1"], "archive"].tolist() == ["crawl", "archive"]


def test_the_last_half_year_is_that_of_the_datas_last_day(policies, features):
    shares = findings.share_by_half_year(policies, features, columns=["claims:safe_harbor"]).set_index("half_year")
    assert shares["day"].max() == shares["day"].iloc[-1] == policies["date"].max()
    assert shares.loc["2018-H1", "day"] == pd.Timestamp("2018-06-30")


def test_services_changed_by_the_crawler_are_those_with_a_new_text_in_its_first_week():
    ledger = versions_of(
        [
            ("a", "2017-08-13", ""),
            ("b", "2017-08-19", "", "sampled_out"),
            ("c", "2017-08-13", "", "near_duplicate"),
            ("d", "2017-08-20", ""),
            ("e", "2017-08-12", ""),
            ("f", "2017-08-14", ""),
        ]
    ).assign(collection="tosback2")
    ledger.loc[ledger["service"] == "f", "collection"] = "other"
    assert findings.changed_by_the_crawler(ledger) == ["a", "b"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: pd.concat([rows, rows.iloc[:1]]), "drop the repeated rows"),
        (lambda rows: rows.drop(columns="era"), "no column 'era'"),
        (lambda rows: rows.assign(era=None), "'era' .* nulls: leave those rows out"),
        (lambda rows: rows.assign(policy_id=rows["policy_id"] + "x"), "x@gapx' .* not in the features"),
    ],
)
def test_bad_observations_are_refused(change, message):
    rows = observed({"gap": ["x", "y"]})
    with pytest.raises(ValueError, match=message):
        findings.share(change(rows), holding(rows, []))


def test_features_that_are_null_are_refused():
    rows = observed({"gap": ["x", "y"]})
    with pytest.raises(ValueError, match=r"nulls.*leave out"):
        findings.share(rows, holding(rows, []).astype(float).replace(0, np.nan))


def test_share_difference_by_hand():
    rows = observed({"gap": ["w", "x", "y", "z"], "gdpr": ["y", "z", "v", "u"]})
    has = holding(rows, ["w@gap", "y@gdpr", "v@gdpr", "u@gdpr"])
    row = findings.share_difference(rows, has, before="gap", after="gdpr").iloc[0]
    assert row[["n_before", "n_after", "n_both", "n"]].tolist() == [4, 4, 2, 6]
    assert row[["before", "after", "value"]].tolist() == [0.25, 0.75, 0.5]
    assert -1 <= row["low"] < 0.5 < row["high"] <= 1


def test_share_difference_knows_that_services_stay():
    # The same 100 services, nobody changes: the difference is 0 in every resample.
    names = [f"s{i}" for i in range(100)]
    rows = observed({"gap": names, "gdpr": names})
    has = holding(rows, [f"s{i}@{era}" for i in range(30) for era in ("gap", "gdpr")])
    row = findings.share_difference(rows, has, before="gap", after="gdpr").iloc[0]
    assert row[["value", "low", "high"]].tolist() == pytest.approx([0, 0, 0])


def test_share_difference_of_an_empty_cell_is_null(policies, features):
    rows = findings.observations(policies)
    found = findings.share_difference(rows, features, before="before_safe_harbor", after="gdpr")
    assert found[["before", "value", "low", "high"]].isna().all(axis=None) and set(found["n_before"]) == {0}
    assert found["after"].notna().all()


def test_share_difference_of_an_unknown_cell_is_refused(policies, features):
    with pytest.raises(ValueError, match=r"'shield' must be one of .*before_safe_harbor, safe_h"):
        findings.share_difference(findings.observations(policies), features, before="shield", after="gdpr")


def test_without_a_dated_policy_there_is_no_half_year(policies, features):
    undated = policies.assign(date=pd.NaT)
    found = findings.share_by_half_year(undated, features)
    assert found.empty and {"half_year", "feature", "n", "value"} <= set(found)


def test_average_by_hand():
    rows = observed({"gap": list("vwxyz")})
    lengths = pd.DataFrame({"n_words": [1.0, 2, 3, 4, 90]}, index=pd.Index(rows["policy_id"]))
    found = findings.average(rows, lengths).set_index("statistic")
    assert found["value"].to_dict() == {"median": 3, "mean": 20}
    assert found.loc["median", "low"] >= 1 and found.loc["median", "high"] <= 90
    assert found["n"].tolist() == [5, 5]


def test_average_leaves_nulls_out_and_marks_cells_without_interval():
    rows = observed({"gap": list("xy"), "gdpr": ["x"], "later": []})
    grades = pd.DataFrame({"reading_grade": [10.0, np.nan, np.nan]}, index=pd.Index(rows["policy_id"]))
    found = findings.average(rows, grades, statistics=["median"])
    assert found["n"].tolist() == [1, 0, 0]
    assert found["interval"].tolist() == ["none: one service", "none: no service", "none: no service"]
    assert found["value"].iloc[0] == 10


def test_average_of_equal_values_has_no_width():
    rows = observed({"gap": list("xyz")})
    found = findings.average(rows, pd.DataFrame({"n_words": [7.0] * 3}, index=pd.Index(rows["policy_id"])))
    assert (found[["value", "low", "high"]] == 7).all(axis=None)


def test_average_refuses_other_statistics(policies, amounts):
    with pytest.raises(ValueError, match="must be median, mean or both"):
        findings.average(findings.observations(policies), amounts, statistics=["mode"])


def test_length_by_half_year_is_the_median_in_force(policies, amounts):
    lengths = findings.length_by_half_year(policies, amounts).set_index("half_year")
    # In force on 2016-12-31: 45, 50, 50, 20, 50 and 50 words.
    assert (lengths.loc["2016-H2", "n"], lengths.loc["2016-H2", "value"]) == (6, 50)


@pytest.mark.parametrize("true", [0.2, 0.8])
def test_wilsons_interval_covers_the_truth(true):
    rng = np.random.default_rng(4)
    rows = observed({"gdpr": [f"s{i}" for i in range(200)]})
    covered = 0
    for _ in range(200):
        has = pd.DataFrame({"f": rng.random(200) < true}, index=pd.Index(rows["policy_id"]))
        found = findings.share(rows, has).iloc[0]
        covered += found["low"] <= true <= found["high"]
    assert 182 <= covered <= 198


def test_the_cluster_bootstrap_covers_the_truth():
    # 60 services with 1 to 5 policies that agree with each other: rows are far from independent.
    rng = np.random.default_rng(6)
    sizes = np.tile([1, 2, 3, 4, 5], 12)
    rows = pd.DataFrame({"policy_id": range(180), "service": np.repeat(np.arange(60), sizes).astype(str), "era": "gap"})
    covered = 0
    for _ in range(200):
        tendency = rng.beta(0.5, 0.5, 60)
        has = pd.DataFrame({"f": rng.random(180) < np.repeat(tendency, sizes)})
        found = findings.share(rows, has).iloc[0]
        covered += found["low"] <= 0.5 <= found["high"]
    assert 180 <= covered <= 198


def test_sensitivity_has_every_variant_and_begins_with_the_plan(corpus, policies, features):
    columns = ["claims:gdpr"]
    variants = findings.sensitivity(policies, features, versions=corpus.versions(), columns=columns)
    assert len(variants) == 11
    sides = {"before": "privacy_shield", "after": "gdpr"}
    planned = findings.share_difference(findings.observations(policies), features, columns=columns, **sides).iloc[0]
    first = variants.iloc[0]
    assert first["variant"] == "as planned"
    assert first[["value", "low", "high"]].tolist() == planned[["value", "low", "high"]].tolist()
    # On 2018-05-24 fir's policy of August 2016 counts up to 36 months, as fir is sighted later; elm never is again.
    n_before = variants.set_index("variant")["n_before"]
    assert n_before["in force up to 36 months"] == n_before["in force up to 18 months"] + 1


def test_sensitivity_leaves_out_services_that_the_new_crawler_changed(corpus, policies, features):
    versions = corpus.versions()
    new = versions["version_id"] == "birch.example@2017-09-01"
    versions.loc[new, ["collection", "date"]] = ["tosback2", pd.Timestamp("2017-08-13")]
    rows = findings.sensitivity(policies, features, versions=versions, columns=["claims:gdpr"]).set_index("variant")
    left = rows.loc["without services that a new crawler changed", ["n_before", "n_after"]]
    assert (rows.loc["as planned", ["n_before", "n_after"]] - left).tolist() == [1, 1]


def test_without_screening_a_repeated_text_speaks_for_its_service(corpus, policies, features):
    # elm's near duplicate of August 2014 stands for the kept policy of August 2013.
    found = shares._unscreened(corpus.versions(), policies)
    elm = found[(found["service"] == "elm.example") & (found["era"] == "safe_harbor")]
    assert elm["policy_id"].tolist() == ["elm.example@2013-08-01"]
    # ivy's rejected version of 2013 is never let in.
    assert set(found["policy_id"]) <= set(policies["policy_id"])
    assert not found.duplicated(["service", "era"]).any()


def test_one_service_alone_has_the_interval_of_one(policies, features):
    one = findings.observations(policies[policies["service"] == "birch.example"])
    row = findings.share(one, features, columns=["claims:gdpr"]).set_index("era").loc["gdpr"]
    assert row[["n", "count", "value"]].tolist() == [1, 1, 1]
    assert row["low"] == pytest.approx(1 / (1 + 3.841459), abs=1e-5)


def test_unsorted_rows_and_a_shuffled_index_change_nothing(policies, features):
    chosen = findings.observations(policies)
    shuffled = chosen.sample(frac=1, random_state=1).set_axis(range(100, 100 + len(chosen)))
    options = {"before": "safe_harbor", "after": "gdpr", "columns": ["claims:gdpr"]}
    pd.testing.assert_frame_equal(
        findings.share_difference(shuffled, features, **options), findings.share_difference(chosen, features, **options)
    )


def test_a_category_nobody_has_differs_by_nothing_but_says_how_many_were_asked(policies, features):
    chosen = findings.observations(policies)
    options = {"before": "safe_harbor", "after": "gdpr", "columns": ["category:Do Not Track"]}
    row = findings.share_difference(chosen, features, **options).iloc[0]
    assert row[["before", "after", "value"]].tolist() == [0, 0, 0]
    assert row["n"] == 12


def test_a_share_on_a_day_is_that_of_the_policies_in_force(policies, features):
    found = findings.share_on(policies, features, date="2018-06-30", columns=["framework:gdpr"])
    held = findings.in_force(policies, "2018-06-30")
    assert found[["n", "count"]].iloc[0].tolist() == [
        len(held),
        features.loc[held["policy_id"], "framework:gdpr"].sum(),
    ]
