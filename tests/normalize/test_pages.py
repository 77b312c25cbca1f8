"""`normalize.html` and `normalize.regions`: the text of a whole page, whatever it stands in and among."""

import html
import json
import re
import textwrap

import pytest

from privacylab import normalize

TITLE = "<h1>Otterholm Boats Privacy Policy</h1>"
DATE = "<p>Last updated: 3 May 2018</p>"
SECTIONS = {
    "What we collect": "When you rent a boat we collect your name and your address, to know who is on the lake.",
    "Cookies": "We use cookies to keep your booking open, and you can delete them in the settings of your browser.",
    "Sharing": "We share personal information with the harbour office and with nobody else, and we never sell any.",
    "How long": "We keep the information about a booking for three years, because the law on taxes asks for it.",
    "Your rights": "You may ask us for a copy of your personal data, and we correct it or delete it if you ask us to.",
    "Contact": "Our data protection officer answers letters at privacy@otterholm.example within a week.",
}
HEADINGS = ["Otterholm Boats Privacy Policy", *SECTIONS]
WORDS = [word for title, text in SECTIONS.items() for word in f"{title} {text}".split()]
TOP = TITLE + DATE
BODY = "".join(f"<h2>{title}</h2><p>{text}</p>" for title, text in SECTIONS.items())
POLICY = TOP + BODY
MENU = "<nav><ul>" + "".join(f"<li><a href='/{i}'>Boats, page {i}</a></li>" for i in range(20)) + "</ul></nav>"
FOOT = (
    "<footer><a href='/about'>About us</a><p>Otterholm Boats is a company registered under number 0123 in the town of "
    "Otterholm, which opens every day.</p></footer>"
)
ASKS = "<p>We value your privacy. Our 612 partners keep information for 13 months. You may carry your data away.</p>"
BUTTONS = "<button>Accept all</button><button>Reject</button>"
LINES = "\n\n".join(["Otterholm Boats Privacy Policy", *(line for pair in SECTIONS.items() for line in pair)])


def page(body, head="", attributes=""):
    return f"<!DOCTYPE html><html><head>{head}</head><body{attributes}>{body}</body></html>"


def each(form):
    return "".join(form.format(title=title, text=text) for title, text in SECTIONS.items())


def read(text, media_type=None):
    return normalize.blocks(text.encode(), media_type=media_type)


def headings(text, media_type=None):
    return [block.text for block in read(text, media_type) if block.kind == "heading"]


def words(text, media_type=None):
    return "\n".join(block.text for block in read(text, media_type)).split()


def assert_whole(text, foreign=("Boats,", "registered", "partners", "carry")):
    found = words(text)
    assert [word for word in WORDS if word not in found] == []
    assert [word for word in foreign if word in found] == []
    assert headings(text) == HEADINGS


@pytest.mark.parametrize(
    "name",
    ["has-cookie-bar", "no-cookie-banner", "cookie-notice-hidden", "CookieConsentGiven", "gdpr_popup", "onetrust-on"],
)
def test_a_wrapper_whose_class_speaks_of_a_banner_is_content(name):
    assert_whole(page(f"<div class='{name}'>{MENU}<div class='cookie-bar'>{ASKS}{BUTTONS}</div>{POLICY}{FOOT}</div>"))


@pytest.mark.parametrize("name", ["cookie-notice", "gdpr-notice", "consent-law", "cookie-banner"])
def test_a_section_of_the_policy_named_as_a_banner_is_content(name):
    assert_whole(
        page(
            TOP
            + BODY.replace("<h2>Cookies", f"<section id='{name}'><h2>Cookies").replace(
                "<h2>Sharing", "</section><h2>Sharing"
            )
        )
    )


@pytest.mark.parametrize("tag", ["aside", "nav", "footer", "form", "dialog", "noscript", "template", "map", "iframe"])
def test_furniture_that_holds_the_policy_is_content(tag):
    assert_whole(page(f"{MENU}<{tag}>{POLICY}</{tag}>{FOOT}"))


@pytest.mark.parametrize("tag", ["aside", "nav", "form"])
def test_sections_that_stand_each_in_furniture_are_content(tag):
    assert_whole(page(MENU + TOP + each(f"<{tag}><h2>{{title}}</h2><p>{{text}}</p></{tag}>") + FOOT))


