"""The Geometry model: skills are directions in parameter space (L25 §2.2)."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.domains import Count, Criterion, Flag, NonNegative
from skillphysics.skills import Skills
from skillphysics.worlds.vectors import Kind, check_vectors, draw_vectors
from skillphysics.worlds.world import BatchSize, Usual, World


class Geometry(World):
    """The Geometry model (L25 §2.2): every skill is a direction in parameter space.

    The parameters x ∈ R^n_dim start at 0, and skill i is s_i = t_i·x. Worlds that share their task
    vectors, `Geometry(vectors, skills)` for several `skills`, train fastest together: the products
    of all runs are then one matrix product.

    Args:
        vectors: t, [n_skill, n_dim].
        skills: names and frequencies.
        options: criterion, batch_size, noise, reweight and half_square, as of `draw`.

    Attributes:
        vectors: t, [n_skill, n_dim].

    Raises:
        ArgumentError: the vectors are not finite or not one per skill, a frequency is unknown, or
            an option is out of its range.

    Example:
        >>> import jax
        >>> from skillphysics import Skills, train
        >>> from skillphysics.optimizers import optimizer
        >>> key = jax.random.key(0)
        >>> world = Geometry.draw(key, Skills.given([0.9, 0.1]), batch_size=128)
        >>> curves = train(world, optimizer("sign_gd"), learning_rate=3e-4, steps=300, key=key)
        >>> curves.learning_time(0.9).values.round(-1).tolist()
        [130.0, 210.0]
    """

    usual: ClassVar[Usual] = Usual("sign_gd", learning_rate=3e-4, steps=3000)

    vectors: Float[Array, "n_skill n_dim"]

    def __init__(
        self, vectors: Float[Array | np.ndarray, "n_skill n_dim"], skills: Skills, **options: Any
    ) -> None:
        super().__init__(skills, **options)
        self.vectors = check_vectors("vectors", vectors, len(skills))

    @classmethod
    def draw(
        cls,
        key: Key[Array, ""],
        skills: Skills,
        n_dim: Count = 1000,
        *,
        vectors: Kind = "orthogonal",
        criterion: Criterion = "mse",
        batch_size: BatchSize | None = None,
        noise: NonNegative | None = None,
        reweight: NonNegative | None = None,
        half_square: Flag = False,
    ) -> "Geometry":
        """A world with random task vectors.

        Args:
            key: randomness of the vectors.
            skills: names and frequencies.
            n_dim: number of parameters.
            vectors: kind of task vectors: orthogonal, unit, gaussian or modular.
            criterion: loss of a skill, mse for (1 − s)² or ce for −log σ(s).
            batch_size: skills drawn per step; by default the exact probabilities are used.
            noise: σ of the normal noise added to the gradient.
            reweight: κ of the sample weights loss^κ (L25 §4.3).
            half_square: train on half the square, without the factor 2 in the gradient (L25
                Figs 4, 5, 7 top).

        Raises:
            ArgumentError: as the class, or n_dim is too small for orthogonal vectors.
        """
        return cls(
            draw_vectors(vectors, key, len(skills), n_dim), skills, criterion=criterion,
            batch_size=batch_size, noise=noise, reweight=reweight, half_square=half_square,
        )  # fmt: skip

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "Geometry":
        """A small world with batches and noise."""
        return cls.draw(key, Skills.power_law(4, alpha=1), 12, batch_size=16, noise=0.01)

    def init(self, key: Key[Array, ""]) -> Float[Array, " n_dim"]:  # noqa: ARG002
        """The parameters at step 0: x = 0."""
        return jnp.zeros(self.vectors.shape[1], self.vectors.dtype)

    def skill(self, params: Float[Array, " n_dim"]) -> Float[Array, " n_skill"]:
        """s = t·x, [n_skill]."""  # noqa: D403
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
