"""The sigmoid of two layers against mpmath, in NumPy and in JAX, far into both tails."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from skillphysics.numerics.logistic import learned, log_odds, log_unlearned, minus_log_sigmoid

EXPONENT = np.array([0.0, 1e-3, 1.0, 4.6, 30.0, 300.0])


@pytest.mark.parametrize("array", [np.asarray, jnp.asarray])
@pytest.mark.parametrize("share", [1e-12, 0.01, 0.5, 0.99])
def test_both_forms_are_those_of_mpmath(share, array):
    with jax.enable_x64(True), mpmath.workdps(400):
        start, exponent = log_odds(array(share)), array(EXPONENT)
        level, left = learned(start, exponent), log_unlearned(start, exponent)
        assert isinstance(level, jax.Array) == isinstance(left, jax.Array) == (array is jnp.asarray)
        grown = [
            (mpmath.mpf(1) / share - 1) * mpmath.exp(-2 * mpmath.mpf(u)) for u in EXPONENT.tolist()
        ]
        np.testing.assert_allclose(level, [float(1 / (1 + g)) for g in grown], rtol=1e-13)
        exact = [float(mpmath.log(g / (1 + g))) for g in grown]
        np.testing.assert_allclose(left, exact, rtol=1e-12)


def test_the_cross_entropy_and_its_slope_are_exact_in_both_tails():
    x = np.array([-700.0, -3.0, 0.0, 3.0, 700.0])
    with jax.enable_x64(True), mpmath.workdps(400):
        exact = [float(mpmath.log(1 + mpmath.exp(-mpmath.mpf(v)))) for v in x.tolist()]
        slope = [float(-1 / (1 + mpmath.exp(mpmath.mpf(v)))) for v in x.tolist()]
        np.testing.assert_allclose(minus_log_sigmoid(jnp.asarray(x)), exact, rtol=1e-13)
        found = jax.vmap(jax.grad(minus_log_sigmoid))(jnp.asarray(x))
        np.testing.assert_allclose(found, slope, rtol=1e-13)
