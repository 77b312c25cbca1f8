"""What workers do: read and annotate some services, each into a part: a file of all rows that a service adds.

A part has a hash of its inputs. While these do not change, a later build uses the part and reads nothing.
"""

import functools
import gc
import hashlib
import io
import os
import platform
import signal
import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version as package_version
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import pyarrow as arrow
import pyarrow.feather as feather
from threadpoolctl import threadpool_limits

import privacylab
from privacylab import files, paths, sources
from privacylab.build import annotate, screen, versions
from privacylab.dates import Region
from privacylab.sources import Entry
from privacylab.text import units
from privacylab.text.segments import Segment

Listed = Sequence[tuple[Entry, str]]
"""The versions of a service, each with its document."""

ContentKey = tuple[str, str]
"""The collection and the content of an entry."""

READ_BATCH = 16_000_000
"""Bytes of a task: a minute or so of one core where plain texts repeat little, seconds where they repeat much."""

TYPICAL_BYTES = 25_000
"""Of a policy whose size its source does not tell."""

MAX_HOLDERS = 12
"""A content of more services is an empty page or an error page, and makes no family."""


class BuildError(RuntimeError):
    """A build that cannot start or go on; the message is one line and says what to do."""


class Task(NamedTuple):
    """Some services for one worker, with the sources of their bytes.

    A worker may be a process of another machine: it opens sources, rules and models by their paths.

    Attributes:
        services: Each service's name and versions.
        sources: The sources by collection.
        folder: The folder for the parts.
        every: A key of `versions.EVERY`.
        text: Whether segments keep their text.
        conditions: What the parts depend on besides, as a hash: parameters, code, software, facts.
        regions: The region of each service, if known.
        software: What `software` gives where the build was started.
        marker: A file that the build laid into ``folder``.
    """

    services: tuple[tuple[str, Listed], ...]
    sources: Mapping[str, sources.Source]
    folder: Path
    every: str
    text: bool
    conditions: str
    regions: Mapping[str, Region | None]
    software: Mapping[str, str]
    marker: str


@contextmanager
def _garbage_stays() -> Iterator[None]:
    """Switches garbage collection off: it would go through a million lasting tuples each time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.collect(0)  # of this time alone: what lasted before would be gone through for nothing
            gc.enable()


def read(task: Task) -> None:
    """Reads and annotates some services, and writes a part for each; the processes share the processor already.

    Raises:
        BuildError: The worker has other code than who started the build, or does not see the folder.
    """
    _check_machine(task)
    # spaCy keeps each new word for ever: here it forgets those of a task at its end.
    with threadpool_limits(1, user_api="blas"), _garbage_stays(), units.tokenizer().vocab.memory_zone():
        _read(task)


def _read(task: Task) -> None:
    """`read` without its surroundings: what it holds is gone before garbage is looked for again."""
    contents = functools.partial(versions.contents, task.sources)
    read = [
        versions.read(service, listed, contents=contents, every=task.every, region=task.regions.get(service))
        for service, listed in task.services
    ]
    annotated = annotate.histories(read, text=task.text)
    for (service, listed), history, rows in zip(task.services, read, annotated, strict=True):
        digest = fingerprint(listed, _ids_of_interest(history, task.sources), conditions=task.conditions)
        write_part(part_of(task.folder, service), digest, rows)


@contextmanager
def undisturbed() -> Iterator[None]:
    """A time in which Ctrl-C waits for the end of the block: in the middle of a fork Python would lose it."""
    waiting: list[int] = []
    is_first = threading.current_thread() is threading.main_thread()  # no other may ask for signals
    before = signal.signal(signal.SIGINT, lambda number, _: waiting.append(number)) if is_first else None
    try:
        yield
    finally:
        if is_first:
            signal.signal(signal.SIGINT, before)
    if waiting:
        raise KeyboardInterrupt


def ends_at_once() -> None:
    """Begins a worker's process: it ends without a word at Ctrl-C, and with the process that began it.

    A worker that waits for more to do would wait for ever if that one was killed, and keep the build's lock.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(parent_process(),), daemon=True).start()


