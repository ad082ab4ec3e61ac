"""How far a sweep scales: measured costs, in a simulation of up to a thousand workers.

    python studies/thousand_workers.py [--picture FILE.png]

Measured are what the driver spends on a task and on a cell, and what a worker spends on writing a
file. A discrete-event simulation then gives them to any number of workers: the driver does one
thing at a time, and a worker without a task waits for it.
"""

import argparse
import heapq
import pickle
import queue
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from skillphysics.sweeps import Cell, Engine, Grid, Store, computation_of
from skillphysics.sweeps.driver import complete
from skillphysics.sweeps.engines import Crew
from skillphysics.sweeps.store import Done
from skillphysics.sweeps.work import Outcome, Task

# As the driver has it: seconds of work in a task, batches in a task, tasks ahead per worker.
TASK_SECONDS, MOST_BATCHES, AHEAD = 5.0, 256, 2
MOST_WORKERS = 1000


@dataclass(frozen=True)
class Costs:
    """Seconds that each thing takes."""

    task: float
    cell: float
    file: float
    written: float


def numbers(i: int) -> xr.Dataset:
    """A cell with curves of a usual size."""
    return xr.Dataset({"level": (("step", "skill"), np.full((200, 10), float(i)))})


class Instant(Engine):
    """Workers that do nothing, one after the other as fast as they can: the driver takes the time.

    Tasks are written and read as they are when they are sent to a process.
    """

    def __init__(self, size: int, cells_per_task: int) -> None:
        self.size, self.pace = size, TASK_SECONDS / cells_per_task

    @contextmanager
    def crew(self, *_: object, **__: object) -> Iterator[Crew]:
        """Workers in a thread."""
        crew = _Instant(self.size, self.pace)
        thread = threading.Thread(target=crew.work, daemon=True)
        thread.start()
        yield crew
        crew.waiting.put(None)
        thread.join()


class _Instant(Crew):
    """See `Instant`."""

    def __init__(self, size: int, pace: float) -> None:
        self._size, self._pace = size, pace
        self.waiting: queue.SimpleQueue[tuple[Future[Outcome], Outcome] | None] = (
            queue.SimpleQueue()
        )

    @property
    def size(self) -> int:
        return self._size

    def submit(self, tasks: Sequence[Task]) -> "list[Future[Outcome]]":
        futures: list[Future[Outcome]] = []
        for task in tasks:
            read = pickle.loads(pickle.dumps(task))  # noqa: S301
            keys = [key for _, pairs in read.batches for _, key in pairs]
            outcome = Outcome(dict.fromkeys(keys, ""), self._pace * len(keys), "")
            futures.append(Future())
            self.waiting.put((futures[-1], pickle.loads(pickle.dumps(outcome))))  # noqa: S301
        return futures

    def work(self) -> None:
        """Finish tasks in the order in which they are sent."""
        while (one := self.waiting.get()) is not None:
            one[0].set_result(one[1])


def measured() -> Costs:
    """The costs on this machine."""
    computation = computation_of(numbers)
    spent = {}
    for n_cell, per_task in ((4000, 1), (40_000, 200)):
        grid = Grid(computation, {"i": range(n_cell)}, {})
        _ = [cell.key for cell in grid.cells]
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter()
            complete(Store(Path(folder)), grid.cells, Instant(MOST_WORKERS, per_task))
            spent[per_task] = (time.perf_counter() - begun) / n_cell
    files = {}
    for n in (1, 100):
        done = [Done(Cell(computation, {"i": i}), numbers(i), 0.0) for i in range(n)]
        _ = [one.cell.key for one in done]
        with tempfile.TemporaryDirectory() as folder:
            store, times = Store(Path(folder)), []
            for _ in range(9):
                begun = time.perf_counter()
                store.add(done)
                times.append(time.perf_counter() - begun)
            files[n] = float(np.median(times))
    cell = spent[200]
    written = (files[100] - files[1]) / 99
    return Costs(spent[1] - cell, cell, files[1] - written, written)


def finished_after(costs: Costs, n_worker: int, n_cell: int, seconds: float) -> float:
    """When the last cell is done, with cells that take `seconds` each."""
    left, clock = n_cell, 0.0
    running: list[float] = []
    ready = 0
    while left or running:
        while left and len(running) + ready < AHEAD * n_worker:
            wanted = max(1, min(int(TASK_SECONDS / seconds), MOST_BATCHES))
            fair = -(-left // (AHEAD * n_worker))
            size = min(wanted, fair, left)
            left -= size
            clock += costs.task + size * costs.cell
            work = size * (seconds + costs.written) + costs.file
            # The task begins when it has arrived and a worker is free.
            begin = clock if len(running) < n_worker else sorted(running)[-n_worker]
            heapq.heappush(running, max(clock, begin) + work)
        if running:
            clock = max(clock, heapq.heappop(running))
    return clock


def main() -> None:
    """Print the costs and the table, and draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, help="A file for the picture.")
    picture = parser.parse_args().picture
    costs = measured()
    print(f"the driver: {costs.task * 1e3:.2f} ms per task and {costs.cell * 1e3:.3f} ms per cell; "
          f"a worker writes a file in {costs.file * 1e3:.1f} ms and "
          f"{costs.written * 1e3:.2f} ms per cell")  # fmt: skip
    counts = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
    lengths = (0.01, 0.1, 1.0, 10.0)
    speed = {
        seconds: [
            20 * n * max(1, int(1 / seconds))
            * seconds
            / finished_after(costs, n, 20 * n * max(1, int(1 / seconds)), seconds)
            for n in counts
        ]
        for seconds in lengths
    }  # fmt: skip
    print("workers  " + "  ".join(f"{seconds:>6g} s" for seconds in lengths))
    for place, n in enumerate(counts):
        print(f"{n:>7}  " + "  ".join(f"{speed[s][place]:>8.1f}" for s in lengths))
    if picture is not None:
        draw(counts, speed, picture)


def draw(counts: Sequence[int], speed: dict[float, list[float]], path: Path) -> None:
    """Speed over the number of workers."""
    import matplotlib as mpl

    from skillphysics.plotting import STYLE, by_rank, new_figure

    with mpl.rc_context(STYLE):
        figure = new_figure(5.5, 4)
        axis = figure.subplots()
        for colour, (seconds, values) in zip(by_rank(len(speed)), speed.items(), strict=True):
            share = np.array(values) / counts
            axis.plot(counts, share, ".-", color=colour, label=f"cells of {seconds:g} s")
        axis.set(xscale="log", ylim=(0, 1.02), xlabel="workers", ylabel="efficiency")
        axis.legend()
        figure.savefig(path, dpi=160)


if __name__ == "__main__":
    main()
