"""Steps: where a training is recorded, where a curve is drawn."""

import numpy as np
from numpy.typing import ArrayLike

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError

MOST = 1000


def record_steps(steps: int, record: int | ArrayLike | None = None) -> np.ndarray:
    """The steps to record, [n_step] int64: 0, then every `record` up to the last.

    Args:
        steps: the last step.
        record: a spacing; or the steps themselves, strictly increasing, within 0 … steps; or None
            for the smallest spacing with at most 1000 records after the start.

    Raises:
        ArgumentError: steps or the spacing is less than 1, or the steps given are not as wanted.

    Example:
        >>> record_steps(3000)[[0, 1, -1]], record_steps(10, 4)
        (array([   0,    3, 3000]), array([ 0,  4,  8, 10]))
    """
    if not (isinstance(steps, int | np.integer) and 1 <= steps < 2**31):
        raise ArgumentError(f"steps is {steps!r}; a whole number from 1 to 2^31 − 1 is wanted")
    if record is None:
        record = -(-steps // MOST)
    if np.ndim(record) == 0:
        spacing = np.asarray(record)
        if not (np.issubdtype(spacing.dtype, np.integer) and spacing >= 1):
            raise ArgumentError(f"record is {record}; a spacing of at least 1 step is wanted")
        return np.append(np.arange(0, steps, int(spacing)), steps)
    chosen = np.asarray(record)
    if chosen.size == 0 or chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
        raise ArgumentError("record is no list of whole numbers; steps to record are wanted")
    if chosen[0] < 0 or chosen[-1] > steps or (np.diff(chosen) <= 0).any():
        raise ArgumentError(
            f"record goes from {chosen[0]} to {chosen[-1]}; it must rise strictly in 0 … {steps}"
        )
    return chosen.astype(np.int64)


def log_spaced(steps: int, n: int = 200) -> np.ndarray:
    """0, 1, … up to `steps`, at most n + 1 whole numbers that are evenly spaced in their logarithm.

    Raises:
        ArgumentError: steps or n is less than 1.

    Example:
        >>> log_spaced(100, 5)
        array([  0,   1,   3,  10,  32, 100])
    """
    if not (1 <= steps < 2**31 and n >= 1):
        raise ArgumentError(f"steps is {steps} and n is {n}; both of at least 1 are wanted")
    return np.unique(np.append(0, np.rint(np.geomspace(1, steps, n)).astype(np.int64)))


def dense(steps: np.ndarray, count: int = 400) -> np.ndarray:
    """Steps on which a curve looks smooth: from 0 or the first step to the last."""
    first = steps[steps > 0][0]
    spaced = (np.geomspace if is_logarithmic(steps) else np.linspace)(first, steps[-1], count)
    return np.unique(np.concatenate([steps[:1], spaced]))


def thinned(curves: Curves, most: int = 500) -> Curves:
    """Curves averaged over bins of steps, at most `most` of them; few steps stay as they are.

    Half of the bins would be equal in steps, half in their logarithm, so early learning keeps its
    detail. A bin is at the mean of its steps; its standard error is that of independent
    measurements.

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


def is_logarithmic(steps: np.ndarray) -> bool:
    """Whether steps are better shown on a logarithmic axis: their spacing grows along training."""
    gaps = np.diff(steps)
    return bool(gaps.max() > 20 * gaps.min() and steps[-1] > 50 * max(steps[steps > 0][0], 1e-12))
