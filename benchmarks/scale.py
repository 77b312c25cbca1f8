"""A build beyond one machine: time and memory of a worker and of the head, at 1, 3, 10 and 30 times a small corpus.

    python benchmarks/scale.py [--unit 100] [--largest 30] [--keep FOLDER]

Makes corpora of invented services out of the sentences of `corpus/samples`, as lines of JSON: of each sentence some
words are replaced, so that services share none, and a version repeats seven tenths of the one before.
Builds each on two workers of a dask cluster on this machine, the largest on one worker too, by executorlib, and by
processes of our own. Every build has a process of its own. Writes `results/scale.csv` and prints it. Seconds of the
processor count where the machine is shared. Needs the extra `dask`; executorlib where it is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd

from privacylab import build, normalize, paths
from privacylab.build import workers
from privacylab.text.sentences import sentences

RESULTS = Path(__file__).parent / "results"
VERSIONS, SENTENCES, KEPT = 4, 120, 0.7
JOB_BYTES = 600_000
"""Of each job, so that both workers have some: these corpora are smaller than one job of a real build."""

MEGABYTE = 1_000_000
Row = dict[str, Any]


def sample_sentences() -> list[str]:
    """The sentences of the sample policies, in a fixed order."""
    files = sorted(paths.samples().glob("*/*.md"))
    blocks = [block for path in files for block in normalize.blocks(path.read_bytes())]
    return list(dict.fromkeys(said for block in blocks for said in sentences(block.text) if len(said) > 30))


def reworded(said: str, rng: random.Random) -> str:
    """A sentence with two of its words replaced by numbers in letters: no other has these."""
    words = said.split()
    for place in rng.sample(range(len(words)), min(2, len(words))):
        words[place] = "".join(rng.choices("abcdefghijklmnop", k=8))
    return " ".join(words)


def histories(n_texts: int, *, seed: int = 0) -> Iterator[Row]:
    """Rows of invented policies: `VERSIONS` of each service, a year apart."""
    rng, said = random.Random(seed), sample_sentences()
    for number in range(n_texts // VERSIONS):
        texts = [reworded(rng.choice(said), rng) for _ in range(SENTENCES)]
        for year in range(2016, 2016 + VERSIONS):
            text = "\n\n".join(["Privacy Policy", *(" ".join(texts[at : at + 4]) for at in range(0, SENTENCES, 4))])
            yield {"service": f"s{number:07}.example", "date": f"{year}-06-01", "text": text}
            texts = [each if rng.random() < KEPT else reworded(rng.choice(said), rng) for each in texts]


@contextlib.contextmanager
def workers_of(kind: str, n_workers: int) -> Iterator[tuple[Executor | None, Any]]:
    """An executor of a kind, and dask's client where it is one."""
    if kind == "dask":
        import distributed

        options = {"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
        with (
            distributed.LocalCluster(n_workers=n_workers, silence_logs=50, **options) as cluster,
            distributed.Client(cluster, set_as_default=False) as client,
        ):
            yield client.get_executor(pure=False), client
    elif kind == "executorlib":
        import executorlib

        with executorlib.SingleNodeExecutor(max_workers=n_workers, block_allocation=True) as executor:
            yield executor, None
    else:
        yield None, None


def measured(source: Path, out: Path, kind: str, n_workers: int) -> Row:
    """Builds a corpus and measures it."""
    began: dict[str, float] = {}
    workers.READ_BATCH = JOB_BYTES
    with workers_of(kind, n_workers) as (executor, client):
        began["listing"] = time.perf_counter()
        corpus = build.corpus(
            [source],
            out,
            executor=executor,
            workers=n_workers,
            progress=lambda stage, *_: began.setdefault(stage, time.perf_counter()),
        )
        began["end"] = time.perf_counter()
        used = list(client.run(resource.getrusage, resource.RUSAGE_SELF).values()) if client else []
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    row = {"executor": kind, "workers": n_workers, "texts": corpus.manifest["counts"]["versions"]}
    row |= {"raw_mb": source.stat().st_size / MEGABYTE, "seconds": began["end"] - began["listing"]}
    for stage, end in (("listing", "reading"), ("reading", "writing"), ("writing", "end")):
        row[f"{stage}_seconds"] = began[end] - began[stage]
    row["head_cpu"] = own.ru_utime + own.ru_stime
    row["workers_cpu"] = sum(each.ru_utime + each.ru_stime for each in used or [children])
    row["head_mb"] = own.ru_maxrss * 1024 / MEGABYTE
    row["worker_mb"] = max(each.ru_maxrss for each in used or [children]) * 1024 / MEGABYTE
    return row | {"policies": corpus.manifest["sha256"]["policies"][:16]}


def alone(*arguments: object) -> Row:
    """`measured` in a process of its own, which holds nothing of an earlier build."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measured, *arguments).result()  # type: ignore[arg-type]


def main() -> None:
    """Measures, writes and prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--unit", type=int, default=100, help="texts of the smallest corpus (100)")
    parser.add_argument("--largest", type=int, default=30, help="how many units the largest has (30)")
    parser.add_argument("--keep", type=Path, help="only make a corpus of that size, as policies.jsonl in this folder")
    given = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        for units in [given.largest] if given.keep else sorted({1, 3, 10, given.largest}):
            source = folder / f"policies-{units}.jsonl"
            with source.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row) + "\n" for row in histories(units * given.unit))
            others = [("dask", 1), ("executorlib", 2), ("processes", 2)] if units == given.largest else []
            for kind, n_workers in [] if given.keep else [("dask", 2), *others]:
                try:
                    rows.append(alone(source, folder / f"{kind}-{n_workers}-{units}", kind, n_workers))
                    print(rows[-1], flush=True)
                except ImportError as error:
                    print(f"{kind}: {error}")
    if rows:
        table = pd.DataFrame(rows).round(1)
        table.to_csv(RESULTS / "scale.csv", index=False)
        print(table.to_string(index=False))


if __name__ == "__main__":
    main()
