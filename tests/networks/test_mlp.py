"""Perceptrons against plain NumPy, smaller networks, and the statistics of their start."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from skillphysics.errors import ArgumentError
from skillphysics.networks import ACTIVATIONS, MLP, EmbeddingMLP

KEY = jax.random.key(0)
PLAIN = {
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "tanh": np.tanh,
    "gelu": lambda x: x * np.vectorize(math.erfc)(-x / np.sqrt(2)) / 2,
}


def forward(params, x, activation):
    for place, (weight, bias) in enumerate(params):
        if place > 0:
            x = PLAIN[activation](x)
        x = x @ weight + bias
    return x


def plain(params):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)


@eqx.filter_jit
def start(network, key):
    return network.init(key)


@eqx.filter_jit
def run(network, params, inputs):
    """Outputs, and the gradient of the mean of their squares."""

    def loss(params):
        out = network(params, inputs)
        return jnp.mean(out**2), out

    gradient, out = jax.grad(loss, has_aux=True)(params)
    return out, gradient


def drawn(network, seed=1):
    """Parameters of order one everywhere, so that nothing is zero unless it must be."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda leaf: (0.5 * rng.normal(size=leaf.shape)).astype(leaf.dtype),
        jax.eval_shape(network.init, KEY),
    )


def test_every_activation_is_tested():
    assert set(PLAIN) == set(ACTIVATIONS)


@pytest.mark.parametrize(
    ("activation", "sizes"),
    [*((name, [4, 7, 5, 3]) for name in PLAIN), ("relu", [4, 7, 5, 1]), ("relu", [4, 7, 1])],
)
def test_outputs_and_gradients_are_those_of_numpy(activation, sizes):
    rng = np.random.default_rng(0)
    with jax.enable_x64(True):
        network = MLP(sizes, activation, dtype="float64")
        exact = plain(drawn(network))
        x = rng.normal(size=(6, 4))
        got, gradient = plain(run(network, jax.tree.map(jnp.asarray, exact), jnp.asarray(x)))
    np.testing.assert_allclose(got, forward(exact, x, activation), rtol=1e-12)
    direction = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), exact)
    ends = [
        np.mean(
            forward(jax.tree.map(lambda p, d, h=h: p + h * d, exact, direction), x, activation) ** 2
        )
        for h in (-1e-5, 1e-5)
    ]
    along = sum(
        np.sum(g * d)
        for g, d in zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
    )
    assert along == pytest.approx((ends[1] - ends[0]) / 2e-5, rel=1e-6)


def test_one_output_keeps_its_axis_and_bits_are_numbers():
    network = MLP([4, 3, 1])
    params = drawn(network)
    bits = np.random.default_rng(0).integers(0, 2, (5, 4))
    got, _ = run(network, params, jnp.asarray(bits, jnp.float32))
    assert got.shape == (5, 1)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, forward(plain(params), bits, "relu"), rtol=1e-5)


@pytest.mark.parametrize("sizes", [[4, 7, 1], [4, 6, 7, 1]])
def test_one_output_has_derivatives_of_either_mode_and_second_order(sizes):
    with jax.enable_x64(True):
        network = MLP(sizes, dtype="float64")
        params = jax.tree.map(jnp.asarray, plain(drawn(network)))
        inputs = jnp.asarray(np.random.default_rng(0).normal(size=(5, 4)))
        check_grads(jax.jit(lambda *at: jnp.tanh(network(*at))), (params, inputs), order=2)


@pytest.mark.parametrize(
    ("activation", "sizes", "options"),
    [
        ("relu", [4, 8, 1], {}),
        ("relu", [4, 8, 1], {"width": 5}),
        ("silu", [4, 8, 2], {"width": 5}),
        ("silu", [4, 8, 2], {"n_block": 2}),
    ],
)
def test_an_output_without_bias_is_one_whose_bias_is_zero(activation, sizes, options):
    whole = MLP(sizes, activation, **options)
    without = MLP(sizes, activation, output_bias=False, **options)
    params = start(without, KEY)
    assert params[-1].bias is None
    *hidden, last = start(whole, KEY)
    zero = (*hidden, last._replace(bias=jnp.zeros_like(last.bias)))
    np.testing.assert_array_equal(params[-1].weight, last.weight)
    inputs = jnp.asarray(np.random.default_rng(0).normal(size=(6, 4)), jnp.float32)
    (got, gradient), (wanted, expected) = run(without, params, inputs), run(whole, zero, inputs)
    np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-7)
    for one, other in zip(gradient, expected, strict=True):
        np.testing.assert_allclose(one.weight, other.weight, rtol=1e-5, atol=1e-7)


