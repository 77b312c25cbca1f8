import datetime as dt
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from frames import policies_of

from privacylab import eras, findings

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def features(corpus):
    return findings.features(corpus)


def test_panel_holds_what_is_in_force_at_each_half_years_end():
    table = findings.panel(policies_of({"a": ["2016-02-01", "2017-03-01"], "b": ["2015-12-31"]}))
    shown = table.drop(columns="collection").assign(end=table["end"].dt.strftime("%Y-%m-%d"))
    assert shown.to_numpy().tolist() == [
        ["a", 1, "2016-06-30", "a@2016-02-01"],
        ["a", 2, "2016-12-31", "a@2016-02-01"],
        ["b", 0, "2015-12-31", "b@2015-12-31"],
        ["b", 1, "2016-06-30", "b@2015-12-31"],
        ["b", 2, "2016-12-31", "b@2015-12-31"],
    ]


@pytest.mark.parametrize("dates", [["2020-02-03"], ["2020-02-03", "2020-05-06"], ["2020-01-01", "2020-06-01"]])
def test_a_panel_within_one_half_year_holds_what_has_ended(dates):
    table = findings.panel(policies_of({"a": dates}))
    assert table.columns.tolist() == ["service", "collection", "period", "end", "policy_id"]
    assert table["policy_id"].tolist() == (["a@2020-06-01"] if dates[-1] == "2020-06-01" else [])


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
            "collection": "crawl",
            "period": np.tile(np.arange(20), n),
            "end": np.tile(ends, n),
        }
    )
    panel["policy_id"] = panel["service"] + "@" + panel["period"].astype(str)
    return panel, pd.Series(y.ravel(), index=panel["policy_id"].to_numpy())


def test_event_study_finds_the_step_and_no_trend_before():
    panel, outcome = simulated(80, effect=5.0)
    found = findings.event_study(panel, outcome, event="2018-05-25", before=4, after=4).set_index("period")
    assert list(found.index) == list(range(-4, 5))
    assert found.loc[-1, ["value", "low", "high"]].tolist() == [0, 0, 0]
    assert found.loc[0, "low"] < 5 < found.loc[0, "high"]
    assert found.loc[-3, "low"] < 0 < found.loc[-3, "high"]


def test_event_study_equals_the_difference_of_means_in_a_balanced_panel():
    panel, outcome = simulated(30, effect=2.0, seed=3)
    found = findings.event_study(panel, outcome, event="2018-05-25", before=2, after=1).set_index("period")
    means = outcome.groupby(panel["period"].to_numpy()).mean()
    # The first period that ends on or after 2018-05-25 is the 13th (2018-06-30): period 12.
    assert found.loc[0, "value"] == pytest.approx(means[12] - means[11])
    assert found.loc[1, "value"] == pytest.approx(means[13] - means[11])


def test_clustered_errors_by_hand():
    # Two periods a service: the effect is the mean change; its clustered error, with the factor
    # G/(G-1) * (N-1)/(N-K), is sqrt(sum((d - mean d)^2)) / G times the root of that factor.
    panel, outcome = simulated(10, effect=1.0, seed=1)
    found = findings.event_study(panel, outcome, event="2018-05-25", before=1, after=0).set_index("period")
    before, after = (outcome.to_numpy()[panel["period"].to_numpy() == period] for period in (11, 12))
    change = after - before
    error = np.sqrt(((change - change.mean()) ** 2).sum()) / 10 * np.sqrt(10 / 9 * 19 / 19)
    assert found.loc[0, "value"] == pytest.approx(change.mean())
    assert found.loc[0, "high"] - found.loc[0, "value"] == pytest.approx(2.262157 * error, rel=1e-5)


def test_treated_services_are_compared_with_the_others():
    panel, outcome = simulated(80, effect=-4.0, group=6.0, seed=2)
    treated = [f"s{i:03}" for i in range(40)]
    found = findings.event_study(panel, outcome, event="2018-05-25", before=3, after=3, treated=treated)
    step = found.set_index("period").loc[0]
    assert step["low"] < 6 < step["high"]
    assert abs(step["value"] - 6) < 1.5


def test_interrupted_parts_the_step_from_the_trend():
    panel, outcome = simulated(60, effect=3.0, trend=0.5, noise=0.01)
    found = findings.interrupted(panel, outcome, event="2018-05-25", before=5, after=5).set_index("term")
    assert found["value"].to_dict() == pytest.approx({"trend": 0.5, "step": 3, "trend_change": 0}, abs=0.02)
    assert found["n"].tolist() == [60, 60, 60]


