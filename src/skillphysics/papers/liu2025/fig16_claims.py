"""What L25 says of three parities (§5.1, Fig 16), measured."""

import numpy as np
import xarray as xr

from skillphysics import Curves
from skillphysics.papers.claims import Claim, Data, Finding, Verdict, near, ordered, too_small
from skillphysics.papers.intervals import mean_interval
from skillphysics.papers.liu2025.fig2 import LEVEL, RIGHT_AFTER, START, later, steepest

_CHANGE = 2000.0
"""The step at which p3 changes in the text."""
_AGREES, _PARTLY = 0.1, 0.25
"""Root mean squares: a tenth of the whole rise, and half of what the best constant leaves."""


def _published(data: Data) -> bool:
    return bool(data["networks"].step.values[-1] >= 3000)


_SMALL = too_small("fewer bits and samples, another learning rate, and 400 steps of one seed")


def _crossing(level: xr.DataArray, at: float) -> np.ndarray:
    return Curves.from_arrays(level.step.values, level.values).learning_time(at).values


def _dependent(data: Data) -> tuple[xr.DataArray, np.ndarray, np.ndarray]:
    """Levels of the networks with y3; when y1 and y2 are both at 0.9, and y3 at 0.2 over that."""
    level = data["networks"].level.sel(dependent=1)
    done = _crossing(level, LEVEL)[:, :2].max(1)
    return level, done, _crossing(level, START)[:, 2] / done


def _waits(data: Data) -> Finding:
    if not _published(data):
        return _SMALL
    level, done, ratio = _dependent(data)
    mean, interval = mean_interval(ratio)
    start, first = _crossing(level, START)[:, 2], _crossing(level, LEVEL)[:, :2].min(1)
    third = level.isel(skill=2).values
    held = [np.interp(at, level.step, one) for at, one in zip(done, third, strict=True)]
    why = (
        f"mean over seeds of the step at which y3 is at {START} over that at which y1 and y2 are "
        f"both at {LEVEL}: {_list(ratio)}, so later in {(ratio >= 1).sum()} of {ratio.size} seeds. "
        f"Over the step at which the first of them is it is {_list(start / first)}. When both are, "
        f"y3 is at {_list(np.array(held))}; its steepest rise is at "
        f"{_list(steepest(level)[:, 2] / done)} of that step"
    )
    return Finding(mean, later(interval), interval, why)


def _right_after(data: Data) -> Finding:
    if not _published(data):
        return _SMALL
    ratio = _dependent(data)[2]
    mean, interval = mean_interval(ratio)
    alone = _crossing(data["networks"].level.sel(dependent=0), START)[:, 2]
    both = _crossing(data["networks"].level.sel(dependent=0), LEVEL)[:, :2].max(1)
    why = (
        f"of each seed: {_list(ratio)}; those below {1 - RIGHT_AFTER:g} start before both are "
        f"learned. y3', which uses neither, starts at {_list(alone / both)}"
    )
    return near(mean, 1.0, RIGHT_AFTER, interval=interval, why=why)


def _list(values: np.ndarray) -> str:
    return ", ".join(f"{one:.2f}" for one in values)


def _delayed(data: Data) -> Finding:
    if not _published(data):
        return _SMALL
    with_help = np.median(_crossing(data["networks"].level.sel(dependent=1), 0.5)[:, 2])
    alone = np.median(_crossing(data["networks"].level.sel(dependent=0), 0.5)[:, 2])
    return ordered(
        bool(alone > 2 * with_help), [float(alone), float(with_help)],
        "median over seeds of the steps at which y3' and y3 are at 0.5",
    )  # fmt: skip


def _distance(data: Data, dependent: int, name: str, last: float) -> float:
    """Root mean square between the mean network and the theory, over skills and steps."""
    told = data["theory"][name]
    seen = data["networks"].level.sel(dependent=dependent).mean("seed").interp(step=told.step)
    gap = (seen - told.assign_coords(skill=seen.skill.values)).sel(step=slice(0, last))
    return float(np.sqrt((gap**2).mean()))


