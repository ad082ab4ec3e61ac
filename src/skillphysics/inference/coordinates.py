"""Conversion between a theory and the vector of free coordinates that a solver moves."""

from collections.abc import Collection
from functools import reduce
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Bool, Float

from skillphysics.theories.base import Parameter, Theory, parameters
from skillphysics.theories.constraints import FARTHEST, Held


def moved(theory: Theory, held: Collection[str] = ()) -> tuple[Parameter, ...]:
    """The parameters that a fit moves: all but those held by their constraint or by name."""
    return tuple(
        p for p in parameters(theory) if p.name not in held and not isinstance(p.constraint, Held)
    )


def to_free(theory: Theory, held: Collection[str] = ()) -> Float[np.ndarray, " n_free"]:
    """The free coordinates of a theory."""
    parts = [p.constraint.to_free(p.value).reshape(-1) for p in moved(theory, held)]
    return np.concatenate(parts) if parts else np.zeros(0)


def at_free(
    template: Theory, free: Float[Array | np.ndarray, " n_free"], held: Collection[str] = ()
) -> Theory:
    """The theory at free coordinates; held parameters stay as in `template`.

    NumPy coordinates give a NumPy theory, traced ones a JAX theory.
    """
    theory, at = template, 0
    for p in moved(template, held):
        size = p.value.size
        value = p.constraint.to_value(free[at : at + size].reshape(p.value.shape), p.value)
        # NumPy returns a scalar for an array without dimensions.
        theory = replaced(
            theory, p.path, value if isinstance(value, jax.Array) else np.asarray(value)
        )
        at += size
    return theory


def values(theory: Theory, held: Collection[str] = ()) -> Float[np.ndarray, " n_free"]:
    """The moved parameters themselves, one after the other."""
    return np.concatenate([p.value.reshape(-1) for p in moved(theory, held)])


def slopes(theory: Theory, held: Collection[str] = ()) -> Float[np.ndarray, " n_free"]:
    """Derivative of each moved parameter by its own free coordinate."""
    return np.concatenate([p.constraint.slope(p.value).reshape(-1) for p in moved(theory, held)])


def at_edge(
    theory: Theory, free: Float[np.ndarray, " n_free"], held: Collection[str] = ()
) -> Bool[np.ndarray, " n_free"]:
    """Which free coordinates are where their parameter no longer follows them.

    Logarithms are clipped far from any plausible value, where the solver drifts if the data are
    indifferent.
    """
    parts, at = [np.zeros(0, bool)], 0
    for p in moved(theory, held):
        mine = free[at : at + p.value.size]
        at += p.value.size
        centre = mine.mean() if p.constraint.redundant else 0.0
        parts.append(np.abs(mine - centre) >= FARTHEST)
    return np.concatenate(parts)


class Layout(NamedTuple):
    """Which free coordinates belong to one skill each, which to all, and which are redundant.

    Attributes:
        own: parameters with one entry per skill, in order; empty unless the theory is separable.
        at_own: indices of their entries in the free coordinates, [n_own, n_skill].
        shared: all other parameters.
        at_shared: indices of their entries, [n_shared].
        gauge: indices of each group of entries whose common shift changes nothing.
    """

    own: tuple[Parameter, ...]
    at_own: np.ndarray
    shared: tuple[Parameter, ...]
    at_shared: np.ndarray
    gauge: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, theory: Theory, held: Collection[str] = ()) -> "Layout":
        """The layout of a theory's free coordinates."""
        n_skill = theory.frequency.size
        own, at_own, shared, at_shared, gauge = [], [], [], [], []
        at = 0
        for p in moved(theory, held):
            place = np.arange(at, at + p.value.size)
            at += p.value.size
            mine = theory.separable and p.value.ndim == 1
            (own if mine else shared).append(p)
            (at_own if mine else at_shared).append(place)
            if p.constraint.redundant:
                gauge.append(place)
        return cls(
            tuple(own),
            np.array(at_own, dtype=int).reshape(len(own), n_skill),
            tuple(shared),
            np.concatenate([*at_shared, np.zeros(0, dtype=int)]).astype(int),
            tuple(gauge),
        )

    @property
    def n_free(self) -> int:
        """Number of free coordinates, including redundant ones."""
        return self.at_own.size + self.at_shared.size


def replaced(theory: Theory, path: tuple[str, ...], value: Array | np.ndarray) -> Theory:
    """The theory with another value of one parameter."""
    return eqx.tree_at(lambda tree: reduce(getattr, path, tree), theory, value)
