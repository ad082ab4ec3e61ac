"""MARS: variance reduction with the gradient of the previous step."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from skillphysics.domains import Decay, NonNegative


def mars(
    learning_rate: optax.ScalarOrSchedule,
    *,
    b1: Decay = 0.95,
    b2: Decay = 0.99,
    gamma: NonNegative = 0.025,
    eps: NonNegative = 1e-8,
    weight_decay: NonNegative = 0.0,
) -> optax.GradientTransformation:
    """MARS-AdamW: AdamW of c = g + γ b1/(1 − b1) (g − g′), divided by ‖c‖ where that exceeds 1.

    Yuan et al. (arXiv 2411.10438) in the approximate form, as in their code: g′ is the gradient of
    the previous step on the batch of that step, and 0 at the first; the norm is taken per array.
    Their code by default trains vectors with AdamW; here they are treated like matrices.
    """
    return optax.chain(
        _corrected(gamma * b1 / (1 - b1)),
        optax.adamw(learning_rate, b1, b2, eps, weight_decay=weight_decay),
    )


class _State(NamedTuple):
    previous: optax.Updates


def _corrected(weight: float) -> optax.GradientTransformation:
    def init(params: optax.Params) -> _State:
        return _State(optax.tree.zeros_like(params))

    def update(
        updates: optax.Updates, state: Any, params: optax.Params | None = None
    ) -> tuple[optax.Updates, _State]:
        del params
        corrected = jax.tree.map(
            lambda g, before: _clipped(g + weight * (g - before)), updates, state.previous
        )
        return corrected, _State(updates)

    return optax.GradientTransformation(init, update)


def _clipped(array: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    return array / jnp.maximum(1, jnp.linalg.norm(array.ravel()))
