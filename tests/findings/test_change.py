import numpy as np
import pandas as pd
import pytest
from frames import policies_of

from privacylab import findings


def twice(n):
    """n services, each with a policy before and after May 2018."""
    return policies_of({f"s{i:03}": ["2018-01-01", "2018-12-01"] for i in range(n)})


def values(policies, before, after, name="x"):
    """A frame of one column: these values before and after, by service."""
    ordered = policies.sort_values(["date", "service"])["policy_id"]
    return pd.DataFrame({name: [*before, *after]}, index=ordered.to_numpy())


SIDES = {"before": "privacy_shield", "after": "gdpr"}


@pytest.fixture(scope="module")
def features(corpus):
    return findings.features(corpus)


def test_paired_by_hand_on_the_corpus(policies, features):
    row = findings.paired(policies, features, columns=["claims:gdpr"], **SIDES).iloc[0]
    # In both eras: alder, birch, cedar, fir, hazel, larch; all but fir come to claim the GDPR.
    assert (row["n"], row["gained"], row["lost"], row["kept"], row["neither"]) == (6, 5, 0, 0, 1)
    assert (row["before"], row["after"]) == (0, pytest.approx(5 / 6))


def test_movers_say_who_gained_and_who_lost():
    policies = twice(4)
    marks = values(policies, [True, True, False, False], [True, False, True, False])
    moved = findings.movers(policies, marks, **SIDES, feature="x")
    assert list(moved) == ["service", "before", "after", "move"]
    assert moved.set_index("service")["move"].tolist() == ["kept", "lost", "gained", "neither"]
    assert moved["after"].iloc[1] == "s001@2018-12-01"


def test_movers_of_an_unknown_feature_are_refused():
    with pytest.raises(ValueError, match="no column 'y'"):
        findings.movers(twice(1), values(twice(1), [True], [True]), **SIDES, feature="y")


def test_mcnemar_by_hand():
    # 8 gained, 2 lost of 20: 2 * P(X <= 2), X ~ Bin(10, 1/2) = 2 * (1 + 10 + 45) / 1024 = 0.109375.
    policies = twice(20)
    old = [False] * 8 + [True] * 2 + [True] * 5 + [False] * 5
    new = [True] * 8 + [False] * 2 + [True] * 5 + [False] * 5
    row = findings.paired(policies, values(policies, old, new), **SIDES).iloc[0]
    assert row[["gained", "lost", "kept", "neither"]].tolist() == [8, 2, 5, 5]
    assert row["p"] == pytest.approx(0.109375)
    assert row["value"] == pytest.approx(0.3)
    # Bonett & Price: shares 9/22 and 3/22, difference 6/22, error sqrt((12/22 - 36/484) / 22) = 0.146328.
    assert row["low"] == pytest.approx(6 / 22 - 1.959964 * 0.146328, abs=1e-5)
    assert row["high"] == pytest.approx(6 / 22 + 1.959964 * 0.146328, abs=1e-5)


def test_services_of_one_owner_change_together():
    # Four owners of five services each, three of which gained all at once: a sum of 15 of 15, by two signs of 2 ** 3.
    policies = twice(20)
    services = pd.DataFrame({"service": policies["service"].unique()})
    services["owner"] = [f"o{i // 5}" for i in range(20)]
    new = [True] * 15 + [False] * 5
    alone = findings.paired(policies, values(policies, [False] * 20, new), **SIDES).iloc[0]
    owned = findings.with_owners(policies, services)
    row = findings.paired(owned, values(policies, [False] * 20, new), **SIDES).iloc[0]
    assert (alone["n_effective"], alone["p"]) == (pytest.approx(20), pytest.approx(2 / 2**15))
    assert row["p"] == pytest.approx(2 / 2**3)
    assert row["n_effective"] < 5
    assert row["high"] - row["low"] > 1.5 * (alone["high"] - alone["low"])
    assert row["value"] == alone["value"]


def test_chances_of_one_owner_change_together():
    # Half a chance gained by 15 services of three owners of five: by owner two signs of 2 ** 4, of four that moved.
    policies = twice(20)
    services = pd.DataFrame({"service": policies["service"].unique()})
    services["owner"] = [f"o{i // 5}" for i in range(20)]
    chances = values(policies, [0.2] * 20, [0.7] * 15 + [0.3] * 5)
    alone = findings.paired(policies, chances, **SIDES).iloc[0]
    row = findings.paired(findings.with_owners(policies, services), chances, **SIDES).iloc[0]
    assert (row["value"], row["gained"], row["lost"]) == (pytest.approx(0.4), pytest.approx(8), 0)
    assert row["before"] == pytest.approx(0.2)
    assert row["p"] == pytest.approx(2 / 2**4, abs=0.01)
    assert alone["p"] == 1e-4
    assert row["high"] - row["low"] > 1.3 * (alone["high"] - alone["low"])


def test_nothing_gained_and_nothing_lost_is_no_evidence():
    policies = twice(10)
    row = findings.paired(policies, values(policies, [True] * 10, [True] * 10), **SIDES).iloc[0]
    assert (row["p"], row["value"]) == (1, 0)
    assert row["low"] < 0 < row["high"]


