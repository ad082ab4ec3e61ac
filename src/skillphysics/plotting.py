"""Figures of skill curves: colours by rank, steps along x, one style for all figures."""

import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter

from skillphysics.curves import Curves
from skillphysics.domains import POSITIVE
from skillphysics.errors import ArgumentError
from skillphysics.runs import replicates
from skillphysics.steps import is_logarithmic

__all__ = ["STYLE", "by_rank", "new_figure", "plot", "step_axis"]

# With more skills a legend is unreadable, and a colour bar takes its place.
_MOST_IN_LEGEND = 12
# With more lines they hide each other; those drawn are spread over the ranks.
_MOST_LINES = 60
# With more panels than these, those drawn are spread over all.
_MOST_COLUMNS, _MOST_PANELS = 4, 24
# A run that diverges must not flatten all others: axes end here, and the panel says so.
_LEVELS = (-1.0, 2.0)
_LOSS_GROWTH = 10.0

STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "skillphysics",
    "svg.fonttype": "path",
}
"""Settings of matplotlib for every figure."""


class _InlineFigure(Figure):
    """A figure that notebooks show as a picture, whether or not matplotlib is set up for them."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=self.dpi)
        return buffer.getvalue()


def plot(
    curves: Curves, *, title: str | None = None, size: tuple[float, float] | None = None
) -> Figure:
    """Levels of all skills, and the loss where it was measured, against steps.

    Runs that differ only in their seed share a panel, with their mean as a thick line and each run
    as a thin one. Runs that differ in anything else that is known of them (their name, optimizer,
    learning rate, frequencies) have a panel each. Levels beyond −1 and 2, and losses above ten
    times the largest initial loss, are cut off, and the panel says so.

    Save the figure with `figure.savefig("curves.svg", dpi=160)`; the ending of the name sets the
    format.

    Args:
        curves: what to draw.
        title: a title above all panels.
        size: width and height in inches.

    Raises:
        ArgumentError: the size is not two positive numbers.

    Example:
        >>> from skillphysics import Curves
        >>> figure = plot(Curves.from_arrays([0, 10, 20], [[0.0, 0.0], [0.8, 0.1], [1.0, 0.5]]))
        >>> [axis.get_ylabel() for axis in figure.axes]
        ['level']
    """
    # Without any loss there is nothing to draw in a second row.
    losses = "loss" in curves.dataset and bool(curves.dataset["loss"].notnull().any())
    groups = list(replicates(curves.dataset).items())
    shown = [groups[place] for place in _spread(len(groups), _MOST_PANELS)]
    per_panel = 2 if losses else 1
    n_column, n_row = _grid(len(shown))
    with mpl.rc_context(STYLE):
        figure = new_figure(*_size(size, n_column, n_row * per_panel))
        panels = _panels(figure, len(shown), n_column, n_row, per_panel)
        for (label, runs), panel in zip(shown, panels, strict=True):
            part = Curves(curves.dataset.isel(run=runs)) if "run" in curves.level.dims else curves
            panel[0].set_title(clipped(label, 60))
            _levels(panel[0], part)
            if losses:
                _losses(panel[1], part, curves)
        for kind in zip(*panels, strict=True):
            _share_limits(kind)
        _label_axes(panels, n_column, curves)
        several = any(len(runs) > 1 for _, runs in shown)
        _name_skills(figure, panels[min(n_column, len(shown)) - 1][0], curves.names, several)
        title = _with_number(title, len(shown), len(groups))
        if title:
            figure.suptitle(clipped(title, 200), fontsize=10)
    return figure


def _panels(
    figure: Figure, count: int, n_column: int, n_row: int, per_panel: int
) -> list[tuple[Axes, ...]]:
    """The axes of each panel, row by row: levels, and losses below them."""
    axes = figure.subplots(n_row * per_panel, n_column, sharex=True, squeeze=False)
    panels = [
        tuple(axes[row * per_panel : (row + 1) * per_panel, column])
        for row in range(n_row)
        for column in range(n_column)
    ]
    for unused in panels[count:]:
        for axis in unused:
            axis.remove()
    return panels[:count]


def _label_axes(panels: Sequence[tuple[Axes, ...]], n_column: int, curves: Curves) -> None:
    """Label the left and the lowest axes only."""
    for place, panel in enumerate(panels):
        is_lowest = place + n_column >= len(panels)
        for axis in panel:
            step_axis(axis, curves.steps, label="")
            axis.tick_params(
                labelleft=place % n_column == 0, labelbottom=is_lowest and axis is panel[-1]
            )
            if place % n_column:
                axis.set_ylabel("")
        if is_lowest:
            panel[-1].set_xlabel(curves.axis)


def _spread(count: int, most: int) -> np.ndarray:
    """At most `most` of the places 0 … count − 1, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def _grid(count: int) -> tuple[int, int]:
    """Columns and rows of panels: rows are filled as evenly as they can be."""
    n_row = -(-count // _MOST_COLUMNS)
    return -(-count // n_row), n_row


def _size(size: Sequence[float] | None, n_column: int, n_row: int) -> tuple[float, float]:
    if size is None:
        return (6.4 if n_column == 1 else 1.4 + 2.6 * n_column), 0.9 + 2.6 * n_row
    if len(size) != 2:
        raise ArgumentError(
            f"size must be a width and a height, got {len(size)} numbers", argument="size"
        )
    return POSITIVE.check("size[0]", size[0]), POSITIVE.check("size[1]", size[1])


def _with_number(title: str | None, shown: int, count: int) -> str | None:
    if shown == count:
        return title
    number = f"{shown} of {count} different runs"
    return f"{title} ({number})" if title else number


def _levels(axis: Axes, curves: Curves) -> None:
    mean = curves.mean_run().level
    shown = _spread(len(curves.names), _MOST_LINES)
    several = curves.level.sizes.get("run", 1) > 1
    for place, colour in zip(shown, by_rank(len(curves.names))[shown], strict=True):
        if several:
            each = curves.level.isel(skill=place).transpose("step", "run")
            axis.plot(curves.steps, each, color=colour, lw=0.5, alpha=0.35)
        # A single record is a point.
        marker = "o" if curves.steps.size == 1 else None
        axis.plot(curves.steps, mean.isel(skill=place), color=colour, lw=1.5, marker=marker)
    axis.set_ylabel("level")
    _cut_off(axis, curves.level.values, *_LEVELS)


def _losses(axis: Axes, curves: Curves, every: Curves) -> None:
    loss = curves.dataset["loss"]
    if loss.sizes.get("run", 1) > 1:
        axis.plot(curves.steps, loss.transpose("step", "run"), color="#888888", lw=0.5, alpha=0.5)
    mean = curves.mean_run().dataset["loss"]
    marker = "o" if curves.steps.size == 1 else None
    axis.plot(curves.steps, mean, color="black", lw=1.5, marker=marker)
    values = every.dataset["loss"].transpose("step", ...).values.reshape(every.steps.size, -1)
    if (values[~np.isnan(values)] > 0).all():
        axis.set_yscale("log")
    axis.set_ylabel("loss")
    measured = np.flatnonzero(~np.isnan(values).all(axis=1))
    initial = float(np.nanmax(np.abs(values[measured[0]])))
    _cut_off(axis, loss.values, -np.inf, _LOSS_GROWTH * initial if initial else np.inf)


def _cut_off(axis: Axes, values: np.ndarray, low: float, high: float) -> None:
    """End the y axis at `low` and `high` where values lie beyond, and say how far they go."""
    measured = values[~np.isnan(values)]
    lowest, highest = measured.min(initial=np.inf), measured.max(initial=-np.inf)
    if lowest >= low and highest <= high:
        return
    bottom, top = np.clip([lowest, highest], low, high)
    if axis.get_yscale() == "log":
        bottom, top = bottom / 1.5, top * 1.5
    else:
        margin = 0.05 * (top - bottom)
        bottom, top = bottom - margin, top + margin
    axis.set_ylim(max(bottom, low), min(top, high))
    beyond = [f"down to {lowest:.2g}"] if lowest < low else []
    beyond += [f"up to {highest:.2g}"] if highest > high else []
    text = f"cut off: {' and '.join(beyond)}"
    axis.text(0.02, 0.98, text, transform=axis.transAxes, va="top", fontsize=7, color="#a03030")


def _share_limits(axes: Sequence[Axes]) -> None:
    """Give all panels of a kind the same y axis."""
    limits = np.array([axis.get_ylim() for axis in axes])
    for axis in axes:
        axis.set_ylim(limits[:, 0].min(), limits[:, 1].max())


def _name_skills(figure: Figure, axis: Axes, names: Sequence[str], several: bool) -> None:
    """A legend beside a panel; with many skills a colour bar from the first to the last."""
    handles = [Line2D([], [], color=colour, lw=1.5) for colour in by_rank(len(names))]
    texts = [clipped(name, 24) for name in names]
    if len(names) > _MOST_IN_LEGEND:
        scale = ScalarMappable(Normalize(1, len(names)), _rank_map())
        bar = figure.colorbar(scale, ax=axis, label="skill")
        ranks = np.unique(np.linspace(1, len(names), 5).round().astype(int))
        bar.set_ticks(ranks.tolist(), labels=[texts[rank - 1] for rank in ranks])
        handles, texts = [], []
    if several:
        handles += [Line2D([], [], color="#444444", lw=lw) for lw in (1.5, 0.5)]
        texts += ["mean of runs", "single run"]
    if not handles:
        return
    beside: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1, 0.5), "title": "skill"}
    legend = axis.legend(
        handles, [" "] * len(texts), **(beside if len(names) <= _MOST_IN_LEGEND else {})
    )
    # Set afterwards: matplotlib leaves out labels that begin with an underscore.
    for text, name in zip(legend.get_texts(), texts, strict=True):
        text.set_text(name)


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, which notebooks show as a picture.

    Args:
        width: in inches.
        height: in inches.

    Example:
        >>> new_figure(4, 3).get_size_inches().tolist()
        [4.0, 3.0]
    """
    return _InlineFigure(figsize=(width, height), layout="constrained")


def step_axis(axis: Axes, steps: np.ndarray, *, label: str = "steps") -> None:
    """Set up the x axis for steps: a symmetric logarithm if they are spaced like one.

    Args:
        axis: the panel.
        steps: the steps of the curves, [n_step].
        label: the label, "" for none.

    Example:
        >>> axis = new_figure(4, 3).subplots()
        >>> step_axis(axis, np.array([0, 10, 100, 1000, 10_000]))
        >>> axis.get_xlabel(), axis.get_xscale()
        ('steps', 'symlog')
    """
    if is_logarithmic(steps):
        first = steps[steps > 0][0]
        if steps[0] == 0:
            axis.set_xscale("symlog", linthresh=first, linscale=0.5)
        else:
            axis.set_xscale("log")
        axis.set_xlim(steps[0], steps[-1] * 1.15)
    else:
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
        if steps.size > 1:
            axis.set_xlim(steps[0], steps[-1] * 1.03)
    if label:
        axis.set_xlabel(label)


def by_rank(count: int) -> np.ndarray:
    """Colours for `count` skills by rank, [count, 4] RGBA: viridis without its palest end.

    Example:
        >>> by_rank(3).shape
        (3, 4)
    """
    return _rank_map()(np.linspace(0, 1, max(count, 2)))[:count]


def clipped(name: str, most: int) -> str:
    """A name for a figure, cut to a length, in which a dollar sign starts no formula."""
    return (name if len(name) <= most else f"{name[: most - 1]}…").replace("$", r"\$")


def _rank_map() -> ListedColormap:
    return ListedColormap(mpl.colormaps["viridis"](np.linspace(0, 0.92, 256)))
