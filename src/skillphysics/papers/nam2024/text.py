"""N24: what no figure shows of its assumptions, and the checks that its summaries ask for next."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float

from skillphysics.experiments.emergence import CalibrationTime
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.papers.claims import Claim, Data, Finding, ordered, too_small
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.scaling import Decoupled, calibrate_time
from skillphysics.scaling.prefactors import norm_of
from skillphysics.skills import Skills
from skillphysics.tasks import MultitaskParity
from skillphysics.theories import Multilinear
from skillphysics.training import train
from skillphysics.worlds import MultilinearNet

_ALPHA = 1.6
# How single skills are calibrated: width, bits of the skill, hidden layers, start, in this order.
_BASE = (200, 3, 1, 0.01)
_CHANGED = {
    "base": _BASE,
    "2 bits": (200, 2, 1, 0.01),
    "width 50": (50, 3, 1, 0.01),
    "init 0.03": (200, 3, 1, 0.03),
    "2 layers": (200, 3, 2, 0.1),
}


def parts(scale: Scale) -> Parts:
    """One part for each question; networks of five skills are not in the smoke scale."""
    smoke = scale == "smoke"
    settings: dict[str, dict[str, Any]] = {
        "stages": {"epsilon": 0.05},
        "exponents": {"exponents": [0.1, 1.0, 10.0] if smoke else [0.03, 0.1, 0.3, 1.0, 3.0, 10.0]},
        "imperfect": {"n_task": 20_000, "seeds": [0] if smoke else [0, 1, 2, 3]},
        "overlap": {"overlaps": [0.0, 0.1, 0.3], "steps": 4000},
        "calibration": {
            "names": ["base", "2 bits"] if smoke else list(_CHANGED),
            "n_seed": 1 if smoke else 2, "steps": 1500 if smoke else 3000,
        },
    }  # fmt: skip
    if not smoke:
        settings["shared_bits"] = {"n_seed": 2, "steps": 12_000}
    return {name: {"question": name, **one} for name, one in settings.items()}


def compute(question: str, **settings: Any) -> xr.Dataset:
    """What a question wants measured."""
    return _MEASURED[question](**settings)


def _stages(epsilon: float) -> xr.Dataset:
    """Which of Fig 1's five skills saturate before the next emerges."""
    p = Skills.power_law(5, _ALPHA).probability
    theory = Multilinear(p, initial_share=0.01**2 / 3.6 / 5, target_scale=5.0)
    return xr.Dataset({"apart": ("skill", np.asarray(theory.stage_like(epsilon)).astype(int))})


def _exponents(exponents: Sequence[float]) -> xr.Dataset:
    """Exponents of the exact loss of infinitely many skills while 100 to 1000 are learned."""
    ranks = np.array([100.0, 1000.0])
    found = []
    with jax.enable_x64(True):
        for a in exponents:
            model = Decoupled(1 + a)
            amount = norm_of(model) * ranks ** (1 + a)
            middle = float(model.half_way) / 2
            losses = (
                model.loss(middle * amount).value,
                model.data_limit(amount).value,
                model.parameter_limit(ranks).value,
            )
            grown = (amount, amount, ranks)
            found.append(
                [-np.diff(np.log(y))[0] / np.diff(np.log(x))[0]
                 for x, y in zip(grown, losses, strict=True)]
            )  # fmt: skip
    return xr.Dataset(
        {"power": (("a", "resource"), np.array(found))},
        {"a": list(exponents), "resource": ["time", "data", "parameters"]},
    )


