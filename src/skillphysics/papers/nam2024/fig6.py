"""N24 Fig 6: emergence and saturation of two skills, and the loss between them."""

from collections.abc import Sequence

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, ordered
from skillphysics.papers.nam2024.powers import all_near
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.theories import Multilinear
from skillphysics.training import train
from skillphysics.worlds import MultilinearNet

EPSILON = 0.05
_RATE = 0.002


def parts(scale: Scale) -> Parts:
    """Two skills as drawn, and five with the start of N24's networks, init²/3.6."""
    del scale
    common = {"a": 0.6, "target_scale": 5.0, "n_record": 500}
    return {
        "two": {**common, "n_skill": 2, "starts": [0.01], "until": 4.0},
        "five": {**common, "n_skill": 5, "starts": [0.01, 0.01**2 / 3.6, 1e-9], "until": 60.0},
    }


def compute(
    a: float,
    target_scale: float,
    n_skill: int,
    starts: Sequence[float],
    until: float,
    n_record: int,
) -> xr.Dataset:
    """Trained levels and losses, and the times that the theory gives; time in 1/η."""  # fmt: skip
    skills = Skills.power_law(n_skill, 1 + a)
    steps = int(until / _RATE) // n_record * n_record
    nets = [
        MultilinearNet(skills, target_scale=target_scale, initial_strength=start)
        for start in starts
    ]  # fmt: skip
    curves = train(
        nets, optimizer("sgd"), learning_rate=_RATE, steps=steps, record=steps // n_record,
        key=jax.random.key(0),
    )  # fmt: skip
    probability = np.asarray(skills.probability)
    with jax.enable_x64(True):
        theories = [
            Multilinear(probability, initial_share=start / target_scale, target_scale=target_scale)
            for start in starts
        ]
        emergence = np.stack([one.emergence_time(EPSILON) for one in theories])
        saturation = np.stack([one.saturation_time(EPSILON) for one in theories])
        stage_like = np.stack([one.stage_like(EPSILON) for one in theories])
    return xr.Dataset(
        {
            "level": (("start", "time", "skill"), curves.level.transpose("run", ...).values),
            "loss": (("start", "time"), curves.dataset.loss.transpose("run", ...).values),
            "emergence": (("start", "skill"), emergence),
            "saturation": (("start", "skill"), saturation),
            "stage_like": (("start", "pair"), stage_like.astype(int)),
            "frequency": ("skill", probability), "target_scale": target_scale,
        },
        {"time": curves.steps * _RATE, "start": list(starts)},
    )  # fmt: skip


def draw(data: Data) -> Figure:
    """(a) levels with the intervals of emergence and saturation; (b) the loss."""
    part = data["two"].isel(start=0)
    with mpl.rc_context(STYLE):
        figure = new_figure(9, 3.6)
        levels, loss = figure.subplots(1, 2)
        for skill, colour in enumerate(by_rank(2)):
            levels.plot(part.time, part.level.isel(skill=skill), color=colour,
                        label=f"skill {skill + 1}")  # fmt: skip
            begin = float(part.emergence[skill])
            end = begin + float(part.saturation[skill])
            for axis in (levels, loss):
                axis.axvspan(begin, end, color=colour, alpha=0.12, lw=0)
            height = 1.06 + 0.13 * skill
            for left, right, name in (
                (0, begin, rf"$\tau_e({skill + 1})$"),
                (begin, end, rf"$\tau_s({skill + 1})$"),
            ):
                arrow = {"arrowstyle": "<->", "color": colour, "lw": 1}
                levels.annotate("", (right, height), (left, height), arrowprops=arrow)
                levels.annotate(
                    name, ((left + right) / 2, height), (0, 3), textcoords="offset points",
                    ha="center", va="bottom", fontsize=8,
                )  # fmt: skip
        for line in (EPSILON, 1 - EPSILON):
            levels.axhline(line, color="#888888", ls=":", lw=1)
        levels.set(ylim=(0, 1.32), ylabel="strength $R_k/S$", title="(a)")
        levels.legend(loc="center right")
        loss.plot(part.time, part.loss, color="#000000")
        after = float(part.target_scale) ** 2 / 2 * float(part.frequency[1])
        loss.axhline(after, color="#888888", ls="--", lw=1, label="$S^2 P_2/2$")
        loss.set(ylabel="loss", title="(b)", ylim=(0, None))
        loss.legend()
        for axis in (levels, loss):
            axis.set(xlim=(0, float(part.time[-1])), xlabel=r"time $\eta T$")
    return figure


def _crossings(part: xr.Dataset, level: float) -> np.ndarray:
    """When each level passes a value, between records."""
    curves, time = part.level.transpose("skill", "time").values, part.time.values
    return np.array([np.interp(level, curve, time) for curve in curves])


def _emergence(data: Data) -> Finding:
    part = data["two"].isel(start=0)
    return all_near(_crossings(part, EPSILON) / part.emergence, np.ones(2), 0.02)


def _saturation(data: Data) -> Finding:
    part = data["two"].isel(start=0)
    took = _crossings(part, 1 - EPSILON) - _crossings(part, EPSILON)
    return all_near(took / part.saturation, np.ones(2), 0.02)


