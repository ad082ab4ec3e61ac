"""The settings of a Geometry world, and the constants that mean-field laws take from them."""

import math

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float

from skillphysics.domains import check_frequency
from skillphysics.errors import ArgumentError
from skillphysics.theories.constraints import floating
from skillphysics.theories.correlated import check_correlation


def mean_field_rate(
    n_dim: int, learning_rate: Float[Array, ""] | float
) -> Float[Array, ""] | float:
    """η_eff = η n Γ(n/2) / (√π Γ((n+1)/2)), n = n_dim, about η√(2n/π) (eq. 3; ours).

    Exact for one skill, for orthonormal task vectors without noise, and at any n_dim.

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
    """N0 that noise σ on the gradient leaves (eq. 4; ours): √n_dim σ, with the factor 2 half of it.

    Args:
        n_dim: number of parameters.
        noise: σ, of each entry of the gradient.
        half_square: the gradient is that of ½(1 − s)², as in `Geometry`; also for cross-entropy.
    """
    return math.sqrt(n_dim) * noise / (1 if half_square else 2)


def step_waste(
    frequency: Float[Array | np.ndarray, " n_skill"], n_dim: int, learning_rate: float
) -> Float[Array, ""]:
    """The norm p_1 η_eff/2 below which a finite step keeps no gradient (eq. 8; ours).

    The most frequent skill, once learned, bounces so far that the norm stays there. It is a least
    value of the demand D, not a term under its root: as an N0 it is right while other gradients
    are well below it. `MeanField` has the whole of it.
    """
    p = jnp.asarray(frequency)
    return p.max() / p.sum() * mean_field_rate(n_dim, learning_rate) / 2


class Settings(eqx.Module):
    """A Geometry world and a learning rate, which is all that a mean-field law needs to know.

    Attributes:
        frequency: p, [n_skill], of sum 1; it is divided by its sum.
        n_dim: number of parameters.
        learning_rate: η.
        noise: σ of the noise on every entry of the gradient.
        batch_size: B, or None where every step sees p.
        half_square: as in `Geometry`: the gradient has no factor 2. It says what σ means.
        criterion: "mse" or "ce".
        correlation: C = t tᵀ of the task vectors, [n_skill, n_skill], or None for orthonormal ones.

    Raises:
        ArgumentError: a setting is out of its range.
    """

    frequency: Float[Array, " n_skill"] = eqx.field(converter=floating)
    n_dim: int = eqx.field(static=True)
    learning_rate: Float[Array, ""] = eqx.field(converter=floating)
    noise: Float[Array, ""] = eqx.field(converter=floating, default=0.0)
    batch_size: int | None = eqx.field(static=True, default=None)
    half_square: bool = eqx.field(static=True, default=False)
    criterion: str = eqx.field(static=True, default="mse")
    correlation: Float[Array, "n_skill n_skill"] | None = eqx.field(
        converter=lambda given: None if given is None else floating(given), default=None
    )

    def __check_init__(self) -> None:
        if self.criterion not in ("mse", "ce"):
            raise ArgumentError(f"criterion is {self.criterion!r}; 'mse' or 'ce' is wanted")
        if not isinstance(self.n_dim, int) or self.n_dim < 1:
            raise ArgumentError(f"n_dim is {self.n_dim}; at least one dimension is wanted")
        if self.batch_size is not None and not (
            isinstance(self.batch_size, int) and self.batch_size >= 1
        ):
            raise ArgumentError(f"batch_size is {self.batch_size}; at least one draw is wanted")
        if not isinstance(self.half_square, bool):
            raise ArgumentError(f"half_square is {self.half_square!r}; True or False is wanted")
        if not isinstance(self.frequency, Tracer):
            check_frequency(self.frequency, self.frequency.size)
        if self.correlation is not None:
            check_correlation(self.correlation, self.frequency.size)
        for name, wanted, least in (
            ("learning_rate", "positive", np.nextafter(0, 1)),
            ("noise", "not negative", 0.0),
        ):
            value = getattr(self, name)
            if not isinstance(value, Tracer) and not least <= float(value) < math.inf:
                raise ArgumentError(f"{name} is {value}; a finite number, {wanted}, is wanted")

    @property
    def rate(self) -> Float[Array, ""]:
        """η_eff of SignGD, per step."""
        return jnp.asarray(mean_field_rate(self.n_dim, self.learning_rate))

    @property
    def waste(self) -> Float[Array, ""]:
        """N0 of the noise."""
        plain = self.half_square or self.criterion == "ce"
        return jnp.asarray(noise_waste(self.n_dim, self.noise, half_square=plain))
