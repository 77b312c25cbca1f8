"""The pipeline: sources -> corpus tables.

Each service is read and annotated separately into a part (`workers.read`), and the parts make the tables
(`assemble.assemble`). Parts stay beside the corpus: an updated or resumed build uses those whose service has not
changed and reads only the others. So new, resumed and updated builds work the same way.
"""

import fcntl
import functools
import hashlib
import itertools
import os
import re
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, get_args

from privacylab import files, sources, tables
from privacylab.build import annotate, assemble, jobs, versions, workers
from privacylab.build.jobs import Progress
from privacylab.build.workers import BuildError
from privacylab.sources import Entry
from privacylab.sources.listing import shown
from privacylab.sources.services import Fact, documents, facts_of_domains, service_of, stated, views

Mode = Literal["new", "update", "resume", "force"]
Run = Callable[[Sequence[workers.Task]], None]


def corpus(
    given: Iterable[str | Path | sources.Source],
    out: str | Path,
    *,
    every: str = "half-year",
    text: bool = True,
    workers: int | None = None,
    executor: Executor | None = None,
    mode: Mode = "new",
    progress: Progress | None = None,
    text_column: str | None = None,
    date_column: str | None = None,
    service_column: str | None = None,
) -> tables.Corpus:
    """Builds a corpus from sources.

    Args:
        given: Folders, files, git repositories, git bundles, zips, tars, web archives, tables; or sources that are open
            already.
        out: The folder for the tables.
        every: Which kept versions become policies: the last of each ``half-year`` or ``quarter`` (and era), or ``all``.
        text: Whether segments keep their text.
        workers: Processes; all cores if None.
        executor: What does the jobs in the place of these processes, perhaps on other machines that see ``given`` and
            the folder of ``out`` at the same paths and have the same version of the package. It is not shut down.
        mode: ``new`` (refuse an existing folder), ``force`` (replace it), ``resume`` (continue a killed build),
            ``update`` (read only the services with new versions). The last two use the parts beside ``out`` in
            ``.<name>.parts``; without them everything is read.
        progress: Called with the stage, how much is done, and how much there is.
        text_column: The tables' column of policies, if its name does not show it.
        date_column: Likewise, of their dates.
        service_column: Likewise, of the services or addresses.

    Returns:
        The corpus, opened. Same input and parameters give the same bytes.

    Raises:
        BuildError: The folder exists or holds a source, another build is at work there, a job failed, workers died.
        CorpusError: The folder has something that is not part of a corpus.
        SourceError: A source cannot be read.
        OSError: The disk is full. The old corpus stays whole.
    """
    folder, chosen = Path(out).resolve(), list(given)
    if every not in versions.EVERY:
        raise ValueError(f"every {every!r} must be one of {', '.join(versions.EVERY)}")
    if mode not in get_args(Mode):
        raise ValueError(f"mode {mode!r} must be one of {', '.join(get_args(Mode))}")
    _check_sources(folder, chosen)
    columns = sources.Columns(text_column, date_column, service_column)
    with _parts_folder(folder) as scratch:
        tables.restore(folder)
        if folder.exists() and mode == "new":
            raise BuildError(f"{folder} exists: give --update, --resume or --force, or another --out")
        tables.check_replaceable(folder)
        _clear(scratch, parts=mode in ("new", "force"))
        opened, tell = _open(chosen, scratch, columns), progress or (lambda *_: None)
        run = functools.partial(jobs.run, n_workers=workers or os.cpu_count() or 1, executor=executor, progress=tell)
        return _build(opened, folder, scratch, every, text, run, tell)


def _check_sources(folder: Path, given: Sequence[str | Path | sources.Source]) -> None:
    """Refuses a source within what a build replaces."""
    for source, own in itertools.product(given, (folder, _parts_of(folder), files.set_aside(folder))):
        place = Path(source) if isinstance(source, str | Path) else source.place
        if place.resolve().is_relative_to(own):
            raise BuildError(f"{own} contains the source {place}, which would be lost: name another --out")


def _parts_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.parts")


def _is_own(path: Path, folder: Path) -> bool:
    """Whether a build into ``folder``, perhaps a killed one, leaves such a file in the folder of its parts."""
    staged = rf"\.(?:part-[0-9a-f]{{16}}\.arrow|{re.escape(folder.name)})\.[\w-]+"
    own = rf"lock|here-\w{{32}}|part-[0-9a-f]{{16}}\.arrow|{staged}|.*-[0-9a-f]{{16}}\.(?:git|tar|texts|sqlite|rows)"
    return re.fullmatch(own, path.name) is not None and not path.is_symlink()


