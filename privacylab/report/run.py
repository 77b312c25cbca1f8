"""Notebooks to an HTML site: run copies of them on a corpus, and publish what they show.

The tracked notebooks are not changed (`run`, `build`); only `refresh` writes one, for developers.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from privacylab import files, paths
from privacylab.report import kernel, own, pages, site
from privacylab.report.site import ReportError

Progress = Callable[[int, int, str], None]
"""Called with the code cells done, the code cells of all notebooks, and the name of the notebook that runs."""

Failed = Callable[[ReportError], None]
"""Called with each notebook that cannot be read and each cell that failed, if a run continues after it."""

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python", "pygments_lexer": "ipython3"}
KEPT_CELL_METADATA = frozenset({"tags", "name", "slideshow"})


class _Way(NamedTuple):
    """How notebooks run, as in `run`."""

    corpus: Path
    figures: Path
    failed: Failed | None


def run(notebook: Path, *, corpus: Path, figures: Path, failed: Failed | None = None) -> NotebookNode:
    """Execute a copy of a notebook, in its own folder, with the Python that runs this.

    Args:
        notebook: The .ipynb file; it is only read.
        corpus: The folder that the notebook sees as ``PRIVACYLAB_CORPUS``.
        figures: The folder that it sees as ``PRIVACYLAB_FIGURES``; made if missing.
        failed: Called with each cell that fails, and the run continues; a notebook that cannot be read, or whose kernel
            dies, fails from there on. None: the first failure ends the run. A cell that raises `TooFewError` does not
            fail: its page says in a sentence what there is too little of.

    Returns:
        The executed copy, without timings.

    Raises:
        ReportError: The notebook cannot be read, there is no corpus, or a cell failed (which names the cell).
    """
    nb = _read(notebook, failed)
    _run(notebook, nb, _Way(corpus, figures, failed))
    return nb


def build(
    notebooks: Iterable[Path],
    *,
    corpus: Path,
    out: Path,
    progress: Progress | None = None,
    failed: Failed | None = None,
) -> Path:
    """Run copies of the notebooks on a corpus and write the site.

    The site has ``index.html``, one page per notebook, and the figures with their numbers under ``figures/``. It is
    made beside `out` and replaces it only when it is complete.

    Args:
        notebooks: The .ipynb files in their order.
        corpus: The folder of tables that they read.
        out: The site's folder; an existing one is replaced if it is empty or an older report.
        progress: Called as cells are done.
        failed: As in `run`: with it the page shows the reason in place of a failed cell.

    Returns:
        The path of the site's ``index.html``.

    Raises:
        ReportError: A notebook failed, or the site cannot be written; `out` is then unchanged.
        ValueError: There are no notebooks, or two with one name.
    """
    sources = list(notebooks)
    if not sources:
        raise ValueError("no notebooks to make a report of")
    if len({source.stem for source in sources}) < len(sources):
        raise ValueError(f"notebooks share a name, and would share a page: {sorted(source.name for source in sources)}")
    out = out.resolve()
    files.restore(out)
    site.check_replaceable(out)
    try:
        if not out.parent.exists():
            out.parent.mkdir(parents=True)
        with files.replacing(out, check=site.check_replaceable) as folder:
            way = _Way(corpus, folder / "figures", failed)
            opened = site.opened(corpus)
            shown = own.chosen([(source, _read(source, failed)) for source in sources], opened)
            way.figures.mkdir(parents=True, exist_ok=True)
            _run_all(shown, way, progress)
            if not own.is_panel(opened):
                for _, nb in shown:
                    own.without_holes(nb)
            site.write_pages(folder, [path for path, _ in shown], [nb for _, nb in shown], corpus=corpus)
            site.list_files(folder)
    except OSError as error:
        raise ReportError(f"cannot write the report {out}: {error.strerror or error}") from error
    return out / "index.html"


def refresh(notebook: Path, *, corpus: Path, figures: Path | None = None) -> bool:
    """Execute a tracked notebook and write its outputs into it, so that only its outputs can change.

    Args:
        notebook: The .ipynb file; replaced in one step, or unchanged if a cell fails.
        corpus: The folder of tables that it reads.
        figures: Where its figures go; the project's figures/ if None.

    Returns:
        Whether the file changed.

    Raises:
        ReportError: As `run`.
    """
    nb = run(notebook, corpus=corpus, figures=figures or paths.figures())
    nb["metadata"] = {"kernelspec": KERNEL, "language_info": LANGUAGE}
    for cell in nb.cells:
        cell["metadata"] = {name: value for name, value in cell.metadata.items() if name in KEPT_CELL_METADATA}
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(pages.WIDGET, None)  # a random id, meaningless without a kernel
    text: str = nbformat.writes(nb)  # type: ignore[no-untyped-call]
    fresh = (text.rstrip("\n") + "\n").encode()
    if fresh == notebook.read_bytes():
        return False
    with files.replacing(notebook) as staging:
        staging.write_bytes(fresh)
        shutil.copymode(notebook, staging)
    return True


def _read(notebook: Path, failed: Failed | None) -> NotebookNode:
    """A notebook; if a run continues, an unreadable one is a cell without code that says so."""
    try:
        nb: NotebookNode = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
        nbformat.validate(nb)
        return nb
    except (OSError, ValueError, TypeError, AttributeError, nbformat.ValidationError) as error:
        if isinstance(error, OSError):
            reason = f"{notebook.name}: {error.strerror}"
        else:
            reason = f"{notebook.name} is not a notebook: {_first_line(str(error))[:200]}"
        unread = ReportError(reason, notebook=notebook.name)
        if failed is None:
            raise unread from error
        failed(unread)
        outputs = [kernel.error_output(type(error).__name__, reason)]
        cell = new_code_cell(outputs=outputs)  # type: ignore[no-untyped-call]
        return NotebookNode(new_notebook(cells=[cell]))  # type: ignore[no-untyped-call]


def _run(notebook: Path, nb: NotebookNode, way: _Way, on_cell: Callable[..., None] | None = None) -> None:
    if not way.corpus.is_dir():
        raise ReportError(f"no corpus in {way.corpus}: give the folder that `privacylab build --out` wrote")
    way.figures.mkdir(parents=True, exist_ok=True)
    if not kernel.code_cells(nb):
        return
    ending = kernel.execute(
        nb,
        folder=notebook.resolve().parent,  # as in JupyterLab and nbval
        corpus=way.corpus,
        figures=way.figures,
        allow_errors=way.failed is not None,
        on_cell_executed=on_cell,
    )
    for error in _errors(notebook, nb):
        if way.failed is None:
            raise error from ending
        way.failed(error)


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _errors(notebook: Path, nb: NotebookNode) -> Iterator[ReportError]:
    """The cells that failed by themselves: one without a name lacks the result of an earlier one."""
    is_first = True
    for place, cell in enumerate(nb.cells):
        for output in cell.get("outputs", ()):
            if output.output_type != "error":
                continue
            if output.ename not in (kernel.TOO_FEW, kernel.LACKING) or (output.ename == kernel.LACKING and is_first):
                reason = _first_line(f"{output.ename}: {output.evalue}")[:200]
                message = f"{notebook.name}, cell {place + 1} ({_first_line(cell.source)[:60]}): {reason}"
                yield ReportError(message, notebook=notebook.name, cell=place + 1)
            is_first = False


def _run_all(notebooks: Sequence[tuple[Path, NotebookNode]], way: _Way, progress: Progress | None) -> None:
    total, done = sum(len(kernel.code_cells(nb)) for _, nb in notebooks), 0
    for source, nb in notebooks:

        def tell(n: int = 1, name: str = source.name, **_: object) -> None:
            nonlocal done
            done += n
            if progress is not None:
                progress(done, total, name)

        tell(0)
        _run(source, nb, way, on_cell=tell)
        _hide_paths(nb, corpus=way.corpus.resolve(), figures=way.figures.resolve())


def _hide_paths(nb: NotebookNode, *, corpus: Path, figures: Path) -> None:
    """Removes the paths of this machine, which must not be published."""
    names_of = {str(corpus): corpus.name, str(figures): "figures", str(paths.PACKAGE.parent): "."}
    names_of |= {tempfile.gettempdir(): "tmp", os.path.expanduser("~"): "~"}
    longest = sorted((path for path in names_of if len(path) > 1), key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w.~/-])(?:{'|'.join(map(re.escape, longest))})(?![\w-])")

    def hidden(text: str) -> str:
        return pattern.sub(lambda match: names_of[match[0]], text)

    for output in (output for cell in nb.cells for output in cell.get("outputs", ())):
        for name in {"text", "evalue"} & output.keys():
            output[name] = hidden(output[name])
        for kind, value in output.get("data", {}).items():
            if kind.startswith("text/") and isinstance(value, str):
                output.data[kind] = hidden(value)
