"""The tracked notebooks keep the rules that nbval and the report rest on; no kernel is started here.

Each rule is a function that returns what is wrong with a notebook. The first half runs the rules over
notebooks/*.ipynb; the second breaks each rule on a small notebook, so that no rule is dead.
"""

import ast
import datetime as dt
import re
import tempfile
import tomllib
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbval.plugin import get_sanitize_patterns

from privacylab import paths

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SANITIZE = Path(__file__).with_name("nbval_sanitize.cfg")

MAX_BYTES = 1_000_000
MAX_CELLS = 60
MAX_CHARACTERS = 600  # a cell holds one thought: a statistic, a table, a figure
TAGS = {"panel", "twenty-services", "remove-input", "remove-cell", "hide-input", "story", "nbval-ignore-output"}
# Output that nbval does not compare is debt: how many cells may have it, and why.
MAY_IGNORE_OUTPUT = {
    "0-corpus.ipynb": 1,  # provenance: versions of code and data
    "5-explore.ipynb": 2,  # widgets, whose state is no finding
}
PATH = re.compile(
    rf"(?<![\w.:/~-])(?:/(?:home|root|Users|tmp|private|var|usr|opt|mnt|srv|workspaces?|builds)/\w|[A-Z]:\\\w"
    rf"|{'|'.join(re.escape(str(path)) for path in {ROOT, Path.home(), Path(tempfile.gettempdir())} - {Path('/')})})"
)
MODULES = {path.stem for path in paths.PACKAGE.iterdir() if path.stem.isidentifier() and not path.stem.startswith("_")}
CALENDAR = tomllib.loads((paths.RULES / "eras.toml").read_text(encoding="utf-8"))
LEGAL_DATES = {value for blocks in CALENDAR.values() for block in blocks for value in block.values()}
LEGAL_DATES = {value for value in LEGAL_DATES if isinstance(value, dt.date)}
# And their eves, but for the ends of years, which anybody may mean.
LEGAL_DATES |= {date - dt.timedelta(days=1) for date in LEGAL_DATES if (date.month, date.day) != (1, 1)}


def code_cells(nb):
    return [cell for cell in nb.cells if cell.cell_type == "code"]


def outputs(nb):
    return [output for cell in code_cells(nb) for output in cell.outputs]


def headings(nb):
    """Level and text of each Markdown heading; a # inside a fenced block is none."""
    found = []
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"^(```|~~~).*?^\1", "", cell.source, flags=re.M | re.S)
            found += [(len(marks), title) for marks, title in re.findall(r"^(#{1,6})[ \t]+(.+)$", text, flags=re.M)]
    return found


def nodes(*cells):
    """The syntax of code cells, piece by piece."""
    return [node for cell in cells for node in ast.walk(ast.parse(cell.source))]


def imported(*cells):
    """The names that code cells import."""
    imports = [node for node in nodes(*cells) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name.split(".")[0] for node in imports for alias in node.names}


def texts(output):
    """Whatever an output shows as text."""
    data = output.get("data", {})
    return [output.get("text", "")] + [value for kind, value in data.items() if kind.startswith("text/")]


def runs_in_order(nb):
    counts = [cell.execution_count for cell in code_cells(nb)]
    wanted = list(range(1, len(counts) + 1))
    return [] if counts == wanted else [f"execution counts are {counts}, not 1 to {len(counts)}: run `make notebooks`"]


def begins_with_its_title(nb):
    first = nb.cells[0] if nb.cells else None
    fine = first is not None and first.cell_type == "markdown" and re.match(r"#[ \t]+\S", first.source)
    return [] if fine else ["the first cell does not begin with an H1"]


def has_one_title(nb):
    count = sum(level == 1 for level, _ in headings(nb))
    return [] if count == 1 else [f"{count} H1 headings, not one"]


def skips_no_heading_level(nb):
    steps = pairwise(headings(nb))
    return [f"{text!r} is H{level} below an H{above}" for (above, _), (level, text) in steps if level > above + 1]


def has_no_stderr(nb):
    return [f"stderr: {output.text[:80]!r}" for output in outputs(nb) if output.get("name") == "stderr"]


def has_no_error(nb):
    return [f"error: {output.ename}" for output in outputs(nb) if output.output_type == "error"]


def has_short_cells(nb):
    long = [cell.source for cell in code_cells(nb) if len(cell.source) > MAX_CHARACTERS]
    return [f"{len(text)} characters, at most {MAX_CHARACTERS}: {text.splitlines()[0]!r}" for text in long]


def imports_at_the_top(nb):
    late = imported(*code_cells(nb)[1:])
    return [f"imports {sorted(late)} below its first code cell"] if late else []


