"""Claims, limitations and open questions of L25 that no figure shows."""

from collections.abc import Callable

import numpy as np

from skillphysics.papers import chinchilla
from skillphysics.papers.claims import Claim, Data, Finding, near, ordered, too_small
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.liu2025.text_data import compute, parts
from skillphysics.papers.recipe import Recipe
from skillphysics.scaling import exponent


def _untested(what: str) -> Finding:
    return too_small(f"{what} is left to the other scales")


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


def _parameter_exponents(data: Data) -> Finding:
    part = data["exponents"]
    found = np.array([*part["quanta N"].values, *part["domino N"].values])
    expected = np.tile(part.alpha.values - 1, 2)
    return ordered(bool((np.abs(found - expected) < 0.02).all()), found)


def _tails(data: Data) -> Finding:
    beyond = data["tails"].beyond.values
    alpha = data["tails"].alpha.values.tolist()
    return ordered(
        bool((np.diff(beyond) > 0).all()), beyond,
        f"share of the occurrences beyond the ten most frequent of 1000 skills at α = {alpha}: a "
        "larger α is a lighter tail",
    )  # fmt: skip


def _signs(data: Data) -> Finding:
    difference = float(data["signs"].difference)
    return ordered(difference < 1e-3, difference)


def _apart(data: Data) -> Finding:
    if "apart" not in data:
        return _untested("solving for correlated skills")
    difference = float(data["apart"].difference)
    return ordered(difference < 1e-6, difference)


