"""What the pages make of single cells and outputs; no kernel is started."""

import base64
import io
import json
import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from PIL import Image
from selectolax.lexbor import LexborHTMLParser

from privacylab import paths
from privacylab.plots import publishing
from privacylab.report import figures, pages, site


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# How many?"), *cells])


def markdown(source):
    return nbformat.v4.new_markdown_cell(source)


def printing(text, *tags, source="1"):
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    return nbformat.v4.new_code_cell(source, outputs=outputs, metadata={"tags": list(tags)})


def showing(data, *tags, **metadata):
    outputs = [nbformat.v4.new_output("display_data", data=data, metadata=metadata)]
    return nbformat.v4.new_code_cell("1", outputs=outputs, metadata={"tags": list(tags)})


def article(*cells, **site):
    return LexborHTMLParser(pages.render(notebook(*cells), **site)).css_first("article")


def png(width, height, **settings):
    """A white picture in base64."""
    file = io.BytesIO()
    Image.new("L", (width, height), 255).save(file, "png", **settings)
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("image", "width", "height"),
    [
        (png(975, 540, dpi=(150, 150)), "624", "346"),  # 150 dpi: 6.5 by 3.6 inches
        (png(300, 200), "300", "200"),
        (base64.b64encode(b"GIF").decode(), None, None),
    ],
)
def test_figure_is_as_wide_as_on_paper(image, width, height):
    shown = article(showing({"image/png": image}, **{"image/png": {"alt": "It falls."}})).css_first("img").attributes
    assert (shown.get("width"), shown.get("height")) == (width, height)


DRAWING = """<?xml version="1.0"?><!DOCTYPE svg>
<svg xmlns:xlink="http://www.w3.org/1999/xlink" role="img" viewBox="0 0 9 9">
<title>It falls.</title><metadata>x</metadata><defs><style>*{{stroke-linejoin: round}}</style></defs>
<g id="axes_1"><defs><path id="m1" d="M 0 3"/><path id="space"/></defs><g clip-path="url(#p1)">
<use xlink:href="#m1" x="1" y="2" style="fill: #0072b2"><title>2018-H1: 30%</title></use></g></g>{}
<defs><clipPath id="p1"><rect x="0" y="0" width="9" height="9"/></clipPath></defs></svg>"""


def drawn(folder, *, more=""):
    """The article of two cells that show the figure `fall` of a folder."""
    for kind in ("csv", "pdf", "png", "svg"):
        (folder / f"fall.{kind}").write_text(DRAWING.format(more) if kind == "svg" else "a,b\n")
    about = {"image/png": {"alt": "It falls, too.", "name": "fall"}}
    twice = [showing({"image/png": png(3, 2)}, **about) for _ in range(2)]
    return article(*twice, numbers=sorted(folder.iterdir()))


def test_a_figure_is_drawn_in_the_page_its_marks_tell_their_values_and_it_can_be_taken_away(tmp_path):
    shown = drawn(tmp_path)
    drawing = shown.css_first("figure a.picture svg")
    assert [drawing.attributes[name] for name in ("role", "aria-label", "width")] == ["img", "It falls, too.", "3"]
    assert [node.text() for node in shown.css("figure svg title")] == ["2018-H1: 30%"] * 2
    assert shown.css("img, svg metadata, svg style, svg path:not([d])") == []
    links = [link.attributes["href"] for link in shown.css_first("figure").css("a")]
    assert links == [f"figures/fall.{kind}" for kind in ("svg", "csv", "pdf", "png", "svg")]


