"""One loop that trains any problem with any optimizer, in many runs, to skill curves."""

from skillphysics.training.diverged import DivergedError
from skillphysics.training.loop import train
from skillphysics.training.problem import Problem

__all__ = ["DivergedError", "Problem", "train"]
