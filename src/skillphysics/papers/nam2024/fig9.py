"""N24 Fig 9 (b): strengths of three skills in the linear model."""

from collections.abc import Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, ordered
from skillphysics.papers.nam2024.powers import EXPONENTS, all_near, power
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.scaling import Decoupled
from skillphysics.skills import Skills
from skillphysics.theories import Linear, Theory
from skillphysics.training import Problem, train
from skillphysics.worlds import VECTORS, Geometry

SHARES = (0.5, 0.2, 0.1)
"""d_k/D of the skills that are drawn; what is missing to one goes to a fourth."""
RATE = 0.01


def parts(scale: Scale) -> Parts:
    """The strengths, and the losses of endless skills; all scales are alike."""
    del scale
    return {
        "levels": {"until": 40.0, "shares": [*SHARES, 0.2]},
        "laws": {"until": 1e8, "exponents": list(EXPONENTS)},
    }


def compute(
    until: float, shares: Sequence[float] | None = None, exponents: Sequence[float] = ()
) -> xr.Dataset:
    """Strengths of skills with given shares, or losses against time for Zipf exponents."""
    if shares is None:
        return _laws(exponents, until)
    skills = Skills.given(shares)
    vectors = VECTORS["modular"](jax.random.key(0), len(shares), len(shares))
    worlds = [Geometry(vectors, skills, half_square=half) for half in (True, False)]
    return trained_levels(worlds, Linear(skills.probability, rate=RATE), until)


def trained_levels(worlds: Sequence[Problem], theory: Theory, until: float) -> xr.Dataset:
    """Levels trained on half the square and on the square, beside a theory; time in 1/η."""
    levels = [
        train(
            world,
            optimizer("sgd"),
            learning_rate=RATE,
            steps=round(until / RATE),
            record=10,
            key=jax.random.key(0),
        )
        for world in worlds
    ]
    steps = levels[0].steps
    with jax.enable_x64(True):
        expected = np.asarray(theory.levels(steps))
    return xr.Dataset(
        {
            "level": (("loss", "time", "skill"), np.stack([one.level.values for one in levels])),
            "theory": (("time", "skill"), expected),
            "share": ("skill", np.asarray(theory.frequency)),
        },
        {"time": steps * RATE, "loss": ["half square", "square"]},
    ).isel(skill=slice(len(SHARES)))


def _laws(exponents: Sequence[float], until: float) -> xr.Dataset:
    steps = np.geomspace(1e-3 * until, until, 61)
    with jax.enable_x64(True):
        losses = [np.asarray(Decoupled(1 + a, layers="linear").loss(steps).value)
                  for a in exponents]  # fmt: skip
    return xr.Dataset({"loss": (("a", "step"), losses)}, {"a": list(exponents), "step": steps})


def draw_levels(part: xr.Dataset, title: str) -> Figure:
    """Trained levels, coloured, and the theory, dashed."""
    with mpl.rc_context(STYLE):
        figure = new_figure(5, 3.6)
        axis = figure.subplots()
        for skill, (share, colour) in enumerate(zip(SHARES, by_rank(len(SHARES)), strict=True)):
            level = part.level.sel(loss="half square").isel(skill=skill)
            axis.plot(part.time, level, color=colour, lw=2, label=f"$d_k/D$ = {share:g}")
            axis.plot(part.time, part.theory.isel(skill=skill), "--", color="#000000", lw=1)
        axis.plot([], [], "--", color="#000000", lw=1, label="theory")
        axis.set(xlim=(0, float(part.time[-1])), ylim=(-0.03, 1.06), title=title)
        axis.set(xlabel=r"time $\eta T$", ylabel="strength $R_k/S$")
        axis.legend(loc="lower right")
    return figure


def draw(data: Data) -> Figure:
    """Panel (b): strengths against time."""
    return draw_levels(data["levels"], "(b) linear model")


def drawn(part: xr.Dataset, loss: str) -> xr.DataArray:
    """Levels [time, skill] of the skills that are drawn."""
    return part.level.sel(loss=loss)


