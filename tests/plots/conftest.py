"""Figures at the size at which the project publishes them, and what larger corpora with longer names would give."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from privacylab import eras, explore, plots
from privacylab.plots import style

HALVES = [f"{year}-H{half}" for year in range(2013, 2024) for half in (1, 2)]
SPAN = {"value": 0.3, "low": 0.2, "high": 0.45, "n": 40}


def cross(*columns):
    """A small frame of shares over the columns' values: every combination."""
    frame = pd.MultiIndex.from_product([values for _, values in columns], names=[name for name, _ in columns])
    return frame.to_frame(index=False).assign(**SPAN)


ERAS = ("era", [era.id for era in eras.eras()])
FEATURES = ("feature", ["category:Data Retention", "claims:safe_harbor", "cue:retention_period=P1Y"])
CHANGES = cross(FEATURES).assign(before=0.2, after=0.5)
STEPS = pd.DataFrame({"date": pd.to_datetime(["2016-01-01", "2018-05-25"]), "kind": ["placebo", "event"]}).assign(
    **SPAN
)
FLOW = pd.DataFrame(
    [
        ("2015-10-05", "2016-07-11", "safe_harbor", "none", 3),
        ("2015-10-05", "2016-07-11", "none", "none", 9),
        ("2016-07-11", "2018-05-24", "none", "privacy_shield", 4),
        ("2016-07-11", "2018-05-24", "none", "not_seen", 8),
    ],
    columns=["before", "after", "source", "target", "n"],
)
NARROW = pd.DataFrame(
    [
        ("2015-10-05", "2016-07-11", "scc", "none", 500),
        *(
            ("2016-07-11", "2018-05-24", "scc", state, 1)
            for state in ("safe_harbor", "privacy_shield", "dpf", "none", "not_seen")
        ),
    ],
    columns=FLOW.columns,
)
WORDS = pd.DataFrame({"term": ["safe_harbor", "erasure"], "n": 40, "q": 0.01, "value": [-0.2, 0.3]}).assign(
    low=lambda w: w["value"] - 0.1, high=lambda w: w["value"] + 0.1
)
EXCLUSION = pd.DataFrame(
    [
        ("all versions", "remaining", None, 9, 4),
        ("rejected", "left_out", "language", 2, 1),
        ("kept", "remaining", None, 7, 4),
    ],
    columns=["stage", "kind", "reason", "n_versions", "n"],
)
REPLICATED = cross(
    ("direction", ["up", "level", "none", "new"]), ("unit", ["ratio", "points"]), ("sign", ["agrees", "opposite"])
).assign(short="Words per sentence", published=2.0, margin=0.05)
REPLICATED["sign"] = REPLICATED["sign"].mask(REPLICATED["direction"] == "level", "a level")
FIGURES = {
    "share_by_era": (plots.share_by_era, cross(ERAS, FEATURES), {}),
    "share_by_era_corrected": (
        plots.share_by_era,
        cross(ERAS, FEATURES).assign(corrected=0.2, corrected_low=0.1, corrected_high=0.3),
        {"corrected": True},
    ),
    "era_matrix": (plots.era_matrix, cross(ERAS, FEATURES), {}),
    "share_by_half_year": (plots.share_by_half_year, cross(("half_year", HALVES), FEATURES), {}),
    "length_by_half_year": (
        plots.length_by_half_year,
        cross(("half_year", HALVES)).assign(amount="n_words", statistic="median"),
        {},
    ),
    "paired_change": (plots.paired_change, CHANGES, {}),
    "both_ways": (plots.both_ways, cross(FEATURES, ("view", ["cross_section", "panel"])), {}),
    "event_study": (plots.event_study, cross(("period", list(range(-3, 4)))), {}),
    "event_studies": (
        plots.event_study,
        cross(("outcome", ["GDPR, erasure", "b", "c", "d", "e"]), ("period", list(range(-3, 4)))),
        {},
    ),
    "replication": (plots.replication, REPLICATED, {}),
    "placebo": (plots.placebo, STEPS, {}),
    "beside_published": (
        plots.beside_published,
        cross(("source", ["this corpus", "Others 2021"]), FEATURES, ("half_year", HALVES)),
        {},
    ),
    "reliability": (
        plots.reliability,
        pd.DataFrame({"given": [0.05, 0.6, 0.95], "share": [0.02, 0.5, 1.0], "n": [1200, 40, 9]}),
        {},
    ),
    "validation": (
        plots.validation,
        cross(("gold", ["dates", "dates_2"]), ("measure", ["all", "dated: the date"])),
        {"baselines": pd.DataFrame({"gold": ["dates"], "measure": ["all"], "share": [0.5]})},
    ),
    "claim_survival": (plots.claim_survival, cross(("days", [0, 100, 400])).assign(at_risk=12), {}),
    "claim_outcomes": (
        plots.claim_outcomes,
        cross(("outcome", ["none", "scc"]), ("days", [0, 400])).assign(at_risk=12),
        {},
    ),
    "transfer_flow": (plots.transfer_flow, FLOW, {}),
    "keyness": (plots.keyness, WORDS, {}),
    "topics_over_time": (plots.topics_over_time, cross(("topic", [1, 2, 3, 4, 5]), ("half_year", HALVES)), {}),
    "topic_map": (
        plots.topic_map,
        cross(("topic", [1, 2, 3])),
        {"tree": pd.DataFrame({"left": [0, 2], "right": [1, 3], "distance": [0.2, 0.7], "size": [2, 3]})},
    ),
    "topic_categories": (
        plots.topic_categories,
        cross(("topic", [1, 2]), ("category", ["Data Security", "Policy Change"])).rename(columns={"value": "share"}),
        {},
    ),
    "topic_heatmap": (plots.topic_heatmap, cross(("label", ["cookies", "children"]), ERAS), {}),
    "exclusion_flow": (plots.exclusion_flow, EXCLUSION, {}),
    "archive_timeline": (plots.archive_timeline, cross(("collection", ["a", "b"]), ("half_year", HALVES)), {}),
    "change_by_month": (plots.change_by_month, cross(("month", [f"2018-{m:02d}" for m in range(1, 13)])), {}),
}


