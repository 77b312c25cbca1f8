"""Where policies come from: git archives, folders, zips and tars."""

import datetime as dt
import io
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import archives
import pytest

from privacylab import sources
from privacylab.sources import SourceError


def day(entry):
    return None if entry.moment is None else dt.datetime.fromtimestamp(entry.moment, dt.UTC).date().isoformat()


def seen(source):
    """Name, document and day of each entry, in order of day."""
    found = ((entry.name, entry.document, day(entry)) for entry in source.entries())
    return sorted(found, key=lambda row: (row[2] or "", row))


def texts(source):
    """The bytes behind each entry, or the reason why there are none, by source."""
    return {raw.entry.source: raw.data if raw.data is not None else raw.detail for raw in sources.policies(source)}


def opened(path, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    return sources.open_source(path, scratch=scratch)


# --- Git ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tosback2(tmp_path_factory):
    """Two branches, four policies; terms, an index and a deletion beside them."""
    root = tmp_path_factory.mktemp("git") / "tosback2"
    boats, kites = "crawl/boats.example/Privacy Policy.txt", "crawl_reviewed/kites.example/Kites Privacy Notice.txt"
    archives.commit(
        root, {boats: archives.page(), "crawl/boats.example/Terms.txt": "x", "index.xml": "x"}, "2013-02-03"
    )
    archives.commit(root, {boats: archives.page(archives.HARBOR), kites: archives.page()}, "2014-05-06")
    archives.git(root, "checkout", "--quiet", "-b", "rules", "HEAD~1")
    archives.commit(root, {"crawl/boats.example/Data Use Policy.txt": archives.page(archives.GDPR)}, "2013-07-08")
    archives.git(root, "checkout", "--quiet", "main")
    archives.commit(root, {boats: None}, "2015-01-01")
    return root


@pytest.fixture(scope="module")
def bundle(tosback2):
    path = tosback2.parent / "all.bundle"
    archives.git(tosback2, "bundle", "create", "--quiet", str(path), "--all")
    return path


TOSBACK2 = [
    ("boats.example", "Privacy Policy", "2013-02-03"),
    ("boats.example", "Data Use Policy", "2013-07-08"),
    ("boats.example", "Privacy Policy", "2014-05-06"),
    ("kites.example", "Kites Privacy Notice", "2014-05-06"),
]


def test_git_gives_each_change_on_any_branch_once_dated_by_its_author(tosback2, tmp_path):
    assert seen(opened(tosback2, tmp_path)) == TOSBACK2


def test_a_bundle_gives_what_its_repository_gives(tosback2, bundle, tmp_path):
    assert opened(bundle, tmp_path).entries() == opened(tosback2, tmp_path).entries()


def test_git_gives_the_bytes_of_a_version_that_was_deleted_later(tosback2, tmp_path):
    found = texts(opened(tosback2, tmp_path))
    blob = archives.git(tosback2, "rev-parse", "HEAD~1:crawl/boats.example/Privacy Policy.txt")
    assert found[f"crawl/boats.example/Privacy Policy.txt@{blob}"] == archives.page(archives.HARBOR).encode()


def test_open_terms_archive_names_the_service_by_its_folder(tmp_path):
    root = tmp_path / "ota"
    files = {"Paper Boats/Privacy Policy.md": "x", "Paper Boats/Parent Organization Privacy Policy.md": "y"}
    archives.commit(root, {**files, "Paper Boats/Terms of Service.md": "z", "README.md": "r"}, "2021-03-04")
    source = opened(root, tmp_path)
    assert (source.label, seen(source)) == (
        "ota",
        [
            ("Paper Boats", "Parent Organization Privacy Policy", "2021-03-04"),
            ("Paper Boats", "Privacy Policy", "2021-03-04"),
        ],
    )
    assert {entry.media_type for entry in source.entries()} == {"text/markdown"}


def test_a_text_that_comes_back_is_another_version_of_the_same_content(tmp_path):
    name = "Kites/Privacy Policy.md"
    for text, date in (("a", "2020-01-01"), ("b", "2020-02-01"), ("a", "2020-03-01")):
        archives.commit(tmp_path / "ota", {name: text}, date)
    found = sorted(opened(tmp_path / "ota", tmp_path).entries(), key=lambda entry: entry.moment)
    assert [day(entry) for entry in found] == ["2020-01-01", "2020-02-01", "2020-03-01"]
    assert found[0].content == found[2].content != found[1].content


def test_a_path_beyond_ascii_is_read_as_it_is(tmp_path):
    archives.commit(tmp_path / "ota", {"Blåbær & Søn/Privacy Policy.md": "a"}, "2020-01-01")
    assert [entry.name for entry in opened(tmp_path / "ota", tmp_path).entries()] == ["Blåbær & Søn"]


def merged(root):
    """Two branches change one policy to the same text on different days, and are merged."""
    boats = "crawl/boats.example/Privacy Policy.txt"
    archives.commit(root, {boats: "a", "crawl/kites.example/Privacy Policy.txt": "k"}, "2020-01-01")
    archives.git(root, "checkout", "--quiet", "-b", "other")
    archives.commit(root, {boats: "b"}, "2020-02-01")
    archives.git(root, "checkout", "--quiet", "main")
    archives.commit(root, {boats: "c"}, "2020-03-01")
    archives.commit(root, {boats: "b"}, "2020-04-01")
    archives.git(root, "merge", "--quiet", "--no-ff", "--message", "merge", "other")
    archives.git(root, "branch", "--quiet", "--delete", "other")
    return root


@pytest.mark.parametrize(
    "names", [set(), {"boats.example"}, {"kites.example"}, {"dice.example"}, {"boats.example", "kites.example"}]
)
@pytest.mark.parametrize("most", [sources.MAX_FOLDERS, 0])
def test_the_entries_of_some_names_are_those_among_all(names, most, tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "MAX_FOLDERS", most)
    source = opened(merged(tmp_path / "tosback2"), tmp_path)
    assert source.entries(names=names) == [entry for entry in source.entries() if entry.name in names]


def test_the_entries_of_a_name_that_is_not_utf_8_are_found(tmp_path):
    root = merged(tmp_path / "tosback2")
    folder = os.fsencode(root / "crawl") + b"/bl\xe5.example"
    os.mkdir(folder)
    Path(os.fsdecode(folder), "Privacy Policy.txt").write_text("a")
    archives.commit(root, {}, "2021-01-01")
    (entry,) = opened(root, tmp_path).entries(names={"bl\ufffd.example"})
    assert day(entry) == "2021-01-01"


def test_a_name_that_git_would_take_for_a_pattern_is_a_name(tmp_path):
    archives.commit(
        tmp_path / "ota", {f"{name}/Privacy Policy.md": "a" for name in (":(top)kites", "boats")}, "2021-01-01"
    )
    (entry,) = opened(tmp_path / "ota", tmp_path).entries(names={":(top)kites"})
    assert entry.name == ":(top)kites"


def since(root, tmp_path, change):
    """The names of which an archive says that they are not what they were before a change."""
    before = opened(root, tmp_path).state([], {})
    change()
    return opened(root, tmp_path).names_since(before)


def test_an_archive_tells_the_names_of_new_versions(tmp_path):
    root = merged(tmp_path / "tosback2")
    files = {"crawl/dice.example/Privacy Policy.txt": "d", "crawl/boats.example/Terms.txt": "t"}
    assert since(root, tmp_path, lambda: archives.commit(root, files, "2021-01-01")) == {"dice.example"}


def test_an_archive_that_stands_where_it_stood_tells_no_name(tmp_path):
    assert since(merged(tmp_path / "tosback2"), tmp_path, lambda: None) == set()


@pytest.mark.parametrize("remains", ["main", "other"])
def test_an_archive_whose_history_was_rewritten_cannot_tell(remains, tmp_path):
    root = merged(tmp_path / "tosback2")

    def rewrite():
        archives.git(root, "checkout", "--quiet", "-B", remains, "HEAD~1")
        if remains == "other":
            archives.git(root, "branch", "--delete", "--force", "main")
            archives.git(root, "-c", "gc.reflogExpire=now", "-c", "gc.pruneExpire=now", "gc", "--quiet", "--prune=now")

    assert since(root, tmp_path, rewrite) is None


def test_an_archive_that_was_something_else_cannot_tell(tmp_path):
    assert opened(merged(tmp_path / "tosback2"), tmp_path).names_since({"boats.example": "0" * 16}) is None


def test_a_truncated_bundle_is_refused_in_one_line(bundle, tmp_path):
    short = tmp_path / "short.bundle"
    short.write_bytes(bundle.read_bytes()[:-200])
    with pytest.raises(SourceError, match=r"short\.bundle is a damaged or truncated git bundle \(.+\)$"):
        opened(short, tmp_path)


def test_a_bundle_is_unpacked_again_over_what_a_killed_build_left(bundle, tmp_path):
    opened(bundle, tmp_path)
    assert seen(opened(bundle, tmp_path)) == TOSBACK2


def test_a_damaged_object_loses_no_other(tmp_path):
    files = {f"Service {n}/Privacy Policy.md": f"{n}\n" + archives.policy() for n in range(5)}
    archives.commit(tmp_path / "ota", files, "2020-01-01")
    source = opened(tmp_path / "ota", tmp_path)
    broken = sorted(source.entries())[1]
    path = tmp_path / "ota" / ".git" / "objects" / broken.content[:2] / broken.content[2:]
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:300])
    found = texts(source)
    assert found.pop(broken.source) == "the object is missing or damaged in the repository"
    assert sorted(found.values()) == sorted(
        text.encode() for name, text in files.items() if name != "Service 1/Privacy Policy.md"
    )


