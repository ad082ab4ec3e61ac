"""What every registered world must do; a new one is found here."""

import inspect
import typing

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.domains import Domain, domain_of
from skillphysics.optimizers import optimizer
from skillphysics.worlds import WORLDS

KEY = jax.random.key(0)
every_world = pytest.mark.parametrize("name", WORLDS)


def moved(world):
    """Parameters away from the start, so that nothing vanishes by symmetry."""
    params = world.init(KEY)
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    return tree.unflatten(
        [
            x + 0.1 * jax.random.normal(k, x.shape, x.dtype)
            for k, x in zip(keys, leaves, strict=True)
        ]
    )


@every_world
def test_compiled_is_eager_and_finite(name):
    world = WORLDS[name].example(KEY)
    params, batch = moved(world), world.batch(KEY)
    value, slope = jax.value_and_grad(world.loss)(params, batch)
    compiled = jax.jit(jax.value_and_grad(world.loss))(params, batch)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6),
                 (value, slope), compiled)  # fmt: skip
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((value, slope)))
    assert any(np.any(leaf != 0) for leaf in jax.tree.leaves(slope))
    measured = world.measure(params, KEY)
    again = eqx.filter_jit(world.measure)(params, KEY)
    assert measured.keys() == again.keys()
    for part in measured:
        np.testing.assert_allclose(measured[part], again[part], rtol=1e-5, atol=1e-6)


@every_world
def test_the_gradient_is_the_slope_of_the_loss(name):
    world = WORLDS[name].example(KEY)
    params, batch = moved(world), world.batch(KEY)
    slope = jax.grad(world.loss)(params, batch)
    step = jax.tree.map(lambda g: 1e-2 * g, slope)
    up, down = (
        world.loss(jax.tree.map(lambda x, d, s=sign: x + s * d, params, step), batch)
        for sign in (1, -1)
    )
    wanted = 2e-2 * sum(float((g**2).sum()) for g in jax.tree.leaves(slope))
    assert float(up - down) == pytest.approx(wanted, rel=2e-2)


@every_world
def test_shapes_names_and_precision(name):
    world = WORLDS[name].example(KEY)
    params = world.init(KEY)
    n_skill = len(world.names)
    assert world.frequency.shape == (n_skill,)
    measured = world.measure(params, KEY)
    assert measured["level"].shape == (n_skill,)
    assert measured["loss"].shape == ()
    with jax.enable_x64(True):
        kept = (world.init(KEY), jax.grad(world.loss)(params, world.batch(KEY)))
    for leaf in jax.tree.leaves((params, kept, measured)):
        assert leaf.dtype == jnp.float32


@every_world
def test_one_key_is_one_set_of_numbers(name):
    one, other = (WORLDS[name].example(KEY) for _ in range(2))
    arrays = [jax.tree.leaves((w, w.init(KEY), w.batch(KEY))) for w in (one, other)]
    assert len(arrays[0]) == len(arrays[1])
    for x, y in zip(*arrays, strict=True):
        np.testing.assert_array_equal(x, y)


@every_world
def test_levels_do_not_depend_on_the_batch(name):
    world = WORLDS[name].example(KEY)
    levels = [world.measure(moved(world), jax.random.key(i))["level"] for i in range(2)]
    np.testing.assert_array_equal(*levels)


@every_world
def test_the_usual_training_can_be_made(name):
    usual = WORLDS[name].usual
    assert optimizer(usual.optimizer)(usual.learning_rate)
    assert usual.steps >= 1
    assert usual.learning_rate > 0


@every_world
def test_every_option_of_draw_has_a_domain_and_a_text(name):
    draw = WORLDS[name].draw
    hints = typing.get_type_hints(draw, include_extras=True)
    text = inspect.getdoc(draw) or ""
    for option, parameter in inspect.signature(draw).parameters.items():
        assert f"\n    {option}: " in text
        if option in ("key", "skills"):
            continue
        assert parameter.default is not parameter.empty
        hint = hints[option]
        inner = [hint, *typing.get_args(hint)]
        assert any(isinstance(domain_of(part), Domain) for part in inner), option
