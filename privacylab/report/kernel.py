"""The kernel that a notebook runs in: its own process, without the user's Jupyter settings and without a network."""

import asyncio
import atexit
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.font_manager
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from privacylab import files
from privacylab.findings import TooFewError

TOO_FEW, LACKING = TooFewError.__name__, NameError.__name__
"""Errors of a cell that do not end a run: too few data is an answer, and later cells then lack that cell's results."""

TIMEOUT = 600
"""Seconds that one cell may take."""

_OVERWRITTEN = re.compile(r"^.*\r(?=[^\n])", flags=re.M)
"""Parts of a line that a terminal no longer shows, such as a progress bar's earlier states."""


def execute(
    nb: NotebookNode, *, folder: Path, corpus: Path, figures: Path, **options: bool | int | Callable[..., None] | None
) -> Exception | None:
    """Runs the cells of a notebook and replaces their outputs.

    Args:
        nb: The notebook, changed in place.
        folder: The folder in which the cells run.
        corpus: The folder of tables that they see as ``PRIVACYLAB_CORPUS``.
        figures: The folder that they see as ``PRIVACYLAB_FIGURES``.
        options: nbclient's.

    Returns:
        What ended the run before its last cell, or None. The cell where it ended shows the error, and each later cell
        shows that earlier results are missing.
    """
    cells, n_begun = code_cells(nb), 0

    def begin(**_: object) -> None:
        nonlocal n_begun
        n_begun += 1

    for cell in cells:
        cell.outputs = []
    # Streams are joined here: nbclient's `coalesce_streams` takes minutes for a long line.
    options |= {"record_timing": False, "store_widget_state": False, "on_cell_execute": begin, "timeout": TIMEOUT}
    ending: Exception | None = None
    with files.passing("privacylab-", folder=Path(tempfile.gettempdir())) as area:
        client = _Client(nb, km=_manager(area), allow_error_names=[TOO_FEW, LACKING], **options)
        client.owns_km = True  # it shuts the kernel down, whatever happens
        env = _environment(corpus=corpus.resolve(), figures=figures.resolve(), scratch=area)
        try:
            # What the kernel says is nothing for our terminal.
            with (area / "kernel.log").open("wb") as log, suppress(asyncio.CancelledError):
                client.execute(env=env, cwd=str(folder), stdout=log, stderr=log)
        except CellExecutionError as error:
            ending, shown = error, error_output(error.ename, error.evalue)
        except (CellTimeoutError, RuntimeError) as error:
            ending, shown = error, error_output(type(error).__name__, str(error))
        client.stop_if_asked()
    for cell in cells[max(n_begun - 1, 0) :] if ending else ():
        cell.outputs = [output for output in cell.outputs if output.output_type != "error"]
        cell.outputs.append(shown)
        shown = error_output(LACKING, "not run")
    for cell in cells:
        _join_streams(cell)
    return ending


def code_cells(nb: NotebookNode) -> list[NotebookNode]:
    """The cells that run."""
    return [cell for cell in nb.cells if cell.cell_type == "code" and cell.source.strip()]


class _Client(NotebookClient):
    """nbclient's, which takes Ctrl-C for the death of its kernel and goes on; here it ends the run."""

    is_stopped = False

    async def async_start_new_kernel(self, **options: Any) -> None:  # noqa: ANN401 (nbclient's)
        with suppress(RuntimeError):  # in another thread than the first there are no signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, self._stop, asyncio.current_task())
        await super().async_start_new_kernel(**options)

    def stop_if_asked(self) -> None:
        """Raises KeyboardInterrupt after Ctrl-C, whatever nbclient took it for; a kernel that was starting is ended."""
        if self.is_stopped:
            atexit.unregister(self._cleanup_kernel)
            if self.km is not None:
                self._cleanup_kernel()
            raise KeyboardInterrupt

    def _stop(self, task: "asyncio.Task[Any] | None") -> None:
        self.is_stopped = True
        if task:
            task.cancel()


def error_output(name: str, reason: str) -> NotebookNode:
    """An error as a cell shows it."""
    return NotebookNode(output_type="error", ename=name, evalue=reason, traceback=[])  # type: ignore[no-untyped-call]


def _join_streams(cell: NotebookNode) -> None:
    """Joins everything that a cell printed into one output in the first one's place, and likewise its warnings."""
    streams: dict[str, NotebookNode] = {}
    others: list[NotebookNode] = []
    for output in cell.outputs:
        first = streams.setdefault(output.name, output) if output.output_type == "stream" else output
        if first is output:
            others.append(output)
        else:
            first.text += output.text
    for stream in streams.values():
        stream.text = _OVERWRITTEN.sub("", stream.text)
    cell.outputs = others


def _manager(scratch: Path) -> AsyncKernelManager:
    # Without kernel folders the spec is ipykernel's own, for sys.executable, whatever the user has installed.
    # Sockets are files, so that a machine without any network, even loopback, can make a report.
    specs = KernelSpecManager(kernel_dirs=[])
    file = str(scratch / "kernel.json")
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs, transport="ipc", connection_file=file)


def _environment(*, corpus: Path, figures: Path, scratch: Path) -> dict[str, str]:
    """The kernel's environment: nothing is read from or written to the user's own Jupyter and Matplotlib settings."""
    own = {
        "IPYTHONDIR": scratch / "ipython",
        "JUPYTER_CONFIG_DIR": scratch / "config",
        "JUPYTER_DATA_DIR": scratch / "data",
        "JUPYTER_RUNTIME_DIR": scratch / "runtime",
        "MPLCONFIGDIR": scratch / "matplotlib",
        "PRIVACYLAB_CORPUS": corpus,
        "PRIVACYLAB_FIGURES": figures,
    }
    own["MPLCONFIGDIR"].mkdir(exist_ok=True)
    # Matplotlib takes seconds to list the fonts, and says so on stderr; this process has the list.
    for fonts in Path(mpl.get_cachedir()).glob(f"fontlist-v{matplotlib.font_manager.FontManager.__version__}*.json"):
        shutil.copy(fonts, own["MPLCONFIGDIR"])
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # figures go inline
    return inherited | {name: str(path) for name, path in own.items()} | {"TQDM_DISABLE": "1"}
