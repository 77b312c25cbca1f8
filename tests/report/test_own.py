"""The report on a corpus of one's own."""

import archives
import nbformat
import pytest
from selectolax.lexbor import LexborHTMLParser

from privacylab import build, paths, report, sources, tables
from privacylab.build import annotate
from privacylab.report import own
from privacylab.tables import Corpus


def notebook(*cells):
    """A notebook of markdown cells, each a text and its tags."""
    made = [nbformat.v4.new_markdown_cell(text, metadata={"tags": tags}) for text, *tags in cells]
    return nbformat.v4.new_notebook(cells=made)


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """Two services, one of a strange name, three policies; one page is none."""
    folder = tmp_path_factory.mktemp("own")
    files = {
        "boats/2019-01-02.md": archives.policy(archives.GDPR),
        "boats/2021-01-02.md": archives.policy("We <b>sell</b> boats."),
        "a&b/2019-03-04.md": archives.policy(archives.SHIELD),
        "kites/2019-03-04.md": archives.NO_POLICY,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(annotate, "_model", archives.tiny_model)
        return build.corpus([archives.write(folder / "of mine", files)], folder / "mine", workers=1)


def test_each_page_of_a_sample_says_that_it_is_one(mine, tmp_path):
    sample = mine.sample(1).save(tmp_path / "some")
    (tmp_path / "site" / "figures").mkdir(parents=True)
    nb = notebook(("# What?\n\nIt holds policies.",))
    report.write_pages(tmp_path / "site", [tmp_path / "0-what.ipynb"], [nb], corpus=sample.path)
    pages = [page.read_text(encoding="utf-8") for page in (tmp_path / "site").glob("*.html")]
    assert len(pages) > 1
    assert all("some, a sample of 1 of 3 owners" in page for page in pages)


def site(corpus, folder):
    """Writes the pages of a corpus with one notebook; gives a function that opens one."""
    (folder / "figures").mkdir()
    nb = notebook(("# What?\n\nIt holds policies.",))
    report.write_pages(folder, [folder / "0-what.ipynb"], [nb], corpus=corpus.path)
    return lambda name: LexborHTMLParser((folder / name).read_text(encoding="utf-8")).css_first("main")


def test_a_corpus_of_all_archives_is_the_panel(mine):
    assert own.is_panel(Corpus.open(paths.checkout() / "corpus" / "panel"))
    assert not own.is_panel(mine)
    some = dict.fromkeys(list(sources.ARCHIVES)[1:])
    assert not own.is_panel(Corpus(mine.path, {**mine.manifest, "sources": some}))
    sample = {"sources": dict.fromkeys(sources.ARCHIVES), "sample": {"owners": 9, "of": 99, "seed": 0}}
    assert not own.is_panel(Corpus(mine.path, {**mine.manifest, **sample}))


NOTEBOOKS = [
    ("0", notebook(("# All",), ("The panel's", "panel"), ("Of many", "twenty-services"), ("Of any", "story"))),
    ("1", notebook(("# Panel", "panel"), ("Of any",))),
    ("2", notebook(("# Many", "twenty-services"), ("The panel's", "panel"))),
]


@pytest.mark.parametrize(
    ("which", "shown"),
    [
        ("panel", {"0": ["# All", "The panel's", "Of many", "Of any"], "1": ["# Panel", "Of any"]}),
        ("mine", {"0": ["# All", "Of any"]}),
        ("many", {"0": ["# All", "Of many", "Of any"], "2": ["# Many"]}),
    ],
)
def test_cells_are_chosen_by_what_the_corpus_is(which, shown, mine, monkeypatch):
    corpus = None if which == "panel" else mine
    if which == "many":
        monkeypatch.setattr(own, "n_services", lambda corpus: own.FEW)
    copies = [(name, nbformat.from_dict(nb)) for name, nb in NOTEBOOKS]
    chosen = {name: [cell.source for cell in nb.cells] for name, nb in own.chosen(copies, corpus)}
    assert chosen == (shown if which != "panel" else {**shown, "2": ["# Many", "The panel's"]})


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ("It rose from 12% (5% to 20%, n = 40) to 30% (20% to 40%, n = 41).", True),
        ("1 of 8 services has none; 5 of 120 do; 0 of 1 service is gone.", True),
        ("It is found in 100% of 1 service.", False),
        ("It was at not known (n = 0) in 2013.", False),
        ("It is 100% (21% to 100%, n = 1) now.", False),
        ("Median – words.", False),
        ("It rose by nan points.", False),
        ("Half were gone not reached days later.", False),
    ],
)
def test_a_sentence_with_a_hole_is_not_shown(line, stays):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(metadata={"tags": ["story"]})])
    nb.cells[0].outputs = [
        nbformat.v4.new_output("stream", text=f"{line}\n"),
        nbformat.v4.new_output("display_data", {"image/png": ""}, metadata={"image/png": {"alt": line, "name": "gap"}}),
    ]
    own.without_holes(nb)
    printed, figure = nb.cells[0].outputs
    assert (printed.text == f"{line}\n") == stays
    assert ("cannot be had" in printed.text) != stays
    assert (figure.metadata["image/png"]["alt"] == line) == stays
    assert ("story" in nb.cells[0].metadata["tags"]) == stays


