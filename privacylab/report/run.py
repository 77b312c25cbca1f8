"""Notebooks to an HTML site: run copies of them on a corpus, and publish what they show.

The tracked notebooks stay as they are (`run`, `build`); only `refresh` writes one, for developers.
"""

import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.font_manager
import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

from privacylab import files, paths
from privacylab.findings import TooFewError
from privacylab.report import pages

Progress = Callable[[int, int, str], None]
"""Called with the code cells done, the code cells of all notebooks, and the name of the notebook that runs."""

Failed = Callable[["ReportError"], None]
"""Called with each cell that failed, where a run goes on after it."""

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python", "pygments_lexer": "ipython3"}
KEPT_CELL_METADATA = frozenset({"tags", "name", "slideshow"})
_TOO_FEW, _LACKING = TooFewError.__name__, NameError.__name__
FILES = "files.txt"
"""The page that lists what a report holds: what is not on it is somebody else's."""

_GENERATOR = b'<meta name="generator" content="PrivacyLab'


class ReportError(RuntimeError):
    """The report could not be made; an old report stays as it was.

    Attributes:
        notebook: File name of the notebook that failed, or None.
        cell: The cell that failed, counted from 1 over all cells, or None.
    """

    def __init__(self, message: str, *, notebook: str | None = None, cell: int | None = None) -> None:
        super().__init__(message)
        self.notebook = notebook
        self.cell = cell


def run(
    notebook: Path,
    *,
    corpus: Path,
    figures: Path,
    timeout: int = 600,
    on_cell: Callable[..., None] | None = None,
    failed: Failed | None = None,
) -> NotebookNode:
    """Execute a copy of a notebook, in its own folder, with the Python that runs this.

    Args:
        notebook: The .ipynb file; it is only read.
        corpus: The folder that the notebook sees as ``PRIVACYLAB_CORPUS``.
        figures: The folder that it sees as ``PRIVACYLAB_FIGURES``; made if missing.
        timeout: Seconds that one cell may take.
        on_cell: Called after each code cell, with what nbclient knows of it by keyword.
        failed: Called with each cell that fails, and the run goes on. None: the first one that fails ends the run. A
            cell that raises `TooFewError` does not fail: its page says in a sentence what there is too little of.

    Returns:
        The executed copy, without timings.

    Raises:
        ReportError: The notebook cannot be read, there is no corpus, or a cell failed (which names the cell).
    """
    nb = _read(notebook)
    if not corpus.is_dir():
        raise ReportError(f"no corpus in {corpus}: give the folder that `privacylab build --out` wrote")
    figures.mkdir(parents=True, exist_ok=True)
    # Too few data is an answer, no failure; what a cell then could not make, those below it lack.
    options: dict[str, Any] = {"allow_errors": failed is not None, "allow_error_names": [_TOO_FEW, _LACKING]}
    options |= {"on_cell_executed": on_cell, "timeout": timeout}
    with tempfile.TemporaryDirectory(prefix="privacylab-") as folder:
        env = _env(corpus=corpus.resolve(), figures=figures.resolve(), scratch=Path(folder))
        _execute(nb, notebook, env=env, scratch=Path(folder), options=options)
    for error in _errors(notebook, nb):
        if failed is None:
            raise error
        failed(error)
    return nb


def build(
    notebooks: Iterable[Path],
    *,
    corpus: Path,
    out: Path,
    timeout: int = 600,
    progress: Progress | None = None,
    failed: Failed | None = None,
) -> Path:
    """Run copies of the notebooks on a corpus and write the site.

    The site holds ``index.html``, a page a notebook, and the figures with their numbers under ``figures/``. It is made
    beside `out` and takes its place only when it is whole.

    Args:
        notebooks: The .ipynb files in their order.
        corpus: The folder of tables that they read.
        out: The site's folder; an existing one is replaced if it is empty or an older report.
        timeout: Seconds that one cell may take.
        progress: Called as cells are done.
        failed: As `run`: with it the page says in a failed cell's place why it is not shown.

    Returns:
        The path of the site's ``index.html``.

    Raises:
        ReportError: A notebook failed, or the site cannot be written; `out` is then as it was.
        ValueError: There are no notebooks, or two of one name.
    """
    sources = list(notebooks)
    if not sources:
        raise ValueError("no notebooks to make a report of")
    if len({source.stem for source in sources}) < len(sources):
        raise ValueError(f"notebooks share a name, and would share a page: {sorted(source.name for source in sources)}")
    out = out.resolve()
    files.restore(out)
    _check_replaceable(out)
    try:
        if not out.parent.exists():
            out.parent.mkdir(parents=True)
        with files.replacing(out, check=_check_replaceable) as site:
            figures = site / "figures"
            executed = _run_all(
                sources, corpus=corpus, figures=figures, timeout=timeout, progress=progress, failed=failed
            )
            write_pages(site, sources, executed, corpus=corpus)
            names = sorted(path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file())
            (site / FILES).write_text("".join(f"{name}\n" for name in (*names, FILES)), encoding="utf-8")
    except OSError as error:
        raise ReportError(f"cannot write the report {out}: {error.strerror or error}") from error
    return out / "index.html"


