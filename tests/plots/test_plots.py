import itertools
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from privacylab import eras, explore, findings, plots
from privacylab.plots import flows, labels, publishing, style

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
        *(("2016-07-11", "2018-05-24", "scc", state, 1) for state in flows._STATES),
    ],
    columns=FLOW.columns,
)
WORDS = pd.DataFrame({"term": ["safe_harbor", "erasure"], "z": [-3.0, 4.0], "value": [-2.0, 3.0]}).assign(
    low=lambda w: w["value"] - 1, high=lambda w: w["value"] + 1
)
EXCLUSION = pd.DataFrame(
    [
        ("all versions", "remaining", None, 9, 4),
        ("rejected", "left_out", "language", 2, 1),
        ("kept", "remaining", None, 7, 4),
    ],
    columns=["stage", "kind", "reason", "n_versions", "n"],
)
REPLICATED = cross(("kind", ["size", "none"]), ("unit", ["ratio", "points", "share"])).assign(
    part="1", what="words per sentence in the same services", published=2.0, agrees_low=0.5, agrees_high=2.0,
    part_verdict=["confirmed", "refuted", "cannot tell"] * 2,
)  # fmt: skip
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
    "versions_by_year": (plots.versions_by_year, cross(("year", ["2013", "2014"]), ("collection", ["a", "b"])), {}),
    "paired_change": (plots.paired_change, CHANGES, {}),
    "both_ways": (plots.both_ways, cross(FEATURES, ("view", ["cross_section", "panel"])), {}),
    "event_study": (plots.event_study, cross(("period", list(range(-3, 4)))), {}),
    "event_studies": (
        plots.event_study,
        cross(("outcome", ["GDPR, erasure", "b", "c", "d"]), ("period", list(range(-3, 4)))),
        {},
    ),
    "replication": (plots.replication, REPLICATED, {}),
    "placebo": (plots.placebo, STEPS, {}),
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
    "claim_survival": (plots.claim_survival, cross(("days", [0, 100, 400])), {}),
    "claim_outcomes": (plots.claim_outcomes, cross(("outcome", ["none", "scc"]), ("days", [0, 400])), {}),
    "transfer_flow": (plots.transfer_flow, FLOW, {}),
    "keyness": (plots.keyness, WORDS, {"target": "gdpr", "reference": "safe_harbor"}),
    "topics_over_time": (plots.topics_over_time, cross(("topic", [1, 2, 3, 4, 5]), ("half_year", HALVES)), {}),
    "topics_by_era": (plots.topics_over_time, cross(("topic", [1, 2]), ERAS), {}),
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
parametrize = pytest.mark.parametrize("name", sorted(FIGURES))


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


