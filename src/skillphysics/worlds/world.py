"""What the toy worlds share: skills drawn with their frequencies, a loss a skill, noise."""

import abc
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from skillphysics.errors import ArgumentError
from skillphysics.numerics.logistic import minus_log_sigmoid
from skillphysics.numerics.multinomial import Multinomial
from skillphysics.numerics.threefry import fold_in
from skillphysics.skills import Skills
from skillphysics.training.problem import Problem

# Beyond it, counts are no longer exact in float32.
_MOST_DRAWS = 2**24


class Batch(NamedTuple):
    """What one step of a world sees."""

    share: Float[Array, " n_task"]
    """Share of the draws that fell on each skill."""
    noise: Any
    """Standard normal numbers in the shape of the parameters, or None."""


class World(Problem):
    """A loss Σ_i p_i ℓ(s_i) over the skills that a world computes from its parameters (L25 §2.2).

    ℓ is (1 − s)² for criterion "mse" and −log σ(s) for "ce", whose level is σ(s). A step draws
    `batch_size` skills from p and sees their shares in place of p; without a batch size it sees p.

    Attributes:
        frequency: p, [n_task], divided by its sum.
        criterion: "mse" or "ce".
        draws: the sampler of batches, or None for exact p.
        seen: what is seen in place of p where nothing is drawn, [n_task].
        noise: σ of the normal noise that every step adds to the gradient as it is fed to the
            optimizer, with or without the factor 2, or None.
        reweight: κ of the sample weights w = ℓ^κ (L25 §4.3), which are constants to the gradient,
            or None.
        half_square: train on ½(1 − s)²: a gradient without the factor 2 of the square, as in L25
            Figs 4, 5 and 7 (top). Figs 7 (bottom) and 8 keep it. The recorded loss always is
            Σ p_i ℓ(s_i).
    """

    names: tuple[str, ...] = eqx.field(static=True)
    frequency: Float[Array, " n_task"]
    criterion: str = eqx.field(static=True)
    draws: Multinomial | None
    seen: Float[Array, " n_task"]
    noise: Float[Array, ""] | None
    reweight: Float[Array, ""] | None
    half_square: bool = eqx.field(static=True)

    def __init__(
        self,
        skills: Skills,
        *,
        criterion: str = "mse",
        batch_size: int | None = None,
        noise: float | None = None,
        reweight: float | None = None,
        half_square: bool = False,
        seen: np.ndarray | None = None,
    ) -> None:
        probability = skills.probability
        if criterion not in ("mse", "ce"):
            raise ArgumentError(f"criterion is {criterion!r}; 'mse' or 'ce' is wanted")
        if half_square and criterion != "mse":
            raise ArgumentError("half_square halves (1 − s)²; criterion 'ce' has no square")
        if not isinstance(half_square, bool):
            raise ArgumentError(f"half_square is {half_square!r}; True or False is wanted")
        if batch_size is not None and not (
            isinstance(batch_size, int) and 1 <= batch_size <= _MOST_DRAWS
        ):
            raise ArgumentError(
                f"batch_size is {batch_size}; a number from 1 to {_MOST_DRAWS} is wanted, or None "
                "for exact frequencies"
            )
        self.names = skills.names
        self.frequency = jnp.asarray(probability, jnp.float32)
        self.criterion = criterion
        in_data = probability if seen is None else seen
        self.draws = None if batch_size is None else Multinomial(in_data, batch_size)
        self.seen = jnp.asarray(in_data, jnp.float32)
        self.noise = _not_negative("noise", noise)
        self.reweight = _not_negative("reweight", reweight)
        self.half_square = half_square

    @abc.abstractmethod
    def skill(self, params: Any) -> Float[Array, " n_task"]:
        """s, [n_task]: 0 is nothing, 1 (mse) or infinity (ce) is all of a skill."""

    def batch(self, key: Key[Array, ""]) -> Batch:
        """The shares of one batch of draws, and the noise."""
        share = self.seen
        if self.draws is not None:
            share = self.draws(key).astype(jnp.float32) / self.draws.total
        noise = None
        if self.noise is not None:
            noise = _normal_like(fold_in(key, 1), jax.eval_shape(self.init, key))
        return Batch(share, noise)

    def loss(self, params: Any, batch: Batch) -> Float[Array, ""]:
        """The loss of a batch; noise enters as the linear term whose gradient it is."""
        each = self.skill_loss(self.skill(params))
        weight = batch.share
        if self.reweight is not None:
            weight = weight * jax.lax.stop_gradient(each) ** self.reweight
        total = jnp.sum(weight * each)
        if self.half_square:
            total = total / 2
        if self.noise is None:
            return total
        linear = jax.tree.map(lambda z, x: jnp.sum(z * x), batch.noise, params)
        return total + self.noise * sum(jax.tree.leaves(linear))

    def measure(self, params: Any, key: Key[Array, ""]) -> dict[str, Float[Array, "..."]]:  # noqa: ARG002
        """Levels, and the loss at the true frequencies."""
        skill = self.skill(params)
        level = skill if self.criterion == "mse" else jax.nn.sigmoid(skill)
        return {"level": level, "loss": jnp.sum(self.frequency * self.skill_loss(skill))}

    def skill_loss(self, skill: Float[Array, " n_task"]) -> Float[Array, " n_task"]:
        """ℓ(s) of every skill."""
        return (1 - skill) ** 2 if self.criterion == "mse" else minus_log_sigmoid(skill)


def _not_negative(name: str, value: float | None) -> Float[Array, ""] | None:
    if value is None:
        return None
    if not 0 <= value <= float(np.finfo(np.float32).max):
        raise ArgumentError(f"{name} is {value}; a finite number that is not negative is wanted")
    return jnp.asarray(value, jnp.float32)


def _normal_like(key: Key[Array, ""], shapes: Any) -> Any:
    leaves, structure = jax.tree.flatten(shapes)
    keys = jax.random.split(key, len(leaves))
    normal = [
        jax.random.normal(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)
    ]
    return jax.tree.unflatten(structure, normal)
