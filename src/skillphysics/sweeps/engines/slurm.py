"""Slurm."""

from dataclasses import dataclass

from skillphysics.sweeps.engines.engine import Engine


@dataclass(frozen=True)
class Slurm(Engine):
    """Slurm."""

    def crew(self, n_task):
        raise NotImplementedError
