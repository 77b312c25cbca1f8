"""Policies in folders, files, zips and tars."""

import copy
import io
import os
import pickle
import socket
import tarfile
import zipfile
from pathlib import Path

import archives
import pytest
from archives import opened, seen, texts

from privacylab import files
from privacylab.sources import SourceError

# --- Folders and files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kites/kites-2014-05-06.txt", ("kites", "", "2014-05-06")),
        ("kites/2014-05-06.html", ("kites", "", "2014-05-06")),
        ("kites/20140506.html", ("kites", "", "2014-05-06")),
        ("kites/app policy 2014_05_06.md", ("kites", "app policy", "2014-05-06")),
        ("kites/privacy.md", ("kites", "privacy", None)),
        ("kites.example 2014-05-06.txt", ("kites.example", "", "2014-05-06")),
        ("kites/order-1201405061.txt", ("kites", "order-1201405061", None)),
    ],
)
def test_service_document_and_date_come_from_the_name(name, expected, tmp_path):
    archives.write(tmp_path / "mine", {name: "x"})
    assert seen(opened(tmp_path / "mine", tmp_path)) == [expected]


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("p.HTML", "text/html"),
        ("p.md", "text/markdown"),
        ("p.pdf", "application/pdf"),
        ("p.txt", None),
        ("p.doc", "application/msword"),
    ],
)
def test_the_suffix_tells_the_media_type(name, media_type, tmp_path):
    archives.write(tmp_path / "mine", {name: "x"})
    (entry,) = opened(tmp_path / "mine", tmp_path).entries()
    assert entry.media_type == media_type


@pytest.mark.parametrize(
    "name",
    [
        "kites/.hidden.md",
        ".venv/site/policy.md",
        "kites/.git/config",
        "__MACOSX/kites/policy.md",
        "README.md",
        "kites/LICENSE",
        "kites/index.csv",
        "kites/scrape.py",
    ],
)
def test_what_accompanies_policies_is_no_policy(name, tmp_path):
    archives.write(tmp_path / "mine", {name: "x", "kites/policy.md": "x"})
    assert [entry.source for entry in opened(tmp_path / "mine", tmp_path).entries()] == ["kites/policy.md"]


def told(path, tmp_path):
    """Source, reason and detail of what is not read."""
    entries = opened(path, tmp_path).entries()
    return [(entry.source, entry.reason, entry.detail) for entry in entries if entry.reason]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kites-2014-02-30.md", "2014-02-30"),
        ("kites-2035-01-02.md", "2035-01-02"),
        ("kites-2035.md", "2035"),
        ("kites-03-04-2014.md", "03-04-2014"),
        ("20141345.md", "20141345"),
        ("2014-02-30/kites.md", "2014-02-30"),
    ],
)
def test_a_date_that_cannot_be_read_is_told_and_the_rest_is_read(name, value, tmp_path):
    archives.write(tmp_path / "mine", {f"kites/{name}": "x", "kites/kites-2014-05-06.md": "x"})
    assert seen(opened(tmp_path / "mine", tmp_path)) == [("kites", "", None), ("kites", "", "2014-05-06")]
    ((source, reason, detail),) = told(tmp_path / "mine", tmp_path)
    assert (source, reason) == (f"kites/{name}", "bad_date")
    assert value in detail
    assert "YYYY-MM-DD" in detail


def test_the_names_of_a_source_together_tell_day_from_month(tmp_path):
    archives.write(tmp_path / "mine", {"kites/kites-03-04-2014.md": "x", "kites/kites-25-04-2014.md": "x"})
    assert [row[2] for row in seen(opened(tmp_path / "mine", tmp_path))] == ["2014-04-03", "2014-04-25"]


