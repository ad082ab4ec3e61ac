"""N24 Fig 2: the loss of the multilinear model against time, data and parameters."""

from typing import Any

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Data
from skillphysics.papers.nam2024.fig2_claims import CLAIMS
from skillphysics.papers.nam2024.powers import COLOURS, EXPONENTS, logarithmic
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, new_figure
from skillphysics.scaling import (
    Decoupled,
    data_prefactor,
    few_skill_correction,
    scaling_law,
    time_prefactor,
)
from skillphysics.skills import Skills
from skillphysics.training import train
from skillphysics.worlds import MultilinearNet

RESOURCES = {"time": (1e4, "time $T$ (step)"), "data": (1e3, "samples $D$"),
             "parameters": (1e2, "basis functions $N$")}  # fmt: skip
SCALE, START = 1.0, 0.01
# Where the number of skills is endless, the laws are asymptotic from here on.
_FAR = (1e5, 1e8)
_N_DRAW = 2000
# λ of a law in which N counts too, and the ηST or D at which it is taken.
_RATIOS, _TOGETHER = (0.3, 1.0, 3.0), 1e8


def parts(scale: Scale) -> Parts:
    """The curves of every exponent, and models trained on few samples to the end."""
    curves = {f"a{a}": {"a": a, "n_task": 100_000, "n_point": 61} for a in EXPONENTS}
    n_seed = {"smoke": 2, "quick": 10, "paper": 10}[scale]
    trained = {"a": 0.6, "samples": [10, 30, 100], "n_task": 200, "n_seed": n_seed}
    return {**curves, "trained": trained}


def compute(a: float, n_task: int, **settings: Any) -> xr.Dataset:
    """Curves of one exponent, or models trained on samples."""
    if "samples" in settings:
        return _trained(a, n_task, **settings)
    return _curves(a, n_task, **settings)


def _curves(a: float, n_task: int, n_point: int) -> xr.Dataset:
    """Loss and law in every resource, near (as published) and far (endless skills)."""
    found: dict[str, Any] = {"exponent_of_skills": a}
    with jax.enable_x64(True):
        for resource, (most, _) in RESOURCES.items():
            amounts = {"near": np.geomspace(1, most, n_point), "far": np.geomspace(*_FAR, n_point)}
            for reach, amount in amounts.items():
                tasks = n_task if reach == "near" else np.inf
                model = Decoupled(1 + a, tasks, target_scale=SCALE, initial_strength=START)
                # T and D need not be whole here; a number of basis functions does.
                amount = np.rint(amount) if resource == "parameters" else amount
                loss, law = _loss_and_law(model, resource, amount)
                place = f"{resource}_{reach}"
                found[f"loss_{place}"] = (place, np.asarray(loss.value))
                found[f"bound_{place}"] = (place, np.asarray(loss.bound))
                found[f"law_{place}"] = (place, law)
                found[place] = amount
        near = Decoupled(1 + a, n_task, target_scale=SCALE, initial_strength=START)
        found |= {"missing_skills": few_skill_correction(near), "n_task": n_task}
        found |= _together(Decoupled(1 + a, target_scale=SCALE, initial_strength=START))
    return xr.Dataset(found)


def _together(model: Decoupled) -> dict[str, Any]:
    """Loss over law where N is λ (ηST)^{1/(a+1)} or λ D^{1/(a+1)}, endless skills; N whole."""
    alpha = float(model.alpha)
    basis = np.rint(np.array(_RATIOS) * _TOGETHER ** (1 / alpha))
    exact = basis * _TOGETHER ** (-1 / alpha)
    power = _TOGETHER ** (1 / alpha - 1)
    time = model.loss(_TOGETHER / float(model.pace), n_basis=basis).value
    data = [float(model.loss(n_data=_TOGETHER, n_basis=one).value) for one in basis]
    laws = {
        "time": [time_prefactor(model, one) * power for one in exact],
        "data": [data_prefactor(model, one) * power for one in exact],
    }
    losses = {"time": np.asarray(time), "data": np.array(data)}
    found = {f"with_basis_{name}": ("ratio", losses[name] / laws[name]) for name in laws}
    alone = {
        f"without_basis_{name}": ("ratio", losses[name] / (prefactor(model) * power))
        for name, prefactor in (("time", time_prefactor), ("data", data_prefactor))
    }
    return {**found, **alone, "ratio": list(_RATIOS)}


def _loss_and_law(model: Decoupled, resource: str, amount: np.ndarray) -> tuple[Any, np.ndarray]:
    name = {"time": "steps", "data": "n_data", "parameters": "n_basis"}[resource]
    law = scaling_law(model, resource, **{name: float(amount[-1])})
    if resource == "data":
        return model.data_limit(amount), law.loss(amount)
    loss = model.loss(steps=amount) if resource == "time" else model.loss(n_basis=amount)
    return loss, law.loss(amount)


def _trained(a: float, n_task: int, samples: list[int], n_seed: int) -> xr.Dataset:
    """Every skill's count and final level, [samples, seed, skill], and the loss."""
    skills = Skills.power_law(n_task, 1 + a)
    runs = [(n, jax.random.key(seed)) for n in samples for seed in range(n_seed)]
    nets = [
        MultilinearNet.draw(key, skills, n, target_scale=SCALE, initial_strength=START)
        for n, key in runs
    ]
    # A skill that is seen once wants a time of D ln(S/r)/2, and as much again to saturate.
    steps = 20 * max(samples)
    curves = train(
        nets, optimizer("sgd"), learning_rate=0.5, steps=steps, record=[0, steps],
        key=[key for _, key in runs],
    )  # fmt: skip
    shape = (len(samples), n_seed)
    share = np.stack([np.asarray(net.data_share) for net in nets]).reshape(*shape, n_task)
    counts = np.rint(share * np.asarray(samples)[:, None, None])
    end = curves.dataset.isel(step=-1)
    drawn = np.random.default_rng(0).multinomial(
        np.repeat(samples, _N_DRAW), skills.probability
    ).reshape(len(samples), _N_DRAW, n_task)  # fmt: skip
    return xr.Dataset(
        {
            "count": (("samples", "seed", "skill"), counts),
            "level": (("samples", "seed", "skill"), end.level.values.reshape(*shape, n_task)),
            "loss": (("samples", "seed"), end.loss.values.reshape(shape)),
            "frequency": ("skill", skills.probability),
            "unseen": (("samples", "draw"), (drawn == 0) @ skills.probability),
        },
        {"samples": samples},
    )


def draw(data: Data) -> Figure:
    """Three panels: solid sums, dashed laws."""
    with mpl.rc_context(STYLE):
        figure = new_figure(11, 3.6)
        axes = figure.subplots(1, 3)
        for axis, (resource, (most, label)) in zip(axes, RESOURCES.items(), strict=True):
            place = f"{resource}_near"
            for a in EXPONENTS:
                part = data[f"a{a}"]
                axis.plot(part[place], part[f"loss_{place}"], color=COLOURS[a], label=f"a = {a}")
                axis.plot(part[place], part[f"law_{place}"], color=COLOURS[a], ls="--", lw=1)
            logarithmic(axis)
            axis.set(xlim=(1, most), xlabel=label)
        axes[0].plot([], [], color="#555555", ls="--", lw=1, label="power law")
        axes[0].set_ylabel("loss")
        axes[0].legend(loc="lower left")
    return figure


RECIPE = Recipe(
    name="nam2024/fig2",
    title="Loss of the multilinear model in time, data and parameters, and its power laws.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "15 s on two cores",
        "quick": "25 s on two cores",
        "paper": "20 s on two cores",
    },
    claims=CLAIMS,
)
