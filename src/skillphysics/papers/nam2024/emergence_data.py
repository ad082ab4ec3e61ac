"""Networks of one skill and of five over a resource, which N24's Figs 1 and 11 share."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from skillphysics import Curves
from skillphysics.experiments import EXPERIMENTS, against
from skillphysics.papers.trained import trained
from skillphysics.scaling import (
    Calibration,
    basis_strength,
    calibrate_basis,
    calibrate_shots,
    calibrate_time,
    shot_strength,
)
from skillphysics.theories import Multilinear


class Resource(NamedTuple):
    """What strength is measured against: its label, its name among runs, N24's constant."""

    label: str
    variable: str | None
    published: float
    symbol: str


RESOURCES = {
    "time": Resource("step $T$", None, 22.0, "1/c"),
    "data": Resource("samples $D$", "n_samples", 800.0, "D_c"),
    "parameters": Resource("hidden units $N$", "width", 4.0, "N_c"),
}


def compute(experiment: str, scale: str, n_seed: int, **settings: Any) -> xr.Dataset:
    """What an experiment gives: of one skill `calibrated`, of five `strengths`."""
    kind, _, resource = experiment.partition("-")
    curves = trained(experiment, scale, n_seed, **settings)
    if kind == "calibration":
        return calibrated(resource, curves, start(resource, scale, settings))
    return strengths(resource, curves)


def start(resource: str, scale: str, settings: Mapping[str, Any]) -> float:
    """The initial strength r that N24's code takes for the scale of the start."""
    init = settings.get("init", EXPERIMENTS[f"calibration-{resource}"].at(scale).init)  # pyright: ignore[reportAttributeAccessIssue]
    return init**2 / 3.6


def calibrated(resource: str, curves: xr.Dataset, strength: float) -> xr.Dataset:
    """Levels of one skill [seed, amount], the constant of their mean and of each, and the model."""
    rate = _rate(curves)
    over = over_amount(resource, curves)
    found = _constant(resource, over, rate, strength)
    each = [
        _constant(resource, Curves(over.dataset.isel(run=[i])), rate, strength).constant
        for i in range(over.level.sizes["run"])
    ]
    model = predicted(resource, over.steps, np.ones(1), found.constant, rate, strength)
    return xr.Dataset(
        {
            "level": (("seed", "amount"), over.level.transpose("run", ...).values[:, :, 0]),
            "model": ("amount", model[:, 0]),
            "constant": found.constant,
            "stderr": found.stderr,
            "rms": found.rms,
            "each": ("seed", each),
            "rate": rate,
            "strength": strength,
            "last": int(curves["step"][-1]),
        },
        {"amount": over.steps},
    )


def strengths(resource: str, curves: xr.Dataset) -> xr.Dataset:
    """Levels of several skills [seed, amount, skill], and their frequencies."""
    over = over_amount(resource, curves)
    frequency = over.dataset["frequency"].values
    return xr.Dataset(
        {
            "level": (("seed", "amount", "skill"), over.level.transpose("run", ...).values),
            "frequency": ("skill", frequency / frequency.sum()),
            "rate": _rate(curves),
            "last": int(curves["step"][-1]),
        },
        {"amount": over.steps},
    )


def _rate(curves: xr.Dataset) -> float:
    # Networks train on E(f* − f)², whose gradient is twice that of the theory's loss.
    return 2 * float(curves["learning_rate"][0])


def over_amount(resource: str, curves: xr.Dataset) -> Curves:
    """Curves over the resource: steps as they are, else the ends of runs over what differs."""
    variable = RESOURCES[resource].variable
    return Curves(curves) if variable is None else against(Curves(curves), variable)


def predicted(
    resource: str,
    amount: np.ndarray,
    frequency: np.ndarray,
    constant: float,
    rate: float,
    strength: float,
) -> np.ndarray:
    """R_k/S of every skill by the extended model of a resource, [amount, skill]."""
    if resource == "time":
        theory = Multilinear(
            frequency, rate=rate * constant, initial_share=strength / 5.0, target_scale=5.0
        )
        return np.asarray(theory.levels(amount.astype(float)))
    if resource == "data":
        return shot_strength(np.outer(amount, frequency), constant)
    return basis_strength(amount[:, None], np.arange(1, frequency.size + 1), constant)


def _constant(resource: str, over: Curves, rate: float, strength: float) -> Calibration:
    if resource == "time":
        return calibrate_time(over, rate=rate, target_scale=5.0, initial_strength=strength)
    return (calibrate_shots if resource == "data" else calibrate_basis)(over)
