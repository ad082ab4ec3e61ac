"""Whether skills share one clock."""

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skillphysics.phrases import number
from skillphysics.plotting import by_rank, new_figure, step_axis
from skillphysics.report import rows
from skillphysics.report.explain import Explanation
from skillphysics.report.figures.drawing import WIDTH, Picture, some_of, spread

_CLOCKS = ("resource l1", "resource l2", "linear")


def picture(explanation: Explanation) -> Picture | None:
    """The collapse of a report, if a theory with one clock is among the best."""
    if not _has_clock(explanation):
        return None
    change = explanation.drift
    return Picture(
        draw,
        "Do skills share one clock?",
        "In a Resource theory −ln(u)/p is one curve for all skills, their common clock. Where the "
        "right panel does not collapse, that theory fails. Its test: while two skills are learned, "
        f"ln u_i/ln u_j should stay constant; it changes by a factor of {number(change.factor)} "
        f"(median over {change.n_pair} pairs of neighbours). The right panel shows 0.05 < u < 0.95 "
        f"only.{some_of(explanation)}",
    )


def draw(explanation: Explanation) -> Figure:
    """The clock −ln(u)/p that each skill shows: one curve if u^{1/p} is conserved (L25 Fig 21)."""
    figure = new_figure(WIDTH, 3.4)
    left, right = figure.subplots(1, 2, sharex=True)
    fit = explanation.resource
    if fit is None:
        left.set_title("no theory with a common clock was fitted")
        return figure
    names = spread(explanation.fitted)
    part = explanation.curves.mean_run().select(names)
    values = fit.parameters["value"]
    has_ceiling = "ceiling" in values.index.get_level_values("parameter")
    ceiling = values.xs("ceiling").reindex(names).to_numpy() if has_ceiling else 1.0
    unskill = 1 - part.level.values / ceiling
    # Closer to 0 or 1, noise dominates the logarithm.
    clear = (unskill > 0.05) & (unskill < 0.95)
    frequency = explanation.skills["frequency"].reindex(names).to_numpy()
    source = "known"
    if np.isnan(frequency).any():
        frequency = fit.parameters["value"].xs("frequency").reindex(names).to_numpy()
        fits = explanation.comparison.fits
        source = f"by {next(name for name, one in fits.items() if one is fit)}"
    clock = np.where(clear, -np.log(np.where(clear, unskill, 0.5)) / frequency, np.nan)
    for place, colour in enumerate(by_rank(len(names))):
        left.plot(part.steps, unskill[:, place], ".-", color=colour, ms=4, lw=0.8)
        right.plot(part.steps, clock[:, place], ".-", color=colour, ms=4, lw=0.8)
    left.set_ylim(-0.1, 1.2)
    left.set_ylabel("unskill u = 1 − level/ceiling")
    right.set_yscale("log")
    right.set_ylabel(f"−ln(u)/p, p {source}")
    for axis in (left, right):
        step_axis(axis, part.steps, label=part.axis)
    left.set_title("unskill")
    right.set_title("its collapse, the clock")
    if len(names) > 1:
        scale = ScalarMappable(Normalize(1, len(explanation.fitted)), "viridis")
        bar = figure.colorbar(scale, ax=(left, right), label="rank in order of learning")
        bar.locator = MaxNLocator(integer=True)
    return figure


def _has_clock(explanation: Explanation) -> bool:
    """Whether one clock is at stake: a theory with one is among the tied, or p is known."""
    in_play = any(name in explanation.comparison.tied for name in _CLOCKS)
    known = rows.any_of(explanation, "frequency")
    return explanation.resource is not None and explanation.drift.n_pair > 0 and (in_play or known)
