"""Two squares, one of them rare (L25 Fig 19)."""

from typing import Annotated

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from skillphysics.domains import COUNT, Count, one_of
from skillphysics.errors import ArgumentError
from skillphysics.memory import check_memory
from skillphysics.tasks.checks import outputs
from skillphysics.tasks.task import Predict, Task

READING = one_of("code", "text")
Reading = Annotated[str, READING]


class Squares(Task):
    """Learn (x, y) → (x², y²), where y is rarely non-zero (L25 Fig 19).

    `Squares.draw` draws points for two readings of the figure:

    - "code": in each point either y = 0 or x = 0, and only the square of the other counts;
    - "text": x is always drawn and y is non-zero in few points; both squares count.

    The loss is the mean of c (f − f*)² over all points and both outputs, with c = 1 where a square
    counts and 0 otherwise. L25 states no normalization; Adam, with which it trains, hardly depends
    on it.

    Measured on the same points: `skill_loss` of each square, the mean of (f_k − f*_k)² over the
    points where it occurs ("learned" means below 1e-3); `level` = 1 − skill_loss divided by that of
    f = 0, so a network with outputs near 0 starts near level 0 (the best constant has 5/9); `loss`.

    Args:
        points: (x, y), [n_sample, 2]; a square occurs where its number is not 0.
        counts: where the loss of each square counts, [n_sample, 2].

    Attributes:
        frequency: the share of points in which each square occurs.

    Raises:
        ArgumentError: the shapes differ, a point is not finite, or a square never occurs.

    Example:
        >>> task = Squares.draw(jax.random.key(0), "code")
        >>> (task.frequency * 1000).round().tolist()
        [990.0, 10.0]
        >>> task.measure(lambda points: points**2, jax.random.key(1))["level"].tolist()
        [1.0, 1.0]
    """

    names: tuple[str, ...] = eqx.field(static=True)
    frequency: Float[Array, " n_skill"]
    points: Float[Array, "n_sample 2"]
    counts: Bool[Array, "n_sample 2"]

    def __init__(
        self,
        points: Float[Array | np.ndarray, "n_sample 2"],
        counts: Bool[Array | np.ndarray, "n_other 2"],
    ) -> None:
        if points.shape != counts.shape:
            raise ArgumentError(
                f"points and counts must have one shape, got {points.shape} and {counts.shape}"
            )
        values = np.asarray(points)
        if not (np.isfinite(values).all() and (values != 0).any(axis=0).all()):
            raise ArgumentError(
                "points must be finite, and neither x nor y may be 0 in all of them",
                argument="points",
            )
        self.names = ("x²", "y²")
        self.frequency = jnp.asarray((values != 0).mean(axis=0), jnp.float32)
        self.points = jnp.asarray(points, jnp.float32)
        self.counts = jnp.asarray(counts)

    @classmethod
    def draw(
        cls, key: Key[Array, ""], reading: Reading, *, n_samples: Count = 1000, n_rare: Count = 10
    ) -> "Squares":
        """Points with coordinates uniform in [−1, 1].

        Args:
            key: randomness of the points.
            reading: code or text.
            n_samples: number of points.
            n_rare: number of points in which y is not 0, less than `n_samples`.

        Raises:
            ArgumentError: an argument is out of its range.
        """
        READING.check("reading", reading)
        if COUNT.check("n_rare", n_rare) >= COUNT.check("n_samples", n_samples):
            raise ArgumentError(
                f"n_rare must be less than n_samples = {n_samples}, got {n_rare}", argument="n_rare"
            )
        check_memory(f"a data set of {n_samples} points", 40.0 * n_samples)
        numbers = jax.random.uniform(key, (n_samples, 2), jnp.float32, -1.0, 1.0)
        rare = jnp.arange(n_samples) >= n_samples - n_rare
        if reading == "text":
            asked = jnp.stack([jnp.ones_like(rare), rare], axis=1)
            return cls(numbers * asked, jnp.ones_like(asked))
        asked = jnp.stack([~rare, rare], axis=1)
        return cls(numbers * asked, asked)

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Squares":
        """Twenty points, in five of which y is not 0."""
        return cls.draw(key, "code", n_samples=20, n_rare=5)

    def batch(self, key: Key[Array, ""]) -> None:
        """None: every step uses all points."""

    def loss(self, predict: Predict, batch: None) -> Float[Array, ""]:  # noqa: ARG002
        """The mean of c (f − f*)² over points and outputs."""
        return jnp.mean(self.counts * self._errors(predict))

    def measure(self, predict: Predict, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:  # noqa: ARG002
        """Level and loss of both squares, and the total loss."""
        occurs = self.points != 0
        errors = self._errors(predict)
        skill_loss = jnp.mean(errors, axis=0, where=occurs)
        of_zero = jnp.mean(self.points**4, axis=0, where=occurs)
        return {
            "level": 1 - skill_loss / of_zero,
            "skill_loss": skill_loss,
            "loss": jnp.mean(self.counts * errors),
        }

    def _errors(self, predict: Predict) -> Float[Array, "n_sample 2"]:
        return (outputs(predict, self.points, 2) - self.points**2) ** 2
