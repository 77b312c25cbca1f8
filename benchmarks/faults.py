"""Builds, updates and reports that something stops: afterwards all is whole, and a second try gives the same bytes.

    python benchmarks/faults.py [--times 50] [--seed 1] [--only NAME]

On the samples, and for reports on a small notebook: `kill -9` at random moments of a build, an update and a report;
Ctrl-C; a disk that is full (a small tmpfs where that may be mounted, else a limit on the size of files); files from the
future and from 1970; two builds into one folder; parts that somebody altered. A fault is a folder that is neither the
old one nor the new one, another byte after the second try, a traceback, a process or a temporary folder that stays.
Linux only. Writes `results/faults.csv`; takes half an hour on two idle cores.
"""

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import nbformat
from fuzz import store

from privacylab import __main__, build, cli, paths, report  # noqa: F401 (a child has all that it needs at once)
from privacylab.build import workers

MARK = "PRIVACYLAB_FAULTS"
ENDS_WITHIN = 15.0
"""Seconds in which what a killed process began must end."""


class Ended(NamedTuple):
    """How a command ended (None: it was killed), what it said, and whether it was cut short."""

    code: int | None
    said: str
    cut: bool


class Work(NamedTuple):
    """A folder in which a command works: its source, what it makes, and where its temporary files go."""

    place: Path

    @property
    def out(self) -> Path:
        """What is made."""
        return self.place / "out"

    def build(self, mode: str, *more: str) -> list[str]:
        """The command of a build."""
        given = ["build", str(self.place / "mine"), "--out", str(self.out), "--workers", "2"]
        return [*given, *([mode] if mode else []), *more]

    def report(self) -> list[str]:
        """The command of a report."""
        return ["report", "--corpus", str(self.place / "corpus"), "--out", str(self.out)]


def started(command: list[str], work: Work, *, most: int | None = None) -> int:
    """Begins the command line in a process of a session of its own; gives its id."""
    if pid := os.fork():
        return pid
    os.setsid()
    (work.place / "tmp").mkdir(exist_ok=True)
    os.environ |= {MARK: str(work.place), "TMPDIR": str(work.place / "tmp"), "MPLCONFIGDIR": str(work.place / "mpl")}
    tempfile.tempdir = None
    said = os.open(work.place / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1), os.dup2(said, 2)
    if most is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    workers.READ_BATCH = 1
    own = [work.place.parent / "own.ipynb"] if command[0] == "report" else []
    paths.notebooks = lambda: own
    sys.argv = ["privacylab", *command]
    code = 1
    try:
        __main__.main()
        code = 0
    except SystemExit as ended:
        code = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


def ended(pid: int, work: Work, *, after: float | None = None, with_signal: int = signal.SIGKILL) -> Ended:
    """Waits for a process, or stops it and all of its session after some seconds."""
    begun, cut = time.monotonic(), False
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            break
        if after is not None and not cut and time.monotonic() - begun > after:
            cut = True
            os.killpg(pid, with_signal) if with_signal != signal.SIGKILL else os.kill(pid, with_signal)
        time.sleep(0.005)
    code = os.waitstatus_to_exitcode(status)
    return Ended(None if code < 0 else code, (work.place / "said.txt").read_text(errors="replace"), cut)


