"""The smallest world that shows the Domino effect (L25 §4.1)."""

from collections.abc import Sequence
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.domains import Flag
from skillphysics.errors import ArgumentError
from skillphysics.skills import Skills
from skillphysics.training.problem import Problem
from skillphysics.worlds.world import Usual

Numbers = Sequence[float] | np.ndarray

CURVATURE = (1.0, 0.1, 0.01, 0.001)


class Quadratic(Problem):
    """The quadratic loss with curvatures 1, 0.1, 0.01, 0.001 (L25 §4.1, Fig 12).

    The loss is Σ_i h_i x_i² with x = Rθ, and optimizers act on θ. Aligned, R = I, SignGD learns all
    directions at the same pace; rotated, it learns them one after the other. SGD does the same in
    both. The level of a direction is 1 − x_i/x_i(0).

    Attributes:
        frequency: the curvatures h, [n_skill], which take the place of frequencies.
        rotation: R, [n_skill, n_skill].
        start: x at step 0, [n_skill].

    Raises:
        ArgumentError: R is not orthogonal, a curvature is not positive, or an entry of the start is
            0 or not finite.

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

    usual: ClassVar[Usual] = Usual("sign_gd", learning_rate=3e-4, steps=10_000)

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
                f"rotation and start must have shapes ({n_skill}, {n_skill}) and ({n_skill},) for "
                f"{n_skill} curvatures, got {rotation.shape} and {start.shape}"
            )
        if not np.allclose(rotation @ rotation.T, np.eye(n_skill), atol=1e-6):
            raise ArgumentError(
                "rotation must be orthogonal, R Rᵀ = I, got a matrix that is not",
                argument="rotation",
            )
        if not (np.isfinite(start).all() and (start != 0).all()):
            raise ArgumentError(
                f"start must be finite and not 0 in any entry, got {start.tolist()}",
                argument="start",
            )
        self.names = skills.names
        self.frequency = jnp.asarray(skills.frequency, jnp.float32)
        self.rotation = jnp.asarray(rotation, jnp.float32)
        self.start = jnp.asarray(start, jnp.float32)

    @classmethod
    def draw(cls, key: Key[Array, ""], *, rotated: Flag = True) -> "Quadratic":  # noqa: ARG003
        """The rotated or the aligned problem; nothing is random.

        Args:
            key: not used.
            rotated: whether every parameter mixes all directions.
        """
        return cls.rotated() if rotated else cls.aligned()

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Quadratic":
        """The rotated problem."""
        return cls.draw(key)

    @classmethod
    def aligned(cls, curvature: Numbers = CURVATURE) -> "Quadratic":
        """R = I, started at x = (1, 1, …).

        Args:
            curvature: h, [n_skill].
        """
        n_skill = np.size(curvature)
        return cls(curvature, np.eye(n_skill), np.ones(n_skill))

    @classmethod
    def rotated(cls) -> "Quadratic":
        """Four curvatures, R = H/2 with the Hadamard matrix H, started at x = (1, 1, 1, −1).

        The text has R = H, which is not a rotation; with H/2, θ = (1, 1, 1, −1) is x as well.
        """
        hadamard = [[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]]
        return cls(CURVATURE, np.array(hadamard) / 2, [1, 1, 1, -1])

    def init(self, key: Key[Array, ""]) -> Float[Array, " n_skill"]:  # noqa: ARG002
        """The parameters at step 0: θ = Rᵀ x(0)."""
        return self.rotation.T @ self.start

    def batch(self, key: Key[Array, ""]) -> None:
        """None: nothing is drawn."""

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
        """h_i x_i² of every direction, [n_skill]."""
        return self.frequency * (self.rotation @ params) ** 2
