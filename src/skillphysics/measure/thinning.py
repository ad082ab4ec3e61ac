"""Long curves with fewer steps."""

import numpy as np

from skillphysics.curves import Curves


def thinned(curves: Curves, most: int = 500) -> Curves:
    """Curves averaged over at most `most` bins of steps; curves with fewer steps are unchanged.

    Half of the bin edges are evenly spaced in steps and half in their logarithm, so early learning
    keeps its detail. A bin lies at the mean of its steps. Its standard error is that of
    independent measurements.

    Example:
        >>> import numpy as np
        >>> many = Curves.from_arrays(np.arange(10_000), np.zeros((10_000, 1)))
        >>> thinned(many).steps.size <= 500
        True
    """
    n_step = curves.steps.size
    if n_step <= most:
        return curves
    even = np.linspace(0, n_step, most // 2)
    edge = np.unique(np.concatenate([even, np.geomspace(1, n_step, most // 2)]).astype(int))
    place = np.searchsorted(edge, np.arange(n_step), side="right") - 1
    means = curves.dataset.drop_vars("level_stderr", errors="ignore").assign_coords(
        bin=("step", place)
    )
    thin = means.groupby("bin").mean().rename(bin="step")
    if "level_stderr" in curves.dataset:
        square = (curves.dataset[["level_stderr"]] ** 2).assign_coords(bin=("step", place))
        grouped = square.groupby("bin")
        error = np.sqrt(grouped.sum() / grouped.count() ** 2).rename(bin="step")
        thin = thin.assign(error.where(error > 0))
    step = np.bincount(place, curves.steps) / np.bincount(place)
    return Curves(thin.assign_coords(step=step).assign_attrs(curves.dataset.attrs))
