"""Lossless files of curves: netCDF, CSV and Parquet.

netCDF holds the dataset itself. CSV and Parquet hold a tidy table with one row per run, step and
skill and one column per variable, and a JSON header for everything else.
"""

import codecs
import csv
import hashlib
import json
import math
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xarray as xr

from skillphysics.curves import Curves
from skillphysics.dataset import DIMS
from skillphysics.errors import ArgumentError, CurvesError, LogError
from skillphysics.io.columns import BY_NAME, Columns
from skillphysics.io.files import replacing, write_netcdf
from skillphysics.io.parse import first_line, head, parse_json, short
from skillphysics.measure.log import Log, finished, make_table

FORMAT = "curves"

_MARK = "# skillphysics "
_ATTRIBUTE = "skillphysics"
_HDF5 = b"\x89HDF\r\n\x1a\n"
_VERSION = 1
_CHANGED = "its checksum does not match its content"
# Names of variables that netCDF accepts; others are stored under a stand-in.
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def save(curves: Curves, path: Path | str) -> None:
    """See `Curves.save`."""
    target = Path(path)
    writers: dict[str, Callable[[Curves, Path], None]] = {
        ".nc": _write_netcdf,
        ".csv": _write_csv,
        ".parquet": _write_parquet,
    }
    if target.suffix.lower() not in writers:
        raise ArgumentError(
            f"path must end in .nc, .csv or .parquet, got {str(path)!r}", argument="path"
        )
    with replacing(target) as temporary:
        writers[target.suffix.lower()](curves, temporary)


def load(path: Path | str) -> Curves:
    """See `Curves.load`."""
    source = Path(path)
    start = head(source).removeprefix(codecs.BOM_UTF8)
    if start.startswith(_HDF5):
        return _load_netcdf(source)
    if start.startswith(b"PAR1"):
        return _load_parquet(source)
    if start.startswith(_MARK.encode()):
        return _load_csv(source)
    raise LogError(
        f"{source} must be a file that Curves.save wrote (netCDF, CSV or Parquet); "
        "read a training log with read_curves"
    )


def detect(path: Path) -> bool:
    """Whether this is a file of curves, or any netCDF file."""
    start = head(path).removeprefix(codecs.BOM_UTF8)
    if start.startswith(b"PAR1"):
        try:
            return _ATTRIBUTE.encode() in (pq.read_schema(path).metadata or {})
        except (pa.ArrowException, ValueError, OSError):
            # The reader of tables reports what is wrong with the file.
            return False
    return start.startswith((_HDF5, _MARK.encode()))


def read(path: Path, columns: Columns = BY_NAME) -> Log:
    """The levels of a file of curves as a log, to compare it with logs; see `Curves.load`."""
    columns.allow(FORMAT)
    curves = load(path)
    level = curves.level if "run" in curves.level.dims else curves.level.expand_dims(run=[""])
    shape = level.shape
    run, step, skill = (np.asarray(level[axis].values) for axis in DIMS)
    index = np.indices(shape).reshape(3, -1)
    errors = (
        curves.dataset["level_stderr"].values.ravel() if "level_stderr" in curves.dataset else None
    )
    table = make_table(
        run=list(run[index[0]]),
        step=step[index[1]],
        task=list(skill[index[2]]),
        metric=["level"] * level.size,
        value=level.values.ravel(),
        stderr=errors,
    )
    return Log(finished(table), path, FORMAT, curves.axis)


# --- netCDF -----------------------------------------------------------------------------------


def _write_netcdf(curves: Curves, path: Path) -> None:
    dataset = curves.dataset
    stored = {
        str(name): f"variable-{i}" if _needs_stand_in(name, dataset) else str(name)
        for i, name in enumerate(dataset.variables)
    }
    header = {
        "version": _VERSION,
        "attrs": dataset.attrs,
        "variables": {
            file_name: {
                "name": name,
                "dims": list(dataset[name].dims),
                "coordinate": name in dataset.coords,
            }
            for name, file_name in stored.items()
        },
        "sha256": _digest(dataset),
    }
    written = dataset.rename(stored)
    written.attrs = {_ATTRIBUTE: json.dumps(header)}
    write_netcdf(written, path)


def _needs_stand_in(name: Hashable, dataset: xr.Dataset) -> bool:
    """Whether netCDF would reject the name, or take it for an axis."""
    if name in dataset.coords:
        return False
    return name in DIMS or _PLAIN_NAME.fullmatch(str(name)) is None


