"""Makes a log like the sample: a small network that learns eight parities.

    python -m skillphysics.sample.make OUT.jsonl

The task is multitask sparse parity (L25 §3.3, N24) with three bits per skill and frequencies
p_k ∝ k^−2. The network is an MLP with one hidden layer of ReLU units, trained by Adam on fresh
samples. The log of the package is of such a network with one output, trained by mean squared error.
"""

import argparse
from pathlib import Path

import jax
import numpy as np

from skillphysics.io import Recorder
from skillphysics.networks import MLP, Learner
from skillphysics.optimizers import optimizer
from skillphysics.skills import Skills
from skillphysics.tasks import MultitaskParity
from skillphysics.training import train

N_SKILL, ALPHA = 8, 2.0
BITS_PER_SKILL = 3
N_BITS = N_SKILL * BITS_PER_SKILL
WIDTH, LEARNING_RATE, BATCH_SIZE, STEPS = 256, 2e-3, 2048, 12_000
N_RECORD, N_MEASURE = 60, 2_000


def skills() -> Skills:
    """The parities and how often each occurs."""
    names = tuple(f"parity {k}" for k in range(1, N_SKILL + 1))
    return Skills(names, Skills.power_law(N_SKILL, ALPHA).frequency)


def learner() -> Learner:
    """The network and its task."""
    task = MultitaskParity(
        skills(), np.arange(N_BITS).reshape(N_SKILL, BITS_PER_SKILL),
        n_bits=N_BITS, criterion="ce", batch_size=BATCH_SIZE, n_measure=N_MEASURE,
    )  # fmt: skip
    return Learner(MLP([N_SKILL + N_BITS, WIDTH, 2], "relu"), task)


def recorded(steps: int) -> np.ndarray:
    """The steps of the log: 0, then multiples of 10, evenly spaced in the logarithm."""
    return np.unique([0, *np.geomspace(20, steps, N_RECORD).round(-1)]).astype(int)


def main(out: Path, seed: int, steps: int = STEPS) -> None:
    """Train, and record the accuracy of every skill during training."""
    curves = train(
        learner(), optimizer("adam"), learning_rate=LEARNING_RATE, steps=steps,
        key=jax.random.key(seed), record=recorded(steps),
    )  # fmt: skip
    accuracy = curves.dataset["accuracy"].transpose("step", "skill").values.astype(float)
    # An accuracy of 0 or 1 has the error of half a wrong sample.
    inside = np.clip(accuracy, 0.5 / N_MEASURE, 1 - 0.5 / N_MEASURE)
    error = np.sqrt(inside * (1 - inside) / N_MEASURE)
    known = dict(zip(curves.names, np.asarray(skills().frequency).tolist(), strict=True))
    with Recorder(out, metric="accuracy", chance=0.5, frequency=known) as recorder:
        for step, shares, errors in zip(curves.steps.tolist(), accuracy, error, strict=True):
            recorder.record(
                int(step),
                dict(zip(curves.names, shares, strict=True)),
                stderr=dict(zip(curves.names, errors, strict=True)),
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    main(arguments.out, arguments.seed)
