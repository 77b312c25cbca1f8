"""Documents that are no text: each becomes the page that it holds, or is refused by its name with a way out."""

import base64
import bz2
import email.mime.multipart
import email.mime.text
import gzip
import io
import lzma
import plistlib
import quopri
import re
import subprocess
import sys
import zipfile

import archives
import pytest

from privacylab import normalize, paths, sources
from privacylab.normalize import Block, NormalizeError
from privacylab.sources import kinds

PAGE = archives.page("It\u2019s our caf\u00e9.")
BLOCKS = normalize.blocks(PAGE)

# --- Web archives of browsers, packed pages -------------------------------------------------------------------------


def mhtml(page, encoding="quoted-printable", charset="utf-8", *, start="", before="", kind="text/html"):
    """A web archive as browsers write it, with a style sheet behind the page."""
    data = page.encode(charset)
    body = {
        "base64": base64.encodebytes(data),
        "quoted-printable": quopri.encodestring(data),
        "8bit": data,
    }[encoding]
    head = (
        "From: <Saved by a browser>\r\nSnapshot-Content-Location: https://kites.example/privacy\r\n"
        "Subject: =?utf-8?Q?Privacy=20Policy?=\r\nDate: Wed, 20 Mar 2019 08:15:30 -0000\r\nMIME-Version: 1.0\r\n"
        f'Content-Type: multipart/related;\r\n\ttype="text/html";{start}\r\n\tboundary="--b--1"\r\n\r\n{before}\r\n'
        f"----b--1\r\nContent-Type: {kind}; charset={charset}\r\nContent-ID: <frame-1@mhtml>\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\nContent-Location: https://kites.example/privacy\r\n\r\n"
    )
    css = "----b--1\r\nContent-Type: text/css\r\n\r\n@charset 'x'; p { color: red }\r\n"
    return head.encode() + body + b"\r\n" + css.encode() + b"----b--1--\r\n"


OTHER_PART = (
    "----b--1\r\nContent-Type: text/html\r\nContent-ID: <frame-0@mhtml>\r\n\r\n<html><body>An ad.</body></html>\r\n"
)
LETTER = email.mime.multipart.MIMEMultipart("alternative")
LETTER.attach(email.mime.text.MIMEText("As text alone.", "plain"))
LETTER.attach(email.mime.text.MIMEText(PAGE, "html", "utf-8"))


PACKED = [
    mhtml(PAGE),
    mhtml(PAGE, "base64"),
    mhtml(PAGE, "8bit"),
    mhtml(PAGE, charset="windows-1252"),
    mhtml(PAGE, kind="application/xhtml+xml"),
    mhtml(PAGE, start='\r\n\tstart="<frame-1@mhtml>";', before=OTHER_PART),
    mhtml(PAGE).replace(b"\r\n", b"\n"),
    b"\r\n\r\n" + mhtml(PAGE),
    mhtml(PAGE)[:-60],
    gzip.compress(mhtml(PAGE)),
    LETTER.as_bytes(),
    plistlib.dumps({"WebMainResource": {"WebResourceData": PAGE.encode()}}, fmt=plistlib.FMT_BINARY),
    gzip.compress(PAGE.encode()),
    gzip.compress(PAGE.encode()[:900]) + gzip.compress(PAGE.encode()[900:]),
    bz2.compress(PAGE.encode()),
    lzma.compress(PAGE.encode()),
    lzma.compress(PAGE.encode(), lzma.FORMAT_ALONE),
    gzip.compress(gzip.compress(PAGE.encode())),
    gzip.compress(PAGE.encode("utf-16")),
]


@pytest.mark.parametrize("data", PACKED, ids=range(len(PACKED)))
@pytest.mark.parametrize("media_type", [None, "text/html", "text/markdown", "multipart/related", "application/pdf"])
def test_the_page_in_a_file_is_read_whatever_the_file_is_called(data, media_type):
    assert normalize.blocks(data, media_type=media_type) == BLOCKS


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (mhtml(PAGE, kind="text/css"), "no_text"),
        (plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY), "no_text"),
        (gzip.compress(PAGE.encode())[:-30], "unreadable"),
        (bz2.compress(PAGE.encode())[:-30], "unreadable"),
        (lzma.compress(PAGE.encode())[:-30], "unreadable"),
        (gzip.compress(bytes(150_000_000), 9), "too_large"),
    ],
    ids=["mhtml", "webarchive", "gzip", "bzip2", "xz", "bomb"],
)
def test_a_file_without_its_page_says_what_it_is(data, reason):
    with pytest.raises(NormalizeError) as caught:
        normalize.blocks(data)
    assert caught.value.reason == reason


