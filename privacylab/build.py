"""The pipeline: sources -> corpus tables.

Two stages, each over batches that end up in files of their own, so that a killed build goes on where it stopped:

1. read: a service at a time (`history.read`): segments, verdicts, the ledger, the sample;
2. annotate: each distinct segment once (`annotate.tables`); those of versions outside the sample for their claims only.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as arrow
import pyarrow.feather as feather

import privacylab
from privacylab import annotate, eras, history, paths, sources, tables
from privacylab.dates import Region
from privacylab.segment import Segment
from privacylab.sources import Entry

Mode = Literal["new", "update", "resume", "force"]
Progress = Callable[[str, int, int], None]

READ_BATCH = 400  # entries
ANNOTATE_BATCH = 5_000  # segments


class BuildError(RuntimeError):
    """A build that cannot start or go on; the message is one line and says what to do."""


class Task(NamedTuple):
    """Some services to be read by one worker, with what their bytes are read from."""

    number: int
    services: tuple[tuple[str, tuple[tuple[Entry, str], ...]], ...]
    sources: Mapping[str, sources.Source]
    scratch: Path
    every: str


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
        BuildError: The folder exists, another build is at work there, a worker died.
        SourceError: A source cannot be read.
        OSError: The disk is full. The old corpus stays whole.
    """
    folder = Path(out).resolve()
    if every not in history.EVERY:
        raise ValueError(f"every {every!r} is none of {', '.join(history.EVERY)}")
    if mode not in get_args(Mode):
        raise ValueError(f"mode {mode!r} is none of {', '.join(get_args(Mode))}")
    with _scratch(folder, keep=mode == "resume") as scratch:
        tables.restore(folder)
        _check_out(folder, mode)
        return _build(list(given), folder, scratch, every, text, workers, mode, progress or _silent)


def _check_out(folder: Path, mode: Mode) -> None:
    """Refuses what a build may not replace: a corpus that nobody said to replace, and whatever is no corpus."""
    if not folder.exists():
        return
    if mode == "new":
        raise BuildError(f"{folder} exists: give --update, --resume or --force, or another --out")
    if not folder.is_dir() or (any(folder.iterdir()) and not (folder / tables.MANIFEST).is_file()):
        raise BuildError(f"{folder} is there and is no corpus, so it is not replaced: name another --out")


def _silent(stage: str, done: int, total: int) -> None:
    pass


@contextmanager
def _scratch(folder: Path, *, keep: bool) -> Iterator[Path]:
    """The build's own folder beside ``folder``, locked; it goes when the build is done and stays for ``resume``."""
    scratch = folder.with_name(f".{folder.name}.building")
    try:
        scratch.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BuildError(f"{folder.parent} cannot be written ({error.strerror}): name another --out") from None
    with (scratch / "lock").open("w") as lock:
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
    workers: int | None,
    mode: Mode,
    progress: Progress,
) -> tables.Corpus:
    if not given:
        raise BuildError("no source is given: name a folder, a file, a git repository, a bundle, a zip or a tar")
    opened = _open(given, scratch)
    entries = [entry for source in opened.values() for entry in source.entries()]
    parameters = {"every": every, "text": text, "code": _code_hash(), "thresholds": annotate.thresholds()}
    services = _by_service(entries)
    old = _reusable(folder, parameters) if mode == "update" else None
    fresh = _changed(old, services, opened) if old else services
    tasks = _tasks(fresh, opened, scratch, every)
    _check_plan(scratch, tasks, [parameters, *(source.stamp() for source in opened.values())])
    n_workers = workers or os.cpu_count() or 1
    _run("reading", _read_task, [(task,) for task in tasks], n_workers, progress)
    parts = [scratch / f"read-{task.number:05d}" for task in tasks]
    batches = _annotation_batches(parts, scratch, text=text, skip=_known(old))
    _run("annotating", _annotate_task, batches, n_workers, progress)
    progress("writing", 0, 1)
    untouched = set(services) - set(fresh)
    frames = _assemble(parts, [Path(batch[1]) for batch in batches], old, untouched)
    if len(frames["versions"]) != len(entries):
        raise BuildError(f"{len(entries)} versions came in, {len(frames['versions'])} would go out: please report this")
    frames["services"] = _services(services)
    read = frames["versions"]
    hashes = dict(zip(zip(read["collection"], read["source"], strict=True), read["content_id"], strict=True))
    manifest = {
        "inputs": _inputs(services, hashes),
        "parameters": parameters,
        "sources": {label: _described(source, entries) for label, source in sorted(opened.items())},
        "versions": _software(),
    }
    written = tables.write(folder, frames, manifest)
    progress("writing", 1, 1)
    return written


