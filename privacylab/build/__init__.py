"""The pipeline: sources -> corpus tables.

Two stages, each over batches that end up in files of their own, so that a killed build goes on where it stopped:

1. read: a service at a time (`versions.read`): segments, verdicts, the ledger, the sample;
2. annotate: each distinct segment once (`annotate.tables`); those of versions outside the sample for their claims only.

What workers do is in `parts`, what is made of it in `assemble`, what an update need not read in `update`.
"""

import fcntl
import functools
import gc
import hashlib
import itertools
import os
import platform
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import pyarrow as arrow

import privacylab
from privacylab import paths, sources, tables
from privacylab.build import annotate, assemble, screen, update, versions, workers
from privacylab.sources import Entry
from privacylab.sources.services import documents
from privacylab.tables import schema

Mode = Literal["new", "update", "resume", "force"]
Progress = Callable[[str, int, int], None]
J = TypeVar("J")

READ_BATCH = 400  # entries
JOBS_OF_A_READER = 25
"""So many, then a worker ends: what it holds by then is memory in pieces, which the next one need not have."""


class BuildError(RuntimeError):
    """A build that cannot start or go on; the message is one line and says what to do."""


def corpus(
    given: Iterable[str | Path | sources.Source],
    out: str | Path,
    *,
    every: str = "half-year",
    text: bool = True,
    workers: int | None = None,
    mode: Mode = "new",
    progress: Progress | None = None,
) -> tables.Corpus:
    """Builds a corpus from sources.

    Args:
        given: Folders, files, git repositories, git bundles, zips, tars; or sources that are open already.
        out: The folder for the tables.
        every: Which kept versions become policies: the last of each ``half-year`` or ``quarter`` (and era), or ``all``.
        text: Whether segments keep their text.
        workers: Processes; all cores if None.
        mode: ``new`` (refuse an existing folder), ``force`` (replace it), ``resume`` (go on with a killed build),
            ``update`` (read only the services with new versions).
        progress: Called with the stage, how much is done, and how much there is.

    Returns:
        The corpus, opened. Same input and parameters give the same bytes.

    Raises:
        BuildError: The folder exists or holds a source, another build is at work there, a worker died.
        CorpusError: The folder holds something that is no part of a corpus.
        SourceError: A source cannot be read.
        OSError: The disk is full. The old corpus stays whole.
    """
    folder, chosen = Path(out).resolve(), list(given)
    if every not in versions.EVERY:
        raise ValueError(f"every {every!r} is none of {', '.join(versions.EVERY)}")
    if mode not in get_args(Mode):
        raise ValueError(f"mode {mode!r} is none of {', '.join(get_args(Mode))}")
    _check_sources(folder, chosen)
    with _scratch(folder, keep=mode == "resume") as scratch, _given_back_memory(), _left_alone():
        tables.restore(folder)
        if folder.exists() and mode == "new":
            raise BuildError(f"{folder} exists: give --update, --resume or --force, or another --out")
        tables.check_replaceable(folder)
        n_workers = workers or os.cpu_count() or 1
        return _build(chosen, folder, scratch, every, text, n_workers, mode, progress or _silent)


def _check_sources(folder: Path, given: Sequence[str | Path | sources.Source]) -> None:
    """Refuses a source within what a build replaces."""
    for source, own in itertools.product(given, (folder, _scratch_of(folder), folder.with_name(f".{folder.name}.old"))):
        place = Path(source) if isinstance(source, str | Path) else source.place
        if place.resolve().is_relative_to(own):
            raise BuildError(f"{own} holds the source {place}, which would be lost: name another --out")


def _silent(stage: str, done: int, total: int) -> None:
    pass


_IN_SCRATCH = re.compile(
    r"(?:lock|plan|\.plan\.writing|tables|\.?(?:read|annotate)-[-\d]+(?:\.\d+)?|.*-[0-9a-f]{16}\.git)$"
)
"""What a build, perhaps a killed one, leaves in its own folder."""


def _scratch_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.building")