def test_placebo_has_every_date_with_a_whole_window():
    panel, outcome = simulated(40, effect=6.0)
    steps = findings.placebo(panel, outcome)
    # Of 20 periods 4 to 18 have whole windows; events fall into 7, 9, 12, 16 and 17, and no neighbour is a placebo.
    assert steps["kind"].value_counts().to_dict() == {"event": 5, "placebo": 3}
    gdpr = steps.set_index("date").loc["2018-05-25"]
    assert gdpr["rank_p"] == pytest.approx(1 / 4)
    assert gdpr["low"] < 6 < gdpr["high"]
    assert steps.loc[steps["kind"] == "placebo", "rank_p"].isna().all()


def test_dates_with_few_services_are_no_placebo():
    panel, outcome = simulated(19)
    steps = findings.placebo(panel, outcome)
    assert steps.empty and "rank_p" in steps


def test_placebo_events_are_significant_no_more_often_than_they_should():
    # 200 simulated panels of 30 services with errors that linger and no event: 5% and what 200 runs may add.
    hits = 0
    for seed in range(200):
        panel, outcome = simulated(30, seed=seed)
        hits += findings.interrupted(panel, outcome, event="2018-05-25", before=4, after=4)["p"].iloc[1] < 0.05
    assert hits <= 17


@pytest.mark.parametrize("event", ["2001-01-01", "2030-01-01"])
def test_an_event_outside_the_data_has_no_estimate(event):
    panel, outcome = simulated(3)
    found = findings.event_study(panel, outcome, event=event)
    assert set(found["n"]) == {0} and found[["value", "low", "high"]].isna().all(axis=None)


def test_undated_policies_make_an_empty_panel(policies):
    panel = findings.panel(policies.assign(date=pd.NaT))
    assert panel.empty and findings.placebo(panel, pd.Series(dtype=float)).empty


def test_one_service_alone_has_no_estimate():
    panel, outcome = simulated(1)
    found = findings.interrupted(panel, outcome, event="2018-05-25")
    assert found["n"].tolist() == [1, 1, 1]
    assert found[["value", "low", "high", "p"]].isna().all(axis=None)


def test_a_policy_without_outcome_is_refused():
    panel, outcome = simulated(3)
    with pytest.raises(ValueError, match="not in the outcome"):
        findings.event_study(panel, outcome.iloc[5:], event="2014-05-25")


def test_the_panel_of_the_corpus_goes_through(policies, features):
    panel = findings.panel(policies)
    found = findings.interrupted(panel, features["claims:gdpr"], event="2018-05-25", before=3, after=3)
    assert found["term"].tolist() == ["trend", "step", "trend_change"]


def test_a_dead_archive_shows_no_more_that_nothing_changed():
    policies = policies_of({"a": ["2018-02-01"], "b": ["2018-03-01", "2019-12-01"]})
    policies = policies.assign(collection=["dead", "alive", "alive"])
    held = findings.panel(policies).groupby("service")["end"].max().dt.strftime("%Y-%m-%d").to_dict()
    assert held == {"a": "2018-06-30", "b": "2019-12-31"}


def test_another_archive_of_a_service_is_another_series():
    panel, outcome = simulated(40, noise=0.01)
    # At the event every service goes over to an archive that cuts a unit off each text: no service is in one on both
    # sides, so that nothing can be told; while half of them stay, the step is theirs.
    late = panel["period"] >= 12
    moved = panel.assign(collection=np.where(late, "other", "crawl"))
    cut = outcome.where(~late.to_numpy(), outcome - 5)
    alone = findings.interrupted(moved, cut, event="2018-05-25", before=4, after=2)
    assert alone["n"].tolist() == [0, 0, 0] and alone["value"].isna().all()
    half = late & (panel["service"] < "s020")
    some = panel.assign(collection=np.where(half, "other", "crawl"))
    step = findings.interrupted(
        some, outcome.where(~half.to_numpy(), outcome - 5), event="2018-05-25", before=4, after=2
    )
    assert step.loc[1, "n"] == 20
    assert step.loc[1, "value"] == pytest.approx(0, abs=0.05)


def test_two_policies_of_a_service_in_a_period_are_refused():
    panel, outcome = simulated(3)
    twice = pd.concat([panel, panel.iloc[:1].assign(policy_id=panel["policy_id"].iloc[1])])
    with pytest.raises(ValueError, match="stands twice in one period"):
        findings.event_study(twice, outcome, event="2014-05-25")


def test_of_two_versions_on_one_day_the_panel_holds_one():
    policies = policies_of({"a": ["2018-02-01", "2018-02-01", "2018-12-31"]})
    policies["policy_id"] = ["a@1", "a@2", "a@3"]
    assert findings.panel(policies)["policy_id"].tolist() == ["a@2", "a@3"]


def test_a_small_step_is_shown_to_be_small_by_equivalence():
    panel, outcome = simulated(60, noise=0.1)
    wide, narrow = (
        findings.interrupted(panel, outcome, event="2018-05-25", before=4, after=1, margin=margin).loc[
            1, "p_equivalence"
        ]
        for margin in (0.5, 0.001)
    )
    assert wide < 0.05 < narrow


