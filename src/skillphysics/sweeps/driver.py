"""The driver: sends batches of cells to workers until the store has them all."""

import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue

from skillphysics.progress import progress_bar
from skillphysics.sweeps.computation import Cell
from skillphysics.sweeps.engines import Crew, Engine, WorkerLostError
from skillphysics.sweeps.grid import batches
from skillphysics.sweeps.store import Done, Failure, Store, StoreError
from skillphysics.sweeps.work import Outcome, Task

MOST_TOGETHER = 32
"""The most cells that share a program, unless another number is given."""

# How often a batch may take its process with it.
_MOST_LOSSES = 2
# Tasks per worker that are submitted, so that none waits for the next.
_AHEAD = 2
_MOST_IN_TASK = 256
# Seconds between looks at what workers have written that do not report.
_LOOK_EVERY = 10.0
# Seconds between lines in the log.
_LOG_EVERY = 30.0


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
    log: Callable[[str], None] | None = None,
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

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from skillphysics.sweeps import Serial, computation_of
        >>> linear = computation_of("simulate linear")
        >>> cells = [Cell(linear, {"n_skill": n, "steps": 10}) for n in (2, 3)]
        >>> with TemporaryDirectory() as folder:
        ...     complete(Store(Path(folder)), cells, Serial())
        ...     len(Store(Path(folder)).entries())
        2
    """
    log = log or _silent
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
        lost = len(missing(store, unique))
        if lost:
            raise StoreError(
                f"{lost} of {len(unique)} cells are not in {store.folder}: files were removed or "
                "workers write elsewhere; keep the folder where it is, and start the sweep again"
            )


def _silent(text: str) -> None:
    """Write no log."""


class _Driver:
    """Sends batches to workers and hears of them, until the store has all."""

    def __init__(
        self, store: Store, parts: Sequence[tuple[Cell, ...]], lacking: set[str], total: int,
        log: Callable[[str], None], description: str,
    ) -> None:  # fmt: skip
        self._store, self._log, self._description = store, log, description
        self._waiting = deque(parts)
        # Tasks that are sent as they are, since a worker was lost with them.
        self._again: deque[list[tuple[Cell, ...]]] = deque()
        self._sent: dict[Future[Outcome], list[tuple[Cell, ...]]] = {}
        # Waiting for thousands of futures themselves takes time for each of them.
        self._done: SimpleQueue[Future[Outcome]] = SimpleQueue()
        self._lacking, self._total = lacking, total
        # Failures that are computed again.
        self._old = {key: e.file for key, e in store.entries().items() if key in lacking}
        self._cells = {cell.key: cell for batch in parts for cell in batch}
        self._losses: Counter[str] = Counter()
        self._failed = 0
        # Seconds of one batch, as last measured.
        self._pace: float | None = None

    def drive(self, engine: Engine) -> None:
        begun = logged = looked = time.monotonic()
        first = len(self._lacking)
        quiet = not sys.stderr.isatty()
        with progress_bar(self._total, self._description, quiet=quiet) as self._advance:
            self._advance(self._description, self._total - first)
            with engine.crew(len(self._waiting), self._store.folder) as crew:
                if crew.is_busy():
                    self._log("jobs of an earlier start are waited for")
                while crew.is_busy():
                    time.sleep(_LOOK_EVERY)
                    self._refresh()
                while self._waiting or self._again or self._sent:
                    self._send(crew)
                    for future in self._heard():
                        self._hear(future, self._sent.pop(future), crew)
                    if crew.all_at_once and time.monotonic() - looked > _LOOK_EVERY:
                        self._refresh()
                        looked = time.monotonic()
                    if time.monotonic() - logged > _LOG_EVERY:
                        logged = time.monotonic()
                        self._log(self._state(first, logged - begun))
        spent = time.monotonic() - begun
        self._log(f"finished after {spent:.0f} s: {self._total} cells, {self._failed} failed now")

    def _heard(self) -> list[Future[Outcome]]:
        """The tasks that are done, once there is one or a second has passed."""
        found = []
        try:
            found.append(self._done.get(timeout=1.0))
            while True:
                found.append(self._done.get_nowait())
        except Empty:
            return found

    def _send(self, crew: Crew) -> None:
        if crew.all_at_once:
            groups = [*self._again, *_shares([*self._waiting], crew.size)]
            self._waiting.clear()
            self._again.clear()
        else:
            groups = []
            while (self._waiting or self._again) and (
                len(self._sent) + len(groups) < _AHEAD * crew.size
            ):
                groups.append(self._next(crew))
        if groups:
            tasks = [
                Task.of(self._store.folder, g, late=crew.all_at_once, retry=self._old)
                for g in groups
            ]
            for future, group in zip(crew.submit(tasks), groups, strict=True):
                self._sent[future] = group
                future.add_done_callback(self._done.put)

    def _next(self, crew: Crew) -> list[tuple[Cell, ...]]:
        """The batches of the next task: as many as fill its time, and enough left for all."""
        if not self._waiting:
            return self._again.popleft()
        count = 1
        if self._pace is not None:
            count = int(crew.seconds / max(self._pace, 1e-9))
        fair = -(-len(self._waiting) // (_AHEAD * crew.size))
        count = max(1, min(count, fair, _MOST_IN_TASK))
        return [self._waiting.popleft() for _ in range(min(count, len(self._waiting)))]

    def _hear(self, future: "Future[Outcome]", group: list[tuple[Cell, ...]], crew: Crew) -> None:
        try:
            outcome = future.result()
        except WorkerLostError as error:
            self._lost(group, error, crew)
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

    def _lost(self, group: list[tuple[Cell, ...]], error: WorkerLostError, crew: Crew) -> None:
        """Send again what the store still lacks; give up a cell that takes every worker with it."""
        self._log(f"{error}; what it had not written is sent again")
        self._refresh()
        left = [batch for batch in group if any(cell.key in self._lacking for cell in batch)]
        if not left:
            return
        if not error.blame:
            self._again.append(left)
        elif len(group) > 1:
            # Jobs are few and long, and one that ran out of time needs no more than to be shorter.
            self._again += _shares(left, 2 if crew.all_at_once else len(left))
        else:
            self._blame(left[0], error)

    def _blame(self, batch: tuple[Cell, ...], error: WorkerLostError) -> None:
        first = batch[0].key
        self._losses[first] += 1
        if self._losses[first] < _MOST_LOSSES:
            self._again.append([batch])
        elif len(batch) > 1:
            self._losses[first] = 0
            self._again += [[(cell,)] for cell in batch]
        else:
            text = f"WorkerLostError: {error}, {_MOST_LOSSES} times; perhaps out of memory"
            for cell in batch:
                self._store.add([Done(cell, Failure(text, text), 0.0)])
                self._finished(cell, text)

    def _refresh(self) -> None:
        """Take what the store has as finished."""
        there = self._store.entries()
        for key in [key for key in self._lacking if key in there]:
            failure = there[key].failure
            if failure and there[key].file == self._old.get(key):
                continue
            self._finished(self._cells[key], failure.error if failure else "")
        self._waiting = deque(
            batch for batch in self._waiting if any(c.key in self._lacking for c in batch)
        )

    def _state(self, first: int, spent: float) -> str:
        done = first - len(self._lacking)
        pace = done / spent
        left = f", about {len(self._lacking) / pace:.0f} s left" if pace else ""
        n_done = self._total - len(self._lacking)
        return f"{n_done} of {self._total} cells, {pace:.3g} per second{left}"


def _shares(parts: list[tuple[Cell, ...]], count: int) -> list[list[tuple[Cell, ...]]]:
    """Batches in `count` groups of nearly equal numbers, dealt out like cards."""
    return [parts[i::count] for i in range(min(count, len(parts)))]
