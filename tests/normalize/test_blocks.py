"""`normalize`: every format gives the same kinds of blocks, and no input gives anything but blocks or its error."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacylab import normalize
from privacylab.normalize import Block, NormalizeError, encoding
from privacylab.normalize.cleaning import clean

FORMATS = Path(__file__).parents[1] / "data" / "formats"
SAMPLES = Path(__file__).parents[2] / "corpus" / "samples"
KINDS = {"h": "heading", "p": "paragraph", "i": "item"}


def expected(path: Path) -> list[Block]:
    """Blocks from a file of lines `kind<TAB>text`, where kind is `p`, `i`, or `h` and its level."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [Block(KINDS[kind[0]], text, int(kind[1:] or 0)) for kind, text in rows]


def pdf(*, password: str | None = None) -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width=200, height=200)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|&~!])")
LIST_MARK = re.compile(r"^(\d{1,9})([.)])|^([-+=])")


def markdown(blocks) -> str:
    """Blocks as Markdown."""
    lines = []
    for block in blocks:
        text = LIST_MARK.sub(lambda mark: f"{mark[1] or ''}\\{mark[2] or mark[3]}", SPECIAL.sub(r"\\\1", block.text))
        lines.append({"heading": "#" * (block.level or 3) + " ", "item": "- ", "paragraph": ""}[block.kind] + text)
    return "\n\n".join(lines)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("path", sorted(FORMATS.glob("*.expected.txt")), ids=lambda path: path.name)
def test_each_format_gives_the_blocks_that_a_reader_sees(path):
    document = path.with_name(path.name.removesuffix(".expected.txt"))
    assert normalize.blocks(document.read_bytes()) == expected(path)


@pytest.mark.parametrize("path", sorted(FORMATS.glob("*.expected.txt")), ids=lambda path: path.name)
def test_blocks_written_as_markdown_are_read_as_the_same_blocks(path):
    found = expected(path)
    assert normalize.blocks(markdown(found), media_type="text/markdown") == found


def test_a_pdf_is_read_in_its_order():
    found = normalize.blocks((SAMPLES / "ledgerquay" / "privacy-statement.pdf").read_bytes())
    assert found[0] == Block("heading", "Ledgerquay Privacy Statement", 3)
    assert Block("heading", "2. What we collect", 3) in found
    assert any(block.kind == "item" and block.text.startswith("Billing data: company name") for block in found)


# --- What is no heading, and what is


LONG = "We keep what you tell us for as long as your account is open, and one year longer."


@pytest.mark.parametrize(
    "line",
    [
        "WHAT WE COLLECT",
        "What We Collect",
        "How We Use It",
        "3. Sharing",
        "IV. Cookies",
        "Section 2: Children",
        "what do we collect?",
        "Do you sell my data?",
        "Security:",
        "Your California Privacy Rights",
    ],
)
def test_a_title_over_a_paragraph_is_a_heading(line):
    kinds = [block.kind for block in normalize.blocks(f"{LONG}\n{line}\n{LONG}", media_type="text/plain")]
    assert kinds == ["paragraph", "heading", "paragraph"]


@pytest.mark.parametrize(
    "line",
    [
        "14 Mill Lane",
        "Bramblecot Ltd.",
        "Palo Alto, CA 94301",
        "Effective Date: 3 May 2019",
        "Last Updated: May 2019",
        "May 3, 2019",
        "Download as PDF | Previous version",
        "Home > Help > Privacy",
        "privacy@bramblecot.example",
        "Click here",
        "and your street",
        "We sell nothing.",
        "We do this to:",
    ],
)
def test_an_address_a_date_or_a_link_is_no_heading(line):
    kinds = {block.text: block.kind for block in normalize.blocks(f"{LONG}\n{line}\n{LONG}", media_type="text/plain")}
    assert kinds[line] == "paragraph"


def test_labels_of_items_in_bold_are_items():
    html = f"<p>{LONG}</p><ul><li><b>Pixels</b></li><li><b>Tags</b></li></ul><p>{LONG}</p>"
    assert [block.kind for block in normalize.blocks(html)] == ["paragraph", "item", "item", "paragraph"]


