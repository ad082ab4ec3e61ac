"""Losses of L25 Fig 10 against dimensions and steps, and their exponents."""

import numpy as np
import xarray as xr

from skillphysics.papers.claims import Data

KINDS = {"sign_gd": "SignGD", "adam": "Adam"}
"""Optimizers, and what they are called."""

N_POINTS, S_POINTS = (40, 220), (80, 200)
"""The published exponents are slopes between two points, of n_dim and of steps."""

S_DIM = 100
"""The n_dim of the published exponents in steps."""


def over_dims(data: Data, name: str = "loss", step: int | None = None) -> xr.DataArray:
    """A number at a step, or at the end of training, [n_dim, kind, alpha, seed]."""
    found = [one[name].isel(step=-1) if step is None else one[name].sel(step=step, drop=True)
             for one in data.values()]  # fmt: skip
    return xr.concat(found, "n_dim").sortby("n_dim")


def over_steps(data: Data) -> xr.DataArray:
    """The loss at the published n_dim, or else at the first one, [kind, alpha, seed, step]."""
    return data.get(str(S_DIM), next(iter(data.values()))).loss.isel(n_dim=0)


def slope(loss: xr.DataArray, dim: str, points: tuple[int, int]) -> xr.DataArray:
    """The exponent a of loss ∝ dim^−a between two points."""
    low, high = (loss.sel({dim: point}, drop=True) for point in points)
    return np.log(low / high) / np.log(points[1] / points[0])


def exponents(data: Data, which: str) -> xr.DataArray:
    """α_N ("N") or α_S ("S") of every seed, [kind, alpha, seed], from α = 1 on."""
    if which == "N":
        found = slope(over_dims(data), "n_dim", N_POINTS)
    else:
        found = slope(over_steps(data), "step", S_POINTS)
    return found.sel(alpha=found.alpha >= 1)
