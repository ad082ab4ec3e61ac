"""Theories of skill learning, one file each, behind the one contract `Theory`."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from jaxtyping import Array

from skillphysics.theories.base import Theory
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

SIMPLE: Mapping[str, Callable[[Array], Theory]] = MappingProxyType(
    {
        "linear": Linear,
        "multilinear": Multilinear,
        "domino": Domino,
        "resource l1": partial(Resource, norm="l1"),
        "resource l2": partial(Resource, norm="l2"),
    }
)
"""The theories of which each measured skill is one skill: by name, what makes one."""

COMPOSITE: Mapping[str, Callable[[Array], Theory]] = MappingProxyType(
    {f"composite {name}": composite(make) for name, make in SIMPLE.items()}
)
"""The same theories for measured tasks that are mixtures of latent skills."""

ALL: Mapping[str, Callable[[Array], Theory]] = MappingProxyType({**SIMPLE, **COMPOSITE})
"""Every theory that a comparison fits."""

__all__ = [
    "ALL",
    "COMPOSITE",
    "SIMPLE",
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
    "Theory",
    "TimeSplit",
    "composite",
    "mean_field_rate",
    "noise_waste",
    "step_waste",
]
