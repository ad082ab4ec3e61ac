"""When each skill is learned."""

import numpy as np
from matplotlib.figure import Figure

from skillphysics.plotting import by_rank, new_figure, step_axis
from skillphysics.report.explain import Explanation
from skillphysics.report.figures.drawing import MOST_ROOMY, WIDTH, Picture, name_rows, row_height
from skillphysics.steps import is_logarithmic


def picture(explanation: Explanation) -> Picture:
    """The learning times of a report."""
    return Picture(
        draw,
        "Learning times",
        f"When each skill is learned, in {explanation.curves.axis}. Bar: from 5 % to 95 % of the "
        "ceiling, by the winning theory, or as far as the log goes; an arrow where it ends before "
        "that. Stroke: half of the ceiling, measured.",
    )


def draw(explanation: Explanation) -> Figure:
    """When each fitted skill emerges, is half learned and is saturated."""
    names = list(explanation.fitted)
    table = explanation.skills.loc[names]
    emergence, half, saturation = (
        np.asarray(table[name], float) for name in ("emergence", "half", "saturation")
    )
    steps = explanation.curves.steps
    last, positive = steps[-1], steps[steps > 0][0]
    # A logarithmic axis has no zero.
    least = positive if is_logarithmic(steps) else steps[0]
    start = np.clip(np.nan_to_num(emergence, nan=least), least, last)
    end = np.clip(saturation, least, last)
    place = np.arange(len(names))[::-1]
    colours = by_rank(len(names))
    thick = 5 if len(names) <= MOST_ROOMY else 3
    figure = new_figure(WIDTH, row_height(len(names)) * len(names) + 1.0)
    axis = figure.subplots()
    axis.hlines(place, start, end, colors=list(colours), lw=thick, alpha=0.5)
    later = saturation > last
    axis.scatter(
        np.full(later.sum(), last), place[later], c=colours[later], marker=">", s=(thick + 1) ** 2
    )
    seen = np.isfinite(half)
    axis.plot(
        np.maximum(half[seen], least), place[seen], "|", color="black", ms=thick + 4, mew=thick / 3
    )
    name_rows(axis, place, names, 34)
    step_axis(axis, steps, label=explanation.curves.axis)
    if is_logarithmic(steps) and start.min() > 10 * positive:
        axis.set_xscale("log")
        axis.set_xlim(left=start.min() / 3)
    return figure
