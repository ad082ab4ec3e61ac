"""Optimizers by name, with the defaults of their authors.

Rules that optax has are taken from there; the others are written here as optax transformations. All
work on any pytree of arrays, in any precision, under jit, vmap and scan. The learning rate may be
traced, so one compiled program serves all learning rates. Apply vmap over runs outside a scan over
steps, not inside: otherwise SOAP, Shampoo and Sophia compute in every step what they need only in
some.

A learning rate should have the precision of the parameters: a float64 array as the learning rate
makes the updates of float32 parameters float64.

To add an optimizer: write a function of the learning rate, with annotated hyperparameters by
keyword, in a module here, and add its line to `OPTIMIZERS`.
"""

from skillphysics.optimizers.by_name import (
    OPTIMIZERS,
    Optimizer,
    defaults,
    from_label,
    known,
    optimizer,
)
from skillphysics.optimizers.resource_schedule import resource_decay
from skillphysics.optimizers.state import evaluated, seeded

__all__ = [
    "OPTIMIZERS",
    "Optimizer",
    "defaults",
    "evaluated",
    "from_label",
    "known",
    "optimizer",
    "resource_decay",
    "seeded",
]
