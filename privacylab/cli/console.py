"""What the command line writes with: its two streams, and the progress bars."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class _Console(Console):
    """A console that shows text but interprets none of it: names and texts come from strangers."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 (whatever rich hands on)
        r"""A line of text, with unprintable characters written as in programs: ``\x1b``, ``\n``, ``\u202e``."""
        if not text.isprintable():
            text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
        return super().render_str(text, **options)


# File names and policies may contain something like markup: nothing is read as markup.
_plain = partial(_Console, markup=False, emoji=False, highlight=False)
out, err = _plain(soft_wrap=True), _plain(stderr=True, soft_wrap=True)


def line(error: BaseException) -> str:
    """What an error says, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return str(error).replace("\n", " ")


class _Rate(ProgressColumn):
    """The rate per second, or per minute if it is lower."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:,.0f}/s" if speed >= 1 else f"{60 * speed:.0f}/min", style="progress.data.speed")


@contextmanager
def progress(*, verbose: bool) -> Iterator[Callable[[str, int, int], None]]:
    """One bar per stage with rate and time left; silent if standard error is not a terminal.

    With ``verbose`` each stage leaves a line with its time, terminal or not.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=None if err.width < 60 else 40),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    console = _plain(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, expand=err.width < 60) as bars:
        tasks: dict[str, TaskID] = {}
        completed: set[str] = set()
        begun = time.monotonic()

        def update(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)
            if verbose and done == total and stage not in completed:
                completed.add(stage)
                console.print(f"{time.monotonic() - begun:6.1f} s  {stage}: {total:,}", soft_wrap=True)

        yield update
