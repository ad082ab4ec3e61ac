"""The values that a parameter of a theory may take, and the coordinates in which a fit moves it.

A field of a theory declares its constraint once, in its metadata. Checks, fits, intervals and
bounds follow from it. NumPy arrays are converted in NumPy, where nothing is compiled.
"""

import abc
from typing import Any, ClassVar, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from skillphysics import domains
from skillphysics.domains import Domain
from skillphysics.errors import ArgumentError

Unit = Literal["", "steps", "1/steps"]

_Array = Array | np.ndarray | np.floating

# Free coordinates are logarithms: parameters stay within e^±46 = 10^±20.
FARTHEST = 46.0
"""Where free coordinates are clipped."""


class Constraint(eqx.Module):
    """A bijection between the allowed values of a parameter and free coordinates.

    Attributes:
        domain: the allowed values of each entry.
        bounds: the closure of the allowed interval of each entry.
        redundant: number of directions of the free coordinates that change nothing.
    """

    domain: ClassVar[Domain] = domains.FINITE
    bounds: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    redundant: ClassVar[int] = 0

    @abc.abstractmethod
    def to_free(self, value: Float[_Array, "..."]) -> Float[_Array, "..."]:
        """Free coordinates of an allowed value; a value at a bound is first moved inside."""

    @abc.abstractmethod
    def to_value(
        self, free: Float[_Array, "..."], like: Float[_Array, "..."]
    ) -> Float[_Array, "..."]:
        """The value at free coordinates; `like` is the value that the fit started from."""

    def slope(self, value: Float[_Array, "..."]) -> Float[_Array, "..."]:
        """Derivative of each entry by its own free coordinate, by default that of e^free."""
        return value


class NonNegative(Constraint):
    """Finite entries of at least 0; the free coordinate is the logarithm."""

    domain: ClassVar[Domain] = domains.NON_NEGATIVE
    bounds: ClassVar[tuple[float, float]] = (0.0, np.inf)

    def to_free(self, value: Float[_Array, "..."]) -> Float[_Array, "..."]:
        xp = value.__array_namespace__()
        return xp.log(xp.where(value > 0, value, 1e-8))

    def to_value(
        self, free: Float[_Array, "..."], like: Float[_Array, "..."]
    ) -> Float[_Array, "..."]:
        xp = free.__array_namespace__()
        return xp.exp(xp.clip(free, -FARTHEST, FARTHEST))


class Positive(NonNegative):
    """Finite entries above 0; the free coordinate is the logarithm."""

    domain: ClassVar[Domain] = domains.POSITIVE


class Share(Constraint):
    """Entries between 0 and 1; the free coordinate is the log-odds."""

    domain: ClassVar[Domain] = domains.SHARE
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
    """Positive entries [n] whose sum a fit keeps.

    The free coordinates are the centred log-ratios ln p_i − mean ln p. Shifting all of them by the
    same amount changes nothing, so n entries are n − 1 free parameters.
    """

    redundant: ClassVar[int] = 1

    def to_free(self, value: Float[_Array, " n"]) -> Float[_Array, " n"]:
        logarithm = value.__array_namespace__().log(value)
        return logarithm - logarithm.mean()

    def to_value(self, free: Float[_Array, " n"], like: Float[_Array, " n"]) -> Float[_Array, " n"]:
        xp = free.__array_namespace__()
        ratio = xp.clip(free - free.mean(), -FARTHEST, FARTHEST)
        share = xp.exp(ratio - ratio.max())
        return like.sum() * (share / share.sum())


class Held(Positive):
    """Positive entries that a fit never moves: they set a unit, or no data determine them."""

    domain: ClassVar[Domain] = domains.ABOVE_ZERO

    def to_free(self, value: Float[_Array, "..."]) -> Float[_Array, " 0"]:
        return value.reshape(-1)[:0]

    def to_value(
        self, free: Float[_Array, " 0"], like: Float[_Array, "..."]
    ) -> Float[_Array, "..."]:
        return like


NON_NEGATIVE, POSITIVE, SHARE, SIMPLEX, HELD = (
    NonNegative(),
    Positive(),
    Share(),
    Simplex(),
    Held(),
)


def floating(value: Any) -> Float[Array, "..."]:
    """Real numbers as a floating-point array; integers are converted, to be differentiable.

    A Python number takes JAX's default precision, and an array keeps its own.

    Raises:
        ArgumentError: the value does not consist of real numbers.

    Example:
        >>> floating([1, 2]).tolist()
        [1.0, 2.0]
    """
    array = value if isinstance(value, jax.Array | np.ndarray) else np.asarray(value)
    if jnp.issubdtype(array.dtype, jnp.floating):
        return jnp.asarray(value)
    if not (jnp.issubdtype(array.dtype, jnp.integer) or array.dtype == bool):
        raise ArgumentError(f"parameters must be real numbers, got {value!r}")
    return jnp.asarray(array, jnp.result_type(float))


def parameter(constraint: Constraint, *, unit: Unit = "") -> dict[str, Any]:
    """The metadata of a field that is a parameter, for `eqx.field(metadata=...)`.

    Args:
        constraint: the values that it may take.
        unit: "steps", "1/steps", or "" for a pure number. A fit scales its starting points by it.

    Example:
        >>> parameter(POSITIVE, unit="1/steps")["unit"]
        '1/steps'
    """
    return {"constraint": constraint, "unit": unit}
