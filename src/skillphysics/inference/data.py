"""The data of a fit; they are made in `measure.data`, which needs no JAX."""

from skillphysics.measure.data import Data, data_of

__all__ = ["Data", "data_of"]
