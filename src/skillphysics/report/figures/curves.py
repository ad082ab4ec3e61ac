"""Measured curves, and theories over them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skillphysics.curves import Curves
from skillphysics.plotting import new_figure, step_axis
from skillphysics.report.explain import Explanation
from skillphysics.report.figures.drawing import WIDTH, Picture, label, some_of, spread
from skillphysics.steps import dense, is_logarithmic

# Colours of Okabe and Ito, which colour-blind readers can distinguish.
_THEORY_COLOURS = ("#0072B2", "#D55E00", "#009E73")
_THEORY_LINES = ("-", "--", ":")


def picture(explanation: Explanation) -> Picture:
    """The curves of a report."""
    curves = explanation.curves
    errors = ", with standard errors" if "level_stderr" in curves.dataset else ""
    return Picture(
        draw,
        "Curves, and theories over them",
        f"Measured levels (points{errors}) and the first theories of the ranking (lines) against "
        f"{curves.axis}. Level 0 is chance or the start, 1 is mastered.{some_of(explanation)}",
    )


def draw(explanation: Explanation) -> Figure:
    """Each fitted skill's measurements with the three best theories over them."""
    comparison = explanation.comparison
    names = spread(explanation.fitted)
    shown = list(comparison.fits)[: len(_THEORY_COLOURS)]
    curves = explanation.curves.mean_run()
    steps = dense(curves.steps)
    n_column = min(4, len(names))
    n_row = -(-len(names) // n_column)
    figure = new_figure(WIDTH, (1.6 if n_column > 2 else 2.6) * n_row + 0.6)
    axes = figure.subplots(n_row, n_column, squeeze=False, sharex=True)
    smooth = {name: comparison.fits[name].levels(steps) for name in shown}
    for place, (axis, skill) in enumerate(zip(axes.flat, names, strict=False)):
        _points(axis, curves, skill)
        for name, colour, line in zip(shown, _THEORY_COLOURS, _THEORY_LINES, strict=False):
            axis.plot(steps, smooth[name].sel(skill=skill), line, color=colour, lw=1.4, label=name)
        axis.set_title(label(skill, 88 // n_column), fontsize=8)
        step_axis(axis, curves.steps, label=curves.axis if place >= len(names) - n_column else "")
        axis.tick_params(labelbottom=place >= len(names) - n_column)
        axis.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
        _few_decades(axis, curves.steps)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("level")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _points(axis: Axes, curves: Curves, skill: str) -> None:
    part = curves.dataset.sel(skill=skill)
    error = part.get("level_stderr")
    axis.errorbar(
        part["step"], part["level"], yerr=error, fmt="o", ms=2.6, lw=0.7, color="#444444",
        ecolor="#aaaaaa", zorder=1,
    )  # fmt: skip


def _few_decades(axis: Axes, steps: np.ndarray) -> None:
    """At most three labels on the logarithmic axis of a small panel."""
    if not is_logarithmic(steps):
        axis.xaxis.set_major_locator(MaxNLocator(3))
        return
    last = int(np.floor(np.log10(steps[-1])))
    least = steps[steps > 0][0] * (3 if steps[0] == 0 else 1)
    first = int(np.ceil(np.log10(least)))
    decades = [10.0**power for power in range(last, first - 1, -max((last - first) // 2, 1))]
    axis.set_xticks([*([0.0] if steps[0] == 0 else []), *reversed(decades)])
