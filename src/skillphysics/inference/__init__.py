"""From curves to theories: fits, their uncertainties, and which theory the data favour."""

from skillphysics.inference.bootstrap import bootstrap
from skillphysics.inference.compare import Comparison, compare
from skillphysics.inference.fit import Fit, fit

__all__ = ["Comparison", "Fit", "bootstrap", "compare", "fit"]
