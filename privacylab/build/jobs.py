"""Who does the tasks of a build: this process, processes of our own, or an executor that the user gives.

Of an executor no more is asked than `concurrent.futures.Executor`: dask's, MPI's, executorlib's are such.
"""

import itertools
import pkgutil
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from typing import Any

import privacylab
from privacylab.build import workers
from privacylab.build.workers import BuildError
from privacylab.sources.listing import shown
from privacylab.sources.pages import why

Progress = Callable[[str, int, int], None]

TASKS_OF_A_WORKER = 50
"""So many, then a worker ends: what it holds by then is memory in pieces, which the next one need not have."""

AT_ONCE = 500
"""So many an executor holds at a time: a scheduler keeps each in its memory, with the names of its versions."""

PATIENCE = 30
"""Seconds without the end of a job, after which the executor is asked whether it is there."""

MOST_LOSSES = 3
"""So often a job is given again whose worker was lost."""


def run(tasks: Sequence[workers.Task], *, n_workers: int, executor: Executor | None, progress: Progress) -> None:
    """Does all tasks; processes of our own end when they have done `TASKS_OF_A_WORKER` each, or all."""
    progress("reading", 0, len(tasks))
    done = itertools.count(1)

    def tell() -> None:
        progress("reading", next(done), len(tasks))

    if executor is not None and tasks:
        # What is wrong everywhere is told at once: by a job without services.
        _greet(executor)
        _submit([tasks[0]._replace(services=())], executor, lambda: None)
        _submit(tasks, executor, tell)
    elif n_workers == 1 or len(tasks) <= 1:
        for task in tasks:
            workers.read(task)
            tell()
    else:
        workers.load()
        step = n_workers * TASKS_OF_A_WORKER
        for start in range(0, len(tasks), step):
            some = tasks[start : start + step]
            pool = ProcessPoolExecutor(min(n_workers, len(some)), initializer=workers.ends_at_once)
            try:
                _submit(some, pool, tell)
            finally:
                pool.shutdown(cancel_futures=True)


def _greet(executor: Executor) -> None:
    """Asks a worker for its version by what any Python has: one without the package may die of a job, and tell nothing.

    Raises:
        BuildError: It has none, or another one.
    """
    own = privacylab.__version__
    try:
        version = _submitted(executor, pkgutil.resolve_name, "privacylab:__version__").result()
    except (BrokenExecutor, CancelledError, ImportError, AttributeError) as error:
        raise BuildError(f"a worker cannot begin ({why(error)}): install privacylab {own} there") from None
    if version != own:
        raise BuildError(f"a worker has privacylab {version}, not {own}: install the same on all machines")


def _submit(tasks: Sequence[workers.Task], executor: Executor, tell: Callable[[], None]) -> None:
    """Gives tasks to an executor; tells of each that is done, and gives those of a lost worker again."""
    waiting, lost = deque(range(len(tasks))), Counter[int]()
    running: dict[Future[None], int] = {}
    try:
        while waiting or running:
            with workers.undisturbed():
                while waiting and len(running) < AT_ONCE:
                    number = waiting.popleft()
                    running[_submitted(executor, workers.read, tasks[number])] = number
            done = wait(running, timeout=PATIENCE, return_when=FIRST_COMPLETED).done
            if not done:  # the jobs of a scheduler that is gone never end, but it takes no more
                _submitted(executor, pkgutil.resolve_name, "privacylab")  # not cancelled: executorlib dies of that
            for future in done:
                number = running.pop(future)
                if _is_done(future, tasks[number]):
                    tell()
                    continue
                lost[number] += 1
                if lost[number] > MOST_LOSSES:
                    often = f" {_named(tasks[number])}, {lost[number]} times"
                    raise BuildError(_LOST.format(often, "more memory a worker"))
                waiting.append(number)
    finally:
        if not isinstance(executor, ProcessPoolExecutor):  # its own thread stumbles over what others cancel
            for future in running:
                future.cancel()


def _submitted(executor: Executor, function: Callable[[Any], Any], given: object) -> Future[Any]:
    try:
        return executor.submit(function, given)
    except BrokenExecutor:
        raise BuildError(_LOST.format("", "fewer --workers")) from None
    except Exception as error:
        raise BuildError(f"the executor takes no more jobs ({why(error)}): start it anew and give --resume") from None


_LOST = "a worker died while reading{} (out of memory, or killed): give --resume to go on, with {}"


def _is_done(future: Future[None], task: workers.Task) -> bool:
    """Whether a task is done; not so if its worker was lost."""
    try:
        future.result()
    except (BrokenExecutor, CancelledError):
        return False
    except BuildError:
        raise
    except Exception as error:
        if type(error).__name__ == "KilledWorker":  # dask's, which need not be installed
            return False
        cause = error.__cause__ if isinstance(error.__cause__, ImportError | AttributeError) else error
        fault = f"{type(cause).__name__}: {why(cause)}"
        if not task.services:
            raise BuildError(f"no job can begin ({fault}): install privacylab where the scheduler is, too") from None
        raise BuildError(
            f"reading {_named(task)} failed ({fault}): mend that and give --resume, or report it"
        ) from error
    return True


def _named(task: workers.Task) -> str:
    return shown([service for service, _ in task.services]) or "nothing yet"
