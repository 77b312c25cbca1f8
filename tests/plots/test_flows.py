import pytest
from matplotlib.patches import Rectangle

from privacylab import plots


def test_the_flow_keeps_every_service(drawings):
    _, flow, _ = drawings["small: transfer_flow"]
    bars = [bar for bar in plots.transfer_flow(flow).axes[0].patches if isinstance(bar, Rectangle)]
    heights = {}
    for bar in bars:
        place = round(bar.get_x() + bar.get_width() / 2)
        heights[place] = heights.get(place, 0) + abs(bar.get_height())
    assert heights == {0: 12, 1: 12, 2: 12}


@pytest.mark.parametrize("name", ["exclusion_flow", "long: exclusion_flow"])
def test_boxes_of_the_exclusion_flow_neither_overlap_nor_leave_the_page(written, name):
    figure, found = written(name)
    boxes = [text.get_bbox_patch().get_window_extent() for text in found]
    assert len(boxes) >= 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1 for box in boxes)


def test_a_stage_says_in_words_why_versions_are_left_out(drawings, texts):
    _, flow, _ = drawings["small: exclusion_flow"]
    shown = texts(plots.exclusion_flow(flow))
    assert "Rejected: language  2 versions of 1 services" in shown
    assert "Kept\n7 versions of 4 services" in shown
