"""N24 Fig 4: five skills in a transformer, and when each emerges."""

import dataclasses
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from skillphysics.experiments import EXPERIMENTS
from skillphysics.papers.claims import Claim, Data, Finding, near, ordered, too_small
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, by_rank, new_figure

LEVELS = (0.05, 0.25, 0.45, 0.65)
ALPHA = 1.9


def parts(scale: Scale) -> Parts:
    """The transformer, by seeds."""
    if scale == "smoke":
        return {
            "strengths": {
                "scale": "quick", "n_seed": 1, "steps": 400, "width": 16, "batch_size": 200,
                "n_measure": 200, "learning_rate": 6e-3,
            }
        }  # fmt: skip
    return {"strengths": {"scale": scale, "n_seed": {"quick": 2, "paper": 10}[scale]}}


def compute(scale: str, n_seed: int, **settings: Any) -> xr.Dataset:
    """Strengths [seed, step, skill] and times at the four levels, [level, seed, skill]."""
    return crossings(trained("emergence-transformer", scale, n_seed, **settings))


def crossings(curves: xr.Dataset) -> xr.Dataset:
    """The same from the curves of the experiment."""
    steps = curves["step"].values.astype(float)
    strength = curves["level"].transpose("run", "step", "skill").values.astype(float)
    times = np.stack([entered(steps, strength, level) for level in LEVELS])
    return xr.Dataset(
        {
            "strength": (("seed", "step", "skill"), strength),
            "time": (("level", "seed", "skill"), times),
        },
        {"step": steps, "level": list(LEVELS), "skill": np.arange(strength.shape[2]) + 1},
    )


def entered(steps: np.ndarray, strength: np.ndarray, level: float) -> np.ndarray:
    """The step from which on a strength stays above a level, [seed, skill]; infinite if never.

    A first crossing would be that of the noise, which reaches 0.05 long before a skill emerges.
    """
    below = strength <= level
    last = steps.size - 1 - np.argmax(below[:, ::-1], axis=1)
    after = np.minimum(last + 1, steps.size - 1)
    low, high = (np.take_along_axis(strength, i[:, None], axis=1)[:, 0] for i in (last, after))
    part = (level - low) / np.where(high > low, high - low, 1)
    inside = steps[last] + part * (steps[after] - steps[last])
    return np.where(last < steps.size - 1, inside, np.inf)


def draw(data: Data) -> Figure:
    """Strengths against time in (a); τ_emerge against k, with the law k^α, in (b)."""
    one = data["strengths"]
    with mpl.rc_context(STYLE):
        figure = new_figure(9, 3.8)
        left, right = figure.subplots(1, 2)
        strengths(left, one)
        left.set(xscale="log", title="(a)")
        left.xaxis.set_minor_formatter(NullFormatter())
        left.legend()
        emerged = emergence(one)
        mean = emerged.mean("seed").values
        right.plot(emerged.skill, emerged.T, "o", color="#0072b2", ms=3, alpha=0.4)
        right.plot(emerged.skill, mean, "o", color="#0072b2", label="mean of the seeds")
        law = mean[0] * emerged.skill.values.astype(float) ** ALPHA
        right.plot(emerged.skill, law, "--", color="#444444", label=f"$k^{{{ALPHA}}}$")
        right.set(xscale="log", yscale="log", xlabel="skill $k$", title="(b)",
                  ylabel="$τ_\\mathrm{emerge}$ (steps)")  # fmt: skip
        right.set_xticks(emerged.skill.values, emerged.skill.values)
        right.minorticks_off()
        right.legend()
    return figure


def strengths(axis: Axes, one: xr.Dataset) -> None:
    """Mean strengths of the seeds with a band of one standard deviation, against steps."""
    shown = one.isel(step=slice(1, None))
    for skill, colour in zip(one.skill.values, by_rank(one.skill.size), strict=True):
        level = shown.strength.sel(skill=skill)
        mean, spread = level.mean("seed"), level.std("seed")
        axis.fill_between(shown.step, mean - spread, mean + spread, color=colour, alpha=0.2, lw=0)
        axis.plot(shown.step, mean, color=colour, label=f"$k$ = {skill}")
    axis.set(xlabel="step", ylabel="skill strength $R_k/S$", ylim=(-0.1, 1.15))


def emergence(one: xr.Dataset) -> xr.DataArray:
    """τ_emerge, the mean over the four levels, [seed, skill]; NaN where one is not reached."""
    return one.time.where(np.isfinite(one.time)).mean("level", skipna=False)


