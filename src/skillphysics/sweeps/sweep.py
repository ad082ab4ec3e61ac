"""A sweep: all cells of a grid, computed by an engine and kept in a store."""

import sys
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future
from concurrent.futures import wait as wait_for
from pathlib import Path
from typing import Any

import xarray as xr

from skillphysics.domains import COUNT
from skillphysics.progress import progress_bar
from skillphysics.sweeps.computation import Cell, Computation, computation_of
from skillphysics.sweeps.engines import ENGINES, Crew, Engine, WorkerLostError
from skillphysics.sweeps.grid import Grid, Over, batches
from skillphysics.sweeps.record import Log, Record
from skillphysics.sweeps.results import assembled, labels
from skillphysics.sweeps.store import Done, Failure, Store
from skillphysics.sweeps.work import Outcome, Task

MOST_TOGETHER = 32
"""The most cells that share a program, unless another number is given."""

# How often a batch may take its process with it.
_MOST_LOSSES = 2
# Tasks per worker that are submitted, so that none waits for the next.
_AHEAD = 2
_MOST_IN_TASK = 256
# Seconds between lines in the log.
_LOG_EVERY = 30.0


def sweep(
    compute: "str | Computation | Callable[..., Any]",
    over: Over,
    settings: Mapping[str, Any] | None = None,
    *,
    store: Path | str,
    engine: str | Engine = "serial",
    together: int = MOST_TOGETHER,
    retry: bool = False,
    name: str | None = None,
) -> xr.Dataset:
    """Compute every cell of a grid that a store lacks, and open all results as one dataset.

    Results are kept as they come, so that a sweep that is interrupted or killed goes on where it
    was when it is called again. A cell is found by its settings and by the sources of what is
    computed: a change that alters no number, such as that of a docstring, computes nothing again.
    A cell that raises an error does not stop the others; its error is a result.

    Args:
        compute: a function from settings by keyword to an `xarray.Dataset` or Curves, or its name;
            see `computation_of`.
        over: values by the name of a setting, for every combination of them; or a list of settings,
            one mapping per cell.
        settings: the same in all cells.
        store: the folder of the store, made if it does not exist.
        engine: where to compute: "serial" (here), "local" (processes), "dask", "slurm", or an
            engine with options, such as `Local(workers=4)`.
        together: the most cells that share a program.
        retry: whether cells that have failed are computed again.
        name: what the log and `skillphysics sweep status` call it; the computation by default.

    Returns:
        The results, read from the store when they are used. Dimensions are those of the grid, then
        those of a cell; of a list of settings, `cell`, with the settings as coordinates. Cells that
        failed are NaN, and the variable `error` says why.

    Raises:
        ArgumentError: an argument is unusable.
        StoreError: the store cannot be written, or read.

    Warns:
        UserWarning: cells failed.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> grid = {"rate": [0.01, 0.02], "alpha": [1, 2]}
        >>> with TemporaryDirectory() as folder:
        ...     found = sweep("simulate linear", grid, {"steps": 100, "n_skill": 3}, store=folder)
        ...     dict(found["level"].sizes)
        {'rate': 2, 'alpha': 2, 'step': 101, 'skill': 3}
    """
    COUNT.check("together", together)
    chosen = ENGINES[engine]() if isinstance(engine, str) else engine
    grid = Grid(computation_of(compute), over, settings or {})
    opened = Store(Path(store))
    run(opened, grid, chosen, together=together, retry=retry, name=name)
    return results(opened, grid)


def run(
    store: Store,
    grid: Grid,
    engine: Engine,
    *,
    together: int = MOST_TOGETHER,
    retry: bool = False,
    name: str | None = None,
) -> None:
    """Compute what the store lacks of a grid, with a record and a log there; see `sweep`.

    Raises:
        StoreError: the store cannot be written.
    """
    title = name or grid.computation.name.rpartition("/")[2]
    cells = grid.cells
    if not missing(store, cells, retry=retry) and not store.damaged():
        return
    record = Record.of(grid, name=title, together=together, engine=type(engine).__name__.lower())
    record.write(store)
    log = Log(store, title)
    try:
        complete(store, cells, engine, together=together, retry=retry, log=log, description=title)
    except KeyboardInterrupt:
        log("interrupted; start it again to go on")
        raise


def results(store: Store, grid: Grid) -> xr.Dataset:
    """The results of a grid as one dataset, without computing; see `sweep`.

    Warns:
        UserWarning: cells failed.
    """
    found = assembled(store, [cell.key for cell in grid.cells], grid.dims)
    found = found.assign_coords(
        {name: ("cell", labels(values)) for name, values in grid.varied.items()}
    )
    if "error" in found:
        errors = [error for error in found["error"].values.flat if error]
        warnings.warn(
            f"{len(errors)} of {len(grid.cells)} cells failed, the first with {errors[0]}; the "
            "variable 'error' holds them all",
            UserWarning,
            stacklevel=3,
        )
    return found


def missing(store: Store, cells: Sequence[Cell], *, retry: bool = False) -> list[Cell]:
    """The cells that a store lacks."""
    there = store.entries()
    return [
        cell for cell in cells
        if (entry := there.get(cell.key)) is None or (retry and entry.failure is not None)
    ]  # fmt: skip