@pytest.mark.parametrize("role", ["dialog", "banner", "contentinfo", "navigation", "search"])
def test_a_role_does_not_cut_what_holds_the_policy(role):
    assert_whole(page(f"<div role={role}>{POLICY}</div>"))


def test_shadow_roots_are_read_as_browsers_show_them():
    inner = f"<x-in><template shadowrootmode=closed>{BODY}</template></x-in><template>Not shown at all</template>"
    assert_whole(page(f"<x-page><template shadowrootmode=open>{TOP}{inner}</template></x-page>"), foreign=["shown"])


def test_the_feet_of_an_article_are_the_articles():
    *_, last = SECTIONS
    body = POLICY.replace(f"<h2>{last}", f"<footer><h2>{last}") + "</footer>"
    assert_whole(page(f"{MENU}<article>{body}</article>{FOOT}"))


@pytest.mark.parametrize("where", ["<footer>{}</footer>", "<div role=contentinfo>{}<p>1999 Otterholm</p></div>"])
def test_a_date_that_only_the_foot_of_the_page_has_is_kept(where):
    assert "2018" in words(page(f"{TITLE}<main>{BODY}</main>" + where.format(DATE)))


@pytest.mark.parametrize(
    "hero", ["<div class=hero>{}</div>", "<header role=banner>{}</header>", "<section>{}</section>"]
)
@pytest.mark.parametrize("main", ["<main>{}</main>", "<div role=main>{}</div>", "<article>{}</article>"])
def test_title_and_date_above_the_main_text_are_kept(hero, main):
    text = page(MENU + hero.format(TOP) + main.format(BODY) + FOOT)
    assert_whole(text)
    assert "2018" in words(text)


def test_an_article_of_the_policy_may_have_none_of_its_words():
    silent = "<article><h2>Lakes</h2><p>Our skippers chose ten lakes for every visitor to the town.</p></article>"
    articles = each("<article><h2>{title}</h2><p>{text}</p></article>")
    assert "skippers" in words(page(f"{MENU}<article>{TOP}</article>{silent}{articles}{FOOT}"))


def test_a_policy_in_several_articles_is_read_whole_and_teasers_are_not():
    told = "Our skippers chose the ten lakes that every visitor to the town should see."
    teaser = f"<article><h3>Lakes</h3><p>{told}</p></article>"
    articles = each("<article><h2>{title}</h2><p>{text}</p></article>")
    assert_whole(page(f"{MENU}{TOP}{articles}{teaser}{FOOT}"), foreign=["skippers", "registered"])


@pytest.mark.parametrize(
    "banner",
    [
        "id=CybotCookiebotDialog", "id=onetrust-consent-sdk", "class=osano-cm-window", "id=qc-cmp2-container",
        "class=cookies-banner", "class=cookieBannerWrapper", "class='cookie-banner__inner'",
        "data-testid=cookie-banner",
        "role=region aria-label='Cookie consent'", "class=css-1x2y3z", "id=truste-consent-track",
    ],
)  # fmt: skip
@pytest.mark.parametrize("tag", ["div", "aside", "section"])
def test_a_consent_banner_is_cut_by_its_name_or_by_what_it_asks(banner, tag):
    text = f"<{tag} {banner}><h2>We value your privacy</h2>{ASKS}<a href='#'>Accept cookies</a></{tag}>"
    assert_whole(page(text + MENU + POLICY + FOOT))
    assert_whole(page(f"<main>{POLICY}</main>{FOOT}{text}"))


def test_a_long_centre_of_preferences_does_not_outweigh_the_policy():
    kinds = (
        "<h3>Kind</h3><p>These cookies gather information about visits and share personal data with partners.</p>" * 30
    )
    centre = f"<div role=dialog><h2>Privacy Preference Center</h2>{kinds}<button>Confirm my choices</button></div>"
    assert_whole(page(f"<main>{POLICY}</main>{centre}"), foreign=["partners"])