NAMES = {"cue:basis_legitimate_interests": "Legitimate interests"}
LONG = "Notice to the residents of other places whom the General Data Protection Regulation concerns"
LONGS = [LONG, f"Further {LONG}", "c"]
SUBS = ("sub_era", [part.id for part in eras.sub_eras()])
# What the project publishes, at its size, and what a larger corpus with longer names would give.
REAL = {
    "archive_timeline": (plots.archive_timeline, panel("archive_timeline"), {}),
    "both_ways": (plots.both_ways, panel("both_ways"), {"names": NAMES}),
    "change_by_month": (plots.change_by_month, panel("change_by_month"), {}),
    "claim_outcomes": (plots.claim_outcomes, panel("claim_outcomes"), {}),
    "claim_survival": (plots.claim_survival, panel("claim_survival"), {}),
    "claims_by_half_year": (plots.share_by_half_year, panel("claims_by_half_year"), {}),
    "clause_reliability": (plots.reliability, panel("clause_reliability"), {}),
    "cues_by_era": (plots.era_matrix, panel("cues_by_era"), {}),
    "era_matrix": (plots.era_matrix, panel("era_matrix"), {"names": NAMES}),
    "event_study": (plots.event_study, panel("event_study"), {"label": "Difference from the half-year before"}),
    "exclusion_flow": (plots.exclusion_flow, panel("exclusion_flow"), {}),
    "explore_trend": (plots.share_by_half_year, panel("explore_trend"), {}),
    "keyness": (plots.keyness, panel("keyness"), {"target": "gdpr", "reference": "privacy_shield"}),
    "length_by_half_year": (plots.length_by_half_year, panel("length_by_half_year"), {}),
    "paired_change": (plots.paired_change, panel("paired_change"), {}),
    "placebo": (plots.placebo, panel("placebo"), {"label": "Step in log words"}),
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
    "long: both_ways": (plots.both_ways, cross(("feature", LONGS), ("view", ["cross_section", "panel"])), {}),
    "long: claim_survival": (plots.claim_survival, cross(("framework", LONGS), ("days", [0, 400])), {}),
    "long: era_matrix": (plots.era_matrix, cross(("feature", LONGS), SUBS), {}),
    "long: event_study": (plots.event_study, cross(("outcome", [*LONGS, "d"]), ("period", [-2, -1, 0])), {}),
    "long: keyness": (
        plots.keyness,
        WORDS.assign(term=[LONG, LONG]),
        {"target": "gdpr_no_transfer_framework", "reference": "before_safe_harbor"},
    ),
    "long: paired_change": (plots.paired_change, CHANGES.assign(feature=LONGS), {}),
    "long: replication": (plots.replication, REPLICATED.assign(what=LONG), {}),
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
    "long: topic_heatmap": (plots.topic_heatmap, cross(("label", LONGS), ("half_year", HALVES)), {}),
    "long: topic_map": (plots.topic_map, cross(("topic", LONGS)), {"tree": chain(3)}),
    "long: topics_over_time": (plots.topics_over_time, cross(("topic", [*LONGS, "d", "e"]), SUBS), {}),
    "long: transfer_flow": (plots.transfer_flow, NARROW, {"names": {"scc": LONG, "none": LONG}}),
    "long: versions_by_year": (
        plots.versions_by_year,
        cross(("year", ["2013", "2014"]), ("collection", [*LONGS, *"defgh"])),
        {},
    ),
}
DRAWINGS = {**{f"small: {name}": each for name, each in FIGURES.items()}, **REAL}
every_drawing = pytest.mark.parametrize("name", sorted(DRAWINGS))


@pytest.fixture(scope="module")
def drawn():
    figures = {name: draw(frame, **options) for name, (draw, frame, options) in FIGURES.items()}
    for figure in figures.values():
        plots.png(figure)
    return figures


@pytest.fixture(scope="module")
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


def box(text):
    """Left, bottom, right and top of a text in pixels; that of an upright or lying text is exact."""
    assert text.get_rotation() % 90 == 0
    return Text.get_window_extent(text).extents


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVACYLAB_FIGURES", str(tmp_path / "figures"))
    return tmp_path / "figures"


def texts(figure):
    return [each for each in figure.findobj(Text) if each.get_text().strip() and each.get_visible()]


def test_every_figure_of_the_module_is_drawn_here():
    known = {draw.__name__ for draw, _, _ in FIGURES.values()}
    assert known == {
        name for name, value in vars(plots).items() if callable(value) and getattr(value, "__wrapped__", None)
    }


@parametrize
def test_figures_have_the_pages_width(drawn, name):
    assert isinstance(drawn[name], Figure)
    assert drawn[name].get_figwidth() == 6.5


@every_drawing
def test_no_text_is_below_seven_points(written, name):
    assert min(text.get_fontsize() for text in written(name)[1]) >= 7


@every_drawing
def test_no_text_is_cut_off_at_the_figures_edge(written, name):
    figure, found = written(name)
    assert figure.get_figwidth() == 6.5
    width, height = figure.bbox.size
    boxes = [(text.get_text(), *box(text)) for text in found]
    assert [each for each in boxes if min(each[1:3]) < -1 or each[3] > width + 1 or each[4] > height + 1] == []


@every_drawing
def test_no_text_is_printed_over_other_text(written, name):
    boxes = [(text.get_text(), box(text)) for text in written(name)[1]]
    # A pixel of the boxes may be shared: letters do not fill their boxes.
    over = [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes, 2)
        if min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1
    ]
    assert over == []


