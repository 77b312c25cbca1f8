import numpy as np
import pandas as pd
import pytest

from privacylab import plots


def test_replicated_sizes_are_multiples_of_the_published_one(drawings, texts):
    _, rows, _ = drawings["small: replication"]
    page = plots.replication(rows.assign(value=4.0, low=1.0, high=8.0))
    changes, levels, flat = page.axes
    # Published 2: a ratio of 4 is twice the logarithm of 2, 4 points are twice 2 points.
    shown = [
        float(x)
        for line in changes.lines
        if len(line.get_ydata()) == 2 and line.get_marker() in ("o", "D")
        for x in line.get_xdata()
    ]
    assert shown == pytest.approx([2] * 4)
    # Findings of our own have no size; of no change, four times is far beyond a margin of 5%.
    assert [len(axes.get_yticks()) for axes in (changes, levels, flat)] == [4, 4, 4]
    assert [line.get_marker() for line in flat.lines].count(">") == 4
    assert "×2.00; here ×4.00" in texts(page)


def test_what_has_too_few_services_is_not_drawn(drawings):
    _, rows, _ = drawings["small: replication"]
    few = rows.assign(sign=rows["sign"].where(rows["direction"] != "none", "too few services"))
    assert len(plots.replication(few).axes) == 2


def test_event_studies_share_one_scale_and_hide_the_places_they_do_not_need(drawings):
    _, rows, _ = drawings["small: event_studies"]
    page = plots.event_study(rows.assign(high=np.where(rows["outcome"] == "c", 0.9, rows["high"])))
    shown = [each for each in page.axes if each.get_visible()]
    assert [each.get_title(loc="left") for each in shown] == ["GDPR, erasure", "B", "C", "D", "E"]
    assert len(page.axes) == 8 and len({each.get_ylim() for each in shown}) == 1


def test_an_event_study_leaves_out_half_years_of_few_services(drawings):
    _, rows, _ = drawings["small: event_study"]
    few = rows.assign(n=np.where(rows["period"] == 3, 19, 40), value=np.where(rows["period"] == 3, 0.9, 0.1))
    line = plots.event_study(few).axes[0].lines[1]
    assert line.get_xdata().tolist() == [-3, -2, -1, 0, 1, 2] and max(line.get_ydata()) == 0.1


def test_placebos_stand_below_the_dates_of_their_outcome():
    rows = pd.DataFrame(
        [("claims:dpf", "gain", "event", "2023-07-10", 0.1), ("claims:dpf", "gain", "placebo", "2025-09-30", 0.0),
         ("claims:dpf", "loss", "placebo", "2025-09-30", 0.02), ("claims:dpf", "loss", "after", "2024-03-31", None)],
        columns=["outcome", "move", "kind", "date", "value"],
    ).assign(low=[0.05, -0.1, -0.1, None], high=[0.2, 0.1, 0.1, None])  # fmt: skip
    axes = plots.placebo(rows).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["Data Privacy Framework, gained", "Data Privacy Framework, lost"]
    marks = [line for line in axes.lines if line.get_marker() != "None" and len(line.get_xdata())]
    height = {(line.get_xdata()[0], round(line.get_ydata()[0])): line.get_ydata()[0] for line in marks}
    assert height[10, 0] < height[0, 0]
    # Of placebos only the point is drawn: 22 whiskers on one line would hide it.
    assert max(segment[:, 0].max() for each in axes.collections for segment in each.get_segments()) == pytest.approx(20)


def test_features_that_gained_most_stand_on_top(drawings):
    _, rows, _ = drawings["small: paired_change"]
    left, _ = plots.paired_change(rows.assign(value=[0.1, 0.3, 0.2])).axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names == ["Safe Harbor", "Retention period: 1 year", "Data Retention"]


def test_each_curve_says_its_number_of_services(cross, texts):
    frame = cross(("framework", ["safe_harbor", "privacy_shield"]), ("days", [0, 400])).assign(
        n=[1200, 1100, 9, 8], at_risk=[1200, 11, 9, 8], start=pd.Timestamp("2015-10-05")
    )
    assert {"certification ends", "1,200", "Safe Harbor\n(n = 1,200)", "Privacy Shield\n(n = 9)"} <= set(
        texts(plots.claim_survival(frame))
    )