# --- Office ---------------------------------------------------------------------------------------------------------

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
EXPECTED = [
    Block("heading", "Privacy Policy", 1),
    Block("heading", "Cookies", 2),
    Block("paragraph", "We use cookies & tags, it's true.", 0),
    Block("item", "for your basket", 0),
    Block("paragraph", "Ask us about it whenever you like to.", 0),
]


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def docx(body, main="word/document.xml"):
    relation = f'<Relationship Id="r1" Type="{OFFICE}/officeDocument" Target="{main}"/>'
    numbering = (
        f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>'
        '</w:lvl></w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
    styles = (
        f'<w:styles xmlns:w="{W}"><w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="C"><w:name w:val="toc 1"/></w:style></w:styles>'
    )
    return zipped(
        **{
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
            "_rels/.rels": f'<Relationships xmlns="{RELATIONS}">{relation}</Relationships>',
            main: f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>',
            "word/numbering.xml": numbering,
            "word/styles.xml": styles,
        }
    )


def paragraph(text, properties=""):
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


DOCX = docx(
    paragraph("Privacy Policy", '<w:pStyle w:val="T"/>')
    + paragraph("Cookies 3", '<w:pStyle w:val="C"/>')
    + paragraph("Cookies", '<w:pStyle w:val="Heading2"/>')
    + "<w:p><w:r><w:t>We use cookies &amp; tags, </w:t></w:r><w:del><w:r><w:delText>never</w:delText></w:r></w:del>"
    + "<w:ins><w:r><w:t>it\u2019s true.</w:t></w:r></w:ins></w:p>"
    + paragraph("for your basket", '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
    + paragraph("Ask us about it whenever you like to.")
)

ODF = "urn:oasis:names:tc:opendocument:xmlns"
CONTENT = (
    f'<?xml version="1.0"?>\n<office:document xmlns:office="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0" '
    f'xmlns:style="{ODF}:style:1.0"><office:body><office:text><text:tracked-changes><text:p>never</text:p>'
    '</text:tracked-changes><text:p text:style-name="Title">Privacy Policy</text:p>'
    "<text:table-of-content><text:p>Cookies 3</text:p></text:table-of-content>"
    '<text:h text:outline-level="2">Cookies</text:h>'
    "<text:p>We use<text:s/>cookies &amp; <text:span>tags</text:span>, it\u2019s true.</text:p>"
    "<text:list><text:list-item><text:p>for your basket</text:p></text:list-item></text:list>"
    "<text:p>Ask us about it<text:tab/>whenever you like to.</text:p></office:text></office:body></office:document>"
)
ODT = zipped(**{"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": CONTENT})

RTF = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Times;}}{\colortbl;\red0\green0\blue0;}{\*\generator Mine;}"
    r"{\info{\title No text}}\pard\outlinelevel0\b Privacy Policy\b0\par\pard\s2\outlinelevel1 Cookies\par\pard\plain "
    r"We use cookies & tags, it\'92s {\b true}.\par{\pntext\'b7\tab}\'b7\tab for your basket\par "
    r"{\pict\pngblip " + "0a" * 300 + r"}Ask us about it {\field{\*\fldinst HYPERLINK https://kites.example}"
    r"{\fldrslt whenever}} you like to.\par}"
).encode()


@pytest.mark.parametrize("data", [DOCX, ODT, CONTENT.encode(), gzip.compress(DOCX)], ids=["docx", "odt", "fodt", "gz"])
@pytest.mark.parametrize("media_type", [None, "text/html", "application/msword", "application/pdf"])
def test_a_document_is_read_as_the_page_that_it_would_be(data, media_type):
    assert [block._replace(text=block.text.replace("  ", " ")) for block in normalize.blocks(data)] == EXPECTED
    assert normalize.blocks(data, media_type=media_type) == normalize.blocks(data)


def test_rtf_has_its_headings_and_no_word_of_its_controls():
    assert normalize.blocks(RTF) == EXPECTED
    assert normalize.blocks(RTF, media_type="application/msword") == EXPECTED


@pytest.mark.parametrize(
    "title",
    [
        r"{\b How we use cookies}\par",
        r"\b How we use cookies\b0\par",
        r"{\b\fs28 How we use cookies}{\b0 }\par",
        r"\pard\plain\b\f0 How we use cookies\par\plain",
    ],
)
def test_a_line_in_bold_letters_is_a_heading_in_rtf(title):
    source = r"{\rtf1\ansi{\fonttbl{\f0 Times;}}" + title + "\nWe use cookies so that your basket is still there.\\par}"
    assert [block.kind for block in normalize.blocks(source.encode())] == ["heading", "paragraph"]


