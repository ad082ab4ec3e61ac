"""What every registered task must do; a new one is found here."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from skillphysics.tasks import TASKS

KEY = jax.random.key(0)
every_task = pytest.mark.parametrize("name", TASKS)


def samples_of(task):
    """Inputs of a batch, or of the whole data set."""
    batch = task.batch(KEY)
    for part in (batch, getattr(task, "train", None), getattr(task, "points", None)):
        if part is not None:
            return getattr(part, "inputs", part)
    raise AssertionError(f"no inputs in {task}")


def table(task, n_output):
    """A network with one parameter per output, which sees its inputs only by their sum."""
    scale = jnp.linspace(-0.5, 0.5, n_output, dtype=jnp.float32)

    def predict(params, inputs):
        numbers = inputs.astype(jnp.float32)
        numbers = numbers if inputs.dtype == jnp.int32 and n_output > 100 else numbers.sum(-1)
        return params * jnp.sin(numbers)[..., None] + scale

    return predict


def n_output(task):
    """The number of outputs that the task accepts."""
    for number in (1, 2, 3, 5, 128):
        try:
            task.measure(lambda inputs, n=number: table(task, n)(jnp.ones(n), inputs), KEY)
        except (ValueError, TypeError):
            continue
        return number
    raise AssertionError(f"no number of outputs fits {task}")


@pytest.fixture(scope="module")
def tasks():
    made = {}
    for name in TASKS:
        task = TASKS[name].example(KEY)
        made[name] = (task, 128 if name == "text" else n_output(task))
    return made


def loss(task, predict, params, batch):
    return task.loss(lambda inputs: predict(params, inputs), batch)


@every_task
def test_compiled_is_eager_and_finite(tasks, name):
    task, number = tasks[name]
    predict, params = table(task, number), jnp.full(number, 0.3, jnp.float32)
    batch = task.batch(KEY)
    slope = jax.value_and_grad(lambda params: loss(task, predict, params, batch))
    eager, compiled = slope(params), eqx.filter_jit(slope)(params)
    for x, y in zip(eager, compiled, strict=True):
        assert np.isfinite(x).all()
        assert x.dtype == jnp.float32
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)
    assert np.any(eager[1] != 0)


@every_task
def test_levels_have_the_shape_of_the_names(tasks, name):
    task, number = tasks[name]
    predict = table(task, number)
    measured = task.measure(lambda inputs: predict(jnp.ones(number, jnp.float32), inputs), KEY)
    assert measured["level"].shape == task.frequency.shape == (len(task.names),)
    assert measured["loss"].shape == ()
    for part in measured.values():
        assert part.dtype == jnp.float32
        assert np.isfinite(part).all()
        assert part.shape in ((), (len(task.names),))
    assert (measured["level"] <= 1).all()
    assert (task.frequency > 0).all()
    assert (task.frequency <= 1).all()


@every_task
def test_one_key_is_one_set_of_numbers(name):
    one, other = (TASKS[name].example(KEY) for _ in range(2))
    arrays = [jax.tree.leaves((task, task.batch(KEY))) for task in (one, other)]
    assert len(arrays[0]) == len(arrays[1])
    for x, y in zip(*arrays, strict=True):
        np.testing.assert_array_equal(x, y)


@every_task
def test_the_task_does_not_change_along_training_in_form(name):
    task = TASKS[name].example(KEY)
    later = task.at(jnp.asarray(7, jnp.int32))
    assert jax.tree.structure(task) == jax.tree.structure(later)
    assert [x.shape for x in jax.tree.leaves(task)] == [x.shape for x in jax.tree.leaves(later)]
