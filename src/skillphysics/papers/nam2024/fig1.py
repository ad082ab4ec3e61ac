"""N24 Fig 1: strengths of five skills, predicted from a network of one."""

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from skillphysics.papers.claims import Data
from skillphysics.papers.nam2024 import fig11
from skillphysics.papers.nam2024.emergence_data import RESOURCES, compute
from skillphysics.papers.nam2024.fig1_claims import CLAIMS
from skillphysics.papers.nam2024.one_skill import SMOKE, band, foretold
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure


def parts(scale: Scale) -> Parts:
    """Networks of five skills for each resource, and those of one, which are those of Fig 11."""
    alone = {f"{name}-alone": one for name, one in fig11.single(scale).items()}
    if scale == "smoke":
        small = {name: {"n_seed": 1, **SMOKE[name], "n_bits": 15} for name in RESOURCES}
    else:
        n_seed = {"quick": (2, 1, 1), "paper": (10, 10, 50)}[scale]
        small = {name: {"n_seed": n} for name, n in zip(RESOURCES, n_seed, strict=True)}
    taken = "paper" if scale == "paper" else "quick"
    five = {
        name: {"experiment": f"emergence-{name}", "scale": taken, **small[name]}
        for name in RESOURCES
    }
    return {**five, **alone}


def draw(data: Data) -> Figure:
    """A panel for each resource: networks dashed with bands, predictions solid."""
    with mpl.rc_context(STYLE):
        figure = new_figure(11, 3.6)
        for axis, name in zip(figure.subplots(1, 3, sharey=True), RESOURCES, strict=True):
            one = foretold(data, name)
            one = one.isel(amount=one.amount.values > 0)
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
        "quick": "4 min on two cores; the networks of one skill are those of Fig 11",
        "paper": "days on two cores; wants a GPU",
    },
    claims=CLAIMS,
)
