"""Between a theory and the vector of free coordinates that a solver moves."""

from collections.abc import Collection
from functools import reduce

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from skillphysics.theories.base import Parameter, Theory, parameters
from skillphysics.theories.constraints import Held


def moved(theory: Theory, held: Collection[str] = ()) -> tuple[Parameter, ...]:
    """The parameters that a fit moves: all but those held by their constraint or by name."""
    return tuple(
        p for p in parameters(theory) if p.name not in held and not isinstance(p.constraint, Held)
    )


def to_free(theory: Theory, held: Collection[str] = ()) -> Float[Array, " n_free"]:
    """The free coordinates of a theory."""
    parts = [p.constraint.to_free(p.value).reshape(-1) for p in moved(theory, held)]
    return jnp.concatenate(parts) if parts else jnp.zeros(0)


def at_free(template: Theory, free: Float[Array, " n_free"], held: Collection[str] = ()) -> Theory:
    """The theory at free coordinates; what is held stays as in `template`."""
    theory, at = template, 0
    for p in moved(template, held):
        shape = p.constraint.to_free(p.value).shape
        size = int(jnp.size(jnp.zeros(shape)))
        value = p.constraint.to_value(free[at : at + size].reshape(shape), p.value)
        theory = _replaced(theory, p.path, value)
        at += size
    return theory


def values(theory: Theory, held: Collection[str] = ()) -> Float[Array, " n_value"]:
    """The moved parameters themselves, one after the other."""
    return jnp.concatenate([p.value.reshape(-1) for p in moved(theory, held)])


def _replaced(theory: Theory, path: tuple[str, ...], value: Array) -> Theory:
    return eqx.tree_at(lambda tree: reduce(getattr, path, tree), theory, value)
