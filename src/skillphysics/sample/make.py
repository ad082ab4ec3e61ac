"""Makes the sample log: a small network that learns eight parities of different frequencies.

    python -m skillphysics.sample.make OUT.jsonl

The task is multitask sparse parity (L25 §3.3, N24): a one-hot control selects a skill, and the
label is the parity of the three bits of that skill. Skill k is selected with probability
p_k ∝ k^−2. The network is an MLP with one hidden layer of ReLU units, trained by Adam on fresh
samples.
"""

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from skillphysics.io import Recorder
from skillphysics.skills import Skills

N_SKILL, ALPHA = 8, 2.0
BITS_PER_SKILL = 3
WIDTH, LEARNING_RATE, BATCH, STEPS = 256, 1e-3, 2048, 12_000
N_RECORD, TEST_SAMPLES = 60, 2_000


class Network(NamedTuple):
    """The parameters of the two layers."""

    hidden: Float[Array, "n_input width"]
    bias: Float[Array, " width"]
    output: Float[Array, " width"]

    def outputs(self, inputs: Float[Array, "n n_input"]) -> Float[Array, " n"]:
        """The outputs of the network, [n]."""
        return jax.nn.relu(inputs @ self.hidden + self.bias) @ self.output


def initial(key: PRNGKeyArray) -> Network:
    """A network with He initialization."""
    n_input = N_SKILL * (1 + BITS_PER_SKILL)
    hidden_key, output_key = jax.random.split(key)
    hidden = jax.random.normal(hidden_key, (n_input, WIDTH), jnp.float32) * (2 / n_input) ** 0.5
    output = jax.random.normal(output_key, (WIDTH,), jnp.float32) / WIDTH**0.5
    return Network(hidden, jnp.zeros(WIDTH, jnp.float32), output)


def samples(
    key: PRNGKeyArray, skill: Int[Array, " n"]
) -> tuple[Float[Array, "n n_input"], Float[Array, " n"]]:
    """Inputs for the given skills, and their labels, 1 or −1."""
    bits = jax.random.rademacher(key, (skill.size, N_SKILL, BITS_PER_SKILL), jnp.float32)
    control = jax.nn.one_hot(skill, N_SKILL, dtype=jnp.float32)
    label = jnp.take_along_axis(bits.prod(-1), skill[:, None], axis=1)[:, 0]
    return jnp.concatenate([control, bits.reshape(skill.size, -1)], axis=1), label


def accuracy(network: Network, key: PRNGKeyArray) -> Float[Array, " n_skill"]:
    """The share of fresh samples of each skill with the right label, [n_skill]."""
    skill = jnp.repeat(jnp.arange(N_SKILL), TEST_SAMPLES)
    inputs, label = samples(key, skill)
    return (network.outputs(inputs) * label > 0).reshape(N_SKILL, TEST_SAMPLES).mean(axis=1)


def main(out: Path, seed: int) -> None:
    """Train, and record the accuracy of every skill during training."""
    frequency = Skills.power_law(N_SKILL, ALPHA).frequency
    log_frequency = jnp.log(jnp.asarray(frequency, jnp.float32))
    optimizer = optax.adam(LEARNING_RATE)

    def loss(network: Network, key: PRNGKeyArray) -> Float[Array, ""]:
        skill_key, bits_key = jax.random.split(key)
        inputs, label = samples(
            bits_key, jax.random.categorical(skill_key, log_frequency, shape=(BATCH,))
        )
        return ((network.outputs(inputs) - label) ** 2).mean()

    @jax.jit
    def train(network: Network, state: Any, keys: PRNGKeyArray) -> tuple[Network, Any]:
        def step(carry: Any, key: PRNGKeyArray) -> tuple[Any, None]:
            network, state = carry
            updates, state = optimizer.update(jax.grad(loss)(network, key), state)
            return (optax.apply_updates(network, updates), state), None

        return jax.lax.scan(step, (network, state), keys)[0]

    initial_key, train_key, test_key = jax.random.split(jax.random.key(seed), 3)
    network = initial(initial_key)
    state = optimizer.init(network)
    steps = np.unique(np.geomspace(20, STEPS, N_RECORD).round(-1).astype(int))
    names = [f"parity {k}" for k in range(1, N_SKILL + 1)]
    measure = jax.jit(accuracy)
    known = dict(zip(names, np.asarray(frequency).tolist(), strict=True))
    with Recorder(out, metric="accuracy", chance=0.5, frequency=known) as recorder:
        before = 0
        for step in [0, *steps.tolist()]:
            if step > before:
                keys = jax.random.split(jax.random.fold_in(train_key, step), step - before)
                network, state = train(network, state, keys)
                before = step
            share = np.asarray(measure(network, jax.random.fold_in(test_key, step)), float)
            # An accuracy of 0 or 1 has the error of half a wrong sample.
            inside = np.clip(share, 0.5 / TEST_SAMPLES, 1 - 0.5 / TEST_SAMPLES)
            error = np.sqrt(inside * (1 - inside) / TEST_SAMPLES)
            recorder.record(
                step,
                dict(zip(names, share, strict=True)),
                stderr=dict(zip(names, error, strict=True)),
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    main(arguments.out, arguments.seed)
