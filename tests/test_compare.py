import numpy as np
import pandas as pd
import pytest

from privacylab import compare, observe


def policies_of(histories):
    """Policies from {service: dates}."""
    rows = [
        {"policy_id": f"{service}@{date}", "service": service, "document": "main", "collection": "c", "date": date}
        for service, dates in histories.items()
        for date in dates
    ]
    return pd.DataFrame(rows).assign(date=lambda frame: pd.to_datetime(frame["date"]).astype("datetime64[ms]"))


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
    return observe.features(corpus)


def test_paired_by_hand_on_the_corpus(policies, features):
    row = compare.paired(policies, features, columns=["claims:gdpr"], **SIDES).iloc[0]
    # In both eras: alder, birch, cedar, fir, hazel, larch; all but fir come to claim the GDPR.
    assert (row["n"], row["gained"], row["lost"], row["kept"], row["neither"]) == (6, 5, 0, 0, 1)
    assert (row["before"], row["after"]) == (0, pytest.approx(5 / 6))


def test_mcnemar_by_hand():
    # 8 gained, 2 lost of 20: 2 * P(X <= 2), X ~ Bin(10, 1/2) = 2 * (1 + 10 + 45) / 1024 = 0.109375.
    policies = twice(20)
    old = [False] * 8 + [True] * 2 + [True] * 5 + [False] * 5
    new = [True] * 8 + [False] * 2 + [True] * 5 + [False] * 5
    row = compare.paired(policies, values(policies, old, new), **SIDES).iloc[0]
    assert row[["gained", "lost", "kept", "neither"]].tolist() == [8, 2, 5, 5]
    assert row["p"] == pytest.approx(0.109375)
    assert row["value"] == pytest.approx(0.3)
    # Bonett & Price: shares 9/22 and 3/22, difference 6/22, error sqrt((12/22 - 36/484) / 22) = 0.146328.
    assert row["low"] == pytest.approx(6 / 22 - 1.959964 * 0.146328, abs=1e-5)
    assert row["high"] == pytest.approx(6 / 22 + 1.959964 * 0.146328, abs=1e-5)


def test_nothing_gained_and_nothing_lost_is_no_evidence():
    policies = twice(10)
    row = compare.paired(policies, values(policies, [True] * 10, [True] * 10), **SIDES).iloc[0]
    assert (row["p"], row["value"]) == (1, 0)
    assert row["low"] < 0 < row["high"]


@pytest.mark.parametrize(("n", "equivalent"), [(20, False), (400, True)])
def test_no_change_is_shown_by_equivalence_not_by_a_large_p(n, equivalent):
    policies = twice(n)
    row = compare.paired(policies, values(policies, [True] * n, [True] * n), margin=0.05, **SIDES).iloc[0]
    assert row["p"] == 1
    assert (row["p_equivalence"] < 0.05) == equivalent


def test_services_in_one_era_only_give_an_explicit_empty_row():
    policies = policies_of({"a": ["2018-01-01"], "b": ["2019-01-01"]})
    features = pd.DataFrame({"f": [True, False]}, index=policies["policy_id"].to_numpy())
    row = compare.paired(policies, features, margin=0.05, **SIDES).iloc[0]
    assert (row["n"], row["gained"]) == (0, 0)
    assert row[["before", "after", "value", "low", "high", "p", "q", "p_equivalence"]].isna().all()


def test_a_side_may_be_a_date_and_the_other_a_sub_era(policies):
    both = compare.pairs(policies, before="2018-05-24", after="gdpr_shield").set_index("service")
    assert both.loc["cedar.example"].tolist() == ["cedar.example@2018-04-01", "cedar.example@2018-06-01"]


def test_a_side_that_is_none_is_refused(policies):
    with pytest.raises(ValueError, match="'shield' is neither a date YYYY-MM-DD nor one of before_safe_harbor"):
        compare.pairs(policies, before="shield", after="gdpr")


def test_wilcoxon_by_hand():
    # Ratios 2, 3, 4, 5 and 1/1.5: signed ranks of the logs 2 + 3 + 4 + 5 against 1; exact p = 2 * 2 / 32 = 0.125.
    policies = twice(5)
    lengths = values(policies, [100.0] * 5, [200.0, 300.0, 400.0, 500.0, 100 / 1.5], "n_words")
    row = compare.paired_amount(policies, lengths, **SIDES).iloc[0]
    assert (row["n"], row["before"], row["after"], row["value"]) == (5, 100, 300, pytest.approx(3))
    assert (row["up"], row["down"]) == (0.8, 0.2)
    assert row["p"] == pytest.approx(0.125)


