"""Archives in git: what is read of them, and that no repository, user or caller has a say in how."""

import os
import subprocess
import zlib
from pathlib import Path

import archives
import pytest
from archives import day, opened, seen, texts

from privacylab import sources
from privacylab.sources import SourceError, repository

KITES = "Kites/Privacy Policy.md"
LOST = "the object is missing or damaged in the repository"


def ota(root, *versions):
    """An Open Terms Archive of one service: a commit for each (date, text)."""
    for date, text in versions:
        archives.commit(root, {KITES: text}, date)
    return root


def dated_texts(source):
    """Name, day and text of each version."""
    read = texts(source)
    return sorted((entry.name, day(entry), read[entry.source].decode()) for entry in source.entries())


def stored(root, kind, content):
    """Writes an object as it is, whatever git thinks of it; its name."""
    command = ["git", "-C", str(root), "hash-object", "-t", kind, "-w", "--stdin", "--literally"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode().strip()


AUTHOR = "author A <a@example.org> 1577836800 +0000"


def commit_raw(root, text, author=AUTHOR, *more):
    """Commits another text of the policy under a header that git itself might not write."""
    archives.git(root, "update-index", "--cacheinfo", f"100644,{stored(root, 'blob', text.encode())},{KITES}")
    parent, committer = archives.git(root, "rev-parse", "HEAD"), AUTHOR.replace("author", "committer")
    header = [f"tree {archives.git(root, 'write-tree')}", f"parent {parent}", author, committer, *more]
    content = "\n".join([*header, "", "crawl", ""])
    archives.git(root, "update-ref", "HEAD", stored(root, "commit", content.encode()))


def lose(root, name):
    """Takes an object away; where its file stood."""
    path = root / ".git" / "objects" / name[:2] / name[2:]
    path.unlink()
    return path


# --- What is a version ----------------------------------------------------------------------------------------------


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
    root = ota(tmp_path / "ota", ("2020-01-01", "a"), ("2020-02-01", "b"), ("2020-03-01", "a"))
    found = sorted(opened(root, tmp_path).entries(), key=lambda entry: entry.moment)
    assert [day(entry) for entry in found] == ["2020-01-01", "2020-02-01", "2020-03-01"]
    assert found[0].content == found[2].content != found[1].content


def test_a_path_beyond_ascii_is_read_as_it_is(tmp_path):
    archives.commit(tmp_path / "ota", {"Blåbær & Søn/Privacy Policy.md": "a"}, "2020-01-01")
    assert [entry.name for entry in opened(tmp_path / "ota", tmp_path).entries()] == ["Blåbær & Søn"]


def test_a_path_that_is_not_utf_8_is_shown_with_a_mark(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "k"))
    folder = os.fsencode(root) + b"/bl\xe5"
    os.mkdir(folder)
    Path(os.fsdecode(folder), "Privacy Policy.md").write_text("a")
    archives.commit(root, {}, "2021-01-01")
    assert dated_texts(opened(root, tmp_path)) == [("Kites", "2020-01-01", "k"), ("bl\ufffd", "2021-01-01", "a")]


def test_a_repository_of_another_layout_is_refused(tmp_path):
    archives.commit(tmp_path / "code", {"src/main.c": "int main;"}, "2020-01-01")
    with pytest.raises(SourceError, match="no known layout"):
        opened(tmp_path / "code", tmp_path)


