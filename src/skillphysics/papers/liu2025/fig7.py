"""L25 Fig 7: which N0 of the Resource model fits the Geometry model, and what it depends on."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from jaxtyping import Array
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Data
from skillphysics.papers.liu2025.fig7_claims import (
    BY_EYE,
    CLAIMS,
    PUBLISHED_NOISE,
    title,
    typical,
    upper_run,
)
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.theories import Resource, mean_field_rate, noise_waste, step_waste
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

DEFAULT: Mapping[str, Any] = {
    "alpha": 2.0, "n_dim": 1000, "learning_rate": 3e-4, "noise": 0.0, "batch_size": 1024,
    "kind": "sign_gd",
}  # fmt: skip
"""A run of the upper panels; every other one changes one of these."""


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
    # What takes seconds at smoke scale is compiling: it has few shapes, and vectors that are quick
    # to draw.
    shared = {
        "law": "power", "norms": ["l1", "l2"], "steps": 3000, "record": 60 if smoke else 10,
        "vectors": "unit" if smoke else "orthogonal", "half_square": True,
        "n_seed": {"smoke": 2, "quick": 4, "paper": 10}[scale], "n_waste": 101 if smoke else 601,
    }  # fmt: skip
    exponential = {"exponential": {"alpha": 3.0, "learning_rate": 1e-4}}
    return {
        "one change": {**columns(changes), **shared, "n_task": 10},
        "n_task 100": {**columns({"n_task 100": {}}), **shared, "n_task": 5 if smoke else 100},
        "exponential": {**columns(exponential), **shared, "n_task": 5, "law": "exponential"},
    }


def parts(scale: Scale) -> Parts:
    """The upper panels, and the three sweeps below."""
    smoke = scale == "smoke"
    noises = np.geomspace(1e-3, 1, 4 if smoke else 10)
    rates = [1e-5, 1e-4, 1e-3, 1e-2] if smoke else np.geomspace(1e-5, 1e-1, 9)
    batches = [16, 1024] if smoke else [8, 16, 32, 64, 128, 256, 512, 1024]
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
    return {**upper, **lower}


def columns(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Runs that change `DEFAULT`, a list for each setting."""
    full = [{**DEFAULT, **change} for change in runs.values()]
    return {"run": list(runs), **{key: [one[key] for one in full] for key in DEFAULT}}


def compute(run: Sequence[str], norms: Sequence[str], n_waste: int, **settings: Any) -> xr.Dataset:
    """Levels [run, seed, step, skill], and for each norm the N0 of least squared error.

    Norm "l1" has the rate of the paper, 2√n_dim η, and "l2" that of the mean-field law. `expected`
    is the N0 with which the first comes nearest to the second at the waste that this predicts.
    """
    level, frequency, steps = simulate(**settings)
    waste = np.geomspace(1e-4, 1e2, n_waste)
    best, error, predicted, expected = [], [], [], []
    for place, (seen, p) in enumerate(zip(level, frequency, strict=True)):
        n, lr = settings["n_dim"][place], settings["learning_rate"][place]
        rates = {"l1": 2 * np.sqrt(n) * lr, "l2": float(mean_field_rate(n, lr))}
        theory = {
            norm: np.asarray(resource_levels(waste, p, rates[norm], steps, norm)) for norm in norms
        }
        squares = np.stack([[_error(theory[norm], one) for one in seen] for norm in norms])
        best.append(waste[squares.argmin(-1)])
        error.append(squares.mean(1))
        fitted = error[-1].argmin(-1)
        predicted.append([theory[norm][i] for norm, i in zip(norms, fitted, strict=True)])
        own = np.hypot(
            noise_waste(n, settings["noise"][place], half_square=settings["half_square"]),
            float(step_waste(p, n, lr)),
        )
        law = theory[norms[-1]][abs(np.log(waste / own)).argmin()]
        expected.append(waste[_error(theory["l1"], law).argmin()])
    varied = ("alpha", "n_dim", "learning_rate", "noise", "batch_size")
    return xr.Dataset(
        {
            "level": (("run", "seed", "step", "skill"), level),
            "best": (("run", "norm", "seed"), np.stack(best)),
            "error": (("run", "norm", "waste"), np.stack(error)),
            "predicted": (("run", "norm", "step", "skill"), np.array(predicted)),
            "expected": ("run", expected if "l2" in norms else np.full(len(run), np.nan)),
            "frequency": (("run", "skill"), frequency),
            **{name: ("run", np.asarray(settings[name], float)) for name in varied},
        },
        {"run": list(run), "norm": list(norms), "step": steps, "waste": waste},
    )


