"""The runs of several curves in one dataset."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from skillphysics.errors import ArgumentError, CurvesError

# Attributes of a log that belong together across runs.
_MERGED = ("tasks", "left_out")
_TEXT = ("source", "format")


def joined(datasets: Sequence[xr.Dataset], names: Sequence[str] | None) -> xr.Dataset:
    """See `Curves.concat`."""
    if not datasets:
        raise ArgumentError("curves must hold at least one, got none", argument="curves")
    if names is not None and len(names) != len(datasets):
        raise ArgumentError(
            f"names must hold {len(datasets)} names, one per entry of curves, got {len(names)}",
            argument="names",
        )
    axes = list(dict.fromkeys(dataset.attrs.get("axis", "steps") for dataset in datasets))
    if len(axes) > 1:
        raise CurvesError(f"curves must count the same on their axis, got {' and '.join(axes)}")
    runs = _run_names(datasets, names)
    every = [
        dataset if "run" in dataset.dims else dataset.expand_dims("run") for dataset in datasets
    ]
    # Of all steps in increasing order, of all skills in the order in which they first appear.
    steps = np.unique(np.concatenate([dataset["step"].values for dataset in every]))
    skills = list(dict.fromkeys(name for dataset in every for name in dataset["skill"].values))
    aligned = [
        _over_runs(dataset.drop_vars("run", errors="ignore"), steps, skills) for dataset in every
    ]
    whole = xr.concat(
        aligned, "run", data_vars="all", coords="minimal", join="exact", fill_value=np.nan
    )
    whole = whole.assign_coords(run=("run", np.array([n for own in runs for n in own], object)))
    whole.attrs = _attributes(datasets, [len(own) for own in runs])
    for name, coordinate in (("run_frequency", "frequency"), ("run_tokens", "tokens")):
        if name in whole:
            values = whole[name]
            if bool((values == values.isel(run=0)).all()):
                whole = whole.drop_vars(name).assign_coords(
                    {coordinate: values.isel(run=0, drop=True)}
                )
    return whole


def _run_names(datasets: Sequence[xr.Dataset], names: Sequence[str] | None) -> list[list[str]]:
    found = []
    for place, dataset in enumerate(datasets):
        own = [str(run) for run in dataset["run"].values] if "run" in dataset.dims else None
        if names is None:
            found.append(own or [str(dataset.attrs.get("run", place))])
        else:
            found.append([f"{names[place]}, {run}" for run in own] if own else [names[place]])
    every = [name for own in found for name in own]
    repeated = next((name for i, name in enumerate(every) if name in every[:i]), None)
    if repeated is not None:
        raise CurvesError(
            f"runs must have distinct names, got {repeated!r} more than once; set names"
        )
    return found


def _over_runs(dataset: xr.Dataset, steps: np.ndarray, skills: list[str]) -> xr.Dataset:
    """All steps and skills, NaN where not measured; frequencies and tokens vary with the run."""
    n_run = dataset.sizes["run"]
    for name, coordinate in (("run_frequency", "frequency"), ("run_tokens", "tokens")):
        if coordinate in dataset.coords:
            values = dataset[coordinate].drop_vars(coordinate)
            dataset = dataset.drop_vars(coordinate).assign({name: values})
    dataset = dataset.reindex(step=steps, skill=skills)
    return dataset.map(
        lambda values: values if "run" in values.dims else values.expand_dims(run=n_run)
    )


def _attributes(datasets: Sequence[xr.Dataset], n_runs: Sequence[int]) -> dict[str, Any]:
    every = [dataset.attrs for dataset in datasets]
    found: dict[str, Any] = {}
    for key in dict.fromkeys(key for attrs in every for key in attrs if key != "run"):
        values = [attrs.get(key) for attrs in every]
        if all(value == values[0] for value in values):
            found[key] = values[0]
        elif key in _MERGED:
            found[key] = _merged([value or {} for value in values])
        elif key in _TEXT:
            found[key] = ", ".join(dict.fromkeys(str(value) for value in values if value))
        elif key == "notes":
            found[key] = list(dict.fromkeys(note for notes in values for note in notes or ()))
        else:
            found[key] = [
                one
                for value, n_run in zip(values, n_runs, strict=True)
                for one in _per_run(value, n_run)
            ]
    return found


def _merged(mappings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {key: value for mapping in reversed(mappings) for key, value in mapping.items()}


def _per_run(value: Any, n_run: int) -> list[Any]:
    """One entry per run, which a training writes as a list where they differ."""
    return (
        value if n_run > 1 and isinstance(value, list) and len(value) == n_run else [value] * n_run
    )
