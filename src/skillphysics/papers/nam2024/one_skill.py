"""What Figs 1 and 11 and Table 5 of N24 share: resources, and what one skill says of five."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from skillphysics import Curves
from skillphysics.experiments import EXPERIMENTS, against
from skillphysics.papers.claims import Finding
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
SMOKE: Mapping[str, Mapping[str, Any]] = {
    "time": {"n_bits": 8, "width": 50, "batch_size": 200, "steps": 2000, "n_measure": 500},
    "data": {
        "n_bits": 8, "width": 30, "n_samples": [100, 400, 1600], "steps": 800, "init": 0.05,
        "halved_every": 800, "n_measure": 500,
    },
    "parameters": {
        "n_bits": 8, "widths": [1, 2, 4, 8, 16], "batch_size": 200, "steps": 800,
        "learning_rate": 0.02, "n_measure": 500,
    },
}  # fmt: skip
"""Settings with which a network of either figure trains within seconds."""
SEEDS = 10
"""N24's fewest runs. Only paper scale has as many, and N24's networks."""
DIFFERS = {
    "time": "these networks are 200 wide with batches of 1000, N24's 1000 and 4000. 1/c falls "
    "with width: 34.5, 32.7, 28.1 at 100, 200, 400 (docs/experiments.md). At N24's size one seed "
    "gave 18.8, and 22 predicted 1.00 1.06 0.91 0.95 0.99 of the times seen",
    "data": "these networks are 100 wide, N24's 1000, and train for half or a third of its steps",
    "parameters": "these networks train by Adam at 0.005 on fresh batches, N24's at 0.05, and "
    "those of one skill with 0.995 of that every 100 epochs and weight decay 0.005. At 0.05 on "
    "fresh batches narrow networks learn nothing within 20 000 steps",
}
"""What of networks at quick scale is not N24's, and what is known of its effect."""
# Of the whole rise: skills that are not learned scatter by a tenth of it.
TENTH = 0.1


def start(resource: str, scale: str, settings: Mapping[str, Any]) -> float:
    """The initial strength r that N24's code takes for the scale of the start."""
    init = settings.get("init", EXPERIMENTS[f"calibration-{resource}"].at(scale).init)  # pyright: ignore[reportAttributeAccessIssue]
    return init**2 / 3.6


def calibrated(resource: str, curves: xr.Dataset, strength: float) -> xr.Dataset:
    """The same from the curves of an experiment with one skill."""
    # Both train on E(f* − f)², whose gradient is twice that of the theory's loss.
    rate = 2 * float(curves["learning_rate"][0])
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


def shown(resource: str, constant: float) -> float:
    """A constant as N24 writes it: 22 rather than 1/22."""
    return 1 / constant if resource == "time" else constant


def band(
    axis: Axes, amount: np.ndarray, level: np.ndarray, colour: Any, label: str | None = None
) -> None:
    """The mean over seeds, dashed, with a band of one standard deviation."""
    mean, spread = level.mean(0), level.std(0)
    axis.fill_between(amount, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)
    axis.plot(amount, mean, "--", color=colour, label=label)


def ahead(level: np.ndarray) -> np.ndarray:
    """Which skills are stronger by a tenth than one that is more frequent, [..., skill].

    Example:
        >>> ahead(np.array([[1.0, 0.0, 0.6], [1.0, 0.6, 0.0]])).tolist()
        [[False, False, True], [False, False, False]]
    """
    weakest = np.minimum.accumulate(level, -1)
    return np.concatenate(
        [np.zeros_like(level[..., :1], bool), level[..., 1:] - weakest[..., :-1] > TENTH], -1
    )


def fall(level: np.ndarray) -> float:
    """By how much a strength falls at most as the amount grows, [seed, amount, ...]."""
    return float((np.maximum.accumulate(level, 1) - level).max())


def of_published(finding: Finding, resource: str, one: xr.Dataset) -> Finding:
    """A finding on N24's own number, of which only networks like N24's are a test."""
    if one.seed.size >= SEEDS:
        return finding
    return dataclasses.replace(
        finding,
        verdict="not testable at this scale",
        why=f"{finding.why}; {DIFFERS[resource]}",
    )
