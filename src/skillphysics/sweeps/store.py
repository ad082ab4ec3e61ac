"""The store: a folder of immutable netCDF files, each with the results of some cells.

A file is named by a hash of its content, which is checked before it is believed. It is written
aside, forced to the disk and renamed, so that a reader never meets half of one, and two sweeps may
write at once. What is done is what the files say; there is no other index.
"""

import json
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from skillphysics.errors import ArgumentError, SkillphysicsError
from skillphysics.io.files import checksum, replacing, write_netcdf
from skillphysics.sweeps.computation import Cell

FORMAT = 1
FAILURE = "failure"
"""The variable of errors in the results of a sweep."""
_MANIFEST = "manifest"
_DIM = "cell"
_DIGITS = 32
# What `_write` names files; a folder may hold other files, which are none of the store's business.
_NAME = re.compile(rf"[^.].*\.[0-9a-f]{{{_DIGITS}}}\.nc")
_LIBRARIES = ("skillphysics", "jax", "numpy", "optax", "equinox", "diffrax")


class StoreError(SkillphysicsError):
    """A store or a file in it cannot be used: names it and the remedy."""


@dataclass(frozen=True)
class Failure:
    """Why a cell has no result.

    Attributes:
        error: the exception in one line, "ValueError: …".
        traceback: the whole traceback, as Python prints it.
    """

    error: str
    traceback: str


@dataclass(frozen=True)
class Done:
    """A cell that was computed.

    Attributes:
        cell: what was computed.
        result: its dataset, or why there is none.
        seconds: what it took, a share of what its batch took.
    """

    cell: Cell
    result: xr.Dataset | Failure
    seconds: float


@dataclass(frozen=True)
class Entry:
    """Where a cell is in a store.

    Attributes:
        key: of the cell.
        settings: of the cell.
        computation: the name of what was computed.
        file: the file.
        row: its place in the file.
        seconds: what it took.
        failure: why it has no result, or None.
    """

    key: str
    settings: Mapping[str, Any]
    computation: str
    file: Path
    row: int
    seconds: float
    failure: Failure | None


@dataclass(frozen=True)
class Layout:
    """What the results in a file have in common.

    Attributes:
        dims: the dimensions of each variable, by its name.
        types: the type of each variable, "float32", "text" or "bool".
        coordinates: the names of those that are coordinates.
        attributes: those that all results share.
    """

    dims: Mapping[str, tuple[str, ...]]
    types: Mapping[str, str]
    coordinates: tuple[str, ...]
    attributes: Mapping[str, Any]


@dataclass(frozen=True)
class Stored:
    """A file of a store.

    Attributes:
        path: the file.
        layout: of its results.
        entries: its cells.
        provenance: versions, machine and time.
    """

    path: Path
    layout: Layout
    entries: tuple[Entry, ...]
    provenance: Mapping[str, str]