def test_a_year_or_a_month_keeps_its_precision(tmp_path):
    archives.write(tmp_path / "mine", {"kites/2014.md": "x", "kites/2015-06.md": "x", "kites/2016-07-08.md": "x"})
    entries = opened(tmp_path / "mine", tmp_path).entries()
    assert [(archives.day(entry)[:4], entry.precision) for entry in entries] == [
        ("2014", "year"),
        ("2015", "month"),
        ("2016", "day"),
    ]


def test_untitled_files_and_a_privacy_policy_are_one_history(tmp_path):
    archives.write(tmp_path / "mine", {"kites/kites-2014-05-06.md": "x", "kites/privacy-2015-05-06.md": "x"})
    assert {row[1] for row in seen(opened(tmp_path / "mine", tmp_path))} == {""}


def test_untitled_files_and_a_privacy_policy_of_one_day_are_two_documents(tmp_path):
    archives.write(tmp_path / "mine", {"kites/kites-2014-05-06.md": "x", "kites/privacy-2014-05-06.md": "x"})
    assert {row[1] for row in seen(opened(tmp_path / "mine", tmp_path))} == {"", "privacy"}


def test_the_source_says_which_layouts_it_took_and_what_stands_beside(tmp_path):
    files = {"kites/Privacy Policy/2014-05-06T07-08-09Z.md": "x", "boats.com/boats-2014.md": "x", "README.md": "x"}
    archives.write(tmp_path / "mine", files)
    notes = opened(tmp_path / "mine", tmp_path).notes
    for said in ("Open Terms Archive", "<host>/<path>", "README.md"):
        assert [said in note for note in notes].count(True) == 1


@pytest.mark.parametrize("kind", ["Terms of Service", "Community Guidelines", "Trackers Policy"])
def test_the_other_documents_of_a_data_set_are_one_line_a_folder(kind, tmp_path):
    files = {f"kites/{title}/20{n}-05-06T07-08-09Z.md": "x" for title in (kind, "Privacy Policy") for n in (14, 15)}
    archives.write(tmp_path / "mine", files)
    ((source, reason, detail),) = told(tmp_path / "mine", tmp_path)
    assert (source, reason) == (f"kites/{kind}/", "other_document")
    assert "2 files" in detail
    assert len(opened(tmp_path / "mine", tmp_path).entries()) == 3


# --- What stands beside policies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ["_files", ".files", "-Dateien", "_fichiers", "_bestanden", "-filer", "_archivos"])
def test_what_a_saved_page_brings_along_is_one_line(ends, tmp_path):
    page = "kites/Kites Privacy 2014-05-06"
    beside = {f"{page}{ends}/{name}": "x" for name in ("a.js", "frame.html", "img/logo.png", "site.css")}
    archives.write(tmp_path / "mine", {f"{page}.html": "x", **beside})
    ((source, reason, detail),) = told(tmp_path / "mine", tmp_path)
    assert (source, reason) == (f"{page}{ends}/", "companion")
    assert "4 files" in detail
    assert f"{page}.html" in detail
    assert {row[0] for row in seen(opened(tmp_path / "mine", tmp_path))} == {"kites"}


def test_the_folder_of_a_page_that_was_renamed_accompanies_it_still(tmp_path):
    files = {"kites/2014-05-06.htm": "x", "kites/Privacy_files/a.css": "x", "kites/Privacy_files/frame.htm": "x"}
    archives.write(tmp_path / "mine", files)
    assert [row[:2] for row in told(tmp_path / "mine", tmp_path)] == [("kites/Privacy_files/", "companion")]


def test_a_service_may_be_called_files(tmp_path):
    archives.write(tmp_path / "mine", {"kite_files/2014-05-06.md": "x"})
    assert seen(opened(tmp_path / "mine", tmp_path)) == [("kite_files", "", "2014-05-06")]


