"""What the first page says of a corpus, on hand-made changes and on the panel; and how the site links it."""

import datetime as dt
import re
from itertools import pairwise

import nbformat
import pandas as pd
import pytest
from selectolax.lexbor import LexborHTMLParser

from privacylab import eras, paths, report, tables
from privacylab.report import front, pages

SURE = {"value": 0.2, "low": 0.1, "high": 0.3, "best": 0.3, "best_low": 0.1, "best_high": 0.5, "p": 0.001}


@pytest.mark.parametrize(
    ("other", "planned", "certainty"),
    [
        ({}, True, "planned, and holds"),
        ({}, False, "holds when corrected"),
        ({"p": 0.004}, True, "holds when corrected"),  # by chance once in 250, but 14 were asked
        ({"best_low": -0.1}, True, "as the program found it"),
        ({"best_low": -0.5, "best_high": -0.1}, True, "as the program found it"),
        (dict.fromkeys(["best", "best_low", "best_high"], float("nan")), True, "as the program found it"),
        ({"low": -0.1}, True, "may be chance"),
        (
            {"value": -0.2, "low": -0.3, "high": -0.1, "best_low": -0.5, "best_high": -0.1},
            False,
            "holds when corrected",
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
    bars = front.timeline(None).groups["Eras, by which policies are compared"]
    assert [(bar.name, bar.when) for bar in bars][-2] == (own.name, "2017-05-25 to 2018-05-25")
    sentences = [finding.sentence for finding in front.told(panel)]
    assert len(sentences) == 4
    assert [sentence for sentence in sentences if "two years before the GDPR" in sentence] == []


def test_numbers_of_the_sentences_are_those_beneath(told):
    for finding in told[:4]:
        before, after = (int(number) for number in re.findall(r"\b(\d{1,2})\b", finding.sentence)[:2])
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
    timeline = front.timeline(None)
    bars = next(iter(timeline.groups.values()))
    assert [bar.name for bar in bars] == [era.name for era in eras.eras()]
    assert bars[0].left == 0
    assert all(bar.left + bar.width == pytest.approx(then.left, abs=0.011) for bar, then in pairwise(bars))
    assert bars[-1].left + bars[-1].width == pytest.approx(100, abs=0.011)
    place = dict(timeline.years)
    start = next(era.start for era in eras.eras() if era.id == "gdpr")
    assert place[2015] < bars[-1].left < place[2020]
    assert start < dt.date(2020, 1, 1)


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
    links = [link.attributes["href"] for link in index.css(".told .more")]
    assert links == ["3-eras.html#cell-law-4", "3-eras.html#cell-law-4", "3-eras.html"]  # no notebook 1, no cell c20b
    for link in index.css(".told .sure"):
        assert index.css_first(f"dt[id='{link.attributes['href'][1:]}']").text().lower() == link.text()


def test_the_index_has_the_timeline_services_and_glossary(site):
    index = tree(site, "index.html")
    names = [node.text() for node in index.css(".timeline .name")]
    assert names[: len(eras.eras())] == [era.name for era in eras.eras()]
    assert names[-1] == "Policies read"
    assert "1,383 websites and apps" in index.css_first(".intro").text()
    links = {link.attributes["href"] for link in index.css(".notebooks a")}
    assert {pages.SERVICES, pages.GLOSSARY} <= links
    glossary = tree(site, pages.GLOSSARY)
    assert "near duplicate" in glossary.css_first("article").text()
    assert {"Right of access", "Data Retention", "Safe Harbor"} <= {node.text() for node in glossary.css("tbody th")}
    assert tree(site, pages.SERVICES).css_first("tbody th").text() == "123greetings.com"


@pytest.mark.parametrize("name", ["index.html", "3-eras.html", pages.SERVICES, pages.GLOSSARY])
def test_every_footer_cites_the_corpus_by_its_digits(name, site, panel):
    assert panel.manifest["sha256"]["policies"][:16] in tree(site, name).css_first("footer .cite").text()
