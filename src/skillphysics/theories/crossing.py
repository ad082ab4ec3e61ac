"""The step at which the levels of a theory reach a value."""

from typing import Protocol

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from skillphysics.numerics.roots import differentiable

# The crossing is sought from this share of the unit of time up to this many units.
_FIRST, _LAST = 1e-4, 1e15
_GROWTH, _HALVINGS = 4.0, 48


class _HasLevels(Protocol):
    @property
    def frequency(self) -> Float[Array, " n_skill"]: ...

    def level_at(
        self, steps: Float[Array, "n_step #n_skill"]
    ) -> Float[Array, "n_step n_skill"]: ...


@eqx.filter_jit
def crossing(
    theory: _HasLevels, target: Float[Array, ""], unit: Float[Array, ""]
) -> Float[Array, " n_skill"]:
    """The step at which each skill reaches the target; 0 at the start, infinite for never.

    A growing step brackets the crossing of every skill, halving closes in on it, and Newton's
    method adds the derivatives.

    Args:
        theory: what has levels.
        target: the level.
        unit: a typical number of steps.
    """
    fixed = jax.lax.stop_gradient(theory)
    first = jnp.full_like(fixed.frequency, _FIRST * jax.lax.stop_gradient(unit))

    def reached(steps: Float[Array, " n_skill"]) -> Bool[Array, " n_skill"]:
        return fixed.level_at(steps[None])[0] >= target

    def goes_on(state: tuple[Array, Array, Array]) -> Array:
        _, step, done = state
        return ~done.all() & (step[0] < _LAST / _FIRST * first[0])

    def grow(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        low, step, done = state
        step = _GROWTH * step
        done = done | reached(step)
        return jnp.where(done, low, step), step, done

    def halve(_: int, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        above = reached(middle)
        return jnp.where(above, low, middle), jnp.where(above, middle, high)

    at_start, early = reached(jnp.zeros_like(first)), reached(first)
    low, _, done = jax.lax.while_loop(goes_on, grow, (jnp.where(early, 0, first), first, early))
    high = jnp.where(low > 0, _GROWTH * low, first)
    _, step = jax.lax.fori_loop(0, _HALVINGS, halve, (low, high))
    moves = done & ~at_start

    def level_and_slope(steps: Float[Array, " n_skill"]) -> tuple[Array, Array]:
        return jax.jvp(lambda x: theory.level_at(x[None])[0], (steps,), (jnp.ones_like(steps),))

    step = differentiable(level_and_slope, target, jnp.where(moves, step, 0), moves)
    return jnp.where(at_start, 0, jnp.where(done, step, jnp.inf))
