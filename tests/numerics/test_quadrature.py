"""Integrals against SciPy and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special

from skillphysics.numerics.quadrature import cumulative, gauss, integrals, log_trapezoid


@pytest.mark.parametrize("count", [1, 4, 10, 16])
def test_the_rule_is_exact_for_polynomials(count):
    nodes, weights = gauss(count)
    power = np.arange(2 * count)
    np.testing.assert_allclose(weights @ nodes[:, None] ** power, 1 / (power + 1), rtol=1e-13)


def test_integrals_are_those_of_scipy():
    with jax.enable_x64(True):
        start, end = jnp.array([0.0, 0.5, 2.0]), jnp.array([1.0, 0.5, 2.5])
        found = integrals(lambda x: jnp.stack([jnp.exp(-x), jnp.cos(x)], -1), start, end, 12)
    expected = [
        [integrate.quad(f, a, b)[0] for f in (lambda x: np.exp(-x), np.cos)]
        for a, b in zip(start.tolist(), end.tolist(), strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_cumulative_integrals_add_up():
    with jax.enable_x64(True):
        knot = jnp.array([0.0, 0.3, 1.0, 4.0])
        found = cumulative(lambda x: jnp.exp(-x), knot, 12)
        np.testing.assert_allclose(found, -jnp.expm1(-knot), rtol=1e-10)


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("scale", [0.3, 1.0, 100.0])
def test_the_trapezoid_of_logarithms_gives_gaussian_moments(power, scale):
    # ∫ y^{power−1} e^{−(y/scale)²} dy = scale^power Γ(power/2)/2.
    # By Poisson's formula the rule errs by the transform of the integrand at 2π/h, and its first
    # node takes the Gaussian below as 1.
    step, first = 0.5, 1e-4
    nodes, weights = log_trapezoid(first, step, 40, power)
    exact = scale**power * special.gamma(power / 2) / 2
    aliased = 2 * abs(special.gamma(power / 2 + 1j * np.pi / step)) / special.gamma(power / 2)
    cut = (first / scale) ** (power + 2)
    found = weights @ np.exp(-((nodes / scale) ** 2))
    assert abs(found / exact - 1) <= 1.01 * aliased + 10 * cut
