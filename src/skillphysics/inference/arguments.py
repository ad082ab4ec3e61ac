"""Checks of the arguments that fits, comparisons and intervals share."""

from collections.abc import Callable, Collection
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from skillphysics.curves import Curves
from skillphysics.errors import ArgumentError, FitError
from skillphysics.inference.coordinates import moved
from skillphysics.measure.data import Data
from skillphysics.theories.base import Theory


def check_curves(curves: Any) -> None:
    """Refuse anything but `Curves`.

    Raises:
        ArgumentError: says what was given.
    """
    if not isinstance(curves, Curves):
        raise ArgumentError(
            f"curves must be Curves, got {type(curves).__name__}; make them with "
            "Curves.from_arrays or read_curves",
            argument="curves",
        )


def check_key(key: Any) -> None:
    """Refuse anything but a JAX random key.

    Raises:
        ArgumentError: says what was given.
    """
    typed = isinstance(key, jax.Array) and jnp.issubdtype(key.dtype, jax.dtypes.prng_key)
    raw = getattr(key, "shape", None) == (2,) and getattr(key, "dtype", None) == np.uint32
    if not (typed and key.shape == ()) and not raw:
        raise ArgumentError(
            f"key must be a random key, got {key!r}; use jax.random.key(0)", argument="key"
        )


def check_theory(theory: Any) -> None:
    """Refuse anything but a theory or a callable.

    Raises:
        ArgumentError: says what was given.
    """
    if not (isinstance(theory, Theory) or callable(theory)):
        raise ArgumentError(
            f"theory must be a Theory or a class of one, got {theory!r}; the theories are in "
            "skillphysics.theories",
            argument="theory",
        )


def theory_from(theory: Theory | Callable[[Array], Any], frequency: Array) -> Theory:
    """A theory as it is, or the theory that a callable makes from frequencies.

    Raises:
        ArgumentError: the callable needs more than frequencies, or does not make a theory.
    """
    if isinstance(theory, Theory):
        return theory
    name = getattr(theory, "__name__", repr(theory))
    try:
        result = theory(frequency)
    except TypeError as error:
        raise ArgumentError(
            f"theory must be callable with frequencies alone, got {name} ({error}); pass an "
            "instance, or fix its other arguments with functools.partial",
            argument="theory",
        ) from error
    if not isinstance(result, Theory):
        raise ArgumentError(
            f"theory must make a Theory, but {name} returned {type(result).__name__}",
            argument="theory",
        )
    return result


def check_theories(theories: Any) -> None:
    """Refuse anything but a mapping with at least one theory.

    Raises:
        ArgumentError: says what was given.
    """
    if not hasattr(theories, "items"):
        raise ArgumentError(
            "theories must map names to theories, as in {'linear': Linear}, got "
            f"{type(theories).__name__}",
            argument="theories",
        )
    if not theories:
        raise ArgumentError("theories must contain at least one theory", argument="theories")
    for theory in theories.values():
        check_theory(theory)


def check_hold(template: Theory, hold: Collection[str]) -> None:
    """Refuse names of parameters that the theory does not have, and a fit that moves nothing.

    Raises:
        ArgumentError: lists the parameters that the theory has.
    """
    known = list(dict.fromkeys(p.name for p in moved(template)))
    listed = ", ".join(known)
    if isinstance(hold, str):
        raise ArgumentError(
            f"hold must be a list of parameter names, got {hold!r}; write [{hold!r}]",
            argument="hold",
        )
    for name in hold:
        if name not in known:
            raise ArgumentError(
                f"hold must name parameters of the theory ({listed}), got {name!r}",
                argument="hold",
            )
    if not known:
        raise ArgumentError(
            f"theory must have a parameter to fit, but no field of {type(template).__name__} has "
            "the metadata `parameter(...)` of skillphysics.theories.constraints",
            argument="theory",
        )
    if not moved(template, hold):
        raise ArgumentError(f"hold must leave a parameter to fit, got {listed}", argument="hold")


def check_learned(data: Data) -> None:
    """Refuse curves in which no level ever changes: they say nothing about any theory.

    Raises:
        FitError: says at which level the skills stay.
    """
    level = np.where(data.measured, data.level, np.nan)
    low, high = np.nanmin(level, axis=(0, 1)), np.nanmax(level, axis=(0, 1))
    if (low == high).all():
        values = ", ".join(f"{value:g}" for value in np.unique(low)[:3])
        raise FitError(
            f"no skill is learned in these curves: every level stays as it is ({values}), which "
            "says nothing about a theory; give a log in which levels rise"
        )
