"""Progress on standard error: a bar on a terminal, plain lines elsewhere."""

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

# Seconds until the first plain line, and between the others.
_FIRST_LINE, _NEXT_LINES = 1.5, 10.0


@runtime_checkable
class Advance(Protocol):
    """Called as work is finished, with what to say from now on and how much is finished."""

    def __call__(self, description: str, by: int = 1) -> None:
        """Some more of the work is finished."""


@contextmanager
def progress_bar(total: int, description: str, *, quiet: bool = False) -> Iterator[Advance]:
    """How far some work is, on standard error: a bar on a terminal, else a line now and then.

    Work of under a second and a half prints no lines. Silent if `quiet`, and in processes that
    another one has started, whose bars would overwrite each other.
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
    now = [description, 0]
    ended = threading.Event()

    def advance(description: str, by: int = 1) -> None:
        now[0], now[1] = description, now[1] + by

    def speak() -> None:
        wait = _FIRST_LINE
        while not ended.wait(wait):
            spent = time.monotonic() - begun
            left = f", about {spent * (total - now[1]) / now[1]:.0f} s left" if now[1] else ""
            console.print(
                f"{now[0]}: {now[1]} of {total} after {spent:.0f} s{left}",
                highlight=False,
                soft_wrap=True,
                markup=False,
            )
            wait = _NEXT_LINES

    speaker = threading.Thread(target=speak, daemon=True)
    speaker.start()
    try:
        yield advance
    finally:
        ended.set()
        speaker.join()