@pytest.mark.parametrize(("n", "equivalent"), [(20, False), (400, True)])
def test_no_change_is_shown_by_equivalence_not_by_a_large_p(n, equivalent):
    policies = twice(n)
    row = findings.paired(policies, values(policies, [True] * n, [True] * n), margin=0.05, **SIDES).iloc[0]
    assert row["p"] == 1
    assert (row["p_equivalence"] < 0.05) == equivalent


def test_services_in_one_era_only_give_an_explicit_empty_row():
    policies = policies_of({"a": ["2018-01-01"], "b": ["2019-01-01"]})
    features = pd.DataFrame({"f": [True, False]}, index=policies["policy_id"].to_numpy())
    row = findings.paired(policies, features, margin=0.05, **SIDES).iloc[0]
    assert (row["n"], row["gained"]) == (0, 0)
    assert row[["before", "after", "value", "low", "high", "p", "q", "p_equivalence"]].isna().all()


def test_a_side_may_be_a_date_and_the_other_a_sub_era(policies):
    both = findings.pairs(policies, before="2018-05-24", after="gdpr_shield").set_index("service")
    assert both.loc["cedar.example"].tolist() == ["cedar.example@2018-04-01", "cedar.example@2018-06-01"]


def test_a_side_that_is_none_is_refused(policies):
    with pytest.raises(ValueError, match="'shield' must be a date YYYY-MM-DD or one of before_safe_harbor"):
        findings.pairs(policies, before="shield", after="gdpr")


def test_wilcoxon_by_hand():
    # Ratios 2, 3, 4, 5 and 1/1.5: signed ranks of the logs 2 + 3 + 4 + 5 against 1; exact p = 2 * 2 / 32 = 0.125.
    policies = twice(5)
    lengths = values(policies, [100.0] * 5, [200.0, 300.0, 400.0, 500.0, 100 / 1.5], "n_words")
    row = findings.paired_amount(policies, lengths, **SIDES).iloc[0]
    assert (row["n"], row["before"], row["after"], row["value"]) == (5, 100, 300, pytest.approx(3))
    assert (row["up"], row["down"]) == (0.8, 0.2)
    assert row["p"] == pytest.approx(0.125)


def test_differences_for_amounts_that_may_be_zero():
    policies = twice(3)
    rates = values(policies, [0.0, 1.0, 2.0], [1.0, 1.0, 2.5])
    by_difference = findings.paired_amount(policies, rates, scale="difference", **SIDES).iloc[0]
    assert (by_difference["n"], by_difference["value"]) == (3, 0.5)
    assert findings.paired_amount(policies, rates, **SIDES).iloc[0]["n"] == 2


def test_amounts_that_did_not_change_are_no_evidence_and_have_no_width():
    policies = twice(8)
    row = findings.paired_amount(policies, values(policies, [5.0] * 8, [5.0] * 8), **SIDES).iloc[0]
    assert row[["value", "low", "high", "p"]].tolist() == [1, 1, 1, 1]


def test_equal_lengths_within_a_few_percent_are_equivalent():
    policies = twice(60)
    rng = np.random.default_rng(0)
    lengths = values(policies, [100.0] * 60, 100 * np.exp(rng.normal(0, 0.05, 60)))
    row = findings.paired_amount(policies, lengths, margin=0.05, **SIDES).iloc[0]
    assert row["p_equivalence"] < 0.001


def test_paired_amount_without_services_is_explicit():
    policies = policies_of({"a": ["2018-01-01"]})
    row = findings.paired_amount(policies, pd.DataFrame({"x": [1.0]}, index=policies["policy_id"]), **SIDES).iloc[0]
    assert row["n"] == 0
    assert np.isnan(row["value"]) and np.isnan(row["p"])


def test_tost_by_hand():
    # z above: (0.01 + 0.05) / 0.02 = 3; z below: (0.01 - 0.05) / 0.02 = -2; the larger p is P(Z < -2).
    assert findings.equivalence(0.01, 0.02, margin=0.05) == pytest.approx(0.0227501, abs=1e-6)


@pytest.mark.parametrize(("error", "margin"), [(0, 0.1), (0.1, 0)])
def test_tost_refuses_no_error_and_no_margin(error, margin):
    with pytest.raises(ValueError, match="must be above 0"):
        findings.equivalence(0, error, margin=margin)


def test_the_mean_of_ratios_is_geometric_and_moves_where_the_median_stays():
    # Ratios 1, 1, 8: median 1, geometric mean 2.
    policies = twice(3)
    lengths = values(policies, [100.0] * 3, [100.0, 100.0, 800.0])
    found = [findings.paired_amount(policies, lengths, statistic=name, **SIDES).iloc[0] for name in ("median", "mean")]
    assert [row["value"] for row in found] == pytest.approx([1, 2])
    assert found[1]["low"] < 2 < found[1]["high"]


