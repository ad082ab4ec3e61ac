"""L25 Fig 5: many skills under SignGD, and the parameters aligned with each."""

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, ordered
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.skills import Skills
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry

_ALPHAS = (1.0, 2.0, 4.0)


def parts(scale: Scale) -> Parts:
    """The columns of the figure: one number of skills, with all α."""
    smoke = scale == "smoke"
    shared = {
        "alphas": list(_ALPHAS), "n_dim": 1000, "batch_size": 128, "rate": 3e-4,
        "steps": 1000 if smoke else 3000, "record": 20 if smoke else 5,
        "n_seed": {"smoke": 2, "quick": 4, "paper": 10}[scale],
        "vectors": "unit" if smoke else "orthogonal",
    }  # fmt: skip
    counts = (2, 10) if smoke else (2, 3, 4, 5, 10)
    return {f"{n} skills": {**shared, "n_task": n} for n in counts}


def compute(
    n_task: int, alphas: list[float], n_dim: int, batch_size: int, rate: float, steps: int,
    record: int, n_seed: int, vectors: str,
) -> xr.Dataset:  # fmt: skip
    """Levels and n_align, [alpha, seed, step, skill], and times to level 0.9."""
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    drawn = [VECTORS[vectors](key, n_task, n_dim) for key in keys]
    worlds = [
        Geometry(one, Skills.power_law(n_task, a), batch_size=batch_size, half_square=True)
        for a in alphas
        for one in drawn
    ]
    curves = train(
        worlds, optimizer("sign_gd"), learning_rate=rate, steps=steps, record=record,
        key=keys * len(alphas),
    )  # fmt: skip
    shape = (len(alphas), n_seed, curves.steps.size, n_task)
    dims = ("alpha", "seed", "step", "skill")
    times = curves.learning_time(0.9).values.reshape(len(alphas), n_seed, n_task)
    return xr.Dataset(
        {
            "level": (dims, curves.level.values.reshape(shape)),
            "aligned": (dims, curves.dataset.aligned.values.reshape(shape)),
            "time": (("alpha", "seed", "skill"), times),
            "n_dim": n_dim,
        },
        {"alpha": list(alphas), "step": curves.steps},
    )


def draw(data: Data) -> Figure:
    """Levels in the upper rows, n_align in the lower ones; α down, numbers of skills across."""
    with mpl.rc_context(STYLE):
        figure = new_figure(3 * len(data) + 1, 11)
        upper, lower = figure.subfigures(2, 1, squeeze=False).flat
        upper.suptitle("Skills from dark (most frequent) to bright (rarest)")
        for half, name, label in (
            (upper, "level", "skill level $s$"),
            (lower, "aligned", r"$n_\mathrm{align}$"),
        ):
            axes = half.subplots(len(_ALPHAS), len(data), sharex=True, sharey=True, squeeze=False)
            for column, (title, part) in zip(axes.T, data.items(), strict=True):
                for axis, alpha in zip(column, part.alpha, strict=True):
                    curves = part[name].sel(alpha=alpha).isel(seed=0)
                    for skill, colour in enumerate(by_rank(curves.sizes["skill"])):
                        axis.plot(curves.step, curves.isel(skill=skill), color=colour, lw=1.2)
                    axis.set(title=f"{title}, α = {float(alpha):g}", xlim=(0, 1000))
            for axis in axes[:, 0]:
                axis.set_ylabel(label)
            for axis in axes[-1]:
                axis.set_xlabel("step")
    return figure


def _is_small(data: Data) -> bool:
    return next(iter(data.values())).sizes["seed"] < 3


