"""N24 Fig 11: networks of one skill, which give the constants of the extended models."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skillphysics import Curves
from skillphysics.experiments import EXPERIMENTS, against
from skillphysics.papers.claims import Claim, Data, Finding, near, too_small
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, by_rank, new_figure
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


def parts(scale: Scale) -> Parts:
    """Each resource; and the time with the larger start of the script."""
    if scale == "smoke":
        return {
            name: {"resource": name, "scale": "quick", "n_seed": 1, **SMOKE[name]}
            for name in RESOURCES
        }
    n_seed = {"quick": (4, 2, 2), "paper": (50, 50, 50)}[scale]
    one = {
        name: {"resource": name, "scale": scale, "n_seed": n}
        for name, n in zip(RESOURCES, n_seed, strict=True)
    }
    return {**one, "time-script": {**one["time"], "init": 0.1}}


def compute(resource: str, scale: str, n_seed: int, **settings: Any) -> xr.Dataset:
    """Levels [seed, amount], the constant of their mean and of each seed, and the model."""
    curves = trained(f"calibration-{resource}", scale, n_seed, **settings)
    return calibrated(resource, curves, start(resource, scale, settings))


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


def draw(data: Data) -> Figure:
    """A panel for each resource: networks dashed, the calibrated model solid."""
    with mpl.rc_context(STYLE):
        figure = new_figure(10, 3.3)
        for axis, name in zip(figure.subplots(1, 3, sharey=True), RESOURCES, strict=True):
            one = data[name]
            colour = by_rank(1)[0]
            band(axis, one.amount.values, one.level.values, colour, "network")
            constant = shown(name, float(one.constant))
            label = f"model, ${RESOURCES[name].symbol}$ = {constant:.3g}"
            axis.plot(one.amount, one.model, color=colour, label=label)
            axis.set(xlabel=RESOURCES[name].label, ylim=(-0.05, 1.1))
            axis.legend(loc="lower right")
        figure.axes[0].set_ylabel("skill strength $R/S$")
    return figure


def band(
    axis: Axes, amount: np.ndarray, level: np.ndarray, colour: Any, label: str | None = None
) -> None:
    """The mean over seeds, dashed, with a band of one standard deviation."""
    mean, spread = level.mean(0), level.std(0)
    axis.fill_between(amount, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)
    axis.plot(amount, mean, "--", color=colour, label=label)


def _is_constant(name: str, part: str, within: float) -> Any:
    def measure(data: Data) -> Finding:
        if part not in data:
            return too_small("smaller networks, and this start is left out")
        one = data[part]
        if one.seed.size < 2:
            return too_small("networks of 8 bits and 16 to 50 units, and one seed")
        each = np.array([shown(name, float(c)) for c in one.each])
        _, interval = mean_interval(each)
        return near(
            shown(name, float(one.constant)), RESOURCES[name].published, within,
            interval=interval,
            why=f"root mean square of the fit {float(one.rms):.3f}; single seeds from "
            f"{each.min():.3g} to {each.max():.3g}",
        )  # fmt: skip

    return measure


def _shape(data: Data) -> Finding:
    if data["time"].seed.size < 2:
        return too_small("networks of 8 bits and 16 to 50 units, and one seed")
    rms = [float(data[name].rms) for name in RESOURCES]
    fit = sum(value < 0.1 for value in rms)
    return Finding(
        rms, "holds" if fit == 3 else "holds in part" if fit else "does not hold",
        why="root mean square of time, data, parameters, between the model and the mean of seeds",
    )  # fmt: skip


RECIPE = Recipe(
    name="nam2024/fig11",
    title="One skill calibrates the extended models of time, data and parameters.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "10 s on two cores",
        "quick": "4 minutes on two cores",
        "paper": "hours; wants a GPU",
    },
    claims=(
        Claim(
            id="nam2024/fig11/time",
            where="N24 §5, Fig 11 left",
            claim="One skill is learned as the model says where time is divided by 22.",
            expected="22",
            tolerance="25 %: as near as the predictions of Fig 1 are taken to be",
            measure=_is_constant("time", "time", 5.5),
        ),
        Claim(
            id="nam2024/fig11/data",
            where="N24 §5, Fig 11 middle",
            claim="One skill takes D_c = 800 samples.",
            expected="800",
            tolerance="25 %: as near as the predictions of Fig 1 are taken to be",
            measure=_is_constant("data", "data", 200.0),
        ),
        Claim(
            id="nam2024/fig11/parameters",
            where="N24 §5, Fig 11 right",
            claim="One skill takes N_c = 4 hidden units.",
            expected="4",
            tolerance="25 %, one unit: widths are whole",
            measure=_is_constant("parameters", "parameters", 1.0),
        ),
        Claim(
            id="nam2024/fig11/time-script",
            where="N24's script of Fig 11, whose start is ten times that of its plot",
            claim="The constant is 22 also for weights that start at 0.1.",
            expected="22",
            tolerance="25 %: as near as the predictions of Fig 1 are taken to be",
            measure=_is_constant("time", "time-script", 5.5),
        ),
        Claim(
            id="nam2024/fig11/shape",
            where="N24 §5, Fig 11",
            claim="With one constant each the models follow the networks.",
            expected="small root mean square of R/S",
            tolerance="0.1: a tenth of the whole rise",
            measure=_shape,
        ),
    ),
)
