"""Arithmetic modulo a number, from some of its results (L25 Fig 13)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError
from skillphysics.tasks.checks import (
    check_batch_size,
    check_split,
    draw_rows,
    outputs,
)
from skillphysics.tasks.task import Predict, Task

OPERATIONS: Mapping[str, Callable[[Any, Any], Any]] = MappingProxyType(
    {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b}
)
"""What can be learned, by name."""

# Its square, the number of pairs, is within int32.
_LARGEST = 46_340


class ModularArithmetic(Task):
    """Learn a ∘ b mod p from a share of all p² pairs (L25 Fig 13: addition mod 59, share 0.8).

    Inputs are pairs of whole numbers, [n, 2], outputs the logits of p classes, and the loss is
    their cross-entropy in nats. The two skills are "train", to know the pairs that are trained on,
    and "test", to know the others: the second is learned long after the first where a network
    groks. Each has frequency ½, which here only says that both matter.

    Measured: `accuracy` of both; `level` = (accuracy − 1/p)/(1 − 1/p), 0 for a guess; `loss` on the
    training pairs and `test_loss`.

    Args:
        operation: "add", "subtract" or "multiply".
        modulus: p.
        train: the pairs to train on, [n_train, 2].
        test: the other pairs, [n_test, 2].
        batch_size: pairs a step, drawn with replacement; None for all.

    Raises:
        ArgumentError: an argument is out of its range.

    Example:
        >>> import jax
        >>> task = ModularArithmetic.draw(jax.random.key(0), "add", modulus=59)
        >>> task.train.shape, task.test.shape
        ((2785, 2), (696, 2))
    """

    names: tuple[str, ...] = eqx.field(static=True)
    frequency: Float[Array, " n_skill"]
    operation: str = eqx.field(static=True)
    modulus: int = eqx.field(static=True)
    train: Int[Array, "n_train 2"]
    test: Int[Array, "n_test 2"]
    batch_size: int | None = eqx.field(static=True)

    def __init__(
        self,
        operation: str,
        modulus: int,
        train: Int[Array | np.ndarray, "n_train 2"],
        test: Int[Array | np.ndarray, "n_test 2"],
        *,
        batch_size: int | None = None,
    ) -> None:
        if operation not in OPERATIONS:
            known = ", ".join(OPERATIONS)
            raise ArgumentError(f"operation is {operation!r}; one of {known} is wanted")
        self.modulus = _check_modulus(modulus)
        for name, pairs in (("train", train), ("test", test)):
            numbers = np.asarray(pairs)
            if not (numbers.size and (numbers >= 0).all() and (numbers < modulus).all()):
                raise ArgumentError(
                    f"{name} must hold pairs of numbers from 0 to {modulus - 1}, at least one pair"
                )
        self.names = ("train", "test")
        self.frequency = jnp.full(2, 0.5, jnp.float32)
        self.operation = operation
        self.train = jnp.asarray(train, jnp.int32)
        self.test = jnp.asarray(test, jnp.int32)
        self.batch_size = check_batch_size(batch_size)

    @classmethod
    def draw(
        cls,
        key: Key[Array, ""],
        operation: str,
        *,
        modulus: int,
        train_share: float = 0.8,
        batch_size: int | None = None,
    ) -> "ModularArithmetic":
        """All pairs, split at random: the share `train_share` is trained on.

        Raises:
            ArgumentError: as the class, or nothing is left to train on or to test.
        """
        n_pair = _check_modulus(modulus) ** 2
        n_train = check_split(n_pair, train_share, test=True)
        order = np.asarray(jax.random.permutation(key, jnp.arange(n_pair, dtype=jnp.int32)))
        pairs = np.stack([order // modulus, order % modulus], axis=1)
        return cls(operation, modulus, pairs[:n_train], pairs[n_train:], batch_size=batch_size)

    def batch(self, key: Key[Array, ""]) -> Int[Array, "batch_size 2"] | None:
        """Some of the training pairs, or None for all of them."""
        if self.batch_size is None:
            return None
        return self.train[draw_rows(key, self.train.shape[0], self.batch_size)]

    def answers(self, pairs: Int[Array, "n_pair 2"]) -> Int[Array, " n_pair"]:
        """The results, from 0 to p − 1."""
        return OPERATIONS[self.operation](pairs[:, 0], pairs[:, 1]) % self.modulus

    def loss(self, predict: Predict, batch: Int[Array, "batch_size 2"] | None) -> Float[Array, ""]:
        """The mean cross-entropy, in nats."""
        return self._judged(predict, self.train if batch is None else batch)[0]

    def measure(self, predict: Predict, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:  # noqa: ARG002
        """Levels, accuracies and losses on the training pairs and on the others."""
        loss, known = self._judged(predict, self.train)
        test_loss, found = self._judged(predict, self.test)
        accuracy = jnp.stack([known, found])
        level = (accuracy - 1 / self.modulus) / (1 - 1 / self.modulus)
        return {"level": level, "accuracy": accuracy, "loss": loss, "test_loss": test_loss}

    def _judged(
        self, predict: Predict, pairs: Int[Array, "n_pair 2"]
    ) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """The mean cross-entropy and the accuracy."""
        given = outputs(predict, pairs, self.modulus)
        answer = self.answers(pairs)
        chance = jnp.take_along_axis(jax.nn.log_softmax(given), answer[:, None], axis=1)
        right = jnp.argmax(given, axis=1) == answer
        return -jnp.mean(chance), jnp.mean(right.astype(given.dtype))


def _check_modulus(modulus: int) -> int:
    count = check_count("modulus", modulus, 2)
    if count > _LARGEST:
        raise ArgumentError(f"modulus is {modulus}; at most {_LARGEST} is wanted")
    return count
