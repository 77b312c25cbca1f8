"""Archives in git: which changes are versions, of which policy and date."""

import os
from pathlib import Path

import archives
import pytest
from archives import day, opened, seen, texts
from histories import AUTHOR, KITES, commit_raw, dated_texts, lose, merged, ota, stored

from privacylab.sources import SourceError

# --- What is a version ----------------------------------------------------------------------------------------------


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
    with pytest.raises(SourceError, match="an unknown layout"):
        opened(tmp_path / "code", tmp_path)


def test_an_archive_of_files_is_read_as_its_newest_commit_has_them(tmp_path):
    root = tmp_path / "pga-v1"
    archives.commit(root, {"Versions/Kites/Privacy Policy/20100101_kites.md": "old"}, "2020-01-01")
    archives.commit(
        root,
        {"Versions/Kites/Privacy Policy/20110101_kites.md": "new", ".gitattributes": "* export-ignore"},
        "2021-01-01",
    )
    assert dated_texts(opened(root, tmp_path)) == [("Kites", "2010-01-01", "old"), ("Kites", "2011-01-01", "new")]
    assert {entry.collection for entry in opened(root, tmp_path).entries()} == {"pga-v1"}


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


def test_a_policy_that_stood_elsewhere_before_has_its_first_version(tmp_path):
    root = ota(tmp_path / "ota", ("2020-01-01", B))
    archives.commit(root, {"versions/Herons/Privacy Policy.md": A}, "2020-05-01")
    moved(root, "versions/Herons", "Herons", "2021-01-01")
    assert ("Herons", "2020-05-01", A) in dated_texts(opened(root, tmp_path))
    assert ("Herons", "2021-01-01", A) not in dated_texts(opened(root, tmp_path))


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


KESTRELS = "Kestrels/Privacy Policy.md"


@pytest.mark.parametrize("steps", [[{KITES: None}, {KESTRELS: A}], [{KESTRELS: A}, {KITES: None}]])
def test_a_service_that_was_renamed_in_two_commits_is_named_with_the_remedy(steps, tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A))
    archives.commit(root, {"Dice/Privacy Policy.md": B}, "2019-01-01")
    for number, files in enumerate(steps, 1):
        archives.commit(root, files, f"2020-0{number}-01")
    source = opened(root, tmp_path)
    assert {name for name, _, _ in seen(source)} == {"Kites", "Kestrels", "Dice"}
    (note,) = source.notes
    assert "Kites and Kestrels" in note
    assert "git mv" in note


def test_a_text_that_goes_on_elsewhere_or_is_shared_makes_no_note(tmp_path):
    root = ota(tmp_path / "ota", ("2019-01-01", A))
    archives.commit(root, {KESTRELS: A}, "2020-01-01")
    assert opened(root, tmp_path).entries()
    assert opened(root, tmp_path).notes == []
    archives.commit(root, {"Dice/Privacy Policy.md": A, "Boats/Privacy Policy.md": A}, "2020-02-01")
    archives.commit(root, {KITES: None}, "2020-03-01")
    source = opened(root, tmp_path)
    assert source.entries()
    assert source.notes == []


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


def test_no_more_is_read_of_git_than_asked_for(tosback2, tmp_path):
    source = opened(tosback2, tmp_path)
    assert list(source.contents([])) == []