def _imperfect(n_task: int, seeds: Sequence[int]) -> xr.Dataset:
    """The exponent in time for frequencies that are no perfect power law."""
    rank = np.arange(1, n_task + 1)
    perfect = -_ALPHA * np.log(rank)
    found: dict[str, list[float]] = {}
    for seed in seeds:
        scatter = np.random.default_rng(seed).standard_normal(n_task)
        kinds = {
            "perfect": perfect,
            "scattered 0.5": perfect + 0.5 * scatter,
            "scattered 1": perfect + scatter,
            # From rank 20 on α is 2.
            "bent": np.where(rank < 20, perfect, perfect - 0.4 * np.log(rank / 20)),
            "cut": perfect - rank / 30,
        }
        for name, log_p in kinds.items():
            p = np.exp(log_p) / np.exp(log_p).sum()
            # At these steps skills of ranks around 30 and 300 are half learned.
            steps = 2.3 / np.exp(perfect[[29, 299]]) * np.exp(perfect).sum()
            with jax.enable_x64(True):
                theory = Multilinear(p, initial_share=0.01)
                loss = ((1 - np.asarray(theory.levels(steps))) ** 2) @ p
            power = -np.diff(np.log(loss))[0] / np.diff(np.log(steps))[0]
            found.setdefault(name, []).append(power)
    return xr.Dataset({name: ("seed", powers) for name, powers in found.items()})


class _Overlapping(MultilinearNet):
    """Skills g_k with E[g_k g_l] = ρ √(P_k P_l) instead of 0: the loss is ½ eᵀ G e, e = S − R."""

    overlap: Float[Array, ""]

    def __init__(self, skills: Skills, overlap: float, **options: Any) -> None:
        super().__init__(skills, **options)
        self.overlap = jnp.asarray(overlap, jnp.float32)

    def loss(self, params: Any, batch: Any) -> Float[Array, ""]:
        """Of exact frequencies."""
        error = self.target_scale * (1 - self.skill(params)) * jnp.sqrt(batch.share)
        own, all_ = jnp.sum(error**2), jnp.sum(error) ** 2
        return ((1 - self.overlap) * own + self.overlap * all_) / 2


def _overlap(overlaps: Sequence[float], steps: int) -> xr.Dataset:
    """Steps to R = S/2 of five skills that overlap, over those of the decoupled theory."""
    skills, rate, key = Skills.power_law(5, _ALPHA), 0.02, jax.random.key(0)
    worlds = [_Overlapping(skills, overlap) for overlap in overlaps]
    curves = train(worlds, optimizer("sgd"), learning_rate=rate, steps=steps, record=10, key=key)
    theory = Multilinear(skills.probability, rate=rate, initial_share=0.01)
    ratio = curves.learning_time(0.5).values / np.asarray(theory.emergence_time(0.5))
    return xr.Dataset({"ratio": (("overlap", "skill"), ratio)}, {"overlap": list(overlaps)})


def _calibration(names: Sequence[str], n_seed: int, steps: int) -> xr.Dataset:
    """The constant of time of networks of one skill."""
    constants = []
    for name in names:
        width, n_own, depth, init = _CHANGED[name]
        one = CalibrationTime(
            width=width, n_own=n_own, depth=depth, init=init, steps=steps, batch_size=500,
            n_measure=1000,
        )  # fmt: skip
        found = calibrate_time(
            one.run(range(n_seed)), rate=2 * one.learning_rate, target_scale=one.target_scale,
            initial_strength=init**2 / 3.6,
        )  # fmt: skip
        constants.append((found.constant, found.rms))
    columns = np.array(constants).T
    return xr.Dataset(
        {"constant": ("network", columns[0]), "rms": ("network", columns[1])},
        {"network": list(names)},
    )


def _shared_bits(n_seed: int, steps: int) -> xr.Dataset:
    """Steps to R = S/2 in networks whose skills ask about bits of their own, or of five in all."""
    skills = Skills.power_law(5, _ALPHA)
    own = np.arange(10).reshape(5, 2)
    shared = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]])
    network = MLP([15, 100, 1], "relu", init=0.03)
    learners = [
        Learner(network, MultitaskParity(skills, bits, n_bits=10, batch_size=500, n_measure=500))
        for bits in (own, shared)
    ]
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    curves = train(
        [one for one in learners for _ in keys], optimizer("sgd"), learning_rate=0.02,
        steps=steps, record=50, key=keys * 2,
    )  # fmt: skip
    times = curves.learning_time(0.5).values.reshape(2, n_seed, 5)
    return xr.Dataset({"time": (("bits", "seed", "skill"), times)}, {"bits": ["own", "shared"]})


