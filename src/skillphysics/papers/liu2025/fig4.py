"""L25 Fig 4: two skills of the Geometry model under three optimizers."""

from collections.abc import Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Data
from skillphysics.papers.liu2025.fig4_claims import CLAIMS, NAMES, time_ratio
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

# A learning rate of 0.015 on the square is the published 0.03 on half the square.
RATES = {"sgd": 0.015, "sign_gd": 3e-4, "adam": 3e-4}
COLOURS = dict(zip(NAMES, ("#0072b2", "#d55e00", "#009e73"), strict=True))
_SHOWN = (0.5, 0.9, 0.95)
# The first skill is wider, so that it is seen where both coincide.
_WIDTHS = (2.8, 1.2)


def parts(scale: Scale) -> Parts:
    """The curves of panel (a), the ratios of panel (b) for each optimizer, and limits of SignGD.

    The limits are what SignGD does where it sees the frequencies themselves, and also has a tenth
    of the learning rate.
    """
    n_seed = {"smoke": 2, "quick": 10, "paper": 10}[scale]
    shares = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99]
    if scale != "smoke":
        shares = np.linspace(0.5, 0.99, 50).round(4).tolist()
    ratios = {
        kind: {
            # The published SGD stops at 0.95: its rare skill is not learned within 3000 steps.
            "shares": [p for p in shares if kind != "sgd" or p <= 0.9501],
            "kinds": [kind], "n_seed": n_seed, "record": 10,
        }
        for kind in NAMES
    }  # fmt: skip
    curves = {"shares": list(_SHOWN), "kinds": list(NAMES), "n_seed": 1, "record": 10}
    limit = {
        "shares": [0.9, 0.95, 0.98, 0.99, 0.999], "kinds": ["sign_gd"], "n_seed": min(n_seed, 4),
        "record": 10, "batch_size": None,
    }  # fmt: skip
    slow = {**limit, "slower": 10.0, "steps": 4000, "record": 20, "n_seed": 2}
    return {"curves": curves, **ratios, "no batches": limit, "no batches, slow": slow}


def compute(
    shares: Sequence[float], kinds: Sequence[str], n_seed: int, record: int,
    batch_size: int | None = 128, slower: float = 1.0, steps: int = 3000,
) -> xr.Dataset:  # fmt: skip
    """Levels of both skills, and the steps at which they are above 0.9."""
    rates = [RATES[kind] / slower for kind in kinds]
    runs = [
        _trained(shares, kinds, rates, seed, record, batch_size, steps) for seed in range(n_seed)
    ]
    return xr.concat(runs, "seed")


def _trained(
    shares: Sequence[float], kinds: Sequence[str], rates: Sequence[float], seed: int, record: int,
    batch_size: int | None, steps: int,
) -> xr.Dataset:  # fmt: skip
    key = jax.random.key(seed)
    vectors = VECTORS["orthogonal"](key, 2, 1000)
    worlds = [Geometry(vectors, Skills.given([p, 1 - p]), batch_size=batch_size) for p in shares]
    curves = train(
        worlds * len(kinds),
        [optimizer(kind) for kind in kinds for _ in shares],
        learning_rate=[rate for rate in rates for _ in shares],
        steps=steps, record=record, key=key,
    )  # fmt: skip
    grid = (len(kinds), len(shares))
    level = curves.level.values.reshape(*grid, -1, 2)
    learned = curves.learning_time(0.9).values.reshape(*grid, 2)
    return xr.Dataset(
        {
            "level": (("kind", "share", "step", "skill"), level),
            "learned": (("kind", "share", "skill"), learned),
        },
        {"kind": list(kinds), "share": list(shares), "step": curves.steps},
    )


def draw(data: Data) -> Figure:
    """Six panels of curves in (a), the ratios in (b)."""
    with mpl.rc_context(STYLE):
        figure = new_figure(12, 6)
        grid = figure.add_gridspec(1, 2, width_ratios=(1.6, 1))
        left, right = (figure.add_subfigure(cell) for cell in grid)
        axes = left.subplots(3, 3, sharex=True, sharey=True)
        level = data["curves"].level.isel(seed=0)
        for row, (kind, name) in zip(axes, NAMES.items(), strict=True):
            for axis, share in zip(row, _SHOWN, strict=True):
                for skill, (colour, width) in enumerate(zip(by_rank(2), _WIDTHS, strict=True)):
                    shown = level.sel(kind=kind, share=share).isel(skill=skill)
                    label = f"$p_{skill + 1}$ = {(share, 1 - share)[skill]:.2g}"
                    axis.plot(shown.step, shown, color=colour, lw=width, label=label)
                axis.set(xlim=(0, 1000), xticks=(0, 250, 500, 750))
                axis.set_title(name)
                axis.legend(loc="lower right")
            row[0].set_ylabel("skill level $s$")
        for axis in axes[-1]:
            axis.set_xlabel("step")
        left.suptitle("(a)", x=0.01, ha="left")
        axis = right.subplots()
        for kind, name in NAMES.items():
            ratio = time_ratio(data, kind)
            odds = ratio.share / (1 - ratio.share)
            axis.errorbar(odds, ratio.mean("seed"), ratio.std("seed"), fmt=".-", lw=1,
                          color=COLOURS[kind], label=name)  # fmt: skip
        axis.axhline(2, color="#888888", ls="--", lw=1, zorder=0,
                     label="published limit of SignGD, 2")  # fmt: skip
        axis.set(xscale="log", yscale="log", xlabel="$p_1/p_2$", ylabel="$t_2/t_1$")
        axis.legend()
        right.suptitle("(b)", x=0.01, ha="left")
    return figure


RECIPE = Recipe(
    name="liu2025/fig4",
    title="Two skills in the Geometry model: SignGD learns them one after the other.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "12 s on two cores",
        "quick": "25 s on two cores",
        "paper": "1 min on two cores",
    },
    claims=CLAIMS,
)
