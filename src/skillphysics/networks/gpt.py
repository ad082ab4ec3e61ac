"""GPT-2: a causal language model of any size."""

import math
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from skillphysics.domains import COUNT, FLAG, Count, Flag
from skillphysics.errors import ArgumentError
from skillphysics.networks.blocks import Blocks, check_heads, run_blocks, start_blocks
from skillphysics.networks.layers import (
    Affine,
    Norm,
    check_precision,
    normalize,
    start_norm,
)
from skillphysics.networks.network import Network
from skillphysics.registry import Registry

_STD = 0.02


class Shape(NamedTuple):
    """The size of a GPT."""

    n_layer: int
    n_head: int
    width: int


SHAPES = Registry(
    "GPT",
    {
        "gpt2": Shape(12, 12, 768),
        "gpt2-medium": Shape(24, 16, 1024),
        "gpt2-large": Shape(36, 20, 1280),
        "gpt2-xl": Shape(48, 25, 1600),
    },
)
"""The published sizes by name: 124, 355, 774 and 1558 million parameters."""


class Decoder(NamedTuple):
    """The parameters of a `GPT`."""

    token: Float[Array, "n_vocab width"]
    """Vectors of the tokens, which also map the stream to logits."""
    position: Float[Array, "block width"]
    blocks: Blocks
    norm: Norm


class GPT(Network):
    """A causal language model of the GPT-2 family, without dropout (L25 Fig 14).

    The sum of token and position vectors passes through blocks x + attention(norm(x)),
    x + mlp(norm(x)), the latter with 4 · width exact GELU units, and a final norm; the token
    vectors map it to logits. Weights start from N(0, 0.02²), divided by √(2 n_layer) where they
    write into the stream; biases start at 0.

    Args:
        n_vocab: number of tokens.
        block: largest number of tokens in a sample.
        n_layer: number of blocks.
        n_head: number of attention heads, which must divide the width.
        width: dimensions of the stream at a position.
        bias: whether affine maps and norms have biases.
        remat: recompute the inside of blocks in the backward pass: less memory, more time.
        dtype: precision of parameters, stream and logits, "float32" or "float64".
        compute: precision of the matrix products, by default `dtype`; "bfloat16" on GPUs, which
            accumulate in float32.

    Raises:
        ArgumentError: a size is less than 1, the heads do not divide the width, or a precision is
            unknown or not enabled. When called: a sample has more tokens than the block.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> network = GPT(256, block=32, n_layer=2, n_head=2, width=16)
        >>> params = jax.jit(network.init)(jax.random.key(0))
        >>> jax.jit(network)(params, jnp.zeros((3, 32), jnp.int32)).shape
        (3, 32, 256)

        The number of parameters, without allocating them:

        >>> published = jax.eval_shape(GPT.named("gpt2").init, jax.random.key(0))
        >>> sum(leaf.size for leaf in jax.tree.leaves(published))
        124439808
    """

    n_vocab: int = eqx.field(static=True)
    block: int = eqx.field(static=True)
    shape: Shape = eqx.field(static=True)
    bias: bool = eqx.field(static=True)
    remat: bool = eqx.field(static=True)
    dtype: str = eqx.field(static=True)
    compute: str = eqx.field(static=True)

    def __init__(
        self,
        n_vocab: Count,
        *,
        block: Count,
        n_layer: Count,
        n_head: Count,
        width: Count,
        bias: Flag = True,
        remat: Flag = False,
        dtype: str = "float32",
        compute: str | None = None,
    ) -> None:
        self.n_vocab = COUNT.check("n_vocab", n_vocab)
        self.block = COUNT.check("block", block)
        self.shape = Shape(
            COUNT.check("n_layer", n_layer),
            COUNT.check("n_head", n_head),
            COUNT.check("width", width),
        )
        check_heads(width, n_head)
        self.bias, self.remat = FLAG.check("bias", bias), FLAG.check("remat", remat)
        self.dtype, self.compute = check_precision(dtype, compute)

    @classmethod
    def named(cls, name: str, *, n_vocab: int = 50257, block: int = 1024, **options: Any) -> "GPT":
        """A published size: "gpt2", "gpt2-medium", "gpt2-large" or "gpt2-xl".

        Args:
            name: the size.
            n_vocab: number of tokens, by default that of GPT-2's tokenizer.
            block: largest number of tokens in a sample.
            options: bias, remat, dtype, compute, as of the class.

        Raises:
            ArgumentError: the name is unknown, or as the class.
        """
        return cls(n_vocab, block=block, **SHAPES[name]._asdict(), **options)

    @classmethod
    def example(cls) -> "GPT":
        """Two blocks on four of five tokens."""
        return cls(5, block=4, n_layer=2, n_head=2, width=8)

    def init(self, key: Key[Array, ""]) -> Decoder:
        """The parameters at step 0, as in GPT-2."""
        n_layer, _, width = self.shape

        def normal(key: Key[Array, ""], n: int, m: int) -> Float[Array, "{n} {m}"]:
            return _STD * jax.random.normal(key, (n, m), self.dtype)

        def draw(key: Key[Array, ""], n_in: int, n_out: int) -> Affine:
            return Affine(
                normal(key, n_in, n_out), jnp.zeros(n_out, self.dtype) if self.bias else None
            )

        keys = jax.random.split(key, 3)
        output_scale = 1 / math.sqrt(2 * n_layer)
        return Decoder(
            token=normal(keys[0], self.n_vocab, width),
            position=normal(keys[1], self.block, width),
            blocks=start_blocks(keys[2], n_layer, width, draw, output_scale, self.dtype),
            norm=start_norm(width, self.dtype, bias=self.bias),
        )

    def __call__(
        self, params: Decoder, inputs: Int[Array, "n_sample n_position"]
    ) -> Float[Array, "n_sample n_position n_vocab"]:
        """Logits of the next token, [n_sample, n_position, n_vocab], at every position."""
        n_position = inputs.shape[1]
        if n_position > self.block:
            raise ArgumentError(
                f"inputs must have at most block = {self.block} tokens per sample, got {n_position}"
            )
        x = params.token[inputs] + params.position[:n_position]
        x = run_blocks(params.blocks, x, self.shape.n_head, self.compute, remat=self.remat)
        x = normalize(params.norm, x).astype(self.compute)
        return (x @ params.token.T.astype(self.compute)).astype(self.dtype)