def test_torch_start_is_uniform_in_the_fan_in():
    first, second = start(MLP([16, 2000, 8]), KEY)
    for layer, fan_in in ((first, 16), (second, 2000)):
        bound = 1 / np.sqrt(fan_in)
        for values in (np.asarray(layer.weight).ravel(), np.asarray(layer.bias)):
            assert abs(values).max() <= bound
            n = values.size
            # The variance of a uniform's square is (4/45) bound⁴.
            assert abs(np.mean(values**2) - bound**2 / 3) < 5 * np.sqrt(4 / 45 / n) * bound**2
            assert abs(values.mean()) < 5 * bound / np.sqrt(3 * n)


def test_normal_start_has_the_deviation_for_weights_and_biases():
    first, second = start(MLP([16, 2000, 8], init=0.03), KEY)
    for values in (first.weight, first.bias, second.weight):
        scaled = np.asarray(values).ravel() / 0.03
        assert abs(scaled.std() - 1) < 5 / np.sqrt(2 * scaled.size)
        assert abs(scaled.mean()) < 5 / np.sqrt(scaled.size)
    assert np.all(np.asarray(second.bias) != 0)


def test_a_width_is_the_smaller_network():
    wide = MLP([4, 9, 9, 2], "gelu", init=0.5, width=5)
    cut = [(4, 5), (5, 5), (5, 2)]
    x = np.random.default_rng(0).normal(size=(6, 4))
    # At the start the rest is zero, and whatever stands there changes nothing.
    begun = start(wide, KEY)
    for layer, (n_in, n_out) in zip(begun, cut, strict=True):
        for begin in (layer.weight[n_in:], layer.weight[:, n_out:], layer.bias[n_out:]):
            assert not np.any(begin)
    for params in (begun, drawn(wide)):
        small = [
            (layer.weight[:n_in, :n_out], layer.bias[:n_out])
            for layer, (n_in, n_out) in zip(plain(params), cut, strict=True)
        ]
        params = jax.tree.map(jnp.asarray, params)
        got, gradient = run(wide, params, jnp.asarray(x, jnp.float32))
        np.testing.assert_allclose(got, forward(small, x, "gelu"), rtol=1e-4, atol=1e-5)
        for layer, (n_in, n_out) in zip(plain(gradient), cut, strict=True):
            assert np.all(layer.weight[:n_in, :n_out] != 0)
            for rest in (layer.weight[n_in:], layer.weight[:, n_out:], layer.bias[n_out:]):
                assert not np.any(rest)


def test_a_width_is_the_fan_in_of_the_torch_start():
    for width in (100, 1600):
        _, hidden, last = start(MLP([4, 1600, 1600, 2], width=width), KEY)
        for weight in (hidden.weight[:width, :width], last.weight[:width]):
            largest = float(abs(weight).max()) * np.sqrt(width)
            assert 0.95 < largest <= 1 + 1e-6


