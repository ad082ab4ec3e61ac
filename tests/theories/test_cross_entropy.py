"""Independent skills under cross-entropy: mpmath's Lambert W, and integration of every skill."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate
from scipy.special import expit

from skillphysics.skills import Skills
from skillphysics.theories import Resource

RATE = 0.7


def frequencies(n_skill: int, alpha: float) -> np.ndarray:
    frequency = Skills.power_law(n_skill, alpha).frequency
    assert frequency is not None
    return frequency


@eqx.filter_jit
def compiled(theory, steps):
    return theory.levels(steps)


def levels(steps, frequency, waste, norm) -> np.ndarray:
    with jax.enable_x64(True):
        theory = Resource(
            frequency, rate=np.float64(RATE), waste=np.float64(waste), norm=norm, criterion="ce"
        )
        return np.asarray(compiled(theory, steps))


def integrated_levels(times, frequency, waste, norm) -> np.ndarray:
    """σ(s) of L25 eq. 5 without correlations."""

    def slope(_: float, skill: np.ndarray) -> np.ndarray:
        pull = frequency * expit(-skill)
        demand = pull.sum() + waste if norm == "l1" else np.hypot(np.linalg.norm(pull), waste)
        return RATE * pull / demand

    solution = integrate.solve_ivp(
        slope, (0, times[-1]), np.zeros(frequency.size), "DOP853", times, rtol=1e-12, atol=1e-14
    )
    assert solution.success, solution.message
    return expit(solution.y.T)


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("n_skill", [1, 10, 100, pytest.param(1000, marks=pytest.mark.slow)])
def test_levels_solve_the_equation(n_skill, norm):
    for alpha, waste in itertools.product((0.5, 2.0, 6.0), (0.0, 1e-3, 0.1, 10.0)):
        frequency = frequencies(n_skill, alpha)
        times = np.geomspace(1e-4, 1, 20) * (3 * n_skill + 1000 * waste) / RATE
        expected = integrated_levels(times, frequency, waste, norm)
        found = levels(times, frequency, waste, norm)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9, err_msg=f"{alpha} {waste}")


def test_the_conserved_number_is_one_for_all_skills():
    frequency = frequencies(10, 2.0)
    level = levels(np.geomspace(0.1, 100, 20), frequency, 0.01, "l1")
    skill = np.log(level) - np.log1p(-level)
    conserved = (skill + np.expm1(skill)) / frequency
    clear = level < 0.999
    for row, seen in zip(conserved, clear, strict=True):
        assert np.ptp(row[seen]) < 1e-10 * row[seen].max()


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_a_very_long_training_ends_at_level_one(norm):
    assert (levels(np.array([0, 1e4, 1e6]), frequencies(3, 2.0), 0.0, norm)[1:] > 1 - 1e-15).all()


@pytest.mark.parametrize("norm", ["l1", pytest.param("l2", marks=pytest.mark.slow)])
@pytest.mark.parametrize("waste", [pytest.param(0.0, marks=pytest.mark.slow), 0.05])
def test_derivatives_are_right_to_second_order(norm, waste):
    base = np.array([0.6, 0.3, 0.1, 0.9, waste])

    @jax.jit
    def level(flat):
        theory = Resource(flat[:3], rate=flat[3], waste=flat[4], norm=norm, criterion="ce")
        return theory.levels(jnp.asarray([0.4, 1.3, 7.4]))

    with jax.enable_x64(True):
        flat, small = jnp.asarray(base), 1e-5
        jacobian = jax.jit(jax.jacrev(level))
        for i, one in enumerate(np.eye(5)):
            # One-sided to second order, since no waste is negative.
            a, b, c = (level(flat + k * small * one) for k in (0, 1, 2))
            slopes = (4 * b - 3 * a - c) / (2 * small)
            np.testing.assert_allclose(jacobian(flat)[..., i], slopes, rtol=1e-6, atol=1e-8)
            a, b, c = (jacobian(flat + k * small * one) for k in (0, 1, 2))
            bends = (4 * b - 3 * a - c) / (2 * small)
            found = jax.jvp(jacobian, (flat,), (jnp.asarray(one),))[1]
            np.testing.assert_allclose(found, bends, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("criterion", ["mse", "ce"])
def test_learning_times_are_those_of_the_curves_and_their_sum(criterion):
    with jax.enable_x64(True):
        theory = Resource(
            frequencies(5, 1.0), rate=np.float64(0.01), waste=np.float64(0.2), criterion=criterion
        )
        split = theory.time_split(0.8)
        total = np.asarray(split.skills + split.waste)
        reached = np.diagonal(np.asarray(theory.levels(total)))
        # Root finding on the levels knows nothing of the closed form.
        np.testing.assert_allclose(theory.learning_time(0.8), total, rtol=1e-10)
    np.testing.assert_allclose(reached, 0.8, rtol=0, atol=1e-12)


@pytest.mark.slow
def test_the_task_time_at_a_given_conserved_number():
    # α = 2, C = e^−20: 4.66 and 5.68 for 10 and 1e5 skills (SCIENCE.md §2).
    for n_skill, expected in ((10, 4.66), (100_000, 5.68)):
        frequency = frequencies(n_skill, 2.0)
        with jax.enable_x64(True):
            theory = Resource(frequency, rate=np.float64(1.0), waste=np.float64(0.1))
            # All levels at the time when the first skill is at C^p; t_waste is 20 N0 then.
            level = np.asarray(theory.levels([expected + 2]))[0]
        np.testing.assert_allclose(level.sum(), expected, atol=0.01)
        np.testing.assert_allclose(-np.log1p(-level[0]) / frequency[0], 20, rtol=0.02)
