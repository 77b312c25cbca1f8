import datetime as dt

import pandas as pd
import pytest
from frames import policies_of

from privacylab import eras, findings
from privacylab.findings import sampling


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2013-12-31", None),
        ("2014-01-01", "a@2014-01-01"),
        ("2017-01-01", "a@2014-01-01"),  # 36 months on, and sighted later
        ("2017-01-02", None),
        ("2017-06-01", "a@2017-06-01"),
        ("2018-06-01", "a@2017-06-01"),  # a year after the last sighting of the series
        ("2018-06-02", None),
    ],
)
def test_a_policy_is_in_force_while_its_series_goes_on(date, expected):
    history = policies_of({"a": ["2014-01-01", "2017-06-01"]})
    assert list(findings.in_force(history, date)["policy_id"]) == ([expected] if expected else [])


def test_near_duplicates_are_sightings_of_the_series():
    history = policies_of({"a": ["2014-01-01"]})
    assert findings.in_force(history, "2016-01-01").empty
    again = history.assign(last_seen=pd.Timestamp("2015-03-01"))
    assert list(findings.in_force(again, "2016-01-01")["policy_id"]) == ["a@2014-01-01"]


def test_another_archives_sighting_does_not_carry_a_series_on():
    history = policies_of({"a": ["2014-01-01", "2016-01-01", "2017-02-01"]})
    history["collection"] = ["c", "other", "c"]
    assert list(findings.in_force(history, "2015-06-01")["policy_id"]) == ["a@2014-01-01"]
    history["collection"] = ["c", "other", "other"]
    assert findings.in_force(history, "2015-06-01").empty


def test_the_latest_of_several_archives_speaks_until_its_series_is_over():
    history = policies_of({"a": ["2014-01-01", "2015-01-01", "2016-12-01"]})
    history["collection"] = ["c", "other", "c"]
    assert list(findings.in_force(history, "2015-02-01")["policy_id"]) == ["a@2015-01-01"]
    assert list(findings.in_force(history, "2016-02-01")["policy_id"]) == ["a@2014-01-01"]


def test_other_services_never_decide_what_is_in_force(policies):
    for day in ("2014-06-30", "2018-05-24", "2023-12-31"):
        whole = findings.in_force(policies, day)
        alone = [findings.in_force(rows, day) for _, rows in policies.groupby("service")]
        assert list(pd.concat(alone)["policy_id"]) == list(whole["policy_id"])


@pytest.mark.parametrize(("months", "n"), [(36, 1), (18, 1), (12, 0)])
def test_fewer_months_carry_a_policy_less_far(months, n):
    history = policies_of({"a": ["2014-01-01", "2017-06-01"]})
    assert len(findings.in_force(history, "2015-06-30", months=months)) == n


def test_a_dead_archive_speaks_up_to_its_half_years_end():
    history = policies_of({"a": ["2020-09-01"], "b": ["2020-11-26"], "c": ["2021-12-01"]})
    history["collection"] = ["dead", "dead", "c"]
    days = [pd.Timestamp(day) for day in ("2020-12-31", "2021-06-30")]
    living = sampling.in_force_on(history, days, living=True)
    assert living.groupby("day")["service"].agg("".join).to_dict() == {days[0]: "ab"}
    assert len(sampling.in_force_on(history, days)) == 4
    assert "2021-H1" not in set(findings.observations(history, by="half_year_in_force")["half_year"])


def test_what_is_older_than_the_first_half_year_may_be_in_force_in_it(policies):
    since = findings.observations(policies, by="half_year_in_force", since="2014-10-01")
    whole = findings.observations(policies, by="half_year_in_force")
    later = whole[whole["half_year"] >= "2014-H2"]
    assert list(since["policy_id"]) == list(later["policy_id"])
    assert since["half_year"].cat.categories[0] == "2014-H2"
    assert since["date"].min() < pd.Timestamp("2014-07-01")


def test_in_force_never_takes_an_undated_policy(policies):
    undated = policies.assign(date=pd.NaT)
    assert findings.in_force(undated, "2014-01-01").empty


@pytest.mark.parametrize("by", ["era", "half_year_in_force"])
def test_without_a_policy_there_is_nothing_to_observe(by, policies):
    nothing = findings.observations(policies.iloc[:0], by=by)
    assert nothing.empty
    assert set(nothing) == set(findings.observations(policies, by=by))


