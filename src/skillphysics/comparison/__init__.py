"""Comparison of training runs: factors of time, final levels, order, and the map of clocks."""

from skillphysics.comparison.align import Pair, Side
from skillphysics.comparison.change import Change
from skillphysics.comparison.compare_runs import RunComparison, compare_runs
from skillphysics.comparison.effect import Effect

__all__ = ["Change", "Effect", "Pair", "RunComparison", "Side", "compare_runs"]