def test_differences_for_amounts_that_may_be_zero():
    policies = twice(3)
    rates = values(policies, [0.0, 1.0, 2.0], [1.0, 1.0, 2.5])
    by_difference = compare.paired_amount(policies, rates, scale="difference", **SIDES).iloc[0]
    assert (by_difference["n"], by_difference["value"]) == (3, 0.5)
    assert compare.paired_amount(policies, rates, **SIDES).iloc[0]["n"] == 2


def test_amounts_that_did_not_change_are_no_evidence_and_have_no_width():
    policies = twice(8)
    row = compare.paired_amount(policies, values(policies, [5.0] * 8, [5.0] * 8), **SIDES).iloc[0]
    assert row[["value", "low", "high", "p"]].tolist() == [1, 1, 1, 1]


def test_equal_lengths_within_a_few_percent_are_equivalent():
    policies = twice(60)
    rng = np.random.default_rng(0)
    lengths = values(policies, [100.0] * 60, 100 * np.exp(rng.normal(0, 0.05, 60)))
    row = compare.paired_amount(policies, lengths, margin=0.05, **SIDES).iloc[0]
    assert row["p_equivalence"] < 0.001


def test_paired_amount_without_services_is_explicit():
    policies = policies_of({"a": ["2018-01-01"]})
    row = compare.paired_amount(policies, pd.DataFrame({"x": [1.0]}, index=policies["policy_id"]), **SIDES).iloc[0]
    assert row["n"] == 0
    assert np.isnan(row["value"]) and np.isnan(row["p"])


def test_tost_by_hand():
    # z above: (0.01 + 0.05) / 0.02 = 3; z below: (0.01 - 0.05) / 0.02 = -2; the larger p is P(Z < -2).
    found = compare.equivalence(0.01, 0.02, margin=0.05)
    assert found.p == pytest.approx(0.0227501, abs=1e-6)
    assert (found.low, found.high) == (pytest.approx(0.01 - 1.644854 * 0.02), pytest.approx(0.01 + 1.644854 * 0.02))


@pytest.mark.parametrize(("error", "margin"), [(0, 0.1), (0.1, 0)])
def test_tost_refuses_no_error_and_no_margin(error, margin):
    with pytest.raises(ValueError, match="must be above 0"):
        compare.equivalence(0, error, margin=margin)


def test_panel_holds_what_is_in_force_at_each_half_years_end():
    table = compare.panel(policies_of({"a": ["2016-02-01", "2017-03-01"], "b": ["2015-12-31"]}), months=12)
    assert table.assign(end=table["end"].dt.strftime("%Y-%m-%d")).to_numpy().tolist() == [
        ["a", 1, "2016-06-30", "a@2016-02-01"],
        ["a", 2, "2016-12-31", "a@2016-02-01"],
        ["b", 0, "2015-12-31", "b@2015-12-31"],
        ["b", 1, "2016-06-30", "b@2015-12-31"],
        ["b", 2, "2016-12-31", "b@2015-12-31"],
    ]


def test_a_monthly_panel_ends_with_the_data():
    table = compare.panel(policies_of({"a": ["2016-11-15", "2017-02-10"]}), every="month")
    assert table["end"].dt.strftime("%Y-%m").tolist() == ["2016-11", "2016-12", "2017-01", "2017-02"]


def simulated(n, effect=0.0, trend=0.0, seed=0, noise=1.0, group=0.0):
    """n services over 20 half-years with levels of their own, errors that linger, and a step at 2018-05-25."""
    rng = np.random.default_rng(seed)
    ends = pd.date_range("2012-06-30", periods=20, freq="6ME")
    errors = rng.normal(0, noise, (n, 20))
    for t in range(1, 20):
        errors[:, t] += 0.6 * errors[:, t - 1]
    post = (ends >= pd.Timestamp("2018-05-25")).astype(float)
    treated = np.arange(n) < n // 2
    y = rng.normal(0, 3, (n, 1)) + errors + trend * np.arange(20) + effect * post + group * post * treated[:, None]
    panel = pd.DataFrame(
        {
            "service": np.repeat([f"s{i:03}" for i in range(n)], 20),
            "period": np.tile(np.arange(20), n),
            "end": np.tile(ends, n),
        }
    )
    panel["policy_id"] = panel["service"] + "@" + panel["period"].astype(str)
    return panel, pd.Series(y.ravel(), index=panel["policy_id"].to_numpy())


def test_event_study_finds_the_step_and_no_trend_before():
    panel, outcome = simulated(80, effect=5.0)
    found = compare.event_study(panel, outcome, event="2018-05-25", before=4, after=4).set_index("period")
    assert list(found.index) == list(range(-4, 5))
    assert found.loc[-1, ["value", "low", "high"]].tolist() == [0, 0, 0]
    assert found.loc[0, "low"] < 5 < found.loc[0, "high"]
    assert found.loc[-3, "low"] < 0 < found.loc[-3, "high"]


