"""The learning rate that the Resource model asks for."""

import jax.numpy as jnp
import numpy as np
import optax
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from skillphysics.errors import ArgumentError


def resource_decay(
    peak: float, demand: Float[Array | np.ndarray, " n"], steps: Float[Array | np.ndarray, " n"]
) -> optax.Schedule:
    """η(t) = peak · √(D(t) / D(0)) with the demand D = Σ_j p_j u_j (L25 §2.4, learning rate decay).

    The rate of learning is ∝ η / (D + N0). Where waste grows like N0 = c η², it is largest at
    η* = √(D/c). Where N0 ∝ η there is no largest one, and no reason to decay.

    Args:
        peak: the learning rate at the first step.
        demand: Σ_j p_j u_j, positive at the first step and never negative, as predicted by a theory
            or measured: for mse levels `(1 - curves.level) @ frequency`.
        steps: where it is known, rising; in between it is interpolated, beyond it stays.

    Raises:
        ArgumentError: the peak is not positive, the demand is negative or not finite, or the steps
            do not rise.

    Example:
        >>> demand, steps = np.array([1.0, 0.25]), np.array([0.0, 100.0])
        >>> schedule = resource_decay(0.1, demand, steps)
        >>> [f"{schedule(step):.3f}" for step in (0, 100, 200)]
        ['0.100', '0.050', '0.050']
    """
    known, at = np.asarray(demand, dtype=float), np.asarray(steps, dtype=float)
    if not (np.isfinite(peak) and peak > 0):
        raise ArgumentError(f"peak is {peak}; a positive finite number is wanted")
    if known.shape != at.shape or known.ndim != 1 or not known.size:
        raise ArgumentError(
            f"demand has shape {known.shape} and steps {at.shape}; one number a step is wanted"
        )
    if not (np.isfinite(known).all() and (known >= 0).all() and known[0] > 0):
        raise ArgumentError(
            "demand is negative, not finite or 0 at the start; what is left to learn"
        )
    if not (np.isfinite(at).all() and (np.diff(at) > 0).all()):
        raise ArgumentError("steps do not rise; strictly increasing ones are wanted")
    rate = peak * np.sqrt(known / known[0])

    def schedule(count: ArrayLike) -> Array:
        return jnp.interp(jnp.asarray(count, jnp.float32), at, rate)

    return schedule
