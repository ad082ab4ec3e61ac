"""A small noisy problem, and an optimizer of the package that trains on it."""

from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from skillphysics.optimizers import Optimizer, evaluated

N_STEP = 45


class Problem:
    """Gradients a ∘ (x − goal) + noise of step t; the loss knows nothing of the noise."""

    def __init__(self, *shape: int, noise: float = 0.5):
        random = np.random.default_rng(len(shape) + sum(shape))
        self.curvature = np.exp(random.normal(size=shape))
        self.goal = random.normal(size=shape)
        self.start = np.asarray(random.normal(size=shape))
        self.noise = noise * random.normal(size=(N_STEP, *shape))

    def gradient(self, x: Any, t: int) -> Any:
        return self.curvature * (x - self.goal) + self.noise[t]

    def loss(self, x: Any) -> Any:
        return (self.curvature * (x - self.goal) ** 2).sum() / 2


def transformation(make: Optimizer, rate: Any) -> Any:
    """As a training loop calls it; of no type, since a pytree of optax need not be an array."""
    return optax.with_extra_args_support(make(rate))


def paths(make: Optimizer, rate: Any, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Trained and measured parameters [n_step, ...] after each step, in double precision."""
    with jax.enable_x64(True):
        tx = transformation(make, rate)

        @jax.jit
        def step(x, state, g):
            updates, state = tx.update(g, state, x, obj_fn=problem.loss)
            return optax.apply_updates(x, updates), state

        x: Any = jnp.asarray(problem.start)
        state = tx.init(x)
        trained, measured = [], []
        for t in range(N_STEP):
            x, state = step(x, state, jnp.asarray(problem.gradient(x, t)))
            trained.append(np.asarray(x))
            measured.append(np.asarray(evaluated(x, state)))
        return np.stack(trained), np.stack(measured)


def path(make: Optimizer, rate: Any, problem: Problem) -> np.ndarray:
    return paths(make, rate, problem)[0]


def first(n: int, steps: Iterator[Any]) -> list[Any]:
    return [next(steps) for _ in range(n)]
