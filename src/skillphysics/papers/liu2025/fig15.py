"""L25 Fig 15: AdEMAMix and Lion beside Adam, with correlated skills and noise."""

from collections.abc import Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure, SubFigure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Data
from skillphysics.papers.liu2025.fig15_claims import CLAIMS, STEPS, bottom
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure, step_axis
from skillphysics.skills import Skills
from skillphysics.steps import log_spaced
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

N_DIM = 10
NOISES = [0.0, 0.2, 1.0]
OPTIMIZERS = {
    "Adam": optimizer("adam", b1=0.9, b2=0.95),
    "AdEMAMix": optimizer("ademamix", b1=0.9, b2=0.999, b3=0.9999, alpha=2.0),
    "Lion": optimizer("lion"),
}
COLOURS = dict(zip(OPTIMIZERS, ("#009e73", "#0072b2", "#d55e00"), strict=True))


def parts(scale: Scale) -> Parts:
    """Ten and forty skills; forty alone at the smallest scale."""
    counts, size = (10, 40), {"steps": STEPS, "n_seed": 24}
    if scale == "smoke":
        counts, size = (40,), {"steps": 1500, "n_seed": 1}
    return {str(n_task): {"n_task": n_task, "noises": NOISES, **size} for n_task in counts}


def compute(n_task: int, noises: Sequence[float], steps: int, n_seed: int) -> xr.Dataset:
    """Levels [optimizer, noise, seed, step, skill] and losses; seeds share vectors and draws."""
    skills = Skills.power_law(n_task, 2)
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    vectors = [VECTORS["gaussian"](key, n_task, N_DIM) for key in keys]
    worlds = [
        Geometry(drawn, skills, criterion="ce", batch_size=128, noise=noise)
        for noise in noises for drawn in vectors
    ]  # fmt: skip
    curves = train(
        worlds * len(OPTIMIZERS),
        [each for each in OPTIMIZERS.values() for _ in worlds],
        learning_rate=0.01, steps=steps, record=_recorded(steps),
        key=keys * (len(OPTIMIZERS) * len(noises)),
    )  # fmt: skip
    shape = (len(OPTIMIZERS), len(noises), n_seed)
    dims = ("optimizer", "noise", "seed", "step")
    loss, level = curves.dataset["loss"].values, curves.level.values
    return xr.Dataset(
        {
            "level": ((*dims, "skill"), level.reshape(*shape, *level.shape[1:])),
            "loss": (dims, loss.reshape(*shape, -1)),
        },
        {"optimizer": list(OPTIMIZERS), "noise": list(noises), "step": curves.steps},
    )


def _recorded(steps: int) -> np.ndarray:
    """Evenly spaced steps, with more of them early."""
    return np.union1d(log_spaced(steps, 40), np.linspace(0, steps, 181).astype(int))


def draw(data: Data) -> Figure:
    """A row for each number of skills and noise; levels at the end below."""
    with mpl.rc_context(STYLE):
        cases = [(int(name), noise) for name in data for noise in NOISES]
        figure = new_figure(11, 1.85 * len(cases) + 2.8)
        halves = np.asarray(figure.subfigures(2, 1, height_ratios=(1.85 * len(cases), 2.8)))
        upper, lower = halves.tolist()
        axes = upper.subplots(len(cases), 4, sharex=True)
        for row, (n_task, noise) in zip(axes, cases, strict=True):
            one = data[str(n_task)].sel(noise=noise).isel(seed=0)
            for name, axis in zip(OPTIMIZERS, row[1:], strict=True):
                shown = one.sel(optimizer=name)
                row[0].plot(shown.step, shown.loss, color=COLOURS[name], lw=1, label=name)
                colours = by_rank(n_task)
                for place in reversed(range(n_task)):
                    axis.plot(shown.step, shown.level[:, place], color=colours[place], lw=0.8)
                axis.set(ylim=(-0.03, 1.03), title=name)
            # Without noise ten skills are learned beyond any rounding.
            least = max(float(one.loss.min()) / 1.5, 1e-6)
            row[0].set(yscale="log", ylabel="loss", ylim=(least, 1),
                       title=rf"$n_{{task}}$ = {n_task}, $\sigma$ = {noise:g}")  # fmt: skip
            row[1].set_ylabel("level")
        axes[0, 0].legend()
        for axis in axes[-1]:
            step_axis(axis, np.array([0, data["40"].step.values[-1]]))
        _ends(lower, data)
    return figure


def _ends(figure: SubFigure, data: Data) -> None:
    end = bottom(data).isel(seed=0)
    axes = figure.subplots(1, 3)
    rank = np.arange(1, end.sizes["skill"] + 1)
    for name in OPTIMIZERS:
        axes[0].plot(rank, end.sel(optimizer=name), ".-", ms=4, lw=0.7, color=COLOURS[name],
                     label=name)  # fmt: skip
    axes[0].set(xlabel="skill, from the most frequent", ylabel="level at the end")
    axes[0].legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3)
    for axis, name in zip(axes[1:], ("AdEMAMix", "Lion"), strict=True):
        axis.scatter(end.sel(optimizer="Adam"), end.sel(optimizer=name), s=18,
                     c=by_rank(end.sizes["skill"]))  # fmt: skip
        axis.axline((0, 0), slope=1, color="#888888", lw=1, zorder=0)
        axis.set(xlabel="level, Adam", ylabel=f"level, {name}", xlim=(-0.03, 1.03),
                 ylim=(-0.03, 1.03))  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig15",
    title="AdEMAMix and Lion beside Adam: more skills than dimensions, and noise.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "8 s on two cores",
        "quick": "25 s on two cores",
        "paper": "1 min on two cores",
    },
    claims=CLAIMS,
)
