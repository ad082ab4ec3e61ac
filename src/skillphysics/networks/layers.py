"""What networks are made of: affine maps, normalisation, how they start, in which precision."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from skillphysics.checks import check_count, check_dtype
from skillphysics.errors import ArgumentError


class Linear(NamedTuple):
    """The parameters of x W + b."""

    weight: Float[Array, "n_in n_out"]
    bias: Float[Array, " n_out"] | None


class Norm(NamedTuple):
    """The parameters of a layer normalisation."""

    scale: Float[Array, " width"]
    bias: Float[Array, " width"] | None


Draw = Callable[[Key[Array, ""], int, int], Linear]
"""A Linear at step 0, from a key, n_in and n_out."""


def gelu(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The exact x Φ(x), not its approximation with a hyperbolic tangent."""
    return jax.nn.gelu(x, approximate=False)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "relu": jax.nn.relu,
    "silu": jax.nn.silu,
    "tanh": jnp.tanh,
    "gelu": gelu,
}
"""Names of the functions between layers; all are 0 at 0."""


def uniform_linear(
    key: Key[Array, ""],
    n_in: int,
    n_out: int,
    dtype: str,
    fan_in: Int[Array, ""] | int | None = None,
) -> Linear:
    """Weights and biases uniform in ±1/√fan_in, as PyTorch starts a Linear; fan_in is n_in."""
    bound = 1 / jnp.sqrt(jnp.asarray(n_in if fan_in is None else fan_in, dtype))
    # Weights and biases in one draw: each draw is a large piece of code to compile.
    drawn = bound * jax.random.uniform(key, (n_in + 1, n_out), dtype, -1, 1)
    return Linear(drawn[:-1], drawn[-1])


def normal_linear(
    key: Key[Array, ""], n_in: int, n_out: int, dtype: str, std: Float[Array, ""]
) -> Linear:
    """Weights and biases from N(0, std²)."""
    drawn = jnp.asarray(std, dtype) * jax.random.normal(key, (n_in + 1, n_out), dtype)
    return Linear(drawn[:-1], drawn[-1])


def linear(layer: Linear, x: Float[Array, "*shape n_in"], compute: str) -> Float[Array, "..."]:
    """X W + b, computed and handed on in the precision `compute`."""
    y = x.astype(compute) @ layer.weight.astype(compute)
    return y if layer.bias is None else y + layer.bias.astype(compute)


def bias_of(layer: Linear) -> Float[Array, " n_out"]:
    """The bias of a layer that has one."""
    assert layer.bias is not None  # noqa: S101
    return layer.bias


def start_norm(width: int, dtype: str, *, bias: bool) -> Norm:
    """Scale 1 and bias 0."""
    return Norm(jnp.ones(width, dtype), jnp.zeros(width, dtype) if bias else None)


def normalise(layer: Norm, x: Float[Array, "*shape width"]) -> Float[Array, "*shape width"]:
    """Mean 0 and variance 1 over the last axis, then scale and bias."""
    centred = x - x.mean(-1, keepdims=True)
    y = centred * jax.lax.rsqrt(jnp.mean(centred**2, -1, keepdims=True) + 1e-5) * layer.scale
    return y if layer.bias is None else y + layer.bias


def check_precision(dtype: str, compute: str | None) -> tuple[str, str]:
    """The precision of parameters and that of products, which is the same unless given."""
    check_dtype(dtype)
    if compute is None:
        return dtype, dtype
    if compute not in ("bfloat16", dtype):
        raise ArgumentError(
            f"compute is {compute!r}; 'bfloat16', or {dtype!r} as the parameters, is wanted"
        )
    return dtype, compute


def check_activation(activation: str) -> str:
    """The name, if it is known."""
    if activation not in ACTIVATIONS:
        raise ArgumentError(
            f"activation is {activation!r}; one of {', '.join(ACTIVATIONS)} is wanted"
        )
    return activation


def check_sizes(name: str, values: Sequence[int], at_least: int) -> tuple[int, ...]:
    """The sizes as a tuple, if they are enough whole numbers of at least 1."""
    sizes = tuple(values)
    if len(sizes) < at_least:
        raise ArgumentError(f"{name} is {sizes}; at least {at_least} sizes are wanted")
    return tuple(check_count(f"{name}[{place}]", size) for place, size in enumerate(sizes))
