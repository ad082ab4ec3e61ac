"""What a store knows of its sweeps: what was asked for, how far it is, and a log to read."""

import hashlib
import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from skillphysics.io.files import replacing, writing
from skillphysics.sweeps.computation import computation_of
from skillphysics.sweeps.grid import Grid
from skillphysics.sweeps.store import Store, StoreError

_FOLDER, _LOG = "sweeps", "sweep.log"
_FORMAT = 1
# The pace is that of the files of this many seconds.
_RECENT = 600.0


@dataclass(frozen=True)
class Record:
    """A sweep that was started in a store.

    Attributes:
        name: a name for people.
        compute: the name of the computation.
        over: the grid, or the list of settings.
        settings: the same in all cells.
        together: the most cells that share a program.
        keys: of all cells.
        engine: where it ran last.
        started: when it was last started, in local time.
        host: the machine that started it.
        process: the number of the process that started it.
    """

    name: str
    compute: str
    over: Any
    settings: Mapping[str, Any]
    together: int
    keys: tuple[str, ...]
    engine: str
    started: str
    host: str
    process: int

    @classmethod
    def of(cls, grid: Grid, *, name: str, together: int, engine: str) -> "Record":
        """The record of a grid that this process starts now."""
        return cls(
            name=name,
            compute=grid.computation.name,
            over=grid.over,
            settings=grid.settings,
            together=together,
            keys=tuple(cell.key for cell in grid.cells),
            engine=engine,
            started=datetime.now().astimezone().isoformat(timespec="seconds"),
            host=socket.gethostname(),
            process=os.getpid(),
        )

    @property
    def id(self) -> str:
        """A hash of what is computed: the same grid and sources have the same."""
        return hashlib.sha256("".join(self.keys).encode()).hexdigest()[:12]

    @property
    def grid(self) -> Grid:
        """The grid, with the sources of today.

        Raises:
            ArgumentError: the computation is gone.
        """
        return Grid(computation_of(self.compute), self.over, self.settings)

    def write(self, store: Store) -> None:
        """Keep it in the store.

        Raises:
            ArgumentError: the store cannot be written.
        """
        folder = store.folder / _FOLDER
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        with replacing(folder / f"{self.id}.json") as aside:
            text = json.dumps({"format": _FORMAT, **vars(self)}, indent=1, ensure_ascii=False)
            aside.write_text(text + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Progress:
    """How far a sweep is.

    Attributes:
        total: number of cells.
        done: those with a result.
        failed: those with an error.
        per_second: cells per second of the last ten minutes, NaN if there were none.
        running: whether the process that started it is alive; None if that is on another machine.
    """

    total: int
    done: int
    failed: int
    per_second: float
    running: bool | None


def records(store: Store) -> list[Record]:
    """The sweeps of a store, the one that was started last at the end.

    A record that cannot be read is left out: results do not depend on it.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from skillphysics.sweeps import sweep
        >>> with TemporaryDirectory() as folder:
        ...     _ = sweep("simulate linear", {"alpha": [1, 2]}, {"steps": 10}, store=folder)
        ...     [(one.name, one.over) for one in records(Store(Path(folder)))]
        [('simulate linear', {'alpha': [1, 2]})]
    """
    found = []
    for path in (store.folder / _FOLDER).glob("*.json"):
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            if held.pop("format") == _FORMAT:
                found.append(Record(**{**held, "keys": tuple(held["keys"])}))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return sorted(found, key=lambda one: one.started)


def progress_of(record: Record, store: Store) -> Progress:
    """How far a sweep of a store is."""
    entries = store.entries()
    there = [entries[key] for key in record.keys if key in entries]
    failed = sum(entry.failure is not None for entry in there)
    now = time.time()
    written = {entry.file: _written(entry.file) for entry in there}
    recent = [written[entry.file] for entry in there if now - written[entry.file] < _RECENT]
    begun = datetime.fromisoformat(record.started).timestamp()
    span = now - max(begun, now - _RECENT)
    pace = len(recent) / span if recent and span > 0 else float("nan")
    running = _is_alive(record.process) if record.host == socket.gethostname() else None
    return Progress(len(record.keys), len(there) - failed, failed, pace, running)


class Log:
    """The log of a store: a line per event, with the time, appended to a text file.

    Raises:
        StoreError: the store cannot be written.
    """

    def __init__(self, store: Store, name: str) -> None:
        self._path, self._name = store.folder / _LOG, name

    def __call__(self, text: str) -> None:
        """Append a line."""
        stamp = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{stamp}  {self._name}: {text}\n")
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror or error}") from error


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
