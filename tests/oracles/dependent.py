"""The Resource model of dependent skills, stepped by Euler's method as L25's authors do.

The law is SCIENCE.md §2: du_i/dt = −η B_i p_i u_i / D. It shares nothing with the package: skills
are numbers from 0, and a gate is a function of how open all skills are.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate

Gate = Callable[[np.ndarray], float]


def rates(
    v: np.ndarray, frequency: np.ndarray, gates: dict[int, Gate], options: dict[str, Any]
) -> np.ndarray:
    """dv/dt of v = −ln u."""
    rate, waste, gamma, text = (options[key] for key in ("rate", "waste", "gamma", "text"))
    opened = (-np.expm1(-v)) ** gamma if text else -np.expm1(-gamma * v)
    share = np.ones(v.size)
    for skill, gate in gates.items():
        share[skill] = gate(opened)
    pull = frequency * np.exp(-v) * (1 if text else share)
    return rate * frequency * share / (pull.sum() + waste)


def euler_half_times(
    frequency: np.ndarray, gates: dict[int, Gate], steps: int, parts: int, **options: object
) -> np.ndarray:
    """The step at which every skill is at level 1/2, with `parts` parts a step."""
    v, crossed = np.zeros(frequency.size), np.full(frequency.size, np.inf)
    for k in range(steps * parts):
        moved = v + rates(v, frequency, gates, options) / parts
        now = (v < np.log(2)) & (moved >= np.log(2))
        share = (np.log(2) - v) / np.where(moved > v, moved - v, 1)
        crossed = np.where(now, (k + share) / parts, crossed)
        v = moved
    return crossed


def integrated_levels(
    times: np.ndarray, frequency: np.ndarray, gates: dict[int, Gate], **options: object
) -> np.ndarray:
    """Levels at increasing times by an adaptive solver in t, [n_time, n_skill]."""
    solution = integrate.solve_ivp(
        lambda _, v: rates(v, frequency, gates, options),
        (0, times[-1]),
        np.zeros(frequency.size),
        "DOP853",
        times,
        rtol=1e-12,
        atol=1e-13,
    )
    assert solution.success, solution.message
    return -np.expm1(-solution.y.T)
