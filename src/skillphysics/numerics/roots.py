"""Roots of increasing functions of one variable, many at once, and their derivatives."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

_MOST_STEPS = 100


def root(
    value_from: Callable[[Array, Array, Array], Array],
    slope: Callable[[Array], Array],
    target: Float[Array, "*shape"],
    start: tuple[Float[Array, "*shape"], Float[Array, "*shape"]],
    low: Float[Array, "*shape"],
    high: Float[Array, "*shape"],
) -> Float[Array, "*shape"]:
    """The x at which an increasing function has each target value, without derivatives.

    Newton's method between bounds that close in. Where its steps do not halve, the next one halves
    the interval between the bounds. A target outside of the bounds has its root at the nearer one.

    Args:
        value_from: the function at x, from x and from another point and the value there, from which
            an integral may go on.
        slope: its derivative at x; where that is 0, the interval is halved.
        target: values.
        start: where to begin, between the bounds, and the value there.
        low: lower bounds.
        high: upper bounds; infinite only where Newton's method needs no help.
    """
    # Convergence is quadratic: after a step of that size nothing is left but rounding.
    enough = 0.1 * float(jnp.finfo(target.dtype).eps) ** 0.5

    def again(state: tuple[Array, ...]) -> Array:
        x, _, _, _, change, count = state
        return (count < _MOST_STEPS) & (jnp.abs(change) > enough * jnp.abs(x)).any()

    def step(state: tuple[Array, ...]) -> tuple[Array, ...]:
        x, value, low, high, change, count = state
        rise, missing = slope(x), target - value
        low, high = jnp.where(missing >= 0, x, low), jnp.where(missing <= 0, x, high)
        moved = jnp.clip(x + missing / jnp.where(rise > 0, rise, 1), low, high)
        size = jnp.abs(moved - x)
        halves = (size <= jnp.abs(change) / 2) | (size <= enough * jnp.abs(x))
        good = (halves & (rise > 0)) | (low == high)
        new = jnp.where(good, moved, (low + high) / 2)
        # Halving an interval says nothing about how near the root is.
        change = jnp.where(good, moved - x, jnp.inf)
        return new, value_from(new, x, value), low, high, change, count + 1

    endless = jnp.full_like(target, jnp.inf)
    state = (*start, low, high, endless, jnp.zeros((), jnp.int32))
    return jax.lax.while_loop(again, step, state)[0]


def differentiable(
    value_and_slope: Callable[[Array], tuple[Array, Array]],
    target: Float[Array, "*shape"],
    x: Float[Array, "*shape"],
    moves: Array,
) -> Float[Array, "*shape"]:
    """A root with its derivatives up to third order, by the function and by the target.

    Each step of Newton's method from a fixed x makes one more order of derivatives right, and then
    doubles it.

    Args:
        value_and_slope: the function and its derivative by x.
        target: the value at the root.
        x: the root, as `root` gives it.
        moves: where the root moves with the target at all; elsewhere it stays.
    """
    x = jax.lax.stop_gradient(x)
    for _ in range(2):
        value, slope = value_and_slope(x)
        free = moves & (slope > 0)
        x = x + jnp.where(free, target - value, 0) / jnp.where(free, slope, 1)
    return x