def test_blocks_are_the_diagonal_of_the_whole_and_do_not_see_each_other():
    whole, cut = MLP([2, 6, 6, 2], "silu"), MLP([2, 6, 6, 2], "silu", n_block=2)
    full, params = jax.jit(lambda key: (whole.init(key), cut.init(key)))(KEY)
    full = plain(full)
    for layer, whole_layer in zip(plain(params), full, strict=True):
        n_in, n_out = layer.weight.shape
        on = np.kron(np.eye(2), np.ones((n_in // 2, n_out // 2)))
        np.testing.assert_array_equal(layer.weight, whole_layer.weight * on)
        np.testing.assert_array_equal(layer.bias, whole_layer.bias)
    halves = []
    for side in (0, 1):
        part = [
            tuple(slice(side * n // 2, (side + 1) * n // 2) for n in sizes)
            for sizes in ((2, 6), (6, 6), (6, 2))
        ]
        halves.append(
            [(w[rows, cols], b[cols]) for (w, b), (rows, cols) in zip(full, part, strict=True)]
        )
    x = np.random.default_rng(0).normal(size=(5, 2))
    wanted = [forward(half, x[:, [side]], "silu")[:, 0] for side, half in enumerate(halves)]
    inputs = jnp.asarray(x, jnp.float32)
    got, gradient = run(cut, params, inputs)
    np.testing.assert_allclose(got, np.stack(wanted, 1), rtol=1e-5, atol=1e-6)
    # Weights between the blocks, were they there, would change nothing.
    np.testing.assert_array_equal(run(cut, jax.tree.map(jnp.asarray, full32(full)), inputs)[0], got)
    mixed = gradient[1].weight
    assert np.all(mixed[:3, :3] != 0)
    assert not np.any(mixed[:3, 3:])
    assert not np.any(mixed[3:, :3])

    def first_output(params, x):
        return jnp.sum(cut(params, x)[:, 0])

    by_params, by_input = jax.jit(jax.grad(first_output, (0, 1)))(params, inputs)
    for layer in by_params[:2]:
        assert np.all(layer.bias[:3] != 0)
        assert not np.any(layer.bias[3:])
    assert np.all(by_input[:, 0] != 0)
    assert not np.any(by_input[:, 1])


def full32(params):
    return jax.tree.map(lambda leaf: leaf.astype(np.float32), params)


def test_bfloat16_is_near_float32():
    exact, rough = MLP([32, 100, 5]), MLP([32, 100, 5], compute="bfloat16")
    params = jax.tree.map(lambda leaf: 0.3 * leaf, drawn(exact))
    inputs = np.random.default_rng(0).normal(size=(50, 32)).astype(np.float32)
    (one, slopes), (other, near) = (run(net, params, inputs) for net in (exact, rough))
    assert other.dtype == np.float32
    assert 1e-4 < np.abs(one - other).max() / np.std(one) < 0.05
    for a, b in zip(jax.tree.leaves(slopes), jax.tree.leaves(near), strict=True):
        assert b.dtype == np.float32
        assert np.linalg.norm(a - b) < 0.05 * np.linalg.norm(a)


def test_embeddings_are_looked_up_and_start_normal():
    network = EmbeddingMLP(59, dim=32, hidden=(100, 100))
    params = start(network, KEY)
    assert sum(leaf.size for leaf in jax.tree.leaves(params)) == (
        59 * 32 + 64 * 100 + 100 + 100 * 100 + 100 + 100 * 59 + 59
    )
    values = np.asarray(params.embedding).ravel()
    assert abs(values.std() - 1) < 5 / np.sqrt(2 * values.size)
    pairs = np.array([[3, 4], [4, 3], [58, 0]])
    vectors, layers = plain(params)
    x = np.concatenate([vectors[pairs[:, 0]], vectors[pairs[:, 1]]], axis=1)
    got, _ = run(network, params, jnp.asarray(pairs, jnp.int32))
    np.testing.assert_allclose(got, forward(layers, x, "silu"), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: MLP([3]), "sizes must have at least 2 entries"),
        (lambda: MLP([3, 0, 2]), r"sizes\[1\] must .* got 0"),
        (lambda: MLP([3, 4, 2], "step"), "'tanh' or 'gelu', got 'step'"),
        (lambda: MLP([3, 4, 2], init="xavier"), "'torch' or .* got 'xavier'"),
        (lambda: MLP([3, 4, 2], init=0.0), "init must .* got 0.0"),
        (lambda: MLP([3, 4, 2], width=5), "width must .* got 5"),
        (lambda: MLP([3, 4, 2], width=0), "width must .* got 0"),
        (lambda: MLP([3, 2], width=1), "width must .* got 1"),
        (lambda: MLP([2, 4, 2], width=1, n_block=2), "n_block must be 1 together with a width"),
        (lambda: MLP([2, 5, 2], n_block=2), r"divide all sizes \(2, 5, 2\)"),
        (lambda: MLP([2, 5, 2], n_block=0), "n_block must .* got 0"),
        (lambda: MLP([3, 4, 2], dtype="bfloat16"), "dtype must .* got 'bfloat16'"),
        (lambda: MLP([3, 4, 2], dtype="float64"), "enable_x64"),
        (lambda: MLP([3, 4, 2], compute="int8"), "compute must .* got 'int8'"),
        (lambda: MLP([3, 4, 2], compute="float64"), "'bfloat16' or 'float32', got 'float64'"),
        (lambda: EmbeddingMLP(0, dim=3, hidden=(2,)), "n_token must .* got 0"),
        (lambda: EmbeddingMLP(5, dim=3, hidden=(0,)), r"hidden\[0\] must .* got 0"),
    ],
)
def test_what_is_wrong_is_said(make, said):
    with pytest.raises(ArgumentError, match=said):
        make()