_MEASURED: Mapping[str, Callable[..., xr.Dataset]] = {
    "stages": _stages,
    "exponents": _exponents,
    "imperfect": _imperfect,
    "overlap": _overlap,
    "calibration": _calibration,
    "shared_bits": _shared_bits,
}


def _apart(data: Data) -> Finding:
    apart = data["stages"].apart.values
    verdict = "holds" if apart.all() else "holds in part" if apart.any() else "does not hold"
    return Finding(
        f"{int(apart.sum())} of {apart.size} pairs of neighbours", verdict, None,
        "τ_s(k) < τ_e(k+1) − τ_e(k) compares [(1+1/k)^α − 1] with a constant, so for any start "
        "it fails from some rank on",
    )  # fmt: skip


def _laws(data: Data) -> Finding:
    power = data["exponents"].power
    a = power.a.values
    off = np.abs(power.values / np.stack([a / (a + 1), a / (a + 1), a], axis=1) - 1)
    return ordered(
        bool(off.max() < 0.02), off.max(axis=0).tolist(),
        f"largest relative error in time, data, parameters for a from {a.min():g} to {a.max():g}, "
        "while 100 to 1000 skills are learned; with fewer the loss falls in steps",
    )  # fmt: skip


def _sensitive(data: Data) -> Finding:
    powers = {str(name): float(value.mean()) for name, value in data["imperfect"].items()}
    shift = {name: power / powers["perfect"] - 1 for name, power in powers.items()}
    noise = max(abs(shift["scattered 0.5"]), abs(shift["scattered 1"]))
    bend = min(abs(shift["bent"]), abs(shift["cut"]))
    return Finding(
        list(powers.values()),
        "holds in part" if noise < 0.1 < bend else "holds" if bend > 0.1 else "does not hold",
        None,
        f"exponents for frequencies {', '.join(powers)}. Against the perfect law of as many "
        f"skills, scatter moves it by {noise:.0%} at most, what changes the slope or ends the law "
        f"by {bend:.0%} at least",
    )  # fmt: skip


def _coupled(data: Data) -> Finding:
    ratio = data["overlap"].ratio
    off = np.abs(ratio - 1).max("skill").values
    return ordered(
        bool(off[0] < 0.01 and (np.diff(off) > 0.05).all()), off.tolist(),
        f"largest relative error of the times to R = S/2 at overlaps {ratio.overlap.values}; all "
        "skills come sooner. Skills that only occur together, with independent parities, have "
        "overlap 0",
    )  # fmt: skip


def _in_networks(data: Data) -> Finding:
    if "shared_bits" not in data:
        return Finding("not computed", "not testable at this scale", None,
                       "networks of five skills are left to the other scales")  # fmt: skip
    time = data["shared_bits"].time.mean("seed")
    ratio = (time.sel(bits="shared") / time.sel(bits="own")).values
    in_order = bool((time.diff("skill") > 0).all())
    same = bool(np.abs(ratio - 1).max() < 0.1)
    return Finding(
        ratio.tolist(),
        "holds" if in_order and same else "holds in part" if in_order else "does not hold",
        None, "times to R = S/2 with five bits shared by all skills, over those with bits of their "
        f"own; the order is {'kept' if in_order else 'not kept'}, but rare skills gain from "
        "frequent ones",
    )  # fmt: skip