def _long(data: Data) -> bool:
    return int(data["strengths"].step[-1]) >= 2000 and data["strengths"].seed.size >= 2


def as_trained(finding: Finding, one: xr.Dataset) -> Finding:
    """A finding with what was trained, which is a test of N24 only where it is N24's network.

    N24's law of times comes from gradient flow, which Adam does not follow.
    """
    small, whole = (EXPERIMENTS["emergence-transformer"].at(scale) for scale in ("quick", "paper"))
    if int(one.step[-1]) >= whole.steps:
        return dataclasses.replace(finding, why=f"{finding.why}; trained: {_network(whole)}")
    return dataclasses.replace(
        finding,
        verdict="not testable at this scale",
        why=f"{finding.why}; trained: {_network(small)}; N24: {_network(whole)}, near the gradient "
        "flow that its times come from, which Adam does not follow",
    )


def _network(one: Any) -> str:
    return (
        f"{one.optimizer} at {one.learning_rate:g}, width {one.width}, {one.n_own} bits a skill of "
        f"{one.n_bits}, {one.steps} steps of {one.batch_size}"
    )


_TOO_SMALL = too_small("400 steps of one transformer of width 16")


def exponents(times: xr.DataArray) -> np.ndarray:
    """The slope of ln τ against ln k over the skills that emerge, of each seed with three."""
    found = []
    for one in times.values:
        kept = np.isfinite(one)
        if kept.sum() >= 3:
            rank = np.log(times.skill.values[kept])
            found.append(np.polyfit(rank, np.log(one[kept]), 1)[0])
    return np.asarray(found)


def _power(one: xr.Dataset, times: xr.DataArray, which: str) -> Finding:
    found = exponents(times)
    if found.size < 2:
        return too_small(f"{found.size} seeds have three skills or more within the steps")
    mean, interval = mean_interval(found)
    return as_trained(
        near(
            mean, ALPHA, 0.2, interval=interval,
            why=f"{which}; exponents of the seeds {found.round(2).tolist()}; {_times(times)}",
        ),
        one,
    )  # fmt: skip


def _times(times: xr.DataArray) -> str:
    each = [" ".join(f"{time:.0f}" for time in one) for one in times.values]
    return f"steps of skills 1 to {times.skill.size} in each seed: {'; '.join(each)}"


def _law(data: Data) -> Finding:
    if not _long(data):
        return _TOO_SMALL
    one = data["strengths"]
    return _power(one, emergence(one), "mean of four levels, as in the code")


def _law_text(data: Data) -> Finding:
    if not _long(data):
        return _TOO_SMALL
    one = data["strengths"]
    time = one.time.sel(level=0.05)
    return _power(one, time.where(np.isfinite(time)), "level 0.05 alone, as in the text")


def _order(data: Data) -> Finding:
    if not _long(data):
        return _TOO_SMALL
    times = emergence(data["strengths"])
    fine = [bool((np.diff(np.nan_to_num(one, nan=1e9)) >= 0).all()) for one in times.values]
    why = f"share of the seeds; {_times(times)}"
    return as_trained(ordered(all(fine), float(np.mean(fine)), why), data["strengths"])


RECIPE = Recipe(
    name="nam2024/fig4",
    title="Five skills emerge in a transformer, at times that grow like a power of the rank.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "8 s on two cores",
        "quick": "6 min on two cores",
        "paper": "days on two cores; wants a GPU",
    },
    claims=(
        Claim(
            id="nam2024/fig4/power",
            where="N24 §5, Fig 4 (b); times as in the code",
            claim="In a transformer skill k emerges at a time ∝ k^α.",
            expected="exponent 1.9",
            tolerance="0.2: the exponent from five points whose times scatter by tens of percent",
            measure=_law,
        ),
        Claim(
            id="nam2024/fig4/power-text",
            where="N24 §5, Fig 4 (b); times as in the text",
            claim="The same for the times at which R/S is 0.05.",
            expected="exponent 1.9",
            tolerance="0.2: the exponent from five points whose times scatter by tens of percent",
            measure=_law_text,
        ),
        Claim(
            id="nam2024/fig4/order",
            where="N24 §5, Fig 4 (a)",
            claim="Skills emerge in the order of their frequencies.",
            expected="every seed",
            tolerance="none: an order; skills that do not emerge come last",
            measure=_order,
        ),
    ),
)
