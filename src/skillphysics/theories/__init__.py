"""Theories of skill learning, one file each, behind the one contract `Theory`."""

from skillphysics.registry import Registry
from skillphysics.theories.base import Separable, Theory
from skillphysics.theories.candidates import CANDIDATES, SIMPLE
from skillphysics.theories.composite import Composite, composite
from skillphysics.theories.correlated import Correlated
from skillphysics.theories.dependent import AtLevel, AtStep, Dependent
from skillphysics.theories.domino import Domino
from skillphysics.theories.geometry_settings import mean_field_rate, noise_waste, step_waste
from skillphysics.theories.linear import Linear
from skillphysics.theories.mean_field import MeanField
from skillphysics.theories.mean_field_adam import MeanFieldAdam
from skillphysics.theories.measured import Measured
from skillphysics.theories.modular import ModularDomino
from skillphysics.theories.multilinear import Multilinear
from skillphysics.theories.quanta import Quanta
from skillphysics.theories.resource import Resource, TimeSplit

THEORIES: Registry[type[Theory]] = Registry(
    "theory",
    {
        "linear": Linear,
        "multilinear": Multilinear,
        "domino": Domino,
        "modular-domino": ModularDomino,
        "quanta": Quanta,
        "resource": Resource,
        "dependent": Dependent,
    },
)
"""The theories that need no more than frequencies, numbers and a graph, by public name."""

__all__ = [
    "CANDIDATES",
    "SIMPLE",
    "THEORIES",
    "AtLevel",
    "AtStep",
    "Composite",
    "Correlated",
    "Dependent",
    "Domino",
    "Linear",
    "MeanField",
    "MeanFieldAdam",
    "Measured",
    "ModularDomino",
    "Multilinear",
    "Quanta",
    "Resource",
    "Separable",
    "Theory",
    "TimeSplit",
    "composite",
    "mean_field_rate",
    "noise_waste",
    "step_waste",
]