def test_pictures_and_scripts_of_pages_are_one_line_a_folder(tmp_path):
    files = {
        "kites.com/privacy.html": "x",
        **{f"kites.com/css/{n}.css": "x" for n in range(3)},
        "kites.com/a.png": "x",
        "kites.com/b.svg": "x",
    }
    archives.write(tmp_path / "mine", files)
    rows = told(tmp_path / "mine", tmp_path)
    assert {row[:2] for row in rows} == {("kites.com/css/", "not_a_policy_file"), ("kites.com/", "not_a_policy_file")}
    assert {row[0] for row in seen(opened(tmp_path / "mine", tmp_path))} == {"kites.com"}


@pytest.mark.parametrize(
    "name",
    [
        "readme.kites.example-2014-05-06.html",
        "license-plates.example.html",
        "Licence to Fly 2014-05-06.md",
        "README-2014-05-06.md",
        "licensed/privacy.md",
        "readme.com/privacy.md",
        "kites/license agreement and privacy.md",
    ],
)
def test_a_policy_may_have_a_name_that_begins_as_that_of_a_licence(name, tmp_path):
    archives.write(tmp_path / "mine", {name: "x"})
    assert [entry.source for entry in opened(tmp_path / "mine", tmp_path).entries() if not entry.reason] == [name]


@pytest.mark.parametrize(
    "name",
    ["ReadMe.txt", "readme.de.md", "LICENSE-MIT", "License.txt", "licence_cc-by-4.0.txt", "COPYING", "CHANGELOG.md"],
)
def test_a_text_that_accompanies_policies_is_named_in_a_note(name, tmp_path):
    archives.write(tmp_path / "mine", {name: "x", "kites/2014-05-06.md": "x"})
    source = opened(tmp_path / "mine", tmp_path)
    assert len(source.entries()) == 1
    assert any(name in note for note in source.notes)


def test_a_dated_table_that_is_not_read_is_told(tmp_path):
    archives.write(tmp_path / "mine", {"kites-2014-05-06.yml": "x", "kites-2014-05-06.md": "x"})
    assert {row[0] for row in seen(opened(tmp_path / "mine", tmp_path))} == {"kites"}
    ((source, reason, detail),) = told(tmp_path / "mine", tmp_path)
    assert (source, reason) == ("kites-2014-05-06.yml", "not_a_policy_file")
    assert "metadata.csv" in detail


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.zip", "a zip"), ("a.7z", "a 7z"), ("a.RAR", "a rar"), ("a.tar.gz", "a tar"), ("a.tgz", "a tgz")],
)
def test_an_archive_in_a_source_is_told_by_its_kind(name, kind, tmp_path):
    archives.write(tmp_path / "mine", {f"kites/{name}": "x", "kites/2014-05-06.md": "x"})
    ((source, reason, detail),) = told(tmp_path / "mine", tmp_path)
    assert (source, reason) == (f"kites/{name}", "unreadable_kind")
    assert kind in detail
    assert "unpack it" in detail


SEVEN_ZIP, RAR = b"7z\xbc\xaf\x27\x1c" + bytes(60), b"Rar!\x1a\x07\x01\x00" + bytes(60)


@pytest.mark.parametrize(("data", "kind"), [(SEVEN_ZIP, "a 7z archive"), (RAR, "a rar archive")])
def test_an_archive_under_another_archives_name_is_told_by_its_content(data, kind, tmp_path):
    archives.write(tmp_path / "mine", {"kites/a.zip": data, "kites/2014-05-06.md": "x"})
    assert told(tmp_path / "mine", tmp_path) == [("kites/a.zip", "unreadable_kind", f"{kind}: unpack it")]
    with pytest.raises(SourceError, match=rf"a\.zip is {kind}: unpack it$"):
        opened(tmp_path / "mine" / "kites" / "a.zip", tmp_path)


def test_a_dated_and_an_undated_file_of_one_document_stand_together(tmp_path):
    archives.write(tmp_path / "mine", {"kites/kites.md": "x", "kites/kites-2014-05-06.md": "x"})
    assert seen(opened(tmp_path / "mine", tmp_path)) == [("kites", "", None), ("kites", "", "2014-05-06")]


