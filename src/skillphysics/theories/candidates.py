"""What a comparison tries unless it is told otherwise: a choice among the theories."""

from collections.abc import Callable
from functools import partial

from jaxtyping import Array

from skillphysics.registry import Registry
from skillphysics.theories.base import Theory
from skillphysics.theories.composite import composite
from skillphysics.theories.domino import Domino
from skillphysics.theories.linear import Linear
from skillphysics.theories.multilinear import Multilinear
from skillphysics.theories.resource import Resource

SIMPLE: Registry[Callable[[Array], Theory]] = Registry(
    "candidate",
    {
        "linear": Linear,
        "multilinear": Multilinear,
        "domino": Domino,
        "resource l1": partial(Resource, norm="l1"),
        "resource l2": partial(Resource, norm="l2"),
    },
)
"""Candidates in which each measured skill is one skill: what makes a theory from frequencies."""

CANDIDATES: Registry[Callable[[Array], Theory]] = Registry(
    "candidate",
    {**SIMPLE, **{f"composite {name}": composite(make) for name, make in SIMPLE.items()}},
)
"""`SIMPLE`, and the same theories for measured tasks that are mixtures of latent skills."""