def test_an_empty_table_is_a_sentence_and_a_share_of_one_is_none():
    full = "<table><caption>Full</caption><tbody><tr><td>100% of 1</td><td>50% of 20</td></tr></tbody></table>"
    empty = "<table>\n<caption>Empty</caption>\n<thead><tr><th>n</th></tr></thead>\n<tbody>\n</tbody>\n</table>"
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell()])
    nb.cells[0].outputs = [nbformat.v4.new_output("display_data", {"text/html": full + empty})]
    own.without_holes(nb)
    assert nb.cells[0].outputs[0].data["text/html"] == full.replace("100% of 1", "–") + "<p>Empty: none.</p>"


def test_the_first_page_is_about_the_corpus(mine, tmp_path):
    page = site(mine, tmp_path)("index.html")
    assert page.css_first("h1").text() == "The policies of mine"
    told = page.css_first(".intro").text()
    assert told.startswith("3 policies of 2 services, 2019-01-02 to 2021-01-02.")
    assert "need 20 services" in told
    assert page.css_first(".reading") is None, "there is no share to read"


def test_each_policy_has_a_page_that_the_services_lead_to(mine, tmp_path):
    opened = site(mine, tmp_path)
    rows = opened("services.html").css(".services li")
    links = {row.css_first("strong").text(): [link.attributes["href"] for link in row.css("a")] for row in rows}
    assert {name: len(each) for name, each in links.items()} == {"a-b": 1, "boats": 2}
    first, second = (opened(href) for href in links["boats"])
    assert first.css_first("h1").text() == "boats, 2019-01-02"
    assert "date 2019-01-02 (in the corpus), era GDPR" in first.text()
    assert any("General Data Protection Regulation" in mark.text() for mark in first.css("mark"))
    assert "We sell boats." in " ".join(second.text().split())
    assert set((tmp_path / name).name for name in links["a-b"]) == {"policy-1.html"}


def test_what_was_left_out_is_told(mine, tmp_path):
    page = site(mine, tmp_path)("services.html")
    assert "4 versions came in, 3 policies stayed." in page.text()
    (row,) = page.css("tbody tr")
    assert "kites/2019-03-04.md" in row.text()


@pytest.mark.parametrize(("most", "text", "why"), [(2, True, "there are 3"), (500, False, "holds no text")])
def test_where_policies_have_no_pages_the_list_says_so(most, text, why, mine, tmp_path, monkeypatch):
    monkeypatch.setattr(own, "MAX_PAGES", most)
    monkeypatch.setattr(tables.Corpus, "has_text", lambda self: text)
    page = site(mine, tmp_path)("services.html")
    assert why in page.text()
    assert page.css(".services a") == []
    assert not list(tmp_path.glob("policy-*"))
