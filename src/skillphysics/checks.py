"""What tasks, networks and experiments alike ask of their arguments."""

from typing import Any

import jax
import numpy as np

from skillphysics.errors import ArgumentError

_MOST = 2**31 - 1


def check_count(name: str, value: Any, least: int = 1) -> int:
    """A whole number of at least `least` that fits into 32 bits, or an `ArgumentError`."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least:
        raise ArgumentError(f"{name} is {value!r}; a whole number of at least {least} is wanted")
    if value > _MOST:
        raise ArgumentError(f"{name} is {value!r}; at most {_MOST} is wanted")
    return int(value)


def check_dtype(dtype: str) -> str:
    """A precision that JAX has now, or an `ArgumentError`."""
    if dtype not in ("float32", "float64"):
        raise ArgumentError(f"dtype is {dtype!r}; 'float32' or 'float64' is wanted")
    if jax.dtypes.canonicalize_dtype(dtype) != dtype:
        raise ArgumentError(
            f"dtype is {dtype!r}, which JAX has only within `with jax.enable_x64(True):`; "
            "build and train there, or take 'float32'"
        )
    return dtype
