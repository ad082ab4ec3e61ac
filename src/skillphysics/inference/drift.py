"""A test, without a fit, of whether skills share one clock as in the Resource family."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from skillphysics.curves import Curves
from skillphysics.domains import POSITIVE
from skillphysics.inference.arguments import check_curves

# Closer to 0 or 1, noise dominates the logarithm.
_CLEAR = (0.1, 0.9)
_FEWEST = 3


class Drift(NamedTuple):
    """The change of the ratio of two skills' clocks while both are being learned.

    Attributes:
        factor: change of ln u_i/ln u_j, at least 1, in the median over pairs; NaN without pairs.
        n_pair: number of pairs that could be tested.
    """

    factor: float
    n_pair: int


def drift(curves: Curves, ceiling: Float[np.ndarray, " n_skill"]) -> Drift:
    """The test of one clock: ln u_i/ln u_j = p_i/p_j at every step, with u = 1 − level/ceiling.

    In the Resource family −ln u_i = p_i τ(t) (L25 eq. 2-3, Fig 21), so the ratio of two skills is
    constant for any clock. Its logarithm is fitted by a line in ln t for neighbours in the order of
    learning, over the steps at which both are clear of 0 and 1.

    Args:
        curves: levels, with skills in the order of learning. Runs are averaged.
        ceiling: level of each skill once it is learned, [n_skill].

    Raises:
        ArgumentError: `curves` are not Curves, or a ceiling is not positive.

    Example:
        >>> steps = np.arange(1, 60)
        >>> one_clock = Curves.from_arrays(steps, -np.expm1(-np.outer(steps, [0.05, 0.03])))
        >>> change = drift(one_clock, np.ones(2))
        >>> round(change.factor, 6), change.n_pair
        (1.0, 1)
    """
    check_curves(curves)
    POSITIVE.check_entries("ceiling", ceiling)
    level = curves.mean_run().level.values / ceiling
    clear = (level > _CLEAR[0]) & (level < _CLEAR[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        clock = np.log(-np.log1p(-np.where(clear, level, np.nan)))
    at = np.log(np.maximum(curves.steps, 1e-9))
    changes = []
    for first in range(level.shape[1] - 1):
        both = clear[:, first] & clear[:, first + 1]
        if both.sum() >= _FEWEST and np.ptp(at[both]) > 0:
            ratio = clock[both, first] - clock[both, first + 1]
            slope = np.polyfit(at[both], ratio, 1)[0]
            changes.append(abs(slope) * np.ptp(at[both]))
    factor = float(np.exp(np.median(changes))) if changes else np.nan
    return Drift(factor, len(changes))
