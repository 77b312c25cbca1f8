"""The packages import only those below them, and the two wings know nothing of each other."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from privacylab import paths
from privacylab.build import workers

GROUND = {"paths", "files", "eras", "tables"}
READING = {"sources", "normalize", "text", "dates", "frameworks", "cues", "clauses", "build"}
FINDINGS = {"findings", "topics", "plots"}
TOP = {"evaluate", "explore", "report", "cli"}
BELOW = {
    **dict.fromkeys(GROUND, GROUND),
    **dict.fromkeys(READING, GROUND | READING),
    **dict.fromkeys(FINDINGS, GROUND | FINDINGS),
    **dict.fromkeys(TOP, GROUND | READING | FINDINGS | TOP),
}


def files_by_door() -> dict[str, list[Path]]:
    """The modules of each package or single module that stands in the package's folder."""
    doors: dict[str, list[Path]] = {}
    for path in sorted(paths.PACKAGE.rglob("*.py")):
        door = Path(path.relative_to(paths.PACKAGE).parts[0]).stem
        if not door.startswith("__"):
            doors.setdefault(door, []).append(path)
    return doors


DOORS = files_by_door()


def imported(path: Path) -> set[str]:
    """The doors that a module imports from, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "privacylab":
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("privacylab."):
            names.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            names.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("privacylab."))
    return names & DOORS.keys()


def imports_of(door: str) -> set[str]:
    """The other doors that a door imports from."""
    return set().union(*map(imported, DOORS[door])) - {door}


@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_door_imports_only_from_those_below_it(door):
    assert door in BELOW, f"{door} has no layer yet: give it one here and in README"
    assert imports_of(door) <= BELOW[door]


def test_no_two_doors_import_from_each_other():
    TopologicalSorter({door: imports_of(door) for door in DOORS}).prepare()


def test_the_imports_are_found():
    assert {"dates", "eras", "normalize", "sources", "tables", "text"} <= imports_of("build")


def test_a_change_of_any_door_that_reads_policies_is_seen_by_update():
    seen, new = {"build"}, {"build"}
    while new:
        new = set().union(*map(imports_of, new)) - seen
        seen |= new
    read = {name.removesuffix(".py") for name in workers.READING}
    assert read == (seen - {"paths", "files"}) | {"rules", "models"}
