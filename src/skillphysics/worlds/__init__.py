"""Toy problems that an optimizer trains, cheap enough to run thousands of times.

To add a world: write a `Problem` in a module here, with `usual`, `draw` and `example`, and add its
line to `WORLDS`.
"""

from typing import Any

from skillphysics.registry import Registry
from skillphysics.worlds.geometry import Geometry
from skillphysics.worlds.matrix import Matrix
from skillphysics.worlds.multilinear_net import MultilinearNet
from skillphysics.worlds.quadratic import Quadratic
from skillphysics.worlds.vectors import VECTORS
from skillphysics.worlds.world import Usual, World, constructors

WORLDS: Registry[Any] = Registry(
    "world",
    {
        "geometry": Geometry,
        "matrix": Matrix,
        "quadratic": Quadratic,
        "multilinear-net": MultilinearNet,
    },
)
"""The worlds by public name: classes with `usual`, `draw` and `example`."""

__all__ = [
    "VECTORS",
    "WORLDS",
    "Geometry",
    "Matrix",
    "MultilinearNet",
    "Quadratic",
    "Usual",
    "World",
    "constructors",
]
