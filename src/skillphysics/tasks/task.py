"""The contract between data and the networks that learn from them."""

import abc
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
from jaxtyping import Array, Float, Int, Key

Predict = Callable[[Array], Array]
"""A network with its parameters: from inputs [n_sample, …] to outputs [n_sample, …]."""


class Task(eqx.Module):
    """What a network can learn: samples, their loss, and the level of every skill.

    A task is an immutable pytree that does not depend on the network. Runs that differ only in the
    values of its arrays (a data set, frequencies) train in one program.

    To add one: subclass, provide the two attributes, the three abstract methods and `example`,
    check the arguments where it is constructed, and add a line to `skillphysics.tasks.TASKS`.

    Attributes:
        names: one name per skill.
        frequency: how often each skill occurs, [n_skill].
    """

    if TYPE_CHECKING:
        # A type checker would make abstract fields arguments of every constructor.
        names: tuple[str, ...] = eqx.field(init=False)
        frequency: Float[Array, " n_skill"] = eqx.field(init=False)
    else:
        names: eqx.AbstractVar[tuple[str, ...]]
        frequency: eqx.AbstractVar[Float[Array, " n_skill"]]

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Task":
        """A small instance, for the tests that every task must pass."""
        raise NotImplementedError(f"{cls.__name__} has no example")

    def at(self, step: Int[Array, ""]) -> "Task":  # noqa: ARG002
        """The task at a step of training; see `Problem.at`."""
        return self

    @abc.abstractmethod
    def batch(self, key: Key[Array, ""]) -> Any:
        """The samples of one step, such as inputs and targets; None for a whole data set."""

    @abc.abstractmethod
    def loss(self, predict: Predict, batch: Any) -> Float[Array, ""]:
        """The number whose gradient the optimizer follows."""

    @abc.abstractmethod
    def measure(self, predict: Predict, key: Key[Array, ""]) -> Mapping[str, Float[Array, "..."]]:
        """What is recorded: `level`, [n_skill]; also `loss`, [], and others, [] or [n_skill]."""