@pytest.mark.parametrize("option", [{"scale": "log"}, {"statistic": "mode"}])
def test_a_scale_or_statistic_that_is_none_is_refused(option):
    policies = twice(2)
    with pytest.raises(ValueError, match="must be ratio or difference, and statistic"):
        findings.paired_amount(policies, values(policies, [1.0] * 2, [2.0] * 2), **option, **SIDES)


@pytest.fixture
def changing():
    """a and b on both sides, c before only, d and e after only."""
    before, after = ["2018-01-01"], ["2018-12-01"]
    policies = policies_of({"a": before + after, "b": before + after, "c": before, "d": after, "e": after})
    amounts = pd.Series({"a": 10, "b": 20, "c": 90, "d": 60, "e": 80}).rename("n_words")
    later = policies["date"] > "2018-06-01"
    words = policies["service"].map(amounts) * np.where(later & policies["service"].isin(["a", "b"]), 2, 1)
    return policies, pd.DataFrame({"n_words": words.to_numpy(dtype=float)}, index=policies["policy_id"].to_numpy())


def test_ratio_of_averages_by_hand(changing):
    policies, amounts = changing
    # Before 10, 20, 90 (mean 40, median 20); after 20, 40, 60, 80 (both 50).
    mean = findings.average_ratio(policies, amounts, statistic="mean", **SIDES)
    assert mean[["n", "n_before", "n_after", "before", "after", "value"]].tolist() == [5, 3, 4, 40, 50, 1.25]
    assert findings.average_ratio(policies, amounts, **SIDES)["value"] == 2.5
    assert mean["low"] < 1.25 < mean["high"]


def test_ratio_of_averages_in_the_same_services_has_no_width_where_all_double(changing):
    policies, amounts = changing
    same = findings.average_ratio(policies, amounts, statistic="mean", same=True, **SIDES)
    assert same[["n", "value", "low", "high"]].tolist() == pytest.approx([2, 2, 2, 2])


def test_ratio_of_averages_without_a_side_is_null(changing):
    policies, amounts = changing
    found = findings.average_ratio(policies, amounts, before="safe_harbor", after="gdpr")
    assert (found["n_before"], found["n_after"]) == (0, 4)
    assert found[["before", "after", "value", "low", "high"]].isna().all()


def test_a_ratio_of_shares_follows_the_owners():
    names = [f"s{i}" for i in range(40)]
    before = pd.Series([1.0] * 20 + [0.0] * 20, names)
    after = pd.Series([1.0] * 30 + [0.0] * 10, names)
    alone, few = (
        findings.ratio_of_averages(before, after, owners=pd.Series(owners, names))
        for owners in (names, [f"o{i // 10}" for i in range(40)])
    )
    assert (alone["value"], few["value"], alone["n"]) == (1.5, 1.5, 40)
    assert few["high"] - few["low"] > 1.5 * (alone["high"] - alone["low"])


def test_a_ratio_to_nothing_is_null():
    owners = pd.Series(["a", "b"], ["a", "b"])
    found = findings.ratio_of_averages(pd.Series(0.0, owners.index), pd.Series(1.0, owners.index), owners=owners)
    assert found[["value", "low", "high"]].isna().all()


def test_a_typical_number_is_clustered_by_owner():
    names = [f"s{i}" for i in range(40)]
    change = pd.Series([1.0] * 20 + [-1.0] * 10 + [0.0] * 10, names)
    alone, few = (
        findings.typical(change, pd.Series(owners, names), margin=2.0)
        for owners in (names, [f"o{i // 10}" for i in range(40)])
    )
    assert alone[["n", "value", "up", "down"]].tolist() == [40, 0.25, 0.5, 0.25]
    assert few["high"] - few["low"] > 1.5 * (alone["high"] - alone["low"])
    assert few["p_equivalence"] > alone["p_equivalence"]
    nobody = findings.typical(change.iloc[:0], pd.Series(names, names))
    assert nobody["n"] == 0
    assert nobody.drop("n").isna().all()


def test_both_ways_parts_change_of_sample_from_change_of_practice(changing):
    policies, _ = changing
    # Only the newcomers have it: all of the change is change of sample.
    has = pd.DataFrame({"x": policies["service"].isin(["d", "e"]).to_numpy()}, index=policies["policy_id"].to_numpy())
    found = findings.both_ways(policies, has, **SIDES).set_index("view")
    assert found.loc["cross_section", ["n_before", "n_after", "n", "value"]].tolist() == [3, 4, 5, 0.5]
    assert found.loc["panel", ["n_before", "n_after", "n", "value", "p"]].tolist() == [2, 2, 2, 0, 1]


def test_both_ways_with_an_empty_side_is_explicit(changing):
    policies, _ = changing
    has = pd.DataFrame({"x": True}, index=policies["policy_id"].to_numpy())
    found = findings.both_ways(policies, has, before="safe_harbor", after="gdpr").set_index("view")
    assert found["n_before"].tolist() == [0, 0]
    assert found[["value", "low", "high"]].isna().all(axis=None)
