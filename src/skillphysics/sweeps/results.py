"""Results of many cells as one dataset with named dimensions, read from the files when needed."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

from skillphysics.sweeps.store import FAILURE, Entry, Store, Stored, StoreError


def assembled(store: Store, keys: Sequence[str], dims: Mapping[str, Sequence[Any]]) -> xr.Dataset:
    """The results of a grid of cells as one dataset.

    Every variable has the dimensions of the grid, then its own. Labels along its own dimensions are
    joined over cells, and what a cell lacks is NaN. A coordinate that depends on the cell becomes a
    variable. Values are read when they are used, and the checksum of a file is compared first.

    Args:
        store: where the results are.
        keys: of the cells, in C order of the grid.
        dims: the labels along each dimension of the grid, by name.

    Returns:
        The dataset; with a variable `failure` over the grid if a cell failed.

    Raises:
        StoreError: results have a variable of two forms, one that is named as a dimension of the
            grid, or labels that cannot be joined.
    """
    entries = store.entries()
    found = [entries.get(key) for key in keys]
    shape = tuple(len(values) for values in dims.values())
    coords: dict[str, Any] = {name: (name, labels(values)) for name, values in dims.items()}
    variables: dict[str, Any] = {}
    if any(entry is not None and entry.failure for entry in found):
        errors = [e.failure.error if e is not None and e.failure else "" for e in found]
        variables[FAILURE] = (tuple(dims), np.array(errors, object).reshape(shape))
    there = {i: e for i, e in enumerate(found) if e is not None and not e.failure}
    if not there:
        return xr.Dataset(variables, coords)
    files = _opened(store, there)
    forms = _forms(files)
    own_dims = {dim for form in forms.values() for dim in form.dims}
    for name in sorted((set(forms) | own_dims) & set(dims)):
        raise StoreError(
            f"results have a variable or dimension {name!r}, which is also a dimension of the "
            "grid; rename one"
        )
    axes, places = _axes(files, forms)
    for name, form in forms.items():
        if form.dims == (name,):
            coords[name] = (name, axes[name])
            continue
        own = tuple(len(axes[dim]) for dim in form.dims)
        stacked = _Stacked(store, name, form, files, places, len(keys), shape, own)
        if form.is_coordinate:
            values = stacked[indexing.BasicIndexer((slice(None),) * len(stacked.shape))]
            first = next(iter(there))
            flat = values.reshape((len(keys), *own))[list(there)]
            if all(_equal(one, flat[0]) for one in flat):
                coords[name] = (form.dims, values.reshape((len(keys), *own))[first])
            else:
                variables[name] = ((*dims, *form.dims), values)
            continue
        lazy = indexing.LazilyIndexedArray(stacked)
        variables[name] = xr.Variable((*dims, *form.dims), lazy)
    # A dimension without labels has none here either.
    coords = {name: value for name, value in coords.items() if name in dims or name in forms}
    return xr.Dataset(variables, coords, _common([one.stored.layout.attributes for one in files]))


def labels(values: Sequence[Any]) -> np.ndarray:
    """The values of a setting as a coordinate: numbers if all are, otherwise text.

    Example:
        >>> labels([0.1, 0.2]).tolist(), labels(["adam", None]).tolist()
        ([0.1, 0.2], ['adam', 'null'])
    """
    if all(isinstance(value, int | float) for value in values):
        return np.array(values)
    text = np.empty(len(values), object)
    text[:] = [value if isinstance(value, str) else json.dumps(value) for value in values]
    return text


@dataclass(frozen=True)
class _File:
    """A file with the cells that are taken from it.

    Attributes:
        stored: the file.
        cells: places in the grid.
        rows: their rows in the file.
        shapes: of one cell of each variable.
        labels: the coordinates along dimensions, [n_cell, n_label] by dimension.
    """

    stored: Stored
    cells: tuple[int, ...]
    rows: tuple[int, ...]
    shapes: Mapping[str, tuple[int, ...]]
    labels: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class _Form:
    dims: tuple[str, ...]
    kinds: tuple[str, ...]
    is_coordinate: bool


def _opened(store: Store, there: Mapping[int, Entry]) -> list[_File]:
    every = {one.path: one for one in store.files()}
    found = []
    ordered = sorted(there.items(), key=lambda item: str(item[1].file))
    for path, group in groupby(ordered, key=lambda item: item[1].file):
        cells, entries = zip(*group, strict=True)
        stored = every[path]
        rows = tuple(entry.row for entry in entries)
        shapes = store.shapes(stored)
        along = {
            name: store.variable(path, name)[list(rows)]
            for name, dims in stored.layout.dims.items()
            if dims == (name,)
        }
        found.append(_File(stored, cells, rows, shapes, along))
    return found


def _forms(files: Sequence[_File]) -> dict[str, _Form]:
    """What is known of each variable, in the order in which they appear."""
    found: dict[str, _Form] = {}
    for file in files:
        layout = file.stored.layout
        for name, dims in layout.dims.items():
            kind, is_coordinate = layout.types[name], name in layout.coordinates
            before = found.get(name, _Form(dims, (), is_coordinate))
            if before.dims != dims:
                raise StoreError(
                    f"results differ in the dimensions of {name!r}: {before.dims} and {dims}; "
                    "sweep over them separately"
                )
            kinds = tuple(dict.fromkeys([*before.kinds, kind]))
            found[name] = _Form(dims, kinds, before.is_coordinate and is_coordinate)
    return found


_Places = dict[tuple[int, str], np.ndarray | None]
"""By cell and dimension: where its labels are along the axis; None where they are all of it."""


def _axes(
    files: Sequence[_File], forms: Mapping[str, _Form]
) -> tuple[dict[str, np.ndarray], _Places]:
    """The labels along each dimension of results, joined over cells, and where each cell's are."""
    axes: dict[str, np.ndarray] = {}
    places: _Places = {}
    for dim in dict.fromkeys(dim for form in forms.values() for dim in form.dims):
        rows = [
            (cell, row)
            for file in files
            if dim in file.labels
            for cell, row in zip(file.cells, file.labels[dim], strict=True)
        ]
        sizes = [
            file.shapes[name][form.dims.index(dim)]
            for name, form in forms.items()
            if dim in form.dims
            for file in files
            if name in file.shapes
        ]
        if not rows:
            axes[dim] = np.arange(max(sizes))
            continue
        if any(size != len(rows[0][1]) for size in sizes) and any(
            dim in form.dims and name in file.shapes and dim not in file.labels
            for name, form in forms.items()
            for file in files
        ):
            raise StoreError(
                f"results have labels along {dim!r} in some cells and none in others, and differ "
                "in its size; label it in all cells"
            )
        if all(_equal(row, rows[0][1]) for _, row in rows):
            axes[dim] = rows[0][1]
            continue
        for _, row in rows:
            if len(set(row.tolist())) < len(row) or _has_nan(row):
                raise StoreError(
                    f"labels along {dim!r} differ between cells, so they must be distinct numbers "
                    f"or text in each cell, got {row.tolist()[:10]}"
                )
        every = np.concatenate([row for _, row in rows])
        axes[dim] = (
            np.array(list(dict.fromkeys(every)), object)
            if every.dtype == object
            else np.unique(every)
        )
        place = {label: i for i, label in enumerate(axes[dim].tolist())}
        for cell, row in rows:
            places[cell, dim] = np.array([place[label] for label in row.tolist()])
    return axes, places


