"""Claims, limitations and open questions of L25 that no figure shows."""

from collections.abc import Callable

import numpy as np

from skillphysics.papers.claims import Claim, Data, Finding, ordered
from skillphysics.papers.liu2025.text_data import compute, parts
from skillphysics.papers.recipe import Recipe


def _untested(what: str) -> Finding:
    return Finding(
        "not computed", "not testable at this scale", None, f"{what} is left to the other scales"
    )


def _no_interference(data: Data) -> Finding:
    error = float(data["interference"].error)
    return ordered(error < 1e-4, error)


def _conserved(data: Data) -> Finding:
    two, ten = data["aligned"].total.values
    same = [abs(two - 1) < 0.1, abs(ten - 1) < 0.1]
    return Finding(
        [two, ten], "holds" if all(same) else "holds in part" if any(same) else "does not hold",
        None, "the total is (2k/π) arcsin(1/√k) for k equal skills: 1 for two, 2.05 for ten",
    )  # fmt: skip


def _step_exponents(data: Data) -> Finding:
    part = data["exponents"]
    quanta, domino = part.quanta.values, part.domino.values
    alpha = part.alpha.values
    near = np.abs([*(quanta - (alpha - 1) / alpha), *(domino - (alpha - 1))]) < 0.02
    return ordered(
        bool(near.all()), [*quanta, *domino],
        "the superscripts of both are swapped in the text, and so is the sign of the exponent in "
        "S ∝ n^−α",
    )  # fmt: skip


def _shifted(data: Data) -> Finding:
    few, half, many = data["suited"].often.values
    return ordered(
        few < 0.2 and many > 0.8, [few, half, many],
        "one direction suits all of n random vectors with probability 1/2 at n/2 dimensions "
        "(Wendel), so the loss can vanish from there on; the published drop at 0.6 is later as "
        "training is finite",
    )  # fmt: skip


def _evened(data: Data) -> Finding:
    time = data["reweighted"].time.mean("seed").values
    holds = bool((np.diff(time[:, -1]) < 0).all() and (np.diff(time[:, 0]) > 0).all())
    return ordered(
        holds, (time[:, -1] / time[:, 0]).tolist(),
        f"steps to 0.9 for weights ℓ^κ, κ = 0, 0.5, 1: rarest {np.round(time[:, -1])}, most "
        f"frequent {np.round(time[:, 0])}",
    )  # fmt: skip


def _clock(data: Data) -> Finding:
    part = data["cross_entropy"]
    clock, unskill = (float(v.std() / v.mean()) for v in (part.clock, part.unskill))
    return ordered(
        clock < 0.1, [clock, unskill],
        "relative scatter over skills of (s + e^s − 1)/p, and of the −ln u/p of mse in its place",
    )  # fmt: skip


def _rarer(data: Data) -> Finding:
    if "chain" not in data:
        return _untested("solving for dependent skills")
    free, chain = float(data["reweighted"].higher), float(data["chain"].higher)
    holds = [free > 0.8, chain > 0.8]
    return Finding(
        [free, chain],
        "holds" if all(holds) else "holds in part" if any(holds) else "does not hold",
        None, "independent skills, but for their drift before they are learned; in a chain whose "
        "root is rarest it is the other way round",
    )  # fmt: skip


def _modular_times(data: Data) -> Finding:
    time = np.log(data["modules"].time)
    size = np.log(data["modules"].n_task.values)
    steep, flat, modules = (
        float(np.polyfit(size, time.sel(kind=kind, model=model), 1)[0])
        for kind, model in (("exponential", "shared"), ("power", "shared"), ("power", "modular"))
    )
    right = [abs(steep - 1) < 0.1, abs(modules - 0.5) < 0.1]
    return Finding(
        [steep, flat, modules],
        "holds" if all(right) else "holds in part" if any(right) else "does not hold",
        None, "exponents in n_task: shared, p falling by 3; shared, p ∝ k^−2; modules. A factor of "
        "3 is no strict hierarchy, and for power laws the mean-field law has 1/2 for many skills",
    )  # fmt: skip


def _pair_error(data: Data) -> Finding:
    if "pairs" not in data:
        return _untested("solving for correlated skills")
    pairs, alone = float(data["pairs"].pairs), float(data["pairs"].alone)
    return ordered(
        pairs < 0.02, [pairs, alone],
        "a point whose level is the mean of two skills is a skill of its own, correlated with "
        "others: the second number leaves the correlations out. Points that want both skills at "
        "once are not covered",
    )  # fmt: skip


