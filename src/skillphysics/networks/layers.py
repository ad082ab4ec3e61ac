"""What networks are made of: affine maps, normalisation, how they start, in which precision."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from skillphysics.errors import ArgumentError

_PARAMETERS = ("float32", "float64")
_PRODUCTS = ("bfloat16", "float32", "float64")


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
    if dtype not in _PARAMETERS:
        raise ArgumentError(f"dtype is {dtype!r}; one of {', '.join(_PARAMETERS)} is wanted")
    if compute is not None and compute not in _PRODUCTS:
        raise ArgumentError(f"compute is {compute!r}; one of {', '.join(_PRODUCTS)} is wanted")
    compute = dtype if compute is None else compute
    if "float64" in (dtype, compute) and jax.dtypes.canonicalize_dtype("float64") != "float64":
        raise ArgumentError(
            "float64 is wanted while JAX computes in 32 bits; put the construction and the "
            "training into `with jax.enable_x64(True):`"
        )
    return dtype, compute


def check_activation(activation: str) -> str:
    """The name, if it is known."""
    if activation not in ACTIVATIONS:
        raise ArgumentError(
            f"activation is {activation!r}; one of {', '.join(ACTIVATIONS)} is wanted"
        )
    return activation


def check_size(name: str, value: int) -> int:
    """The size, if it is a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ArgumentError(f"{name} is {value!r}; a positive integer is wanted")
    return value


def check_sizes(name: str, values: Sequence[int], at_least: int) -> tuple[int, ...]:
    """The sizes as a tuple, if they are enough positive integers."""
    sizes = tuple(values)
    if len(sizes) < at_least:
        raise ArgumentError(f"{name} is {sizes}; at least {at_least} sizes are wanted")
    return tuple(check_size(f"{name}[{place}]", size) for place, size in enumerate(sizes))
