"""Engines: where the cells of a sweep are computed.

To add an engine: write an `Engine` in a module here and add its line to `ENGINES`.
"""

from dataclasses import fields
from typing import Any

from skillphysics.registry import Registry, parsed, unknown
from skillphysics.sweeps.engines.dask import Dask
from skillphysics.sweeps.engines.engine import Crew, Engine, EngineError, WorkerLostError
from skillphysics.sweeps.engines.local import Local
from skillphysics.sweeps.engines.serial import Serial
from skillphysics.sweeps.engines.slurm import Slurm

ENGINES: Registry[type[Engine]] = Registry(
    "engine", {"serial": Serial, "local": Local, "dask": Dask, "slurm": Slurm}
)
"""The engines by public name."""


def engine_of(text: str) -> Engine:
    """An engine from its name, with options in brackets.

    Raises:
        ArgumentError: the name or an option is unknown, or a value is out of its domain.

    Example:
        >>> engine_of("local(workers=2)")
        Local(workers=2)
    """
    name, options = parsed("engine", text)
    kind: Any = ENGINES[name]
    known = [field.name for field in fields(kind)]
    for option in options:
        if option not in known:
            raise unknown(f"option of {name}", option, known, ", ".join(known) or "none")
    return kind(**options)


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
    "engine_of",
]
