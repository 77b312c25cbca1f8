import itertools
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.text import Text

from privacylab import explore, plots
from privacylab.plots import style


def box(text):
    """Left, bottom, right and top of a text in pixels; that of an upright or lying text is exact."""
    assert text.get_rotation() % 90 == 0
    return Text.get_window_extent(text).extents


def test_every_figure_of_the_package_is_drawn_here(drawings):
    known = {draw for draw, _, _ in drawings.values()}
    assert known - {explore.timeline_figure} == {
        value for value in vars(plots).values() if callable(value) and getattr(value, "__wrapped__", None)
    }


def test_no_text_is_below_seven_points(written, drawing):
    assert min(text.get_fontsize() for text in written(drawing)[1]) >= 7


def test_no_text_is_cut_off_at_the_figures_edge(written, drawing):
    figure, found = written(drawing)
    assert figure.get_figwidth() == 6.5
    width, height = figure.bbox.size
    boxes = [(text.get_text(), *box(text)) for text in found]
    assert [each for each in boxes if min(each[1:3]) < -1 or each[3] > width + 1 or each[4] > height + 1] == []


def test_no_text_is_printed_over_other_text(written, drawing):
    boxes = [(text.get_text(), box(text)) for text in written(drawing)[1]]
    # A pixel of the boxes may be shared: letters do not fill their boxes.
    over = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes, 2)
        if min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1
    ]
    assert over == []


def test_every_text_is_in_the_font_that_matplotlib_ships(written, drawing):
    fonts = Path(mpl.get_data_path(), "fonts", "ttf")
    assert {Path(findfont(text.get_fontproperties())).parent for text in written(drawing)[1]} == {fonts}


def test_a_font_of_the_system_does_not_take_the_place_of_the_one_that_matplotlib_ships(monkeypatch):
    shipped = next(entry for entry in fontManager.ttflist if entry.name == "DejaVu Sans")
    other = replace(shipped, fname=shipped.fname.replace("DejaVuSans", "DejaVuSerif"))
    monkeypatch.setattr(fontManager, "ttflist", [other, *fontManager.ttflist])
    with style.style():
        # Found fonts are remembered by their size as well: no text of a figure has this one.
        assert Path(findfont(FontProperties(size=7.77))).name == "DejaVuSans.ttf"


def test_widths_of_text_are_those_of_the_picture():
    with style.style():
        figure, _ = style.panel(1)
        text = figure.text(0, 0, "Third Party\nSharing/Collection", fontsize=8.5)
        drawn = text.get_window_extent().width / figure.dpi
    assert style.text_width(text.get_text(), 8.5) == pytest.approx(drawn, rel=0.03)


def test_text_is_wrapped_by_its_width():
    assert style.wrapped("iiii iiii WWWW WWWW", style.text_width("WWWW")) == "iiii iiii\nWWWW\nWWWW"
    assert style.wrapped("a\nn = 40", 3) == "a\nn = 40"


def test_the_global_style_stays_as_it_is_and_has_no_effect(drawn, drawings, monkeypatch):
    monkeypatch.setitem(mpl.rcParams, "font.size", 13.0)
    before = dict(mpl.rcParams)
    _, steps, _ = drawings["small: placebo"]
    assert plots.png(plots.placebo(steps)) == plots.png(drawn["placebo"])
    assert dict(mpl.rcParams) == before


def test_a_frame_that_lacks_a_column_is_refused(small):
    draw, frame, options = small
    with pytest.raises(ValueError, match=r"lacks .*\b(?:low|n)\b"):
        draw(frame.drop(columns=[column for column in ("low", "n") if column in frame]), **options)


def test_an_empty_frame_is_not_drawn_and_says_why_and_a_full_one_stays_as_it_is(small):
    draw, frame, options = small
    before = frame.copy()
    assert style.why_empty(draw(frame.iloc[:0], **options)) == "Not drawn: no service to count."
    assert style.why_empty(draw(frame, **options)) is None
    pd.testing.assert_frame_equal(frame, before)


def test_a_series_begins_with_services_enough():
    rows = pd.DataFrame({"half_year": ["2013-H1", "2013-H2", "2014-H1"], "n": [19, 20, 3]})
    assert style.enough(rows, "half_year")["half_year"].tolist() == ["2013-H2", "2014-H1"]
    assert len(style.enough(rows.assign(n=5), "half_year")) == 3
