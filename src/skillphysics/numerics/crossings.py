"""Where a measured curve crosses a level, linearly between its measurements."""

import numpy as np


def first_crossing(curve: np.ndarray, steps: np.ndarray, level: float) -> float:
    """The step at which a curve first reaches a level.

    Infinite if it is measured to its end and does not; NaN if that is unknown.

    Args:
        curve: [n_step], NaN where nothing was measured.
        steps: [n_step], increasing.
        level: the level to reach.

    Example:
        >>> first_crossing(np.array([0.0, 0.5, 1.0]), np.array([0.0, 10.0, 20.0]), 0.75)
        15.0
    """
    measured = np.flatnonzero(~np.isnan(curve))
    above = np.flatnonzero(curve[measured] >= level)
    if above.size == 0:
        return _never(curve, measured)
    return _crossing(curve, steps, level, measured, int(above[0]))


def last_crossing(curve: np.ndarray, steps: np.ndarray, level: float) -> float:
    """The step after which a curve stays at a level or above, otherwise as `first_crossing`."""
    measured = np.flatnonzero(~np.isnan(curve))
    below = np.flatnonzero(curve[measured] < level)
    if measured.size == 0 or (below.size and below[-1] == measured.size - 1):
        return _never(curve, measured)
    return _crossing(curve, steps, level, measured, int(below[-1]) + 1 if below.size else 0)


def _never(curve: np.ndarray, measured: np.ndarray) -> float:
    """Of a curve that ends below the level: infinite if it is known to the end, else NaN."""
    return np.inf if measured.size and measured[-1] == curve.size - 1 else np.nan


def _crossing(
    curve: np.ndarray, steps: np.ndarray, level: float, measured: np.ndarray, place: int
) -> float:
    """The step at which a curve reaches the level, at or just before a place among `measured`."""
    first = measured[place]
    if place == 0:
        return 0.0 if steps[first] == 0 else np.nan
    last = measured[place - 1]
    share = (level - curve[last]) / (curve[first] - curve[last])
    return float(steps[last] + share * (steps[first] - steps[last]))
