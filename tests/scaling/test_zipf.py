"""Sums over Zipf frequencies against mpmath, and against adding one by one."""

import time

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy import stats

from skillphysics.errors import ArgumentError
from skillphysics.scaling import Decoupled, Zipf, binomial_mean


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 1.01, 1.6, 2.0, 4.0, 6.0])
def test_norms_are_those_of_mpmath(alpha):
    with jax.enable_x64(True), mpmath.workdps(40):
        for n_task in (1, 10, 1024, 1025, 5000, 10**7, 10**12, np.inf):
            if np.isinf(n_task):
                if alpha <= 1:
                    continue
                expected = mpmath.zeta(alpha)
            elif alpha == 1:
                expected = mpmath.harmonic(n_task)
            elif alpha == 0:
                expected = n_task
            else:
                expected = mpmath.zeta(alpha) - mpmath.zeta(alpha, n_task + 1)
            found = float(Zipf(alpha, n_task).norm)
            # The norm is kept as its logarithm, up to 28 here, whose last bit is 4e-15.
            assert found == pytest.approx(float(expected), rel=1e-14)


@pytest.mark.parametrize("after", [0, 5, 1023, 1024, 1025, 10**6])
def test_what_follows_a_rank_is_hurwitz_zeta(after):
    with jax.enable_x64(True), mpmath.workdps(40):
        found = Zipf(1.6).total(jnp.ones_like, np.inf, after=after)
        exact = float(mpmath.zeta(1.6, after + 1) / mpmath.zeta(1.6))
        assert abs(float(found.value) - exact) <= float(found.bound) <= 1e-10 * exact


@pytest.mark.parametrize("alpha", [0.5, 1.0, 1.3, 1.9, 4.0])
def test_losses_are_those_of_adding_ten_million_skills(alpha):
    rank = np.arange(1, 10**7 + 1, dtype=float)
    share = rank**-alpha
    share /= share.sum()
    with jax.enable_x64(True):
        model = Decoupled(alpha, 10**7)
        for steps in (1.0, 1e3, 1e6):
            strength = 1 / (1 + 99 * np.exp(-2 * share * steps))
            expected = 0.5 * (share * (1 - strength) ** 2)[::-1].sum()
            found = model.loss(steps)
            assert abs(float(found.value) - expected) <= float(found.bound) + 1e-14 * expected
            assert float(found.bound) <= 1e-10 * expected


def test_a_trillion_skills_are_converged_and_take_no_time():
    with jax.enable_x64(True):
        many, endless = Decoupled(1.6, 10**12), Decoupled(1.6)
        found = many.loss(1e5)
        assert float(found.bound) < 1e-10 * float(found.value)
        # Skills beyond n have not moved: they keep ½(S − r)², the others have frequencies 1/Z_n.
        with mpmath.workdps(30):
            whole = mpmath.zeta(1.6)
            norm = whole - mpmath.zeta(1.6, 10**12 + 1)
            beyond = 0.99**2 / 2 * mpmath.zeta(1.6, 10**12 + 1) / norm
            steps = float(mpmath.mpf(1e5) * whole / norm)
            expected = float(endless.loss(steps).value) * float(whole / norm) - float(beyond)
        assert float(found.value) == pytest.approx(expected, rel=1e-12)
        seconds = []
        for steps in (2e5, 3e5, 4e5):
            start = time.perf_counter()
            jax.block_until_ready(many.loss(steps).value)
            seconds.append(time.perf_counter() - start)
        assert min(seconds) < 0.05


def test_the_derivative_by_alpha_is_that_of_ten_thousand_terms():
    rank = np.arange(1, 10_001, dtype=float)

    def plain(alpha):
        share = jnp.exp(-alpha * jnp.log(rank))
        share = share / share.sum()
        left = 1 - jax.nn.sigmoid(2e3 * share - jnp.log(99.0))
        return 0.5 * (share * left**2).sum()

    with jax.enable_x64(True):
        found = jax.grad(lambda alpha: Decoupled(alpha, 10_000).loss(1e3).value)(1.6)
        assert float(found) == pytest.approx(float(jax.grad(plain)(1.6)), rel=1e-9)


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


def test_the_loss_of_data_is_that_of_drawn_sets():
    with jax.enable_x64(True):
        model = Decoupled(1.6, 30, rate=0.5)
        expected = float(model.loss(200.0, 60, 20).value)
        share = np.asarray(Zipf(1.6, 30).frequency(jnp.arange(1.0, 31)))
        draws = np.random.default_rng(0).multinomial(60, share / share.sum(), size=400)
        losses = np.array([float(model.loss_given(d, 200.0, n_basis=20)) for d in draws])
    error = losses.std(ddof=1) / np.sqrt(losses.size)
    assert abs(losses.mean() - expected) < 4 * error


def test_endless_resources_leave_the_limits():
    with jax.enable_x64(True):
        model = Decoupled(1.6, 1000)
        for n_data in (10, 1000):
            limit = float(model.data_limit(n_data).value)
            assert float(model.loss(np.inf, n_data).value) == pytest.approx(limit, rel=1e-12)
            published = float(model.data_limit(n_data, start=False).value)
            assert published == pytest.approx(limit / 0.99**2, rel=1e-12)
        parameters = float(model.parameter_limit(30).value)
        assert float(model.loss(np.inf, np.inf, 30).value) == pytest.approx(parameters, rel=1e-12)
        # Fluctuations of d_k leave a share of about T/D.
        enough = float(model.loss(100.0, 10**9).value)
        assert enough == pytest.approx(float(model.loss(100.0).value), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((1.0,), "larger alpha than 1"), ((2.0, 0), "n_task is 0"), ((2.0, 2.5), "n_task is 2.5")],
)
def test_sums_without_a_value_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Zipf(*arguments)