@pytest.mark.parametrize(
    "form",
    [
        "<h2><button aria-expanded=false>{title}</button></h2><div>{text}</div>",
        "<button class=accordion>{title}</button><div>{text}</div>",
        "<div><button>{title}<span>+</span></button></div><div>{text}</div>",
        "<div role=button tabindex=0>{title}</div><div>{text}</div>",
        "<div role=button><span>{title}</span><i>+</i></div><div>{text}</div>",
        "<div role=button><i>+</i><a href=''>{title}</a></div><div>{text}</div>",
        "<ul><li><a class=accordion-title href='#'>{title}</a><div>{text}</div></ul>",
        "<p><a data-toggle=collapse href='#a'>{title}</a></p><div id=a hidden>{text}</div>",
        "<h3><button>{title}<span aria-hidden=true>\u25be</span></button></h3><div>{text}</div>",
        "<details><summary><b>{title}</b> <span>\u203a</span></summary>{text}</details>",
        "<a href='#' role=tab>{title}</a><div role=tabpanel>{text}</div>",
        "<input type=checkbox id=a><label for=a>{title}</label><div>{text}</div>",
        "<details><summary>{title}</summary>{text}</details>",
    ],
)
def test_the_button_of_an_accordion_is_the_title_of_what_it_opens(form):
    found = headings(page(f"{TOP}<button>Expand all</button>{each(form)}<button>Print</button>"))
    assert found == HEADINGS


def test_tabs_give_their_titles_to_their_panels():
    numbered = list(enumerate(SECTIONS.items()))
    tabs = "".join(f"<button role=tab id=t{i}>{title}</button>" for i, (title, _) in numbered)
    panels = "".join(f"<div role=tabpanel aria-labelledby=t{i}>{text}</div>" for i, (_, text) in numbered)
    assert headings(page(f"{TOP}<div role=tablist>{tabs}</div>{panels}")) == HEADINGS


@pytest.mark.parametrize("media_type", ["text/html", None])
@pytest.mark.parametrize("times", [1, 2])
def test_a_page_that_was_escaped_as_a_whole_is_read_as_a_page(times, media_type):
    text = page(MENU + POLICY)
    for _ in range(times):
        text = html.escape(text)
    assert headings(text, media_type) == HEADINGS


@pytest.mark.parametrize("media_type", ["text/html", None])
@pytest.mark.parametrize("head", ["", '<?xml version="1.0"?>\n'])
def test_a_page_whose_tags_have_a_prefix_is_read_as_a_page(head, media_type):
    text = re.sub(r"<(/?)(?=\w)", r"<\1html:", f"<html>{POLICY}</html>")
    assert (
        headings(head + text.replace("<html:html", "<html:html xmlns:html='http://www.w3.org/1999/xhtml'")) == HEADINGS
    )


def test_a_link_that_toggles_something_else_is_text():
    link = "<p><a class='btn dropdown-toggle' data-toggle=tooltip href='#'>Our harbour office</a></p>"
    assert "harbour" in words(page(TOP + link + BODY.replace("harbour", "lake")))


def test_a_button_in_a_sentence_is_a_word_of_it():
    text = page(POLICY.replace("delete it if", "delete it with <button>Forget me</button> if"))
    assert "Forget" in words(text)


@pytest.mark.parametrize(
    "item",
    [
        "<li><strong>{title}</strong><p>{text}</p></li>", "<li><p><b>{title}</b></p><p>{text}</p></li>",
        "<li><b>{title}</b><br>{text}</li>", "<li>{title}<div>{text}</div></li>",
        "<li>{title}<ul><li>{text}</li></ul></li>", "<li><b>{title}</b><ul><li>{text}</li></ul></li>",
    ],
)  # fmt: skip
@pytest.mark.parametrize("tag", ["ol", "ul"])
def test_a_title_that_begins_an_item_is_a_heading(item, tag):
    assert headings(page(f"{TOP}<{tag}>{each(item)}</{tag}>")) == HEADINGS


@pytest.mark.parametrize(
    "form", ["<ol start=2><li>{title}</li></ol><p>{text}</p>", "<ul><li><b>{title}</b></ul>{text}"]
)
def test_a_title_that_is_a_list_by_itself_is_a_heading(form):
    assert headings(page(TOP + each(form))) == HEADINGS