def test_a_branch_that_looks_like_another_archive_changes_no_layout(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    archives.commit(root, {"Boats/Privacy Policy.md": "b"}, "2021-01-01")
    archives.git(root, "checkout", "--quiet", "--orphan", "notes")
    archives.git(root, "rm", "--quiet", "-r", "--force", ".")
    archives.commit(root, {"crawl/notes/x.md": "n"}, "2022-01-01")
    source = opened(root, tmp_path)
    assert (source.label, len(source.entries())) == ("ota", 2)


def test_a_link_and_a_submodule_are_rejected_and_say_what_they_are(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    head = archives.git(root, "rev-parse", "HEAD")
    archives.git(root, "update-index", "--add", "--cacheinfo", f"160000,{head},Sub/Privacy Policy.md")
    archives.git(
        root, "update-index", "--add", "--cacheinfo", f"120000,{stored(root, 'blob', b'x')},Link/Privacy Policy.md"
    )
    archives.git(root, "commit", "--quiet", "--message", "x", date="2021-01-01")
    found = {entry.name: (entry.reason, entry.detail) for entry in opened(root, tmp_path).entries()}
    assert found == {
        "Kites": (None, None),
        "Link": ("unreadable", "a symbolic link, no file"),
        "Sub": ("unreadable", "a submodule, no file"),
    }


# --- What a history can hold ----------------------------------------------------------------------------------------


def merged(root, resolution, first="a"):
    """Two branches change one policy, another service stands on one of them, and a merge says what holds."""
    ota(root, ("2020-01-01", first))
    archives.git(root, "checkout", "--quiet", "-b", "other")
    archives.commit(root, {KITES: "b", "Boats/Privacy Policy.md": "s"}, "2020-02-01")
    archives.git(root, "checkout", "--quiet", "main")
    archives.commit(root, {KITES: "c"}, "2020-03-01")
    archives.git(root, "merge", "--quiet", "--no-commit", "--strategy=ours", "other")
    archives.git(root, "checkout", "other", "--", "Boats")
    (root / KITES).write_text(resolution)
    archives.git(root, "commit", "--quiet", "--all", "--message", "merge", date="2020-04-01")
    return root


@pytest.mark.parametrize(("resolution", "more"), [("b", []), ("c", []), ("d", [("Kites", "2020-04-01", "d")])])
def test_a_merge_is_a_version_where_it_differs_from_all_its_parents(resolution, more, tmp_path):
    assert dated_texts(opened(merged(tmp_path / "ota", resolution), tmp_path)) == [
        ("Boats", "2020-02-01", "s"),
        ("Kites", "2020-01-01", "a"),
        ("Kites", "2020-02-01", "b"),
        ("Kites", "2020-03-01", "c"),
        *more,
    ]


def moved(root, old, new, date, text=None):
    """Moves a service's folder in one commit, and changes its policy where a text is given."""
    archives.git(root, "mv", old, new)
    archives.commit(root, {f"{new}/Privacy Policy.md": text} if text else {}, date)


A, B, C = (archives.policy(sentence) for sentence in (archives.HARBOR, archives.GDPR, archives.PARROT))
"""Texts long enough to tell by them what was moved."""


def test_a_service_that_was_renamed_is_one_and_the_move_is_no_version(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A), ("2020-01-01", B))
    moved(root, "Kites", "Kites & Sons", "2021-01-01")
    archives.commit(root, {"Kites & Sons/Privacy Policy.md": C}, "2022-01-01")
    assert dated_texts(opened(root, tmp_path)) == [
        ("Kites & Sons", "2019-01-01", A),
        ("Kites & Sons", "2020-01-01", B),
        ("Kites & Sons", "2022-01-01", C),
    ]


def test_a_service_that_was_renamed_with_a_change_of_its_text_is_one(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A))
    moved(root, "Kites", "Kestrels", "2021-01-01", A + archives.PARROT)
    assert seen(opened(root, tmp_path)) == [
        ("Kestrels", "Privacy Policy", "2019-01-01"),
        ("Kestrels", "Privacy Policy", "2021-01-01"),
    ]


def test_as_many_services_as_there_are_may_be_renamed_at_once(tmp_path):
    names = [f"S{i}" for i in range(1_100)]
    root = tmp_path / "ota"
    archives.commit(root, {f"{name}/Privacy Policy.md": f"{name} {A}" for name in names}, "2019-01-01")
    for name in names:
        (root / name).rename(root / f"T{name}")
    archives.commit(root, {f"T{name}/Privacy Policy.md": f"{name} {A} more" for name in names}, "2020-01-01")
    assert {name for name, _, _ in seen(opened(root, tmp_path))} == {f"T{name}" for name in names}


def test_a_service_that_leaves_as_another_comes_is_not_renamed(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A))
    archives.commit(root, {KITES: None, "Dice/Privacy Policy.md": archives.NO_POLICY}, "2021-01-01")
    assert {name for name, _, _ in seen(opened(root, tmp_path))} == {"Dice", "Kites"}


