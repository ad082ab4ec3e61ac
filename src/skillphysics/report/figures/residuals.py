"""What the winning theory leaves unexplained."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter

from skillphysics.measure.data import data_of
from skillphysics.plotting import new_figure
from skillphysics.report.explain import Explanation
from skillphysics.report.figures.drawing import WIDTH, Picture, name_rows, row_height
from skillphysics.report.rows import unit


def picture(explanation: Explanation) -> Picture:
    """The residuals of a report."""
    return Picture(
        draw,
        "What is left unexplained",
        f"Measured level minus that of {explanation.comparison.winner}, in {unit(explanation)}. A "
        "stripe along a row is a wrong shape; a stripe down a column is one odd checkpoint.",
    )


def draw(explanation: Explanation) -> Figure:
    """What the winner leaves unexplained, skill by step."""
    comparison = explanation.comparison
    curves = explanation.curves.mean_run()
    names = list(explanation.fitted)
    best = comparison.best.predicted.sel(skill=names)
    rest = curves.level.sel(skill=names) - best
    if comparison.known_noise:
        rest = rest * data_of(curves.select(names)).weight[0]
    figure = new_figure(WIDTH, row_height(len(names)) * len(names) + 1.3)
    axis = figure.subplots()
    bound = max(float(np.nanquantile(np.abs(rest.values), 0.98)), 1e-12)
    image = axis.imshow(
        rest.transpose("skill", "step").values,
        aspect="auto", cmap="PuOr", vmin=-bound, vmax=bound, interpolation="nearest",
    )  # fmt: skip
    ticks = np.unique(np.linspace(0, len(curves.steps) - 1, min(10, len(curves.steps))).astype(int))
    engineering = EngFormatter(sep="")
    axis.set_xticks(ticks, [engineering(float(f"{curves.steps[i]:.3g}")) for i in ticks])
    name_rows(axis, np.arange(len(names)), names, 34, margin=0.5)
    axis.invert_yaxis()
    axis.grid(visible=False)
    axis.set_xlabel(f"{curves.axis} (one column per checkpoint)")
    axis.set_title(f"measured − {comparison.winner}")
    figure.colorbar(
        image, ax=axis, label=unit(explanation), extend="both", fraction=0.03, extendfrac=0.02,
        aspect=max(20, 0.5 * len(names)),
    )  # fmt: skip
    return figure
