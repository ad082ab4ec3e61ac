"""Learning rate schedules, as optimizers of a peak learning rate."""

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int

from skillphysics.domains import Count, Share, check_fields
from skillphysics.errors import ArgumentError
from skillphysics.optimizers import Optimizer


@dataclass(frozen=True)
class Halved:
    """Halved after the first step and after every `halved_every` steps (N24's data experiment).

    Attributes:
        halved_every: number of steps.

    Raises:
        ArgumentError: it is less than 1.
    """

    halved_every: Count

    def __post_init__(self) -> None:
        check_fields(self)

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """The factor at a step."""
        return 0.5 ** ((step >= 1) + step // self.halved_every).astype(jnp.float32)


@dataclass(frozen=True)
class WarmupCosine:
    """A linear rise from 0 to 1, then a fall along a cosine (L25 Fig 14).

    Attributes:
        warmup: steps of the rise.
        steps: the step at which the cosine ends.
        least_share: the factor at the end.

    Raises:
        ArgumentError: the rise is not from 1 to less than all steps, or `least_share` is not
            between 0 and 1.
    """

    warmup: Count
    steps: Count
    least_share: Share

    def __post_init__(self) -> None:
        check_fields(self)
        if self.warmup >= self.steps:
            raise ArgumentError(
                f"warmup must be less than steps = {self.steps}, got {self.warmup}",
                argument="warmup",
            )

    def __call__(self, step: Int[Array, ""]) -> Float[Array, ""]:
        """The factor at a step."""
        schedule = optax.warmup_cosine_decay_schedule(
            0.0, 1.0, self.warmup, self.steps, self.least_share
        )
        return jnp.asarray(schedule(step), jnp.float32)


@dataclass(frozen=True)
class Scheduled:
    """An optimizer whose learning rate is multiplied by a factor that depends on the step.

    Equal values hash alike, as for `Optimizer`.

    Attributes:
        optimizer: the optimizer.
        factor: a function of the step.
    """

    optimizer: Optimizer
    factor: Callable[[Int[Array, ""]], Float[Array, ""]]

    @property
    def label(self) -> str:
        """The label of the optimizer and the factor."""
        return f"{self.optimizer.label} × {self.factor!r}"

    def __call__(self, learning_rate: float | Float[Array, ""]) -> optax.GradientTransformation:
        """The transformation for a learning rate."""
        return self.optimizer(lambda step: learning_rate * self.factor(jnp.asarray(step)))
