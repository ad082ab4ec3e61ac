"""The dataset that holds skill curves: which dimensions, coordinates and variables it may have."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from skillphysics.domains import check_frequency, check_names
from skillphysics.errors import ArgumentError, CurvesError

DIMS = ("run", "step", "skill")


def canonical(dataset: xr.Dataset) -> xr.Dataset:
    """A copy with the dimensions in the order of `DIMS` and the types of this package.

    Raises:
        CurvesError: the dataset lacks something, or has something that curves cannot have.
    """
    if not isinstance(dataset, xr.Dataset):
        raise CurvesError(f"curves must be an xarray.Dataset, got {type(dataset).__name__}")
    if "level" not in dataset:
        raise CurvesError("the dataset must have a variable 'level'")
    dims = tuple(dim for dim in DIMS if dim in dataset["level"].dims)
    if set(dataset["level"].dims) != set(dims) or dims not in (DIMS, DIMS[1:]):
        raise CurvesError(
            "level must have the dimensions (step, skill) or (run, step, skill), got "
            f"{tuple(dataset['level'].dims)}"
        )
    attrs = dict(dataset.attrs)
    coords: dict[str, Any] = {
        "step": ("step", _steps(dataset)),
        "skill": ("skill", text_array(_labels(dataset, "skill"))),
    }
    if "run" in dims:
        coords["run"] = ("run", text_array(_labels(dataset, "run")))
    for name in dataset.coords:
        if name == "frequency":
            coords["frequency"] = ("skill", _frequency(dataset))
        elif name == "tokens":
            coords["tokens"] = ("step", _tokens(dataset))
        elif name == "run" and dataset["run"].ndim == 0:
            attrs["run"] = str(dataset["run"].item())
        elif name not in dims:
            raise CurvesError(
                f"curves cannot have a coordinate {name!r}; drop it, or make it a variable"
            )
    variables = {str(name): _variable(dataset, str(name), dims) for name in dataset.data_vars}
    return xr.Dataset(variables, coords, _attributes(attrs))


def _steps(dataset: xr.Dataset) -> np.ndarray:
    if "step" not in dataset.coords:
        raise CurvesError("the dataset must have a coordinate 'step'")
    steps = dataset["step"].values
    if steps.size == 0:
        raise CurvesError("curves must have at least one step, got none")
    if not np.issubdtype(steps.dtype, np.number) or np.issubdtype(steps.dtype, np.complexfloating):
        raise CurvesError(f"steps must be real numbers, got type {steps.dtype}")
    steps = steps.astype(np.int64 if np.issubdtype(steps.dtype, np.integer) else np.float64)
    if not np.isfinite(steps).all():
        place = int(np.argmin(np.isfinite(steps)))
        raise CurvesError(f"steps must be finite, got {steps[place]} at position {place}")
    if steps[0] < 0:
        raise CurvesError(f"steps must be non-negative, got {steps[0]}")
    fall = np.flatnonzero(np.diff(steps) <= 0)
    if fall.size:
        before, after = steps[fall[0]], steps[fall[0] + 1]
        raise CurvesError(f"steps must strictly increase, got {after} after {before}")
    return steps


def _labels(dataset: xr.Dataset, dim: str) -> tuple[str, ...]:
    """The labels along a dimension: distinct printable text."""
    if dim not in dataset.coords:
        raise CurvesError(f"the dimension {dim!r} must have a coordinate of names")
    try:
        return check_names((_plain(label) for label in dataset[dim].values), dim)
    except ArgumentError as error:
        raise CurvesError(str(error)) from error


def _plain(label: Any) -> Any:
    """A NumPy scalar as the Python value it holds, so that its type can be judged."""
    return label.item() if isinstance(label, np.generic) else label


def _frequency(dataset: xr.Dataset) -> np.ndarray:
    if dataset["frequency"].dims != ("skill",):
        raise CurvesError(
            f"frequency must have the dimension (skill,), got {dataset['frequency'].dims}"
        )
    try:
        return check_frequency(dataset["frequency"].values, dataset.sizes["skill"])
    except ArgumentError as error:
        raise CurvesError(str(error)) from error


def _tokens(dataset: xr.Dataset) -> np.ndarray:
    tokens = dataset["tokens"]
    if tokens.dims != ("step",) or not np.issubdtype(tokens.dtype, np.number):
        raise CurvesError(
            f"tokens must be numbers with the dimension (step,), got {tokens.dtype} with "
            f"{tokens.dims}"
        )
    values = tokens.values
    values = values.astype(np.int64 if np.issubdtype(values.dtype, np.integer) else np.float64)
    if not np.isfinite(values).all() or (np.diff(values) < 0).any() or values[0] < 0:
        raise CurvesError("tokens must be finite, non-negative and non-decreasing")
    return values


def _variable(dataset: xr.Dataset, name: str, dims: tuple[str, ...]) -> xr.Variable:
    variable = dataset[name].variable
    ordered = {"level": dims, "level_stderr": dims, "loss": dims[:-1]}.get(
        name, tuple(dim for dim in dims if dim in variable.dims)
    )
    if set(variable.dims) != set(ordered):
        raise CurvesError(f"{name} must have the dimensions {ordered}, got {variable.dims}")
    check_names([name], "the variables")
    if not (np.issubdtype(variable.dtype, np.number) or variable.dtype == bool):
        raise CurvesError(f"{name} must be numbers, got type {variable.dtype}")
    if np.issubdtype(variable.dtype, np.complexfloating):
        raise CurvesError(f"{name} must be real numbers, got complex numbers")
    kept = variable.dtype if variable.dtype in (np.float32, np.float64) else np.float64
    values = variable.transpose(*ordered).values.astype(kept)
    if np.isinf(values).any():
        place = np.unravel_index(int(np.argmax(np.isinf(values))), values.shape)
        where = ", ".join(
            f"{dim} {dataset[dim].values[i]}" for dim, i in zip(ordered, place, strict=True)
        )
        raise CurvesError(
            f"{name} must be finite, or NaN where nothing was measured; it is infinite at {where}"
        )
    if name == "level_stderr" and (values < 0).any():
        raise CurvesError("level_stderr must be non-negative, got a negative number")
    return xr.Variable(ordered, values)


def _attributes(attrs: Mapping[Any, Any]) -> dict[str, Any]:
    try:
        plain = json.loads(json.dumps(dict(attrs), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise CurvesError(f"the attributes must be JSON values: {error}") from error
    if not isinstance(plain.get("axis", ""), str):
        raise CurvesError(f"the attribute 'axis' must be text, got {plain['axis']!r}")
    return plain


def text_array(labels: Iterable[Any]) -> np.ndarray:
    """Labels as an object array: NumPy's fixed-width text drops trailing NULs silently."""
    values = list(labels)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
