"""Where one optimizer is another, or has a closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skillphysics.optimizers import Optimizer, evaluated, optimizer, seeded

from .trained import N_STEP, Problem, path, transformation

VECTOR, MATRIX = Problem(6), Problem(4, 4)
# All gradients stay well below norm 1, where MARS clips.
SMALL = Problem(3, noise=0.01)
SMALL.start = SMALL.goal + 0.05


def one_step(make: Optimizer, g: np.ndarray) -> np.ndarray:
    """The direction of the first step from 0, downhill positive."""
    with jax.enable_x64(True):
        tx = transformation(make, 1.0)

        @jax.jit
        def step(g, x):
            return tx.update(g, tx.init(x), x, obj_fn=lambda x: (x**2).sum())[0]

        return -np.asarray(step(jnp.asarray(g), jnp.zeros(g.shape)))


@pytest.mark.parametrize(
    ("one", "other", "problem"),
    [
        (optimizer("ademamix", alpha=0), optimizer("adam"), VECTOR),
        (optimizer("sign_gd", eps=0.1), optimizer("adam", b1=0, b2=0, eps=0.1), VECTOR),
        (optimizer("signum", momentum=0), optimizer("sign_gd", eps=0), VECTOR),
        (optimizer("lion", b1=0, b2=0), optimizer("sign_gd", eps=0), VECTOR),
        (optimizer("lion", b1=0.7, b2=0.7), optimizer("signum", momentum=0.7), VECTOR),
        (optimizer("adamw", weight_decay=0), optimizer("adam"), VECTOR),
        (optimizer("sgd", nesterov=True), optimizer("sgd"), VECTOR),
        (optimizer("muon", adam_b1=0.9, adam_b2=0.999), optimizer("adam"), VECTOR),
        (
            optimizer("mars", gamma=0, weight_decay=0.1),
            optimizer("adamw", b1=0.95, b2=0.99, weight_decay=0.1),
            SMALL,
        ),
        # Without a basis for its axes.
        (optimizer("soap", max_size=3), optimizer("soap", max_size=2), MATRIX),
        # A scalar, and an axis longer than allowed, have no matrix.
        (optimizer("shampoo", eps=1e-9), optimizer("adagrad"), Problem()),
        (optimizer("shampoo", eps=1e-9, max_size=1), optimizer("adagrad"), VECTOR),
    ],
    ids=lambda value: value.label if isinstance(value, Optimizer) else "",
)
def test_one_is_the_other(one, other, problem):
    np.testing.assert_allclose(path(one, 0.05, problem), path(other, 0.05, problem), atol=1e-8)


@pytest.mark.parametrize(("values", "problem"), [({}, VECTOR), ({"max_size": 3}, MATRIX)])
def test_soap_without_rotation_is_adam_from_the_second_step_on(values, problem):
    later = Problem(*problem.start.shape)
    later.noise = np.roll(later.noise, -1, axis=0)
    soap = optimizer("soap", b1=0.9, b2=0.99, weight_decay=0, **values)
    adam = optimizer("adam", b1=0.9, b2=0.99)
    got, expected = path(soap, 0.05, problem), path(adam, 0.05, later)
    np.testing.assert_array_equal(got[0], problem.start)
    np.testing.assert_allclose(got[1:], expected[:-1], atol=1e-12)


def test_soap_in_the_axes_of_its_statistics_is_adam():
    # Diagonal gradients have eigenvectors along the axes, of whatever sign and order.
    problem = Problem(3, 3)
    for each in (problem.start, problem.goal, *problem.noise):
        each *= np.eye(3)
    later = Problem(3, 3)
    later.start, later.goal = problem.start, problem.goal
    later.noise = np.roll(problem.noise, -1, axis=0)
    # An ε that keeps Adam from blowing up rounding beside the diagonal.
    got = path(optimizer("soap", weight_decay=0, eps=0.01), 0.05, problem)
    expected = path(optimizer("adam", b1=0.95, b2=0.95, eps=0.01), 0.05, later)
    np.testing.assert_allclose(got[1:], expected[:-1], atol=1e-9)


def test_those_of_matrices_turn_with_the_problem():
    random = np.random.default_rng(0)
    turn, other = (np.linalg.qr(random.normal(size=(4, 4)))[0] for _ in range(2))
    plain, turned = Problem(4, 4), Problem(4, 4)
    plain.curvature = turned.curvature = np.ones((4, 4))
    turned.start, turned.goal = (turn @ each @ other for each in (plain.start, plain.goal))
    turned.noise = turn @ plain.noise @ other
    for name in ("soap", "shampoo", "muon"):
        expected = turn @ path(optimizer(name), 0.02, plain) @ other
        np.testing.assert_allclose(path(optimizer(name), 0.02, turned), expected, atol=1e-5)


def test_first_step_of_shampoo_has_a_closed_form():
    g = np.random.default_rng(0).normal(size=(3, 4))
    u, s, v = np.linalg.svd(g, full_matrices=False)
    # Each side divides the singular values by (s² + ε)^(1/4).
    expected = u @ np.diag(s / np.sqrt(s**2 + 0.1)) @ v
    np.testing.assert_allclose(one_step(optimizer("shampoo", eps=0.1), g), expected, atol=1e-12)
    vector = g[0]
    expected = vector / np.sqrt(vector @ vector + 0.1)
    np.testing.assert_allclose(one_step(optimizer("shampoo", eps=0.1), vector), expected)
    # One side with its diagonal alone: sums of squares down the four columns.
    got = one_step(optimizer("shampoo", eps=0.1, max_size=3), g)
    left = u @ np.diag((s**2 + 0.1) ** -0.25) @ u.T + 0.1**-0.25 * (np.eye(3) - u @ u.T)
    expected = left @ g / ((g**2).sum(0) + 0.1) ** 0.25
    np.testing.assert_allclose(got, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 3), (3, 12), (12, 3)])
@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_steps_are_nearly_orthogonal(shape, nesterov):
    random = np.random.default_rng(0)
    u, _, v = np.linalg.svd(random.normal(size=shape), full_matrices=False)
    step = one_step(optimizer("muon", nesterov=nesterov), u @ np.diag([5.0, 1.0, 0.1]) @ v)
    scale = np.sqrt(max(1, shape[1] / shape[0]))
    # Jordan's coefficients bring what is not tiny into [0.7, 1.2].
    inside = np.diag(u.T @ step @ v.T) / scale
    assert inside.min() > 0.6
    assert inside.max() < 1.25
    np.testing.assert_allclose(u @ np.diag(inside) @ v * scale, step, atol=1e-7)


@pytest.mark.parametrize("name", ["adam", "sgd", "sign_gd", "lion", "muon", "sophia"])
def test_caution_where_all_signs_agree_is_a_factor(name):
    g = np.random.default_rng(0).normal(size=6)
    plain, cautious = (one_step(optimizer(p + name), g) for p in ("", "cautious_"))
    np.testing.assert_allclose(cautious, 6 / 7 * plain, rtol=1e-12)


def test_caution_stops_what_would_climb():
    with jax.enable_x64(True):
        tx = transformation(optimizer("cautious_sgd", momentum=0.9), 1.0)
        state = tx.init(jnp.zeros(4))
        _, state = tx.update(jnp.array([1.0, 1.0, 1.0, 1.0]), state)
        # The momentum still points down all four; two gradients have turned, one is gone.
        updates, state = tx.update(jnp.array([1.0, -0.1, -0.2, 0.0]), state)
        np.testing.assert_allclose(updates, [-4 / 2 * 1.9, 0, 0, 0])
        # Where no sign agrees, nothing moves, and the momentum stays.
        updates, state = tx.update(-0.1 * jnp.ones(4), state)
        np.testing.assert_array_equal(updates, 0)


def test_small_gradients_agree_too():
    tiny = jnp.full(2, 1e-30)
    tx = transformation(optimizer("cautious_adam", eps=0), 1e-10)
    updates, _ = tx.update(tiny, tx.init(tiny), tiny)
    # Their product is below the smallest float32.
    assert (updates < 0).all()


def test_schedule_free_of_a_straight_slope():
    # Gradient 1: z falls by the rate, x is the mean of z_1 … z_t = −rate (t + 1)/2.
    with jax.enable_x64(True):
        tx = transformation(optimizer("cautious_schedule_free_sgd", b1=0.5), 0.1)
        x = jnp.zeros(())
        state = tx.init(x)
        np.testing.assert_array_equal(evaluated(x, state), x)
        tx = transformation(optimizer("schedule_free_sgd", b1=0.5), 0.1)
        state = tx.init(x)
        for t in range(1, 5):
            updates, state = tx.update(jnp.ones(()), state, x)
            x = x + updates
            np.testing.assert_allclose(evaluated(x, state), -0.1 * (t + 1) / 2)
            np.testing.assert_allclose(x, -0.1 * (t + (t + 1) / 2) / 2)


def test_schedules_are_rates_by_step():
    schedule = optax.linear_schedule(0.0, 0.1, N_STEP)
    for name in ("cautious_adamw", "schedule_free_sgd", "shampoo"):
        assert np.ptp(path(optimizer(name), schedule, VECTOR), axis=0).max() > 0.1
    # The mean weighs by squares of the largest rate so far: 0, 1, 4 → z = 0, −1, −3.
    tx = transformation(optimizer("schedule_free_sgd"), lambda step: jnp.asarray(step, jnp.float32))
    x = jnp.zeros(())
    state = tx.init(x)
    for _ in range(3):
        updates, state = tx.update(jnp.ones(()), state, x)
        x = x + updates
    np.testing.assert_allclose(evaluated(x, state), -(1 * 1 + 4 * 3) / 5, rtol=1e-6)


def test_probes_of_sophia_follow_the_key():
    hessian = np.array([[2.0, 0.7], [0.7, 1.0]])
    tx = transformation(optimizer("cautious_sophia", gamma=1.0, interval=1, b2=0.0), 0.1)

    def final(key):
        # A name that the state has too.
        params = {"key": jnp.array([0.5, 0.2])}
        state = seeded(tx.init(params), key)
        for _ in range(4):
            objective = lambda p: p["key"] @ hessian @ p["key"] / 2  # noqa: E731
            updates, state = tx.update(jax.grad(objective)(params), state, params, obj_fn=objective)
            params = jax.tree.map(jnp.add, params, updates)
        return params["key"]

    keys = jax.random.split(jax.random.key(0), 5)[jnp.array([0, 1, 2, 3, 4, 0])]
    found = jax.jit(jax.vmap(final))(keys)[:, 0]
    assert found[0] == found[-1]
    # Each run draws one sign for each of its four steps, the last of them unused.
    assert len(set(found.tolist())) > 2
    adam = optimizer("adam")(0.1).init(jnp.ones(2))
    jax.tree.map(np.testing.assert_array_equal, seeded(adam, keys[0]), adam)
