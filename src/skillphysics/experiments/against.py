"""Final levels against a variable that differs between runs, as curves."""

import numpy as np

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError


def against(curves: Curves, variable: str) -> Curves:
    """Levels at the last step against a variable of the runs, which takes the place of steps.

    The runs of the result are seeds. `calibrate_shots` and `calibrate_basis` take curves over
    numbers of samples and of units in this form.

    Args:
        curves: of runs with `variable` and `seed`, as an experiment returns them.
        variable: name of a variable over runs that holds integers, the same for every seed.

    Raises:
        ArgumentError: there is no such variable, or the seeds differ in its values.

    Example:
        >>> curves = Curves.from_arrays([0, 9], [[[0.0], [0.3]], [[0.0], [0.8]]], run=["a", "b"])
        >>> runs = {"width": ("run", [10, 20]), "seed": ("run", [0, 0])}
        >>> over = against(Curves(curves.dataset.assign(runs)), "width")
        >>> over.steps.tolist(), over.level.values.ravel().tolist()
        ([10.0, 20.0], [0.3, 0.8])
    """
    dataset = curves.dataset
    if variable not in dataset or dataset[variable].dims != ("run",):
        known = [str(name) for name in dataset.data_vars if dataset[name].dims == ("run",)]
        raise ArgumentError(
            f"variable must be one of {', '.join(known)}, got {variable!r}", argument="variable"
        )
    values, seeds = dataset[variable].values, dataset["seed"].values
    last = dataset["level"].isel(step=-1).values
    grid = np.unique(values)
    distinct = np.unique(seeds)
    order = [np.flatnonzero(seeds == seed)[np.argsort(values[seeds == seed])] for seed in distinct]
    if any(not np.array_equal(values[places], grid) for places in order):
        raise ArgumentError(f"every seed must have the same values of {variable}, once each")
    return Curves.from_arrays(
        grid,
        np.stack([last[places] for places in order]),
        skill=curves.names,
        run=[f"seed {seed}" for seed in distinct],
        frequency=dataset.coords["frequency"].values if "frequency" in dataset.coords else None,
        attrs={**dataset.attrs, "steps_are": variable},
    )