@pytest.mark.parametrize("way", ["style='display: none'", "style='color:red;visibility:hidden'", "hidden"])
def test_what_nobody_sees_is_no_text(way):
    unseen = f"<div {way}><p>Last updated: 1 May 2021. Our partners do.</p></div><p {way}>You may carry it.</p>"
    assert_whole(page(unseen + POLICY))
    assert "2021." not in words(page(POLICY + unseen))


@pytest.mark.parametrize(
    "form",
    [
        "<h2>{title}</h2><div hidden>{text}</div>",
        "<button>{title}</button><div style='display:none'>{text}</div>",
        "<p><b>{title}</b></p><div id=a hidden>{text}</div>",
        "<div style='display:none'><h2>{title}</h2><p>{text}</p></div>",
        "<div hidden=until-found><h2>{title}</h2><p>{text}</p></div>",
    ],
)
def test_what_is_hidden_until_it_is_opened_is_text(form):
    assert_whole(page(TOP + each(form)))
    half = dict(list(SECTIONS.items())[3:])
    shown = "".join(f"<h2>{title}</h2><p>{text}</p>" for title, text in SECTIONS.items() if title not in half)
    assert_whole(page(TOP + shown + "".join(form.format(title=title, text=text) for title, text in half.items())))


def test_a_page_without_a_policy_is_read_though_it_is_hidden():
    assert words(page("<div style='display:none'><p>Boats for all.</p></div>")) == ["Boats", "for", "all."]


def test_a_hidden_part_that_a_link_opens_is_text():
    more = "<a href='#more'>Read more</a><div id=more style='display:none'><p>We sell nothing to others.</p></div>"
    assert "sell nothing" in " ".join(words(page(POLICY + more)))


@pytest.mark.parametrize(
    "form",
    [
        "<p><b>{title}.</b> {text}</p>",
        "<p><strong>{title}</strong>: {text}</p>",
        "<b>{title} -</b> {text} ",
        "<p><u>{title}</u>. {text}</p>",
        "<p><b>{title}. </b>{text}</p>",
        "<p>We say: <b>Ask us.</b></p><div><b>{title}.</b> {text}</div>",
    ],
)
def test_a_title_that_runs_into_its_paragraph_is_a_heading(form):
    found = read(page(TOP + each(form)))
    assert [block.text for block in found if block.kind == "heading"] == HEADINGS
    assert set(SECTIONS.values()) <= {block.text for block in found}


@pytest.mark.parametrize(
    "text",
    [
        "<b>Note:</b> We send you a letter.",
        "We use <b>cookies.</b> They are small.",
        "<b>We</b> send you a letter.",
        "<b>Never.</b>",
        "We rent boats &lt;all year&gt;. <b>Boats of wood and of glass.</b> &lt;We&gt; rent both.",
    ],
)
def test_a_word_in_bold_stays_in_its_paragraph(text):
    assert headings(page(f"{TOP}<p>{text}</p>{BODY}")) == HEADINGS


def test_a_list_of_data_stays_a_list():
    found = read(page(TOP + "<ol><li><b>Name</b> and address</li><li>Trips<ul><li>password</li></ul></li></ol>" + BODY))
    assert [block.text for block in found if block.kind == "item"] == ["Name and address", "Trips", "password"]


@pytest.mark.parametrize(
    "form",
    ["{i}.  **{title}**\n\n    {text}\n\n", "{i}. **{title}**\n   {text}\n", "*   __{title}__\n\n    {text}\n\n"],
)
def test_a_title_that_begins_an_item_of_markdown_is_a_heading(form):
    items = "".join(form.format(i=i, title=title, text=text) for i, (title, text) in enumerate(SECTIONS.items(), 1))
    assert headings(f"# {HEADINGS[0]}\n\n{items}", "text/markdown") == HEADINGS


@pytest.mark.parametrize(
    "cell", ["<td><b>{title}</b></td>", "<th>{title}</th>", "<td><p><strong>{title}</strong></p></td>"]
)
def test_a_table_for_the_layout_has_titles_in_its_first_cells(cell):
    assert headings(page(f"{TOP}<table>{each('<tr>' + cell + '<td>{text}</td></tr>')}</table>")) == HEADINGS


