"""Averages over batches against a sum over every batch, and against batches that are drawn."""

import itertools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.numerics.batch_average import BatchAverage


@eqx.filter_jit
def compiled(p, size, square, waste):
    return BatchAverage(p, size)(square, waste)


def averages(p, size, square, waste):
    with jax.enable_x64(True):
        one, two = compiled(jnp.asarray(p), size, jnp.asarray(square), jnp.asarray(waste))
        return np.asarray(one), np.asarray(two)


def summed(p, size, square, waste):
    """The same by a sum over all outcomes of the draw."""
    one, two = np.zeros(len(p)), np.zeros(len(p))
    for count in itertools.product(range(size + 1), repeat=len(p)):
        if sum(count) != size:
            continue
        ways = math.factorial(size) / math.prod(math.factorial(c) for c in count)
        chance = ways * math.prod(x**c for x, c in zip(p, count, strict=True))
        w = np.array(count) / size
        pull = w / np.sqrt(np.sum(w**2 * square) + waste**2)
        one, two = one + chance * pull, two + chance * pull**2
    return one, two


@pytest.mark.parametrize("size", [1, 2, 5, 9, 16])
@pytest.mark.parametrize("waste", [0.0, 0.01, 0.5])
def test_small_batches_against_a_sum_over_all(size, waste):
    p = np.array([0.7, 0.2, 0.1])
    for left in ([1, 1, 1], [1e-3, 0.4, 0.9], [1e-2, 1e-3, 0.5]):
        square = np.array(left, float) ** 2
        expected = summed(p, size, square, waste)
        # Times u and u² they are shares of a norm, at most 1; what is below 2e-5 moves nothing.
        for found, exact, scale in zip(
            averages(p, size, square, waste), expected, (np.sqrt(square), square), strict=True
        ):
            np.testing.assert_allclose(scale * found, scale * exact, rtol=2e-3, atol=2e-5)


@pytest.mark.parametrize("size", [4, 128, 1024])
def test_large_batches_against_draws(size):
    p = np.arange(1, 11.0) ** -2
    p /= p.sum()
    w = np.random.default_rng(size).multinomial(size, p, size=100_000) / size
    for left in (np.ones(10), np.r_[1e-3, 1e-3, 3e-3, 0.1, 0.5, 0.9 * np.ones(5)]):
        pull = w / np.sqrt((w**2) @ left**2 + 0.01**2)[:, None]
        for found, drawn in zip(averages(p, size, left**2, 0.01), (pull, pull**2), strict=True):
            error = drawn.std(0) / math.sqrt(len(w))
            # Forty-odd numbers are compared: 4 standard errors, and what the rule may err.
            assert (np.abs(found - drawn.mean(0)) < 4 * error + 1e-3 * found).all()


def test_single_precision_is_enough():
    p = np.arange(1, 11.0) ** -2
    p /= p.sum()
    left = np.r_[1e-3, 1e-3, 3e-3, 0.1, 0.5, 0.9 * np.ones(5)]
    double = averages(p, 128, left**2, 0.01)
    single = BatchAverage(jnp.asarray(p, jnp.float32), 128)(
        jnp.asarray(left**2, jnp.float32), jnp.asarray(0.01, jnp.float32)
    )
    for found, expected in zip(single, double, strict=True):
        assert found.dtype == jnp.float32
        np.testing.assert_allclose(found, expected, rtol=1e-4)
