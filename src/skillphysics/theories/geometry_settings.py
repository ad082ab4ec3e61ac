"""The settings of a Geometry world and the constants that mean-field laws take from them."""

import math
from typing import Annotated, Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.domains import (
    COUNT,
    NON_NEGATIVE,
    POSITIVE,
    Count,
    Criterion,
    Flag,
    check_fields,
)
from skillphysics.errors import ArgumentError
from skillphysics.theories.constraints import floating
from skillphysics.theories.correlated import check_correlation


def mean_field_rate(
    n_dim: int, learning_rate: Float[Array, ""] | float
) -> Float[Array, ""] | float:
    """η_eff = η n Γ(n/2) / (√π Γ((n+1)/2)) with n = n_dim, about η√(2n/π) (eq. 3; ours).

    It is exact for one skill with an orthonormal task vector and no noise, at any n_dim.

    Example:
        >>> round(float(mean_field_rate(1000, 3e-4)), 6), round(3e-4 * (2000 / math.pi) ** 0.5, 6)
        (0.007571, 0.007569)
    """
    half = 0.5 * n_dim
    ratio = math.exp(math.lgamma(half) - math.lgamma(half + 0.5))
    return learning_rate * (n_dim * ratio / math.sqrt(math.pi))


def noise_waste(
    n_dim: int, noise: Float[Array, ""] | float, *, half_square: bool
) -> Float[Array, ""] | float:
    """N0 from noise σ on the gradient (eq. 4; ours): √n_dim σ, or half of it for (1 − s)².

    Args:
        n_dim: number of parameters.
        noise: σ, of each entry of the gradient.
        half_square: whether the loss is ½(1 − s)², as in `Geometry`, and not (1 − s)². True for
            cross-entropy.

    Example:
        >>> noise_waste(100, 0.1, half_square=True)
        1.0
    """
    return math.sqrt(n_dim) * noise / (1 if half_square else 2)


def step_waste(
    probability: Float[Array | np.ndarray, " n_skill"], n_dim: int, learning_rate: float
) -> Float[Array, ""]:
    """The norm p_1 η_eff/2 of the gradient that finite steps maintain (eq. 8; ours).

    The most frequent skill, once learned, bounces about its target and keeps the norm there. This
    is a lower bound on the demand D, not a term under its root. Used as an N0 it is right while
    other gradients are well below it; `MeanField` has the full effect.

    Example:
        >>> round(float(step_waste(jnp.array([0.9, 0.1]), 1000, 3e-4)), 5)
        0.00341
    """
    p = jnp.asarray(probability)
    return p.max() / p.sum() * mean_field_rate(n_dim, learning_rate) / 2


def _shares(probability: Any) -> Float[Array, " n_skill"]:
    given = floating(probability)
    if given.ndim != 1 or given.size == 0:
        raise ArgumentError(
            f"probability must have shape (n_skill,), got {given.shape}", argument="probability"
        )
    if not isinstance(given, Tracer):
        POSITIVE.check_entries("probability", given)
    return given / given.sum()


class Settings(eqx.Module):
    """A Geometry world and a learning rate: all that a mean-field law depends on.

    Attributes:
        probability: p, [n_skill]. Frequencies are accepted too and divided by their sum.
        n_dim: number of parameters.
        learning_rate: η.
        noise: σ of the noise on every entry of the gradient.
        batch_size: B, or None if every step sees p itself.
        half_square: as in `Geometry`, whether the gradient lacks the factor 2. It scales σ.
        criterion: "mse" or "ce".
        correlation: C = t tᵀ of the task vectors, [n_skill, n_skill], or None for orthonormal ones.

    Raises:
        ArgumentError: a setting is outside its domain.
    """

    probability: Float[Array, " n_skill"] = eqx.field(converter=_shares)
    n_dim: Count = eqx.field(static=True)
    learning_rate: Float[Array, ""] = eqx.field(converter=floating)
    noise: Float[Array, ""] = eqx.field(converter=floating, default=0.0)
    batch_size: Annotated[int | None, COUNT] = eqx.field(static=True, default=None)
    half_square: Flag = eqx.field(static=True, default=False)
    criterion: Criterion = eqx.field(static=True, default="mse")
    correlation: Float[Array, "n_skill n_skill"] | None = eqx.field(
        converter=lambda value: None if value is None else floating(value), default=None
    )

    def __check_init__(self) -> None:
        check_fields(self)
        for name, domain in (("learning_rate", POSITIVE), ("noise", NON_NEGATIVE)):
            value = getattr(self, name)
            if not isinstance(value, Tracer):
                domain.check(name, value)
        if self.correlation is not None:
            check_correlation(self.correlation, self.probability.size)

    @property
    def rate(self) -> Float[Array, ""]:
        """η_eff of SignGD, per step."""
        return jnp.asarray(mean_field_rate(self.n_dim, self.learning_rate))

    @property
    def waste(self) -> Float[Array, ""]:
        """N0 from the noise."""
        half_square = self.half_square or self.criterion == "ce"
        return jnp.asarray(noise_waste(self.n_dim, self.noise, half_square=half_square))
