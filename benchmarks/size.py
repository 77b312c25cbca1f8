"""How big the package is, and what passes a limit.

    python benchmarks/size.py [--width 100]

Counts lines and tokens of code in `privacylab/` without docstrings, comments and blank lines, after `ruff format` of a
copy at the width given: by door (a package or a module of `privacylab/`), and in all. Prints each module above 300
lines and each function above 40, and the number of doors. Exit 1 if a limit is passed.
"""

import argparse
import ast
import io
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections import defaultdict
from pathlib import Path

from privacylab import paths

MAX_LINES, MAX_TOKENS, MAX_DOORS, MAX_MODULE, MAX_FUNCTION = 7750, 90_000, 25, 300, 40
LAYOUT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    tokenize.ENDMARKER,
}


def docstring_lines(tree: ast.Module) -> set[int]:
    """The lines that docstrings take."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if ast.get_docstring(node, clean=False) is not None:
            lines.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return lines


def measured(path: Path) -> tuple[set[int], int, ast.Module]:
    """The lines of a module that hold code, the number of its tokens, and its tree."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    documented = docstring_lines(tree)
    lines: set[int] = set()
    n_tokens = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT and token.start[0] not in documented:
            lines.update(range(token.start[0], token.end[0] + 1))
            n_tokens += 1
    return lines - documented, n_tokens, tree


def main() -> int:
    """Prints the table and what passes a limit."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--width", type=int, default=100, help="columns to which a copy is formatted (100)")
    width = parser.parse_args().width
    by_door: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    beyond = []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "privacylab"
        shutil.copytree(paths.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
        formatter = [sys.executable, "-m", "ruff", "format", "--quiet", "--isolated", "--line-length", str(width)]
        subprocess.run([*formatter, str(copy)], check=True)
        for path in sorted(copy.rglob("*.py")):
            lines, n_tokens, tree = measured(path)
            name = path.relative_to(copy)
            by_door[Path(name.parts[0]).stem][0] += len(lines)
            by_door[Path(name.parts[0]).stem][1] += n_tokens
            if len(lines) > MAX_MODULE:
                beyond.append(f"{name}: {len(lines)} lines, at most {MAX_MODULE}")
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    own = len(lines & set(range(node.lineno, (node.end_lineno or 0) + 1)))
                    if own > MAX_FUNCTION:
                        beyond.append(f"{name}: {node.name} has {own} lines, at most {MAX_FUNCTION}")
    for door, (n_lines, n_tokens) in sorted(by_door.items()):
        print(f"{door:12}{n_lines:8,}{n_tokens:9,}")
    totals = [sum(column) for column in zip(*by_door.values(), strict=True)]
    doors = [door for door in by_door if not door.startswith("__")]
    print(f"{'all':12}{totals[0]:8,}{totals[1]:9,}   {len(doors)} doors")
    limits = (("lines", totals[0], MAX_LINES), ("tokens", totals[1], MAX_TOKENS), ("doors", len(doors), MAX_DOORS))
    beyond += [f"{what}: {n:,}, at most {most:,}" for what, n, most in limits if n > most]
    print("\n".join(beyond))
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
