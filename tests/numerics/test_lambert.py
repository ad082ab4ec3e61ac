"""The level of one skill under cross-entropy against Lambert's W of mpmath."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
from scipy.special import expit

from skillphysics.numerics.lambert import logit


def test_the_level_of_one_skill_is_that_of_lambert_w():
    x = np.concatenate([[0], np.geomspace(1e-9, 1e8, 60)])
    with mpmath.workdps(60):
        expected = []
        for one in x:
            # ln W = s by its own equation where e^(1 + x) is too large to write down.
            if one < 1e3:
                at = 1 + mpmath.mpf(one)
                expected.append(float(at - mpmath.lambertw(mpmath.exp(at)).real))
            else:
                root = mpmath.findroot(lambda s, one=one: s + mpmath.exp(s) - 1 - one, np.log(one))
                expected.append(float(root))
    with jax.enable_x64(True):
        found = np.asarray(logit(jnp.asarray(x)))
        slope = np.asarray(jax.vmap(jax.grad(logit))(jnp.asarray(x)))
    np.testing.assert_allclose(found, expected, rtol=1e-14)
    np.testing.assert_allclose(slope, expit(-found), rtol=1e-14)
