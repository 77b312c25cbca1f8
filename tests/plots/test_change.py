import pandas as pd
import pytest

from privacylab import plots


def test_replicated_sizes_are_multiples_of_the_published_one(drawings):
    _, rows, _ = drawings["small: replication"]
    sizes, flat = plots.replication(rows.assign(value=4.0, low=1.0, high=8.0)).axes
    # Published 2: a ratio of 4 is twice the logarithm of 2, 4 points are twice 2 points; shares are left out.
    shown = sorted(
        line.get_xdata()[0] for line in sizes.lines if len(line.get_xdata()) == 1 and line.get_marker() != "None"
    )
    assert shown == pytest.approx([2, 2])
    assert len(flat.get_yticks()) == 2


def test_an_event_study_of_several_outcomes_hides_the_places_it_does_not_need(drawn):
    axes = drawn["event_studies"].axes
    assert [each.get_title(loc="left") for each in axes if each.get_visible()] == ["GDPR, erasure", "B", "C", "D"]
    assert len(axes) == 6


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
