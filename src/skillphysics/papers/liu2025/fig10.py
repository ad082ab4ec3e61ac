"""L25 Fig 10: scaling laws of the Geometry model in dimensions and in steps."""

from collections.abc import Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Data
from skillphysics.papers.liu2025.fig10_claims import CLAIMS
from skillphysics.papers.liu2025.fig10_exponents import (
    KINDS,
    N_POINTS,
    S_POINTS,
    exponents,
    over_dims,
    over_steps,
)
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.steps import log_spaced
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

COLOURS = {"sign_gd": "#d55e00", "adam": "#009e73"}
ALPHAS = [0.5, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0]


def parts(scale: Scale) -> Parts:
    """One for each n_dim."""
    n_dims = {
        "smoke": [40, 220],
        "quick": [20, 40, 100, 160, 220, 300, 400, 500, 600, 800],
        "paper": list(range(20, 1001, 20)),
    }[scale]
    alphas = [1.0, 2.0] if scale == "smoke" else ALPHAS
    n_seed = 1 if scale == "smoke" else 4
    # The published runs of 100 000 steps were last saved at 99 000.
    steps = {"smoke": 250, "quick": 5000, "paper": 99_000}[scale]
    return {
        str(n_dim): {
            "n_dim": n_dim, "vectors": "unit", "alphas": alphas, "kinds": list(KINDS),
            "n_seed": n_seed, "steps": steps,
        }
        for n_dim in n_dims
    }  # fmt: skip


def compute(
    n_dim: int, vectors: str, alphas: Sequence[float], kinds: Sequence[str], n_seed: int, steps: int
) -> xr.Dataset:
    """The loss and the level of the worst skill, [n_dim, kind, alpha, seed, step]."""
    n_task = 1000
    record = np.union1d(log_spaced(steps, 60), S_POINTS)
    found: dict[str, list[np.ndarray]] = {"loss": [], "worst": []}
    for seed in range(n_seed):
        key = jax.random.key(seed)
        drawn = VECTORS[vectors](key, n_task, n_dim)
        worlds = [
            Geometry(drawn, Skills.power_law(n_task, alpha), criterion="ce", batch_size=1024)
            for alpha in alphas
        ]
        # On one set of vectors, all runs of a seed are one matrix product a step.
        curves = train(
            worlds * len(kinds), [optimizer(kind) for kind in kinds for _ in alphas],
            learning_rate=0.01, steps=steps, record=record, key=key,
        )  # fmt: skip
        shape = (1, len(kinds), len(alphas), len(record))
        found["loss"].append(curves.dataset["loss"].values.reshape(shape))
        found["worst"].append(curves.level.min("skill").values.reshape(shape))
    dims = ("n_dim", "kind", "alpha", "seed", "step")
    return xr.Dataset(
        {name: (dims, np.stack(values, axis=3)) for name, values in found.items()},
        {"n_dim": [n_dim], "kind": list(kinds), "alpha": list(alphas), "step": record},
    )


def draw(data: Data) -> Figure:
    """Loss and exponent, against n_dim and against steps."""
    with mpl.rc_context(STYLE):
        figure = new_figure(13, 3.6)
        axes = figure.subplots(1, 4, width_ratios=(1.2, 1, 1.2, 1))
        dims = over_dims(data).median("seed")
        alphas = dims.alpha.values
        steps = over_steps(data).median("seed").sel(step=slice(1, None))
        for place, colour in enumerate(by_rank(len(alphas))):
            for kind, style in zip(KINDS, ("-", "--"), strict=True):
                chosen = {"kind": kind, "alpha": alphas[place]}
                label = f"{alphas[place]:g}" if kind == "sign_gd" else None
                axes[0].plot(dims.n_dim, dims.sel(chosen), style, color=colour, label=label)
                axes[2].plot(steps.step, steps.sel(chosen), style, color=colour)
        axes[0].set(title="(a)  solid: SignGD, dashed: Adam")
        axes[0].set_ylim(bottom=max(float(dims.min()) / 2, 1e-6))
        axes[0].legend(title=r"$\alpha$", loc="lower left", ncols=2)
        axes[2].set(xlabel="step", title=rf"(c)  $n_{{dim}}$ = {int(steps.n_dim)}")
        for axis, points in ((axes[0], N_POINTS), (axes[2], S_POINTS)):
            axis.set(xscale="log", yscale="log", ylabel="loss")
            axis.axvspan(*points, color="#eeeeee", zorder=0)
        dims_axis(axes[0], dims.n_dim.values)
        _exponents(axes[1], exponents(data, "N"), quanta=False)
        axes[1].set(title="(b)", ylabel=r"$\alpha_N$")
        axes[1].axhline(0.34, color="#444444", ls=":", lw=1, label="Chinchilla: 0.34")
        axes[1].legend(loc="upper left")
        _exponents(axes[3], exponents(data, "S"), quanta=True)
        axes[3].set(title="(d)", ylabel=r"$\alpha_S$")
    return figure


def dims_axis(axis: Axes, n_dims: np.ndarray) -> None:
    """Dimensions along a logarithmic x, with few labels."""
    ticks = [20, 50, 100, 200, 500, 1000]
    axis.set_xscale("log")
    axis.set_xticks(ticks, labels=[str(tick) for tick in ticks])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xlim(n_dims.min() / 1.1, n_dims.max() * 1.1)
    axis.set_xlabel("$n_{dim}$")


def _exponents(axis: Axes, found: xr.DataArray, *, quanta: bool) -> None:
    for kind, name in KINDS.items():
        shown = found.sel(kind=kind)
        axis.errorbar(shown.alpha, shown.mean("seed"), shown.std("seed"), fmt="o-", ms=4, lw=1.2,
                      color=COLOURS[kind], label=name)  # fmt: skip
    alpha = np.linspace(1.001, 2, 50)
    axis.plot(alpha, alpha - 1, "--", color="#888888", label=r"Domino: $\alpha - 1$")
    if quanta:
        axis.plot(alpha, (alpha - 1) / alpha, ":", color="#888888",
                  label=r"Quanta: $(\alpha - 1)/\alpha$")  # fmt: skip
    axis.set(xlabel=r"$\alpha$")
    axis.legend(loc="upper left")


RECIPE = Recipe(
    name="liu2025/fig10",
    title="A thousand skills in few dimensions: scaling laws in n_dim and in steps.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "8 s on two cores",
        "quick": "70 s on two cores",
        "paper": "2.2 h on two cores; each n_dim is kept when done",
    },
    claims=CLAIMS,
)