def test_drawings_of_one_page_share_no_id_and_each_refers_to_its_own(tmp_path):
    for number, drawing in enumerate(drawn(tmp_path).css("figure svg")):
        ids = [f"figure-{number}-{name}" for name in ("m1", "p1")]
        assert [node.id for node in drawing.css("[id]")] == ids
        assert sorted(re.findall(r"(?:href=.|url\()#([\w-]+)", drawing.html)) == ids


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        (" " * figures.MAX_SVG, "png"),
        ("<script>alert(1)</script>", "svg+xml"),
        ("<g onclick='alert(1)'/>", "svg+xml"),
        ("<use xlink:href='https://example.org/x.svg#a'/>", "svg+xml"),
        ("<path d='M 0 0' style='fill: url(https://example.org/x.png)'/>", "svg+xml"),
        ("<text>x</text>", "svg+xml"),
    ],
)
def test_a_drawing_that_is_large_or_holds_more_than_shapes_is_a_picture(more, kind, tmp_path):
    shown = drawn(tmp_path, more=more)
    assert shown.css("svg") == []
    assert shown.css_first("img").attributes["src"].startswith(f"data:image/{kind};")
    assert "alert" not in shown.html and "example.org" not in shown.html


def test_a_page_of_forty_tables_numbers_them_and_each_may_scroll():
    rows = "".join(f"<td>{n}</td>" for n in range(30))
    cells = [showing({"text/html": f"<table><tbody><tr>{rows}</tr></tbody></table>"}) for _ in range(40)]
    shown = article(markdown("## Shares"), *cells)
    captions = [f"Table {n}: Shares" for n in range(1, 41)]
    assert [caption.text() for caption in shown.css("div.table > table > caption")] == captions
    assert [box.attributes["aria-label"] for box in shown.css("div.table[tabindex='0'][role=group]")] == captions


def test_a_figure_without_data_is_the_sentence_that_says_so():
    shown = article(showing({"text/markdown": "*Not drawn: no service to count.*", "text/plain": "x"}))
    assert shown.css_first(".outputs em").text() == "Not drawn: no service to count."
    assert shown.css("figure, img, svg") == []


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.example", '"><img src=x onerror=alert(1)>', "a" * 300])
def test_a_hostile_service_name_in_a_table_a_title_and_a_list_is_text(name, tmp_path):
    frame = pd.DataFrame({"service": [name], "n_words": [3]})
    (tmp_path / "fall.csv").write_text(frame.to_csv(index=False))
    output = showing({"image/png": png(3, 2)}, **{"image/png": {"alt": f"{name} rose.", "name": "fall"}})
    table = showing({"text/html": publishing.table(frame, f"Of {name}")._repr_html_()})
    shown = article(markdown("## One"), output, table, printing(f"{name} rose."), numbers=[tmp_path / "fall.csv"])
    assert shown.css("script, img[onerror], [onerror]") == []
    texts = [shown.css_first(place).text().strip() for place in ("details.numbers tbody th", "figcaption span")]
    texts += [shown.css_first(".html:not(details) caption").text(), shown.css_first(".printed").text()]
    assert texts == [name, f"{name} rose.", f"Of {name}", f"{name} rose."]


@pytest.mark.parametrize(("n_rows", "n_shown"), [(2, 2), (figures.MAX_NUMBERS + 1, None), (0, None)])
def test_the_numbers_of_a_figure_are_a_table_if_they_are_few(n_rows, n_shown, tmp_path):
    rows = [f"privacy_shield,{i}\n" for i in range(n_rows)]
    (tmp_path / "fall.csv").write_text("".join(["era,n_words\n", *rows]))
    output = showing({"image/png": png(3, 2)}, **{"image/png": {"alt": "It falls.", "name": "fall"}})
    shown = article(output, numbers=[tmp_path / "fall.csv"])
    assert len(shown.css("details.numbers tbody tr")) == (n_shown or 0)
    assert (shown.css_first("details.numbers") is None) == (n_shown is None)
    if n_shown:
        assert [node.text() for node in shown.css("details.numbers thead th")] == ["Era", "Words"]
        assert shown.css_first("details.numbers tbody th").text() == "Privacy Shield"


def test_a_size_in_the_metadata_counts():
    output = showing({"image/png": png(300, 200)}, **{"image/png": {"alt": "It falls.", "width": 150, "height": 100}})
    image = article(output).css_first("img").attributes
    assert (image["width"], image["height"]) == ("150", "100")