@pytest.mark.parametrize("name", [name for name in DRAWINGS if "exclusion_flow" in name])
def test_no_text_stands_out_of_its_box(written, name):
    figure, found = written(name)
    frames = [patch.get_window_extent() for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)]
    assert len(frames) == len(found) >= 3
    for text, frame in zip(found, frames, strict=True):
        left, bottom, right, top = box(text)
        assert frame.contains(left, bottom) and frame.contains(right, top), text.get_text()


@every_drawing
def test_every_text_is_in_the_font_that_matplotlib_ships(written, name):
    fonts = Path(mpl.get_data_path(), "fonts", "ttf")
    assert {Path(findfont(text.get_fontproperties())).parent for text in written(name)[1]} == {fonts}


def test_a_font_of_the_system_does_not_take_the_place_of_the_one_that_matplotlib_ships(monkeypatch):
    shipped = next(entry for entry in fontManager.ttflist if entry.name == "DejaVu Sans")
    other = replace(shipped, fname=shipped.fname.replace("DejaVuSans", "DejaVuSerif"))
    monkeypatch.setattr(fontManager, "ttflist", [other, *fontManager.ttflist])
    with style.style():
        # Found fonts are remembered by their size as well: no text of a figure has this one.
        assert Path(findfont(FontProperties(size=7.77))).name == "DejaVuSans.ttf"


@pytest.mark.parametrize(("size", "bold"), [(7.5, False), (8.5, True)])
def test_widths_of_text_are_those_of_the_picture(size, bold):
    with style.style():
        figure, _ = style.figure(1)
        weight = "bold" if bold else "normal"
        text = figure.text(0, 0, "Third Party\nSharing/Collection", fontsize=size, fontweight=weight)
        drawn = text.get_window_extent().width / figure.dpi
    assert style.text_width(text.get_text(), size, bold=bold) == pytest.approx(drawn, rel=0.03)


def test_text_is_wrapped_by_its_width():
    assert style.wrapped("iiii iiii WWWW WWWW", style.text_width("WWWW")) == "iiii iiii\nWWWW\nWWWW"
    assert style.wrapped("a\nn = 40", 3) == "a\nn = 40"


@parametrize
def test_the_same_frame_gives_the_same_bytes_and_stays_as_it_is(drawn, name):
    draw, frame, options = FIGURES[name]
    before = frame.copy()
    assert plots.png(draw(frame, **options)) == plots.png(drawn[name])
    pd.testing.assert_frame_equal(frame, before)


def test_the_global_style_stays_as_it_is(monkeypatch):
    monkeypatch.setitem(mpl.rcParams, "font.size", 13.0)
    before = dict(mpl.rcParams)
    plots.png(plots.placebo(STEPS))
    assert dict(mpl.rcParams) == before


def test_a_style_set_by_the_notebook_has_no_effect(drawn, monkeypatch):
    monkeypatch.setitem(mpl.rcParams, "font.size", 13.0)
    assert plots.png(plots.placebo(STEPS)) == plots.png(drawn["placebo"])


@parametrize
def test_a_frame_that_lacks_a_column_is_refused(name):
    draw, frame, options = FIGURES[name]
    with pytest.raises(ValueError, match="lacks"):
        draw(frame.drop(columns=[column for column in ("low", "n") if column in frame]), **options)


@parametrize
def test_an_empty_frame_is_not_drawn_and_says_why(name):
    draw, frame, options = FIGURES[name]
    assert style.why_empty(draw(frame.iloc[:0], **options)) == "Not drawn: no service to count."
    assert style.why_empty(draw(frame, **options)) is None


def test_too_many_lines_are_refused():
    frame = cross(("half_year", HALVES), ("feature", list("abcdefgh")))
    with pytest.raises(ValueError, match="8 features are too many for one figure"):
        plots.share_by_half_year(frame)


def test_an_era_without_services_is_not_drawn():
    frame = cross(ERAS, FEATURES)
    frame.loc[frame["era"] == "before_safe_harbor", ["n", "value", "low", "high"]] = [0, np.nan, np.nan, np.nan]
    labels = {text.get_text() for text in texts(plots.share_by_era(frame))}
    assert not any(label.startswith("Before Safe Harbor") for label in labels)
    assert "GDPR (n = 40)" in labels


