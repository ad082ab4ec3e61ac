"""L25 Fig 7: which N0 of the Resource model fits the Geometry model, and what it depends on."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import matplotlib as mpl
import numpy as np
import xarray as xr
from jaxtyping import Array
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import stats

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, near, ordered
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.theories import Resource, mean_field_rate, noise_waste
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

DEFAULT: Mapping[str, Any] = {
    "alpha": 2.0, "n_dim": 1000, "learning_rate": 3e-4, "noise": 0.0, "batch_size": 1024,
    "kind": "sign_gd",
}  # fmt: skip
"""A run of the upper panels; every other one changes one of these."""

BY_EYE = {
    "default": 0.003, "alpha 4": 0.003, "n_dim 100": 0.003, "n_task 100": 0.003, "lr 1e-4": 0.001,
    "noise 1e-3": 0.06, "Adam": 0.08, "batch 16": 0.05, "exponential": 0.006,
}  # fmt: skip
"""The published N0 of each; that of the last is in the authors' code only."""

PUBLISHED_NOISE = (0.032, 0.065, 0.151, 0.339, 0.724, 1.41, 3.89, 8.91, 18.6, 37.2)
"""N0 of the ten noises of the lower middle panel, from the smallest."""

SETTINGS = tuple(BY_EYE)


def upper_parts(scale: Scale) -> Parts:
    """The runs of the upper panels, those of one number of skills together."""
    changes = {
        "default": {},
        "alpha 4": {"alpha": 4.0},
        "n_dim 100": {"n_dim": 100},
        "lr 1e-4": {"learning_rate": 1e-4},
        "noise 1e-3": {"noise": 1e-3},
        "Adam": {"kind": "adam"},
        "batch 16": {"batch_size": 16},
    }
    smoke = scale == "smoke"
    shared = {
        "law": "power", "steps": 3000, "record": 60 if smoke else 10, "vectors": "orthogonal",
        "half_square": True, "n_seed": {"smoke": 2, "quick": 4, "paper": 10}[scale],
        "n_waste": 101 if smoke else 601,
    }  # fmt: skip
    exponential = {"exponential": {"alpha": 3.0, "learning_rate": 1e-4}}
    return {
        "one change": {**columns(changes), **shared, "n_task": 10},
        "n_task 100": {**columns({"n_task 100": {}}), **shared, "n_task": 20 if smoke else 100},
        "exponential": {**columns(exponential), **shared, "n_task": 5, "law": "exponential"},
    }


def parts(scale: Scale) -> Parts:
    """The upper panels, one skill alone, and the three sweeps below."""
    smoke = scale == "smoke"
    noises = np.geomspace(1e-3, 1, 4 if smoke else 10)
    rates = np.geomspace(1e-5, 1e-1, 5 if smoke else 9)
    batches = [16, 128, 1024] if smoke else [8, 16, 32, 64, 128, 256, 512, 1024]
    sweeps = {
        "noise": [{"noise": float(f"{sigma:.4g}")} for sigma in noises],
        "learning_rate": [{"learning_rate": float(f"{rate:.4g}")} for rate in rates],
        "batch_size": [{"batch_size": size} for size in batches],
    }
    upper = upper_parts(scale)
    shared = {
        **upper["one change"], "vectors": "unit", "half_square": False, "steps": 1000,
        "record": 20 if smoke else 5,
    }  # fmt: skip
    base = {"learning_rate": 1e-3, "batch_size": 128}
    lower = {
        name: {**shared, **columns({str(i): {**base, **one} for i, one in enumerate(changes)})}
        for name, changes in sweeps.items()
    }
    alone = {**upper["one change"], **columns({"alone": {}}), "n_task": 1, "record": 1}
    return {**upper, **lower, "one skill": {**alone, "steps": 200}}