def test_a_bold_paragraph_is_a_heading_in_an_open_document():
    style = (
        '<office:automatic-styles><style:style style:name="P1"><style:text-properties '
        'xmlns:fo="urn:fo" fo:font-weight="bold"/></style:style></office:automatic-styles><office:body>'
    )
    content = CONTENT.replace("<office:body>", style).replace(
        '<text:h text:outline-level="2">', '<text:p text:style-name="P1">'
    )
    blocks = normalize.blocks(content.replace("</text:h>", "</text:p>").encode())
    assert [block.kind for block in blocks] == [block.kind for block in EXPECTED]


@pytest.mark.parametrize(
    "struck",
    [
        r"{\strike sell and }",
        r"\strike sell and \strike0 ",
        r"\striked1 sell and \striked0 ",
        r"{\deleted sell {\b and} }",
        r"\b\v sell and \v0 \b0 ",
    ],
)
def test_struck_deleted_and_hidden_letters_are_no_text_in_rtf(struck):
    source = rf"{{\rtf1\ansi We never {struck}share the addresses of people.\par Ask us about it.\par}}"
    assert normalize.blocks(source.encode())[0].text == "We never share the addresses of people."


@pytest.mark.parametrize("look", ['style:text-line-through-style="solid"', 'text:display="none"'])
def test_struck_and_hidden_letters_are_no_text_in_an_open_document(look):
    style = (
        f'<office:automatic-styles><style:style style:name="T1"><style:text-properties {look}/></style:style>'
        "</office:automatic-styles><office:body>"
    )
    content = CONTENT.replace("<office:body>", style).replace("<text:span>tags", '<text:span text:style-name="T1">tags')
    assert normalize.blocks(content.encode())[2].text == "We use cookies & , it's true."


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (DOCX[:-200], "unreadable_kind"),
        (DOCX.replace(b"</w:body>", b"</w:bodx>"), "unreadable"),
        (ODT.replace(b"</office:text>", b"</office:texx>"), "unreadable"),
        (zipped(**{"mimetype": "application/vnd.oasis.opendocument.text", "x": "y"}), "unreadable"),
        (docx(paragraph("x" * 25_000_000)), "too_large"),
    ],
    ids=["cut", "docx", "odt", "without content", "bomb"],
)
def test_a_damaged_document_says_so(data, reason):
    with pytest.raises(NormalizeError) as caught:
        normalize.blocks(data)
    assert caught.value.reason == reason


# --- Refused --------------------------------------------------------------------------------------------------------


