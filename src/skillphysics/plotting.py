"""How skill curves are drawn: colours by rank, steps along x, one style for all figures."""

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from skillphysics.curves import Curves
from skillphysics.steps import is_logarithmic

# With more skills a legend is unreadable, and a colour bar takes its place.
_MOST_IN_LEGEND = 12
# With more, lines hide each other; those drawn are spread over the ranks.
_MOST_LINES = 60
# With more kinds of runs, those drawn are spread over them.
_MOST_COLUMNS = 6

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


def plot(curves: Curves) -> Figure:
    """Levels of all skills, and the loss where it is measured, against steps.

    Runs that differ in more than their seed have a column for each kind, as far as their names tell
    (`kinds`). Of several runs of a kind, the mean is bold and each run thin.

    Example:
        >>> from skillphysics import Curves
        >>> figure = plot(Curves.from_arrays([0, 10, 20], [[0.0, 0.0], [0.8, 0.1], [1.0, 0.5]]))
        >>> [axis.get_ylabel() for axis in figure.axes]
        ['level']
    """
    losses = "loss" in curves.dataset
    groups = list(kinds(curves).items())
    shown = np.unique(np.linspace(0, len(groups) - 1, min(len(groups), _MOST_COLUMNS)).astype(int))
    with mpl.rc_context(STYLE):
        width = 6.4 if len(shown) == 1 else 1.4 + 2.6 * len(shown)
        drawn = new_figure(width, 5.2 if losses else 3.6)
        axes = drawn.subplots(
            2 if losses else 1, len(shown), sharex=True, sharey="row", squeeze=False
        )
        for place, column in zip(shown, axes.T, strict=True):
            kind, runs = groups[place]
            chosen = curves if runs is None else Curves(curves.dataset.isel(run=runs))
            several = chosen.level.sizes.get("run", 1) > 1
            title = ", ".join([*filter(None, [kind]), *(["bold: mean"] if several else [])])
            column[0].set_title(short(title, 60))
            _levels(column[0], chosen, legend=bool(place == shown[-1]))
            if losses:
                _losses(column[1], chosen)
            step_axis(column[-1], curves.steps, label=curves.axis)
        for axis in axes[:, 1:].flat:
            axis.set_ylabel("")
    return drawn


def kinds(curves: Curves) -> dict[str, list[int] | None]:
    """The places of runs that differ in their seed only, by what their names say beside it.

    Example:
        >>> from skillphysics import Curves
        >>> names = ["lr 1, seed 0", "lr 1, seed 1", "lr 2, seed 0"]
        >>> kinds(Curves.from_arrays([0, 1], [[[0.0], [1.0]]] * 3, run=names))
        {'lr 1': [0, 1], 'lr 2': [2]}
    """
    if "run" not in curves.level.dims:
        return {"": None}
    places: dict[str, list[int]] = {}
    for place, name in enumerate(curves.dataset["run"].values):
        parts = str(name).split(", ")
        seeded = any(part.startswith("seed ") for part in parts)
        # Other names are those of single runs, whose mean is wanted.
        kind = ", ".join(part for part in parts if not part.startswith("seed ")) if seeded else ""
        places.setdefault(kind, []).append(place)
    return dict(places)


def _levels(axis: Axes, curves: Curves, *, legend: bool) -> None:
    names = curves.names
    shown = np.unique(np.linspace(0, len(names) - 1, min(len(names), _MOST_LINES)).astype(int))
    mean = curves.mean_run().level
    for place, colour in zip(shown, by_rank(len(names))[shown], strict=True):
        if "run" in curves.level.dims:
            each = curves.level.isel(skill=place).transpose("step", "run")
            axis.plot(curves.steps, each, color=colour, lw=0.5, alpha=0.35)
        axis.plot(
            curves.steps,
            mean.isel(skill=place),
            color=colour,
            lw=1.5,
            label=short(names[place], 24),
        )
    axis.set_ylabel("level")
    if not legend:
        return
    if len(names) <= _MOST_IN_LEGEND:
        axis.legend(title="skill", loc="center left", bbox_to_anchor=(1, 0.5))
        return
    scale = ScalarMappable(Normalize(1, len(names)), _rank_map())
    bar = axis.figure.colorbar(scale, ax=axis, label="skill")
    bar.locator = MaxNLocator(integer=True)


def _losses(axis: Axes, curves: Curves) -> None:
    loss = curves.dataset["loss"]
    if "run" in loss.dims:
        axis.plot(curves.steps, loss.transpose("step", "run"), color="#888888", lw=0.5, alpha=0.5)
        loss = loss.mean("run")
    axis.plot(curves.steps, loss, color="black", lw=1.5)
    if (loss > 0).all():
        axis.set_yscale("log")
    axis.set_ylabel("loss")


def new_figure(width: float, height: float) -> Figure:
    """An empty figure, size in inches."""
    return Figure(figsize=(width, height), layout="constrained")


def step_axis(axis: Axes, steps: np.ndarray, *, label: str = "steps") -> None:
    """Steps along x: a symmetric logarithm where they are spaced like one; "" for no label."""
    if is_logarithmic(steps):
        first = steps[steps > 0][0]
        if steps[0] == 0:
            axis.set_xscale("symlog", linthresh=first, linscale=0.5)
        else:
            axis.set_xscale("log")
    else:
        axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    axis.set_xlim(steps[0], steps[-1] * 1.15 if is_logarithmic(steps) else steps[-1] * 1.03)
    if label:
        axis.set_xlabel(label)


def by_rank(count: int) -> np.ndarray:
    """Viridis by rank, without its palest end, which is hard to see on white."""
    return _rank_map()(np.linspace(0, 1, max(count, 2)))[:count]


def _rank_map() -> ListedColormap:
    return ListedColormap(mpl.colormaps["viridis"](np.linspace(0, 0.92, 256)))


def short(name: str, most: int) -> str:
    """A name cut to a length, and no formula."""
    # Names of skills are no formulas.
    return (name if len(name) <= most else f"{name[: most - 1]}…").replace("$", r"\$")