def rebinds_no_module(nb):
    """What is the name of a module, in the package or by an import, names nothing else."""
    bound = {
        node.id for node in nodes(*code_cells(nb)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    bound |= {node.arg for node in nodes(*code_cells(nb)) if isinstance(node, ast.arg)}
    bound |= {node.name for node in nodes(*code_cells(nb)) if isinstance(node, ast.FunctionDef)}
    return [f"{name} is a module, and bound anew" for name in sorted(bound & (MODULES | imported(*code_cells(nb))))]


def types_no_legal_date(nb):
    text = "\n".join(cell.source for cell in code_cells(nb))
    typed = {date for date in re.findall(r"\b\d{4}-\d{2}-\d{2}\b", text) if dt.date.fromisoformat(date) in LEGAL_DATES}
    return [f"{date} is typed: eras.event and eras.eve give it" for date in sorted(typed)]


def chooses_no_policy_by_date(nb):
    """A policy of an earlier date may be in force later: ``since`` leaves half-years out, not policies."""
    text = "\n".join(cell.source for cell in code_cells(nb))
    chosen = re.findall(r"\bpolicies\[policies\[.date.\] *[<>]", text)
    return [f"policies are chosen by date ({len(chosen)} times): findings take since=" for _ in chosen[:1]]


def has_no_empty_cell(nb):
    return [f"cell {place} is empty" for place, cell in enumerate(nb.cells, start=1) if not cell.source.strip()]


def has_few_cells(nb):
    return [] if len(nb.cells) <= MAX_CELLS else [f"{len(nb.cells)} cells, at most {MAX_CELLS}"]


def has_known_tags(nb):
    unknown = {tag for cell in nb.cells for tag in cell.metadata.get("tags", ())} - TAGS
    return [f"unknown tags {sorted(unknown)}; known are {sorted(TAGS)}"] if unknown else []


def shows_no_path(nb):
    found = [PATH.search(text) for output in outputs(nb) for text in texts(output)]
    return [f"path of a machine in an output: {match.string[match.start() :][:60]!r}" for match in found if match]


def describes_its_figures(nb):
    bare = [o for o in outputs(nb) for kind in ("image/png", "image/svg+xml") if kind in o.get("data", {})]
    bare = [o for o in bare if not any(about.get("alt") for about in o.metadata.values() if isinstance(about, dict))]
    return [f"{len(bare)} figures without an alt text in the output's metadata"] if bare else []


def tells_its_stories(nb):
    tagged = [cell for cell in code_cells(nb) if "story" in cell.metadata.get("tags", ())]
    mute = [cell for cell in tagged if not any(o.get("name") == "stdout" and o.text.strip() for o in cell.outputs)]
    return [f"a cell tagged story prints no sentence: {cell.source.splitlines()[-1]!r}" for cell in mute]


def too_much_ignored(nb, allowed):
    count = sum("nbval-ignore-output" in cell.metadata.get("tags", ()) for cell in nb.cells)
    return [] if count <= allowed else [f"{count} cells tagged nbval-ignore-output, {allowed} allowed"]


RULES = [
    runs_in_order,
    begins_with_its_title,
    has_one_title,
    skips_no_heading_level,
    has_no_stderr,
    has_no_error,
    has_short_cells,
    imports_at_the_top,
    rebinds_no_module,
    types_no_legal_date,
    chooses_no_policy_by_date,
    has_no_empty_cell,
    has_few_cells,
    has_known_tags,
    shows_no_path,
    describes_its_figures,
    tells_its_stories,
]


def name(value):
    return getattr(value, "__name__", None) or getattr(value, "name", None)


def test_there_are_notebooks():
    numbers = [int(path.name.split("-")[0]) for path in NOTEBOOKS]
    assert numbers == list(range(len(numbers)))
    assert numbers, "notebooks/ holds no notebook, and the rules below held nothing"


@pytest.mark.parametrize("rule", RULES, ids=name)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebook_keeps(path, rule):
    assert rule(nbformat.read(path, as_version=4)) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebook_is_small(path):
    assert path.stat().st_size < MAX_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_notebook_has_its_output_compared(path):
    assert too_much_ignored(nbformat.read(path, as_version=4), MAY_IGNORE_OUTPUT.get(path.name, 0)) == []


# The rules themselves, on notebooks that keep them and that break them.


def printed(text, stream="stdout"):
    return nbformat.v4.new_output("stream", name=stream, text=text)


def shown(data, **metadata):
    return nbformat.v4.new_output("display_data", data=data, metadata=metadata)


def code(source="1", *shows, count=1, tags=()):
    cell = nbformat.v4.new_code_cell(source, execution_count=count, outputs=list(shows))
    cell.metadata["tags"] = list(tags)
    return cell


def markdown(source):
    return nbformat.v4.new_markdown_cell(source)


def notebook(*cells):
    return nbformat.v4.new_notebook(cells=[markdown("# How many?\nWe count."), *cells])


FINE = notebook(
    markdown("## Services\n### Old ones\n## New ones\n```\n# no heading\n```"),
    code(
        "import pandas as pd\nday = '2012-10-01'\nprint(n)",
        printed("N = 12, and/or 3/4; see https://example.org/tmp/x"),
    ),
    code("plot()", shown({"image/png": "aGk="}, **{"image/png": {"alt": "It falls."}}), printed("It falls."), count=2),
)
FINE.cells[-1].metadata["tags"] = ["story"]


@pytest.mark.parametrize("rule", RULES, ids=name)
def test_rule_lets_a_fine_notebook_be(rule):
    assert rule(FINE) == []


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        (runs_in_order, notebook(code(count=None))),
        (runs_in_order, notebook(code(count=2), code(count=1))),
        (runs_in_order, notebook(code(count=1), code(count=3))),
        (begins_with_its_title, nbformat.v4.new_notebook()),
        (begins_with_its_title, nbformat.v4.new_notebook(cells=[markdown("## How many?\n# Late")])),
        (begins_with_its_title, nbformat.v4.new_notebook(cells=[code("# How many?")])),
        (has_one_title, notebook(markdown("# Another"))),
        (has_one_title, nbformat.v4.new_notebook(cells=[markdown("Text.")])),
        (skips_no_heading_level, notebook(markdown("### Too deep"))),
        (skips_no_heading_level, notebook(markdown("## Fine\n\n#### Too deep"))),
        (has_no_stderr, notebook(code("1", printed("FutureWarning", "stderr")))),
        (has_no_error, notebook(code("1", nbformat.v4.new_output("error", ename="KeyError", evalue="", traceback=[])))),
        (has_short_cells, notebook(code("a = 1 + " + "1" * MAX_CHARACTERS))),
        (imports_at_the_top, notebook(code("import pandas as pd"), code("import os", count=2))),
        (rebinds_no_module, notebook(code("from privacylab import eras"), code("eras = []", count=2))),
        (rebinds_no_module, notebook(code("import pandas as pd"), code("for pd in (1, 2):\n    print(pd)", count=2))),
        (rebinds_no_module, notebook(code("def topics(n):\n    return n"))),
        (rebinds_no_module, notebook(code("dates, n = [], 1"))),
        (types_no_legal_date, notebook(code("event = '2018-05-25'"))),
        (types_no_legal_date, notebook(code("until = '2015-10-05'"))),
        (chooses_no_policy_by_date, notebook(code("late = policies[policies['date'] >= eras.FIRST_CRAWL]"))),
        (has_no_empty_cell, notebook(code(" \n"))),
        (has_few_cells, notebook(*(markdown("Text.") for _ in range(MAX_CELLS)))),
        (has_known_tags, notebook(code(tags=["nbval-skip"]))),
        (shows_no_path, notebook(code("1", printed("read /home/ada/corpus")))),
        (shows_no_path, notebook(code("1", printed(r"read C:\Users\ada")))),
        (shows_no_path, notebook(code("1", printed(f"read {ROOT / 'corpus'}")))),
        (shows_no_path, notebook(code("1", shown({"text/html": "<td>/tmp/x</td>"})))),
        (shows_no_path, notebook(code("1", shown({"text/plain": "PosixPath('/Users/ada')"})))),
        (describes_its_figures, notebook(code("1", shown({"image/png": "aGk="})))),
        (describes_its_figures, notebook(code("1", shown({"image/svg+xml": "<svg/>"}, **{"image/svg+xml": {}})))),
        (tells_its_stories, notebook(code("plot()", shown({"image/png": "aGk="}), tags=["story"]))),
    ],
    ids=name,
)
def test_rule_finds_what_breaks_it(rule, broken):
    assert len(rule(broken)) == 1