def test_a_table_with_heads_of_columns_is_data():
    rows = each("<tr><th>{title}</th><td>{text}</td></tr>")
    found = read(page(f"{POLICY}<table><tr><th>What</th><th>Why</th></tr>{rows}</table>"))
    rows = [block.text.split(" | ")[0] for block in found if " | " in block.text]
    assert rows == ["What", *(f"What: {title}" for title in SECTIONS)]


@pytest.mark.parametrize("tag", ["pre", "xmp", "listing", "plaintext", "textarea", "pre style='white-space: pre-wrap'"])
def test_lines_of_preformatted_text_are_read_as_those_of_a_text_file(tag):
    expected = normalize.blocks(LINES, media_type="text/plain")
    assert (
        read(page(f"<{tag}>{LINES}</{tag.split()[0]}>" if tag != "plaintext" else f"<plaintext>{LINES}"))[
            : len(expected) - 1
        ]
        == expected[:-1]
    )
    assert read(page(f"<div style='white-space:pre-line'>{LINES}</div>")) == expected


NUMBERED = "".join(
    f"<tr><td>{i}</td><td class=line-content>{html.escape(line)}</td></tr>"
    for i, line in enumerate(POLICY.replace("</p>", "</p>\n").split("\n"))
)


@pytest.mark.parametrize(
    "text",
    [
        f"<html><frameset><frame src=a><noframes><body>{POLICY}</body></noframes></frameset></html>",
        page(f"<pre>{html.escape(page(POLICY))}</pre>"),
        page(f"<table>{NUMBERED}</table>"),
        page(html.escape(POLICY)),
        page(f'<iframe srcdoc="{html.escape(POLICY)}"></iframe>'),
    ],
)  # fmt: skip
def test_a_page_within_a_page_and_the_source_of_one_are_read_as_pages(text):
    assert_whole(text)


@pytest.mark.parametrize("mark", [" ||| ", "|||", " <br> ||| "])
def test_the_paragraph_marks_of_opp_115_end_paragraphs(mark):
    sections = each(f"<strong> {{title}} </strong> <br> <br> {{text}}{mark}")
    assert headings(f"<strong>{HEADINGS[0]}</strong> <br> 3 May 2018{mark}{sections}", "text/html") == HEADINGS


BARS = [
    "<!-- BEGIN WAYBACK TOOLBAR INSERT --><p>57 captures, crawled by zealots</p><!-- END WAYBACK TOOLBAR INSERT -->",
    "<div id='wm-ipp-base'><p>57 captures</p><div id=wm-capinfo><p>Our zealots collect data from the web and share "
    "it with the public.</p></div></div>",
    "<div id=HEADER><table><tr><td>archive.ph</td><td>webpage capture by zealots</td></tr></table></div>",
    "<table><tr><td>This is Google's cache of http://otterholm.example. Zealots took this snapshot of the page as it "
    "appeared on 2 May 2012.</td></tr></table>",
    "<div><p>You are viewing an archived web page, collected by zealots on 2 May 2012.</p></div>",
    "<div><a href='//perma.cc'>Perma.cc</a> Captured May 2, 2012 by zealots</div>",
]  # fmt: skip


@pytest.mark.parametrize("bar", BARS)
def test_what_an_archive_adds_to_a_page_is_no_part_of_it(bar):
    assert_whole(page(bar + MENU + POLICY), foreign=["zealots", "Zealots", "captures", "2012"])


def test_a_policy_may_speak_of_archives():
    text = page(TOP + BODY.replace("Our data", "Old versions of this policy stand in the Internet Archive. Our data"))
    assert "Archive." in words(text)


@pytest.mark.parametrize(
    "head", ["<title/>", "<script src='a.js'/>", "<title>x</title><style type='text/css'/>", "<noscript/>"]
)
def test_xhtml_with_self_closed_elements_is_read_as_xml_says(head):
    body = f"<iframe src='x'/><textarea/><div class='a>b'/><nav/>{POLICY.replace('Our data', '<![CDATA[Our data]]>')}"
    assert_whole(
        f'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head><body>{body}</body></html>'
    )


