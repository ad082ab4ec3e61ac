"""The multilinear model solved in another way than by the package."""

import numpy as np
from scipy import integrate


def integrated_strength(
    times: np.ndarray, frequency: float, rate: float, scale: float, start: float
) -> np.ndarray:
    """R_k at increasing times, by gradient flow on the two layers of one skill.

    For f = Σ_k a_k b_k g_k, whose g_k is ±1 on a share p_k of the inputs and 0 elsewhere, the loss
    ½E(f* − f)² is Σ_k ½ p_k (S − a_k b_k)². Its gradient flow is
        da/dt = η p b (S − a b),  db/dt = η p a (S − a b),
    so R = a b obeys dR/dt = η p (a² + b²)(S − R). From a = b, which stays so,
    dR/dt = 2 η p R (S − R): the logistic equation whose solution SCIENCE.md §4 gives. Here the two
    layers are integrated, from a = b = √r.
    """

    def slope(_: float, layers: np.ndarray) -> np.ndarray:
        return rate * frequency * (scale - layers.prod()) * layers[::-1]

    solution = integrate.solve_ivp(
        slope, (0, times[-1]), np.full(2, np.sqrt(start)), "DOP853", times, rtol=1e-13, atol=1e-15
    )
    assert solution.success, solution.message
    return solution.y.prod(axis=0)
