"""One loop: any problem, any optimizer, many runs, to skill curves."""

from skillphysics.steps import log_spaced, record_steps
from skillphysics.training.loop import train
from skillphysics.training.problem import Problem

__all__ = ["Problem", "log_spaced", "record_steps", "train"]
