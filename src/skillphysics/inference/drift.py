"""Whether skills share one clock, as the Resource family says: a test without a fit."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from skillphysics.curves import Curves

# Nearer to 0 or 1 the logarithm is that of the noise.
_CLEAR = (0.1, 0.9)
_FEWEST = 3


class Drift(NamedTuple):
    """How much the ratio of the clocks of two skills changes while both are being learned.

    Attributes:
        factor: median over pairs of how much ln u_i/ln u_j changes, as a factor of at least 1.
        n_pair: number of pairs that could be tested; with none the factor is NaN.
    """

    factor: float
    n_pair: int


def drift(curves: Curves, ceiling: Float[np.ndarray, " n_skill"]) -> Drift:
    """The test of one clock: ln u_i/ln u_j = p_i/p_j at every step, with u = 1 − level/ceiling.

    In the Resource family −ln u_i = p_i τ(t) (L25 eq. 2-3, Fig 21), so the ratio of two skills is
    constant, whatever the clock. For neighbours in order of learning the change of its logarithm
    from the first to the last step at which both are clear of 0 and 1 is fitted by a line in ln t.

    Args:
        curves: levels, of which runs are averaged; skills in order of learning.
        ceiling: level of each skill when it is learned.

    Example:
        >>> steps = np.arange(1, 60)
        >>> one_clock = Curves.from_arrays(steps, -np.expm1(-np.outer(steps, [0.05, 0.03])))
        >>> found = drift(one_clock, np.ones(2))
        >>> round(found.factor, 6), found.n_pair
        (1.0, 1)
    """
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
