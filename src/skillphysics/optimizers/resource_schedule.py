"""The learning rate schedule of the Resource model."""

import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from skillphysics.domains import FINITE, NON_NEGATIVE, POSITIVE
from skillphysics.errors import ArgumentError


def resource_decay(
    peak: float, demand: Float[Array | np.ndarray, " n"], steps: Float[Array | np.ndarray, " n"]
) -> optax.Schedule:
    """η(t) = peak · √(D(t) / D(0)) with the demand D = Σ_j p_j u_j (L25 §2.4, learning rate decay).

    Skills are learned at a rate ∝ η / (D + N0). Where the waste grows like N0 = c η², this rate is
    largest at η* = √(D/c). Where N0 ∝ η it has no maximum, and there is no reason to decay.

    Args:
        peak: the learning rate at the first step.
        demand: Σ_j p_j u_j at `steps`, [n]: positive at the first step and never negative, as
            predicted by a theory or measured, which for mse levels is
            `(1 - curves.level) @ frequency`.
        steps: strictly increasing, [n]. The demand is interpolated between them and constant
            beyond the last.

    Returns:
        A schedule, from a step to the learning rate, as optax uses them.

    Raises:
        ArgumentError: the peak is not positive, the demand is negative, not finite or 0 at the
            start, or the steps do not increase.

    Example:
        >>> demand, steps = np.array([1.0, 0.25]), np.array([0.0, 100.0])
        >>> schedule = resource_decay(0.1, demand, steps)
        >>> [f"{schedule(step):.3f}" for step in (0, 100, 200)]
        ['0.100', '0.050', '0.050']
    """
    peak = POSITIVE.check("peak", peak)
    known = NON_NEGATIVE.check_entries("demand", demand).astype(float)
    at = FINITE.check_entries("steps", steps).astype(float)
    if known.shape != at.shape or known.ndim != 1 or not known.size:
        raise ArgumentError(
            "demand and steps must be one-dimensional and of equal length, got shapes "
            f"{known.shape} and {at.shape}"
        )
    if known[0] == 0:
        raise ArgumentError("demand must be positive at the first step, got 0", argument="demand")
    if not (np.diff(at) > 0).all():
        raise ArgumentError("steps must be strictly increasing", argument="steps")
    rate = peak * np.sqrt(known / known[0])

    def schedule(count: ArrayLike) -> Array:
        return jnp.interp(jnp.asarray(count, jnp.float32), at, rate)

    return schedule