def passing(part: xr.Dataset, level: float) -> np.ndarray:
    """When each skill that is drawn passes a level, in 1/η, between records."""
    curves = drawn(part, "half square").transpose("skill", "time").values
    return np.array([np.interp(level, curve, part.time.values) for curve in curves])


def follows(part: xr.Dataset) -> Finding:
    """The largest distance of each skill from the theory."""
    off = abs(drawn(part, "half square") - part.theory).max("time")
    return all_near(off, np.zeros(len(SHARES)), 0.01)


def behind(part: xr.Dataset) -> np.ndarray:
    """Levels of the other skills when the first passes 0.95."""
    return drawn(part, "half square").interp(time=passing(part, 0.95)[0]).values[1:]


def _half_times(data: Data) -> Finding:
    times = passing(data["levels"], 0.5)
    return all_near(times * np.asarray(SHARES) / np.log(2), np.ones(3), 0.01)


def _at_once(data: Data) -> Finding:
    speed = np.diff(drawn(data["levels"], "half square"), axis=0)
    return all_near(speed.argmax(0), np.zeros(3), 0)


def _no_stages(data: Data) -> Finding:
    levels = behind(data["levels"])
    return ordered(bool((levels > 0.05).all()), levels.tolist())


def _squares(data: Data) -> Finding:
    rates = []
    for loss in ("half square", "square"):
        early = drawn(data["levels"], loss).sel(time=slice(0, 5))
        slopes = np.polyfit(early.time, -np.log1p(-early), 1)[0]
        rates.append(float((slopes / SHARES).mean()))
    return all_near(rates, [1, 2], 0.02)


def _exponent(data: Data) -> Finding:
    loss = data["laws"].loss
    measured = [power(loss.step, loss.sel(a=a)) for a in EXPONENTS]
    return all_near(measured, [a / (a + 1) for a in EXPONENTS], 0.002)


RECIPE = Recipe(
    name="nam2024/fig9",
    title="The linear model learns all skills at once, each at its own rate.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost=dict.fromkeys(("smoke", "quick", "paper"), "10 s on two cores"),
    claims=(
        Claim(
            id="nam2024/fig9/theory",
            where="N24 App, Fig 9 (b)",
            claim="The linear model on D samples obeys R_k/S = 1 − e^(−η (d_k/D) T).",
            expected="largest deviation 0 at d_k/D = 0.5, 0.2, 0.1",
            tolerance="0.01: steps of 0.01/η",
            measure=lambda data: follows(data["levels"]),
        ),
        Claim(
            id="nam2024/fig9/times",
            where="N24 App, Fig 9 (b)",
            claim="A skill is half learned at ln 2 · D/(η d_k).",
            expected="measured/predicted 1 at d_k/D = 0.5, 0.2, 0.1",
            tolerance="0.01: steps of 0.01/η",
            measure=_half_times,
        ),
        Claim(
            id="nam2024/fig9/no-delay",
            where="N24 §3, App, Fig 9 (b)",
            claim="In the linear model no skill emerges: each is fastest at the start.",
            expected="record of the largest growth 0",
            tolerance="none: counted",
            measure=_at_once,
        ),
        Claim(
            id="nam2024/fig9/no-stages",
            where="N24 §3, App, Fig 9 (b)",
            claim="Rarer skills of the linear model are well under way when the first saturates.",
            expected="levels above ε = 0.05 at d_k/D = 0.2, 0.1 when the first is at 0.95",
            tolerance="none: an order",
            measure=_no_stages,
        ),
        Claim(
            id="nam2024/fig9/square",
            where="N24 code against text",
            claim="On the square of the code, not half of it, the exponent is twice as large.",
            expected="1 and 2 in units of η d_k/D",
            tolerance="0.02: steps of 0.01/η",
            measure=_squares,
        ),
        Claim(
            id="nam2024/fig9/same-exponent",
            where="N24 App",
            claim="The linear model has the multilinear model's law in time.",
            expected="exponent a/(a+1) at a = 0.3, 0.6, 0.9",
            tolerance="0.002: fitted from 1e5 to 1e8, summed exactly over endless skills",
            measure=_exponent,
        ),
    ),
)
