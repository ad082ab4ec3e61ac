"""The Resource model solved in other ways than by the package.

The law (SCIENCE.md §2) is du_i/dt = −η p_i u_i / D with D = Σ_j p_j u_j + N0 ("l1") or
D = √(Σ_j p_j² u_j² + N0²) ("l2"), from u_i(0) = 1.
"""

from typing import Literal

import mpmath
import numpy as np
from scipy import integrate, optimize

Norm = Literal["l1", "l2"]
_DIGITS = 40


def integrated_unskill_log(
    times: np.ndarray, frequency: np.ndarray, rate: float, waste: float, norm: Norm
) -> np.ndarray:
    """v_i = −ln u_i at increasing times [n_time, n_skill], by integrating every skill on its own.

    In v the law reads dv_i/dt = η p_i / D(e^{−v}): nothing underflows, and it is not stiff, since a
    learned skill no longer acts on the others. That v_i/p_i is one number for all skills is not
    used, so this tests the closed form, and not only how its root is found.
    """

    def slope(_: float, v: np.ndarray) -> np.ndarray:
        pull = frequency * np.exp(-v)
        demand = pull.sum() + waste if norm == "l1" else np.hypot(np.sqrt(pull @ pull), waste)
        return rate * frequency / demand

    solution = integrate.solve_ivp(
        slope, (0, times[-1]), np.zeros(frequency.size), "DOP853", times, rtol=1e-13, atol=1e-15
    )
    assert solution.success, solution.message
    return solution.y.T


def exact_levels_l1(
    times: np.ndarray, frequency: np.ndarray, rate: float, waste: float
) -> np.ndarray:
    """Levels of the "l1" law to 30 digits, rounded to float64, [n_time, n_skill].

    With dτ/dt = η/D every skill has u_i = e^{−p_i τ}. Then η t = ∫_0^τ D(x) dx with
    D = Σ_j p_j e^{−p_j x} + N0, so η t = Σ_j (1 − e^{−p_j τ}) + N0 τ. The right side is concave in
    τ, so Newton's method climbs to the root from the left without passing it, and after one step
    from the right it is on the left.
    """
    with mpmath.workdps(_DIGITS):
        p = [mpmath.mpf(float(x)) for x in frequency]
        rows = []
        for time in times:
            effort = mpmath.mpf(float(rate)) * mpmath.mpf(float(time))
            tau = mpmath.mpf(_rough_clock(float(effort), frequency, waste))
            for _ in range(200):
                left = [mpmath.exp(-x * tau) for x in p]
                excess = sum((1 - u for u in left), start=waste * tau) - effort
                change = excess / sum((x * u for x, u in zip(p, left, strict=True)), start=waste)
                tau -= change
                if abs(change) <= mpmath.mpf(10) ** -30 * (1 + abs(tau)):
                    break
            else:
                raise AssertionError("the reference solution did not converge")
            rows.append([float(-mpmath.expm1(-x * tau)) for x in p])
    return np.array(rows)


def _rough_clock(effort: float, frequency: np.ndarray, waste: float) -> float:
    def excess(tau: float) -> float:
        return float(-np.expm1(-frequency * tau).sum() + waste * tau - effort)

    high = 1.0
    while excess(high) < 0:
        high *= 2
    return optimize.root_scalar(excess, bracket=(0, high)).root


def effort_of_one_skill_l2(level: np.ndarray, frequency: float, waste: float) -> np.ndarray:
    """The effort η t after which a lone skill of the "l2" law has a given level.

    With y = p e^{−p x}, dx = −dy/(p y):
        ∫_0^τ √(p² e^{−2 p x} + N0²) dx = (1/p) ∫_{p u}^{p} √(y² + N0²)/y dy,
    and √(y² + N0²) − N0 arsinh(N0/y) is a primitive of √(y² + N0²)/y: its derivative is
    y/√(y² + N0²) + N0²/(y √(y² + N0²)). Here y runs from p u = p (1 − level) to p. Without waste
    it is the level itself.
    """

    def primitive(y: np.ndarray | float) -> np.ndarray:
        return np.hypot(y, waste) - waste * np.arcsinh(waste / y)

    return (primitive(frequency) - primitive(frequency * (1 - level))) / frequency
