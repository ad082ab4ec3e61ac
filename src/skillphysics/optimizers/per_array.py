"""Optimizers that treat each array of a pytree by itself, and products along its axes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int


class PerArrayState(NamedTuple):
    """State of `per_array`.

    Attributes:
        n_update: number of updates so far.
        arrays: the pytree of the parameters with the state of each array in its place.
    """

    n_update: Int[Array, ""]
    arrays: Any


def per_array(
    init: Callable[[Array], Any],
    step: Callable[[Array, Any, Array], tuple[Array, Any]],
) -> optax.GradientTransformation:
    """A transformation that acts on every array separately.

    Args:
        init: array of parameters → its state.
        step: (gradient, state, number of updates so far) → (direction, next state).
    """

    def init_fn(params: optax.Params) -> PerArrayState:
        return PerArrayState(jnp.zeros([], jnp.int32), jax.tree.map(init, params))

    def update_fn(
        updates: optax.Updates, state: Any, params: optax.Params | None = None
    ) -> tuple[optax.Updates, PerArrayState]:
        del params
        gradients, tree = jax.tree.flatten(updates)
        states = tree.flatten_up_to(state.arrays)
        stepped = [step(g, s, state.n_update) for g, s in zip(gradients, states, strict=True)]
        directions, arrays = (tree.unflatten(each) for each in zip(*stepped, strict=True))
        return directions, PerArrayState(state.n_update + 1, arrays)

    return optax.GradientTransformation(init_fn, update_fn)


def gram(array: Float[Array, "..."], axis: int) -> Float[Array, "n n"]:
    """Inner products of the slices along one axis: G Gᵀ and Gᵀ G for a matrix G."""
    others = [i for i in range(array.ndim) if i != axis]
    # Eigenvectors follow: a GPU must not round these products to fewer bits.
    return jnp.tensordot(array, array, (others, others), precision="highest")


def along(
    matrix: Float[Array, "m n"], array: Float[Array, "..."], axis: int
) -> Float[Array, "..."]:
    """The matrix times the array along one axis: M G and G Mᵀ for a matrix G."""
    product = jnp.tensordot(matrix, array, (1, axis), precision="highest")
    return jnp.moveaxis(product, 0, axis)
