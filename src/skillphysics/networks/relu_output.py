"""The single output of a ReLU layer, with a derivative that costs one matrix product."""

from typing import Any

import jax
import jax.numpy as jnp
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Float

from skillphysics.networks.layers import Affine, bias_of


def relu_output(
    hidden: Affine, last: Affine, x: Float[Array, "n_sample n_in"], compute: str
) -> Float[Array, "n_sample 1"]:
    """relu(x W + b) v + c, or without c, computed and returned in the precision `compute`.

    A unit that is on adds x·(v_j w_j) to the output, which is linear in u_j = v_j w_j. One product
    with the samples therefore gives the gradient for all u_j, and with it that of both layers. The
    chain rule, layer by layer, needs more passes over all units of all samples.
    """
    # A bias is the weight of a constant input 1.
    ones = jnp.ones((x.shape[0], 1), compute)
    x = jnp.concatenate([x.astype(compute), ones], axis=1)
    weight = jnp.concatenate([hidden.weight, bias_of(hidden)[None]]).astype(compute)
    y = _sum_of_units(x, weight, last.weight[:, 0].astype(compute))[:, None]
    return y if last.bias is None else y + last.bias.astype(compute)


@jax.custom_jvp
def _sum_of_units(
    x: Float[Array, "n_sample n_in"],
    weight: Float[Array, "n_in n_unit"],
    v: Float[Array, " n_unit"],
) -> Float[Array, " n_sample"]:
    """Σ_j v_j relu(x·w_j)."""
    return jax.nn.relu(x @ weight) @ v


def _derivative(
    point: tuple[Array, Array, Array], tangent: tuple[Any, Any, Any]
) -> tuple[Float[Array, " n_sample"], Float[Array, " n_sample"]]:
    """Σ_j d(x·u_j) over the units that are on."""
    x, weight, v = point
    dx, dweight, dv = tangent
    before = x @ weight
    change = x @ (_array(dweight, weight) * v + weight * _array(dv, v))
    if not isinstance(dx, SymbolicZero):
        change = change + dx @ (weight * v)
    return jax.nn.relu(before) @ v, jnp.sum(jnp.where(before > 0, change, 0), axis=1)


def _array(tangent: Any, like: Array) -> Array:
    return jnp.zeros_like(like) if isinstance(tangent, SymbolicZero) else tangent


_sum_of_units.defjvp(_derivative, symbolic_zeros=True)
