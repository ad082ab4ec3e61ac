"""Functions that figures in tests compute, imported by the processes that compute."""

import os

import numpy as np
import xarray as xr


def line(n: int) -> xr.Dataset:
    """Numbers and names, for no negative n."""
    if n < 0:
        raise ValueError(f"no line of {n}")
    return xr.Dataset(
        {"x": ("n", np.arange(n)), "name": ("n", [f"skill {i}" for i in range(n)])},
        attrs={"dropped": "yes"},
    )


def interrupted(n: int) -> xr.Dataset:
    """What is interrupted at the second of three parts."""
    if n == 3:
        raise KeyboardInterrupt
    return line(n)


def killed(n: int) -> xr.Dataset:
    """What ends its process, as the system does when memory is short."""
    os._exit(n)