def columns(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Runs that change `DEFAULT`, a list for each setting."""
    full = [{**DEFAULT, **change} for change in runs.values()]
    return {"run": list(runs), **{key: [one[key] for one in full] for key in DEFAULT}}


def compute(run: Sequence[str], n_waste: int, **settings: Any) -> xr.Dataset:
    """Levels [run, seed, step, skill], and for both norms the N0 of least squared error.

    Norm "l1" has the rate of the paper, 2√n_dim η, and "l2" that of the mean-field law.
    """
    level, frequency, steps = simulate(**settings)
    waste = np.geomspace(1e-4, 1e2, n_waste)
    rates = {
        "l1": [2 * np.sqrt(n) * lr for n, lr in _pairs(settings)],
        "l2": [float(mean_field_rate(n, lr)) for n, lr in _pairs(settings)],
    }
    best, error, predicted = [], [], []
    for norm, of_runs in rates.items():
        for seen, p, rate in zip(level, frequency, of_runs, strict=True):
            theory = np.asarray(resource_levels(waste, p, rate, steps, norm))
            squares = np.stack([((theory - one) ** 2).mean((1, 2)) for one in seen])
            best.append(waste[squares.argmin(1)])
            error.append(squares.mean(0))
            predicted.append(theory[squares.mean(0).argmin()])

    def by_norm(values: list[np.ndarray]) -> np.ndarray:
        return np.stack(values).reshape(2, len(run), *values[0].shape)

    varied = ("alpha", "n_dim", "learning_rate", "noise", "batch_size")
    return xr.Dataset(
        {
            "level": (("run", "seed", "step", "skill"), level),
            "best": (("norm", "run", "seed"), by_norm(best)),
            "error": (("norm", "run", "waste"), by_norm(error)),
            "predicted": (("norm", "run", "step", "skill"), by_norm(predicted)),
            "frequency": (("run", "skill"), frequency),
            **{name: ("run", np.asarray(settings[name], float)) for name in varied},
        },
        {"run": list(run), "norm": list(rates), "step": steps, "waste": waste},
    )


def simulate(
    alpha: Sequence[float], n_dim: Sequence[int], learning_rate: Sequence[float],
    noise: Sequence[float], batch_size: Sequence[int], kind: Sequence[str], n_task: int, law: str,
    vectors: str, half_square: bool, steps: int, record: int, n_seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Levels [run, seed, step, skill], frequencies [run, skill] and steps.

    Every seed has task vectors of its own.
    """
    skills = [
        Skills.exponential(n_task, a) if law == "exponential" else Skills.power_law(n_task, a)
        for a in alpha
    ]
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    drawn = {n: [VECTORS[vectors](key, n_task, n) for key in keys] for n in set(n_dim)}
    levels: dict[int, np.ndarray] = {}
    at = np.arange(0, steps + 1, record)
    for size in dict.fromkeys(batch_size):
        places = [place for place, one in enumerate(batch_size) if one == size]
        worlds = [
            Geometry(
                # Parameters of which no skill takes part change nothing, and with them one program
                # serves every n_dim.
                np.pad(one, ((0, 0), (0, max(n_dim) - n_dim[place]))),
                skills[place], batch_size=size, noise=noise[place], half_square=half_square,
            )
            for place in places
            for one in drawn[n_dim[place]]
        ]  # fmt: skip
        curves = train(
            worlds,
            [optimizer(kind[place]) for place in places for _ in keys],
            learning_rate=[learning_rate[place] for place in places for _ in keys],
            steps=steps, record=at, key=keys * len(places),
        )  # fmt: skip
        at = curves.steps
        each = curves.level.values.reshape(len(places), n_seed, at.size, n_task)
        levels |= dict(zip(places, each, strict=True))
    level = np.stack([levels[place] for place in range(len(alpha))])
    return level, np.stack([one.probability for one in skills]), at


@partial(jax.jit, static_argnames="norm")
def resource_levels(waste: Array, frequency: Array, rate: float, steps: Array, norm: Any) -> Array:
    """Levels of the Resource model for many N0, [waste, step, skill]."""
    return jax.lax.map(lambda one: Resource(frequency, rate, one, norm).levels(steps), waste)


def upper_run(data: Data, name: str) -> xr.Dataset:
    """One run of the upper panels."""
    return next(part.sel(run=name) for part in data.values() if name in part.run.values)


def _pairs(settings: Mapping[str, Any]) -> list[tuple[int, float]]:
    return list(zip(settings["n_dim"], settings["learning_rate"], strict=True))
