"""Learning times relative to the earliest, and against known frequencies."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skillphysics.phrases import number
from skillphysics.plotting import by_rank, new_figure
from skillphysics.report import rows
from skillphysics.report.explain import Explanation
from skillphysics.report.figures.drawing import (
    WIDTH,
    Picture,
    label,
    log_axis,
    log_ticks,
    marker,
    name_rows,
    row_height,
)


def picture(explanation: Explanation) -> Picture | None:
    """The relative times of a report, if there are at least two."""
    if not rows.several_times(explanation):
        return None
    return Picture(draw, "Relative learning times", _caption(explanation))


def draw(explanation: Explanation) -> Figure:
    """Measured t_i/t_1 with intervals by rank; beside it half-times against known frequencies."""
    law = explanation.law
    middle, low, high = (
        rows.column(explanation, f"time_ratio{end}") for end in ("", "_low", "_high")
    )
    timed = np.isfinite(middle)
    middle, low, high = middle[timed], low[timed], high[timed]
    names = [str(name) for name in explanation.skills.index[timed]]
    height = row_height(len(names)) * len(names) + 1.2
    figure = new_figure(WIDTH, max(height, 3.4 if law else 1.8))
    left, right = figure.subplots(1, 2) if law else (figure.subplots(), None)
    place = np.arange(len(names))[::-1]
    reach = np.abs([low - middle, high - middle])
    left.errorbar(middle, place, xerr=reach, fmt="none", ecolor="#888888", capsize=2)
    left.scatter(middle, place, c=by_rank(len(names)), zorder=3, s=marker(len(names)))
    name_rows(left, place, names, 22 if law else 34)
    log_axis(left, np.concatenate([low, high]))
    left.set_xlabel("$t_i/t_1$")
    left.set_title("half-times relative to the earliest, measured")
    if right is not None:
        _law_panel(right, explanation)
    return figure


def _caption(explanation: Explanation) -> str:
    caption = (
        "Half-times relative to the earliest, with 90 % intervals for where "
        "they lie on average over seeds. Skills that are not seen to cross half of their ceiling "
        "are left out."
    )
    if explanation.law is None:
        return caption
    return (
        f"Left: {caption[0].lower()}{caption[1:]} Right: half-times against known frequencies, and "
        "the fitted line; skills off it by more than 3 standard deviations are named."
    )


def _law_panel(axis: Axes, explanation: Explanation) -> None:
    """Half-times against known frequencies, with the line of slope −κ through them."""
    law, table = explanation.law, explanation.skills
    if law is None:
        return
    used = np.isfinite(law.deviation)
    frequency, half = rows.column(explanation, "frequency"), rows.column(explanation, "half")
    axis.scatter(frequency[used], half[used], c=by_rank(len(table))[used], zorder=3, s=24)
    kappa = float(law.kappa.median[0])
    # The law has no intercept, so least squares gives it for its slope.
    on = used & ~law.off_line if (used & ~law.off_line).any() else used
    middle = (np.log(half) + kappa * np.log(frequency))[on].mean()
    ends = np.array([frequency[used].min(), frequency[used].max()])
    axis.plot(ends, np.exp(middle - kappa * np.log(ends)), color="#0072B2", lw=1.4)
    for place in np.flatnonzero(law.off_line):
        axis.annotate(
            label(str(table.index[place]), 22),
            (frequency[place], half[place]),
            (5, 4),
            textcoords="offset points",
            fontsize=8,
        )
    log_axis(axis, frequency[used])
    axis.set_yscale("log")
    log_ticks(axis.yaxis, half[used])
    axis.set_xlabel("known frequency p")
    axis.set_ylabel(f"half-time t ({explanation.curves.axis})")
    low, high = float(law.kappa.low[0]), float(law.kappa.high[0])
    axis.set_title(
        rf"$t \propto p^{{-\kappa}}$, κ = {number(kappa)} ({number(low)} to {number(high)})"
    )