def _load_netcdf(path: Path) -> Curves:
    # Not through xarray: on a damaged file its backend fails once more when it is closed.
    with _undamaged(path), h5py.File(path, "r") as file:
        header = _header(file.attrs.get(_ATTRIBUTE), path)
        coords, variables = {}, {}
        for file_name, about in header["variables"].items():
            stored = file[file_name]
            if not isinstance(stored, h5py.Dataset):
                raise CurvesError(f"{file_name!r} must be a variable")
            is_text = h5py.check_string_dtype(stored.dtype) is not None
            values = stored.asstr()[()] if is_text else stored[()]
            into = coords if about["coordinate"] else variables
            into[about["name"]] = (tuple(about["dims"]), values)
        curves = Curves(xr.Dataset(variables, coords, header["attrs"]))
        if _digest(curves.dataset) != header["sha256"]:
            raise CurvesError(_CHANGED)
    return curves


# --- tidy tables ------------------------------------------------------------------------------


def _tidy(curves: Curves) -> tuple[dict[str, Any], list[np.ndarray]]:
    """The header and the columns of the table, labels first, in C order of the axes."""
    dataset = curves.dataset
    axes = [axis for axis in DIMS if axis in dataset.dims]
    sizes = [dataset.sizes[axis] for axis in axes]
    described, columns = [], []
    for name in [*axes, *(c for c in dataset.coords if c not in axes), *dataset.data_vars]:
        variable = dataset[name].variable
        shape = [
            size if axis in variable.dims else 1 for axis, size in zip(axes, sizes, strict=True)
        ]
        columns.append(np.broadcast_to(variable.values.reshape(shape), sizes).ravel())
        kind = "text" if variable.dtype == object else str(variable.dtype)
        role = "coordinate" if name in dataset.coords else "variable"
        described.append(
            {"name": str(name), "role": role, "dims": list(variable.dims), "type": kind}
        )
    header = {"version": _VERSION, "columns": described, "attrs": dataset.attrs}
    return header, columns


def _untidy(header: Mapping[str, Any], columns: Sequence[Sequence[Any] | np.ndarray]) -> Curves:
    described = header["columns"]
    axes = [axis for axis in DIMS if axis in {axis for one in described for axis in one["dims"]}]
    arrays = [_typed(values, one["type"]) for one, values in zip(described, columns, strict=True)]
    if [one["name"] for one in described[: len(axes)]] != axes:
        raise CurvesError(f"its first columns must be {', '.join(axes)}")
    index, labels = zip(*(_axis(arrays[i], axis) for i, axis in enumerate(axes)), strict=True)
    sizes = tuple(len(one) for one in labels)
    place = np.ravel_multi_index(index, sizes)
    if place.size != math.prod(sizes) or np.unique(place).size != place.size:
        raise CurvesError(
            f"it must have {math.prod(sizes)} rows, one for each of "
            + " × ".join(f"{n} {axis}s" for n, axis in zip(sizes, axes, strict=True))
            + f"; it has {place.size}, or some are repeated"
        )
    order = np.argsort(place)
    coords: dict[str, Any] = {axis: (axis, one) for axis, one in zip(axes, labels, strict=True)}
    variables: dict[str, Any] = {}
    for one, values in list(zip(described, arrays, strict=True))[len(axes) :]:
        whole = values[order].reshape(sizes)
        into = coords if one["role"] == "coordinate" else variables
        into[one["name"]] = (one["dims"], _narrowed(whole, axes, one))
    return Curves(xr.Dataset(variables, coords, header["attrs"]))


def _axis(values: np.ndarray, axis: str) -> tuple[np.ndarray, np.ndarray]:
    """The position of each row along an axis, and the labels of the axis."""
    if axis == "step":
        labels, index = np.unique(values, return_inverse=True)
        return index, labels
    place = {label: i for i, label in enumerate(dict.fromkeys(values))}
    labels = np.empty(len(place), dtype=object)
    labels[:] = list(place)
    return np.array([place[label] for label in values], dtype=np.int64), labels


def _narrowed(whole: np.ndarray, axes: Sequence[str], one: Mapping[str, Any]) -> np.ndarray:
    """A column over its own axes only, along the others of which it must not change."""
    first = whole[tuple(slice(None) if axis in one["dims"] else slice(1) for axis in axes)]
    same = (whole == first) | ((whole != whole) & (first != first))
    if not same.all():
        raise CurvesError(f"the column {one['name']!r} differs within one {one['dims']}")
    return first.reshape([whole.shape[i] for i, axis in enumerate(axes) if axis in one["dims"]])