def test_an_era_with_few_services_is_named_but_not_drawn():
    frame = cross(ERAS, FEATURES)
    frame.loc[frame["era"] == "gap", "n"] = 3
    for figure in (plots.share_by_era(frame), plots.era_matrix(frame)):
        assert style.why_empty(figure) is None
        assert any("Not drawn: Between the frameworks (n = 3)" in text.get_text() for text in texts(figure))


def test_a_series_begins_with_services_enough():
    frame = cross(("half_year", HALVES), ("feature", ["claims:gdpr"]))
    frame.loc[frame["half_year"] < "2015-H1", "n"] = 5
    drawn = [plots.share_by_half_year(frame, since=since).axes[0].lines[0].get_xdata() for since in (None, "2013-H1")]
    assert [len(each) for each in drawn] == [18, 22]


def test_uncorrected_shares_are_hollow():
    frame = cross(("era", ["gdpr"]), FEATURES).assign(
        corrected=[0.2, np.nan, 0.4], corrected_low=0.1, corrected_high=0.5
    )
    raw, better = plots.share_by_era(frame, corrected=True).axes
    faces = [[line.get_markerfacecolor() for line in axes.lines if len(line.get_xdata())] for axes in (raw, better)]
    assert "white" not in faces[0]
    assert "white" in faces[1] and style.COLOURS[0] in faces[1]


def test_figures_of_the_real_functions(corpus, policies):
    features, amounts = findings.features(corpus), findings.amounts(corpus)
    plots.share_by_half_year(findings.share_by_half_year(policies, features, columns=["claims:gdpr"]))
    plots.length_by_half_year(findings.length_by_half_year(policies, amounts, resamples=20))
    plots.versions_by_year(findings.versions_by_year(corpus.versions()))
    plots.exclusion_flow(findings.exclusion_flow(corpus.versions()))
    plots.archive_timeline(findings.archive_timeline(corpus.versions()))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("category:Data Retention", "Data Retention"),
        ("claims:dpf", "Data Privacy Framework"),
        ("privacy_shield", "Privacy Shield"),
        ("gap", "Between the frameworks"),
        ("cue:privacy_seal=truste", "Privacy seal: TRUSTe"),
        ("cue:dpo", "Data-protection officer"),
        ("cue:ai=machine_learning", "AI: machine learning"),
        ("cue:retention_period=P1M", "Retention period: 1 month"),
        ("cue:retention_period=PT72H", "Retention period: 72 hours"),
    ],
)
def test_names_as_a_reader_would_write_them(name, expected):
    assert labels.readable(name) == expected


@pytest.mark.parametrize(
    ("wanted", "sizes", "expected"),
    [
        ([1, 5, 9], [1, 1, 1], [1, 5, 9]),
        ([5, 5], [1, 1], [4.5, 5.5]),
        ([0, 0, 0], [1, 1, 1], [0.5, 1.5, 2.5]),
        ([10, 10], [2, 1], [8, 9.5]),
        ([3.0, 2.9, 9.0], [1, 1, 1], [3.45, 2.45, 9.0]),
    ],
)
def test_spread_by_hand(wanted, sizes, expected):
    assert labels.spread(wanted, sizes=sizes, low=0, high=10) == pytest.approx(expected)


def test_event_names_do_not_collide(drawn):
    figure = drawn["share_by_half_year"]
    with style.style():
        figure.draw_without_rendering()
        names = {event.name for event in eras.events()}
        boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text() in names]
    assert len(boxes) >= 5
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_flow_keeps_every_service():
    dates, states = ["2015-10-05", "2016-07-11", "2018-05-24"], ["safe_harbor", "privacy_shield", "none", "not_seen"]
    columns = [flows._column(FLOW, dates, i, states) for i in range(3)]
    assert [sum(column.values()) for column in columns] == [12, 12, 12]


