"""The clock of the Resource family: one internal time τ(t) shared by all skills.

In every Resource model of independent skills u_i = e^{−p_i τ}, and the effort η_eff t that it takes
the clock to reach τ is ∫_0^τ D(x) dx with the demand D = Σ_j p_j e^{−p_j x} + N0 (norm "l1", L25
eq. 1) or D = √(Σ_j p_j² e^{−2 p_j x} + N0²) (norm "l2", the mean-field law). The effort is an
increasing concave function of τ, so τ is a one-dimensional root of it.
"""

from functools import partial
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from skillphysics.numerics.quadrature import cumulative, gauss, integrals
from skillphysics.numerics.roots import root

Norm = Literal["l1", "l2"]

# Of more skills than that the clock sees their distribution: on each of many bins of equal width in
# ln p it is replaced by masses at Chebyshev points, which sum polynomials of their degree exactly.
_MOST_EXACT, _N_BIN, _N_MASS = 1200, 96, 12
# Panels of τ that grow by a constant factor from 0.1/p_max to 40/p_min, where e^{−p τ} is below the
# rounding of 1; with this many of them and 10 Gauss nodes in each, ∫ D is right to about 1e-10. Few
# nodes do for derivatives, and from one step of Newton's method to the next.
_N_PANEL, _N_NODE, _FEW_NODES = 48, 10, 4
_FIRST, _LAST = 0.1, 40.0
# The clock stops at this value over p_min once all skills are learned: e^{−p τ} is 0 in any
# precision.
_STANDING = 800.0


@partial(jax.custom_jvp, nondiff_argnums=(3,))
def clock(
    effort: Float[Array, "*shape"],
    frequency: Float[Array, " n_skill"],
    waste: Float[Array, ""],
    norm: Norm,
) -> Float[Array, "*shape"]:
    """The internal time τ at which the effort reaches `effort` = η_eff t.

    Without waste all skills are learned after a finite effort; beyond it the clock stays at a τ
    at which every e^{−p τ} is zero. It is differentiable to any order by the implicit function
    theorem.
    """
    flat = effort.reshape(-1)
    panels = _Panels.of(*_compressed(frequency), waste, norm)
    done = _all_learned(panels, flat)
    tau = jnp.where(done, _STANDING / frequency.min(), _solve(panels, jnp.where(done, 0, flat)))
    return tau.reshape(effort.shape)


@clock.defjvp
def _clock_jvp(
    norm: Norm, primals: tuple[Array, Array, Array], tangents: tuple[Array, Array, Array]
) -> tuple[Array, Array]:
    effort, frequency, waste = primals
    tau = clock(effort, frequency, waste, norm)
    panels = _Panels.of(frequency, jnp.ones_like(frequency), waste, norm)
    done = _all_learned(panels, effort.reshape(-1))
    flat = jnp.where(done, 0, tau.reshape(-1))
    # The gradient does not depend on the direction, so a whole Jacobian costs one of it.
    by_frequency, by_waste = panels.gradient(flat)
    extra = by_frequency @ tangents[1] + by_waste * tangents[2]
    rate = (tangents[0].reshape(-1) - extra) / panels.demand(flat)
    return tau, jnp.where(done, 0, rate).reshape(tau.shape)