def _bounces(data: Data) -> Finding:
    part = data["bounces"]
    each = np.polyfit(np.log(part.rate.values), np.log(part.left.values), 1)[0]
    mean, interval = mean_interval(each)
    return near(
        mean, 1.0, 0.2, interval=interval,
        why="the level of a single skill is left at a distance from 1 that grows with η, so a "
        "smaller η lowers the last loss by its square",
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
    clock, unskill = (
        (value.std("skill") / value.mean("skill")).values for value in (part.clock, part.unskill)
    )
    return ordered(
        bool((clock < 0.1).all()), clock.tolist(),
        f"relative scatter over skills of (s + e^s − 1)/p at steps {part.step.values}; of the "
        f"−ln u/p of mse in its place {unskill.round(2)}",
    )  # fmt: skip


def _rarer(data: Data) -> Finding:
    if "chain" not in data:
        return _untested("solving for dependent skills")
    free, chain = float(data["reweighted"].higher), float(data["chain"].higher)
    holds = [free > 0.95, chain > 0.95]
    return Finding(
        [free, chain],
        "holds" if all(holds) else "holds in part" if any(holds) else "does not hold",
        None, "share of pairs of independent skills, and in a chain whose root is rarest, where it "
        "is the other way round",
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
        None, "exponents in n_task from 2 to 4: shared, p falling by 10; shared, p ∝ k^−2; modules "
        "of these. The claim is of p1 ≫ p2 ≫ …; for power laws of many skills the mean-field law "
        "has 1/2",
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
    off = {norm: float(np.abs(part[norm] / part.truth - 1).max()) for norm in ("l1", "l2")}
    better = min(off, key=lambda norm: float(part[f"{norm} aic"]))
    return ordered(
        off[better] < 0.1, off[better],
        f"largest relative error of five frequencies by the norm that fits the curves better, "
        f"{better}; {', '.join(f'{norm}: {value:.3f}' for norm, value in off.items())}; C is "
        "fitted along. It wants independent skills",
    )  # fmt: skip


def _chinchilla(_: Data) -> Finding:
    of_n, of_s = chinchilla.REPLICATED.values()
    half = 1.96 * float(np.hypot(chinchilla.STDERR, chinchilla.STDERR))
    gap, quanta = of_n - of_s, of_n - exponent("quanta", "time", of_n + 1)
    fits = [abs(gap) < half, abs(gap - quanta) < half]
    verdict = "holds in part" if all(fits) else "holds" if fits[0] else "does not hold"
    return Finding(
        round(gap, 4), verdict, (gap - half, gap + half),
        f"α_N − α_S of the replication; Domino has 0, Quanta {quanta:.3f} at this α_N. The first "
        "publication's 0.34 and 0.28 have 0.06, between the two",
    )  # fmt: skip


def _claim(slug: str, where: str, claim: str, expected: str, tolerance: str,
           measure: Callable[[Data], Finding]) -> Claim:  # fmt: skip
    return Claim(f"liu2025/text/{slug}", f"L25 {where}", claim, expected, tolerance, measure)


def _open(slug: str, where: str, claim: str, expected: str, why: str) -> Claim:
    """A claim that nothing here can measure."""
    return _claim(slug, where, claim, expected, "none", lambda _: too_small(why))


# What would have to be seen, and why it is not.
_OPEN = (
    _open("faster-waste", "§2.4",
          "In language models N0 grows faster than linearly with the learning rate.",
          "a learning rate that is best at some finite value",
          "wants a language model trained at many rates, and its skills known"),
    _open("noisy-tokens", "§4.3", "Tokens that are noise make long reweighting harmful.",
          "no harm where they are left out", "wants a text whose noise is known"),
    _open("slow-models", "§4.4",
          "Training of language models is slow since skills interfere, and many are rare.",
          "both causes apart", "wants the skills of a language model"),
    _open("grover", "§6.1", "Modules resemble Grover's search, which takes √N for N.",
          "an analogy", "an analogy is neither true nor false"),
    _open("decomposition", "§6.1, §8 (limitations)",
          "How data decompose into skills is not known in practice.",
          "a method that finds skills in data",
          "no theory here says it: all take skills as given. With curves of skills their "
          "frequencies and dependencies are found"),
    _open("transfer", "§7, §8",
          "Optimizers that do well in the Geometry model do well in language models.",
          "the same order of optimizers in both", "wants language models of a size that matters"),
)  # fmt: skip

RECIPE = Recipe(
    name="liu2025/text",
    title="Claims, limitations and open questions of the text.",
    parts=parts,
    compute=compute,
    draw=None,
    cost={
        "smoke": "about 15 s on two cores",
        "quick": "70 s on two cores",
        "paper": "2 min on two cores",
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
        _claim("chinchilla", "§3.1, remarks",
               "That α_N = α_S, as in the Domino model, is more in line with Chinchilla than the "
               "Quanta model's α_N > α_S.",
               "α_N − α_S = 0", "95 % of the published fit: 0 within, Quanta's value without",
               _chinchilla),
        _claim("parameter-exponents", "§3.1",
               "The loss falls with parameters by α − 1 in the Quanta and in the Domino model.",
               "0.5, 1 and 0.5, 1 at α = 1.5, 2", "0.02: the skills learned are finitely many",
               _parameter_exponents),
        _claim("heavier-tail", "§2.2", "A larger α means a heavier tail.",
               "more occurrences of rare skills at larger α", "none: an order", _tails),
        _claim("sign-is-adam", "§2.3", "SignGD is Adam with β = (0, 0).",
               "the same levels", "1e-3: Adam's ε rounds the sign of gradients near 0", _signs),
        _claim("uncorrelated", "§2.5.2", "With C = 1 the correlated model is eq. 1.",
               "the same levels", "1e-6: the tolerance of the solver", _apart),
        _claim("bounce", "§2.4, footnote",
               "Discrete steps are another reason for a smaller learning rate at the end.",
               "a distance from 1 that is ∝ η", "0.2: three learning rates", _bounces),
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
               "all pairs of skills, means of the seeds",
               "95 %: a mean of eight seeds still scatters where levels are near 0", _rarer),
        _claim("cross-entropy-conserved", "§4.3 (open)",
               "For cross-entropy, too, there is a conservation law; the paper leaves it open.",
               "(s + e^s − 1)/p is one number for all skills (ours)",
               "relative scatter below 10 %: runs scatter by 4 %", _clock),
        _claim("inverse-problem", "§4.3, §5.2 (open)",
               "Frequencies can be inferred from curves, and C with them, which the paper leaves "
               "open.",
               "frequencies of five independent skills from their curves alone",
               "10 %: the law is that of the mean of runs", _recovered),
        _claim("modular-speedup", "§6.1",
               "All skills are learned after T ∝ n_task by a shared model, ∝ √n_task by modules.",
               "exponents 1 and 0.5 at fixed n_dim", "0.1: few skills", _modular_times),
        _claim("no-generalisation-gap", "§8 (limitation)",
               "Networks know more of what they trained on than of the rest; the models have no "
               "place for it.",
               "a network that knows what it trained on and little else",
               "a gap of 0.5 in level", _overfits),
        _claim("convexity", "§8 (limitation)",
               "The loss of the Geometry model is convex.",
               "no negative curvature", "1e-5 of the largest: rounding in float32", _convex),
        _claim("one-skill-a-point", "§8 (limitation)",
               "A data point has one skill only, which may not be the whole story.",
               "points of two skills are described by their correlations",
               "root mean square 0.02: the error of the law for uncorrelated skills", _pair_error),
        *_OPEN,
    ),
)  # fmt: skip