@contextmanager
def _parts_folder(folder: Path) -> Iterator[Path]:
    """The build's own folder beside ``folder``, locked; all but the parts goes when the build is done."""
    scratch = _parts_of(folder)
    try:
        scratch.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(f"{folder.parent} cannot be written ({error.strerror}): name another --out") from None
    if scratch.is_symlink() or not all(_is_own(path, folder) for path in scratch.iterdir()):
        raise BuildError(f"{scratch} is not a build's folder, and a build would empty it: name another --out")
    with (scratch / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildError(f"another build into {folder} is running: wait for it, or name another --out") from None
        try:
            yield scratch
        finally:
            _clear(scratch, parts=False)
            if not any(scratch.glob("part-*")):
                shutil.rmtree(scratch, ignore_errors=True)  # under the lock: after it, it may be another build's


def _clear(scratch: Path, *, parts: bool) -> None:
    """Removes what builds left, except the lock; also the parts if ``parts``."""
    for path in scratch.iterdir():
        if path.name != "lock" and (parts or not path.name.startswith("part-")):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _build(
    opened: Mapping[str, sources.Source],
    folder: Path,
    scratch: Path,
    every: str,
    text: bool,
    run: Run,
    progress: Progress,
) -> tables.Corpus:
    own = stated(opened.values())
    facts = facts_of_domains() | own
    conditions = _conditions(every, text, own)
    with ThreadPoolExecutor() as pool:  # git lists one archive beside another
        of_sources = pool.map(lambda source: source.entries(), opened.values())
        entries = [*itertools.chain.from_iterable(of_sources)]
    listed = _by_service(entries)
    _note_unknown(opened.values(), listed)
    regions = {service: facts[service].region for service in listed if service in facts}
    digest = hashlib.sha256(repr(conditions).encode("utf-8", "backslashreplace")).hexdigest()
    task = workers.Task((), opened, scratch, every, text, digest, regions, workers.software(), workers.mark(scratch))
    n_rows = _read(listed, task, run)
    progress("writing", 0, 1)
    own_parts = [workers.part_of(scratch, service) for service in listed]
    frames, n_versions = assemble.assemble(own_parts, listed, facts, n_rows=n_rows)
    if n_versions != len(entries):
        raise BuildError(f"{len(entries)} versions came in, {n_versions} would go out: please report this")
    manifest = {**conditions, "sources": _described(opened, entries)}
    corpus = tables.write(folder, frames, manifest, within=scratch)
    for path in {*scratch.glob("part-*")} - {*own_parts}:
        path.unlink()  # of services that are no longer in the sources
    progress("writing", 1, 1)
    return corpus


def _note_unknown(opened: Iterable[sources.Source], listed: Collection[str]) -> None:
    """Notes on a source the services in its services.csv that no source has."""
    for source in opened:
        names = sorted(name for name in getattr(source, "facts", {}) if service_of(name)[0] not in listed)
        if names:
            source.notes.append(
                f"services.csv names {shown(names)}, but there is no policy of that name: check the spelling"
            )


def _read(listed: Mapping[str, workers.Listed], task: workers.Task, run: Run) -> Counter[str]:
    """Sees to it that each service has its part; those that stand are read anew where the sources hold something else.

    Args:
        listed: The versions of each service.
        task: The task for readers, still without services.
        run: Does tasks.

    Returns:
        How many rows the parts have of each table.
    """
    files_of = {service: workers.part_of(task.folder, service) for service in listed}
    parts = {service: workers.summary(path) for service, path in files_of.items()}
    stored = {service: part for service, part in parts.items() if part is not None}
    ids = workers.ids_of(task.sources, [entry for service in stored for entry, _ in listed[service]])
    missing = {
        service: versions
        for service, versions in listed.items()
        if service not in stored
        or stored[service].digest != workers.fingerprint(versions, ids, conditions=task.conditions)
    }
    tasks = []
    for batch in workers.batches(missing, workers.sizes(task.sources, missing)):
        regions = {service: task.regions.get(service) for service, _ in batch}
        tasks.append(task._replace(services=batch, regions=regions))
    run(tasks)
    os.listdir(task.folder)  # over a network, this machine may else remember that a part is not there
    for service in missing:
        part = workers.summary(files_of[service])
        if part is None:
            where = f"the part of {service} in {task.folder}"
            raise BuildError(f"{where} is gone or damaged: give --resume to read it again")
        stored[service] = part
    n_rows = Counter[str]()
    for part in stored.values():
        n_rows.update(part.n_rows)
    return n_rows


# --- Sources ----------------------------------------------------------------------------------------------------------


def _open(
    given: Sequence[str | Path | sources.Source], scratch: Path, columns: sources.Columns
) -> dict[str, sources.Source]:
    if not given:
        raise BuildError("no source is given: name a folder, a file, a git repository, a bundle, a zip or a tar")
    opened: dict[str, sources.Source] = {}
    for place in given:
        if isinstance(place, str | Path):
            source = sources.open_source(Path(place), scratch=scratch, columns=columns, taken=opened)
        else:
            source = place
        if source.label in opened:
            raise sources.SourceError(
                f"{place} and another source are both called {source.label}: give them different names"
            )
        opened[source.label] = source
    return opened


def _by_service(entries: Sequence[Entry]) -> dict[str, list[tuple[Entry, str]]]:
    named = documents(entries)
    services: dict[str, list[tuple[Entry, str]]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: (entry.collection, entry.source, entry.moment or 0)):
        service, document = named[entry.collection, entry.name, entry.document]
        services[service].append((entry, document))
    return {service: views(versions) for service, versions in sorted(services.items())}


# --- Manifest -------------------------------------------------------------------------------------------------------


def _described(opened: Mapping[str, sources.Source], entries: Iterable[Entry]) -> dict[str, Any]:
    """The manifest's entry for each source: how many versions it has, and its notes."""
    n_versions = Counter(entry.collection for entry in entries)
    return {
        label: {"n_versions": n_versions[label]} | ({"notes": source.notes} if source.notes else {})
        for label, source in sorted(opened.items())
    }


def _conditions(every: str, text: bool, own: Mapping[str, Fact]) -> dict[str, Any]:
    """What the rows depend on besides versions: parameters, code, software, and the sources' facts about services."""
    software = dict(workers.software())
    chosen = {"every": every, "text": text, "code": software.pop("code")}
    parameters = {**chosen, "thresholds": annotate.thresholds()}
    stated = {"services": {service: own[service]._asdict() for service in sorted(own)}} if own else {}
    return {"parameters": parameters, "versions": software, **stated}
