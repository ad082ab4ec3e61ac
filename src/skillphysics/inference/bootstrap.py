"""Intervals from refits to simulated data."""

import jax
import numpy as np
import pandas as pd
from jaxtyping import PRNGKeyArray

from skillphysics.curves import Curves
from skillphysics.domains import FRACTION, count
from skillphysics.inference.arguments import check_curves, check_key
from skillphysics.inference.coordinates import to_free
from skillphysics.inference.fit import Fit, free_values
from skillphysics.inference.noise import places
from skillphysics.inference.solve import BATCH, descend
from skillphysics.inference.threads import one_blas_thread
from skillphysics.measure.data import data_of


@one_blas_thread
def bootstrap(
    curves: Curves, fit: Fit, *, key: PRNGKeyArray, draws: int = 200, confidence: float = 0.9
) -> pd.DataFrame:
    """Intervals of a fit's parameters from refits to simulated data.

    Each draw adds errors to the fitted levels, with the size and the correlation along checkpoints
    of the residuals (`Fit.noise`), and refits from the optimum. It includes curvature that the
    intervals of the fit neglect. Both use the same noise.

    Args:
        curves: the data.
        fit: a fit to `curves`.
        key: random key of the errors.
        draws: number of refits, at least 2.
        confidence: of the intervals, between 0 and 1.

    Returns:
        One row per parameter entry, as in `Fit.parameters`: `value` of the fit, `stderr` (standard
        deviation over the draws), `low`, `high` (percentiles).

    Raises:
        ArgumentError: an argument is outside its domain.

    Example:
        >>> import numpy as np
        >>> from skillphysics.inference import fit
        >>> from skillphysics.theories import Linear
        >>> steps = np.arange(0, 100, 10.0)
        >>> noise = 0.01 * np.random.default_rng(0).normal(size=(10, 2))
        >>> curves = Curves.from_arrays(steps, 1 - np.exp(-np.outer(steps, [0.06, 0.02])) + noise)
        >>> result = fit(curves, Linear, key=jax.random.key(0))
        >>> intervals = bootstrap(curves, result, key=jax.random.key(1), draws=20)
        >>> intervals.loc[("rate", ""), ["low", "high"]].round(2).tolist()
        [0.08, 0.08]
    """
    check_curves(curves)
    check_key(key)
    count(2).check("draws", draws)
    FRACTION.check("confidence", confidence)
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
    """A square root of a matrix that may be singular: unmeasured steps share their place."""
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0))
