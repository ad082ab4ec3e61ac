"""The multilinear model as a world, so that any optimizer can train it (N24)."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.domains import COUNT, NON_NEGATIVE, POSITIVE, Count, NonNegative, Positive
from skillphysics.errors import ArgumentError
from skillphysics.skills import Skills
from skillphysics.worlds.world import BatchSize, Usual, World, scalar


class MultilinearNet(World):
    """The multilinear model of N24 as parameters that any optimizer trains.

    The model f = Σ_k R_k g_k trains on ½E(f* − f)² with the target f* = S Σ_k g_k (N24). Without a
    width, R_k = a_k b_k with both factors √r at the start: under gradient flow this is the theory
    `Multilinear`. With a width N, R = aᵀB with a ∈ R^N and B ∈ R^{N×n_skill}, whose entries start
    from N(0, init²). The level of a skill is R_k/S. Trained on D samples, the loss has the
    empirical shares d_k/D in place of the probabilities.

    Args:
        skills: names and frequencies.
        target_scale: S, the scale of the target.
        initial_strength: r, the strength R_k of every skill at the start, without a width.
        width: N, or None.
        init: standard deviation of the initial entries, with a width.
        counts: d_k, [n_skill], how many of the D samples show each skill, or None for D = ∞.
        batch_size, noise, reweight: as of `draw`.

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

    usual: ClassVar[Usual] = Usual("sgd", learning_rate=0.05, steps=3000)

    target_scale: Float[Array, ""]
    initial_strength: Float[Array, ""]
    deviation: Float[Array, ""]
    width: int | None = eqx.field(static=True)

    def __init__(
        self,
        skills: Skills,
        *,
        target_scale: Positive = 1.0,
        initial_strength: Positive = 0.01,
        width: Count | None = None,
        init: Positive = 0.1,
        counts: np.ndarray | None = None,
        batch_size: BatchSize | None = None,
        noise: NonNegative | None = None,
        reweight: NonNegative | None = None,
    ) -> None:
        super().__init__(
            skills,
            batch_size=batch_size,
            noise=noise,
            reweight=reweight,
            data_share=None if counts is None else _shares(counts, len(skills)),
        )
        self.width = None if width is None else COUNT.check("width", width)
        self.target_scale = scalar("target_scale", target_scale, POSITIVE)
        self.initial_strength = scalar("initial_strength", initial_strength, POSITIVE)
        self.deviation = scalar("init", init, POSITIVE)

    @classmethod
    def draw(
        cls,
        key: Key[Array, ""],
        skills: Skills,
        n_samples: Count | None = None,
        *,
        target_scale: Positive = 1.0,
        initial_strength: Positive = 0.01,
        width: Count | None = None,
        init: Positive = 0.1,
        batch_size: BatchSize | None = None,
        noise: NonNegative | None = None,
        reweight: NonNegative | None = None,
    ) -> "MultilinearNet":
        """A model that trains on D samples drawn from the probabilities, or on infinitely many.

        Args:
            key: randomness of the samples.
            skills: names and frequencies.
            n_samples: D, the number of samples, drawn once; by default infinitely many.
            target_scale: S, the scale of the target.
            initial_strength: r, the strength of every skill at the start, without a width.
            width: N, the width of the layers a and B; by default one product per skill.
            init: standard deviation of the initial entries, with a width.
            batch_size: samples drawn per step; by default the exact shares are used.
            noise: σ of the normal noise added to the gradient.
            reweight: κ of the sample weights loss^κ (L25 §4.3).

        Raises:
            ArgumentError: as the class.
        """
        counts = None
        if n_samples is not None:
            COUNT.check("n_samples", n_samples)
            generator = np.random.default_rng(np.asarray(jax.random.key_data(key)))
            counts = generator.multinomial(n_samples, skills.probability)
        return cls(
            skills, target_scale=target_scale, initial_strength=initial_strength, width=width,
            init=init, counts=counts, batch_size=batch_size, noise=noise, reweight=reweight,
        )  # fmt: skip

    @classmethod
    def example(cls, key: Key[Array, ""]) -> "MultilinearNet":
        """A small model with a width, trained on a data set."""
        return cls.draw(key, Skills.power_law(4, alpha=1), 100, width=3)

    def init(self, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:
        """The parameters at step 0: a and b at √r, or a and B at random."""
        n_skill = len(self.names)
        if self.width is None:
            start = jnp.full(n_skill, jnp.sqrt(self.initial_strength))
            return {"a": start, "b": start}
        key_a, key_b = jax.random.split(key)
        return {
            "a": self.deviation * jax.random.normal(key_a, (self.width,), jnp.float32),
            "b": self.deviation * jax.random.normal(key_b, (self.width, n_skill), jnp.float32),
        }

    def skill(self, params: dict[str, Float[Array, "..."]]) -> Float[Array, " n_skill"]:
        """R_k/S, [n_skill]."""
        a, b = params["a"], params["b"]
        return (a * b if self.width is None else a @ b) / self.target_scale

    def skill_loss(self, skill: Float[Array, " n_skill"]) -> Float[Array, " n_skill"]:
        """½(S − R_k)², [n_skill]."""
        return self.target_scale**2 / 2 * (1 - skill) ** 2


def _shares(counts: Any, n_skill: int) -> np.ndarray:
    values = np.asarray(NON_NEGATIVE.check_entries("counts", counts), np.float64)
    if values.shape != (n_skill,):
        raise ArgumentError(
            f"counts must have one entry for each of the {n_skill} skills, got an array of shape "
            f"{values.shape}",
            argument="counts",
        )
    if values.sum() == 0:
        raise ArgumentError("counts must not all be zero", argument="counts")
    return values / values.sum()
