"""The figures of a report, each a function of an explanation."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import (
    EngFormatter,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

from skillphysics.curves import Curves
from skillphysics.measure.data import data_of
from skillphysics.plotting import by_rank, clipped, new_figure, step_axis
from skillphysics.report import rows
from skillphysics.report.explain import Explanation
from skillphysics.report.rows import number, shortened, unit
from skillphysics.steps import dense, is_logarithmic

# Okabe and Ito's colours, which the colour-blind can tell apart, for theories.
_THEORY_COLOURS = ("#0072B2", "#D55E00", "#009E73")
_THEORY_LINES = ("-", "--", ":")
_MOST_PANELS = 24
# With more skills, rows of skills are close and small.
_MOST_ROOMY = 40
# All figures are as wide, in inches, so that their text has one size on the page.
_WIDTH = 8.0
_CLOCKS = ("resource l1", "resource l2", "linear")


class Picture(NamedTuple):
    """A figure of a report: what draws it, its title on the page, and its caption."""

    draw: Callable[[Explanation], Figure]
    title: str
    caption: str


NAMES = ("curves", "learning_times", "relative_times", "ranking", "residuals", "collapse")
"""File names of all figures that a report may have."""


def pictures(explanation: Explanation) -> dict[str, Picture]:
    """The figures that say something of this explanation, by file name."""
    curves, axis = explanation.curves, explanation.curves.axis
    n_fitted, n_late = len(explanation.fitted), explanation.comparison.n_held_out
    some = (
        f" {_MOST_PANELS} of the {n_fitted} fitted skills are drawn, spread over the order of "
        "learning."
        if n_fitted > _MOST_PANELS
        else ""
    )
    errors = ", with standard errors" if "level_stderr" in curves.dataset else ""
    caption = (
        f"Measured levels (points{errors}) and the first theories of the ranking (lines) against "
        f"{axis}. Level 0 is chance or the start, 1 is mastered.{some}"
    )
    found = {
        "curves": Picture(curves_and_theories, "Curves, and theories over them", caption),
        "learning_times": Picture(
            learning_times,
            "Learning times",
            f"When each skill is learned, in {axis}. Bar: from 5 % to 95 % of the ceiling, by the "
            "winning theory, or as far as the log goes; an arrow where it ends before that. "
            "Stroke: half of the ceiling, measured.",
        ),
        "ranking": Picture(
            ranking,
            "Theories compared",
            "The winner is on top. Left: Akaike's criterion above the lowest; bold names are "
            "within 6 of it, a tie that the simplest wins. Middle: residuals of the fit to all "
            f"checkpoints, in {unit(explanation)}. Right: error of the last {n_late} checkpoints, "
            "predicted from the others, in level.",
        ),
        "residuals": Picture(
            residuals,
            "What is left unexplained",
            f"Measured level minus that of {explanation.comparison.winner}, in "
            f"{unit(explanation)}. A stripe along a row is a wrong shape; a stripe down a column "
            "is one odd checkpoint.",
        ),
    }
    if rows.several_times(explanation):
        found["relative_times"] = Picture(
            relative_times, "Relative learning times", _times(explanation)
        )
    if _has_clock(explanation):
        change = explanation.drift
        found["collapse"] = Picture(
            collapse,
            "Do skills share one clock?",
            "In a Resource theory −ln(u)/p is one curve for all skills, their common clock. Where "
            "the right panel does not collapse, that theory fails. Its test: while two skills are "
            "learned, ln u_i/ln u_j should stay constant; it changes by a factor of "
            f"{number(change.factor)} (median over {change.n_pair} pairs of neighbours). The right "
            f"panel shows 0.05 < u < 0.95 only.{some}",
        )
    return found


def curves_and_theories(explanation: Explanation) -> Figure:
    """Each fitted skill's measurements with the three best theories over them."""
    comparison = explanation.comparison
    names = _spread(explanation.fitted)
    shown = list(comparison.fits)[: len(_THEORY_COLOURS)]
    curves = explanation.curves.mean_run()
    steps = dense(curves.steps)
    n_column = min(4, len(names))
    n_row = -(-len(names) // n_column)
    figure = new_figure(_WIDTH, (1.6 if n_column > 2 else 2.6) * n_row + 0.6)
    axes = figure.subplots(n_row, n_column, squeeze=False, sharex=True)
    smooth = {name: comparison.fits[name].levels(steps) for name in shown}
    for place, (axis, skill) in enumerate(zip(axes.flat, names, strict=False)):
        _points(axis, curves, skill)
        for name, colour, line in zip(shown, _THEORY_COLOURS, _THEORY_LINES, strict=False):
            axis.plot(steps, smooth[name].sel(skill=skill), line, color=colour, lw=1.4, label=name)
        axis.set_title(_label(skill, 88 // n_column), fontsize=8)
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


def ranking(explanation: Explanation) -> Figure:
    """How far each theory's AIC is above the lowest, its residuals, and how well it predicts."""
    comparison = explanation.comparison
    table = comparison.table.iloc[::-1]
    figure = new_figure(_WIDTH, 0.3 * len(table) + 1.0)
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
    right.set_title(f"error of the last {comparison.n_held_out}, predicted")
    for axis, column in ((middle, "scale"), (right, "held_out")):
        values = table[column].to_numpy(float)
        if values.max() < 5 * values.min():
            axis.set_xlim(0, 1.15 * values.max())
            axis.xaxis.set_major_locator(MaxNLocator(4))
        else:
            _log_axis(axis, values)
    for axis in (left, middle, right):
        axis.set_ylim(-0.6, len(table) - 0.4)
        axis.grid(visible=False, axis="y")
    return figure


def relative_times(explanation: Explanation) -> Figure:
    """Measured t_i/t_1 with intervals by rank; beside it half-times against known frequencies."""
    law = explanation.law
    middle, low, high = (
        rows.column(explanation, f"time_ratio{end}") for end in ("", "_low", "_high")
    )
    timed = np.isfinite(middle)
    middle, low, high = middle[timed], low[timed], high[timed]
    names = [str(name) for name in explanation.skills.index[timed]]
    height = _row_height(len(names)) * len(names) + 1.2
    figure = new_figure(_WIDTH, max(height, 3.4 if law else 1.8))
    left, right = figure.subplots(1, 2) if law else (figure.subplots(), None)
    place = np.arange(len(names))[::-1]
    reach = np.abs([low - middle, high - middle])
    left.errorbar(middle, place, xerr=reach, fmt="none", ecolor="#888888", capsize=2)
    left.scatter(middle, place, c=by_rank(len(names)), zorder=3, s=_marker(len(names)))
    _name_rows(left, place, names, 22 if law else 34)
    _log_axis(left, np.concatenate([low, high]))
    left.set_xlabel("$t_i/t_1$")
    left.set_title("half-times relative to the earliest, measured")
    if right is not None:
        _law_panel(right, explanation)
    return figure


def learning_times(explanation: Explanation) -> Figure:
    """When each fitted skill emerges, is half learned and is saturated."""
    names = list(explanation.fitted)
    table = explanation.skills.loc[names]
    emergence, half, saturation = (
        np.asarray(table[name], float) for name in ("emergence", "half", "saturation")
    )
    steps = explanation.curves.steps
    last, positive = steps[-1], steps[steps > 0][0]
    # On a logarithmic axis there is no place for zero.
    least = positive if is_logarithmic(steps) else steps[0]
    start = np.clip(np.nan_to_num(emergence, nan=least), least, last)
    end = np.clip(saturation, least, last)
    place = np.arange(len(names))[::-1]
    colours = by_rank(len(names))
    thick = 5 if len(names) <= _MOST_ROOMY else 3
    figure = new_figure(_WIDTH, _row_height(len(names)) * len(names) + 1.0)
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
    _name_rows(axis, place, names, 34)
    step_axis(axis, steps, label=explanation.curves.axis)
    if is_logarithmic(steps) and start.min() > 10 * positive:
        axis.set_xscale("log")
        axis.set_xlim(left=start.min() / 3)
    return figure


def residuals(explanation: Explanation) -> Figure:
    """What the winner leaves unexplained, skill by step."""
    comparison = explanation.comparison
    curves = explanation.curves.mean_run()
    names = list(explanation.fitted)
    best = comparison.best.predicted.sel(skill=names)
    rest = curves.level.sel(skill=names) - best
    if comparison.known_noise:
        rest = rest * data_of(curves.select(names)).weight[0]
    figure = new_figure(_WIDTH, _row_height(len(names)) * len(names) + 1.3)
    axis = figure.subplots()
    bound = max(float(np.nanquantile(np.abs(rest.values), 0.98)), 1e-12)
    image = axis.imshow(
        rest.transpose("skill", "step").values,
        aspect="auto", cmap="PuOr", vmin=-bound, vmax=bound, interpolation="nearest",
    )  # fmt: skip
    ticks = np.unique(np.linspace(0, len(curves.steps) - 1, min(10, len(curves.steps))).astype(int))
    engineering = EngFormatter(sep="")
    axis.set_xticks(ticks, [engineering(float(f"{curves.steps[i]:.3g}")) for i in ticks])
    _name_rows(axis, np.arange(len(names)), names, 34, margin=0.5)
    axis.invert_yaxis()
    axis.grid(visible=False)
    axis.set_xlabel(f"{curves.axis} (one column per checkpoint)")
    axis.set_title(f"measured − {comparison.winner}")
    figure.colorbar(
        image, ax=axis, label=unit(explanation), extend="both", fraction=0.03, extendfrac=0.02,
        aspect=max(20, 0.5 * len(names)),
    )  # fmt: skip
    return figure


def collapse(explanation: Explanation) -> Figure:
    """The clock −ln(u)/p that each skill shows: one curve if u^{1/p} is conserved (L25 Fig 21)."""
    figure = new_figure(_WIDTH, 3.4)
    left, right = figure.subplots(1, 2, sharex=True)
    fit = explanation.resource
    if fit is None:
        left.set_title("no theory with a common clock was fitted")
        return figure
    names = _spread(explanation.fitted)
    part = explanation.curves.mean_run().select(names)
    values = fit.parameters["value"]
    has_ceiling = "ceiling" in values.index.get_level_values("parameter")
    ceiling = values.xs("ceiling").reindex(names).to_numpy() if has_ceiling else 1.0
    unskill = 1 - part.level.values / ceiling
    # Closer to 0 or 1 the logarithm is that of the noise.
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


def _times(explanation: Explanation) -> str:
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
    # The line of the law has no intercept of its own; that of least squares goes with its slope.
    on = used & ~law.off_line if (used & ~law.off_line).any() else used
    middle = (np.log(half) + kappa * np.log(frequency))[on].mean()
    ends = np.array([frequency[used].min(), frequency[used].max()])
    axis.plot(ends, np.exp(middle - kappa * np.log(ends)), color="#0072B2", lw=1.4)
    for place in np.flatnonzero(law.off_line):
        axis.annotate(
            _label(str(table.index[place]), 22),
            (frequency[place], half[place]),
            (5, 4),
            textcoords="offset points",
            fontsize=8,
        )
    _log_axis(axis, frequency[used])
    axis.set_yscale("log")
    _log_ticks(axis.yaxis, half[used])
    axis.set_xlabel("known frequency p")
    axis.set_ylabel(f"half-time t ({explanation.curves.axis})")
    low, high = float(law.kappa.low[0]), float(law.kappa.high[0])
    axis.set_title(
        rf"$t \propto p^{{-\kappa}}$, κ = {number(kappa)} ({number(low)} to {number(high)})"
    )


def _points(axis: Axes, curves: Curves, skill: str) -> None:
    part = curves.dataset.sel(skill=skill)
    error = part.get("level_stderr")
    axis.errorbar(
        part["step"], part["level"], yerr=error, fmt="o", ms=2.6, lw=0.7, color="#444444",
        ecolor="#aaaaaa", zorder=1,
    )  # fmt: skip


def _label(name: str, most: int) -> str:
    return clipped(shortened(name, most), most)


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


def _spread(names: tuple[str, ...]) -> list[str]:
    places = np.linspace(0, len(names) - 1, min(len(names), _MOST_PANELS)).round().astype(int)
    return [names[i] for i in places]


def _row_height(n_row: int) -> float:
    """Inches per skill where each has a row: many get less."""
    return 0.26 if n_row <= _MOST_ROOMY else 0.14


def _marker(n_row: int) -> float:
    return 24.0 if n_row <= _MOST_ROOMY else 9.0


def _name_rows(
    axis: Axes, place: np.ndarray, names: list[str], most: int, margin: float = 0.7
) -> None:
    size = 8 if len(names) <= _MOST_ROOMY else 6
    axis.set_yticks(place, [_label(name, most) for name in names], fontsize=size)
    axis.set_ylim(-margin, max(len(names), 1) - 1 + margin)
    axis.grid(visible=False, axis="y")


def _log_axis(axis: Axes, values: np.ndarray) -> None:
    axis.set_xscale("log")
    _log_ticks(axis.xaxis, values)


def _log_ticks(axis: Axis, values: np.ndarray) -> None:
    """Plain numbers on a logarithmic axis, enough of them over a short range."""
    values = values[np.isfinite(values) & (values > 0)]
    span = values.max() / values.min() if values.size else 1.0
    decades = LogLocator(subs=(1, 2, 5) if span < 100 else (1,), numticks=6)
    axis.set_major_locator(decades if span > 5 else MaxNLocator(4))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())
