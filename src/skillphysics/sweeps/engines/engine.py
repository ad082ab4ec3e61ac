"""The one interface of all engines: tasks are submitted, and each has a future."""

import abc
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import ClassVar

from skillphysics.errors import SkillphysicsError
from skillphysics.sweeps.work import Outcome, Task


class WorkerLostError(RuntimeError):
    """The process that had a task ended before it was done: killed, or out of memory.

    Attributes:
        blame: whether the task may be the reason. It is not where a job was cancelled or preempted,
            or its node failed.
    """

    def __init__(self, message: str, *, blame: bool = True) -> None:
        super().__init__(message)
        self.blame = blame


class EngineError(SkillphysicsError):
    """The workers of an engine are out of reach; says how to go on."""


class Crew(abc.ABC):
    """Workers that are ready.

    Attributes:
        seconds: how much work a task should hold.
        all_at_once: whether all tasks are submitted at once, one per worker, and may run long after
            this process has ended.
    """

    seconds: float = 5.0
    all_at_once: bool = False

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """How many tasks can run at once, now."""

    def is_busy(self) -> bool:
        """Whether tasks of an earlier call for the same store still wait or run."""
        return False

    @abc.abstractmethod
    def submit(self, tasks: Sequence[Task]) -> "list[Future[Outcome]]":
        """Give tasks to workers; one future per task.

        A future raises `WorkerLostError` if the worker that had the task is gone, `EngineError` if
        there are no workers any more, and otherwise what `work` raises.
        """


class Engine(abc.ABC):
    """Where cells are computed. Its fields are its options.

    Attributes:
        outlives: whether its workers go on when the process that started them ends.
    """

    outlives: ClassVar[bool] = False

    def workers_here(self) -> int | None:
        """How many processes it starts on this machine; None where others decide."""
        return None

    @abc.abstractmethod
    def crew(self, n_task: int, folder: Path) -> AbstractContextManager[Crew]:
        """Workers for at most so many tasks at once, ended with the context.

        Args:
            n_task: how many tasks there can be.
            folder: of the store, for files of its own.

        Raises:
            ArgumentError: they cannot be started; says what to install or to give.
        """
