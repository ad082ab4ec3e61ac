"""The transformer that reads a parity task bit by bit (N24 Fig 4)."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from skillphysics.domains import COUNT, Count
from skillphysics.networks.blocks import Blocks, check_heads, run_blocks, start_blocks
from skillphysics.networks.layers import (
    Affine,
    affine,
    check_precision,
    uniform_affine,
)
from skillphysics.networks.network import Network


class Read(NamedTuple):
    """The parameters of a `Transformer`."""

    embedding: Affine
    """From n_input + 2 entries: two for the value of a bit, one for each position."""
    blocks: Blocks
    readout: Affine
    """From the stream at all positions, [n_input · width, n_output]."""


class Transformer(Network):
    """A causal decoder that reads binary inputs as a sequence of bits (N24 Fig 4).

    N24 states: causal attention, one block, four heads, an affine map with ReLU from 39 entries to
    512, one-hot positions, a readout of the flattened stream, and halved output projections. The
    rest is our reading:

    - A sample of n_bits + n_skill binary entries is a sequence of as many positions: 32 + 5 = 37.
      The input at a position is its bit, one-hot, and the position, one-hot: 2 + 37 = 39 entries.
    - A block is that of GPT-2: x + attention(norm(x)), then x + mlp(norm(x)) with 4 · width GELU
      units, and biases everywhere. There is no norm after the last block.
    - Weights and biases start uniform in ±1/√fan_in, as in PyTorch. The maps that write into the
      stream, of attention and of the hidden layer, start at half of that.

    Args:
        n_input: number of positions, n_bits + n_skill.
        n_output: number of outputs.
        width: dimensions of the stream at a position.
        n_head: number of attention heads, which must divide the width.
        n_layer: number of blocks.
        dtype: precision of parameters and outputs, "float32" or "float64".
        compute: precision of the matrix products, by default `dtype`.

    Raises:
        ArgumentError: a size is less than 1, the heads do not divide the width, or a precision is
            unknown or not enabled.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> network = Transformer(37, width=64)
        >>> params = jax.jit(network.init)(jax.random.key(0))
        >>> params.embedding.weight.shape
        (39, 64)
        >>> jax.jit(network)(params, jnp.ones((8, 37))).shape
        (8, 1)
    """

    n_input: int = eqx.field(static=True)
    n_output: int = eqx.field(static=True)
    width: int = eqx.field(static=True)
    n_head: int = eqx.field(static=True)
    n_layer: int = eqx.field(static=True)
    dtype: str = eqx.field(static=True)
    compute: str = eqx.field(static=True)

    def __init__(
        self,
        n_input: Count,
        n_output: Count = 1,
        *,
        width: Count = 512,
        n_head: Count = 4,
        n_layer: Count = 1,
        dtype: str = "float32",
        compute: str | None = None,
    ) -> None:
        self.n_input = COUNT.check("n_input", n_input)
        self.n_output = COUNT.check("n_output", n_output)
        self.width = COUNT.check("width", width)
        self.n_head = COUNT.check("n_head", n_head)
        self.n_layer = COUNT.check("n_layer", n_layer)
        check_heads(width, n_head)
        self.dtype, self.compute = check_precision(dtype, compute)

    @classmethod
    def example(cls) -> "Transformer":
        """Four positions, eight dimensions."""
        return cls(4, width=8, n_head=2)

    def init(self, key: Key[Array, ""]) -> Read:
        """The parameters at step 0: those of PyTorch, with output projections halved."""

        def draw(key: Key[Array, ""], n_in: int, n_out: int) -> Affine:
            return uniform_affine(key, n_in, n_out, self.dtype)

        keys = jax.random.split(key, 3)
        return Read(
            embedding=draw(keys[0], self.n_input + 2, self.width),
            blocks=start_blocks(keys[1], self.n_layer, self.width, draw, 0.5, self.dtype),
            readout=draw(keys[2], self.n_input * self.width, self.n_output),
        )

    def __call__(
        self, params: Read, inputs: Float[Array, "n_sample {self.n_input}"]
    ) -> Float[Array, "n_sample {self.n_output}"]:
        """Outputs, [n_sample, n_output], for bits 0 or 1, [n_sample, n_input]."""
        stream = self.stream(params, inputs)
        flat = stream.reshape(inputs.shape[0], self.n_input * self.width)
        return affine(params.readout, flat, self.compute).astype(self.dtype)

    def stream(
        self, params: Read, inputs: Float[Array, "n_sample {self.n_input}"]
    ) -> Float[Array, "n_sample {self.n_input} {self.width}"]:
        """The stream after the last block; at each position it depends on the bits up to it."""
        bit = inputs.astype(self.dtype)[:, :, None]
        place = jnp.eye(self.n_input, dtype=self.dtype)
        place = jnp.broadcast_to(place, (inputs.shape[0], *place.shape))
        tokens = jnp.concatenate([1 - bit, bit, place], axis=-1)
        x = jax.nn.relu(affine(params.embedding, tokens, self.compute)).astype(self.dtype)
        return run_blocks(params.blocks, x, self.n_head, self.compute)
