"""Networks of the papers as the data of a figure."""

import dataclasses
from typing import Any

import xarray as xr

from skillphysics.experiments import EXPERIMENTS


def trained(name: str, scale: str, n_seed: int, **settings: Any) -> xr.Dataset:
    """Curves of an experiment at a scale, with settings of one's own; lists stand for tuples."""
    changed = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    experiment = dataclasses.replace(EXPERIMENTS[name].at(scale), **changed)
    return experiment.run(range(n_seed)).dataset.drop_attrs()
