"""The contract of networks, and the problem of training one on a task."""

import abc
from collections.abc import Mapping
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, Int, Key

from skillphysics.tasks.task import Predict, Task
from skillphysics.training.problem import Problem


class Network(eqx.Module):
    """A function of parameters and inputs, which holds the sizes of a network, not its parameters.

    To add one: subclass, declare sizes and names as static fields, write the two abstract methods
    and `example`, and add a line to `skillphysics.networks.NETWORKS`.
    """

    @classmethod
    def example(cls) -> "Network":
        """A small instance, for the tests that every network must pass."""
        raise NotImplementedError(f"{cls.__name__} has no example")

    @abc.abstractmethod
    def init(self, key: Key[Array, ""]) -> Any:
        """The parameters at step 0: any pytree of floating-point arrays."""

    @abc.abstractmethod
    def __call__(self, params: Any, inputs: Array) -> Array:
        """Outputs [n_sample, …] for inputs [n_sample, …]."""


class Learner(Problem):
    """A network that learns a task, as a problem for `train`.

    Attributes:
        network: the network.
        task: the samples, their loss, and the measurement of the skills.
    """

    network: Network
    task: Task

    @property
    def names(self) -> tuple[str, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The skills of the task."""
        return self.task.names

    @property
    def frequency(self) -> Float[Array, " n_skill"]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """How often each skill occurs, [n_skill]."""
        return self.task.frequency

    def at(self, step: Int[Array, ""]) -> "Learner":
        """The problem at a step of training."""
        return Learner(self.network, self.task.at(step))

    def init(self, key: Key[Array, ""]) -> Any:
        """The parameters at step 0."""
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
        """The network as a function of its inputs."""
        return lambda inputs: self.network(params, inputs)
