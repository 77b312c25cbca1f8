"""Reads only git's objects: it ignores every program, address, hook or setting of a repository or user.

A repository is read through our own bare one, which borrows its objects. In the repository itself only files with the
names of commits are opened: ``HEAD``, refs, ``shallow``, and the lists of borrowed objects.
"""

import contextlib
import io
import os
import re
import resource
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from privacylab.sources import repository_files
from privacylab.sources.entries import SourceError

TIMEOUT = 1_800
"""Seconds that one command may take, except reading texts, which takes as long as its consumer."""

MAX_OUTPUT = 500_000_000
"""Bytes that one command may write: a few objects can mean any number of files."""

MAX_MEMORY = 4_000_000_000
"""Bytes of memory that git may use: an object can refer to itself."""

MAX_BYTES = 20_000_000
"""A longer text is not read."""

TOO_LARGE = "too_large"
"""What `Repository.texts` says about it."""

SIMILAR = ("80%", "100%")
"""How similar two files of one commit must be to be one moved file; the second if a text of the commit is damaged."""

_MOST_MOVES = 5_000
"""The most files that a commit may add and delete for git to compare their texts."""

FILE_MODE, LINK_MODE = "100", "120"
"""How the modes of files and of symbolic links begin."""

_AUTHOR = re.compile(rb"^author .*> (\d{1,20})(?: [-+]\d+)?$", re.M)


class Change(NamedTuple):
    """A file that a commit wrote, or deleted: then its blob is all zeros.

    Attributes:
        commit: The commit's name.
        seconds: Its author's time, since 1970; None if it gives none.
        path: The file's path.
        blob: The name of its text.
        mode: Its mode in six octal digits.
        moved_from: Its path before, if the commit moved it.
        is_same: It was moved without change.
    """

    commit: str
    seconds: int | None
    path: str
    blob: str
    mode: str
    moved_from: str | None = None
    is_same: bool = False

    @property
    def is_deletion(self) -> bool:
        """Whether the file was deleted."""
        return not self.blob.strip("0")


Record = tuple[str, str, str, str, str, str]
"""What ``git diff-tree`` says about a file: commit, mode, blob, status, the path before and after."""


