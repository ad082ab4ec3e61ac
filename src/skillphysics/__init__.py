"""Physics of skill learning: how, when and in what order a network learns its skills.

The nouns are here; what belongs to one subject has a room of its own, such as `worlds` or
`optimizers`. Both are imported when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skillphysics import (
        comparison,
        experiments,
        inference,
        io,
        measure,
        networks,
        optimizers,
        papers,
        plotting,
        report,
        scaling,
        sweeps,
        tasks,
        theories,
        training,
        worlds,
    )
    from skillphysics.comparison import RunComparison, compare_runs
    from skillphysics.curves import Curves
    from skillphysics.errors import SkillphysicsError
    from skillphysics.graph import Graph
    from skillphysics.inference import Comparison, Fit, bootstrap, compare, fit
    from skillphysics.io import Recorder, read_curves
    from skillphysics.plotting import plot
    from skillphysics.report import Explanation, explain
    from skillphysics.skills import Skills
    from skillphysics.steps import log_spaced
    from skillphysics.sweeps import sweep
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
    from skillphysics.training import Problem, train

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
    "comparison",
    "experiments",
    "explain",
    "fit",
    "inference",
    "io",
    "log_spaced",
    "measure",
    "networks",
    "optimizers",
    "papers",
    "plot",
    "plotting",
    "read_curves",
    "report",
    "scaling",
    "sweep",
    "sweeps",
    "tasks",
    "theories",
    "train",
    "training",
    "worlds",
]

# Where each name lives. Reading a log must not wait for JAX, so a name is imported when it is used.
_HOMES = {
    "comparison": "RunComparison compare_runs",
    "curves": "Curves",
    "errors": "SkillphysicsError",
    "graph": "Graph",
    "inference": "Comparison Fit bootstrap compare fit",
    "io": "Recorder read_curves",
    "plotting": "plot",
    "report": "Explanation explain",
    "skills": "Skills",
    "theories": "Composite Correlated Dependent Domino Linear Measured ModularDomino Multilinear "
    "Quanta Resource Theory",
    "steps": "log_spaced",
    "sweeps": "sweep",
    "training": "Problem train",
}
_ROOMS = (
    "comparison",
    "experiments",
    "inference",
    "io",
    "measure",
    "networks",
    "optimizers",
    "papers",
    "plotting",
    "report",
    "scaling",
    "sweeps",
    "tasks",
    "theories",
    "training",
    "worlds",
)
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
