"""Processes on this machine, one thread each on CPUs, or one per GPU."""

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Annotated, Any

from skillphysics.domains import COUNT
from skillphysics.sweeps.engines.engine import Crew, Engine, EngineError, WorkerLostError
from skillphysics.sweeps.work import Outcome, Task, one_thread, work

# A fork of a process with JAX's threads may hang.
_SPAWN = get_context("spawn")
# What a process sends once it can compute.
_READY = "ready"
# Seconds between looks at processes, which a child of their own may keep from being noticed.
_LOOK_EVERY = 5.0


@dataclass(frozen=True)
class Local(Engine):
    """Processes on this machine, each started once, so that a program is compiled once per process.

    On CPUs every process has one thread: small networks keep few cores busy, and sums do not
    depend on how many cores there are. With GPUs there is one process per visible device.

    Attributes:
        workers: number of processes; by default one per GPU, or else one per core.

    Raises:
        ArgumentError: `workers` is not a positive integer.

    Example:
        >>> Local(workers=2)
        Local(workers=2)
    """

    workers: Annotated[int | None, COUNT] = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            COUNT.check("workers", self.workers)

    def workers_here(self) -> int:
        """The number of processes."""
        return self.workers or len(visible_gpus()) or available_cores()

    @contextmanager
    def crew(self, n_task: int, folder: Path) -> Iterator[Crew]:  # noqa: ARG002
        """Processes, which end with the context or with this process."""
        crew = _Processes(min(self.workers_here(), n_task), visible_gpus())
        try:
            yield crew
        finally:
            crew.close()


def visible_gpus() -> list[str]:
    """The GPUs that a process here would use, without starting them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if os.environ.get("JAX_PLATFORMS", "").startswith("cpu"):
        return []
    if chosen is not None:
        return [name.strip() for name in chosen.split(",") if name.strip() not in ("", "-1")]
    folder = Path("/proc/driver/nvidia/gpus")
    return [str(i) for i in range(len(list(folder.iterdir())))] if folder.is_dir() else []


class _Processes(Crew):
    """A thread gives tasks to processes and hears of results and of deaths."""

    def __init__(self, size: int, devices: Sequence[str]) -> None:
        self._devices = devices
        self._waiting: deque[tuple[Task, Future[Outcome]]] = deque()
        self._busy: dict[int, tuple[Task, Future[Outcome]]] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._broken: EngineError | None = None
        self._ready: set[int] = set()
        self._wake, self._woken = _SPAWN.Pipe()
        self._processes: list[BaseProcess] = []
        self._pipes: list[Any] = []
        with uninterrupted():
            for place in range(size):
                process, pipe = self._started(place)
                self._processes.append(process)
                self._pipes.append(pipe)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def size(self) -> int:
        return len(self._processes)

    def submit(self, tasks: Sequence[Task]) -> "list[Future[Outcome]]":
        futures: list[Future[Outcome]] = [Future() for _ in tasks]
        with self._lock:
            self._waiting += zip(tasks, futures, strict=True)
            if self._broken is not None:
                self._fail(self._broken)
        self._wake.send(None)
        return futures

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self._wake.send(None)
        self._thread.join()
        for process in self._processes:
            # What they write is written aside, so nothing is lost but time.
            process.kill()
        for process in self._processes:
            process.join()

    def _started(self, place: int) -> tuple[BaseProcess, Any]:
        here, there = _SPAWN.Pipe()
        device = self._devices[place % len(self._devices)] if self._devices else None
        process = _SPAWN.Process(target=_serve_tasks, args=(there, device), daemon=True)
        process.start()
        there.close()
        return process, here

    def _serve(self) -> None:
        try:
            self._pass_tasks()
        except Exception as error:  # noqa: BLE001
            # Whoever waits for a future must hear of it.
            with self._lock:
                self._fail(
                    error
                    if isinstance(error, EngineError)
                    else EngineError(
                        f"processes cannot be used any more: {error}; start the sweep again to go "
                        "on"
                    )
                )

    def _fail(self, error: EngineError) -> None:
        """End all tasks with an error, also those that are submitted later."""
        self._broken = error
        for _, future in [*self._busy.values(), *self._waiting]:
            future.set_exception(error)
        self._busy.clear()
        self._waiting.clear()

    def _pass_tasks(self) -> None:
        while True:
            with self._lock:
                if self._closed:
                    return
                free = [place for place in range(self.size) if place not in self._busy]
                for place in free[: len(self._waiting)]:
                    self._busy[place] = self._waiting.popleft()
                    self._send(place)
            sentinels = [process.sentinel for process in self._processes]
            ready = wait([self._woken, *self._pipes, *sentinels], _LOOK_EVERY)
            if self._woken in ready:
                self._woken.recv()
            for place in range(self.size):
                if not ready or self._pipes[place] in ready or sentinels[place] in ready:
                    self._hear(place)

    def _send(self, place: int) -> None:
        try:
            self._pipes[place].send(self._busy[place][0])
        except OSError:
            # It has died; its sentinel says so.
            return

    def _hear(self, place: int) -> None:
        pipe: Connection = self._pipes[place]
        try:
            answer = pipe.recv() if pipe.poll() else None
        except (EOFError, OSError):
            answer = None
        if answer == _READY:
            self._ready.add(place)
        elif answer is not None:
            _, future = self._busy.pop(place)
            if isinstance(answer, Outcome):
                future.set_result(answer)
            else:
                future.set_exception(answer)
        elif not self._processes[place].is_alive():
            code = self._processes[place].exitcode
            if place not in self._ready and code and code > 0:
                raise EngineError(
                    f"a worker process ended with code {code} before it was ready, for a reason "
                    "printed above; a script that sweeps by processes must do so below `if "
                    '__name__ == "__main__":`'
                )
            self._ready.discard(place)
            self._processes[place], self._pipes[place] = self._started(place)
            if place in self._busy:
                _, future = self._busy.pop(place)
                future.set_exception(WorkerLostError(f"a worker process ended with code {code}"))


def _serve_tasks(pipe: Any, device: str | None) -> None:
    """Compute what is sent, and send back the outcome or the error."""
    # An interrupt of the terminal goes to the parent alone, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if device is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = device
    with one_thread() if device is None else nullcontext():
        pipe.send(_READY)
        while True:
            try:
                task = pipe.recv()
            except EOFError:
                return
            try:
                answer: Any = work(task)
            except Exception as error:  # noqa: BLE001
                answer = error
            pipe.send(answer)


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore interrupts while processes start, which inherit that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def available_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