def test_lines_that_stand_again_below_are_contents_and_no_headings():
    text = f"{LONG}\nYour Rights\nOur Duties\n{LONG}\nYour Rights\n{LONG}\nOur Duties\n{LONG}"
    found = normalize.blocks(text, media_type="text/plain")
    assert [block.kind[0] for block in found] == ["p", "p", "p", "p", "h", "p", "h", "p"]


def test_a_last_line_is_no_heading():
    assert normalize.blocks(f"{LONG}\nYours Truly", media_type="text/plain")[-1].kind == "paragraph"


# --- What is cut


MENU = "Home\nShop\nKettles\nPots and Pans\nCareers\nBlog\nSign in\nHelp\nGift cards\nEnglish\nCopper Range\n"


def test_a_menu_is_cut_and_the_title_under_it_stays():
    texts = [block.text for block in normalize.blocks(f"{MENU}Privacy Policy\n{LONG}\n{LONG}", media_type="text/plain")]
    assert texts == ["Privacy Policy", LONG, LONG]


def test_short_lines_without_links_are_no_menu():
    lines = [f"Kettle {word}" for word in "one two three four five six seven eight nine ten".split()]
    text = "\n".join([LONG, *lines])
    assert [block.text for block in normalize.blocks(text, media_type="text/plain")] == [LONG, *lines]


def test_a_list_that_a_sentence_introduces_is_no_menu():
    text = f"We keep a record of the pages of our site that you have opened, which are:\n{MENU}{LONG}"
    found = [block.text for block in normalize.blocks(text, media_type="text/plain")]
    assert set(MENU.split("\n")[:-1]) <= set(found)


@pytest.mark.parametrize("line", ["(c) 2014 Acme - Last updated: April 2014", "© Acme 2014. Revised 3 May 2014"])
def test_a_date_at_the_end_survives_the_footer(line):
    text = f"{LONG}\nHome\nBlog\nCareers\nSite map\n{line}\nBack to top"
    assert [block.text for block in normalize.blocks(text, media_type="text/plain")] == [LONG, line]


def test_scripts_and_styles_are_no_text():
    text = f"# Privacy\n\n{LONG}\n\nvar a = window.b || []; a.push(['c', function() {{ return d(); }}]);\n\n{LONG}\n"
    assert [block.text for block in normalize.blocks(text)] == ["Privacy", LONG, LONG]


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        ("<p>ships.\nand boats</p>", "ships; and boats"),
        ("<p>Acme S.P.\nmeets</p>", "Acme S.P. meets"),
        ("<p>friends, e.g.\nyour aunt</p>", "friends, e.g. your aunt"),
        ("<p>Acme Inc.\nkeeps</p>", "Acme Inc. keeps"),
        ("<p>ships.\nBoats</p>", "ships. Boats"),
        ("<p>Pots &amp.\npans</p>", "Pots & pans"),
    ],
)
def test_semicolons_that_an_archive_broke_are_mended(text, mended):
    assert [block.text for block in normalize.blocks(text, media_type="text/html")] == [mended]


@pytest.mark.parametrize(
    ("text", "media_type"),
    [
        ("<html><body>x", "text/html"),
        ("# Privacy\n\nOne.", "text/markdown"),
        ("One **two** and [three](https://x.example).", "text/markdown"),
        ("One.\n\nTwo \\& three.\n", "text/markdown"),
        ("One.\nTwo # three.", "text/plain"),
    ],
)
def test_sniff(text, media_type):
    assert encoding.sniff(text) == media_type


# --- Bad input


def test_an_unknown_media_type_is_named():
    with pytest.raises(ValueError, match=r"'text/rtf'.*text/html"):
        normalize.blocks("x", media_type="text/rtf")


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf", "", "<html></html>", "•", "---\n***\n"])
def test_a_document_without_words_has_no_blocks(data):
    assert normalize.blocks(data) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "unreadable_kind"),
        (b"x" * (normalize.MAX_BYTES + 1), "too_large"),
        (b"a" * 50_000_000, "too_large"),
        (b"%PDF-1.4 torn", "unreadable"),
        (pdf(), "no_text"),
        (pdf(password="secret"), "encrypted"),
    ],
)
def test_what_cannot_be_read_says_why(data, reason):
    with pytest.raises(NormalizeError) as error:
        normalize.blocks(data)
    assert error.value.reason == reason


