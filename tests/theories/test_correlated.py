"""Correlated skills against a spectral solution of "mse", another solver and their limits."""

import equinox as eqx
import jax
import numpy as np
import pytest
from scipy import integrate, optimize
from scipy.special import expit

from skillphysics.errors import ArgumentError
from skillphysics.skills import Skills
from skillphysics.theories import Correlated, Resource

# Solvers take minutes to compile.
pytestmark = pytest.mark.slow


def correlations(n_skill: int, n_dim: int) -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(n_skill, n_dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors @ vectors.T


def power_law(n_skill: int) -> np.ndarray:
    frequency = Skills.power_law(n_skill, 2).frequency
    assert frequency is not None
    return frequency


@eqx.filter_jit
def compiled(theory, steps):
    return theory.levels(steps)


def levels(steps, frequency, correlation, rate, waste, **options) -> np.ndarray:
    with jax.enable_x64(True):
        theory = Correlated(
            frequency, correlation, rate=np.float64(rate), waste=np.float64(waste), **options
        )
        return np.asarray(compiled(theory, steps))


def spectral_levels(effort, frequency, correlation, waste) -> np.ndarray:
    """Levels of "mse" and "l1". In τ the law is du/dτ = −C P u, of which q = √p makes
    √P u = e^{−Mτ} q with the symmetric M = √P C √P, and Σ p u = qᵀ e^{−Mτ} q.
    """
    root = np.sqrt(frequency)
    pace, modes = np.linalg.eigh(root[:, None] * correlation * root)
    pace, start = np.maximum(pace, 0), modes.T @ root

    def spent(tau: float) -> float:
        moving = np.where(pace * tau > 1e-8, pace, 1)
        each = np.where(pace * tau > 1e-8, -np.expm1(-pace * tau) / moving, tau)
        return float(start**2 @ each) + waste * tau

    rows = []
    for one in effort:
        tau = optimize.brentq(
            lambda tau, one=one: spent(tau) - one,
            0,
            one / waste + 1e-9,
            xtol=1e-13,
            rtol=np.float64(1e-14),
        )
        rows.append(1 - modes @ (np.exp(-pace * tau) * start) / root)
    return np.array(rows)


@pytest.mark.parametrize("waste", [1e-2, 1e-4])
@pytest.mark.parametrize("n_skill", [5, 20])
def test_mse_is_the_spectral_solution(n_skill, waste):
    # L25 Fig 8 (top), whose N0 is 0.01; with 1e-4 the equation is stiff.
    rate, steps = 2 * np.sqrt(10) * 1e-3, np.linspace(0, 3000, 41)
    frequency, correlation = power_law(n_skill), correlations(n_skill, 10)
    found = levels(steps, frequency, correlation, rate, waste)
    expected = spectral_levels(rate * steps, frequency, correlation, waste)
    assert found.max() > 1.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("norm", "waste"), [("l1", 0.0), ("l1", 0.1), ("l2", 0.01)])
@pytest.mark.parametrize("criterion", ["mse", "ce"])
def test_levels_solve_the_equation(criterion, norm, waste):
    if criterion == "mse":
        waste = max(waste, 0.01)
    frequency, correlation, rate = power_law(8), correlations(8, 5), 0.02
    steps = np.linspace(0, 600, 21)

    def slope(_: float, skill: np.ndarray) -> np.ndarray:
        pull = frequency * (1 - skill if criterion == "mse" else expit(-skill))
        push = correlation @ pull
        demand = pull.sum() + waste if norm == "l1" else np.sqrt(pull @ push + waste**2)
        return rate * push / demand

    # An explicit solver errs by 2e-8 where the gradient of norm "l2" vanishes.
    solution = integrate.solve_ivp(
        slope, (0, 600), np.zeros(8), "Radau", steps, rtol=1e-12, atol=1e-12
    )
    expected = solution.y.T if criterion == "mse" else expit(solution.y.T)
    found = levels(steps, frequency, correlation, rate, waste, criterion=criterion, norm=norm)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("norm", ["l1", "l2"])
@pytest.mark.parametrize("criterion", ["mse", "ce"])
def test_uncorrelated_skills_are_the_closed_form(criterion, norm):
    frequency, steps = power_law(6), np.linspace(0, 900, 31)
    found = levels(steps, frequency, np.eye(6), 0.01, 0.02, criterion=criterion, norm=norm)
    with jax.enable_x64(True):
        closed = Resource(
            frequency, rate=np.float64(0.01), waste=np.float64(0.02), criterion=criterion, norm=norm
        )
        expected = closed.levels(steps)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_a_loose_tolerance_is_less_exact():
    frequency, correlation, steps = power_law(5), correlations(5, 10), np.linspace(0, 3000, 21)
    exact = spectral_levels(0.006 * steps, frequency, correlation, 0.01)
    errors = [
        np.abs(levels(steps, frequency, correlation, 0.006, 0.01, tolerance=t) - exact).max()
        for t in (1e-3, 1e-8)
    ]
    assert errors[0] > 10 * errors[1]
    assert errors[1] < 1e-7


@pytest.mark.parametrize(
    ("correlation", "options", "said"),
    [
        (np.eye(3), {}, r"\(2, 2\)"),
        (np.array([[1, 0.5], [0, 1]]), {}, "symmetric"),
        (np.array([[1, np.nan], [np.nan, 1]]), {}, "finite"),
        (np.eye(2), {"tolerance": 2.0}, "tolerance"),
        (np.eye(2), {"waste": 0.0}, "waste must be positive, got 0"),
    ],
)
def test_what_cannot_be_used_is_named(correlation, options, said):
    with pytest.raises(ArgumentError, match=said):
        Correlated(np.ones(2), correlation, **options)
