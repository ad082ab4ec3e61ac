"""The Resource model against references that share none of its code (tests/oracles/resource.py)."""

import itertools
from functools import cache

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.skills import Skills
from skillphysics.theories import Resource

from ..oracles.resource import (
    Norm,
    effort_of_one_skill_l2,
    exact_levels_l1,
    integrated_unskill_log,
)

N_SKILL, ALPHA, WASTE = (1, 3, 10, 100), (0.5, 2.0, 6.0), (0.0, 1e-3, 0.1, 10.0)
RATE = 0.7


@cache
def frequencies(n_skill: int, alpha: float) -> np.ndarray:
    frequency = Skills.power_law(n_skill, alpha).frequency
    assert frequency is not None
    return frequency


def times_for(n_skill: int, alpha: float, waste: float, norm: str) -> np.ndarray:
    """Times from the first moves of the most frequent skill until the rarest is at 1 − e^{−3}."""
    frequency = frequencies(n_skill, alpha)
    tau = np.geomspace(1e-3 / frequency[0], 3 / frequency[-1], 24)
    if norm == "l1":
        return (-np.expm1(-np.outer(tau, frequency)).sum(1) + waste * tau) / RATE
    # Only a choice of times: a rough integral of the demand will do.
    fine = np.concatenate([[0], np.geomspace(tau[0] / 100, tau[-1], 4000)])
    demand = np.hypot(np.linalg.norm(frequency * np.exp(-np.outer(fine, frequency)), axis=1), waste)
    effort = np.concatenate([[0], np.cumsum(np.diff(fine) * (demand[1:] + demand[:-1]) / 2)])
    return np.interp(tau, fine, effort) / RATE


@eqx.filter_jit
def compiled(theory: Resource, times: np.ndarray) -> jax.Array:
    return theory.levels(times)


def levels(
    times: np.ndarray, frequency: np.ndarray, waste: float, norm: Norm, rate: float = RATE
) -> np.ndarray:
    with jax.enable_x64(True):
        theory = Resource(frequency, rate=np.float64(rate), waste=np.float64(waste), norm=norm)
        return np.asarray(compiled(theory, times))


@pytest.mark.parametrize("n_skill", N_SKILL)
def test_l1_is_right_to_thirty_digits(n_skill):
    for alpha, waste in itertools.product(ALPHA, WASTE):
        times = times_for(n_skill, alpha, waste, "l1")[::3]
        frequency = frequencies(n_skill, alpha)
        expected = exact_levels_l1(times, frequency, RATE, waste)
        found = levels(times, frequency, waste, "l1")
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9, err_msg=f"{alpha} {waste}")


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("n_skill", N_SKILL)
def test_levels_solve_the_differential_equation(n_skill, norm):
    for alpha, waste in itertools.product(ALPHA, WASTE):
        times = times_for(n_skill, alpha, waste, norm)
        frequency = frequencies(n_skill, alpha)
        expected = -np.expm1(-integrated_unskill_log(times, frequency, RATE, waste, norm))
        found = levels(times, frequency, waste, norm)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9, err_msg=f"{alpha} {waste}")