@pytest.mark.parametrize("page", ["", "<h1>404 Not Found</h1>\n"])
def test_a_page_that_says_nothing_tells_of_no_move(page, tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A), ("2020-01-01", page))
    archives.commit(root, {KITES: None, "Dice/Privacy Policy.md": page}, "2021-01-01")
    archives.commit(root, {"Dice/Privacy Policy.md": B}, "2022-01-01")
    assert [(name, day) for name, day, _ in dated_texts(opened(root, tmp_path))] == [
        ("Dice", "2021-01-01"),
        ("Dice", "2022-01-01"),
        ("Kites", "2019-01-01"),
        ("Kites", "2020-01-01"),
    ]


def test_a_text_that_several_services_have_tells_of_no_move(tmp_path):
    root = tmp_path / "ota"
    archives.commit(root, {f"{name}/Privacy Policy.md": A for name in ("Ads", "Tube")}, "2019-01-01")
    archives.commit(root, {"Tube/Privacy Policy.md": None, "Ways/Privacy Policy.md": A}, "2020-01-01")
    archives.git(root, "mv", "Ads", "Z Ads")
    archives.git(root, "mv", "Ways", "A Ways")
    archives.commit(root, {}, "2021-01-01")
    assert {name for name, _, _ in seen(opened(root, tmp_path))} == {"Ads", "Tube", "Ways", "Z Ads", "A Ways"}


def test_a_service_that_a_merge_renamed_is_one(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A), ("2020-01-01", B))
    archives.git(root, "checkout", "--quiet", "-b", "other", "HEAD~1")
    archives.commit(root, {"Boats/Privacy Policy.md": C}, "2020-02-01")
    archives.git(root, "checkout", "--quiet", "main")
    archives.git(root, "merge", "--quiet", "--no-commit", "other")
    archives.git(root, "mv", "Kites", "Kestrels")
    archives.git(root, "commit", "--quiet", "--message", "merge", date="2021-01-01")
    assert [(name, day) for name, day, _ in dated_texts(opened(root, tmp_path))] == [
        ("Boats", "2020-02-01"),
        ("Kestrels", "2019-01-01"),
        ("Kestrels", "2020-01-01"),
    ]


def test_a_name_that_was_left_may_be_taken_by_another_service(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A))
    moved(root, "Kites", "Kestrels", "2020-01-01")
    archives.commit(root, {KITES: B}, "2021-01-01")
    assert dated_texts(opened(root, tmp_path)) == [("Kestrels", "2019-01-01", A), ("Kites", "2021-01-01", B)]


@pytest.mark.parametrize("last", ["Kites", "Kestrels"])
def test_a_service_that_was_renamed_twice_has_its_last_name(last, tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A))
    moved(root, "Kites", "Herons", "2020-01-01")
    moved(root, "Herons", last, "2021-01-01")
    archives.commit(root, {f"{last}/Privacy Policy.md": B}, "2022-01-01")
    assert dated_texts(opened(root, tmp_path)) == [(last, "2019-01-01", A), (last, "2022-01-01", B)]


def test_a_rename_is_seen_beside_a_text_that_is_lost(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A))
    archives.git(root, "mv", "Kites", "Kestrels")
    archives.commit(root, {"Dice/Privacy Policy.md": B, "Herons/Terms.md": "t"}, "2020-01-01")
    archives.git(root, "rm", "--quiet", "Herons/Terms.md")
    archives.git(root, "mv", "Kestrels", "Kites")
    archives.commit(root, {"Dice/Privacy Policy.md": C, "Herons/Other.md": "u"}, "2021-01-01")
    lose(root, archives.git(root, "rev-parse", "HEAD:Herons/Other.md"))
    assert {name for name, _, _ in seen(opened(root, tmp_path))} == {"Dice", "Kites"}


