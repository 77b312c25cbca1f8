"""What is read of a repository, and that no repository, user or caller has a say in how."""

import os
import zlib

import archives
import pytest
from archives import opened, seen, texts
from histories import AUTHOR, KITES, LOST, commit_raw, dated_texts, lose, ota, stored

from privacylab import sources
from privacylab.sources import SourceError, repository


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


def test_a_bundle_is_unpacked_again_over_what_a_killed_build_left(tosback2, bundle, tmp_path):
    opened(bundle, tmp_path)
    assert opened(bundle, tmp_path).entries() == opened(tosback2, tmp_path).entries()


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
    assert texts(opened(root, tmp_path))[f"Boats/Privacy Policy.md@{head}"] == "a commit instead of a file"


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
        (leave_no_branch, "has no branch"),
        (pipe_for_head, "HEAD"),
        (pipe_for_a_ref, "heads/pipe"),
        (device_for_refs, "packed-refs"),
        (pipe_for_a_text, "not an ordinary file"),
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
