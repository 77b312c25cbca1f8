import numpy as np
import pandas as pd
import pytest

from privacylab import eras, plots
from privacylab.plots import style

DAYS = ["2025-12-31", "2026-06-30", "2026-08-22"]
FEATURES = ("feature", ["category:Data Retention", "claims:safe_harbor", "cue:retention_period=P1Y"])


@pytest.fixture
def shares(cross):
    return cross(("era", [era.id for era in eras.eras()]), FEATURES)


def test_too_many_lines_are_refused(cross):
    frame = cross(("half_year", ["2018-H1", "2018-H2"]), ("feature", list("abcdefgh")))
    with pytest.raises(ValueError, match=r"8 features .* choose up to 7"):
        plots.share_by_half_year(frame)


def test_an_era_without_services_is_not_drawn(shares, texts):
    shares.loc[shares["era"] == "before_safe_harbor", ["n", "value", "low", "high"]] = [0, np.nan, np.nan, np.nan]
    labels = texts(plots.share_by_era(shares))
    assert "Not drawn: Before Safe Harbor (n = 0)" in labels
    assert "GDPR (n = 40)" in labels


@pytest.mark.parametrize("draw", [plots.share_by_era, plots.era_matrix])
def test_an_era_with_few_services_is_named_but_not_drawn(shares, texts, draw):
    shares.loc[shares["era"] == "gap", "n"] = 3
    figure = draw(shares)
    assert style.why_empty(figure) is None
    assert "Not drawn: Between the frameworks (n = 3)" in texts(figure)


def test_where_every_era_has_few_services_nothing_is_drawn(shares):
    reason = style.why_empty(plots.share_by_era(shares.assign(n=7)))
    assert reason is not None and "at most 7" in reason


def test_uncorrected_shares_are_hollow(cross):
    frame = cross(("era", ["gdpr"]), FEATURES).assign(
        corrected=[0.2, np.nan, 0.4], corrected_low=0.1, corrected_high=0.5
    )
    raw, better = plots.share_by_era(frame, corrected=True).axes
    faces = [{line.get_markerfacecolor() for line in axes.lines if len(line.get_xdata())} for axes in (raw, better)]
    assert faces == [{style.COLOURS[0]}, {"white", style.COLOURS[0]}]


def test_half_years_with_few_services_are_hollow(cross):
    frame = cross(("half_year", ["2018-H1", "2018-H2", "2019-H1"]), ("feature", ["claims:gdpr"])).assign(n=[40, 40, 3])
    lines = plots.share_by_half_year(frame).axes[0].lines
    (hollow,) = [line for line in lines if line.get_markerfacecolor() == "white"]
    assert np.isfinite(hollow.get_ydata()).tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("archives", "lines"),
    [(["a", "a", "b", "b"], [2, 2]), (["a"] * 4, [4]), (["a", "b", "a", "a"], [1, 1, 2]), ([None] * 4, [4])],
)
def test_a_line_is_broken_where_the_archive_changes(cross, archives, lines):
    halves = ["2019-H2", "2020-H1", "2020-H2", "2021-H1"]
    frame = cross(("half_year", halves), ("feature", ["claims:gdpr"])).assign(archive=archives)
    drawn = [line for line in plots.share_by_half_year(frame).axes[0].lines if line.get_alpha() == 0.35]
    assert [len(line.get_xdata()) for line in drawn] == lines


def test_a_table_of_shares_says_each_share_and_its_interval(shares, texts):
    assert texts(plots.era_matrix(shares)).count("30%\n20 to 45") == len(shares)


def test_topics_come_by_their_label(cross, texts):
    frame = cross(("topic", [1, 2]), ("era", ["gdpr"])).assign(label=["cookies", "children"])
    assert {"Cookies", "Children"} <= set(texts(plots.topic_heatmap(frame)))


def words_of(n):
    """n words dropped and n taken up, the strongest first, with intervals of their own width."""
    frame = pd.DataFrame({"term": [f"w{i}" for i in range(2 * n)], "value": [-0.1, 0.4] * n, "n": 50, "q": 0.01})
    return frame.assign(low=frame["value"] - 0.05, high=frame["value"] + 0.05)


def test_words_that_nobody_moved_are_a_sentence_and_those_of_one_side_a_figure():
    assert "taken up or dropped" in (style.why_empty(plots.keyness(words_of(2).assign(q=0.05))) or "")
    assert style.why_empty(plots.keyness(words_of(2).query("value > 0"))) is None


def test_the_strongest_words_are_drawn_on_their_side_and_both_sides_on_one_scale():
    left, right = plots.keyness(words_of(20)).axes
    assert [label.get_text() for label in left.get_yticklabels()] == [f"w{i}" for i in range(0, 30, 2)]
    assert [label.get_text() for label in right.get_yticklabels()] == [f"w{i}" for i in range(1, 31, 2)]
    assert left.get_xlim() == tuple(-end for end in reversed(right.get_xlim()))


def test_words_are_drawn_as_people_write_them(texts):
    shown = set(texts(plots.keyness(words_of(1).assign(term=["unite_kingdom", "gdpr"]))))
    assert {"United Kingdom", "GDPR"} <= shown


@pytest.mark.parametrize("draw", [plots.share_by_half_year, plots.topics_over_time])
def test_no_point_lies_after_the_last_day_of_the_data(cross, draw):
    rows = cross(("half_year", ["2025-H2", "2026-H1", "2026-H2"]), ("feature", ["claims:gdpr"]))
    days = pd.to_datetime(rows["half_year"].map(dict(zip(rows["half_year"].unique(), DAYS, strict=True))))
    figure = draw(rows.assign(day=days, topic="gdpr"))
    drawn = [max(line.get_xdata()) for line in figure.axes[0].lines if len(line.get_xdata()) == len(DAYS)]
    assert drawn
    assert max(drawn) == style.day("2026-08-22")


def test_a_point_without_a_day_is_on_the_last_day_of_its_half_year(cross):
    rows = cross(("half_year", ["2018-H1", "2018-H2"])).assign(day=pd.to_datetime([None, "2018-10-01"]))
    assert style.half_year_days(rows).tolist() == [style.day("2018-06-30"), style.day("2018-10-01")]
    assert style.half_year_days(rows.assign(day=pd.NaT)).tolist() == style.period_days(rows["half_year"]).tolist()
