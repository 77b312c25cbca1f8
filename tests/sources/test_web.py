"""Web archives: each capture of a page is a version of its host's document."""

import gzip
import io
import zipfile

import archives
import brotli
import pytest
from archives import opened, texts
from warcio.bufferedreaders import BufferedReader
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from privacylab.sources import web

PAGE = archives.page()
DAY = "2019-03-20T08:15:30Z"


def record(writer, url, body=PAGE, *, date=DAY, status="200 OK", kind="response", mime="text/html", **headers):
    """Writes a record; the keywords are further headers of the server."""
    http = StatusAndHeaders(status, [("Content-Type", mime), *headers.items()], protocol="HTTP/1.1")
    data = body.encode() if isinstance(body, str) else body
    if kind in ("resource", "conversion"):
        writer.write_record(
            writer.create_warc_record(
                url, kind, payload=io.BytesIO(data), warc_content_type=mime, warc_headers_dict={"WARC-Date": date}
            )
        )
        return
    payload = None if kind == "revisit" else io.BytesIO(data)
    writer.write_record(
        writer.create_warc_record(url, kind, payload=payload, http_headers=http, warc_headers_dict={"WARC-Date": date})
    )


def warc(path, *records, packed=False):
    """A WARC of records: each the arguments of `record` as (url, keywords)."""
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=packed, warc_version="WARC/1.0")
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "tests"}))
        for url, keywords in records:
            record(writer, url, **keywords)
    return path


def rows(source):
    """Service, document, minute and reason of each entry."""
    return sorted((entry.name, entry.document, archives.day(entry), entry.reason) for entry in source.entries())


@pytest.mark.parametrize("name", ["crawl.warc", "crawl.warc.gz", "crawl", "crawl.warc.open", "crawl.html"])
@pytest.mark.parametrize("packed", [False, True])
def test_each_page_of_a_warc_is_a_version_of_its_host(name, packed, tmp_path):
    given = warc(
        tmp_path / name,
        ("https://kites.org/privacy", {}),
        ("http://boats.org/legal/privacy.html", {"date": "2020-01-02T03:04:05Z"}),
        packed=packed,
    )
    source = opened(given, tmp_path)
    assert rows(source) == [("boats.org", "privacy", "2020-01-02", None), ("kites.org", "privacy", "2019-03-20", None)]
    assert set(texts(source).values()) == {PAGE.encode()}
    assert all(entry.source.startswith(f"{name}#") for entry in source.entries())


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data])
def test_a_warc_packed_as_a_whole_is_read(pack, tmp_path):
    warc(tmp_path / "crawl.warc", ("https://kites.org/privacy", {}))
    (tmp_path / "crawl.warc.gz").write_bytes(pack((tmp_path / "crawl.warc").read_bytes()))
    assert rows(opened(tmp_path / "crawl.warc.gz", tmp_path)) == [("kites.org", "privacy", "2019-03-20", None)]


def test_an_arc_is_read(tmp_path):
    body = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n{PAGE}"
    head = "1 0 InternetArchive\nURL IP-address Archive-date Content-type Archive-length\n"
    arc = f"filedesc://a.arc 0.0.0.0 20030320081530 text/plain {len(head)}\n{head}\n"
    arc += f"http://kites.org/privacy 1.2.3.4 20030320081530 text/html {len(body)}\n{body}\n"
    (tmp_path / "a.arc").write_text(arc)
    (tmp_path / "b.arc.gz").write_bytes(gzip.compress(arc.encode()))
    for name in ("a.arc", "b.arc.gz"):
        assert rows(opened(tmp_path / name, tmp_path)) == [("kites.org", "privacy", "2003-03-20", None)]


@pytest.mark.parametrize(
    "keywords",
    [
        {"status": "404 Not Found"},
        {"status": "301 Moved"},
        {"mime": "image/png"},
        {"mime": "application/javascript"},
        {"kind": "revisit"},
    ],
)
def test_what_is_no_page_is_counted_in_a_note(keywords, tmp_path):
    given = warc(tmp_path / "crawl.warc", ("https://kites.org/privacy", {}), ("https://kites.org/x", keywords))
    source = opened(given, tmp_path)
    assert len(source.entries()) == 1
    assert "1 records of a WARC of web pages are not pages" in " ".join(source.notes)


def test_equal_pages_are_read_once_and_a_repeated_capture_is_a_version(tmp_path):
    path = tmp_path / "crawl.warc"
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=False)
        first = writer.create_warc_record(
            "https://kites.org/privacy",
            "response",
            payload=io.BytesIO(PAGE.encode()),
            http_headers=StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": DAY},
        )
        writer.write_record(first)
        digest = first.rec_headers.get_header("WARC-Payload-Digest")
        again = writer.create_revisit_record("https://kites.org/privacy", digest, "https://kites.org/privacy", DAY)
        again.rec_headers.replace_header("WARC-Date", "2021-01-02T00:00:00Z")
        writer.write_record(again)
    source = opened(path, tmp_path)
    assert [row[2] for row in rows(source)] == ["2019-03-20", "2021-01-02"]
    assert len({entry.content for entry in source.entries()}) == 1