def test_publish_writes_the_picture_and_its_numbers(folder):
    frame = cross(("era", ["gap"]), ("feature", ["claims:gdpr"])).assign(value=1 / 3, n_words=12345.0, low=np.nan)
    assert plots.publish(plots.era_matrix(frame), frame, "era_matrix", alt="A third of services") is None
    assert (folder / "era_matrix.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "era_matrix.csv").read_text() == (
        "era,feature,value,low,high,n,n_words\ngap,claims:gdpr,0.3333,,0.45,40,12345\n"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["era_matrix.csv", "era_matrix.png"]


def test_the_picture_does_not_name_the_software(folder, drawn):
    plots.publish(drawn["placebo"], STEPS, "placebo", alt="Nothing happens on placebo dates")
    assert b"Software" not in (folder / "placebo.png").read_bytes()


def test_dates_in_the_numbers_are_days():
    assert plots.numbers(STEPS[["date", "kind"]]) == "date,kind\n2016-01-01,placebo\n2018-05-25,event\n"


@pytest.mark.parametrize("value", [-0.0, 0.0])
def test_zero_has_no_sign(value):
    assert plots.numbers(pd.DataFrame({"x": [value]})) == "x\n0\n"


def test_publish_shows_the_picture_with_its_alternative_text(folder, drawn, monkeypatch):
    shown = []
    monkeypatch.setattr(publishing, "get_ipython", lambda: object())
    monkeypatch.setattr(publishing, "display", lambda data, **options: shown.append((data, options)))
    plots.publish(drawn["placebo"], STEPS, "placebo", alt="Nothing happens")
    ((picture, options),) = shown
    assert picture["text/plain"] == "Nothing happens"
    assert options == {"metadata": {"image/png": {"alt": "Nothing happens", "name": "placebo"}}, "raw": True}


def test_publish_of_a_figure_that_is_not_drawn_shows_its_reason_and_keeps_no_old_picture(folder, drawn, monkeypatch):
    shown = []
    monkeypatch.setattr(publishing, "get_ipython", lambda: object())
    monkeypatch.setattr(publishing, "display", lambda data, **options: shown.append(data["text/plain"]))
    plots.publish(drawn["placebo"], STEPS, "placebo", alt="Nothing happens")
    plots.publish(plots.placebo(STEPS.iloc[:0]), STEPS.iloc[:0], "placebo", alt="Nothing happens")
    assert shown[1] == "Not drawn: no service to count."
    assert [path.name for path in folder.iterdir()] == ["placebo.csv"]


def test_a_table_is_readable_and_captioned():
    frame = pd.DataFrame({"cross_section": [0.5, None], "era": ["gdpr", "gap"]}, index=["claims:gdpr", "cue:ai"])
    table = plots.table(frame.rename_axis("feature"), "Share & more")
    html = table._repr_html_()
    assert "<caption>Share &amp; more</caption>" in html and "Claims GDPR" in html and "Cross-section" in html
    assert "Between the frameworks" in html and "NaN" not in html
    assert repr(table).startswith("Share & more\n")


def test_publish_outside_a_notebook_prints_nothing(folder, drawn, capsys):
    plots.publish(drawn["placebo"], STEPS, "placebo", alt="Nothing happens")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["", "../up", "a b", "é"])
def test_a_name_that_is_no_file_name_is_refused(folder, drawn, name):
    with pytest.raises(ValueError, match="it becomes a file name"):
        plots.publish(drawn["placebo"], STEPS, name, alt="x")


def test_a_figure_without_alternative_text_is_refused(folder, drawn):
    with pytest.raises(ValueError, match="alt must say in words"):
        plots.publish(drawn["placebo"], STEPS, "placebo", alt=" ")


def test_a_failed_write_leaves_the_old_figure(folder, drawn, monkeypatch):
    plots.publish(drawn["placebo"], STEPS, "placebo", alt="x")
    old = (folder / "placebo.png").read_bytes()

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(publishing.os, "fdopen", full)
    with pytest.raises(OSError, match="no space left"):
        plots.publish(drawn["era_matrix"], STEPS, "placebo", alt="x")
    assert (folder / "placebo.png").read_bytes() == old
    assert sorted(path.name for path in folder.iterdir()) == ["placebo.csv", "placebo.png"]


def test_replicated_sizes_are_multiples_of_the_published_one():
    rows = REPLICATED.assign(value=4.0, low=1.0, high=8.0)
    sizes, flat = plots.replication(rows).axes
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
