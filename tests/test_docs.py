"""The documents name what is there: files, commands, notebooks; the API's pages come out of the docstrings."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from privacylab import build, cli, paths

ROOT = Path(__file__).parents[1]
DOCUMENTS = [
    *("README.md", "CONTRIBUTING.md", "ARTIFACT-APPENDIX.md"),
    *("docs/glossary.md", "docs/decisions.md", "docs/loading.md", "docs/scale.md", "docs/security.md"),
    "corpus/README.md",
]
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_a_document_names_are_there(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    named = re.findall(r"`((?:privacylab|corpus|docs|tests|figures|notebooks|benchmarks)/[\w./-]*)`", text)
    named += re.findall(r"\]\(([\w./-]+)\)", text)
    assert [path for path in named if not (ROOT / path).exists() and path != "docs/replication.md"] == []


def test_the_tests_that_a_promise_names_are_there():
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", SECURITY)
    assert len(named) > 30
    assert [test for file, test in named if f"\ndef {test}(" not in (ROOT / file).read_text(encoding="utf-8")] == []
    promises = re.findall(r"^- .+$", SECURITY.partition("## What is not promised")[0], flags=re.M)
    assert [line for line in promises if "::test_" not in line] == []


def test_each_direct_dependency_has_a_reason_and_a_keeper():
    rows = re.findall(r"^\| ([\w, -]+) \| .+ \| .+ \| .+ \|$", SECURITY, flags=re.M)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = {re.match(r"[\w-]+", each)[0] for each in project["dependencies"]}
    assert {name for row in rows for name in row.split(", ")} == direct | {"package"}


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


def with_rules(file, text, tmp_path, program):
    """What a program prints where one file of rules has another text."""
    shutil.copytree(paths.RULES, tmp_path / "rules")
    (tmp_path / "rules" / file).write_text(text, encoding="utf-8")
    start = f"from pathlib import Path; from privacylab import paths; paths.RULES = Path({str(tmp_path / 'rules')!r})\n"
    return subprocess.run([sys.executable, "-c", start + program], capture_output=True, text=True, check=True).stdout


def test_the_cue_of_the_tutorial_works(tmp_path):
    rules = (paths.RULES / "cues.toml").read_text(encoding="utf-8") + "\n" + block("cue")
    example = tomllib.loads(block("cue"))["cue"][0]["examples"][0][0]
    program = f"from privacylab import cues; print({{cue.cue for cue in cues.cues({example!r})}})"
    assert "'newsletter'" in with_rules("cues.toml", rules, tmp_path, program)


def test_the_era_of_the_tutorial_works(tmp_path):
    before, at, after = (paths.RULES / "eras.toml").read_text(encoding="utf-8").partition('[[era]]\nid = "gdpr"')
    days = ["2017-05-24", "2017-05-25", "2018-05-24", "2018-05-25"]
    program = f"""
from privacylab import eras
print(*[eras.era(day) for day in {days}])
starts = [era.start for era in eras.eras()[1:]]
print(starts == sorted(set(starts)))
"""
    printed = with_rules("eras.toml", before + block("era") + "\n" + at + after, tmp_path, program)
    assert printed.splitlines() == ["privacy_shield run_up run_up gdpr", "True"]


SNIPPETS = re.findall(r"^```python\n(.+?)^```", (ROOT / "docs" / "loading.md").read_text("utf-8"), flags=re.M | re.S)


@pytest.fixture(scope="module", params=["terms", "text"])
def folder_and_column(request, tmp_path_factory):
    """Tables without text and with it, and the column of their words."""
    if request.param == "terms":
        return ROOT / "corpus" / "panel", "terms"
    out = tmp_path_factory.mktemp("corpus") / "samples"
    return build.corpus([paths.samples()], out, workers=1).path, "text"


@pytest.mark.parametrize("number", range(1, len(SNIPPETS)))
def test_the_snippets_for_other_programs_run(number, folder_and_column, tmp_path):
    for module in re.findall(r"^(?:import|from) (\w+)", SNIPPETS[number], flags=re.M):
        pytest.importorskip(module)
    folder, column = folder_and_column
    program = (SNIPPETS[0] + SNIPPETS[number]).replace("corpus/panel", str(folder)).replace('"terms"', f'"{column}"')
    if column == "text":
        program = program.replace("term_frequency=500", "term_frequency=1")
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    assert any(tmp_path.iterdir())


def test_the_glossary_is_in_order():
    for part in re.split(r"^## ", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), flags=re.M)[1:]:
        terms = re.findall(r"^\| ([^|]+) \|", part, flags=re.M)[1:]
        terms = [term.casefold() for term in terms if not term.startswith("---")]
        assert terms == sorted(terms)
        assert terms


def test_the_api_has_a_page_a_module(tmp_path):
    pdoc = str(Path(sys.executable).with_name("pdoc"))
    places = ["--template-directory", str(ROOT / "docs" / "api"), "--output-directory", str(tmp_path)]
    done = subprocess.run(
        [pdoc, "--docformat", "google", "--no-show-source", *places, "privacylab"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    pages = {path.stem for path in (tmp_path / "privacylab").glob("*.html")}
    assert pages >= {path.parent.name for path in paths.PACKAGE.glob("*/__init__.py")}
    measure = (tmp_path / "privacylab" / "findings" / "shares.html").read_text(encoding="utf-8")
    home = (tmp_path / "privacylab.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(privacylab/[^"#]+)', home)
    assert len(set(links)) > 10 and all((tmp_path / link).exists() for link in links)
    assert "prefers-color-scheme:dark" in home.replace(" ", "")
    assert '<h6 id="raises">' in measure, "Google's form was not understood"
