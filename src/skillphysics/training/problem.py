"""The contract between a problem and the training loop."""

import abc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import equinox as eqx
from jaxtyping import Array, Float, Int, Key


class Problem(eqx.Module):
    """What can be trained: parameters at the start, batches, a loss and a measurement.

    A problem is an immutable pytree. Runs that differ only in the values of its arrays (task
    vectors, frequencies, a data set) train in one program. A problem does not depend on the
    optimizer, and the training loop uses nothing but the members listed here.

    To add one: subclass, provide the two attributes and the four abstract methods, and check the
    arguments where it is constructed.

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
        """The problem at a step, for a problem that changes during training; by default itself.

        It may differ from `self` only in the values of arrays. Measurements always use `self`.
        """
        return self

    @abc.abstractmethod
    def batch(self, key: Key[Array, ""]) -> Any:
        """The batch of one step: a pytree of arrays, or None."""

    @abc.abstractmethod
    def loss(self, params: Any, batch: Any) -> Float[Array, ""]:
        """The number whose gradient the optimizer follows."""

    @abc.abstractmethod
    def measure(self, params: Any, key: Key[Array, ""]) -> Mapping[str, Float[Array, "..."]]:
        """What is recorded: `level`, [n_skill]; also `loss`, [], and others, [] or [n_skill]."""
