"""A Dask scheduler, on this machine or at an address."""

import logging
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from skillphysics.domains import COUNT
from skillphysics.errors import ArgumentError, SkillphysicsError
from skillphysics.sweeps.engines.engine import Crew, Engine, EngineError, WorkerLostError
from skillphysics.sweeps.work import Outcome, Task, one_thread, work


@dataclass(frozen=True)
class Dask(Engine):
    """Workers of Dask distributed (`pip install skillphysics[cluster]`).

    The workers must see the folder of the store and import the same version of what is computed.

    Attributes:
        address: of a scheduler, such as "tcp://node:8786"; by default a cluster of processes with
            one thread each is started on this machine.
        workers: number of processes of a cluster that is started here; one per core by default.

    Raises:
        ArgumentError: `workers` is not a positive integer, or given with an address.

    Example:
        >>> Dask(address="tcp://node:8786").workers
    """

    address: str | None = None
    workers: Annotated[int | None, COUNT] = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            COUNT.check("workers", self.workers)
            if self.address is not None:
                raise ArgumentError(
                    "workers of a scheduler at an address are its own; leave workers out",
                    argument="workers",
                )

    @contextmanager
    def crew(self, n_task: int, folder: Path) -> Iterator[Crew]:  # noqa: ARG002
        """The workers of the scheduler.

        Raises:
            ArgumentError: Dask is missing, or no scheduler answers.
        """
        try:
            from distributed import Client, LocalCluster
        except ImportError as error:
            raise ArgumentError(
                "the engine dask needs Dask distributed; pip install 'skillphysics[cluster]'"
            ) from error
        if self.address is not None:
            try:
                client = Client(self.address, timeout="10s", set_as_default=False)
            except (OSError, ValueError) as error:
                raise ArgumentError(
                    f"no Dask scheduler answers at {self.address}: {error}", argument="address"
                ) from error
            with client:
                yield _Scheduled(client)
            return
        with (
            LocalCluster(
                n_workers=self.workers, threads_per_worker=1, dashboard_address=":0",
                env={"NPROC": "1"}, silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster, set_as_default=False) as client,
        ):  # fmt: skip
            yield _Scheduled(client)


class _Scheduled(Crew):
    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def size(self) -> int:
        return max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))

    def submit(self, tasks: Sequence[Task]) -> "list[Future[Outcome]]":
        # Not pure: a task that is submitted again must run again.
        remote = [
            self._client.submit(pickle.loads, pickle.dumps(_Call(task)), pure=False)
            for task in tasks
        ]
        futures: list[Future[Outcome]] = [Future() for _ in tasks]
        for one, future in zip(remote, futures, strict=True):
            one.add_done_callback(partial(_pass_on, future))
        return futures


class _Call:
    """Is unpickled as the outcome of a task.

    A worker that cannot import this package would end, without a word, where Dask unpickles a
    `Task` for it; so it has an error where it computes.
    """

    def __init__(self, task: Task) -> None:
        self._task = task

    def __reduce__(self) -> Any:
        return _work, (self._task,)


def _work(task: Task) -> Outcome:
    with one_thread():
        return work(task)


def _pass_on(future: "Future[Outcome]", remote: Any) -> None:
    if remote.status == "finished":
        future.set_result(remote.result())
        return
    error = None if remote.cancelled() else remote.exception()
    if type(error).__name__ == "KilledWorker":
        error = WorkerLostError("a worker process ended")
    elif error is None or type(error).__name__ in ("CommClosedError", "CancelledError"):
        error = EngineError(
            "the Dask scheduler does not answer any more; start the sweep again to go on"
        )
    elif not isinstance(error, SkillphysicsError):
        error = EngineError(
            f"a Dask worker cannot compute: {type(error).__name__}: {error}; install the same "
            "packages for all workers"
        )
    future.set_exception(error)
