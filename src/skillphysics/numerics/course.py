"""The course of dependent skills in internal time, solved once and read at any effort.

In the internal time τ of the Resource family, dτ = η_eff dt / D, a state follows an equation that
does not hold the demand D. It is never stiff, and has no end in finite time where nothing is left
to demand. The effort ∫ D dτ = η_eff t then tells the time.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.numerics.roots import differentiable, root

State = Float[Array, " n_state"]

_MOST_STEPS = 1024
# Up to here, in units of the fastest skill's time, a clock may run; τ² is finite in any precision.
_FARTHEST = 1e18


class Law(NamedTuple):
    """An equation of motion in internal time.

    Attributes:
        slope: dy/dτ of a state.
        effort: ∫_0^τ D at a time τ and the state there.
        demand: D at a state.
        all_learned: whether a state will not change any level any more.
    """

    slope: Callable[[State], State]
    effort: Callable[[Float[Array, ""], State], Float[Array, ""]]
    demand: Callable[[State], Float[Array, ""]]
    all_learned: Callable[[State], Array]


def course(
    law: Law,
    start: State,
    pace: Float[Array, ""],
    effort: Float[Array, " n"],
    tolerance: float,
) -> Float[Array, "n n_state"]:
    """The state at which each effort is reached, differentiable to third order.

    Args:
        law: the equation of motion.
        start: the state at τ = 0.
        pace: the largest rate of a skill, 1/τ.
        effort: the efforts.
        tolerance: relative, and absolute in units of 1/pace.
    """
    import diffrax

    from skillphysics.numerics.ode import solve

    pace = jax.lax.stop_gradient(pace)
    most = jax.lax.stop_gradient(effort.max())

    def over(tau: Array, state: State) -> Array:
        far = tau * pace > _FARTHEST
        return (law.effort(tau, state) >= most) | law.all_learned(state) | far

    solution = solve(
        law.slope,
        start,
        end=jnp.full_like(pace, jnp.inf),
        solver=diffrax.Dopri8(),
        controller=diffrax.PIDController(rtol=tolerance, atol=tolerance / pace),
        saveat=diffrax.SaveAt(t1=True, dense=True),
        most_steps=_MOST_STEPS,
        first_step=1e-3 / pace,
        over=over,
    )
    assert solution.ts is not None  # noqa: S101
    end = jax.lax.stop_gradient(solution.ts[-1])
    fixed = jax.lax.stop_gradient(solution)

    def read(one: Float[Array, ""]) -> State:
        def spent(tau: Array) -> tuple[Array, Array]:
            state = solution.evaluate(jnp.clip(tau, 0, end))
            return law.effort(tau, state), law.demand(state)

        tau = jax.lax.stop_gradient(_reached(law, fixed.evaluate, one, end, pace))
        tau = differentiable(spent, one, tau, tau < end)
        return solution.evaluate(jnp.clip(tau, 0, end))

    return jax.vmap(read)(effort)


def _reached(
    law: Law,
    state: Callable[[Float[Array, ""]], State],
    effort: Float[Array, ""],
    end: Float[Array, ""],
    pace: Float[Array, ""],
) -> Float[Array, ""]:
    """τ at an effort, by way of x = arsinh(pace τ), which is linear first and then logarithmic."""

    def time(x: Array) -> Array:
        return jnp.minimum(jnp.sinh(x) / pace, end)

    def spent(x: Array, *_: Array) -> Array:
        return law.effort(time(x), state(time(x)))

    def slope(x: Array) -> Array:
        return law.demand(state(time(x))) * jnp.cosh(x) / pace

    low, high = jnp.zeros_like(end), jnp.arcsinh(end * pace)
    middle = (low + high) / 2
    return time(root(spent, slope, effort, (middle, spent(middle)), low, high))