# --- Sources and tasks ----------------------------------------------------------------------------------------------


def _open(given: Sequence[str | Path | sources.Source], scratch: Path) -> dict[str, sources.Source]:
    opened: dict[str, sources.Source] = {}
    for one in given:
        source = sources.open_source(Path(one), scratch=scratch) if isinstance(one, str | Path) else one
        if source.label in opened:
            raise sources.SourceError(
                f"{one} and another source are both called {source.label}: give them different names"
            )
        opened[source.label] = source
    return opened


def _by_service(entries: Sequence[Entry]) -> dict[str, list[tuple[Entry, str]]]:
    named = sources.documents(entries)
    services: dict[str, list[tuple[Entry, str]]] = defaultdict(list)
    for entry in sorted(entries, key=lambda entry: (entry.collection, entry.source, entry.moment or 0)):
        service, document = named[entry.collection, entry.name, entry.document]
        services[service].append((entry, document))
    return dict(sorted(services.items()))


def _tasks(
    services: Mapping[str, list[tuple[Entry, str]]], opened: Mapping[str, sources.Source], scratch: Path, every: str
) -> list[Task]:
    """Services in groups of about `READ_BATCH` versions, the largest first, so that no worker is left with them."""
    groups: list[list[tuple[str, tuple[tuple[Entry, str], ...]]]] = []
    size = READ_BATCH
    for name, listed in sorted(services.items(), key=lambda item: (-len(item[1]), item[0])):
        if size >= READ_BATCH:
            groups.append([])
            size = 0
        groups[-1].append((name, tuple(listed)))
        size += len(listed)
    return [Task(i, tuple(group), opened, scratch, every) for i, group in enumerate(groups)]


