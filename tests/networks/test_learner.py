"""Every network learns a task in the one loop, alone and many at once."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jaxtyping import Array, Float

from skillphysics import train
from skillphysics.networks import GPT, MLP, EmbeddingMLP, Learner, Transformer
from skillphysics.tasks.task import Task

KEY = jax.random.key(0)
KEYS = list(jax.random.split(KEY, 2))


class Sums(Task):
    """Is the sum of the inputs odd? Or, of a sequence, the first? All samples are seen at once."""

    names: tuple[str, ...] = eqx.field(static=True)
    frequency: Float[Array, " one"]
    inputs: Array
    kind: str = eqx.field(static=True)

    def __init__(self, inputs, kind):
        self.names = ("odd",)
        self.frequency = jnp.ones(1, jnp.float32)
        self.inputs = jnp.asarray(inputs)
        self.kind = kind

    def batch(self, key):
        return self.inputs

    def loss(self, predict, batch):
        number = batch[:, 0] if self.kind == "last" else batch.sum(-1)
        odd = (number % 2).astype(jnp.int32)
        out = predict(batch)
        if self.kind == "number":
            return jnp.mean((out[:, 0] - odd) ** 2)
        logits = out[:, -1] if self.kind == "last" else out
        return optax.softmax_cross_entropy_with_integer_labels(logits, odd).mean()

    def measure(self, predict, key):
        loss = self.loss(predict, self.inputs)
        return {"level": 1 - loss[None], "loss": loss}


BITS = np.array(list(np.ndindex(2, 2, 2)), np.float32)
PAIRS = np.array(list(np.ndindex(4, 4)), np.int32)
LEARNERS = {
    "mlp": Learner(MLP([3, 16, 1], "tanh"), Sums(BITS, "number")),
    "embedding": Learner(EmbeddingMLP(4, dim=3, hidden=(16,)), Sums(PAIRS, "logits")),
    "transformer": Learner(Transformer(3, width=8, n_head=2), Sums(BITS, "number")),
    "gpt": Learner(GPT(4, block=2, n_layer=2, n_head=2, width=8), Sums(PAIRS, "last")),
}


# Their programs compile for many seconds.
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ("transformer", "gpt")]
OPTIONS = {"learning_rate": 0.01, "steps": 400, "record": 200}


@pytest.mark.parametrize("name", ["mlp", "embedding", *SLOW])
def test_every_network_learns_in_many_runs_at_once(name):
    curves = train(LEARNERS[name], optax.adam, key=KEYS, **OPTIONS)
    assert curves.level.dims == ("run", "step", "skill")
    loss = curves.dataset["loss"].values
    assert np.all(loss[:, 2] < 0.3 * loss[:, 0])
    assert loss[0, 0] != loss[1, 0]


@pytest.mark.parametrize("name", ["mlp", pytest.param("embedding", marks=pytest.mark.slow), *SLOW])
def test_a_run_alone_is_that_run_among_others(name):
    options = {**OPTIONS, "steps": 10, "record": 10}
    both = train(LEARNERS[name], optax.adam, key=KEYS, **options).dataset["loss"].values
    alone = train(LEARNERS[name], optax.adam, key=KEYS[1], **options).dataset["loss"].values
    np.testing.assert_allclose(alone, both[1], rtol=1e-3)


def test_widths_train_in_one_program():
    learners = [
        Learner(MLP([3, 16, 1], "tanh", width=width), Sums(BITS, "number")) for width in (1, 4, 16)
    ]
    options = {"learning_rate": 0.02, "steps": 400, "record": 400, "key": KEY}
    losses = train(learners, optax.adam, **options).dataset["loss"].values
    alone = train(learners[1], optax.adam, **options).dataset["loss"].values
    np.testing.assert_allclose(losses[1], alone, rtol=1e-2)
    # One unit cannot tell odd from even on three bits, sixteen can.
    assert losses[0, 1] > 0.1 > 0.03 > losses[2, 1]