def left(work: Work) -> int:
    """The processes of a work that are still there when they had time to end; they are ended."""
    until = time.monotonic() + ENDS_WITHIN
    while True:
        found = []
        for each in Path("/proc").iterdir():
            try:
                environment = (each / "environ").read_bytes() if each.name.isdigit() else b""
                is_dead = not environment or (each / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
                is_ours = f"{MARK}={work.place}".encode() in environment or os.getsid(int(each.name)) in _SESSIONS
            except (OSError, ValueError):
                continue
            if is_ours and not is_dead and int(each.name) != os.getpid():
                found.append(int(each.name))
        if not found or time.monotonic() > until:
            for pid in found:
                os.kill(pid, signal.SIGKILL)
            return len(found)
        time.sleep(0.2)


_SESSIONS: set[int] = set()


def bytes_of(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def beside(work: Work) -> list[str]:
    """What lies where it should not when a command has ended."""
    known = {"mine", "out", ".out.parts", "corpus", "tmp", "mpl", "said.txt"}
    return sorted({path.name for path in work.place.iterdir()} - known) + sorted(os.listdir(work.place / "tmp"))


def run(command: list[str], work: Work, **stop: float | int | None) -> Ended:
    """Runs a command to its end, or stops it."""
    pid = started(command, work)
    _SESSIONS.add(pid)
    try:
        return ended(pid, work, **stop)  # type: ignore[arg-type]
    finally:
        _SESSIONS.discard(pid) if stop.get("after") is None else None


OWN = [
    "import os, pathlib, time",
    "pathlib.Path(os.environ['PRIVACYLAB_FIGURES'], 'numbers.csv').write_text('a,b\\n' * 10_000)",
    *["time.sleep(0.1); print('a number')"] * 5,
]
"""A notebook, cell by cell: what stops a report does not ask what it tells."""


class Case(NamedTuple):
    """What is tried: how a work is made ready, its command, that of the second try, and what both must give."""

    ready: Callable[[Path], Work]
    command: Callable[[Work], list[str]]
    again: Callable[[Work], list[str]]
    old: dict[str, bytes]
    new: dict[str, bytes]
    seconds: float


def cases(folder: Path) -> dict[str, Case]:
    """A build, an update and a report, each with what it gives undisturbed."""
    build.corpus([paths.samples()], folder / "warm", workers=1)  # a child has the rules and the model at once
    cells = [nbformat.v4.new_code_cell(source) for source in OWN]
    for place in (folder, folder / "trial"):
        place.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), place / "own.ipynb")
    base = Work(folder / "base")
    shutil.copytree(paths.samples(), base.place / "mine")
    last = sorted(path for path in (base.place / "mine").iterdir() if path.is_dir())[-1]
    shutil.move(last, folder / last.name)
    timed(base.build(""), base)
    old = bytes_of(base.out)

    def of_base(place: Path) -> Work:
        shutil.copytree(base.place, place, copy_function=shutil.copy2)
        shutil.copytree(folder / last.name, place / "mine" / last.name)
        return Work(place)

    def afresh(place: Path) -> Work:
        work = of_base(place)
        shutil.rmtree(work.out), shutil.rmtree(place / ".out.parts")
        return work

    whole = afresh(folder / "whole")
    seconds = timed(whole.build(""), whole)
    new = bytes_of(whole.out)
    update = of_base(folder / "update")
    seconds_of_update = timed(update.build("--update"), update)
    assert bytes_of(update.out) == new

    def of_report(place: Path) -> Work:
        place.mkdir()
        shutil.copytree(whole.out, place / "corpus")
        return Work(place)

    site = of_report(folder / "site")
    seconds_of_report = timed(site.report(), site)
    pages = bytes_of(site.out)

    def over_report(place: Path) -> Work:
        work = of_report(place)
        shutil.copytree(site.out, work.out)
        return work

    resume = lambda work: work.build("--resume")  # noqa: E731
    return {
        "build": Case(afresh, lambda work: work.build(""), resume, {}, new, seconds),
        "update": Case(of_base, lambda work: work.build("--update"), resume, old, new, seconds_of_update),
        "report": Case(over_report, Work.report, Work.report, pages, pages, seconds_of_report),
    }


def timed(command: list[str], work: Work) -> float:
    """The seconds that a command takes; it must not fail."""
    begun = time.monotonic()
    done = run(command, work)
    assert done.code == 0, done
    return time.monotonic() - begun


