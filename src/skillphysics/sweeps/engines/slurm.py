"""Slurm, through submitit: one job array for all that is missing."""

import hashlib
import os
import shutil
import signal
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
from skillphysics.sweeps.engines.engine import Crew, Engine, EngineError, WorkerLostError
from skillphysics.sweeps.engines.local import available_cores
from skillphysics.sweeps.work import Outcome, Task, one_thread, work

_CLUSTER = one_of("slurm", "local")
# Seconds between looks at the jobs, which are looked at together.
_POLL = {"slurm": 5.0, "local": 0.2}
# A job whose result is missing is lost if this many looks in a row do not find it in the queue: a
# shared file system may show the result late.
_MISSED = 3
# Looks in a row that squeue may leave unanswered: ten minutes.
_UNANSWERED = 120
# A cluster takes no larger array, unless its MaxArraySize is raised.
_MOST_IN_ARRAY = 1000
# How often a job that runs out of time is queued again, before it is submitted anew in halves.
_MOST_RESTARTS = 3
# States of jobs that have ended, which squeue shows for some minutes, and those for which the cells
# are not to blame.
_UNTOUCHED = frozenset({"BOOT_FAIL", "CANCELLED", "NODE_FAIL", "PREEMPTED", "REVOKED"})
_ENDED = _UNTOUCHED | {"COMPLETED", "DEADLINE", "FAILED", "OUT_OF_MEMORY", "TIMEOUT"}


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
        # Processes on this machine all run at once.
        most = self.jobs if self.cluster == "slurm" else min(self.jobs, available_cores())
        work = _Work(gpu=self.gpus is not None)
        crew = _Array(executor, work, self.cluster, min(most, n_task), name)
        try:
            yield crew
        finally:
            crew.close()
        # Another process may have jobs for this store; unanswered, they may be there.
        if crew.others() == set():
            shutil.rmtree(jobs, ignore_errors=True)

    def _parameters(self) -> dict[str, Any]:
        if self.cluster == "local":
            return {"timeout_min": self.minutes}
        given = {
            "slurm_partition": self.partition, "slurm_account": self.account,
            "slurm_mem": self.memory, "slurm_gpus_per_node": self.gpus,
        }  # fmt: skip
        usual = {
            "timeout_min": self.minutes, "cpus_per_task": 1,
            # All elements may run at once; the cluster decides how many do.
            "slurm_array_parallelism": 10_000,
            "slurm_signal_delay_s": 30,
            "slurm_additional_parameters": {"requeue": True},
        }  # fmt: skip
        return {**usual, **{name: value for name, value in given.items() if value is not None}}


class _Work:
    """`work` in a job. Errors are returned, because submitit would keep their text alone."""

    def __init__(self, *, gpu: bool) -> None:
        self._gpu = gpu

    def __call__(self, task: Task) -> Outcome | Exception:
        # The handler of submitit raises an error amid a cell, which would be an error of the cell.
        signal.signal(signal.SIGUSR2, _queue_again)
        with nullcontext() if self._gpu else one_thread():
            try:
                return work(task)
            except Exception as error:  # noqa: BLE001
                return error


def _queue_again(number: int, frame: Any) -> None:  # noqa: ARG001
    """What a job does shortly before its time is over: it goes on later."""
    job, restarts = os.environ.get("SLURM_JOB_ID"), os.environ.get("SLURM_RESTART_COUNT", "0")
    if job is not None and int(restarts) < _MOST_RESTARTS:
        subprocess.run(["scontrol", "requeue", job], check=False)  # noqa: S603, S607
    os._exit(1)


@dataclass
class _Job:
    """A job that is waited for, and how many looks in a row have missed it."""

    job: Any
    future: "Future[Outcome]"
    missed: int = 0


