"""Progress on standard error: a bar in a terminal, plain lines elsewhere."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from typing import Protocol, runtime_checkable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

# Seconds before the first plain line, and between later ones.
_FIRST_LINE, _NEXT_LINES = 1.5, 10.0


@runtime_checkable
class Advance(Protocol):
    """A function to call as work is finished."""

    def __call__(self, description: str, by: int = 1) -> None:
        """Report finished work.

        Args:
            description: what to show from now on.
            by: how much work is finished.
        """


@contextmanager
def progress_bar(total: int, description: str, *, quiet: bool = False) -> Iterator[Advance]:
    """Show progress on standard error: a bar in a terminal, otherwise occasional lines.

    Work of less than 1.5 seconds prints no lines. Nothing is shown in child processes, whose bars
    would overwrite each other.

    Args:
        total: the amount of work.
        description: what is done.
        quiet: show nothing.

    Yields:
        The function to call as work is finished.

    Example:
        >>> with progress_bar(2, "reading", quiet=True) as advance:
        ...     advance("reading", by=2)
    """
    console = Console(stderr=True)
    hidden = quiet or parent_process() is not None
    if hidden or console.is_terminal:
        with _bar(console, total, description, hidden=hidden) as advance:
            yield advance
    else:
        with _lines(console, total, description) as advance:
            yield advance


@contextmanager
def _bar(console: Console, total: int, description: str, *, hidden: bool) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(description, total=total)

        def advance(description: str, by: int = 1) -> None:
            progress.update(task, advance=by, description=description)

        yield advance


@contextmanager
def _lines(console: Console, total: int, description: str) -> Iterator[Advance]:
    begun = time.monotonic()
    text, done = description, 0
    ended = threading.Event()

    def advance(description: str, by: int = 1) -> None:
        nonlocal text, done
        text, done = description, done + by

    def print_lines() -> None:
        wait = _FIRST_LINE
        while not ended.wait(wait):
            spent = time.monotonic() - begun
            left = f", about {spent * (total - done) / done:.0f} s left" if done else ""
            console.print(
                f"{text}: {done} of {total} after {spent:.0f} s{left}",
                highlight=False,
                soft_wrap=True,
                markup=False,
            )
            wait = _NEXT_LINES

    printer = threading.Thread(target=print_lines, daemon=True)
    printer.start()
    try:
        yield advance
    finally:
        ended.set()
        printer.join()