def test_a_source_goes_to_a_worker_without_its_list(tmp_path):
    archives.write(tmp_path / "mine", {f"kites/{n}.md": "x" for n in range(100)})
    source = opened(tmp_path / "mine", tmp_path)
    assert len(pickle.dumps(source)) < 1_000
    assert list(copy.copy(source).contents(["kites/7.md"])) == [("kites/7.md", b"x", None)]


def test_a_single_file_is_a_source(tmp_path):
    archives.write(tmp_path, {"kites 2014-05-06.md": "text"})
    source = opened(tmp_path / "kites 2014-05-06.md", tmp_path)
    assert seen(source) == [("kites", "", "2014-05-06")]
    assert list(texts(source).values()) == [b"text"]


def test_the_date_basis_says_what_a_date_is(tmp_path):
    names = {"kites/kites-2014-05-06.md": "x", "kites/kites.md": "x"}
    archives.write(tmp_path / "mine", names)
    archives.write(tmp_path / "through-time", names)
    bases = [[e.date_basis for e in opened(tmp_path / name, tmp_path).entries()] for name in ("mine", "through-time")]
    assert bases == [["snapshot", "none"], ["effective", "none"]]


def test_a_name_that_is_not_utf8_is_shown_with_a_mark_and_read(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / b"caf\xe9.md".decode("utf-8", "surrogateescape")).write_bytes(b"text")
    assert texts(opened(tmp_path / "mine", tmp_path)) == {"caf\ufffd.md": b"text"}


def test_names_that_look_alike_are_two_files(tmp_path):
    (tmp_path / "mine").mkdir()
    for name in (b"caf\xe9.md", b"caf\xe8.md"):
        (tmp_path / "mine" / name.decode("utf-8", "surrogateescape")).write_bytes(name)
    assert sorted(texts(opened(tmp_path / "mine", tmp_path)).values()) == [b"caf\xe8.md", b"caf\xe9.md"]


def test_an_unreadable_file_is_listed_with_the_reason(tmp_path, monkeypatch):
    archives.write(tmp_path / "mine", {"a.md": "a", "b.md": "b"})
    opener = files.ordinary

    def refuse(path):
        if path.name == "a.md":
            raise PermissionError(13, "Permission denied", str(path))
        return opener(path)

    monkeypatch.setattr(files, "ordinary", refuse)
    assert texts(opened(tmp_path / "mine", tmp_path)) == {"a.md": "Permission denied", "b.md": b"b"}


def test_a_link_to_nowhere_is_listed_with_the_reason(tmp_path):
    archives.write(tmp_path / "mine", {"b.md": "b"})
    (tmp_path / "mine" / "a.md").symlink_to("gone.md")
    assert texts(opened(tmp_path / "mine", tmp_path)) == {"a.md": "No such file or directory", "b.md": b"b"}


def test_a_folder_that_may_not_be_read_is_listed_with_the_reason(tmp_path, monkeypatch):
    archives.write(tmp_path / "mine", {"b.md": "b", "kites/2014-05-06.md": "a"})
    scandir = os.scandir

    def refuse(folder):
        if Path(folder).name == "kites":
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert set(texts(opened(tmp_path / "mine", tmp_path))) == {"b.md", "kites"}


@pytest.mark.parametrize("place", ["mine", "mine/a.md", "mine/link.md"])
def test_a_pipe_is_listed_and_keeps_nobody_waiting(place, tmp_path):
    (tmp_path / "mine").mkdir()
    os.mkfifo(tmp_path / "mine" / "a.md")
    (tmp_path / "mine" / "link.md").symlink_to("a.md")
    reasons = set(texts(opened(tmp_path / place, tmp_path)).values())
    assert reasons == {"a pipe or a device, not a file: copy its content into one"}


