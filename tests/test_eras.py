import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import eras, paths


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("1999-01-01", "before_safe_harbor"),
        ("2000-07-25", "before_safe_harbor"),
        ("2000-07-26", "safe_harbor"),
        ("2015-10-05", "safe_harbor"),
        ("2015-10-06", "gap"),
        ("2016-07-11", "gap"),
        ("2016-07-12", "privacy_shield"),
        ("2018-05-24", "privacy_shield"),
        ("2018-05-25", "gdpr"),
        (dt.date(2026, 1, 1), "gdpr"),
        ("2018", "privacy_shield"),
        (None, "undated"),
    ],
)
def test_era_at_its_borders(date, expected):
    assert eras.era(date) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2018-05-25", "gdpr_shield"),
        ("2020-07-15", "gdpr_shield"),
        ("2020-07-16", "gdpr_no_transfer_framework"),
        ("2023-07-09", "gdpr_no_transfer_framework"),
        ("2023-07-10", "gdpr_dpf"),
        ("2017-01-01", "privacy_shield"),
    ],
)
def test_sub_era_parts_the_last_era_only(date, expected):
    assert eras.sub_era(date) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("1998-10-23", ()),
        ("2000-07-26", ("directive_95_46", "coppa", "safe_harbor")),
        ("2015-10-06", ("directive_95_46", "coppa")),
        ("2018-05-25", ("coppa", "privacy_shield", "gdpr")),
        ("2020-07-16", ("coppa", "gdpr", "ccpa")),
        ("2024-01-01", ("coppa", "gdpr", "ccpa", "uk_gdpr", "cpra", "dpf")),
    ],
)
def test_regimes_in_force_overlap(date, expected):
    assert eras.in_force(date) == expected


def test_eras_are_a_partition():
    starts = [era.start for era in eras.eras()]
    assert starts[0] is None
    assert starts[1:] == sorted(set(starts[1:]))


def test_sub_eras_begin_where_their_era_begins():
    whole = {block["of"] for block in paths.rules("eras")["sub_era"]}
    assert {era.start for era in eras.eras() if era.id in whole} == {eras.sub_eras()[0].start}


@given(st.dates())
def test_every_date_has_one_era_and_eras_are_in_order(date):
    order = [era.id for era in eras.eras()]
    later = eras.era(date + dt.timedelta(days=1)) if date < dt.date.max else eras.era(date)
    assert order.index(eras.era(date)) <= order.index(later)


def test_a_date_that_is_none_says_so():
    with pytest.raises(ValueError, match="'yesterday' is not YYYY-MM-DD"):
        eras.era("yesterday")


def test_an_event_has_a_date_and_an_eve():
    assert (eras.event("schrems_i").date, eras.eve("schrems_i")) == (dt.date(2015, 10, 6), "2015-10-05")
    with pytest.raises(ValueError, match=r"'brexit' must be one of schrems_i, .*eras\.toml"):
        eras.event("brexit")


@pytest.mark.parametrize(
    ("date", "half"), [("2015-06-30", "2014-H2"), ("2015-07-01", "2015-H1"), ("2015-12-31", "2015-H1")]
)
def test_the_half_year_before_is_over(date, half):
    assert eras.half_year_before(date) == half


def test_landmarks_end_with_the_last_year_that_is_over():
    wanted = ["2013-H1", "2015-H1", "2016-H1", "2017-H2", "2019-H2", "2020-H1", "2023-H1", "2025-H2"]
    assert eras.landmarks(dt.date(2026, 8, 22)) == wanted
    assert eras.landmarks(dt.date(2001, 5, 1)) == ["2000-H2"]
    assert eras.landmarks(pd.NaT) == wanted[:-1]
