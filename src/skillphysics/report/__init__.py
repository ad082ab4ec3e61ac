"""The main job: skill curves in, an explanation out, in the terminal, as files and as a page."""

from skillphysics.report.explain import Explanation, explain
from skillphysics.report.summary import summary
from skillphysics.report.write import write

__all__ = ["Explanation", "explain", "summary", "write"]
