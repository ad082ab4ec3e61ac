"""The learning rate that maximises the Resource model's rate of learning."""

import jax
import numpy as np
import optax
import pytest

from skillphysics.errors import ArgumentError
from skillphysics.optimizers import resource_decay
from skillphysics.theories import Resource


def test_no_other_learning_rate_learns_faster():
    frequency, scale = np.array([0.6, 0.3, 0.1]), 50.0
    steps = np.linspace(0, 400, 41)
    level = np.asarray(Resource(frequency, rate=0.01, waste=0.05).levels(steps))
    demand = (1 - level) @ frequency
    # N0 = c η², so the rate is ∝ η/(D + c η²) at a step.
    grid = np.geomspace(1e-4, 1, 20_001)
    best = [grid[np.argmax(grid / (one + scale * grid**2))] for one in demand]
    schedule = resource_decay(best[0], demand, steps)
    np.testing.assert_allclose(
        [float(np.asarray(schedule(step))) for step in steps], best, rtol=2e-3
    )


def test_optax_takes_it_under_jit():
    update = optax.sgd(resource_decay(0.5, np.array([4.0, 1.0]), np.array([0.0, 2.0])))

    @jax.jit
    def run(x):
        state, rates = update.init(x), []
        for _ in range(3):
            change, state = update.update(x, state)
            rates.append(-jax.numpy.asarray(change) / x)
        return rates

    np.testing.assert_allclose(run(np.float32(1.0)), [0.5, 0.375, 0.25], rtol=1e-6)


@pytest.mark.parametrize(
    ("peak", "demand", "steps", "said"),
    [
        (0.0, [1.0], [0.0], "peak"),
        (1.0, [0.0, 1.0], [0.0, 1.0], "demand"),
        (1.0, [1.0, -1.0], [0.0, 1.0], "demand"),
        (1.0, [1.0, 1.0], [1.0, 1.0], "steps"),
    ],
)
def test_what_cannot_be_used_is_named(peak, demand, steps, said):
    with pytest.raises(ArgumentError, match=said):
        resource_decay(peak, np.array(demand), np.array(steps))
