"""What a paper claims, how it is measured, and what was found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr

Data = Mapping[str, xr.Dataset]
"""The parts of a figure, by name."""

Measured = float | np.number | np.ndarray | xr.DataArray | Sequence[Any] | str
"""A number, numbers, or words."""

Verdict = Literal["holds", "holds in part", "does not hold", "not testable at this scale"]


@dataclass(frozen=True)
class Finding:
    """What was found of a claim.

    Attributes:
        measured: numbers, or words where numbers do not tell it.
        verdict: what that says of the claim.
        interval: where a single measured number lies (95 %), if it is not exact.
        why: what the verdict rests on, where it is not plain; always where it is not "holds".
    """

    measured: Measured
    verdict: Verdict
    interval: tuple[float, float] | None = None
    why: str = ""


@dataclass(frozen=True)
class Claim:
    """One quantitative or ordering statement of a paper.

    Attributes:
        id: name of the figure's recipe and of the claim: "liu2025/fig4/saturation".
        where: section and figure of the paper, or its code: "L25 §2.3, Fig 4 right".
        claim: the statement, in our words.
        expected: the number or the order that it says.
        tolerance: how near is near enough, and why.
        measure: the finding from the data of the figure's recipe.
    """

    id: str
    where: str
    claim: str
    expected: str
    tolerance: str
    measure: Callable[[Data], Finding]


def near(
    measured: Measured,
    expected: float,
    within: float,
    *,
    interval: tuple[Any, Any] | None = None,
    why: str = "",
) -> Finding:
    """A number that should be `expected`, give or take `within`.

    Where an interval is given, the claim holds in part if only part of it is that near, and is
    not testable if the interval spans all that is near while the number itself is not.

    Example:
        >>> near(2.1, 2.0, 0.2).verdict, near(2.1, 2.0, 0.2, interval=(1.9, 2.4)).verdict
        ('holds', 'holds in part')
        >>> near(2.5, 2.0, 0.2, interval=(1.0, 4.0)).verdict
        'not testable at this scale'
    """
    value = float(np.asarray(measured, float))
    told = None if interval is None else (float(interval[0]), float(interval[1]))
    ends = (value, value) if told is None else told
    inside = [abs(end - expected) <= within for end in ends]
    apart = ends[1] < expected - within or ends[0] > expected + within
    verdict: Verdict = "not testable at this scale"
    if all(inside):
        verdict = "holds"
    elif any(inside) or abs(value - expected) <= within:
        verdict = "holds in part"
    elif apart or told is None:
        verdict = "does not hold"
    return Finding(value, verdict, told, why)


def ordered(holds: bool | np.bool, measured: Measured, why: str = "") -> Finding:
    """A statement that is true or false of what was measured."""
    return Finding(measured, "holds" if holds else "does not hold", None, why)


def too_small(why: str) -> Finding:
    """The finding where a scale cannot tell."""
    return Finding("not measured", "not testable at this scale", why=why)
