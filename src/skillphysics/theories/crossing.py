"""The step at which the levels of a theory reach a value."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.numerics.roots import differentiable

# The crossing is sought from this share of the unit of time up to this many units.
_FIRST, _LAST = 1e-4, 1e15
_GROWTH = 4.0


@eqx.filter_jit
def crossing(
    theory: Any, target: Float[Array, ""], unit: Float[Array, ""]
) -> Float[Array, " n_skill"]:
    """The step at which each skill reaches the target; 0 at the start, infinite for never.

    A growing step brackets the crossing of every skill, halving closes in on it, and Newton's
    method adds the derivatives.

    Args:
        theory: a `Theory`.
        target: the level.
        unit: a typical number of steps.
    """
    fixed = jax.lax.stop_gradient(theory)
    unit = jax.lax.stop_gradient(unit)
    zero = jnp.zeros_like(fixed.frequency)
    close = 8 * jnp.finfo(zero.dtype).eps

    def goes_on(state: tuple[Array, ...]) -> Array:
        low, high, done = state
        return jnp.where(done, high - low > close * high, high < _LAST * unit).any()

    def narrow(state: tuple[Array, ...]) -> tuple[Array, ...]:
        low, high, done = state
        step = jnp.where(done, (low + high) / 2, jnp.minimum(_GROWTH * high, _LAST * unit))
        above = fixed.level_at(step[None])[0] >= target
        low = jnp.where(above, low, step)
        high = jnp.where(above | ~done, step, high)
        return low, high, done | above

    first = zero + _FIRST * unit
    at_start, early = fixed.level_at(jnp.stack([zero, first])) >= target
    low = jnp.where(early, zero, first)
    # Every skill that starts at the level has its answer.
    state = (jnp.where(at_start, first, low), first, early | at_start)
    _, step, done = jax.lax.while_loop(goes_on, narrow, state)
    moves = done & ~at_start

    def level_and_slope(steps: Float[Array, " n_skill"]) -> tuple[Array, Array]:
        return jax.jvp(lambda x: theory.level_at(x[None])[0], (steps,), (jnp.ones_like(steps),))

    step = differentiable(
        level_and_slope, jnp.full_like(zero, target), jnp.where(moves, step, 0), moves
    )
    return jnp.where(at_start, 0, jnp.where(done, step, jnp.inf))
