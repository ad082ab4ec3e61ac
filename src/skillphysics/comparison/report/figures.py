"""The figures of a comparison of runs, which are narrow enough for a phone."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from skillphysics.comparison import Change, RunComparison, Side
from skillphysics.plotting import by_rank, clipped, new_figure, step_axis

BASELINE, OTHER, FAINT = "#444444", "#D55E00", "#9aa0a6"
# With more settings, colours are by rank.
_COLOURS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7")
_MOST_ROWS = 40
_WIDTH = 5.2


def ordered(change: Change) -> pd.DataFrame:
    """Skills in order of learning, with those without a time at the end."""
    time = change.skills["half_baseline"] * change.skills["half"]
    return change.skills.loc[pd.Series(time).sort_values(na_position="last").index]


def factors(comparison: RunComparison, change: Change) -> Figure:
    """The factor of each skill with its intervals, and of all skills together."""
    table = ordered(change).dropna(subset="factor")[:_MOST_ROWS]
    found = set(comparison.found(change.name, "factor"))
    figure, axis = _rows(len(table) + (change.common is not None))
    place = np.arange(len(table))[::-1] + (change.common is not None)
    for at, (skill, row) in zip(place, table.iterrows(), strict=True):
        colour = OTHER if skill in found else FAINT
        for low, high, width in (
            ("factor_low", "factor_high", 1.2),
            ("noise_low", "noise_high", 4),
        ):
            reach = np.clip([row[low], row[high]], 1e-3, 1e3)
            axis.plot(reach, [at, at], color=colour, lw=width, solid_capstyle="butt")
        axis.plot(row["factor"], at, "o", color=colour, mec="white", ms=6)
    names = [clipped(str(skill), 22) for skill in table.index]
    if change.common is not None:
        middle, low, high = np.exp([change.common.value, change.common.low, change.common.high])
        colour = OTHER if comparison.found(change.name, "common") else BASELINE
        axis.fill([low, middle, high, middle], [0, 0.28, 0, -0.28], color=colour)
        names.append("all together")
    axis.axvline(1, color="black", lw=0.8)
    axis.set_xscale("log")
    low, high = axis.get_xlim()
    axis.set_xlim(max(min(low, 0.8), 0.02), min(max(high, 1.25), 50))
    _factor_ticks(axis)
    _name_rows(axis, names, [*place.tolist(), *([0] if change.common is not None else [])])
    axis.set_xlabel(f"factor of {comparison.axis} (← sooner, later →)")
    axis.set_title(f"{clipped(change.name, 24)} against {clipped(comparison.baseline, 24)}: when")
    return figure


def ends(comparison: RunComparison, change: Change) -> Figure:
    """The final level of each skill on both sides, with the interval of their difference."""
    table = ordered(change).dropna(subset="end_difference")[:_MOST_ROWS]
    found = set(comparison.found(change.name, "end"))
    figure, axis = _rows(len(table))
    place = np.arange(len(table))[::-1]
    for at, (skill, row) in zip(place, table.iterrows(), strict=True):
        colour = OTHER if skill in found else FAINT
        low, high = (row["end_baseline"] + row[k] for k in ("end_low", "end_high"))
        axis.plot([low, high], [at, at], color=colour, lw=1.2)
        hollow = colour if bool(row["levelled_off"]) else "white"
        axis.plot(row["end"], at, "o", color=colour, mfc=hollow, ms=6)
        axis.plot(row["end_baseline"], at, "|", color=BASELINE, ms=12, mew=2)
    _name_rows(axis, [clipped(str(skill), 22) for skill in table.index], place.tolist())
    axis.set_xlabel(f"level at the last common checkpoint  (| {clipped(comparison.baseline, 20)})")
    axis.set_title(
        f"{clipped(change.name, 24)} against {clipped(comparison.baseline, 24)}: where it ends"
    )
    return figure


def clock(comparison: RunComparison, change: Change) -> Figure:
    """Times of one run against those of the other, at equal shares of the final level."""
    figure = new_figure(_WIDTH, 4.2)
    axis = figure.subplots()
    points = change.clock
    if points.empty:
        axis.set_title("no skill is learned in both")
        return figure
    order = [s for s in ordered(change).index if s in set(points["skill"])]
    legend = len(order) <= 12
    for skill, colour in zip(order, by_rank(len(order)), strict=True):
        one = points[points["skill"] == skill]
        label = clipped(str(skill), 18) if legend else None
        axis.plot(one["baseline"], one["other"], ".-", color=colour, lw=0.8, ms=5, label=label)
    both = points[["baseline", "other"]].to_numpy()
    ends_ = np.array([both.min() / 1.15, both.max() * 1.15])
    axis.plot(ends_, ends_, color="black", lw=0.8)
    line = pooled_clock(points)
    axis.plot(line["baseline"], line["other"], color=OTHER, lw=2.5, alpha=0.7, label="all skills")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlim(*ends_)
    axis.set_ylim(*ends_)
    axis.set_xlabel(f"{comparison.axis} in {clipped(comparison.baseline, 24)}")
    axis.set_ylabel(f"{comparison.axis} in {clipped(change.name, 24)}")
    axis.set_title("times of both runs")
    axis.legend(fontsize=7, loc="upper left")
    return figure


def pooled_clock(points: pd.DataFrame, count: int = 40) -> pd.DataFrame:
    """The time of the other run for that of the baseline: a running median over all skills.

    Each crossing says how much later the other run is at its time, the mean of both in ln t; the
    median weighs crossings by their nearness. The result never falls.

    Args:
        points: as `Change.clock`.
        count: how many times.

    Example:
        >>> points = pd.DataFrame({"baseline": [10.0, 100.0, 1000.0], "other": [5.0, 50.0, 500.0]})
        >>> line = pooled_clock(points)
        >>> (line["other"] / line["baseline"]).round(3).unique().tolist()
        [0.5]
    """
    before, after = np.log(points[["baseline", "other"]].to_numpy(float)).T
    middle, later = (before + after) / 2, after - before
    width = max(np.ptp(middle) / 6, 0.1)
    grid = np.linspace(middle.min(), middle.max(), count)
    order = np.argsort(later)
    weight = np.exp(-(((grid[:, None] - middle[order]) / width) ** 2) / 2).cumsum(1)
    half = (weight < weight[:, -1:] / 2).sum(1)
    delay = later[order][half]
    return pd.DataFrame(
        {
            "baseline": np.maximum.accumulate(np.exp(grid - delay / 2)),
            "other": np.maximum.accumulate(np.exp(grid + delay / 2)),
        }
    )


def curve(comparison: RunComparison, skill: str) -> Figure:
    """The levels of one skill in all runs: points, and the rising curve nearest to their mean."""
    figure = new_figure(3.4, 2.3)
    axis = figure.subplots()
    first = comparison.changes[0].pair
    others = [change.pair for change in comparison.changes if skill in change.pair.skills]
    base = next((pair for pair in others), first)
    colours = _COLOURS if len(others) <= len(_COLOURS) else by_rank(len(others))
    _draw_side(axis, base.baseline, base.skills.index(skill), BASELINE)
    for pair, colour in zip(others, colours, strict=False):
        _draw_side(axis, pair.other, pair.skills.index(skill), colour)
    times = np.unique(np.concatenate([base.baseline.time, *(p.other.time for p in others)]))
    step_axis(axis, times, label=comparison.axis)
    axis.set_ylabel("level")
    axis.set_title(clipped(skill, 40))
    return figure


def key(comparison: RunComparison) -> list[tuple[str, str]]:
    """Name and colour of each setting in the figures of curves."""
    others = [change.name for change in comparison.changes]
    colours = _COLOURS if len(others) <= len(_COLOURS) else by_rank(len(others))
    return [
        (comparison.baseline, BASELINE),
        *((n, _hex(c)) for n, c in zip(others, colours, strict=False)),
    ]


def _hex(colour: str | np.ndarray) -> str:
    if isinstance(colour, str):
        return colour
    return "#" + "".join(f"{round(255 * float(c)):02x}" for c in colour[:3])


def _draw_side(axis: Axes, side: Side, skill: int, colour: str | np.ndarray) -> None:
    for run in range(side.n_run):
        level = side.level[run, :, skill]
        error = None
        if side.stderr is not None and side.n_run == 1:
            error = np.nan_to_num(side.stderr[run, :, skill])
        axis.errorbar(
            side.time, level, yerr=error, fmt=".", ms=3, color=colour, alpha=0.55, elinewidth=0.6
        )
    mean = side.mean_track(skill)
    axis.plot(np.exp(mean.x), mean.smooth, color=colour, lw=1.4)


def _rows(count: int) -> tuple[Figure, Axes]:
    figure = new_figure(_WIDTH, 0.26 * max(count, 2) + 1.1)
    return figure, figure.subplots()


def _name_rows(axis: Axes, names: list[str], places: list[int]) -> None:
    axis.set_yticks(places, names)
    axis.set_ylim(-0.6, max(places, default=0) + 0.6)
    axis.grid(visible=False, axis="y")


def _factor_ticks(axis: Axes) -> None:
    wide = np.ptp(np.log10(axis.get_xlim())) > 1.2
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if wide else (1, 1.5, 2, 3, 5, 7)))
    axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.xaxis.set_minor_formatter(NullFormatter())
