"""Sums over Zipf frequencies against mpmath, and against adding one by one."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import stats

from skillphysics.errors import ArgumentError
from skillphysics.numerics.binomial import binomial_mean
from skillphysics.numerics.zipf import Zipf


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 1.01, 1.6, 2.0, 4.0, 6.0])
def test_norms_are_those_of_mpmath(alpha):
    with jax.enable_x64(True), mpmath.workdps(40):
        for n_skill in (1, 10, 1024, 1025, 5000, 10**7, 10**12, np.inf):
            if np.isinf(n_skill):
                if alpha <= 1:
                    continue
                expected = mpmath.zeta(alpha)
            elif alpha == 1:
                expected = mpmath.harmonic(n_skill)
            elif alpha == 0:
                expected = n_skill
            else:
                expected = mpmath.zeta(alpha) - mpmath.zeta(alpha, n_skill + 1)
            found = float(Zipf(alpha, n_skill).norm)
            # The norm is kept as its logarithm, up to 28 here, whose last bit is 4e-15.
            assert found == pytest.approx(float(expected), rel=1e-14)


@pytest.mark.parametrize("after", [0, 5, 1023, 1024, 1025, 10**6])
def test_what_follows_a_rank_is_hurwitz_zeta(after):
    with jax.enable_x64(True), mpmath.workdps(40):
        found = Zipf(1.6).total(jnp.ones_like, np.inf, after=after)
        exact = float(mpmath.zeta(1.6, after + 1) / mpmath.zeta(1.6))
        assert abs(float(found.value) - exact) <= float(found.bound) <= 1e-10 * exact


@pytest.mark.parametrize("n_data", [1, 7, 1000])
@pytest.mark.parametrize("share", [1e-6, 0.03, 0.5, 0.999, 1.0])
def test_expectations_are_enumerations(n_data, share):
    count = np.arange(n_data + 1)
    value = 1 / (1 + np.exp(np.minimum(20 * count / n_data, 700)) / 99) ** 2
    expected = stats.binom.pmf(count, n_data, share) @ value

    def left(d):
        return jnp.exp(2 * jax.nn.log_sigmoid(jnp.log(99.0) - 20 * d / n_data))

    with jax.enable_x64(True):
        found = binomial_mean(left, jnp.asarray(float(n_data)), jnp.asarray([share]))
    assert float(found[0]) == pytest.approx(expected, rel=1e-10)


def test_many_counts_have_the_mean_and_the_variance_of_the_binomial():
    with jax.enable_x64(True):
        for n_data in (1e6, 1e9):
            share = jnp.asarray([1e-8, 1e-3, 0.4])
            samples = jnp.asarray(n_data)
            # Rounding of probabilities grows with the root of the count.
            np.testing.assert_allclose(binomial_mean(jnp.ones_like, samples, share), 1, rtol=1e-11)
            mean = samples * share[1]
            square = binomial_mean(lambda d, mean=mean: (d - mean) ** 2, samples, share[1:2])
            assert float(square[0]) == pytest.approx(n_data * 1e-3 * (1 - 1e-3), rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.0,), "alpha must be above 1 for infinitely many"),
        ((2.0, 0), "n_skill must be an integer of at least 1, or infinite, got 0"),
        ((2.0, 2.5), "n_skill must be .*, got 2.5"),
    ],
)
def test_sums_without_a_value_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Zipf(*arguments)
