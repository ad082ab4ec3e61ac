"""What every optimizer must do. A new one is found and tested here without any change."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skillphysics.optimizers import OPTIMIZERS, evaluated, optimizer

from .trained import transformation

every_name = pytest.mark.parametrize(
    "name", [*OPTIMIZERS, *(f"cautious_{name}" for name in OPTIMIZERS)]
)
# Caution is one wrapper: where it sees no more than updates, two of its kind will do.
every_optimizer = pytest.mark.parametrize(
    "name", [*OPTIMIZERS, "cautious_adamw", "cautious_sophia"]
)

SHAPES = {"matrix": (2, 3), "vector": (3,)}
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
N_STEP = 200

traces: list[str] = []


def problem() -> tuple[dict, dict, dict]:
    """Curvatures, goals and starts."""
    random = np.random.default_rng(0)

    def drawn(low: float, high: float) -> dict:
        return {
            key: jnp.asarray(random.uniform(low, high, shape), jnp.float32)
            for key, shape in SHAPES.items()
        }

    return drawn(0.3, 2), drawn(-1, 1), drawn(-1, 1)


def loss(x, curvature, goal):
    each = jax.tree.map(lambda x, a, b: (a * (x - b) ** 2).sum(), x, curvature, goal)
    return sum(jax.tree.leaves(each)) / 2


@functools.partial(jax.jit, static_argnames="make")
def train(make, rate, curvature, goal, start):
    """Last parameters, and the loss after each step where it is measured."""
    traces.append(make.name)
    tx = transformation(make, rate)
    objective = functools.partial(loss, curvature=curvature, goal=goal)

    def step(carry, _):
        x, state = carry
        value, grad = jax.value_and_grad(objective)(x)
        updates, state = tx.update(
            grad, state, x, value=value, grad=grad, value_fn=objective, obj_fn=objective
        )
        x = optax.apply_updates(x, updates)
        return (x, state), objective(evaluated(x, state))

    (x, _), losses = jax.lax.scan(step, (start, tx.init(start)), length=N_STEP)
    return x, losses


@functools.cache
def at_all_rates(name):
    """Of runs side by side, one a learning rate."""
    batched = jax.vmap(functools.partial(train, optimizer(name)), in_axes=(0, None, None, None))
    return batched(jnp.asarray(RATES, jnp.float32), *problem())


@every_name
def test_the_bottom_of_a_bowl_is_reached(name):
    _, losses = at_all_rates(name)
    assert np.isfinite(losses).all()
    before = loss(problem()[2], *problem()[:2])
    # Weight decay pulls towards 0: by 1/11 of the way where it is 0.1 beside curvatures of 1.
    assert losses[:, -1].min() < 0.03 * before


@every_optimizer
def test_one_program_serves_all_rates(name):
    _, expected = at_all_rates(name)
    for i in (1, 3):
        x, losses = train(optimizer(name), jnp.float32(RATES[i]), *problem())
        # Batched products add in another order, and a sign may turn where a gradient is nearly 0.
        np.testing.assert_allclose(losses[:20], expected[i][:20], rtol=2e-3)
        assert {leaf.dtype for leaf in jax.tree.leaves(x)} == {jnp.dtype(np.float32)}
    assert traces.count(name) == 1


@every_optimizer
def test_eager_steps_are_the_compiled_ones(name):
    curvature, goal, x = problem()
    _, expected = train(optimizer(name), jnp.float32(0.03), curvature, goal, x)
    objective = functools.partial(loss, curvature=curvature, goal=goal)
    tx = transformation(optimizer(name), 0.03)
    state = tx.init(x)
    for t in range(2):
        updates, state = tx.update(jax.grad(objective)(x), state, x, obj_fn=objective)
        x = optax.apply_updates(x, updates)
        np.testing.assert_allclose(objective(evaluated(x, state)), expected[t], rtol=1e-5)


@every_name
@pytest.mark.parametrize("shape", [(), (2, 1, 3)])
def test_arrays_of_any_rank_keep_shape_and_precision(name, shape):
    tx = transformation(optimizer(name), 0.1)

    def step(x):
        state = tx.init(x)
        return state, *tx.update(x, state, x, obj_fn=lambda x: (x**2).sum())

    with jax.enable_x64(True):
        for dtype in (np.float32, np.float64):
            x = jax.ShapeDtypeStruct(shape, dtype)
            before, updates, after = jax.eval_shape(step, x)
            assert (updates.shape, updates.dtype) == (shape, dtype)
            assert jax.tree.map(_kind, before) == jax.tree.map(_kind, after)


def _kind(leaf) -> tuple:
    return leaf.shape, leaf.dtype
