"""The smallest world that shows the Domino effect (L25 §4.1)."""

from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.errors import ArgumentError
from skillphysics.skills import Skills
from skillphysics.training.problem import Problem

Numbers = Sequence[float] | np.ndarray

CURVATURE = (1.0, 0.1, 0.01, 0.001)


class Quadratic(Problem):
    """A quadratic loss with a strong hierarchy, Σ_i h_i x_i² with x = Rθ (L25 §4.1, Fig 12).

    Optimizers see θ. Aligned, R = I, SignGD learns all directions at one pace; rotated, it learns
    them one after the other. SGD cannot tell the two apart. The level of a direction is
    1 − x_i/x_i(0).

    Attributes:
        frequency: h, [n_skill], in the role of the frequencies.
        rotation: R, [n_skill, n_skill].
        start: x at step 0, [n_skill].

    Raises:
        ArgumentError: R is not orthogonal, a curvature is not positive, or a start is zero.

    Example:
        >>> import jax
        >>> from skillphysics import train
        >>> from skillphysics.optimizers import optimizer
        >>> sign = optimizer("sign_gd")
        >>> key = jax.random.key(0)
        >>> for world in (Quadratic.aligned(), Quadratic.rotated()):
        ...     curves = train(world, sign, learning_rate=3e-4, steps=8000, key=key)
        ...     print(curves.learning_time(0.9).values.round(-1).tolist())
        [3000.0, 3000.0, 3000.0, 3000.0]
        [1520.0, 3170.0, 4630.0, 6110.0]
    """

    names: tuple[str, ...] = eqx.field(static=True)
    frequency: Float[Array, " n_skill"]
    rotation: Float[Array, "n_skill n_skill"]
    start: Float[Array, " n_skill"]

    def __init__(self, curvature: Numbers, rotation: np.ndarray, start: Numbers) -> None:
        skills = Skills.given(np.asarray(curvature))
        n_skill = len(skills)
        rotation, start = np.asarray(rotation, np.float64), np.asarray(start, np.float64)
        if rotation.shape != (n_skill, n_skill) or start.shape != (n_skill,):
            raise ArgumentError(
                f"rotation has shape {rotation.shape} and start {start.shape}; "
                f"{n_skill} curvatures want ({n_skill}, {n_skill}) and ({n_skill},)"
            )
        if not np.allclose(rotation @ rotation.T, np.eye(n_skill), atol=1e-6):
            raise ArgumentError("rotation is not orthogonal: R Rᵀ is not the identity")
        if not (np.isfinite(start).all() and (start != 0).all()):
            raise ArgumentError("start holds a zero or a number that is not finite")
        self.names = skills.names
        self.frequency = jnp.asarray(skills.frequency, jnp.float32)
        self.rotation = jnp.asarray(rotation, jnp.float32)
        self.start = jnp.asarray(start, jnp.float32)

    @classmethod
    def aligned(cls, curvature: Numbers = CURVATURE) -> "Quadratic":
        """R = I, from x = (1, 1, …)."""
        n_skill = np.size(curvature)
        return cls(curvature, np.eye(n_skill), np.ones(n_skill))

    @classmethod
    def rotated(cls) -> "Quadratic":
        """Four curvatures, R = H/2 with the Hadamard matrix H, from x = (1, 1, 1, −1).

        The text has R = H, which is no rotation; with H/2, θ = (1, 1, 1, −1) is x as well.
        """
        hadamard = [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
        return cls(CURVATURE, np.array(hadamard) / 2, [1, 1, 1, -1])

    def init(self, key: Key[Array, ""]) -> Float[Array, " n_skill"]:  # noqa: ARG002
        """θ = Rᵀ x(0)."""
        return self.rotation.T @ self.start

    def batch(self, key: Key[Array, ""]) -> None:
        """Nothing is drawn."""

    def loss(self, params: Float[Array, " n_skill"], batch: None = None) -> Float[Array, ""]:  # noqa: ARG002
        """Σ_i h_i x_i²."""
        return jnp.sum(self.part(params))

    def measure(
        self,
        params: Float[Array, " n_skill"],
        key: Key[Array, ""],  # noqa: ARG002
    ) -> dict[str, Float[Array, "..."]]:
        """Levels, loss, and `part`: the loss h_i x_i² of each direction."""
        level = 1 - (self.rotation @ params) / self.start
        return {"level": level, "loss": self.loss(params), "part": self.part(params)}

    def part(self, params: Float[Array, " n_skill"]) -> Float[Array, " n_skill"]:
        """h_i x_i² of every direction."""
        return self.frequency * (self.rotation @ params) ** 2
