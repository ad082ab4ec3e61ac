"""Engines: where the cells of a sweep are computed.

To add an engine: write an `Engine` in a module here and add its line to `ENGINES`.
"""

from skillphysics.registry import Registry
from skillphysics.sweeps.engines.dask import Dask
from skillphysics.sweeps.engines.engine import Crew, Engine, EngineError, WorkerLostError
from skillphysics.sweeps.engines.local import Local
from skillphysics.sweeps.engines.serial import Serial
from skillphysics.sweeps.engines.slurm import Slurm

ENGINES: Registry[type[Engine]] = Registry(
    "engine", {"serial": Serial, "local": Local, "dask": Dask, "slurm": Slurm}
)
"""The engines by public name."""

__all__ = [
    "ENGINES",
    "Crew",
    "Dask",
    "Engine",
    "EngineError",
    "Local",
    "Serial",
    "Slurm",
    "WorkerLostError",
]