@pytest.mark.parametrize("waste", [1e-3, 0.1, 10.0])
def test_one_skill_of_l2_has_the_effort_of_its_closed_form(waste):
    frequency, level = 0.4, np.linspace(0.01, 0.999, 30)
    times = effort_of_one_skill_l2(level, frequency, waste) / RATE
    found = levels(times, np.array([frequency]), waste, "l2")[:, 0]
    np.testing.assert_allclose(found, level, rtol=0, atol=1e-9)


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_one_skill_without_waste_is_linear_until_it_is_learned(norm):
    times = np.array([0, 0.1, 0.5, 0.9, 0.999, 1, 1.001, 1e6]) / RATE
    level = levels(times, np.array([0.4]), 0.0, norm)[:, 0]
    np.testing.assert_allclose(level, np.minimum(RATE * times, 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("waste", WASTE)
def test_the_conserved_number_is_one_for_all_skills(norm, waste):
    frequency = frequencies(10, 2.0)
    level = levels(times_for(10, 2.0, waste, norm), frequency, waste, norm)
    # ln u_i/p_i; 1 − level keeps ten digits of u while u > 1e-5.
    clear = (level > 0) & (1 - level > 1e-5)
    conserved = np.where(clear, -np.log1p(-np.where(clear, level, 0)) / frequency, np.nan)
    assert (clear.sum(1) >= 2).all()
    spread = np.nanmax(conserved, axis=1) / np.nanmin(conserved, axis=1) - 1
    assert spread.max() < 1e-10


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("alpha", [0.5, 2.0])
def test_many_skills_have_the_clock_of_their_plain_sums(norm, alpha):
    frequency, waste = frequencies(20_000, alpha), 1e-3
    tau = np.geomspace(0.1 / frequency[0], 3 / frequency[-1], 8)
    if norm == "l1":
        effort = np.array([-np.expm1(-frequency * x).sum() + waste * x for x in tau])
    else:
        nodes, weights = np.polynomial.legendre.leggauss(40)
        # From far before the most frequent skill moves, each at most twice as far as the last.
        edges = np.concatenate([[0], 0.01 / frequency[0] * 2.0 ** np.arange(64)])

        def piece(low, high):
            x = low + (high - low) * (1 + nodes) / 2
            left = frequency * np.exp(-frequency * x[:, None])
            return (high - low) / 2 * weights @ np.hypot(np.sqrt((left**2).sum(1)), waste)

        effort = np.array(
            [sum(piece(a, min(b, x)) for a, b in itertools.pairwise(edges) if a < x) for x in tau]
        )
    found = levels(effort / RATE, frequency, waste, norm)
    np.testing.assert_allclose(found, -np.expm1(-np.outer(tau, frequency)), rtol=0, atol=1e-9)


def test_without_waste_everything_is_learned_at_a_known_time():
    frequency = frequencies(10, 2.0)
    # "l1": the effort for all is Σ_j 1.
    level = levels(np.array([9.99, 10.01]) / RATE, frequency, 0.0, "l1")
    assert level[0, -1] < 0.995
    np.testing.assert_array_equal(level[1], 1)


def test_much_waste_makes_skills_linear():
    # D = N0 up to the sum of p: a share 1e-9 of it.
    times, frequency = np.linspace(0, 30, 12), frequencies(3, 2.0)
    linear = -np.expm1(-0.3 * np.outer(times, frequency))
    norms: tuple[Norm, ...] = ("l1", "l2")
    for norm in norms:
        found = levels(times, frequency, 1e9, norm, rate=0.3e9)
        np.testing.assert_allclose(found, linear, rtol=0, atol=2e-9)


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_a_strong_hierarchy_without_waste_falls_like_dominoes(norm):
    times = np.linspace(0, 3.5, 141)
    domino = np.clip(times[:, None] - np.arange(3), 0, 1)
    for ratio in (1e3, 1e4, 1e6):
        found = levels(times, ratio ** -np.arange(3.0), 0.0, norm, rate=1.0)
        # While skill i is learned the next one grows by ln(1/u_i)/ratio, some 10/ratio at its end.
        assert np.abs(found - domino).max() < 30 / ratio


def test_both_norms_agree_for_one_skill_without_waste_only():
    times, frequency = np.linspace(0, 1.2, 7), np.array([0.4])
    one, two = levels(times, frequency, 0.0, "l1"), levels(times, frequency, 0.0, "l2")
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-12)
    # p u + N0 is more than √(p² u² + N0²).
    one, two = levels(times, frequency, 0.1, "l1"), levels(times, frequency, 0.1, "l2")
    assert (two[1:] > one[1:]).all()


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("waste", [0.0, 0.05])
def test_derivatives_are_right_also_at_no_waste(norm, waste):
    steps = jnp.asarray([0.4, 1.3, 2.4])
    base = np.array([0.6, 0.3, 0.1, 0.9, waste])

    @jax.jit
    def level(flat):
        theory = Resource(flat[:3], rate=flat[3], waste=flat[4], norm=norm)
        return theory.levels(steps)

    with jax.enable_x64(True):
        jacobian = np.asarray(jax.jit(jax.jacrev(level))(jnp.asarray(base)))
        small = 1e-5
        for i, one in enumerate(np.eye(5)):
            # One-sided to second order, since no waste is negative.
            a, b, c = (np.asarray(level(jnp.asarray(base + k * small * one))) for k in (0, 1, 2))
            differences = (4 * b - 3 * a - c) / (2 * small)
            # The error is small² times a third derivative, which without waste is large.
            np.testing.assert_allclose(jacobian[..., i], differences, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_second_derivatives_are_right(norm):
    @jax.jit
    def total(flat):
        theory = Resource(flat[:3], rate=flat[3], waste=flat[4], norm=norm)
        return theory.levels(jnp.asarray([1.3, 2.4])).sum()

    with jax.enable_x64(True):
        base = jnp.asarray([0.6, 0.3, 0.1, 0.9, 0.05])
        hessian = np.asarray(jax.jit(jax.jacfwd(jax.grad(total)))(base))
        gradient = jax.jit(jax.vmap(jax.grad(total)))
        small = 1e-5
        up, down = (np.asarray(gradient(base + s * small * jnp.eye(5))) for s in (1, -1))
        np.testing.assert_allclose(hessian, (up - down) / (2 * small), rtol=1e-6, atol=1e-6)
