"""Writes files and folders completely or not at all, and reads only ordinary files."""

import errno
import fcntl
import glob
import os
import platform
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def ordinary(path: Path) -> BinaryIO:
    """Opens a file for reading; a pipe would block, and a device may never end.

    Raises:
        OSError: It does not exist, may not be read, or is not an ordinary file.
    """
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "a pipe or a device, not a file: copy its content into one", str(path))
    return file


@contextmanager
def replacing(path: Path, *, check: Callable[[Path], None] | None = None, within: Path | None = None) -> Iterator[Path]:
    """Gives a path to write to; what was written there replaces ``path`` at the end of the block.

        with files.replacing(path) as staging:
            staging.write_text(text)

    A file is written to ``staging`` and replaces the one at ``path``. A folder is made there (``staging.mkdir()``); it
    replaces a folder at ``path`` only where ``check`` is given. Both have the mode of any fresh file or folder.
    If something goes wrong or the program is killed, ``path`` is complete, old or new. A program that is killed between
    the two renames of a folder leaves the old one beside it, where `restore` finds it.

    Several blocks can be nested, so that all files are written before the first one is replaced.

    Args:
        path: The file or folder to be written; its parent exists.
        check: Raises if a folder has something that would be lost; called before and after it is moved away.
        within: A folder on the same disk for the staging area, which its owner clears; the parent of ``path`` if None.

    Raises:
        OSError: The disk is full or may not be written, ``path`` is a folder and there is no ``check``, or nothing was
            written.
    """
    with passing(f".{path.name}.", folder=within or path.parent, sweep=within is None) as area:
        staging = area / path.name
        yield staging
        _flush(staging)
        if check is None or not staging.is_dir():
            staging.replace(path)
        else:
            _swap(staging, path, check)


_LOCK = "privacylab.lock"


@contextmanager
def passing(prefix: str, *, folder: Path, sweep: bool = True) -> Iterator[Path]:
    """A folder that is gone at the end of the block; one that a killed program left goes with the next of its name.

    Args:
        prefix: What its name begins with.
        folder: Where it stands.
        sweep: Whether to look for what was left.
    """
    prefix = f"{prefix}{_HOST}-"
    for left in folder.glob(f"{glob.escape(prefix)}*") if sweep else ():
        _remove_left(left)
    area = Path(tempfile.mkdtemp(prefix=prefix, dir=folder))
    try:
        with (area / _LOCK).open("x") as lock:
            with suppress(OSError):  # a disk without locks, or a full one: then it stays, should we be killed
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.write(lock.fileno(), b"x")
            yield area
    finally:
        shutil.rmtree(area, ignore_errors=True)


def _remove_left(area: Path) -> None:
    """Removes a folder of `passing` whose program has ended: it is marked once it is locked, and nobody locks it."""
    with suppress(OSError), (area / _LOCK).open("rb") as lock:
        if lock.read():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(area)


_HOST = re.sub(r"\W", "-", platform.node())[:20]
"""In the names of staging areas: a folder that several machines share has those of all of them."""


def set_aside(folder: Path) -> Path:
    """Where a folder is kept while another one replaces it."""
    return folder.with_name(f".{folder.name}.old")


def restore(folder: Path) -> None:
    """Restores a folder that was being replaced when the program was killed between the two renames."""
    if set_aside(folder).is_dir() and not os.path.lexists(folder):
        set_aside(folder).rename(folder)


def _flush(staging: Path) -> None:
    """Waits until the disk has the data."""
    for path in (staging, *staging.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _swap(staging: Path, folder: Path, check: Callable[[Path], None]) -> None:
    """Replaces a folder by a finished one; the old one is kept until the new one is there."""
    check(folder)
    if not folder.exists():
        staging.rename(folder)
        return
    old = set_aside(folder)
    if os.path.lexists(old):  # a killed program left it
        check(old)
        old.rename(staging.with_name(f"{old.name}.before"))
    folder.rename(old)
    try:
        staging.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    check(old)  # somebody may have put something into it meanwhile
    old.rename(staging)  # removed with the staging area: a half-removed one would look complete
