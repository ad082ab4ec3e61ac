"""Decoders against plain NumPy: outputs, gradients, causality, sizes, starts."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.networks import GPT, Transformer

KEY = jax.random.key(0)
TINY = GPT(11, block=6, n_layer=2, n_head=2, width=8)
SMALL = Transformer(5, 2, width=8, n_head=2)
TOKENS = np.random.default_rng(0).integers(0, 11, (3, 6)).astype(np.int32)
BITS = np.random.default_rng(0).integers(0, 2, (4, 5)).astype(np.float32)
CASES = {"gpt": (TINY, TOKENS), "transformer": (SMALL, BITS)}


@eqx.filter_jit
def start(network, key):
    return network.init(key)


@eqx.filter_jit
def output(network, params, inputs):
    return network(params, inputs)


@eqx.filter_jit
def run(network, params, inputs):
    """Outputs, and the gradient of the mean of their squares."""

    def loss(params):
        out = network(params, inputs)
        return jnp.mean(out**2), out

    gradient, out = jax.grad(loss, has_aux=True)(params)
    return out, gradient


def drawn(network, seed=1):
    """Parameters of order one everywhere, so that no bias is zero and no softmax is flat."""
    rng = np.random.default_rng(seed)
    return jax.tree.map(
        lambda leaf: (0.5 * rng.normal(size=leaf.shape)).astype(leaf.dtype),
        jax.eval_shape(network.init, KEY),
    )


def plain(params):
    return jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params)


def affine(layer, x):
    return x @ layer.weight + layer.bias


def norm(layer, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * layer.scale + layer.bias


def gelu(x):
    return x * np.vectorize(math.erfc)(-x / np.sqrt(2)) / 2


def attention(seen, n_head):
    """One sample, [n_position, 3 width], position by position."""
    width = seen.shape[1] // 3
    size = width // n_head
    out = np.zeros((len(seen), width))
    for head in range(n_head):
        q, k, v = (seen[:, i * width + head * size :][:, :size] for i in range(3))
        for t in range(len(seen)):
            score = np.exp(k[: t + 1] @ q[t] / np.sqrt(size))
            out[t, head * size :][:size] = score @ v[: t + 1] / score.sum()
    return out


def through_blocks(blocks, x, n_head):
    for i in range(len(blocks.attention_in.weight)):
        block = jax.tree.map(lambda leaf, i=i: leaf[i], blocks)
        seen = affine(block.attention_in, norm(block.attention_norm, x))
        x = x + affine(block.attention_out, attention(seen, n_head))
        x = x + affine(block.mlp_out, gelu(affine(block.mlp_in, norm(block.mlp_norm, x))))
    return x


def forward(name, params, inputs):
    if name == "gpt":
        one = [
            norm(
                params.norm,
                through_blocks(params.blocks, params.token[row] + params.position[: len(row)], 2),
            )
            @ params.token.T
            for row in inputs
        ]
        return np.stack(one)
    outs = []
    for row in inputs:
        tokens = np.zeros((len(row), 2 + len(row)))
        for position, bit in enumerate(row):
            tokens[position, int(bit)] = tokens[position, 2 + position] = 1
        x = through_blocks(params.blocks, np.maximum(affine(params.embedding, tokens), 0), 2)
        outs.append(affine(params.readout, x.ravel()))
    return np.stack(outs)


@pytest.mark.parametrize("name", list(CASES))
def test_outputs_and_gradients_are_those_of_numpy(name):
    network, inputs = CASES[name]
    params = drawn(network)
    got, gradient = run(network, params, jnp.asarray(inputs))
    assert got.dtype == np.float32
    exact, gradient = plain(params), plain(gradient)
    np.testing.assert_allclose(got, forward(name, exact, inputs), rtol=2e-3, atol=2e-4)
    rng = np.random.default_rng(3)
    direction = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), exact)

    def along(h):
        moved = jax.tree.map(lambda p, d: p + h * d, exact, direction)
        return np.mean(forward(name, moved, inputs) ** 2)

    pairs = zip(jax.tree.leaves(gradient), jax.tree.leaves(direction), strict=True)
    inner = sum(np.sum(g * d) for g, d in pairs)
    assert inner == pytest.approx((along(1e-5) - along(-1e-5)) / 2e-5, rel=1e-3)


def test_float64_is_numpy_to_rounding():
    with jax.enable_x64(True):
        network = Transformer(5, 2, width=8, n_head=2, dtype="float64")
        params = drawn(network)
        got = np.asarray(output(network, params, jnp.asarray(BITS, jnp.float64)))
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, forward("transformer", plain(params), BITS), rtol=1e-10)


@pytest.mark.parametrize("name", list(CASES))
def test_what_comes_later_changes_nothing_before(name):
    network, inputs = CASES[name]
    params = drawn(network)
    other = inputs.copy()
    other[:, 3] = (other[:, 3] + 1) % 2 if name == "transformer" else (other[:, 3] + 1) % 11
    through = network.stream if isinstance(network, Transformer) else network
    one, two = (
        np.asarray(eqx.filter_jit(through)(params, jnp.asarray(x))) for x in (inputs, other)
    )
    np.testing.assert_array_equal(one[:, :3], two[:, :3])
    assert np.all(np.abs(one[:, 3:] - two[:, 3:]).max((0, 2)) > 1e-3)


def test_a_shorter_sample_has_the_same_logits():
    params = drawn(TINY)
    whole, part = (output(TINY, params, jnp.asarray(TOKENS[:, :n])) for n in (6, 4))
    np.testing.assert_allclose(whole[:, :4], part, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_recomputing_changes_no_gradient():
    params = drawn(TINY)
    again = GPT(11, block=6, n_layer=2, n_head=2, width=8, remat=True)
    slopes = [jax.tree.leaves(run(net, params, jnp.asarray(TOKENS))[1]) for net in (TINY, again)]
    for a, b in zip(*slopes, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)


def count(network):
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(network.init, KEY)))


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("gpt2", 124_439_808),
        ("gpt2-medium", 354_823_168),
        ("gpt2-large", 774_030_080),
        ("gpt2-xl", 1_557_611_200),
    ],
)
def test_named_sizes_have_the_published_number_of_parameters(name, published):
    assert count(GPT.named(name)) == published


def test_without_biases_there_are_none():
    # In each block 3 + 1 + 4 + 1 widths in affine maps and 2 in norms; one more in the last norm.
    with_biases, without = (
        count(GPT(11, block=6, n_layer=2, n_head=2, width=8, bias=bias)) for bias in (True, False)
    )
    assert with_biases - without == 8 * (2 * 11 + 1)
    network = GPT(11, block=6, n_layer=2, n_head=2, width=8, bias=False)
    params = drawn(network)
    got = output(network, params, TOKENS)
    whole = jax.eval_shape(TINY.init, KEY)
    filled = jax.tree.map(
        lambda leaf, given: np.zeros(leaf.shape, leaf.dtype) if given is None else given,
        whole,
        params,
        is_leaf=lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct),
    )
    np.testing.assert_allclose(got, output(TINY, filled, TOKENS), rtol=1e-4, atol=1e-6)


def test_gpt_starts_as_gpt2():
    params = start(GPT(500, block=100, n_layer=8, n_head=2, width=64), KEY)
    into = 0.02 / np.sqrt(2 * 8)
    for values, std in (
        (params.token, 0.02),
        (params.position, 0.02),
        (params.blocks.attention_in.weight, 0.02),
        (params.blocks.mlp_in.weight, 0.02),
        (params.blocks.attention_out.weight, into),
        (params.blocks.mlp_out.weight, into),
    ):
        scaled = np.asarray(values).ravel() / std
        assert abs(scaled.std() - 1) < 5 / np.sqrt(2 * scaled.size)
    first, second = params.blocks.mlp_in.weight[:2]
    assert not np.any(first == second)
    assert not np.any(params.blocks.mlp_out.bias)
    assert np.all(params.norm.scale == 1)


def test_transformer_starts_with_halved_output_projections():
    blocks = start(Transformer(5, width=64), KEY).blocks
    for layer, bound in (
        (blocks.attention_in, 1 / 8),
        (blocks.attention_out, 1 / 16),
        (blocks.mlp_in, 1 / 8),
        (blocks.mlp_out, 1 / 32),
    ):
        assert 0.98 * bound < float(abs(layer.weight).max()) <= bound * (1 + 1e-6)
    published = Transformer(37)
    assert jax.eval_shape(published.init, KEY).embedding.weight.shape == (39, 512)


def test_bfloat16_is_near_float32():
    rough = GPT(11, block=6, n_layer=2, n_head=2, width=8, compute="bfloat16")
    params = drawn(TINY)
    one, two = (np.asarray(output(net, params, TOKENS)) for net in (TINY, rough))
    assert two.dtype == np.float32
    assert 1e-4 < np.linalg.norm(one - two) / np.linalg.norm(one) < 0.03
    for leaf in jax.tree.leaves(jax.eval_shape(lambda p: run(rough, p, TOKENS)[1], params)):
        assert leaf.dtype == np.float32


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: GPT.named("gpt3"), "unknown GPT 'gpt3', did you mean 'gpt2'"),
        (lambda: GPT(11, block=6, n_layer=2, n_head=3, width=8), "must divide width = 8"),
        (lambda: GPT(11, block=6, n_layer=0, n_head=2, width=8), "n_layer must .* got 0"),
        (
            lambda: GPT(11, block=6, n_layer=1, n_head=2, width=8, dtype="f2"),
            "dtype must .*'f2'",
        ),
        (lambda: Transformer(0), "n_input must .* got 0"),
        (lambda: Transformer(5, width=10), "must divide width = 10"),
        (lambda: Transformer(5, dtype="float64"), "enable_x64"),
        (
            lambda: TINY(jax.eval_shape(TINY.init, KEY), jnp.zeros((1, 7), jnp.int32)),
            "sample, got 7",
        ),
    ],
)
def test_what_is_wrong_is_said(make, said):
    with pytest.raises(ArgumentError, match=said):
        make()
