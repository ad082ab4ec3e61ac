"""The figures of a report, each a function of an explanation."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, MaxNLocator, NullLocator

from skillphysics.curves import Curves
from skillphysics.inference.data import data_of
from skillphysics.plotting import by_rank, new_figure, short, step_axis
from skillphysics.report.explain import Explanation
from skillphysics.steps import dense, is_logarithmic

# Okabe and Ito's colours, which the colour-blind can tell apart, for theories.
_THEORY_COLOURS = ("#0072B2", "#D55E00", "#009E73")
_THEORY_LINES = ("-", "--", ":")
_MOST_PANELS = 24


def curves_and_theories(explanation: Explanation) -> Figure:
    """Each fitted skill's measurements with the three best theories over them."""
    comparison, names = explanation.comparison, explanation.fitted[:_MOST_PANELS]
    shown = list(comparison.fits)[: len(_THEORY_COLOURS)]
    curves = explanation.curves.mean_run()
    steps = dense(curves.steps)
    n_column = min(4, len(names))
    n_row = -(-len(names) // n_column)
    figure = new_figure(2.7 * n_column, 1.95 * n_row + 0.6)
    axes = figure.subplots(n_row, n_column, squeeze=False, sharex=True)
    smooth = {name: comparison.fits[name].levels(steps) for name in shown}
    for place, (axis, skill) in enumerate(zip(axes.flat, names, strict=False)):
        _points(axis, curves, skill)
        for name, colour, line in zip(shown, _THEORY_COLOURS, _THEORY_LINES, strict=False):
            axis.plot(steps, smooth[name].sel(skill=skill), line, color=colour, lw=1.4, label=name)
        axis.set_title(short(skill, 30))
        step_axis(axis, curves.steps, label=curves.axis if place >= len(names) - n_column else "")
        axis.tick_params(labelbottom=place >= len(names) - n_column)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    for axis in axes[:, 0]:
        axis.set_ylabel("level")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def ranking(explanation: Explanation) -> Figure:
    """How far each theory's AIC is above the best, and how well it predicts the last steps."""
    comparison = explanation.comparison
    table = comparison.table.iloc[::-1]
    figure = new_figure(8.6, 0.32 * len(table) + 1.1)
    left, right = figure.subplots(1, 2, sharey=True)
    place = np.arange(len(table))
    left.barh(place, table["delta_aic"], color="#9aa0a6", height=0.65)
    for at, value in zip(place, table["delta_aic"], strict=True):
        left.annotate(f"{value:.1f}", (value, at), (3, 0), textcoords="offset points", va="center")
    left.margins(x=0.15)
    left.set_yticks(place, table.index)
    for name, label in zip(table.index, left.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if name in comparison.tied else "normal")
    left.set_xlabel("AIC above the best")
    left.set_title("fit to all steps")
    right.plot(table["scale"], place, "o", mfc="none", color="#666666", label="all steps, fitted")
    right.plot(
        table["held_out"],
        place,
        "D",
        color="#D55E00",
        label=f"last {comparison.n_held_out} steps, predicted",
    )
    right.set_xscale("log")
    right.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    right.xaxis.set_major_formatter("{x:g}")
    right.xaxis.set_minor_locator(NullLocator())
    unit = "standard errors" if "level_stderr" in explanation.curves.dataset else "level"
    right.set_xlabel(f"root mean square error ({unit})")
    right.set_title("error")
    figure.legend(
        *right.get_legend_handles_labels(), loc="outside lower right", ncols=2, fontsize=8
    )
    for axis in (left, right):
        axis.grid(visible=False, axis="y")
    return figure


def frequencies(explanation: Explanation) -> Figure:
    """The fitted frequencies with their bootstrap intervals, most frequent first."""
    table = explanation.skills.loc[list(explanation.fitted)]
    table = table.dropna(subset="frequency").sort_values("frequency", ascending=False)
    figure = new_figure(max(4.2, 0.34 * len(table) + 2.2), 3.2)
    axis = figure.subplots()
    place = np.arange(len(table))
    reach = np.abs(
        table[["frequency_low", "frequency_high"]].to_numpy().T - table["frequency"].to_numpy()
    )
    axis.errorbar(place, table["frequency"], yerr=reach, fmt="none", ecolor="#888888", capsize=2)
    axis.scatter(place, table["frequency"], c=by_rank(len(table)), zorder=3)
    axis.set_yscale("log")
    floor = table["frequency"].min() / 30
    axis.set_ylim(bottom=max(table["frequency_low"].min() / 1.5, floor))
    axis.set_xticks(place, [short(name, 22) for name in table.index], rotation=40, ha="right")
    axis.set_ylabel("relative frequency")
    axis.set_title(f"frequencies by {explanation.comparison.winner}, 90 % intervals")
    return figure


def learning_times(explanation: Explanation) -> Figure:
    """When each fitted skill emerges, is half learned and is saturated."""
    table = explanation.skills.loc[list(explanation.fitted)].iloc[::-1]
    figure = new_figure(7.2, 0.26 * len(table) + 1.3)
    axis = figure.subplots()
    last = explanation.curves.steps[-1]
    positive = explanation.curves.steps[explanation.curves.steps > 0][0]
    for place, (colour, row) in enumerate(
        zip(by_rank(len(table))[::-1], table.itertuples(), strict=True)
    ):
        start = np.clip(row.emergence, positive, last) if row.emergence >= 0 else np.nan
        end = min(row.saturation, last)
        axis.plot(
            [start, end], [place, place], color=colour, lw=5, solid_capstyle="butt", alpha=0.5
        )
        if row.saturation > last:
            axis.plot(last, place, ">", color=colour, ms=6)
        if np.isfinite(row.half):
            axis.plot(max(row.half, positive), place, "|", color="black", ms=9, mew=1.6)
    axis.set_yticks(np.arange(len(table)), [short(name, 34) for name in table.index])
    axis.grid(visible=False, axis="y")
    step_axis(axis, explanation.curves.steps, label=explanation.curves.axis)
    begun = table["emergence"].where(table["emergence"] > 0).min()
    if is_logarithmic(explanation.curves.steps) and begun > 10 * positive:
        axis.set_xscale("log")
        axis.set_xlim(left=begun / 3)
    axis.set_title(
        "bar: from 5 % to 95 % of the ceiling (fitted; arrow: not yet)   | : half, measured",
        fontsize=8,
    )
    return figure


def residuals(explanation: Explanation) -> Figure:
    """What the winner leaves unexplained, skill by step."""
    comparison = explanation.comparison
    curves = explanation.curves.mean_run()
    names = list(explanation.fitted)
    best = comparison.best.predicted.sel(skill=names)
    rest = curves.level.sel(skill=names) - best
    unit = "level"
    if "level_stderr" in curves.dataset:
        rest = rest * data_of(curves.select(names)).weight[0]
        unit = "standard errors"
    figure = new_figure(7.4, 0.26 * len(names) + 1.5)
    axis = figure.subplots()
    bound = max(float(np.nanquantile(np.abs(rest.values), 0.98)), 1e-12)
    image = axis.imshow(
        rest.transpose("skill", "step").values,
        aspect="auto", cmap="PuOr", vmin=-bound, vmax=bound, interpolation="nearest",
    )  # fmt: skip
    ticks = np.unique(np.linspace(0, len(curves.steps) - 1, min(10, len(curves.steps))).astype(int))
    engineering = EngFormatter(sep="")
    axis.set_xticks(ticks, [engineering(float(curves.steps[i])) for i in ticks])
    axis.set_yticks(np.arange(len(names)), [short(name, 34) for name in names])
    axis.grid(visible=False)
    axis.set_xlabel(f"{curves.axis} (one column per checkpoint)")
    axis.set_title(f"measured − {comparison.winner}")
    figure.colorbar(image, ax=axis, label=unit, extend="both")
    return figure


def collapse(explanation: Explanation) -> Figure:
    """The clock −ln(u)/p that each skill shows: one curve if u^{1/p} is conserved (L25 Fig 21)."""
    figure = new_figure(7.6, 3.4)
    left, right = figure.subplots(1, 2, sharex=True)
    fit = explanation.resource
    if fit is None:
        left.set_title("no theory with a common clock was fitted")
        return figure
    names = list(explanation.fitted)
    part = explanation.curves.mean_run().select(names)
    values = fit.parameters["value"]
    has_ceiling = "ceiling" in values.index.get_level_values("parameter")
    ceiling = values.xs("ceiling").reindex(names).to_numpy() if has_ceiling else 1.0
    unskill = 1 - part.level.values / ceiling
    # Closer to 0 or 1 the logarithm is that of the noise.
    clear = (unskill > 0.05) & (unskill < 0.95)
    frequency = fit.parameters["value"].xs("frequency").reindex(names).to_numpy()
    clock = np.where(clear, -np.log(np.where(clear, unskill, 0.5)) / frequency, np.nan)
    for place, colour in enumerate(by_rank(len(names))):
        left.plot(part.steps, unskill[:, place], ".-", color=colour, ms=4, lw=0.8)
        right.plot(part.steps, clock[:, place], ".-", color=colour, ms=4, lw=0.8)
    left.set_ylim(-0.1, 1.2)
    left.set_ylabel("unskill u = 1 − level/ceiling")
    right.set_yscale("log")
    right.set_ylabel(f"−ln(u)/p, p by {_name_of(explanation, fit)}")
    for axis in (left, right):
        step_axis(axis, part.steps, label=part.axis)
    left.set_title("unskill")
    right.set_title("its collapse: −ln of u^(1/p)")
    scale = ScalarMappable(Normalize(1, max(len(names), 2)), "viridis")
    bar = figure.colorbar(scale, ax=(left, right), label="rank in order of learning")
    bar.locator = MaxNLocator(integer=True)
    return figure


FIGURES: Mapping[str, tuple[Callable[[Explanation], Figure], str]] = MappingProxyType(
    {
        "curves": (
            curves_and_theories,
            "Measured levels (points, with standard errors where known) and the three best "
            "theories. Level 0 is chance or the start, 1 is mastered.",
        ),
        "ranking": (
            ranking,
            "Left: Akaike's criterion above the best; bold: within 6 of it, which counts as a tie. "
            "Right: error of the fit to all steps, and of the last steps predicted from the rest.",
        ),
        "frequencies": (
            frequencies,
            "How often each skill occurs, relative to the others, by the winning theory.",
        ),
        "learning_times": (learning_times, "When each skill is learned, in steps."),
        "residuals": (
            residuals,
            "What the winning theory leaves unexplained. Stripes along a row are a wrong shape; a "
            "column is one odd checkpoint.",
        ),
        "collapse": (
            collapse,
            "In a Resource model u^(1/p) is one number for all skills at every step, so −ln(u)/p "
            "is one curve, the common clock. Where the right panel does not collapse, that "
            "picture fails. Only 0.05 < u < 0.95 is shown on the right.",
        ),
    }
)
"""Each figure of a report by file name: how it is drawn, and its caption."""


def _points(axis: Axes, curves: Curves, skill: str) -> None:
    part = curves.dataset.sel(skill=skill)
    error = part.get("level_stderr")
    axis.errorbar(
        part["step"], part["level"], yerr=error, fmt="o", ms=2.6, lw=0.7, color="#444444",
        ecolor="#aaaaaa", zorder=1,
    )  # fmt: skip


def _name_of(explanation: Explanation, fit: object) -> str:
    return next(name for name, known in explanation.comparison.fits.items() if known is fit)
