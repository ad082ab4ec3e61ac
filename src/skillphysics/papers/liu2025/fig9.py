"""L25 Fig 9: skills learned in series (Domino) and in parallel (Quanta)."""

from collections.abc import Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.curves import Curves
from skillphysics.papers.claims import Claim, Data, Finding, near, ordered
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.theories import Domino, Quanta, Resource, Theory

_T0, _T1 = 100.0, 30.0
_TITLES = {"domino": "Serial: Domino", "quanta": "Parallel: Quanta"}


def parts(scale: Scale) -> Parts:
    """Both panels, the Quanta model for other α, and the limit of the Resource model."""
    n_step = {"smoke": 201, "quick": 2001, "paper": 2001}[scale]
    steps = {"n_step": n_step, "most": 1100.0}
    return {
        "domino": {**steps, "kind": "domino", "n_skill": 10, "laws": [1.0]},
        "quanta": {**steps, "kind": "quanta", "n_skill": 10, "laws": [1.0]},
        "powers": {"kind": "quanta", "n_skill": 10, "laws": [1.0, 1.5, 2.0, 4.0],
                   "n_step": n_step, "most": 1e6},
        "limit": {**steps, "kind": "resource", "n_skill": 10, "laws": [3.0, 10.0, 100.0, 1000.0]},
    }  # fmt: skip


def compute(kind: str, n_skill: int, laws: Sequence[float], n_step: int, most: float) -> xr.Dataset:
    """Levels [law, step, skill], and when each skill is at 0.9 and at 1 − 1/e, [law, skill].

    A law is the Zipf exponent, or for the Resource model how much rarer each skill is.
    """
    steps = np.linspace(0, most, n_step)
    if kind == "quanta" and len(laws) > 1:
        steps = np.concatenate([[0.0], np.geomspace(1, most, n_step)])
    levels, times, late = [], [], []
    with jax.enable_x64(True):
        for law in laws:
            level = np.asarray(_theory(kind, n_skill, law).levels(steps))
            curves = Curves.from_arrays(steps, level)
            levels.append(level)
            times.append(curves.learning_time(1 - np.exp(-1)).values)
            late.append(curves.learning_time(0.9).values)
    return xr.Dataset(
        {
            "level": (("law", "step", "skill"), np.stack(levels)),
            "time": (("law", "skill"), np.stack(times)),
            "late": (("law", "skill"), np.stack(late)),
        },
        {"law": list(laws), "step": steps, "skill": np.arange(1, n_skill + 1)},
    )


def _theory(kind: str, n_skill: int, law: float) -> Theory:
    if kind == "resource":
        return Resource(Skills.exponential(n_skill, law).probability, 1 / _T0, 0.0)
    p = Skills.power_law(n_skill, law).probability
    if kind == "domino":
        return Domino(p, rate=1 / _T0)
    # The most frequent skill takes 30 steps, as in the panel.
    return Quanta(p, rate=1 / (_T1 * p[0]))


def draw(data: Data) -> Figure:
    """Levels of ten skills, in series on the left and in parallel on the right."""
    with mpl.rc_context(STYLE):
        figure = new_figure(10, 4)
        for axis, (kind, title) in zip(figure.subplots(1, 2), _TITLES.items(), strict=True):
            level = data[kind].level.isel(law=0)
            for place, colour in enumerate(by_rank(level.sizes["skill"])):
                curve = level.isel(skill=place)
                axis.plot(curve.step, curve, color=colour, label=str(place + 1))
            axis.set(xlabel="step", ylabel="skill level $s$", title=title, xlim=(0, 1100))
        figure.axes[-1].legend(title="skill", loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _power(time: xr.DataArray) -> float:
    return float(np.polyfit(np.log(time.skill), np.log(time), 1)[0])


def _series(data: Data) -> Finding:
    gaps = data["domino"].late.isel(law=0).diff("skill")
    return near(gaps.mean() / _T0, 1.0, 1e-6, interval=(gaps.min() / _T0, gaps.max() / _T0))


def _parallel(data: Data) -> Finding:
    found = [_power(one) for one in data["powers"].time]
    worst = max(abs(power - law) for power, law in zip(found, data["powers"].law, strict=True))
    return ordered(
        bool(worst < 0.01), found,
        f"at α = {data['powers'].law.values.tolist()}; an identity of the model, which takes "
        "t_n = 1/p_n as given: what is checked is the arithmetic",
    )  # fmt: skip


def _panel(data: Data) -> Finding:
    time = data["quanta"].time.isel(law=0)
    found = near(_power(time), 1.0, 0.01)
    why = (
        f"an identity of the formula that is drawn, which has t_i = 30 i in it: skill i takes "
        f"{float(time[0]):.3g} i steps, which is n^α at α = 1. At the α = 2 of most other figures "
        f"the tenth skill would take {_T1 * 100:.0f} steps, beyond the panel"
    )
    return Finding(found.measured, found.verdict, None, why)


def _limit(data: Data) -> Finding:
    series, limit = data["domino"].level.isel(law=0), data["limit"].level
    apart = abs(limit - series).max(("step", "skill"))
    falls = bool((apart.diff("law") < 0).all() and apart[-1] < 0.02)
    return ordered(
        falls, apart.values.tolist(),
        "largest difference of a level where each skill is rarer than the last by a factor of "
        f"{limit.law.values.tolist()}",
    )  # fmt: skip


def _linear(data: Data) -> Finding:
    """The time to learn n skills, for a strong hierarchy without waste."""
    late = data["limit"].late.isel(law=-1)
    return near(float(late.diff("skill").mean()) / _T0, 1.0, 0.01)


RECIPE = Recipe(
    name="liu2025/fig9",
    title="Skills learned in series (Domino) and in parallel (Quanta).",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "4 s on two cores",
        "quick": "4 s on two cores",
        "paper": "4 s on two cores",
    },
    claims=(
        Claim(
            id="liu2025/fig9/domino-linear",
            where="L25 §2.6, Fig 9 left",
            claim="In the Domino model the time to learn the n-th skill is proportional to n.",
            expected="t0 = 100 steps from each skill to the next",
            tolerance="1e-6 of t0: the model is a formula; the interval is that over skills",
            measure=_series,
        ),
        Claim(
            id="liu2025/fig9/quanta-power",
            where="L25 §3.1, Fig 9 right",
            claim="In the Quanta model t_n ∝ 1/p_n ∝ n^α.",
            expected="exponents 1, 1.5, 2, 4 for these α",
            tolerance="0.01: what interpolating between the recorded steps can add",
            measure=_parallel,
        ),
        Claim(
            id="liu2025/fig9/quanta-panel",
            where="L25 Fig 9 right; the authors' code",
            claim="The right panel shows t_n ∝ n^α (caption); the code draws 1 − exp(−t/(30 i)).",
            expected="exponent 1 in the panel",
            tolerance="0.01: what interpolating between the recorded steps can add",
            measure=_panel,
        ),
        Claim(
            id="liu2025/fig9/resource-limit",
            where="L25 §2.6, eq. 7 and 8",
            claim="The Domino model is the Resource model without waste under a strong hierarchy.",
            expected="levels differ less and less",
            tolerance="0.02 where each skill is 1000 times rarer: a curve has that width",
            measure=_limit,
        ),
        Claim(
            id="liu2025/fig9/learning-time",
            where="L25 §2.6, learning time",
            claim="To learn n skills takes n t0, in agreement with the Resource model.",
            expected="t0 for each further skill",
            tolerance="1 % of t0: skills overlap by about t0 times the ratio of frequencies, 1e-3",
            measure=_linear,
        ),
    ),
)
