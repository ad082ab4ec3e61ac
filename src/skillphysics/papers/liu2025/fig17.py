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
from skillphysics.papers.claims import Claim, Data, Finding, ordered
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
    """Each graph; the scales differ in the number of points along time."""
    n_point = {"smoke": 401, "quick": 2001, "paper": 2001}[scale]
    return {case: {"case": case, "n_point": n_point} for case in CASES}


def compute(case: str, n_point: int) -> xr.Dataset:
    """Levels under every reading, [reading, step, skill], and the steps at which 0.9 is reached."""
    told = CASES[case]
    graph = Graph.given(told.parents, told.gates)
    steps = np.linspace(0, told.steps, n_point)
    levels = []
    with jax.enable_x64(True):
        for reading in READINGS.values():
            theory = Dependent(
                np.asarray(told.frequency), graph, rate=1e-3, waste=1e-3,
                gate_exponent=told.gate_exponent, **reading,
            )  # fmt: skip
            levels.append(np.asarray(theory.levels(steps)))
    level = np.stack(levels)
    times = Curves.from_arrays(steps, level, skill=graph.names, run=list(READINGS)).learning_time()
    coords = {"reading": list(READINGS), "step": steps, "skill": list(graph.names)}
    return xr.Dataset(
        {
            "level": (("reading", "step", "skill"), level),
            "learned": (("reading", "skill"), times.values),
        },
        coords,
    )


def draw(data: Data) -> Figure:
    """The graphs, their curves under the gates of the code, and those of the text below."""
    with mpl.rc_context(STYLE):
        figure = new_figure(11, 7)
        axes = figure.subplots(3, 3, height_ratios=(0.8, 1.3, 1.3))
        for (name, case), column in zip(CASES.items(), axes.T, strict=True):
            colours = by_rank(len(case.frequency))
            _graph(column[0], case, colours)
            for axis, reading in zip(column[1:], ("code", "text"), strict=True):
                level = data[name].level.sel(reading=reading)
                for skill, colour in zip(level.skill.values, colours, strict=True):
                    label = f"{skill}: $p$ = {case.frequency[int(skill) - 1]:g}"
                    axis.plot(level.step, level.sel(skill=skill), color=colour, label=label)
                axis.set(xlim=(0, case.shown), ylim=(-0.03, 1.03), title=f"gates of the {reading}")
                axis.set_xlabel("step")
            column[1].legend(title="skill", fontsize=7, loc="lower right")
        for axis in axes[1:, 0]:
            axis.set_ylabel("skill level $s$")
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


def _chain_text(data: Data) -> Finding:
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


def _hierarchy_text(data: Data) -> Finding:
    times = _learned(data, "and", "text")
    first, second, third, fourth, fifth, sixth, last = times
    waits = [fifth > max(first, second), sixth > max(third, fourth), last > max(fifth, sixth)]
    return ordered(
        all(waits), times.tolist(),
        f"order {_order(times)}: {sum(waits)} of the three children wait for both parents",
    )  # fmt: skip


def _not_last(data: Data) -> Finding:
    times = _learned(data, "or", "code")
    later = [str(i + 1) for i in np.flatnonzero(times > times[6])]
    return ordered(bool(later), times.tolist(), f"after 7 come: {', '.join(later) or 'none'}")


def _speed(data: Data) -> tuple[int, int]:
    """How often the slope of skill 2 has a local maximum, and a minimum, with the gates of OR."""
    level = data["or"].level.sel(reading="code", skill="2")
    slope = np.gradient(level.values, level.step.values)
    least = 0.05 * slope.max()
    ups, downs = (find_peaks(sign * slope, prominence=least)[0].size for sign in (1, -1))
    return ups, downs


def _changes_speed(data: Data) -> Finding:
    ups, downs = _speed(data)
    return ordered(
        ups >= 2 and downs >= 2, [ups, downs],
        "local maxima and minima of its slope that stand out by 5 % of the largest",
    )  # fmt: skip


def _mixed(data: Data) -> Finding:
    code, mixed = (_learned(data, "chain", reading) for reading in ("code", "mixed"))
    ratio = mixed[0] / code[0]
    finished = int(np.isfinite(mixed).sum())
    return ordered(
        finished == 3, [float(ratio), finished],
        "ratio of the times of skill 1, and how many of 3 are learned in 5000 steps: skills that "
        "still wait take their share of the denominator, 4 of 4.3 at first",
    )  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig17",
    title="The Resource model follows graphs of dependencies.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={scale: "8 s on two cores, most of it compilation" for scale in ("smoke", "quick", "paper")},
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
            id="liu2025/fig17/hierarchy-text",
            where="L25 §5.2, eq. 13, Fig 17 middle; gates (1 − u)^γ of the text",
            claim="Every skill of the hierarchy is learned after both its parents with the gates "
            "as the text writes them.",
            expected="5 after 1 and 2, 6 after 3 and 4, 7 after 5 and 6",
            tolerance="none: an order",
            measure=_hierarchy_text,
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
            tolerance="changes of its slope below 5 % of the largest slope are not counted: they "
            "cannot be seen",
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