def test_a_socket_is_listed_with_the_reason(tmp_path, monkeypatch):
    archives.write(tmp_path / "mine", {"b.md": "b"})
    monkeypatch.chdir(tmp_path / "mine")  # the whole path may be too long for a socket
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("a.md")
        assert texts(opened(tmp_path / "mine", tmp_path)) == {"a.md": "No such device or address", "b.md": b"b"}


@pytest.mark.parametrize(
    ("path", "message"),
    [("gone", "gone does not exist: name a folder"), ("empty", "empty has no policy: files must end in .html")],
)
def test_what_is_not_there_or_empty_is_refused(path, message, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match=message):
        opened(tmp_path / path, tmp_path)


# --- metadata.csv ---------------------------------------------------------------------------------------------------


def with_metadata(tmp_path, metadata, **files):
    archives.write(tmp_path / "mine", {"a/one.md": "1", "a/two.md": "2", "a/metadata.csv": metadata, **files})
    return opened(tmp_path / "mine", tmp_path)


@pytest.mark.parametrize(
    "metadata",
    [
        "service,date,path\nkites.example,2014-05-06,one.md\n",
        "\ufeffpath,note,service,date\r\none.md,,kites.example,2014-05-06\r\n",
        'path,note,service,date\none.md,"two\nlines",kites.example, 2014-05-06 \n',
    ],
)
def test_metadata_gives_service_and_date_of_the_paths_beside_it(metadata, tmp_path):
    source = with_metadata(tmp_path, metadata)
    assert seen(source) == [("a", "two", None), ("kites.example", "one", "2014-05-06")]


def test_metadata_wins_over_the_name_where_it_says_something(tmp_path):
    metadata = "service,date,path\n,2015-06,kites-2014-05-06.md\n"
    source = with_metadata(tmp_path, metadata, **{"a/kites-2014-05-06.md": "3"})
    assert seen(source)[2] == ("a", "kites", "2015-06-01")


def test_a_path_of_the_metadata_without_a_file_is_listed_as_unreadable(tmp_path):
    with_metadata(tmp_path, "service,date,path\nkites.example,2014-05-06,three.md\n")
    ((source, reason, detail),) = told(tmp_path / "mine", tmp_path)
    assert (source, reason) == ("a/three.md", "unreadable")
    assert "a/metadata.csv, row 1" in detail


def test_a_path_of_the_metadata_that_leads_out_of_the_folder_is_not_read(tmp_path):
    archives.write(tmp_path, {"secret.md": "secret"})
    source = with_metadata(tmp_path, "service,date,path\nkites.example,2014-05-06,../../secret.md\n")
    assert texts(source)["a/../../secret.md"] == "unsafe_path"


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("service,path\nkites.example,one.md\n", "needs the columns service,date,path; it has service, path"),
        ("", "needs the columns service,date,path; it has none"),
        (b"service,date,path\nbl\x81,2014-05-06,one.md\n", "a/metadata.csv is not in UTF-8"),
    ],
)
def test_bad_metadata_is_refused_in_one_line(metadata, message, tmp_path):
    with pytest.raises(SourceError) as caught:
        with_metadata(tmp_path, metadata)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


# --- Zip and tar ----------------------------------------------------------------------------------------------------


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def tarred(path, files, mode="w:gz"):
    with tarfile.open(path, mode) as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize(("pack", "name"), [(zipped, "mine.zip"), (tarred, "mine.tar.gz"), (tarred, "mine.dat")])
def test_an_archive_of_files_is_read_like_a_folder(pack, name, tmp_path):
    path = pack(tmp_path / name, {"kites/kites-2014-05-06.md": "text", "README.md": "r"})
    source = opened(path, tmp_path)
    assert seen(source) == [("kites", "", "2014-05-06")]
    assert texts(source) == {"kites/kites-2014-05-06.md": b"text"}


