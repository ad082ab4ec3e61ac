"""The Geometry model: skills are directions in parameter space (L25 §2.2)."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.skills import Skills
from skillphysics.worlds.vectors import check_vectors, draw_vectors
from skillphysics.worlds.world import World


class Geometry(World):
    """The Geometry model: parameters x ∈ R^n_dim from 0, skill i is s_i = t_i·x (L25 §2.2).

    Worlds with equal task vectors, such as `Geometry(vectors, skills)` for several `skills`, share
    them when they train together, and that is fast: their products become one matrix product.

    Args:
        vectors: t, [n_task, n_dim].
        skills: names and frequencies, which are divided by their sum.
        options: as the attributes of `World`: criterion, batch_size, noise, reweight, half_square.

    Attributes:
        vectors: t, [n_task, n_dim].

    Raises:
        ArgumentError: the number of skills is not that of the vectors, a frequency is unknown, an
            entry is not finite, or an option is out of its range.

    Example:
        >>> import jax
        >>> from skillphysics import Skills, train
        >>> from skillphysics.optimizers import optimizer
        >>> key = jax.random.key(0)
        >>> world = Geometry.draw(key, Skills.given([0.9, 0.1]), n_dim=1000, batch_size=128)
        >>> curves = train(world, optimizer("sign_gd"), learning_rate=3e-4, steps=300, key=key)
        >>> curves.learning_time(0.9).values.round(-1).tolist()
        [130.0, 210.0]
    """

    vectors: Float[Array, "n_task n_dim"]

    def __init__(
        self, vectors: Float[Array | np.ndarray, "n_task n_dim"], skills: Skills, **options: Any
    ) -> None:
        super().__init__(skills, **options)
        self.vectors = check_vectors("vectors", vectors, len(skills))

    @classmethod
    def draw(
        cls,
        key: Key[Array, ""],
        skills: Skills,
        n_dim: int,
        *,
        vectors: str = "orthogonal",
        **options: Any,
    ) -> "Geometry":
        """A world with random task vectors: "orthogonal", "unit", "gaussian" or "modular".

        Raises:
            ArgumentError: as the class, or orthogonal vectors are more than n_dim.
        """
        return cls(draw_vectors(vectors, key, len(skills), n_dim), skills, **options)

    def init(self, key: Key[Array, ""]) -> Float[Array, " n_dim"]:  # noqa: ARG002
        """X = 0."""
        return jnp.zeros(self.vectors.shape[1], self.vectors.dtype)

    def skill(self, params: Float[Array, " n_dim"]) -> Float[Array, " n_task"]:
        """S = t·x."""
        return self.vectors @ params

    def measure(
        self, params: Float[Array, " n_dim"], key: Key[Array, ""]
    ) -> dict[str, Float[Array, "..."]]:
        """Levels, loss, and `aligned`: n_align,i = Σ_j sign(g_i)_j sign(g)_j (L25 §2.5).

        g is the gradient of a batch, g_i that of skill i. The authors' code counts the dimensions
        where t_i and −g agree instead: (n_dim + n_align)/2 while s_i < 1.
        """
        gradient = jax.grad(self.loss)(params, self.batch(key))
        slope = jax.grad(lambda skill: jnp.sum(self.skill_loss(skill)))(self.skill(params))
        aligned = jnp.sign(slope) * (jnp.sign(self.vectors) @ jnp.sign(gradient))
        return {**super().measure(params, key), "aligned": aligned}
