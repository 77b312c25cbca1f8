"""What workers do: read and annotate some services, each into a part: a file of all rows that a service adds.

A part carries a hash of what it was made of. While that stays the same, a later build takes the part and reads nothing.
"""

import gc
import hashlib
import io
import os
import signal
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing import parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple

import pyarrow as arrow
import pyarrow.feather as feather
from threadpoolctl import threadpool_limits

from privacylab import files, sources
from privacylab.build import annotate, versions
from privacylab.dates import Region
from privacylab.sources import Entry

Listed = Sequence[tuple[Entry, str]]
"""The versions of a service, each with its document."""

READ_BATCH = 1_000  # versions
MAX_HOLDERS = 12
"""A content that more services have is an empty page or an error page, and makes no family of them."""


class Task(NamedTuple):
    """Some services to be read by one worker, with what their bytes are read from.

    Attributes:
        services: Each service's name and versions.
        sources: The sources by collection.
        folder: Where the parts go.
        every: A key of `versions.EVERY`.
        text: Whether segments keep their text.
        conditions: What the parts depend on besides: parameters, code, software, facts.
        regions: The region of each service, where it is known.
    """

    services: tuple[tuple[str, Listed], ...]
    sources: Mapping[str, sources.Source]
    folder: Path
    every: str
    text: bool
    conditions: str
    regions: Mapping[str, Region | None]


@contextmanager
def _garbage_stays() -> Iterator[None]:
    """A time in which nobody looks for garbage: a million small tuples that stay would be gone through each time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read(task: Task) -> None:
    """Reads and annotates some services, and writes a part for each; the processes share the processor already."""
    contents = partial(versions.contents, task.sources)
    with threadpool_limits(1, user_api="blas"), _garbage_stays():
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


def batches(services: Mapping[str, Listed]) -> list[tuple[tuple[str, Listed], ...]]:
    """Services in groups of about `READ_BATCH` versions; a family stays together up to twice as many.

    The largest come first, so that no worker is left with them.
    """
    family = _families(services)
    sizes: Counter[str] = Counter()
    for name, listed in services.items():
        sizes[family[name]] += len(listed)
    groups: list[list[tuple[str, Listed]]] = []
    size, previous = READ_BATCH, ""
    for name in sorted(services, key=lambda name: (-sizes[family[name]], family[name], -len(services[name]), name)):
        if size >= (2 * READ_BATCH if family[name] == previous else READ_BATCH):
            groups.append([])
            size = 0
        groups[-1].append((name, services[name]))
        size, previous = size + len(services[name]), family[name]
    return [tuple(group) for group in groups]


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

ContentIds = Mapping[tuple[str, str], str]
"""Content ids by collection and source of an entry."""


def fingerprint(listed: Listed, content_ids: ContentIds, *, conditions: str) -> str:
    """A hash of all that the rows of a service are made of.

    Args:
        listed: Its versions.
        content_ids: Of those versions whose entry does not tell their bytes.
        conditions: Parameters, code, software.
    """
    digest = hashlib.sha256(conditions.encode())
    for entry, document in listed:
        content = None if entry.reason else content_ids.get((entry.collection, entry.source))
        row = (*entry, document, content)
        digest.update(repr(row).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def content_ids(source: sources.Source, entries: Iterable[Entry]) -> dict[tuple[str, str], str]:
    """The content ids of entries now: all are read for it."""
    named = {entry.content: entry for entry in entries if not entry.reason}
    return {
        (source.label, named[key].source): sources.UNREAD if data is None else sources.content_id(data)
        for key, data, _ in source.contents(list(named))
    }


def _ids_of_interest(history: versions.History, opened: Mapping[str, sources.Source]) -> dict[tuple[str, str], str]:
    """The content ids that were read, where an entry does not tell them; what could not be read is tried again."""
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


def read_part(path: Path) -> arrow.Table | None:
    """The part in a file; None if there is none, or it is damaged."""
    data = path.read_bytes() if path.is_file() else b""
    size = hashlib.sha256().digest_size
    if hashlib.sha256(data[size:]).digest() != data[:size]:
        return None
    return feather.read_table(arrow.BufferReader(data[size:]), use_threads=False)  # a small file
