import pandas as pd
import pytest

from privacylab import plots


def test_a_tree_of_other_topics_is_refused(cross):
    tree = pd.DataFrame({"left": [0], "right": [1], "distance": [0.2], "size": [2]})
    with pytest.raises(ValueError, match=r"joins 2 topics.* 3 rows"):
        plots.topic_map(cross(("topic", [1, 2, 3])), tree)


def test_small_shares_and_small_topics_are_shaded_but_not_written_out(cross, texts):
    shares = cross(("topic", [1, 2]), ("category", ["Data Security", "Policy Change"])).rename(
        columns={"value": "share"}
    )
    shown = texts(plots.topic_categories(shares.assign(share=[0.26, 0.24, 0.5, 0.9], n=[10, 10, 9, 10])))
    assert {"26", "90"} <= set(shown)
    assert not {"24", "50"} & set(shown)
