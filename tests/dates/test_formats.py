import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab.dates import formats
from privacylab.dates.formats import AFTER, BEFORE, MOST_DATES, Reading, named_dates


def only(text):
    (date,) = named_dates(text)
    return date


@pytest.mark.parametrize(
    ("text", "form", "readings"),
    [
        ("20180525", "digits", ["2018-05-25"]),
        ("2018/5/25", "year_first", ["2018-05-25"]),
        ("2018, May 25th", "year_first_named", ["2018-05-25"]),
        ("25th day of May, 2018", "day_first", ["2018-05-25"]),
        ("25-MAY-18", "day_first", ["2018-05-25"]),
        ("Sept. 7th, 2016", "month_first", ["2016-09-07"]),
        ("3.4.2018", "numeric", ["2018-03-04", "2018-04-03"]),
        ("12/31/99", "numeric", ["1999-12-31"]),
        ("4/4/2018", "numeric", ["2018-04-04"]),
        ("May of 2018", "month_named", ["2018-05"]),
        ("05/2018", "month", ["2018-05"]),
        ("2018", "year", ["2018"]),
    ],
)
def test_forms_and_readings(text, form, readings):
    date = only(f"On {text}, they say.")
    assert (date.form, [str(reading) for reading in date.readings]) == (form, readings)


@pytest.mark.parametrize(
    ("text", "day_first"),
    [("25 May 2018", True), ("25/5/2018", True), ("May 25, 2018", False), ("5/25/2018", False), ("3/4/2018", None)],
)
def test_the_habit_that_a_date_shows(text, day_first):
    assert only(text).day_first is day_first


@pytest.mark.parametrize(
    "text", ["31 June 2018", "2018-13-40", "0/0/2018", "12345620189", "tel. 866-289-20871", "1989"]
)
def test_what_is_no_date_is_left_out(text):
    assert list(named_dates(text)) == []


def test_a_part_of_a_version_number_is_no_day():
    assert str(only("Version 2.1 May 2018").readings[0]) == "2018-05"


def test_places_are_those_of_the_text_whatever_markup_stands_before():
    text = "<p>Updated</p>\n**May&nbsp;25, 2018** by us"
    date = only(text)
    assert text[date.start : date.end] == "May&nbsp;25, 2018"


def test_markup_is_blanked_and_ends_of_blocks_become_ends_of_lines():
    date = only("<b>Old</b><br>Made [here](https://umbra.example/1) 2018</p>Next")
    assert date.before.split() == ["Old", "Made", "here"]
    assert date.line.split() == ["Made", "here"]
    assert date.after.split("\n")[0].strip() == ""


def test_surroundings_have_a_limit():
    date = only("x " * 500 + "2018" + " x" * 500)
    assert (len(date.before), len(date.after)) == (BEFORE, AFTER)


def test_of_very_many_dates_those_at_the_ends_are_given():
    years = [date.readings[0].year for date in named_dates("2001 " * 600 + "2002 " * 600)]
    assert years == [2001] * MOST_DATES + [2002] * MOST_DATES


def test_the_first_day_of_a_month():
    assert Reading(2018, 5).first_day.isoformat() == "2018-05-01"


YEAR_IN_DIGITS = re.compile(r"20[0-4]\d(?:[01]\d(?:[0-3]\d)?)?|\d{4}20[0-4]\d")


@given(st.text("01234 ", max_size=30))
def test_years_and_days_in_digits_are_found_together(text):
    found = [match.end() for match in formats._ANCHORS[0][1].finditer(text)]
    assert found == [match.end() for match in re.finditer(r"\d+", text) if YEAR_IN_DIGITS.fullmatch(match[0])]


@given(
    st.sampled_from(formats._ANCHORS).flatmap(lambda anchor: st.tuples(st.just(anchor[0]), st.from_regex(anchor[1])))
)
def test_where_a_date_stands_the_text_holds_its_characters(held_and_text):
    held, text = held_and_text
    assert held in text


DATES = ["In May 2018 ", "<b>5/25/18</b> ", "20180525\n", "two thousand and nine ", "we keep data. ", "31.12.2019, "]


@given(st.lists(st.sampled_from(DATES), max_size=8))
def test_dates_that_are_known_are_those_found_anew(parts):
    text = "".join(parts)
    known = list(formats.named_dates(text))
    formats._date_at.cache_clear()
    assert list(formats.named_dates(text)) == known
