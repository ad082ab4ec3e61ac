"""Measurements behind the claims of N24 that no figure shows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jaxtyping import Array, Float, Int, Key

from skillphysics.curves import Curves
from skillphysics.experiments.emergence import CalibrationTime
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.papers.recipe import Parts, Scale
from skillphysics.scaling import Decoupled, calibrate_time, compute_optimal_exact
from skillphysics.scaling.prefactors import norm_of
from skillphysics.skills import Skills
from skillphysics.tasks import MultitaskParity
from skillphysics.tasks.task import Predict, Task
from skillphysics.theories import Multilinear
from skillphysics.training import Problem, train
from skillphysics.worlds import MultilinearNet

_ALPHA = 1.6
# How single skills are calibrated: width, bits of the skill, start, in this order. One differs.
_BASE = (200, 3, 0.01)
_CHANGED = {
    "base": _BASE, "2 bits": (200, 2, 0.01), "width 50": (50, 3, 0.01), "init 0.03": (200, 3, 0.03),
}  # fmt: skip
# Small networks of five skills: ten bits, two a skill.
_WIDTH, _N_BITS, _RATE, _BATCH = 100, 10, 0.02, 500


def parts(scale: Scale) -> Parts:
    """One part for each question; networks of five skills are not in the smoke scale."""
    smoke = scale == "smoke"
    settings: dict[str, dict[str, Any]] = {
        "basis": {"n_sample": 100_000},
        "exponents": {"exponents": [0.1, 1.0, 10.0] if smoke else [0.03, 0.1, 0.3, 1.0, 3.0, 10.0]},
        "imperfect": {"n_task": 20_000, "seeds": [0, 1] if smoke else list(range(8))},
        "overlap": {"overlaps": [0.0, 0.1, 0.3], "steps": 4000},
        "superposed": {"weights": [1.0, 0.5, 2.0, -1.0], "steps": 8000},
        "calibration": {
            "names": ["base", "2 bits"] if smoke else list(_CHANGED),
            "n_seed": 1 if smoke else 3, "steps": 1500 if smoke else 3000,
        },
    }  # fmt: skip
    if not smoke:
        settings["networks"] = {"n_seed": 3, "steps": 6500}
        settings["depth"] = {"steps": [5000, 2000, 1500], "n_seed": 2}
    return {name: {"question": name, **one} for name, one in settings.items()}


def compute(question: str, **settings: Any) -> xr.Dataset:
    """What a question wants measured."""
    return _MEASURED[question](**settings)


def _basis(n_sample: int) -> xr.Dataset:
    """E[g_k g_l] on drawn samples of Table 1, and its standard error for k = l."""
    skills = Skills.power_law(5, _ALPHA)
    task = MultitaskParity(skills, _own_bits(5), n_bits=_N_BITS, batch_size=n_sample)
    asked = task.batch(jax.random.key(0))
    assert asked is not None  # noqa: S101
    g = np.asarray(asked.inputs)[:, :5] * (1 - 2 * np.asarray(asked.odd))[:, None]
    return xr.Dataset(
        {
            "product": (("skill", "other"), g.T.astype(float) @ g / n_sample),
            "frequency": ("skill", skills.probability),
            "stderr": ("skill", np.sqrt(skills.probability * (1 - skills.probability) / n_sample)),
        }
    )


def _exponents(exponents: Sequence[float]) -> xr.Dataset:
    """Exponents of the exact loss of infinitely many skills while 100 to 1000 are learned."""
    ranks = np.array([100.0, 1000.0])
    found = []
    with jax.enable_x64(True):
        for a in exponents:
            model = Decoupled(1 + a)
            amount = norm_of(model) * ranks ** (1 + a)
            steps = float(model.half_way) / 2 * amount
            budget = steps * ranks
            losses = (
                model.loss(steps).value,
                model.data_limit(amount).value,
                model.parameter_limit(ranks).value,
                [compute_optimal_exact(model, float(one)).loss for one in budget],
            )
            found.append(
                [-np.diff(np.log(y))[0] / np.diff(np.log(x))[0]
                 for x, y in zip((steps, amount, ranks, budget), losses, strict=True)]
            )  # fmt: skip
    return xr.Dataset(
        {"power": (("a", "resource"), np.array(found))},
        {"a": list(exponents), "resource": ["time", "data", "parameters", "compute"]},
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


class _Together(MultilinearNet):
    """Skills that only occur together: a sample asks for all that are commoner than it draws.

    Skill k is in a share P_k of the samples, each time with all commoner ones; their parities are
    independent.
    """

    def __init__(self, skills: Skills) -> None:
        super().__init__(skills)

    def batch(self, key: Key[Array, ""]) -> Any:
        """g_k of every sample, [n_sample, n_task]."""
        of_skill, of_sign = jax.random.split(key)
        drawn = jax.random.uniform(of_skill, (_BATCH, 1), jnp.float32)
        sign = jax.random.rademacher(of_sign, (_BATCH, len(self.names)), jnp.float32)
        return sign * (drawn < self.frequency)

    def loss(self, params: Any, batch: Any) -> Float[Array, ""]:
        """½ E (f* − f)² over the samples."""
        error = self.target_scale * (1 - self.skill(params))
        return jnp.mean((batch @ error) ** 2) / 2


def _overlap(overlaps: Sequence[float], steps: int) -> xr.Dataset:
    """Steps to R = S/2 of five skills that overlap, over those of the decoupled theory."""
    skills, rate, key = Skills.power_law(5, _ALPHA), 0.02, jax.random.key(0)

    def times(worlds: Sequence[Problem]) -> np.ndarray:
        curves = train(
            worlds, optimizer("sgd"), learning_rate=rate, steps=steps, record=10, key=key
        )
        return curves.learning_time(0.5).values

    theory = Multilinear(skills.probability, rate=rate, initial_share=0.01)
    expected = np.asarray(theory.emergence_time(0.5))
    ratio = times([_Overlapping(skills, overlap) for overlap in overlaps]) / expected
    return xr.Dataset(
        {
            "ratio": (("overlap", "skill"), ratio),
            "together": ("skill", times([_Together(skills)])[0] / expected),
        },
        {"overlap": list(overlaps)},
    )


class _Weighted(MultilinearNet):
    """The target S Σ w_k g_k, and a start with a_k ≠ b_k if `apart`."""

    weight: Float[Array, " n_task"]
    apart: Float[Array, ""]

    def __init__(self, skills: Skills, weight: Sequence[float], apart: float) -> None:
        super().__init__(skills)
        self.weight = jnp.asarray(weight, jnp.float32)
        self.apart = jnp.asarray(apart, jnp.float32)

    def init(self, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:
        """Both √r, or b smaller."""
        start = super().init(key)
        return {**start, "b": start["b"] * (1 - self.apart)}

    def skill_loss(self, skill: Float[Array, " n_task"]) -> Float[Array, " n_task"]:
        """½(w_k S − R_k)²."""
        return self.target_scale**2 / 2 * (self.weight - skill) ** 2


def _superposed(weights: Sequence[float], steps: int) -> xr.Dataset:
    """What is learned of a target with weights, from a_k = b_k, and from b_k = a_k/2."""
    skills = Skills.power_law(len(weights), _ALPHA)
    curves = train(
        [_Weighted(skills, weights, apart) for apart in (0.0, 0.5)], optimizer("sgd"),
        learning_rate=0.05, steps=steps, record=[0, steps], key=jax.random.key(0),
    )  # fmt: skip
    learned = curves.level.isel(step=-1).transpose("run", "skill").values
    return xr.Dataset(
        {"learned": (("start", "skill"), learned), "weight": ("skill", list(weights))},
        {"start": ["alike", "apart"]},
    )


def _calibration(names: Sequence[str], n_seed: int, steps: int) -> xr.Dataset:
    """The constant of time of networks of one skill, for each seed."""
    constants, rms = [], []
    for name in names:
        width, n_own, init = _CHANGED[name]
        one = CalibrationTime(
            width=width, n_own=n_own, init=init, steps=steps, batch_size=500, n_measure=1000
        )
        curves = one.run(range(n_seed))
        found = [
            calibrate_time(
                Curves(curves.dataset.isel(run=[place])), rate=2 * one.learning_rate,
                target_scale=one.target_scale, initial_strength=init**2 / 3.6,
            )
            for place in range(n_seed)
        ]  # fmt: skip
        constants.append([fit.constant for fit in found])
        rms.append([fit.rms for fit in found])
    return xr.Dataset(
        {"constant": (("network", "seed"), constants), "rms": (("network", "seed"), rms)},
        {"network": list(names)},
    )


class AskedTogether(Task):
    """Parities of a skill's own two bits, where the control asks for several skills at once.

    Skill k is asked in a share P_k of the samples whatever else is; the target is S Σ g_k over all
    that are asked. It trains on E(f* − f)², like `MultitaskParity`, and measures R_k/S where k is
    asked.
    """

    names: tuple[str, ...] = eqx.field(static=True)
    frequency: Float[Array, " n_task"]
    target_scale: float = eqx.field(static=True, default=5.0)

    def batch(self, key: Key[Array, ""]) -> tuple[Array, Array]:
        """Inputs [n_sample, n_task + n_bits], and g_k [n_sample, n_task]."""
        return self._draw(key, jnp.asarray(-1))

    def loss(self, predict: Predict, batch: tuple[Array, Array]) -> Float[Array, ""]:
        """The mean squared error."""
        inputs, basis = batch
        return jnp.mean((self.target_scale * basis.sum(1) - predict(inputs)[:, 0]) ** 2)

    def measure(self, predict: Predict, key: Key[Array, ""]) -> Mapping[str, Array]:
        """R_k/S with the mean output subtracted."""

        def of_skill(skill: Int[Array, ""]) -> Array:
            inputs, basis = self._draw(jax.random.fold_in(key, skill), skill)
            output = predict(inputs)[:, 0]
            return jnp.mean(basis[:, skill] * (output - output.mean())) / self.target_scale

        return {"level": jax.lax.map(of_skill, jnp.arange(len(self.names)))}

    def _draw(self, key: Key[Array, ""], sure: Int[Array, ""]) -> tuple[Array, Array]:
        """Samples; the skill `sure`, if it is one, is asked in all of them."""
        n_task = len(self.names)
        of_control, of_bits = jax.random.split(key)
        drawn = jax.random.uniform(of_control, (_BATCH, n_task), jnp.float32) < self.frequency
        control = (drawn | (jnp.arange(n_task) == sure)).astype(jnp.float32)
        words = jax.random.bits(of_bits, (_BATCH, 1), jnp.uint32)
        bits = ((words >> jnp.arange(_N_BITS, dtype=jnp.uint32)) & 1).astype(jnp.float32)
        sign = (1 - 2 * bits)[:, : 2 * n_task].reshape(_BATCH, n_task, 2)
        return jnp.concatenate([control, bits], axis=1), control * sign.prod(2)


def _own_bits(n_task: int) -> np.ndarray:
    return np.arange(2 * n_task).reshape(n_task, 2)


def _half_times(
    tasks: Sequence[Task], n_seed: int, steps: int, hidden: Sequence[int], init: float
) -> np.ndarray:
    """Steps to R = S/2 in networks, [task, seed, skill]."""
    n_task = len(tasks[0].names)
    network = MLP([n_task + _N_BITS, *hidden, 1], "relu", init=init)
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    curves = train(
        [Learner(network, task) for task in tasks for _ in keys], optimizer("sgd"),
        learning_rate=_RATE, steps=steps, record=10 if n_task == 1 else 25, key=keys * len(tasks),
    )  # fmt: skip
    return curves.learning_time(0.5).values.reshape(len(tasks), n_seed, n_task)


def _parity(n_task: int, bits: np.ndarray) -> MultitaskParity:
    skills = Skills.power_law(n_task, _ALPHA)
    return MultitaskParity(skills, bits, n_bits=_N_BITS, batch_size=_BATCH, n_measure=_BATCH)


def _networks(n_seed: int, steps: int) -> xr.Dataset:
    """Steps to R = S/2 of five skills: apart, on bits that they share, and asked together.

    Beside them those of a network of one skill that is always asked, on as many bits.
    """
    skills = Skills.power_law(5, _ALPHA)
    shared = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]])
    exclusive = [_parity(5, bits) for bits in (_own_bits(5), shared)]
    together = AskedTogether(skills.names, jnp.asarray(skills.probability, jnp.float32))
    common = {"n_seed": n_seed, "hidden": [_WIDTH], "init": 0.03}
    times = np.concatenate(
        [_half_times(tasks, steps=steps, **common) for tasks in (exclusive, [together])]
    )
    alone = _half_times([_parity(1, _own_bits(1))], steps=steps // 4, **common)
    return xr.Dataset(
        {
            "time": (("kind", "seed", "skill"), times), "alone": ("seed", alone[0, :, 0]),
            "frequency": ("skill", skills.probability),
        },
        {"kind": ["own", "shared", "together"]},
    )  # fmt: skip


def _depth(steps: Sequence[int], n_seed: int) -> xr.Dataset:
    """Steps to R = S/2 of five skills in networks of one, two, … hidden layers, started alike."""
    times = [
        _half_times([_parity(5, _own_bits(5))], n_seed, most, [64] * depth, 0.15)[0]
        for depth, most in enumerate(steps, start=1)
    ]
    return xr.Dataset(
        {"time": (("depth", "seed", "skill"), np.stack(times))},
        {"depth": np.arange(1, len(steps) + 1)},
    )


_MEASURED: Mapping[str, Callable[..., xr.Dataset]] = {
    "basis": _basis,
    "exponents": _exponents,
    "imperfect": _imperfect,
    "overlap": _overlap,
    "superposed": _superposed,
    "calibration": _calibration,
    "networks": _networks,
    "depth": _depth,
}