def _order(data: Data) -> Finding:
    """Pairs of neighbouring skills, of the mean times over seeds."""
    right, all_ = 0, 0
    swapped: list[str] = []
    for name, part in data.items():
        gaps = part.time.mean("seed").diff("skill")
        # Skills that are never learned have no order.
        told = np.isfinite(part.time.max("seed")).isel(skill=slice(0, -1))
        later = (gaps > 0) & told
        right, all_ = right + int(later.sum()), all_ + int(told.sum())
        swapped += [
            f"α {float(a):g} with {name}"
            for a in part.alpha
            if bool((told & ~later).sel(alpha=a).any())
        ]
    why = f"{all_ - right} of {all_} neighbours are swapped: {', '.join(swapped) or 'none'}"
    verdict: Verdict = "holds" if right == all_ else "holds in part"
    if _is_small(data):
        verdict, why = "not testable at this scale", "two seeds decide the order of near equals"
    return Finding(right / all_, verdict, None, why)


def _smooth(aligned: xr.DataArray) -> xr.DataArray:
    """The mean over seeds and some 50 steps."""
    spacing = int(aligned.step[1] - aligned.step[0])
    width = max(50 // spacing, 1)
    return aligned.mean("seed").rolling(step=width, center=True, min_periods=1).mean()


def _peaks(data: Data) -> Finding:
    """When each skill holds most parameters, beside when it is learned; α = 2 and 4."""
    rank, late, without = [], [], []
    for name, part in data.items():
        for alpha in (2.0, 4.0):
            one = part.sel(alpha=alpha)
            learned = one.time.mean("seed")
            # Once all is learned, what is left to align with is noise.
            until = one.aligned.isel(step=one.step <= learned.where(np.isfinite(learned)).max())
            peak = _smooth(until).idxmax("step")
            first = np.isfinite(learned) & (one.skill < 4)
            rank.append(bool((peak.where(first, drop=True).diff("skill") > 0).all()))
            if not rank[-1]:
                without.append(f"α {alpha:g} with {name}")
            late += (
                (peak / learned).where(first, drop=True).isel(skill=slice(1, None)).values.tolist()
            )
    share = float(np.mean(rank))
    verdict: Verdict = "holds" if share == 1 else "holds in part" if share else "does not hold"
    why = (
        "share of settings with rising peaks among the first four skills; from the second skill "
        f"on a peak is at {np.median(late):.2f} of the time to level 0.9 (median). Not so: "
        f"{', '.join(without) or 'none'}; the first skill, bouncing, can take most of it back"
    )
    if _is_small(data):
        verdict, why = "not testable at this scale", "two seeds, too few to see the peaks"
    return Finding(share, verdict, None, why)


def _handover(data: Data) -> Finding:
    """Correlation of n_align of the first two skills, until the second is learned; α = 2."""
    part = data["2 skills"].sel(alpha=2.0)
    one = part.isel(step=part.step <= part.time.mean("seed")[1])
    first, second = (_smooth(one.aligned).isel(skill=i) for i in (0, 1))
    share = [float(x.isel(step=i) / part.n_dim) for x in (first, second) for i in (0, -1)]
    why = (
        f"n_align/n_dim goes from {share[0]:.2f} to {share[1]:.2f} for the first skill and from "
        f"{share[2]:.2f} to {share[3]:.2f} for the second"
    )
    return near(float(xr.corr(first, second)), -1.0, 0.2, why=why)


def _total(data: Data) -> Finding:
    """Σ n_align/n_dim while the last skill is not learned, for two skills and for many."""
    found = {}
    for name, part in data.items():
        while_learning = part.step <= part.time.isel(skill=-1)
        total = (part.aligned.sum("skill") / part.n_dim).where(while_learning)
        found[name] = [float(total.sel(alpha=a).mean()) for a in _ALPHAS]
    many = found["10 skills"]
    two = max(abs(one - 1) for one in found["2 skills"]) < 0.1
    verdict: Verdict = "holds in part" if two else "does not hold"
    if two and max(abs(one - 1) for one in many) < 0.1:
        verdict = "holds"
    why = (
        f"at α 1, 2, 4; ten skills: {np.round(many, 2).tolist()}. Random directions have n_align = "
        "n_dim (2/π) arcsin(N_i/|N|), whose sum is n_dim for any two skills, and more for more: "
        "what is conserved is the sum of squares of the shares N_i/|N|"
    )
    return Finding(found["2 skills"], verdict, None, why)


def _domino(data: Data) -> Finding:
    """The level of the second skill when the first is at 0.9, for each α; ten skills."""
    part = data["10 skills"]
    overlap = [_next_level(part.sel(alpha=a), 0) for a in _ALPHAS]
    later = _next_level(part.sel(alpha=2.0), 4)
    why = f"at α 1, 2, 4; the sixth skill is at {later:.2f} when the fifth is learned (α = 2)"
    return ordered(overlap[0] > overlap[1] > overlap[2] and later > overlap[1], overlap, why)


def _next_level(one: xr.Dataset, skill: int) -> float:
    level, time = one.level.isel(skill=skill + 1), one.time.isel(skill=skill)
    return float(np.mean([
        np.interp(time[seed], level.step, level.isel(seed=seed)) for seed in range(time.size)
    ]))  # fmt: skip


def _count(data: Data) -> Finding:
    """How much of the time a learned skill is beyond 1, where text and code count differently."""
    shares = []
    for part in data.values():
        learned = part.step > part.time
        shares.append(float((part.level > 1).where(learned).mean()))
    why = (
        "share of records of learned skills with s > 1: there the code counts (n_dim − n_align)/2, "
        "for it takes the task vector and not the gradient of the skill; elsewhere "
        "(n_dim + n_align)/2, which starts from n_dim/2 and not from 0"
    )
    return Finding(float(np.mean(shares)), "holds in part", None, why)


RECIPE = Recipe(
    name="liu2025/fig5",
    title="Skills are learned in the order of their frequencies, and hand over parameters.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "10 s on two cores",
        "quick": "1 min on two cores",
        "paper": "2 min on two cores",
    },
    claims=(
        Claim(
            id="liu2025/fig5/order",
            where="L25 §2.3, Fig 5 top",
            claim="Skills are learned in the order of their frequencies.",
            expected="all neighbours in order, in all panels",
            tolerance="none: an ordering, of the mean times over seeds",
            measure=_order,
        ),
        Claim(
            id="liu2025/fig5/peaks",
            where="L25 §2.3, Fig 5 bottom",
            claim="n_align of the skills peaks one after the other, as they are learned.",
            expected="rising peaks in all panels with α = 2 and 4",
            tolerance="none: an ordering, of means over seeds and 50 steps",
            measure=_peaks,
        ),
        Claim(
            id="liu2025/fig5/handover",
            where="L25 §2.3, Fig 5 bottom, first column",
            claim="The fall of n_align of the first skill coincides with the rise of the second's.",
            expected="a correlation of −1",
            tolerance="0.2: batches make n_align noisy",
            measure=_handover,
        ),
        Claim(
            id="liu2025/fig5/total",
            where="L25 §2.3, resource interpretation",
            claim="The total amount of resources is conserved, determined by n_dim.",
            expected="1, the sum of n_align/n_dim during learning",
            tolerance="0.1: the mean over steps and seeds is known far better",
            measure=_total,
        ),
        Claim(
            id="liu2025/fig5/domino-where",
            where="L25 §2.3, Fig 5 top",
            claim="The Domino effect holds for large α and the first few skills only.",
            expected="an overlap that falls with α and grows with the rank",
            tolerance="none: an ordering",
            measure=_domino,
        ),
        Claim(
            id="liu2025/fig5/count",
            where="L25 §2.3; the authors' code",
            claim="n_align is Σ_j sign(g_i)_j sign(g)_j (text); the code counts the dimensions "
            "where task vector and −g agree.",
            expected="the same up to (n_dim + n_align)/2",
            tolerance="none: an identity, while s < 1",
            measure=_count,
        ),
    ),
)
