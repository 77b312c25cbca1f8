"""Numbers in words: by hand, one row at a time."""

import pandas as pd
import pytest

from privacylab.plots import labels

SHARE = {"value": 0.231, "low": 0.2, "high": 0.264, "n": 588}
NONE = {"value": float("nan"), "low": float("nan"), "high": float("nan"), "n": 0}


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("share", 0.231, "23%"),
        ("points", -0.0312, "-3.1"),
        ("number", 1.5, "1.50"),
        ("difference", 0.1, "+0.10"),
        ("days", 1234.4, "1,234"),
        ("amount", 5142.4, "5,142"),
        ("amount", 12.3456, "12.35"),
    ],
)
def test_a_quantity_has_its_unit(unit, value, text):
    assert labels.quantity(value, unit) == text


def test_a_unit_that_is_none_names_the_others():
    with pytest.raises(ValueError, match="'metres' must be one of share, points"):
        labels.quantity(1, "metres")


def test_an_interval_of_points_has_no_dash_and_one_of_shares_has():
    frame = pd.DataFrame([SHARE, NONE], index=["a", "b"])
    assert labels.interval(frame).to_dict() == {"a": "23% (20%-26%)", "b": "-"}
    assert labels.interval(frame, unit="points", missing="")["a"] == "+23.1 (+20.0 to +26.4)"
    assert labels.interval(frame, unit="points", missing="")["b"] == ""


def test_an_interval_of_another_column_has_its_own_ends():
    frame = pd.DataFrame({"corrected": [0.5], "corrected_low": [0.4], "corrected_high": [0.6], **{"low": 0, "high": 1}})
    assert labels.interval(frame, "corrected").tolist() == ["50% (40%-60%)"]
    assert labels.said(frame.assign(n=9).iloc[0], "corrected") == "50% (40% to 60%, n = 9)"


def test_a_value_without_an_interval_is_missing():
    assert labels.interval(pd.DataFrame([{"value": 0.5, "low": None, "high": None}])).tolist() == ["-"]


def test_a_star_marks_a_small_q():
    frame = pd.DataFrame([SHARE | {"q": 0.049}, SHARE | {"q": 0.05}])
    assert labels.interval(frame, star="q").str.count(r"\*").tolist() == [1, 0]


def test_across_has_a_row_for_each_and_the_sizes_below():
    rows = [SHARE | {"outcome": outcome, "event": event} for outcome in ("b", "a") for event in ("y", "x")]
    wide = labels.across(pd.DataFrame(rows), index="outcome", columns="event", sizes=["n", "n_treated"])
    assert wide.index.tolist() == ["a", "b", "n"]
    assert wide.columns.tolist() == ["x", "y"]
    assert wide.loc["a", "x"] == "23% (20%-26%)"
    assert wide.loc["n"].tolist() == ["588", "588"]
    assert labels.across(pd.DataFrame(rows), index="outcome", columns="event").index.tolist() == ["a", "b"]


def corrected(value, low, high):
    ends = {"corrected": value, "corrected_low": low, "corrected_high": high}
    return pd.Series(SHARE | ends)


def test_a_share_rose_only_where_its_intervals_are_apart():
    before = corrected(0.2, 0.1, 0.3)
    assert labels.course(before, corrected(0.5, 0.4, 0.6)) == "rose from 20% (10% to 30%) to 50% (40% to 60%)"
    assert labels.course(before, corrected(0.3, 0.3, 0.4)).startswith("went from 20%")


def test_without_gold_a_sentence_tells_what_was_found():
    text = labels.course(corrected(None, None, None), corrected(0.5, 0.4, 0.6))
    assert text.startswith("was found in 23% (20% to 26%, n = 588)")
    assert "no gold" in text
