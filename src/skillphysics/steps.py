"""Steps: where a training is recorded, where a curve is drawn."""

import numpy as np
from numpy.typing import ArrayLike

from skillphysics.domains import COUNT
from skillphysics.errors import ArgumentError

__all__ = ["dense", "is_logarithmic", "log_spaced", "record_steps"]

_MOST_RECORDS = 1000


def record_steps(steps: int, record: "int | ArrayLike | None" = None) -> np.ndarray:
    """The steps to record, [n_step] int64: 0, then every `record`-th, and the last.

    Args:
        steps: the last step.
        record: a spacing in steps; or the steps themselves, strictly increasing between 0 and
            `steps`; or None for the smallest spacing with at most 1000 records after the start.

    Raises:
        ArgumentError: `steps` or the spacing is not a positive integer, or the steps to record do
            not increase from 0 to `steps`.

    Example:
        >>> record_steps(3000)[[0, 1, -1]], record_steps(10, 4)
        (array([   0,    3, 3000]), array([ 0,  4,  8, 10]))
    """
    steps = COUNT.check("steps", steps)
    if record is None:
        record = -(-steps // _MOST_RECORDS)
    if np.ndim(record) == 0:
        return np.append(np.arange(0, steps, COUNT.check("record", record)), steps)
    chosen = np.asarray(record)
    if chosen.size == 0 or chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
        raise ArgumentError(
            "record must be a positive integer or a list of integers, got an array of shape "
            f"{chosen.shape} and type {chosen.dtype}",
            argument="record",
        )
    if chosen[0] < 0 or chosen[-1] > steps or (np.diff(chosen) <= 0).any():
        raise ArgumentError(
            f"record must strictly increase between 0 and {steps}, got {chosen[0]} to "
            f"{chosen[-1]}" + (" with a decrease" if (np.diff(chosen) <= 0).any() else ""),
            argument="record",
        )
    return chosen.astype(np.int64)


def log_spaced(steps: int, n: int = 200) -> np.ndarray:
    """Steps from 0 to `steps`, evenly spaced in their logarithm after 1, [n_step] int64.

    Args:
        steps: the last step.
        n: the largest number of steps after 0; rounding to integers removes some.

    Raises:
        ArgumentError: `steps` or `n` is not a positive integer.

    Example:
        >>> log_spaced(100, 5)
        array([  0,   1,   3,  10,  32, 100])
    """
    steps, n = COUNT.check("steps", steps), COUNT.check("n", n)
    return np.unique(np.append(0, np.rint(np.geomspace(1, steps, n)).astype(np.int64)))


def dense(steps: np.ndarray, count: int = 400) -> np.ndarray:
    """Steps on which a curve looks smooth: `count` or so between the first and the last.

    Args:
        steps: the steps of the curve, [n_step], increasing.
        count: how many to make, about.

    Example:
        >>> dense(np.array([0, 10]), 3).tolist()
        [0.0, 10.0]
    """
    positive = steps[steps > 0]
    if positive.size == 0:
        return steps.astype(np.float64)
    spaced = (np.geomspace if is_logarithmic(steps) else np.linspace)(positive[0], steps[-1], count)
    return np.unique(np.concatenate([steps[:1], spaced]))


def is_logarithmic(steps: np.ndarray) -> bool:
    """Whether steps are better shown on a logarithmic axis, because their spacing grows.

    Args:
        steps: increasing, [n_step].

    Example:
        >>> is_logarithmic(log_spaced(10_000)), is_logarithmic(np.arange(10_000))
        (True, False)
    """
    gaps, positive = np.diff(steps), steps[steps > 0]
    if gaps.size == 0:
        return False
    return bool(gaps.max() > 20 * gaps.min() and steps[-1] > 50 * max(positive[0], 1e-12))