def judged(case: Case, work: Work, done: Ended, *, codes: set[int | None]) -> list[str]:
    """What is wrong after a command that was stopped, and after the second try."""
    n_left = left(work)
    faults = [f"{n_left} processes stay"] if n_left else []
    if done.code not in codes | {0} or "Traceback" in done.said:
        faults.append(f"ended with {done.code}: {done.said[-300:]!r}")
    found = bytes_of(work.out) if work.out.exists() else {}
    if found not in (case.old, case.new):
        faults.append("neither the old one nor the new one")
    again = run(case.again(work), work)
    if again.code != 0 or bytes_of(work.out) != case.new:
        faults.append(f"the second try: {again.code}, {again.said[-300:]!r}")
    return faults + [f"it stays: {each}" for each in beside(work)]


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[int | None]:
    """A disk of so many bytes at a place; where none may be mounted, the limit of a file's size instead."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    is_disk = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield None if is_disk else size // 10
    finally:
        if is_disk:
            subprocess.run(["umount", "-l", str(place)], check=True)


def full(case: Case, place: Path, draw: random.Random) -> tuple[list[str], bool]:
    """The disk is full at some size."""
    work = case.ready(place.with_name("ready"))
    size = sum(path.stat().st_size // 4096 * 4096 + 4096 for path in work.place.rglob("*"))
    written = sum(map(len, case.new.values()))
    with small_disk(place, size + 40_000 + int(written * draw.uniform(0, 1.3))) as most:
        there = Work(place)
        shutil.copytree(work.place, place, dirs_exist_ok=True, copy_function=shutil.copy2)
        pid = started(case.command(there), there, most=most)
        done = ended(pid, there)
        if most is None:
            subprocess.run(["mount", "-o", "remount,size=1g", str(place)], check=True)
        faults = judged(case, there, done, codes={2})
    return faults, done.code != 0


def dated(case: Case, place: Path, draw: random.Random) -> tuple[list[str], bool]:
    """Files and parts are from the future, or from 1970."""
    work = case.ready(place)
    moment = draw.choice((0.0, 2_200_000_000.0))
    for path in work.place.rglob("*"):
        os.utime(path, (moment, moment))
    return judged(case, work, run(case.command(work), work), codes=set()), True


def altered(case: Case, place: Path, draw: random.Random) -> tuple[list[str], bool]:
    """A part is cut, changed in a byte, empty, or that of another service."""
    work = case.ready(place)
    parts = sorted(work.place.glob(".out.parts/part-*"))
    part = draw.choice(parts)
    data = bytearray(part.read_bytes())
    data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    other = draw.choice(parts).read_bytes()
    part.write_bytes(draw.choice((bytes(data), data[: draw.randrange(len(data))], b"", other)))
    return judged(case, work, run(case.command(work), work), codes=set()), True


def twice(case: Case, place: Path, draw: random.Random) -> tuple[list[str], bool]:
    """Two at once: both are done, or one is told to wait."""
    work = case.ready(place)
    pids = [started(case.command(work), work)]
    time.sleep(draw.uniform(0, case.seconds))
    pids.append(started(case.command(work), work))
    first, second = (ended(pid, work) for pid in pids)
    faults = [] if 0 in (first.code, second.code) else [f"neither is done: {first.code}, {second.code}"]
    return faults + judged(case, work, second, codes={2}), second.code != 0


def stopped(case: Case, place: Path, draw: random.Random, *, with_signal: int) -> tuple[list[str], bool]:
    """It is stopped at a random moment."""
    work = case.ready(place)
    done = run(case.command(work), work, after=draw.uniform(0.2, case.seconds), with_signal=with_signal)
    faults = judged(case, work, done, codes={None} if with_signal == signal.SIGKILL else {130})
    if with_signal == signal.SIGINT and done.code == 130 and "stopped; what was there before" not in done.said:
        faults.append(f"it does not say what stands: {done.said!r}")
    return faults, done.code != 0


Trial = Callable[[Case, Path, random.Random], tuple[list[str], bool]]


def plan() -> dict[str, tuple[str, float, Trial]]:
    """What is tried on which case, and how often, for each time asked for."""

    def by(number: int) -> Trial:
        return lambda case, place, draw: stopped(case, place, draw, with_signal=number)

    kinds = ("build", "update", "report")
    return {
        **{f"kill -9, {kind}": (kind, 1.0, by(signal.SIGKILL)) for kind in kinds},
        **{f"Ctrl-C, {kind}": (kind, 0.2, by(signal.SIGINT)) for kind in kinds},
        **{f"full disk, {kind}": (kind, 0.4, full) for kind in kinds},
        **{f"two at once, {kind}": (kind, 0.2, twice) for kind in ("build", "update")},
        "other times of files, update": ("update", 0.1, dated),
        "an altered part, update": ("update", 0.4, altered),
    }


def main() -> int:
    """Tries all; exit 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--times", type=int, default=50, help="kills of each (50); of the others a part of that")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=plan(), help="one row alone")
    given = parser.parse_args()
    n_all = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        known = cases(Path(name))
        for label, (kind, part, trial) in plan().items():
            if given.only and label != given.only:
                continue
            n, n_cut, n_faults = max(1, round(given.times * part)), 0, 0
            for number in range(n):
                place = Path(name, "trial", "work")
                found, was_cut = trial(known[kind], place, random.Random(f"{given.seed} {label} {number}"))
                n_cut, n_faults = n_cut + was_cut, n_faults + bool(found)
                print("".join(f"{label}, {number}: {each}\n" for each in found), end="", flush=True)
                shutil.rmtree(place)
                shutil.rmtree(place.with_name("ready"), ignore_errors=True)
            print(label, n, given.seed, n_cut, n_faults, sep=", ", flush=True)
            store("faults.csv", label, {"times": n, "seed": given.seed, "took_effect": n_cut, "faults": n_faults})
            n_all += n_faults
    return int(n_all > 0)


if __name__ == "__main__":
    sys.exit(main())