def _typed(values: Sequence[Any] | np.ndarray, kind: str) -> np.ndarray:
    if kind == "text":
        array = np.empty(len(values), dtype=object)
        array[:] = list(values)
        return array
    if kind not in ("int64", "float32", "float64"):
        raise CurvesError(
            f"the type of a column must be text, int64, float32 or float64, got {short(kind)}"
        )
    if isinstance(values, np.ndarray):
        return values.astype(kind)
    if kind == "int64":
        return np.array([int(value) for value in values], dtype=np.int64)
    return np.array([float(value) if value else math.nan for value in values]).astype(kind)


def _write_csv(curves: Curves, path: Path) -> None:
    header, columns = _tidy(curves)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{_MARK}{json.dumps(header)}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(one["name"] for one in header["columns"])
        # Python's own floats print with as many digits as they need to come back the same.
        writer.writerows(zip(*(_printed(column) for column in columns), strict=True))


def _printed(column: np.ndarray) -> list[Any]:
    values = column.tolist()
    if column.dtype.kind == "f":
        return ["" if math.isnan(value) else repr(value) for value in values]
    return values


def _load_csv(path: Path) -> Curves:
    with _undamaged(path), path.open(encoding="utf-8-sig", newline="") as file:
        header = _header(file.readline().removeprefix(_MARK), path)
        reader = csv.reader(file, strict=True)
        names = next(reader, [])
        if names != [one["name"] for one in header["columns"]]:
            raise CurvesError("the line of column names does not match the header")
        rows = [row for row in reader if row]
        if not rows:
            raise CurvesError("it has no rows")
        for number, row in enumerate(rows, start=3):
            if len(row) != len(names):
                raise CurvesError(f"row {number} must have {len(names)} cells, got {len(row)}")
        return _untidy(header, list(zip(*rows, strict=True)))


def _write_parquet(curves: Curves, path: Path) -> None:
    header, columns = _tidy(curves)
    header["sha256"] = _digest(curves.dataset)
    arrays = [
        pa.array(list(column), pa.string()).dictionary_encode()
        if column.dtype == object
        else pa.array(column)
        for column in columns
    ]
    names = [one["name"] for one in header["columns"]]
    table = pa.Table.from_arrays(arrays, names=names)
    pq.write_table(table.replace_schema_metadata({_ATTRIBUTE: json.dumps(header)}), path)


def _load_parquet(path: Path) -> Curves:
    with _undamaged(path):
        table = pq.read_table(path, use_threads=False, memory_map=False)
        header = _header((table.schema.metadata or {}).get(_ATTRIBUTE.encode()), path)
        columns = [
            column.to_pylist() if one["type"] == "text" else column.to_numpy()
            for one, column in zip(header["columns"], table.columns, strict=True)
        ]
        curves = _untidy(header, columns)
        if _digest(curves.dataset) != header["sha256"]:
            raise CurvesError(_CHANGED)
    return curves


# --- shared by all three ---------------------------------------------------------------------


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into a `LogError`."""
    try:
        yield
    except LogError:
        raise
    except (
        pa.ArrowException,
        csv.Error,
        ArithmeticError,
        AttributeError,
        LookupError,
        MemoryError,
        OSError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise LogError(
            f"{path} is a damaged file of curves: {first_line(error)}; create it again"
        ) from error


def _header(text: Any, path: Path) -> dict[str, Any]:
    if isinstance(text, bytes):
        text = text.decode()
    if not isinstance(text, str):
        raise LogError(
            f"{path} was not written by skillphysics: it has no attribute {_ATTRIBUTE!r}; read it "
            "with xarray and pass the dataset to Curves"
        )
    header = parse_json(text, f"the header of {path}", "create the file again")
    if not isinstance(header, dict) or header.get("version") != _VERSION:
        found = header.get("version") if isinstance(header, dict) else header
        raise LogError(
            f"{path} has format version {short(found)}, and this skillphysics reads version "
            f"{_VERSION}; update skillphysics"
        )
    return header


def _digest(dataset: xr.Dataset) -> str:
    """A checksum of all values, because netCDF and Parquet miss many flipped bits."""
    total = hashlib.sha256(json.dumps(dataset.attrs, sort_keys=True).encode())
    for name in sorted(str(name) for name in dataset.variables):
        values = dataset[name].values
        total.update(json.dumps([name, dataset[name].dims, str(values.dtype)]).encode())
        if values.dtype == object:
            total.update(json.dumps(list(values)).encode())
        else:
            # A library may return another NaN than it was given.
            total.update(np.where(np.isnan(values), values.dtype.type(0), values).tobytes())
            total.update(np.isnan(values).tobytes())
    return total.hexdigest()
