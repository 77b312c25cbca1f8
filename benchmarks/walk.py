"""The way of one policy through the package: from a Markdown file to the tables, and what a reader of the code crosses.

    python benchmarks/walk.py

Builds a corpus of one sample policy with one worker and follows every call: the doors (packages or modules of
`privacylab/`) and functions that it enters, pairs of doors with a call between them, and the number of such calls.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType

from privacylab import build, paths

SAMPLE = "farwend/farwend-2018-06-12.md"


def door_of(code: CodeType) -> str | None:
    """The door that a function stands behind; None for what is not of the package."""
    path = Path(code.co_filename)
    return Path(path.relative_to(paths.PACKAGE).parts[0]).stem if path.is_relative_to(paths.PACKAGE) else None


def main() -> None:
    """Builds, counts, prints."""
    functions: set[CodeType] = set()
    crossings: Counter[tuple[str, str]] = Counter()

    def follow(frame: FrameType, event: str, argument: object) -> None:
        if event != "call" or (door := door_of(frame.f_code)) is None:
            return
        functions.add(frame.f_code)
        caller = frame.f_back
        while caller is not None and door_of(caller.f_code) is None:
            caller = caller.f_back
        before = caller and door_of(caller.f_code)
        if before and before != door:
            crossings[before, door] += 1

    with tempfile.TemporaryDirectory() as folder:
        policy = Path(folder) / "policies" / SAMPLE
        policy.parent.mkdir(parents=True)
        policy.write_bytes((paths.samples() / SAMPLE).read_bytes())
        sys.setprofile(follow)
        try:
            build.corpus([policy.parents[1]], Path(folder) / "corpus", workers=1)
        finally:
            sys.setprofile(None)
    named = [code for code in functions if not code.co_name.startswith("<")]
    doors = Counter(door_of(code) for code in named)
    for (caller, called), n in crossings.most_common():
        print(f"{caller:>12} > {called:12}{n:6,}")
    print(f"{len(doors)} doors, {len(named)} functions ({len(functions)} with lambdas and comprehensions)")
    print(f"{len(crossings)} pairs of doors, {crossings.total():,} crossings")
    print(", ".join(f"{door} {n}" for door, n in doors.most_common()))


if __name__ == "__main__":
    main()
