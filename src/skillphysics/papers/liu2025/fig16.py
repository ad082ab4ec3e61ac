"""L25 Fig 16: a parity that is the xor of two others, in networks and in the Resource model."""

from typing import Any

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.graph import Graph
from skillphysics.papers.claims import Data
from skillphysics.papers.liu2025.fig2 import by_variant
from skillphysics.papers.liu2025.fig16_claims import CLAIMS
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.theories import Dependent, Resource
from skillphysics.theories.dependent import AtLevel, AtStep

_FREE = Graph.given({"1": [], "2": [], "3": []})
_XOR = Graph.given({"1": [], "2": [], "3": ["1", "2"]})
_THIRD = 1 / 3
_RATES = {1: 1e-2 * np.sqrt(7 * 50 / 600), 0: 1e-2 * np.sqrt(7 * 50 / 400)}


def parts(scale: Scale) -> Parts:
    """The networks, and the theory."""
    if scale == "smoke":
        networks = {
            "scale": "quick", "n_seed": 1, "steps": 400, "n_bits": 12, "n_samples": 800,
            "learning_rate": 4e-3,
        }  # fmt: skip
        return {"networks": networks, "theory": {"n_point": 201, "readings": ["code"]}}
    return {
        "networks": {"scale": scale, "n_seed": {"quick": 4, "paper": 10}[scale]},
        "theory": {"n_point": 1001, "readings": ["code", "text"]},
    }


def compute(**settings: Any) -> xr.Dataset:
    """Levels of the networks [dependent, seed, step, skill], or of the theory."""
    if "n_point" in settings:
        return theory(**settings)
    return by_variant(trained("dependent", **settings))


def theory(n_point: int, readings: list[str]) -> xr.Dataset:
    """Levels of the Resource model over 3000 steps, [step, skill].

    `xor` and `xor_text` are those of y3 with the settings of the code and of the text; `free` and
    `constant` those of y3', with a frequency that changes and with one that does not; it changes
    when y3' is half learned, as in the code, or in `free_text` after 2000 steps.
    """
    steps = np.linspace(0, 3000, n_point)
    with jax.enable_x64(True):
        early, late = np.array([_THIRD, _THIRD, 0.0045]), np.array([_THIRD, _THIRD, 0.08])
        models = {
            "xor": Dependent(
                np.full(3, _THIRD), _XOR, rate=_RATES[1], waste=0.01, gate_exponent=0.01
            ),
            "free": Dependent(
                early, _FREE, rate=_RATES[0], waste=0.1, later=AtLevel(late, 0.5)
            ),
            "constant": Resource(early, rate=_RATES[0], waste=0.1, norm="l1"),
        }  # fmt: skip
        if "text" in readings:
            models["xor_text"] = Dependent(
                np.ones(3), _XOR, rate=_RATES[1], waste=0.01, gate_exponent=0.01,
                opening="early", demand="all",
            )  # fmt: skip
            models["free_text"] = Dependent(
                early, _FREE, rate=_RATES[0], waste=0.1, later=AtStep(late, 2000.0)
            )
        levels = {
            name: (("step", "skill"), np.asarray(model.levels(steps)))
            for name, model in models.items()
        }
    return xr.Dataset(levels, {"step": steps, "skill": ["1", "2", "3"]})


_NAMES = {
    1: ("$y_1 = x_1 ⊕ x_2$", "$y_2 = x_3 ⊕ x_4$", "$y_3 = y_1 ⊕ y_2$"),
    0: ("$y_1 = x_1 ⊕ x_2$", "$y_2 = x_3 ⊕ x_4$", "$y_3' = x_5 ⊕ x_6 ⊕ x_7 ⊕ x_8$"),
}


def draw(data: Data) -> Figure:
    """Networks on the left, theory on the right; the xor above, the other parity below."""
    networks, told = data["networks"], data["theory"]
    with mpl.rc_context(STYLE):
        figure = new_figure(9, 6)
        axes = figure.subplots(2, 2, sharey=True)
        for row, dependent in zip(axes, (1, 0), strict=True):
            shown = (1000, 3000)[1 - dependent]
            for skill, colour in enumerate(by_rank(3)):
                level = networks.level.sel(dependent=dependent).isel(skill=skill)
                row[0].plot(level.step, level.T, color=colour, lw=0.6, alpha=0.4)
                row[0].plot(level.step, level.mean("seed"), color=colour,
                            label=_NAMES[dependent][skill])  # fmt: skip
                model = told["xor" if dependent else "free"].isel(skill=skill)
                # The first two skills coincide, so earlier ones are wider.
                row[1].plot(model.step, model, color=colour, lw=3.2 - skill)
            if not dependent:
                fixed = told["constant"].isel(skill=2)
                row[1].plot(fixed.step, fixed, "--", color=by_rank(3)[2],
                            label="$p_3$ stays 0.0045")  # fmt: skip
                row[1].legend(loc="lower right")
            row[0].set(
                xlim=(0, min(shown, networks.step.values[-1])), title="network (thin: each seed)"
            )
            row[1].set(xlim=(0, shown), title="Resource model")
            row[0].set_ylabel("skill level $s$")
            row[0].legend(fontsize=8)
            for axis in row:
                axis.set(xlabel="step", ylim=(-0.1, 1.05))
    return figure


RECIPE = Recipe(
    name="liu2025/fig16",
    title="A parity that needs two others, in networks and in the Resource model.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "10 s on two cores",
        "quick": "2 min on two cores",
        "paper": "20 min on two cores",
    },
    claims=CLAIMS,
)
