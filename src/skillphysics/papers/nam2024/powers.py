"""Power laws in the data of N24's figures, and findings on several numbers at once."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import ArrayLike

from skillphysics.papers.claims import Finding, Verdict

EXPONENTS = (0.3, 0.6, 0.9)
"""N24's α in its figures: one less than the exponent of the frequencies."""

COLOURS = dict(zip(EXPONENTS, ("#0072b2", "#d55e00", "#009e73"), strict=True))
"""Of these exponents."""


def power(amount: ArrayLike, loss: ArrayLike) -> float:
    """The exponent x of loss ∝ amount^−x, by least squares in logarithms."""
    return float(-np.polyfit(np.log(np.asarray(amount)), np.log(np.asarray(loss)), 1)[0])


def logarithmic(axis: Axes) -> None:
    """Both axes logarithmic, with numbers at powers of ten only."""
    axis.set(xscale="log", yscale="log")
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.yaxis.set_minor_formatter(NullFormatter())


def all_near(measured: ArrayLike, expected: ArrayLike, within: float, *, why: str = "") -> Finding:
    """Several numbers, each with its own expectation; in part where only some are that near.

    Example:
        >>> all_near([1.0, 2.0], [1.0, 2.5], 0.1).verdict
        'holds in part'
    """
    numbers = np.atleast_1d(np.asarray(measured, float))
    inside = np.abs(numbers - np.asarray(expected)) <= within
    return Finding(numbers.tolist(), _verdict(inside.tolist()), None, why)


def all_hold(holds: Sequence[bool | np.bool], measured: ArrayLike, why: str = "") -> Finding:
    """Several statements, each true or false of its number; in part where only some are true."""
    numbers = np.atleast_1d(np.asarray(measured, float)).tolist()
    return Finding(numbers, _verdict(holds), None, why)


def _verdict(holds: Sequence[bool | np.bool]) -> Verdict:
    if all(holds):
        return "holds"
    return "holds in part" if any(holds) else "does not hold"
