"""The upkeep of a store: what it holds, and what can be removed."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skillphysics.errors import SkillphysicsError
from skillphysics.sweeps.computation import Cell, computation_of
from skillphysics.sweeps.store import Entry, Store, StoreError

# A file that is still being written is not older than this, in seconds.
_ABANDONED = 3600.0


@dataclass(frozen=True)
class Summary:
    """The cells of one computation in a store.

    Attributes:
        computation: its name.
        cells: number of cells with a result.
        failed: number of cells with an error.
        n_bytes: the size of its files.
        written: when the last file was written, in seconds since the epoch.
    """

    computation: str
    cells: int
    failed: int
    n_bytes: int
    written: float


@dataclass(frozen=True)
class Waste:
    """A file that can be removed, and why: "damaged", "abandoned", "repeated" or "outdated"."""

    path: Path
    why: str
    n_bytes: int


def summaries(store: Store) -> list[Summary]:
    """What a store holds, by computation in alphabetical order."""
    groups: dict[str, list[Entry]] = {}
    for entry in store.entries().values():
        groups.setdefault(entry.computation, []).append(entry)
    found = []
    for name, entries in sorted(groups.items()):
        stats = [path.stat() for path in {entry.file for entry in entries}]
        failed = sum(entry.failure is not None for entry in entries)
        found.append(
            Summary(
                name, len(entries) - failed, failed, sum(one.st_size for one in stats),
                max(one.st_mtime for one in stats),
            )
        )  # fmt: skip
    return found


def waste(store: Store, *, outdated: bool = False) -> list[Waste]:
    """The files that a store does not need.

    These are damaged files, files that a killed process was writing, and files all of whose cells
    are also in others.

    Args:
        store: the store.
        outdated: also files all of whose cells were computed by sources that have changed since.
    """
    damaged = set(store.damaged())
    found = [_waste(path, "damaged") for path in sorted(damaged)]
    found += [
        _waste(path, "abandoned")
        for path in sorted(store.folder.rglob(".*"))
        if path.is_file() and time.time() - path.stat().st_mtime > _ABANDONED
    ]
    used = {entry.file for entry in store.entries().values()}
    for stored in store.files():
        if stored.path not in used and stored.path not in damaged:
            found.append(_waste(stored.path, "repeated"))
        elif outdated and all(_is_outdated(entry) for entry in stored.entries):
            found.append(_waste(stored.path, "outdated"))
    return found


def remove(found: Sequence[Waste]) -> None:
    """Remove files.

    Raises:
        StoreError: one cannot be removed.
    """
    for one in found:
        try:
            one.path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot remove {one.path}: {error.strerror or error}") from error


def _waste(path: Path, why: str) -> Waste:
    return Waste(path, why, path.stat().st_size)


def _is_outdated(entry: Entry) -> bool:
    """Whether the cell would be stored under another key today; unknown where it cannot be made."""
    try:
        return Cell(computation_of(entry.computation), entry.settings).key != entry.key
    except SkillphysicsError:
        return False
