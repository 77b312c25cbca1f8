"""What the first page says of a corpus, on hand-made changes and on the panel; and how the site links it."""

import datetime as dt
import re
from itertools import pairwise

import nbformat
import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser

from privacylab import eras, paths, report, tables
from privacylab.report import front, pages, timeline

SURE = {"value": 0.2, "low": 0.1, "high": 0.3, "best": 0.3, "best_low": 0.1, "best_high": 0.5, "p": 0.001}


@pytest.mark.parametrize(
    ("other", "planned", "certainty"),
    [
        ({}, True, "very sure"),
        ({}, False, "fairly sure"),
        ({"p": 0.004}, True, "fairly sure"),  # by chance once in 250, but 14 were asked
        ({"best_low": -0.1}, True, "less sure"),
        ({"best_low": -0.5, "best_high": -0.1}, True, "less sure"),
        (dict.fromkeys(["best", "best_low", "best_high"], float("nan")), True, "less sure"),
        ({"low": -0.1}, True, "may be chance"),
        (
            {"value": -0.2, "low": -0.3, "high": -0.1, "best_low": -0.5, "best_high": -0.1},
            False,
            "fairly sure",
        ),
    ],
)
def test_how_sure_a_change_is(other, planned, certainty):
    assert front._certainty(pd.Series(SURE | other), planned=planned) == certainty
    assert certainty in front.CERTAINTY


def test_the_plan_names_so_many_tests():
    """C4 has three clauses, C6 and C7 two spans each."""
    rows = re.findall(r"^\| C\d+ \|", (paths.checkout() / "docs" / "plan.md").read_text(encoding="utf-8"), re.M)
    assert len(rows) + 2 + 1 + 1 == front.PLANNED


@pytest.fixture(scope="module")
def panel():
    return tables.Corpus.open(paths.checkout() / "corpus" / "panel")


@pytest.fixture(scope="module")
def told(panel):
    return front.told(panel)


def test_five_findings_are_told_of_the_panel_each_with_its_interval(told):
    assert len(told) == 5
    for finding in told:
        assert re.match(r"Of 100 ", finding.sentence)
        assert re.search(r"\(95% interval \S+ to \S+\)", finding.number), finding.number
        assert finding.certainty in front.CERTAINTY
    assert {finding.certainty for finding in told} == set(front.CERTAINTY) - {"may be chance"}


def test_an_era_of_ones_own_has_its_place_and_no_sentence_goes_across_it(panel, monkeypatch):
    known = eras.eras()
    own = eras.Era("run_up", "Last year before the GDPR", dt.date(2017, 5, 25))
    monkeypatch.setattr(eras, "eras", lambda: (*known[:-1], own, known[-1]))
    bars = timeline.timeline(None).eras
    assert [(bar.name, bar.when, bar.about) for bar in bars][-2] == (own.name, "2017 to 2018", "")
    sentences = [finding.sentence for finding in front.told(panel)]
    assert len(sentences) == 4
    assert [sentence for sentence in sentences if "two years before the GDPR" in sentence] == []


def sentence_of(finding):
    return finding.sentence.replace(" none ", " 0 ")


def test_numbers_of_the_sentences_are_those_beneath(told):
    for finding in told[:4]:
        before, after = (int(number) for number in re.findall(r"\b\d{1,2}\b", sentence_of(finding))[:2])
        shares = [float(number) for number in re.findall(r"([\d.]+)%", finding.number)[:2]]
        assert shares == pytest.approx([before, after], abs=0.55)
        points = float(re.search(r"([+-][\d.]+) points", finding.number)[1])
        assert points == pytest.approx(shares[1] - shares[0], abs=0.11)


def test_every_finding_leads_to_a_cell_of_a_notebook(told):
    cells = {
        f"{path.stem}.html#cell-{cell.id}"
        for path in paths.notebooks()
        for cell in nbformat.read(path, as_version=4).cells
    }
    assert {finding.cell for finding in told} <= cells


def test_services_are_listed_with_their_policies(panel):
    rows, policies = front.services(panel), panel.policies()
    assert rows.index.is_monotonic_increasing
    assert rows["Policies"].sum() == len(policies)
    assert set(rows.index) == set(policies["service"])


def test_eras_part_the_axis_of_time():
    shown = timeline.timeline(None)
    assert [bar.name for bar in shown.eras] == [era.name for era in eras.eras()]
    assert [bar.n for bar in shown.eras] == [None] * len(eras.eras())
    assert shown.eras[0].left == 0
    assert all(bar.left + bar.width == pytest.approx(then.left, abs=0.011) for bar, then in pairwise(shown.eras))
    assert shown.eras[-1].left + shown.eras[-1].width == pytest.approx(100, abs=0.011)
    place = dict(shown.years)
    assert place[2015] < shown.eras[-1].left < place[2020]


def test_each_policy_is_counted_in_its_era(panel):
    policies = panel.policies()
    bars = timeline.timeline(panel).eras
    assert sum(bar.n for bar in bars) == policies["date"].notna().sum()
    assert {bar.name: bar.n for bar in bars}["GDPR"] == (policies["date"] >= "2018-05-25").sum()


def test_names_of_legal_dates_do_not_collide():
    marks = timeline.timeline(None).marks
    assert [mark.name for mark in marks] == [event.name for event in eras.events()]
    for mark, then in [(a, b) for i, a in enumerate(marks) for b in marks[i + 1 :] if a.row == b.row]:
        assert mark.left + 0.7 * len(f"{mark.year} {mark.name}") < then.left


