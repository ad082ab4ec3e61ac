"""The clock of the Resource family: one internal time τ(t) shared by all skills.

In every Resource model of independent skills u_i = e^{−p_i τ}, and the effort η_eff t that it takes
the clock to reach τ is ∫_0^τ D(x) dx with the demand D = Σ_j p_j e^{−p_j x} + N0 (norm "l1", L25
eq. 1) or D = √(Σ_j p_j² e^{−2 p_j x} + N0²) (norm "l2", the mean-field law). The effort is an
increasing concave function of τ, so τ is a one-dimensional root of it.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

Norm = Literal["l1", "l2"]

# Panels of τ: growing by a constant factor up to 1/p_min, then even up to 40/p_min, where e^{−p τ}
# is below the rounding of 1. With 10 nodes a panel, ∫ D is right to about 1e-11.
_GROWING = 40
_LAST, _EVEN = 40.0, 8
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_MOST_NEWTON_STEPS = 60
# Where all skills are learned the clock stands at this over p_min: e^{−p τ} is 0 in any precision.
_STANDING = 800.0


@partial(jax.custom_jvp, nondiff_argnums=(3,))
def clock(
    effort: Float[Array, "*shape"],
    frequency: Float[Array, " n_skill"],
    waste: Float[Array, ""],
    norm: Norm,
) -> Float[Array, "*shape"]:
    """The internal time τ at which the effort reaches `effort` = η_eff t.

    Without waste all skills are learned after a finite effort; from there on the clock stands at a
    τ that makes every e^{−p τ} zero. Differentiable to any order by the implicit function theorem.
    """
    flat = effort.reshape(-1)
    panels = _Panels.of(frequency, waste, norm)
    done = _all_learned(panels, flat)
    tau = jnp.where(done, _STANDING / frequency.min(), _solve(panels, jnp.where(done, 0, flat)))
    return tau.reshape(effort.shape)


@clock.defjvp
def _clock_jvp(
    norm: Norm, primals: tuple[Array, Array, Array], tangents: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    effort, frequency, waste = primals
    tau = clock(effort, frequency, waste, norm)
    panels = _Panels.of(frequency, waste, norm)
    done = _all_learned(panels, effort.reshape(-1))
    flat = jnp.where(done, 0, tau.reshape(-1))
    # The gradient does not depend on the direction, so a whole Jacobian costs one of it.
    by_frequency, by_waste = panels.gradient(flat)
    extra = by_frequency @ tangents[1] + by_waste * tangents[2]
    rate = (tangents[0].reshape(-1) - extra) / panels.demand(flat)
    return tau, jnp.where(done, 0, rate).reshape(tau.shape)


class _Panels(eqx.Module):
    """The effort ∫_0^τ D tabulated at knots, so that τ in between costs one short integral."""

    frequency: Float[Array, " n_skill"]
    waste: Float[Array, ""]
    knot: Float[Array, " n_knot"]
    total: Float[Array, " n_knot"]
    norm: Norm = eqx.field(static=True)

    @classmethod
    def of(
        cls, frequency: Float[Array, " n_skill"], waste: Float[Array, ""], norm: Norm
    ) -> "_Panels":
        most, least = jax.lax.stop_gradient((frequency.max(), frequency.min()))
        growth = jnp.linspace(0, 1, _GROWING, dtype=frequency.dtype)
        growing = (0.1 / most) * (10 * most / least) ** growth
        even = jnp.linspace(1, _LAST, _EVEN + 1, dtype=frequency.dtype)[1:] / least
        knot = jnp.concatenate([jnp.zeros(1, frequency.dtype), growing, even])
        bare = cls(frequency, waste, knot, jnp.zeros_like(knot), norm)
        total = bare.effort(knot) if norm == "l1" else bare.cumulative(bare.demand)
        return cls(frequency, waste, knot, total, norm)

    def demand(self, tau: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """D(τ)."""
        left = self.frequency * jnp.exp(-self.frequency * tau[..., None])
        if self.norm == "l1":
            return left.sum(-1) + self.waste
        # Scaled by the largest term, so that small demands do not vanish when squared.
        scale = jax.lax.stop_gradient(jnp.maximum(left.max(-1), self.waste))
        scale = jnp.where(scale > 0, scale, 1)
        square = ((left / scale[..., None]) ** 2).sum(-1) + (self.waste / scale) ** 2
        return scale * jnp.sqrt(jnp.where(square > 0, square, 1))

    def effort(self, tau: Float[Array, " n"]) -> Float[Array, " n"]:
        """∫_0^τ D: in closed form for "l1", from the knot before τ for "l2"."""
        if self.norm == "l1":
            return -jnp.expm1(-self.frequency * tau[:, None]).sum(-1) + self.waste * tau
        before = _last_below(self.knot, tau)
        return self.total[before] + _integral(self.demand, self.knot[before], tau)

    def gradient(self, tau: Float[Array, " n"]) -> tuple[Float[Array, "n n_skill"], Array]:
        """Derivatives of the effort at fixed τ by every frequency and by the waste."""
        if self.norm == "l1":
            return tau[:, None] * jnp.exp(-self.frequency * tau[:, None]), tau
        before = _last_below(self.knot, tau)
        gradient = self.cumulative(self.demand_gradient)[before] + _integral(
            self.demand_gradient, self.knot[before], tau
        )
        return gradient[:, :-1], gradient[:, -1]

    def demand_gradient(self, tau: Float[Array, "*shape"]) -> Float[Array, "*shape n_skill_and_1"]:
        """Derivatives of the "l2" demand by every frequency and, last, by the waste."""
        demand = self.demand(tau)[..., None]
        exponent = self.frequency * tau[..., None]
        left = self.frequency * jnp.exp(-exponent)
        by_frequency = left / demand * jnp.exp(-exponent) * (1 - exponent)
        return jnp.concatenate([by_frequency, self.waste / demand], axis=-1)

    def cumulative(self, density: Callable[[Array], Array]) -> Float[Array, "n_knot ..."]:
        """∫_0^knot of a density of τ at every knot."""
        pieces = _integral(density, self.knot[:-1], self.knot[1:])
        return jnp.concatenate([jnp.zeros_like(pieces[:1]), jnp.cumsum(pieces, axis=0)])


def _integral(
    density: Callable[[Array], Array], start: Float[Array, " n"], end: Float[Array, " n"]
) -> Float[Array, "n ..."]:
    """∫ of a density from each start to each end, within one panel each."""
    half = (end - start) / 2
    nodes = (start + half)[:, None] + half[:, None] * jnp.asarray(_NODES, start.dtype)
    weights = half[:, None] * jnp.asarray(_WEIGHTS, start.dtype)
    return jnp.einsum("nq,nq...->n...", weights, density(nodes))


def _all_learned(panels: _Panels, effort: Float[Array, " n"]) -> Bool[Array, " n"]:
    """Where no demand is left: without waste, beyond the last knot."""
    return (panels.waste <= 0) & (effort >= panels.total[-1])


def _last_below(edges: Float[Array, " n_knot"], values: Float[Array, " n"]) -> Int[Array, " n"]:
    """Index of the last edge that is not above each value."""
    return jnp.clip(jnp.searchsorted(edges, values, side="right") - 1, 0, edges.size - 1)


def _solve(panels: _Panels, effort: Float[Array, " n"]) -> Float[Array, " n"]:
    """Newton's method from the knot before the root: on a concave function it never overshoots."""
    start = panels.knot[_last_below(panels.total, effort)]
    enough = 4 * jnp.finfo(effort.dtype).eps

    def again(state: tuple[Array, Array, Array]) -> Array:
        tau, change, count = state
        return (count < _MOST_NEWTON_STEPS) & (jnp.abs(change) > enough * tau).any()

    def newton(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        tau, _, count = state
        change = (effort - panels.effort(tau)) / panels.demand(tau)
        return tau + change, change, count + 1

    first = (start, jnp.full_like(start, jnp.inf), jnp.zeros((), jnp.int32))
    return jax.lax.while_loop(again, newton, first)[0]
