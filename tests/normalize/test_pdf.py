"""PDF: the text that a reader of the page sees, in the order of reading, whoever wrote the file."""

import io
import re

import pypdf
import pytest
from pypdf.generic import ArrayObject, DecodedStreamObject, DictionaryObject, NameObject, NumberObject

from privacylab import normalize
from privacylab.normalize import NormalizeError
from privacylab.normalize import pdf as pdf_module

PROSE = (
    "We keep your orders for six years because tax law asks us to keep them. You may ask our data protection officer "
    "to erase what we no longer need, and you may complain to a supervisory authority at any time."
)


def text_at(x, y, text, *, font="F1", size=10):
    escaped = re.sub(r"([\\()])", r"\\\1", text)
    return f"BT /{font} {size} Tf 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET\n"


def wrapped(text, width):
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def column(text, *, x=60, top=700, width=60, pitch=12):
    return "".join(text_at(x, top - n * pitch, line) for n, line in enumerate(wrapped(text, width)))


def pdf(*contents, encrypt=None, rotate=0, encoding="WinAnsiEncoding"):
    writer = pypdf.PdfWriter()
    fonts = DictionaryObject()
    for name, base in (("F1", "Helvetica"), ("F2", "Helvetica-Bold")):
        font = {"Type": "Font", "Subtype": "Type1", "BaseFont": base} | ({"Encoding": encoding} if encoding else {})
        fonts[NameObject(f"/{name}")] = DictionaryObject(
            {NameObject(f"/{key}"): NameObject(f"/{value}") for key, value in font.items()}
        )
    for content in contents:
        page = writer.add_blank_page(width=600, height=800)
        stream = DecodedStreamObject()
        stream.set_data(content.encode("cp1252"))
        page[NameObject("/Contents")] = writer._add_object(stream)
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        page.rotate(rotate)
    if encrypt:
        writer.encrypt(**encrypt)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def texts(data):
    return [block.text for block in normalize.blocks(data, media_type="application/pdf")]


def reason(data):
    with pytest.raises(NormalizeError) as refusal:
        normalize.blocks(data, media_type="application/pdf")
    return refusal.value.reason, refusal.value.detail


@pytest.mark.parametrize("width", [24, 30, 36, 42, 60, 90])
def test_a_paragraph_of_any_width_is_one(width):
    assert texts(pdf(column(PROSE, width=width))) == [PROSE]