def test_a_zip_made_on_windows_has_folders(tmp_path):
    path = zipped(tmp_path / "mine.zip", {"x.md": "text"})
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("kites\\", "kites\\kites-2014-05-06.md", "boats\\sub\\..\\boats-2014-05-06.md"):
            archive.writestr(zipfile.ZipInfo(name), "text")
    source = opened(path, tmp_path)
    assert ("kites", "", "2014-05-06") in seen(source)
    assert texts(source)["kites/kites-2014-05-06.md"] == b"text"


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("name", ["../evil.md", "/etc/evil.md", "kites/../../evil.md"])
def test_a_name_that_leads_out_of_an_archive_is_listed_and_not_read(pack, name, tmp_path):
    path = pack(tmp_path / "mine", {name: "evil", "kites/good.md": "good"})
    assert texts(opened(path, tmp_path)) == {name: "unsafe_path", "kites/good.md": b"good"}


def test_metadata_finds_the_members_of_a_tar_made_of_a_dot(tmp_path):
    path = tarred(
        tmp_path / "mine.tar", {"./metadata.csv": "service,date,path\nkites.example,2014-05-06,a.md\n", "./a.md": "x"}
    )
    assert seen(opened(path, tmp_path)) == [("kites.example", "", "2014-05-06")]


def test_a_damaged_member_loses_no_other(tmp_path):
    path = zipped(tmp_path / "mine.zip", {"a.md": "a" * 5000, "b.md": "b"})
    data = bytearray(path.read_bytes())
    data[38:42] = b"\xff\xff\xff\xff"  # within the first member's compressed bytes
    path.write_bytes(data)
    found = texts(opened(path, tmp_path))
    assert found["b.md"] == b"b"
    assert isinstance(found["a.md"], str)


def member(name, kind, target=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_links_in_a_tar_are_the_files_that_they_lead_to(tmp_path):
    tarred(tmp_path / "mine.tar", {"a.md": "a"}, "w")
    with tarfile.open(tmp_path / "mine.tar", "a") as archive:
        archive.addfile(member("kites/hard.md", tarfile.LNKTYPE, "a.md"))
        archive.addfile(member("kites/soft.md", tarfile.SYMTYPE, "../a.md"))
        archive.addfile(member("kites/lost.md", tarfile.SYMTYPE, "gone.md"))
        archive.addfile(member("kites/loop.md", tarfile.SYMTYPE, "loop.md"))
        archive.addfile(member("kites/pipe.md", tarfile.FIFOTYPE))
    assert texts(opened(tmp_path / "mine.tar", tmp_path)) == {
        "a.md": b"a",
        "kites/hard.md": b"a",
        "kites/soft.md": b"a",
        "kites/lost.md": "a link to kites/gone.md, which is not a file of the archive",
        "kites/loop.md": "a link to itself",
        "kites/pipe.md": "a pipe or a device, not a file",
    }


@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_a_name_that_an_archive_holds_again_has_a_line(suffix, tmp_path):
    path = tmp_path / f"mine.{suffix}"
    if suffix == "tar":
        tarred(path, {"a.md": "1"}, "w")
        with tarfile.open(path, "a") as archive:
            archive.addfile(tarfile.TarInfo("a.md"))
    else:
        zipped(path, {"a.md": "1"})
        with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
            archive.writestr("a.md", "2")
    entries = opened(path, tmp_path).entries()
    assert [(entry.source, entry.reason) for entry in entries] == [("a.md", None), ("a.md", "unreadable")]
    assert "a name that the archive holds again" in entries[1].detail


@pytest.mark.parametrize("part", [2, 20])  # of a packed tar the second has no whole block
@pytest.mark.parametrize(("pack", "name"), [(zipped, "mine.zip"), (tarred, "mine.tar.gz"), (tarred, "mine.tgz")])
def test_a_truncated_archive_is_refused_in_one_line(pack, name, part, tmp_path):
    path = pack(tmp_path / name, {f"{n}.md": archives.policy() * 20 for n in range(5)})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // part])
    with pytest.raises(SourceError, match="is a damaged or truncated archive"):
        opened(path, tmp_path)
