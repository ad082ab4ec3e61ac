"""In this process, one task after the other."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skillphysics.sweeps.engines.engine import Crew, Engine
from skillphysics.sweeps.work import Outcome, Task, work


@dataclass(frozen=True)
class Serial(Engine):
    """In this process: for debugging, notebooks and small grids.

    Example:
        >>> with Serial().crew(1, Path()) as crew:
        ...     crew.size
        1
    """

    def workers_here(self) -> int:
        """One: this process."""
        return 1

    @contextmanager
    def crew(self, n_task: int, folder: Path) -> Iterator[Crew]:  # noqa: ARG002
        """This process."""
        yield _Here()


class _Here(Crew):
    # Progress is reported between tasks.
    seconds = 1.0

    @property
    def size(self) -> int:
        return 1

    def submit(self, tasks: Sequence[Task]) -> "list[Future[Outcome]]":
        return [_finished(task) for task in tasks]


def _finished(task: Task) -> "Future[Outcome]":
    future: Future[Outcome] = Future()
    try:
        future.set_result(work(task))
    except Exception as error:  # noqa: BLE001
        future.set_exception(error)
    return future
