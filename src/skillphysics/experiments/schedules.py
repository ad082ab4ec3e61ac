"""Learning rates that change along training, as optimizers of a learning rate."""

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError
from skillphysics.optimizers import Optimizer


@dataclass(frozen=True)
class Halved:
    """Halved after the first step and after every so many (N24's data experiment).

    Attributes:
        every: steps.

    Raises:
        ArgumentError: it is not a whole number of at least 1.
    """

    every: int

    def __post_init__(self) -> None:
        check_count("halved_every", self.every)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """The factor at a step."""
        return 0.5 ** ((step >= 1) + step // self.every).astype(jnp.float32)


@dataclass(frozen=True)
class WarmupCosine:
    """From 0 up to 1 in a line, then down along a cosine (L25 Fig 14).

    Attributes:
        warmup: steps of the rise.
        last: the step at which the cosine ends.
        least: the factor there.

    Raises:
        ArgumentError: the rise has no step, or is not over before the last one, or `least` is no
            share from 0 to 1.
    """

    warmup: int
    last: int
    least: float

    def __post_init__(self) -> None:
        if not 1 <= self.warmup < self.last:
            raise ArgumentError(
                f"warmup is {self.warmup}; a number from 1 to {self.last - 1} is wanted, below the "
                f"{self.last} steps"
            )
        if not 0 <= self.least <= 1:
            raise ArgumentError(f"least_share is {self.least}; a share from 0 to 1 is wanted")

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """The factor at a step."""
        schedule = optax.warmup_cosine_decay_schedule(0.0, 1.0, self.warmup, self.last, self.least)
        return jnp.asarray(schedule(step), jnp.float32)


@dataclass(frozen=True)
class Scheduled:
    """An optimizer whose learning rate is the given one times a factor of the step.

    Equal ones are equal keys, as of `Optimizer`.

    Attributes:
        optimizer: the optimizer.
        factor: of the step.
    """

    optimizer: Optimizer
    factor: Callable[[Int[Array, ""]], Float[Array, ""]]

    @property
    def label(self) -> str:
        """Both in words."""
        return f"{self.optimizer.label} × {self.factor!r}"

    def __call__(self, learning_rate: float | Float[Array, ""]) -> optax.GradientTransformation:
        """The transformation for a learning rate."""
        return self.optimizer(lambda step: learning_rate * self.factor(jnp.asarray(step)))
