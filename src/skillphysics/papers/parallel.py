"""The parts of many figures at once: one process a core, one thread a process."""

import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from threading import current_thread, main_thread
from typing import Any, NamedTuple

import jax
import xarray as xr

from skillphysics.papers.cache import Cache, is_whole
from skillphysics.papers.recipe import Recipe
from skillphysics.progress import Advance, progress_bar

# A fork of a process with JAX's threads may hang.
_SPAWN = get_context("spawn")


def fill(cache: Cache, recipes: Sequence[Recipe], scale: str) -> None:
    """Compute all parts at a scale that the cache lacks.

    On CPUs in processes of one thread each, as many as there are cores: single runs of small
    networks keep few cores busy, and sums in several threads depend on how many there are, so that
    one thread gives the same numbers everywhere. What is finished is kept when the rest fails or is
    interrupted. On other devices one part after the other, in this process.

    A cache without a folder keeps nothing, and nothing is computed for it. In a script, call this
    below `if __name__ == "__main__":`, as the processes import the script.

    Raises:
        ArgumentError: there is no such scale, or the cache cannot be written.

    Example:
        >>> from skillphysics.papers import chosen
        >>> fill(Cache(None), chosen(["liu2025/fig4"]), "smoke")
    """
    tasks = _missing(cache, recipes, scale)
    with progress_bar(len(tasks), "figures") as told:
        if jax.default_backend() != "cpu":
            for task in tasks:
                _kept(cache, task)
                told(task.name)
        elif tasks:
            _share(cache, tasks, told)


class _Task(NamedTuple):
    name: str
    compute: Callable[..., xr.Dataset]
    settings: Mapping[str, Any]


def _missing(cache: Cache, recipes: Sequence[Recipe], scale: str) -> list[_Task]:
    """Each once, though figures share some."""
    found = {}
    for recipe in recipes:
        for name, settings in recipe.settings(scale).items():
            path = cache.path(recipe.compute, settings)
            if path is not None and not is_whole(path):
                found[path] = _Task(f"{recipe.name}, {name}", recipe.compute, settings)
    return list(found.values())


def _share(cache: Cache, tasks: Sequence[_Task], told: Advance) -> None:
    waiting = list(reversed(tasks))
    processes: list[BaseProcess] = []
    busy: dict[Any, _Task] = {}
    try:
        with _uninterrupted():
            for _ in range(min(_cores(), len(tasks))):
                here, there = _SPAWN.Pipe()
                processes.append(_SPAWN.Process(target=_work, args=(there, cache)))
                processes[-1].start()
                there.close()
                busy[here] = waiting.pop()
                here.send(busy[here])
        while busy:
            connection: Any
            for connection in wait(list(busy)):
                task = busy.pop(connection)
                _check(connection, task)
                told(task.name)
                if waiting:
                    busy[connection] = waiting.pop()
                    connection.send(busy[connection])
    finally:
        for process in processes:
            process.kill()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes that are started here ignore an interrupt, of which their parent tells."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _work(connection: Any, cache: Cache) -> None:
    """Compute what is sent, and send back what went wrong, or None."""
    # XLA's number of threads, read when it starts.
    os.environ["NPROC"] = "1"
    while True:
        try:
            task = connection.recv()
        except EOFError:
            # The parent has no more work, or is gone.
            return
        try:
            _kept(cache, task)
        except Exception as error:  # noqa: BLE001
            connection.send(error)
        else:
            connection.send(None)


def _check(connection: Any, task: _Task) -> None:
    try:
        error = connection.recv()
    except EOFError:
        raise RuntimeError(f"the process that computed {task.name} was killed") from None
    if error is not None:
        raise error


def _kept(cache: Cache, task: _Task) -> None:
    cache.get(task.compute, task.settings)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
