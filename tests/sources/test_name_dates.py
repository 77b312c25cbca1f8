"""The dates that names and cells give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab.sources import name_dates

DAY = "2018-05-25"


@pytest.mark.parametrize(
    ("name", "value", "rest"),
    [
        ("20180525", DAY, ""),
        ("20180525101112", DAY, ""),
        ("20180525101112id_", DAY, ""),
        ("2018052510", DAY, ""),
        ("201805251011", DAY, ""),
        ("20180525T101112Z", DAY, ""),
        ("20180525_Kites", DAY, "Kites"),
        ("kites_2018_05_25", DAY, "kites"),
        ("kites.2018.05.25", DAY, "kites"),
        ("kites 2018 05 25", DAY, "kites"),
        ("kites-2018\u201305\u201325", DAY, "kites"),
        ("kites-2018-5-2", "2018-05-02", "kites"),
        ("kites-2018-0525", DAY, "kites"),
        ("kites-2018-05-25T10-11-12Z", DAY, "kites"),
        ("kites-2018-05-25T10:11:12.123+02:00", DAY, "kites"),
        ("kites 2018-05-25 10.11.12", DAY, "kites"),
        ("Kites 2018-05-25 at 9.11.12 AM", DAY, "Kites"),
        ("kites-2018-05-25_10-11", DAY, "kites"),
        ("kites-25-05-2018", DAY, "kites"),
        ("kites-05-25-2018", DAY, "kites"),
        ("25052018", DAY, ""),
        ("kites-25.5.18", DAY, "kites"),
        ("kites-5.5.18", "2018-05-05", "kites"),
        ("kites 25 May 2018", DAY, "kites"),
        ("kites_25th_of_may_2018", DAY, "kites"),
        ("kites-25May2018", DAY, "kites"),
        ("kites-25-May-18", DAY, "kites"),
        ("kites_25sept18", "2018-09-25", "kites"),
        ("25may18", DAY, ""),
        ("kites_May252018", DAY, "kites"),
        ("kites-may-25-2018", DAY, "kites"),
        ("Kites (last updated May 25, 2018)", DAY, "Kites"),
        ("2018-May-25 kites", DAY, "kites"),
        ("kites_v20180525", DAY, "kites"),
        ("kites - as of 2018-05-25", DAY, "kites"),
        ("kites-2018-05-25-2", DAY, "kites"),
        ("kites-2018-05-25 (1)", DAY, "kites"),
        ("kites-2018-05-25 - copy", DAY, "kites"),
        ("2018年5月25日", DAY, ""),
        ("kites-2018-05", "2018-05", "kites"),
        ("kites-201805", "2018-05", "kites"),
        ("kites-05-2018", "2018-05", "kites"),
        ("kites May 2018", "2018-05", "kites"),
        ("2018-Q2", "2018", ""),
        ("Q2 2018", "2018", ""),
        ("kites 25 mai 2018", DAY, "kites"),
        ("route66-2018", "2018", "route66"),
        ("7-2018-05-25", DAY, "7"),
        ("kites-20180525-20190525", DAY, "kites 2019-05-25"),
        ("2018-may", "2018-05", ""),
        ("kites 2018", "2018", "kites"),
        ("privacy2018", "2018", "privacy"),
    ],
)
def test_a_date_is_read_in_the_forms_of_names(name, value, rest):
    date = name_dates.in_name(name)
    assert (date.value, date.rest) == (value, rest)


@pytest.mark.parametrize(
    "name",
    [
        "2018-02-30",
        "20180230",
        "kites-03-04-2018",
        "03-04-05",
        "2035",
        "2035-01-02",
        "1980-01-02",
        "2018-13",
        "31 June 2018",
        "2018-Feb-30",
        "Feb 30 2018",
        "0000-00-00",
        "2199-01-02",
    ],
)
def test_a_date_that_cannot_be_read_says_why(name):
    date = name_dates.in_name(name)
    assert date.value is None
    assert name.removeprefix("kites-") in date.fault


@pytest.mark.parametrize(
    "name",
    ["kites", "kites 2", "v1.2.3", "forever21", "order-1201405061", "192.168.10.12", "policy-1850", "p2p", "2099"],
)
def test_a_number_need_not_be_a_date(name):
    assert name_dates.in_name(name) is None


def test_a_full_date_outweighs_a_year():
    assert name_dates.in_name("report 2019 of 2018-05-25").value == DAY


@given(st.text("0123456789-_. TZaMjun/", max_size=20))
def test_any_name_is_read_or_not_and_never_fails(name):
    date = name_dates.in_name(name)
    assert date is None or (date.value is None) == (date.fault is not None)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2018-05-25T10:11:12Z"], [DAY]),
        (["2018-05-25 00:00:00"], [DAY]),
        (["25/05/2018"], [DAY]),
        (["5/25/2018 12:00:00 AM"], [DAY]),
        (["25.05.18"], [DAY]),
        (["43245"], [DAY]),
        (["43245.5"], [DAY]),
        (["25 May 2018"], [DAY]),
        (["Friday, May 25, 2018"], [DAY]),
        (["25-May-18"], [DAY]),
        (["20180525101112"], [DAY]),
        (["2018", "2018-05"], ["2018", "2018-05"]),
        (["3/4/2018", "25/4/2018"], ["2018-04-03", "2018-04-25"]),
        (["3/4/2018", "4/25/2018"], ["2018-03-04", "2018-04-25"]),
        (["3/4/2018", "4/25/2018", "25/4/2018"], [None, "2018-04-25", "2018-04-25"]),
        (["3/4/2018"], [None]),
        (["May-18", "2018-02-30", "soon", "7", "25/05/2018"], [None, None, None, None, DAY]),
    ],
)
def test_the_cells_of_a_column_are_read_together(cells, expected):
    day_first = name_dates.shows_day_first(cells)
    assert [name_dates.in_cell(cell, day_first=day_first).value for cell in cells] == expected


@pytest.mark.parametrize("cell", ["", " ", "NaN", "N/A", "none", "-", "NULL"])
def test_an_empty_cell_has_no_date(cell):
    assert name_dates.in_cell(cell, day_first=None) is None