@pytest.mark.parametrize(
    "author",
    [
        "author A <a@example.org> 99999999999999 +0000",
        "author A <a@example.org> 253402300800 +0000",
        "author A <a@example.org> 18446744073709551615 +0000",
        f"author A <a@example.org> {'9' * 5000} +0000",
        "author A <a@example.org> 4102444800 +0000",
        "author A <a@example.org> -5 +0000",
        "author A <a@example.org> 0 +0000",
        "author A <a@example.org> garbage +0000",
        "author A <a@example.org>",
        "author",
    ],
)
def test_a_commit_of_an_impossible_date_costs_one_version(author, tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", "a"), ("2020-01-01", "b"))
    commit_raw(root, "c", author)
    bad, *good = sorted(opened(root, tmp_path).entries(), key=lambda entry: entry.moment or 0)
    assert (bad.reason, day(bad)) == ("bad_date", None)
    assert archives.git(root, "rev-parse", "--short=12", "HEAD") in bad.detail
    assert [day(entry) for entry in good] == ["2019-01-01", "2020-01-01"]


def test_a_link_of_an_impossible_date_costs_one_version_too(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", "a"))
    link = stored(root, "blob", b"x")
    archives.git(root, "update-index", "--add", "--cacheinfo", f"120000,{link},Link/Privacy Policy.md")
    commit_raw(root, "b", "author A <a@example.org> 99999999999999 +0000")
    found = sorted(
        (entry.name, entry.reason, entry.moment) for entry in opened(root, tmp_path).entries() if entry.reason
    )
    assert found == [("Kites", "bad_date", None), ("Link", "bad_date", None)]


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-7", "ISO-2022-JP", "no such thing"])
def test_what_a_commit_says_of_its_encoding_changes_no_date(encoding, tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", "a"))
    commit_raw(root, "b", AUTHOR, f"encoding {encoding}")
    assert dated_texts(opened(root, tmp_path)) == [("Kites", "2019-01-01", "a"), ("Kites", "2020-01-01", "b")]


def test_a_shallow_clone_is_read_and_says_so(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", "a"), ("2020-01-01", "b"))
    archives.git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{root}", "short")
    source = opened(tmp_path / "short", tmp_path)
    assert dated_texts(source) == [("Kites", "2020-01-01", "b")]
    assert ["shallow" in note for note in source.notes] == [True]
    assert opened(root, tmp_path).notes == []


def test_a_partial_clone_is_read_and_says_so(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", "a"), ("2020-01-01", "b"))
    archives.git(root, "config", "uploadpack.allowFilter", "true")
    archives.git(tmp_path, "clone", "--quiet", "--bare", "--filter=blob:none", f"file://{root}", "some")
    source = opened(tmp_path / "some", tmp_path)
    assert ["partial" in note for note in source.notes] == [True]
    assert set(texts(source).values()) == {LOST}


def test_a_replaced_text_is_read_as_it_was_committed(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    archives.git(root, "replace", archives.git(root, "rev-parse", f"HEAD:{KITES}"), stored(root, "blob", b"forged"))
    assert dated_texts(opened(root, tmp_path)) == [("Kites", "2020-01-01", "a")]
    archives.git(root, "pack-refs", "--all")
    assert dated_texts(opened(root, tmp_path)) == [("Kites", "2020-01-01", "a")]


@pytest.mark.parametrize("folder", ["plain", "# a comment", '"quoted', "with\nnewline", "Blåbær: é"])
def test_what_a_repository_borrows_is_read_through_any_number_of_others(folder, tmp_path):
    ota(tmp_path / "first", ("2020-01-01", "a"))
    archives.git(tmp_path, "clone", "--quiet", "--shared", str(tmp_path / "first"), "second")
    ota(tmp_path / "second", ("2021-01-01", "b"))
    archives.git(tmp_path, "clone", "--quiet", "--shared", str(tmp_path / "second"), str(tmp_path / folder / "third"))
    found = dated_texts(opened(tmp_path / folder / "third", tmp_path))
    assert found == [("Kites", "2020-01-01", "a"), ("Kites", "2021-01-01", "b")]


def test_a_work_tree_of_its_own_and_a_file_that_leads_there_are_read(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    archives.git(root, "worktree", "add", "--quiet", "--detach", str(tmp_path / "beside"))
    ota(tmp_path / "beside", ("2021-01-01", "b"))
    found = [("Kites", "2020-01-01", "a"), ("Kites", "2021-01-01", "b")]
    assert [dated_texts(opened(tmp_path / name, tmp_path)) for name in ("ota", "beside")] == [found, found]


def test_a_repository_with_longer_names_of_objects_is_read(tmp_path):
    root = tmp_path / "ota"
    root.mkdir()
    archives.git(root, "init", "--quiet", "--object-format=sha256")
    ota(root, ("2020-01-01", "a"))
    archives.git(root, "bundle", "create", "--quiet", "--version=3", str(tmp_path / "long.bundle"), "--all")
    for path in (root, tmp_path / "long.bundle"):
        assert dated_texts(opened(path, tmp_path)) == [("Kites", "2020-01-01", "a")]


def test_tags_of_anything_do_no_harm(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    for name, place in (("blob", f"HEAD:{KITES}"), ("tree", "HEAD^{tree}"), ("commit", "HEAD")):
        archives.git(root, "tag", "--annotate", "--message", "x", name, place)
        archives.git(root, "tag", f"light-{name}", place)
    assert dated_texts(opened(root, tmp_path)) == [("Kites", "2020-01-01", "a")]


# --- What is damaged ------------------------------------------------------------------------------------------------


def test_a_truncated_bundle_is_refused_in_one_line(bundle, tmp_path):
    short = tmp_path / "short.bundle"
    short.write_bytes(bundle.read_bytes()[:-200])
    with pytest.raises(SourceError, match=r"short\.bundle is a damaged or truncated git bundle \(.+\)$"):
        opened(short, tmp_path)


def test_a_bundle_that_builds_on_commits_elsewhere_is_refused_in_one_line(tosback2, tmp_path):
    archives.git(tosback2, "bundle", "create", "--quiet", str(tmp_path / "more.bundle"), "main~1..main")
    with pytest.raises(SourceError, match=r"more\.bundle is a damaged or truncated git bundle \(.+\)$"):
        opened(tmp_path / "more.bundle", tmp_path)


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
    assert found.pop(broken.source) == LOST
    assert sorted(found.values()) == sorted(
        text.encode() for name, text in files.items() if name != "Service 1/Privacy Policy.md"
    )


def test_a_missing_object_loses_no_other(tmp_path):
    archives.commit(tmp_path / "ota", {f"S{n}/Privacy Policy.md": str(n) for n in range(3)}, "2020-01-01")
    source = opened(tmp_path / "ota", tmp_path)
    lose(tmp_path / "ota", sorted(source.entries())[0].content)
    assert list(texts(source).values()) == [LOST, b"1", b"2"]


def test_a_commit_in_the_place_of_a_text_is_no_text(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    head = archives.git(root, "rev-parse", "HEAD")
    folder = stored(root, "tree", b"100644 Privacy Policy.md\0" + bytes.fromhex(head))
    tree = stored(root, "tree", b"40000 Boats\0" + bytes.fromhex(folder))
    archives.git(root, "update-ref", "refs/heads/main", archives.git(root, "commit-tree", tree, "-p", head, "-m", "x"))
    assert texts(opened(root, tmp_path))[f"Boats/Privacy Policy.md@{head}"] == "a commit in the place of a file"


def lose_the_parent(root):
    lose(root, archives.git(root, "rev-parse", "HEAD~1"))


def lose_the_tree(root):
    lose(root, archives.git(root, "rev-parse", "HEAD^{tree}"))


def point_at_nothing(root):
    (root / ".git" / "refs" / "heads" / "gone").write_text("1" * 40 + "\n")


def write_no_name(root):
    (root / ".git" / "refs" / "heads" / "odd").write_text("x\n")


def empty_a_ref(root):
    (root / ".git" / "refs" / "heads" / "main").write_text("")


def keep_refs_in_a_table(root):
    (root / ".git" / "reftable").mkdir()


def leave_no_branch(root):
    (root / ".git" / "refs" / "heads" / "main").unlink()


def pipe_for_head(root):
    (root / ".git" / "HEAD").unlink()
    os.mkfifo(root / ".git" / "HEAD")


def pipe_for_a_ref(root):
    os.mkfifo(root / ".git" / "refs" / "heads" / "pipe")


def device_for_refs(root):
    (root / ".git" / "packed-refs").symlink_to("/dev/zero")


def pipe_for_a_text(root):
    os.mkfifo(lose(root, archives.git(root, "rev-parse", f"HEAD:{KITES}")))


def pipe_for_what_is_borrowed(root):
    os.mkfifo(root / ".git" / "objects" / "info" / "alternates")


def as_many_files_as_you_like(root):
    blob = stored(root, "blob", b"x")
    tree = stored(root, "tree", b"".join(b"100644 f%d\0" % i + bytes.fromhex(blob) for i in range(10)))
    for _ in range(9):
        tree = stored(root, "tree", b"".join(b"40000 d%d\0" % i + bytes.fromhex(tree) for i in range(10)))
    archives.git(root, "update-ref", "HEAD", archives.git(root, "commit-tree", tree, "-p", "HEAD", "-m", "x"))


def pipe_among_what_is_borrowed(root):
    (root.parent / "borrowed" / "ab").mkdir(parents=True)
    os.mkfifo(root.parent / "borrowed" / "ab" / "cd")
    (root / ".git" / "objects" / "info" / "alternates").write_text("../../../borrowed\n")


@pytest.mark.parametrize(
    ("damage", "names"),
    [
        (lose_the_parent, "git cannot read"),
        (lose_the_tree, "git cannot read"),
        (point_at_nothing, "git cannot read"),
        (write_no_name, "heads/odd"),
        (empty_a_ref, "heads/main"),
        (keep_refs_in_a_table, "ref-format=files"),
        (leave_no_branch, "holds no branch"),
        (pipe_for_head, "HEAD"),
        (pipe_for_a_ref, "heads/pipe"),
        (device_for_refs, "packed-refs"),
        (pipe_for_a_text, "no ordinary file"),
        (pipe_for_what_is_borrowed, "alternates"),
        (pipe_among_what_is_borrowed, "borrowed"),
        (as_many_files_as_you_like, "bytes of names"),
    ],
)
def test_a_damaged_repository_is_refused_in_one_line(damage, names, tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"), ("2020-02-01", "b"))
    damage(root)
    with pytest.raises(SourceError, match=names) as refused:
        opened(root, tmp_path).entries()
    assert "\n" not in str(refused.value)


def test_what_git_alone_takes_for_borrowed_is_not_borrowed(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    path = lose(root, archives.git(root, "rev-parse", f"HEAD:{KITES}"))
    (tmp_path / "borrowed" / path.parent.name).mkdir(parents=True)
    os.mkfifo(tmp_path / "borrowed" / path.parent.name / path.name)
    (root / ".git" / "objects" / "info" / "alternates").write_text(f'"{tmp_path / "borrowed"}"\n')
    assert list(texts(opened(root, tmp_path)).values()) == [LOST]


@pytest.mark.parametrize("size", [sources.MAX_BYTES + 1, 99_999_999_999_999, 2**64 - 1])
def test_a_text_that_is_too_large_is_not_read_and_loses_no_other(size, tmp_path):
    root = tmp_path / "ota"
    archives.commit(root, {f"S{n}/Privacy Policy.md": str(n) for n in range(3)}, "2020-01-01")
    path = lose(root, archives.git(root, "rev-parse", "HEAD:S1/Privacy Policy.md"))
    path.write_bytes(zlib.compress(f"blob {size}\0".encode() + b"x" * (size if size < 10**9 else 100)))
    found = list(texts(opened(root, tmp_path)).values())
    assert [found[0], found[2]] == [b"0", b"2"]
    assert found[1] in (sources.TOO_LARGE, LOST)


def test_git_that_does_not_end_is_ended(tmp_path, monkeypatch):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    archives.write(tmp_path / "bin", {"git": "#!/bin/sh\nexec sleep 60\n"})
    (tmp_path / "bin" / "git").chmod(0o755)
    monkeypatch.setattr(repository, "TIMEOUT", 0.1)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    with pytest.raises(SourceError, match="did not end within"):
        opened(root, tmp_path)


def test_a_machine_without_git_is_told_what_it_lacks(tmp_path, monkeypatch):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SourceError, match="git is not installed"):
        opened(root, tmp_path)


# --- Whom git obeys: nobody -----------------------------------------------------------------------------------------


@pytest.fixture
def trap(tmp_path):
    """A program that leaves a mark when it runs."""
    archives.write(tmp_path, {"trap.sh": f"#!/bin/sh\ntouch '{tmp_path / 'sprung'}'\n"})
    (tmp_path / "trap.sh").chmod(0o755)
    return tmp_path / "trap.sh"


def sprung(trap):
    return trap.with_name("sprung").exists()


SIGNED = ("gpgsig -----BEGIN PGP SIGNATURE-----", " ", " x", " -----END PGP SIGNATURE-----")


def sign(root, trap):
    commit_raw(root, "b", AUTHOR, *SIGNED)
    archives.git(root, "config", "gpg.program", str(trap))
    archives.git(root, "config", "log.showSignature", "true")


def promise(root, trap):
    lose(root, archives.git(root, "rev-parse", f"HEAD:{KITES}"))
    archives.git(root, "config", "core.repositoryFormatVersion", "1")
    archives.git(root, "config", "extensions.partialClone", "origin")
    archives.git(root, "config", "remote.origin.promisor", "true")
    archives.git(root, "config", "remote.origin.url", str(root))
    archives.git(root, "config", "remote.origin.uploadpack", str(trap))


def promise_elsewhere(root, trap):
    promise(root, trap)
    archives.git(root, "config", "remote.origin.url", f"ext::{trap}")
    archives.git(root, "config", "protocol.ext.allow", "always")


@pytest.mark.parametrize("is_bare", [False, True])
@pytest.mark.parametrize("bait", [sign, promise, promise_elsewhere])
def test_a_repository_runs_no_program(bait, is_bare, trap, tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    bait(root, trap)
    if is_bare:
        (root / ".git").rename(tmp_path / "bare")
        root = tmp_path / "bare"
    source = opened(root, tmp_path)
    assert len(source.entries()) == len(texts(source)) == (2 if bait is sign else 1)
    assert not sprung(trap)


def test_a_repository_that_includes_a_pipe_does_not_hold_the_build(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    os.mkfifo(tmp_path / "pipe")
    with (root / ".git" / "config").open("a") as config:
        config.write(f"[include]\npath = {tmp_path / 'pipe'}\n")
    assert dated_texts(opened(root, tmp_path)) == [("Kites", "2020-01-01", "a")]


SETTINGS = (
    "[log]\nshowSignature = true\nshowRoot = false\n[i18n]\nlogOutputEncoding = UTF-16\n"
    "[core]\nquotePath = true\nabbrev = 4\n[diff]\nrenames = copies\nnoprefix = true\n[transfer]\nfsckObjects = true\n"
)


@pytest.mark.parametrize("settings", [SETTINGS, "[broken"])
@pytest.mark.parametrize("where", ["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "repository"])
def test_no_settings_change_what_is_read(where, settings, trap, tmp_path, monkeypatch):
    root = ota(tmp_path / "ota", ("2019-01-01", "a"))
    commit_raw(root, "b", AUTHOR, *SIGNED)
    archives.git(root, "bundle", "create", "--quiet", str(tmp_path / "ota.bundle"), "--all")
    settings = f"[gpg]\nprogram = {trap}\n{settings}"
    files = {"HOME": "home/.gitconfig", "XDG_CONFIG_HOME": "home/git/config"}
    archives.write(tmp_path, {files.get(where, "settings"): settings})
    if where == "repository":
        archives.write(root, {".git/config": settings})
    else:
        monkeypatch.setenv(where, str(tmp_path / ("home" if where in files else "settings")))
        monkeypatch.delenv("GIT_CONFIG_NOSYSTEM", raising=False)
    for path in (root, tmp_path / "ota.bundle"):
        found = dated_texts(opened(path, tmp_path))
        assert found == [("Kites", "2019-01-01", "a"), ("Kites", "2020-01-01", "b")]
    assert not sprung(trap)


def test_the_callers_own_repository_is_not_read_instead(tmp_path, monkeypatch):
    root, other = ota(tmp_path / "ota", ("2020-01-01", "a")), ota(tmp_path / "other", ("2021-01-01", "other"))
    archives.git(root, "bundle", "create", "--quiet", str(tmp_path / "ota.bundle"), "--all")
    settings = {
        "GIT_DIR": other / ".git",
        "GIT_WORK_TREE": other,
        "GIT_OBJECT_DIRECTORY": other / ".git" / "objects",
        "GIT_INDEX_FILE": other / ".git" / "index",
        "GIT_COMMON_DIR": other / ".git",
        "GIT_NAMESPACE": "x",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "x",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    for path in (root, tmp_path / "ota.bundle"):
        assert dated_texts(opened(path, tmp_path)) == [("Kites", "2020-01-01", "a")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_repository_of_another_user_is_read_and_runs_nothing(trap, tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    sign(root, trap)
    for path in [root, *root.rglob("*")]:
        os.chown(path, 65534, 65534, follow_symlinks=False)
    assert len(opened(root, tmp_path).entries()) == 2
    assert not sprung(trap)


def test_an_index_of_commits_that_lies_is_not_believed(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", "a"), ("2020-01-01", "b"))
    archives.git(root, "commit-graph", "write", "--reachable")
    path = root / ".git" / "objects" / "info" / "commit-graph"
    path.chmod(0o644)
    index = path.read_bytes()
    parent = index.index(bytes.fromhex(archives.git(root, "rev-parse", "HEAD^{tree}"))) + 20
    path.write_bytes(index[:parent] + bytes.fromhex("70000000") + index[parent + 4 :])  # the newest has no parent
    assert [day for _, day, _ in dated_texts(opened(root, tmp_path))] == ["2019-01-01", "2020-01-01"]


# --- What looks like a repository -----------------------------------------------------------------------------------


def test_a_folder_of_files_named_as_git_names_its_own_is_a_folder(tmp_path):
    archives.write(tmp_path / "mine", {"HEAD": "We start here.", "objects/objects-2020-01-01.md": "x"})
    assert opened(tmp_path / "mine", tmp_path).label == "mine"


def test_an_empty_git_folder_within_another_repository_is_a_folder(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", "a"))
    archives.write(root / "mine", {"kites-2021-01-01.md": "x"})
    (root / "mine" / ".git").mkdir()
    assert seen(opened(root / "mine", tmp_path)) == [("kites", "", "2021-01-01")]


# --- What an update asks --------------------------------------------------------------------------------------------


def since(root, tmp_path, change):
    """The names of which an archive says that they are not what they were before a change."""
    source = opened(root, tmp_path)
    before = source.state(source.entries(), {})
    change()
    return opened(root, tmp_path).names_since(before)


def test_an_archive_tells_the_names_of_new_versions(tmp_path):
    root = merged(tmp_path / "ota", "d")
    files = {"Dice/Privacy Policy.md": "d", "Boats/Terms.md": "t"}
    assert since(root, tmp_path, lambda: archives.commit(root, files, "2021-01-01")) == {"Dice"}


def test_an_archive_that_stands_where_it_stood_tells_no_name(tmp_path):
    assert since(merged(tmp_path / "ota", "d"), tmp_path, lambda: None) == set()


def test_a_rename_tells_both_names(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A))
    assert since(root, tmp_path, lambda: moved(root, "Kites", "Kestrels", "2021-01-01")) == {"Kites", "Kestrels"}


def test_a_text_that_could_not_be_read_is_looked_for_again(tmp_path):
    root = merged(tmp_path / "ota", "d")
    source = opened(root, tmp_path)
    ids = {entry.source: sources.UNREAD for entry in source.entries() if entry.name == "Boats"}
    assert opened(root, tmp_path).names_since(source.state(source.entries(), ids)) == {"Boats"}


def test_a_rewritten_history_tells_the_names_whose_versions_went(tmp_path):
    root = merged(tmp_path / "ota", "d")

    def rewrite():
        archives.git(root, "branch", "--quiet", "--delete", "--force", "other")
        archives.git(root, "reset", "--quiet", "--hard", "HEAD~1")

    assert since(root, tmp_path, rewrite) == {"Boats", "Kites"}


@pytest.mark.parametrize("names", [set(), {"Kites"}, {"Boats"}, {"Dice"}, {"Kites", "Boats"}])
def test_the_entries_of_some_names_are_those_among_all(names, tmp_path):
    source = opened(merged(tmp_path / "ota", "d"), tmp_path)
    assert source.entries(names=names) == [entry for entry in source.entries() if entry.name in names]


def test_no_more_is_read_of_git_than_asked_for(tosback2, tmp_path):
    source = opened(tosback2, tmp_path)
    assert list(source.contents([])) == []
