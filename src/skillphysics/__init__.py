"""Physics of skill learning: how, when and in what order a network learns its skills."""

from skillphysics.curves import Curves
from skillphysics.errors import SkillphysicsError
from skillphysics.inference import Comparison, Fit, bootstrap, compare, fit
from skillphysics.io import Recorder, load_curves, read_curves, write_curves
from skillphysics.report import Explanation, explain
from skillphysics.skills import Skills
from skillphysics.theories import (
    Composite,
    Domino,
    Linear,
    Measured,
    Multilinear,
    Resource,
    Theory,
)

__all__ = [
    "Comparison",
    "Composite",
    "Curves",
    "Domino",
    "Explanation",
    "Fit",
    "Linear",
    "Measured",
    "Multilinear",
    "Recorder",
    "Resource",
    "SkillphysicsError",
    "Skills",
    "Theory",
    "bootstrap",
    "compare",
    "explain",
    "fit",
    "load_curves",
    "read_curves",
    "write_curves",
]
