"""A theory linearised near a point, at a cost of skills × steps, and the normal equations.

In a separable theory the level of a skill depends on its own parameters, on a few shared ones, and
on the clock τ(t), which is common to all skills. Its Jacobian is

    d level_i(t) = own_i(t) dθ_i + shared_i(t) dφ + slope_i(t) Σ_j clock_j(t) dθ_j,

a block for each skill and a coupling of rank one at each step. It takes one derivative along all
entries at once for each kind of parameter, where a dense Jacobian takes one for each entry.
"""

from functools import partial
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.inference.coordinates import Layout, at_free, moved, replaced
from skillphysics.theories.base import Parameter, Theory


class Linearised(NamedTuple):
    """Levels and their derivatives by free coordinates, at a point.

    Attributes:
        level: [n_step, n_skill].
        own: derivatives by the skill's own entry of each parameter, at a fixed clock,
            [n_own, n_step, n_skill].
        shared: derivatives by the other coordinates, [n_shared, n_step, n_skill].
        slope: derivatives by the clock, [n_step, n_skill].
        clock: derivatives of the clock by the entries of every skill, [n_own, n_step, n_skill].
    """

    level: Any
    own: Any
    shared: Any
    slope: Any
    clock: Any


@eqx.filter_jit
def linearised(
    template: Theory,
    free: Float[Array, "n_start n_free"] | np.ndarray,
    held: tuple[str, ...],
    steps: Float[Array, " n_step"] | np.ndarray,
) -> Linearised:
    """A theory near each of several points, which are the first axis of every field."""
    steps = jnp.asarray(steps)
    return jax.vmap(lambda one: _linearised(template, one, held, steps))(jnp.asarray(free))


def _linearised(
    template: Theory, free: Float[Array, " n_free"], held: tuple[str, ...], steps: Array
) -> Linearised:
    layout = Layout.of(template, held)
    theory = at_free(template, free, held)
    own = [p for p in moved(theory, held) if p.path in {one.path for one in layout.own}]
    if not template.separable:
        return _dense(template, free, held, steps)

    scalars = [p for p in moved(theory, held) if p.path in {one.path for one in layout.shared}]
    entries = [*own, *scalars]
    tau = theory.clock(steps)

    def along(p: Parameter) -> tuple[Array, Array, Array]:
        """Derivatives by one parameter of levels at a fixed clock and of the clock's shares."""
        return jax.jvp(partial(parts, p.path), (p.value,), (p.constraint.slope(p.value),))[1]

    def parts(path: tuple[str, ...], value: Array) -> tuple[Array, Array, Array]:
        at = replaced(theory, path, value)
        level = at.level_on(tau[:, None])
        shares = at.clock_shares(steps, tau)
        return level, *(shares or (jnp.zeros_like(level), jnp.zeros_like(tau)))

    level, slope = jax.jvp(theory.level_on, (tau[:, None],), (jnp.ones_like(tau)[:, None],))
    derivatives = [along(p) for p in entries]
    empty = jnp.zeros((0, *level.shape), level.dtype)
    by_own, by_shared = derivatives[: len(own)], derivatives[len(own) :]
    return Linearised(
        level,
        jnp.stack([direct for direct, _, _ in by_own]) if own else empty,
        jnp.stack([direct + slope * rest[:, None] for direct, _, rest in by_shared])
        if scalars
        else empty,
        slope,
        jnp.stack([shares for _, shares, _ in by_own]) if own else empty,
    )


def _dense(
    template: Theory, free: Float[Array, " n_free"], held: tuple[str, ...], steps: Array
) -> Linearised:
    """Any theory, with all coordinates shared."""

    def levels(free: Array) -> tuple[Array, Array]:
        level = at_free(template, free, held).level_at(steps[:, None])
        return level, level

    shared, level = jax.jacfwd(levels, has_aux=True)(free)
    empty = jnp.zeros((0, *level.shape), level.dtype)
    return Linearised(level, empty, jnp.moveaxis(shared, -1, 0), jnp.zeros_like(level), empty)


