"""The clock of the Resource family under cross-entropy.

Every independent skill has s_i + e^{s_i} = 1 + p_i τ, and the effort to reach τ is ∫_0^τ D with
the demand D of the pulls p_j σ(−s_j). For norm "l1" that is Σ_j s_j + N0 τ, because ds_j/dτ is the
pull.
The coordinate is the s of the most frequent skill, in which everything varies over about 1.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.theories.clock import Norm
from skillphysics.theories.lambert import logit

# With panels of at most 1 and 12 Gauss nodes in each, ∫ D is right to about 1e-13.
_N_PANEL = 64
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_MOST_NEWTON_STEPS = 100


def logits(
    effort: Float[Array, " n"],
    frequency: Float[Array, " n_skill"],
    waste: Float[Array, ""],
    norm: Norm,
) -> Float[Array, "n n_skill"]:
    """S of every skill where the effort reaches each `effort` = η_eff t.

    The first s stops at 64, where σ(s) is 1 in any precision. Differentiable to third order.
    """
    most = frequency.max()
    fixed = [jax.lax.stop_gradient(one) for one in (frequency, waste, effort)]
    limit = min(float(_N_PANEL), 0.9 * float(np.log(float(jnp.finfo(effort.dtype).max))))
    # D is at least the waste and at least the first pull, so the effort is at least N0 τ and s.
    pull = jnp.where(fixed[1] > 0, fixed[1], 1)
    tau = jnp.where(fixed[1] > 0, jnp.minimum(fixed[2] / pull, 1e30), 1e30)
    right = jnp.minimum(jnp.minimum(logit(most * tau), fixed[2]), limit)
    knot = jnp.linspace(0, 1, _N_PANEL + 1, dtype=effort.dtype) * jax.lax.stop_gradient(right.max())

    def table(frequency: Array, waste: Array) -> tuple[Callable[[Array], Array], ...]:
        def all_logits(first: Array) -> Array:
            x = first + jnp.expm1(first)
            return logit(frequency / frequency.max() * x[..., None])

        def slope(first: Array) -> Array:
            """dE/ds = D dτ/ds of the most frequent skill."""
            pull = frequency * jax.nn.sigmoid(-all_logits(first))
            each = (1 + jnp.exp(first)) / frequency.max()
            if norm == "l1":
                return (pull.sum(-1) + waste) * each
            square = (pull**2).sum(-1) + waste**2
            return jnp.sqrt(square) * each

        def integral(start: Array, end: Array) -> Array:
            half = (end - start) / 2
            nodes = (start + half)[:, None] + half[:, None] * jnp.asarray(_NODES, start.dtype)
            return half * (slope(nodes) @ jnp.asarray(_WEIGHTS, start.dtype))

        if norm == "l1":

            def spent(first: Array) -> Array:
                tau = (first + jnp.expm1(first)) / frequency.max()
                return all_logits(first).sum(-1) + waste * tau

        else:
            pieces = integral(knot[:-1], knot[1:])
            total = jnp.concatenate([jnp.zeros_like(pieces[:1]), jnp.cumsum(pieces)])

            def spent(first: Array) -> Array:
                before = jnp.clip(jnp.searchsorted(knot, first, side="right") - 1, 0, _N_PANEL)
                return total[before] + integral(knot[before], first)

        return all_logits, slope, spent

    _, slope, spent = table(*fixed[:2])
    enough = 4 * jnp.finfo(effort.dtype).eps

    def again(state: tuple[Array, Array, Array]) -> Array:
        first, change, count = state
        return (count < _MOST_NEWTON_STEPS) & (jnp.abs(change) > enough * first).any()

    def newton(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        first, _, count = state
        moved = jnp.clip(first + (fixed[2] - spent(first)) / slope(first), 0, right)
        return moved, moved - first, count + 1

    start = (right, jnp.full_like(right, jnp.inf), jnp.zeros((), jnp.int32))
    first = jax.lax.stop_gradient(jax.lax.while_loop(again, newton, start)[0])
    all_logits, slope, spent = table(frequency, waste)
    # Each step from a fixed value makes one more order of derivatives right, and then doubles it.
    for _ in range(2):
        moved = first + (effort - spent(first)) / slope(first)
        first = jnp.where(first < limit, moved, first)
    return all_logits(first)