class _Stacked(BackendArray):
    """A variable of all cells, [*grid, *own], that is read from the files when it is indexed."""

    def __init__(
        self, store: Store, name: str, form: _Form, files: Sequence[_File], places: _Places,
        n_cell: int, grid: tuple[int, ...], own: tuple[int, ...],
    ) -> None:  # fmt: skip
        self._store, self._name, self._form, self._places = store, name, form, places
        self._where = {
            cell: (file, row)
            for file in files
            if name in file.shapes
            for cell, row in zip(file.cells, file.rows, strict=True)
        }
        whole = len(self._where) == n_cell and all(
            file.shapes[name] == own and (cell, dim) not in places
            for cell, (file, _) in self._where.items()
            for dim in form.dims
        )
        self.shape = (*grid, *own)
        self._grid, self._own = grid, own
        self.dtype = _type(form.kinds, whole)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        support = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        n = len(self._grid)
        cells = _taken(np.arange(math.prod(self._grid)).reshape(self._grid), 0, key[:n])
        fill: Any = "" if self.dtype == object else np.nan if self.dtype.kind == "f" else 0
        values = np.full((cells.size, *self._own), fill, self.dtype)
        wanted: dict[Path, list[tuple[int, int, int]]] = {}
        for place, cell in enumerate(np.ravel(cells).tolist()):
            if cell in self._where:
                file, row = self._where[cell]
                wanted.setdefault(file.stored.path, []).append((place, cell, row))
        for path, rows in wanted.items():
            data = self._store.variable(path, self._name)
            for place, cell, row in rows:
                within = [
                    slice(size) if (at := self._places.get((cell, dim))) is None else at
                    for dim, size in zip(self._form.dims, data.shape[1:], strict=True)
                ]
                if all(isinstance(one, slice) for one in within):
                    values[(place, *within)] = data[row]
                else:
                    spread = [
                        np.arange(one.stop) if isinstance(one, slice) else one for one in within
                    ]
                    values[place][np.ix_(*spread)] = data[row]
        return _taken(values.reshape((*np.shape(cells), *self._own)), np.ndim(cells), key[n:])


def _taken(values: np.ndarray, first: int, key: Sequence[Any]) -> np.ndarray:
    """Entries along the axes from `first` on, each indexed on its own."""
    for axis in reversed(range(len(key))):
        values = np.asarray(values[(slice(None),) * (first + axis) + (key[axis],)])
    return values


def _type(kinds: Sequence[str], whole: bool) -> np.dtype:
    """The type that holds the values of all cells, and NaN where one is missing."""
    if "text" in kinds:
        return np.dtype(object)
    found = np.result_type(*kinds)
    return found if whole or found.kind == "f" else np.dtype(np.float64)


def _has_nan(row: np.ndarray) -> bool:
    return row.dtype.kind == "f" and bool(np.any(np.isnan(row)))


def _equal(left: np.ndarray, right: np.ndarray) -> bool:
    if left.shape != right.shape:
        return False
    same = left == right
    if left.dtype.kind == "f":
        same = same | (np.isnan(left) & np.isnan(right))
    return bool(np.all(same))


def _common(attributes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    first = attributes[0]
    return {k: v for k, v in first.items() if all(a.get(k) == v for a in attributes)}