class _Array(Crew):
    all_at_once = True

    def __init__(self, executor: Any, work: _Work, cluster: str, size: int, name: str) -> None:
        self._executor, self._work = executor, work
        self._cluster, self._size, self._name = cluster, size, name
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._jobs: list[_Job] = []
        self._own: set[str] = set()
        self._unanswered = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        return self._size

    def is_busy(self) -> bool:
        """Whether jobs of an earlier call for this store are in the queue.

        Raises:
            EngineError: Slurm does not answer for a long time.
        """
        if self._cluster == "local":
            return False
        while (others := self.others()) is None:
            self._closed.wait(_POLL["slurm"])
        return bool(others)

    def others(self) -> set[str] | None:
        """Jobs for this store that another process submitted; None where Slurm does not answer.

        Those of this process may leave the queue later than their results come.
        """
        states = self._states()
        if states is None:
            return None
        active = {number for number, state in states.items() if state not in _ENDED}
        return active - self._own

    def submit(self, tasks: Sequence[Task]) -> "list[Future[Outcome]]":
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        futures: list[Future[Outcome]] = []
        for start in range(0, len(tasks), _MOST_IN_ARRAY):
            part = tasks[start : start + _MOST_IN_ARRAY]
            try:
                jobs = self._executor.map_array(self._work, part)
            except (FailedJobError, FailedSubmissionError) as error:
                said = str(error).strip().splitlines()[-1].removeprefix("sbatch: error: ")
                raise ArgumentError(
                    f"Slurm refuses the jobs: {said}; change the options of the engine",
                    argument="engine",
                ) from error
            new = [_Job(job, Future()) for job in jobs]
            futures += [one.future for one in new]
            with self._lock:
                self._jobs += new
                self._own |= {one.job.job_id for one in new}
        return futures

    def close(self) -> None:
        self._closed.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._closed.wait(_POLL[self._cluster]):
            with self._lock:
                jobs = list(self._jobs)
            try:
                ended = [one for one in jobs if self._has_ended(one) and _passed_on(one)]
                waiting = [one for one in jobs if one not in ended]
                if waiting:
                    ended += self._lost(waiting)
            except Exception as error:  # noqa: BLE001
                for one in jobs:
                    if not one.future.done():
                        one.future.set_exception(error)
                ended = jobs
            with self._lock:
                self._jobs = [one for one in self._jobs if one not in ended]

    def _has_ended(self, one: _Job) -> bool:
        """Whether it may be read: a process here must also have been waited for."""
        return self._cluster == "slurm" or one.job.done()

    def _lost(self, waiting: list[_Job]) -> list[_Job]:
        """The jobs that are gone and have left no result."""
        states = self._states(waiting)
        if states is None:
            return []
        lost = []
        for one in waiting:
            state = states.get(one.job.job_id, "")
            gone = not state or state in _ENDED
            one.missed = one.missed + 1 if gone else 0
            if one.missed < _MISSED or _passed_on(one):
                continue
            said = _last_line(one.job.paths.stderr) or state.lower().replace("_", " ")
            about = f" ({said})" if said else ""
            one.future.set_exception(
                WorkerLostError(
                    f"job {one.job.job_id} ended without a result{about}",
                    blame=state not in _UNTOUCHED,
                )
            )
            lost.append(one)
        return lost

    def _states(self, waiting: Sequence[_Job] = ()) -> dict[str, str] | None:
        """The states of jobs by number; None where Slurm does not answer.

        Raises:
            EngineError: it has not answered for a long time.
        """
        if self._cluster == "local":
            return {one.job.job_id: "RUNNING" for one in waiting if not one.job.done()}
        states, said = _queued(self._name)
        self._unanswered = 0 if states is not None else self._unanswered + 1
        if self._unanswered > _UNANSWERED:
            raise EngineError(
                f"Slurm does not answer any more: {said}; its jobs go on, start the sweep again to "
                "collect them"
            )
        return states


def _passed_on(one: _Job) -> bool:
    """Whether a job has left a result, which its future then has."""
    from submitit.core.utils import pickle_load

    path = one.job.paths.result_pickle
    if one.future.done() or not path.exists():
        return one.future.done()
    _, answer = pickle_load(path)
    if isinstance(answer, Outcome):
        one.future.set_result(answer)
    elif isinstance(answer, Exception):
        one.future.set_exception(answer)
    else:
        # The text of a traceback from outside of the cells, as where nothing can be imported.
        said = str(answer).strip().splitlines()[-1]
        one.future.set_exception(
            EngineError(
                f"a job cannot compute: {said}; install the same packages on all nodes, and see "
                f"{one.job.paths.stderr}"
            )
        )
    return True


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def _queued(name: str) -> tuple[dict[str, str] | None, str]:
    """The states of the jobs of a name by number, None where Slurm does not answer, and its error.

    Jobs that have ended are among them for some minutes.
    """
    command = [
        shutil.which("squeue") or "squeue", "--noheader", "--array", "--states=all",
        f"--name={name}", "--format=%i %T",
    ]  # fmt: skip
    try:
        asked = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.SubprocessError) as error:
        return None, str(error)
    if asked.returncode:
        return None, " ".join(asked.stderr.split())
    return dict(line.split(" ", 1) for line in asked.stdout.splitlines()), ""
