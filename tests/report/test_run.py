"""A site is built from two small notebooks, with real kernels, and its pages are read as a browser would."""

import json
import os
import re
import signal
import time
from itertools import pairwise
from pathlib import Path

import archives
import nbformat
import psutil
import pytest
from selectolax.lexbor import LexborHTMLParser

from privacylab import build as building
from privacylab import paths, report, tables
from privacylab.findings import TooFewError
from privacylab.report import kernel

FIGURE = """
import os, pathlib
import matplotlib.pyplot as plt
plt.plot([3, 1])
print("It fell from 3 to 1.")
folder = pathlib.Path(os.environ["PRIVACYLAB_FIGURES"])
plt.savefig(folder / "fall.png", dpi=160)
(folder / "fall.csv").write_text("3,1")
plt.close()
from IPython.display import Image
Image(str(folder / "fall.png"), metadata={"alt": 'It "fell" < 2', "name": "fall"})
"""
TABLE = """
import pandas as pd
pd.DataFrame({"n": [10, 2], "where": ["us", "eu"]}, index=pd.Index(["gap", "gdpr"], name="era"))
"""
PLACES = """
import os, sys
print(sys.executable, os.environ["PRIVACYLAB_CORPUS"], os.environ["PRIVACYLAB_FIGURES"], os.environ["TQDM_DISABLE"])
print("careful", file=sys.stderr)
"""


def markdown(source):
    return nbformat.v4.new_markdown_cell(source)


def code(source, *tags):
    return nbformat.v4.new_code_cell(source.strip(), metadata={"tags": list(tags)} if tags else {})


def save(path, *cells):
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    return path


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("workplace")
    (folder / "panel").mkdir()
    return folder


@pytest.fixture(scope="module")
def notebooks(workplace):
    first = save(
        workplace / "0-corpus.ipynb",
        markdown(
            "# What *is* in it?\n\nTwo eras, see [the clauses](1-clauses.ipynb#How-many?) and [a plan](../plan.md)."
        ),
        markdown("## How did it fall?"),
        code(FIGURE, "story"),
        code("hidden_code = 1\nprint('Its code is hidden.')", "remove-input"),
        code("secret_check = 1", "remove-cell"),
        code(PLACES),
    )
    second = save(
        workplace / "1-clauses.ipynb", markdown("# Which <b>clauses</b>?"), markdown("## How many?"), code(TABLE)
    )
    return [first, second]


@pytest.fixture(scope="module")
def progress():
    return []


@pytest.fixture(scope="module")
def site(workplace, notebooks, progress):
    def note(*step):
        progress.append(step)

    before = [path.read_bytes() for path in notebooks]
    index = report.build(notebooks, corpus=workplace / "panel", out=workplace / "site", progress=note)
    assert [path.read_bytes() for path in notebooks] == before, "a tracked notebook was changed"
    return index.parent


PAGES = ["index.html", "0-corpus.html", "1-clauses.html", "glossary.html"]


@pytest.fixture(params=PAGES)
def page(site, request):
    return LexborHTMLParser((site / request.param).read_text(encoding="utf-8"))


@pytest.fixture
def first(site):
    return LexborHTMLParser((site / "0-corpus.html").read_text(encoding="utf-8"))


@pytest.fixture
def second(site):
    return LexborHTMLParser((site / "1-clauses.html").read_text(encoding="utf-8"))


@pytest.fixture
def index(site):
    return LexborHTMLParser((site / "index.html").read_text(encoding="utf-8"))


def test_site_holds_a_page_a_notebook_and_the_figures(site):
    files = sorted(str(path.relative_to(site)) for path in site.rglob("*") if path.is_file())
    pages = ["0-corpus.html", "1-clauses.html", "figures/fall.csv", "figures/fall.png", "glossary.html", "index.html"]
    assert (site / report.FILES).read_text().split() == [*pages, report.FILES]
    assert files == sorted([*pages, report.FILES])


def test_nothing_but_the_site_is_left_beside_it(site, notebooks):
    assert {path.name for path in site.parent.iterdir()} == {"panel", "site", "0-corpus.ipynb", "1-clauses.ipynb"}


def test_page_loads_nothing(page):
    assert page.css("script, iframe, object, embed") == []
    assert [node.attributes["src"][:5] for node in page.css("[src]") if node.attributes["src"][:5] != "data:"] == []
    assert [node.attributes["href"] for node in page.css("link") if node.attributes["href"] != "data:,"] == []
    assert not re.search(r"@import|url\(", "".join(style.text() for style in page.css("style")))


