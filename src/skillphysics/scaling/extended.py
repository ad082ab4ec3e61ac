"""N24's extended models: one constant per resource, calibrated on a network of one skill."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from skillphysics.curves import Curves
from skillphysics.domains import POSITIVE
from skillphysics.errors import ArgumentError
from skillphysics.numerics.logistic import learned, log_odds


class Calibration(NamedTuple):
    """A constant of an extended model from a least-squares fit to the curve of one skill.

    Attributes:
        constant: the constant.
        stderr: its standard error, from the curvature and the residuals.
        rms: root mean square of the residuals, in level.
    """

    constant: float
    stderr: float
    rms: float


def shot_strength(count: "ArrayLike", shots: float) -> np.ndarray:
    """R_k/S of a skill that occurs d_k times and needs D_c shots (N24, extended data model).

    It is 1 − √(1 − d_k/D_c) up to D_c, and 1 beyond.

    Args:
        count: d_k, a scalar or an array of any shape.
        shots: D_c, positive.

    Raises:
        ArgumentError: `shots` is not positive.

    Example:
        >>> shot_strength([0, 600, 900], 800.0).tolist()
        [0.0, 0.5, 1.0]
    """
    left = np.clip(1 - np.asarray(count, float) / POSITIVE.check("shots", shots), 0, 1)
    return np.asarray(1 - np.sqrt(left))


def basis_strength(n_basis: "ArrayLike", rank: "ArrayLike", per_skill: float) -> np.ndarray:
    """R_k/S of the k-th skill if skills take N_c basis functions each, in order (N24, extended).

    It is (N − (k − 1) N_c)/N_c, clipped to [0, 1].

    Args:
        n_basis: N, a scalar or an array.
        rank: k, from 1, which broadcasts with N.
        per_skill: N_c, positive.

    Raises:
        ArgumentError: `per_skill` is not positive.

    Example:
        >>> basis_strength(6, [1, 2, 3], 4.0).tolist()
        [1.0, 0.5, 0.0]
    """
    used = np.asarray(n_basis, float) / POSITIVE.check("per_skill", per_skill)
    return np.asarray(np.clip(used - (np.asarray(rank, float) - 1), 0, 1))


def calibrate_time(
    curves: Curves, *, rate: float, target_scale: float, initial_strength: float
) -> Calibration:
    """The constant c that rescales time: R/S = 1/(1 + (S/r − 1) e^{−2 η c S T}) for one skill.

    N24 replaces g_k by B g_k and writes c = B² = 1/22. Gradient flow on that definition gives
    c = B, so this function returns c itself. Multiply `rate` of a `Multilinear` theory by it.

    Args:
        curves: the level of one skill, which makes up all of the data, against steps.
        rate: η of the loss ½E(f* − f)².
        target_scale: S.
        initial_strength: r.

    Raises:
        ArgumentError: there are several skills, nothing is measured, or an argument is outside its
            domain.

    Example:
        >>> steps = np.arange(0, 50)
        >>> level = 1 / (1 + 99 * np.exp(-0.3 * steps))
        >>> curves = Curves.from_arrays(steps, level[:, None])
        >>> fitted = calibrate_time(curves, rate=1.0, target_scale=1.0, initial_strength=0.01)
        >>> round(fitted.constant, 6)
        0.15
    """
    POSITIVE.check("rate", rate)
    POSITIVE.check("target_scale", target_scale)
    if not 0 < initial_strength < target_scale / 2:
        raise ArgumentError(
            "initial_strength must be between 0 and half of target_scale "
            f"({target_scale / 2:g}), both excluded, got {initial_strength:g}",
            argument="initial_strength",
        )
    start = log_odds(initial_strength / target_scale)

    def level(steps: np.ndarray, constant: float) -> np.ndarray:
        return learned(start, rate * target_scale * constant * steps)

    steps, _ = _one_skill(curves)
    middle = -start / (2 * rate * target_scale * steps)
    return _calibrated(curves, level, middle)


def calibrate_shots(curves: Curves) -> Calibration:
    """D_c of the D_c-shot model, from the level of one skill against samples D.

    Args:
        curves: the level of one skill, with D in place of steps.

    Raises:
        ArgumentError: there are several skills, or nothing is measured.

    Example:
        >>> samples = np.array([200, 500, 900])
        >>> curves = Curves.from_arrays(samples, shot_strength(samples, 800.0)[:, None])
        >>> round(calibrate_shots(curves).constant, 3)
        800.0
    """
    return _calibrated(curves, shot_strength, _one_skill(curves)[0])


def calibrate_basis(curves: Curves) -> Calibration:
    """N_c of the N_c-basis model, from the level of one skill against N.

    Args:
        curves: the level of one skill, with N in place of steps.

    Raises:
        ArgumentError: there are several skills, or nothing is measured.

    Example:
        >>> n_basis = np.arange(1, 9)
        >>> curves = Curves.from_arrays(n_basis, basis_strength(n_basis, 1, 4.0)[:, None])
        >>> round(calibrate_basis(curves).constant, 3)
        4.0
    """

    def level(n_basis: np.ndarray, per_skill: float) -> np.ndarray:
        return basis_strength(n_basis, 1, per_skill)

    return _calibrated(curves, level, _one_skill(curves)[0])


def _calibrated(
    curves: Curves, level: Callable[[np.ndarray, float], np.ndarray], scales: np.ndarray
) -> Calibration:
    """Least squares in the logarithm of the constant, starting from the best point of a grid."""
    amount, measured = _one_skill(curves)

    def residual(logarithm: np.ndarray) -> np.ndarray:
        return level(amount, float(np.exp(logarithm[0]))) - measured

    grid = np.linspace(np.log(scales.min() / 4), np.log(scales.max() * 4), 400)
    cost = [np.sum(residual(np.array([x])) ** 2) for x in grid]
    best, gap = grid[int(np.argmin(cost))], grid[1] - grid[0]
    # The models have kinks, so the bracket is searched without derivatives.
    optimum: Any = optimize.minimize_scalar(
        lambda x: float(np.sum(residual(np.array([x])) ** 2)),
        bounds=(best - gap, best + gap),
        method="bounded",
        options={"xatol": 1e-12},
    )
    constant = float(np.exp(optimum.x))
    small = 1e-5
    slope = (residual(np.array([optimum.x + small])) - residual(np.array([optimum.x - small]))) / 2
    variance = float(optimum.fun) / max(amount.size - 1, 1)
    stderr = constant * np.sqrt(variance / max(np.sum((slope / small) ** 2), 1e-300))
    return Calibration(constant, float(stderr), float(np.sqrt(optimum.fun / amount.size)))


def _one_skill(curves: Curves) -> tuple[np.ndarray, np.ndarray]:
    """Positive amounts and the mean level there, of a single skill."""
    if len(curves.names) != 1:
        raise ArgumentError(
            f"curves must have one skill, got {len(curves.names)}; choose one with curves.select",
            argument="curves",
        )
    level = np.asarray(curves.mean_run().level.values, float)[:, 0]
    amount = np.asarray(curves.steps, float)
    kept = np.isfinite(level) & (amount > 0)
    if not kept.any():
        raise ArgumentError("curves must have a level after step 0", argument="curves")
    return amount[kept], level[kept]
