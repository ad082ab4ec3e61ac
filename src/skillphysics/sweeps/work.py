"""What a worker does: compute batches of cells and keep the results."""

import os
import time
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from skillphysics.sweeps.computation import Cell, computation_of
from skillphysics.sweeps.store import Done, Failure, Store, StoreError, check_storable

# Seconds of work after which results are written, and the most cells of one file.
_WRITE_AFTER, _MOST_IN_FILE = 10.0, 256
# Bytes of results after which they are written, so that many large ones do not fill the memory.
_MOST_BYTES = 2**27


@dataclass(frozen=True)
class Task:
    """Batches for one worker, as plain data that any process can receive.

    Attributes:
        folder: of the store.
        batches: per batch, the name of the computation and the settings and key of each cell.
        late: whether it may start long after it was made, so that the store is asked again what it
            lacks.
        retry: keys of the cells that are computed again if the store has an error for them.
    """

    folder: str
    batches: tuple[tuple[str, tuple[tuple[Mapping[str, Any], str], ...]], ...]
    late: bool = False
    retry: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, folder: Path, groups: Sequence[Sequence[Cell]], *, late: bool = False,
        retry: Collection[str] = (),
    ) -> "Task":  # fmt: skip
        """The task of some batches; of `retry`, what is among them."""
        named = tuple(
            (group[0].computation.name, tuple((cell.settings, cell.key) for cell in group))
            for group in groups
        )
        keys = {cell.key for group in groups for cell in group}
        return cls(str(folder.resolve()), named, late, frozenset(keys.intersection(retry)))


@dataclass(frozen=True)
class Outcome:
    """What a worker reports.

    Attributes:
        done: keys of the cells that the store now has, with their errors; "" where there is none.
        seconds: spent in computing.
        worker: a name of the process.
    """

    done: Mapping[str, str]
    seconds: float
    worker: str


def work(task: Task) -> Outcome:
    """Compute what the store lacks of a task, and write it there.

    An error in a cell is a result: it is written like one. If a batch fails, its cells are computed
    one by one.

    Raises:
        StoreError: the store cannot be written, or the sources here are not those of the task.
    """
    store = Store(Path(task.folder))
    begun, written = time.monotonic(), time.monotonic()
    waiting: list[Done] = []
    reported: dict[str, str] = {}
    there = _there(store, task) if task.late else {}
    for name, pairs in task.batches:
        computation = computation_of(name)
        cells = [Cell(computation, settings) for settings, _ in pairs]
        for cell, (_, key) in zip(cells, pairs, strict=True):
            if cell.key != key:
                raise StoreError(
                    f"the sources of {name} here differ from those of the process that started the "
                    "sweep; install the same version everywhere, or start the sweep again"
                )
        reported |= {cell.key: there[cell.key] for cell in cells if cell.key in there}
        missing = [cell for cell in cells if cell.key not in there]
        if missing:
            # The whole batch, so that numbers do not depend on what was there.
            done = _computed(cells)
            waiting += [one for one in done if one.cell.key not in there]
        late = time.monotonic() - written > _WRITE_AFTER
        size = sum(0 if isinstance(one.result, Failure) else one.result.nbytes for one in waiting)
        if late or len(waiting) >= _MOST_IN_FILE or size >= _MOST_BYTES:
            reported |= _written(store, waiting)
            waiting, written = [], time.monotonic()
    reported |= _written(store, waiting)
    return Outcome(reported, time.monotonic() - begun, f"{os.getpid()}")


def _there(store: Store, task: Task) -> dict[str, str]:
    """The errors of the cells of a task that need not be computed, "" where there is none."""
    entries = store.entries()
    keys = {key for _, pairs in task.batches for _, key in pairs}
    found = {}
    for key in keys & entries.keys():
        failure = entries[key].failure
        if store.is_sound(entries[key].file) and not (failure and key in task.retry):
            found[key] = failure.error if failure else ""
    return found


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute in one thread: processes do not fight, and sums are the same for any number of cores.

    JAX reads its number of threads when it starts, so this comes before.
    """
    os.environ["NPROC"] = "1"
    with threadpool_limits(1):
        yield


def _written(store: Store, done: Sequence[Done]) -> dict[str, str]:
    if done:
        store.add(done)
    return {
        one.cell.key: one.result.error if isinstance(one.result, Failure) else "" for one in done
    }


def _computed(cells: Sequence[Cell]) -> list[Done]:
    begun, process = time.monotonic(), os.getpid()
    try:
        results = cells[0].computation.run([cell.settings for cell in cells])
        for result in results:
            check_storable(result)
    # A function that calls sys.exit must not end the sweep.
    except (Exception, SystemExit) as error:  # noqa: BLE001
        if len(cells) > 1 and os.getpid() == process:
            return [one for cell in cells for one in _computed([cell])]
        results = [failure(error)]
    if os.getpid() != process:
        # The function forked, and this is the child, whose parent answers.
        os._exit(0)
    seconds = (time.monotonic() - begun) / len(cells)
    return [Done(cell, result, seconds) for cell, result in zip(cells, results, strict=True)]


def failure(error: BaseException) -> Failure:
    """An exception as data."""
    lines = _encodable("".join(traceback.format_exception(error)))
    try:
        first = _encodable(" ".join(str(error).split()))
    except Exception:  # noqa: BLE001
        first = "its message cannot be printed"
    return Failure(f"{type(error).__name__}: {first}" if first else type(error).__name__, lines)


def _encodable(text: str) -> str:
    """Text for files and terminals: what is no valid Unicode becomes its escape sequence."""
    return text.encode(errors="backslashreplace").decode()
