"""Where things are, whatever the working directory."""

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