def panel(name, **columns):
    """The numbers of a figure that the project publishes, as a frame, with new columns that are old ones renamed."""
    frame = pd.read_csv(Path(__file__).parents[2] / "figures" / f"{name}.csv")
    return frame.assign(**{new: frame[old] for new, old in columns.items()})


def moved():
    """The part of share_by_era that the notebook draws."""
    frame, kinds = panel("share_by_era"), "Retention|User Access|Audiences|Track|Security"
    return frame[frame["era"].isin(["safe_harbor", "privacy_shield", "gdpr"]) & frame["feature"].str.contains(kinds)]


def chain(size):
    """A tree that joins one topic after the other."""
    steps = np.arange(1, size)
    left = np.where(steps == 1, 0, size + steps - 2)
    return pd.DataFrame({"left": left, "right": steps, "distance": steps / size, "size": steps + 1})


LONG = "Notice to the residents of other places whom the General Data Protection Regulation concerns"
LONGS = [LONG, f"Further {LONG}", "c"]
SUBS = ("sub_era", [part.id for part in eras.sub_eras()])
# What the project publishes, at its size, and what a larger corpus with longer names would give.
REAL = {
    "archive_timeline": (plots.archive_timeline, panel("archive_timeline"), {}),
    "beside_published": (plots.beside_published, panel("beside_published"), {}),
    "both_sides_by_half_year": (plots.share_by_half_year, panel("both_sides_by_half_year"), {}),
    "both_ways": (plots.both_ways, panel("both_ways"), {}),
    "change_by_month": (plots.change_by_month, panel("change_by_month"), {}),
    "claim_outcomes": (plots.claim_outcomes, panel("claim_outcomes"), {}),
    "claim_survival": (plots.claim_survival, panel("claim_survival"), {}),
    "claims_by_half_year": (plots.share_by_half_year, panel("claims_by_half_year"), {}),
    "clause_reliability": (plots.reliability, panel("clause_reliability"), {}),
    "cues_by_era": (plots.era_matrix, panel("cues_by_era"), {}),
    "era_matrix": (plots.era_matrix, panel("era_matrix"), {}),
    "event_study": (plots.event_study, panel("event_study"), {}),
    "exclusion_flow": (plots.exclusion_flow, panel("exclusion_flow"), {}),
    "explore_trend": (plots.share_by_half_year, panel("explore_trend"), {}),
    "keyness": (plots.keyness, panel("keyness"), {}),
    "length_by_half_year": (plots.length_by_half_year, panel("length_by_half_year"), {}),
    "paired_change": (plots.paired_change, panel("paired_change"), {}),
    "placebo": (plots.placebo, panel("placebo"), {"label": "Step in points"}),
    "replication": (plots.replication, panel("replication"), {}),
    "service_timeline": (explore.timeline_figure, panel("service_timeline").fillna({"claims": ""}), {}),
    "share_by_era": (plots.share_by_era, moved(), {"corrected": True}),
    "share_by_era, whole": (plots.share_by_era, panel("share_by_era"), {}),
    "share_by_half_year": (plots.share_by_half_year, panel("share_by_half_year"), {}),
    "topic_categories": (plots.topic_categories, panel("topic_categories"), {}),
    "topic_map": (plots.topic_map, panel("topic_map"), {"tree": chain(50)}),
    "topics_over_time": (plots.topics_over_time, panel("topics_over_time"), {}),
    "topics_paired": (plots.paired_change, panel("topics_paired", feature="topic"), {}),
    "topics_same_services": (plots.topic_heatmap, panel("topics_same_services"), {}),
    "transfer_flow": (plots.transfer_flow, panel("transfer_flow"), {}),
    "long: archive_timeline": (plots.archive_timeline, cross(("collection", LONGS), ("half_year", HALVES)), {}),
    "long: exclusion_flow": (plots.exclusion_flow, EXCLUSION.assign(reason=[None, LONG, None], examples=LONG), {}),
    "long: beside_published": (
        plots.beside_published,
        cross(("source", ["this corpus", LONG]), ("feature", LONGS), ("half_year", HALVES)),
        {},
    ),
    "long: both_ways": (plots.both_ways, cross(("feature", LONGS), ("view", ["cross_section", "panel"])), {}),
    "long: claim_survival": (
        plots.claim_survival,
        cross(("framework", LONGS), ("days", [0, 400])).assign(at_risk=12),
        {},
    ),
    "long: era_matrix": (plots.era_matrix, cross(("feature", LONGS), SUBS), {}),
    "long: event_study": (plots.event_study, cross(("outcome", [*LONGS, "d"]), ("period", [-2, -1, 0])), {}),
    "long: keyness": (plots.keyness, WORDS.assign(term=[LONG, LONG]), {}),
    "long: paired_change": (plots.paired_change, CHANGES.assign(feature=LONGS), {}),
    "long: replication": (plots.replication, REPLICATED.assign(short=LONG), {}),
    "long: share_by_era": (
        plots.share_by_era,
        cross(SUBS, ("feature", LONGS)).assign(corrected=0.2, corrected_low=0.1, corrected_high=0.3),
        {"corrected": True},
    ),
    "long: share_by_half_year": (
        plots.share_by_half_year,
        cross(("half_year", HALVES), ("feature", [f"{letter} {LONG}" for letter in "abcdefg"])),
        {},
    ),
    "long: topic_categories": (
        plots.topic_categories,
        cross(("topic", LONGS), ("category", [*LONGS, *"defghij"])).rename(columns={"value": "share"}),
        {},
    ),
    "long: topic_heatmap": (plots.topic_heatmap, cross(("label", LONGS), SUBS), {}),
    "long: topic_map": (plots.topic_map, cross(("topic", LONGS)), {"tree": chain(3)}),
    "long: topics_over_time": (plots.topics_over_time, cross(("topic", [*LONGS, "d", "e"]), ("half_year", HALVES)), {}),
    "long: transfer_flow": (plots.transfer_flow, NARROW, {}),
}
DRAWINGS = {**{f"small: {name}": each for name, each in FIGURES.items()}, **REAL}