@dataclass
class Store:
    """A folder of results, found by what was computed.

    Opening a store writes nothing; the folder is made when the first result is written.

    Attributes:
        folder: where it is.

    Raises:
        StoreError: the folder is a file, or cannot be read.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from skillphysics.sweeps import Cell, computation_of
        >>> cell = Cell(computation_of("simulate linear"), {"n_skill": 2, "steps": 10})
        >>> with TemporaryDirectory() as folder:
        ...     first = Store(Path(folder)).get(cell)
        ...     second = Store(Path(folder)).get(cell)
        >>> first.identical(second)
        True
    """

    folder: Path
    _files: dict[str, Stored | None] = field(default_factory=dict, init=False, repr=False)
    _sound: set[str] = field(default_factory=set, init=False, repr=False)

    def __post_init__(self) -> None:
        # A cell may change the working directory.
        self.folder = Path(self.folder).absolute()
        if self.folder.exists() and not self.folder.is_dir():
            raise StoreError(f"store must be a folder, got the file {self.folder}")

    # --- reading ------------------------------------------------------------------------------

    def files(self) -> Iterator[Stored]:
        """All files whose content can be read, in the order of their names."""
        for name in self._names():
            if name not in self._files:
                self._files[name] = _read_manifest(self.folder / name)
            stored = self._files[name]
            if stored is not None:
                yield stored

    def entries(self) -> dict[str, Entry]:
        """All cells by key. Of a key that is there more than once, a result before a failure."""
        found: dict[str, Entry] = {}
        for stored in self.files():
            for entry in stored.entries:
                before = found.get(entry.key)
                if before is None or (before.failure and not entry.failure):
                    found[entry.key] = entry
        return found

    def damaged(self) -> list[Path]:
        """The files whose content does not match their names, or cannot be read."""
        bad = []
        for name in self._names():
            stored = self._files.get(name)
            if name not in self._files:
                stored = self._files[name] = _read_manifest(self.folder / name)
            if stored is None or not self.is_sound(stored.path):
                self._files[name] = None
                bad.append(self.folder / name)
        return bad

    def is_sound(self, path: Path) -> bool:
        """Whether a file is as it was written; each is read once."""
        if path.name not in self._sound:
            try:
                found = checksum(path)
            except OSError:
                found = ""
            if _named_checksum(path) != found[:_DIGITS]:
                # Its cells are not there.
                self._files[path.name] = None
                return False
            self._sound.add(path.name)
        return True

    def read(self, entry: Entry) -> xr.Dataset:
        """The result of a cell, as it was computed.

        Raises:
            StoreError: the cell has none, or its file is damaged.
        """
        if entry.failure is not None:
            raise StoreError(f"the cell {dict(entry.settings)} failed: {entry.failure.error}")
        layout = self._stored(entry.file).layout
        with self._file(entry.file) as file:
            values = {
                name: (dims, _taken_from(file, layout, name, entry.row))
                for name, dims in layout.dims.items()
            }
        coords = {name: values.pop(name) for name in layout.coordinates}
        return xr.Dataset(values, coords, layout.attributes)

    def variable(self, path: Path, name: str) -> np.ndarray:
        """A variable of all cells of a file, [n_cell, …].

        Raises:
            StoreError: the file is damaged.
        """
        layout = self._stored(path).layout
        with self._file(path) as file:
            return _taken_from(file, layout, name, ())

    def shapes(self, stored: Stored) -> dict[str, tuple[int, ...]]:
        """The shapes of the variables of one cell of a file."""
        with self._file(stored.path) as file:
            found: Any = {name: file[_in_file(stored.layout, name)] for name in stored.layout.dims}
            return {name: variable.shape[1:] for name, variable in found.items()}

    @contextmanager
    def _file(self, path: Path) -> Iterator[h5py.File]:
        if not self.is_sound(path):
            raise StoreError(
                f"{path} is damaged: its content does not match its name; run the sweep again to "
                "compute its cells again"
            )
        with h5py.File(path, "r") as file:
            yield file

    def _stored(self, path: Path) -> Stored:
        stored = self._files.get(path.name) or _read_manifest(path)
        if stored is None:
            raise StoreError(f"{path} is damaged; run the sweep again to compute its cells again")
        return stored

    def get(self, cell: Cell) -> xr.Dataset:
        """The result of a cell, computed and kept if the store lacks it.

        Raises:
            StoreError: the folder cannot be written.
        """
        entry = self.entries().get(cell.key)
        if entry is not None and entry.failure is None and self.is_sound(entry.file):
            return self.read(entry)
        begun = datetime.now(UTC)
        result = cell.computation.run([cell.settings])[0]
        check_storable(result)
        self.add([Done(cell, result, (datetime.now(UTC) - begun).total_seconds())])
        return self.read(self.entries()[cell.key])

    # --- writing ------------------------------------------------------------------------------

    def add(self, done: Sequence[Done]) -> list[Path]:
        """Write results: one file for those of one form, one for failures.

        Returns:
            The files.

        Raises:
            StoreError: the folder cannot be written, or a result holds what netCDF cannot.
        """
        groups: dict[str, list[Done]] = {}
        for one in done:
            groups.setdefault(_form(one), []).append(one)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            return [_write(self.folder, group) for group in groups.values()]
        except OSError as error:
            raise StoreError(f"cannot write {self.folder}: {error.strerror or error}") from error
        except ArgumentError as error:
            raise StoreError(str(error)) from error

    def _names(self) -> list[str]:
        try:
            paths = list(self.folder.iterdir()) if self.folder.exists() else []
        except OSError as error:
            raise StoreError(f"cannot read {self.folder}: {error.strerror or error}") from error
        return sorted(path.name for path in paths if _NAME.fullmatch(path.name))


