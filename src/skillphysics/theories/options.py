"""Options that several theories share, with the values that each may take."""

from typing import Annotated

from skillphysics.domains import FRACTION, one_of
from skillphysics.numerics import clock

Norm = Annotated[clock.Norm, one_of("l1", "l2")]
"""The norm of the gradient in the demand: "l1" (L25) or "l2" (the mean-field law of SignGD)."""

Tolerance = Annotated[float | None, FRACTION]
"""Relative and absolute tolerance of a solver; None for one that suits the dtype."""
