"""Files and folders that are written whole or not at all; files that are read only if they are ordinary ones."""

import errno
import os
import platform
import re
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def ordinary(path: Path) -> BinaryIO:
    """Opens a file for reading; a pipe would keep whoever opens it waiting, and a device may never end.

    Raises:
        OSError: It is not there, may not be read, or is no ordinary file.
    """
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "a pipe or a device, no ordinary file: copy what it gives into one", str(path))
    return file


@contextmanager
def replacing(path: Path, *, check: Callable[[Path], None] | None = None, within: Path | None = None) -> Iterator[Path]:
    """Gives a path to write to; what was written there takes the place of ``path`` at the end of the block.

        with files.replacing(path) as staging:
            staging.write_text(text)

    A file is written to ``staging`` and replaces the one at ``path``. A folder is made there (``staging.mkdir()``); it
    replaces a folder at ``path`` only where ``check`` is given. Both have the mode of any fresh file or folder.
    Whatever goes wrong, or if the program is killed, ``path`` is as it was: whole, old or new. A program that is killed
    between the two renames of a folder leaves the old one beside it, where `restore` finds it.

    Several blocks can be nested, so that all files are written before the first one is replaced.

    Args:
        path: The file or folder to be written; its parent exists.
        check: Raises where a folder holds something that would be lost; called before and after it is moved away.
        within: A folder on the same disk for the staging area; the parent of ``path`` if None.

    Raises:
        OSError: The disk is full or may not be written, a folder stands at ``path`` and there is no ``check``, or
            nothing was written.
    """
    area = (within or path.parent) / f".{path.name}.{_HOST}-{uuid.uuid4().hex}"
    area.mkdir(mode=0o700)
    try:
        staging = area / path.name
        yield staging
        _flush(staging)
        if check is None or not staging.is_dir():
            staging.replace(path)
        else:
            _swap(staging, path, check)
    finally:
        shutil.rmtree(area, ignore_errors=True)


_HOST = re.sub(r"\W", "-", platform.node())[:20]
"""In the names of staging areas: a folder that several machines share has those of all of them."""


def set_aside(folder: Path) -> Path:
    """Where a folder stands while another one takes its place."""
    return folder.with_name(f".{folder.name}.old")


def restore(folder: Path) -> None:
    """Puts a folder back that was being replaced when the program was killed between the two renames."""
    if set_aside(folder).is_dir() and not os.path.lexists(folder):
        set_aside(folder).rename(folder)


def _flush(staging: Path) -> None:
    """Waits until the disk has what was written."""
    for path in sorted(staging.rglob("*")) if staging.is_dir() else [staging]:
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _swap(staging: Path, folder: Path, check: Callable[[Path], None]) -> None:
    """Puts a finished folder in the place of another, which is kept until the new one stands."""
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
    check(old)  # somebody may have laid something into it meanwhile
    old.rename(staging)  # goes with the staging area: one that is half removed would be taken for a whole one
