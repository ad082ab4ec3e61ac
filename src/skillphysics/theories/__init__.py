"""Theories of skill learning, one file each, behind the one contract `Theory`."""

from skillphysics.theories.base import Theory
from skillphysics.theories.composite import Composite
from skillphysics.theories.domino import Domino
from skillphysics.theories.linear import Linear
from skillphysics.theories.measured import Measured
from skillphysics.theories.multilinear import Multilinear
from skillphysics.theories.resource import Resource

__all__ = [
    "Composite",
    "Domino",
    "Linear",
    "Measured",
    "Multilinear",
    "Resource",
    "Theory",
]