def test_event_study_equals_the_difference_of_means_in_a_balanced_panel():
    panel, outcome = simulated(30, effect=2.0, seed=3)
    found = compare.event_study(panel, outcome, event="2018-05-25", before=2, after=1).set_index("period")
    means = outcome.groupby(panel["period"].to_numpy()).mean()
    # The first period that ends on or after 2018-05-25 is the 13th (2018-06-30): period 12.
    assert found.loc[0, "value"] == pytest.approx(means[12] - means[11])
    assert found.loc[1, "value"] == pytest.approx(means[13] - means[11])


def test_clustered_errors_by_hand():
    # Two periods a service: the effect is the mean change; its clustered error, with the factor
    # G/(G-1) * (N-1)/(N-K), is sqrt(sum((d - mean d)^2)) / G times the root of that factor.
    panel, outcome = simulated(10, effect=1.0, seed=1)
    found = compare.event_study(panel, outcome, event="2018-05-25", before=1, after=0).set_index("period")
    before, after = (outcome.to_numpy()[panel["period"].to_numpy() == period] for period in (11, 12))
    change = after - before
    error = np.sqrt(((change - change.mean()) ** 2).sum()) / 10 * np.sqrt(10 / 9 * 19 / 19)
    assert found.loc[0, "value"] == pytest.approx(change.mean())
    assert found.loc[0, "high"] - found.loc[0, "value"] == pytest.approx(2.262157 * error, rel=1e-5)


def test_treated_services_are_compared_with_the_others():
    panel, outcome = simulated(80, effect=-4.0, group=6.0, seed=2)
    treated = [f"s{i:03}" for i in range(40)]
    found = compare.event_study(panel, outcome, event="2018-05-25", before=3, after=3, treated=treated)
    step = found.set_index("period").loc[0]
    assert step["low"] < 6 < step["high"]
    assert abs(step["value"] - 6) < 1.5


def test_interrupted_parts_the_step_from_the_trend():
    panel, outcome = simulated(60, effect=3.0, trend=0.5, noise=0.01)
    found = compare.interrupted(panel, outcome, event="2018-05-25", before=5, after=5).set_index("term")
    assert found["value"].to_dict() == pytest.approx({"trend": 0.5, "step": 3, "trend_change": 0}, abs=0.02)
    assert found["n"].tolist() == [60, 60, 60]


def test_placebo_has_every_date_with_a_whole_window():
    panel, outcome = simulated(40, effect=6.0)
    found = compare.placebo(panel, outcome, events=["2018-05-25"], before=4, after=4)
    # 20 periods, of which 4..15 have whole windows; 11 and 13 lie beside the event's 12.
    assert found["kind"].value_counts().to_dict() == {"placebo": 9, "event": 1}
    event = found[found["kind"] == "event"].iloc[0]
    assert event["rank_p"] == pytest.approx(1 / 10)
    assert event["low"] < 6 < event["high"]
    assert found.loc[found["kind"] == "placebo", "rank_p"].isna().all()


def test_dates_with_few_services_are_no_placebo():
    panel, outcome = simulated(19)
    found = compare.placebo(panel, outcome, events=["2018-05-25"], before=4, after=4)
    assert found.empty and "rank_p" in found


def test_placebo_events_are_significant_no_more_often_than_they_should():
    # 200 simulated panels of 30 services with errors that linger and no event: 5% and what 200 runs may add.
    hits = 0
    for seed in range(200):
        panel, outcome = simulated(30, seed=seed)
        hits += compare.interrupted(panel, outcome, event="2018-05-25", before=4, after=4)["p"].iloc[1] < 0.05
    assert hits <= 17


@pytest.mark.parametrize("event", ["2001-01-01", "2030-01-01"])
def test_an_event_outside_the_data_is_refused(event):
    panel, outcome = simulated(3)
    with pytest.raises(ValueError, match=f"event {event} lies outside the panel, which runs from 2012-06-30"):
        compare.event_study(panel, outcome, event=event)


def test_one_service_alone_has_no_estimate():
    panel, outcome = simulated(1)
    found = compare.interrupted(panel, outcome, event="2018-05-25")
    assert found["n"].tolist() == [1, 1, 1]
    assert found[["value", "low", "high", "p"]].isna().all(axis=None)


def test_a_policy_without_outcome_is_refused():
    panel, outcome = simulated(3)
    with pytest.raises(ValueError, match="not in the outcome"):
        compare.event_study(panel, outcome.iloc[5:], event="2014-05-25")


def test_the_panel_of_the_corpus_goes_through(policies, features):
    panel = compare.panel(policies)
    found = compare.interrupted(panel, features["claims:gdpr"], event="2018-05-25", before=3, after=3)
    assert found["term"].tolist() == ["trend", "step", "trend_change"]
