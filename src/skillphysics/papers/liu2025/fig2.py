"""L25 Fig 2: networks learn sparse parities one after the other."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from skillphysics import Curves
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, ordered, too_small
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.recipe import Parts, Recipe, Scale
from skillphysics.papers.trained import trained
from skillphysics.plotting import STYLE, by_rank, new_figure

LEVEL = 0.9
START = 0.2
"""The level at which a skill has started, far above the scatter of a test accuracy."""
RIGHT_AFTER = 0.25
"""Of the time until the others are learned: a shorter wait is no plateau in a panel."""

_SMALL = {"scale": "quick", "n_bits": 12, "n_samples": 800, "learning_rate": 4e-3}


def parts(scale: Scale) -> Parts:
    """Imbalanced parities, and those of which one is the xor of the others."""
    if scale == "smoke":
        shares = {"shares": [1.0, 0.1]}
        return {
            "imbalanced": {"experiment": "domino", "n_seed": 2, "steps": 600, **shares, **_SMALL},
            "composed": {"experiment": "dependent", "n_seed": 1, "steps": 600, **_SMALL},
        }
    n_seed = {"quick": 4, "paper": 20}[scale]
    return {
        "imbalanced": {"experiment": "domino", "scale": scale, "n_seed": n_seed},
        "composed": {"experiment": "dependent", "scale": scale, "n_seed": 1, "steps": 1000},
    }


def compute(experiment: str, scale: str, n_seed: int, **settings: Any) -> xr.Dataset:
    """Levels [variant, seed, step, skill] and the steps at which 0.9 is reached."""
    return by_variant(trained(experiment, scale, n_seed, **settings))


def by_variant(curves: xr.Dataset) -> xr.Dataset:
    """The curves of an experiment with its variants and seeds as dimensions of their own."""
    name = "share" if "share" in curves else "dependent"
    values = np.unique(curves[name].values)[::-1]
    levels, times = [], []
    for value in values:
        chosen = curves.isel(run=np.flatnonzero(curves[name].values == value))
        chosen = chosen.transpose("run", "step", "skill")
        levels.append(chosen["level"].values)
        times.append(Curves(chosen[["level"]]).learning_time(LEVEL).values)
    return xr.Dataset(
        {
            "level": ((name, "seed", "step", "skill"), np.stack(levels)),
            "learned": ((name, "seed", "skill"), np.stack(times)),
        },
        {name: values, "step": curves.step.values, "skill": curves.skill.values.astype(str)},
    )


def ratios(data: Data) -> xr.DataArray:
    """t2/t1, [share, seed]; infinite where task 2 is not learned."""
    learned = data["imbalanced"].learned
    return learned.isel(skill=1) / learned.isel(skill=0)


def draw(data: Data) -> Figure:
    """Curves of imbalanced and of composed parities; below, what the imbalance does."""
    imbalanced, composed = data["imbalanced"], data["composed"]
    with mpl.rc_context(STYLE):
        figure = new_figure(9, 6.5)
        (left, right), (below, last) = figure.subplots(2, 2)
        for skill, colour in enumerate(by_rank(2)):
            level = imbalanced.level.sel(share=0.1).isel(seed=0, skill=skill)
            label = ("$x_1 ⊕ x_2$, $p_1$ = 1", "$x_3 ⊕ x_4$, $p_2$ = 0.1")[skill]
            left.plot(level.step, (1 + level) / 2, color=colour, label=label)
        left.set_title("task imbalance")
        names = ("$x_1 ⊕ x_2$", "$x_3 ⊕ x_4$", "$x_1 ⊕ x_2 ⊕ x_3 ⊕ x_4$")
        for skill, (colour, name) in enumerate(zip(by_rank(3), names, strict=True)):
            level = composed.level.sel(dependent=1).isel(seed=0, skill=skill)
            right.plot(level.step, (1 + level) / 2, color=colour, label=name)
        right.set_title("compositional dependency")
        shares = imbalanced.share.values
        for share, colour in zip(shares, by_rank(shares.size), strict=True):
            level = imbalanced.level.sel(share=share).isel(seed=0, skill=1)
            below.plot(level.step, (1 + level) / 2, color=colour, label=f"{share:g}")
        below.set_title("task 2 at several frequencies")
        for axis in (left, right, below):
            axis.set(xlabel="step", ylabel="accuracy", ylim=(0.45, 1.02))
            axis.set_xlim(0, float((right if axis is right else left).lines[0].get_xdata()[-1]))
        left.legend(loc="lower right")
        right.legend(loc="lower right")
        below.legend(title="$p_2$", loc="lower right")
        ratio = ratios(data)
        last.plot(1 / shares, ratio.where(np.isfinite(ratio)), ".", color="#0072b2", alpha=0.5)
        last.plot(1 / shares, ratio.median("seed"), color="#0072b2", label="median of the seeds")
        last.plot(1 / shares, 1 / shares, "--", color="#888888", label="$p_1/p_2$")
        last.set(xscale="log", yscale="log", xlabel="$p_1/p_2$", ylabel="$t_2/t_1$")
        last.legend()
    return figure


def _published(data: Data) -> bool:
    return bool(data["imbalanced"].step.values[-1] >= 1000 and data["imbalanced"].seed.size >= 4)


_SMALL_NETWORKS = "fewer bits and samples and another learning rate, and two seeds"


def crossing(level: xr.DataArray, at: float) -> np.ndarray:
    """The steps at which levels [seed, step, skill] are above one, [seed, skill]."""
    values = level.transpose("seed", "step", "skill")
    return Curves.from_arrays(level.step.values, values.values).learning_time(at).values


def _started(data: Data) -> np.ndarray:
    """When task 2 is at 0.2, over when task 1 is at 0.9, of every seed; p2 = 0.1."""
    level = data["imbalanced"].level.sel(share=0.1)
    return crossing(level, START)[:, 1] / crossing(level, LEVEL)[:, 0]


def _factor(data: Data) -> Finding:
    if not _published(data):
        return too_small(_SMALL_NETWORKS)
    found = ratios(data).sel(share=0.1).values
    finite = found[np.isfinite(found)]
    mean, interval = mean_interval(finite)
    others = ", ".join(f"{float(one.share):g}: {float(one.median()):.2f}" for one in ratios(data))
    start = _started(data)[np.isfinite(found)]
    return near(
        mean, 2.0, 0.5, interval=interval,
        why=f"{finite.size} of {found.size} seeds learn task 2, with {_list(finite)}. Task 2 "
        f"starts (level {START}) at {start.mean():.2f} t1 and rises to {LEVEL} within "
        f"{(finite - start).mean():.2f} t1: 2 would be a start right at t1. Median at each p2: "
        f"{others}",
    )  # fmt: skip


def _list(values: np.ndarray) -> str:
    return ", ".join(f"{one:.2f}" for one in values)


def _grows(data: Data) -> Finding:
    """The exponent of t2/t1 in p1/p2 of every seed, and whether its mean rises throughout."""
    if not _published(data):
        return too_small(_SMALL_NETWORKS)
    found = ratios(data).sortby("share", ascending=False)
    odds = 1 / found.share.values
    each = found.transpose("share", "seed").values
    kept = np.isfinite(each).all(0)
    each = each[:, kept]
    power, interval = mean_interval(np.polyfit(np.log(odds), np.log(each), 1)[0])
    rises = bool((np.diff(each.mean(1)) > 0).all())
    verdict: Verdict = "does not hold"
    if 0 < power < 1:
        verdict = "holds" if rises and interval[0] > 0 and interval[1] < 1 else "holds in part"
    why = (
        f"exponent of t2/t1 in p1/p2; t2/t1 is {_list(each.mean(1))} at {_list(odds)}, of "
        f"{kept.sum()} of {kept.size} seeds that learn task 2 at each"
    )
    return Finding(power, verdict, interval, why)


def _far_from_ten(data: Data) -> Finding:
    if not _published(data):
        return too_small(_SMALL_NETWORKS)
    found = ratios(data).sel(share=0.1).values
    return ordered(bool((found < 5).all()), float(found.max()), "the largest ratio of a seed")


def _starts_after(data: Data) -> Finding:
    if not _published(data):
        return too_small(_SMALL_NETWORKS)
    first = _started(data)
    level = data["imbalanced"].level.sel(share=0.1)
    done = crossing(level, LEVEL)[:, 0]
    second = level.isel(skill=1).transpose("seed", "step").values
    held = [float(np.interp(at, level.step, one)) for at, one in zip(done, second, strict=True)]
    mean, interval = mean_interval(first)
    return Finding(
        mean, later(interval), interval,
        f"step at which task 2 is at {START}, over that at which task 1 is at {LEVEL}: "
        f"{_list(first)}, so later in {(first > 1).sum()} of {first.size} seeds, and the interval "
        f"is that of the mean. When task 1 is at {LEVEL}, task 2 is at {_list(np.array(held))}; "
        f"its steepest rise is at {_list(steepest(level)[:, 1] / done)} of that step",
    )  # fmt: skip


def later(interval: tuple[float, float]) -> Verdict:
    """What an interval of a ratio of steps says of "not before": it should be at least 1."""
    low, high = interval
    return "holds" if low >= 1 else "holds in part" if high >= 1 else "does not hold"


def steepest(level: xr.DataArray) -> np.ndarray:
    """The steps at which levels, smoothed over some 20 steps, rise most, [seed, skill]."""
    spacing = float(level.step[1] - level.step[0])
    smooth = level.rolling(step=max(round(20 / spacing), 2), center=True, min_periods=2).mean()
    return smooth.diff("step").idxmax("step").transpose("seed", "skill").values


def _composed(data: Data) -> Finding:
    """The order, and how long the third task waits once the others are learned."""
    if not _published(data):
        return too_small(_SMALL_NETWORKS)
    level = data["composed"].level.sel(dependent=1)
    times, start = crossing(level, LEVEL)[0], crossing(level, START)[0, 2]
    wait = float(start / times[:2].max())
    verdict: Verdict = "does not hold"
    if times[2] > times[:2].max():
        verdict = "holds" if abs(wait - 1) <= RIGHT_AFTER else "holds in part"
    return Finding(
        times.tolist(), verdict, None,
        f"steps at which the levels of the three tasks are at {LEVEL}. The third starts (level "
        f"{START}) at {wait:.2f} times the step at which both others are learned. One seed, that "
        "of the figure; liu2025/fig16/right-after has the start of several",
    )  # fmt: skip


RECIPE = Recipe(
    name="liu2025/fig2",
    title="Networks learn sparse parities one after the other.",
    parts=parts,
    compute=compute,
    draw=draw,
    cost={
        "smoke": "8 s on two cores",
        "quick": "4 min on two cores",
        "paper": "20 min on two cores",
    },
    claims=(
        Claim(
            id="liu2025/fig2/factor",
            where="L25 §1, Fig 2 left",
            claim="With p2 = 0.1 task 2 takes about two times as long as task 1.",
            expected="2",
            tolerance="0.5: the paper says about, of a single run",
            measure=_factor,
        ),
        Claim(
            id="liu2025/fig2/not-ten",
            where="L25 §1, Fig 2 left",
            claim="With p2 = 0.1 task 2 does not take p1/p2 = 10 times as long.",
            expected="far below 10",
            tolerance="below 5 in every seed: nearer to 2 than to 10 in the logarithm (4.5), and a "
            "little more",
            measure=_far_from_ten,
        ),
        Claim(
            id="liu2025/fig2/one-after-the-other",
            where="L25 §1, Fig 2 left",
            claim="Task 2 starts to progress rapidly only after task 1 has finished.",
            expected="ratio of steps at least 1",
            tolerance="starts at level 0.2, well above the scatter of a test accuracy; by the 95 % "
            "interval of the mean over seeds, in part if some of it is above 1",
            measure=_starts_after,
        ),
        Claim(
            id="liu2025/fig2/composed-last",
            where="L25 §1 and §5.1, Fig 2 right",
            claim="The xor of two parities is learned after both of them, and starts right after.",
            expected="later than both; a start at the step at which both are learned",
            tolerance="none for the order; a quarter of that step for the start, at level 0.2: a "
            "shorter wait is no plateau in the panel",
            measure=_composed,
        ),
        Claim(
            id="liu2025/fig2/imbalance",
            where="L25 Fig 2 bottom",
            claim="t2/t1 grows with p1/p2, far less than in proportion.",
            expected="exponent between 0 and 1, and a rise at each p1/p2",
            tolerance="the 95 % interval of the exponent over seeds",
            measure=_grows,
        ),
    ),
)