def test_page_links_hold(page, site):
    for link in page.css("a[href]"):
        file, _, anchor = link.attributes["href"].partition("#")
        target = LexborHTMLParser((site / file).read_text(encoding="utf-8")) if file.endswith(".html") else page
        assert not file or (site / file).is_file()
        assert not anchor or target.css_first(f'[id="{anchor.replace("%3F", "?")}"]') is not None


def test_page_has_one_h1_and_skips_no_level(page):
    levels = [int(node.tag[1]) for node in page.css("h1, h2, h3, h4, h5, h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_page_has_landmarks_a_language_and_a_way_past_the_header(page):
    assert page.css_first("html").attributes["lang"] == "en"
    assert [len(page.css(name)) for name in ("body > header", "main", "body > footer")] == [1, 1, 1]
    assert page.css_first("a").attributes["href"] == "#main"
    assert page.css_first("main").id == "main"


def test_page_ids_are_unique(page):
    ids = [node.id for node in page.css("[id]")]
    assert len(ids) == len(set(ids))


def test_page_tells_no_path_of_this_machine(page, workplace):
    text = re.sub(r"base64,[^\"]*", "", page.html)
    assert str(workplace) not in text
    assert str(paths.PACKAGE.parent) not in text
    assert str(Path.home()) + "/" not in text


def test_notebook_runs_on_the_corpus_and_sees_where_figures_go(first):
    assert re.search(r"python\S* panel figures 1$", "\n".join(node.text() for node in first.css(".printed")), re.M)


def test_warnings_are_not_published(first):
    assert not any("careful" in node.text() for node in first.css(".outputs"))


def test_figure_has_alt_text_size_and_numbers(first):
    (figure,) = first.css("figure")
    image = figure.css_first("img").attributes
    assert image["alt"] == 'It "fell" < 2'
    assert (image["width"], image["height"]) == ("614", "461")  # 6.4 by 4.8 inches, at 96 CSS pixels an inch
    assert [link.attributes["href"] for link in figure.css("figcaption a")] == ["figures/fall.csv", "figures/fall.png"]


def test_table_has_header_cells_in_one_row(second):
    table = second.css_first("table")
    assert [(cell.text(), cell.attributes["scope"]) for cell in table.css("thead th")] == [
        ("Era", "col"),
        ("n", "col"),
        ("Where", "col"),
    ]
    assert [(cell.text(), cell.attributes["scope"]) for cell in table.css("tbody th")] == [
        ("gap", "row"),
        ("gdpr", "row"),
    ]
    assert [cell.text() for cell in table.css("td.number")] == ["10", "2"]


def test_table_scrolls_in_its_box_and_the_keyboard_reaches_it(second):
    box = second.css_first("table").parent
    assert box.attributes == {
        "class": "table",
        "role": "group",
        "tabindex": "0",
        "aria-label": "Table 1: How many?",
    }


def test_code_is_folded(first):
    folded = [node.text() for node in first.css("details.code")]
    assert len(folded) == 2
    assert "plt.plot" in folded[0]
    assert all("open" not in node.attributes for node in first.css("details"))


@pytest.mark.parametrize(("text", "shown"), [("Its code is hidden.", True), ("hidden_code", False), ("secret", False)])
def test_tags_hide_code_and_cells(first, text, shown):
    assert (text in first.html) == shown


def test_contents_list_the_headings(first):
    links = first.css("nav[aria-label=Contents] a")
    assert [(link.attributes["href"], link.text()) for link in links] == [("#How-did-it-fall%3F", "How did it fall?")]


def test_links_between_notebooks_lead_to_pages_and_others_are_text(first):
    links = [link.attributes["href"] for link in first.css("article a[href]")]
    assert links[:1] == ["1-clauses.html#How-many?"]
    assert "a plan" in first.css_first("article p").text()
    assert not any("plan" in link for link in links)


@pytest.mark.parametrize(("name", "links"), [("first", ["1-clauses.html"]), ("second", ["0-corpus.html"])])
def test_pages_lead_to_the_previous_and_the_next(name, links, request):
    tree = request.getfixturevalue(name)
    assert [[link.attributes["href"] for link in pager.css("a")] for pager in tree.css("nav.pager")] == [links, links]


def test_titles_are_plain_text(first, second):
    assert [tree.css_first("h1").text() for tree in (first, second)] == ["What is in it?", "Which clauses?"]


def test_index_tells_the_story(index):
    (story,) = index.css(".stories li")
    assert story.css_first("p").text() == "It fell from 3 to 1."
    assert story.css_first("img").attributes["alt"] == 'It "fell" < 2'
    assert story.css_first(".picture").attributes["href"] == "figures/fall.png"
    assert story.css_first(".more").text() == "What is in it?"


def test_index_lists_notebooks_and_numbers(index):
    assert [link.attributes["href"] for link in index.css(".notebooks a")] == PAGES[1:]
    assert [link.attributes["href"] for link in index.css(".figures a")] == ["figures/fall.csv", "figures/fall.png"]
    assert index.css_first(".intro").text().strip() == "Two eras, see the clauses and a plan."


def test_progress_counts_all_code_cells(site, progress):
    assert progress[0] == (0, 5, "0-corpus.ipynb")
    assert progress[-1] == (5, 5, "1-clauses.ipynb")


@pytest.fixture
def broken(tmp_path):
    cells = [markdown("# Broken"), code("1"), code("print('on the way')\nraise KeyError('era')")]
    return save(tmp_path / "2-broken.ipynb", *cells)


def test_failing_cell_is_named_and_the_old_report_stays(broken, tmp_path, workplace):
    out = tmp_path / "site"
    out.mkdir()
    old = '<meta name="generator" content="PrivacyLab 0.0.1">'
    (out / "index.html").write_text(old)
    with pytest.raises(report.ReportError, match=r"2-broken\.ipynb, cell 3 \(print.*KeyError: 'era'") as caught:
        report.build([broken], corpus=workplace / "panel", out=out)
    assert (caught.value.notebook, caught.value.cell) == ("2-broken.ipynb", 3)
    assert [(path.name, path.read_text()) for path in out.iterdir()] == [("index.html", old)]
    assert {path.name for path in tmp_path.iterdir()} == {"site", "2-broken.ipynb"}


def test_a_run_that_goes_on_says_what_is_not_shown(tmp_path, workplace):
    cells = [
        markdown("# Few"),
        code("raise ValueError('<i> no era has 20 services')"),
        code("missing"),
        code("print(2)"),
    ]
    few = save(tmp_path / "1-few.ipynb", *cells)
    failed = []
    index = report.build([few], corpus=workplace / "panel", out=tmp_path / "site", failed=failed.append)
    assert [(error.notebook, error.cell) for error in failed] == [("1-few.ipynb", 2)]
    article = LexborHTMLParser((index.parent / "1-few.html").read_text(encoding="utf-8")).css_first("article")
    notes = [node.text() for node in article.css(".note")]
    assert notes == [
        "Not shown for this corpus: <i> no era has 20 services (ValueError)",
        "Not shown for this corpus: it needs what could not be shown above.",
    ]
    assert article.css_first(".printed").text() == "2"


ENDINGS = {
    "dead": ([code("print(1)"), code("import os\nos._exit(137)"), code("print(2)")], 3, "died"),
    "slow": ([code("print(1)"), code("import time\ntime.sleep(60)"), code("print(2)")], 3, "4 s"),
    "broken": (None, None, "broken.ipynb is not a notebook"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_run_goes_on_after_a_notebook_that_ended(ending, tmp_path, workplace, monkeypatch):
    cells, place, reason = ENDINGS[ending]
    ended = tmp_path / f"1-{ending}.ipynb"
    if cells:
        cells[-1].outputs = [nbformat.v4.new_output("stream", text="of an earlier run")]
        save(ended, markdown("# Ended"), *cells)
    else:
        ended.write_text("<<<<<<< HEAD\n{}")
    last = save(tmp_path / "2-last.ipynb", markdown("# Last"), code("print(3)"))
    failed = []
    monkeypatch.setattr(kernel, "TIMEOUT", 4)
    options = {"corpus": workplace / "panel", "failed": failed.append}
    site = report.build([ended, last], out=tmp_path / "site", **options).parent
    assert [(error.notebook, error.cell) for error in failed] == [(ended.name, place)]
    assert reason in str(failed[0])
    articles = [
        LexborHTMLParser((site / f"{path.stem}.html").read_text(encoding="utf-8")).css_first("article")
        for path in (ended, last)
    ]
    notes = [node.text() for node in articles[0].css(".note")]
    assert reason in notes[0]
    assert len(notes) == (2 if cells else 1)
    assert [node.text() for node in articles[0].css(".printed")] == (["1"] if cells else [])
    assert [node.text() for node in articles[1].css(".printed")] == ["3"]


def test_what_a_cell_prints_is_one_text_however_long_as_a_terminal_shows_it(tmp_path, workplace):
    bar = "for i in range(3):\n    print(i, end='\\r', flush=True)\nprint('done')"
    cells = [code("print('x' * 3_000_000)\nimport sys\nprint('y', file=sys.stderr)\nprint('z')"), code(bar)]
    long = save(tmp_path / "1-long.ipynb", markdown("# Long"), *cells)
    begun = time.monotonic()
    nb = report.run(long, corpus=workplace / "panel", figures=tmp_path / "figures")
    assert time.monotonic() - begun < 20
    printed = [[output.text for output in cell.outputs if output.name == "stdout"] for cell in nb.cells[1:]]
    assert printed == [["x" * 3_000_000 + "\nz\n"], ["done\n"]]


def test_too_few_data_are_told_in_a_sentence_and_fail_nothing(tmp_path, workplace):
    too_few = "from privacylab.findings import TooFewError\nraise TooFewError('3 services: too few.')\nn = 1"
    few = save(tmp_path / "1-few.ipynb", markdown("# Few"), code(too_few), code("print(n)"), code("print(2)"))
    index = report.build([few], corpus=workplace / "panel", out=tmp_path / "site")
    article = LexborHTMLParser((index.parent / "1-few.html").read_text(encoding="utf-8")).css_first("article")
    assert [node.text() for node in article.css(".note")] == [
        "Not shown for this corpus: 3 services: too few.",
        "Not shown for this corpus: it needs what could not be shown above.",
    ]
    assert article.css_first(".printed").text() == "2"


def test_a_name_that_nothing_made_is_still_a_failure(tmp_path, workplace):
    odd = save(tmp_path / "1-odd.ipynb", markdown("# Odd"), code("missing"))
    with pytest.raises(report.ReportError, match=r"cell 2 \(missing\): NameError"):
        report.run(odd, corpus=workplace / "panel", figures=tmp_path / "figures")


def history(*days, services=1, shop="our shop"):
    """Files of a folder: policies of some services on some days, each of another wording than the one before."""
    more = (archives.SHIELD, archives.GDPR, archives.PARROT, archives.LETTERS)
    return {
        f"s{n}.example/s{n}-{day}.md": archives.policy(*more[: i + 1]).replace("our shop", f"{shop} {n}")
        for n in range(services)
        for i, day in enumerate(days)
    }


SMALL = {
    "none kept": {"a.example/a-2019-01-02.md": archives.NO_POLICY, "b.example/b-2019-01-02.md": ""},
    "one": history("2019-03-20"),
    "one without a date": {"s.example/s.md": archives.policy()},
    "three, without eras": {
        **history("2021-03-04"),
        **{f"t.example/t-{day}.md": archives.policy(archives.PARROT) for day in ("2020-03-04", "2022-03-04")},
    },
    "within a half-year": history("2020-02-03", "2020-05-06", services=3),
    "of one day": history("2022-03-04", services=25),
    "templated": history("2016-01-15", "2017-11-20", "2019-06-30", "2024-03-10", services=8),
    "samples": paths.samples(),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The corpora of `SMALL`."""
    folder = tmp_path_factory.mktemp("small")
    for name, files in SMALL.items():
        source = files if isinstance(files, Path) else archives.write(folder / f"of {name}", files)
        building.corpus([source], folder / name, workers=1, every="all" if name == "samples" else "half-year")
    return folder


def failures(notebook):
    """Runs a notebook's code in this process; what fails but for a `TooFewError` and names that such a cell lacks."""
    names = {"display": lambda *_, **__: None}
    failed, is_short = [], False
    for cell in nbformat.read(notebook, as_version=4).cells:
        try:
            if cell.cell_type == "code":
                exec(compile(cell.source, notebook.name, "exec"), names)
        except TooFewError as error:
            is_short = True
            assert len(str(error).splitlines()) == 1
        except Exception as error:
            if not (is_short and isinstance(error, NameError)):
                failed.append(f"{cell.source.splitlines()[0]}: {error!r}")
    return failed


@pytest.mark.parametrize("size", SMALL)
def test_the_first_page_of_a_small_corpus_leaves_out_what_it_cannot_tell(size, small, notebooks, tmp_path):
    (tmp_path / "figures").mkdir()
    cells = [nbformat.read(path, as_version=4) for path in notebooks]
    report.write_pages(tmp_path, notebooks, cells, corpus=small / size)
    index = LexborHTMLParser((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert index.css(".told") == []
    assert not re.search(r"\bnan\b|NaT|None\b(?! named)", index.css_first("main").text())
    listed = LexborHTMLParser((tmp_path / "services.html").read_text(encoding="utf-8")).css(".services li")
    assert len(listed) == tables.Corpus.open(small / size).policies()["service"].nunique()


@pytest.mark.parametrize("size", SMALL)
@pytest.mark.parametrize("path", paths.notebooks(), ids=lambda path: path.stem)
def test_a_notebook_runs_on_a_small_corpus(path, size, small, tmp_path, monkeypatch):
    monkeypatch.setenv("PRIVACYLAB_CORPUS", str(small / size))
    monkeypatch.setenv("PRIVACYLAB_FIGURES", str(tmp_path / "figures"))
    (tmp_path / "figures").mkdir()
    assert failures(path) == []


def test_a_corpus_without_a_policy_has_a_report_that_says_why(small, tmp_path):
    index = report.build(paths.notebooks()[:1], corpus=small / "none kept", out=tmp_path / "site")
    page = LexborHTMLParser((index.parent / "0-corpus.html").read_text(encoding="utf-8")).css_first("article").text()
    assert "0 policies of 0 services" in page
    assert all(reason in page for reason in ("empty", "Other document"))


def test_refresh_leaves_a_failing_notebook_as_it_is(broken, workplace, tmp_path):
    before = broken.read_bytes()
    with pytest.raises(report.ReportError, match="cell 3"):
        report.refresh(broken, corpus=workplace / "panel", figures=tmp_path / "figures")
    assert broken.read_bytes() == before


def test_cell_that_takes_too_long_is_named(tmp_path, workplace, monkeypatch):
    monkeypatch.setattr(kernel, "TIMEOUT", 1)
    slow = save(tmp_path / "slow.ipynb", markdown("# Slow"), code("import time; time.sleep(60)"))
    with pytest.raises(report.ReportError, match=r"slow\.ipynb, cell 2 .*\b1 s"):
        report.run(slow, corpus=workplace / "panel", figures=tmp_path / "figures")


def test_ctrl_c_ends_a_run_and_the_old_report_stays(tmp_path, workplace):
    source = "import os, signal, time; os.kill(os.getppid(), signal.SIGINT); time.sleep(60)"
    notebook = save(tmp_path / "slow.ipynb", markdown("# Slow"), code(source))
    with pytest.raises(KeyboardInterrupt):
        report.build([notebook], corpus=workplace / "panel", out=tmp_path / "site", failed=pytest.fail)
    assert [path.name for path in tmp_path.iterdir()] == ["slow.ipynb"]


def test_ctrl_c_while_the_kernel_starts_leaves_none(tmp_path, workplace, monkeypatch):
    notebook = save(tmp_path / "slow.ipynb", markdown("# Slow"), code("1"))
    started = kernel._Client.async_start_new_kernel_client

    async def interrupted(client):
        os.kill(os.getpid(), signal.SIGINT)
        return await started(client)

    monkeypatch.setattr(kernel._Client, "async_start_new_kernel_client", interrupted)
    with pytest.raises(KeyboardInterrupt):
        report.run(notebook, corpus=workplace / "panel", figures=tmp_path / "figures")
    assert psutil.Process().children() == []


def test_older_report_is_replaced(site, notebooks, workplace, tmp_path):
    out = tmp_path / "site"
    out.mkdir()
    for name in ("index.html", "old.html"):
        (out / name).write_text('<meta name="generator" content="PrivacyLab 0.0.1">')
    (out / report.FILES).write_text(f"index.html\nold.html\n{report.FILES}\n")
    report.build(notebooks[1:], corpus=workplace / "panel", out=out)
    assert sorted(path.name for path in out.iterdir()) == [
        "1-clauses.html",
        report.FILES,
        "glossary.html",
        "index.html",
    ]


def test_folder_that_is_no_report_is_not_replaced(notebooks, workplace, tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(report.ReportError, match="is not a report: choose another folder"):
        report.build(notebooks, corpus=workplace / "panel", out=tmp_path)
    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("name", ["notes.txt", "mine.html", "figures/mine.csv", "figures/mine/1.png", "data/1.csv"])
def test_a_report_that_holds_something_else_is_not_replaced(name, notebooks, workplace, tmp_path):
    out = tmp_path / "site"
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("mine")
    (out / "index.html").write_text('<meta name="generator" content="PrivacyLab 0.0.1">')
    (out / report.FILES).write_text(f"index.html\n{report.FILES}\n")
    with pytest.raises(report.ReportError, match="which would be lost"):
        report.build(notebooks, corpus=workplace / "panel", out=out)
    assert (out / name).read_text() == "mine"


def test_a_report_of_an_older_version_is_replaced(notebooks, workplace, tmp_path):
    out = tmp_path / "site"
    (out / "figures").mkdir(parents=True)
    (out / "index.html").write_text('<meta name="generator" content="PrivacyLab 0.0.1">')
    (out / "figures" / "old.png").write_text("")
    report.build(notebooks[1:], corpus=workplace / "panel", out=out)
    assert (out / report.FILES).is_file()


def test_what_somebody_lays_into_the_report_meanwhile_is_not_lost(workplace, tmp_path):
    out = tmp_path / "site"
    lays = (
        f"import pathlib\nplace = pathlib.Path({str(out)!r})\nplace.mkdir()\n(place / 'notes.txt').write_text('mine')"
    )
    notebook = save(tmp_path / "1-lays.ipynb", markdown("# Lays"), code(lays))
    with pytest.raises(report.ReportError, match="is not a report"):
        report.build([notebook], corpus=workplace / "panel", out=out)
    assert (out / "notes.txt").read_text() == "mine"


def test_missing_corpus_is_named(notebooks, tmp_path):
    with pytest.raises(report.ReportError, match=r"no corpus in .*nowhere"):
        report.build(notebooks, corpus=tmp_path / "nowhere", out=tmp_path / "site")


def test_file_that_is_no_notebook_is_named(workplace, tmp_path):
    (tmp_path / "3-bad.ipynb").write_text("{")
    with pytest.raises(report.ReportError, match=r"3-bad\.ipynb is not a notebook"):
        report.build([tmp_path / "3-bad.ipynb"], corpus=workplace / "panel", out=tmp_path / "site")


@pytest.mark.parametrize(("names", "message"), [([], "no notebooks"), (["a/x.ipynb", "b/x.ipynb"], "share a name")])
def test_notebooks_must_be_some_and_distinct(names, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        report.build(map(Path, names), corpus=tmp_path, out=tmp_path / "site")


def test_unwritable_place_is_named(notebooks, workplace, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(report.ReportError, match="cannot write the report"):
        report.build(notebooks, corpus=workplace / "panel", out=tmp_path / "file" / "site")


def test_refresh_writes_outputs_and_nothing_that_varies(workplace, tmp_path):
    path = save(tmp_path / "4-fresh.ipynb", markdown("# Fresh"), code("print(1 + 1)", "story"), code("{1: 2}"))
    source = json.loads(path.read_text())
    source["metadata"] = {"kernelspec": {"name": "mine", "display_name": "Mine"}, "language_info": {"name": "python"}}
    source["cells"][1]["metadata"]["execution"] = {"iopub.execute_input": "2020-01-01T00:00:00Z"}
    path.write_text(json.dumps(source))
    options = {"corpus": workplace / "panel", "figures": tmp_path / "figures"}
    assert report.refresh(path, **options)
    fresh = json.loads(path.read_text())
    assert [cell["id"] for cell in fresh["cells"]] == [cell["id"] for cell in source["cells"]]
    assert [cell.get("execution_count") for cell in fresh["cells"]] == [None, 1, 2]
    assert fresh["cells"][1]["outputs"][0]["text"] == ["2\n"]
    assert fresh["cells"][1]["metadata"] == {"tags": ["story"]}
    assert fresh["metadata"]["kernelspec"]["name"] == "python3"
    assert "version" not in fresh["metadata"]["language_info"]
    assert not report.refresh(path, **options), "a second run changed the file"