def test_each_era_law_and_judgment_says_what_it_is():
    shown = timeline.timeline(None)
    told = {part.name: part.about for part in (*shown.eras, *shown.laws)}
    assert {"Safe Harbor", "GDPR", "COPPA", "CCPA", "Schrems II", "Data Privacy Framework"} <= set(told)
    assert [name for name, about in told.items() if not about] == []
    assert len(told) == len(shown.eras) + len(shown.laws)


def test_in_short_are_the_data_the_findings_and_how_sure(panel, told):
    short = dict(front.in_short(panel, told))
    assert list(short) == ["The data", "What changed", "How sure"]
    assert short["The data"].startswith(
        "11,417 privacy policies of 1,383 websites and apps (here: services), from 1999 "
    )
    assert "in 4 of 4 comparisons; most of all how to opt out of the sale" in short["What changed"]
    assert "sale of data (39 more of 100)." in short["What changed"]
    assert short["What changed"].endswith("that claimed Safe Harbor when it ended, 80 still did a year later.")
    assert "Of the 5 findings below: 2 very sure (●●●), 2 fairly sure (●●○), 1 less sure (●○○)." in short["How sure"]


def test_without_findings_only_the_data_are_told(panel):
    assert [head for head, _ in front.in_short(panel, [])] == ["The data"]


@pytest.fixture(scope="module")
def site(panel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "figures").mkdir()
    first = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Three\n\nOf the panel.")])
    first.cells.append(nbformat.v4.new_code_cell("1", id="law-4"))
    report.write_pages(folder, [folder / "3-eras.ipynb"], [first], corpus=panel.path)
    return folder


def tree(site, name):
    return LexborHTMLParser((site / name).read_text(encoding="utf-8"))


def test_the_index_links_findings_to_cells_that_are_there(site, told):
    index = tree(site, "index.html")
    assert [node.css_first("p").text() for node in index.css(".told li")] == [finding.sentence for finding in told]
    links = [link.attributes["href"] for link in index.css(".told .evidence")]
    assert links == ["3-eras.html#cell-law-4", "3-eras.html#cell-law-4", "3-eras.html"]  # no notebook 1, no cell c20b
    for mark, finding in zip(index.css(".told .sure"), told, strict=True):
        sure = front.CERTAINTY[finding.certainty]
        assert mark.css_first("p").text() == f"{sure.dots} {finding.certainty.capitalize()}: {sure.why}"
        assert mark.attributes["title"] == sure.meaning
        link = mark.css_first("p a")
        assert sure.meaning == index.css_first(f"dt[id='{link.attributes['href'][1:]}'] + dd").text()


def test_the_index_has_the_timeline_services_and_glossary(site):
    index = tree(site, "index.html")
    assert [node.text() for node in index.css(".eras strong")] == [era.name for era in eras.eras()]
    assert re.search(r"· [\d,]+ policies$", index.css(".eras .when")[-1].text())
    assert "1,383 websites and apps" in index.css_first(".short").text()
    links = {link.attributes["href"] for link in index.css(".notebooks a")}
    assert {pages.SERVICES, pages.GLOSSARY} <= links
    glossary = tree(site, pages.GLOSSARY)
    assert "near duplicate" in glossary.css_first("article").text()
    assert {"Right of access", "Data Retention", "Safe Harbor"} <= {node.text() for node in glossary.css("tbody th")}


def test_all_services_are_listed_by_their_letter(site, panel):
    page = tree(site, pages.SERVICES)
    assert len(page.css(".services li")) == panel.policies()["service"].nunique()
    letters = [link.attributes["href"] for link in page.css(".contents a")]
    assert letters[:3] == ["#0-9-and-others", "#A", "#B"] and letters[-1] == "#Z"
    first = page.css_first("[id='A'] + ul strong").text()
    assert first == min(name for name in panel.policies()["service"] if name[:1] == "a")
    assert re.fullmatch(r"US · Entertainment · \d+ policies, 2012 to 20\d\d", page.css_first(".services span").text())


def test_a_notebook_has_the_number_of_its_file_everywhere(site):
    assert tree(site, "3-eras.html").css_first(".place").text() == "Notebook 3"
    index = tree(site, "index.html")
    assert index.css_first(".notebooks li > span").text() == "Notebook 3"
    assert index.css_first(".evidence").text() == "Evidence in notebook 3: Three"


@pytest.mark.parametrize("name", ["index.html", "3-eras.html", pages.SERVICES, pages.GLOSSARY])
def test_the_bar_of_every_page_leads_to_what_is_there(name, site):
    links = {link.text(): link.attributes["href"] for link in tree(site, name).css("header nav a")}
    assert list(links) == ["Findings", "Services", "Notebooks", "Glossary", "Cite"]
    for href in links.values():
        page, _, anchor = href.partition("#")
        assert not anchor or tree(site, page or name).css_first(f"[id='{anchor}']") is not None
        assert (site / (page or name)).is_file()


@pytest.mark.parametrize("name", ["index.html", "3-eras.html", pages.SERVICES, pages.GLOSSARY])
def test_every_footer_cites_the_corpus_by_its_digits(name, site, panel):
    assert panel.manifest["sha256"]["policies"][:16] in tree(site, name).css_first("footer .cite").text()