def _error(theory: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Mean squared error for every N0."""
    return ((theory - level) ** 2).mean((1, 2))


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
def resource_levels(
    waste: Array, frequency: Array, rate: Array | float, steps: Array, norm: Any
) -> Array:
    """Levels of the Resource model for many N0, [waste, step, skill]."""
    at = steps.astype(frequency.dtype)
    return jax.lax.map(lambda one: Resource(frequency, rate, one, norm).levels(at), waste)


def draw(data: Data) -> Figure:
    """Pairs of panels, Geometry and Resource, for every setting; below, N0 of the sweeps."""
    with mpl.rc_context(STYLE):
        figure = new_figure(15, 12)
        upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=(2.6, 1)).flat
        upper.suptitle("Skills from dark (most frequent) to bright (rarest)")
        axes = upper.subplots(3, 6, sharex=True, sharey=True)
        for (left, right), name in zip(axes.reshape(-1, 2), BY_EYE, strict=True):
            one = upper_run(data, name)
            draw_levels(left, one.level.isel(seed=0))
            draw_levels(right, one.predicted.sel(norm="l1"))
            left.set_title(f"Geometry, {title(name, one)}")
            right.set_title(f"Resource, $N_0$ = {typical(one.best.sel(norm='l1')):.2g}")
        for axis in axes[-1]:
            axis.set_xlabel("step")
        for axis in axes[:, 0]:
            axis.set_ylabel("skill level $s$")
        for axis, name in zip(lower.subplots(1, 3), _SWEEPS, strict=True):
            _draw_sweep(axis, data[name], name)
    return figure


def draw_levels(axis: Axes, level: xr.DataArray) -> None:
    """Curves [step, skill] in the colours of their ranks."""
    count = level.sizes["skill"]
    for place, colour in enumerate(by_rank(count)):
        axis.plot(level.step, level.isel(skill=place), color=colour, lw=1.2 if count < 20 else 0.6)
    axis.set(ylim=(-0.15, 1.15), xlim=(0, float(level.step[-1])))


_SWEEPS = {
    "learning_rate": (r"learning rate $\eta$", r"$\propto \eta$", lambda x: 20 * x),
    "noise": (r"noise $\sigma$", r"$20\,\sigma$", lambda x: 20 * x),
    "batch_size": ("batch size $B$", r"$\propto 1/B$", lambda x: 1.3 / x),
}


def _draw_sweep(axis: Axes, part: xr.Dataset, name: str) -> None:
    label, guide, line = _SWEEPS[name]
    x, found = part[name].values, part.best.sel(norm="l1")
    axis.plot(x, found, ".", color="#0072b2", ms=4, alpha=0.5)
    mean = np.exp(np.log(found).mean("seed"))
    axis.plot(x, mean, "-", color="#0072b2", lw=1.2, label="least squares (dots: seeds)")
    axis.plot(x, line(x), "--", color="#888888", lw=1, label=guide)
    axis.plot(x, part.expected, ":", color="black", label="mean-field law, of steps and noise")
    if name == "noise" and x.size == len(PUBLISHED_NOISE):
        axis.plot(x, PUBLISHED_NOISE, "x", color="#d55e00", label="published")
    axis.set(xscale="log", yscale="log", xlabel=label, ylabel="$N_0$")
    axis.legend()


RECIPE = Recipe(
    name="liu2025/fig7",
    title="The N0 with which the Resource model follows the Geometry model.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "25 s on two cores, nearly all of it compilation",
        "quick": "50 s on two cores",
        "paper": "6 min on two cores",
    },
    claims=CLAIMS,
)
