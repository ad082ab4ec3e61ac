"""N24's extended models: one constant for each resource, calibrated on a network of one skill."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError
from skillphysics.numerics.logistic import learned, log_odds


class Calibration(NamedTuple):
    """A constant of an extended model, by least squares on the curve of one skill.

    Attributes:
        constant: the constant.
        stderr: its standard error, from the curvature and the residuals.
        rms: root mean square of the residuals in the level.
    """

    constant: float
    stderr: float
    rms: float


def shot_strength(count: ArrayLike, shots: float) -> np.ndarray:
    """R_k/S of a skill seen d_k times that takes D_c shots (N24, extended data model).

    1 − √(1 − d_k/D_c) below D_c, and 1 from there on.

    Example:
        >>> shot_strength([0, 600, 900], 800.0).tolist()
        [0.0, 0.5, 1.0]
    """
    left = np.clip(1 - np.asarray(count, float) / _positive("shots", shots), 0, 1)
    return np.asarray(1 - np.sqrt(left))


def basis_strength(n_basis: ArrayLike, rank: ArrayLike, per_skill: float) -> np.ndarray:
    """R_k/S of the k-th skill where each takes N_c basis functions, in order (N24, extended).

    (N − (k − 1) N_c)/N_c, within 0 and 1.

    Example:
        >>> basis_strength(6, [1, 2, 3], 4.0).tolist()
        [1.0, 0.5, 0.0]
    """
    used = np.asarray(n_basis, float) / _positive("per_skill", per_skill)
    return np.asarray(np.clip(used - (np.asarray(rank, float) - 1), 0, 1))


def calibrate_time(
    curves: Curves, *, rate: float, target_scale: float, initial_strength: float
) -> Calibration:
    """The constant c that rescales time: R/S = 1/(1 + (S/r − 1) e^{−2 η c S T}) for one skill.

    N24 replaces g_k by B g_k and writes c = B² = 1/22. Gradient flow on that definition gives
    c = B, so the constant itself is given here. Multiply `rate` of a `Multilinear` theory by it.

    Args:
        curves: the level of one skill that makes all of the data, against steps.
        rate: η of the loss ½E(f* − f)².
        target_scale: S.
        initial_strength: r.

    Raises:
        ArgumentError: there are several skills, nothing is measured, or an argument is out of its
            range.
    """
    for name, value in (("rate", rate), ("target_scale", target_scale)):
        if not 0 < value < np.inf:
            raise ArgumentError(f"{name} is {value}; a positive finite number is wanted")
    if not 0 < initial_strength < target_scale / 2:
        raise ArgumentError(
            f"initial_strength is {initial_strength}; a number between 0 and half of target_scale "
            f"{target_scale} is wanted"
        )
    start = log_odds(initial_strength / target_scale)

    def level(steps: np.ndarray, constant: float) -> np.ndarray:
        return learned(start, rate * target_scale * constant * steps)

    steps, _ = _one_skill(curves)
    middle = -start / (2 * rate * target_scale * steps)
    return _calibrated(curves, level, middle)


def calibrate_shots(curves: Curves) -> Calibration:
    """D_c of the D_c-shot model, from the level of one skill against samples D (as steps)."""
    return _calibrated(curves, shot_strength, _one_skill(curves)[0])


def calibrate_basis(curves: Curves) -> Calibration:
    """N_c of the N_c-basis model, from the level of one skill against N (as steps)."""

    def level(n_basis: np.ndarray, per_skill: float) -> np.ndarray:
        return basis_strength(n_basis, 1, per_skill)

    return _calibrated(curves, level, _one_skill(curves)[0])


def _calibrated(
    curves: Curves, level: Callable[[np.ndarray, float], np.ndarray], scales: np.ndarray
) -> Calibration:
    """Least squares in the logarithm of the constant, from the best of a grid around the data."""
    amount, measured = _one_skill(curves)

    def residual(logarithm: np.ndarray) -> np.ndarray:
        return level(amount, float(np.exp(logarithm[0]))) - measured

    grid = np.linspace(np.log(scales.min() / 4), np.log(scales.max() * 4), 400)
    cost = [np.sum(residual(np.array([x])) ** 2) for x in grid]
    best, gap = grid[int(np.argmin(cost))], grid[1] - grid[0]
    # The models have kinks at single points, so the bracket is searched without derivatives.
    found: Any = optimize.minimize_scalar(
        lambda x: float(np.sum(residual(np.array([x])) ** 2)),
        bounds=(best - gap, best + gap),
        method="bounded",
        options={"xatol": 1e-12},
    )
    constant = float(np.exp(found.x))
    small = 1e-5
    slope = (residual(np.array([found.x + small])) - residual(np.array([found.x - small]))) / 2
    variance = float(found.fun) / max(amount.size - 1, 1)
    stderr = constant * np.sqrt(variance / max(np.sum((slope / small) ** 2), 1e-300))
    return Calibration(constant, float(stderr), float(np.sqrt(found.fun / amount.size)))


def _one_skill(curves: Curves) -> tuple[np.ndarray, np.ndarray]:
    """Positive amounts and the mean level there, of a single skill."""
    if len(curves.names) != 1:
        raise ArgumentError(f"the curves have {len(curves.names)} skills; one skill is wanted")
    level = np.asarray(curves.mean_run().level.values, float)[:, 0]
    amount = np.asarray(curves.steps, float)
    kept = np.isfinite(level) & (amount > 0)
    if not kept.any():
        raise ArgumentError("the curve has no level after step 0; at least one is wanted")
    return amount[kept], level[kept]


def _positive(name: str, value: float) -> float:
    if not value > 0:
        raise ArgumentError(f"{name} is {value}; a positive number is wanted")
    return value
