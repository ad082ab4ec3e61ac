"""A world for optimizers that act on matrices."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.skills import Skills
from skillphysics.worlds.vectors import check_vectors, draw_vectors
from skillphysics.worlds.world import World


class Matrix(World):
    """Rank-one tasks: parameters W ∈ R^{a×b} from 0, skill i is s_i = v_iᵀ W w_i.

    The Geometry model with t_i = v_i w_iᵀ, for optimizers such as Muon, SOAP and Shampoo that see
    rows and columns.

    Args:
        left: v, [n_task, a].
        right: w, [n_task, b].
        skills: names and frequencies, which are divided by their sum.
        options: as the attributes of `World`: criterion, batch_size, noise, reweight, half_square.

    Attributes:
        left: v, [n_task, a].
        right: w, [n_task, b].

    Raises:
        ArgumentError: the number of skills is not that of the vectors, a frequency is unknown, an
            entry is not finite, or an option is out of its range.

    Example:
        >>> import jax
        >>> world = Matrix.draw(jax.random.key(0), Skills.power_law(4, alpha=1), shape=(8, 6))
        >>> world.skill(jax.numpy.ones((8, 6))).shape
        (4,)
    """

    left: Float[Array, "n_task a"]
    right: Float[Array, "n_task b"]

    def __init__(
        self,
        left: Float[Array | np.ndarray, "n_task a"],
        right: Float[Array | np.ndarray, "n_right b"],
        skills: Skills,
        **options: Any,
    ) -> None:
        super().__init__(skills, **options)
        self.left = check_vectors("left", left, len(skills))
        self.right = check_vectors("right", right, len(skills))

    @classmethod
    def draw(
        cls,
        key: Key[Array, ""],
        skills: Skills,
        shape: tuple[int, int],
        *,
        vectors: str = "unit",
        **options: Any,
    ) -> "Matrix":
        """A world with random sides: "unit", "orthogonal", "gaussian" or "modular" vectors.

        With orthogonal sides, n_task ≤ min(a, b), the tasks v_i w_iᵀ are orthonormal as well.

        Raises:
            ArgumentError: as the class, or orthogonal vectors do not fit.
        """
        left, right = jax.random.split(key)
        rows, columns = shape
        return cls(
            draw_vectors(vectors, left, len(skills), rows),
            draw_vectors(vectors, right, len(skills), columns),
            skills,
            **options,
        )

    def init(self, key: Key[Array, ""]) -> Float[Array, "a b"]:  # noqa: ARG002
        """W = 0."""
        return jnp.zeros((self.left.shape[1], self.right.shape[1]), self.left.dtype)

    def skill(self, params: Float[Array, "a b"]) -> Float[Array, " n_task"]:
        """s_i = v_iᵀ W w_i."""
        return jnp.sum((self.left @ params) * self.right, axis=1)
