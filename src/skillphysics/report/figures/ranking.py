"""The theories compared."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from skillphysics.plotting import new_figure
from skillphysics.report.explain import Explanation
from skillphysics.report.figures.drawing import WIDTH, Picture, log_axis
from skillphysics.report.rows import unit


def picture(explanation: Explanation) -> Picture:
    """The ranking of a report."""
    return Picture(
        draw,
        "Theories compared",
        "The winner is on top. Left: Akaike's criterion above the lowest; bold names are within 6 "
        "of it, a tie that the simplest wins. Middle: residuals of the fit to all checkpoints, in "
        f"{unit(explanation)}. Right: error of the last {explanation.comparison.n_held_out} "
        "checkpoints, predicted from the others, in level.",
    )


def draw(explanation: Explanation) -> Figure:
    """How far each theory's AIC is above the lowest, its residuals, and how well it predicts."""
    comparison = explanation.comparison
    table = comparison.table.iloc[::-1]
    figure = new_figure(WIDTH, 0.3 * len(table) + 1.0)
    left, middle, right = figure.subplots(1, 3, sharey=True)
    place = np.arange(len(table))
    left.barh(place, table["delta_aic"], color="#9aa0a6", height=0.65)
    for at, value in zip(place, table["delta_aic"], strict=True):
        left.annotate(f"{value:,.1f}", (value, at), (3, 0), textcoords="offset points", va="center")
    left.set_xlim(0, max(1.3 * table["delta_aic"].max(), 1))
    left.xaxis.set_major_locator(MaxNLocator(3))
    left.xaxis.set_major_formatter(EngFormatter(sep=""))
    left.set_yticks(place, table.index)
    for name, label in zip(table.index, left.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if name in comparison.tied else "normal")
    left.set_xlabel("AIC above the lowest")
    left.set_title("fit to all checkpoints")
    middle.plot(table["scale"], place, "o", color="#666666")
    middle.set_xlabel(unit(explanation))
    middle.set_title("residual")
    right.plot(table["held_out"], place, "D", color="#D55E00")
    right.set_xlabel("level")
    right.set_title(f"error of the last {comparison.n_held_out} checkpoints")
    for axis, column in ((middle, "scale"), (right, "held_out")):
        values = table[column].to_numpy(float)
        if values.max() < 5 * values.min():
            axis.set_xlim(0, 1.15 * values.max())
            axis.xaxis.set_major_locator(MaxNLocator(4))
        else:
            log_axis(axis, values)
    for axis in (left, middle, right):
        axis.set_ylim(-0.6, len(table) - 0.4)
        axis.grid(visible=False, axis="y")
    return figure
