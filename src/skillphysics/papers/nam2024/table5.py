"""N24 Table 5: strengths of five skills in ten networks of ten hidden units."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.papers.claims import Claim, Data, Finding, ordered, too_small
from skillphysics.papers.nam2024.fig11 import SMOKE
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, new_figure
from skillphysics.scaling import basis_strength

WIDTH = 10
# Half of the strength between nothing and a whole skill.
FAR = 0.5


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
    """Whether a strength is far from the median of the runs, [seed, skill]."""
    return abs(one.strength - one.strength.median("seed")) > FAR


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
        axis.set_title(f"strength $R_k/S$ with {WIDTH} hidden units (*: far from the median)")
        figure.colorbar(image, ax=axis, label="$R_k/S$")
    return figure


def _long(one: xr.Dataset) -> bool:
    return int(one["last"]) >= 20_000


_TOO_SMALL = too_small("networks of 15 bits, 400 steps, and four runs")


def _predicted(data: Data) -> Finding:
    one = data["strengths"]
    if not _long(one):
        return _TOO_SMALL
    gap = one.strength.median("seed") - one.model
    fine = abs(gap) <= 0.25
    count = int(fine.sum())
    median = one.strength.median("seed")
    return Finding(
        median.values.tolist(),
        "holds" if count == 5 else "holds in part" if count >= 3 else "does not hold",
        why=f"median of the runs; {count} of 5 within 0.25 of the model's "
        f"{one.model.values.tolist()}",
    )  # fmt: skip


def _has_outliers(data: Data) -> Finding:
    one = data["strengths"]
    if not _long(one):
        return _TOO_SMALL
    far = outliers(one)
    runs = int(far.any("skill").sum())
    learned = one.strength.values > FAR
    skipped = int((np.diff(learned.astype(int), axis=1) > 0).any(1).sum())
    return ordered(
        runs > 0, [runs, skipped],
        f"of {one.seed.size} runs: with a strength further than 0.5 from the median, and with a "
        "skill learned though a more frequent one is not",
    )  # fmt: skip


def _first(data: Data) -> Finding:
    one = data["strengths"]
    if not _long(one):
        return _TOO_SMALL
    first = one.strength.isel(skill=0).values
    share = float((first > 0.9).mean())
    return ordered(share >= 0.9, share, f"share of runs above 0.9; the lowest is {first.min():.2f}")


RECIPE = Recipe(
    name="nam2024/table5",
    title="Strengths of five skills in ten networks of ten hidden units, with their outliers.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "5 s on two cores",
        "quick": "2 minutes on two cores",
        "paper": "hours on two cores; wants a GPU",
    },
    claims=(
        Claim(
            id="nam2024/table5/model",
            where="N24 App., Table 5; §5 with N_c = 4",
            claim="Ten units hold the first two skills and half of the third.",
            expected="1, 1, 0.5, 0, 0",
            tolerance="0.25 for each skill: one unit of the four that a skill takes",
            measure=_predicted,
        ),
        Claim(
            id="nam2024/table5/outliers",
            where="N24 App., Table 5",
            claim="Some runs are outliers.",
            expected="at least one of ten",
            tolerance="0.5 from the median: half of a skill",
            measure=_has_outliers,
        ),
        Claim(
            id="nam2024/table5/first",
            where="N24 App., Table 5",
            claim="The most frequent skill is learned in almost all runs.",
            expected="almost all",
            tolerance="nine of ten runs above 0.9",
            measure=_first,
        ),
    ),
)
