"""The exact loss against adding ten million skills, drawn data and mpmath."""

import time

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from skillphysics.scaling import Decoupled, Zipf


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
