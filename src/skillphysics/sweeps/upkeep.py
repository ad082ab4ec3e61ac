"""The upkeep of a store: what it holds, and what can be removed."""

import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skillphysics.errors import SkillphysicsError
from skillphysics.sweeps.computation import Cell, computation_of
from skillphysics.sweeps.store import Entry, Store, StoreError

# A file that is still being written is not older than this, in seconds.
_ABANDONED = 3600.0
# What `replacing` names the files that it writes aside. Other hidden files are somebody else's.
_ASIDE = re.compile(r"\..+\.(nc|json)\.[a-z0-9_]{8}\.\1")


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
        stats = [stat for path in {one.file for one in entries} if (stat := _stat(path))]
        failed = sum(entry.failure is not None for entry in entries)
        found.append(
            Summary(
                name, len(entries) - failed, failed, sum(one.st_size for one in stats),
                max((one.st_mtime for one in stats), default=0.0),
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
        for path in sorted([*store.folder.glob(".*"), *store.folder.glob("sweeps/.*")])
        if _ASIDE.fullmatch(path.name) and _age(path) > _ABANDONED
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
    stat = _stat(path)
    return Waste(path, why, stat.st_size if stat else 0)


def _age(path: Path) -> float:
    """Seconds since a file was written; 0 if it is gone."""
    stat = _stat(path)
    return time.time() - stat.st_mtime if stat else 0.0


def _stat(path: Path) -> os.stat_result | None:
    """What the system says of a file; None if another process has removed or renamed it."""
    try:
        return path.stat()
    except OSError:
        return None


def _is_outdated(entry: Entry) -> bool:
    """Whether the cell would be stored under another key today; unknown where it cannot be made."""
    try:
        return Cell(computation_of(entry.computation), entry.settings).key != entry.key
    except SkillphysicsError:
        return False
