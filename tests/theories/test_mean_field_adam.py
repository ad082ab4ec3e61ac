"""The mean-field law of Adam against simulations, with nothing fitted, and against its limits."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics import Skills, train
from skillphysics.errors import ArgumentError
from skillphysics.optimizers import optimizer
from skillphysics.theories import MeanFieldAdam, Resource
from skillphysics.worlds import VECTORS, Geometry

TEN = Skills.power_law(10, 2)


def law(frequency: np.ndarray, n_dim: int, rate: float, steps: np.ndarray, **options: Any):
    with jax.enable_x64(True):
        theory = MeanFieldAdam(jnp.asarray(frequency), n_dim, jnp.asarray(rate), **options)
        return np.asarray(theory.levels(steps))


def runs(skills: Skills, n_run: int, rate: float, steps: int, betas: dict[str, float], **options):
    keys = [jax.random.key(i) for i in range(n_run)]
    worlds = [Geometry.draw(key, skills, 1000, **options) for key in keys]
    kind = optimizer("adam", **betas)
    curves = train(worlds, kind, learning_rate=rate, steps=steps, key=keys, record=10)
    level = np.asarray(curves.level, np.float64)
    scatter = float(np.mean(level.var(0, ddof=1) / n_run))
    return np.asarray(curves.steps), level.mean(0), scatter, np.asarray(curves.learning_time(0.9))


@pytest.mark.parametrize(
    ("betas", "options"),
    [
        ({}, {"batch_size": 16}),
        ({"b2": 0.9}, {"batch_size": 128}),
        pytest.param(
            {"b1": 0.0, "b2": 0.99}, {"batch_size": 1024, "noise": 3e-3}, marks=pytest.mark.slow
        ),
    ],
)
def test_levels_are_those_of_the_simulation(betas, options):
    steps, mean, scatter, times = runs(TEN, 8, 3e-4, 1200, betas, **options)
    level = law(TEN.probability, 1000, 3e-4, steps, **betas, **options)
    # Eight runs scatter by about this much; what the law leaves out is not larger.
    assert scatter < 1e-4
    assert np.mean((level - mean) ** 2) < 4 * scatter + 1e-5
    learned = np.isfinite(times).all(0)
    assert learned.sum() >= 3
    times = times[:, learned]
    predicted = np.array([np.interp(0.9, one, steps) for one in level.T[learned]])
    error = times.std(0, ddof=1) / math.sqrt(len(times))
    assert (np.abs(predicted - times.mean(0)) < 0.01 * predicted + 3 * error).all()


def test_two_skills_of_figure_4():
    # The published setting: Adam learns the rare skill at 530 steps, SignGD at 220.
    level = law(np.array([0.9, 0.1]), 1000, 3e-4, np.arange(1001.0), batch_size=128)
    times = [np.interp(0.9, one, np.arange(1001.0)) for one in level.T]
    assert times == pytest.approx([199, 530], rel=0.02)


def test_correlated_cross_entropy():
    skills = Skills.power_law(6, 1)
    vectors = VECTORS["unit"](jax.random.key(0), 6, 30)
    keys = [jax.random.key(i) for i in range(24)]
    turns = [jax.random.orthogonal(key, 30, (), jnp.float32) for key in keys]
    worlds = [Geometry(vectors @ turn, skills, criterion="ce", batch_size=64) for turn in turns]
    curves = train(worlds, optimizer("adam"), learning_rate=3e-3, steps=600, key=keys, record=20)
    seen = np.asarray(curves.level, np.float64)
    scatter = np.mean(seen.var(0, ddof=1) / len(seen))
    exact = np.asarray(vectors, np.float64)
    level = law(
        skills.probability, 30, 3e-3, curves.steps,
        batch_size=64, criterion="ce", correlation=jnp.asarray(exact @ exact.T),
    )  # fmt: skip
    alone = law(skills.probability, 30, 3e-3, curves.steps, batch_size=64, criterion="ce")
    off = np.mean((level - seen.mean(0)) ** 2)
    assert off < 5 * scatter + 1e-4
    # Without the correlations it is much farther off.
    assert off < np.mean((alone - seen.mean(0)) ** 2) / 4


def test_without_memory_it_is_the_law_of_sign_descent():
    steps = np.linspace(0, 2000, 41)
    level = law(TEN.probability, 1000, 1e-4, steps, b1=0.0, b2=0.0)
    with jax.enable_x64(True):
        theory = MeanFieldAdam(jnp.asarray(TEN.probability), 1000, jnp.asarray(1e-4))
        closed = Resource(TEN.probability, rate=theory.rate, waste=0.0, norm="l2").levels(steps)
    # A step is 0.0025 of a skill.
    np.testing.assert_allclose(level, closed, rtol=0, atol=2e-3)


def test_an_integral_over_normal_numbers_is_their_mean():
    """One step from memories, against an average over drawn z."""
    p = np.array([0.6, 0.3, 0.1])
    with jax.enable_x64(True):
        theory = MeanFieldAdam(
            jnp.asarray(p), 500, jnp.asarray(1e-3), noise=jnp.asarray(0.01), batch_size=4
        )
        two = np.asarray(theory.levels([0, 1, 2]))
    z = np.random.default_rng(0).normal(size=(400_000, 3))
    b1, b2 = 0.9, 0.999
    mean, square, level = np.zeros(3), np.zeros((3, 3)), np.zeros(3)
    for step in (1, 2):
        left = 1 - level
        mean = b1 * mean + (1 - b1) * p * left
        new = 0.75 * np.outer(p * left, p * left) + 0.25 * np.diag(p * left**2)
        square = b2 * square + (1 - b2) * new
        m, big = mean / (1 - b1**step), square / (1 - b2**step)
        root = np.sqrt(np.einsum("si,ij,sj->s", z, big, z) + 500 * 0.01**2 / 4)
        level = level + 1e-3 * math.sqrt(500) * np.mean(z * (z @ m / root)[:, None], axis=0)
        np.testing.assert_allclose(two[step], level, rtol=0.02)


def test_derivatives_forwards_and_backwards_agree():
    with jax.enable_x64(True):
        theory = MeanFieldAdam(jnp.array([0.6, 0.4]), 100, jnp.asarray(1e-2), batch_size=8)

        def flat(b2: jax.Array) -> jax.Array:
            return eqx.tree_at(lambda law: law.b2, theory, b2).levels([3.0, 20.5]).reshape(-1)

        b2 = jnp.asarray(0.9)
        forward, reverse = jax.jacfwd(flat)(b2), jax.jacrev(flat)(b2)
        np.testing.assert_allclose(forward, reverse, rtol=1e-9)
        differences = (flat(b2 + 1e-5) - flat(b2 - 1e-5)) / 2e-5
        np.testing.assert_allclose(forward, differences, rtol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"b1": 1.0}, "b1 must be at least 0 and below 1, got 1.0"),
        ({"b2": float("nan")}, "b2 must be .* got nan"),
        ({"learning_rate": -1.0}, "learning_rate must be positive and finite, got -1.0"),
        ({"noise": float("inf")}, "noise must be non-negative and finite, got inf"),
        ({"criterion": "l1"}, "criterion must be 'mse' or 'ce', got 'l1'"),
    ],
)
@pytest.mark.usefixtures("unchecked")
def test_unusable_settings_are_refused(wrong, message):
    settings: dict[str, Any] = {"n_dim": 10, "learning_rate": 0.1, **wrong}
    with pytest.raises(ArgumentError, match=message):
        MeanFieldAdam(jnp.array([0.6, 0.4]), **settings)
