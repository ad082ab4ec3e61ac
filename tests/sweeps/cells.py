"""Functions that sweeps in tests compute, imported by their workers."""

import os
import time
from pathlib import Path

import numpy as np
import xarray as xr

from skillphysics.curves import Curves
from skillphysics.sweeps import computation


def product(a: int, b: int = 1) -> xr.Dataset:
    """Numbers, text and a flag, with labels along a dimension of its own."""
    if a == 7:
        raise ValueError("seven\nis not allowed")
    return xr.Dataset(
        {"y": ("x", np.arange(3) * a * b), "name": ((), f"cell {a}"), "odd": ((), a % 2 == 1)},
        {"x": [1, 2, 3]},
    )


def product_x(x: int) -> xr.Dataset:
    """Results with a dimension that is named as the setting."""
    return product(x)


@computation(together=["a"])
def batched(a: list[int], b: int = 1) -> list[xr.Dataset]:
    """As many results as entries; each has the number of cells of its call."""
    if 7 in a and len(a) > 1:
        raise ValueError("seven spoils the batch")
    return [xr.Dataset({"y": one * b, "n_call": len(a)}) for one in a]


def ragged(n: int) -> xr.Dataset:
    """A result with as many steps as it was asked for."""
    steps = np.arange(0, 10 * n, 10)
    return xr.Dataset(
        {"level": (("step", "skill"), np.tile(steps / 10.0, (2, 1)).T), "count": ((), n)},
        {"step": steps, "skill": ["add", "carry"], "frequency": ("skill", [0.75, 0.25])},
    )


def curves(rate: float) -> Curves:
    """Curves."""
    return Curves.from_arrays([0, 1], [[0.0], [rate]], skill=["add"])


def wait(i: int, seconds: float = 1.0) -> xr.Dataset:
    """A cell that takes some time."""
    time.sleep(seconds)
    return xr.Dataset({"y": i})


def kill(i: int) -> xr.Dataset:
    """A cell that ends its process, as the system does when memory is short."""
    if i == 3:
        os.kill(os.getpid(), 9)
    return xr.Dataset({"y": i})


def wrong(i: int) -> float:
    """A function that returns no dataset."""
    return float(i)


def complex_numbers(i: int) -> xr.Dataset:
    """A result that netCDF cannot hold."""
    return xr.Dataset({"y": 1j * i})


def exits(i: int) -> xr.Dataset:
    """A cell that ends the program."""
    raise SystemExit(3)


def reserved(i: int) -> xr.Dataset:
    """A result that is named as the errors are."""
    return xr.Dataset({"failure": i})


def moves(i: int) -> xr.Dataset:
    """A cell that changes the working directory."""
    os.chdir("/")
    return xr.Dataset({"y": i})


def mutate(i: int, shares: list[float]) -> xr.Dataset:
    """A function that changes what it is given."""
    shares.append(i)
    return xr.Dataset({"y": sum(shares)})


def fork(i: int) -> xr.Dataset:
    """A function that returns twice, in two processes."""
    is_child = os.fork() == 0
    return xr.Dataset({"y": -i if is_child else i})


class MuteError(Exception):
    """An exception that cannot be printed or pickled."""

    def __init__(self, one: int, two: int) -> None:
        self.call = lambda: one + two

    def __str__(self) -> str:
        raise RuntimeError


def mute(i: int) -> xr.Dataset:
    """A cell that fails with it."""
    raise MuteError(i, i)


def broken_text(i: int) -> xr.Dataset:
    """A cell that fails with text that no file can hold."""
    raise ValueError("\udc80")


def labelled(kind: str) -> xr.Dataset:
    """Results with the labels 1, 2 and 3, or with others."""
    labels = {"usual": [1, 2, 3], "twice": [1, 1, 2], "nan": [1, 2, np.nan], "none": None}[kind]
    if labels is None:
        return xr.Dataset({"y": ("x", np.arange(4.0))})
    return xr.Dataset({"y": ("x", np.arange(3.0))}, {"x": labels})


def remove_files(i: int, folder: str) -> xr.Dataset:
    """A cell during which somebody removes results."""
    for path in Path(folder).glob("*.nc"):
        path.unlink()
    return xr.Dataset({"y": i})