def refresh(notebook: Path, *, corpus: Path, figures: Path | None = None, timeout: int = 600) -> bool:
    """Execute a tracked notebook and write its outputs into it, so that only what it shows can change.

    Args:
        notebook: The .ipynb file; replaced in one step, or left as it is where a cell fails.
        corpus: The folder of tables that it reads.
        figures: Where its figures go; the project's figures/ if None.
        timeout: Seconds that one cell may take.

    Returns:
        Whether the file changed.

    Raises:
        ReportError: As `run`.
    """
    nb = run(notebook, corpus=corpus, figures=figures or paths.figures(), timeout=timeout)
    nb["metadata"] = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    for cell in nb.cells:
        cell["metadata"] = {name: value for name, value in cell.metadata.items() if name in KEPT_CELL_METADATA}
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(pages.WIDGET, None)  # a random id, and without a kernel nothing stands behind it
    text: str = nbformat.writes(nb)  # type: ignore[no-untyped-call]
    fresh = (text.rstrip("\n") + "\n").encode()
    if fresh == notebook.read_bytes():
        return False
    with files.replacing(notebook) as staging:
        staging.write_bytes(fresh)
        shutil.copymode(notebook, staging)
    return True


def _read(notebook: Path) -> NotebookNode:
    try:
        nb: NotebookNode = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
        return nb
    except OSError as error:
        raise ReportError(f"{notebook.name}: {error.strerror}", notebook=notebook.name) from error
    except (ValueError, nbformat.ValidationError) as error:
        reason = _first_line(str(error))[:200]
        raise ReportError(f"{notebook.name} is not a notebook: {reason}", notebook=notebook.name) from error


