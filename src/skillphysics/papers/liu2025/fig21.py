"""L25 Fig 21: u^(1/p) of all skills on one curve, in the runs of Fig 7 (top)."""

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.papers.claims import Claim, Data, Finding, Verdict, ordered
from skillphysics.papers.liu2025 import fig7
from skillphysics.papers.liu2025.fig7_claims import BY_EYE, title, typical, upper_run
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, new_figure


def parts(scale: Scale) -> Parts:
    """The runs of Fig 7 (top)."""
    return fig7.upper_parts(scale)


def compute(run: Sequence[str], **settings: Any) -> xr.Dataset:
    """u^(1/p) of simulations and of the Resource model fitted to them, [run, …, step, skill]."""
    found = fig7.compute(run, **{**settings, "norms": ["l1"]})
    power = 1 / found.frequency
    predicted = found.predicted.isel(norm=0, drop=True)
    return xr.Dataset(
        {
            "level": found.level,
            "geometry": (1 - found.level).clip(min=0) ** power,
            "resource": (1 - predicted).clip(min=0) ** power,
            "mean": (1 - found.level.mean("seed")).clip(min=0) ** power,
            "frequency": found.frequency,
            "waste": ("run", [typical(one) for one in found.best]),
        }
    )


def draw(data: Data) -> Figure:
    """Pairs of panels, Geometry and Resource, for every setting."""
    with mpl.rc_context(STYLE):
        figure = new_figure(15, 9)
        figure.suptitle("Skills from dark (most frequent) to bright (rarest)")
        axes = figure.subplots(3, 6, sharey=True)
        for (left, right), name in zip(axes.reshape(-1, 2), BY_EYE, strict=True):
            one = upper_run(data, name)
            shown = int((one.resource.min("skill") > 0.01).sum())
            for axis, values in ((left, one.geometry.isel(seed=0)), (right, one.resource)):
                fig7.draw_levels(axis, values)
                axis.set(xlim=(0, float(one.step[min(shown + 1, one.step.size - 1)])))
            left.set_title(f"Geometry, {title(name, one)}")
            right.set_title(f"Resource, $N_0$ = {float(one.waste):.2g}")
        for axis in axes[-1]:
            axis.set_xlabel("step")
        for axis in axes[:, 0]:
            axis.set_ylabel("$u^{1/p}$")
    return figure


def deviation(values: xr.DataArray, frequency: xr.DataArray, *, common: bool) -> float:
    """Root mean square of u^(1/p) less that of the most frequent skill, while that is learned.

    Over skills that are at least a tenth as frequent as it, or over the others; NaN without any.
    """
    first = values.isel(skill=0)
    is_common = frequency >= 0.1 * frequency[0]
    chosen = values.where((is_common if common else ~is_common) & (frequency < frequency[0]))
    square = ((chosen - first) ** 2).where(first > 0.01)
    return float(np.sqrt(square.mean()))


def _table(data: Data, variable: str, *, common: bool) -> np.ndarray:
    runs = [upper_run(data, name) for name in BY_EYE]
    return np.array([deviation(one[variable], one.frequency, common=common) for one in runs])


def _conserved(data: Data) -> Finding:
    spread = [part.resource.max("skill") - part.resource.min("skill") for part in data.values()]
    worst = max(float(one.max()) for one in spread)
    why = (
        "largest difference between skills. The closed form takes it for granted; "
        "liu2025/resource-law/conserved has it from a solver"
    )
    return ordered(worst < 0.01, worst, why)


def _collapses(data: Data) -> Finding:
    if next(iter(data.values())).sizes["seed"] < 3:
        return Finding("not measured", "not testable at this scale", None, "two seeds, few records")
    found = _table(data, "geometry", common=True)
    near = found[np.isfinite(found)] < 0.1
    verdict: Verdict = "holds" if near.all() else "holds in part" if near.any() else "does not hold"
    far = [name for name, one in zip(BY_EYE, found, strict=True) if one >= 0.1]
    return Finding(
        found.tolist(), verdict, None, f"settings beyond 0.1: {', '.join(far) or 'none'}"
    )


def _rare(data: Data) -> Finding:
    if next(iter(data.values())).sizes["seed"] < 3:
        return Finding("not measured", "not testable at this scale", None, "two seeds, few records")
    common = _table(data, "geometry", common=True)
    rare, mean = _table(data, "geometry", common=False), _table(data, "mean", common=False)
    told = np.isfinite(common) & np.isfinite(rare)
    worse = rare[told] > 2 * common[told]
    verdict: Verdict = (
        "holds" if worse.all() else "holds in part" if worse.any() else "does not hold"
    )
    n_seed = next(iter(data.values())).sizes["seed"]
    why = (
        f"rare over common skills {np.round(rare[told] / common[told], 1).tolist()}; the mean of "
        f"{n_seed} runs has {np.round(mean[told] / rare[told], 2).tolist()} of the rare ones' "
        f"deviation, where independent drifts of single runs would leave {n_seed**-0.5:.2f}. "
        "Where a level is below 0, u^(1/p) has no bound (α 4)"
    )
    return Finding(rare[told].tolist(), verdict, None, why)


RECIPE = Recipe(
    name="liu2025/fig21",
    title="Learning curves collapse where unskill is raised to the power 1/p.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "25 s on two cores, nearly all of it compilation",
        "quick": "2 min on two cores",
        "paper": "4 min on two cores",
    },
    claims=(
        Claim(
            id="liu2025/fig21/conserved",
            where="L25 §2.4, conserved quantities; Fig 21 right",
            claim="In the Resource model u_i^(1/p_i) is one number for all skills.",
            expected="0, the spread over skills",
            tolerance="0.01: single precision, 6e-8, times 1/p, at most 2e4, several times over",
            measure=_conserved,
        ),
        Claim(
            id="liu2025/fig21/collapse",
            where="L25 §2.4, conserved quantities; Fig 21 left",
            claim="In the Geometry model it is so approximately.",
            expected="0 in each setting, for skills at least a tenth as frequent as the first",
            tolerance="0.1, root mean square against the first skill: a tenth of the panel",
            measure=_collapses,
        ),
        Claim(
            id="liu2025/fig21/rare",
            where="L25 Fig 21, caption",
            claim="The exception are very infrequent skills, where 1/p magnifies small numbers.",
            expected="a larger deviation than that of common skills in each setting",
            tolerance="a factor of 2: less could be the choice of what is common",
            measure=_rare,
        ),
    ),
)