def _stages(data: Data) -> Finding:
    part = data["two"].isel(start=0)
    gap = float(_crossings(part, EPSILON)[1] - _crossings(part, 1 - EPSILON)[0])
    a, scale = np.log2(float(part.frequency[0] / part.frequency[1])), float(part.target_scale)
    # τ_e(2) − τ_e(1) = τ_s(1), solved for S/r.
    most = scale / (1 + (1 / EPSILON - 1) ** (1 + 2 / (2**a - 1)))
    return ordered(
        gap > 0, gap,
        "time in 1/η from the saturation of skill 1 to the emergence of skill 2, at r = "
        f"{float(part.start):g}; above r = {most:.3f} there is none",
    )  # fmt: skip


def _plateau(data: Data) -> Finding:
    """The loss between saturation and next emergence, at the middle, in S² P_2/2."""
    part = data["two"].isel(start=0)
    middle = (_crossings(part, EPSILON)[1] + _crossings(part, 1 - EPSILON)[0]) / 2
    left = float(part.target_scale) ** 2 / 2 * float(part.frequency[1])
    return near(
        float(part.loss.interp(time=middle)) / left, 1.0, 2 * EPSILON,
        why="skill 2 is already at ε, which takes 2ε of its loss",
    )  # fmt: skip


def _all_stages(data: Data) -> Finding:
    """How many of four pairs of neighbours are stage-like, for each start; by the crossings."""
    counts, agree = [], []
    for start in data["five"].start:
        part = data["five"].sel(start=start)
        apart = _crossings(part, EPSILON)[1:] > _crossings(part, 1 - EPSILON)[:-1]
        counts.append(int(apart.sum()))
        agree.append(bool((apart == part.stage_like.values.astype(bool)).all()))
    figure, networks, small = counts
    verdict: Verdict = (
        "holds" if networks == 4 else "holds in part" if networks else "does not hold"
    )
    return Finding(
        networks, verdict, None,
        f"at r = {float(data['five'].start[1]):.1e}, that of N24's networks; {figure} at r = 0.01 "
        f"and {small} at 1e-9. τ_e(k+1) − τ_e(k) over τ_s(k) falls like (a+1)/k, so that a given r "
        "makes only the first few skills stage-like; the condition tells "
        f"{sum(agree)} of {len(agree)} cases right",
    )  # fmt: skip


def _condition(data: Data) -> Finding:
    wrong = 0
    for part in (data[name].sel(start=s) for name in data for s in data[name].start.values):
        apart = _crossings(part, EPSILON)[1:] > _crossings(part, 1 - EPSILON)[:-1]
        wrong += int((apart != part.stage_like.values.astype(bool)).sum())
    return ordered(wrong == 0, float(wrong), "pairs that the condition tells wrong, of 13")


def _power(data: Data) -> Finding:
    part = data["five"].isel(start=1)
    rank = np.arange(1, part.sizes["skill"] + 1)
    slope = np.polyfit(np.log(rank), np.log(_crossings(part, EPSILON)), 1)[0]
    return near(slope, 1.6, 0.02)


RECIPE = Recipe(
    name="nam2024/fig6",
    title="Two skills emerge in stages, and the loss rests between them.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost=dict.fromkeys(("smoke", "quick", "paper"), "4 s on two cores"),
    claims=(
        Claim(
            id="nam2024/fig6/emergence",
            where="N24 App, Fig 6",
            claim="Skill k emerges at τ_e(k) = ln[(S/r−1)/(1/ε−1)]/(2ηP_kS).",
            expected="measured/predicted 1 for both skills",
            tolerance="0.02: finite steps of 0.002/η",
            measure=_emergence,
        ),
        Claim(
            id="nam2024/fig6/saturation",
            where="N24 App, Fig 6",
            claim="It saturates within τ_s(k) = ln(1/ε−1)/(ηP_kS).",
            expected="measured/predicted 1 for both skills",
            tolerance="0.02: finite steps of 0.002/η",
            measure=_saturation,
        ),
        Claim(
            id="nam2024/fig6/stages",
            where="N24 App, Fig 6 (a)",
            claim="Skill 1 has saturated before skill 2 emerges (a = 0.6, S = 5).",
            expected="a gap above 0",
            tolerance="none: an order; taken at r = 0.01, which the figure does not tell",
            measure=_stages,
        ),
        Claim(
            id="nam2024/fig6/plateau",
            where="N24 App, Fig 6 (b)",
            claim="Between the two the loss is that of skill 2 alone.",
            expected="loss/(S² P_2/2) = 1 in the middle between saturation and emergence",
            tolerance="0.1: 2ε",
            measure=_plateau,
        ),
        Claim(
            id="nam2024/fig6/condition",
            where="N24 App",
            claim="Training is stage-like where τ_s(k) < τ_e(k+1) − τ_e(k).",
            expected="0 pairs told wrong",
            tolerance="none: counted on trained models",
            measure=_condition,
        ),
        Claim(
            id="nam2024/fig6/five-skills",
            where="N24 §3, App, Fig 1",
            claim="Training of all five skills is stage-like.",
            expected="4 of 4 pairs of neighbours, at ε = 0.05 and the start of N24's networks, "
            "init²/3.6 with init = 0.01",
            tolerance="none: counted on trained models; in part where some pairs are",
            measure=_all_stages,
        ),
        Claim(
            id="nam2024/fig6/times-by-rank",
            where="N24 §3, App",
            claim="Emergence times grow like k^(a+1).",
            expected="exponent 1.6",
            tolerance="0.02: finite steps of 0.002/η",
            measure=_power,
        ),
    ),
)
