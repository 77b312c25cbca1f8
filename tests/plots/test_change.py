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
    frame = cross(("framework", ["safe_harbor", "privacy_shield"]), ("days", [0, 400])).assign(n=[1200, 1100, 9, 8])
    assert {"Safe Harbor\n(n = 1,200)", "Privacy Shield\n(n = 9)"} <= set(texts(plots.claim_survival(frame)))
