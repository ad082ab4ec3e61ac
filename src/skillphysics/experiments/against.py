"""Final levels against what differs between runs, as curves."""

import numpy as np

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError


def against(curves: Curves, variable: str) -> Curves:
    """The levels at the end against a variable of the runs, in place of steps; runs are seeds.

    What was steps are then samples, or units, so that `calibrate_shots` and `calibrate_basis` read
    them.

    Args:
        curves: of runs with `variable` and `seed`, as an experiment returns them.
        variable: whole numbers, the same for every seed.

    Raises:
        ArgumentError: there is no such variable, or seeds differ in its values.
    """
    dataset = curves.dataset
    if variable not in dataset or dataset[variable].dims != ("run",):
        known = [str(name) for name in dataset.data_vars if dataset[name].dims == ("run",)]
        raise ArgumentError(f"variable is {variable!r}; one of {', '.join(known)} is wanted")
    values, seeds = dataset[variable].values, dataset["seed"].values
    last = dataset["level"].isel(step=-1).values
    kinds = np.unique(values)
    names = np.unique(seeds)
    order = [np.flatnonzero(seeds == seed)[np.argsort(values[seeds == seed])] for seed in names]
    if any(not np.array_equal(values[places], kinds) for places in order):
        raise ArgumentError(f"the seeds do not all have the same values of {variable}, once each")
    return Curves.from_arrays(
        kinds,
        np.stack([last[places] for places in order]),
        skill=curves.names,
        run=[f"seed {seed}" for seed in names],
        frequency=dataset.coords["frequency"].values if "frequency" in dataset.coords else None,
        attrs={**dataset.attrs, "steps_are": variable},
    )
