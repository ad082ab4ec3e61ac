"""The one contract between a task and the training loop."""

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
from jaxtyping import Array, Float, Int, Key


class Problem(eqx.Module):
    """What a training loop needs of a task: a start, a batch, a loss and a measurement.

    A problem is an immutable pytree. Its arrays are what a run keeps (task vectors, frequencies, a
    data set), so runs that differ in them train in one program. Nothing here knows of optimizers,
    and the loop knows nothing else of the problem.

    To add one: subclass, give it the two attributes and the four abstract methods, and its
    construction the checks of its arguments.

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

    @abc.abstractmethod
    def init(self, key: Key[Array, ""]) -> Any:
        """The parameters at step 0: any pytree of floating-point arrays."""

    def at(self, step: Int[Array, ""]) -> "Problem":  # noqa: ARG002
        """What is trained at a step, for a problem that changes along training; itself otherwise.

        It may differ from `self` in the values of arrays only. What is measured never changes.
        """
        return self

    @abc.abstractmethod
    def batch(self, key: Key[Array, ""]) -> Any:
        """What one step sees: a pytree of arrays."""

    @abc.abstractmethod
    def loss(self, params: Any, batch: Any) -> Float[Array, ""]:
        """The number whose gradient the optimizer is given."""

    @abc.abstractmethod
    def measure(self, params: Any, key: Key[Array, ""]) -> Mapping[str, Float[Array, "..."]]:
        """What is recorded: `level` [n_skill]; also `loss` [] and others, [] or [n_skill]."""
