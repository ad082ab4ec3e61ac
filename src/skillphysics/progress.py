"""Progress bars on standard error, silent where that is no terminal."""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from typing import Protocol, runtime_checkable

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


@runtime_checkable
class Advance(Protocol):
    """Called as work is finished, with what to say from now on and how much is finished."""

    def __call__(self, description: str, by: int = 1) -> None:
        """Some more of the work is finished."""


@contextmanager
def progress_bar(total: int, description: str, *, quiet: bool = False) -> Iterator[Advance]:
    """A progress bar, silent where standard error is no terminal or `quiet` is asked.

    Silent in processes that another one has started, whose bars would overwrite each other.
    """
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    hidden = quiet or not console.is_terminal or parent_process() is not None
    with Progress(*columns, console=console, transient=True, disable=hidden) as progress:
        task = progress.add_task(description, total=total)

        def advance(description: str, by: int = 1) -> None:
            progress.update(task, advance=by, description=description)

        yield advance
