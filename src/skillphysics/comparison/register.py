"""The delay of one curve against another: a shift in ln t with its interval.

The two curves are one rising function g with a shift and, if both have levelled off, with different
ceilings: level_A = g(x), level_B = c g(x − δ), x = ln t. g is a quadratic spline with rising
coefficients. The shift δ minimises the sum of squares over g (and c), and the interval ends where
this sum grows by Student's t² (a profile likelihood).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import BSpline
from scipy.optimize import minimize_scalar, nnls
from scipy.stats import t as student

from skillphysics.comparison.track import Track, crossing

# The spline has a knot at each of these shares of the rise.
_SHARES = np.array([0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97])
# Ceilings differ by at most this factor.
_MOST_CEILING = 8.0
# Factor on the interval with ceilings, in addition to the root of 1 + correlation, since g and its
# knots come from the same data. Calibrated on simulated curves of four shapes, so that the interval
# covers the truth nine times in ten (studies/compare_seeds.py).
_WIDER_WITH_CEILINGS = 1.12
# The first shifts to try, in widths of the rise.
_TRIED = np.array([-3, -1.5, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 1.5, 3])
# Shifts are searched up to this factor either way.
_MOST_FACTOR = 1e4


@dataclass(frozen=True, eq=False)
class Shift:
    """The shift of one curve against another in ln t.

    Attributes:
        value: ln(t_B/t_A).
        low: lower end of its 90 % interval from noise alone; −inf if the curves set no bound.
        high: upper end; inf if the curves set no bound.
        residuals: of both runs, in standard errors.
        n_parameter: number of parameters of the fit.
        scale: size of the residuals in standard errors, at least 1 if these are known.
    """

    value: float
    low: float
    high: float
    residuals: tuple[np.ndarray, np.ndarray]
    n_parameter: float
    scale: float

    @property
    def stderr(self) -> float:
        """Half of the interval over 1.645; infinite if an end is open."""
        return (self.high - self.low) / (2 * 1.6449)


def register(
    a: Track,
    b: Track,
    *,
    own_ceilings: bool,
    correlation: float = 0.0,
    interval: bool = True,
) -> Shift | None:
    """The shift of b against a, or None if they have no level in common.

    Args:
        a: a curve that rises.
        b: another.
        own_ceilings: whether each is relative to its own ceiling, for curves that have levelled
            off; otherwise the shift is that at equal levels.
        correlation: of the noise of neighbouring checkpoints, at least 0 and below 1.
        interval: whether to compute the interval, which takes half of the time.
    """
    initial = _start(a, b, own_ceilings)
    if initial is None:
        return None
    start, ratio = initial
    template = _Template(a, b, start, ratio, own_ceilings, correlation)
    # There may be several minima, near the shift of the crossings and near none.
    near = sorted({*(start + template.width * _TRIED), *(_TRIED[[2, 5, 8]])})
    misfits = [template.misfit(d)[0] for d in near]
    place = int(np.argmin(misfits))
    first = _least(template, near[max(place - 1, 0)], near[min(place + 1, len(near) - 1)])
    surplus = np.array(misfits) - template.misfit(first)[0]
    # Knots for this shift, so that neither curve is favoured.
    ratio = template.misfit(first)[2]
    template = _Template(a, b, first, ratio, own_ceilings, correlation)
    width = template.width
    best = _least(template, first - width / 2, first + width / 2)
    least, n_free, residuals = template.at(best)
    n_parameter = n_free + 1 + own_ceilings
    n_spare = max(a.x.size + b.x.size - n_parameter, 1.0)
    scale = float(np.sqrt(least / n_spare))
    if a.known and b.known:
        scale = max(scale, 1.0)
    if not interval:
        return Shift(best, -np.inf, np.inf, residuals, n_parameter, scale)
    wider = np.sqrt(1 + correlation) * (_WIDER_WITH_CEILINGS if own_ceilings else 1)
    allowed = (wider * scale * student.ppf(0.95, n_spare)) ** 2
    within = [best, *np.array(near)[surplus <= allowed]]
    low, high = (
        _end(template, outermost, sign * width / 8, least + allowed)
        for sign, outermost in ((-1, min(within)), (1, max(within)))
    )
    return Shift(best, low, high, residuals, n_parameter, scale)


def _least(template: "_Template", low: float, high: float) -> float:
    """The shift of the least misfit between two."""
    return float(
        minimize_scalar(
            lambda d: template.misfit(d)[0],
            bounds=(low, high),
            method="bounded",
            options={"xatol": 2e-3 * template.width},
        ).x  # pyright: ignore[reportAttributeAccessIssue]
    )


def _start(a: Track, b: Track, own_ceilings: bool) -> tuple[float, float] | None:
    """The median shift between crossings of equal levels, and the ratio of the ceilings."""
    rising_a, rising_b = a.smooth, b.smooth
    ratio = 1.0
    if own_ceilings:
        ratio = float(np.clip(rising_b[-1] / rising_a[-1], 1 / _MOST_CEILING, _MOST_CEILING))
    low = max(rising_a[0], rising_b[0] / ratio)
    high = min(rising_a[-1], rising_b[-1] / ratio)
    if not high > low:
        return None
    levels = low + (high - low) * np.array([0.25, 0.35, 0.5, 0.65, 0.75])
    return float(
        np.median(
            [
                crossing(b.x, rising_b, ratio * level) - crossing(a.x, rising_a, level)
                for level in levels
            ]
        )
    ), ratio


class _Template:
    """The common curve of two runs for a given shift."""

    def __init__(
        self, a: Track, b: Track, start: float, ratio: float, own: bool, correlation: float
    ) -> None:
        self.a, self.b, self.start, self.ratio = a, b, start, ratio
        self.own, self.correlation = own, correlation
        pooled = Track(
            *_sorted(
                np.concatenate([a.x, b.x - start]),
                np.concatenate([a.level, b.level / ratio]),
                np.concatenate([a.error, b.error / ratio]),
            ),
            known=False,
        )
        rising = pooled.smooth
        levels = rising[0] + _SHARES * (rising[-1] - rising[0])
        knots = np.array([crossing(pooled.x, rising, level) for level in levels])
        self.width = float(max(knots[-3] - knots[2], 0.05))
        lowest, highest = pooled.x[0] - 2 * self.width, pooled.x[-1] + 2 * self.width
        inner = [lowest]
        for knot in [*knots, pooled.x[-1], pooled.x[-1] + self.width]:
            if knot - inner[-1] > 0.05 * self.width:
                inner.append(knot)
        inner = np.array(
            [*inner[:-1], highest] if highest - inner[-1] < 1e-9 else [*inner, highest]
        )
        degree = 2
        self._knots = np.concatenate([[lowest] * degree, inner, [highest] * degree])
        # Sums of B-splines from the j-th on rise from 0 to 1; positive multiples of them rise.
        n = self._knots.size - degree - 1
        self._spline = BSpline(self._knots, np.tril(np.ones((n, n))), degree)
        self._range = (lowest, highest)
        _, y_a, _, y_b = self._rows(start)
        self._square = float(y_a @ y_a + y_b @ y_b)

    def _rows(self, shift: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The basis at the times of both runs, and their levels, for a shift.

        Each run takes half of the difference to the start, so that neither stays fixed.
        """
        share = (shift - self.start) / 2
        return (
            *self._whitened(self.a.x + share, self.a),
            *self._whitened(self.b.x - self.start - share, self.b),
        )

    def _whitened(
        self, x: Float[np.ndarray, " n"], run: Track
    ) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, " n"]]:
        rows = self._spline(np.clip(x, *self._range)) / run.error[:, None]
        # The constant may be of either sign, the other coefficients may not.
        rows = np.column_stack([-rows[:, 0], rows])
        return (
            _whiten(rows, self.correlation),
            _whiten((run.level / run.error)[:, None], self.correlation)[:, 0],
        )

    def misfit(self, shift: float) -> tuple[float, Float[np.ndarray, " k"], float]:
        """The least sum of squares at a shift, with coefficients and the ratio of the ceilings."""
        rows_a, y_a, rows_b, y_b = self._rows(shift)
        grams = rows_a.T @ rows_a, rows_b.T @ rows_b
        moments = rows_a.T @ y_a, rows_b.T @ y_b
        if not self.own:
            return *self._of_ratio(grams, moments, 1.0), 1.0
        log_ratio = minimize_scalar(
            lambda v: self._of_ratio(grams, moments, np.exp(v))[0],
            bounds=(np.log(self.ratio) - 0.5, np.log(self.ratio) + 0.5),
            method="bounded",
            options={"xatol": 3e-3},
        ).x  # pyright: ignore[reportAttributeAccessIssue]
        ratio = float(np.exp(log_ratio))
        return *self._of_ratio(grams, moments, ratio), ratio

    def _of_ratio(
        self,
        grams: tuple[np.ndarray, np.ndarray],
        moments: tuple[np.ndarray, np.ndarray],
        ratio: float,
    ) -> tuple[float, Float[np.ndarray, " k"]]:
        """The least sum of squares, and coefficients, for a ratio of the ceilings."""
        total = grams[0] + ratio**2 * grams[1]
        total = total + 1e-9 * np.trace(total) * np.eye(total.shape[0])
        root = np.linalg.cholesky(total)
        target = np.linalg.solve(root, moments[0] + ratio * moments[1])
        coefficients, rest = nnls(root.T, target)
        return self._square - float(target @ target) + rest**2, coefficients

    def at(self, shift: float) -> tuple[float, int, tuple[np.ndarray, np.ndarray]]:
        """The sum of squares, the number of coefficients in use, and the residuals of both runs."""
        least, coefficients, ratio = self.misfit(shift)
        rows_a, y_a, rows_b, y_b = self._rows(shift)
        residuals = y_a - rows_a @ coefficients, y_b - ratio * rows_b @ coefficients
        return least, int((coefficients > 1e-6 * coefficients.max()).sum()), residuals


def _sorted(
    x: np.ndarray, level: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    order = np.argsort(x, kind="stable")
    return x[order], level[order], error[order]


def _whiten(rows: Float[np.ndarray, "n k"], correlation: float) -> Float[np.ndarray, "n k"]:
    """Rows transformed so that their noise is independent."""
    if correlation == 0:
        return rows
    later = (rows[1:] - correlation * rows[:-1]) / np.sqrt(1 - correlation**2)
    return np.concatenate([rows[:1], later])


def _end(template: _Template, best: float, step: float, allowed: float) -> float:
    """The first shift beyond the best one at which the misfit exceeds the allowed value."""
    inside, outside = best, best + step
    while template.misfit(outside)[0] <= allowed:
        inside, step = outside, 2 * step
        outside = outside + step
        if abs(outside - best) > np.log(_MOST_FACTOR):
            return float(np.copysign(np.inf, step))
    for _ in range(7):
        middle = (inside + outside) / 2
        if template.misfit(middle)[0] <= allowed:
            inside = middle
        else:
            outside = middle
    return float((inside + outside) / 2)
