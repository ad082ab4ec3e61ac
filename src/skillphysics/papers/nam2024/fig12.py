"""N24 Fig 12: the strengths of Fig 4 on linear axes, to see how each skill saturates."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics import Curves
from skillphysics.papers.claims import Claim, Data, Finding, too_small
from skillphysics.papers.nam2024.fig4 import as_trained, compute, parts, strengths
from skillphysics.papers.recipe import Recipe
from skillphysics.plotting import STYLE, new_figure


def draw(data: Data) -> Figure:
    """All skills against steps, and the same up to the end of the second one's rise."""
    one = data["strengths"]
    with mpl.rc_context(STYLE):
        figure = new_figure(9, 3.6)
        left, right = figure.subplots(1, 2, sharey=True)
        for axis in (left, right):
            strengths(axis, one)
        last = float(one.step[-1])
        left.set(xlim=(0, last), title="all steps")
        early = saturation(one).isel(skill=slice(0, 2)).mean("seed")
        end = float(early.where(np.isfinite(early), last).max())
        right.set(xlim=(0, min(1.3 * end, last)), title="the first skills", ylabel="")
        right.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def saturation(one: xr.Dataset) -> xr.DataArray:
    """Steps at which strengths are at 0.9, [seed, skill]."""
    curves = Curves.from_arrays(one.step.values, one.strength.values)
    return xr.DataArray(
        curves.learning_time(0.9).values, {"skill": one.skill.values}, ("seed", "skill")
    )


def _stages(data: Data) -> Finding:
    one = data["strengths"]
    if int(one.step[-1]) < 2000:
        return too_small("400 steps of one transformer of width 16")
    done = saturation(one).values[:, :-1]
    begun = one.time.sel(level=0.05).values[:, 1:]
    both = np.isfinite(done) & np.isfinite(begun)
    if not both.any():
        return too_small("no two neighbours are learned within the steps")
    ratio = begun[both] / done[both]
    share = float((ratio >= 1).mean())
    found = Finding(
        share, "holds" if share == 1 else "holds in part" if share >= 0.5 else "does not hold",
        why=f"{both.sum()} pairs of neighbours; the step at which a skill begins (0.05) over that "
        f"at which the one before is learned (0.9) is {np.median(ratio):.2f} in the median, from "
        f"{ratio.min():.2f} to {ratio.max():.2f}",
    )  # fmt: skip
    return as_trained(found, one)


RECIPE = Recipe(
    name="nam2024/fig12",
    title="How the skills of a transformer saturate, on linear axes.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "8 s on two cores",
        "quick": "6 min on two cores; the data are those of Fig 4",
        "paper": "days on two cores; wants a GPU",
    },
    claims=(
        Claim(
            id="nam2024/fig12/stages",
            where="N24 §4.1 and Fig 12",
            claim="Training is stage-like: a skill begins when the one before it is learned.",
            expected="all pairs of neighbours",
            tolerance="half of them is in part",
            measure=_stages,
        ),
    ),
)