def _one_constant(data: Data) -> Finding:
    part = data["calibration"]
    constant = part.constant.values
    told = ", ".join(
        f"{name} 1/{1 / c:.0f} (rms {rms:.2f})"
        for name, c, rms in zip(part.network.values, constant, part.rms.values, strict=True)
    )
    return ordered(
        bool(constant.max() / constant.min() < 1.5), float(constant.max() / constant.min()),
        f"largest over smallest constant of {told}: the number of bits changes it most, and the "
        "start of deeper networks is not that of one layer",
    )  # fmt: skip


def _open(slug: str, where: str, claim: str, expected: str, why: str) -> Claim:
    """A claim that nothing here can measure."""
    return Claim(
        f"nam2024/text/{slug}", f"N24 {where}", claim, expected, "none", lambda _: too_small(why)
    )


# What would have to be seen, and why it is not.
_OPEN = (
    _open("earlier-work", "summary", "The exponents match those of earlier empirical work.",
          "exponents of other works", "the summaries name no numbers that could be compared"),
    _open("one-calibration-data", "summary, next check 3",
          "One D_c and one N_c serve other architectures and tasks.",
          "the same D_c and N_c for other bits of a skill, widths and depths",
          "hours of training on two cores; the constant of time is measured, and is not one"),
    _open("depth", "summary, open question 1", "Depth decouples skills in networks.",
          "an account of how", "an open question; two hidden layers are among the calibrations of "
          "time, where the constant differs"),
    _open("other-networks", "summary, open question 3",
          "Other architectures than perceptrons and transformers learn skills alike.",
          "five skills in their order", "no other architecture is built here"),
    _open("discovery", "summary, open question 4",
          "How skill functions are found relates to the dynamics of layers.",
          "an account for more than three bits", "an open question; Fig 8 solves three bits"),
)  # fmt: skip

RECIPE = Recipe(
    name="nam2024/text",
    title="Assumptions, limitations and the checks that they ask for.",
    parts=parts,
    compute=compute,
    draw=None,
    cost={
        "smoke": "about 12 s on two cores",
        "quick": "1 minute on two cores",
        "paper": "1 minute on two cores",
    },
    claims=(
        Claim(
            id="nam2024/text/stages",
            where="N24 §3, Fig 1",
            claim="Each of five skills saturates before the next one emerges.",
            expected="4 of 4 pairs, at ε = 0.05",
            tolerance="none: the condition is a formula",
            measure=_apart,
        ),
        Claim(
            id="nam2024/text/exponent-range",
            where="N24 summary, next check 2",
            claim="The exponents hold for exponents of the frequencies over orders of magnitude.",
            expected="a/(a+1) in T and D, a in N",
            tolerance="2 %: a hundred skills are no infinity",
            measure=_laws,
        ),
        Claim(
            id="nam2024/text/perfect-power-law",
            where="N24 summary, limitations",
            claim="The scaling laws are sensitive to frequencies that are no perfect power law.",
            expected="another exponent in time",
            tolerance="10 % of it, as measured exponents are rarely better known",
            measure=_sensitive,
        ),
        Claim(
            id="nam2024/text/exclusive-skills",
            where="N24 summary, mechanism 1, next check 1",
            claim="Where skills overlap the dynamics couple, and the solved model fails.",
            expected="times that are off, the more so the larger E[g_k g_l]/√(P_k P_l)",
            tolerance="1 % without overlap (Euler steps); 5 % more with each step of it",
            measure=_coupled,
        ),
        Claim(
            id="nam2024/text/overlapping-skills",
            where="N24 summary, next check 1",
            claim="In networks the predicted emergence survives skills that overlap in their bits.",
            expected="the order and the times of skills with bits of their own",
            tolerance="10 %: runs scatter by 5 %",
            measure=_in_networks,
        ),
        Claim(
            id="nam2024/text/one-calibration",
            where="N24 summary, next check 3",
            claim="One calibrated constant serves other architectures and tasks.",
            expected="the same constant of time for other bits, widths, starts and depths",
            tolerance="a factor of 1.5: a calibration is known to 10 % or so",
            measure=_one_constant,
        ),
        *_OPEN,
    ),
)
