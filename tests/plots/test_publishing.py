import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from privacylab import plots
from privacylab.plots import publishing

STEPS = pd.DataFrame({"date": pd.to_datetime(["2016-01-01", "2018-05-25"]), "kind": ["placebo", "event"]}).assign(
    value=0.3, low=0.2, high=0.45, n=40
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVACYLAB_FIGURES", str(tmp_path / "figures"))
    return tmp_path / "figures"


def test_publish_writes_the_picture_and_its_numbers(folder, cross):
    frame = cross(("era", ["gap"]), ("feature", ["claims:gdpr"])).assign(value=1 / 3, n_words=12345.0, low=np.nan)
    assert plots.publish(plots.era_matrix(frame), frame, "era_matrix", alt="A third of services") is None
    assert (folder / "era_matrix.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "era_matrix.csv").read_text() == (
        "era,feature,value,low,high,n,n_words\ngap,claims:gdpr,0.3333,,0.45,40,12345\n"
    )
    assert {path.name for path in folder.iterdir()} == {f"era_matrix.{kind}" for kind in ("csv", "pdf", "png", "svg")}


def test_who_reads_a_notebook_changes_no_figure_that_is_there(folder, drawn, monkeypatch):
    plots.publish(drawn["placebo"], STEPS, "placebo", alt="Nothing happens")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.delenv("PRIVACYLAB_FIGURES")
    monkeypatch.setattr(publishing.paths, "figures", lambda: folder)
    plots.publish(drawn["placebo"], STEPS.assign(value=0.5), "placebo", alt="Something happens")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    plots.publish(drawn["placebo"], STEPS, "fresh", alt="Nothing happens")
    assert (folder / "fresh.svg").exists()


def test_the_picture_does_not_name_the_software(folder, drawn):
    plots.publish(drawn["placebo"], STEPS, "placebo", alt="Nothing happens on placebo dates")
    for kind in ("png", "pdf"):
        told = (folder / f"placebo.{kind}").read_bytes()
        assert [word for word in (b"Software", b"atplotlib", b"/CreationDate") if word in told] == []


def test_the_drawing_is_an_image_whose_title_is_the_finding_and_the_same_twice(folder, drawn):
    drawings, prints = [], []
    for _ in range(2):
        plots.publish(drawn["placebo"], STEPS, "placebo", alt="Nothing < happens")
        drawings.append((folder / "placebo.svg").read_text())
        prints.append((folder / "placebo.pdf").read_bytes())
    assert drawings[0] == drawings[1] and prints[0] == prints[1]
    assert '<svg role="img"' in drawings[0] and "<title>Nothing &lt; happens</title>" in drawings[0]
    assert "<dc:date>" not in drawings[0]


SERIES = pd.DataFrame(
    {"feature": "claims:gdpr", "half_year": ["2018-H1", "2018-H2", "2019-H1", "2019-H2"], "n": [40, 41, 0, 12]}
).assign(value=[0.3, 0.35, np.nan, 0.5], low=[0.2, 0.25, np.nan, 0.3], high=[0.4, 0.45, np.nan, 0.7])


def titles(figure):
    """What the marks of a figure's drawing tell to who points at them."""
    plots.png(figure)
    drawing = publishing.svg(figure, title="It rose")
    assert b'<g id="[' not in drawing and b"<g id='[" not in drawing
    return re.findall(r"<(?:use|path) [^>]*><title>([^<]*)</title></(?:use|path)>", drawing.decode())


def test_each_mark_of_a_line_tells_its_value_and_a_half_year_without_one_has_no_mark():
    assert titles(plots.share_by_half_year(SERIES)) == [
        "Says it is under GDPR, 2018-H1: 30% (20% to 40%), n = 40",
        "Says it is under GDPR, 2018-H2: 35% (25% to 45%), n = 41",
        "Says it is under GDPR, 2019-H2: 50% (30% to 70%), n = 12",
        *("2018-H1: n = 40", "2018-H2: n = 41", "2019-H2: n = 12"),
    ]


def test_each_bar_tells_its_number():
    rows = pd.DataFrame({"collection": ["ota", "ota", "tosback2"], "half_year": ["2018-H1", "2018-H2", "2018-H1"]})
    assert titles(plots.archive_timeline(rows.assign(n=[3, 0, 5]))) == [
        "Open Terms Archive, 2018-H1: n = 3",
        "ToSBack2, 2018-H1: n = 5",
    ]


def test_marks_of_published_shares_tell_no_number_of_services_that_nobody_published():
    rows = SERIES[SERIES["n"] > 0].assign(source="published").astype({"n": float})
    rows["n"] = np.nan
    assert titles(plots.beside_published(rows))[0] == "Says it is under GDPR, 2018-H1: 30% (20% to 40%)"


def test_marks_of_a_change_tell_both_shares_and_the_difference_in_points(drawn):
    told = titles(drawn["paired_change"])
    assert {text.rpartition(": ")[2] for text in told} == {
        "20% to 50%, n = 40",
        "+30.0 points (+20.0 to +45.0), n = 40",
    }


def test_a_claims_curve_tells_its_value_month_by_month_by_marks_that_nobody_sees():
    rows = pd.DataFrame({"framework": "safe_harbor", "days": [0, 5, 30, 60], "n": 40, "at_risk": [40, 39, 38, 30]})
    rows = rows.assign(value=[1, 0.99, 0.9, 0.8], low=[1, 0.9, 0.8, 0.7], high=[1, 1, 1, 0.9])
    told = ["Safe Harbor, after 0 days: 100%, n = 40", "Safe Harbor, after 30 days: 90% (80% to 100%), n = 40"]
    figure = plots.claim_survival(rows)
    assert titles(figure) == [
        *told,
        "Safe Harbor, after 60 days: 80% (70% to 90%), n = 40",
    ]
    drawing = ET.fromstring(publishing.svg(figure, title="x"))
    marks = [node for node in drawing.iterfind(".//{*}use") if node.find("{*}title") is not None]
    assert [re.search(r"opacity: 0(?![.])", mark.attrib["style"]) is not None for mark in marks] == [True] * 3


def test_a_curve_of_outcomes_tells_which(drawn):
    assert titles(drawn["claim_outcomes"])[-1] == "Standard clauses, after 0 days: 30% (20% to 45%), n = 40"


def test_each_shaded_cell_tells_its_share_and_an_empty_one_that_it_has_none(cross):
    frame = cross(("era", ["gap", "gdpr"]), ("feature", ["claims:gdpr", "cue:ai"])).drop(index=3)
    figure = plots.era_matrix(frame)
    assert titles(figure) == [
        "Says it is under GDPR, Between the frameworks: 30% (20% to 45%), n = 40",
        "Says it is under GDPR, GDPR: 30% (20% to 45%), n = 40",
        "AI, Between the frameworks: 30% (20% to 45%), n = 40",
        "AI: no number",
    ]
    texts = re.findall(r'<g [^>]*id="text_[^>]*>', publishing.svg(figure, title="x").decode())
    assert texts and all("pointer-events: none" in text for text in texts)


def test_each_cell_of_topics_and_categories_tells_its_share_of_segments(drawn):
    assert titles(drawn["topic_categories"])[:2] == [
        "1, Data Security: 30% of 40 segments",
        "1, Policy Change: 30% of 40 segments",
    ]


def test_each_flow_tells_from_where_to_where_and_each_bar_how_many(drawn):
    told = titles(drawn["transfer_flow"])
    assert "Safe Harbor, 2015-10-05, to None named, 2016-07-11: 3 services" in told
    assert "None named, 2015-10-05, to None named, 2016-07-11: 9 services" in told
    assert {"Safe Harbor, 2015-10-05: 3 services", "None named, 2016-07-11: 12 services"} <= set(told)


def test_each_estimate_tells_the_published_value_and_ours_also_where_it_is_an_arrow():
    rows = pd.DataFrame({"short": ["Words", "Far"], "direction": "up", "unit": "ratio", "published": 2.0, "n": 40})
    rows = rows.assign(sign="agrees", margin=np.nan, value=[1.5, 90.0], low=[1.2, 50.0], high=[1.9, 120.0])
    assert sorted(titles(plots.replication(rows))) == [
        "Far: published ×2.00; here ×90.00 (×50.00 to ×120.00), n = 40",
        "Words: published ×2.00; here ×1.50 (×1.20 to ×1.90), n = 40",
    ]


def test_each_point_of_the_reliability_tells_both_shares(drawn):
    assert titles(drawn["reliability"])[1] == "Given 60%: 50% are there, n = 40"


def test_a_hostile_name_in_a_mark_is_text():
    name = """'"]'></g><script>alert(1)</script>"""
    frame = SERIES.iloc[:2].assign(feature=name)
    plots.png(figure := plots.share_by_half_year(frame))
    drawing = ET.fromstring(publishing.svg(figure, title=name))
    assert [node for node in drawing.iter() if node.tag.endswith("script")] == []
    assert [node.text.partition(", 2018")[0] for node in drawing.iterfind(".//{*}use/{*}title")] == [name, name]


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
    about = {"alt": "Nothing happens", "name": "placebo", "width": 624, "height": 150}
    assert options == {"metadata": {"image/png": about}, "raw": True}


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
    assert "<caption>Share &amp; more</caption>" in html and "Says it is under GDPR" in html and "Cross-section" in html
    assert "Between the frameworks" in html and "NaN" not in html
    assert repr(table).startswith("Share & more\n")


def test_cells_of_a_table_say_what_they_head_and_numbers_stand_right():
    frame = pd.DataFrame(
        {"value": [0.5, None], "era": ["gdpr", "gap"], "date": ["2018-05-25", "-"]}, index=["a", "b 1"]
    )
    html = plots.table(frame, "x")._repr_html_()
    assert html.count('scope="col"') == 3 and html.count('scope="row"') == 2
    assert '<td class="number">0.5</td>' in html and "<td>GDPR</td>" in html and "<th></th>" not in html


def test_chances_have_three_decimals_or_are_below_them():
    frame = pd.DataFrame({"q": [3.7e-20, 0.0352, float("nan")], "value": [0.1, 0.2, 0.3]}, index=["C1", "C2", "C3"])
    text = repr(plots.table(frame, "Changes"))
    assert [word in text for word in ("< 0.001", "0.035", "e-20")] == [True, True, False]


def test_a_table_of_days_has_one_row_of_heads_and_no_hours():
    days = pd.to_datetime(["2018-05-25", None])
    frame = pd.DataFrame({"claims": ["", "gdpr"], "first_seen": days}, index=pd.Index(days, name="date"))
    table = plots.table(frame, "x")
    for text in (table._repr_html_(), repr(table)):
        assert text.count("2018-05-25") == 2 and "00:00" not in text and "NaT" not in text
        assert text.count("Claims") == 1
    head, _ = table._repr_html_().split("<tbody>")
    assert head.count("<tr") == 1 and head.index("Date") < head.index("Claims")


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

    def full(path, data):
        path.touch()
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="no space left"):
        plots.publish(drawn["era_matrix"], STEPS, "placebo", alt="x")
    assert (folder / "placebo.png").read_bytes() == old
    assert {path.name for path in folder.iterdir()} == {f"placebo.{kind}" for kind in ("csv", "pdf", "png", "svg")}
