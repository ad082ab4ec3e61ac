"""The experiments of both papers with networks, each a named configuration (L25, N24)."""

from collections.abc import Mapping
from types import MappingProxyType

from skillphysics.experiments.against import against
from skillphysics.experiments.emergence import (
    CalibrationData,
    CalibrationParameters,
    CalibrationTime,
    EmergenceData,
    EmergenceParameters,
    EmergenceTime,
)
from skillphysics.experiments.experiment import Experiment, Variant
from skillphysics.experiments.grokking import Grokking
from skillphysics.experiments.modularity import Modularity
from skillphysics.experiments.multitask import EmergenceTransformer, Multitask
from skillphysics.experiments.parities import Dependent, Domino
from skillphysics.experiments.reweighting import Reweighting

EXPERIMENTS: Mapping[str, type[Experiment]] = MappingProxyType(
    {
        "domino": Domino,
        "dependent": Dependent,
        "grokking": Grokking,
        "modularity": Modularity,
        "multitask": Multitask,
        "reweighting": Reweighting,
        "emergence-time": EmergenceTime,
        "emergence-data": EmergenceData,
        "emergence-parameters": EmergenceParameters,
        "emergence-transformer": EmergenceTransformer,
        "calibration-time": CalibrationTime,
        "calibration-data": CalibrationData,
        "calibration-parameters": CalibrationParameters,
    }
)
"""Every experiment by name."""

__all__ = ["EXPERIMENTS", "Experiment", "Variant", "against"]
