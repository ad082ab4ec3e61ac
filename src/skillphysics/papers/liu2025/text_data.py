"""Measurements behind the claims of L25 that no figure shows."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy import optimize

from skillphysics.curves import Curves
from skillphysics.graph import Graph
from skillphysics.inference import fit
from skillphysics.networks import EmbeddingMLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.papers.recipe import Parts, Scale
from skillphysics.skills import Skills
from skillphysics.tasks import ModularArithmetic
from skillphysics.theories import Correlated, Dependent, Domino, Quanta, Resource, mean_field_rate
from skillphysics.training import train
from skillphysics.worlds import VECTORS, Geometry, MultilinearNet, World

_LEVEL = 0.9


def parts(scale: Scale) -> Parts:
    """One part for each question; five that compile for long are not in the smoke scale."""
    smoke = scale == "smoke"
    n_seed = 2 if smoke else 8
    settings: dict[str, dict[str, Any]] = {
        "interference": {"steps": 400},
        "aligned": {"n_tasks": [2, 10], "n_seed": 4 if smoke else 20},
        "exponents": {"alphas": [1.5, 2.0], "n_task": 100_000},
        "tails": {"alphas": [0.5, 1.0, 2.0, 4.0], "n_task": 1000},
        "signs": {"steps": 200},
        "bounces": {"rates": [1e-3, 2e-3, 4e-3], "n_seed": n_seed},
        "suited": {"n_task": 60, "shares": [0.3, 0.5, 0.7], "n_draw": 40 if smoke else 400},
        "reweighted": {"reweights": [0.0, 0.5, 1.0], "n_seed": n_seed},
        "cross_entropy": {"n_seed": n_seed},
        "modules": {"n_tasks": [2, 4] if smoke else [2, 3, 4], "n_seed": n_seed},
        "convexity": {"n_point": 20},
    }
    if not smoke:
        settings |= {
            "chain": {"steps": 5000},
            "apart": {"n_task": 5},
            "gap": {"modulus": 23, "steps": 2000},
            "pairs": {"n_seed": n_seed},
            "inverse": {"n_seed": n_seed},
        }
    return {name: {"question": name, **one} for name, one in settings.items()}


def compute(question: str, **settings: Any) -> xr.Dataset:
    """What a question wants measured."""
    return _MEASURED[question](**settings)


def _levels(worlds: Sequence[World], kind: str, rate: float, steps: int, keys: Any) -> np.ndarray:
    """Levels at 200 steps or all, [run, step, skill]."""
    curves = train(
        worlds, optimizer(kind), learning_rate=rate, steps=steps, record=max(1, steps // 200),
        key=keys,
    )  # fmt: skip
    return curves.level.values


def _drawn(n_seed: int, skills: Skills, n_dim: int, vectors: str, **options: Any) -> list[Geometry]:
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    return [Geometry.draw(key, skills, n_dim, vectors=vectors, **options) for key in keys]


def _interference(steps: int) -> xr.Dataset:
    """How far SGD is from every skill by itself, whose unskill is (1 − 2ηp)^t."""
    p, rate = np.array([0.9, 0.1]), 0.015
    key = jax.random.key(0)
    world = Geometry.draw(key, Skills.given(p), 1000)
    curves = train(world, optimizer("sgd"), learning_rate=rate, steps=steps, record=10, key=key)
    alone = 1 - (1 - 2 * rate * p) ** curves.steps[:, None]
    return xr.Dataset({"error": np.abs(curves.level.values - alone).max()})


def _aligned(n_tasks: Sequence[int], n_seed: int) -> xr.Dataset:
    """Aligned dimensions of equal skills, all together, at step 0 over n_dim."""
    totals = []
    for n in n_tasks:
        worlds = _drawn(n_seed, Skills.power_law(n, 0.0), 1000, "orthogonal")
        key = jax.random.key(0)
        seen = [world.measure(world.init(key), key)["aligned"].sum() / 1000 for world in worlds]
        totals.append(np.mean(seen))
    return xr.Dataset({"total": ("n_task", np.array(totals))}, {"n_task": list(n_tasks)})


def _exponents(alphas: Sequence[float], n_task: int) -> xr.Dataset:
    """Exponents of the loss in steps and in capacity, by levels of the two theories."""
    found: dict[str, list[float]] = {}
    amounts = np.array([30.0, 600.0])
    late = [1e12]
    for alpha in alphas:
        p = Skills.power_law(n_task, alpha).probability
        levels = {
            "quanta": Quanta(p).levels(amounts * 1e3),
            "domino": Domino(p).levels(amounts),
            "quanta N": np.concatenate([Quanta(p, capacity=n).levels(late) for n in amounts]),
            "domino N": np.concatenate([Domino(p, capacity=n).levels(late) for n in amounts]),
        }
        # Skills beyond n_task are not learned either.
        beyond = p[-1] * n_task / (alpha - 1)
        for name, level in levels.items():
            loss = (1 - np.asarray(level, np.float64)) @ p + beyond
            power = -np.diff(np.log(loss))[0] / np.log(amounts[1] / amounts[0])
            found.setdefault(name, []).append(power)
    return xr.Dataset({k: ("alpha", v) for k, v in found.items()}, {"alpha": list(alphas)})


def _tails(alphas: Sequence[float], n_task: int) -> xr.Dataset:
    """The share of all occurrences that is beyond the ten most frequent skills."""
    beyond = [Skills.power_law(n_task, alpha).probability[10:].sum() for alpha in alphas]
    return xr.Dataset({"beyond": ("alpha", beyond)}, {"alpha": list(alphas)})


def _signs(steps: int) -> xr.Dataset:
    """The largest difference of a level between Adam with β = (0, 0) and SignGD."""
    skills = Skills.power_law(5, 1.0)
    key = jax.random.key(0)
    world = Geometry.draw(key, skills, 200)
    curves = train(
        [world, world], [optimizer("adam", b1=0.0, b2=0.0), optimizer("sign_gd")],
        learning_rate=1e-3, steps=steps, record=10, key=[key, key],
    )  # fmt: skip
    one, other = curves.level.values
    return xr.Dataset({"difference": np.abs(one - other).max()})


def _apart(n_task: int) -> xr.Dataset:
    """The largest difference of a level between the correlated model with C = 1 and eq. 1."""
    steps = np.linspace(0.0, 200.0, 101)
    with jax.enable_x64(True):
        p = jnp.asarray(Skills.power_law(n_task, 1.0).probability)
        plain = Resource(p, rate=0.05, waste=0.01).levels(steps)
        apart = Correlated(p, jnp.eye(n_task), rate=0.05, waste=0.01).levels(steps)
    return xr.Dataset({"difference": np.abs(np.asarray(plain) - np.asarray(apart)).max()})


def _bounces(rates: Sequence[float], n_seed: int) -> xr.Dataset:
    """How far from 1 the level of a single skill stays under SignGD, [learning rate, seed]."""
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    worlds = _drawn(n_seed, Skills.power_law(1, 1.0), 100, "unit")
    left = []
    for rate in rates:
        curves = train(worlds, optimizer("sign_gd"), learning_rate=rate, steps=1000, record=1,
                       key=keys)  # fmt: skip
        left.append(np.abs(1 - curves.level.values[:, -100:, 0]).mean(axis=1))
    return xr.Dataset({"left": (("rate", "seed"), np.array(left))}, {"rate": list(rates)})


def _suited(n_task: int, shares: Sequence[float], n_draw: int) -> xr.Dataset:
    """How often one direction has a positive product with all of n_task random vectors."""
    rng = np.random.default_rng(0)
    often = []
    for share in shares:
        n_dim = round(share * n_task)
        draws = rng.standard_normal((n_draw, n_task, n_dim))
        often.append(np.mean([_fits(vectors) for vectors in draws]))
    return xr.Dataset({"often": ("share", often), "n_draw": n_draw}, {"share": list(shares)})


def _fits(vectors: np.ndarray) -> bool:
    found = optimize.linprog(
        np.zeros(vectors.shape[1]), -vectors, -np.ones(len(vectors)), bounds=(None, None)
    )
    return found.status == 0


def _reweighted(reweights: Sequence[float], n_seed: int) -> xr.Dataset:
    """Steps to 0.9 of ten skills for each power of the loss as a weight."""
    skills = Skills.power_law(10, 2.0)
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    vectors = [VECTORS["orthogonal"](key, 10, 1000) for key in keys]
    worlds = [
        Geometry(vector, skills, batch_size=1024, reweight=kappa)
        for kappa in reweights
        for vector in vectors
    ]
    curves = train(
        worlds, optimizer("sign_gd"), learning_rate=3e-4, steps=1000, record=5,
        key=keys * len(reweights),
    )  # fmt: skip
    times = curves.learning_time(_LEVEL).values.reshape(len(reweights), n_seed, 10)
    # Single runs drift before they learn.
    plain = curves.level.values[:n_seed].mean(0, keepdims=True)
    return xr.Dataset(
        {"time": (("reweight", "seed", "skill"), times), "higher": _higher(plain)},
        {"reweight": list(reweights)},
    )


def _cross_entropy(n_seed: int) -> xr.Dataset:
    """(s + e^s − 1)/p of five skills at three steps, and −ln(2(1 − level))/p beside it."""
    skills = Skills.power_law(5, 1.0)
    worlds = _drawn(n_seed, skills, 1000, "orthogonal", criterion="ce")
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    level = _levels(worlds, "sign_gd", 1e-3, 400, keys).mean(0)[[60, 100, 150]]
    s = np.log(level / (1 - level))
    p = skills.probability
    found = {"clock": (s + np.expm1(s)) / p, "unskill": -np.log(2 * (1 - level)) / p}
    return xr.Dataset({name: (("step", "skill"), value) for name, value in found.items()},
                      {"step": [120, 200, 300]})  # fmt: skip


def _chain(steps: int) -> xr.Dataset:
    """How often the rarer skill has the higher loss where it is the root of a chain (Fig 17)."""
    theory = Dependent(
        jnp.array([3.0, 1.0, 0.3]), Graph.given({"1": ["2"], "2": ["3"], "3": []}),
        rate=1e-3, waste=1e-3, gate_exponent=1e-4,
    )  # fmt: skip
    level = np.asarray(theory.levels(np.linspace(0.0, steps, 101)))
    return xr.Dataset({"higher": _higher(level[None])})


def _higher(level: np.ndarray) -> float:
    """Share of pairs in which the rarer skill has the higher loss.

    Neither the start nor pairs of which both are learned count.
    """
    loss = (1 - level) ** 2
    common, rare = np.triu_indices(level.shape[-1], 1)
    counts = np.maximum(loss[..., common], loss[..., rare]) > 0.01
    counts[:, 0] = False
    return float((loss[..., rare] >= loss[..., common])[counts].mean())


def _modules(n_tasks: Sequence[int], n_seed: int) -> xr.Dataset:
    """Steps to 0.9 of the last of n skills in 1020 dimensions, all shared or a block for each.

    Frequencies fall by 10 from skill to skill, or like k^−2. The step is so small that a learned
    skill bounces by less than the rarest weighs.
    """
    n_dim, rate = 1020, 1e-5
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    times = []
    for n in n_tasks:
        mask = np.kron(np.eye(n), np.ones(n_dim // n))
        worlds = []
        for skills in (Skills.exponential(n, 10.0), Skills.power_law(n, 2.0)):
            for key in keys:
                own = mask * np.asarray(VECTORS["unit"](key, n, n_dim))
                blocks = own / np.linalg.norm(own, axis=1, keepdims=True)
                worlds += [Geometry.draw(key, skills, n_dim), Geometry(blocks, skills)]
        curves = train(
            worlds, optimizer("sign_gd"), learning_rate=rate, record=20, key=keys[0],
            steps=round(1.5 * n / float(mean_field_rate(n_dim, rate))),
        )  # fmt: skip
        last = curves.learning_time(_LEVEL).max("skill").values.reshape(2, n_seed, 2)
        times.append(last.mean(axis=1))
    return xr.Dataset(
        {"time": (("n_task", "kind", "model"), np.array(times, np.float64))},
        {"n_task": list(n_tasks), "kind": ["exponential", "power"], "model": ["shared", "modular"]},
    )


def _pairs(n_seed: int) -> xr.Dataset:
    """Points that want two of five skills each: a Geometry world beside the Correlated theory."""
    first, second = np.triu_indices(5, 1)
    skills = Skills.power_law(first.size, 1.0)
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    basis = [np.asarray(VECTORS["orthogonal"](key, 5, 1000)) for key in keys]
    # The level of a point is the mean of its two skills, so its vector is the mean of theirs.
    vectors = [(one[first] + one[second]) / 2 for one in basis]
    worlds = [Geometry(vector, skills) for vector in vectors]
    seen = _levels(worlds, "sign_gd", 3e-4, 600, keys).mean(0)
    steps = np.linspace(0.0, 600.0, len(seen))
    errors = {}
    for name, overlap in (("pairs", vectors[0] @ vectors[0].T), ("alone", np.eye(first.size) / 2)):
        theory = Correlated(
            jnp.asarray(skills.probability, jnp.float32), jnp.asarray(overlap),
            rate=mean_field_rate(1000, 3e-4), waste=3e-3, norm="l2",
        )  # fmt: skip
        errors[name] = np.sqrt(np.mean((seen - np.asarray(theory.levels(steps))) ** 2))
    return xr.Dataset(errors)


def _convexity(n_point: int) -> xr.Dataset:
    """The least curvature over random parameters, over the largest."""
    skills = Skills.power_law(3, 1.0)
    key = jax.random.key(0)
    worlds = {
        "mse": Geometry.draw(key, skills, 5, vectors="unit"),
        "ce": Geometry.draw(key, skills, 5, vectors="unit", criterion="ce"),
        "multilinear": MultilinearNet(skills),
    }
    least = {}
    for name, world in worlds.items():
        flat, back = jax.flatten_util.ravel_pytree(world.init(key))
        points = np.random.default_rng(0).standard_normal((n_point, flat.size))

        def loss(x: jax.Array, world: World = world, back: Callable[..., Any] = back) -> jax.Array:
            return world.loss(back(x), world.batch(key))

        curvature = np.linalg.eigvalsh(
            np.asarray(jax.jit(jax.vmap(jax.hessian(loss)))(jnp.asarray(points, jnp.float32)))
        )
        least[name] = float((curvature.min(1) / np.abs(curvature).max(1)).min())
    return xr.Dataset(least)


def _gap(modulus: int, steps: int) -> xr.Dataset:
    """Levels of modular addition on pairs that are trained on and on others."""
    key = jax.random.key(0)
    task = ModularArithmetic.draw(key, "add", modulus=modulus, train_share=0.6)
    learner = Learner(EmbeddingMLP(modulus, dim=16, hidden=(64,)), task)
    curves = train(
        learner, optimizer("adam"), learning_rate=5e-3, steps=steps, record=steps // 10, key=key
    )
    known, found = curves.level.values.T
    widest = int(np.argmax(known - found))
    return xr.Dataset({"known": known[widest], "found": found[widest]})


def _inverse(n_seed: int) -> xr.Dataset:
    """Frequencies of five skills from their curves alone, by a fit of the Resource theory."""
    skills = Skills.power_law(5, 1.0)
    worlds = _drawn(n_seed, skills, 1000, "orthogonal", batch_size=1024)
    keys = [jax.random.key(seed) for seed in range(n_seed)]
    seen = _levels(worlds, "sign_gd", 3e-4, 400, keys).mean(0)
    curves = Curves.from_arrays(np.arange(0.0, 401.0, 2.0), seen)
    found: dict[str, Any] = {"truth": ("skill", skills.probability)}
    for norm in ("l1", "l2"):
        fitted = fit(curves, partial(Resource, norm=norm), key=jax.random.key(0), starts=4)
        frequency = np.asarray(fitted.theory.frequency)
        found[norm] = ("skill", frequency / frequency.sum())
        # Akaike's criterion of normal errors whose size is fitted too.
        size = fitted.chi2 / fitted.n_point
        found[f"{norm} aic"] = fitted.n_point * np.log(size) + 2 * (fitted.n_parameter + 1)
    return xr.Dataset(found)


_MEASURED: Mapping[str, Callable[..., xr.Dataset]] = {
    "interference": _interference,
    "aligned": _aligned,
    "exponents": _exponents,
    "tails": _tails,
    "signs": _signs,
    "apart": _apart,
    "bounces": _bounces,
    "suited": _suited,
    "reweighted": _reweighted,
    "cross_entropy": _cross_entropy,
    "chain": _chain,
    "modules": _modules,
    "pairs": _pairs,
    "convexity": _convexity,
    "gap": _gap,
    "inverse": _inverse,
}
