"""The modules import only those above them, and the two wings know nothing of each other."""

import ast
from pathlib import Path

import pytest

import privacylab
from privacylab import build

GROUND = "paths schemas tables eras".split()
READING = (
    "git sources naming cleaning outline normalize segment wording screen reader dateforms dates scope anchors "
    "frameworks cues ngrams clauses annotate history parts update assemble build"
).split()
FINDINGS = (
    "uncertainty observe measure gold correct compare series survival turnover replication keyness "
    "topic_parts topics topic_reading topic_quality canvas publishing diagrams change_plots topic_plots plots"
).split()
TOP = "embedding labelled training evaluate profile explore controls pages report cli".split()
BELOW = {
    **{name: GROUND[:i] for i, name in enumerate(GROUND)},
    **{name: GROUND + READING[:i] for i, name in enumerate(READING)},
    **{name: GROUND + FINDINGS[:i] for i, name in enumerate(FINDINGS)},
    **{name: GROUND + READING + FINDINGS + TOP[:i] for i, name in enumerate(TOP)},
}
MODULES = {path.stem: path for path in Path(privacylab.__file__).parent.glob("*.py") if not path.stem.startswith("__")}


def imported(path: Path) -> set[str]:
    """The package's modules that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "privacylab":
            found.update(alias.name for alias in node.names if alias.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("privacylab."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("privacylab."))
    return found


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_only_those_above_it(name):
    assert name in BELOW, f"{name} has no place in the order yet: give it one here and in design"
    assert imported(MODULES[name]) <= set(BELOW[name])


def test_the_imports_are_found():
    assert {"annotate", "history", "sources", "dates", "segment"} <= imported(MODULES["parts"])


def test_a_change_of_any_module_that_reads_policies_is_seen_by_update():
    assert sorted(build._READING) == sorted([*READING, "schemas", "tables", "eras"])
