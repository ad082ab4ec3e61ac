"""Threefry written out, against JAX's own."""

import jax
import jax.extend
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.numerics.threefry import fold_in, random_words


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
@pytest.mark.parametrize("data", [0, 1, 7, 2**31 - 1])
def test_fold_in_is_that_of_jax(seed, data):
    key = jax.random.key(seed)
    ours, theirs = fold_in(key, data), jax.random.fold_in(key, data)
    np.testing.assert_array_equal(jax.random.key_data(ours), jax.random.key_data(theirs))


@pytest.mark.parametrize("n", [1, 2, 5, 1024])
def test_words_are_those_of_jax(n):
    key = jax.random.key(3)
    counter = jnp.concatenate([jnp.zeros(n, jnp.uint32), jnp.arange(n, dtype=jnp.uint32)])
    theirs = jax.extend.random.threefry_2x32(jax.random.key_data(key), counter)
    np.testing.assert_array_equal(jnp.concatenate(random_words(key, n)), theirs)


def test_other_kinds_of_keys_work():
    key = jax.random.key(3, impl="rbg")
    first, second = random_words(key, 100)
    assert first.shape == second.shape == (100,)
    assert len(np.unique(jnp.concatenate([first, second]))) == 200
    folded = jax.random.key_data(fold_in(key, 5))
    np.testing.assert_array_equal(folded, jax.random.key_data(jax.random.fold_in(key, 5)))