def spent(
    tau: Float[Array, " n"],
    frequency: Float[Array, " n_skill"],
    waste: Float[Array, ""],
    norm: Norm,
) -> tuple[Float[Array, "n n_skill"], Float[Array, " n"], Float[Array, " n"]]:
    """The effort that went to every skill and to waste until τ, and the demand D(τ), held fixed.

    Derivatives of the parts by frequencies and waste at a fixed τ are those of the effort ∫_0^τ D.
    For "l2", D = √(Σ p_j² u_j² + N0²) is not a sum over skills, but ∂(p_j² u_j²)/2D is, so a
    part is ∫ p_j² u_j²/2D with D held fixed. This integral, used for derivatives only, has an error
    of about 1e-6.
    """
    fixed = jax.lax.stop_gradient((tau, *_compressed(frequency), waste))
    panels = _Panels(fixed[1], fixed[2], fixed[3], jnp.zeros(1), jnp.zeros(1), norm)
    least = jnp.finfo(tau.dtype).tiny
    demand = jnp.maximum(panels.demand(fixed[0]), least)
    if norm == "l1":
        return -jnp.expm1(-frequency * tau[:, None]), waste * tau, demand
    most, slowest = frequency.max(), frequency.min()
    growth = jnp.linspace(0, 1, _N_PANEL // 2, dtype=tau.dtype)
    growing = (_FIRST / most) * (_LAST / _FIRST * most / slowest) ** growth
    knot = jnp.sort(jnp.concatenate([jnp.zeros(1, tau.dtype), growing, fixed[0]]))
    knot = jax.lax.stop_gradient(knot)
    width = jnp.diff(knot)[:, None]
    nodes, weights = (jnp.asarray(part, tau.dtype) for part in gauss(_FEW_NODES))
    node = knot[:-1, None] + width * nodes
    share = width * weights / (2 * jnp.maximum(panels.demand(node), least))
    pieces = _squares(frequency, share, node)
    by_skill = jnp.concatenate([jnp.zeros_like(pieces[:1]), jnp.cumsum(pieces, axis=0)])
    wasted = waste**2 * jnp.concatenate([jnp.zeros(1, tau.dtype), jnp.cumsum(share.sum(1))])
    place = jnp.searchsorted(knot, fixed[0])
    return by_skill[place], wasted[place], demand


@jax.custom_jvp
def _squares(
    frequency: Float[Array, " n_skill"], share: Float[Array, "n q"], node: Float[Array, "n q"]
) -> Float[Array, "n n_skill"]:
    """∫ p² e^{−2 p τ} of every skill over each panel, with the weights `share`, held fixed."""
    left = frequency * jnp.exp(-frequency * node[..., None])
    return jnp.sum(share[..., None] * left**2, axis=1)


@_squares.defjvp
def _squares_jvp(primals: tuple[Any, Any, Any], tangents: tuple[Any, Any, Any]) -> tuple[Any, Any]:
    # The slope does not depend on the direction, so that all directions share one integral.
    frequency, share, node = primals
    exponent = frequency * node[..., None]
    slope = 2 * frequency * (1 - exponent) * jnp.exp(-2 * exponent)
    by_frequency = jnp.sum(share[..., None] * slope, axis=1)
    return _squares(frequency, share, node), by_frequency * tangents[0]


def _compressed(
    frequency: Float[Array, " n_skill"],
) -> tuple[Float[Array, " n_mass"], Float[Array, " n_mass"]]:
    """Frequencies and how many skills have each, that give the same demand (about 1e-12 of it).

    Few skills are kept as they are, one of each.
    """
    if frequency.size <= _MOST_EXACT:
        return frequency, jnp.ones_like(frequency)
    place = jnp.log(frequency)
    low, high = place.min(), place.max()
    width = jnp.maximum((high - low) / _N_BIN, 8 * jnp.finfo(place.dtype).eps)
    position = (place - low) / width
    bin_ = jnp.clip(position.astype(jnp.int32), 0, _N_BIN - 1)
    inside = 2 * (position - bin_) - 1
    angle = np.pi * (np.arange(_N_MASS) + 0.5) / _N_MASS
    # Moments Σ T_m(x) of each bin; a sum of Chebyshev polynomials turns them into masses.
    before, now = jnp.ones_like(inside), inside
    moments = []
    for _ in range(_N_MASS):
        moments.append(jax.ops.segment_sum(before, bin_, _N_BIN))
        before, now = now, 2 * inside * now - before
    order = np.arange(_N_MASS)
    turn = np.where(order == 0, 1, 2)[:, None] * np.cos(np.outer(order, angle)) / _N_MASS
    mass = jnp.stack(moments, 1) @ jnp.asarray(turn, place.dtype)
    nodes = jnp.asarray((np.cos(angle) + 1) / 2, place.dtype)
    at = low + width * (jnp.arange(_N_BIN, dtype=place.dtype)[:, None] + nodes)
    return jnp.exp(at).ravel(), mass.ravel()


class _Panels(eqx.Module):
    """The effort ∫_0^τ D tabulated at knots, so that τ in between costs one short integral."""

    frequency: Float[Array, " n_skill"]
    count: Float[Array, " n_skill"]
    waste: Float[Array, ""]
    knot: Float[Array, " n_knot"]
    total: Float[Array, " n_knot"]
    norm: Norm = eqx.field(static=True)

    @classmethod
    def of(
        cls,
        frequency: Float[Array, " n_skill"],
        count: Float[Array, " n_skill"],
        waste: Float[Array, ""],
        norm: Norm,
    ) -> "_Panels":
        most, least = jax.lax.stop_gradient((frequency.max(), frequency.min()))
        growth = jnp.linspace(0, 1, _N_PANEL, dtype=frequency.dtype)
        growing = (_FIRST / most) * (_LAST / _FIRST * most / least) ** growth
        knot = jnp.concatenate([jnp.zeros(1, frequency.dtype), growing])
        bare = cls(frequency, count, waste, knot, jnp.zeros_like(knot), norm)
        total = bare.effort(knot) if norm == "l1" else cumulative(bare.demand, knot, _N_NODE)
        return cls(frequency, count, waste, knot, total, norm)

    def demand(self, tau: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """D(τ)."""
        left = self.frequency * jnp.exp(-self.frequency * tau[..., None])
        if self.norm == "l1":
            return jnp.maximum(left @ self.count, 0) + self.waste
        # Scaled by the rarest skill's part, so that small demands do not vanish when squared.
        rarest = self.frequency.min()
        scale = jnp.maximum(rarest * jnp.exp(-rarest * tau), self.waste)
        scale = jax.lax.stop_gradient(jnp.where(scale > 0, scale, 1))
        part = left / scale[..., None]
        square = jnp.sum(self.count * part**2, axis=-1) + (self.waste / scale) ** 2
        return scale * jnp.sqrt(jnp.where(square > 0, square, 1))

    def effort(self, tau: Float[Array, " n"]) -> Float[Array, " n"]:
        """∫_0^τ D: in closed form for "l1", from the knot before τ for "l2"."""
        if self.norm == "l1":
            return -jnp.expm1(-self.frequency * tau[:, None]) @ self.count + self.waste * tau
        before = _last_below(self.knot, tau)
        return self.total[before] + integrals(self.demand, self.knot[before], tau, _N_NODE)

    def effort_after(
        self, tau: Float[Array, " n"], before: Float[Array, " n"], reached: Float[Array, " n"]
    ) -> Float[Array, " n"]:
        """∫_0^τ D from its value at another τ in the same panel, where few nodes will do."""
        if self.norm == "l1":
            return self.effort(tau)
        return reached + integrals(self.demand, before, tau, _FEW_NODES)

    def gradient(self, tau: Float[Array, " n"]) -> tuple[Float[Array, "n n_skill"], Array]:
        """Derivatives of the effort at fixed τ by every frequency and by the waste."""
        if self.norm == "l1":
            return tau[:, None] * jnp.exp(-self.frequency * tau[:, None]), tau
        before = _last_below(self.knot, tau)
        gradient = cumulative(self.demand_gradient, self.knot, _N_NODE)[before]
        gradient += integrals(self.demand_gradient, self.knot[before], tau, _N_NODE)
        return gradient[:, :-1], gradient[:, -1]

    def demand_gradient(self, tau: Float[Array, "*shape"]) -> Float[Array, "*shape n_skill_and_1"]:
        """Derivatives of the "l2" demand by every frequency and, last, by the waste."""
        demand = self.demand(tau)[..., None]
        exponent = self.frequency * tau[..., None]
        left = self.frequency * jnp.exp(-exponent)
        by_frequency = left / demand * jnp.exp(-exponent) * (1 - exponent)
        return jnp.concatenate([by_frequency, self.waste / demand], axis=-1)


def _all_learned(panels: _Panels, effort: Float[Array, " n"]) -> Bool[Array, " n"]:
    """Where no demand is left: without waste, beyond the last knot."""
    return (panels.waste <= 0) & (effort >= panels.total[-1])


def _last_below(edges: Float[Array, " n_knot"], values: Float[Array, " n"]) -> Int[Array, " n"]:
    """Index of the last edge that is not above each value."""
    return jnp.clip(jnp.searchsorted(edges, values, side="right") - 1, 0, edges.size - 1)


def _solve(panels: _Panels, effort: Float[Array, " n"]) -> Float[Array, " n"]:
    """Newton's method within the panel of the root, from Hermite's cubic through its two ends."""
    before = _last_below(panels.total, effort)
    after = jnp.minimum(before + 1, panels.knot.size - 1)
    low, high = panels.knot[before], panels.knot[after]
    beyond = before == after
    start = jnp.where(beyond, low, _hermite(panels, effort, before, after))
    # Past the last knot only waste is left to demand anything, and one step is exact.
    high = jnp.where(beyond, jnp.inf, high)
    tau = jnp.clip(start, low, high)
    return root(panels.effort_after, panels.demand, effort, (tau, panels.effort(tau)), low, high)


def _hermite(
    panels: _Panels, effort: Float[Array, " n"], before: Int[Array, " n"], after: Int[Array, " n"]
) -> Float[Array, " n"]:
    """τ between two knots, from its values and its slopes 1/D there."""
    slope = 1 / panels.demand(panels.knot)
    width = jnp.maximum(panels.total[after] - panels.total[before], 1e-30)
    share = (effort - panels.total[before]) / width
    bend = share * (1 - share) * width
    straight = panels.knot[before] + share * (panels.knot[after] - panels.knot[before])
    secant = (panels.knot[after] - panels.knot[before]) / width
    return straight + bend * (
        (1 - share) * (slope[before] - secant) - share * (slope[after] - secant)
    )