def test_figure_without_alt_says_so():
    shown = article(showing({"image/png": png(3, 2)}))
    assert shown.css_first("img").attributes["alt"] == figures.NO_ALT


def test_printed_sentences_are_text_and_escaped():
    shown = article(printing("N = 12 & <b>more</b>\n\nSecond."))
    assert [node.text() for node in shown.css("p.printed")] == ["N = 12 & <b>more</b>", "Second."]


@pytest.mark.parametrize("text", ["era   n\ngap   2", "a\n    indented", "a\tb\tc   d"])
def test_printed_columns_stay_aligned(text):
    shown = article(printing(text)).css_first(".outputs pre")
    assert shown.text() == text
    assert shown.attributes["tabindex"] == "0"


def test_terminal_colours_are_dropped():
    assert article(printing("\x1b[1;31mred\x1b[0m")).css_first("p.printed").text() == "red"


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("cut by +nan points (nan to -nan, n=0)", "cut by – points (– to –, n=0)"),
        ("nan% of 0; it grew nan-fold: p = nan.", "– of 0; it grew –-fold: p = –."),
        ("nan.example and a nanny of Nan", "nan.example and a nanny of Nan"),
    ],
)
def test_a_number_that_cannot_be_had_is_a_dash(printed, shown):
    assert article(printing(printed)).css_first("p.printed").text() == shown
    picture = {"image/png": png(3, 2)}
    assert article(showing(picture, **{"image/png": {"alt": printed}})).css_first("img").attributes["alt"] == shown


HIERARCHY = """<table border="1" class="dataframe"><thead>
<tr style="text-align: right;"><th></th><th></th><th colspan="2" halign="left">gdpr</th></tr>
<tr><th></th><th></th><th>n</th><th>share</th></tr><tr><th>era</th><th>region</th><th></th><th></th></tr></thead>
<tbody><tr><th rowspan="2">gap</th><th>us</th><td>1</td><td>0.1 (0.0–0.2)</td></tr>
<tr><th>eu</th><td>2</td><td>–</td></tr></tbody></table>"""


def test_hierarchical_table_keeps_its_spans_and_merges_the_names():
    table = article(showing({"text/html": HIERARCHY})).css_first("table")
    rows = [
        [(cell.tag, cell.text(), cell.attributes.get("scope")) for cell in row.css("th, td")] for row in table.css("tr")
    ]
    assert rows == [
        [("td", "", None), ("td", "", None), ("th", "gdpr", "colgroup")],
        [("th", "Era", "col"), ("th", "Region", "col"), ("th", "n", "col"), ("th", "Share", "col")],
        [("th", "gap", "rowgroup"), ("th", "us", "row"), ("td", "1", None), ("td", "0.1 (0.0–0.2)", None)],
        [("th", "eu", "row"), ("td", "2", None), ("td", "–", None)],
    ]
    assert [cell.text() for cell in table.css(".number")] == ["n", "Share", "1", "0.1 (0.0–0.2)", "2", "–"]
    assert table.css_first("[colspan]").attributes["colspan"] == "2"
    assert table.css("[style], [border], [halign]") == []


GAP = "Between the frameworks"


@pytest.mark.parametrize(
    ("head", "shown"),
    [
        ([["era", "gap", "us"], ["region", "", ""]], [["Region", GAP, "US"]]),
        ([["", "gap", "us"], ["region", "", ""]], [["Region", GAP, "US"]]),
        ([["era", "gap", "us"], ["", "", ""]], [["Era", GAP, "US"]]),
        # Two levels of columns, of which the second may have no label.
        ([["era", "gap", "us"], ["view", "n", ""]], [["Era", GAP, "US"], ["View", "n", ""]]),
        ([["", "gap", "us"], ["", "", "n"]], [["", GAP, "US"], ["", "", "n"]]),
    ],
)
def test_the_name_of_the_index_takes_the_place_of_that_of_the_columns(head, shown):
    rows = "".join(f"<tr>{''.join(f'<th>{text}</th>' for text in row)}</tr>" for row in head)
    html = f"<table><thead>{rows}</thead><tbody><tr><th>eu</th><td>1</td><td>2</td></tr></tbody></table>"
    table = article(showing({"text/html": html}))
    assert [[cell.text() for cell in row.css("th, td")] for row in table.css("thead tr")] == shown