def _check_plan(scratch: Path, tasks: Sequence[Task], conditions: Sequence[Any]) -> None:
    """Parts of another plan (other versions, files, parameters or code) are not resumed."""
    planned = json.dumps([*conditions, [task.services for task in tasks]], default=str)
    digest = hashlib.sha256(planned.encode()).hexdigest()
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
    stage: str, work: Callable[..., None], jobs: Sequence[tuple[Any, ...]], workers: int, progress: Progress
) -> None:
    progress(stage, 0, len(jobs))
    if workers == 1 or len(jobs) <= 1:
        for done, job in enumerate(jobs, 1):
            work(*job)
            progress(stage, done, len(jobs))
        return
    with ProcessPoolExecutor(min(workers, len(jobs))) as pool:
        futures = [pool.submit(work, *job) for job in jobs]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                future.result()
                progress(stage, done, len(jobs))
        except BrokenProcessPool:
            raise BuildError(
                f"a worker died while {stage} (out of memory, or killed): give --resume to go on, with fewer --workers"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


# --- Stage 1: read --------------------------------------------------------------------------------------------------

_ID = arrow.uint64()


def _read_task(task: Task) -> None:
    part = task.scratch / f"read-{task.number:05d}"
    if part.is_dir():
        return
    contents = history.reader(task.sources)
    versions: list[dict[str, Any]] = []
    policies: list[dict[str, Any]] = []
    segments: dict[int, Segment] = {}
    for service, listed in task.services:
        found = history.read(service, listed, contents=contents, every=task.every, region=_regions().get(service))
        versions += found.versions
        policies += found.policies
        segments |= found.segments
    ids = sorted(segments)
    distinct = arrow.table(
        {
            "segment_id": arrow.array(ids, _ID),
            "heading": arrow.array([segments[number].heading for number in ids], arrow.string()),
            "text": arrow.array([segments[number].text for number in ids], arrow.string()),
        }
    )
    _write_part(part, {"versions": _rows(versions), "policies": _rows(policies), "segments": distinct})


def _rows(rows: Sequence[dict[str, Any]]) -> arrow.Table:
    """Rows as Arrow; a column without any value keeps no type, which concatenation then settles."""
    if not rows:
        return arrow.table({})
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    typed = {
        name: arrow.array(values, arrow.list_(_ID)) if name == "segment_ids" else arrow.array(values)
        for name, values in columns.items()
    }
    return arrow.table(typed)


def _write_part(part: Path, frames: Mapping[str, arrow.Table]) -> None:
    staging = part.with_name(f".{part.name}.{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    for name, frame in frames.items():
        feather.write_feather(frame, staging / f"{name}.arrow", compression="zstd")
    staging.rename(part)


@cache
def _regions() -> dict[str, Region]:
    known = {fact.domain: fact.region for fact in sources.facts().values()}
    return {domain: cast(Region, region) for domain, region in known.items() if region in get_args(Region)}


# --- Stage 2: annotate ----------------------------------------------------------------------------------------------


def _annotation_batches(
    parts: Sequence[Path], scratch: Path, *, text: bool, skip: Collection[int]
) -> list[tuple[Path, Path, bool, bool]]:
    """Batches of distinct segments, in files: those of policies to be annotated in full, the others for mentions."""
    policies = [feather.read_table(part / "policies.arrow") for part in parts]
    lists = [rows["segment_ids"].combine_chunks().flatten().to_numpy() for rows in policies if rows.num_rows]
    wanted = np.unique(np.concatenate(lists)) if lists else np.array([], dtype=np.uint64)
    writer = {True: _BatchWriter(scratch, "full"), False: _BatchWriter(scratch, "claims")}
    seen = set(skip)
    for part in parts:
        rows = feather.read_table(part / "segments.arrow")
        numbers = rows["segment_id"].to_numpy()
        is_new = np.array([number not in seen for number in numbers.tolist()], dtype=bool)
        is_wanted = np.isin(numbers, wanted)
        seen.update(numbers[is_new].tolist())
        for full in (True, False):
            writer[full].add(rows.filter(arrow.array(is_new & (is_wanted == full))))
    full_paths, claims_paths = writer[True].close(), writer[False].close()
    jobs = [(path, True) for path in full_paths] + [(path, False) for path in claims_paths]
    return [(path, scratch / f"annotate-{path.stem}", full, text) for path, full in jobs]


class _BatchWriter:
    """Collects segments and writes them to files of `ANNOTATE_BATCH`."""

    def __init__(self, scratch: Path, name: str) -> None:
        self._scratch, self._name = scratch, name
        self._rows: list[arrow.Table] = []
        self._n_rows = 0
        self._paths: list[Path] = []

    def add(self, rows: arrow.Table) -> None:
        self._rows.append(rows)
        self._n_rows += rows.num_rows
        while self._n_rows >= ANNOTATE_BATCH:
            self._flush()

    def close(self) -> list[Path]:
        if self._n_rows:
            self._flush()
        return self._paths

    def _flush(self) -> None:
        path = self._scratch / f"{self._name}-{len(self._paths):05d}.arrow"
        rows = arrow.concat_tables(self._rows)
        feather.write_feather(rows.slice(0, ANNOTATE_BATCH), path, compression="lz4")
        self._paths.append(path)
        self._rows = [rows.slice(ANNOTATE_BATCH)]
        self._n_rows = self._rows[0].num_rows


def _annotate_task(batch: Path, part: Path, full: bool, text: bool) -> None:
    if part.is_dir():
        return
    rows = feather.read_table(batch).to_pydict()
    found = {
        number: Segment(heading, line)
        for number, heading, line in zip(rows["segment_id"], rows["heading"], rows["text"], strict=True)
    }
    frames = annotate.tables(found, text=text) if full else {"claims": annotate.mentions(found)}
    _write_part(part, {name: arrow.Table.from_pandas(frame, preserve_index=False) for name, frame in frames.items()})


# --- Tables ---------------------------------------------------------------------------------------------------------


def _assemble(
    parts: Sequence[Path], annotated: Sequence[Path], old: tables.Corpus | None, untouched: set[str]
) -> dict[str, pd.DataFrame]:
    versions, version_ids = _with_ids("versions", parts)
    policies, policy_ids = _with_ids("policies", parts)
    frames = {name: _concat(name, (part / f"{name}.arrow" for part in annotated)) for name in _HANGING}
    if old is not None:
        frames = {name: pd.concat([old.table(name), frame]) for name, frame in frames.items()}
    claims = _claims(
        pd.concat([frames["mentions"], _concat("mentions", (part / "claims.arrow" for part in annotated))])
    )
    versions["claims"] = version_ids.claims(claims)
    policies["era_by_frameworks"] = [_era_by_frameworks(found) for found in policy_ids.claims(claims)]
    occurrences = _occurrences(policies["policy_id"], policy_ids)
    if old is not None:
        versions = pd.concat([_of(old.versions(), untouched), versions])
        kept = _of(old.policies(), untouched)
        policies = pd.concat([kept.drop(columns="reading_grade"), policies])
        known = old.occurrences()
        occurrences = pd.concat([known[known["policy_id"].isin(kept["policy_id"])], occurrences])
    in_use = occurrences["segment_id"].unique()
    frames = {name: frame[frame["segment_id"].isin(in_use)] for name, frame in frames.items()}
    policies["reading_grade"] = _reading_grades(policies, occurrences, frames["segments"])
    frames |= {"versions": versions, "policies": policies, "occurrences": occurrences}
    return {name: frame[list(tables.TABLES[name].columns)] for name, frame in frames.items()}


_HANGING = ("segments", "scores", "mentions", "cues")


class _SegmentIds(NamedTuple):
    """The segments of each of some rows: their numbers one row after another, and how many each row has."""

    numbers: npt.NDArray[np.uint64]
    counts: npt.NDArray[np.int64]

    def claims(self, claims: Mapping[int, frozenset[str]]) -> list[list[str]]:
        """What the segments of each row claim."""
        found: list[set[str]] = [set() for _ in self.counts]
        hits = np.isin(self.numbers, np.fromiter(claims, dtype=np.uint64, count=len(claims)))
        rows = np.repeat(np.arange(len(self.counts)), self.counts)[hits]
        for row, number in zip(rows.tolist(), self.numbers[hits].tolist(), strict=True):
            found[row] |= claims[number]
        return [sorted(claimed) for claimed in found]


def _with_ids(name: str, parts: Sequence[Path]) -> tuple[pd.DataFrame, _SegmentIds]:
    """The rows of a table from its parts, and their segments."""
    rows = _rows_of(name, (part / f"{name}.arrow" for part in parts))
    lists = rows["segment_ids"].combine_chunks()
    ids = _SegmentIds(lists.flatten().to_numpy(), lists.value_lengths().to_numpy().astype(np.int64))
    frame: pd.DataFrame = rows.drop_columns(["segment_ids"]).to_pandas(date_as_object=False)
    return frame, ids


def _concat(name: str, paths_: Iterable[Path]) -> pd.DataFrame:
    frame: pd.DataFrame = _rows_of(name, paths_).to_pandas(date_as_object=False)
    return frame


def _rows_of(name: str, paths_: Iterable[Path]) -> arrow.Table:
    """The rows of a table from its parts; where there is none, an empty table of its columns."""
    found = [feather.read_table(path) for path in paths_ if path.is_file()]
    found = [part for part in found if part.num_columns]
    if not found:
        nothing = tables.TABLES[name].arrow_schema().empty_table()
        found = [nothing.append_column("segment_ids", arrow.array([], arrow.list_(_ID)))]
    return arrow.concat_tables(found, promote_options="permissive")


def _claims(mentions: pd.DataFrame) -> dict[int, frozenset[str]]:
    """``framework:stance`` of each segment that has any."""
    if mentions.empty:
        return {}
    claims = mentions["framework"] + ":" + mentions["stance"]
    return {int(str(key), 16): frozenset(group) for key, group in claims.groupby(mentions["segment_id"])}


def _era_by_frameworks(claims: Iterable[str]) -> str | None:
    """The latest era whose framework a policy adheres to or relies on."""
    claimed = {claim.partition(":")[0] for claim in claims if claim.endswith((":adheres", ":relies"))}
    return next((era.id for era in reversed(eras.eras()) if era.id in claimed), None)


def _occurrences(policy_ids: pd.Series, found: _SegmentIds) -> pd.DataFrame:
    distinct, places = np.unique(found.numbers, return_inverse=True)
    ends = np.cumsum(found.counts)
    columns = {
        "policy_id": arrow.array(policy_ids, arrow.string()).take(
            arrow.array(np.repeat(np.arange(len(found.counts)), found.counts))
        ),
        "position": np.arange(len(found.numbers)) - np.repeat(ends - found.counts, found.counts),
        "segment_id": arrow.array(map(annotate.hex_id, distinct.tolist()), arrow.string()).take(arrow.array(places)),
    }
    frame: pd.DataFrame = arrow.table(columns).to_pandas()
    return frame


def _reading_grades(policies: pd.DataFrame, occurrences: pd.DataFrame, segments: pd.DataFrame) -> pd.Series:
    """The Flesch-Kincaid grade of each policy (Kincaid et al. 1975), from its segments' counts."""
    columns = ["n_words", "n_sentences", "n_syllables"]
    counts = occurrences.merge(segments[["segment_id", *columns]], on="segment_id").groupby("policy_id")[columns].sum()
    counts = counts[(counts["n_words"] > 0) & (counts["n_sentences"] > 0)]
    grade = 0.39 * counts["n_words"] / counts["n_sentences"] + 11.8 * counts["n_syllables"] / counts["n_words"] - 15.59
    return policies["policy_id"].map(grade.clip(lower=0).round(3))


def _services(services: Mapping[str, Sequence[tuple[Entry, str]]]) -> pd.DataFrame:
    facts: dict[str, sources.Fact] = {}
    names: dict[str, set[str]] = defaultdict(set)
    for fact in sources.facts().values():
        facts.setdefault(fact.domain, fact)
    for service, listed in services.items():
        names[service].update(entry.name for entry, _ in listed)
    rows = [
        (service, sorted(names[service]), fact and fact.region, fact and fact.industry, fact and fact.ground)
        for service in services
        for fact in [facts.get(service)]
    ]
    return pd.DataFrame(rows, columns=["service", "names", "region", "industry", "ground"])


# --- Update ---------------------------------------------------------------------------------------------------------


def _reusable(folder: Path, parameters: Mapping[str, Any]) -> tables.Corpus | None:
    """The old corpus, if it is whole and was made with the same parameters by the same code; else all is read again."""
    try:
        old = tables.Corpus.open(folder)
    except tables.CorpusError:
        return None
    manifest = old.manifest
    same = all(manifest["parameters"].get(key) == value for key, value in parameters.items())
    whole = all(tables.sha256(folder / f"{name}.parquet") == manifest["sha256"][name] for name in tables.TABLES)
    return old if same and whole and manifest["versions"] == _software() and "inputs" in manifest else None


def _changed(
    old: tables.Corpus, services: Mapping[str, list[tuple[Entry, str]]], opened: Mapping[str, sources.Source]
) -> dict[str, list[tuple[Entry, str]]]:
    inputs = _inputs(services, _file_hashes(opened, services))
    return {name: listed for name, listed in services.items() if old.manifest["inputs"].get(name) != inputs[name]}


def _inputs(
    services: Mapping[str, Sequence[tuple[Entry, str]]], hashes: Mapping[tuple[str, str], str]
) -> dict[str, str]:
    """A hash for each service over all that its rows are read from: where it differs, ``update`` reads them again."""
    found = {}
    for service, listed in services.items():
        rows = sorted(json.dumps([*entry, document, _content(entry, hashes)]) for entry, document in listed)
        found[service] = hashlib.sha256("\n".join(rows).encode()).hexdigest()[:16]
    return found


def _content(entry: Entry, hashes: Mapping[tuple[str, str], str]) -> str | None:
    """The content id of a file; in git the source says it already."""
    return None if _is_in_git(entry) else hashes[entry.collection, entry.source]


def _is_in_git(entry: Entry) -> bool:
    return entry.source.endswith(f"@{entry.content}")


def _file_hashes(
    opened: Mapping[str, sources.Source], services: Mapping[str, Sequence[tuple[Entry, str]]]
) -> dict[tuple[str, str], str]:
    """The content id of each file that the sources hold now, by collection and source."""
    entries = (entry for listed in services.values() for entry, _ in listed)
    files = {(entry.collection, entry.content): entry.source for entry in entries if not _is_in_git(entry)}
    found = {}
    for label, source in opened.items():
        for key, data, _ in source.contents([key for collection, key in files if collection == label]):
            found[label, files[label, key]] = history.UNREAD if data is None else sources.content_id(data)
    return found


def _of(frame: pd.DataFrame, services: set[str]) -> pd.DataFrame:
    return frame[frame["service"].isin(services)]


def _known(old: tables.Corpus | None) -> set[int]:
    return {int(number, 16) for number in old.segments(columns=["segment_id"])["segment_id"]} if old else set()


# --- Manifest -------------------------------------------------------------------------------------------------------


def _described(source: sources.Source, entries: Sequence[Entry]) -> dict[str, Any]:
    own = sorted((e.source, e.moment or 0, e.content) for e in entries if e.collection == source.label)
    return {"n_versions": len(own), "sha256": hashlib.sha256(json.dumps(own).encode()).hexdigest()}


def _software() -> dict[str, str]:
    packages = ("numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "selectolax", "cmarkgfm", "spacy", "simplemma")
    found = {name: package_version(name) for name in packages}
    return {"privacylab": privacylab.__version__, "python": platform.python_version(), **found}


_READING = (
    "annotate build clauses cues dateforms dates eras frameworks history normalize outline scope screen segment "
    "sources tables wording"
).split()


@cache
def _code_hash() -> str:
    """A hash over the reading wing's code, rules and weights: another one means other tables."""
    digest = hashlib.sha256()
    files = [paths.PACKAGE / f"{name}.py" for name in _READING]
    for path in sorted([*files, *paths.RULES.iterdir(), *paths.MODELS.glob("*.npz"), *paths.MODELS.glob("*.json")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
