"""Intervals from refits to simulated data."""

import jax
import numpy as np
import pandas as pd
from jaxtyping import PRNGKeyArray

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.inference.coordinates import to_free
from skillphysics.inference.fit import Fit, free_values
from skillphysics.inference.noise import places
from skillphysics.inference.solve import BATCH, descend
from skillphysics.inference.threads import one_blas_thread
from skillphysics.measure.data import data_of


@one_blas_thread
def bootstrap(
    fit: Fit, curves: Curves, *, key: PRNGKeyArray, draws: int = 200, confidence: float = 0.9
) -> pd.DataFrame:
    """Intervals of a fit's parameters from refits to simulated data.

    Each draw adds to the fitted levels errors of the size and the correlation along checkpoints
    that the residuals of the fit have (`Fit.noise`), and is refitted from the optimum. It sees
    curvature that the intervals of the fit do not. Both rest on the same noise.

    Args:
        fit: a fit to `curves`.
        curves: the same data.
        key: source of the errors.
        draws: how many refits.
        confidence: of the intervals, between 0 and 1.

    Returns:
        One row per parameter entry, as in `Fit.parameters`: `value` of the fit, `stderr` (standard
        deviation over the draws), `low`, `high` (percentiles).

    Raises:
        ArgumentError: `draws` is below 2 or `confidence` not between 0 and 1.
    """
    if draws < 2:
        raise ArgumentError(f"draws must be at least 2, got {draws}")
    if not 0 < confidence < 1:
        raise ArgumentError(f"confidence must be between 0 and 1, got {confidence}")
    noise = fit.noise[""]
    with jax.enable_x64(True):
        data = data_of(curves).expecting(fit.predicted.values)
        _, weight = data.mean()
        root = _root(noise.matrix(places(data.measured)))
        size = noise.scale / np.where(weight > 0, weight, np.inf)
        theory = fit.theory
        start = to_free(theory, fit.held)
        refits = []
        for batch_key in jax.random.split(key, -(-draws // BATCH)):
            error = root @ np.asarray(jax.random.normal(batch_key, (BATCH, *size.shape)))
            level = fit.predicted.values + size * error
            starts = np.broadcast_to(start, (BATCH, start.size))
            optima = descend(theory, starts, fit.held, data.steps, level, weight)
            refits += [free_values(theory, free, fit.held) for free in optima.free]
    sample = np.array(refits[:draws])
    tail = (1 - confidence) / 2
    return fit.parameters[["value"]].assign(
        stderr=sample.std(axis=0, ddof=1),
        low=np.quantile(sample, tail, axis=0),
        high=np.quantile(sample, 1 - tail, axis=0),
    )


def _root(matrix: np.ndarray) -> np.ndarray:
    """A square root; steps without a measurement share their place, so it may be singular."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0))