@pytest.mark.parametrize("unclosed", ["<script>var a;", "<style>a{}", "<!-- ", "<select><option>"])
def test_what_nobody_closed_swallows_nothing(unclosed):
    assert_whole(f"<html><head>{unclosed}</head><body>{POLICY}</body></html>")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("<del datetime='2019-01-01'>", "</del>"), ("<s>", "</s>"), ("<strike>", "</strike>"),
        ("<span style='color: red; TEXT-DECORATION: underline LINE-THROUGH'>", "</span>"),
        ("<span class=old>", "</span>"), ("<span role=deletion>", "</span>"),
    ],
)  # fmt: skip
def test_struck_text_is_gone_and_what_was_put_in_stays(start, end):
    body = POLICY.replace("3 May", f"{start}9 July 2011{end} <ins>3 May</ins>")
    found = words(page(body, "<style>.old { text-decoration: line-through } a:hover { color: red }</style>"))
    assert "July" not in found
    assert "2018" in found


@pytest.mark.parametrize("form", ["<s>{}</s>", "<div style='text-decoration: line-through'>{}</div>"])
def test_a_page_that_is_struck_out_as_a_whole_is_read(form):
    assert_whole(page(MENU + form.format(POLICY)))


def test_struck_text_of_markdown_is_gone():
    found = words(
        "# Privacy\n\nUpdated ~~9 July 2011~~ 3 May 2018. We ~~[sell](http://x.example)~~ keep it.", "text/markdown"
    )
    assert found == "Privacy Updated 3 May 2018. We keep it.".split()


def test_markdown_that_is_indented_as_a_whole_is_no_code():
    indented = "".join(f"    ## {title}\n\n    {text}\n\n" for title, text in SECTIONS.items())
    assert headings(f"# {HEADINGS[0]}\n\n{indented}", "text/markdown") == HEADINGS


# --- Texts that are no text of the page -----------------------------------------------------------------------------


@pytest.mark.parametrize("data", [POLICY, {"props": {"page": ["menu", {"html": POLICY}]}}, {"articleBody": LINES}])
def test_a_page_without_a_text_is_read_from_its_data(data):
    script = f"<script type='application/ld+json'>{json.dumps(data)}</script>"
    assert_whole(page(f"<div id=root></div>{script}<script>var a = 'Boats, partners';</script>"))


def test_a_page_without_a_text_is_read_from_its_attributes():
    assert_whole(page(f"<h1 data-title='{HEADINGS[0]}'></h1>" + each('<div data-title="{title}" data-text="{text}">')))


def test_data_beside_a_text_are_no_text():
    data = json.dumps({"text": "Our partners carry Boats, and so on. " * 20})
    assert_whole(page(POLICY + f"<script type='application/json'>{data}</script><p data-text='carry {LINES}'></p>"))


@pytest.mark.parametrize(
    "section",
    ["<part><title>{title}</title><para>{text}</para></part>", "<part name='{title}'><para>{text}</para></part>"],
)
@pytest.mark.parametrize("head", ["", '<?xml version="1.0"?>\n<!-- A policy -->\n'])
def test_xml_of_its_own_vocabulary_has_its_titles(section, head):
    assert_whole(f"{head}<policy><title>{HEADINGS[0]}</title><date>3 May 2018</date>{each(section)}</policy>\n")


def test_a_date_without_its_year_is_completed():
    text = page(f"{TITLE}<p>Last updated <time datetime='2018-05-03T10:00'>3 May</time></p>{BODY}")
    assert "2018-05-03" in words(text)


@pytest.mark.parametrize("width", [32, 40, 64])
def test_a_paragraph_whose_lines_were_broken_by_the_page_is_whole(width):
    text = page(TOP + each("<h2>{title}</h2><p>\n{text} {text}</p>"))
    broken = re.sub(r"<p>\n(.*?)</p>", lambda p: f"<p>{'<br>'.join(textwrap.wrap(p[1], width))}</p>", text)
    assert read(broken) == read(text)


@pytest.mark.parametrize(
    "lines",
    ["Otterholm Boats<br>3 Quay Road<br>Otterholm", "Write to us:<br>boats@otterholm.example", "We keep<br>names"],
)
def test_lines_that_a_writer_parted_stay_apart(lines):
    parted = [block.text for block in read(page(f"{POLICY}<p>{lines}</p>"))]
    assert parted[-1] == lines.rpartition("<br>")[2] or "keep names" in parted[-1]