def _end_with(parent: BaseProcess | None) -> None:
    if parent is not None:
        parent.join()
        os._exit(1)


def load() -> None:
    """Loads rules and models: processes that are forked later share them."""
    any_words = Segment("Your rights in California", "We comply with the GDPR and keep what you ask us to erase.")
    annotate.tables({0: any_words}, text=False)
    screen.language_of(any_words.text)


def mark(folder: Path) -> str:
    """Lays a file of a new name into a folder, by which workers know it; the name."""
    marker = folder / f"here-{uuid.uuid4().hex}"
    marker.touch()
    return marker.name


def _check_machine(task: Task) -> None:
    machine, here = platform.node(), software()
    others = [
        f"{name} {here.get(name)}, not {version}"
        for name, version in task.software.items()
        if version != here.get(name)
    ]
    if others:
        raise BuildError(f"a worker on {machine} has {'; '.join(others)}: install the same on all machines")
    if not (task.folder / task.marker).is_file():
        raise BuildError(
            f"a worker on {machine} does not see {task.folder}: give an --out on a disk that all workers share"
        )


def batches(services: Mapping[str, Listed], n_bytes: Mapping[ContentKey, int]) -> list[tuple[tuple[str, Listed], ...]]:
    """Services in groups of about `READ_BATCH` bytes; a family stays together up to twice as many.

    The largest come first, so that none is left for the end.

    Args:
        services: The versions of each service.
        n_bytes: The size of each content, where it is known.
    """
    family = _families(services)
    own = {}
    for name, listed in services.items():
        keys = {(entry.collection, entry.content) for entry, _ in listed}
        own[name] = sum(n_bytes.get(key, TYPICAL_BYTES) for key in keys)
    sizes: Counter[str] = Counter()
    for name, size in own.items():
        sizes[family[name]] += size
    groups: list[list[tuple[str, Listed]]] = []
    size, previous = READ_BATCH, ""
    for name in sorted(services, key=lambda name: (-sizes[family[name]], family[name], -own[name], name)):
        if size >= (2 * READ_BATCH if family[name] == previous else READ_BATCH):
            groups.append([])
            size = 0
        groups[-1].append((name, services[name]))
        size, previous = size + own[name], family[name]
    return [tuple(group) for group in groups]


