"""Starting points of the solver: the random theories that are closest to the data."""

from collections.abc import Collection

import numpy as np

from skillphysics.inference.coordinates import moved, to_free
from skillphysics.measure.data import Data
from skillphysics.theories.base import Parameter, Theory
from skillphysics.theories.constraints import Simplex

# Number of time scales of each theory, from far slower to far faster than the data.
N_SCALE = 10
_SLOWEST, _FASTEST = 0.03, 30.0
# Spread of the random starts in free (logarithmic) coordinates: common to all entries of a
# parameter, and individual.
_SHARED, _OWN = 2.0, 0.3


def plateau(data: Data) -> np.ndarray:
    """A rough final level of each skill, [n_skill], between 0.05 and 0.999."""
    level = np.where(data.measured, data.level, np.nan)
    return np.clip(np.nanquantile(level, 0.9, axis=(0, 1)), 0.05, 0.999)


def duration(data: Data, ceiling: np.ndarray | float = 1.0) -> np.ndarray:
    """Rough number of steps of each skill, ∫ (1 − level/ceiling) dt, [n_skill]."""
    mean, weight = data.mean()
    missing = np.clip(1 - mean / ceiling, 0, 1)
    area = np.empty(missing.shape[1])
    for skill in range(area.size):
        measured = weight[:, skill] > 0
        area[skill] = np.trapezoid(missing[measured, skill], data.steps[measured])
    return np.maximum(area, 1e-3 * np.ptp(data.steps))


def candidates(
    template: Theory, data: Data, held: Collection[str], count: int, rng: np.random.Generator
) -> np.ndarray:
    """Free coordinates of random theories around the template, each at `N_SCALE` time scales.

    Returns:
        [count, n_scale, n_free].
    """
    positive = data.steps[data.steps > 0]
    n_skill = data.level.shape[-1]
    slow = np.log(_SLOWEST * n_skill / positive[-1])
    fast = np.log(_FASTEST * n_skill / positive[0])
    scale = np.linspace(slow, fast, N_SCALE)
    free = to_free(template, tuple(held))
    parts, at = [], 0
    for p in moved(template, held):
        centre = free[at : at + p.value.size]
        at += p.value.size
        spread = _spread(p, centre, scale, positive, count, rng)
        parts.append(np.broadcast_to(spread, (count, N_SCALE, centre.size)))
    return np.concatenate(parts, axis=-1)


def _spread(
    p: Parameter,
    centre: np.ndarray,
    scale: np.ndarray,
    steps: np.ndarray,
    count: int,
    rng: np.random.Generator,
) -> np.ndarray:
    shared = _SHARED * rng.normal(size=(count, 1, 1))
    # Most starts keep the relative values of the template, which come from the data.
    size = _OWN * rng.uniform(size=(count, 1, 1)) ** 3
    own = size * rng.normal(size=(count, 1, centre.size))
    share = rng.uniform(size=(count, 1, 1))
    # The first start is the template itself, at every time scale.
    shared[0], own[0] = 0, 0
    if p.unit == "1/steps":
        # Each start shifts the grid, so that together they cover all time scales.
        return scale[None, :, None] + share * (scale[1] - scale[0]) + own
    if p.unit == "steps":
        low, high = np.log(steps[0] / 10), np.log(steps[-1] / 3)
        return low + (high - low) * share + own
    if isinstance(p.constraint, Simplex):
        # More or less hierarchical than the template.
        return centre * np.exp(shared / 3) + own
    return centre + (shared if p.value.ndim == 0 else 0.75 * shared) + own
