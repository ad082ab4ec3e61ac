"""What a sweep will take, from one cell that is measured."""

import resource
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from skillphysics.errors import ArgumentError
from skillphysics.sweeps.computation import Cell, Settings, computation_of
from skillphysics.sweeps.driver import missing
from skillphysics.sweeps.grid import Grid, batches
from skillphysics.sweeps.store import Done, Store

# A cell that takes longer is measured once, with what it compiles.
_TWICE_BELOW = 60.0


@dataclass(frozen=True)
class Estimate:
    """What a sweep will take.

    Attributes:
        cells: number of cells.
        there: those that the store has.
        batches: sizes of the batches to compute.
        pilot: the settings of the cell that was measured; None if there is nothing to compute.
        first: seconds of the cell, compiling included.
        again: seconds of the same cell when it is compiled.
        memory: the most bytes of memory of its process.
        disk: bytes of its file.
    """

    cells: int
    there: int
    batches: tuple[int, ...]
    pilot: Settings | None = None
    first: float = 0.0
    again: float = 0.0
    memory: int = 0
    disk: int = 0

    def seconds(self, workers: int) -> float:
        """Seconds with so many processes: an upper bound, since cells of a batch share work.

        Each process compiles once.
        """
        missing = sum(self.batches)
        busy = max(1, min(workers, len(self.batches)))
        return (self.first - self.again) + missing * self.again / busy


def estimate(store: Store, grid: Grid, *, together: int, retry: bool = False) -> Estimate:
    """What a sweep will take, from its first missing cell, computed in a process of its own.

    Nothing is kept.

    Raises:
        ArgumentError: the cell fails; the message is its error.
    """
    lacking = {cell.key for cell in missing(store, grid.cells, retry=retry)}
    parts = [b for b in batches(grid.cells, together) if any(c.key in lacking for c in b)]
    sizes = tuple(len(part) for part in parts)
    there = len(grid.cells) - len(lacking)
    if not parts:
        return Estimate(len(grid.cells), there, sizes)
    pilot = next(cell for part in parts for cell in part if cell.key in lacking)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        asked = pool.submit(_measured, pilot.computation.name, pilot.settings)
        try:
            first, again, memory, disk = asked.result()
        except BrokenProcessPool as error:
            raise ArgumentError(
                f"the pilot cell {dict(pilot.settings)} ended its process; perhaps it needs too "
                "much memory"
            ) from error
        except Exception as error:
            raise ArgumentError(
                f"the pilot cell {dict(pilot.settings)} failed: {type(error).__name__}: {error}"
            ) from error
    return Estimate(len(grid.cells), there, sizes, pilot.settings, first, again, memory, disk)


def _measured(name: str, settings: Settings) -> tuple[float, float, int, int]:
    begun = time.monotonic()
    cell = Cell(computation_of(name), settings)
    result = cell.computation.run([cell.settings])[0]
    first = again = time.monotonic() - begun
    if first < _TWICE_BELOW:
        begun = time.monotonic()
        cell.computation.run([cell.settings])
        again = time.monotonic() - begun
    # In kilobytes, but on macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    with tempfile.TemporaryDirectory() as folder:
        written = Store(Path(folder)).add([Done(cell, result, first)])
        return first, again, memory, sum(path.stat().st_size for path in written)
