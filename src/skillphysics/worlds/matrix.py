"""A world for optimizers that act on matrices."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.domains import Count, Criterion, Flag, NonNegative
from skillphysics.skills import Skills
from skillphysics.worlds.vectors import Kind, check_vectors, draw_vectors
from skillphysics.worlds.world import BatchSize, Usual, World


class Matrix(World):
    """Rank-one skills on a matrix of parameters, for optimizers that act on matrices.

    The parameters W ∈ R^{rows×columns} start at 0, and skill i is s_i = v_iᵀ W w_i: the Geometry
    model with t_i = v_i w_iᵀ, for optimizers such as Muon, SOAP and Shampoo that act on rows and
    columns.

    Args:
        left: v, [n_skill, rows].
        right: w, [n_skill, columns].
        skills: names and frequencies.
        options: criterion, batch_size, noise, reweight and half_square, as of `draw`.

    Attributes:
        left: v, [n_skill, rows].
        right: w, [n_skill, columns].

    Raises:
        ArgumentError: the vectors are not finite or not one per skill, a frequency is unknown, or
            an option is out of its range.

    Example:
        >>> import jax
        >>> world = Matrix.draw(jax.random.key(0), Skills.power_law(4, alpha=1), 8, 6)
        >>> world.skill(jax.numpy.ones((8, 6))).shape
        (4,)
    """

    usual: ClassVar[Usual] = Usual("muon", learning_rate=1e-2, steps=3000)

    left: Float[Array, "n_skill rows"]
    right: Float[Array, "n_skill columns"]

    def __init__(
        self,
        left: Float[Array | np.ndarray, "n_skill rows"],
        right: Float[Array | np.ndarray, "n_right columns"],
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
        rows: Count = 32,
        columns: Count = 32,
        *,
        vectors: Kind = "unit",
        criterion: Criterion = "mse",
        batch_size: BatchSize | None = None,
        noise: NonNegative | None = None,
        reweight: NonNegative | None = None,
        half_square: Flag = False,
    ) -> "Matrix":
        """A world with random v and w.

        With orthogonal vectors, n_skill ≤ min(rows, columns), the matrices v_i w_iᵀ are orthonormal
        as well.

        Args:
            key: randomness of the vectors.
            skills: names and frequencies.
            rows: rows of the parameter matrix.
            columns: columns of the parameter matrix.
            vectors: kind of the vectors v and w: orthogonal, unit, gaussian or modular.
            criterion: loss of a skill, mse for (1 − s)² or ce for −log σ(s).
            batch_size: skills drawn per step; by default the exact probabilities are used.
            noise: σ of the normal noise added to the gradient.
            reweight: κ of the sample weights loss^κ (L25 §4.3).
            half_square: train on half the square, without the factor 2 in the gradient (L25
                Figs 4, 5, 7 top).

        Raises:
            ArgumentError: as the class, or there are too few rows or columns for orthogonal
                vectors.
        """
        left, right = jax.random.split(key)
        return cls(
            draw_vectors(vectors, left, len(skills), rows, "rows"),
            draw_vectors(vectors, right, len(skills), columns, "columns"),
            skills, criterion=criterion,
            batch_size=batch_size, noise=noise, reweight=reweight, half_square=half_square,
        )  # fmt: skip

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Matrix":
        """A small world with batches."""
        return cls.draw(key, Skills.power_law(4, alpha=1), 5, 4, batch_size=16)

    def init(self, key: Key[Array, ""]) -> Float[Array, "rows columns"]:  # noqa: ARG002
        """The parameters at step 0: W = 0."""
        return jnp.zeros((self.left.shape[1], self.right.shape[1]), self.left.dtype)

    def skill(self, params: Float[Array, "rows columns"]) -> Float[Array, " n_skill"]:
        """s_i = v_iᵀ W w_i, [n_skill]."""
        return jnp.sum((self.left @ params) * self.right, axis=1)
