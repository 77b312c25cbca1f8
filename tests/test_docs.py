"""The documents name what is there: files, commands, notebooks; the API's pages come out of the docstrings."""

import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from privacylab import cli, cues, eras, paths

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "docs/glossary.md", "docs/decisions.md", "corpus/README.md"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_a_document_names_are_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`((?:privacylab|corpus|docs|tests|figures|notebooks|benchmarks)/[\w./-]*)`", text)
    named += re.findall(r"\]\(([\w./-]+)\)", text)
    assert [path for path in named if not (ROOT / path).exists() and path != "docs/replication.md"] == []


def test_the_readme_begins_with_the_picture():
    assert re.match(r"!\[.{20,}\]\(figures/\w+\.png\)\n\n# ", README)


def test_the_readme_names_every_notebook():
    assert [path.stem for path in paths.notebooks() if f"`{path.stem}`" not in README] == []


def test_commands_of_the_readme_exist():
    lines = re.findall(r"^ +\.venv/bin/privacylab (\w+)(.*)$", README, flags=re.M)
    assert len(lines) >= 5
    for command, options in lines:
        told = CliRunner().invoke(cli.app, [command, "--help"], env={"COLUMNS": "200"}).output
        assert [option for option in re.findall(r"--[\w-]+", options) if option not in told] == []


def block(kind):
    """The TOML block of the tutorial as it stands there."""
    lines = re.search(rf"^    \[\[{kind}\]\]\n(?:    .+\n)+", README, flags=re.M)[0]
    return re.sub(r"^    ", "", lines, flags=re.M)


def test_the_cue_of_the_tutorial_works(monkeypatch, tmp_path):
    rules = (paths.RULES / "cues.toml").read_text(encoding="utf-8") + "\n" + block("cue")
    (tmp_path / "cues.toml").write_text(rules, encoding="utf-8")
    example = tomllib.loads(block("cue"))["cue"][0]["examples"][0][0]
    _clear(cues)
    monkeypatch.setattr(paths, "RULES", tmp_path)
    assert "newsletter" in {found.cue for found in cues.cues(example)}
    monkeypatch.undo()
    _clear(cues)


def test_the_era_of_the_tutorial_works(monkeypatch, tmp_path):
    before, at, after = (paths.RULES / "eras.toml").read_text(encoding="utf-8").partition('[[era]]\nid = "gdpr"')
    (tmp_path / "eras.toml").write_text(before + block("era") + "\n" + at + after, encoding="utf-8")
    _clear(eras)
    monkeypatch.setattr(paths, "RULES", tmp_path)
    days = ["2017-05-24", "2017-05-25", "2018-05-24", "2018-05-25"]
    assert [eras.era(day) for day in days] == ["privacy_shield", "run_up", "run_up", "gdpr"]
    starts = [era.start for era in eras.eras()[1:]]
    assert all(before < after for before, after in pairwise(starts))
    monkeypatch.undo()
    _clear(eras)


def _clear(module):
    for value in vars(module).values():
        if hasattr(value, "cache_clear"):
            value.cache_clear()


def test_the_glossary_is_in_order():
    for part in re.split(r"^## ", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), flags=re.M)[1:]:
        terms = re.findall(r"^\| ([^|]+) \|", part, flags=re.M)[1:]
        terms = [term.casefold() for term in terms if not term.startswith("---")]
        assert terms == sorted(terms)
        assert terms


def test_the_api_has_a_page_a_module(tmp_path):
    pdoc = str(Path(sys.executable).with_name("pdoc"))
    done = subprocess.run(
        [pdoc, "--docformat", "google", "--no-show-source", "--output-directory", str(tmp_path), "privacylab"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = {path.stem for path in (tmp_path / "privacylab").glob("*.html")}
    assert pages >= {path.parent.name for path in paths.PACKAGE.glob("*/__init__.py")}
    measure = (tmp_path / "privacylab" / "findings" / "shares.html").read_text(encoding="utf-8")
    assert '<h6 id="raises">' in measure, "Google's form was not understood"
