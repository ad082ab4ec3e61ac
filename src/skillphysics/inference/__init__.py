"""From curves to theories: fits, their uncertainties, and which theory the data favour."""

from skillphysics.inference.bootstrap import bootstrap
from skillphysics.inference.clock import Clock, infer_clock
from skillphysics.inference.compare import Comparison, compare
from skillphysics.inference.drift import Drift, drift
from skillphysics.inference.fit import Fit, fit
from skillphysics.inference.half_times import half_times
from skillphysics.inference.occurrence import (
    FrequencyLaw,
    frequency_law,
    infer_frequencies,
    relative_times,
)

__all__ = [
    "Clock",
    "Comparison",
    "Drift",
    "Fit",
    "FrequencyLaw",
    "bootstrap",
    "compare",
    "drift",
    "fit",
]
__all__ += ["frequency_law", "half_times", "infer_clock", "infer_frequencies", "relative_times"]