def normal_equations(
    linear: Linearised,
    layout: Layout,
    weight: np.ndarray,
    residual: np.ndarray | None = None,
    correlation: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """JᵀWRWJ and JᵀW·residual for the Jacobian J [n_step · n_skill, n_free], which is not formed.

    Args:
        linear: a theory near one point, or near several with an additional first axis.
        layout: of its free coordinates.
        weight: W, [n_step, n_skill].
        residual: weighted residuals, shaped like `weight`, or None for zeros.
        correlation: R between the steps of a skill, [n_step, n_step]; None for the identity.
    """
    smeared = (lambda x: x) if correlation is None else (lambda x: correlation @ x)
    own, shared = (np.asarray(part) * weight for part in (linear.own, linear.shared))
    slope, clock = np.asarray(linear.slope) * weight, np.asarray(linear.clock)
    n_own, (n_step, n_skill) = own.shape[-3], slope.shape[-2:]
    batch = slope.shape[:-2]
    size = n_own * n_skill
    flat_clock = clock.reshape(*batch, n_own, n_step, n_skill)
    # Coupling through the clock, [.., n_step, n_own · n_skill].
    coupling = np.moveaxis(flat_clock, -3, -2).reshape(*batch, n_step, size)
    if correlation is None:
        spread = (slope**2).sum(-1)[..., None] * coupling
    else:
        spread = ((slope @ np.swapaxes(slope, -1, -2)) * correlation) @ coupling
    matrix = np.zeros((*batch, layout.n_free, layout.n_free))
    inner = np.swapaxes(coupling, -1, -2) @ spread
    skill = np.arange(n_skill)
    own_smeared = smeared(own)
    for a in range(n_own):
        rows = slice(a * n_skill, (a + 1) * n_skill)
        for b in range(n_own):
            columns = slice(b * n_skill, (b + 1) * n_skill)
            block = (own[..., a, :, :] * own_smeared[..., b, :, :]).sum(-2)
            inner[..., rows, columns][..., skill, skill] += block
        crossed = np.swapaxes(own_smeared[..., a, :, :] * slope, -1, -2) @ coupling
        inner[..., rows, :] += crossed
        inner[..., :, rows] += np.swapaxes(crossed, -1, -2)
    at_own, at_shared = layout.at_own.reshape(-1), layout.at_shared
    matrix[..., at_own[:, None], at_own] = inner
    shared_smeared = smeared(shared)
    n_shared = shared.shape[-3]
    flat = shared.reshape(*batch, n_shared, -1)
    flat_smeared = shared_smeared.reshape(*batch, n_shared, -1)
    matrix[..., at_shared[:, None], at_shared] = flat @ np.swapaxes(flat_smeared, -1, -2)
    # [.., n_own, n_shared, n_skill] without the clock, and through it.
    direct = np.einsum("...atk,...stk->...ask", own, shared_smeared, optimize=True)
    through = np.einsum("...stk,...tk->...ts", shared_smeared, slope, optimize=True)
    mixed = np.moveaxis(direct, -2, -1).reshape(*batch, size, n_shared)
    mixed = mixed + np.swapaxes(coupling, -1, -2) @ through
    matrix[..., at_own[:, None], at_shared] = mixed
    matrix[..., at_shared[:, None], at_own] = np.swapaxes(mixed, -1, -2)
    gradient = np.zeros((*batch, layout.n_free))
    if residual is not None:
        by_own = (own * residual[..., None, :, :]).sum(-2).reshape(*batch, size)
        by_clock = (slope * residual).sum(-1)[..., None, :] @ coupling
        gradient[..., at_own] = by_own + by_clock[..., 0, :]
        gradient[..., at_shared] = (flat @ residual.reshape(*batch, -1, 1))[..., 0]
    return matrix, gradient
