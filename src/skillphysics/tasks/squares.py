"""Two squares, one of them rare (L25 Fig 19)."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from skillphysics.checks import check_count
from skillphysics.errors import ArgumentError
from skillphysics.tasks.checks import outputs
from skillphysics.tasks.task import Predict, Task


class Squares(Task):
    """Learn (x, y) → (x², y²), where y is rarely asked for (L25 Fig 19).

    `Squares.draw` draws points for two readings of the figure:

    - "code": a point has either y = 0 or x = 0, and the loss counts its own square only;
    - "text": x is always drawn and y is non-zero in few points; the loss counts both squares.

    The loss is the mean of c (f − f*)² over all points and both outputs, where c says what counts.
    L25 gives no normalisation; Adam, which it trains with, is all but blind to it.

    Measured on the same points: `skill_loss` of each square, the mean of (f_k − f*_k)² over the
    points where it occurs, in which "learned" means below 1e-3; `level` = 1 − skill_loss/that of
    f = 0, so a network that starts near zero starts near 0 (the best constant has 5/9); `loss`.

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
                f"points has shape {points.shape} and counts {counts.shape}; they want the same"
            )
        values = np.asarray(points)
        if not (np.isfinite(values).all() and (values != 0).any(axis=0).all()):
            raise ArgumentError("points must be finite, and neither x nor y may always be 0")
        self.names = ("x²", "y²")
        self.frequency = jnp.asarray((values != 0).mean(axis=0), jnp.float32)
        self.points = jnp.asarray(points, jnp.float32)
        self.counts = jnp.asarray(counts)

    @classmethod
    def draw(
        cls, key: Key[Array, ""], reading: str, *, n_samples: int = 1000, n_rare: int = 10
    ) -> "Squares":
        """Points with numbers uniform in [−1, 1], of which `n_rare` ask for y².

        Raises:
            ArgumentError: the reading is neither "code" nor "text", or n_rare is not from 1 to
                n_samples − 1.
        """
        if reading not in ("code", "text"):
            raise ArgumentError(f"reading is {reading!r}; 'code' or 'text' is wanted")
        if check_count("n_rare", n_rare) >= check_count("n_samples", n_samples):
            raise ArgumentError(f"n_rare is {n_rare} of {n_samples} samples; fewer are wanted")
        numbers = jax.random.uniform(key, (n_samples, 2), jnp.float32, -1.0, 1.0)
        rare = jnp.arange(n_samples) >= n_samples - n_rare
        if reading == "text":
            asked = jnp.stack([jnp.ones_like(rare), rare], axis=1)
            return cls(numbers * asked, jnp.ones_like(asked))
        asked = jnp.stack([~rare, rare], axis=1)
        return cls(numbers * asked, asked)

    def batch(self, key: Key[Array, ""]) -> None:
        """Nothing is drawn: a step sees all points."""

    def loss(self, predict: Predict, batch: None) -> Float[Array, ""]:  # noqa: ARG002
        """The mean of c (f − f*)² over points and outputs."""
        return jnp.mean(self.counts * self._errors(predict))

    def measure(self, predict: Predict, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:  # noqa: ARG002
        """Level and loss of both squares, and the loss."""
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