def _execute(nb: NotebookNode, notebook: Path, *, env: dict[str, str], scratch: Path, options: dict[str, Any]) -> None:
    place = 0

    def started(cell_index: int, **_: object) -> None:
        nonlocal place
        place = cell_index

    options |= {"record_timing": False, "coalesce_streams": True, "store_widget_state": False}
    client = NotebookClient(nb, km=_kernel(scratch), on_cell_start=started, **options)
    client.owns_km = True  # it shuts the kernel down, whatever happens
    folder = str(notebook.resolve().parent)  # as in JupyterLab and nbval
    try:
        with (scratch / "kernel.log").open("wb") as log:  # what the kernel itself says is nothing for our terminal
            client.execute(env=env, cwd=folder, stdout=log, stderr=log)
    except CellExecutionError as error:
        raise _cell_error(notebook, nb, place, f"{error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        raise _cell_error(notebook, nb, place, f"still running after {options['timeout']} s") from error
    except RuntimeError as error:
        raise _cell_error(notebook, nb, place, str(error) or type(error).__name__) from error


def _kernel(scratch: Path) -> AsyncKernelManager:
    # Without kernel folders the spec is ipykernel's own, for sys.executable, whatever the user has installed.
    # Sockets are files, so that a machine whose network is down, loopback and all, can make a report.
    specs = KernelSpecManager(kernel_dirs=[])
    file = str(scratch / "kernel.json")
    return AsyncKernelManager(kernel_name="python3", kernel_spec_manager=specs, transport="ipc", connection_file=file)


def _env(*, corpus: Path, figures: Path, scratch: Path) -> dict[str, str]:
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


def _cell_error(notebook: Path, nb: NotebookNode, place: int, reason: str) -> ReportError:
    code = _first_line(nb.cells[place].source) if nb.cells else ""
    message = f"{notebook.name}, cell {place + 1} ({code[:60]}): {_first_line(reason)}"
    return ReportError(message, notebook=notebook.name, cell=place + 1)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _errors(notebook: Path, nb: NotebookNode) -> Iterator[ReportError]:
    """The cells that failed for themselves: one that lacks a name lacks what one above would have made."""
    is_first = True
    for place, cell in enumerate(nb.cells):
        for output in cell.get("outputs", ()):
            if output.output_type != "error":
                continue
            if output.ename not in (_TOO_FEW, _LACKING) or (output.ename == _LACKING and is_first):
                yield _cell_error(notebook, nb, place, f"{output.ename}: {output.evalue}")
            is_first = False


def _run_all(
    sources: Sequence[Path],
    *,
    corpus: Path,
    figures: Path,
    timeout: int,
    progress: Progress | None,
    failed: Failed | None,
) -> list[NotebookNode]:
    cells = [cell for source in sources for cell in _read(source).cells if cell.cell_type == "code"]
    total, done = sum(bool(cell.source.strip()) for cell in cells), 0
    executed: list[NotebookNode] = []

    def tell(n: int = 1, **_: object) -> None:
        nonlocal done
        done += n
        if progress is not None:
            progress(done, total, sources[len(executed)].name)

    for source in sources:
        tell(0)
        nb = run(source, corpus=corpus, figures=figures, timeout=timeout, on_cell=tell, failed=failed)
        _hide_paths(nb, {corpus.resolve(): corpus.resolve().name, figures.resolve(): "figures"})
        executed.append(nb)
    return executed


def _hide_paths(nb: NotebookNode, names: dict[Path, str]) -> None:
    """Where something lies on this machine is nothing to publish."""
    names_of = {str(path): name for path, name in names.items()}
    names_of |= {str(paths.PACKAGE.parent): ".", tempfile.gettempdir(): "tmp", os.path.expanduser("~"): "~"}
    longest = sorted((path for path in names_of if len(path) > 1), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w.~/-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")

    def hidden(text: str) -> str:
        return pattern.sub(lambda match: names_of[match[0]], text)

    for output in (output for cell in nb.cells for output in cell.get("outputs", ())):
        if "text" in output:
            output.text = hidden(output.text)
        for kind, value in output.get("data", {}).items():
            if kind.startswith("text/") and isinstance(value, str):
                output.data[kind] = hidden(value)


def write_pages(site: Path, sources: Sequence[Path], executed: Sequence[NotebookNode], *, corpus: Path) -> None:
    """Write the pages of executed notebooks beside their figures; nothing is run.

    Args:
        site: A folder that holds ``figures/``.
        sources: The notebooks' files, for the pages' names.
        executed: The notebooks themselves, in the same order.
        corpus: The folder of tables whose numbers they show.
    """
    links = [
        pages.Link(f"{source.stem}.html", pages.heading_one(nb, default=source.stem))
        for source, nb in zip(sources, executed, strict=True)
    ]
    published = sorted(file.name for file in (site / "figures").iterdir() if file.is_file())
    named: dict[str, list[str]] = defaultdict(list)
    for file in published:
        named[Path(file).stem].append(file)
    name = corpus.resolve().name
    stories: list[pages.Story] = []
    for place, (nb, link) in enumerate(zip(executed, links, strict=True)):
        document = pages.render(
            nb,
            title=link.title,
            previous=links[place - 1] if place else None,
            following=links[place + 1] if place + 1 < len(links) else None,
            place=f"Notebook {place + 1} of {len(links)}",
            siblings=[source.stem for source in sources],
            numbers=published,
            corpus=name,
        )
        (site / link.href).write_text(document, encoding="utf-8")
        stories += pages.stories(nb, href=link.href)
    entries = [pages.Entry(*link, pages.lead(nb)) for link, nb in zip(links, executed, strict=True)]
    (site / "index.html").write_text(pages.home(entries, stories, figures=named, corpus=name), encoding="utf-8")
    if not published:
        (site / "figures").rmdir()


def _check_replaceable(out: Path) -> None:
    """Only a report may be replaced: a mistyped --out must not take other work with it, nor notes laid beside pages."""
    if not os.path.lexists(out):
        return
    try:
        names = {path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir() or path.is_symlink()}
        is_report = _is_page(out / "index.html") or not any(out.iterdir())
        own = _listed(out)
    except OSError:
        is_report = False
    if not is_report:
        raise ReportError(f"{out} exists and is not a report: choose another folder, or remove it")
    if foreign := sorted(names - set(own)):
        raise ReportError(f"{out} holds {', '.join(foreign[:3])}, which would be lost: move that away")


def _listed(out: Path) -> list[str]:
    """The files that a report lists as its own; those that look like it where an older version wrote none."""
    if (out / FILES).is_file():
        return (out / FILES).read_text(encoding="utf-8").splitlines()
    figures = [*out.glob("figures/*.png"), *out.glob("figures/*.csv")]
    return [path.relative_to(out).as_posix() for path in (*filter(_is_page, out.glob("*.html")), *figures)]


def _is_page(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return _GENERATOR in file.read(2000)
