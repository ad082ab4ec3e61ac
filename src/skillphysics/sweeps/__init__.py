"""Sweeps: grids of computations, kept in a store, on one machine or a cluster."""

from skillphysics.sweeps.computation import Cell, Computation, computation, computation_of
from skillphysics.sweeps.driver import complete
from skillphysics.sweeps.engines import (
    ENGINES,
    Dask,
    Engine,
    EngineError,
    Local,
    Serial,
    Slurm,
    engine_of,
)
from skillphysics.sweeps.grid import Grid
from skillphysics.sweeps.record import Record, records
from skillphysics.sweeps.store import Store, StoreError
from skillphysics.sweeps.sweep import results, run, sweep

__all__ = [
    "ENGINES",
    "Cell",
    "Computation",
    "Dask",
    "Engine",
    "EngineError",
    "Grid",
    "Local",
    "Record",
    "Serial",
    "Slurm",
    "Store",
    "StoreError",
    "complete",
    "computation",
    "computation_of",
    "engine_of",
    "records",
    "results",
    "run",
    "sweep",
]
