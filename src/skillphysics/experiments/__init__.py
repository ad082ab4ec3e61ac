"""The experiments of both papers with networks, each a named configuration (L25, N24).

To add an experiment: write an `Experiment` in a module here and add its line to `EXPERIMENTS`.
"""

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
from skillphysics.experiments.parities import DependentParities, ImbalancedParities
from skillphysics.experiments.reweighting import Reweighting
from skillphysics.registry import Registry

EXPERIMENTS: Registry[type[Experiment]] = Registry(
    "experiment",
    {
        "domino": ImbalancedParities,
        "dependent": DependentParities,
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
    },
)
"""The experiments by public name."""

__all__ = ["EXPERIMENTS", "Experiment", "Variant", "against"]
