"""The solver against SciPy's, on problems with published minima (Moré, Garbow, Hillstrom 1981)."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize

from skillphysics.inference.coordinates import Layout
from skillphysics.inference.jacobian import Linearised
from skillphysics.inference.solver import least_squares

_BARD = np.array(
    [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.1, 4.39]
)
_KOWALIK_U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
_KOWALIK_Y = np.array(
    [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
)
_T = np.linspace(0, 4, 25)
_DECAY = 2 * np.exp(-1.3 * _T) + 0.5 + 0.05 * np.random.default_rng(0).normal(size=_T.size)


def rosenbrock(x):
    return jnp.stack([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def powell_singular(x):
    return jnp.stack(
        [
            x[0] + 10 * x[1],
            jnp.sqrt(5.0) * (x[2] - x[3]),
            (x[1] - 2 * x[2]) ** 2,
            jnp.sqrt(10.0) * (x[0] - x[3]) ** 2,
        ]
    )


def bard(x):
    u = jnp.arange(1, 16)
    v = 16 - u
    return _BARD - (x[0] + u / (v * x[1] + jnp.minimum(u, v) * x[2]))


def kowalik_osborne(x):
    u = _KOWALIK_U
    return _KOWALIK_Y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def decay(x):
    return x[0] * jnp.exp(-x[1] * _T) + x[2] - _DECAY


class Problem(NamedTuple):
    residuals: Callable[[jax.Array], jax.Array]
    start: list[float]
    least: float | None  # published
    accuracy: float  # of the point


# At a relative decrease of 1e-6 in the squared error a point is good to about its root, 1e-3 of a
# standard error. Powell's function is flat to fourth order, so its point is worse.
PROBLEMS = {
    "rosenbrock": Problem(rosenbrock, [-1.2, 1.0], 0.0, 1e-6),
    "powell singular": Problem(powell_singular, [3.0, -1.0, 0.0, 1.0], 0.0, 1e-2),
    "bard": Problem(bard, [1.0, 1.0, 1.0], 8.21487e-3, 1e-3),
    "kowalik osborne": Problem(kowalik_osborne, [0.25, 0.39, 0.415, 0.39], 3.07505e-4, 1e-3),
    "decay": Problem(decay, [1.0, 1.0, 0.0], None, 1e-4),
}


def solved(residuals, starts, most_steps=200):
    """A general problem: its residuals are levels of one skill, its coordinates all shared."""
    starts = np.atleast_2d(np.asarray(starts, float))
    size = residuals(jnp.asarray(starts[0])).size
    layout = Layout((), np.zeros((0, 1), int), (), np.arange(starts.shape[1]), ())

    @jax.jit
    def near(free):
        level = jax.vmap(residuals)(free)[..., None]
        by = jnp.moveaxis(jax.vmap(jax.jacfwd(residuals))(free), -1, 1)[..., None]
        none = jnp.zeros((len(free), 0, size, 1))
        return Linearised(level, none, by, jnp.zeros_like(level), none)

    shape = (size, 1)
    return least_squares(near, layout, starts, np.zeros(shape), np.ones(shape), most_steps)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_minimum_is_that_of_scipy(name):
    problem = PROBLEMS[name]
    with jax.enable_x64(True):
        found = solved(problem.residuals, problem.start).best()
        expected = optimize.least_squares(
            jax.jit(problem.residuals), problem.start, method="lm", xtol=1e-14, ftol=1e-14
        )
    least = 2 * expected.cost if problem.least is None else problem.least
    np.testing.assert_allclose(found.cost, least, rtol=5e-6, atol=1e-12)
    np.testing.assert_allclose(found.free, expected.x, rtol=0, atol=problem.accuracy)
    assert found.converged or least == 0


def test_a_batch_of_starts_is_solved_like_each_alone():
    starts = np.array([[1.0, 1.0, 0.0], [3.0, 0.5, 0.2], [0.5, 3.0, 1.0], [np.nan, 1.0, 1.0]])
    with jax.enable_x64(True):
        batch = solved(decay, starts)
        for i, start in enumerate(starts[:3]):
            alone = solved(decay, start).best()
            np.testing.assert_allclose(batch.free[i], alone.free, rtol=1e-9)
            np.testing.assert_allclose(batch.cost[i], alone.cost, rtol=1e-12)
            assert batch.converged[i]
    # The last one begins nowhere, and does not disturb the others.
    assert np.isinf(batch.cost[3])
    assert not batch.converged[3]


def test_it_stops_after_the_steps_it_is_given():
    with jax.enable_x64(True):
        few = {most: solved(rosenbrock, [-1.2, 1.0], most).best() for most in (1, 3, 8, 60)}
    assert not few[3].converged
    assert few[3].cost > few[8].cost > few[60].cost
    # The first step is the evaluation of the start.
    np.testing.assert_allclose(few[1].cost, 24.2)
    np.testing.assert_array_equal(few[1].free, [-1.2, 1.0])
