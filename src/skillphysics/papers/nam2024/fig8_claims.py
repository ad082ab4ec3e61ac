"""What N24 says of a network that learns a parity (appendix, Fig 8), measured."""

import numpy as np
from scipy.optimize import curve_fit

from skillphysics.papers.claims import Claim, Data, Finding, near, ordered
from skillphysics.papers.nam2024.powers import all_hold, all_near


def half_times(data: Data, kind: str) -> np.ndarray:
    """When the strength of each mode passes one half, between records."""
    strength = data[kind].strength.transpose("mode", "time").values
    time = data[kind]["time"].values
    first = (strength > 0.5).argmax(1)
    rows = np.arange(len(strength))
    below, above = strength[rows, first - 1], strength[rows, first]
    return time[first] - (time[1] - time[0]) * (above - 0.5) / (above - below)


def _equations(data: Data) -> Finding:
    return near(float(data["shared"].difference), 0.0, 1e-12)


def _order(data: Data) -> Finding:
    times = half_times(data, "shared")[:3]
    return ordered(bool((np.diff(times) > 0.3).all()), times.tolist(), "times in units of 1/η")


def _s_shaped(data: Data) -> Finding:
    """How often the speed of each neuron's strength turns from falling to rising or back."""
    speed = np.diff(data["shared"].strength.isel(mode=slice(3)).sel(time=slice(0, 15)), axis=0)
    turns = (np.diff(np.sign(np.diff(speed, axis=0)), axis=0) != 0).sum(0)
    return all_hold(
        [bool(n == 1 and (one > 0).all()) for n, one in zip(turns, speed.T, strict=True)], turns,
        "neuron 1 jumps twice: alone to α² = S/2, and on when neuron 2 has come (its flow has +2B)",
    )  # fmt: skip


def _logistic(t: np.ndarray, rate: float, middle: float) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(rate * (t - middle), -500, 500)))


def _sigmoid(data: Data) -> Finding:
    """Root mean square from the nearest logistic function from 0 to 1."""
    found = []
    for kind, until in (("shared", 15), ("full", 40)):
        strength = data[kind].strength.isel(mode=slice(3)).sel(time=slice(0, until))
        time = strength.time.values
        for curve, middle in zip(strength.values.T, half_times(data, kind), strict=False):
            best, _ = curve_fit(_logistic, time, curve, (1.0, middle))
            found.append(np.sqrt(np.mean((curve - _logistic(time, *best)) ** 2)))
    return all_near(
        found, np.zeros(6), 0.02,
        why="three neurons with shared weights, then without. Shared ones jump and then creep at "
        "the pace of c, which couples them; only with c held at −S would γ² be a logistic function",
    )  # fmt: skip


def _start_rates(data: Data) -> Finding:
    """D ln(strength)/dt at the start."""
    strength = data["shared"].strength.isel(mode=slice(3)).sel(time=slice(0, 0.5))
    rates = np.polyfit(strength.time, np.log(strength), 1)[0]
    # In units of η, where S is 5.
    return all_near(
        rates, [5.0, 2.5, 2.5], 0.1,
        why="neurons 2 and 3 start alike; neuron 2 comes first because neuron 1 helps it (4A)",
    )  # fmt: skip


def _solved(data: Data) -> Finding:
    end = data["shared"].isel(time=-1)
    return all_near([*end.strength.values, float(end.loss)], [1, 1, 1, 1, 0], 1e-3)


def _full_solves(data: Data) -> Finding:
    end = data["full"].isel(time=-1)
    return all_near(
        [*end.strength.values, float(end.loss)], [1, 1, 1, 1, 0], 1e-2,
        why="its weights keep the shared pattern but for the output weights: those are "
        + ", ".join(f"{one:.2f}" for one in data["full"].out_per_weight.values)
        + " times the others, as the conserved |W_i|² + b_i² − w_i² demands (−√3, 2, 2)",
    )  # fmt: skip


def _full_shape(data: Data) -> Finding:
    full = data["full"]
    return all_near([float(full.unequal), *full.bias_per_weight.values], [0, 0, 1, -1], 0.01)


CLAIMS = (
    Claim(
        id="nam2024/fig8/equations",
        where="N24 App, Fig 8",
        claim="With shared weights the gradient flow is that of three modes and c.",
        expected="difference 0 between the equations and automatic differentiation",
        tolerance="1e-12: rounding",
        measure=_equations,
    ),
    Claim(
        id="nam2024/fig8/solution",
        where="N24 App, Fig 8",
        claim="α = β = γ = √(2S) and c = −S solve the parity, and the flow finds them.",
        expected="strengths α²/2S, β²/2S, γ²/2S, −c/S of 1, loss 0",
        tolerance="0.001, at ηT = 60",
        measure=_solved,
    ),
    Claim(
        id="nam2024/fig8/order",
        where="N24 App, Fig 8",
        claim="Each neuron is a mode with a time of its own.",
        expected="times at which strengths pass one half, in order of the neurons",
        tolerance="at least 0.3/η apart, a quarter of what a sigmoid of rate ηS takes from 0.05 "
        "to 0.95",
        measure=_order,
    ),
    Claim(
        id="nam2024/fig8/s-shaped",
        where="N24 App, Fig 8",
        claim="The strength of each neuron grows along an S: slowly, at once, slowly.",
        expected="always growing, at a speed that turns once",
        tolerance="none: counted up to ηT = 15",
        measure=_s_shaped,
    ),
    Claim(
        id="nam2024/fig8/sigmoid",
        where="N24 App, Fig 8",
        claim="That S is the logistic function of the multilinear model.",
        expected="root mean square from the nearest one, from 0 to 1, up to ηT = 15 (shared "
        "weights) and 40 (full network): 0",
        tolerance="0.02: a line's width",
        measure=_sigmoid,
    ),
    Claim(
        id="nam2024/fig8/start-rates",
        where="N24 App, derived",
        claim="At the start strengths of the neurons grow at rates ηS, ηS/2 and ηS/2.",
        expected="5, 2.5, 2.5",
        tolerance="0.1: up to ηT = 0.5, when neuron 1 is at 0.01 % of its strength",
        measure=_start_rates,
    ),
    Claim(
        id="nam2024/fig8/full-network",
        where="N24 App, Fig 8",
        claim="The network without sharing, started alike, finds the same function.",
        expected="strengths 1 and loss 0",
        tolerance="0.01, at ηT = 60: it is slower than with shared weights",
        measure=_full_solves,
    ),
    Claim(
        id="nam2024/fig8/full-shape",
        where="N24 App, Fig 8",
        claim="The network without sharing keeps the shared pattern of W and b.",
        expected="unequal weights in a neuron 0; biases 0, 1, −1 in units of them",
        tolerance="0.01",
        measure=_full_shape,
    ),
)
"""All claims, of the data of `fig8`."""