def test_in_force_refuses_less_than_a_month(policies):
    with pytest.raises(ValueError, match=r"months 0 .* 1 or more"):
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


@pytest.mark.parametrize("by", ["era", "sub_era", "half_year_in_force"])
def test_the_order_of_the_rows_does_not_matter(policies, by):
    shuffled = policies.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(findings.observations(shuffled, by=by), findings.observations(policies, by=by))


def test_policies_in_force_at_the_half_years_end(policies):
    chosen = findings.observations(policies, by="half_year_in_force")
    in_force = chosen[chosen["half_year"] == "2016-H2"]
    # alder's of March 2013 is too old, and elm was last sighted in October 2015.
    assert list(in_force["policy_id"]) == [
        "birch.example@2016-02-01",
        "cedar.example@2014-06-01",
        "fir.example@2016-08-01",
        "ginkgo.example@2015-01-01",
        "hazel.example@2014-09-01",
        "larch.example@2016-03-01",
    ]


def test_half_years_are_contiguous(policies):
    halves = list(findings.observations(policies, by="half_year_in_force")["half_year"].cat.categories)
    assert halves == [f"{year}-H{half}" for year in range(2012, 2025) for half in (1, 2)][1:-1]


def test_shifted_borders_move_a_policy_to_the_era_before(policies):
    era_of = findings.observations(policies, by="era", shift=1).set_index("policy_id")["era"]
    assert era_of["birch.example@2018-05-25"] == "privacy_shield"


def test_a_random_version_is_seeded_and_one_a_service(policies):
    first = findings.observations(policies, by="era", pick="random")
    pd.testing.assert_frame_equal(first, findings.observations(policies.iloc[::-1], by="era", pick="random"))
    assert not first.duplicated(["service", "era"]).any()
    assert set(first["policy_id"]) <= set(policies["policy_id"])


def test_a_random_version_is_not_always_the_last(policies):
    last = set(findings.observations(policies, by="era")["policy_id"])
    assert set(findings.observations(policies, by="era", pick="random")["policy_id"]) != last


def test_services_add_region_with_unknown_where_null(corpus, policies):
    chosen = findings.observations(policies, services=corpus.services()).set_index("service")
    assert chosen.loc["cedar.example", "region"].unique().tolist() == ["eu"]
    assert chosen.loc["ginkgo.example", "region"].unique().tolist() == ["unknown"]


@pytest.mark.parametrize("options", [{"by": "decade"}, {"pick": "first"}, {"by": "half_year_in_force", "shift": 3}])
def test_options_that_are_none_are_refused(policies, options):
    with pytest.raises(ValueError, match="must be"):
        findings.observations(policies, **options)


def test_repeated_policies_are_refused(policies):
    with pytest.raises(ValueError, match=r"alder.example@2013-03-01.*drop the repeated rows"):
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
        parts = findings.cells(pd.Series(pd.to_datetime(["2018-05-25", "2023-08-01", "2024-02-01"])), by="sub_era")
    finally:
        eras.parts.cache_clear()
    assert list(parts) == ["gdpr_shield", "gdpr_dpf", "later"]


def test_many_days_are_each_day_by_itself(policies):
    days = [pd.Timestamp("2014-12-31"), pd.Timestamp("2020-06-30")]
    together = sampling.in_force_on(policies, days)
    assert list(together.columns) == [*policies.columns, "day"]
    for day in days:
        alone = findings.in_force(policies, day.date())
        assert list(together.loc[together["day"] == day, "policy_id"]) == list(alone["policy_id"])


def test_the_largest_archive_of_each_period():
    rows = pd.DataFrame({"service": list("aabcdd"), "collection": list("xyyxxy"), "half_year": list("111122")})
    # In the second both have one service: the first by name.
    assert sampling.largest_archive(rows, "half_year").to_dict() == {"1": "x", "2": "x"}


def test_days_on_which_too_few_services_speak_are_named(policies):
    n = len(findings.in_force(policies, "2018-06-30"))
    assert findings.enough_on(policies, ["2018-06-30"], services=n) is policies
    with pytest.raises(findings.TooFewError, match=f"{n} services have a policy in force on 2018-06-30, needs {n + 1}"):
        findings.enough_on(policies, ["2018-06-30"], services=n + 1)
