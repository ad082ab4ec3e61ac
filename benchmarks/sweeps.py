"""What a sweep costs beside its cells: a plain loop is the reference.

    python benchmarks/sweeps.py

Prints the overhead for cells of one second, the time of 10 000 tiny cells and of opening them, and
what a second process gains.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import xarray as xr

from skillphysics.sweeps import Cell, Grid, Local, Store, computation_of, results, run, sweep


def wait(i: int, seconds: float = 1.0) -> xr.Dataset:
    """A cell that takes some time and no processor."""
    time.sleep(seconds)
    return xr.Dataset({"y": i})


def tiny(i: int, j: int) -> xr.Dataset:
    """A cell that takes no time."""
    return xr.Dataset({"y": ("x", np.array([i, j, i + j]))}, {"x": [1, 2, 3]})


def busy(i: int, size: int = 400) -> xr.Dataset:
    """A cell that keeps one core busy for about a fifth of a second."""
    total = 0.0
    for _ in range(12):
        matrix = np.full((size, size), 1.0 + i)
        total += float(np.linalg.eigvalsh(matrix)[-1])
    return xr.Dataset({"y": total})


def timed(call: Callable[[], object]) -> float:
    """Seconds of a call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def in_new_store(work: Callable[[Path], object]) -> float:
    """Seconds of work on a store that is empty, and is removed afterwards."""
    folder = Path(tempfile.mkdtemp())
    try:
        return timed(lambda: work(folder))
    finally:
        shutil.rmtree(folder)


def one_second(n_cell: int, workers: int) -> None:
    """The overhead for cells of one second."""
    plain = n_cell / workers
    spent = in_new_store(
        lambda folder: sweep(
            wait, {"i": range(n_cell)}, store=folder, engine=Local(workers=workers)
        )
    )
    print(f"{n_cell} cells of 1 s with {workers} processes: {spent:.1f} s, {spent / plain - 1:.1%} "
          "more than the cells alone, with the start of the processes")  # fmt: skip


def many(n_cell: int, workers: int) -> None:
    """Tiny cells: computed, kept, opened, read and found complete."""
    over = {"i": range(n_cell // 100), "j": range(100)}
    plain = timed(lambda: [tiny(i, j) for i in over["i"] for j in over["j"]])
    folder = Path(tempfile.mkdtemp())
    grid = Grid(computation_of(tiny), over, {})
    spent = timed(lambda: run(Store(folder), grid, Local(workers=workers)))
    n_file = len(list(folder.glob("*.nc")))
    opened = median(timed(lambda: results(Store(folder), grid)) for _ in range(3))
    read = timed(lambda: results(Store(folder), grid).load())
    again = timed(lambda: run(Store(folder), grid, Local(workers=workers)))
    print(f"{n_cell} tiny cells: {spent:.1f} s in {n_file} files (a plain loop that keeps nothing: "
          f"{plain:.1f} s); opened in {opened:.2f} s, read whole in {read:.2f} s, found complete "
          f"in {again:.2f} s")  # fmt: skip
    shutil.rmtree(folder)


def one_file_each(n_cell: int) -> None:
    """The worst case of opening: every cell in a file of its own."""
    from skillphysics.sweeps.store import Done

    folder = Path(tempfile.mkdtemp())
    computation = computation_of(tiny)
    grid = Grid(computation, {"i": range(n_cell // 100), "j": range(100)}, {})
    store = Store(folder)
    spent = timed(
        lambda: [store.add([Done(Cell(computation, c.settings), tiny(**c.settings), 0.0)])
                 for c in grid.cells]
    )  # fmt: skip
    opened = timed(lambda: results(Store(folder), grid))
    print(f"{n_cell} cells in a file each: written in {spent / n_cell * 1e3:.1f} ms each, opened "
          f"in {opened:.1f} s")  # fmt: skip
    shutil.rmtree(folder)


def throughput(n_cell: int) -> None:
    """What a second process gains."""
    plain = timed(lambda: [busy(i) for i in range(n_cell // 4)]) * 4
    times = {
        workers: in_new_store(
            lambda folder, w=workers: sweep(
                busy, {"i": range(n_cell)}, store=folder, engine=Local(workers=w)
            )
        )
        for workers in (1, 2)
    }
    print(
        f"{n_cell} busy cells: {plain:.1f} s in a plain loop with all threads, {times[1]:.1f} s "
        f"with one process, {times[2]:.1f} s with two: {times[1] / times[2]:.2f} times as fast"
    )


def main() -> None:
    """Print all measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="A tenth of everything.")
    scale = 10 if parser.parse_args().quick else 1
    one_second(120 // scale, 2)
    many(10_000 // scale, 2)
    one_file_each(10_000 // scale)
    throughput(200 // scale)


if __name__ == "__main__":
    main()
