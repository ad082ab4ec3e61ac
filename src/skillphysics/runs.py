"""Runs in one dataset of curves: joined from several, and grouped by what they differ in."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from skillphysics.errors import ArgumentError, CurvesError

# Attributes of a log that belong together across runs.
_MERGED = ("tasks", "left_out")
_TEXT = ("source", "format")
# A part of a run's name that only numbers it.
_SEED = re.compile(r"(?:seed[ =_-]?)?\d+", re.IGNORECASE)


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


def replicates(dataset: xr.Dataset) -> dict[str, list[int]]:
    """The places of runs that differ only in their seed, by a label of what else they are.

    Runs are alike if their names differ only in a number ("0", "adam, seed 1") and they agree in
    optimizer, learning rate, frequencies and whatever else is known of each run. Without the
    dimension `run`, there is one group.

    Example:
        >>> level = ("run", "step", "skill"), np.zeros((3, 1, 1))
        >>> names = ["lr 1, seed 0", "lr 1, seed 1", "lr 2, seed 0"]
        >>> replicates(xr.Dataset({"level": level}, {"run": names}))
        {'lr 1': [0, 1], 'lr 2': [2]}
    """
    if "run" not in dataset.dims:
        return {"": [0]}
    names = [str(name) for name in dataset["run"].values]
    bases = [
        ", ".join(part for part in name.split(", ") if not _SEED.fullmatch(part)) for name in names
    ]
    settings = list(zip(bases, _settings(dataset, names), strict=True))
    named = len(set(bases)) == len(set(settings))
    places: dict[str, list[int]] = {}
    for place, (base, differing) in enumerate(settings):
        label = base if named else ", ".join(part for part in (base, *differing) if part)
        places.setdefault(label, []).append(place)
    return places


def _settings(dataset: xr.Dataset, names: Sequence[str]) -> list[tuple[str, ...]]:
    """For each run, in words, the settings that are not the same in all runs."""
    columns: list[list[str]] = []
    attributes = ["optimizer"]
    # Of runs that are named by their seed, the problem may differ in what the seed draws.
    if not any("seed" in name.lower() for name in names):
        attributes.append("problem")
    for key in attributes:
        values = dataset.attrs.get(key)
        if isinstance(values, list) and len(values) == len(names):
            columns.append(_in_words(key, values))
    for name, variable in dataset.data_vars.items():
        if variable.dims == ("run",) and name != "seed":
            label = str(name).replace("_", " ")
            columns.append([f"{label} {value:g}" for value in variable.values])
    if "run_frequency" in dataset:
        columns.append(_in_words("frequencies", dataset["run_frequency"].values.tolist()))
    differing = [column for column in columns if len(set(column)) > 1]
    return list(zip(*differing, strict=True)) if differing else [()] * len(names)


def _in_words(what: str, values: Sequence[Any]) -> list[str]:
    """Text as it is; of anything else, which of the different values it is."""
    if all(isinstance(value, str) for value in values):
        return list(values)
    coded = [json.dumps(value, sort_keys=True) for value in values]
    order = list(dict.fromkeys(coded))
    return [f"{what} {order.index(code) + 1}" for code in coded]


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
