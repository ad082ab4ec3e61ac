"""L25 Fig 5: many skills under SignGD, and the parameters aligned with each."""

import jax
import matplotlib as mpl
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Data
from skillphysics.papers.liu2025.fig5_claims import ALPHAS, CLAIMS
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry


def parts(scale: Scale) -> Parts:
    """The columns of the figure: one number of skills, with all α."""
    smoke = scale == "smoke"
    shared = {
        "alphas": list(ALPHAS), "n_dim": 1000, "batch_size": 128, "rate": 3e-4,
        "steps": 1000 if smoke else 3000, "record": 20 if smoke else 5,
        "n_seed": {"smoke": 2, "quick": 4, "paper": 10}[scale],
        "vectors": "unit" if smoke else "orthogonal",
    }  # fmt: skip
    counts = (2, 10) if smoke else (2, 3, 4, 5, 10)
    return {f"{n} skills": {**shared, "n_task": n} for n in counts}


def compute(
    n_task: int, alphas: list[float], n_dim: int, batch_size: int, rate: float, steps: int,
    record: int, n_seed: int, vectors: str,
) -> xr.Dataset:  # fmt: skip
    """Levels and n_align, [alpha, seed, step, skill], and times to level 0.9."""
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    drawn = [VECTORS[vectors](key, n_task, n_dim) for key in keys]
    worlds = [
        Geometry(one, Skills.power_law(n_task, a), batch_size=batch_size, half_square=True)
        for a in alphas
        for one in drawn
    ]
    curves = train(
        worlds, optimizer("sign_gd"), learning_rate=rate, steps=steps, record=record,
        key=keys * len(alphas),
    )  # fmt: skip
    shape = (len(alphas), n_seed, curves.steps.size, n_task)
    dims = ("alpha", "seed", "step", "skill")
    times = curves.learning_time(0.9).values.reshape(len(alphas), n_seed, n_task)
    return xr.Dataset(
        {
            "level": (dims, curves.level.values.reshape(shape)),
            "aligned": (dims, curves.dataset.aligned.values.reshape(shape)),
            "time": (("alpha", "seed", "skill"), times),
            "n_dim": n_dim,
        },
        {"alpha": list(alphas), "step": curves.steps},
    )


def draw(data: Data) -> Figure:
    """Levels in the upper rows, n_align in the lower ones; α down, numbers of skills across."""
    with mpl.rc_context(STYLE):
        figure = new_figure(3 * len(data) + 1, 11)
        upper, lower = figure.subfigures(2, 1, squeeze=False).flat
        upper.suptitle("Skills from dark (most frequent) to bright (rarest)")
        for half, name, label in (
            (upper, "level", "skill level $s$"),
            (lower, "aligned", r"$n_\mathrm{align}$"),
        ):
            axes = half.subplots(len(ALPHAS), len(data), sharex=True, sharey=True, squeeze=False)
            for column, (title, part) in zip(axes.T, data.items(), strict=True):
                for axis, alpha in zip(column, part.alpha, strict=True):
                    curves = part[name].sel(alpha=alpha).isel(seed=0)
                    for skill, colour in enumerate(by_rank(curves.sizes["skill"])):
                        axis.plot(curves.step, curves.isel(skill=skill), color=colour, lw=1.2)
                    axis.set(title=f"{title}, α = {float(alpha):g}", xlim=(0, 1000))
            for axis in axes[:, 0]:
                axis.set_ylabel(label)
            for axis in axes[-1]:
                axis.set_xlabel("step")
    return figure


RECIPE = Recipe(
    name="liu2025/fig5",
    title="Skills are learned in the order of their frequencies, and hand over parameters.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "10 s on two cores",
        "quick": "15 s on two cores",
        "paper": "2 min on two cores",
    },
    claims=CLAIMS,
)