EVENTS = [eras.Event("a", "A", dt.date(2018, 5, 25)), eras.Event("b", "B", dt.date(2031, 1, 1))]


def test_steps_are_those_of_each_interrupted_series():
    panel, outcome = simulated(30, effect=2.0)
    found = findings.steps(panel, pd.DataFrame({"x": outcome, "y": -outcome}), events=EVENTS[:1]).set_index("outcome")
    alone = findings.interrupted(panel, outcome, event="2018-05-25", before=4, after=1).loc[1]
    assert found.loc["x", ["n", "value", "p"]].tolist() == pytest.approx(alone[["n", "value", "p"]].tolist())
    assert found.loc["y", "value"] == pytest.approx(-alone["value"])
    assert found.loc["x", "q"] == pytest.approx(alone["p"])


def test_steps_outside_the_data_or_of_few_services_are_explicit_empty_rows():
    panel, outcome = simulated(30)
    outside = findings.steps(panel, outcome.to_frame("x"), events=EVENTS[1:]).iloc[0]
    assert outside["n"] == 0 and np.isnan(outside["value"])
    few = findings.steps(panel, outcome.to_frame("x"), events=EVENTS[:1], treated=["s001", "s002"]).iloc[0]
    assert (few["n"], few["n_treated"]) == (30, 2) and np.isnan(few["value"])


def test_an_outcome_that_never_moves_has_no_interval():
    panel, outcome = simulated(30)
    row = findings.steps(panel, (outcome * 0).to_frame("x"), events=EVENTS[:1]).iloc[0]
    assert row["value"] == 0 and row[["low", "high", "p", "q"]].isna().all()


def test_trend_by_hand():
    panel, outcome = simulated(20, trend=0.5, noise=1e-6)
    # Half a unit every half-year is 20 units in 20 years.
    row = findings.trend(panel, outcome.to_frame("x"), years=20).iloc[0]
    assert (row["n"], row["value"]) == (20, pytest.approx(20, rel=1e-3))


def test_trend_of_one_service_has_no_estimate():
    panel, outcome = simulated(1)
    row = findings.trend(panel, outcome.to_frame("x")).iloc[0]
    assert row["n"] == 1 and np.isnan(row["value"])


def test_placebo_counts_the_other_events_in_a_window():
    panel, outcome = simulated(40)
    reaches = findings.placebo(panel, outcome).set_index("date")["reaches"]
    # Placebos end periods 4, 5 and 14, whose window is 10 to 15: it holds the GDPR's 12.
    assert reaches[["2014-06-30", "2014-12-31", "2019-06-30"]].tolist() == [0, 0, 1]
    # The CCPA's window is 12 to 17: it holds the GDPR's period and that of Schrems II.
    assert reaches["2020-01-01"] == 2


ESTIMATE = ["value", "low", "high", "p"]


def test_the_columns_of_each_frame():
    panel, outcome = simulated(30)
    outcomes, group = outcome.to_frame("x"), ["s001"]
    study = findings.event_study(panel, outcome, event="2018-05-25")
    series = findings.interrupted(panel, outcome, event="2018-05-25", treated=group, margin=0.1)
    named = ["event", "date", "outcome"]
    assert list(study) == ["period", "n", *ESTIMATE]
    assert list(series) == ["term", "n", "n_treated", *ESTIMATE, "p_equivalence"]
    assert list(findings.interrupted(panel, outcome, event="2018-05-25")) == ["term", "n", *ESTIMATE]
    assert list(findings.steps(panel, outcomes, events=EVENTS)) == [*named, "n", *ESTIMATE, "q"]
    assert list(findings.steps(panel, outcomes, treated=group)) == [*named, "n", "n_treated", *ESTIMATE, "q"]
    assert list(findings.trend(panel, outcomes)) == ["outcome", "n", *ESTIMATE]
    assert list(findings.placebo(panel, outcome)) == ["date", "kind", "n", *ESTIMATE, "reaches", "rank_p"]


def test_the_benchmark_of_placebos_was_run_500_times_and_stays_below_seven_percent():
    results = pd.read_csv(BENCHMARKS / "results" / "placebo.csv")
    assert (results["runs"] == 500).all() and set(results["outcome"]) == {"amount", "feature"}
    assert (results["share"] == (results["significant"] / results["runs"]).round(3)).all()
    assert (results["share"] <= 0.07).all()


def test_a_small_benchmark_of_placebos_finds_few_events():
    spec = importlib.util.spec_from_file_location("placebo_benchmark", BENCHMARKS / "placebo.py")
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    found = benchmark.table(runs=30, services=(100,))
    # 120 tests in all: 5% are 6, and 13 or more have a chance below 1%.
    assert found["runs"].tolist() == [30] * 4 and found["significant"].sum() < 13