@contextmanager
def _scratch(folder: Path, *, keep: bool) -> Iterator[Path]:
    """The build's own folder beside ``folder``, locked; it goes when the build is done and stays for ``resume``."""
    scratch = _scratch_of(folder)
    try:
        scratch.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(f"{folder.parent} cannot be written ({error.strerror}): name another --out") from None
    if any(path.is_symlink() or not _IN_SCRATCH.match(path.name) for path in scratch.iterdir()) or scratch.is_symlink():
        raise BuildError(f"{scratch} is no folder of a build, and builds would empty it: name another --out")
    with (scratch / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BuildError(f"another build into {folder} is at work: wait for it, or name another --out") from None
        if not keep:
            for path in scratch.iterdir():
                if path.name != "lock":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        try:
            yield scratch
        except BaseException:
            if not any(scratch.glob("read-*")):
                shutil.rmtree(scratch, ignore_errors=True)
            raise
        # Under the lock: after it, the folder may be another build's.
        shutil.rmtree(scratch, ignore_errors=True)


def _build(
    given: Sequence[str | Path | sources.Source],
    folder: Path,
    scratch: Path,
    every: str,
    text: bool,
    n_workers: int,
    mode: Mode,
    progress: Progress,
) -> tables.Corpus:
    if not given:
        raise BuildError("no source is given: name a folder, a file, a git repository, a bundle, a zip or a tar")
    parameters = {"every": every, "text": text, "code": _code_hash(), "thresholds": annotate.thresholds()}
    conditions = {"parameters": parameters, "versions": _software()}
    before = update.before(folder, conditions=conditions) if mode == "update" else update.NOTHING
    with ThreadPoolExecutor() as pool:  # git unpacks and lists one archive while another is read
        opened = _open(given, scratch, pool)
        tables_read = [pool.submit(before.table, name) for name in schema.TABLES]
        anew = update.touched(before, opened, pool)
        listed = [pool.submit(source.entries, names=anew.names) for source in opened.values()]
        _load()
        old = dict(zip(schema.TABLES, (one.result() for one in tables_read), strict=True))
        entries = [*itertools.chain.from_iterable(one.result() for one in listed)]
    services = _by_service(entries)
    tasks = _tasks(services, opened, scratch, every)
    _check_plan(scratch, tasks, [parameters, *(source.stamp() for source in opened.values())])
    if len(tasks) > 1:
        screen.load()
    _run("reading", workers.read, tasks, n_workers, progress, at_a_time=n_workers * JOBS_OF_A_READER)
    read = [scratch / f"read-{task.number:05d}" for task in tasks]
    batches = workers.batches(read, scratch, text=text, skip=update.annotated(old))
    _run("annotating", workers.annotated, batches, n_workers, progress)
    progress("writing", 0, 1)
    new = assemble.assemble(read, [batch.part for batch in batches], old)
    if len(new.versions) != len(entries):
        raise BuildError(f"{len(entries)} versions came in, {len(new.versions)} would go out: please report this")
    kept = update.kept(old, anew, new.segments.tolist())
    manifest = {**conditions, "sources": update.described(before, opened, entries, new.versions, kept, anew)}
    frames = {**new.frames, "services": assemble.services_table(services)}
    shutil.rmtree(scratch / "tables", ignore_errors=True)
    written = tables.write(folder, frames, manifest, kept=kept, staging=scratch / "tables")
    progress("writing", 1, 1)
    return written


def _load() -> None:
    """Loads what takes a second: while git is at work, and before workers are forked, who then share it."""
    annotate.load()
    schema.load()


# --- Sources and tasks ----------------------------------------------------------------------------------------------


def _open(
    given: Sequence[str | Path | sources.Source], scratch: Path, pool: ThreadPoolExecutor
) -> dict[str, sources.Source]:
    def opened(one: str | Path | sources.Source) -> sources.Source:
        return sources.open_source(Path(one), scratch=scratch) if isinstance(one, str | Path) else one

    found: dict[str, sources.Source] = {}
    for one, source in zip(given, pool.map(opened, given), strict=True):
        if source.label in found:
            raise sources.SourceError(
                f"{one} and another source are both called {source.label}: give them different names"
            )
        found[source.label] = source
    return found


def _by_service(entries: Sequence[Entry]) -> dict[str, list[tuple[Entry, str]]]:
    named = documents(entries)
    services: dict[str, list[tuple[Entry, str]]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: (entry.collection, entry.source, entry.moment or 0)):
        service, document = named[entry.collection, entry.name, entry.document]
        services[service].append((entry, document))
    return dict(sorted(services.items()))


def _tasks(
    services: Mapping[str, list[tuple[Entry, str]]], opened: Mapping[str, sources.Source], scratch: Path, every: str
) -> list[workers.Task]:
    """Services in groups of about `READ_BATCH` versions, the largest first, so that no worker is left with them."""
    groups: list[list[tuple[str, tuple[tuple[Entry, str], ...]]]] = []
    size = READ_BATCH
    for name, listed in sorted(services.items(), key=lambda item: (-len(item[1]), item[0])):
        if size >= READ_BATCH:
            groups.append([])
            size = 0
        groups[-1].append((name, tuple(listed)))
        size += len(listed)
    return [workers.Task(i, tuple(group), opened, scratch, every) for i, group in enumerate(groups)]


def _check_plan(scratch: Path, tasks: Sequence[workers.Task], conditions: Sequence[Any]) -> None:
    """Parts of another plan (other versions, files, parameters or code) are not resumed."""
    plan = hashlib.sha256()
    for part in (*conditions, *(task.services for task in tasks)):
        plan.update(repr(part).encode("utf-8", "backslashreplace"))
    digest = plan.hexdigest()
    path = scratch / "plan"
    if path.is_file() and path.read_text() != digest:
        for part in [*scratch.glob("read-*"), *scratch.glob("annotate-*")]:
            shutil.rmtree(part)
    _write_whole(path, digest)


def _write_whole(path: Path, content: str) -> None:
    staging = path.with_name(f".{path.name}.writing")
    staging.write_text(content, encoding="utf-8")
    staging.replace(path)


def _run(
    stage: str,
    work: Callable[[J], None],
    jobs: Sequence[J],
    workers: int,
    progress: Progress,
    *,
    at_a_time: int | None = None,
) -> None:
    """Does all jobs; workers end when they have done so many together, or all."""
    progress(stage, 0, len(jobs))
    if workers == 1 or len(jobs) <= 1:
        for done, job in enumerate(jobs, 1):
            work(job)
            progress(stage, done, len(jobs))
        return
    step = at_a_time or len(jobs)
    for start in range(0, len(jobs), step):
        some = jobs[start : start + step]
        with _left_alone(), ProcessPoolExecutor(min(workers, len(some))) as pool:
            futures = [pool.submit(work, job) for job in some]
            try:
                for done, future in enumerate(as_completed(futures), start + 1):
                    future.result()
                    progress(stage, done, len(jobs))
            except BrokenProcessPool:
                raise BuildError(
                    f"a worker died while {stage} (out of memory, or killed): "
                    "give --resume to go on, with fewer --workers"
                ) from None
            finally:
                pool.shutdown(cancel_futures=True)


@contextmanager
def _given_back_memory() -> Iterator[None]:
    """Arrow takes memory from the system meanwhile: its own allocators keep what was freed."""
    before = arrow.default_memory_pool()
    arrow.set_memory_pool(arrow.system_memory_pool())
    try:
        yield
    finally:
        arrow.set_memory_pool(before)


@contextmanager
def _left_alone() -> Iterator[None]:
    """No search for garbage goes through what is there: it stays, and workers that are forked meanwhile share it."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


# --- Manifest -------------------------------------------------------------------------------------------------------


def _software() -> dict[str, str]:
    packages = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "selectolax", "cmarkgfm", "spacy", "simplemma")
    found = {name: package_version(name) for name in packages}
    return {"privacylab": privacylab.__version__, "python": platform.python_version(), **found}


READING = (
    *("build", "clauses", "cues.py", "dates", "eras.py", "frameworks.py", "normalize", "sources"),
    *("tables", "text", "rules", "models"),
)
"""The doors of the package that decide what the tables hold."""


@functools.cache
def _code_hash() -> str:
    """A hash over the reading wing's code, rules and weights: another one means other tables."""
    digest = hashlib.sha256()
    for path in sorted(paths.PACKAGE.rglob("*")):
        door = path.relative_to(paths.PACKAGE).parts[0]
        if door in READING and path.suffix not in (".pyc", ".md") and path.is_file():
            name = path.relative_to(paths.PACKAGE).as_posix()
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
