"""Arithmetic modulo a number, from some of its results (L25 Fig 13)."""

from collections.abc import Callable
from typing import Annotated, Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from skillphysics.domains import Count, count, one_of
from skillphysics.errors import ArgumentError
from skillphysics.memory import check_memory
from skillphysics.registry import Registry
from skillphysics.tasks.checks import (
    TrainShare,
    check_batch_size,
    check_split,
    draw_rows,
    outputs,
)
from skillphysics.tasks.task import Predict, Task

OPERATIONS: Registry[Callable[[Any, Any], Any]] = Registry(
    "operation",
    {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b},
)
"""The operations by name."""

OPERATION = one_of(*OPERATIONS)
# The number of pairs, its square, must be within int32.
MODULUS = count(2, most=46_340)

Operation = Annotated[str, OPERATION]
Modulus = Annotated[int, MODULUS]


class ModularArithmetic(Task):
    """Learn a ∘ b mod p from a share of all p² pairs (L25 Fig 13: addition mod 59, share 0.8).

    Inputs are pairs of integers, [n, 2], outputs are the logits of p classes, and the loss is their
    cross-entropy in nats. The two skills are "train", the results of the training pairs, and
    "test", those of the other pairs: a network that groks learns the second long after the first.
    Both have frequency ½.

    Measured: `accuracy` of both; `level` = (accuracy − 1/p)/(1 − 1/p), which is 0 for a guess;
    `loss` on the training pairs and `test_loss`.

    Args:
        operation: "add", "subtract" or "multiply".
        modulus: p.
        train: the pairs to train on, [n_train, 2].
        test: the other pairs, [n_test, 2].
        batch_size: pairs per step, drawn with replacement; None for all.

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
        operation: Operation,
        modulus: Modulus,
        train: Int[Array | np.ndarray, "n_train 2"],
        test: Int[Array | np.ndarray, "n_test 2"],
        *,
        batch_size: Count | None = None,
    ) -> None:
        self.operation = OPERATION.check("operation", operation)
        self.modulus = MODULUS.check("modulus", modulus)
        for name, pairs in (("train", train), ("test", test)):
            numbers = np.asarray(pairs)
            if not (numbers.size and (numbers >= 0).all() and (numbers < modulus).all()):
                raise ArgumentError(
                    f"{name} must hold at least one pair of numbers from 0 to {modulus - 1}",
                    argument=name,
                )
        self.names = ("train", "test")
        self.frequency = jnp.full(2, 0.5, jnp.float32)
        self.train = jnp.asarray(train, jnp.int32)
        self.test = jnp.asarray(test, jnp.int32)
        self.batch_size = check_batch_size(batch_size)

    @classmethod
    def draw(
        cls,
        key: Key[Array, ""],
        operation: Operation,
        *,
        modulus: Modulus,
        train_share: TrainShare = 0.8,
        batch_size: Count | None = None,
    ) -> "ModularArithmetic":
        """All pairs, split at random into training and test pairs.

        Args:
            key: randomness of the split.
            operation: add, subtract or multiply.
            modulus: p.
            train_share: share of the pairs to train on.
            batch_size: pairs per step, drawn with replacement; by default all.

        Raises:
            ArgumentError: as the class, or no pair is left to train on or to test on.
        """
        n_pair = MODULUS.check("modulus", modulus) ** 2
        n_train = check_split(n_pair, train_share, test=True)
        check_memory(f"a table of {n_pair} pairs", 24.0 * n_pair)
        order = np.asarray(jax.random.permutation(key, jnp.arange(n_pair, dtype=jnp.int32)))
        pairs = np.stack([order // modulus, order % modulus], axis=1)
        return cls(operation, modulus, pairs[:n_train], pairs[n_train:], batch_size=batch_size)

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "ModularArithmetic":
        """Addition modulo 5."""
        return cls.draw(key, "add", modulus=5, batch_size=6)

    def batch(self, key: Key[Array, ""]) -> Int[Array, "batch_size 2"] | None:
        """Training pairs, [batch_size, 2], or None for all of them."""
        if self.batch_size is None:
            return None
        return self.train[draw_rows(key, self.train.shape[0], self.batch_size)]

    def answers(self, pairs: Int[Array, "n_pair 2"]) -> Int[Array, " n_pair"]:
        """The results a ∘ b mod p, [n_pair]."""
        return OPERATIONS[self.operation](pairs[:, 0], pairs[:, 1]) % self.modulus

    def loss(self, predict: Predict, batch: Int[Array, "batch_size 2"] | None) -> Float[Array, ""]:
        """The mean cross-entropy, in nats."""
        return self._judged(predict, self.train if batch is None else batch)[0]

    def measure(self, predict: Predict, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:  # noqa: ARG002
        """Levels, accuracies and losses on the training and the test pairs."""
        loss, train_accuracy = self._judged(predict, self.train)
        test_loss, test_accuracy = self._judged(predict, self.test)
        accuracy = jnp.stack([train_accuracy, test_accuracy])
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
