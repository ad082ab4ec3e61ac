"""Comparison of training runs: factors of time, final levels, order, and the map of clocks."""

from skillphysics.comparison.align import Pair, Side
from skillphysics.comparison.change import Change, Effect
from skillphysics.comparison.compare_runs import RunComparison, compare_runs

__all__ = ["Change", "Effect", "Pair", "RunComparison", "Side", "compare_runs"]