@pytest.mark.parametrize("n_columns", [2, 3, 4])
def test_a_sentence_goes_on_in_the_next_column_and_on_the_next_page(n_columns):
    prose = PROSE + " Our letters go out by post, and nobody but the carrier ever reads what stands on them."
    lines = wrapped(prose, 22)
    size = -(-len(lines) // (2 * n_columns))
    parts = [lines[start : start + size] for start in range(0, len(lines), size)]
    columns = [
        "".join(text_at(40 + 140 * (n % n_columns), 700 - 12 * row, line) for row, line in enumerate(part))
        for n, part in enumerate(parts)
    ]
    found = " ".join(texts(pdf("".join(columns[:n_columns]), "".join(columns[n_columns:]))))
    assert found == prose


def test_lines_of_a_rotated_page_are_in_order():
    lines = wrapped(PROSE, 60)
    turned = "".join(f"BT /F1 10 Tf 0 1 -1 0 {100 + 12 * n} 60 Tm ({line}) Tj ET\n" for n, line in enumerate(lines))
    assert texts(pdf(turned, rotate=90)) == [PROSE]


def test_paragraphs_are_parted_by_gaps_indents_and_short_lines():
    second = PROSE.replace("orders", "letters")
    n_lines = len(wrapped(PROSE, 60))
    gap = column(PROSE) + column(second, top=700 - 12 * n_lines - 8)
    indent = column(PROSE) + text_at(
        75, 700 - 12 * n_lines, "Our letters go out by post and are kept by nobody at all."
    )
    assert texts(pdf(gap)) == [PROSE, second]
    assert texts(pdf(indent))[-1].startswith("Our letters")


def test_bold_or_large_lines_are_headings():
    content = text_at(60, 740, "Privacy at Pell", size=18) + text_at(60, 715, "How long we keep it", font="F2")
    found = normalize.blocks(pdf(content + column(PROSE)))
    assert [block.kind for block in found] == ["heading", "heading", "paragraph"]


def test_a_bold_sentence_within_a_paragraph_does_not_tear_it():
    lines = wrapped(PROSE, 40)
    content = "".join(text_at(60, 700 - 12 * n, line, font="F2" if n == 1 else "F1") for n, line in enumerate(lines))
    assert texts(pdf(content)) == [PROSE]


# --- Running heads and feet


HEADS = [
    ("Pell Kites Privacy Notice", "{n}"),
    ("11/27/26, 9:00 PM Privacy Notice", "https://pell.example/privacy {n}/{of}"),
    ("PELL KITES LTD", "Page {n} of {of}"),
    ("Pell Kites | Confidential", "- {n} -"),
    ("{roman}", "Pell Kites Ltd, 3 Mill Lane"),
    ("Privacy Notice", "{n} | Page"),
]


@pytest.mark.parametrize(("head", "foot"), HEADS)
def test_what_each_page_repeats_is_no_text_and_the_sentence_goes_on(head, foot):
    lines = wrapped(PROSE, 30)
    parts = [lines[:2], lines[2:4], lines[4:]]
    contents = []
    for number, part in enumerate(parts, 1):
        marks = {"n": number, "of": len(parts), "roman": "i" * number}
        body = "".join(text_at(60, 700 - 12 * n, line) for n, line in enumerate(part))
        contents.append(text_at(60, 780, head.format(**marks)) + body + text_at(60, 20, foot.format(**marks)))
    assert texts(pdf(*contents)) == [PROSE]


def test_what_a_browser_prints_around_a_single_page_is_no_text():
    content = text_at(20, 785, "27/11/2026, 21:00 Pell Kites") + column(PROSE)
    assert texts(pdf(content + text_at(20, 10, "file:///home/a/privacy.html 1/1"))) == [PROSE]


def test_a_foot_that_dates_the_policy_is_kept_once():
    foot = text_at(60, 20, "Privacy Notice, effective 1 May 2018")
    assert texts(pdf(column(PROSE) + foot, column(PROSE) + foot)).count("Privacy Notice, effective 1 May 2018") == 1


# --- Words


def test_words_broken_at_line_ends_are_whole():
    lines = ["We protect per-", "sonal informa\xad", "tion from third-", "party cookies."]
    content = "".join(text_at(60, 700 - 12 * n, line) for n, line in enumerate(lines))
    assert texts(pdf(content)) == ["We protect personal information from third-party cookies."]


@pytest.mark.parametrize("actual", ["<FEFF00AD>", "(\\255)"])
def test_a_soft_hyphen_that_is_drawn_as_a_blank_vanishes(actual):
    shy = f"/Span << /ActualText {actual} >> BDC ( ) Tj EMC "
    content = f"BT /F1 10 Tf 60 700 Td (We keep your in) Tj {shy} 72 0 Td (for) Tj {shy} 13 0 Td (mation safe.) Tj ET"
    assert texts(pdf(content)) == ["We keep your information safe."]


def test_ligatures_of_fonts_without_a_table_of_letters():
    content = "BT /F1 10 Tf 60 700 Td (Our data protection o\\016cer con\\014rms it.) Tj ET"
    assert texts(pdf(content, encoding=None)) == ["Our data protection officer confirms it."]


# --- What cannot be read, and what can


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"])
def test_a_pdf_that_only_forbids_printing_is_read(algorithm):
    locked = pdf(column(PROSE), encrypt={"user_password": "", "owner_password": "o", "algorithm": algorithm})
    assert texts(locked) == [PROSE]


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_pdf_with_a_password_is_refused_with_the_way_out(algorithm):
    why, detail = reason(pdf(column(PROSE), encrypt={"user_password": "secret", "algorithm": algorithm}))
    assert why == "encrypted" and "without one" in detail


def test_a_scan_is_refused_with_the_way_out():
    why, detail = reason(pdf("0 0 600 800 re f"))
    assert why == "no_text" and "OCR" in detail


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n", b"\n\n", b"\xef\xbb\xbf", b"\x1b%-12345X@PJL\n"],
)
def test_a_pdf_is_known_whatever_stands_before_it(head):
    assert texts(head + pdf(column(PROSE))) == [PROSE]


@pytest.mark.parametrize(
    "data",
    [
        b"<html><body><pre>\n%%PDF-1.4</pre><p>%s</p></body></html>",
        b"%s",
        b"# Privacy\n\n**We** keep [it](/x).\n\n%s\n",
    ],
)
def test_another_document_named_pdf_is_read_as_what_it_is(data):
    assert texts(data % PROSE.encode())[-1] == PROSE


def test_a_cut_pdf_is_refused():
    assert reason(pdf(column(PROSE))[:300])[0] == "unreadable"


@pytest.mark.parametrize(("limit", "value"), [("MAX_PAGES", 1), ("MAX_OPERATIONS", 20), ("MAX_BYTES", 100)])
def test_a_pdf_of_more_than_a_policy_is_refused(monkeypatch, limit, value):
    monkeypatch.setattr(pdf_module, limit, value)
    assert reason(pdf(column(PROSE), column(PROSE)))[0] == "too_large"


def test_a_page_tree_that_bites_its_tail_ends():
    writer = pypdf.PdfWriter()
    writer.add_blank_page(width=100, height=100)
    pages = writer.root_object["/Pages"].get_object()
    pages[NameObject("/Kids")] = ArrayObject([pages.indirect_reference] * 3)
    pages[NameObject("/Count")] = NumberObject(3)
    out = io.BytesIO()
    writer.write(out)
    assert reason(out.getvalue())[0] in {"unreadable", "no_text"}
