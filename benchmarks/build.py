"""The build at 1/8, 1/4, 1/2 and all of some archives, beside its floor and the plain way.

    python benchmarks/build.py ../shared/data/{tosback2.bundle,ota-contrib.bundle,through-time.zip}

Parts are parts of the services. For each: seconds and processor seconds by stage, throughput, the peak memory of all
processes together (proportional set size, so that shared pages count once). The floor is `git cat-file --batch` of the
same texts, read and thrown away. The plain way (`plain.py`) annotates each version of a sample on its own and is
extrapolated by the size of the texts. Writes `results/build.csv` and prints it with two fits: time against distinct
text, and against versions. Takes half an hour on two idle cores.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import random
import resource
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import plain
import psutil

from privacylab import build, sources

RESULTS = Path(__file__).parent / "results"
STAGES = ("listing", "reading", "annotating", "writing")
MEGABYTE = 1_000_000


class Memory(threading.Thread):
    """Watches the proportional set size of this process and its children, in bytes; `peak` is the largest sum."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._done = threading.Event()

    def run(self) -> None:
        """Looks twice a second."""
        own = psutil.Process()
        while not self._done.wait(0.5):
            total = 0
            for process in [own, *own.children(recursive=True)]:
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)

    def stop(self) -> int:
        """Ends the watch; gives the peak."""
        self._done.set()
        self.join()
        return self.peak


def processor_seconds() -> float:
    """User and system time of this process and of its children that ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Clock:
    """Takes wall and processor time at the end of each stage; a `build.Progress`."""

    def __init__(self) -> None:
        self._last = (time.perf_counter(), processor_seconds())
        self._stage = STAGES[0]
        self.seconds: dict[str, tuple[float, float]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Hears of progress."""
        if stage != self._stage or (stage == STAGES[-1] and done == total):
            now = (time.perf_counter(), processor_seconds())
            self.seconds[self._stage] = (now[0] - self._last[0], now[1] - self._last[1])
            self._last, self._stage = now, stage


def built(opened: Mapping[str, sources.Source], share: int, every: str, workers: int) -> dict[str, float]:
    """Builds a part of the archives and measures it."""
    part = plain.parts(opened, share)
    entries = {label: source.entries() for label, source in part.items()}
    with tempfile.TemporaryDirectory() as folder:
        memory, clock = Memory(), Clock()
        memory.start()
        corpus = build.corpus(part.values(), Path(folder) / "corpus", every=every, workers=workers, progress=clock)
        peak = memory.stop()
        segments = corpus.segments(columns=["text"])["text"]
        distinct, n_segments = int(segments.str.len().sum()), len(segments)
    raw, n_texts, floor = read_and_thrown_away(part)
    seconds = sum(wall for wall, _ in clock.seconds.values())
    return {
        "share": 1 / share,
        "versions": sum(map(len, entries.values())),
        "texts": n_texts,
        "raw_mb": raw / MEGABYTE,
        "segments": n_segments,
        "segments_mb": distinct / MEGABYTE,
        "seconds": seconds,
        **{f"{stage}_seconds": clock.seconds[stage][0] for stage in STAGES},
        **{f"{stage}_cpu": clock.seconds[stage][1] for stage in STAGES},
        "mb_per_second": raw / MEGABYTE / seconds,
        "versions_per_second": sum(map(len, entries.values())) / seconds,
        "segments_per_second": n_segments / seconds,
        "peak_mb": peak / MEGABYTE,
        "floor_seconds": floor,
    }


def read_and_thrown_away(opened: Mapping[str, sources.Source]) -> tuple[int, int, float]:
    """Bytes and number of the distinct texts, and the seconds that it takes to read and forget them."""
    start = time.perf_counter()
    n_bytes = n_texts = 0
    for source in opened.values():
        for _, data, _ in source.contents(list(dict.fromkeys(entry.content for entry in source.entries()))):
            n_bytes += len(data or b"")
            n_texts += 1
    return n_bytes, n_texts, time.perf_counter() - start


def plain_way(opened: Mapping[str, sources.Source], n: int) -> float:
    """Seconds of one core for each megabyte of text, from ``n`` random versions."""
    entries = [entry for source in opened.values() for entry in source.entries()]
    sample = random.Random(1).sample(entries, min(n, len(entries)))
    read = list(plain.contents(opened, sample))
    start = time.process_time()
    for entry, data in read:
        found = None if data is None else plain.read(data, entry.media_type)
        if found is not None and found.verdict.reason is None:
            plain.annotated(found)
    return (time.process_time() - start) / (sum(len(data or b"") for _, data in read) / MEGABYTE)


def fit(x: pd.Series, y: pd.Series) -> tuple[float, float, float]:
    """Slope, intercept and share of variance of a line through points."""
    slope, intercept = np.polyfit(x, y, 1)
    return float(slope), float(intercept), float(np.corrcoef(x, y)[0, 1] ** 2)


def main() -> None:
    """Reads the arguments, measures, prints and writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--shares", nargs="+", type=int, default=[8, 4, 2, 1], help="one part in so many")
    parser.add_argument("--every", default="all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--plain", type=int, default=100, help="versions read the plain way; 0 for none")
    parser.add_argument("--same", type=int, default=0, help="versions compared with the plain way (2000 is the claim)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        opened = {s.label: s for s in (sources.open_source(path, scratch=Path(scratch)) for path in given.archives)}
        rows = []
        for share in given.shares:
            rows.append(built(opened, share, given.every, given.workers))
            print(pd.Series(rows[-1]).round(1).to_string(), flush=True)
        table = pd.DataFrame(rows).round(2)
        if given.plain:
            per_megabyte = plain_way(opened, given.plain)
            table["plain_cpu"] = (per_megabyte * table["raw_mb"]).round(0)
            print(f"plain way: {per_megabyte:.2f} s a megabyte on one core, from {given.plain} versions; extrapolated")
        if given.same:
            corpus = build.corpus(opened.values(), Path(scratch) / "same", every=given.every, workers=given.workers)
            faults = plain.differences(corpus, opened, given.same)
            print(f"{len(faults)} of {given.same} versions differ from the plain way", *faults[:10], sep="\n")
    if len(table) > 2:
        for column in ("segments_mb", "versions"):
            slope, intercept, explained = fit(table[column], table["seconds"])
            print(f"seconds = {intercept:.1f} + {slope:.4f} x {column}: R2 {explained:.4f}")
    RESULTS.mkdir(exist_ok=True)
    table.to_csv(RESULTS / "build.csv", index=False)
    print(table.T.to_string())


if __name__ == "__main__":
    main()
