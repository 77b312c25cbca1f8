import numpy as np
import pandas as pd
import pytest

from privacylab import observe, series


def policies_of(histories):
    """Policies from {service: dates}."""
    rows = [
        {"policy_id": f"{service}@{date}", "service": service, "document": "main", "collection": "c", "date": date}
        for service, dates in histories.items()
        for date in dates
    ]
    return pd.DataFrame(rows).assign(date=lambda frame: pd.to_datetime(frame["date"]).astype("datetime64[ms]"))


@pytest.fixture(scope="module")
def features(corpus):
    return observe.features(corpus)


def test_panel_holds_what_is_in_force_at_each_half_years_end():
    table = series.panel(policies_of({"a": ["2016-02-01", "2017-03-01"], "b": ["2015-12-31"]}), months=12)
    shown = table.drop(columns="collection").assign(end=table["end"].dt.strftime("%Y-%m-%d"))
    assert shown.to_numpy().tolist() == [
        ["a", 1, "2016-06-30", "a@2016-02-01"],
        ["a", 2, "2016-12-31", "a@2016-02-01"],
        ["b", 0, "2015-12-31", "b@2015-12-31"],
        ["b", 1, "2016-06-30", "b@2015-12-31"],
        ["b", 2, "2016-12-31", "b@2015-12-31"],
    ]


def test_a_monthly_panel_ends_with_the_data():
    table = series.panel(policies_of({"a": ["2016-11-15", "2017-02-10"]}), every="month")
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
            "collection": "crawl",
            "period": np.tile(np.arange(20), n),
            "end": np.tile(ends, n),
        }
    )
    panel["policy_id"] = panel["service"] + "@" + panel["period"].astype(str)
    return panel, pd.Series(y.ravel(), index=panel["policy_id"].to_numpy())


def test_event_study_finds_the_step_and_no_trend_before():
    panel, outcome = simulated(80, effect=5.0)
    found = series.event_study(panel, outcome, event="2018-05-25", before=4, after=4).set_index("period")
    assert list(found.index) == list(range(-4, 5))
    assert found.loc[-1, ["value", "low", "high"]].tolist() == [0, 0, 0]
    assert found.loc[0, "low"] < 5 < found.loc[0, "high"]
    assert found.loc[-3, "low"] < 0 < found.loc[-3, "high"]


def test_event_study_equals_the_difference_of_means_in_a_balanced_panel():
    panel, outcome = simulated(30, effect=2.0, seed=3)
    found = series.event_study(panel, outcome, event="2018-05-25", before=2, after=1).set_index("period")
    means = outcome.groupby(panel["period"].to_numpy()).mean()
    # The first period that ends on or after 2018-05-25 is the 13th (2018-06-30): period 12.
    assert found.loc[0, "value"] == pytest.approx(means[12] - means[11])
    assert found.loc[1, "value"] == pytest.approx(means[13] - means[11])


def test_clustered_errors_by_hand():
    # Two periods a service: the effect is the mean change; its clustered error, with the factor
    # G/(G-1) * (N-1)/(N-K), is sqrt(sum((d - mean d)^2)) / G times the root of that factor.
    panel, outcome = simulated(10, effect=1.0, seed=1)
    found = series.event_study(panel, outcome, event="2018-05-25", before=1, after=0).set_index("period")
    before, after = (outcome.to_numpy()[panel["period"].to_numpy() == period] for period in (11, 12))
    change = after - before
    error = np.sqrt(((change - change.mean()) ** 2).sum()) / 10 * np.sqrt(10 / 9 * 19 / 19)
    assert found.loc[0, "value"] == pytest.approx(change.mean())
    assert found.loc[0, "high"] - found.loc[0, "value"] == pytest.approx(2.262157 * error, rel=1e-5)


def test_treated_services_are_compared_with_the_others():
    panel, outcome = simulated(80, effect=-4.0, group=6.0, seed=2)
    treated = [f"s{i:03}" for i in range(40)]
    found = series.event_study(panel, outcome, event="2018-05-25", before=3, after=3, treated=treated)
    step = found.set_index("period").loc[0]
    assert step["low"] < 6 < step["high"]
    assert abs(step["value"] - 6) < 1.5


def test_interrupted_parts_the_step_from_the_trend():
    panel, outcome = simulated(60, effect=3.0, trend=0.5, noise=0.01)
    found = series.interrupted(panel, outcome, event="2018-05-25", before=5, after=5).set_index("term")
    assert found["value"].to_dict() == pytest.approx({"trend": 0.5, "step": 3, "trend_change": 0}, abs=0.02)
    assert found["n"].tolist() == [60, 60, 60]


def test_placebo_has_every_date_with_a_whole_window():
    panel, outcome = simulated(40, effect=6.0)
    found = series.placebo(panel, outcome, events=["2018-05-25"], before=4, after=4)
    # 20 periods, of which 4..15 have whole windows; 11 and 13 lie beside the event's 12.
    assert found["kind"].value_counts().to_dict() == {"placebo": 9, "event": 1}
    event = found[found["kind"] == "event"].iloc[0]
    assert event["rank_p"] == pytest.approx(1 / 10)
    assert event["low"] < 6 < event["high"]
    assert found.loc[found["kind"] == "placebo", "rank_p"].isna().all()


def test_dates_with_few_services_are_no_placebo():
    panel, outcome = simulated(19)
    found = series.placebo(panel, outcome, events=["2018-05-25"], before=4, after=4)
    assert found.empty and "rank_p" in found


def test_placebo_events_are_significant_no_more_often_than_they_should():
    # 200 simulated panels of 30 services with errors that linger and no event: 5% and what 200 runs may add.
    hits = 0
    for seed in range(200):
        panel, outcome = simulated(30, seed=seed)
        hits += series.interrupted(panel, outcome, event="2018-05-25", before=4, after=4)["p"].iloc[1] < 0.05
    assert hits <= 17


@pytest.mark.parametrize("event", ["2001-01-01", "2030-01-01"])
def test_an_event_outside_the_data_is_refused(event):
    panel, outcome = simulated(3)
    with pytest.raises(ValueError, match=f"event {event} lies outside the panel, which runs from 2012-06-30"):
        series.event_study(panel, outcome, event=event)


def test_one_service_alone_has_no_estimate():
    panel, outcome = simulated(1)
    found = series.interrupted(panel, outcome, event="2018-05-25")
    assert found["n"].tolist() == [1, 1, 1]
    assert found[["value", "low", "high", "p"]].isna().all(axis=None)


def test_a_policy_without_outcome_is_refused():
    panel, outcome = simulated(3)
    with pytest.raises(ValueError, match="not in the outcome"):
        series.event_study(panel, outcome.iloc[5:], event="2014-05-25")


def test_the_panel_of_the_corpus_goes_through(policies, features):
    panel = series.panel(policies)
    found = series.interrupted(panel, features["claims:gdpr"], event="2018-05-25", before=3, after=3)
    assert found["term"].tolist() == ["trend", "step", "trend_change"]
