"""L25 Fig 17: the Resource model on three graphs of dependencies."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.signal import find_peaks

from skillphysics import Curves
from skillphysics.graph import Gate, Graph
from skillphysics.papers.claims import Claim, Data, Finding, ordered, too_small
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.plotting import STYLE, by_rank, new_figure
from skillphysics.theories import Dependent


class Case(NamedTuple):
    """A graph of the figure, and where its skills stand in the drawing."""

    title: str
    parents: Mapping[str, Sequence[str]]
    gates: Mapping[str, Gate]
    frequency: Sequence[float]
    gate_exponent: float
    steps: int
    shown: int
    places: Sequence[tuple[float, float]]


_TREE: Mapping[str, Sequence[str]] = {
    "1": [], "2": [], "3": [], "4": [], "5": ["1", "2"], "6": ["3", "4"], "7": ["5", "6"]
}  # fmt: skip
_TREE_PLACES = ((0, 0), (1, 0), (2, 0), (3, 0), (0.5, 1), (2.5, 1), (1.5, 2))
CASES = {
    "chain": Case(
        "1 → 2 → 3", {"1": [], "2": ["1"], "3": ["2"]}, {},
        (0.3, 1, 3), 1e-4, 5000, 5000, ((0, 1), (1.5, 1), (3, 1)),
    ),
    "and": Case(
        "5 = 1 and 2, 6 = 3 and 4, 7 = 5 and 6", _TREE, {},
        (1, 0.1, 2, 0.2, 1, 1, 1), 1e-3, 20_000, 10_000, _TREE_PLACES,
    ),
    "or": Case(
        "5 = 1 and 2, 6 = 3 or 4, 7 = 5 or 6", _TREE, {"6": "or", "7": "or"},
        (0.1, 0.01, 2, 0.2, 1, 1, 1), 1e-3, 20_000, 20_000, _TREE_PLACES,
    ),
}  # fmt: skip
# How open a parent is, and over what the denominator sums, of each reading.
READINGS: Mapping[str, Any] = {
    "code": {"opening": "late", "demand": "open"},
    "text": {"opening": "early", "demand": "all"},
    "mixed": {"opening": "late", "demand": "all"},
}


def parts(scale: Scale) -> Parts:
    """Each graph under the gates of the code; but for smoke, the chain under the others too."""
    n_point = {"smoke": 401, "quick": 2001, "paper": 2001}[scale]
    chain = ["code"] if scale == "smoke" else list(READINGS)
    return {
        case: {"case": case, "readings": chain if case == "chain" else ["code"], "n_point": n_point}
        for case in CASES
    }


def compute(case: str, readings: Sequence[str], n_point: int) -> xr.Dataset:
    """Levels under some readings, [reading, step, skill], and the steps at which 0.9 is reached."""
    told = CASES[case]
    graph = Graph.given(told.parents, told.gates)
    steps = np.linspace(0, told.steps, n_point)
    levels = []
    with jax.enable_x64(True):
        for reading in readings:
            theory = Dependent(
                np.asarray(told.frequency), graph, rate=1e-3, waste=1e-3,
                gate_exponent=told.gate_exponent, **READINGS[reading],
            )  # fmt: skip
            levels.append(np.asarray(theory.levels(steps)))
    level = np.stack(levels)
    times = Curves.from_arrays(steps, level, skill=graph.names, run=readings).learning_time()
    coords = {"reading": list(readings), "step": steps, "skill": list(graph.names)}
    return xr.Dataset(
        {
            "level": (("reading", "step", "skill"), level),
            "learned": (("reading", "skill"), times.values),
        },
        coords,
    )


def draw(data: Data) -> Figure:
    """The graphs above their curves; the chain under the gates of the text is dashed."""
    with mpl.rc_context(STYLE):
        figure = new_figure(11, 4.8)
        axes = figure.subplots(2, 3, height_ratios=(0.7, 1.3))
        for (name, case), (above, axis) in zip(CASES.items(), axes.T, strict=True):
            colours = by_rank(len(case.frequency))
            _graph(above, case, colours)
            for skill, colour in zip(data[name].skill.values, colours, strict=True):
                label = f"{skill}: $p$ = {case.frequency[int(skill) - 1]:g}"
                level = data[name].level.sel(skill=skill)
                axis.plot(level.step, level.sel(reading="code"), color=colour, label=label)
                if "text" in level.reading:
                    axis.plot(level.step, level.sel(reading="text"), "--", color=colour, lw=1)
            axis.set(xlim=(0, case.shown), ylim=(-0.03, 1.03), xlabel="step")
            axis.legend(title="skill", fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
        axes[1, 0].set_ylabel("skill level $s$")
        if "text" in data["chain"].reading:
            axes[1, 0].set_title("dashed: gates of the text")
    return figure


def _graph(axis: Axes, case: Case, colours: np.ndarray) -> None:
    places = dict(zip(case.parents, case.places, strict=True))
    for child, parents in case.parents.items():
        for parent in parents:
            axis.annotate(
                "", places[child], places[parent],
                arrowprops={"arrowstyle": "-|>", "shrinkA": 10, "shrinkB": 10, "color": "#555555"},
            )  # fmt: skip
    for (name, place), colour in zip(places.items(), colours, strict=True):
        axis.plot(*place, "o", ms=17, color=colour)
        axis.text(*place, name, ha="center", va="center", color="white", weight="bold")
    axis.set(xlim=(-0.6, 3.6), ylim=(-0.5, 2.5), title=case.title)
    axis.set_axis_off()


def _learned(data: Data, case: str, reading: str) -> np.ndarray:
    return data[case].learned.sel(reading=reading).values


def _order(times: np.ndarray) -> str:
    """Skills in the order in which they are learned, those that never are left out."""
    order = [i for i in np.argsort(times) if np.isfinite(times[i])]
    return " → ".join(str(i + 1) for i in order)


def _chain(data: Data) -> Finding:
    times = _learned(data, "chain", "code")
    return ordered(_order(times) == "1 → 2 → 3", times.tolist(), f"order {_order(times)}")


_LEFT_OUT = too_small("not computed: a reading more takes seconds of compilation")


def _chain_text(data: Data) -> Finding:
    if "text" not in data["chain"].reading:
        return _LEFT_OUT
    times = _learned(data, "chain", "text")
    return ordered(
        _order(times) == "1 → 2 → 3", times.tolist(),
        f"order {_order(times)}: (1 − u)^γ is {0.1**1e-4:.4f} once the parent is at 0.1, so nobody "
        "waits and the frequencies set the order",
    )  # fmt: skip


def _hierarchy(data: Data) -> Finding:
    times = _learned(data, "and", "code")
    first, second, third, fourth, fifth, sixth, last = times
    holds = fifth > max(first, second) and sixth > max(third, fourth) and last > max(fifth, sixth)
    return ordered(bool(holds), times.tolist(), f"order {_order(times)}")


def _not_last(data: Data) -> Finding:
    times = _learned(data, "or", "code")
    later = [str(i + 1) for i in np.flatnonzero(times > times[6])]
    return ordered(bool(later), times.tolist(), f"after 7 come: {', '.join(later) or 'none'}")


def _changes_speed(data: Data) -> Finding:
    level = data["or"].level.sel(reading="code", skill="2")
    level = level.isel(step=(level < 0.9).values)
    pace = np.log(np.gradient(-np.log1p(-level.values), level.step.values))
    gain = np.pad(np.gradient(pace, level.step.values), 1)
    ups = find_peaks(gain, prominence=0.1 * gain.max())[0].size
    downs = find_peaks(pace, prominence=0.02)[0].size
    both = ups >= 2 and downs >= 2
    return Finding(
        [ups, downs], "holds" if both else "holds in part" if ups >= 2 else "does not hold",
        why="times at which its pace −d ln u/dt grows fastest, and at which it turns to fall: it "
        "gains whenever another skill is done, and loses only where the gate of 7 opens",
    )  # fmt: skip


def _mixed(data: Data) -> Finding:
    if "mixed" not in data["chain"].reading:
        return _LEFT_OUT
    mixed = _learned(data, "chain", "mixed")
    finished = int(np.isfinite(mixed).sum())
    last = data["chain"].level.sel(reading="mixed").isel(step=-1).values
    return ordered(
        finished == 3, last.tolist(),
        f"levels after 5000 steps; {finished} of 3 skills are learned, for those that still wait "
        "take their share of the denominator, 4 of 4.3 at first",
    )  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig17",
    title="The Resource model follows graphs of dependencies.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "10 s on two cores, most of it compilation",
        "quick": "15 s on two cores",
        "paper": "15 s on two cores",
    },
    claims=(
        Claim(
            id="liu2025/fig17/chain",
            where="L25 §5.2, Fig 17 left; gates of the code",
            claim="Skills are learned in the order of the chain, though the last is the most "
            "frequent.",
            expected="1 → 2 → 3",
            tolerance="none: an order, of the steps at which 0.9 is reached",
            measure=_chain,
        ),
        Claim(
            id="liu2025/fig17/chain-text",
            where="L25 §5.2, eq. 13, Fig 17 left; gates (1 − u)^γ of the text",
            claim="The chain is learned in its order with the gates as the text writes them.",
            expected="1 → 2 → 3",
            tolerance="none: an order, of the steps at which 0.9 is reached",
            measure=_chain_text,
        ),
        Claim(
            id="liu2025/fig17/hierarchy",
            where="L25 §5.2, Fig 17 middle; gates of the code",
            claim="Every skill of the hierarchy is learned after both its parents.",
            expected="5 after 1 and 2, 6 after 3 and 4, 7 after 5 and 6",
            tolerance="none: an order",
            measure=_hierarchy,
        ),
        Claim(
            id="liu2025/fig17/or-not-last",
            where="L25 §5.2, Fig 17 right; gates of the code",
            claim="With ORs, task 7 is not the last one, though all others lead to it.",
            expected="a skill is learned after 7",
            tolerance="none: an order",
            measure=_not_last,
        ),
        Claim(
            id="liu2025/fig17/speed",
            where="L25 §5.2, Fig 17 right; gates of the code",
            claim="Task 2 speeds up and slows down several times, as others finish or begin.",
            expected="at least 2 of each",
            tolerance="falls of its pace by less than 2 % are not counted, nor gains below a "
            "tenth of the largest: they cannot be seen",
            measure=_changes_speed,
        ),
        Claim(
            id="liu2025/fig17/denominator",
            where="L25 eq. 13 and the code of Fig 17",
            claim="The gates of the code also work with the denominator of the text, in which all "
            "skills count whether open or not.",
            expected="all three skills of the chain learned within 5000 steps",
            tolerance="none: a count",
            measure=_mixed,
        ),
    ),
)
