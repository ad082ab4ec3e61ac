"""Curves as arrays for fits."""

from typing import NamedTuple

import numpy as np

from skillphysics.curves import Curves
from skillphysics.errors import FitError

FEWEST_STEPS = 3
"""The smallest number of steps that can be fitted."""
# Standard errors that are not a function of the level are raised to this share of their median.
_LEAST_STDERR = 0.25
# Squared standard errors are a quadratic of the level if half of them lie this close to it.
_QUADRATIC = 0.05
# The level of no right answer is −chance/(1 − chance); measured levels lie between both ends.
_LOWEST, _NEAR = -4.0, 0.02
# The stated error of an accuracy of 0 or 1 is 0 or a floor, which does not follow the quadratic.
_SATURATED = 0.05


class Data(NamedTuple):
    """Levels with standard errors, in float64.

    Attributes:
        steps: [n_step].
        level: [n_run, n_step, n_skill], 0 where not measured.
        stderr: like `level`; infinite where not measured. Without standard errors, 1.
        known_noise: whether the curves have standard errors.
        variance: coefficients c of the variance Σ_k c_k level^k of each skill, [n_skill, 3]; NaN
            if the standard errors do not follow such a function.
    """

    steps: np.ndarray
    level: np.ndarray
    stderr: np.ndarray
    known_noise: bool
    variance: np.ndarray

    @property
    def weight(self) -> np.ndarray:
        """1/standard error, [n_run, n_step, n_skill]; 0 where not measured."""
        return 1 / self.stderr

    @property
    def measured(self) -> np.ndarray:
        """Which levels are measured, [n_run, n_step, n_skill]."""
        return np.isfinite(self.stderr)

    @property
    def n_point(self) -> int:
        """Number of measurements."""
        return int(self.measured.sum())

    def mean(self) -> tuple[np.ndarray, np.ndarray]:
        """Weighted mean over runs and its weight, both [n_step, n_skill]; 0 where not measured."""
        square = (self.weight**2).sum(0)
        total = (self.weight**2 * self.level).sum(0)
        return total / np.where(square > 0, square, 1), np.sqrt(square)

    def before(self, n_step: int) -> "Data":
        """The same data without the measurements from step number `n_step` on."""
        kept = np.arange(self.steps.size)[:, None] < n_step
        return self._replace(stderr=np.where(kept, self.stderr, np.inf))

    def after(self, n_step: int) -> "Data":
        """The same data without the measurements before step number `n_step`."""
        kept = np.arange(self.steps.size)[:, None] >= n_step
        return self._replace(stderr=np.where(kept, self.stderr, np.inf))

    def expecting(self, level: np.ndarray) -> "Data":
        """The same data with the standard errors that are expected at other levels.

        An accuracy that happens to be high has a small stated error and attracts a fit; the error
        at the level of a theory avoids this bias. Skills whose errors do not follow a function of
        the level keep theirs.

        Args:
            level: [n_step, n_skill].
        """
        known = np.isfinite(self.variance[:, 0])
        expected = np.sqrt(_variance(np.where(known[:, None], self.variance, 1), level))
        stderr = np.where(known & self.measured, expected, self.stderr)
        return self._replace(stderr=stderr)

    def deviance(self, level: np.ndarray) -> float:
        """The deviance of levels [n_step, n_skill]: −2 ln L of the measurements up to a constant.

        It is that of binomial counts for skills whose standard errors are a function of the level,
        and the sum of squared residuals for others.
        """
        # SciPy takes longer to import than a log to read, and only fits need it.
        from scipy import special

        square = ((self.level - level) * self.weight) ** 2
        zero, one, count = _questions(self.variance)
        known = np.isfinite(count)
        half = np.where(known, 0.5 / np.where(known, count, 1), 0.25)
        share = np.clip((level - zero) / (one - zero), half, 1 - half)
        answered = np.clip((self.level - zero) / (one - zero), 0, 1)
        counted = (
            2
            * count
            * (special.rel_entr(answered, share) + special.rel_entr(1 - answered, 1 - share))
        )
        return float(np.where(known, counted, square)[self.measured].sum())