@pytest.mark.parametrize("kind", ["resource", "conversion"])
def test_pages_without_a_servers_head_are_read(kind, tmp_path):
    given = warc(tmp_path / "crawl.warc", ("https://kites.org/privacy", {"kind": kind}))
    assert rows(opened(given, tmp_path)) == [("kites.org", "privacy", "2019-03-20", None)]


def test_the_servers_encodings_are_undone(tmp_path):
    text = PAGE.replace("paper boats", "caf\u00e9 boats")
    given = warc(
        tmp_path / "crawl.warc",
        ("https://a.org/privacy", {"body": gzip.compress(text.encode()), "Content-Encoding": "gzip"}),
        ("https://b.org/privacy", {"body": text.encode("iso-8859-2"), "mime": "text/html; charset=iso-8859-2"}),
        ("https://c.org/privacy", {"body": brotli.compress(text.encode()), "Content-Encoding": "br"}),
        ("https://d.org/privacy", {"body": text.encode(), "Content-Encoding": "br"}),
    )
    assert list(texts(opened(given, tmp_path)).values()) == [text.encode()] * 4


def test_a_page_is_unpacked_no_further_than_the_limit(monkeypatch):
    monkeypatch.setattr(web, "MAX_UNPACKED", 10_000)
    packed = io.BytesIO(brotli.compress(bytes(1_000_000)))
    assert len(BufferedReader(packed, decomp_type="br").read()) < 100_000


def test_two_pages_of_one_name_on_one_day_are_two_documents(tmp_path):
    urls = ("https://sites.org/kites/privacy", "https://sites.org/boats/privacy")
    given = warc(tmp_path / "crawl.warc", *((url, {}) for url in urls))
    assert {row[1] for row in rows(opened(given, tmp_path))} == {"kites/privacy", "boats/privacy"}


@pytest.mark.parametrize("packed", [False, True])
def test_a_truncated_warc_gives_the_pages_before_the_damage_and_a_row(packed, tmp_path):
    urls = [(f"https://kites{n}.org/privacy", {"body": PAGE.replace("boats", f"boats{n}")}) for n in range(3)]
    given = warc(tmp_path / "crawl.warc", *urls, packed=packed)
    given.write_bytes(given.read_bytes()[:-300])
    *pages, damage = sorted(opened(given, tmp_path).entries(), key=lambda entry: (entry.reason or "", entry.name))
    assert [entry.name for entry in pages] == ["kites0.org", "kites1.org"]
    assert damage.reason == "unreadable"
    assert "copy it here again" in damage.detail


def test_a_record_without_an_address_is_damage(tmp_path):
    given = warc(tmp_path / "crawl.warc", ("https://kites.org/privacy", {}), ("https://boats.org/privacy", {}))
    given.write_bytes(given.read_bytes().replace(b"WARC-Target-URI: https://boats.org", b"X: https://boats.org"))
    pages = {entry.name: entry for entry in opened(given, tmp_path).entries()}
    assert pages.pop("kites.org").reason is None
    (damage,) = pages.values()
    assert damage.reason == "unreadable"
    assert "a record does not say of what address it is" in damage.detail


# --- WACZ -----------------------------------------------------------------------------------------------------------


def wacz(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {"datapackage.json": b"{}", "pages/pages.jsonl": b"", **members}.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("name", ["crawl.wacz", "crawl.zip", "crawl"])
def test_the_warcs_in_a_wacz_are_read(packed, name, tmp_path):
    data = warc(tmp_path / "data.warc", ("https://kites.org/privacy", {}), packed=packed).read_bytes()
    given = wacz(tmp_path / name, **{"archive/data.warc.gz" if packed else "archive/data.warc": data})
    assert rows(opened(given, tmp_path)) == [("kites.org", "privacy", "2019-03-20", None)]


def test_a_wacz_without_its_archive_is_a_row(tmp_path):
    archives.write(tmp_path / "in", {"kites 2014-05-06.md": "x"})
    wacz(tmp_path / "in" / "crawl.wacz")
    reasons = {entry.source: entry.reason for entry in opened(tmp_path / "in", tmp_path).entries()}
    assert reasons == {"crawl.wacz": "unreadable", "kites 2014-05-06.md": None}


def test_containers_stand_in_folders_zips_and_tars(tmp_path):
    data = warc(tmp_path / "data.warc", ("https://kites.org/privacy", {}), packed=True).read_bytes()
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/crawl.warc.gz", data)
        archive.writestr("kites.org/2020-01-01.html", PAGE)
    assert len(rows(opened(tmp_path / "all.zip", tmp_path))) == 2
