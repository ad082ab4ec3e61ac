"""Levels as functions of progress x = r τ: what one clock means for each family of theories."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import special

_NEWTON_STEPS = 8


class Link(NamedTuple):
    """A level as a function of progress and of the start, F(x, b).

    Attributes:
        level: F(x, b), elementwise.
        slope: dF/dx, which for a link with a start is −dF/db.
        progress: the x at which the level is reached, for a start b.
        origin: the level at x = 0, for links without a start.
        starts: values of b to try, (0.0,) for a link without a start.
        has_start: whether b is fitted, one number for all skills.
    """

    level: Callable[[np.ndarray, float], np.ndarray]
    slope: Callable[[np.ndarray, float], np.ndarray]
    progress: Callable[[np.ndarray, float], np.ndarray]
    origin: float = 0.0
    starts: tuple[float, ...] = (0.0,)
    has_start: bool = False


def logit_of(x: np.ndarray) -> np.ndarray:
    """The s with s + e^s − 1 = x, by Newton's method from the right of the root.

    Example:
        >>> logit_of(np.array([0.0, np.e])).round(12).tolist()
        [0.0, 1.0]
    """
    s = np.minimum(x / 2, np.log1p(x))
    for _ in range(_NEWTON_STEPS):
        s = s - (s + np.expm1(s) - x) / (1 + np.exp(s))
    return s


def _ce_level(x: np.ndarray, b: float) -> np.ndarray:  # noqa: ARG001
    return special.expit(logit_of(x))


def _ce_slope(x: np.ndarray, b: float) -> np.ndarray:  # noqa: ARG001
    s = logit_of(x)
    return special.expit(s) * special.expit(-s) ** 2


def _ce_progress(level: np.ndarray, b: float) -> np.ndarray:  # noqa: ARG001
    s = special.logit(np.clip(level, 0.5, 1 - 1e-12))
    return s + np.expm1(s)


LINKS: dict[str, Link] = {
    "exponential": Link(
        lambda x, b: -np.expm1(-x),  # noqa: ARG005
        lambda x, b: np.exp(-x),  # noqa: ARG005
        lambda level, b: -np.log1p(-np.clip(level, 0, 1 - 1e-12)),  # noqa: ARG005
    ),
    "cross-entropy": Link(_ce_level, _ce_slope, _ce_progress, origin=0.5),
    "sigmoid": Link(
        lambda x, b: special.expit(x - b),
        lambda x, b: special.expit(x - b) * special.expit(b - x),
        lambda level, b: np.maximum(special.logit(np.clip(level, 1e-12, 1 - 1e-12)) + b, 0),
        starts=(2.0, 4.0, 7.0),
        has_start=True,
    ),
}
"""Links by name: 1 − e^{−x} ("exponential": the Resource family for criterion "mse" and Linear),
σ(s) with s + e^s − 1 = x ("cross-entropy": Resource for criterion "ce") and σ(x − b) ("sigmoid":
Multilinear, where b is the log-odds of 1 − r/S)."""
