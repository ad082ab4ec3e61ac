"""Every task trains a small network, alone and beside others."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from skillphysics import Skills, train
from skillphysics.networks.network import Learner, Network
from skillphysics.tasks import ModularArithmetic, MultitaskParity, Parities, Squares

KEY = jax.random.key(0)
XOR = {"y1": (0, 1), "y2": (2, 3)}
SKILLS = Skills.given([0.7, 0.3])
SUBSETS = np.array([[0, 1], [2, 3]])


class Tiny(Network):
    """One hidden layer; whole numbers are read as one-hot."""

    n_input: int = eqx.field(static=True)
    n_output: int = eqx.field(static=True)
    dtype: str = eqx.field(static=True, default="float32")

    def init(self, key):
        shapes = ((self.n_input, 32), (32,), (32, self.n_output))
        keys = jax.random.split(key, 3)
        return [
            jax.random.normal(k, shape, self.dtype) / np.sqrt(shape[0]).astype(self.dtype)
            for k, shape in zip(keys, shapes, strict=True)
        ]

    def __call__(self, params, inputs):
        if jnp.issubdtype(inputs.dtype, jnp.integer):
            inputs = jax.nn.one_hot(inputs, self.n_input // 2, dtype=self.dtype)
            inputs = inputs.reshape(len(inputs), -1)
        first, bias, second = params
        return jax.nn.relu(inputs @ first + bias) @ second


def multitask(n_samples, **options):
    return MultitaskParity.draw(KEY, SKILLS, SUBSETS, n_bits=6, n_samples=n_samples, **options)


TASKS = {
    "parity stream": lambda: (Parities(XOR, n_bits=6, batch_size=100, n_measure=500), 6, 2),
    "multitask ce": lambda: (
        MultitaskParity(SKILLS, SUBSETS, n_bits=6, batch_size=100, criterion="ce", n_measure=300),
        8, 2,
    ),
    "modular": lambda: (
        ModularArithmetic.draw(KEY, "add", modulus=7, batch_size=20), 14, 7,
    ),
    "squares": lambda: (Squares.draw(KEY, "code"), 2, 2),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n == "parity stream" else n for n in TASKS],
)
def test_a_network_learns(name):
    task, n_input, n_output = TASKS[name]()
    learner = Learner(Tiny(n_input, n_output), task)
    curves = train(learner, optax.adam, learning_rate=0.01, steps=400, record=100, key=KEY)
    loss, level = curves.dataset["loss"].values, curves.level.values
    assert curves.names == task.names
    assert loss[-1] < 0.3 * loss[0]
    assert level[-1].max() > 0.8
    assert level[-1].max() > level[0].max() + 0.3


@pytest.mark.parametrize("batch_size", [None, pytest.param(25, marks=pytest.mark.slow)])
def test_runs_of_different_sizes_train_as_they_do_apart(batch_size):
    options = {"batch_size": batch_size, "n_measure": 200}
    settings = {"learning_rate": 0.02, "steps": 120, "record": 40, "key": KEY}
    network = Tiny(8, 1)
    together = train(
        [Learner(network, multitask(d, capacity=120, **options)) for d in (20, 120)],
        optax.adam,
        **settings,
    )
    apart = train(Learner(network, multitask(20, **options)), optax.adam, **settings)
    np.testing.assert_allclose(together.level[0], apart.level, atol=1e-3)
    np.testing.assert_allclose(together.dataset["loss"][0], apart.dataset["loss"], rtol=1e-3)
    # The two runs do differ, so the agreement says something.
    assert abs(together.level[0] - together.level[1]).max() > 0.05


@pytest.mark.slow
def test_runs_of_different_frequencies_train_together():
    tasks = [Parities.draw(KEY, XOR, n_bits=6, n_samples=200, frequency=[1, p]) for p in (1.0, 0.1)]
    learners = [Learner(Tiny(6, 2), task) for task in tasks]
    curves = train(learners, optax.adam, learning_rate=0.01, steps=500, record=5, key=KEY)
    often, rarely = curves.learning_time(0.8).values
    assert rarely[1] > 1.2 * often[1]
    np.testing.assert_allclose(curves.dataset["run_frequency"], [[1, 1], [1, 0.1]], rtol=1e-6)


def test_float64_trains_in_float64():
    with jax.enable_x64(True):
        task = Parities.draw(KEY, XOR, n_bits=6, n_samples=50, dtype="float64")
        learner = Learner(Tiny(6, 2, "float64"), task)
        curves = train(learner, optax.adam, learning_rate=0.01, steps=50, record=25, key=KEY)
    assert curves.level.dtype == np.float64
    loss = curves.dataset["loss"].values
    assert loss.dtype == np.float64
    assert loss[-1] < loss[0]
