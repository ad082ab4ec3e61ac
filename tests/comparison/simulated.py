"""Runs whose seeds scatter by a known amount, measured as accuracies on finite test sets."""

import numpy as np

from skillphysics import Curves

STEPS = np.geomspace(30, 10_000, 24).round()
HALF = np.geomspace(200, 2500, 6)
N_QUESTION = 500


def runs(
    rng: np.random.Generator,
    n_run: int = 1,
    *,
    factor: float | np.ndarray = 1.0,
    top: float | np.ndarray = 1.0,
    scatter: float = 0.2,
    half: np.ndarray = HALF,
    steps: np.ndarray = STEPS,
) -> Curves:
    """Sigmoids in ln t that reach half of `top` at `half` × `factor`, and each run a bit off."""
    times = half * factor * np.exp(scatter * rng.normal(size=(n_run, 1, half.size)))
    share = steps[:, None] ** 3 / (times**3 + steps[:, None] ** 3)
    right = rng.binomial(N_QUESTION, (1 + top * share) / 2) / N_QUESTION
    error = 2 * np.sqrt(right * (1 - right) / N_QUESTION)
    level = 2 * right - 1
    if n_run == 1:
        level, error = level[0], error[0]
    return Curves.from_arrays(steps, level, level_stderr=error)
