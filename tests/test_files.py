"""Whole-or-nothing writes: of files and of folders, when they fail and when the program is killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from privacylab import files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def full(*arguments, **options):
    raise OSError(28, "No space left on device")


@pytest.fixture
def path(tmp_path):
    """A file that is there already."""
    (tmp_path / "a.txt").write_text("old")
    return tmp_path / "a.txt"


@pytest.fixture
def folder(tmp_path):
    """A folder that is there already."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "a.txt").write_text("old")
    return tmp_path / "site"


def only_text(folder):
    """Whether a folder holds nothing but texts."""
    if folder.is_dir() and any(path.suffix != ".txt" for path in folder.iterdir()):
        raise ValueError(f"{folder.name} holds something else")


def replace(folder):
    """Replaces a folder by one of another file."""
    with files.replacing(folder, check=only_text) as staging:
        staging.mkdir()
        (staging / "b.txt").write_text("new")


# --- Files ----------------------------------------------------------------------------------------------------------


def test_a_new_file_stands_alone(tmp_path):
    with files.replacing(tmp_path / "a.txt") as staging:
        staging.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert (tmp_path / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_an_old_file_stays_until_the_new_one_is_whole(path):
    with files.replacing(path) as staging:
        staging.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_file_has_the_mode_of_a_fresh_one(umask, path):
    before = os.umask(umask)
    try:
        with files.replacing(path) as staging:
            staging.write_text("new")
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_error_while_writing_leaves_the_old_file_and_nothing_beside_it(error, path):
    with pytest.raises(type(error)), files.replacing(path) as staging:
        staging.write_text("ne")
        raise error
    assert path.read_text() == "old"
    assert names(path.parent) == ["a.txt"]


@pytest.mark.parametrize("function", ["fsync", "replace"])
def test_a_disk_that_is_full_at_the_end_leaves_the_old_file(function, path, monkeypatch):
    monkeypatch.setattr(Path if function == "replace" else os, function, full)
    with pytest.raises(OSError, match="No space left"), files.replacing(path) as staging:
        staging.write_text("new")
    assert path.read_text() == "old"
    assert names(path.parent) == ["a.txt"]


KILLED = """
import os, pathlib, sys
from privacylab import files
with files.replacing(pathlib.Path(sys.argv[1])) as staging:
    staging.write_text("ne")
    os._exit(9)
"""


def test_a_killed_write_leaves_the_old_file(path):
    done = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert done.returncode == 9
    assert path.read_text() == "old"
    replaced = names(path.parent)
    assert "a.txt" in replaced
    assert all(name.startswith(".a.txt.") for name in replaced if name != "a.txt")


STARTED = """
import pathlib, sys, time
from privacylab import files
with files.replacing(pathlib.Path(sys.argv[1])) as staging:
    print("begun", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_write_left_goes_with_the_next_and_what_is_being_written_stays(path):
    mine = path.with_name(".a.txt.mine")
    mine.mkdir()
    (mine / "notes").write_text("mine")
    begun = [subprocess.Popen([sys.executable, "-c", STARTED, path], stdout=subprocess.PIPE) for _ in range(2)]
    assert [each.stdout.readline() for each in begun] == [b"begun\n"] * 2
    begun[0].kill()
    begun[0].wait()
    assert len(names(path.parent)) == 4
    with files.replacing(path) as staging:
        staging.write_text("new")
    assert len(names(path.parent)) == 3
    begun[1].kill()
    begun[1].wait()
    with files.replacing(path) as staging:
        staging.write_text("newer")
    assert names(path.parent) == [".a.txt.mine", "a.txt"]


def test_a_link_of_the_name_is_replaced_and_what_it_leads_to_stays(path):
    link = path.with_name("link.txt")
    link.symlink_to(path)
    with files.replacing(link) as staging:
        staging.write_text("new")
    assert (path.read_text(), link.read_text(), link.is_symlink()) == ("old", "new", False)


def test_of_nested_blocks_none_is_replaced_if_one_fails(path):
    second = path.with_name("b.txt")
    with pytest.raises(KeyError), files.replacing(path) as one, files.replacing(second) as two:
        one.write_text("new")
        two.write_text("new")
        raise KeyError
    assert path.read_text() == "old"
    assert not second.exists()


def test_nothing_written_is_an_error(path):
    with pytest.raises(FileNotFoundError), files.replacing(path):
        pass
    assert path.read_text() == "old"


# --- Folders --------------------------------------------------------------------------------------------------------


def test_a_folder_is_replaced_as_a_whole(folder):
    replace(folder)
    assert names(folder) == ["b.txt"]
    assert names(folder.parent) == ["site"]
    assert folder.stat().st_mode & 0o777 == 0o777 & ~_umask()


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_new_folder_stands_alone(tmp_path):
    replace(tmp_path / "site")
    assert names(tmp_path / "site") == ["b.txt"]
    assert names(tmp_path) == ["site"]


def test_without_a_check_a_folder_is_not_replaced(folder):
    with pytest.raises(OSError, match="not empty"), files.replacing(folder) as staging:
        staging.mkdir()
    assert names(folder) == ["a.txt"]


def test_what_was_laid_into_the_folder_is_not_lost(folder):
    (folder / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="site holds something else"):
        replace(folder)
    assert names(folder) == ["a.txt", "thesis.tex"]
    assert names(folder.parent) == ["site"]


def test_what_is_laid_into_the_folder_while_it_is_replaced_is_not_lost(folder, monkeypatch):
    rename = Path.rename

    def lay(path, target):
        if path == folder:
            (folder / "thesis.tex").write_text("years of work")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", lay)
    with pytest.raises(ValueError, match=r"\.site\.old holds something else"):
        replace(folder)
    assert (folder.with_name(".site.old") / "thesis.tex").read_text() == "years of work"


def test_where_the_new_folder_cannot_be_put_the_old_one_comes_back(folder, monkeypatch):
    rename = Path.rename
    monkeypatch.setattr(
        Path,
        "rename",
        lambda path, target: full() if path.parent.name.startswith(".site.") else rename(path, target),
    )
    with pytest.raises(OSError, match="No space left"):
        replace(folder)
    assert names(folder) == ["a.txt"]
    assert names(folder.parent) == ["site"]


def test_what_a_killed_program_moved_away_is_put_back(folder):
    folder.rename(files.set_aside(folder))
    files.restore(folder)
    assert names(folder) == ["a.txt"]


def test_nothing_is_put_back_over_a_folder_that_stands(folder):
    files.set_aside(folder).mkdir()
    files.restore(folder)
    assert names(folder) == ["a.txt"]


def test_a_folder_that_a_killed_program_left_aside_goes_with_the_next_write(folder):
    files.set_aside(folder).mkdir()
    replace(folder)
    assert names(folder) == ["b.txt"]
    assert names(folder.parent) == ["site"]


def test_the_staging_area_can_stand_elsewhere(folder, tmp_path):
    (tmp_path / "scratch").mkdir()
    with files.replacing(folder, check=only_text, within=tmp_path / "scratch") as staging:
        staging.mkdir()
        assert staging.parent.parent == tmp_path / "scratch"
    assert names(folder) == names(tmp_path / "scratch") == []