def test_a_missing_object_loses_no_other(tmp_path):
    archives.commit(tmp_path / "ota", {f"S{n}/Privacy Policy.md": str(n) for n in range(3)}, "2020-01-01")
    source = opened(tmp_path / "ota", tmp_path)
    gone = sorted(source.entries())[0]
    (tmp_path / "ota" / ".git" / "objects" / gone.content[:2] / gone.content[2:]).unlink()
    assert list(texts(source).values()) == ["the object is missing or damaged in the repository", b"1", b"2"]


def test_a_damaged_history_is_refused_in_one_line(tmp_path):
    archives.commit(tmp_path / "ota", {"S/Privacy Policy.md": "a"}, "2020-01-01")
    archives.commit(tmp_path / "ota", {"S/Privacy Policy.md": "b"}, "2020-02-01")
    head = archives.git(tmp_path / "ota", "rev-parse", "HEAD~1")
    (tmp_path / "ota" / ".git" / "objects" / head[:2] / head[2:]).unlink()
    with pytest.raises(SourceError, match=r"^git cannot read .+$"):
        opened(tmp_path / "ota", tmp_path).entries()


def test_a_repository_of_another_layout_is_refused(tmp_path):
    archives.commit(tmp_path / "code", {"src/main.c": "int main;"}, "2020-01-01")
    with pytest.raises(SourceError, match="no known layout"):
        opened(tmp_path / "code", tmp_path)


def test_no_more_is_read_of_git_than_asked_for(tosback2, tmp_path):
    source = opened(tosback2, tmp_path)
    assert list(source.contents([])) == []


def test_git_is_asked_for_the_history_and_the_contents_once(tosback2, tmp_path, monkeypatch):
    source = opened(tosback2, tmp_path)
    asked = []
    start = subprocess.Popen.__init__

    def counted(process, command, *arguments, **options):
        asked.extend(word for word in command if word in ("log", "cat-file", "rev-list", "ls-tree"))
        start(process, command, *arguments, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", counted)
    texts(source)
    assert asked == ["log", "cat-file"]


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
        (b"service,date,path\nbl\xe5,2014-05-06,one.md\n", "a/metadata.csv is no CSV in UTF-8"),
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
