"""One skill in one run: levels against the logarithm of time."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import isotonic_regression

# A standard error estimated from an accuracy of 0 or 1 is 0, which is too small: the least one is
# this share of the median of the curve.
_LEAST_ERROR = 0.25
# A rise is significant from this many standard errors on.
_SIGNIFICANT = 3.0
# A curve has levelled off if a doubling of time adds less than this share of its rise.
_LEVELLED = 0.1


@dataclass(frozen=True, eq=False)
class Track:
    """Measured levels of one skill in one run, after step 0.

    Attributes:
        x: logarithm of the time, [n], rising.
        level: [n].
        error: standard error of each level, smoothed along the run, [n]; without those of a log,
            one estimate from the jumps between neighbours.
        known: whether the log has standard errors.
    """

    x: Float[np.ndarray, " n"]
    level: Float[np.ndarray, " n"]
    error: Float[np.ndarray, " n"]
    known: bool

    @classmethod
    def of(
        cls,
        time: Float[np.ndarray, " n_step"],
        level: Float[np.ndarray, " n_step"],
        stderr: Float[np.ndarray, " n_step"] | None,
    ) -> "Track":
        """The measured part of a curve.

        Args:
            time: steps, tokens or FLOP.
            level: NaN where not measured.
            stderr: of each level, or None.
        """
        measured = ~np.isnan(level) & (time > 0)
        x, values = np.log(time[measured]), level[measured].astype(np.float64)
        if stderr is not None and np.isfinite(stderr[measured]).any() and (stderr > 0).any():
            return cls(x, values, _smoothed(stderr[measured]), known=True)
        return cls(x, values, np.full(x.size, _noise(values)), known=False)

    @property
    def smooth(self) -> Float[np.ndarray, " n"]:
        """The rising curve closest to the levels, by weighted isotonic regression."""
        if self.x.size == 0:
            return self.level
        return isotonic_regression(self.level, weights=1 / self.error**2).x

    def rises(self) -> bool:
        """Whether the last quarter lies above the first tenth by three standard errors."""
        if self.x.size < 2:
            return False
        early = slice(0, max(self.x.size // 10, 1))
        late = slice(-max(self.x.size // 4, 1), None)
        rise = self.level[late].mean() - self.level[early].mean()
        spread = _mean_error(self.error[late]) ** 2 + _mean_error(self.error[early]) ** 2
        return bool(rise > _SIGNIFICANT * np.sqrt(spread) and rise > 0)

    def learned(self) -> bool:
        """Whether the last quarter lies above level 0 by three standard errors.

        It must also lie above by twice the error of one checkpoint, since neighbours may have the
        same error.
        """
        if self.x.size == 0:
            return False
        late = slice(-max(self.x.size // 4, 1), None)
        error = max(_SIGNIFICANT * _mean_error(self.error[late]), 2 * self.error[late].mean())
        return bool(self.level[late].mean() > error)

    def end(self, last: float) -> tuple[float, float]:
        """The level at a time and its standard error, as the mean over the fifth before it.

        Args:
            last: the time, at most that of the last measurement.
        """
        close = (self.x > np.log(0.8 * last)) & (self.x <= np.log(last) + 1e-9)
        if close.any():
            return float(self.level[close].mean()), _mean_error(self.error[close])
        return float(np.interp(np.log(last), self.x, self.level)), float(np.median(self.error))

    def levelled_off(self) -> bool:
        """Whether a doubling of time adds less than a tenth of what was learned."""
        gain, _ = self._gain()
        return gain < _LEVELLED

    def still_rises(self) -> bool:
        """Whether a doubling of time adds significantly more than that."""
        gain, error = self._gain()
        return gain - 1.645 * error > _LEVELLED

    def _gain(self) -> tuple[float, float]:
        """The gain per doubling of time near the end, as a share of the rise, and its error."""
        tail = self._tail()
        smooth = self.smooth
        rise = float(smooth[-1] - smooth[0]) if smooth.size else 0.0
        if tail.sum() < 2 or rise <= 0:
            return np.inf, 0.0
        x, level = self.x[tail] - self.x[tail].mean(), self.level[tail]
        square = float((x**2).sum())
        slope = float((x * level).sum()) / square
        error = float(np.sqrt(((x * self.error[tail]) ** 2).sum())) / square
        return slope * float(np.log(2)) / rise, error * float(np.log(2)) / rise

    def _tail(self) -> Bool[np.ndarray, " n"]:
        tail = self.x >= self.x[-1] - np.log(2)
        return tail if tail.sum() >= 3 else np.arange(self.x.size) >= self.x.size - 3


def crossing(x: Float[np.ndarray, " n"], rising: Float[np.ndarray, " n"], level: float) -> float:
    """The interpolated time at which a rising curve reaches a level; infinite if it never does."""
    reached = np.flatnonzero(rising >= level)
    if reached.size == 0:
        return np.inf
    first = int(reached[0])
    if first == 0:
        return float(x[0])
    before, after = rising[first - 1], rising[first]
    return float(x[first - 1] + (level - before) / (after - before) * (x[first] - x[first - 1]))


def _mean_error(error: Float[np.ndarray, " n"]) -> float:
    return float(np.sqrt((error**2).sum()) / error.size)


def _smoothed(stderr: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Standard errors averaged over neighbours."""
    usable = np.where(stderr > 0, stderr, np.nan)
    typical = float(np.nanmedian(usable))
    variance = np.where(np.isnan(stderr), typical, stderr) ** 2
    padded = np.pad(variance, 2, mode="edge")
    mean = np.convolve(padded, np.full(5, 0.2), mode="valid")
    return np.maximum(np.sqrt(mean), _LEAST_ERROR * typical)


def _noise(level: Float[np.ndarray, " n"]) -> float:
    """Standard error of a measurement from second differences, which are mostly noise."""
    if level.size < 3:
        return 1e-3
    bend = level[2:] - 2 * level[1:-1] + level[:-2]
    return max(float(np.median(np.abs(bend)) / (0.6745 * np.sqrt(6))), 1e-3)
