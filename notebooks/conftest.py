"""Kernels under nbval talk through files of their own, not ports.

So the notebooks' tests need not even the loopback.
"""

import itertools
import tempfile
from pathlib import Path

import nbval.kernel
from jupyter_client.manager import KernelManager

_NUMBERS = itertools.count()
_FOLDER = tempfile.TemporaryDirectory(prefix="nbval-")  # removed when the tests end


class FileKernelManager(KernelManager):
    """Sockets are named after the connection file.

    Without one all kernels share a name, and the second hangs.
    """

    def __init__(self, **options: object) -> None:
        file = Path(_FOLDER.name) / f"kernel-{next(_NUMBERS)}.json"
        super().__init__(transport="ipc", connection_file=str(file), **options)


nbval.kernel.KernelManager = FileKernelManager
