"""What every registered network must do; a new one is found here."""

import typing

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.networks import NETWORKS

KEY = jax.random.key(0)
every_network = pytest.mark.parametrize("name", NETWORKS)


def inputs_of(network):
    """A few samples of the kind that the network's annotation names."""
    shape = typing.get_type_hints(network.__call__)["inputs"]
    n_input = getattr(network, "n_input", None) or getattr(network, "block", None)
    n_input = n_input or network.sizes[0]
    numbers = np.arange(3 * n_input).reshape(3, n_input) % 2
    return jnp.asarray(numbers, jnp.int32 if "int" in str(shape.dtypes) else jnp.float32)


def total(network, params, inputs):
    return jnp.sum(network(params, inputs) ** 2)


@every_network
def test_compiled_is_eager_and_finite(name):
    network = NETWORKS[name].example()
    params = network.init(KEY)
    inputs = inputs_of(network)
    slope = jax.value_and_grad(lambda params: total(network, params, inputs))
    eager, compiled = slope(params), eqx.filter_jit(slope)(params)
    leaves = [jax.tree.leaves(tree) for tree in (eager, compiled)]
    for x, y in zip(*leaves, strict=True):
        assert np.isfinite(x).all()
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6)
    assert any(np.any(leaf != 0) for leaf in jax.tree.leaves(eager[1]))


@every_network
def test_precision_is_kept(name):
    network = NETWORKS[name].example()
    with jax.enable_x64(True):
        params = jax.eval_shape(network.init, KEY)
        out = jax.eval_shape(network, params, inputs_of(network))
    for leaf in [*jax.tree.leaves(params), out]:
        assert leaf.dtype == jnp.float32


@every_network
def test_one_key_is_one_start_and_two_are_two(name):
    network = NETWORKS[name].example()
    one, again, other = (network.init(jax.random.key(seed)) for seed in (0, 0, 1))
    leaves = [jax.tree.leaves(params) for params in (one, again, other)]
    for x, y in zip(leaves[0], leaves[1], strict=True):
        np.testing.assert_array_equal(x, y)
    assert any(np.any(x != y) for x, y in zip(leaves[0], leaves[2], strict=True))


@every_network
def test_samples_do_not_mix(name):
    network = NETWORKS[name].example()
    params, inputs = network.init(KEY), inputs_of(network)
    whole = network(params, inputs)
    assert whole.shape[0] == inputs.shape[0]
    alone = jnp.concatenate([network(params, inputs[i : i + 1]) for i in range(3)])
    np.testing.assert_allclose(whole, alone, rtol=1e-4, atol=1e-5)
