"""The multilinear model as a world, so that any optimizer can train it (N24)."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.errors import ArgumentError
from skillphysics.skills import Skills
from skillphysics.worlds.world import World


class MultilinearNet(World):
    """f = Σ_k R_k g_k with R a product of two layers, trained on ½E(f* − f)², f* = S Σ g_k (N24).

    Without a width R_k = a_k b_k, both √r at the start: under gradient flow this is the theory
    `Multilinear`. With a width N, R = aᵀB with a ∈ R^N and B ∈ R^{N×n_task} over the basis of
    skills, entries N(0, init²). The level of a skill is R_k/S. Trained on D samples, the loss sees
    the empirical shares d_k/D in place of the frequencies.

    Args:
        skills: names and frequencies P, which are divided by their sum.
        target_scale: S.
        initial_strength: r, the strength R_k at the start, where there is no width.
        width: N, or None.
        init: standard deviation of the initial entries where there is a width.
        counts: d_k, [n_task], how many of the D samples show each skill, or None for D = ∞.
        batch_size: draws a step, out of the D samples, or None for all of them.
        noise: σ of the noise on the gradient, or None.
        reweight: κ of the sample weights ℓ^κ, or None.

    Raises:
        ArgumentError: an argument is out of its range.

    Example:
        >>> from skillphysics import Multilinear, train
        >>> from skillphysics.optimizers import optimizer
        >>> skills = Skills.given([0.7, 0.3])
        >>> net = MultilinearNet(skills, target_scale=1.0, initial_strength=0.1)
        >>> key = jax.random.key(0)
        >>> curves = train(net, optimizer("sgd"), learning_rate=0.01, steps=400, key=key)
        >>> theory = Multilinear(np.array([0.7, 0.3]), rate=0.01, initial_share=0.1)
        >>> bool(abs(curves.level - theory.levels(curves.steps)).max() < 2e-3)
        True
    """

    target_scale: Float[Array, ""]
    initial_strength: Float[Array, ""]
    deviation: Float[Array, ""]
    width: int | None = eqx.field(static=True)

    def __init__(
        self,
        skills: Skills,
        *,
        target_scale: float = 1.0,
        initial_strength: float = 0.01,
        width: int | None = None,
        init: float = 0.1,
        counts: np.ndarray | None = None,
        batch_size: int | None = None,
        noise: float | None = None,
        reweight: float | None = None,
    ) -> None:
        super().__init__(
            skills,
            batch_size=batch_size,
            noise=noise,
            reweight=reweight,
            seen=None if counts is None else _shares(counts, len(skills)),
        )
        if width is not None and width < 1:
            raise ArgumentError(f"width is {width}; at least 1 is wanted")
        self.target_scale = _positive("target_scale", target_scale)
        self.initial_strength = _positive("initial_strength", initial_strength)
        self.deviation = _positive("init", init)
        self.width = width

    @classmethod
    def draw(
        cls, key: Key[Array, ""], skills: Skills, n_samples: int | None, **options: Any
    ) -> "MultilinearNet":
        """A model trained on D samples drawn from the frequencies, or on infinitely many.

        Raises:
            ArgumentError: as the class, or there is no sample.
        """
        if n_samples is None:
            return cls(skills, **options)
        if not 1 <= n_samples < 2**31:
            raise ArgumentError(f"n_samples is {n_samples}; a number from 1 to 2^31 − 1 is wanted")
        generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
        return cls(skills, counts=generator.multinomial(n_samples, skills.probability), **options)

    def init(self, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:
        """A and b at √r, or a and B at random."""
        n_task = len(self.names)
        if self.width is None:
            start = jnp.full(n_task, jnp.sqrt(self.initial_strength))
            return {"a": start, "b": start}
        of_a, of_b = jax.random.split(key)
        return {
            "a": self.deviation * jax.random.normal(of_a, (self.width,), jnp.float32),
            "b": self.deviation * jax.random.normal(of_b, (self.width, n_task), jnp.float32),
        }

    def skill(self, params: dict[str, Float[Array, "..."]]) -> Float[Array, " n_task"]:
        """R_k/S."""
        a, b = params["a"], params["b"]
        return (a * b if self.width is None else a @ b) / self.target_scale

    def skill_loss(self, skill: Float[Array, " n_task"]) -> Float[Array, " n_task"]:
        """½(S − R_k)²."""
        return self.target_scale**2 / 2 * (1 - skill) ** 2


def _positive(name: str, value: float) -> Float[Array, ""]:
    if not (np.isfinite(value) and value > 0):
        raise ArgumentError(f"{name} is {value}; a positive number is wanted")
    return jnp.asarray(value, jnp.float32)


def _shares(counts: np.ndarray, n_task: int) -> np.ndarray:
    values = np.asarray(counts, np.float64)
    if values.shape != (n_task,):
        raise ArgumentError(f"counts has shape {values.shape}; {n_task} skills want ({n_task},)")
    if not (np.isfinite(values).all() and (values >= 0).all() and values.sum() > 0):
        raise ArgumentError("counts must be finite, not negative and not all zero")
    return values / values.sum()
