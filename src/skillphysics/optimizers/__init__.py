"""Optimizers by name, with the defaults of their authors.

Those that optax has come from there; the others are written here as optax transformations. All
work on any pytree of arrays, in any precision, under jit, vmap and scan, and take the learning rate
as a number that may be traced: one compiled program serves all learning rates. Map over runs
outside a scan over steps, not inside, or SOAP, Shampoo and Sophia compute at every step what they
need only at some.

A learning rate is a positive number, and no more precise than the parameters: a float64 scalar
makes the updates of float32 parameters float64.
"""

from skillphysics.optimizers.by_name import OPTIMIZERS, Optimizer, defaults, known, optimizer
from skillphysics.optimizers.resource_schedule import resource_decay
from skillphysics.optimizers.state import evaluated, seeded

__all__ = [
    "OPTIMIZERS",
    "Optimizer",
    "defaults",
    "evaluated",
    "known",
    "optimizer",
    "resource_decay",
    "seeded",
]
