"""Memory: sizes are refused before they exhaust the machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import jax
import numpy as np

from skillphysics.errors import ArgumentError

# What is estimated leaves out intermediate values and the program itself.
_USABLE = 0.8


def check_memory(what: str, n_bytes: float) -> None:
    """Check that an amount of memory is available on the device.

    Raises:
        ArgumentError: it is not; the message begins with `what`.
    """
    available = available_memory()
    if n_bytes > _USABLE * available:
        raise ArgumentError(
            f"{what} needs at least {n_bytes / 2**30:.3g} GiB of memory, and this machine has "
            f"{available / 2**30:.3g} GiB; reduce the sizes, or train fewer runs at once"
        )


@contextmanager
def refusing_exhaustion(what: str) -> Iterator[None]:
    """Turn a failed allocation, which no estimate foresaw, into an error that says what failed.

    Raises:
        ArgumentError: memory was exhausted.
    """
    try:
        yield
    except (MemoryError, jax.errors.JaxRuntimeError) as error:
        if not isinstance(error, MemoryError) and "RESOURCE_EXHAUSTED" not in str(error):
            raise
        raise ArgumentError(
            f"{what} needs more memory than this machine has; reduce the sizes, or train fewer "
            "runs at once"
        ) from error


def available_memory() -> int:
    """The memory of the device in bytes: that of the accelerator, or of the whole machine."""
    statistics = jax.devices()[0].memory_stats() or {}
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return int(statistics.get("bytes_limit", physical))


def n_bytes(tree: Any) -> float:
    """The size of the arrays of a pytree, given as arrays or as their shapes."""
    # Keys have a dtype that NumPy does not know.
    return float(
        sum(
            np.prod(leaf.shape, dtype=float) * getattr(leaf.dtype, "itemsize", 8)
            for leaf in jax.tree.leaves(tree)
            if hasattr(leaf, "shape")
        )
    )
