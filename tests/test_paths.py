"""Where things are, whatever the working directory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from privacylab import paths

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (paths.corpus, ROOT / "corpus" / "panel"),
        (paths.samples, ROOT / "corpus" / "samples"),
        (paths.gold, ROOT / "corpus" / "gold"),
        (paths.figures, ROOT / "figures"),
        (paths.checkout, ROOT),
    ],
)
def test_places_do_not_depend_on_the_working_directory(found, expected, monkeypatch, tmp_path):
    monkeypatch.delenv("PRIVACYLAB_CORPUS", raising=False)
    monkeypatch.delenv("PRIVACYLAB_FIGURES", raising=False)
    monkeypatch.chdir(tmp_path)
    assert found() == expected


@pytest.mark.parametrize(
    ("variable", "found"), [("PRIVACYLAB_CORPUS", paths.corpus), ("PRIVACYLAB_FIGURES", paths.figures)]
)
def test_an_override_wins(variable, found, monkeypatch, tmp_path):
    monkeypatch.setenv(variable, str(tmp_path / "mine"))
    assert found() == tmp_path / "mine"


def test_an_empty_override_is_none(monkeypatch):
    monkeypatch.setenv("PRIVACYLAB_CORPUS", "")
    assert paths.corpus() == ROOT / "corpus" / "panel"


def test_without_a_checkout_the_error_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "site-packages" / "privacylab")
    monkeypatch.delenv("PRIVACYLAB_CORPUS", raising=False)
    with pytest.raises(FileNotFoundError, match="PRIVACYLAB_CORPUS set to a corpus folder"):
        paths.corpus()


def test_an_override_needs_no_checkout(monkeypatch, tmp_path):
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "site-packages" / "privacylab")
    monkeypatch.setenv("PRIVACYLAB_CORPUS", str(tmp_path))
    assert paths.corpus() == tmp_path


def test_notebooks_come_in_order(monkeypatch, tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "notebooks").mkdir()
    for name in ("1-clauses.ipynb", "0-corpus.ipynb", "notes.txt"):
        (tmp_path / "notebooks" / name).touch()
    monkeypatch.setattr(paths, "PACKAGE", tmp_path / "privacylab")
    assert [path.name for path in paths.notebooks()] == ["0-corpus.ipynb", "1-clauses.ipynb"]


# --- Rules of one's own -----------------------------------------------------------------------------------------------

CUE = """
[[cue]]
id = "newsletter"
covers = "A newsletter is sent or offered."
patterns = ["newsletter~"]
examples = [["We send you our newsletter once a month.", ""]]
"""
ERA = """
[[era]]
id = "run_up"
name = "Last year before the GDPR"
from = 2017-05-25
"""
READ = """
from privacylab import cues, eras
from privacylab.build import workers
print([(cue.cue, cue.value) for cue in cues.cues("Read our newsletter, or ask us to erase your data.")])
print([eras.era(date) for date in ("2017-05-24", "2017-05-25", "2018-05-25")], workers.code_hash())
"""


SAMPLE = ROOT / "corpus" / "samples" / "farwend" / "farwend-2018-06-12.md"


def python(folder, *arguments):
    environment = {**os.environ, "PRIVACYLAB_RULES": str(folder)}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, check=False)


def test_own_rules_add_a_cue_and_an_era_and_change_what_a_build_depends_on(tmp_path):
    (tmp_path / "cues.toml").write_text(CUE)
    (tmp_path / "eras.toml").write_text(ERA)
    read = python(tmp_path, "-c", READ)
    assert read.stderr == ""
    cues, eras = read.stdout.splitlines()
    assert cues == "[('newsletter', ''), ('right_erasure', '')]".replace("''", "None")
    assert eras.startswith("['privacy_shield', 'run_up', 'gdpr']")
    (tmp_path / "cues.toml").write_text(CUE.replace("is sent", "is posted"))
    assert python(tmp_path, "-c", READ).stdout.splitlines()[1] != eras


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("cue.toml", CUE, "cue.toml adds to no rules: name it after one of archives, "),
        ("cues.toml", "[[cue", "cues.toml cannot be read ("),
        ("cues.toml", CUE.replace("newsletter", "dpo"), "there is already a cue 'dpo': give it another id"),
        ("eras.toml", "era = 2018", "era is already said"),
    ],
)
def test_own_rules_that_cannot_be_added_are_one_line(name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    done = python(tmp_path, "-m", "privacylab", "annotate", str(SAMPLE))
    assert done.returncode == 2
    assert done.stderr.startswith("privacylab: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_of_own_rules_that_is_not_there_is_one_line(tmp_path):
    done = python(tmp_path / "none", "-m", "privacylab", "--version")
    message = (
        f"privacylab: PRIVACYLAB_RULES is {tmp_path / 'none'}, which is not a folder: make it, or unset the variable"
    )
    assert (done.returncode, done.stderr) == (2, f"{message}\n")
