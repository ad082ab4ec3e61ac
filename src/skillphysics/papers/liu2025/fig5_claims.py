"""What L25 says of many skills under SignGD (§2.3, Fig 5), measured."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, ordered

ALPHAS = (1.0, 2.0, 4.0)


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


class Order(NamedTuple):
    """Neighbouring skills whose peaks of n_align are in order, and where they are not."""

    right: int
    pairs: int
    swapped: list[str]


def _peak_order(data: Data, *, while_learning: bool) -> Order:
    """Of the mean n_align over seeds until all skills are learned, or each until it is itself."""
    right, pairs = 0, 0
    swapped: list[str] = []
    for name, part in data.items():
        for alpha in ALPHAS:
            one = part.sel(alpha=alpha)
            learned = one.time.mean("seed")
            told = np.isfinite(learned)
            last = learned.where(told).max()
            until = one.step <= (learned.where(told, last) if while_learning else last)
            seen = _smooth(one.aligned).where(until).isel(skill=np.flatnonzero(told))
            later = seen.idxmax("step").diff("skill") > 0
            right, pairs = right + int(later.sum()), pairs + later.size
            if not later.all():
                swapped.append(f"α {alpha:g} with {name} ({int((~later).sum())})")
    return Order(right, pairs, swapped)


def _peaks(data: Data) -> Finding:
    """Whether n_align of a skill is largest later than that of the next more frequent one."""
    if _is_small(data):
        return Finding(
            "not measured", "not testable at this scale", None, "two seeds, too few to see peaks"
        )
    found, own = (_peak_order(data, while_learning=one) for one in (False, True))
    share = found.right / found.pairs
    verdict: Verdict = "does not hold"
    if share > 0.5:
        verdict = "holds" if share == 1 else "holds in part"
    rare = data["10 skills"].sel(alpha=4.0)
    learned = float(rare.time.mean("seed").isel(skill=0))
    after = rare.step > learned
    first = float((_smooth(rare.aligned).isel(skill=0) / rare.n_dim).where(after).max())
    probability = np.arange(1, 11) ** -4.0 / (np.arange(1, 11) ** -4.0).sum()
    why = (
        f"{found.pairs - found.right} of {found.pairs} neighbours are swapped: "
        f"{', '.join(found.swapped) or 'none'}. Where peaks are sought only until the skill itself "
        f"is learned {own.pairs - own.right} are: {', '.join(own.swapped) or 'none'}. The others "
        "come from learned skills that take parameters back: with ten skills and α 4 the first is "
        f"learned at {learned:.0f}, and later holds up to {first:.2f} of n_dim, for a batch has "
        f"{128 * probability[4]:.2g} draws of the fifth skill and {128 * probability[9]:.1g} of "
        "the last"
    )
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
        found[name] = [float(total.sel(alpha=a).mean()) for a in ALPHAS]
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
    overlap = [_next_level(part.sel(alpha=a), 0) for a in ALPHAS]
    later = _next_level(part.sel(alpha=2.0), 4)
    why = f"at α 1, 2, 4; the sixth skill is at {later:.2f} when the fifth is learned (α = 2)"
    return ordered(overlap[0] > overlap[1] > overlap[2] and later > overlap[1], overlap, why)


def _next_level(one: xr.Dataset, skill: int) -> float:
    level, time = one.level.isel(skill=skill + 1), one.time.isel(skill=skill)
    return float(np.mean([
        np.interp(time[seed], level.step, level.isel(seed=seed)) for seed in range(time.size)
    ]))  # fmt: skip


def _count(data: Data) -> Finding:
    """In which share of records (n_dim + n_align)/2 is what the code counts."""
    total, same, learned = 0, 0, []
    for part in data.values():
        # The code takes the task vector for the gradient's direction: beyond 1 its sign is wrong.
        differ = (part.level > 1) & (part.aligned != 0)
        total, same = total + differ.size, same + int((~differ).sum())
        learned.append(float(differ.where(part.step > part.time).mean()))
    share = same / total
    why = (
        f"share of records in which both are the same. Where s > 1, in {np.mean(learned):.2f} of "
        "those of learned skills, the code counts (n_dim − n_align)/2, for it takes the task "
        "vector and not the gradient of the skill; elsewhere (n_dim + n_align)/2, which starts "
        "from n_dim/2 and not from 0"
    )
    verdict: Verdict = "holds" if share == 1 else "holds in part" if share else "does not hold"
    return Finding(share, verdict, None, why)


CLAIMS = (
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
        expected="peaks in the order of the skills, in all panels",
        tolerance="none: an ordering, of means over seeds and 50 steps; in part where more than "
        "half of the neighbours are in order, which is chance",
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
        tolerance="none: an identity; in part if some records have it",
        measure=_count,
    ),
)
"""All claims, of the data of `fig5`."""