def provenance() -> dict[str, str]:
    """The versions of this program and its libraries, the machine, and the time."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    # Only if it was used: to ask for its devices would start it.
    jax = sys.modules.get("jax")
    started = jax is not None and getattr(jax, "_src", None) is not None
    device = jax.devices()[0].device_kind if started else "none"  # pyright: ignore[reportOptionalMemberAccess]
    return {
        "versions": json.dumps({"python": platform.python_version(), **versions}),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {device}",
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def check_storable(result: xr.Dataset) -> None:
    """Check that a file can hold a result.

    Raises:
        ArgumentError: a variable holds something else than numbers, text or flags, or has a name
            that is not text or that results of a sweep have.
    """
    for name in [*result.variables, *result.dims]:
        if not isinstance(name, str) or not _is_text(name):
            raise ArgumentError(
                f"names in a result must be text without null characters, got {name!r}; rename it"
            )
    for name, variable in result.variables.items():
        if _kind(str(name), variable) == "text" and not all(map(_is_text, variable.values.flat)):
            raise ArgumentError(
                f"text in {name!r} of a result must be valid Unicode without null characters"
            )
    if FAILURE in result.variables:
        raise ArgumentError(
            f"a result must not have a variable {FAILURE!r}, which names the errors of cells; "
            "rename it"
        )


def _is_text(value: str) -> bool:
    """Whether HDF5 can hold a text."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in value


def _form(one: Done) -> str:
    """What results in one file have in common."""
    if isinstance(one.result, Failure):
        return f"{one.cell.computation.name} failed"
    variables = {
        str(name): [list(map(str, v.dims)), list(v.shape), _kind(str(name), v)]
        for name, v in one.result.variables.items()
    }
    coordinates = sorted(map(str, one.result.coords))
    return json.dumps([one.cell.computation.name, variables, coordinates])


def _kind(name: str, variable: xr.Variable) -> str:
    kind = variable.dtype.kind
    if kind in "fiu":
        return str(variable.dtype)
    if kind == "b":
        return "bool"
    if kind == "U" or (kind == "O" and all(isinstance(v, str) for v in variable.values.flat)):
        return "text"
    raise ArgumentError(
        f"{name!r} of a result must hold numbers, text or flags, got type {variable.dtype}"
    )


def _write(folder: Path, done: Sequence[Done]) -> Path:
    cells: list[dict[str, Any]] = []
    for one in done:
        cell = {"key": one.cell.key, "settings": one.cell.settings, "seconds": one.seconds}
        if isinstance(one.result, Failure):
            cell |= {"error": one.result.error, "traceback": one.result.traceback}
        cells.append(cell)
    layout, variables = _stacked([one.result for one in done])
    manifest = {
        "format": FORMAT,
        "computation": done[0].cell.computation.name,
        "cells": cells,
        "layout": {
            "dims": layout.dims, "types": layout.types, "coordinates": layout.coordinates,
            "attributes": layout.attributes,
        },
    }  # fmt: skip
    dataset = xr.Dataset({**variables, _MANIFEST: ((), json.dumps(manifest))}, attrs=provenance())
    stem = "".join(c if c.isalnum() else "-" for c in done[0].cell.computation.name.split("/")[-1])
    written: list[Path] = []

    def named(temporary: Path) -> str:
        written.append(folder / f"{stem[-60:]}.{checksum(temporary)[:_DIGITS]}.nc")
        return written[0].name

    with replacing(folder / f"{stem[-60:]}.nc", named) as temporary:
        write_netcdf(dataset, temporary)
    return written[0]


