"""Physics of skill learning: how, when and in what order a network learns its skills."""

from skillphysics.comparison import RunComparison, compare_runs
from skillphysics.curves import Curves
from skillphysics.errors import SkillphysicsError
from skillphysics.graph import Graph
from skillphysics.inference import Comparison, Fit, bootstrap, compare, fit
from skillphysics.io import Recorder, load_curves, read_curves, write_curves
from skillphysics.report import Explanation, explain
from skillphysics.skills import Skills
from skillphysics.theories import (
    Composite,
    Correlated,
    Dependent,
    Domino,
    Linear,
    Measured,
    ModularDomino,
    Multilinear,
    Quanta,
    Resource,
    Theory,
)
from skillphysics.training import Problem, log_spaced, train

__all__ = [
    "Comparison",
    "Composite",
    "Correlated",
    "Curves",
    "Dependent",
    "Domino",
    "Explanation",
    "Fit",
    "Graph",
    "Linear",
    "Measured",
    "ModularDomino",
    "Multilinear",
    "Problem",
    "Quanta",
    "Recorder",
    "Resource",
    "RunComparison",
    "SkillphysicsError",
    "Skills",
    "Theory",
    "bootstrap",
    "compare",
    "compare_runs",
    "explain",
    "fit",
    "load_curves",
    "log_spaced",
    "read_curves",
    "train",
    "write_curves",
]
