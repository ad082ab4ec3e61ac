"""Cautious optimizers: no entry moves against its gradient."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float


def cautious(
    plain: optax.GradientTransformation,
    learning_rate: optax.ScalarOrSchedule,
    weight_decay: float = 0.0,
) -> optax.GradientTransformation:
    """Caution: x ← x − d/(Σφ + 1) φ ∘ u − η λ x, with φ = 1 where u g > 0, else 0.

    Liang et al. (arXiv 2411.16085), in their first form. The step of `plain` is −u, on an array of
    d entries. As in their C-AdamW and C-Lion, the mask does not apply to weight decay, so `plain`
    has none.
    """
    inner = optax.with_extra_args_support(plain)
    decay = optax.identity()
    if weight_decay:
        decay = optax.chain(
            optax.add_decayed_weights(weight_decay), optax.scale_by_learning_rate(learning_rate)
        )

    def init(params: optax.Params) -> CautiousState:
        return CautiousState(inner.init(params), decay.init(params))

    def update(
        updates: optax.Updates,
        state: Any,
        params: optax.Params | None = None,
        **extra_args: Any,
    ) -> tuple[optax.Updates, CautiousState]:
        steps, plain_state = inner.update(updates, state.plain, params, **extra_args)
        steps = jax.tree.map(_agreeing, steps, updates)
        decayed, decay_state = decay.update(optax.tree.zeros_like(steps), state.decay, params)
        return optax.tree.add(steps, decayed), CautiousState(plain_state, decay_state)

    return optax.GradientTransformationExtraArgs(init, update)


class CautiousState(NamedTuple):
    """State of `cautious`: the states of the plain optimizer and of the weight decay."""

    plain: optax.OptState
    decay: optax.OptState


def _agreeing(step: Float[Array, "*shape"], g: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    # An optax step is already −u. Signs, because the product of two small numbers underflows.
    agrees = jnp.sign(step) * jnp.sign(g) < 0
    return jnp.where(agrees, step * (step.size / (agrees.sum(dtype=step.dtype) + 1)), 0)