def _convex(data: Data) -> Finding:
    part = data["convexity"]
    least = [float(part[name]) for name in ("mse", "ce", "multilinear")]
    return ordered(
        min(least[:2]) > -1e-5, least,
        "least over largest curvature: Geometry with mse and ce, and N24's product of layers, "
        "which is not convex",
    )  # fmt: skip


def _overfits(data: Data) -> Finding:
    if "gap" not in data:
        return _untested("training a network")
    known, found = float(data["gap"].known), float(data["gap"].found)
    return ordered(
        known - found > 0.5, [known, found],
        "levels on pairs seen and not seen, where they differ most: tasks measure the gap, and no "
        "theory here has a place for it",
    )  # fmt: skip


def _recovered(data: Data) -> Finding:
    if "inverse" not in data:
        return _untested("fitting")
    part = data["inverse"]
    off = [float(np.abs(part[norm] / part.truth - 1).max()) for norm in ("l1", "l2")]
    return ordered(
        min(off) < 0.1, off,
        "largest relative error of five frequencies, for norms l1 and l2; the clock C is fitted "
        "along. It wants independent skills",
    )  # fmt: skip


def _claim(slug: str, where: str, claim: str, expected: str, tolerance: str,
           measure: Callable[[Data], Finding]) -> Claim:  # fmt: skip
    return Claim(f"liu2025/text/{slug}", f"L25 {where}", claim, expected, tolerance, measure)


RECIPE = Recipe(
    name="liu2025/text",
    title="Claims, limitations and open questions of the text.",
    parts=parts,
    compute=compute,
    draw=None,
    cost={
        "smoke": "about 15 s on two cores",
        "quick": "1 minute on two cores",
        "paper": "1 minute on two cores",
    },
    claims=(
        _claim("sgd-no-interference", "§2.3",
               "Under SGD the gradients of orthogonal skills do not interfere.",
               "every skill as if alone", "1e-4: rounding in float32", _no_interference),
        _claim("resources-conserved", "§2.3",
               "The aligned dimensions of all skills together are conserved.",
               "n_dim, for two skills and for ten", "10 % of n_dim: a few per cent of scatter",
               _conserved),
        _claim("step-exponents", "§3.1",
               "The loss falls with steps by (α−1)/α in the Quanta model and by α−1 in the Domino "
               "model.",
               "0.333, 0.5 (Quanta) and 0.5, 1 (Domino) at α = 1.5, 2",
               "0.02: the skills learned are finitely many", _step_exponents),
        _claim("critical-point", "§3.2, Fig 10 (a)",
               "Superposition lets a model with fewer dimensions than skills learn all of them.",
               "cross-entropy can vanish with less than n_task dimensions",
               "in less than 20 % of draws at 0.3 n_task, in more than 80 % at 0.7: of 60 skills",
               _shifted),
        _claim("reweighting", "§4.3",
               "Larger weights on higher losses act like a smaller α: rare skills come sooner.",
               "rarest of ten sooner, most frequent later, the more so the larger κ",
               "order only", _evened),
        _claim("rarer-higher-loss", "§4.3",
               "At any step a less frequent skill has a higher loss than a more frequent one.",
               "all pairs of skills", "80 %: single runs drift before they learn", _rarer),
        _claim("cross-entropy-conserved", "§4.3 (open)",
               "The conservation law for cross-entropy is still to be found.",
               "(s + e^s − 1)/p is one number for all skills (ours)",
               "relative scatter below 10 %: runs scatter by 4 %", _clock),
        _claim("inverse-problem", "§4.3, §5.2 (open)",
               "Frequencies can be inferred from curves; how to estimate C is open.",
               "frequencies of five independent skills from their curves alone",
               "10 %: the law is that of the mean of runs", _recovered),
        _claim("modular-speedup", "§6.1",
               "All skills are learned after T ∝ n_task by a shared model, ∝ √n_task by modules.",
               "exponents 1 and 0.5 at fixed n_dim", "0.1: few skills", _modular_times),
        _claim("no-generalisation-gap", "§8 (limitation)",
               "The models describe training data only: overfitting has no place in them.",
               "a network can know what it trained on and nothing else",
               "a gap of 0.5 in level", _overfits),
        _claim("convexity", "§8 (limitation)",
               "The loss of the Geometry model is convex.",
               "no negative curvature", "1e-5 of the largest: rounding in float32", _convex),
        _claim("one-skill-a-point", "§8 (limitation)",
               "A data point has one skill only, which may not be the whole story.",
               "points of two skills are described by their correlations",
               "root mean square 0.02: the error of the law for uncorrelated skills", _pair_error),
    ),
)  # fmt: skip
