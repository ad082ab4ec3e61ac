"""A comparison of runs in the terminal, as files and as a page."""

from skillphysics.comparison.report.summary import summary
from skillphysics.comparison.report.terminal import show

__all__ = ["show", "summary"]
