"""Explanations of skill curves: in the terminal, as files and as a web page."""

from skillphysics.report.explain import Explanation, explain
from skillphysics.report.summary import summary

__all__ = ["Explanation", "explain", "summary"]
