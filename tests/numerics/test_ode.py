"""Derivatives of solutions whose step sizes are rounding noise."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import wrightomega

from skillphysics.numerics.ode import solve

TIMES = np.array([1.0, 5.0, 9.0, 13.0, 17.0, 20.0])


def test_both_directions_give_the_derivative_over_many_steps():
    # y' = −r y / (u + 0.1), u = Σy. The first steps of a method of order 8 err by rounding only, so
    # a reverse pass that chose its own steps would take others.
    def states(rate):
        controller = diffrax.PIDController(1e-11, 1e-11)
        solution = solve(
            lambda state: -rate * state / (state.sum() + 0.1),
            start=jnp.array([1.0, 0.5]),
            end=jnp.array(20.0),
            solver=diffrax.Dopri8(),
            controller=diffrax.ClipStepSizeController(controller, step_ts=jnp.asarray(TIMES)),
            saveat=diffrax.SaveAt(ts=jnp.asarray(TIMES)),
            most_steps=512,
        )
        return solution.ys

    with jax.enable_x64(True):
        rate = 0.2
        state = np.asarray(jax.jit(states)(rate))
        forward, reverse = (
            np.asarray(jax.jit(derivative(states))(rate)) for derivative in (jax.jacfwd, jax.jacrev)
        )
    # u + 0.1 ln u = 1.5 + 0.1 ln 1.5 − r t
    total = 0.1 * wrightomega(15 + np.log(15) - 10 * rate * TIMES)
    exact = total[:, None] * [2 / 3, 1 / 3]
    np.testing.assert_allclose(state, exact, rtol=0, atol=1e-9)
    slope = -TIMES[:, None] * exact / (total + 0.1)[:, None]
    np.testing.assert_allclose(forward, slope, rtol=0, atol=1e-8)
    np.testing.assert_allclose(reverse, forward, rtol=0, atol=1e-12)