def without_git() -> dict[str, str]:
    """The environment without the caller's instructions to git: another repository, another index, more settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


class Repository:
    """The readable parts of a repository or a bundle, through our own bare repository.

    Args:
        place: A repository that `folder_of` knows, or a bundle.
        own: The folder of our own repository; replaced if it exists.

    Attributes:
        heads: The commits that the refs lead to, sorted.
        notes: What a reader of the history should know, one sentence each.

    Raises:
        SourceError: It is damaged, has no commit, or is of a kind that is not read.
    """

    def __init__(self, place: Path, *, own: Path) -> None:
        self.place, self.own = place, own.absolute()
        folder = None if repository_files.is_bundle(place) else repository_files.folder_of(place)
        names = self._unpack() if folder is None else self._borrow(folder)
        if not names:
            raise SourceError(f"{place} has no branch: it is empty or truncated")
        self.heads = sorted(self._run("rev-list", "--no-walk", "--stdin", stdin=_lines(names)).decode().split())
        self.notes = [] if folder is None else list(repository_files.notes(folder))

    def _unpack(self) -> set[str]:
        """Unpacks the bundle into our own repository; returns the objects that its refs lead to."""
        with self.place.open("rb") as file:
            header = file.read(4096)
        self._create("sha256" if b"\n@object-format=sha256\n" in header else "sha1")
        try:
            refs = self._run("bundle", "unbundle", str(self.place.resolve()))
        except SourceError as error:
            reason = str(error).removeprefix(f"git cannot read {self.place}: ")
            raise SourceError(f"{self.place} is a damaged or truncated git bundle ({reason})") from None
        return repository_files.names_in(line for line in refs.splitlines() if b" refs/replace/" not in line)

    def _borrow(self, folder: Path) -> set[str]:
        """Borrows the repository's objects; returns the objects that its refs lead to."""
        if (folder / "reftable").is_dir():
            raise SourceError(
                f"{self.place} keeps its refs in a reftable, which is not read: clone it with --ref-format=files"
            )
        names = repository_files.refs(folder)
        self._create("sha256" if any(len(name) == 64 for name in names) else "sha1")
        with (self.own / "objects" / "info" / "alternates").open("w") as alternates:
            for number, objects in enumerate(repository_files.object_folders(folder / "objects")):
                # By links, because git reads some paths as comments or quotations; without the indexes and lists in
                # info.
                borrowed = self.own / f"borrowed-{number}"
                borrowed.mkdir()
                for path in repository_files.ordinary_folders(objects):
                    (borrowed / path.name).symlink_to(path)
                alternates.write(f"../{borrowed.name}\n")
        if os.path.lexists(folder / "shallow"):
            shallow = repository_files.read(folder / "shallow").splitlines()
            (self.own / "shallow").write_bytes(_lines(sorted(repository_files.names_in(shallow))))
        return names

    def _create(self, object_format: str) -> None:
        shutil.rmtree(self.own, ignore_errors=True)
        self.own.mkdir(parents=True)
        self._run("init", "--quiet", "--bare", "--template=", f"--object-format={object_format}")
        (self.own / "objects" / "info").mkdir(exist_ok=True)

    def paths(self) -> Iterator[str]:
        """The paths in each head's tree."""
        for head in self.heads:
            names = self._run("ls-tree", "-r", "-z", "--name-only", head)
            yield from names.decode(errors="replace").split("\0")

    def changes(self) -> list[Change]:
        """Every file that a commit wrote or deleted, parents first; for a merge, what differs from all its parents."""
        commits = self._run("rev-list", "--reverse", "--topo-order", "--stdin", stdin=_lines(self.heads)).decode()
        seconds = {name: _author_seconds(data) for name, _, data in self._objects(commits.split())}
        raw = self._run("diff-tree", "--stdin", "--root", "-c", "-r", "-z", stdin=commits.encode())
        records = list(_records(raw))
        moves = self._moves(records)
        return [
            Change(commit, seconds[commit], path, blob, mode, *moves.get((commit, path), (None, False)))
            for commit, mode, blob, _, _, path in records
        ]

    def newest_files(self, to: Path) -> Path:
        """Writes the files of the newest head into a tar, ignoring its export attributes."""
        dated = [(_author_seconds(data) or 0, head) for head, _, data in self._objects(self.heads)]
        tree = self._run("ls-tree", "-r", "-z", max(dated)[1]).decode("utf-8", "surrogateescape")
        listed = [re.split(r"[ \t]", row, maxsplit=3) for row in tree.split("\0") if row]
        files = [(blob, path) for mode, _, blob, path in listed if mode.startswith(FILE_MODE)]
        with tarfile.open(to, "w") as tar:
            for (_, path), (_, data, detail) in zip(files, self.texts([blob for blob, _ in files]), strict=True):
                if data is None:
                    self.notes.append(f"{path} is read as empty: {detail}")
                member = tarfile.TarInfo(path)
                member.size = len(data or b"")
                tar.addfile(member, io.BytesIO(data or b""))
        return to

    def _moves(self, records: Iterable[Record]) -> dict[tuple[str, str], tuple[str, bool]]:
        """The files that were moved, by commit and path: their old path, and whether they are unchanged.

        Only for commits that added and deleted files, because git reads texts for it.
        """
        statuses: dict[str, set[str]] = defaultdict(set)
        for commit, _, _, status, _, _ in records:
            statuses[commit] |= {status[0]} if len(set(status)) == 1 else set()  # a merge has one letter per parent
        stdin = _lines(commit for commit, kinds in statuses.items() if {"A", "D"} <= kinds)
        options = ("--stdin", "-m", "-r", "-z", f"-l{_MOST_MOVES}", "--diff-filter=R")
        for similar in SIMILAR if stdin else ():
            try:
                raw = self._run("diff-tree", *options, f"-M{similar}", stdin=stdin)
            except SourceError:
                continue
            moves = sorted(_records(raw), key=lambda record: record[3])  # the most similar of a merge's parents
            return {(commit, path): (old, status == "R100") for commit, _, _, status, old, path in moves}
        return {}

    def texts(self, blobs: Sequence[str]) -> Iterator[tuple[str, bytes | None, str | None]]:
        """Each blob in turn with its bytes; None with a reason if it cannot be read."""
        missing = "the object is missing or damaged in the repository"
        faults = {None: missing, TOO_LARGE: TOO_LARGE, "blob": None}
        for name, kind, data in self._objects(blobs):
            fault = faults.get(kind, f"a {kind} instead of a file")
            yield name, data if kind == "blob" else None, fault

    def sizes(self, blobs: Sequence[str]) -> dict[str, int]:
        """The bytes of each blob that is there."""
        sizes = self._run("cat-file", "--batch-check=%(objectsize)", stdin=_lines(blobs)).splitlines()
        return {blob: int(size) for blob, size in zip(blobs, sizes, strict=True) if size.isdigit()}

    def _objects(self, names: Sequence[str]) -> Iterator[tuple[str, str | None, bytes]]:
        """Name, type and bytes of objects, read as git writes them; no type if git cannot read one."""
        n_done = 0
        while n_done < len(names):  # a damaged object ends git, and a large one is not waited for
            # The requests are in a file: through a pipe both sides could wait for each other.
            with tempfile.TemporaryFile() as requests:
                requests.write(_lines(names[n_done:]))
                requests.seek(0)
                with self._start("cat-file", "--batch", stdin=requests, stderr=subprocess.DEVNULL) as process:
                    assert process.stdout is not None
                    for answer in _answers(process.stdout, names[n_done:]):
                        n_done += 1
                        yield answer
                    process.kill()

    def _start(self, *arguments: str, stdin: IO[bytes], stderr: IO[bytes] | int) -> subprocess.Popen[bytes]:
        """Starts a git command with limited memory."""
        # An index of commits or of packs that came with the objects may be wrong.
        trusted = ("-c", "core.commitGraph=false", "-c", "core.multiPackIndex=false")
        command = ["git", "--git-dir", str(self.own), *trusted, *arguments]
        try:
            process = subprocess.Popen(
                command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, env=self._environment()
            )
        except FileNotFoundError:
            raise SourceError(f"git is not installed, and {self.place} cannot be read without it") from None
        if hasattr(resource, "prlimit"):
            with contextlib.suppress(ProcessLookupError):  # it has ended
                resource.prlimit(process.pid, resource.RLIMIT_DATA, (MAX_MEMORY, MAX_MEMORY))
        return process

    def _environment(self) -> dict[str, str]:
        return without_git() | {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "HOME": str(self.own),  # git before 2.32 does not know GIT_CONFIG_GLOBAL
            "XDG_CONFIG_HOME": str(self.own),
            "GIT_ALLOW_PROTOCOL": "none",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """The output of a git command."""
        with tempfile.TemporaryFile() as requests, tempfile.TemporaryFile() as messages:
            requests.write(stdin)
            requests.seek(0)
            with self._start(*arguments, stdin=requests, stderr=messages) as process:
                alarm = threading.Timer(TIMEOUT, process.kill)
                alarm.start()
                assert process.stdout is not None
                output = process.stdout.read(MAX_OUTPUT)
                is_whole = len(output) < MAX_OUTPUT
                if not is_whole:
                    process.kill()
            has_rung = not alarm.is_alive()
            alarm.cancel()
            messages.seek(0)
            lines = messages.read().decode(errors="replace").strip().splitlines() or [f"exit {process.returncode}"]
        if not is_whole:
            raise SourceError(f"git cannot read {self.place}: its history has more than {MAX_OUTPUT:,} bytes of names")
        if process.returncode and has_rung:
            raise SourceError(f"git cannot read {self.place}: it did not end within {TIMEOUT:,} s")
        if process.returncode:
            reason = next((line for line in lines if line.startswith("fatal: ")), lines[-1])
            raise SourceError(f"git cannot read {self.place}: {reason}")
        return output


# --- What git reads and writes ----------------------------------------------------------------------------------------


def _lines(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _answers(output: IO[bytes], names: Sequence[str]) -> Iterator[tuple[str, str | None, bytes]]:
    """The answer of git to each name, up to the one at which it stopped."""
    for name in names:
        header = output.readline().split()
        if len(header) == 3 and int(header[2]) > MAX_BYTES:
            yield name, TOO_LARGE, b""
            return
        data = output.read(int(header[2]) + 1)[:-1] if len(header) == 3 else b""
        if len(header) == 3 and len(data) == int(header[2]):
            yield name, header[1].decode(), data
            continue
        yield name, None, b""
        if header[1:] != [b"missing"]:
            return


def _author_seconds(commit: bytes) -> int | None:
    match = _AUTHOR.search(commit.partition(b"\n\n")[0])
    return int(match[1]) if match else None


def _records(raw: bytes) -> Iterator[Record]:
    """The records of ``git diff-tree --stdin -z``: a commit's name, then its files; merges have a colon per parent."""
    fields = iter(raw.decode(errors="replace").split("\0"))
    commit = ""
    for field in fields:
        if not field.startswith(":"):
            commit = field
            continue
        n_parents = 1 if field[1] != ":" else len(field) - len(field.lstrip(":"))
        parts = field.split(" ")
        status, path = parts[-1], next(fields)
        is_moved = n_parents == 1 and status.startswith("R")
        new_path = next(fields) if is_moved else path
        yield commit, parts[n_parents], parts[2 * n_parents + 1], status, path, new_path