def data_of(curves: Curves) -> Data:
    """The levels and standard errors of curves.

    Raises:
        FitError: there are fewer than three steps, or a skill was never measured.
    """
    if curves.steps.size < FEWEST_STEPS:
        raise FitError(
            f"a fit needs at least {FEWEST_STEPS} steps, got {curves.steps.size}; "
            "give a log with more checkpoints"
        )
    level = _with_runs(curves, "level")
    measured = ~np.isnan(level)
    empty = ~measured.any(axis=(0, 1))
    if empty.any():
        name = curves.names[int(np.argmax(empty))]
        raise FitError(f"every skill must have measurements, and {name!r} has none; leave it out")
    known_noise = "level_stderr" in curves.dataset
    given = _with_runs(curves, "level_stderr") if known_noise else np.ones_like(level)
    known_noise = known_noise and bool((given > 0).any())
    stderr = np.where(measured, _usable(given) if known_noise else 1.0, np.inf)
    variance = np.full((level.shape[-1], 3), np.nan)
    if known_noise:
        variance = _variance_functions(level, given)
    data = Data(
        curves.steps.astype(np.float64), np.where(measured, level, 0), stderr, known_noise, variance
    )
    return data.expecting(_smooth(data))


def _with_runs(curves: Curves, name: str) -> np.ndarray:
    values = curves.dataset[name].values.astype(np.float64)
    return values if values.ndim == 3 else values[None]


def _usable(stderr: np.ndarray) -> np.ndarray:
    """Standard errors without zeros and gaps."""
    known = np.where(stderr > 0, stderr, np.nan)
    overall = np.nanmedian(known)
    # A skill without standard errors, of which nanmedian would warn, gets the overall median.
    filled = np.where(np.isnan(known).all(axis=(0, 1)), overall, known)
    typical = np.nanmedian(filled, axis=(0, 1))
    usual = np.where(np.isnan(stderr), typical, stderr)
    return np.maximum(usual, _LEAST_STDERR * typical)


def _variance_functions(level: np.ndarray, stderr: np.ndarray) -> np.ndarray:
    """For each skill, the quadratic of the level that its squared standard errors follow.

    For an accuracy a over n questions it is a(1 − a)/n, and a is linear in the level.
    """
    found = np.full((level.shape[-1], 3), np.nan)
    for skill in range(len(found)):
        x, y = level[..., skill].ravel(), stderr[..., skill].ravel() ** 2
        seen = np.isfinite(x) & (y > 0)
        if not seen.any():
            continue
        seen &= y > _SATURATED * y[seen].max()
        x, y = x[seen], y[seen]
        if np.unique(x).size < 4:
            continue
        powers = x[:, None] ** np.arange(3)
        fitted = np.linalg.lstsq(powers / y[:, None], np.ones_like(y), rcond=None)[0]
        (zero,), (one,), (count,) = _questions(fitted[None])
        holds = np.median(np.abs(powers @ fitted / y - 1)) < _QUADRATIC
        if holds and count > 1 and _LOWEST < zero < x.min() + _NEAR and x.max() - _NEAR < one:
            found[skill] = fitted
    return found


def _questions(coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The levels of no right and only right answers, and the number of questions.

    The variance is (level − zero)(one − level)/count; NaN if it has another form.
    """
    c0, c1, c2 = np.moveaxis(coefficients, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.sqrt(np.where(c2 < 0, c1**2 - 4 * c2 * c0, np.nan))
        return (c1 - root) / (-2 * c2), (c1 + root) / (-2 * c2), np.where(root > 0, -1 / c2, np.nan)


def _variance(coefficients: np.ndarray, level: np.ndarray) -> np.ndarray:
    """The variance at each level, [n_step, n_skill], at least that of half a wrong answer."""
    c0, c1, c2 = coefficients.T
    zero, one, count = _questions(coefficients)
    least = np.where(np.isfinite(count), ((one - zero) / count) ** 2 / 2, 1e-6 * np.abs(c0))
    return np.maximum(c0 + c1 * level + c2 * level**2, least + 1e-300)


def _smooth(data: Data) -> np.ndarray:
    """The mean of each level and its two neighbours, [n_step, n_skill]."""
    level, weight = data.mean()
    smooth = level.copy()
    for skill in range(level.shape[1]):
        seen = np.flatnonzero(weight[:, skill])
        if seen.size >= 3:
            middle = np.convolve(level[seen, skill], np.ones(3) / 3, mode="valid")
            smooth[seen, skill] = np.concatenate([middle[:1], middle, middle[-1:]])
    return smooth
