"""What values a theory's parameter may take, and the free coordinates in which a fit moves it.

A field of a theory declares its constraint once, in its metadata, and every fit, interval and bound
follows from that. Conversions of NumPy arrays stay in NumPy, where nothing is compiled.
"""

import abc
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError

Unit = Literal["", "steps", "1/steps"]

_Array = Array | np.ndarray | np.floating

# Free coordinates are logarithms: beyond e^±46 = 10^±20 a parameter stands still.
_FARTHEST = 46.0


class Constraint(eqx.Module):
    """A bijection between the allowed values of a parameter and free coordinates.

    Attributes:
        wanted: the allowed values in words, for messages.
        bounds: the closure of the allowed interval of each entry.
        redundant: how many directions of the free coordinates change nothing.
    """

    wanted: ClassVar[str] = "a number"
    bounds: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    redundant: ClassVar[int] = 0

    @abc.abstractmethod
    def to_free(self, value: Float[_Array, "..."]) -> Float[_Array, "..."]:
        """Free coordinates of an allowed value; one at a bound is moved a little inside."""

    @abc.abstractmethod
    def to_value(
        self, free: Float[_Array, "..."], like: Float[_Array, "..."]
    ) -> Float[_Array, "..."]:
        """The allowed value at free coordinates; `like` is the value that the fit started from."""

    def slope(self, value: Float[_Array, "..."]) -> Float[_Array, "..."]:
        """Derivative of each entry by its own free coordinate, by default that of e^free."""
        return value

    def allows(self, value: np.ndarray) -> np.ndarray | np.bool:
        """Which entries are allowed."""
        return (value >= self.bounds[0]) & (value <= self.bounds[1])


class NonNegative(Constraint):
    """Entries of at least 0, moved in their logarithm."""

    wanted: ClassVar[str] = "a finite number that is not negative"
    bounds: ClassVar[tuple[float, float]] = (0.0, np.inf)

    def allows(self, value: np.ndarray) -> np.ndarray | np.bool:
        return (value >= 0) & np.isfinite(value)

    def to_free(self, value: Float[_Array, "..."]) -> Float[_Array, "..."]:
        xp = value.__array_namespace__()
        return xp.log(xp.where(value > 0, value, 1e-8))

    def to_value(
        self, free: Float[_Array, "..."], like: Float[_Array, "..."]
    ) -> Float[_Array, "..."]:
        xp = free.__array_namespace__()
        return xp.exp(xp.clip(free, -_FARTHEST, _FARTHEST))


class Positive(NonNegative):
    """Entries above 0, moved in their logarithm."""

    wanted: ClassVar[str] = "a positive finite number"

    def allows(self, value: np.ndarray) -> np.ndarray | np.bool:
        return (value > 0) & np.isfinite(value)


class Share(Constraint):
    """Entries between 0 and 1, moved in their log-odds."""

    wanted: ClassVar[str] = "a number between 0 and 1"
    bounds: ClassVar[tuple[float, float]] = (0.0, 1.0)

    def to_free(self, value: Float[_Array, "..."]) -> Float[_Array, "..."]:
        xp = value.__array_namespace__()
        inside = xp.where(value > 0, xp.where(value < 1, value, 1 - 1e-6), 1e-6)
        return xp.log(inside) - xp.log1p(-inside)

    def to_value(
        self, free: Float[_Array, "..."], like: Float[_Array, "..."]
    ) -> Float[_Array, "..."]:
        xp = free.__array_namespace__()
        return xp.exp(-xp.logaddexp(0.0, -free))

    def slope(self, value: Float[_Array, "..."]) -> Float[_Array, "..."]:
        return value * (1 - value)


class Simplex(Positive):
    """Positive entries [n] with the sum they started from, moved in their logarithms.

    Free coordinates are centred log-ratios ln p_i − mean ln p. A common shift of them changes
    nothing, so there are n − 1 free parameters.
    """

    redundant: ClassVar[int] = 1

    def to_free(self, value: Float[_Array, " n"]) -> Float[_Array, " n"]:
        logarithm = value.__array_namespace__().log(value)
        return logarithm - logarithm.mean()

    def to_value(self, free: Float[_Array, " n"], like: Float[_Array, " n"]) -> Float[_Array, " n"]:
        xp = free.__array_namespace__()
        ratio = xp.clip(free - free.mean(), -_FARTHEST, _FARTHEST)
        share = xp.exp(ratio - ratio.max())
        return like.sum() * (share / share.sum())


class Held(Positive):
    """Positive and not moved by a fit: it sets a unit, or the data cannot determine it."""

    wanted: ClassVar[str] = "a positive number"

    def to_free(self, value: Float[_Array, "..."]) -> Float[_Array, " 0"]:
        return value.reshape(-1)[:0]

    def to_value(
        self, free: Float[_Array, " 0"], like: Float[_Array, "..."]
    ) -> Float[_Array, "..."]:
        return like

    def allows(self, value: np.ndarray) -> np.ndarray | np.bool:
        return value > 0


NON_NEGATIVE, POSITIVE, SHARE, SIMPLEX, HELD = (
    NonNegative(),
    Positive(),
    Share(),
    Simplex(),
    Held(),
)


def floating(value: Any) -> Float[Array, "..."]:
    """Numbers as a floating-point array; whole numbers would not be differentiable.

    Raises:
        ArgumentError: they are no real numbers.
    """
    array = value if isinstance(value, jax.Array | np.ndarray) else np.asarray(value)
    if jnp.issubdtype(array.dtype, jnp.floating):
        # A Python number takes JAX's default precision, an array keeps its own.
        return jnp.asarray(value)
    if not (jnp.issubdtype(array.dtype, jnp.integer) or array.dtype == bool):
        raise ArgumentError(f"{value!r} holds what is no number; real numbers are wanted")
    return jnp.asarray(array, jnp.result_type(float))


def parameter(constraint: Constraint, *, unit: Unit = "") -> dict[str, Any]:
    """The metadata of a field of a theory that holds an array, `eqx.field(metadata=...)`.

    Args:
        constraint: the allowed values.
        unit: "steps", "1/steps" or "" for a pure number; the starts of a fit are scaled by it.
    """
    return {"constraint": constraint, "unit": unit}
