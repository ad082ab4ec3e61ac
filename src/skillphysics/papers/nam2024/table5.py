"""N24 Table 5: strengths of five skills in ten networks of ten hidden units."""

import dataclasses
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.experiments import EXPERIMENTS
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, ordered, too_small
from skillphysics.papers.intervals import mean_interval, share_interval
from skillphysics.papers.nam2024.one_skill import DIFFERS, SMOKE, ahead
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, new_figure
from skillphysics.scaling import basis_strength

WIDTH = 10


def parts(scale: Scale) -> Parts:
    """Ten runs."""
    if scale == "smoke":
        small = {**SMOKE["parameters"], "n_bits": 15, "widths": [WIDTH], "steps": 400}
        return {"strengths": {"scale": "quick", "n_seed": 4, **small}}
    return {"strengths": {"scale": scale, "n_seed": 10, "widths": [WIDTH]}}


def compute(scale: str, n_seed: int, **settings: Any) -> xr.Dataset:
    """Strengths at the end, [seed, skill]."""
    return at_end(trained("emergence-parameters", scale, n_seed, **settings))


def at_end(curves: xr.Dataset) -> xr.Dataset:
    """The same from the curves of the experiment."""
    chosen = curves.isel(run=np.flatnonzero(curves["width"].values == WIDTH), step=-1)
    strength = chosen["level"].transpose("run", "skill").values
    skill = np.arange(strength.shape[1]) + 1
    model = basis_strength(WIDTH, skill, 4.0)
    return xr.Dataset(
        {
            "strength": (("seed", "skill"), strength),
            "model": ("skill", model),
            "last": int(curves["step"][-1]),
        },
        {"skill": skill},
    )


def outliers(one: xr.Dataset) -> xr.DataArray:
    """Whether a skill is stronger by a tenth than a more frequent one, [seed, skill].

    The model, whose first skills take the first units, has none.
    """
    return one.strength.copy(data=ahead(one.strength.values))


def draw(data: Data) -> Figure:
    """The table: a row a run, then the median and the model with N_c = 4; outliers are bold."""
    one = data["strengths"]
    far = outliers(one).values
    rows = [*one.strength.values, one.strength.median("seed").values, one.model.values]
    names = [f"run {i + 1}" for i in range(len(far))] + ["median", "model"]
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = new_figure(5.5, 0.6 + 0.3 * len(rows))
        axis = figure.subplots()
        image = axis.imshow(np.stack(rows), cmap="viridis", vmin=0, vmax=1, aspect="auto")
        for i, row in enumerate(rows):
            for k, value in enumerate(row):
                outlying = i < len(far) and bool(far[i, k])
                told = f"{value:.2f}".replace("-0.00", "0.00") + "*" * outlying
                axis.text(k, i, told, ha="center", va="center",
                          color="black" if value > 0.5 else "white",
                          weight="bold" if outlying else "normal")  # fmt: skip
        axis.set_yticks(range(len(rows)), names)
        axis.set_xticks(range(one.skill.size), [f"$k$ = {k}" for k in one.skill.values])
        axis.axhline(len(far) - 0.5, color="white", lw=2)
        axis.set_title(f"$R_k/S$ with {WIDTH} hidden units (*: 0.1 above a more frequent skill)")
        figure.colorbar(image, ax=axis, label="$R_k/S$")
    return figure


def _long(one: xr.Dataset) -> bool:
    return int(one["last"]) >= 20_000


_TOO_SMALL = too_small("networks of 15 bits, 400 steps, and four runs")


def _predicted(data: Data) -> Finding:
    one = data["strengths"]
    if not _long(one):
        return _TOO_SMALL
    median = one.strength.median("seed")
    gap = (median - one.model).values
    learned = one.model.values > 0
    count, n_learned = int((np.abs(gap[learned]) <= 0.25).sum()), int(learned.sum())
    verdict: Verdict = "does not hold"
    if count == n_learned:
        verdict = "holds"
    elif count * 2 >= n_learned:
        verdict = "holds in part"
    found = Finding(
        median.values.tolist(), verdict,
        why=f"median of {one.seed.size} runs; {_ranges(one)}; {count} of the {n_learned} skills "
        f"that the model holds, {one.model.values[learned].tolist()}, are within 0.25 of it",
    )  # fmt: skip
    if int(one["last"]) >= EXPERIMENTS["emergence-parameters"].at("paper").steps:
        return found
    return dataclasses.replace(
        found,
        verdict="not testable at this scale",
        why=f"{found.why}. N_c = 4 is of N24's networks: {DIFFERS['parameters']}",
    )


def _ranges(one: xr.Dataset) -> str:
    low, high = one.strength.min("seed").values, one.strength.max("seed").values
    spread = one.strength.std("seed", ddof=1).values
    told = [f"{a:.2f} to {b:.2f} ({c:.2f})" for a, b, c in zip(low, high, spread, strict=True)]
    return f"ranges (standard deviations) by skill {', '.join(told)}"


def _has_outliers(data: Data) -> Finding:
    one = data["strengths"]
    if not _long(one):
        return _TOO_SMALL
    far = outliers(one).values
    runs = int(far.any(1).sum())
    low, high = share_interval(runs, len(far))
    strength = one.strength.values
    rest = float(np.abs(strength[strength < 0.1]).max())
    return ordered(
        runs > 0, float(runs),
        f"of {len(far)} runs (a share of {low:.2f} to {high:.2f}), by skill {far.sum(0).tolist()}; "
        f"what is below 0.1 is within {rest:.3f} of 0; {_ranges(one)}",
    )  # fmt: skip


def _first(data: Data) -> Finding:
    one = data["strengths"]
    if not _long(one):
        return _TOO_SMALL
    first = one.strength.isel(skill=0).values
    mean, interval = mean_interval(first)
    return near(
        mean, 1.0, 0.1, interval=interval,
        why=f"mean of {first.size} runs, from {first.min():.2f} to {first.max():.2f}",
    )  # fmt: skip


RECIPE = Recipe(
    name="nam2024/table5",
    title="Strengths of five skills in ten networks of ten hidden units, with their outliers.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "5 s on two cores",
        "quick": "1 min on two cores",
        "paper": "hours on two cores; wants a GPU",
    },
    claims=(
        Claim(
            id="nam2024/table5/model",
            where="N24 App., Table 5; §5 with N_c = 4",
            claim="Ten units hold the first two skills and half of the third.",
            expected="1, 1, 0.5, 0, 0",
            tolerance="0.25 for each of the first three: one unit of the four that a skill takes. "
            "That the others are at 0 would also hold of networks that learn nothing",
            measure=_predicted,
        ),
        Claim(
            id="nam2024/table5/outliers",
            where="N24 App., Table 5",
            claim="Some runs are outliers: a skill is stronger than a more frequent one.",
            expected="at least one of ten",
            tolerance="0.1, a tenth of a skill: ten times the scatter of those not learned",
            measure=_has_outliers,
        ),
        Claim(
            id="nam2024/table5/first",
            where="N24 App., Table 5; §5, where a skill takes four units",
            claim="Ten units hold the most frequent skill: its R/S is 1 in the mean of the runs.",
            expected="1",
            tolerance="0.1: a tenth of a skill",
            measure=_first,
        ),
    ),
)