def _captures(data: Data) -> Finding:
    if not _published(data):
        return _SMALL
    rms = _distance(data, 1, "xor", 1000)
    told = _crossing(data["theory"]["xor"], 0.5)
    seen = np.median(_crossing(data["networks"].level.sel(dependent=1), 0.5), axis=0)
    return Finding(
        rms, "holds" if rms <= _AGREES else "holds in part" if rms <= _PARTLY else "does not hold",
        why=f"0.5 is reached at {seen.round().tolist()} by networks and at "
        f"{told.round().tolist()} by the theory",
    )  # fmt: skip


def _captures_free(data: Data) -> Finding:
    if not _published(data):
        return _SMALL
    changing, constant = (_distance(data, 0, name, 3000) for name in ("free", "constant"))
    told = _crossing(data["theory"]["free"], 0.5)
    seen = np.median(_crossing(data["networks"].level.sel(dependent=0), 0.5), axis=0)
    return ordered(
        changing < constant, [changing, constant],
        f"root mean square over skills and 3000 steps, with p3 that changes and without; 0.5 is "
        f"reached at {seen.round().tolist()} by networks and at {told.round().tolist()} by the "
        "theory",
    )  # fmt: skip


def _third(data: Data, name: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Levels of y3' less those of the theory: of the mean of the networks, and of each."""
    told = data["theory"][name].isel(skill=2, drop=True)
    seen = data["networks"].level.sel(dependent=0).isel(skill=2, drop=True).interp(step=told.step)
    return seen.mean("seed") - told, seen - told


def _rms(gap: xr.DataArray, first: float, last: float) -> np.ndarray:
    return np.sqrt((gap.sel(step=slice(first, last)) ** 2).mean("step").values)


def _constant(data: Data) -> Finding:
    """Root mean square of y3' with a constant frequency, until 2000 steps and from there on."""
    if not _published(data):
        return _SMALL
    mean, each = _third(data, "constant")
    early, late = float(_rms(mean, 0, _CHANGE)), float(_rms(mean, _CHANGE, 3000))
    verdict: Verdict = "does not hold"
    if early < late and late > _AGREES:
        verdict = "holds" if early <= _AGREES else "holds in part" if early <= _PARTLY else verdict
    half = _crossing(data["networks"].level.sel(dependent=0), 0.5)[:, 2]
    told = float(_crossing(data["theory"]["constant"], 0.5)[2])
    why = (
        f"root mean square of y3' before and after {_CHANGE:.0f} steps, of the mean of networks. "
        f"Of each seed it is {_list(_rms(each, 0, _CHANGE))} before and "
        f"{_list(_rms(each, _CHANGE, 3000))} after: seeds are at 0.5 at "
        f"{', '.join(f'{one:.0f}' for one in half)} and the theory at {told:.0f}. With p3 that "
        f"changes it is {_rms(_third(data, 'free')[0], 0, _CHANGE):.2f} and "
        f"{_rms(_third(data, 'free')[0], _CHANGE, 3000):.2f}"
    )
    return Finding([early, late], verdict, None, why)


def _switch(data: Data) -> Finding:
    """How far the model of the text, p3 by steps, is from that of the code, p3 by level."""
    if "free_text" not in data["theory"]:
        return too_small("not computed: it takes another solver run of seconds")
    code, text = (data["theory"][name].isel(skill=2) for name in ("free", "free_text"))
    apart = float(np.sqrt(((code - text) ** 2).mean("step")))
    at = float(_crossing(data["theory"]["free"], 0.5)[2])
    level = float(text.sel(step=_CHANGE, method="nearest"))
    why = (
        f"root mean square of y3' over 3000 steps; at most {float(abs(code - text).max()):.2f}. In "
        f"the code p3 changes at step {at:.0f}; at step {_CHANGE:.0f} of the text y3' is at "
        f"{level:.3f}"
    )
    return near(apart, 0.0, 0.05, why=why)


def _theory_waits(data: Data) -> Finding:
    level = data["theory"]["xor"]
    start, done = _crossing(level, START)[2], _crossing(level, LEVEL)[:2].max()
    return ordered(
        bool(start > done), float(start / done),
        "step at which y3 is at 0.2, over that at which y1 and y2 are at 0.9",
    )  # fmt: skip


def _text_waits(data: Data) -> Finding:
    if "xor_text" not in data["theory"]:
        return too_small("not computed: it takes another solver run of seconds")
    level = data["theory"]["xor_text"]
    start, done = _crossing(level, START)[2], _crossing(level, LEVEL)[:2].max()
    return ordered(
        bool(start > done), float(start / done),
        "step at which y3 is at 0.2, over that at which y1 and y2 are at 0.9: with (1 − u)^0.01 "
        f"all three rise together, to 0.9 at {_crossing(level, LEVEL).round(1).tolist()}",
    )  # fmt: skip


CLAIMS = (
    Claim(
        id="liu2025/fig16/waits",
        where="L25 §5.1, Fig 16 top left",
        claim="Learning of y3 = y1 ⊕ y2 only begins when y1 and y2 are learned.",
        expected="ratio of steps at least 1",
        tolerance="begins at level 0.2, well above the scatter of the accuracy of 2000 test "
        "samples; by the 95 % interval of the mean over seeds, in part if some of it is above 1",
        measure=_waits,
    ),
    Claim(
        id="liu2025/fig16/right-after",
        where="L25 §5.1, Fig 16 top left",
        claim="y3 kicks off right after y1 and y2 are learned.",
        expected="ratio of steps 1",
        tolerance="begins at level 0.2; a quarter: a shorter wait is no plateau in the panel",
        measure=_right_after,
    ),
    Claim(
        id="liu2025/fig16/delayed",
        where="L25 §5.1, Fig 16 left",
        claim="A third parity that does not use the others is much delayed.",
        expected="y3' long after y3",
        tolerance="twice as long is much",
        measure=_delayed,
    ),
    Claim(
        id="liu2025/fig16/captures-xor",
        where="L25 §5.1, Fig 16 top",
        claim="The Resource model with a gate agrees decently with the network.",
        expected="small root mean square between levels over 1000 steps",
        tolerance="0.1, a tenth of the whole rise; in part up to 0.25, half of what the best "
        "constant leaves",
        measure=_captures,
    ),
    Claim(
        id="liu2025/fig16/captures-free",
        where="L25 §5.1, Fig 16 bottom",
        claim="With a frequency of y3' that rises when it is half learned the model agrees "
        "better than with a constant one.",
        expected="a smaller root mean square",
        tolerance="none: an order",
        measure=_captures_free,
    ),
    Claim(
        id="liu2025/fig16/constant",
        where="L25 §5.1, Fig 16 bottom, dashed",
        claim="With a constant p3 = 0.0045 the model of y3' only agrees with the first 2000 steps.",
        expected="a small root mean square before 2000 steps, a large one after",
        tolerance="as for liu2025/fig16/captures-xor: 0.1 agrees, up to 0.25 in part",
        measure=_constant,
    ),
    Claim(
        id="liu2025/fig16/switch",
        where="L25 §5.1 and the authors' code, Fig 16 bottom right",
        claim="p3 rises to 0.08 after 2000 steps (text), which is when y3' is half learned (code).",
        expected="the same curve",
        tolerance="root mean square 0.05, half of what agrees with networks",
        measure=_switch,
    ),
    Claim(
        id="liu2025/fig16/gate-code",
        where="L25 §5.1, Fig 16 top right; gate 1 − u^γ of the code",
        claim="In the Resource model y3 begins when y1 and y2 are learned.",
        expected="ratio of steps at least 1",
        tolerance="none: an order",
        measure=_theory_waits,
    ),
    Claim(
        id="liu2025/fig16/gate-text",
        where="L25 §5.1, eq. 10; gate (1 − u)^γ and p = 1 of the text",
        claim="In the Resource model as the text writes it y3 begins when y1 and y2 are learned.",
        expected="ratio of steps at least 1",
        tolerance="none: an order",
        measure=_text_waits,
    ),
)
"""All claims, of the data of `fig16`."""
