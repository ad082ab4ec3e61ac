"""Levenberg–Marquardt on normal equations, for several starts at once.

A fit takes milliseconds to run and seconds to compile, so only levels and their derivatives are
compiled (`skillphysics.inference.jacobian`), and the loop is plain NumPy. Tests compare its results
with those of SciPy.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from skillphysics.inference.coordinates import Layout
from skillphysics.inference.jacobian import Linearised
from skillphysics.inference.normal import Normal, order, to_layout

# Relative decrease of the squared error, expected and actual, that counts as none (MINPACK's ftol).
_NO_GAIN = 1e-6
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-2, 1e-10, 1e12
# Coordinates are logarithms: a longer step leaves the region where the linearisation is useful.
_LONGEST = 4.0
# After this many steps, starts whose squared error is this many times the least are abandoned.
_PATIENCE, _FAR = 30, 1.5


class Optimum(NamedTuple):
    """The ends of solves, one row per start.

    Attributes:
        free: the points, [n_start, n_free].
        cost: sums of squared residuals there, infinite where the theory is not finite.
        converged: whether no further decrease was expected or found.
    """

    free: np.ndarray
    cost: np.ndarray
    converged: np.ndarray

    def best(self) -> "Optimum":
        """The one with the least cost, without the axis of starts."""
        at = int(self.cost.argmin())
        return Optimum(self.free[at], self.cost[at], self.converged[at])


def least_squares(
    near: Callable[[np.ndarray], Linearised],
    layout: Layout,
    starts: np.ndarray,
    level: np.ndarray,
    weight: np.ndarray,
    most_steps: int,
) -> Optimum:
    """Local minima of Σ (weight · (theory − level))² near several starts.

    Args:
        near: levels and derivatives at points [n_start, n_free].
        layout: of the free coordinates.
        starts: [n_start, n_free]. A start that is not finite stays there, at infinite cost.
        level: the data, [n_step, n_skill], or [n_start, n_step, n_skill] if they differ between
            starts.
        weight: shaped like the data, 0 where not measured.
        most_steps: the largest number of steps.
    """
    n_start = len(starts)
    free, step = np.array(starts, dtype=np.float64), np.zeros_like(starts, dtype=np.float64)
    cost = np.full(n_start, np.inf)
    expected = np.full(n_start, np.inf)
    damping = np.full(n_start, _FIRST_DAMPING)
    converged = np.zeros(n_start, dtype=bool)
    normal: Normal | None = None
    for taken in range(most_steps):
        linear = _plain(near(free + step))
        with np.errstate(all="ignore"):
            residual = weight * (linear.level - level)
            tried = (residual**2).sum((-1, -2))
            made = Normal.of(linear, weight, residual)
            finite = np.isfinite(tried) & made.finite()
            better = finite & (tried < cost) & ~converged
            gain = np.where(np.isfinite(cost), (cost - tried) / np.maximum(cost, 1e-300), 1.0)
        # No decrease expected and none found, even if rounding made it slightly worse.
        converged |= (taken > 0) & (expected < _NO_GAIN) & (gain < _NO_GAIN) & finite
        free[better] += step[better]
        cost[better] = tried[better]
        normal = made if normal is None else normal.replaced(better, made)
        damping = np.where(better, np.maximum(damping / 5, _LEAST_DAMPING), 4 * damping)
        going = np.isfinite(cost) & ~converged & (damping < _MOST_DAMPING)
        # The others stop once the best has ended, if they are far from it.
        far = cost > _FAR * cost.min()
        if not going.any() or (taken > _PATIENCE and not (going & ~far).any()):
            break
        step[:] = 0
        with np.errstate(all="ignore"):
            step[going], expected[going] = _propose(
                normal.take(going), layout, damping[going], cost[going], free[going]
            )
    return Optimum(free, cost, converged)


def gauge(layout: Layout, free: np.ndarray) -> np.ndarray:
    """Normals of the forbidden directions of a step, [n_start, n_gauge, n_free].

    Entries with a fixed sum p_1 + p_2 + … move by d ln p with Σ p_i d ln p_i = 0.
    """
    normal = np.zeros((len(free), len(layout.gauge), free.shape[-1]))
    for i, place in enumerate(layout.gauge):
        share = np.exp(free[:, place] - free[:, place].max(1, keepdims=True))
        normal[:, i, place] = share / np.linalg.norm(share, axis=1, keepdims=True)
    return normal


def _plain(linear: Linearised) -> Linearised:
    """The parts as NumPy arrays."""
    return Linearised(*(np.asarray(part) for part in linear))


def _propose(
    normal: Normal, layout: Layout, damping: np.ndarray, cost: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The next step, [n_start, n_free], and the relative decrease expected from it."""
    forbidden = gauge(layout, free)[..., order(layout)]
    try:
        step, along, bent = normal.step(damping, forbidden)
    except np.linalg.LinAlgError:
        return np.zeros_like(free), np.full(len(free), np.inf)
    usable = np.asarray(np.isfinite(step).all(1))
    step, along, bent = (
        np.where(usable[:, None], step, 0), np.where(usable, along, 0), np.where(usable, bent, 0)
    )  # fmt: skip
    longest = np.abs(step).max(1, initial=0)
    cut = np.minimum(1, _LONGEST / np.maximum(longest, 1e-300))
    decrease = -(2 * cut * along + cut**2 * bent)
    expected = np.where(usable, decrease / np.maximum(cost, 1e-300), np.inf)
    return to_layout(layout, step * cut[:, None]), expected
