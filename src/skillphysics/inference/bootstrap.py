"""Intervals from refits to resampled residuals."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from jaxtyping import PRNGKeyArray

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.inference.coordinates import at_free, to_free, values
from skillphysics.inference.data import data_of
from skillphysics.inference.fit import Fit, as_float64, table
from skillphysics.inference.solve import BATCH, MOST_STEPS, polish


def bootstrap(
    fit: Fit, curves: Curves, *, key: PRNGKeyArray, draws: int = 200, confidence: float = 0.9
) -> pd.DataFrame:
    """Intervals of a fit's parameters from refits to resampled residuals.

    Each draw adds to the fitted levels the residuals with random signs (the wild bootstrap), which
    keeps their unequal sizes, and is refitted from the optimum. It sees curvature that the
    intervals of the fit do not, and shares their assumption that the theory is right.

    Args:
        fit: a fit to `curves`.
        curves: the same data.
        key: source of the signs.
        draws: how many refits.
        confidence: of the intervals, between 0 and 1.

    Returns:
        One row per parameter entry, as in `Fit.parameters`: `value` of the fit, `stderr` (standard
        deviation over the draws), `low`, `high` (percentiles).

    Raises:
        ArgumentError: `draws` is below 2 or `confidence` not between 0 and 1.
    """
    if draws < 2:
        raise ArgumentError(f"draws is {draws}; at least 2 are wanted")
    if not 0 < confidence < 1:
        raise ArgumentError(f"confidence is {confidence}; a number between 0 and 1 is wanted")
    data = data_of(curves)
    predicted = fit.predicted.values
    # Fitted residuals are smaller than errors by the parameters that they paid for.
    inflation = np.sqrt(data.n_point / max(data.n_point - fit.n_parameter, 1))
    residual = inflation * (data.level - predicted)
    with jax.enable_x64(True):
        theory = as_float64(fit.theory)
        start = jnp.broadcast_to(to_free(theory, fit.held), (BATCH, to_free(theory, fit.held).size))
        most = jnp.asarray(MOST_STEPS)
        refits = []
        for batch_key in jax.random.split(key, -(-draws // BATCH)):
            sign = jax.random.rademacher(batch_key, (BATCH, *residual.shape), jnp.float64)
            optima = polish(theory, data, predicted + sign * residual, start, fit.held, most)
            refits.append(
                jax.vmap(lambda free: values(at_free(theory, free, fit.held), fit.held))(
                    optima.free
                )
            )
        sample = np.concatenate([np.asarray(part) for part in refits])[:draws]
    frame = table(fit.theory, [str(name) for name in curves.names], fit.held)[["value"]]
    tail = (1 - confidence) / 2
    return frame.assign(
        stderr=sample.std(axis=0, ddof=1),
        low=np.quantile(sample, tail, axis=0),
        high=np.quantile(sample, 1 - tail, axis=0),
    )