def _stacked(results: Sequence[xr.Dataset | Failure]) -> tuple[Layout, dict[str, Any]]:
    """The variables of all results over cells, under names that netCDF accepts."""
    datasets = [one for one in results if isinstance(one, xr.Dataset)]
    if not datasets:
        return Layout({}, {}, (), {}), {_DIM: (_DIM, np.arange(len(results)))}
    first = datasets[0]
    common = {
        str(name): value
        for name, value in first.attrs.items()
        if _is_json(value) and all(_same(d.attrs.get(name), value) for d in datasets)
    }
    names = [str(name) for name in first.variables]
    layout = Layout(
        {n: tuple(map(str, first.variables[n].dims)) for n in names},
        {n: _kind(n, first.variables[n]) for n in names},
        tuple(str(name) for name in first.coords),
        common,
    )
    every = dict.fromkeys(dim for name in names for dim in layout.dims[name])
    dims = {d: d if _is_plain(d) else f"dim-{i}" for i, d in enumerate(every)}
    variables = {}
    for name in names:
        values = np.stack([np.asarray(d.variables[name].values) for d in datasets])
        if layout.types[name] == "text":
            values = values.astype(object)
        elif layout.types[name] == "bool":
            values = values.astype(np.uint8)
        own = (_DIM, *(dims[d] for d in layout.dims[name]))
        variables[_in_file(layout, name)] = (own, values)
    return layout, variables


def _in_file(layout: Layout, name: str) -> str:
    """The name of a variable in the file: its own, where netCDF and xarray accept it."""
    is_dim = any(name in dims for dims in layout.dims.values())
    plain = _is_plain(name) and not is_dim
    return name if plain else f"variable-{list(layout.dims).index(name)}"


def _is_plain(name: str) -> bool:
    return name.isidentifier() and name.isascii() and name not in (_DIM, _MANIFEST)


def _taken_from(file: h5py.File, layout: Layout, name: str, row: Any) -> np.ndarray:
    variable: Any = file[_in_file(layout, name)]
    return _restored(variable[row], layout.types[name])


def _restored(values: Any, kind: str) -> np.ndarray:
    if kind == "text":
        decode = np.frompyfunc(lambda v: v.decode() if isinstance(v, bytes) else str(v), 1, 1)
        return np.asarray(decode(values), dtype=object)
    return np.asarray(values).astype(kind)


def _named_checksum(path: Path) -> str:
    return path.stem.rpartition(".")[2]


def _read_manifest(path: Path) -> Stored | None:
    """What a file says of itself; None where it cannot be read."""
    try:
        with h5py.File(path, "r") as file:
            found = json.loads(file[_MANIFEST].asstr()[()])  # pyright: ignore
            about = {str(name): str(value) for name, value in file.attrs.items() if name in _ABOUT}
        if found["format"] != FORMAT:
            return None
        layout = Layout(
            {name: tuple(dims) for name, dims in found["layout"]["dims"].items()},
            found["layout"]["types"],
            tuple(found["layout"]["coordinates"]),
            found["layout"]["attributes"],
        )
        entries = tuple(
            Entry(
                cell["key"],
                cell["settings"],
                found["computation"],
                path,
                row,
                cell["seconds"],
                Failure(cell["error"], cell["traceback"]) if "error" in cell else None,
            )
            for row, cell in enumerate(found["cells"])
        )
    except Exception:  # noqa: BLE001
        # A damaged file can make HDF5 and JSON raise anything.
        return None
    return Stored(path, layout, entries, about)


_ABOUT = ("versions", "machine", "written")


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _same(left: Any, right: Any) -> bool:
    return _is_json(left) and json.dumps(left) == json.dumps(right)