def test_markdown_table_has_header_cells_and_numbers_right():
    table = article(markdown("| era | n |\n|---|---|\n| gap | 1,200 |")).css_first("table")
    assert [cell.attributes["scope"] for cell in table.css("th")] == ["col", "col"]
    assert [cell.text() for cell in table.css("td.number")] == ["1,200"]


SHOWN = {
    "text/html": "<table><thead><tr><th>reason</th><th>share</th><th>low</th><th>kappa</th></tr></thead><tbody>"
    "<tr><td>near_duplicate</td><td>0.856</td><td>0.5</td><td>0.856</td></tr>"
    "<tr><td>since 2018-05-25 00:00:00</td><td>–</td><td>0</td><td>1.0</td></tr></tbody></table>"
}


def test_a_table_has_names_for_ids_percent_for_shares_and_days_without_times():
    table = article(showing(SHOWN)).css_first("table")
    assert [[cell.text() for cell in row.css("th, td")] for row in table.css("tr")] == [
        ["Reason", "Share", "Low", "Kappa"],
        ["Same text as before, but for details", "86%", "50%", "0.856"],
        ["since 2018-05-25", "–", "0%", "1.0"],
    ]


@pytest.mark.parametrize("cells", [("1.5", "0.2"), ("0.2", "12 of 20")])
def test_a_column_named_share_with_other_numbers_stays_as_it_is(cells):
    rows = "".join(f"<tr><td>{cell}</td></tr>" for cell in cells)
    html = f"<table><thead><tr><th>Share</th></tr></thead><tbody>{rows}</tbody></table>"
    assert [cell.text() for cell in article(showing({"text/html": html})).css("td")] == list(cells)


def test_printed_sentences_and_alternative_texts_have_names_for_ids_and_code_keeps_them():
    told = "safe_harbor rose; a@b_c.example did not."
    picture = showing({"image/png": png(3, 2)}, **{"image/png": {"alt": told}})
    shown = article(printing(told), picture, showing({"text/html": "<p>a <code>safe_harbor</code></p>"}))
    wanted = "Safe Harbor rose; a@b_c.example did not."
    assert (shown.css_first(".printed").text(), shown.css_first("img").attributes["alt"]) == (wanted, wanted)
    assert shown.css_first(".html code").text() == "safe_harbor"