@pytest.mark.parametrize(
    "data",
    [
        "<div>" * 2_000_000,
        "<body>" + "<ul><li>x" * 5_000,
        "\n".join("  " * depth + "- x" for depth in range(3_000)),
        "<body>" + "<table><tr><td>" * 3_000 + "x",
        "<body><b><p>open" + "<i" * 100_000,
        "<!--" * 1_000_000,
        "a <!--" * 200_000 + "-->",
        "\n" * 5_000_000 + "x",
        "[" * 500_000,
        "> " * 100_000,
        "*a **b " * 100_000,
        "# x\n\n" + "word " * 2_000_000,
        "<" * 1_000_000,
        "&amp;" * 500_000,
        "Home\n" * 500_000 + LONG,
        "| a " * 300_000,
    ],
    ids=lambda data: data[:12].strip(),
)
def test_large_and_broken_pages_are_read_or_refused(data):
    try:
        found = normalize.blocks(data)
    except NormalizeError as error:
        assert error.reason in {"too_large", "not_text"}
    else:
        assert all(block.text for block in found)


# Not `ru_maxrss`: a new process starts with the peak of the one that started it.
MEASURED = r"""
import re, sys, time
from privacylab import normalize
before = time.process_time()
try:
    print(len(normalize.blocks(eval(sys.argv[1]))))
except normalize.NormalizeError as error:
    print(error.reason)
most = re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read())[1]
print(time.process_time() - before, most)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize(
    "data",
    [
        "b'<div>' * 2_000_000",
        "b'<p>open <b>bold <i' * 500_000",
        "b'<body>' + b'<ul><li>x' * 5_000 + b'</li></ul>' * 5_000",
        "'\\n'.join('  ' * depth + '- x' for depth in range(3_000))",
        "bytes(range(256)) * 40_000",
        "bytes(range(128, 256)) * 80_000",
    ],
)
def test_bad_input_takes_ten_seconds_and_a_gigabyte_at_most(data):
    done = subprocess.run([sys.executable, "-c", MEASURED, data], capture_output=True, text=True, check=True)
    seconds, kilobytes = map(float, done.stdout.splitlines()[-1].split())
    assert seconds < 10
    assert kilobytes < 1_000_000


@given(st.binary(max_size=400))
def test_any_bytes_are_blocks_or_a_documented_error(data):
    try:
        found = normalize.blocks(data)
    except NormalizeError as error:
        assert error.reason in {"not_text", "unreadable", "unreadable_kind", "encrypted", "no_text"}
    else:
        assert all(block.text == clean(block.text) != "" for block in found)


PIECES = st.sampled_from(
    [
        *"<>&*_[]()#|\\`~!-+=•;:.?\"' \n\t\0\u00ad\u00a0",
        "\n\n",
        "<p>",
        "</b>",
        "<li>",
        "<b>",
        "&amp;",
        "&lt;",
        "1. ",
        "- ",
        "(a) ",
        "# ",
        "Home",
        "PRIVACY",
        "Your Rights",
        "â€™",
        "www.a_b.example",
        "](http://x)",
        "**",
        "    ",
        LONG,
    ]
)
MESSY = st.lists(PIECES | st.text(max_size=8), max_size=40).map("".join)
MEDIA_TYPES = st.sampled_from(["text/html", "text/markdown", "text/plain", None])


@given(MESSY, MEDIA_TYPES)
def test_blocks_of_any_text_are_read_again_as_the_same(text, media_type):
    found = normalize.blocks(text, media_type=media_type)
    assert normalize.blocks(markdown(found), media_type="text/markdown") == found


WORD = st.text("abcdefghijklmnopqrstuvwxyzäéß", min_size=1, max_size=9)
SENTENCE = st.lists(WORD, min_size=1, max_size=25).map(lambda each: " ".join(each).capitalize() + ".")


@given(st.lists(SENTENCE, min_size=1, max_size=12), st.sampled_from(["text/markdown", "text/plain", "text/html", None]))
def test_no_word_of_a_clean_text_is_lost(sentences, media_type):
    text = "".join(f"<p>{each}</p>" for each in sentences) if media_type == "text/html" else "\n\n".join(sentences)
    found = normalize.blocks(text, media_type=media_type)
    assert words(" ".join(block.text for block in found)) == words(" ".join(sentences))


SENTENCES = (
    "We collect what you tell us when you open an account, and we use it to answer your letters.",
    "We may send you a newsletter once a month unless you ask us in writing not to do so.",
    "Our staff see the data only where their work needs it, and they are trained each year.",
    "Cookies help us to see which pages are read and which are not; they hold no names.",
)


def under(titles, between="\n"):
    """A policy with a sentence under each title."""
    return between.join(line for pair in zip(titles, SENTENCES, strict=False) for line in pair) + "\n"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        pytest.param(
            under(["1. Information we collect", "2. How we use it", "3. Your rights", "4. Contact"]),
            ["1. Information we collect", "2. How we use it", "3. Your rights", "4. Contact"],
            id="numbered",
        ),
        pytest.param(
            under(["1.1 Information we collect", "1.2 How we use it", "2.1. Your rights"]),
            ["1.1 Information we collect", "1.2 How we use it", "2.1. Your rights"],
            id="numbered deep",
        ),
        pytest.param(
            under(["INFORMATION WE COLLECT", "HOW WE USE IT", "YOUR RIGHTS"]),
            ["INFORMATION WE COLLECT", "HOW WE USE IT", "YOUR RIGHTS"],
            id="caps",
        ),
        pytest.param(
            under(["what do we collect?", "how do we use it?", "what are my rights?"]),
            ["what do we collect?", "how do we use it?", "what are my rights?"],
            id="questions lower",
        ),
        pytest.param(
            under(["What information do we collect about you?", "How do we use it?"], "\n\n"),
            ["What information do we collect about you?", "How do we use it?"],
            id="questions",
        ),
        pytest.param(
            under(["Information we collect:", "How we use it:", "Your rights:"]),
            ["Information we collect:", "How we use it:", "Your rights:"],
            id="colon",
        ),
        pytest.param(
            under(["Information we collect", "How we use it", "Your rights"], "\n\n"),
            ["Information we collect", "How we use it", "Your rights"],
            id="blank lines",
        ),
        pytest.param(
            under(["Information We Collect", "How We Use It", "Your Rights"]),
            ["Information We Collect", "How We Use It", "Your Rights"],
            id="title case one newline",
        ),
        pytest.param(
            under(["**Information we collect**", "**How we use it**", "**Your rights**"], "\n\n"),
            ["Information we collect", "How we use it", "Your rights"],
            id="bold md",
        ),
        pytest.param(
            under(["Information we collect\n-----", "How we use it\n-----"], "\n\n"),
            ["Information we collect", "How we use it"],
            id="setext",
        ),
        pytest.param(
            under(["A. Information we collect", "B. How we use it", "C. Your rights"], "\n\n"),
            ["A. Information we collect", "B. How we use it", "C. Your rights"],
            id="letters",
        ),
        pytest.param(
            under(["I. Information we collect", "II. How we use it", "III. Your rights"], "\n\n"),
            ["I. Information we collect", "II. How we use it", "III. Your rights"],
            id="roman",
        ),
        pytest.param(
            under(["Section 1 - Information we collect", "Section 2 - How we use it"], "\n\n"),
            ["Section 1 - Information we collect", "Section 2 - How we use it"],
            id="section",
        ),
        pytest.param(
            under(["Article 1: Scope", "Article 2: Data", "Article 3: Rights"]),
            ["Article 1: Scope", "Article 2: Data", "Article 3: Rights"],
            id="article",
        ),
        pytest.param(
            under(
                ["<p><strong>Information we collect</strong></p><p>", "</p><p><strong>How we use it</strong></p><p>"]
            ),
            ["Information we collect", "How we use it"],
            id="html strong p",
        ),
        pytest.param(
            "We collect:\n- Your name\n- Your address\n- Your telephone number\n" + SENTENCES[0] + "\n",
            [],
            id="not: bullets",
        ),
        pytest.param(SENTENCES[0] + "\n\nAcme Ltd\n12 High Street\nLondon W1\nUnited Kingdom\n", [], id="not: address"),
        pytest.param(SENTENCES[0] + "\n\nLast updated: May 25, 2018\n\n" + SENTENCES[1] + "\n", [], id="not: date"),
        pytest.param(
            under(["Information we collect", "How we use it"], "\n\n") + "\n\nBack to top\n",
            ["Information we collect", "How we use it"],
            id="not: backtotop",
        ),
        pytest.param(
            "Skip to main content\nHome > Legal > Privacy\n\nPrivacy Policy\n\n" + SENTENCES[0] + "\n\n" + SENTENCES[1],
            ["Privacy Policy"],
            id="crumb",
        ),
        pytest.param(
            "Our uses\n\nWe use data to:\n-\nanswer your letters\n-\nsend you parcels\n\n" + SENTENCES[1],
            ["Our uses"],
            id="lone dash",
        ),
        pytest.param(
            under(["Cookies -", "Security -", "Children -"], "\n\n"),
            ["Cookies -", "Security -", "Children -"],
            id="with dash",
        ),
        pytest.param(
            "PRIVACY POLICY\n\nWE DO NOT SELL YOUR DATA TO ANYONE, AND WE NEVER WILL.\n\n" + SENTENCES[0],
            ["PRIVACY POLICY"],
            id="emph caps in sentence",
        ),
        pytest.param("Cookies: " + SENTENCES[3] + "\n\nSecurity: " + SENTENCES[2] + "\n\n", [], id="label run-in"),
        pytest.param(
            under(["Q: What do you collect?", "Q: Do you sell it?"], "\n"),
            ["Q: What do you collect?", "Q: Do you sell it?"],
            id="Q/A",
        ),
        pytest.param(
            under(["1.\nInformation we collect", "2.\nHow we use it"], "\n\n"),
            ["Information we collect", "How we use it"],
            id="num alone",
        ),
        pytest.param(
            under(["Information we collect\n======================", "How we use it\n============="], "\n\n"),
            ["Information we collect", "How we use it"],
            id="underlined text",
        ),
        pytest.param(
            under(["1\\. Information we collect", "2\\. How we use it"], "\n\n"),
            ["1. Information we collect", "2. How we use it"],
            id="escaped md",
        ),
        pytest.param(
            under(["_Information we collect_", "_How we use it_"], "\n\n"),
            ["Information we collect", "How we use it"],
            id="italics",
        ),
        pytest.param(
            under(["Information we collect", "How we use it"], "\r\n\r\n"),
            ["Information we collect", "How we use it"],
            id="windows",
        ),
    ],
)
def test_headings_of_every_kind_and_what_only_looks_like_one(text, titles):
    found = [block.text for block in normalize.blocks(text) if block.kind == "heading"]
    assert [re.sub(r"[\W_]", "", title) for title in found] == [re.sub(r"[\W_]", "", title) for title in titles]


QUOTED = "We don\u2019t sell it \u2013 ever. "


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (QUOTED.encode() + b"It\x92s yours.", QUOTED + "It\u2019s yours."),  # two editors, two encodings
        (b"\x93" + QUOTED.encode(), "\u201c" + QUOTED),
        (QUOTED.encode() + b"\xe2\x80", QUOTED),  # cut inside a letter
        (b"We keep it. \xc3", "We keep it. "),
        (b"It\x92s yours. " * 90, "It\u2019s yours. " * 90),  # Windows only
    ],
)
def test_stray_bytes_are_read_as_windows_wrote_them(data, text):
    assert encoding.decode(data) == text


def test_a_number_in_brackets_numbers_a_heading_but_not_an_item():
    text = "(1) What We Collect\n\nWe collect your name and your e-mail address.\n\n(2) the law; or\n\nWe keep."
    assert [block.text for block in normalize.blocks(text, media_type="text/plain") if block.kind == "heading"] == [
        "(1) What We Collect"
    ]


def test_a_bold_line_right_under_a_sentence_is_a_heading():
    text = "We keep it safe.\n**Sharing of Data**\nWe share your data.\nIt is **all\nyours** to keep."
    assert [(block.kind, block.text) for block in normalize.blocks(text, media_type="text/markdown")] == [
        ("paragraph", "We keep it safe."),
        ("heading", "Sharing of Data"),
        ("paragraph", "We share your data. It is all yours to keep."),
    ]
