"""N24 Fig 10: strengths of three skills in the multilinear model."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Array, Float
from matplotlib.figure import Figure

from skillphysics.papers.claims import Claim, Data, Finding, ordered
from skillphysics.papers.nam2024 import fig9
from skillphysics.papers.nam2024.fig9 import (
    RATE,
    SHARES,
    behind,
    draw_levels,
    drawn,
    follows,
    passing,
    trained_levels,
)
from skillphysics.papers.nam2024.powers import all_near
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.skills import Skills
from skillphysics.theories import Multilinear
from skillphysics.worlds import MultilinearNet

SCALE, START = 1.0, 0.001


class Square(MultilinearNet):
    """The multilinear model on E(f* − f)², as in the code of N24."""

    def __init__(self, skills: Skills, **options: Any) -> None:
        super().__init__(skills, **options)

    def skill_loss(self, skill: Float[Array, " n_task"]) -> Float[Array, " n_task"]:
        """(S − R_k)²."""
        return 2 * super().skill_loss(skill)


def parts(scale: Scale) -> Parts:
    """The strengths, and the linear model's beside them; all scales are alike."""
    shares = [*SHARES, 0.2]
    return {
        "levels": {"until": 70.0, "shares": shares, "layers": 2},
        "linear": {**fig9.parts(scale)["levels"], "layers": 1},
    }


def compute(until: float, shares: Sequence[float], layers: int) -> xr.Dataset:
    """Strengths of the multilinear model, or with one layer of the linear one."""
    if layers == 1:
        return fig9.compute(until, shares)
    skills = Skills.given(shares)
    worlds = [
        kind(skills, target_scale=SCALE, initial_strength=START)
        for kind in (MultilinearNet, Square)
    ]
    theory = Multilinear(
        skills.probability, rate=RATE, initial_share=START / SCALE, target_scale=SCALE
    )
    return trained_levels(worlds, theory, until)


def draw(data: Data) -> Figure:
    """Strengths against time."""
    return draw_levels(data["levels"], "multilinear model")


def _half_times(data: Data) -> Finding:
    times = passing(data["levels"], 0.5)
    expected = np.log(SCALE / START - 1) / (2 * SCALE * np.asarray(SHARES))
    return all_near(times / expected, np.ones(3), 0.01)


def _half_way(data: Data) -> Finding:
    """The level at which each skill grows fastest."""
    level = drawn(data["levels"], "half square").values
    fastest = np.diff(level, axis=0).argmax(0)
    return all_near(level[fastest, np.arange(3)], np.full(3, 0.5), 0.02)


def _more_stages(data: Data) -> Finding:
    multilinear, linear = behind(data["levels"]), behind(data["linear"])
    return ordered(
        bool((multilinear < linear / 2).all()), [*multilinear, *linear],
        "levels of the skills at d_k/D = 0.2, 0.1: multilinear, then linear",
    )  # fmt: skip


def _exponents(data: Data) -> Finding:
    """Slopes of ln[R/(S − R)] in units of η S d_k/D."""
    found, time = [], data["levels"].time.values
    for loss in ("half square", "square"):
        slopes = []
        for level in drawn(data["levels"], loss).values.T:
            middle = (level > 0.01) & (level < 0.99)
            odds = np.log(level[middle] / (1 - level[middle]))
            slopes.append(np.polyfit(time[middle], odds, 1)[0])
        found.append(np.mean(slopes / (SCALE * np.asarray(SHARES))))
    return all_near(found, [2, 4], 0.05)


RECIPE = Recipe(
    name="nam2024/fig10",
    title="The multilinear model learns skills one after the other, each along a sigmoid.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost=dict.fromkeys(("smoke", "quick", "paper"), "6 s on two cores"),
    claims=(
        Claim(
            id="nam2024/fig10/theory",
            where="N24 §3, App, Fig 10",
            claim="The multilinear model on D samples obeys "
            "R_k/S = 1/(1 + (S/r − 1) e^(−2η (d_k/D) S T)).",
            expected="largest deviation 0 at d_k/D = 0.5, 0.2, 0.1",
            tolerance="0.01: steps of 0.01/η",
            measure=lambda data: follows(data["levels"]),
        ),
        Claim(
            id="nam2024/fig10/times",
            where="N24 §3, App, Fig 10",
            claim="A skill is half learned at ln(S/r − 1) D/(2η S d_k).",
            expected="measured/predicted 1 at d_k/D = 0.5, 0.2, 0.1",
            tolerance="0.01: steps of 0.01/η",
            measure=_half_times,
        ),
        Claim(
            id="nam2024/fig10/emerges",
            where="N24 §3, App, Fig 10",
            claim="Skills emerge: each is fastest when it is half learned.",
            expected="level 0.5 where the growth is largest",
            tolerance="0.02: what a skill grows between two records, a tenth of 1/η",
            measure=_half_way,
        ),
        Claim(
            id="nam2024/fig10/stages",
            where="N24 §3, App, Figs 9, 10",
            claim="Two layers make training stage-like where one layer does not.",
            expected="levels of rarer skills when the first is at 0.95 less than half of the "
            "linear model's",
            tolerance="half: an order; at r/S = 0.001, which the figure does not tell",
            measure=_more_stages,
        ),
        Claim(
            id="nam2024/fig10/square",
            where="N24 code against text",
            claim="The exponent is 2η for half the square, and 4η for the square of the code.",
            expected="2 and 4 in units of η S d_k/D",
            tolerance="0.05: steps of 0.01/η",
            measure=_exponents,
        ),
    ),
)