def complete(
    store: Store,
    cells: Sequence[Cell],
    engine: Engine,
    *,
    together: int = MOST_TOGETHER,
    retry: bool = False,
    log: Callable[[str], None] = lambda text: None,  # noqa: ARG005
    description: str = "cells",
) -> None:
    """Compute what a store lacks of any cells, which may belong to different computations.

    Args:
        store: where the results go.
        cells: what is computed.
        engine: where.
        together: the most cells that share a program.
        retry: whether cells that have failed are computed again.
        log: called with a line for every event.
        description: what progress is of.

    Raises:
        StoreError: the store cannot be written, or the workers have other sources.
    """
    unique = list({cell.key: cell for cell in cells}.values())
    for path in store.damaged():
        log(f"{path.name} is damaged and is ignored; its cells are computed again")
    lacking = {cell.key for cell in missing(store, unique, retry=retry)}
    parts = [
        batch for batch in batches(unique, together) if any(c.key in lacking for c in batch)
    ]  # fmt: skip
    n_there = len(unique) - len(lacking)
    log(f"{len(unique)} cells, {n_there} of them there; {len(parts)} batches to compute")
    if parts:
        _Driver(store, parts, lacking, len(unique), log, description).drive(engine)


class _Driver:
    """Sends batches to workers and hears of them, until the store has all."""

    def __init__(
        self, store: Store, parts: Sequence[tuple[Cell, ...]], lacking: set[str], total: int,
        log: Callable[[str], None], description: str,
    ) -> None:  # fmt: skip
        self._store, self._log, self._description = store, log, description
        self._waiting = deque(parts)
        # Batches that are sent alone, since a worker was lost with them.
        self._alone: deque[tuple[Cell, ...]] = deque()
        self._sent: dict[Future[Outcome], list[tuple[Cell, ...]]] = {}
        self._lacking, self._total = lacking, total
        self._losses: Counter[str] = Counter()
        self._failed = 0
        # Seconds of one batch, as last measured.
        self._pace: float | None = None

    def drive(self, engine: Engine) -> None:
        begun = logged = time.monotonic()
        first = len(self._lacking)
        quiet = not sys.stderr.isatty()
        with progress_bar(self._total, self._description, quiet=quiet) as self._advance:
            self._advance(self._description, self._total - first)
            with engine.crew(len(self._waiting)) as crew:
                while self._waiting or self._alone or self._sent:
                    self._send(crew)
                    heard, _ = wait_for(self._sent, 1.0, FIRST_COMPLETED)
                    for future in heard:
                        self._hear(future, self._sent.pop(future))
                    if time.monotonic() - logged > _LOG_EVERY:
                        logged = time.monotonic()
                        self._log(self._state(first, logged - begun))
        spent = time.monotonic() - begun
        self._log(f"finished after {spent:.0f} s: {self._total} cells, {self._failed} failed now")

    def _send(self, crew: Crew) -> None:
        if crew.all_at_once:
            groups = _shares([*self._alone, *self._waiting], crew.size)
            self._waiting.clear()
            self._alone.clear()
        else:
            groups = []
            while (self._waiting or self._alone) and (
                len(self._sent) + len(groups) < _AHEAD * crew.size
            ):
                groups.append(self._next(crew))
        if groups:
            tasks = [Task.of(self._store.folder, g, late=crew.all_at_once) for g in groups]
            self._sent |= dict(zip(crew.submit(tasks), groups, strict=True))

    def _next(self, crew: Crew) -> list[tuple[Cell, ...]]:
        """The batches of the next task: as many as fill its time, and enough left for all."""
        if not self._waiting:
            return [self._alone.popleft()]
        count = 1
        if self._pace is not None:
            count = int(crew.seconds / max(self._pace, 1e-9))
        fair = -(-len(self._waiting) // (_AHEAD * crew.size))
        count = max(1, min(count, fair, _MOST_IN_TASK))
        return [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]

    def _hear(self, future: "Future[Outcome]", group: list[tuple[Cell, ...]]) -> None:
        try:
            outcome = future.result()
        except WorkerLostError as error:
            self._lost(group, error)
            return
        self._pace = outcome.seconds / len(group)
        for batch in group:
            for cell in batch:
                self._finished(cell, outcome.done.get(cell.key))

    def _finished(self, cell: Cell, error: str | None) -> None:
        if error is None or cell.key not in self._lacking:
            return
        self._lacking.discard(cell.key)
        self._advance(self._description)
        if error:
            self._failed += 1
            self._log(f"failed: {dict(cell.settings)}: {error}")

    def _lost(self, group: list[tuple[Cell, ...]], error: WorkerLostError) -> None:
        """Send again what the store still lacks; give up a cell that takes every worker with it."""
        self._log(f"{error}; what it had not written is sent again")
        there = self._store.entries()
        for batch in group:
            for cell in batch:
                if cell.key in there:
                    failure = there[cell.key].failure
                    self._finished(cell, failure.error if failure else "")
            if all(cell.key not in self._lacking for cell in batch):
                continue
            if len(group) > 1:
                self._alone.append(batch)
                continue
            self._losses[batch[0].key] += 1
            if self._losses[batch[0].key] < _MOST_LOSSES:
                self._alone.append(batch)
            elif len(batch) > 1:
                self._losses[batch[0].key] = 0
                self._alone += [(cell,) for cell in batch]
            else:
                text = f"WorkerLostError: {error}, {_MOST_LOSSES} times; perhaps out of memory"
                for cell in batch:
                    self._store.add([Done(cell, Failure(text, text), 0.0)])
                    self._finished(cell, text)

    def _state(self, first: int, spent: float) -> str:
        done = first - len(self._lacking)
        pace = done / spent
        left = f", about {len(self._lacking) / pace:.0f} s left" if pace else ""
        n_done = self._total - len(self._lacking)
        return f"{n_done} of {self._total} cells, {pace:.3g} per second{left}"


def _shares(parts: list[tuple[Cell, ...]], count: int) -> list[list[tuple[Cell, ...]]]:
    """Batches in `count` groups of nearly equal numbers, dealt out like cards."""
    return [parts[i::count] for i in range(min(count, len(parts)))]