def sizes(opened: Mapping[str, sources.Source], services: Mapping[str, Listed]) -> dict[ContentKey, int]:
    """The bytes of contents, of those sources that tell them unread."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for listed in services.values():
        for entry, _ in listed:
            if not entry.reason:
                wanted[entry.collection].add(entry.content)
    told: dict[str, Mapping[str, int]] = {
        label: getattr(opened[label], "sizes", lambda _: {})(sorted(keys)) for label, keys in wanted.items()
    }
    return {(label, key): size for label, known in told.items() for key, size in known.items()}


def _families(services: Mapping[str, Listed]) -> dict[str, str]:
    """One name for services with a content in common: a segment that they share is annotated once in a task."""
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for name, listed in services.items():
        for entry, _ in listed:
            holders[entry.collection, entry.content].add(name)
    family = {name: name for name in services}
    for names in holders.values():
        if len(names) <= MAX_HOLDERS:
            family |= dict.fromkeys(names, min(family[name] for name in names))
    return family


# --- What a part was made of ----------------------------------------------------------------------------------------

READING = (
    *("build", "clauses", "cues.py", "dates", "eras.py", "frameworks.py", "normalize", "sources"),
    *("tables", "text", "rules", "models"),
)
"""The doors of the package that decide what the tables hold."""


@functools.cache
def code_hash() -> str:
    """A hash over the reading wing's code, rules (one's own, too) and weights: another one means other tables."""
    digest = hashlib.sha256()
    for path in sorted(paths.PACKAGE.rglob("*")):
        door = path.relative_to(paths.PACKAGE).parts[0]
        if door in READING and path.suffix not in (".pyc", ".md") and path.is_file():
            name = path.relative_to(paths.PACKAGE).as_posix()
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    for path in paths.own_rules():
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@functools.cache
def software() -> Mapping[str, str]:
    """The versions of what reads here, and the hash of its code: the same on all machines of a build."""
    packages = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "selectolax", "cmarkgfm", "spacy", "simplemma")
    installed = {name: package_version(name) for name in packages}
    own = {"privacylab": privacylab.__version__, "code": code_hash(), "python": platform.python_version()}
    return {**own, **installed}


ContentIds = Mapping[tuple[str, str], str]
"""Content ids by collection and source of an entry."""


def fingerprint(listed: Listed, content_ids: ContentIds, *, conditions: str) -> str:
    """A hash of everything that the rows of a service depend on.

    Args:
        listed: Its versions.
        content_ids: For versions whose entry does not identify their bytes.
        conditions: As in `Task`.
    """
    digest = hashlib.sha256(conditions.encode())
    for entry, document in listed:
        content = None if entry.reason else content_ids.get((entry.collection, entry.source))
        row = (*entry, document, content)
        digest.update(repr(row).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def ids_of(opened: Mapping[str, sources.Source], entries: Iterable[Entry]) -> dict[tuple[str, str], str]:
    """The content ids now of those entries that do not tell their bytes: all are read for it."""
    named: dict[str, dict[str, Entry]] = defaultdict(dict)
    for entry in entries:
        if not entry.reason and not opened[entry.collection].keys_tell_bytes:
            named[entry.collection][entry.content] = entry
    return {
        (label, own[key].source): sources.UNREAD if data is None else sources.content_id(data)
        for label, own in named.items()
        for key, data, _ in opened[label].contents(list(own))
    }


def _ids_of_interest(history: versions.History, opened: Mapping[str, sources.Source]) -> dict[tuple[str, str], str]:
    """The content ids that were read, if an entry does not give them; unreadable entries are tried again."""
    return {
        (row["collection"], row["source"]): row["content_id"]
        for row in history.versions
        if not opened[row["collection"]].keys_tell_bytes or row["content_id"] == sources.UNREAD
    }


# --- A part as a file -----------------------------------------------------------------------------------------------


def part_of(folder: Path, service: str) -> Path:
    """The file of a service's part."""
    return folder / f"part-{sources.content_id(service.encode('utf-8', 'surrogatepass'))}.arrow"


def write_part(path: Path, digest: str, tables: Mapping[str, arrow.RecordBatch]) -> None:
    """Writes a part: one row with the digest, and a list of rows for each table; before it, its own sha256."""
    columns = {
        name: arrow.ListArray.from_arrays([0, rows.num_rows], rows.to_struct_array()) for name, rows in tables.items()
    }
    buffer = io.BytesIO()
    feather.write_feather(arrow.table({"digest": [digest], **columns}), buffer, compression="zstd")
    with files.replacing(path, within=path.parent) as staging:
        staging.write_bytes(hashlib.sha256(buffer.getvalue()).digest() + buffer.getvalue())


class Summary(NamedTuple):
    """What a part was made of, and how many rows it has of each table."""

    digest: str
    n_rows: Counter[str]


def summary(path: Path) -> Summary | None:
    """The summary of the part in a file; None as of `read_part`."""
    part = read_part(path)
    if part is None:
        return None
    names = [name for name in part.column_names if name != "digest"]
    return Summary(part["digest"][0].as_py(), Counter({name: len(part[name][0]) for name in names}))


def read_part(path: Path) -> arrow.Table | None:
    """The part in a file; None if there is none, or it is damaged."""
    data = path.read_bytes() if path.is_file() else b""
    size = hashlib.sha256().digest_size
    if hashlib.sha256(data[size:]).digest() != data[:size]:
        return None
    return feather.read_table(arrow.BufferReader(data[size:]), use_threads=False)  # a small file