def pytest_generate_tests(metafunc):
    if "drawing" in metafunc.fixturenames:
        metafunc.parametrize("drawing", sorted(DRAWINGS))
    if "small" in metafunc.fixturenames:
        metafunc.parametrize("small", [pytest.param(FIGURES[name], id=name) for name in sorted(FIGURES)])


@pytest.fixture(scope="session", name="cross")
def _cross():
    return cross


@pytest.fixture(scope="session")
def drawn():
    """The small figures as they were drawn, by name."""
    figures = {name: draw(frame, **options) for name, (draw, frame, options) in FIGURES.items()}
    for figure in figures.values():
        plots.png(figure)
    return figures


@pytest.fixture(scope="session")
def drawings():
    """The function, the frame and the options of each figure, by name."""
    return DRAWINGS


@pytest.fixture(scope="session")
def written(drawn):
    """Each drawing with the texts that stand in its picture: those out of the axes' limits are never drawn."""
    known = {}

    def of(name):
        if name not in known:
            draw, frame, options = DRAWINGS[name]
            figure, found = drawn.get(name.partition("small: ")[2]) or draw(frame, **options), []
            plots.png(figure)
            with pytest.MonkeyPatch.context() as patch, style.style():
                patch.setattr(Text, "draw", lambda text, _: found.append(text))
                figure.draw_without_rendering()
            known[name] = figure, [text for text in found if text.get_visible() and text.get_text().strip()]
        return known[name]

    return of


@pytest.fixture(scope="session")
def texts():
    """The visible texts of a figure, each as it is read."""

    def of(figure):
        return [each.get_text() for each in figure.findobj(Text) if each.get_text().strip() and each.get_visible()]

    return of
