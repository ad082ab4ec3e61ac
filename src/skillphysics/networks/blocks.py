"""Stacked decoder blocks, which `Transformer` and `GPT` have in common."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.errors import ArgumentError
from skillphysics.networks.layers import Affine, Draw, Norm, affine, gelu, normalize, start_norm


class Blocks(NamedTuple):
    """The parameters of all blocks; the first axis of each array is the block."""

    attention_norm: Norm
    attention_in: Affine
    """Queries, keys and values side by side, [n_layer, width, 3 width]."""
    attention_out: Affine
    mlp_norm: Norm
    mlp_in: Affine
    """[n_layer, width, 4 width]."""
    mlp_out: Affine


def start_blocks(
    key: Key[Array, ""], n_layer: int, width: int, draw: Draw, output_scale: float, dtype: str
) -> Blocks:
    """Blocks at step 0; the maps that write into the stream are scaled by `output_scale`."""

    def scaled(layer: Affine) -> Affine:
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

    The stream x keeps its precision. Products and intermediate values have the precision `compute`,
    except for the softmax, which has at least float32. With `remat`, the backward pass recomputes
    the inside of a block instead of keeping it.
    """

    def one(x: Any, block: Blocks) -> tuple[Any, None]:
        projected = affine(block.attention_in, normalize(block.attention_norm, x), compute)
        x = x + affine(block.attention_out, _attention(projected, n_head), compute)
        hidden = affine(block.mlp_in, normalize(block.mlp_norm, x), compute)
        return x + affine(block.mlp_out, gelu(hidden), compute), None

    return jax.lax.scan(jax.checkpoint(one) if remat else one, x, blocks)[0]


def check_heads(width: int, n_head: int) -> None:
    """Check that the heads divide the width.

    Raises:
        ArgumentError: they do not.
    """
    if width % n_head:
        raise ArgumentError(f"n_head must divide width = {width}, got {n_head}", argument="n_head")


def _attention(
    projected: Float[Array, "n_sample n_position three_width"], n_head: int
) -> Float[Array, "n_sample n_position width"]:
    """Causal attention: a position attends to itself and to earlier ones."""
    n_sample, n_position, three_width = projected.shape
    head = (n_sample, n_position, 3, n_head, three_width // (3 * n_head))
    query, key, value = (projected.reshape(head)[:, :, i] for i in range(3))
    score = jnp.einsum("nthd,nshd->nhts", query, key) / np.sqrt(head[-1]).item()
    # jax.nn.dot_product_attention has a float32 softmax also for float64.
    score = score.astype(jnp.promote_types(projected.dtype, jnp.float32))
    past = jnp.tri(n_position, dtype=bool)
    share = jax.nn.softmax(jnp.where(past, score, -jnp.inf)).astype(projected.dtype)
    attended = jnp.einsum("nhts,nshd->nthd", share, value)
    return attended.reshape(n_sample, n_position, three_width // 3)
