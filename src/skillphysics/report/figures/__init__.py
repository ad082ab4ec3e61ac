"""The figures of a report, one module each: `picture(explanation)` says what to draw, and why."""

from collections.abc import Callable

from skillphysics.registry import Registry
from skillphysics.report.explain import Explanation
from skillphysics.report.figures import (
    collapse,
    curves,
    learning_times,
    ranking,
    relative_times,
    residuals,
)
from skillphysics.report.figures.drawing import Picture

FIGURES: Registry[Callable[[Explanation], Picture | None]] = Registry(
    "figure",
    {
        "curves": curves.picture,
        "learning_times": learning_times.picture,
        "relative_times": relative_times.picture,
        "ranking": ranking.picture,
        "residuals": residuals.picture,
        "collapse": collapse.picture,
    },
)
"""Every figure by its file name, in the order of the page: None if it shows nothing."""


def pictures(explanation: Explanation) -> dict[str, Picture]:
    """The figures that apply to this explanation, by file name."""
    made = {name: picture(explanation) for name, picture in FIGURES.items()}
    return {name: picture for name, picture in made.items() if picture is not None}


__all__ = ["FIGURES", "Picture", "pictures"]
