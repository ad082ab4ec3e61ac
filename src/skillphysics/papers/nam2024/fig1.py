"""N24 Fig 1: strengths of five skills, predicted from a network of one."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from skillphysics.papers.claims import Data
from skillphysics.papers.nam2024.fig1_claims import CLAIMS
from skillphysics.papers.nam2024.one_skill import (
    RESOURCES,
    SMOKE,
    band,
    calibrated,
    over_amount,
    predicted,
    shown,
    start,
)
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, by_rank, new_figure


def parts(scale: Scale) -> Parts:
    """A resource each."""
    if scale == "smoke":
        small = {name: {**SMOKE[name], "n_bits": 15} for name in RESOURCES}
        return {
            name: {"resource": name, "scale": "quick", "n_seed": 1, "n_one": 1, **small[name]}
            for name in RESOURCES
        }
    n_seed = {"quick": {"time": 2, "data": 1, "parameters": 1}, "paper": {
        "time": 10, "data": 10, "parameters": 50,
    }}[scale]  # fmt: skip
    n_one = {"quick": {"time": 4, "data": 2, "parameters": 2}, "paper": dict.fromkeys(n_seed, 50)}
    return {
        name: {
            "resource": name, "scale": scale, "n_seed": n_seed[name], "n_one": n_one[scale][name],
        }
        for name in RESOURCES
    }  # fmt: skip


def compute(resource: str, scale: str, n_seed: int, n_one: int, **settings: Any) -> xr.Dataset:
    """Levels of five skills [seed, amount, skill], and what one skill predicts of them."""
    alone = trained(f"calibration-{resource}", scale, n_one, **settings)
    five = trained(f"emergence-{resource}", scale, n_seed, **settings)
    return with_predictions(resource, alone, five, start(resource, scale, settings))


def with_predictions(
    resource: str, alone: xr.Dataset, five: xr.Dataset, strength: float
) -> xr.Dataset:
    """The same from the curves of both experiments, by the constant found and N24's."""
    one = calibrated(resource, alone, strength)
    over = over_amount(resource, five)
    published = RESOURCES[resource].published
    constants = [float(one.constant), shown(resource, published)]
    frequency = over.dataset["frequency"].values
    rate = 2 * float(five["learning_rate"][0])
    models = [
        predicted(resource, over.steps, frequency / frequency.sum(), constant, rate, strength)
        for constant in constants
    ]
    return xr.Dataset(
        {
            "level": (("seed", "amount", "skill"), over.level.transpose("run", ...).values),
            "model": (("source", "amount", "skill"), np.stack(models)),
            "constant": ("source", constants),
            "last": int(five["step"][-1]),
        },
        {"amount": over.steps, "source": ["calibrated", "published"]},
    )


def draw(data: Data) -> Figure:
    """A panel for each resource: networks dashed with bands, predictions solid."""
    with mpl.rc_context(STYLE):
        figure = new_figure(11, 3.6)
        for axis, name in zip(figure.subplots(1, 3, sharey=True), RESOURCES, strict=True):
            one = data[name].isel(amount=data[name].amount.values > 0)
            n_skill = one.skill.size
            for skill, colour in enumerate(by_rank(n_skill)):
                band(axis, one.amount.values, one.level.isel(skill=skill).values, colour)
                model = one.model.sel(source="calibrated").isel(skill=skill)
                axis.plot(one.amount, model, color=colour, label=f"$k$ = {skill + 1}")
            axis.set(xscale="log", xlabel=RESOURCES[name].label, ylim=(-0.1, 1.15))
            # Over a decade and a half the labels of minor ticks hide each other.
            axis.xaxis.set_minor_formatter(NullFormatter())
        figure.axes[0].set_ylabel("skill strength $R_k/S$")
        figure.axes[0].set_title("dashed: network, solid: predicted")
        figure.axes[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


RECIPE = Recipe(
    name="nam2024/fig1",
    title="Strengths of five skills against time, data and parameters, predicted from one skill.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "15 s on two cores",
        "quick": "9 min on two cores, most of it for the data",
        "paper": "days on two cores; wants a GPU",
    },
    claims=CLAIMS,
)
