"""The build at 1/8, 1/4, 1/2 and all of some archives, beside its floor.

    python benchmarks/build.py ../shared/data/{tosback2.bundle,ota-contrib.bundle,through-time.zip}

Parts are parts of the services; two more runs hold every service but one version in 4 or 16, so that versions and
distinct text part. For each: seconds and processor seconds by stage, throughput, the peak memory of all processes
together (proportional set size, so that shared pages count once). Then the half-years of all, and an update after one
more version, the median of five. The floor is `git cat-file --batch` of the same texts, read and thrown away. Writes
`results/build.csv` and prints it with two fits: time against distinct text, and against versions. Takes half an hour on
two idle cores.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import psutil

from privacylab import build, sources, tables
from privacylab.sources import Entry

RESULTS = Path(__file__).parent / "results"
Row = dict[str, float | str]
STAGES = ("listing", "reading", "writing")
PARTS = ((8, 1), (4, 1), (2, 1), (1, 16), (1, 4), (1, 1))
"""One service in so many, one version in so many."""
MEGABYTE = 1_000_000
UPDATES = 5
NEW = "\n\nSince this month we also keep the colours of your kites for {} years, and tell no one.\n"


class Part:
    """A part of a source: some of its entries."""

    def __init__(self, whole: sources.Source, entries: list[Entry]) -> None:
        self.label, self.place, self.notes = whole.label, whole.place, whole.notes
        self._whole, self._entries = whole, entries
        self.keys_tell_bytes = whole.keys_tell_bytes

    def __getstate__(self) -> dict[str, object]:
        # A source goes to a worker with each task, and workers ask for contents only.
        return {**vars(self), "_entries": []}

    def entries(self) -> list[Entry]:
        """The entries of the part."""
        return self._entries

    def contents(self, keys: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """As the whole gives them."""
        return self._whole.contents(keys)


def parts(opened: Mapping[str, sources.Source], share: int, thinned: int = 1) -> dict[str, sources.Source]:
    """Every ``share``-th service of the sources, with every ``thinned``-th of its versions."""
    entries = {label: source.entries() for label, source in opened.items()}
    listed = build._by_service([entry for found in entries.values() for entry in found])
    chosen = {entry for name in list(listed)[::share] for entry, _ in listed[name][::thinned]}
    return {
        label: Part(source, [entry for entry in entries[label] if entry in chosen]) for label, source in opened.items()
    }


def processor_seconds() -> float:
    """User and system time of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Clock:
    """Takes wall and processor time at the end of each stage; a `build.Progress`."""

    def __init__(self) -> None:
        self._last = (time.perf_counter(), processor_seconds())
        self.stage = STAGES[0]
        self.seconds: dict[str, tuple[float, float]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Hears of progress."""
        if stage != self.stage or (stage == STAGES[-1] and done == total):
            now = (time.perf_counter(), processor_seconds())
            self.seconds[self.stage] = (now[0] - self._last[0], now[1] - self._last[1])
            self._last, self.stage = now, stage


class Memory(threading.Thread):
    """Watches the proportional set size of this process and its children, in bytes; `peaks` are the stages' largest."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(daemon=True)
        self.peaks = dict.fromkeys(STAGES, 0)
        self._clock = clock
        self._done = threading.Event()

    def run(self) -> None:
        """Looks once a second."""
        own = psutil.Process()
        while not self._done.wait(1):
            total = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peaks[self._clock.stage] = max(self.peaks[self._clock.stage], total)

    def stop(self) -> dict[str, int]:
        """Ends the watch; gives the peak of each stage."""
        self._done.set()
        self.join()
        return self.peaks


def built(
    paths: list[Path], out: Path, *, share: int, thinned: int, every: str, workers: int, text: bool
) -> dict[str, float]:
    """Builds a part of the archives and measures it."""
    whole = {source.label: source for source in (sources.open_source(path, scratch=out.parent) for path in paths)}
    part = parts(whole, share, thinned)
    clock = Clock()
    memory = Memory(clock)
    memory.start()
    corpus = build.corpus(part.values(), out, every=every, workers=workers, progress=clock, text=text)
    peaks = memory.stop()
    seconds = sum(wall for wall, _ in clock.seconds.values())
    counts = corpus.manifest["counts"]
    return {
        "versions": counts["versions"],
        "segments": counts["segments"],
        "seconds": seconds,
        **{f"{stage}_seconds": clock.seconds[stage][0] for stage in STAGES},
        **{f"{stage}_cpu": clock.seconds[stage][1] for stage in STAGES},
        "versions_per_second": counts["versions"] / seconds,
        "segments_per_second": counts["segments"] / seconds,
        "peak_mb": max(peaks.values()) / MEGABYTE,
        **{f"{stage}_peak_mb": peaks[stage] / MEGABYTE for stage in STAGES},
    }


def alone(paths: list[Path], out: Path, **options: float | str) -> dict[str, float]:
    """`built` in a process of its own, which holds nothing of an earlier build."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(built, paths, out, **options).result()  # type: ignore[arg-type]


def read_and_thrown_away(opened: Mapping[str, sources.Source]) -> dict[str, float]:
    """The distinct texts: their number, their size, that of their distinct lines, and the seconds to read them only."""
    seconds, n_bytes, n_texts = 0.0, 0, 0
    lines: dict[int, int] = {}
    for source in opened.values():
        keys = list(dict.fromkeys(entry.content for entry in source.entries()))
        start = time.perf_counter()
        for _, data, _ in source.contents(keys):
            seconds += time.perf_counter() - start
            n_bytes += len(data or b"")
            n_texts += 1
            lines.update((hash(line), len(line)) for line in (data or b"").split(b"\n"))
            start = time.perf_counter()
    distinct = sum(lines.values()) / MEGABYTE
    return {"texts": n_texts, "raw_mb": n_bytes / MEGABYTE, "lines_mb": distinct, "floor_seconds": seconds}


def updated(paths: list[Path], corpus: Path, workers: int) -> dict[str, float]:
    """One more version in a repository, then the command that a user would give: its seconds, all included.

    `UPDATES` times: the machine's own noise is a fifth of such a time, so the median is given, and the extremes.
    """
    place = next(path for path in paths if sources.folder_of(path))
    grown = cloned(place, corpus.with_name("grown.git"))
    given = [str(grown if path == place else path) for path in paths]
    command = [sys.executable, "-m", "privacylab", "build", *given, "--out", str(corpus), "--update", "--no-text"]
    as_users_have_it = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    seconds, cpu = [], []
    for i in range(UPDATES):
        _one_more_version(grown, NEW.format(i + 2).encode())
        wall, used = time.perf_counter(), processor_seconds()
        subprocess.run([*command, "--workers", str(workers)], check=True, capture_output=True, env=as_users_have_it)
        seconds.append(time.perf_counter() - wall)
        cpu.append(processor_seconds() - used)
    counts = tables.Corpus.open(corpus).manifest["counts"]
    return {
        "versions": counts["versions"],
        "segments": counts["segments"],
        "seconds": median(seconds),
        "update_fastest": min(seconds),
        "update_slowest": max(seconds),
        "update_cpu": median(cpu),
    }


def cloned(place: Path, target: Path) -> Path:
    """A repository with all that another or a bundle has."""
    subprocess.run(["git", "clone", "--quiet", "--mirror", str(place), str(target)], check=True)
    return target


def _one_more_version(repository: Path, new: bytes) -> None:
    """Commits a change of the policy that was changed last."""
    archive = sources.open_source(repository, scratch=repository.parent)
    last = max(archive.entries(), key=lambda entry: entry.moment or 0)
    ((_, data, _),) = archive.contents([last.content])
    identity = {f"GIT_{who}_{what}": "kite" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = os.environ | identity | {"GIT_INDEX_FILE": str(repository / "one-more")}

    def ask(*arguments: str, stdin: bytes = b"") -> str:
        command = ["git", "-C", str(repository), *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, check=True, env=environment)
        return done.stdout.decode().strip()

    head = ask("for-each-ref", "--format=%(refname)", "--sort=-committerdate").splitlines()[0]
    ask("read-tree", head)
    blob = ask("hash-object", "-w", "--stdin", stdin=(data or b"") + new)
    ask("update-index", "--cacheinfo", f"100644,{blob},{last.source.rpartition('@')[0]}")
    ask("update-ref", head, ask("commit-tree", ask("write-tree"), "-p", head, "-m", "One more version"))


def fit(x: pd.Series, y: pd.Series) -> tuple[float, float, float]:
    """Slope, intercept and share of variance of a line through points."""
    slope, intercept = np.polyfit(x, y, 1)
    return float(slope), float(intercept), float(np.corrcoef(x, y)[0, 1] ** 2)


def measured(paths: list[Path], given: argparse.Namespace, scratch: Path) -> Iterator[Row]:
    """The rows of the table, each when it is known."""
    opened = {source.label: source for source in (sources.open_source(path, scratch=scratch) for path in paths)}
    for share, thinned in PARTS:
        if share in given.shares:
            part = read_and_thrown_away(parts(opened, share, thinned))
            chosen = {"share": share, "thinned": thinned, "every": "all", "text": True, "workers": given.workers}
            run = alone(paths, scratch / f"all-{share}-{thinned}", **chosen)
            yield {"every": "all", "services": 1 / share, "kept": 1 / thinned, **part, **run}
    out = scratch / "half-years"
    chosen = {"share": 1, "thinned": 1, "every": "half-year", "text": False, "workers": given.workers}
    yield {"every": "half-year", **alone(paths, out, **chosen)}
    yield {"every": "half-year", "mode": "update", **updated(paths, out, given.workers)}


def main() -> None:
    """Reads the arguments, measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--shares", nargs="+", type=int, default=[8, 4, 2, 1], help="one service in so many")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        start = time.perf_counter()
        paths = [
            cloned(path, scratch / f"{path.stem}.git") if sources.is_bundle(path) else path for path in given.archives
        ]
        for path in paths:
            sources.open_source(path, scratch=scratch)
        opening = time.perf_counter() - start
        print(f"opening (bundles are unpacked): {opening:.1f} s, to be added to each whole build")
        rows = []
        for row in measured(paths, given, scratch):
            rows.append({**row, "opening_seconds": opening})
            print(pd.Series(row).to_string(float_format="{:.1f}".format), end="\n\n", flush=True)
        table = pd.DataFrame(rows)
    every = table[table["every"] == "all"]
    for column in ("lines_mb", "versions"):
        slope, intercept, explained = fit(every[column], every["seconds"])
        print(f"seconds = {intercept:.1f} + {slope:.4f} x {column}: R2 {explained:.4f}, {len(every)} builds")
    RESULTS.mkdir(exist_ok=True)
    table.round(2).to_csv(RESULTS / "build.csv", index=False)
    print(table.round(2).T.to_string())


if __name__ == "__main__":
    main()
