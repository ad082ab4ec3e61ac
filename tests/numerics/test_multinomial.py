"""The sampler of batches: its distribution, and what it shares."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from skillphysics import Skills
from skillphysics.numerics.multinomial import Multinomial


def shares(draws: Multinomial) -> np.ndarray:
    """The probabilities that the table stands for, by adding up its cells."""
    own = np.asarray(draws.threshold).astype(np.float64) / 2**32
    whole = np.asarray(draws.alias) == np.arange(own.size)
    own = np.where(whole, 1.0, own)
    total = own.copy()
    np.add.at(total, np.asarray(draws.alias), 1 - own)
    return total / own.size


@pytest.mark.parametrize("n", [1, 2, 3, 1000, 1024, 1025, 70_000])
@pytest.mark.parametrize("alpha", [0.0, 1.0, 2.0])
def test_the_table_stands_for_the_distribution(n, alpha):
    p = Skills.power_law(n, alpha).probability
    table = shares(Multinomial(p, 8))
    np.testing.assert_allclose(table[:n], p, atol=2**-32)
    assert not table[n:].any()


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
def test_counts_follow_the_distribution(alpha):
    p = Skills.power_law(40, alpha).probability
    draws = Multinomial(p, 1000)
    keys = jax.random.split(jax.random.key(1), 2000)
    counts = np.asarray(jax.jit(jax.vmap(draws))(keys))
    assert (counts.sum(1) == 1000).all()
    total = counts.sum(0)
    # One chi-square of 39 degrees: a wrong sampler is far beyond, a right one 1 time in 1000.
    assert stats.chisquare(total, p * total.sum()).pvalue > 1e-3


def test_counts_are_multinomial_and_not_only_right_in_the_mean():
    p = np.array([0.6, 0.3, 0.1])
    counts = np.asarray(jax.vmap(Multinomial(p, 50))(jax.random.split(jax.random.key(2), 20_000)))
    wanted = 50 * (np.diag(p) - np.outer(p, p))
    np.testing.assert_allclose(np.cov(counts.T), wanted, atol=0.2)
    binomial = stats.binom.pmf(np.arange(15), 50, 0.1)
    seen = np.bincount(counts[:, 2], minlength=15)[:15] / 20_000
    np.testing.assert_allclose(seen, binomial, atol=5 * np.sqrt(0.2 / 20_000))


def test_steps_are_independent():
    draws = Multinomial(np.array([0.5, 0.5]), 100)
    counts = jax.vmap(draws)(jax.random.split(jax.random.key(3), 10_000))[:, 0]
    counts = np.asarray(counts, np.float64) - 50
    assert abs(np.mean(counts[1:] * counts[:-1])) / counts.var() < 4 / np.sqrt(10_000)


def test_distributions_of_one_key_share_their_numbers():
    several = [Multinomial(Skills.power_law(10, a).probability, 100) for a in (1.0, 1.0, 2.0)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *several)
    key = jax.random.key(4)
    counts = jax.vmap(lambda draws: draws(key))(stacked)
    for one, row in zip(several, counts, strict=True):
        np.testing.assert_array_equal(one(key), row)
    # Paired: the difference of two exponents is less noisy than of independent draws.
    apart = np.asarray(jax.vmap(several[0])(jax.random.split(jax.random.key(5), 4000)))[:, 0]
    keys = jax.random.split(jax.random.key(6), 4000)
    pairs = [np.asarray(jax.vmap(several[i])(keys))[:, 0] for i in (0, 2)]
    assert np.var(pairs[0] - pairs[1]) < 1.6 * np.var(apart)
