"""Slurm, through submitit: one job array for all that is missing."""

import hashlib
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from skillphysics.domains import COUNT, one_of
from skillphysics.errors import ArgumentError
from skillphysics.sweeps.engines.engine import Crew, Engine, WorkerLostError
from skillphysics.sweeps.work import Outcome, Task, one_thread, work

_CLUSTER = one_of("slurm", "local")
# Seconds between looks at the jobs, which are looked at together.
_POLL = {"slurm": 5.0, "local": 0.2}
# A job whose result is missing is lost if this many looks in a row do not find it in the queue.
_MISSED = 3


@dataclass(frozen=True)
class Slurm(Engine):
    """Jobs of Slurm, as one array (`pip install 'skillphysics[cluster]'`).

    Each element of the array computes a share of the cells, with one thread unless it has GPUs.
    The process that submits them waits, but may end: jobs go on, and a sweep that is started again
    waits for them before it submits what is then missing. A job that is preempted or out of time is
    queued again and goes on with what the store lacks. The nodes must see the folder of the store.

    Attributes:
        jobs: the most elements of the array.
        minutes: time limit of a job.
        partition: the partition, or None for the usual one.
        account: the account, or None for the usual one.
        memory: of a job, as Slurm writes it ("4GB"), or None for the usual.
        gpus: GPUs per job.
        cluster: "slurm", or "local" for processes on this machine in place of jobs, to try a sweep
            out.

    Raises:
        ArgumentError: a number is no positive integer, or the cluster has another name.

    Example:
        >>> Slurm(jobs=20, partition="short").minutes
        60
    """

    jobs: Annotated[int, COUNT] = 100
    minutes: Annotated[int, COUNT] = 60
    partition: str | None = None
    account: str | None = None
    memory: str | None = None
    gpus: Annotated[int | None, COUNT] = None
    cluster: Annotated[str, _CLUSTER] = "slurm"

    outlives: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for name in ("jobs", "minutes", "gpus"):
            if getattr(self, name) is not None:
                COUNT.check(name, getattr(self, name))
        _CLUSTER.check("cluster", self.cluster)

    @contextmanager
    def crew(self, n_task: int, folder: Path) -> Iterator[Crew]:
        """Jobs, which go on after this process.

        Raises:
            ArgumentError: submitit or Slurm is missing.
        """
        try:
            import submitit
        except ImportError as error:
            raise ArgumentError(
                "the engine slurm needs submitit; pip install 'skillphysics[cluster]'"
            ) from error
        if self.cluster == "slurm" and shutil.which("sbatch") is None:
            raise ArgumentError(
                "the engine slurm needs Slurm, and sbatch is not on the PATH; run on a login node, "
                "or try slurm(cluster='local')"
            )
        jobs = folder.resolve() / "jobs"
        executor = submitit.AutoExecutor(jobs, cluster=self.cluster)
        name = f"skillphysics-{hashlib.sha256(str(jobs).encode()).hexdigest()[:8]}"
        executor.update_parameters(name=name, **self._parameters())
        crew = _Array(
            executor, _Work(gpu=self.gpus is not None), self.cluster, min(self.jobs, n_task), name
        )
        try:
            yield crew
        finally:
            crew.close()
        shutil.rmtree(jobs, ignore_errors=True)

    def _parameters(self) -> dict[str, Any]:
        if self.cluster == "local":
            return {"timeout_min": self.minutes}
        given = {
            "slurm_partition": self.partition, "slurm_account": self.account,
            "slurm_mem": self.memory, "slurm_gpus_per_node": self.gpus,
        }  # fmt: skip
        # All elements may run at once; the cluster decides how many do.
        usual = {"timeout_min": self.minutes, "cpus_per_task": 1, "slurm_array_parallelism": 10_000}
        return {**usual, **{name: value for name, value in given.items() if value is not None}}


class _Work:
    """`work` in a job, which submitit queues again when it is preempted."""

    def __init__(self, *, gpu: bool) -> None:
        self._gpu = gpu

    def __call__(self, task: Task) -> Outcome | Exception:
        with nullcontext() if self._gpu else one_thread():
            try:
                return work(task)
            except Exception as error:  # noqa: BLE001
                return error

    def checkpoint(self, task: Task) -> Any:
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, task)


class _Array(Crew):
    all_at_once = True

    def __init__(self, executor: Any, work: _Work, cluster: str, size: int, name: str) -> None:
        self._executor, self._work = executor, work
        self._cluster, self._size, self._name = cluster, size, name
        self._closed = threading.Event()
        self._jobs: list[tuple[Any, Future[Outcome]]] = []
        self._thread = threading.Thread(target=self._look, daemon=True)

    @property
    def size(self) -> int:
        return self._size

    def is_busy(self) -> bool:
        """Whether jobs of an earlier call for this store are in the queue."""
        return self._cluster == "slurm" and bool(_queued(self._name))

    def submit(self, tasks: Sequence[Task]) -> "list[Future[Outcome]]":
        jobs = self._executor.map_array(self._work, tasks)
        futures: list[Future[Outcome]] = [Future() for _ in jobs]
        self._jobs += zip(jobs, futures, strict=True)
        if not self._thread.is_alive():
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()
        return futures

    def close(self) -> None:
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join()

    def _look(self) -> None:
        missed = 0
        while self._jobs and not self._closed.wait(_POLL[self._cluster]):
            waiting = []
            for job, future in self._jobs:
                if job.paths.result_pickle.exists():
                    _pass_on(job, future)
                else:
                    waiting.append((job, future))
            self._jobs = waiting
            gone = self._cluster == "slurm" and waiting and _queued(self._name) == set()
            missed = missed + 1 if gone else 0
            for job, future in waiting:
                ended = self._cluster == "local" and job.done()
                if (ended or missed >= _MISSED) and not job.paths.result_pickle.exists():
                    self._jobs.remove((job, future))
                    future.set_exception(
                        WorkerLostError(f"job {job.job_id} ended without a result; see "
                                        f"{job.paths.stderr}")
                    )  # fmt: skip


def _pass_on(job: Any, future: "Future[Outcome]") -> None:
    try:
        answer = job.result()
    except Exception as error:  # noqa: BLE001
        answer = WorkerLostError(f"job {job.job_id} ended without a result: {error}")
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _queued(name: str) -> set[str] | None:
    """The jobs of this name that wait or run; None where Slurm does not answer."""
    command = [shutil.which("squeue") or "squeue", "--noheader", "--name", name, "--format", "%i"]
    try:
        asked = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return set(asked.stdout.split())