def ole(stream):
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + stream.encode("utf-16-le") + bytes(600)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (ole("WordDocument"), "a Word 97 document: save it as PDF or HTML"),
        (ole("EncryptedPackage"), "encrypted Office document: save it without a password"),
        (ole("Workbook"), "Excel 97 spreadsheet: save its sheet"),
        (ole("x"), "an Office 97 file: save it as PDF or HTML"),
        (zipped(**{"xl/workbook.xml": "x"}), "an Excel spreadsheet: save its sheet of policies as CSV"),
        (zipped(**{"ppt/presentation.xml": "x"}), "PowerPoint slides: save them as PDF"),
        (zipped(**{"mimetype": "application/epub+zip"}), "an EPUB book: unzip it"),
        (zipped(**{"Index/Document.iwa": "x"}), "a document of Pages, Numbers or Keynote: export it"),
        (zipped(**{"META-INF/MANIFEST.MF": "x"}), "an app or a Java program"),
        (zipped(**{"a.html": PAGE}), "a zip archive: unpack it"),
        (b"7z\xbc\xaf\x27\x1c" + bytes(50), "a 7z archive: unpack it"),
        (b"Rar!\x1a\x07\x01\0" + bytes(50), "a rar archive: unpack it"),
        (b"a/b.html".ljust(257, b"\0") + b"ustar\x0000" + bytes(300), "a tar archive: unpack it"),
        (b"\x28\xb5\x2f\xfd" + bytes(50), "a Zstandard file: unpack it"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture: save the page's text"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a picture"),
        (b"\0\0\0\x18ftypisom", "a sound or a video"),
        (b"\x7fELF\x02\x01\x01\0", "a program: leave it out"),
        (b"MZ\x90\0\x03\0\0\0", "a program"),
        (b"# v2 git bundle\n", "a git bundle: build it by itself"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a pointer of Git LFS: fetch"),
        (b"\x80\x04\x95\x10\0\0\0\0\0\0\0.", "stored Python objects: store its table as CSV"),
        (b"WARC/1.0\r\nWARC-Type: response\r\n", "a WARC of web pages: build it"),
        (b'{"domain": "kites.org", "text": "We collect"}\n', "a JSON table: build it"),
        (b"PAR1" + bytes(20), "a Parquet table: build it"),
        (b"SQLite format 3\0" + bytes(20), "an SQLite database: build it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_other_kind_is_refused_by_its_name_with_a_way_out(data, says):
    for media_type in (None, "text/plain", "application/pdf", "application/rtf"):
        with pytest.raises(NormalizeError) as caught:
            normalize.blocks(data, media_type=media_type)
        assert caught.value.reason == "unreadable_kind"
        assert says in caught.value.detail


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.doc", "a Word 97 document"),
        ("a.br", "a Brotli file: unpack it (brotli -d)"),
        ("a.wpd", "WordPerfect"),
        ("a.docx", "a Word document"),
    ],
)
def test_where_the_bytes_tell_nothing_the_name_does(name, says):
    with pytest.raises(NormalizeError) as caught:
        normalize.blocks(b"\x8b\x02\0\x80\x03\x11" * 900, media_type=sources.media_type_of(name))
    assert caught.value.reason == "unreadable_kind"
    assert says in caught.value.detail


@pytest.mark.parametrize("suffix", ["doc", "pdf", "rtf", "docx", "mht", "csv", "json", "gz", "exe", "xls", "warc"])
def test_a_page_is_a_page_whatever_its_name_says(suffix):
    assert normalize.blocks(PAGE.encode(), media_type=sources.media_type_of(f"a.{suffix}")) == BLOCKS


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_table_is_no_policy(name):
    with pytest.raises(NormalizeError, match=r"table.*: build it"):
        normalize.blocks(b"domain,text\nkites.org,We collect\n", media_type=sources.media_type_of(name))


@pytest.mark.parametrize(
    "text", ["BMW Privacy", "MZ Limited", "PK Boats", "ID3 tags", "Rar! we say", "GIF pictures", "RIFFs"]
)
def test_a_policy_may_begin_with_the_letters_of_another_kind(text):
    assert normalize.blocks(text.encode())[0].text == text


# --- NULs and pictures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [0, 1, 30, 500, 1800])
@pytest.mark.parametrize("nulls", [b"\0", b"\0\0\0"])
def test_stray_nuls_are_dropped(place, nulls):
    data = PAGE.encode()
    assert normalize.blocks(data[:place] + nulls + data[place:]) == BLOCKS


@pytest.mark.parametrize("number", [8, 300, 8000])
def test_nuls_that_fill_a_file_up_are_no_text(number):
    assert normalize.blocks(PAGE.encode() + b"\0" * number) == BLOCKS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_encodings_of_wide_letters_are_no_stray_nuls(encoding):
    assert normalize.blocks(PAGE.encode(encoding)) == BLOCKS


@pytest.mark.parametrize(
    "uri", ["data:image/png;base64,", "data:font/woff2;charset=utf-8;base64,", "data:image/svg+xml,"]
)
def test_pictures_in_a_page_do_not_make_it_too_large(uri):
    picture = f"<img src='{uri}{'iVBORw0KGgo' * 2_000_000}'>"
    assert normalize.blocks(PAGE.replace("<h1>", f"{picture}<h1>").encode()) == BLOCKS


@pytest.mark.parametrize("tag", ["script", "STYLE"])
def test_scripts_in_a_page_do_not_make_it_too_large(tag):
    script = f"<{tag}>var a = '<b>{'letters ' * 3_000_000}';</{tag}>"
    assert normalize.blocks(PAGE.replace("<h1>", f"{script}<h1>").encode()) == BLOCKS


def test_a_page_that_is_too_large_without_its_pictures_is_refused():
    with pytest.raises(NormalizeError, match="too_large"):
        normalize.blocks(b"<html><body>" + b"<p>We collect words.</p>\n" * 1_000_000)


def test_line_ends_that_were_written_as_in_a_program_are_line_ends():
    text = archives.policy()
    assert normalize.blocks(text.replace("\n", "\\n").encode()) == normalize.blocks(text)


def test_text_needs_none_of_the_libraries_for_documents():
    code = (
        "import sys; from privacylab import normalize; normalize.blocks(b'<html><body>x'); "
        "print([name for name in ('mammoth', 'striprtf', 'pypdf', 'odf') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_page_of_formats_lists_every_kind():
    text = (paths.checkout() / "docs" / "formats.md").read_text(encoding="utf-8")
    for kind in kinds.KINDS.values():
        assert kind.advice is None or f"| {kind.name} | " in text
    missing = [suffix for suffix in kinds.MEDIA_TYPES if not re.search(rf"{re.escape(suffix)}\b", text)]
    assert set(missing) <= {".lzma", ".sqlite3", ".db3", ".jsonlines"}
