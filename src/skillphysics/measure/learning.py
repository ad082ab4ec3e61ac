"""Which skills show learning."""

from typing import NamedTuple

import numpy as np

from skillphysics.curves import Curves
from skillphysics.errors import FitError
from skillphysics.measure.data import Data, data_of

SIGNIFICANT = 3.0
"""The smallest rise that counts, in standard errors."""
# With fewer measurements, noise cannot be distinguished from learning and every rise counts.
_FEW = 6


class Learning(NamedTuple):
    """Whether each skill shows learning, in arrays [n_skill].

    Attributes:
        measured: whether the skill has measurements.
        rising: whether it rises by more than its noise.
        above: whether it ends above chance by more than its noise.
    """

    measured: np.ndarray
    rising: np.ndarray
    above: np.ndarray


def learning(curves: Curves) -> Learning:
    """Which skills show learning.

    Raises:
        FitError: there are fewer than three steps, or no skill shows learning.

    Example:
        >>> learning(Curves.from_arrays([0, 1, 2], [[0.0, 0.0], [0.5, 0.0], [0.9, 0.0]])).rising
        array([ True, False])
    """
    names = np.array(curves.names)
    measured = curves.level.notnull().any([d for d in curves.level.dims if d != "skill"]).values
    if not measured.any():
        raise FitError("the curves must have measurements, got none")
    data = data_of(curves.select(names[measured]))
    rise, error = _rise(data)
    final, final_error = _final(data)
    rising, above = np.zeros((2, names.size), bool)
    rising[measured] = (rise > 0) & (rise > SIGNIFICANT * error)
    above[measured] = (final > 0) & (final > SIGNIFICANT * final_error)
    if not (rising & above).any():
        raise FitError(
            f"no skill of {curves.dataset.attrs.get('source', 'these curves')} rises above chance "
            f"by more than {SIGNIFICANT:g} standard errors; give a longer log or other skills"
        )
    return Learning(measured, rising, above)


def _rise(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """The rise of each skill from its first measurements to its last quarter, and its error."""
    level, weight = data.mean()
    n_run = data.measured.sum(0)
    rise, error = np.empty(level.shape[1]), np.empty(level.shape[1])
    for i in range(rise.size):
        seen = np.flatnonzero(weight[:, i] > 0)
        late = seen[-max(len(seen) // 4, 1) :]
        noise = _noise(data, level[seen, i], seen, i)
        rise[i] = level[late, i].mean() - level[seen[0], i]
        error[i] = noise * np.sqrt(1 / n_run[late, i].sum() + 1 / n_run[seen[0], i])
        if len(seen) < 2:
            rise[i], error[i] = 0, 1
    return rise, error


def _noise(data: Data, level: np.ndarray, seen: np.ndarray, skill: int) -> float:
    """The standard error of a measurement: as given, or from the jumps between neighbours."""
    if data.known_noise:
        return float(np.median(data.stderr[:, seen, skill][data.measured[:, seen, skill]]))
    if level.size < _FEW:
        return 0.0
    jumps = np.diff(level)
    # Most jumps of a learning curve are noise; the few large ones are learning.
    return float(np.median(np.abs(jumps)) / (0.6745 * np.sqrt(2))) if jumps.size else 1.0


def _final(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """The mean level of the last tenth of each skill's measurements, and its standard error."""
    level, weight = data.mean()
    final, error = np.empty((2, level.shape[1]))
    for i in range(final.size):
        seen = np.flatnonzero(weight[:, i] > 0)
        late = seen[-max(len(seen) // 10, 1) :]
        final[i] = level[late, i].mean()
        count = data.measured[:, late, i].sum()
        error[i] = _noise(data, level[seen, i], seen, i) / np.sqrt(count)
    return final, error
