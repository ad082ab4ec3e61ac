"""Decoder blocks, stacked: what `Transformer` and `GPT` have in common."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.errors import ArgumentError
from skillphysics.networks.layers import Draw, Linear, Norm, gelu, linear, normalise, start_norm


class Blocks(NamedTuple):
    """The parameters of all blocks; each array has the block as its first axis."""

    attention_norm: Norm
    attention_in: Linear
    """Queries, keys and values side by side, [n_layer, width, 3 width]."""
    attention_out: Linear
    mlp_norm: Norm
    mlp_in: Linear
    """[n_layer, width, 4 width]."""
    mlp_out: Linear


def start_blocks(
    key: Key[Array, ""], n_layer: int, width: int, draw: Draw, output_scale: float, dtype: str
) -> Blocks:
    """Blocks at step 0; what is added to the stream is drawn `output_scale` times as large."""

    def scaled(layer: Linear) -> Linear:
        return jax.tree.map(lambda x: output_scale * x, layer)

    def one(key: Key[Array, ""]) -> Blocks:
        keys = jax.random.split(key, 4)
        attention_in = draw(keys[0], width, 3 * width)
        norm = start_norm(width, dtype, bias=attention_in.bias is not None)
        return Blocks(
            attention_norm=norm,
            attention_in=attention_in,
            attention_out=scaled(draw(keys[1], width, width)),
            mlp_norm=norm,
            mlp_in=draw(keys[2], width, 4 * width),
            mlp_out=scaled(draw(keys[3], 4 * width, width)),
        )

    return jax.vmap(one)(jax.random.split(key, n_layer))


def run_blocks(
    blocks: Blocks,
    x: Float[Array, "n_sample n_position width"],
    n_head: int,
    compute: str,
    *,
    remat: bool = False,
) -> Float[Array, "n_sample n_position width"]:
    """One block after the other: x + attention(norm(x)), then x + mlp(norm(x)).

    The stream x keeps its precision; products and what lies between them have that of `compute`,
    except for the softmax, which has at least float32. With `remat`, the backward pass computes
    the inside of a block again instead of keeping it.
    """

    def one(x: Any, block: Blocks) -> tuple[Any, None]:
        seen = linear(block.attention_in, normalise(block.attention_norm, x), compute)
        x = x + linear(block.attention_out, _attention(seen, n_head), compute)
        hidden = linear(block.mlp_in, normalise(block.mlp_norm, x), compute)
        return x + linear(block.mlp_out, gelu(hidden), compute), None

    return jax.lax.scan(jax.checkpoint(one) if remat else one, x, blocks)[0]


def check_heads(width: int, n_head: int) -> None:
    """The heads divide the width, or an `ArgumentError`."""
    if width % n_head:
        raise ArgumentError(f"n_head is {n_head}; a number that divides width {width} is wanted")


def _attention(
    seen: Float[Array, "n_sample n_position three_width"], n_head: int
) -> Float[Array, "n_sample n_position width"]:
    """Causal: a position attends to itself and to those before it."""
    n_sample, n_position, three_width = seen.shape
    head = (n_sample, n_position, 3, n_head, three_width // (3 * n_head))
    query, key, value = (seen.reshape(head)[:, :, i] for i in range(3))
    score = jnp.einsum("nthd,nshd->nhts", query, key) / np.sqrt(head[-1]).item()
    # The softmax of jax.nn.dot_product_attention would be float32 for float64, too.
    score = score.astype(jnp.promote_types(seen.dtype, jnp.float32))
    past = jnp.tri(n_position, dtype=bool)
    share = jax.nn.softmax(jnp.where(past, score, -jnp.inf)).astype(seen.dtype)
    attended = jnp.einsum("nhts,nshd->nthd", share, value)
    return attended.reshape(n_sample, n_position, three_width // 3)