def test_every_rule_is_broken_once():
    cases = test_rule_finds_what_breaks_it.pytestmark[0].args[1]
    assert {rule for rule, _ in cases} == set(RULES)


@pytest.mark.parametrize(("allowed", "problems"), [(2, 0), (1, 0), (0, 1)])
def test_ignored_output_is_capped(allowed, problems):
    nb = notebook(code(tags=["nbval-ignore-output"]))
    assert len(too_much_ignored(nb, allowed)) == problems


def sanitized(text):
    for pattern, marker in get_sanitize_patterns(SANITIZE.read_text()):
        text = re.sub(pattern, marker, text)
    return text


def test_nbval_knows_every_sanitize_rule():
    text = SANITIZE.read_text()
    written = len(re.findall(r"^\s*regex:", text, flags=re.M))
    assert 0 < written == len(get_sanitize_patterns(text)) < 6


@pytest.mark.parametrize(
    ("text", "compared"),
    [
        ("<Axes at 0x7f3a9c0d2e50>", "<Axes at ADDRESS>"),
        ("/tmp/ipykernel_812/4021.py:3: Warning", "CELL Warning"),
        ("share 0.2241379310344827", "share 0.224..."),
        ("run at 2026-03-01T10:22:59.123456+00:00.", "run at TIME."),
        ("run at 2026-03-01 10:22", "run at TIME"),
    ],
)
def test_sanitize_hides(text, compared):
    assert sanitized(text) == compared


@pytest.mark.parametrize("text", ["share 0.224", "2018-05-25", "12,345 policies", "1234.5", "version 1.10.12", "0x1f"])
def test_sanitize_keeps_findings(text):
    assert sanitized(text) == text
