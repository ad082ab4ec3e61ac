"""What the figures of a report share: their size, and how skills and numbers are labelled."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from skillphysics.phrases import number, shortened
from skillphysics.plotting import clipped
from skillphysics.report.explain import Explanation

# All figures have the same width in inches, so that their text has the same size on the page.
WIDTH = 8.0
MOST_PANELS = 24
# With more skills, rows of skills are close and small.
MOST_ROOMY = 40


class Picture(NamedTuple):
    """A figure of a report: what draws it, its title on the page, and its caption."""

    draw: Callable[[Explanation], Figure]
    title: str
    caption: str


def label(name: str, most: int) -> str:
    """The name of a skill, cut to a length."""
    return clipped(shortened(name, most), most)


def spread(names: tuple[str, ...]) -> list[str]:
    """At most as many skills as there are panels, spread over the order of learning."""
    places = np.linspace(0, len(names) - 1, min(len(names), MOST_PANELS)).round().astype(int)
    return [names[i] for i in places]


def row_height(n_row: int) -> float:
    """Height of a row in inches, smaller if there are many."""
    return 0.26 if n_row <= MOST_ROOMY else 0.14


def marker(n_row: int) -> float:
    """Size of the marker of a row, smaller if there are many."""
    return 24.0 if n_row <= MOST_ROOMY else 9.0


def name_rows(
    axis: Axes, place: np.ndarray, names: list[str], most: int, margin: float = 0.7
) -> None:
    """Label the rows of an axis with the names of skills."""
    size = 8 if len(names) <= MOST_ROOMY else 6
    axis.set_yticks(place, [label(name, most) for name in names], fontsize=size)
    axis.set_ylim(-margin, max(len(names), 1) - 1 + margin)
    axis.grid(visible=False, axis="y")


def log_axis(axis: Axes, values: np.ndarray) -> None:
    """Make x logarithmic, with plain numbers."""
    axis.set_xscale("log")
    log_ticks(axis.xaxis, values)


def log_ticks(axis: Axis, values: np.ndarray) -> None:
    """Plain numbers on a logarithmic axis, enough of them over a short range."""
    values = values[np.isfinite(values) & (values > 0)]
    span = values.max() / values.min() if values.size else 1.0
    decades = LogLocator(subs=(1, 2, 5) if span < 100 else (1,), numticks=6)
    axis.set_major_locator(decades if span > 5 else MaxNLocator(4))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def some_of(explanation: Explanation) -> str:
    """The end of a caption if not all skills have a panel."""
    n_fitted = len(explanation.fitted)
    if n_fitted <= MOST_PANELS:
        return ""
    return (
        f" {MOST_PANELS} of the {n_fitted} fitted skills are drawn, spread over the order of "
        "learning."
    )
