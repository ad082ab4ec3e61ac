"""The one contract of networks, and a network that learns a task as a problem."""

import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, Int, Key

from skillphysics.tasks.task import Predict, Task
from skillphysics.training.problem import Problem


class Network(eqx.Module):
    """A function of parameters and inputs; it holds the shape of a network, not its parameters.

    To add one: subclass, declare what is chosen once as static fields, and write the two methods.
    """

    @abc.abstractmethod
    def init(self, key: Key[Array, ""]) -> Any:
        """The parameters at step 0: any pytree of floating-point arrays."""

    @abc.abstractmethod
    def __call__(self, params: Any, inputs: Array) -> Array:
        """Outputs [n_sample, …] for inputs [n_sample, …]."""


class Learner(Problem):
    """A network that learns a task: what `train` trains.

    Attributes:
        network: what is trained.
        task: what it is trained on, and how its skills are measured.
    """

    network: Network
    task: Task

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The skills of the task."""
        return self.task.names

    @property
    def frequency(self) -> Float[Array, " n_skill"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How often each occurs."""
        return self.task.frequency

    def at(self, step: Int[Array, ""]) -> "Learner":
        """The network with its task at a step."""
        return Learner(self.network, self.task.at(step))

    def init(self, key: Key[Array, ""]) -> Any:
        """The network at step 0."""
        return self.network.init(key)

    def batch(self, key: Key[Array, ""]) -> Any:
        """A batch of the task."""
        return self.task.batch(key)

    def loss(self, params: Any, batch: Any) -> Float[Array, ""]:
        """The loss of the task."""
        return self.task.loss(self.predict(params), batch)

    def measure(self, params: Any, key: Key[Array, ""]) -> Mapping[str, Float[Array, "..."]]:
        """What the task measures."""
        return self.task.measure(self.predict(params), key)

    def predict(self, params: Any) -> Predict:
        """The network with its parameters."""
        return lambda inputs: self.network(params, inputs)