@pytest.fixture(scope="module")
def site_of_notebooks(tmp_path_factory):
    """The committed notebooks as pages."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "figures").mkdir()
    executed = [nbformat.read(path, as_version=4) for path in paths.notebooks()]
    site.write_pages(folder, paths.notebooks(), executed, corpus=paths.checkout() / "corpus" / "panel")
    return folder


RAW = r"[a-z0-9]_[a-z0-9]|\b(Claims Claims|Names Framework)\b|\d 00:00:00|\bnan\b"
NAMES = ["index", "services", "glossary", *(path.stem for path in paths.notebooks())]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_no_raw_names_outside_code(name, site_of_notebooks):
    tree = LexborHTMLParser((site_of_notebooks / f"{name}.html").read_text(encoding="utf-8"))
    tree.strip_tags(["script", "style"])
    alts = [image.attributes["alt"] for image in tree.css("img")]
    for node in tree.css("code, pre, details.code"):
        node.decompose()
    found = re.findall(rf".{{0,30}}(?:{RAW}).{{0,20}}", "\n".join([tree.body.text(separator="\n"), *alts]))
    assert found == []


def test_the_list_of_figures_says_what_they_show_without_their_numbers():
    alts = {"fall": "Shares by era, of all: 3% to 1%. They fall.", "one": "acme.example: 3 words", "gone": "No file."}
    cells = [
        showing({"image/png": png(3, 2)}, **{"image/png": {"alt": alt, "name": name}}) for name, alt in alts.items()
    ]
    captions = figures.captions([notebook(*cells)])
    files = {name: [f"{name}.csv"] for name in ("fall", "one", "own_name")}
    index = LexborHTMLParser(pages.home([], [], files=files, captions=captions))
    shown = [item.text(deep=False).strip() for item in index.css(".figures li")]
    assert shown == ["Shares by era, of all", "One: acme.example", "Own name"]


def test_dates_are_not_broken():
    cells = "<th>2018-05-25</th><td>2018-05-26</td><td>a 2018-05-27</td><td>2018-H1</td><td>2018-05</td><td>2018-9</td>"
    shown = article(showing({"text/html": f"<table><tbody><tr>{cells}</tr></tbody></table>"}))
    assert [cell.text() for cell in shown.css(".date")] == ["2018-05-25", "2018-05-26", "2018-H1", "2018-05"]


def test_an_archive_has_its_name_in_a_table():
    table = "<table><tbody><tr><th>ota-genai</th><td>see ota-genai</td></tr></tbody></table>"
    shown = article(showing({"text/html": table}))
    assert [cell.text() for cell in shown.css("th, td")] == ["Open Terms Archive: generative AI", "see ota-genai"]


def test_tables_are_named_apart():
    table = {"text/html": "<table><tr><td>1</td></tr></table>"}
    shown = article(markdown("## Old"), showing(table), showing(table))
    assert [box.attributes["aria-label"] for box in shown.css(".table")] == ["Table 1: Old", "Table 2: Old"]


def test_a_table_has_a_caption_its_own_if_it_brings_one():
    plain = {"text/html": "<table><tr><td>1</td></tr></table>"}
    named = {"text/html": "<table><caption>Mine &amp; yours</caption><tr><td>1</td></tr></table>"}
    shown = article(markdown("## Old <b>ones</b>"), showing(plain), showing(named))
    assert [caption.text() for caption in shown.css("caption")] == ["Table 1: Old ones", "Mine & yours"]


def test_a_title_with_a_mark_too_many_is_plain():
    assert pages.heading_one(nbformat.v4.new_notebook(cells=[markdown("# # How *many*?")])) == "How many?"


def test_the_index_tells_facts_below_their_notebook_and_four_findings_with_their_figures():
    entries = [pages.Entry("0.html", "Zero", pages.Markup("We count."))]
    facts = [pages.Story(("N = 12.",), pages.Markup(""), "0.html#a", "Zero")]
    findings = [pages.Story(("It fell.",), pages.Markup("<figure></figure>"), f"{n}.html#b", "Two") for n in range(5)]
    tree = LexborHTMLParser(pages.home(entries, [*facts, *findings]))
    assert tree.css_first(".notebooks li .fact").text() == "N = 12. Where this stands in Zero"
    assert len(tree.css(".stories li")) == pages.MAX_STORY_FIGURES


def test_a_figure_taller_than_wide_stays_on_its_page():
    stories = pages.stories(
        notebook(*(showing({"image/png": png(*size)}, "story") for size in [(3, 2), (2, 3)])), href="0.html"
    )
    assert [bool(story.figure) for story in stories] == [True]


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://example.org/x.js"></script>',
        "<script>alert(1)</script>",
        '<link rel="stylesheet" href="https://example.org/x.css">',
        '<iframe src="https://example.org"></iframe>',
        '<style>@import "https://example.org/x.css";</style>',
        '<img src="https://example.org/x.png" alt="">',
        '<a href="javascript:alert(1)">x</a>',
        '<p onclick="alert(1)">x</p>',
        '<a href=" java\tscript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<a href="//example.org/x" ping="https://example.org">x</a>',
        '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a><image href="https://example.org/x.png"/></svg>',
        '<math><maction actiontype="statusline" xlink:href="javascript:alert(1)">x</maction></math>',
        '<p style="background: u\\72l(https://example.org/x.png)">x</p>',
        '<p style="background: image-set(&quot;https://example.org/x.png&quot; 1x)">x</p>',
        '<video poster="https://example.org/x.png"></video>',
        '<form action="https://example.org"><button formaction="javascript:alert(1)">x</button></form>',
        '<template><img src="x" onerror="alert(1)"></template>',
        '<table background="https://example.org/x.png"><tr><td>x</td></tr></table>',
        '<img src="data:text/html,alert(1)" alt="">',
        '<input type="image" src="data:image/png;base64,alert" formaction="https://example.org">',
    ],
)
@pytest.mark.parametrize("cell", [markdown, lambda html: showing({"text/html": html})], ids=["markdown", "output"])
def test_nothing_runs_and_nothing_is_loaded(html, cell):
    shown = article(cell(f"before\n\n{html}\n\nafter")).html
    assert "before" in shown
    assert "after" in shown
    assert "example.org" not in shown
    assert "alert" not in shown


def test_links_to_the_web_stay():
    assert (
        article(markdown("[GDPR](https://example.org/gdpr)")).css_first("a").attributes["href"]
        == "https://example.org/gdpr"
    )


@pytest.mark.parametrize(
    ("href", "wanted"),
    [("1-clauses.ipynb", "1-clauses.html"), ("./1-clauses.ipynb#Old", "1-clauses.html#Old"), ("9-none.ipynb", None)],
)
def test_links_to_notebooks(href, wanted):
    link = article(markdown(f"[x]({href})"), siblings=["1-clauses"]).css_first("a[href]")
    assert (link.attributes["href"] if link else None) == wanted


def test_headings_of_one_text_get_anchors_of_their_own():
    shown = article(markdown("## Old one"), markdown("## Old one"), markdown("### Old one"))
    assert [node.id for node in shown.css("h2, h3")] == ["Old-one", "Old-one-2", "Old-one-3"]


def test_headings_in_outputs_make_no_second_h1():
    shown = article(showing({"text/html": "<h1>Our policy</h1>"}))
    assert [node.text() for node in shown.css("h2")] == ["Our policy"]
    assert shown.css("h1") == []


def test_widget_without_a_static_state_says_where_it_works():
    shown = article(showing({pages.WIDGET: {"model_id": "7"}, "text/plain": "VBox()"}))
    assert "JupyterLab" in shown.css_first(".outputs").text()
    assert "VBox" not in shown.text()


def test_notebook_is_not_changed():
    nb = notebook(showing({pages.WIDGET: {"model_id": "7"}}), printing("1"))
    before = nbformat.writes(nb)
    pages.render(nb)
    assert nbformat.writes(nb) == before


def test_lead_is_the_first_paragraph_its_links_dead():
    nb = notebook(markdown("## Old\n\nOf *all* [services](https://example.org).\n\nMore."))
    assert pages.lead(nb) == "Of <em>all</em> <a>services</a>."


def test_lead_loads_nothing():
    nb = notebook(markdown("Of ![all](https://example.org/x.png) services."))
    assert pages.lead(nb) == "Of all services."


def test_story_without_a_figure_is_its_sentences():
    (story,) = pages.stories(notebook(printing("One.\nTwo.\n", "story"), printing("Three.")), href="0.html")
    assert (story.sentences, story.figure, story.page) == (("One.", "Two."), "", "How many?")


def test_index_shows_four_figures_and_every_sentence():
    figures = [showing({"image/png": png(3, 2)}, "story") for _ in range(5)]
    found = pages.stories(notebook(*figures, printing("Only a sentence.", "story")), href="0.html")
    shown = LexborHTMLParser(pages.home([pages.Entry("0.html", "How many?", pages.Markup("Two."))], found))
    assert len(shown.css(".stories img")) == pages.MAX_STORY_FIGURES
    assert [node.text() for node in shown.css(".fact")] == ["Only a sentence. Where this stands in How many?"]


def head(html):
    """The tree of a page and what its head says of it, by name or property."""
    tree = LexborHTMLParser(html)
    names = [(node.attributes, node.attributes["content"]) for node in tree.css("head meta[content]")]
    return tree, {about.get("property") or about.get("name"): content for about, content in names}


def test_a_page_says_what_it_is_where_it_is_shared():
    nb = nbformat.v4.new_notebook(cells=[markdown('# How *many*?\n\nOf "all" [services](https://example.org) & more.')])
    for html in (
        pages.render(nb),
        pages.home([pages.Entry("0.html", "How many?", pages.lead(nb))], [], intro=pages.lead(nb)),
    ):
        tree, about = head(html)
        assert about["og:description"] == about["description"] == 'Of "all" services & more.'
        assert about["og:title"] == tree.css_first("h1").text()
        assert tree.css("script") == []  # nothing is known of the corpus


HOSTILE = {"@type": "Dataset", "name": "</script><script>alert(1)</script><!--<script>", "keywords": ["'\"&\u2028"]}


def test_what_a_search_engine_is_told_ends_no_script():
    for html in (
        pages.render(notebook(), dataset=HOSTILE),
        pages.home([pages.Entry("0.html", "How many?", pages.Markup("Two."))], [], dataset=HOSTILE),
    ):
        (script,) = LexborHTMLParser(html).css("script")
        assert script.attributes == {"type": "application/ld+json"}
        assert json.loads(script.text()) == HOSTILE
        assert html.count("alert(1)") == 1


@pytest.mark.parametrize("damaged", ["", "[", "[]", "null", "\xff"])
def test_a_corpus_that_does_not_describe_itself_has_pages_all_the_same(damaged, tmp_path):
    (tmp_path / "figures").mkdir()
    (tmp_path / "croissant.json").write_text(damaged, encoding="latin-1")
    site.write_pages(tmp_path, [Path("0.ipynb")], [notebook(printing("1"))], corpus=tmp_path)
    assert "ld+json" not in (tmp_path / "index.html").read_text(encoding="utf-8")


POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("name", sorted(path.name for path in Path(pages.__file__).parent.glob("template/*.j2")))
def test_a_template_is_within_the_shell_whose_policy_allows_no_script(name):
    template = (Path(pages.__file__).parent / "template" / name).read_text(encoding="utf-8")
    if name == "shell.html.j2":
        assert f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">' in template
    else:
        assert "<html" not in template
        assert name in {"figure.html.j2", "index.html.j2"} or "{%- extends 'shell.html.j2' -%}" in template
    assert (
        re.findall(r"<script(?! type=\"application/ld\+json\")|<(?:iframe|object|embed|form)|\bon[a-z]+=", template)
        == []
    )


EVIL = '"><script>alert(1)</script><a href="javascript:alert(1)">$x$</a>'


def test_a_hostile_title_text_and_link_are_text():
    link = pages.Link("a.html", EVIL)
    made = [
        pages.render(notebook(printing(EVIL)), title=EVIL, previous=link, following=link, place=EVIL, corpus=EVIL),
        pages.plain("<p>Rows.</p>", title=EVIL, summary=EVIL, corpus=EVIL),
        pages.home([pages.Entry("a.html", EVIL, pages.Markup("Two."))], [], corpus=EVIL, files={EVIL: [EVIL]}),
        pages.single(EVIL, pages.Markup("{}").format(EVIL), caveat=EVIL),
    ]
    for html in made:
        tree = LexborHTMLParser(html)
        assert tree.css("script, a[href^=javascript]") == []
        assert EVIL in tree.css_first("h1, nav, main").text() + tree.css_first("title").text()


TEXT_COLOURS = ("ink", "soft", "link", "keyword", "string", "number", "name")


def luminance(colour):
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("name", TEXT_COLOURS)
def test_text_has_a_contrast_of_four_and_a_half(name, style):
    css = (Path(pages.__file__).parent / "template" / "report.css").read_text()
    block = css.split("prefers-color-scheme: dark")[0 if style == "light" else 1]
    colours = dict(pair.strip().split(": ") for pair in block.replace("\n", ";").split(";") if pair.strip()[:2] == "--")
    for ground in ("paper", "wash"):
        dark, light = sorted((luminance(colours[f"--{name}"]), luminance(colours[f"--{ground}"])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5
