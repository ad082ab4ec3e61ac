"""A comparison of runs in the terminal, as files and as a page."""

from skillphysics.report.runs.summary import summary
from skillphysics.report.runs.terminal import show
from skillphysics.report.runs.write import write

__all__ = ["show", "summary", "write"]
