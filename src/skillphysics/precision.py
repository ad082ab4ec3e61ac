"""The floating-point precision of networks and tasks."""

import jax

from skillphysics.domains import PRECISION
from skillphysics.errors import ArgumentError


def check_dtype(dtype: str) -> str:
    """A precision in which JAX can compute now, "float32" or "float64".

    Raises:
        ArgumentError: it is another one, or float64 is not enabled.
    """
    PRECISION.check("dtype", dtype)
    if jax.dtypes.canonicalize_dtype(dtype) != dtype:
        raise ArgumentError(
            f"dtype must be 'float32' unless JAX computes in 64 bits, got {dtype!r}; build and "
            "train within `with jax.enable_x64(True):`",
            argument="dtype",
        )
    return dtype
