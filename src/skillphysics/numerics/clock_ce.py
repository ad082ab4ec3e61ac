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

from skillphysics.numerics.clock import Norm
from skillphysics.numerics.lambert import logit
from skillphysics.numerics.quadrature import cumulative, integrals
from skillphysics.numerics.roots import differentiable, root

# With panels of at most 1 and 12 Gauss nodes in each, ∫ D is right to about 1e-13.
_N_PANEL, _N_NODE = 64, 12


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

        if norm == "l1":

            def spent(first: Array) -> Array:
                tau = (first + jnp.expm1(first)) / frequency.max()
                return all_logits(first).sum(-1) + waste * tau

        else:
            total = cumulative(slope, knot, _N_NODE)

            def spent(first: Array) -> Array:
                before = jnp.clip(jnp.searchsorted(knot, first, side="right") - 1, 0, _N_PANEL)
                return total[before] + integrals(slope, knot[before], first, _N_NODE)

        return all_logits, slope, spent

    _, slope, spent = table(*fixed[:2])
    start = (right, spent(right))
    first = root(lambda s, *_: spent(s), slope, fixed[2], start, jnp.zeros_like(right), right)
    all_logits, slope, spent = table(frequency, waste)
    first = differentiable(lambda s: (spent(s), slope(s)), effort, first, first < limit)
    return all_logits(first)
