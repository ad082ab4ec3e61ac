"""Toy problems that an optimizer trains, cheap enough to run thousands of times."""

from skillphysics.worlds.geometry import Geometry
from skillphysics.worlds.matrix import Matrix
from skillphysics.worlds.multilinear_net import MultilinearNet
from skillphysics.worlds.quadratic import Quadratic
from skillphysics.worlds.vectors import VECTORS
from skillphysics.worlds.world import World

__all__ = ["VECTORS", "Geometry", "Matrix", "MultilinearNet", "Quadratic", "World"]
