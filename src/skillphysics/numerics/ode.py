"""Adaptive solutions of autonomous differential equations, with forward and reverse derivatives.

The reverse pass of diffrax's `DirectAdjoint` computes the steps again. Where a step is so accurate
that its error estimate is rounding noise, another order of the same additions leads to other step
sizes. The reverse pass then joins pieces of two different step sequences, and its derivatives are
wrong. Here the step sizes are chosen once, and the solution that is differentiated only reads them.
"""

from collections.abc import Callable
from typing import Any, cast

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def solve(
    slope: Callable[[Any], Any],
    start: Any,
    end: Float[Array, ""],
    solver: diffrax.AbstractSolver,
    controller: diffrax.AbstractAdaptiveStepSizeController,
    saveat: diffrax.SaveAt,
    most_steps: int,
    first_step: Float[Array, ""] | None = None,
    over: Callable[[Float[Array, ""], Any], Array] | None = None,
) -> diffrax.Solution:
    """The solution of dy/dt = slope(y) from time 0, differentiable in both directions.

    Derivatives are those of the solution at fixed step sizes.

    Args:
        slope: dy/dt of a state, a pytree. It may close over traced arrays.
        start: the state at time 0.
        end: the last time. It has no derivative, but the times of `saveat` have.
        solver: a diffrax solver.
        controller: chooses the step sizes.
        saveat: what to save.
        most_steps: the largest number of steps, accepted or not.
        first_step: the size of the first step; None for a choice by the controller.
        over: whether to stop after the step that ends at a time and a state.

    Raises:
        RuntimeError: the solver needs more steps.

    Example:
        >>> import diffrax, jax, jax.numpy as jnp
        >>> controller = diffrax.PIDController(rtol=1e-5, atol=1e-5)
        >>> def decayed(rate):
        ...     end = jnp.array(2.0)
        ...     last = diffrax.SaveAt(t1=True)
        ...     solver = diffrax.Tsit5()
        ...     one = jnp.array(1.0)
        ...     return solve(lambda y: -rate * y, one, end, solver, controller, last, 256).ys[0]
        >>> for derivative in (jax.jacfwd, jax.jacrev):
        ...     print(f"{derivative(decayed)(0.5):.3f}")  # −2 / e
        -0.736
        -0.736
    """
    zero, end = jnp.zeros_like(end), jax.lax.stop_gradient(end)
    fixed_start = jax.tree.map(jax.lax.stop_gradient, start)
    fixed_slope = _fixed(slope, fixed_start)
    fixed_over = None if over is None else _fixed(over, zero, fixed_start)
    chosen = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda _, state, __: fixed_slope(state)),
        solver,
        zero,
        end,
        first_step,
        fixed_start,
        saveat=diffrax.SaveAt(steps=True, fn=lambda *_: None),
        stepsize_controller=controller,
        adjoint=diffrax.ForwardMode(),
        event=None if fixed_over is None else diffrax.Event(lambda t, y, _, **__: fixed_over(t, y)),
        max_steps=most_steps,
    )
    ends = cast(Array, chosen.ts)
    if over is not None:
        end = jnp.max(ends, where=jnp.isfinite(ends), initial=0)
    return diffrax.diffeqsolve(
        diffrax.ODETerm(lambda _, state, __: slope(state)),
        solver,
        zero,
        end,
        None,
        start,
        saveat=saveat,
        stepsize_controller=_Chosen(ends),
        # The default adjoint has no forward derivative.
        adjoint=diffrax.DirectAdjoint(),
        max_steps=most_steps,
    )


def _fixed(function: Callable[..., Any], *examples: Any) -> Callable[..., Any]:
    """The function without derivatives by the arrays that it closes over."""
    converted = eqx.filter_closure_convert(function, *examples)
    return jax.tree.map(
        lambda leaf: jax.lax.stop_gradient(leaf) if eqx.is_array(leaf) else leaf, converted
    )


class _Chosen(diffrax.AbstractStepSizeController[Any, Any]):
    """Steps that end at given times.

    `diffrax.StepTo` would take every entry for a step, also those that fill the array.

    Attributes:
        ends: rising, and infinite after the last step.
    """

    ends: Float[Array, " n"]

    def wrap(self, direction: Any) -> "_Chosen":
        del direction
        return self

    def init(
        self,
        terms: Any,
        t0: Any,
        t1: Any,
        y0: Any,
        dt0: Any,
        args: Any,
        func: Any,
        error_order: Any,
    ) -> tuple[Array, Array]:
        del terms, t0, t1, y0, dt0, args, func, error_order
        return self.ends[0], jnp.array(0)

    def adapt_step_size(
        self,
        t0: Any,
        t1: Any,
        y0: Any,
        y1_candidate: Any,
        args: Any,
        y_error: Any,
        error_order: Any,
        controller_state: Any,
    ) -> tuple[bool, Array, Array, bool, Array, diffrax.RESULTS]:
        del t0, y0, y1_candidate, args, y_error, error_order
        number = controller_state + 1
        return True, t1, self.ends[number], False, number, diffrax.RESULTS.successful
