"""The parts of networks: affine maps, normalization, initialization and precision."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from skillphysics.domains import COUNT, one_of
from skillphysics.errors import ArgumentError
from skillphysics.precision import check_dtype
from skillphysics.registry import Registry


class Affine(NamedTuple):
    """The parameters of x W + b."""

    weight: Float[Array, "n_in n_out"]
    bias: Float[Array, " n_out"] | None


class Norm(NamedTuple):
    """The parameters of a layer normalization."""

    scale: Float[Array, " width"]
    bias: Float[Array, " width"] | None


Draw = Callable[[Key[Array, ""], int, int], Affine]
"""An affine map at step 0, from a key, n_in and n_out."""


def gelu(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The exact x Φ(x), not its approximation with a hyperbolic tangent."""
    return jax.nn.gelu(x, approximate=False)


ACTIVATIONS: Registry[Callable[[Array], Array]] = Registry(
    "activation",
    {"relu": jax.nn.relu, "silu": jax.nn.silu, "tanh": jnp.tanh, "gelu": gelu},
)
"""The functions between layers by name; all are 0 at 0."""


def uniform_affine(
    key: Key[Array, ""],
    n_in: int,
    n_out: int,
    dtype: str,
    fan_in: Int[Array, ""] | int | None = None,
) -> Affine:
    """Weights and biases uniform in ±1/√fan_in, as in PyTorch; by default fan_in is n_in."""
    bound = 1 / jnp.sqrt(jnp.asarray(n_in if fan_in is None else fan_in, dtype))
    # Weights and biases in one draw, because each draw takes long to compile.
    drawn = bound * jax.random.uniform(key, (n_in + 1, n_out), dtype, -1, 1)
    return Affine(drawn[:-1], drawn[-1])


def normal_affine(
    key: Key[Array, ""], n_in: int, n_out: int, dtype: str, std: Float[Array, ""]
) -> Affine:
    """Weights and biases from N(0, std²)."""
    drawn = jnp.asarray(std, dtype) * jax.random.normal(key, (n_in + 1, n_out), dtype)
    return Affine(drawn[:-1], drawn[-1])


def affine(layer: Affine, x: Float[Array, "*shape n_in"], compute: str) -> Float[Array, "..."]:
    """X W + b, computed and returned in the precision `compute`."""
    y = x.astype(compute) @ layer.weight.astype(compute)
    return y if layer.bias is None else y + layer.bias.astype(compute)


def bias_of(layer: Affine) -> Float[Array, " n_out"]:
    """The bias of a layer that has one."""
    assert layer.bias is not None  # noqa: S101
    return layer.bias


def start_norm(width: int, dtype: str, *, bias: bool) -> Norm:
    """Scale 1 and bias 0."""
    return Norm(jnp.ones(width, dtype), jnp.zeros(width, dtype) if bias else None)


def normalize(layer: Norm, x: Float[Array, "*shape width"]) -> Float[Array, "*shape width"]:
    """Mean 0 and variance 1 over the last axis, then scale and bias."""
    centred = x - x.mean(-1, keepdims=True)
    y = centred * jax.lax.rsqrt(jnp.mean(centred**2, -1, keepdims=True) + 1e-5) * layer.scale
    return y if layer.bias is None else y + layer.bias


def check_precision(dtype: str, compute: str | None) -> tuple[str, str]:
    """The precisions of parameters and of products, which are the same by default.

    Raises:
        ArgumentError: one is unknown or not enabled.
    """
    check_dtype(dtype)
    if compute is None:
        return dtype, dtype
    return dtype, one_of("bfloat16", dtype).check("compute", compute)


def check_sizes(name: str, values: Sequence[int], at_least: int) -> tuple[int, ...]:
    """The sizes as a tuple.

    Raises:
        ArgumentError: there are too few, or one is less than 1.
    """
    sizes = tuple(values)
    if len(sizes) < at_least:
        raise ArgumentError(f"{name} must have at least {at_least} entries, got {sizes}")
    return tuple(COUNT.check(f"{name}[{place}]", size) for place, size in enumerate(sizes))
