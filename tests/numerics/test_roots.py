"""Roots against SciPy, where Newton's method alone fails too, and their derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize

from skillphysics.numerics.roots import differentiable, root

# Increasing functions on [0, 50] with their slopes: gentle, steep, with a flat part, with a step.
FUNCTIONS = {
    "concave": (lambda x: 1 - jnp.exp(-x) + 0.01 * x, lambda x: jnp.exp(-x) + 0.01),
    "convex": (jnp.expm1, jnp.exp),
    "root": (jnp.sqrt, lambda x: 0.5 / jnp.sqrt(jnp.maximum(x, 1e-300))),
    "two rises": (
        lambda x: jnp.tanh(5 * (x - 3)) + jnp.tanh(5 * (x - 40)),
        lambda x: 5 / jnp.cosh(5 * (x - 3)) ** 2 + 5 / jnp.cosh(5 * (x - 40)) ** 2,
    ),
    "ramp": (
        lambda x: jnp.clip(x - 10, 0, 5),
        lambda x: jnp.where((x > 10) & (x < 15), 1.0, 0.0),
    ),
}


def solved(name, target, start=25.0):
    value, slope = FUNCTIONS[name]
    x = jnp.full_like(target, start)
    low, high = jnp.zeros_like(target), jnp.full_like(target, 50.0)
    return root(lambda x, *_: value(x), slope, target, (x, value(x)), low, high)


@pytest.mark.parametrize("start", [0.0, 1e-3, 25.0, 50.0])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_roots_are_those_of_brent(name, start):
    with jax.enable_x64(True):
        value, _ = FUNCTIONS[name]
        ends = np.asarray(value(jnp.array([0.0, 50.0])))
        target = ends[0] + np.array([1e-3, 0.2, 0.45, 0.7, 0.95]) * (ends[1] - ends[0])
        found = jax.jit(lambda target: solved(name, target, start))(jnp.asarray(target))
        expected = [
            optimize.root_scalar(
                lambda x, y=y: float(value(x)) - y, bracket=(0, 50), xtol=1e-14
            ).root
            for y in target
        ]
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_a_target_beyond_a_bound_has_its_root_there():
    with jax.enable_x64(True):
        found = solved("concave", jnp.array([-1.0, 0.0, 100.0]))
    np.testing.assert_allclose(found, [0, 0, 50], atol=1e-12)


def test_many_roots_at_once_are_each_alone():
    with jax.enable_x64(True):
        target = jnp.linspace(0.01, 1.2, 30)
        alone = [float(solved("concave", one[None])[0]) for one in target]
        np.testing.assert_allclose(solved("concave", target), alone, rtol=1e-12)
        mapped = jax.vmap(lambda one: solved("concave", one))(target)
    np.testing.assert_allclose(mapped, alone, rtol=1e-12)


def test_derivatives_to_third_order_are_those_of_the_inverse_function():
    with jax.enable_x64(True):

        def at(target, rate):
            def value(x):
                return jnp.expm1(rate * x), rate * jnp.exp(rate * x)

            fixed = jax.lax.stop_gradient(rate)
            found = root(
                lambda x, *_: jnp.expm1(fixed * x),
                lambda x: fixed * jnp.exp(fixed * x),
                jax.lax.stop_gradient(target),
                (jnp.asarray(1.0), jnp.expm1(fixed)),
                jnp.asarray(0.0),
                jnp.asarray(20.0),
            )
            return differentiable(value, target, found, jnp.asarray(True))

        def exact(target, rate):
            return jnp.log1p(target) / rate

        point = (jnp.asarray(3.0), jnp.asarray(0.7))
        for argument in (0, 1):
            ours, theirs = at, exact
            for _ in range(3):
                ours, theirs = jax.grad(ours, argument), jax.grad(theirs, argument)
                np.testing.assert_allclose(ours(*point), theirs(*point), rtol=1e-9)
