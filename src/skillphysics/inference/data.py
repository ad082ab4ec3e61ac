"""Curves as the numbers that a fit compares a theory with."""

from typing import NamedTuple

import numpy as np

from skillphysics.curves import Curves
from skillphysics.errors import FitError

# An accuracy of exactly 0 or 1 has an estimated standard error of 0, which is no certainty: no
# standard error counts as less than this share of the skill's median one.
_LEAST_STDERR = 0.25


class Data(NamedTuple):
    """Levels with weights, in float64.

    Attributes:
        steps: [n_step].
        level: [n_run, n_step, n_skill], 0 where not measured.
        weight: 1/standard error, shaped like `level`; 0 where not measured. Without standard
            errors, 1.
        known_noise: whether the curves carry standard errors.
    """

    steps: np.ndarray
    level: np.ndarray
    weight: np.ndarray
    known_noise: bool

    @property
    def n_point(self) -> int:
        """Number of measurements."""
        return int((self.weight > 0).sum())

    def before(self, n_step: int) -> "Data":
        """The same data with no weight on the steps from `n_step` on."""
        kept = np.arange(self.steps.size)[:, None] < n_step
        return self._replace(weight=np.where(kept, self.weight, 0))

    def after(self, n_step: int) -> "Data":
        """The same data with no weight on the steps before `n_step`."""
        kept = np.arange(self.steps.size)[:, None] >= n_step
        return self._replace(weight=np.where(kept, self.weight, 0))


def data_of(curves: Curves) -> Data:
    """The levels and weights of curves.

    Raises:
        FitError: there are fewer than three steps, or a skill was never measured.
    """
    if curves.steps.size < 3:
        raise FitError(
            f"the curves have {curves.steps.size} step(s); a theory of learning wants at least 3, "
            "so give a log with more checkpoints"
        )
    level = _with_runs(curves, "level")
    measured = ~np.isnan(level)
    empty = ~measured.any(axis=(0, 1))
    if empty.any():
        name = curves.names[int(np.argmax(empty))]
        raise FitError(f"the skill {name!r} was never measured; leave it out")
    known_noise = "level_stderr" in curves.dataset
    weight = _weights(_with_runs(curves, "level_stderr")) if known_noise else np.ones_like(level)
    return Data(
        curves.steps.astype(np.float64),
        np.where(measured, level, 0),
        np.where(measured, weight, 0),
        known_noise,
    )


def _with_runs(curves: Curves, name: str) -> np.ndarray:
    values = curves.dataset[name].values.astype(np.float64)
    return values if values.ndim == 3 else values[None]


def _weights(stderr: np.ndarray) -> np.ndarray:
    known = np.where(stderr > 0, stderr, np.nan)
    if np.isnan(known).all():
        return np.ones_like(stderr)
    overall = np.nanmedian(known)
    # nanmedian warns of a skill without any; the overall median stands in for it.
    filled = np.where(np.isnan(known).all(axis=(0, 1)), overall, known)
    typical = np.nanmedian(filled, axis=(0, 1))
    usual = np.where(np.isnan(stderr), typical, stderr)
    return 1 / np.maximum(usual, _LEAST_STDERR * typical)
