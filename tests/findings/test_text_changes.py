import numpy as np
import pandas as pd
import pytest
from frames import versions_of

from privacylab import findings


@pytest.fixture
def changes():
    return versions_of(
        [
            ("a", "2017-05-10", ""),
            ("a", "2017-06-10", "", "near_duplicate"),
            ("a", "2018-05-20", ""),
            ("b", "2017-05-01", ""),
            ("b", "2017-08-01", "", "flip"),
            ("b", "2018-05-25", "", "sampled_out"),
            ("b", "2019-05-25", ""),
            ("c", "2018-04-01", ""),
            ("c", "2019-06-01", "", "near_duplicate"),
        ]
    )


def test_hazard_by_hand(changes):
    months = findings.change_by_month(changes).set_index("month")
    # May 2018: a, b and c are watched, a and b change. June 2017: a's cosmetic change is none.
    assert months.loc["2018-05", ["n", "count"]].tolist() == [3, 2]
    assert months.loc["2017-06", ["n", "count"]].tolist() == [2, 0]
    assert months.loc["2017-08", "count"] == 0
    assert months.loc["2019-05", ["n", "count"]].tolist() == [3, 1]


def test_the_first_text_of_a_service_is_no_change(changes):
    months = findings.change_by_month(changes).set_index("month")
    assert months.loc["2017-05", ["n", "interval"]].tolist() == [0, "none: no service"]
    assert pd.isna(months.loc["2017-05", "value"])


def test_a_service_is_watched_while_its_series_goes_on():
    versions = versions_of([("a", "2013-01-10", ""), ("a", "2017-01-10", ""), ("b", "2019-01-01", "")])
    watched = findings.change_by_month(versions).set_index("month")["n"]
    # 36 months from a sighting, and 12 from the last.
    assert watched[["2013-01", "2013-02", "2016-01", "2016-02"]].tolist() == [0, 1, 1, 0]
    assert watched[["2017-01", "2017-02", "2018-01", "2018-02"]].tolist() == [0, 1, 1, 0]


def test_a_month_says_which_archive_most_services_were_seen_in():
    versions = versions_of([("a", "2017-01-01", ""), ("b", "2017-03-05", ""), ("c", "2017-03-06", "")])
    versions.loc[1:, "collection"] = "later"
    assert findings.change_by_month(versions)["archive"].tolist() == ["crawl", "crawl", "later"]


def test_a_dead_archive_watches_nobody():
    versions = versions_of([("a", "2017-01-01", ""), ("b", "2017-01-05", ""), ("b", "2018-01-01", "")])
    versions.loc[0, "collection"] = "dead"
    assert findings.change_by_month(versions).set_index("month").loc["2017-06", "n"] == 1


def test_excess_by_hand(changes):
    found = findings.change_excess(changes, at=["2018-05"]).iloc[0]
    # May 2018: 2 of 3. Other Mays: 2017 none watched, 2019 1 of 3.
    assert (found["n"], found["share"], found["others"]) == (3, pytest.approx(2 / 3), pytest.approx(1 / 3))
    assert found["value"] == pytest.approx(2)


def test_a_month_outside_the_data_has_no_service(changes):
    excess = findings.change_excess(changes, at=["2025-05"]).iloc[0]
    within = findings.change_within(changes, first="2025-01", last="2025-05").iloc[0]
    assert (excess["n"], within["n"]) == (0, 0)
    assert np.isnan([excess["value"], excess["low"], within["value"]]).all()


def test_undated_versions_make_no_month(changes):
    undated = changes.assign(date=pd.NaT)
    assert findings.change_by_month(undated).empty
    assert findings.change_excess(undated, at=["2018-05"])["n"].item() == 0


def test_change_within_by_hand(changes):
    found = findings.change_within(changes, first="2018-05", last="2018-06").iloc[0]
    # a, b and c are watched; a and b change; a is not seen after, but in May. c is seen again in 2019, unchanged.
    assert found[["n", "n_seen", "count"]].tolist() == [3, 3, 2]
    assert found["value"] == pytest.approx(2 / 3)


def test_change_within_bounds_what_is_not_known_of_those_not_seen_again(changes):
    gone = pd.concat([changes, changes.iloc[:1].assign(service="z", version_id="z#0", date=pd.Timestamp("2018-01-10"))])
    found, without = (findings.change_within(rows, first="2018-05", last="2018-06").iloc[0] for rows in (gone, changes))
    assert found[["n", "n_seen", "count"]].tolist() == [4, 3, 2]
    assert (found["value"], found["high"]) == (without["value"], without["high"])
    assert found["low"] < without["low"]


def test_changed_within_says_which_services(changes):
    found = findings.changed_within(changes, first="2018-05", last="2018-06")
    assert found["changed"].to_dict() == {"a": True, "b": True, "c": False}
    assert found["seen"].all()


@pytest.fixture
def owned():
    """40 services of four owners: all of two change in May 2018, one of each of three a year before."""
    rows = [(f"s{i}", day, "") for i in range(40) for day in ("2017-01-10", "2018-05-20")[: 1 + (i < 20)]]
    rows += [(f"s{i}", "2018-07-01", "", "near_duplicate") for i in range(20, 40)]
    rows += [(f"s{i}", "2017-05-02", "") for i in (0, 20, 30)]
    return versions_of(rows), pd.Series([f"o{i // 10}" for i in range(40)], [f"s{i}" for i in range(40)])


@pytest.mark.parametrize(
    "statistic",
    [
        lambda versions, owners: findings.change_within(versions, first="2018-05", last="2018-06", owners=owners),
        lambda versions, owners: findings.change_by_month(versions, owners=owners).query("month == '2018-05'"),
        lambda versions, owners: findings.change_excess(versions, at=["2018-05"], owners=owners),
    ],
    ids=["within", "by_month", "excess"],
)
def test_changes_are_clustered_by_owner(statistic, owned):
    versions, owners = owned
    alone, few = (statistic(versions, each).iloc[0] for each in (None, owners))
    assert few["value"] == alone["value"]
    assert few["low"] < alone["low"] and few["high"] > alone["high"]


def test_months_in_which_nobody_was_watched_are_an_explicit_empty_row(changes):
    found = findings.change_within(changes, first="2017-05", last="2017-06").iloc[0]
    assert found["n"] == 0 and pd.isna(found["value"])


def test_months_in_the_wrong_order_are_refused(changes):
    with pytest.raises(ValueError, match="month '2018-04' lies before the first"):
        findings.change_within(changes, first="2018-05", last="2018-04")


def test_the_columns_of_each_frame(changes):
    shares = ["value", "low", "high"]
    within = findings.change_within(changes, first="2018-05", last="2018-06")
    excess = findings.change_excess(changes, at=["2018-05"])
    assert list(findings.change_by_month(changes)) == ["month", "n", "count", *shares, "interval", "archive"]
    assert list(within) == ["first", "last", "n", "n_seen", "count", *shares]
    assert list(excess) == ["month", "n", "share", "others", *shares]
