"""Policies in folders, files, zips and tars."""

import copy
import io
import pickle
import tarfile
import zipfile

import archives
import pytest
from archives import opened, seen, texts

from privacylab import sources
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
        ("old/2014/kites.txt", ("2014", "kites", None)),
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
        ("p.doc", None),
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
        "corpus/versions.parquet",
    ],
)
def test_what_accompanies_policies_is_no_policy(name, tmp_path):
    archives.write(tmp_path / "mine", {name: "x", "kites/policy.md": "x"})
    assert [entry.source for entry in opened(tmp_path / "mine", tmp_path).entries()] == ["kites/policy.md"]


def test_an_impossible_date_in_a_name_is_refused(tmp_path):
    archives.write(tmp_path / "mine", {"kites/kites-2014-02-30.md": "x"})
    with pytest.raises(SourceError, match=r"kites-2014-02-30\.md: date '2014-02-30' is not YYYY-MM-DD"):
        opened(tmp_path / "mine", tmp_path)


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


def test_an_unreadable_file_is_listed_with_the_reason(tmp_path, monkeypatch):
    archives.write(tmp_path / "mine", {"a.md": "a", "b.md": "b"})
    read = sources.Path.read_bytes

    def refuse(path):
        if path.name == "a.md":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(sources.Path, "read_bytes", refuse)
    assert texts(opened(tmp_path / "mine", tmp_path)) == {"a.md": "Permission denied", "b.md": b"b"}


def test_a_link_to_nowhere_is_listed_with_the_reason(tmp_path):
    archives.write(tmp_path / "mine", {"b.md": "b"})
    (tmp_path / "mine" / "a.md").symlink_to("gone.md")
    assert texts(opened(tmp_path / "mine", tmp_path)) == {"a.md": "No such file or directory", "b.md": b"b"}


@pytest.mark.parametrize(
    ("path", "message"),
    [("gone", "gone is not there: name a folder"), ("empty", "empty holds no policy: files end in .html")],
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
    source = with_metadata(tmp_path, "service,date,path\nkites.example,2014-05-06,three.md\n")
    assert texts(source)["a/three.md"] == "No such file or directory"


def test_a_path_of_the_metadata_that_leads_out_of_the_folder_is_not_read(tmp_path):
    archives.write(tmp_path, {"secret.md": "secret"})
    source = with_metadata(tmp_path, "service,date,path\nkites.example,2014-05-06,../../secret.md\n")
    assert texts(source)["a/../../secret.md"] == "unsafe_path"


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("service,path\nkites.example,one.md\n", "needs the columns service,date,path; it has service, path"),
        ("", "needs the columns service,date,path; it has none"),
        ("service,date,path\nkites.example,6 May 2014,one.md\n", "a/one.md: date '6 May 2014' is not YYYY-MM-DD"),
        ("service,date,path\nkites.example,2014-05-06\n", "a/metadata.csv, row 1 has no path"),
        (b"service,date,path\nbl\xe5,2014-05-06,one.md\n", "a/metadata.csv is not a CSV in UTF-8"),
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


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("name", ["../evil.md", "/etc/evil.md", "kites/../../evil.md"])
def test_a_name_that_leads_out_of_an_archive_is_listed_and_not_read(pack, name, tmp_path):
    path = pack(tmp_path / "mine", {name: "evil", "kites/good.md": "good"})
    assert texts(opened(path, tmp_path)) == {name: "unsafe_path", "kites/good.md": b"good"}


def test_metadata_finds_the_members_of_a_tar_made_of_a_dot(tmp_path):
    path = tarred(
        tmp_path / "mine.tar", {"./metadata.csv": "service,date,path\nkites.example,2014-05-06,a.md\n", "./a.md": "x"}
    )
    assert seen(opened(path, tmp_path)) == [("kites.example", "a", "2014-05-06")]


def test_a_damaged_member_loses_no_other(tmp_path):
    path = zipped(tmp_path / "mine.zip", {"a.md": "a" * 5000, "b.md": "b"})
    data = bytearray(path.read_bytes())
    data[38:42] = b"\xff\xff\xff\xff"  # within the first member's compressed bytes
    path.write_bytes(data)
    found = texts(opened(path, tmp_path))
    assert found["b.md"] == b"b"
    assert isinstance(found["a.md"], str)


@pytest.mark.parametrize(("pack", "name"), [(zipped, "mine.zip"), (tarred, "mine.tar.gz"), (tarred, "mine.tgz")])
def test_a_truncated_archive_is_refused_in_one_line(pack, name, tmp_path):
    path = pack(tmp_path / name, {f"{n}.md": archives.policy() * 20 for n in range(5)})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(SourceError, match="is a damaged or truncated archive"):
        opened(path, tmp_path)
